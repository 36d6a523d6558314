"""Benchmarks as task configs of lm-evaluation-harness, with their documents inside.

Public benchmarks use the harness's own definitions, read from the installed package; only their data
source, number of examples and answer length are set here. Our own sets use small definitions below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sycoscope.capability.forms import ITEM_FORMS, item_rows, letter_rows, own_config
from sycoscope.capability.harness import Config, load_definition
from sycoscope.capability.selection import select, select_first
from sycoscope.capability.sources import COLUMNS, MakeId, Row, read_rows, row_ids
from sycoscope.capability.spec import CapabilitySpec, check_spec
from sycoscope.core.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What we know of one document that the harness asks: same index as in its task."""

    id: str
    group: str
    target: str
    target_position: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessTask:
    """One task of the harness, ready to run.

    Attributes:
        config: The harness's task config; its `task` is the harness's name for it.
        documents: In the order in which the harness asks them.
        n_available: Documents before the limit.
        shots: `harness`, or `fixed` where every item sees the same examples by our choice.
    """

    spec: CapabilitySpec
    config: Config
    documents: tuple[Document, ...]
    n_available: int
    num_fewshot: int
    shots: str


def capability_tasks(
    spec: CapabilitySpec, *, limit: int | None = None, seed: int = 0, make_id: MakeId | None = None
) -> list[HarnessTask]:
    """The harness's tasks for one benchmark: one, or for MMLU one a subject.

    Args:
        limit: Most items where the spec has no limit of its own.
        seed: Of the selection and of shuffled letters.
        make_id: Gives a row's id from its family (`mmlu`, `gsm8k`, `hellaswag`, `truthfulqa`) and its
            content; by default the row's own `id`, else a hash. Items bring their own.

    Raises:
        ConfigError, DataError, MissingError: A choice, a row or a file is wrong.
    """
    check_spec(spec)
    limit = limit if spec.limit is None else spec.limit
    if spec.items is not None:
        return [_item_task(spec, limit, seed)]
    family = spec.definition.family
    split = spec.definition.evaluated[0]
    rows = read_rows(spec, split, evaluated=True)
    ids = row_ids(family, rows, make_id)
    groups = [str(row["subject"]) if family == "mmlu" else "" for row in rows]
    first = spec.selection == "first"
    chosen = select_first(groups, limit) if first else select(ids, groups, limit, seed)
    if spec.definition.form == "letters":
        return [_letters_task(spec, [rows[i] for i in chosen], [ids[i] for i in chosen], len(rows), seed)]
    examples = cache(lambda: read_rows(spec, spec.definition.shots, evaluated=False))
    tasks = []
    for group in sorted({groups[index] for index in chosen}):
        members = [index for index in chosen if groups[index] == group]
        asked, names = [rows[index] for index in members], [ids[index] for index in members]
        tasks.append(_harness_task(spec, group, asked, names, groups.count(group), examples))
    return tasks


# --- the harness's own definitions over rows ---------------------------------------------------


def _harness_task(
    spec: CapabilitySpec,
    group: str,
    rows: list[Row],
    ids: list[str],
    n_available: int,
    examples: Callable[[], list[Row]],
) -> HarnessTask:
    definition = spec.definition
    config = load_definition(definition.yaml.format(group=group))
    config["task"] = f"{spec.task}_{group}" if group else spec.task
    num_fewshot = _num_fewshot(spec, config)
    shots: list[Row] = []
    if num_fewshot and definition.shots:
        shots = [row for row in examples() if not group or row["subject"] == group]
    fixed = spec.fixed_shots and num_fewshot > 0
    if fixed:
        config["fewshot_config"] = {**config.get("fewshot_config", {}), "sampler": "first_n"}
    _finish(spec, config, num_fewshot)
    _check_pool(spec, config, num_fewshot, len(shots))
    columns = COLUMNS[definition.family]
    _attach(config, rows, shots, columns, split=definition.evaluated[0], shot_split=definition.shots)
    documents = tuple(
        Document(id=name, group=group, target=target, target_position=position)
        for name, (target, position) in zip(ids, map(_target(definition.family), rows), strict=True)
    )
    return HarnessTask(
        spec=spec,
        config=config,
        documents=documents,
        n_available=n_available,
        num_fewshot=num_fewshot,
        shots="fixed" if fixed else "harness",
    )


def _num_fewshot(spec: CapabilitySpec, config: Config) -> int:
    chosen = spec.num_fewshot if spec.num_fewshot is not None else spec.definition.num_fewshot
    return int(config.get("num_fewshot") or 0) if chosen is None else chosen


def _finish(spec: CapabilitySpec, config: Config, num_fewshot: int) -> None:
    config["num_fewshot"] = num_fewshot
    if config["output_type"] == "generate_until":
        config["generation_kwargs"] = {**config["generation_kwargs"], "max_gen_toks": spec.max_tokens}


