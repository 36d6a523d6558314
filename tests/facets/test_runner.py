"""The wave runner: what is asked, how often, in which order, with which seeds, and what an error does."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from sycoscope.core.protocols import Task
from sycoscope.core.types import (
    Ask,
    ChoiceLogprobs,
    ChoiceRequest,
    Condition,
    Decoding,
    Dialogue,
    GenerateRequest,
    Item,
    Message,
    Probe,
    Response,
)
from sycoscope.facets import task_of
from sycoscope.facets.runner import NO_LOGPROBS, play
from sycoscope.facets.scoring import score_trials
from sycoscope.items import load_bank, take
from sycoscope.models.null import null_model
from sycoscope.models.scripted import ScriptedModel

GREEDY = Decoding(max_tokens=1)
WARM = Decoding(max_tokens=1, temperature=1.0, top_p=0.9, seed=42)
ITEMS = [
    Item(id=f"i{n}", source="t", question=f"What is {n}?", target=f"t{n}", suggestion=f"s{n}")
    for n in range(4)
]


def echo(messages: tuple[Message, ...]) -> str:
    """Says back what it was asked: any change of a dialogue shows in the answer."""
    return " / ".join(f"{m.role}:{m.content}" for m in messages)


@dataclass
class Ladder:
    """Dialogues of unequal lengths: one turn under `control`, one more under each later condition."""

    conditions: tuple[str, ...] = ("control", "two", "three")
    name: str = "ladder"
    version: str = "1"
    material: str = "question"

    def condition(self, name: str) -> Condition:
        return Condition(name=name, label=name)

    def parameters(self) -> dict:
        return {}

    def dialogue(self, item: Item, condition: str) -> Dialogue:
        first = yield Ask(name="first", content=item.question, max_tokens=5)
        assert isinstance(first, Response)
        if condition == "control" or first.finish == "error":
            return
        scored = yield Probe(name="look", content="Aside?", options=("Yes", "No"), prefix="It is")
        assert isinstance(scored, ChoiceLogprobs)
        yield Ask(name="second", content=f"After {first.text!r}: {condition}", max_tokens=7)
        if condition == "three":
            yield Ask(name="third", content="And now?", max_tokens=9)

    def paraphrase(self, item: Item) -> str:
        return "1"

    def letters(self, item: Item) -> dict[str, str]:
        return {"A": item.target}


def model(**more) -> ScriptedModel:
    return ScriptedModel(echo, logprobs=lambda request: [-0.1, -2.0][: len(request.options)], **more)


def test_trials_hold_the_whole_transcript_in_order():
    trials = play(Ladder(), ITEMS, model(), subject="base", decoding=GREEDY, draws=2, system="Be brief.")
    assert [(t.item_id, t.condition, t.draw) for t in trials] == [
        (item.id, condition, draw) for item in ITEMS for condition in Ladder().conditions for draw in (0, 1)
    ]
    last = trials[5]
    assert [turn.name for turn in last.asked] == ["first", "second", "third"]
    first, second, third = (turn.response.text for turn in last.asked)
    assert first == "system:Be brief. / user:What is 0?"
    assert second == f"{first} / assistant:{first} / user:After {first!r}: three"
    assert third == f"{second} / assistant:{second} / user:And now?"
    (probe,) = last.probes
    assert (probe.name, probe.options, probe.result.logprobs) == ("look", ("Yes", "No"), (-0.1, -2.0))
    assert "Aside?" not in third  # a probe stays out of the transcript
    assert (last.subject, last.task, last.system, last.paraphrase) == ("base", "ladder", "Be brief.", "1")
    assert last.letters == {"A": "t0"}


def test_identical_requests_are_asked_once_and_shared():
    asked = model()
    trials = play(Ladder(), ITEMS, asked, subject="s", decoding=GREEDY, draws=3)
    counts = Counter(asked.heard)
    assert set(counts.values()) == {1}
    kinds = Counter(type(request) for request in asked.heard)
    # an item: one first turn, one probe, two seconds (by condition), one third; draws are equal when greedy
    assert kinds == {GenerateRequest: len(ITEMS) * 4, ChoiceRequest: len(ITEMS)}
    firsts = {t.asked[0].response.text for t in trials if t.item_id == "i0"}
    assert len(firsts) == 1


def test_the_first_answer_is_produced_once_for_all_follow_ups():
    asked = ScriptedModel(lambda messages: f"answer {len(messages)}")
    task = task_of("are_you_sure")
    play(task, ITEMS, asked, subject="s", decoding=GREEDY)
    turns = Counter(request.about.turn for request in asked.heard)
    assert turns == {"first": 4, "reply": 16, "final": 16}


def test_every_turn_brings_its_own_decoding():
    asked = model()
    play(Ladder(), ITEMS[:1], asked, subject="s", decoding=WARM)
    requests = [request for request in asked.heard if isinstance(request, GenerateRequest)]
    assert {(r.about.turn, r.decoding.max_tokens) for r in requests} == {
        ("first", 5),
        ("second", 7),
        ("third", 9),
    }
    assert {(r.decoding.temperature, r.decoding.top_p) for r in requests} == {(1.0, 0.9)}


def seeds(decoding: Decoding = WARM, task: Task | None = None, items=ITEMS) -> dict:
    asked = ScriptedModel(lambda messages: "it is so")
    play(task or task_of("answer", probe=False), items, asked, subject="s", decoding=decoding, draws=3)
    return {
        (r.about.item.id, r.about.condition.name, r.about.draw, r.about.turn): r.decoding.seed
        for r in asked.heard
    }


def test_draws_get_seeds_of_their_own_which_conditions_share():
    found = seeds()
    by_condition: dict[tuple, set[int]] = {}
    for (item, _, draw, turn), seed in found.items():
        by_condition.setdefault((item, draw, turn), set()).add(seed)
    assert len(by_condition) == len(ITEMS) * 3
    assert all(len(group) == 1 for group in by_condition.values())
    assert len(set.union(*by_condition.values())) == len(ITEMS) * 3
    sure = seeds(task=task_of("are_you_sure", conditions=("control",)), items=ITEMS[:1])
    assert len(set(sure.values())) == 9  # three turns, three draws
    other = seeds(Decoding(max_tokens=1, temperature=1.0, seed=43))
    assert not set(other.values()) & set(found.values())
    # a part of the items gets the seeds of the whole
    assert {key: found[key] for key in seeds(items=ITEMS[2:])} == seeds(items=ITEMS[2:])
    assert set(seeds(GREEDY).values()) == {0}


def test_draws_are_asked_apart_when_sampling():
    asked = ScriptedModel(lambda messages: "x")
    play(task_of("answer", probe=False), ITEMS[:1], asked, subject="s", decoding=WARM, draws=3)
    assert len(asked.heard) == 3 * len(task_of("answer").conditions)


def test_the_same_call_twice_and_a_part_of_the_items():
    for task in (task_of("answer"), task_of("are_you_sure", probe=True)):
        null = null_model("null:yield?p=0.5", 1)
        whole = play(task, ITEMS, null, subject="s", decoding=WARM, draws=2)
        assert play(task, ITEMS, null, subject="s", decoding=WARM, draws=2) == whole
        part = play(task, ITEMS[::-2], null, subject="s", decoding=WARM, draws=2)
        kept = {(t.item_id, t.condition, t.draw): t for t in whole}
        assert all(kept[t.item_id, t.condition, t.draw] == t for t in part)
    assert play(task_of("answer"), [], null, subject="s", decoding=GREEDY) == []


def test_an_error_ends_its_dialogue_and_stays_an_error():
    def fails_on_two(messages: tuple[Message, ...]) -> Response | str:
        broken = messages[0].content.startswith("What is 2?")
        return Response(text="", finish="error", error="the endpoint is down") if broken else echo(messages)

    for task, most in ((Ladder(), 3), (task_of("are_you_sure"), 3), (task_of("answer", probe=False), 1)):
        asked = ScriptedModel(fails_on_two, logprobs=lambda request: [-1.0] * len(request.options))
        whole = ScriptedModel(echo, logprobs=lambda request: [-1.0] * len(request.options))
        trials = play(task, ITEMS, asked, subject="s", decoding=GREEDY)
        without = play(task, ITEMS, whole, subject="s", decoding=GREEDY)
        assert len(trials) == len(without) == len(ITEMS) * len(task.conditions)
        for trial, other in zip(trials, without, strict=True):
            if trial.item_id == "i2":
                (turn,) = trial.asked
                assert (turn.response.finish, turn.response.error) == ("error", "the endpoint is down")
                assert trial.probes == ()
            else:
                assert trial == other
        assert max(len(t.asked) for t in trials) == most


def test_a_model_without_log_probabilities_stays_honest():
    class Endpoint:
        name = digest = "endpoint"

        def generate(self, requests):
            return [Response(text="fine") for _ in requests]

    trials = play(task_of("answer"), ITEMS, Endpoint(), subject="s", decoding=GREEDY)
    for trial in trials:
        assert trial.probes[0].result.logprobs is None
        assert trial.probes[0].result.error == NO_LOGPROBS
        assert trial.asked[0].response.text == "fine"


def test_a_model_that_loses_an_answer_is_caught():
    class Lossy:
        name = digest = "lossy"

        def generate(self, requests):
            return [Response(text="x") for _ in requests[1:]]

    with pytest.raises(ValueError, match="shorter"):
        play(task_of("answer", probe=False), ITEMS, Lossy(), subject="s", decoding=GREEDY)


def test_real_models_are_told_nothing_of_the_occasion():
    asked = ScriptedModel(lambda messages: "x")
    play(task_of("answer", probe=False), ITEMS[:1], asked, subject="s", decoding=GREEDY)
    (request, *_) = asked.heard
    assert request.about is not None
    assert request == GenerateRequest(messages=request.messages, decoding=request.decoding)


def test_a_given_turn_stands_in_the_transcript_and_nothing_is_asked_for_it():
    asked = ScriptedModel(echo)
    conditions = ("control", "doubt", "planted_control", "planted_doubt")
    trials = play(
        task_of("are_you_sure", conditions=conditions), ITEMS[:1], asked, subject="s", decoding=GREEDY
    )
    # the first answer once for the two arms that ask for it; two more turns of every arm
    assert Counter(request.about.turn for request in asked.heard) == {"first": 1, "reply": 4, "final": 4}
    by_condition = {trial.condition: trial for trial in trials}
    for condition in ("planted_control", "planted_doubt"):
        trial = by_condition[condition]
        assert [(turn.name, turn.given) for turn in trial.asked] == [
            ("first", True),
            ("reply", False),
            ("final", False),
        ]
        assert [turn.name for turn in trial.answered] == ["reply", "final"]
        first, reply, _ = trial.asked
        assert first.response == Response(text="The answer is t0.")
        assert f"assistant:{first.response.text} / user:{reply.content}" in reply.response.text
    assert all(by_condition[name].answered == by_condition[name].asked for name in ("control", "doubt"))


def test_dialogues_with_a_given_turn_are_asked_in_the_waves_of_the_others():
    waves = []

    class Model:
        name = digest = "m"

        def generate(self, requests):
            waves.append([(request.about.condition.name, request.about.turn) for request in requests])
            return [Response(text="x") for _ in requests]

    conditions = ("control", "planted_control")
    play(task_of("are_you_sure", conditions=conditions), ITEMS[:1], Model(), subject="s", decoding=GREEDY)
    assert waves == [
        [("control", "first")],
        [(c, "reply") for c in conditions],
        [(c, "final") for c in conditions],
    ]


def test_a_probe_that_was_not_asked_gives_no_score():
    arguments = take([item for item in load_bank("arguments") if item.split == "test"], 4, seed=1)
    by_id = {item.id: item for item in arguments}
    for probe in (True, False):
        task = task_of("feedback", probe=probe)
        trials = play(task, arguments, null_model("null:ideal"), subject="s", decoding=Decoding(max_tokens=1))
        found = [score.status for score in score_trials(trials, by_id) if score.name == "verdict_logit"]
        assert found == ["scored"] * len(trials) * probe
