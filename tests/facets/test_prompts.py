"""What is asked: conditions of an item differ in one span, braces stay text, wordings are checked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml

from sycoscope.core.errors import ConfigError, MissingError
from sycoscope.core.types import Ask, ChoiceLogprobs, Given, Item, Probe, Response, Turn
from sycoscope.facets import answer, default_wordings, feedback, read_wordings, task_of
from sycoscope.facets import wordings as module
from sycoscope.facets.wording import nearest_in_length
from sycoscope.items import load_bank

FACTS = load_bank("facts")[::25]
ARGUMENTS = load_bank("arguments")[::9]
BRACES = "What does {question} {options} {span} {x} {argument} {target} {0} {{y}} %s \\n print?"
ODD = Item(
    id="odd", source="test", question=BRACES, target="{x} {span}", suggestion="{question} {options}",
    choices=("{question} {options}", "{x} {span}", "{}"),
)  # fmt: skip


def turns(task, item: Item, condition: str, reply: Response | None = None) -> list[Turn]:
    """The turns of one trial; every question is answered by `reply`."""
    dialogue = task.dialogue(item, condition)
    found: list[Turn] = []
    turn = next(dialogue, None)
    while turn is not None:
        found.append(turn)
        answer = (
            ChoiceLogprobs(logprobs=(0.0,) * len(turn.options))
            if isinstance(turn, Probe)
            else reply or Response(text="It is so.")
        )
        try:
            turn = dialogue.send(answer)
        except StopIteration:
            turn = None
    return found


@pytest.mark.parametrize("form", ["open", "choice"])
def test_answer_prompts_differ_from_the_control_in_one_span(form):
    task = task_of("answer", form=form)
    for item in [*FACTS, ODD]:
        control = answer.prompt(task, item, "control")
        for condition in task.conditions[1:]:
            prompt, added = answer.prompt(task, item, condition), " " + answer.cue(task, item, condition)
            assert prompt.count(added) >= 1
            assert prompt.replace(added, "", 1) == control, condition
        assert len({answer.prompt(task, item, condition) for condition in task.conditions}) == len(
            task.conditions
        )


def test_feedback_prompts_differ_from_the_control_in_one_span():
    task = task_of("feedback")
    for item in [*ARGUMENTS, ODD]:
        for verdict in (False, True):
            control = feedback.prompt(task, item, "control", verdict=verdict)
            for condition in task.conditions[1:]:
                prompt = feedback.prompt(task, item, condition, verdict=verdict)
                assert prompt.replace(" " + feedback.cue(task, item, condition), "", 1) == control != prompt


@pytest.mark.parametrize("form", ["open", "choice"])
def test_only_the_follow_up_differs_in_are_you_sure(form):
    task = task_of("are_you_sure", form=form, probe=True)
    for item in [*FACTS, ODD]:
        asked = {condition: turns(task, item, condition) for condition in task.conditions}
        for played in asked.values():
            assert [turn.name for turn in played] == ["first", "reply", "reply", "final", "final"]
            assert [isinstance(turn, Probe) for turn in played] == [False, True, False, True, False]
            assert played[1].content == played[2].content
        for place in (0, 3, 4):
            assert len({played[place] for played in asked.values()}) == 1
        assert len({played[2].content for played in asked.values()}) == len(task.conditions)
        first = asked["control"][0].content
        assert item.question in first
        assert item.suggestion in asked["counter"][2].content
        assert item.suggestion not in asked["doubt"][2].content


@pytest.mark.parametrize("form", ["open", "choice"])
def test_a_planted_answer_is_given_and_the_rest_is_asked_as_it_always_is(form):
    conditions = ("control", "doubt", "planted_control", "planted_doubt")
    task = task_of("are_you_sure", form=form, conditions=conditions)
    for item in [*FACTS, ODD]:
        asked = {condition: turns(task, item, condition) for condition in conditions}
        for condition in ("control", "doubt"):
            own, planted = asked[condition], asked[f"planted_{condition}"]
            assert planted[1:] == own[1:]
            (given, *_), (first, *_) = planted, own
            assert isinstance(given, Given)
            assert given.content == first.content
            letters = {text: letter for letter, text in task.letters(item).items()}
            said = f"({letters[item.target]})" if form == "choice" else item.target.rstrip(".")
            assert given.reply == f"The answer is {said}."
    assert default_wordings().are_you_sure.planted_open == "The answer is {x}."
    ends = Item(id="e", source="t", question="q?", target="It is 4.", suggestion="5")
    assert turns(task_of("are_you_sure", conditions=conditions), ends, "planted_doubt")[0].reply.endswith(
        "4."
    )


def test_planted_answers_are_asked_where_a_study_names_them_and_with_their_control():
    assert task_of("are_you_sure").conditions == ("control", "doubt", "agree", "counter")
    with pytest.raises(ConfigError, match="are_you_sure: conditions need planted_control, against which"):
        task_of("are_you_sure", conditions=("control", "planted_doubt"))


def test_an_open_probe_has_an_option_that_is_no_answer():
    asked = {
        form: turns(task_of("are_you_sure", form=form, probe=True), FACTS[0], "doubt")
        for form in ("open", "choice")
    }
    for place in (1, 3):
        assert asked["open"][place].options == (*FACTS[0].choices, "I don't know.")
        assert asked["choice"][place].options == tuple("ABCD")
    unsure = Item(
        id="u",
        source="t",
        question="q?",
        target="I don't know.",
        suggestion="5",
        choices=("5", "I don't know."),
    )
    assert turns(task_of("are_you_sure", probe=True), unsure, "doubt")[1].options == unsure.choices


def test_the_control_mentions_no_answer_and_cues_mention_theirs():
    task = task_of("answer")
    for item in FACTS:
        for condition in task.conditions:
            which = task.condition(condition).mentions
            cue = answer.cue(task, item, condition)
            for name in ("target", "suggestion"):
                named = getattr(item, name)
                assert (named in cue) == (name == which) or named in getattr(item, which or "id"), (
                    condition,
                    cue,
                )


def test_letters_stand_with_the_answer():
    task = task_of("answer", form="choice")
    for item in FACTS:
        letters = task.letters(item)
        assert list(letters) == list("ABCDEFGH"[: len(item.choices)])
        assert tuple(letters.values()) == item.choices
        block = "\n".join(f"({letter}) {text}" for letter, text in letters.items())
        for condition in task.conditions:
            assert block in answer.prompt(task, item, condition)
        by_text = {text: letter for letter, text in letters.items()}
        assert f"({by_text[item.suggestion]}) {item.suggestion}" in answer.cue(task, item, "user_wrong")
        assert f"({by_text[item.target]}) {item.target}" in answer.cue(task, item, "user_right")
    assert task_of("answer", form="open").letters(FACTS[0]) == {}


def test_braces_in_an_item_stay_text():
    for form in ("open", "choice"):
        asked, sure = task_of("answer", form=form), task_of("are_you_sure", form=form)
        for prompt in (answer.prompt(asked, ODD, "user_wrong"), turns(sure, ODD, "counter")[0].content):
            assert prompt.startswith(BRACES)
        assert answer.cue(asked, ODD, "user_wrong").count("{question} {options}") == 1
        assert answer.prompt(asked, ODD, "user_right").count("{x} {span}") == 1 + BRACES.count(
            "{x} {span}"
        ) + (form == "choice")
    prompt = feedback.prompt(task_of("feedback"), ODD, "like", verdict=True)
    assert prompt.count(BRACES) == 1


def test_padding_is_about_as_long_as_the_users_opinion():
    for form, most in (("open", 2.5), ("choice", 2.5)):
        task = task_of("answer", form=form)
        gaps = [
            len(answer.cue(task, i, "padded")) - len(answer.cue(task, i, "user_wrong"))
            for i in load_bank("facts")
        ]
        assert sum(map(abs, gaps)) / len(gaps) < most
        assert abs(sum(gaps) / len(gaps)) < 1
        assert max(map(abs, gaps)) <= 8
    assert nearest_in_length(["aa", "aaaa", "bbbb"], 5) == "aaaa"


def test_probes_compare_the_answers():
    item = FACTS[0]
    (probe, _), (lettered, _) = (
        turns(task_of("answer", form=form), item, "control") for form in ("open", "choice")
    )
    assert probe.options == item.choices
    assert lettered.options == tuple("ABCD")
    assert lettered.prefix.endswith("(")
    bare = Item(id="b", source="t", question="q?", target="4", suggestion="5")
    assert turns(task_of("answer"), bare, "control")[0].options == ("4", "5")
    probe, ask = turns(task_of("feedback"), ARGUMENTS[0], "like")
    assert isinstance(probe, Probe)
    assert probe.options == ("Yes", "No")
    assert isinstance(ask, Ask)
    assert len(turns(task_of("answer", probe=False), item, "control")) == 1


def test_a_failed_turn_ends_the_dialogue():
    down = Response(text="", finish="error", error="down")
    assert [turn.name for turn in turns(task_of("are_you_sure"), FACTS[0], "doubt", down)] == ["first"]
    cut = Response(text="It is", finish="length")
    assert [turn.name for turn in turns(task_of("are_you_sure"), FACTS[0], "doubt", cut)] == [
        "first",
        "reply",
        "final",
    ]


def test_paraphrases_hang_on_item_and_seed_and_are_one_for_all_conditions():
    items = load_bank("facts")
    for facet in ("answer", "are_you_sure"):
        task = task_of(facet)
        picked = [task.paraphrase(item) for item in items]
        counts = Counter(picked)
        assert set(counts) == {"0", "1", "2"}
        # Binomial(1730, 1/3): standard deviation 19.6
        assert all(abs(count - len(items) / 3) < 90 for count in counts.values())
        assert [task_of(facet, seed=7).paraphrase(item) for item in items] != picked
        assert [task.paraphrase(item) for item in reversed(items)] == picked[::-1]
    words = default_wordings().answer
    task = task_of("answer")
    for item in FACTS:
        number = int(task.paraphrase(item))
        for condition, kind in (("user_wrong", "user"), ("anchor_wrong", "anchor"), ("third_wrong", "third")):
            assert answer.cue(task, item, condition) == words.cues[kind][number].replace(
                "{x}", item.suggestion
            )


def test_conditions_are_checked():
    with pytest.raises(
        ConfigError, match="answer: unknown condition user_rong; allowed: control, padded, anchor"
    ):
        task_of("answer", conditions=("control", "padded", "user_rong"))
    with pytest.raises(ConfigError, match="answer: conditions need padded, against which"):
        task_of("answer", conditions=("control", "user_wrong"))
    with pytest.raises(ConfigError, match="are_you_sure: conditions need control"):
        task_of("are_you_sure", conditions=("doubt",))
    with pytest.raises(ConfigError, match="feedback: a condition is named twice: control, like, like"):
        task_of("feedback", conditions=("control", "like", "like"))


# --- wordings ---------------------------------------------------------------------------------------


@pytest.fixture
def raw() -> dict:
    return yaml.safe_load(Path(module.__file__).with_name("wordings.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def read(tmp_path: Path):
    def make(content: object):
        file = tmp_path / "mine.yaml"
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
        return read_wordings(file)

    return make


def test_own_wordings_are_said_and_change_the_version(raw, read):
    assert read(raw) == default_wordings()
    raw["answer"]["cues"]["user"] = ["It must be {x}!"] * 3
    mine = read(raw)
    task = task_of("answer", wordings=mine)
    assert answer.cue(task, FACTS[0], "user_wrong") == f"It must be {FACTS[0].suggestion}!"
    assert task.version != task_of("answer").version
    for facet in ("are_you_sure", "feedback"):
        assert task_of(facet, wordings=mine).version == task_of(facet).version
    assert task_of("answer", form="choice").version != task_of("answer").version


def test_what_own_wordings_leave_out_is_said_as_it_ships(raw, read):
    cues = raw["answer"]["cues"] | {"user": ["It must be {x}!"] * 3}
    mine = read({"answer": {"cues": cues}})
    assert mine.answer.cues == cues
    shipped = default_wordings()
    assert mine.answer.model_copy(update={"cues": shipped.answer.cues}) == shipped.answer
    assert (mine.are_you_sure, mine.feedback) == (shipped.are_you_sure, shipped.feedback)
    with pytest.raises(ConfigError, match=r"answer: Input should be"):
        read({"answer": "no texts"})


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("answer.cues.user", ["one {x}"], r"answer\.cues: every list needs the same number of paraphrases"),
        ("answer.cues.third", [], r"answer\.cues: no text for third"),
        ("answer.cues.user.1", "I know it.", r"answer\.cues\.user\.1: the text must hold \{x\}"),
        ("answer.padded", [], r"answer\.padded: no text"),
        ("answer.ask_open", "{question}", r"answer\.ask_open: the text must hold \{span\}"),
        ("answer.ask_choice", "{question}{span}", r"answer\.ask_choice: the text must hold \{options\}"),
        (
            "are_you_sure.ask_choice",
            "{question}",
            r"are_you_sure\.ask_choice: the text must hold \{options\}",
        ),
        ("are_you_sure.follow_up.counter.0", "No!", r"follow_up\.counter\.0: the text must hold \{x\}"),
        (
            "are_you_sure.follow_up.doubt",
            None,
            r"are_you_sure\.follow_up\.doubt: Input should be a valid list",
        ),
        ("are_you_sure.planted_open", "So it is.", r"are_you_sure\.planted_open: the text must hold \{x\}"),
        (
            "are_you_sure.planted_choice",
            "It is {x}.",
            r"are_you_sure\.planted_choice: the text must hold \{letter\}",
        ),
        ("feedback.verdict", "{argument} Sound?", r"feedback\.verdict: the text must hold \{span\}"),
        ("feedback.verdict_options", ["Yes"], r"feedback\.verdict_options"),
        ("feedback.asks", "?", r"feedback\.asks: Extra inputs are not permitted"),
    ],
)
def test_faulty_wordings_name_file_and_place(raw, read, place, value, message):
    *parents, last = place.split(".")
    at = raw
    for key in parents:
        at = at[key]
    at[int(last) if isinstance(at, list) else last] = value
    with pytest.raises(ConfigError, match=rf"mine\.yaml: 1 fault\(s\) in the wordings:\n(?s:.*){message}"):
        read(raw)


def test_all_faults_of_a_wordings_file_at_once(raw, read):
    raw["answer"]["padded"] = []
    raw["feedback"]["ask"] = None
    raw["extra"] = {}
    with pytest.raises(ConfigError, match=r"3 fault\(s\)"):
        read(raw)
    with pytest.raises(ConfigError, match="not valid YAML"):
        read("answer: [")
    with pytest.raises(ConfigError, match="in the wordings"):
        read("- a list")
    with pytest.raises(MissingError, match="no wordings file at"):
        read_wordings("/no/such/file.yaml")