def _check_pool(spec: CapabilitySpec, config: Config, num_fewshot: int, pool: int) -> None:
    sampling = config.get("fewshot_config") or {}
    pool = len(sampling["samples"]) if "samples" in sampling else pool
    # Where no few-shot split is named the harness draws one more, lest the document be its own example.
    spare = config.get("fewshot_split") is None and sampling.get("sampler", "default") == "default"
    if num_fewshot and pool < num_fewshot + spare:
        raise ConfigError(
            f"capability task {config['task']!r}: num_fewshot is {num_fewshot}, but there are only {pool} "
            "examples to take from; set a smaller num_fewshot"
            + (", or hand over more Items as shots" if spec.items is not None else "")
        )


def _attach(
    config: Config, rows: list[Row], shots: list[Row], columns: Sequence[str], *, split: str, shot_split: str
) -> None:
    """Put the documents into the config, so that the harness loads nothing."""
    import datasets

    from sycoscope.capability.harness import quiet

    asked = datasets.Dataset.from_list([{name: row[name] for name in columns} for row in rows])
    examples = (
        datasets.Dataset.from_list([{name: row[name] for name in columns} for row in shots])
        if shots
        else asked.select([])
    )
    process = config.pop("process_docs", None)
    if process is not None:  # once here; the harness would map all documents at every look at them
        with quiet():
            asked, examples = process(asked), process(examples) if shots else examples
    data = datasets.DatasetDict({split: asked, **({shot_split: examples} if shot_split else {})})

    def documents(**_: Any) -> datasets.DatasetDict:
        return data

    for key in ("dataset_path", "dataset_name", "dataset_kwargs"):
        config.pop(key, None)
    config["custom_dataset"] = documents


def _target(family: str) -> Any:
    def mmlu(row: Row) -> tuple[str, int | None]:
        return row["choices"][row["answer"]], row["answer"]

    def hellaswag(row: Row) -> tuple[str, int | None]:
        return row["endings"][int(row["label"])], int(row["label"])

    def truthfulqa(row: Row) -> tuple[str, int | None]:
        return row["mc1_targets"]["choices"][0], 0

    def gsm8k(row: Row) -> tuple[str, int | None]:
        return row["answer"].split("####")[-1].strip(), None

    return {"mmlu": mmlu, "hellaswag": hellaswag, "truthfulqa": truthfulqa, "gsm8k": gsm8k}[family]


# --- our own definitions -----------------------------------------------------------------------


def _letters_task(
    spec: CapabilitySpec, rows: list[Row], ids: list[str], n_available: int, seed: int
) -> HarnessTask:
    """TruthfulQA's mc1 by letters."""
    asked = letter_rows(
        [
            (name, row["question"], row["mc1_targets"]["choices"], 0)
            for name, row in zip(ids, rows, strict=True)
        ],
        seed=seed if spec.shuffled else None,
    )
    return _own_task(spec, asked, [], ids, n_available)


def _item_task(spec: CapabilitySpec, limit: int | None, seed: int) -> HarnessTask:
    items = spec.items
    assert items is not None
    ids = [item.id for item in items]
    if len(set(ids)) < len(ids):
        double = next(name for name in ids if ids.count(name) > 1)
        raise ConfigError(f"capability task {spec.task!r}: two Items have the id {double!r}; ids must differ")
    none = [""] * len(items)
    chosen = select_first(none, limit) if spec.selection == "first" else select(ids, none, limit, seed)
    order = seed if spec.definition.form == "letters" and spec.shuffled else None
    rows = item_rows(spec, [items[index] for index in chosen], seed=order)
    shots = item_rows(spec, spec.shots, seed=order) if spec.num_fewshot != 0 else []
    return _own_task(spec, rows, shots, [ids[index] for index in chosen], len(items))


def _own_task(
    spec: CapabilitySpec, rows: list[Row], shots: list[Row], ids: list[str], n_available: int
) -> HarnessTask:
    form = spec.definition.form
    if form == "harness":  # arithmetic: GSM8K's definition over our problems
        config = load_definition(spec.definition.yaml)
        config.update(training_split=None, test_split="test", fewshot_split="train")
    else:
        config = own_config(form)
    config.update(task=spec.task, fewshot_config={"sampler": "first_n"})
    num_fewshot = _num_fewshot(spec, config)
    _finish(spec, config, num_fewshot)
    _check_pool(spec, config, num_fewshot, len(shots))
    _attach(config, rows, shots if num_fewshot else [], ITEM_FORMS[form], split="test", shot_split="train")
    documents = tuple(
        Document(
            id=name,
            group="",
            target=row["choices"][row["answer"]] if "choices" in row else row["target"],
            target_position=row["answer"] if "choices" in row else None,
        )
        for name, row in zip(ids, rows, strict=True)
    )
    return HarnessTask(
        spec=spec,
        config=config,
        documents=documents,
        n_available=n_available,
        num_fewshot=num_fewshot,
        shots="fixed" if num_fewshot else "harness",
    )
