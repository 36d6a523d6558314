from pathlib import Path

import pytest

from sycoscope.capability import CAPABILITY_TASKS, CapabilitySpec, capability_tasks
from sycoscope.capability.forms import letter_rows
from sycoscope.capability.harness import load_definition
from sycoscope.core.errors import ConfigError, DataError, MissingError
from sycoscope.core.types import Item
from sycoscope.items import BENCHMARKS, BenchmarkRows
from sycoscope.items.benchmarks import TASK_LABELS

from .rows import FACTS, PROBLEMS, gsm8k_row, mmlu_row, truthfulqa_row, write


def test_mmlu_is_one_task_per_subject_with_the_harness_own_text(tmp_path: Path) -> None:
    write(tmp_path / "test.jsonl", [mmlu_row(i, s) for s in ("anatomy", "virology") for i in range(4)])
    write(tmp_path / "dev.jsonl", [mmlu_row(i + 90, s) for s in ("virology", "anatomy") for i in range(5)])
    spec = CapabilitySpec(task="mmlu", source=BenchmarkRows("mmlu", tmp_path), num_fewshot=5)
    tasks = capability_tasks(spec, limit=5, seed=0)
    assert [task.config["task"] for task in tasks] == ["mmlu_anatomy", "mmlu_virology"]
    assert sum(len(task.documents) for task in tasks) == 5
    assert all(task.documents[0].group in task.config["description"] for task in tasks)
    dev = tasks[1].config["custom_dataset"]()["dev"]
    assert [row["question"] for row in dev] == [mmlu_row(i + 90, "virology")["question"] for i in range(5)]


def gsm8k_ids(folder: Path) -> list[str]:
    spec = CapabilitySpec(task="gsm8k", source=BenchmarkRows("gsm8k", folder), num_fewshot=0)
    return [document.id for document in capability_tasks(spec)[0].documents]


def test_ids_follow_content_and_repeats_are_told_apart(tmp_path: Path) -> None:
    rows = [gsm8k_row(1), gsm8k_row(2), gsm8k_row(1)]
    write(tmp_path / "test.jsonl", rows)
    first = gsm8k_ids(tmp_path)
    write(tmp_path / "test.jsonl", rows[::-1])
    assert len(set(first)) == 3
    assert set(first) == set(gsm8k_ids(tmp_path))
    assert first[2] == first[0] + "~2"


def test_a_row_has_the_id_of_its_item_or_its_own(tmp_path: Path) -> None:
    write(tmp_path / "test.jsonl", [gsm8k_row(1), {**gsm8k_row(2), "id": "mine"}])
    (item, _) = BenchmarkRows("gsm8k", tmp_path).items()
    assert gsm8k_ids(tmp_path) == [item.id, "mine"]


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
    rows = BenchmarkRows("truthfulqa", tmp_path)
    (task,) = capability_tasks(CapabilitySpec(task="truthfulqa_letters_source_order", source=rows))
    assert task.config["task"] == "truthfulqa_letters_source_order"
    assert {document.target_position for document in task.documents} == {0}
    (task,) = capability_tasks(CapabilitySpec(task="truthfulqa_letters", source=rows))
    assert task.config["task"] == "truthfulqa_letters"
    assert len({document.target_position for document in task.documents}) > 1


def test_items_bring_their_ids_and_order() -> None:
    (task,) = capability_tasks(CapabilitySpec(task="facts_letters", source=FACTS))
    assert [d.id for d in task.documents] == [item.id for item in FACTS]
    assert [d.target_position for d in task.documents] == [item.choices.index(item.target) for item in FACTS]


def test_arithmetic_takes_examples_from_what_was_handed_over() -> None:
    spec = CapabilitySpec(task="arithmetic", source=PROBLEMS[:2], shots=PROBLEMS[2:], num_fewshot=2)
    (task,) = capability_tasks(spec)
    shots = task.config["custom_dataset"]()["train"]
    assert shots[0]["answer"].endswith(f"#### {PROBLEMS[2].target}")
    assert "=" in shots[0]["answer"]
    with pytest.raises(ConfigError, match="num_fewshot is 5, but there are only 1 examples"):
        capability_tasks(CapabilitySpec(task="arithmetic", source=PROBLEMS[:2], shots=PROBLEMS[2:3]))


