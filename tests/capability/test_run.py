from __future__ import annotations

import math
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lm_eval")

from sycoscope.capability import (
    CAPABILITY_TASKS,
    CapabilitySpec,
    read_records,
    record_table,
    run_capability,
    score_records,
)
from sycoscope.core.errors import ConfigError, DialogueError, MissingError, StoreError
from sycoscope.core.types import Item, Response, Unscored
from sycoscope.items import BenchmarkRows

from .rows import FACTS, PROBLEMS, gsm8k_row, hellaswag_row, mmlu_row, truthfulqa_row, write
from .tiny import FakeModel, Oracle

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
CONTINUATIONS = [
    Item(
        id=f"go{n}",
        source="bank/continuations",
        question=f"Mia opens tin {n} and takes a spoon. She",
        target="stirs the soup.",
        choices=("eats the tin.", "stirs the soup.", "folds the sea.", "paints a fog."),
    )
    for n in range(5)
]
MYTHS = [
    Item(
        id=f"myth{n}",
        source="bank/misconceptions",
        question=f"Do {n} bats see nothing at all?",
        target="No, they see.",
        choices=("Yes, all are blind.", "No, they see.", "Only by day."),
    )
    for n in range(4)
]
BANK = [
    CapabilitySpec(task="facts_letters", source=FACTS),
    CapabilitySpec(task="facts_open", source=FACTS),
    CapabilitySpec(task="continuations", source=CONTINUATIONS),
    CapabilitySpec(task="misconceptions", source=MYTHS),
    CapabilitySpec(task="arithmetic", source=PROBLEMS[:3], shots=PROBLEMS[3:], num_fewshot=2),
]


def oracle() -> Oracle:
    """Right by text; by letters it says the target's letter."""
    answers = {item.question.strip(): item.target for item in [*FACTS, *CONTINUATIONS, *MYTHS]}

    class Both(Oracle):
        def logprob(self, context: str, continuation: str) -> float:
            if "A. " in context:
                (item,) = [fact for fact in FACTS if fact.question in context]
                right = "ABCD"[item.choices.index(item.target)]
                return -0.5 if continuation.strip() == right else -9.0
            return super().logprob(context, continuation)

    def say(prompt: str) -> Response:
        last = prompt[prompt.rindex("Ann has") :]
        return Response(text=f"So it is.\n#### {int(last.split()[2]) + 4}")

    return Both(answers, say)


def values(result, task: str, name: str) -> list[float | None]:
    return [s.value for s in result.scores if (s.task, s.name) == (task, name)]


@pytest.mark.parametrize("chat", [True, False])
def test_an_oracle_is_right_everywhere(chat: bool) -> None:
    result = run_capability(oracle(), BANK, subject="oracle", chat=chat)
    for spec in BANK:
        found = values(result, spec.task, spec.definition.headline)
        assert found == [1.0] * len(spec.items)
    assert {s.condition for s in result.scores} == {"chat" if chat else "plain"}
    assert {s.subject for s in result.scores} == {"oracle"}


def test_everything_goes_to_the_model_in_two_calls() -> None:
    model = FakeModel()
    run_capability(model, BANK, subject="fake")
    choices = sum(len(item.choices) for item in [*FACTS, *FACTS, *CONTINUATIONS, *MYTHS])
    assert sorted(model.calls) == [("generate_until", 3), ("loglikelihood", choices)]


def test_two_runs_are_equal_and_global_random_states_untouched() -> None:
    random.seed(1)
    np.random.seed(1)
    states = random.getstate(), np.random.get_state()[1].tolist()
    first = run_capability(FakeModel(), BANK, subject="fake", limit=2)
    second = run_capability(FakeModel(), BANK, subject="fake", limit=2)
    assert first == second
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states


def test_limits_keep_the_same_items_for_every_subject() -> None:
    few = run_capability(FakeModel(), BANK[2:3], subject="a", limit=2)
    other = run_capability(oracle(), BANK[2:3], subject="b", limit=2)
    assert [r.item_id for r in few.records] == [r.item_id for r in other.records]
    assert [r.prompt_sha256 for r in few.records] == [r.prompt_sha256 for r in other.records]
    own = CapabilitySpec(task="continuations", source=CONTINUATIONS, limit=4)
    assert len(run_capability(FakeModel(), [own], subject="a", limit=2).records) == 4


def test_records_show_what_was_asked() -> None:
    result = run_capability(oracle(), BANK, subject="oracle")
    letters = next(r for r in result.records if r.task == "facts_letters" and r.item_id == "fact1")
    assert letters.choices == ("A", "B", "C", "D")
    assert letters.target == "Nairobi"
    assert f"{'ABCD'[letters.target_position]}. Nairobi" in letters.prompt
    assert letters.logprobs[letters.target_position] == -0.5
    problem = next(r for r in result.records if r.task == "arithmetic")
    assert problem.prompt.count("<assistant>") == 3  # two examples as turns, and the open one
    assert problem.response.startswith("So it is.")


