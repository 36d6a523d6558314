import json
from pathlib import Path

import pytest

from sycoscope.capability import CapabilitySpec, capability_tasks
from sycoscope.capability.forms import letter_rows
from sycoscope.core.errors import ConfigError, DataError, MissingError
from sycoscope.core.types import Item

from .rows import FACTS, PROBLEMS, gsm8k_row, hellaswag_row, mmlu_row, truthfulqa_row, write


def test_mmlu_is_one_task_a_subject_with_the_harness_own_text(tmp_path: Path) -> None:
    write(tmp_path / "test.jsonl", [mmlu_row(i, s) for s in ("anatomy", "virology") for i in range(4)])
    write(tmp_path / "dev.jsonl", [mmlu_row(i + 90, s) for s in ("virology", "anatomy") for i in range(5)])
    spec = CapabilitySpec(benchmark="mmlu", source=tmp_path, num_fewshot=5)
    tasks = capability_tasks(spec, limit=5, seed=0)
    assert [task.config["task"] for task in tasks] == ["mmlu_anatomy", "mmlu_virology"]
    assert sum(len(task.documents) for task in tasks) == 5
    assert all(task.documents[0].group in task.config["description"] for task in tasks)
    assert tasks[0].n_available == 4
    dev = tasks[1].config["custom_dataset"]()["dev"]
    assert [row["question"] for row in dev] == [mmlu_row(i + 90, "virology")["question"] for i in range(5)]


def test_ids_follow_content_and_repeats_are_told_apart(tmp_path: Path) -> None:
    rows = [gsm8k_row(1), gsm8k_row(2), gsm8k_row(1)]
    spec = CapabilitySpec(benchmark="gsm8k", source=tmp_path, num_fewshot=0)
    write(tmp_path / "test.jsonl", rows)
    first = [d.id for d in capability_tasks(spec)[0].documents]
    write(tmp_path / "test.jsonl", rows[::-1])
    second = [d.id for d in capability_tasks(spec)[0].documents]
    assert len(set(first)) == 3
    assert set(first) == set(second)
    assert first[2] == first[0] + "~2"


def test_ids_can_be_given(tmp_path: Path) -> None:
    write(tmp_path / "test.jsonl", [{**gsm8k_row(1), "id": "mine"}])
    spec = CapabilitySpec(benchmark="gsm8k", source=tmp_path / "test.jsonl", num_fewshot=0)
    assert capability_tasks(spec)[0].documents[0].id == "mine"
    made = capability_tasks(spec, make_id=lambda family, row: f"{family}/{row['question'][:3]}")
    assert made[0].documents[0].id == "gsm8k/Bag"


def test_letters_are_shuffled_alike_for_everyone() -> None:
    asked = [(f"i{i}", "Why?", ["w", "x", "y", "z"], 0) for i in range(200)]
    rows = letter_rows(asked, seed=1)
    assert rows == letter_rows(asked, seed=1)
    assert rows[5:6] == letter_rows(asked[5:6], seed=1)  # no matter what else is asked
    assert all(row["choices"][row["answer"]] == "w" for row in rows)
    positions = [row["answer"] for row in rows]
    # 200 draws over 4 places: 30 to 70 each is over 99.9 % of chance.
    assert all(30 <= positions.count(place) <= 70 for place in range(4))
    assert [row["answer"] for row in letter_rows(asked, seed=None)] == [0] * 200


def test_source_order_of_letters_is_labelled(tmp_path: Path) -> None:
    write(tmp_path / "test.jsonl", [truthfulqa_row(i) for i in range(30)])
    spec = CapabilitySpec(benchmark="truthfulqa_letters", source=tmp_path, shuffle=False)
    (task,) = capability_tasks(spec)
    assert task.config["task"] == spec.task == "truthfulqa_letters_source_order"
    assert {document.target_position for document in task.documents} == {0}
    (task,) = capability_tasks(CapabilitySpec(benchmark="truthfulqa_letters", source=tmp_path))
    assert task.config["task"] == "truthfulqa_letters"
    assert len({document.target_position for document in task.documents}) > 1


def test_items_bring_their_ids_and_order() -> None:
    (task,) = capability_tasks(CapabilitySpec(benchmark="facts_letters", source=FACTS))
    assert [d.id for d in task.documents] == [item.id for item in FACTS]
    assert [d.target_position for d in task.documents] == [item.choices.index(item.target) for item in FACTS]