ROWS = BenchmarkRows("mmlu", "/no/where")


@pytest.mark.parametrize(
    ("spec", "error", "words"),
    [
        (
            CapabilitySpec(task="mmul", source=[]),
            ConfigError,
            "unknown capability task 'mmul'; known are: mmlu",
        ),
        (CapabilitySpec(task="facts_open", source=ROWS), ConfigError, "'facts_open' asks Items"),
        (CapabilitySpec(task="mmlu", source=FACTS), ConfigError, "asks rows in the public layout"),
        (CapabilitySpec(task="gsm8k", source=ROWS), ConfigError, r"pass BenchmarkRows\('gsm8k'"),
        (CapabilitySpec(task="facts_open", source=[]), ConfigError, "is empty"),
        (
            CapabilitySpec(
                task="truthfulqa_mc1", source=BenchmarkRows("truthfulqa", "/no/where"), num_fewshot=3
            ),
            ConfigError,
            "allows at most 0",
        ),
        (CapabilitySpec(task="mmlu", source=ROWS, limit=0), ConfigError, "at least 1"),
        (CapabilitySpec(task="mmlu", source=ROWS, max_tokens=0), ConfigError, "at least 1"),
        (CapabilitySpec(task="mmlu", source=ROWS), MissingError, "no such folder: /no/where"),
    ],
)
def test_bad_choices(spec: CapabilitySpec, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        capability_tasks(spec)


def test_a_record_of_a_benchmark_and_its_tasks_agree() -> None:
    forms = {
        form.task: (name, reads, form.letters)
        for name, one in BENCHMARKS.items()
        for reads, by_name in (("rows", one.forms), ("items", one.bank_forms))
        for form in by_name.values()
    }
    tasks = {name: (form.of, form.reads) for name, form in CAPABILITY_TASKS.items()}
    assert tasks == {task: (name, reads) for task, (name, reads, _) in forms.items()}
    assert set(TASK_LABELS) == set(CAPABILITY_TASKS)
    for task, form in CAPABILITY_TASKS.items():
        if form.form != "harness":
            assert forms[task][2] == (form.form == "letters")


@pytest.mark.parametrize("task", [name for name, form in CAPABILITY_TASKS.items() if form.form == "harness"])
def test_the_records_name_what_the_harness_names(task: str) -> None:
    """Its data set on the hub, the splits that are asked and shown, and its default number of examples."""
    pytest.importorskip("lm_eval")
    form = CAPABILITY_TASKS[task]
    config, benchmark = load_definition(form.yaml.format(group="anatomy")), form.benchmark
    hub = benchmark.layout.hub
    assert form.num_fewshot == int(config.get("num_fewshot") or 0)
    assert config["dataset_path"] == hub.repo
    # MMLU's subjects are configurations of their own there, and all of them one more
    assert hub.config == ("all" if task == "mmlu" else config.get("dataset_name"))
    assert hub.splits["test"] == (config.get("test_split") or config["validation_split"])
    assert benchmark.examples == (config.get("fewshot_split") or config.get("training_split") or "")
    assert not benchmark.examples or hub.splits[benchmark.examples] == benchmark.examples


def test_examples_are_read_where_they_are_shown(tmp_path: Path) -> None:
    write(tmp_path / "test.jsonl", [gsm8k_row(0)])
    assert len(gsm8k_ids(tmp_path)) == 1
    with pytest.raises(
        MissingError, match=r"no split 'train' of gsm8k; it has: test; .* set num_fewshot to 0"
    ):
        capability_tasks(CapabilitySpec(task="gsm8k", source=BenchmarkRows("gsm8k", tmp_path)))


def test_bad_items() -> None:
    item = FACTS[0]
    broken = Item(id="x", source="mine", question="Q?", target="no", choices=item.choices)
    with pytest.raises(DataError, match=r"item x .*'no' is not among its choices"):
        capability_tasks(CapabilitySpec(task="facts_open", source=[broken]))
    with pytest.raises(DataError, match="'no' is not a number"):
        capability_tasks(CapabilitySpec(task="arithmetic", source=[broken], num_fewshot=0))
    with pytest.raises(ConfigError, match="two Items have the id"):
        capability_tasks(CapabilitySpec(task="facts_open", source=[item, item]))