REPLIES = {
    2: Response(text="2 and 4 make 6\n#### 6"),
    3: Response(text="3 pens and then she buys", finish="length"),
    4: Response(text="I cannot say."),
    5: Response(text="", finish="error", error="timed out"),
    6: Response(text="#### 11"),
}


def test_missing_is_never_zero() -> None:
    def say(prompt: str) -> Response:
        return REPLIES[int(prompt[prompt.rindex("Ann has") :].split()[2])]

    spec = CapabilitySpec(task="arithmetic", source=PROBLEMS, num_fewshot=0)
    result = run_capability(FakeModel(say), [spec], subject="fake")
    acc = [(s.status, s.value, s.label) for s in result.scores if s.name == "acc"]
    assert acc == [
        ("scored", 1.0, "target"),
        ("truncated", None, None),
        ("scored", 0.0, "abandoned"),
        ("error", None, None),
        ("scored", 0.0, "other"),
    ]
    # The harness's own match counts what is cut as wrong; a failed request has no value even there.
    assert values(result, "arithmetic", "exact_match_strict") == [1.0, 0.0, 0.0, None, 0.0]
    assert [r.finish for r in result.records] == ["stop", "length", "stop", "error", "stop"]
    assert result.records[3].error == "timed out"


def test_a_broken_log_probability_is_an_error() -> None:
    class Broken(FakeModel):
        def logprob(self, context: str, continuation: str) -> float:
            return math.nan if "Peru" in context else super().logprob(context, continuation)

    result = run_capability(Broken(), BANK[1:2], subject="fake")
    assert [s.status for s in result.scores if s.name == "acc"] == ["error", "scored", "scored"]
    assert result.records[0].logprobs is None
    assert "nan" in result.records[0].error


def test_ties_are_marked() -> None:
    class Flat(FakeModel):
        def logprob(self, context: str, continuation: str) -> float:
            return -1.0

    result = run_capability(Flat(), BANK[:1], subject="flat")
    assert all(record.tied for record in result.records)
    assert not any(record.tied for record in run_capability(FakeModel(), BANK[:1], subject="f").records)


def test_public_layouts(tmp_path: Path) -> None:
    rows = {"gsm8k": gsm8k_row, "hellaswag": hellaswag_row, "truthfulqa": truthfulqa_row}
    for name, row in rows.items():
        (tmp_path / name).mkdir()
        write(tmp_path / name / "test.jsonl", [row(i) for i in range(5)])
        write(tmp_path / name / "train.jsonl", [row(i) for i in range(20, 30)])
    (tmp_path / "mmlu").mkdir()
    write(
        tmp_path / "mmlu" / "test.jsonl", [mmlu_row(i, s) for s in ("anatomy", "virology") for i in range(3)]
    )
    specs = [
        CapabilitySpec(task=name, source=BenchmarkRows(form.of, tmp_path))
        for name, form in CAPABILITY_TASKS.items()
        if form.reads == "rows"
    ]
    model = FakeModel(lambda prompt: Response(text="#### 3"))
    result = run_capability(model, specs, subject="fake")
    counts = {spec.task: len({s.item_id for s in result.scores if s.task == spec.task}) for spec in specs}
    assert counts == {
        "mmlu": 6,
        "gsm8k": 5,
        "hellaswag": 5,
        "truthfulqa_mc1": 5,
        "truthfulqa_mc2": 5,
        "truthfulqa_letters": 5,
        "truthfulqa_letters_source_order": 5,
    }
    for spec in specs:
        found = values(result, spec.task, spec.definition.headline)
        assert all(value is not None and 0 <= value <= 1 for value in found)
    assert {r.group for r in result.records if r.task == "mmlu"} == {"anatomy", "virology"}
    # The same question has one id, however it is asked.
    ids = [
        {r.item_id for r in result.records if r.task == f"truthfulqa_{form}"}
        for form in ("mc1", "mc2", "letters")
    ]
    assert ids[0] == ids[1] == ids[2]
    # the question itself, and an open turn
    turns = {record.task: record.prompt.count("<assistant>") for record in result.records}
    assert (turns["gsm8k"], turns["mmlu"], turns["hellaswag"]) == (6, 1, 1)


def test_fixed_shots_share_one_prefix(tmp_path: Path) -> None:
    write(tmp_path / "test.jsonl", [gsm8k_row(i) for i in range(4)])
    write(tmp_path / "train.jsonl", [gsm8k_row(i) for i in range(20, 40)])

    def prefixes(fixed: bool) -> set[str]:
        rows = BenchmarkRows("gsm8k", tmp_path)
        spec = CapabilitySpec(task="gsm8k", source=rows, num_fewshot=3, fixed_shots=fixed)
        result = run_capability(FakeModel(), [spec], subject="fake", chat=False)
        return {record.prompt.rsplit("Question:", 1)[0] for record in result.records}

    assert len(prefixes(True)) == 1
    assert len(prefixes(False)) == 4


