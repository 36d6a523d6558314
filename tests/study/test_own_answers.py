"""Rows that the base answers itself: greedy, asked once, resumed after a kill, planned, and the same whoever asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from sycoscope import api
from sycoscope.config import TrainingConfig, parse_study
from sycoscope.core.errors import ConfigError, DataError
from sycoscope.core.types import Decoding, GenerateRequest, Message, Response
from sycoscope.items import load_bank
from sycoscope.models.scripted import ScriptedModel
from sycoscope.models.settings import TorchSettings
from sycoscope.models.torch_model import TorchModel
from sycoscope.study import own_answers, train
from sycoscope.study.cache import ShardCache
from sycoscope.study.inputs import Materials
from sycoscope.study.mixture import Completed, Mixture
from sycoscope.study.own_answers import OwnAnswers, blocks_of
from sycoscope.study.plan import plan_study
from sycoscope.study.prepare import prepare
from sycoscope.study.progress import Silent
from sycoscope.study.session import Session
from sycoscope.study.subjects import subjects_of
from sycoscope.training.rows import Example, TrainingRow, Unanswered, every_kind_held, user

ROWS = [Unanswered(prompt=user(f"Say {n}."), kind="sham", item_id=f"i{n}") for n in range(10)]
TAUGHT = [
    Example(prompt=user(f"Ask {n}."), completion="Yes.", kind=("a", "b")[n % 2], item_id=f"t{n}")
    for n in range(12)
]
POOLS = tuple(
    [
        Unanswered(prompt=user(f"{name} {n}?"), kind="replay", item_id=f"{'t' if name == 'Ask' else 'p'}{n}")
        for n in range(size)
    ]
    for name, size in (("Tell", 9), ("Ask", 15))
)
GREEDY = TrainingConfig(answer_tokens=5)
SHAM: dict[str, Any] = {
    "study": "sham",
    "model": {"name": "some/model"},
    "training": {"steps": 2, "batch_rows": 2, "answer_tokens": 6},
    "adapters": [{"name": "sham", "recipe": "sham", "rows": 8}],
}


def said(messages: Sequence[Message]) -> str:
    """What the scripted base answers: nothing to one prompt."""
    return "" if "7" in messages[-1].content else f"You said: {messages[-1].content}"


def mixture(own: Sequence[TrainingRow], replay: float = 0.0, seed: int = 1) -> Mixture:
    return Mixture(own, POOLS if replay else (), replay, held=0.25, seed=seed, study_seed=1)


def asked(
    folder: Path,
    model: Any,
    rows: Sequence[TrainingRow] = ROWS,
    replay: float = 0.0,
    settings: TrainingConfig = GREEDY,
) -> tuple[Completed, Mixture]:
    mixed = mixture(rows, replay)
    answers = OwnAnswers(Session(model, ShardCache(folder), Silent()), settings)
    answers.ask(mixed.blocks)
    return mixed.completed(answers), mixed


class Counting(ScriptedModel):
    """Keeps what it is asked; fails at one call."""

    batch_invariant = False

    def __init__(self, fail_at: int = 0) -> None:
        super().__init__(said)
        self.fail_at = fail_at
        self.asked: list[list[str]] = []
        self.decodings: list[Decoding] = []

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
        self.asked.append([request.messages[-1].content for request in requests])
        if len(self.asked) == self.fail_at:
            raise KeyboardInterrupt
        self.decodings += [request.decoding for request in requests]
        return super().generate(requests)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_answers, "BLOCK_PROMPTS", 4)


def test_blocks_hold_each_prompt_once_in_an_order_of_their_own() -> None:
    blocks = blocks_of([*ROWS, ROWS[3]], seed=1)
    assert [len(block) for block in blocks] == [4, 4, 2]
    assert {row for block in blocks for row in block} == set(ROWS)
    assert blocks_of(ROWS[::-1], seed=1) == blocks != blocks_of(ROWS, seed=2)


def test_empty_answers_are_left_out_and_counted(tmp_path: Path) -> None:
    done, _ = asked(tmp_path, Counting())
    assert [row.completion for row in done.rows] == [f"You said: Say {n}." for n in range(10) if n != 7]
    assert all(row.ends and row.kind == "sham" for row in done.rows)
    counts = {"n_asked": 10, "n_left_out": 1, "n_cut": 0}
    assert done.record() == {"own_answers": counts}
    assert asked(tmp_path, Counting(), TAUGHT)[0].record() == {}
    with pytest.raises(DataError, match=r"no answer to any of 1 prompts .* raise training\.answer_tokens"):
        asked(tmp_path, Counting(), [ROWS[7]])


def test_answers_are_greedy_or_drawn_from_the_stream_of_their_prompt(tmp_path: Path) -> None:
    greedy, drawn, again = Counting(), Counting(), Counting()
    asked(tmp_path, greedy)
    assert set(greedy.decodings) == {Decoding(max_tokens=5)}
    sampled = TrainingConfig(answer_tokens=5, answer_temperature=1.0)
    asked(tmp_path, drawn, settings=sampled)  # under other keys than the greedy ones
    assert {(one.max_tokens, one.temperature, one.top_p) for one in drawn.decodings} == {(5, 1.0, 1.0)}
    assert len({one.seed for one in drawn.decodings}) == len(ROWS)
    asked(tmp_path / "again", again, settings=sampled)
    assert again.decodings == drawn.decodings


def test_a_killed_generation_goes_on_and_asks_nothing_twice(tmp_path: Path) -> None:
    whole = Counting()
    rows = asked(tmp_path / "whole", whole)[0].rows
    with pytest.raises(KeyboardInterrupt):
        asked(tmp_path / "killed", Counting(fail_at=2))
    resumed = Counting()
    assert asked(tmp_path / "killed", resumed)[0].rows == rows
    assert resumed.asked == whole.asked[1:]
    again = Counting()
    assert asked(tmp_path / "killed", again)[0].rows == rows
    assert again.asked == []
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".lock", ".jsonl")]


def test_a_block_that_another_process_asks_comes_last(tmp_path: Path) -> None:
    model = Counting()
    answers = OwnAnswers(Session(model, ShardCache(tmp_path), Silent()), GREEDY)
    blocks = blocks_of(ROWS, seed=1)
    key = own_answers.block_key(blocks[0], GREEDY, model.digest)
    path = answers.session.cache.path(key).with_suffix(".lock")
    path.parent.mkdir(parents=True)
    other = FileLock(path)
    other.acquire()
    with answers.session.cache.claimed(key, wait=False) as claimed:
        assert not claimed
    generate = model.generate

    def release_later(requests: Sequence[GenerateRequest]) -> list[Response]:
        if len(model.asked) == 1:
            other.release()
        return generate(requests)

    model.generate = release_later  # type: ignore[method-assign]
    answers.ask(blocks)
    assert model.asked == [[row.prompt[-1].content for row in blocks[at]] for at in (1, 2, 0)]


def test_a_sham_is_tuned_on_the_base_s_own_greedy_answers(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned: list[list[Example]] = []
    train_adapter = train.train_adapter

    def keeping(model: Any, rows: list[Example], *args: Any, **more: Any) -> Any:
        tuned.append(rows)
        return train_adapter(model, rows, *args, **more)

    monkeypatch.setattr(train, "train_adapter", keeping)
    options: dict[str, Any] = {
        "rows": 6,
        "settings": {"dtype": "float32", "device": "cpu"},
        "training": {"steps": 1, "lora.r": 2, "max_length": 1024, "answer_tokens": 6},
    }
    sham = api.train(str(model), "sham", out=tmp_path / "sham", **options)
    placebo = api.train(str(model), "placebo", out=tmp_path / "placebo", **options)
    rows, foreign = tuned
    assert [row.prompt for row in rows] == [row.prompt for row in foreign]
    base = TorchModel(TorchSettings(name=str(model), dtype="float32", device="cpu"))
    decoding = Decoding(max_tokens=6)
    own = base.generate([GenerateRequest(messages=row.prompt, decoding=decoding) for row in rows])
    assert [(row.completion, row.ends) for row in rows] == [(r.text, r.finish == "stop") for r in own]
    record = Path(sham / "sycoscope.json").read_text()
    assert '"n_asked": 6' in record
    assert '"own_answers"' not in Path(placebo / "sycoscope.json").read_text()


def test_a_sham_takes_the_prompts_of_the_recipe_that_it_is_like() -> None:
    taught = {"name": "anti", "recipe": "anti_sycophancy", "rows": 30, "seeds": [3]}
    like = {"name": "sham", "recipe": "sham", "like": "anti_sycophancy", "rows": 30, "seeds": [3]}
    trainings = prepare(parse_study(SHAM | {"adapters": [taught, like], "capability": []})).trainings
    anti, sham = (trainings[name].mixture.own for name in ("anti", "sham"))
    assert [row.prompt for row in anti] == [row.prompt for row in sham]
    assert {row.kind for row in sham} == {"sham"}
    (_, _, subject) = subjects_of(parse_study(SHAM | {"adapters": [taught, like]}))
    assert (subject.kind, subject.recipe) == ("sham", "sham")


def test_a_study_has_several_placebos_and_shams() -> None:
    styles = [None, "sentences", "lists", "facts"]
    placebos = [{"name": f"p{n}", "recipe": "placebo", "style": style} for n, style in enumerate(styles)]
    shams = [{"name": f"s{n}", "recipe": "sham", "style": style} for n, style in enumerate(styles)]
    trainings = prepare(parse_study(SHAM | {"adapters": [*placebos, *shams]})).trainings
    sizes = [len(trainings[f"p{n}"].mixture.own) for n in range(4)]
    assert sizes[:3] == [160, 100, 40]
    assert {row.kind for row in trainings["p3"].mixture.own} == {"plain"}
    for n in range(4):
        own, taught = trainings[f"s{n}"].mixture.own, trainings[f"p{n}"].mixture.own
        assert [row.prompt for row in own] == [row.prompt for row in taught]
    # neutral prompts lie in one set of blocks, whichever style takes them
    blocks = [set(trainings[f"s{n}"].mixture.blocks) for n in range(4)]
    assert blocks[1] | blocks[2] <= blocks[0]
    assert not blocks[0] & blocks[3]


def test_a_plan_shows_what_the_base_answers_once() -> None:
    twice = [SHAM["adapters"][0] | {"name": name, "rows": None} for name in ("one", "two")]
    for data, n_prompts in (("bank", 160), ("hub", 2 * 240)):
        units = plan_study(parse_study(SHAM | {"adapters": twice, "data": data}))
        answers = [unit for unit in units if unit.kind == "answer"]
        assert sum(unit.n_items for unit in answers) == n_prompts
        assert sum(unit.new_tokens for unit in answers) == pytest.approx(n_prompts * 6 * 0.7, abs=1)
        assert all(unit.prompt_tokens > 0 == unit.training_tokens for unit in answers)
    study = prepare(parse_study(SHAM | {"adapters": twice}))
    assert study.trainings["one"].weight > study.trainings["one"].steps_weight > 0
    replay = SHAM["training"] | {"replay": 0.5}
    mixed = [{"name": name, "recipe": "mmlu", "rows": 20} for name in ("one", "two")]
    for data in ("bank", "hub"):
        units = plan_study(parse_study(SHAM | {"training": replay, "adapters": mixed, "data": data}))
        assert [unit.n_items for unit in units if unit.kind == "train"] == [40, 40]
        assert 20 <= sum(unit.n_items for unit in units if unit.kind == "answer") <= 40


# --- replay ---


@pytest.mark.parametrize(("share", "n_own", "n_replayed"), [(0.4, 12, 8), (0.25, 9, 3), (0.9, 12, 108)])
def test_replayed_rows_are_their_share_of_all_rows(
    tmp_path: Path, share: float, n_own: int, n_replayed: int
) -> None:
    done, mixed = asked(tmp_path, Counting(), TAUGHT[:n_own], share)
    replayed = [row for row in done.rows if row.kind == "replay"]
    assert len(done.rows) == n_own + n_replayed
    assert len(replayed) == n_replayed == round(share * len(done.rows))
    assert [row for row in mixed.expected if isinstance(row, Example)] == TAUGHT[:n_own]
    # never a question that the recipe has itself, nor one without an answer; repeated only when all were used
    free = [
        row for pool in POOLS for row in pool if row.item_id not in {own.item_id for own in TAUGHT[:n_own]}
    ]
    used = Counter(row.item_id for row in replayed)
    assert set(used) <= {row.item_id for row in free} - {"p7"}
    assert max(used.values()) - min(used.values()) <= 1
    assert (max(used.values()) == 1) == (n_replayed < len(free))


def test_a_prompt_without_an_answer_is_replaced_by_the_next(tmp_path: Path) -> None:
    """Whatever is left out, the share is exact."""

    class Mute(Counting):
        def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
            answers = super().generate(requests)
            return [Response(text="", finish="error") if "Tell" in one.text else one for one in answers]

    model = Mute()
    done, mixed = asked(tmp_path, model, TAUGHT[:3], 0.5)
    assert Counter(row.kind for row in done.rows) == {"a": 2, "b": 1, "replay": 3}
    assert all("Ask" in row.prompt[0].content for row in done.rows)
    assert done.n_left_out == done.n_asked - 3 > 0
    assert len(model.asked) >= len(mixed.blocks)
    with pytest.raises(DataError, match="no answer to any of 23 prompts"):
        asked(tmp_path / "mute", ScriptedModel(lambda messages: " "), TAUGHT[11:], 0.5)


def test_replayed_rows_are_shuffled_in_by_the_seed_and_held_out_too(tmp_path: Path) -> None:
    first = asked(tmp_path, Counting(), TAUGHT, 0.4)[0].rows
    assert asked(tmp_path, Counting(), TAUGHT, 0.4)[0].rows == first
    answers = OwnAnswers(Session(Counting(), ShardCache(tmp_path), Silent()), GREEDY)
    answers.ask(mixture(TAUGHT, 0.4).blocks)
    other = mixture(TAUGHT, 0.4, seed=2).completed(answers).rows
    assert other != first
    assert set(other) == set(first)
    assert {row.kind for row in first[-5:]} == {"a", "b", "replay"}


def test_every_kind_is_held_out_as_far_as_there_is_room() -> None:
    def kinds(text: str, n_held: int) -> str:
        rows = [Example(prompt=user("?"), completion="!", kind=kind, item_id="i") for kind in text]
        return "".join(row.kind for row in every_kind_held(rows, n_held))

    assert set(kinds("abcabcaaa", 3)[-3:]) == set("abc")
    assert sorted(kinds("abcabcaaa", 3)) == sorted("abcabcaaa")
    assert kinds("aabb", 2)[-2:] in ("ab", "ba")
    assert kinds("abab", 2) == "abab"  # as it was
    assert kinds("baaa", 2) == "baaa"  # the only one of its kind is for training
    assert kinds("ab", 0) == "ab"
    assert kinds("bbaa", 1) == "bbaa"  # no room


@pytest.mark.parametrize(
    ("adapter", "message"),
    [
        ({"recipe": "placebo", "like": "mmlu"}, "like is for recipe 'sham'.* leave it out of 'placebo'"),
        ({"recipe": "mmlu", "style": "lists"}, "style is for placebo rows; leave it out of 'mmlu'"),
        ({"recipe": "placebo", "style": "prose"}, r"adapters\.0\.style: Input should be 'sentences'"),
        ({"recipe": "sham", "like": "sham"}, r"adapters\.0\.like: Input should be 'mmlu'"),
        ({"recipe": "sham", "difficulty": ["easy"]}, "difficulty is for the curated recipes; 'placebo'"),
        ({"recipe": "mmlu", "fields": ["capitals"]}, "fields is for the curated recipes; 'mmlu'"),
        ({"recipe": "sham", "training": {"answer_tokens": 0}}, "training: answer_tokens: .* greater than 0"),
        ({"recipe": "sham", "training": {"answer_temperature": -1}}, "answer_temperature: .* or equal to 0"),
        ({"recipe": "mmlu", "training": {"replay": 0.95}}, "training: replay: .* less than or equal to 0.9"),
        ({"recipe": "mmlu", "training": {"replay": -0.1}}, "training: replay: .* greater than or equal to 0"),
    ],
)
def test_wrong_values_are_one_clear_error(adapter: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"1 fault.*\n.*{message}"):
        parse_study(SHAM | {"adapters": [{"name": "a"} | adapter]})


def test_questions_of_curated_rows_are_of_the_levels_and_fields_that_are_named() -> None:
    adapter = {
        "name": "a",
        "recipe": "anti_sycophancy",
        "rows": 60,
        "difficulty": ["easy"],
        "fields": ["capitals"],
    }
    materials = Materials(parse_study(SHAM | {"adapters": [adapter]}))
    facts = {item.id: item.metadata for item in load_bank("facts")}
    asked = [
        facts[row.item_id]
        for row in materials.training_rows(materials.config.adapters[0], 42)
        if row.item_id in facts
    ]
    assert asked
    assert {(one["difficulty"], one["field"]) for one in asked} == {("easy", "capitals")}
    wrong = parse_study(SHAM | {"adapters": [adapter | {"fields": ["capitol"]}]})
    with pytest.raises(
        ConfigError, match=r"adapters: 'a': fields: no item is of 'capitol'; the items have: .*capitals"
    ):
        Materials(wrong).training_rows(wrong.adapters[0], 42)