def test_arithmetic_takes_examples_from_what_was_handed_over() -> None:
    spec = CapabilitySpec(benchmark="arithmetic", source=PROBLEMS[:2], shots=PROBLEMS[2:], num_fewshot=2)
    (task,) = capability_tasks(spec)
    shots = task.config["custom_dataset"]()["train"]
    assert shots[0]["answer"].endswith(f"#### {PROBLEMS[2].target}")
    assert "=" in shots[0]["answer"]
    assert task.shots == "fixed"
    with pytest.raises(ConfigError, match="num_fewshot is 5, but there are only 1 examples"):
        capability_tasks(CapabilitySpec(benchmark="arithmetic", source=PROBLEMS[:2], shots=PROBLEMS[2:3]))


@pytest.mark.parametrize(
    ("spec", "error", "words"),
    [
        (CapabilitySpec(benchmark="mmul"), ConfigError, "unknown benchmark 'mmul'; known are: mmlu, gsm8k"),
        (CapabilitySpec(benchmark="facts_open"), ConfigError, "asks Items"),
        (CapabilitySpec(benchmark="mmlu", source=FACTS), ConfigError, "reads rows in the public layout"),
        (CapabilitySpec(benchmark="facts_open", source=[]), ConfigError, "is empty"),
        (CapabilitySpec(benchmark="truthfulqa_mc1", num_fewshot=3), ConfigError, "allows at most 0"),
        (CapabilitySpec(benchmark="mmlu", limit=0), ConfigError, "at least 1"),
        (CapabilitySpec(benchmark="mmlu", shuffle=True), ConfigError, "by letters"),
        (CapabilitySpec(benchmark="mmlu", source=Path("/no/where")), MissingError, "does not exist"),
    ],
)
def test_bad_choices(spec: CapabilitySpec, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        capability_tasks(spec)


@pytest.mark.parametrize(
    ("benchmark", "row", "words"),
    [
        ("mmlu", {**mmlu_row(1, "anatomy"), "answer": 4}, r"row 2: answer is 4; allowed are 0, 1, 2, 3"),
        ("mmlu", {**mmlu_row(1, "anatomy"), "choices": ["a"]}, "list of 4 texts"),
        ("gsm8k", {"question": "How many?"}, "row 2: no value for answer"),
        ("gsm8k", {"question": "How many?", "answer": "12"}, "'#### number'"),
        ("hellaswag", {**hellaswag_row(1), "label": ""}, "label is ''"),
        (
            "truthfulqa_mc1",
            {**truthfulqa_row(1), "mc1_targets": {"choices": ["a", "b"], "labels": [0, 1]}},
            "right choice first",
        ),
    ],
)
def test_bad_rows_name_their_place(tmp_path: Path, benchmark: str, row: dict, words: str) -> None:
    good = {
        "mmlu": mmlu_row(0, "anatomy"),
        "gsm8k": gsm8k_row(0),
        "hellaswag": hellaswag_row(0),
        "truthfulqa_mc1": truthfulqa_row(0),
    }[benchmark]
    path = write(tmp_path / "test.jsonl", [good, row])
    with pytest.raises(DataError, match=words) as caught:
        capability_tasks(CapabilitySpec(benchmark=benchmark, source=tmp_path, num_fewshot=0))
    assert str(path) in str(caught.value)


def test_bad_lines_and_files(tmp_path: Path) -> None:
    spec = CapabilitySpec(benchmark="gsm8k", source=tmp_path, num_fewshot=0)
    with pytest.raises(MissingError, match=r"has no test\.jsonl / test\.parquet"):
        capability_tasks(spec)
    (tmp_path / "test.jsonl").write_text(json.dumps(gsm8k_row(0)) + "\n{oops\n")
    with pytest.raises(DataError, match="line 2: not JSON"):
        capability_tasks(spec)
    write(tmp_path / "test.jsonl", [gsm8k_row(0)])
    with pytest.raises(MissingError, match=r"no train\.jsonl .* set num_fewshot to 0"):
        capability_tasks(CapabilitySpec(benchmark="gsm8k", source=tmp_path))


def test_bad_items() -> None:
    item = FACTS[0]
    broken = Item(id="x", source="mine", question="Q?", target="no", choices=item.choices)
    with pytest.raises(DataError, match=r"item x .*'no' is not among its choices"):
        capability_tasks(CapabilitySpec(benchmark="facts_open", source=[broken]))
    with pytest.raises(DataError, match="'no' is no number"):
        capability_tasks(CapabilitySpec(benchmark="arithmetic", source=[broken], num_fewshot=0))
    with pytest.raises(ConfigError, match="two Items have the id"):
        capability_tasks(CapabilitySpec(benchmark="facts_open", source=[item, item]))