def test_a_task_is_asked_once() -> None:
    with pytest.raises(ConfigError, match="'facts_open' is asked twice"):
        run_capability(FakeModel(), [BANK[1], BANK[1]], subject="fake")
    with pytest.raises(ConfigError, match="no capability task"):
        run_capability(FakeModel(), [], subject="fake")


def test_kept_records_are_scored_again_without_asking(tmp_path: Path) -> None:
    def say(prompt: str) -> Response:
        return REPLIES[int(prompt[prompt.rindex("Ann has") :].split()[2])]

    class Broken(FakeModel):
        def logprob(self, context: str, continuation: str) -> float:
            return math.nan if "Peru" in context else super().logprob(context, continuation)

    problems = CapabilitySpec(task="arithmetic", source=PROBLEMS, num_fewshot=0)
    result = run_capability(Broken(say), [*BANK[:4], problems], subject="s")
    path = tmp_path / "records.parquet"
    record_table(result.records).write_parquet(path)
    kept = read_records(path)
    assert kept == result.records
    assert score_records(kept) == result.scores
    assert {score.status for score in result.scores} == {"scored", "error", "truncated"}
    trials = [record.trial() for record in kept]
    assert trials[0].probes[0].options == ("A", "B", "C", "D")
    assert trials[-1].asked[0].response.text == "#### 11"


def test_damaged_records_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no benchmark records"):
        read_records(tmp_path / "none.parquet")
    (tmp_path / "bad.parquet").write_text("no table")
    with pytest.raises(StoreError, match="delete it and run again"):
        read_records(tmp_path / "bad.parquet")


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    run_capability(FakeModel(), BANK, subject="fake")
    assert capfd.readouterr() == ("", "")


def test_the_package_imports_nothing_heavy() -> None:
    code = "import sys, sycoscope.capability; print([m for m in ('lm_eval', 'datasets', 'torch', 'polars') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public sets are not here")
def test_real_rows() -> None:
    specs = [
        CapabilitySpec(task="mmlu", source=BenchmarkRows("mmlu", SHARED), num_fewshot=5, limit=100),
        CapabilitySpec(task="hellaswag", source=BenchmarkRows("hellaswag", SHARED), limit=20),
        CapabilitySpec(task="truthfulqa_mc2", source=BenchmarkRows("truthfulqa", SHARED), limit=20),
        CapabilitySpec(task="truthfulqa_letters", source=BenchmarkRows("truthfulqa", SHARED), limit=20),
        CapabilitySpec(task="gsm8k", source=BenchmarkRows("gsm8k", SHARED), limit=10),
    ]
    result = run_capability(FakeModel(), specs, subject="fake")
    mmlu = [r for r in result.records if r.task == "mmlu"]
    assert len(mmlu) == 100
    assert len({r.group for r in mmlu}) == 57
    law = sum(r.group == "professional_law" for r in mmlu)
    assert law in (10, 11)  # 1,534 of 14,042
    assert len({r.item_id for r in result.records if r.task == "gsm8k"}) == 10
    assert all(s.status == "scored" for s in result.scores)


class Narrow(FakeModel):
    """Reads neither what has the number 1 in its question nor what follows a long prompt."""

    def chat_text(self, messages, *, open_turn=True):
        if "tin 1" in messages[-1].content:
            raise DialogueError("the chat template of fake does not write turn 1")
        return super().chat_text(messages, open_turn=open_turn)

    def loglikelihood(self, pairs):
        scored = super().loglikelihood(pairs)
        return [
            (Unscored("900 prompt tokens exceed 160"), False) if "tin 2" in context else one
            for (context, _), one in zip(pairs, scored, strict=True)
        ]


def test_what_the_model_cannot_read_is_an_error_of_that_item_and_the_rest_goes_on():
    spec = CapabilitySpec(task="continuations", source=CONTINUATIONS)
    result = run_capability(Narrow(), [spec], subject="m")
    errors = {record.item_id: record.error for record in result.records if record.error}
    assert errors == {
        "go1": "the chat template of fake does not write turn 1",
        "go2": "900 prompt tokens exceed 160",
    }
    by_item: dict[str, set[str]] = {}
    for score in result.scores:
        by_item.setdefault(score.item_id, set()).add(score.status)
    assert by_item == {f"go{n}": {"error"} if n in (1, 2) else {"scored"} for n in range(5)}
    assert all(trial.probes[0].result.logprobs is None for trial in (r.trial() for r in result.records[1:3]))


def test_an_answer_to_what_the_template_cannot_hold_is_an_error():
    class Silent(FakeModel):
        def chat_text(self, messages, *, open_turn=True):
            raise DialogueError("no")

    spec = CapabilitySpec(task="arithmetic", source=PROBLEMS[:2], shots=PROBLEMS[3:], num_fewshot=1)
    result = run_capability(Silent(), [spec], subject="m")
    assert {(record.finish, record.error) for record in result.records} == {("error", "no")}
    assert {score.status for score in result.scores} == {"error"}
