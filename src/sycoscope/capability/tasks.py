"""Benchmarks as task configs of lm-evaluation-harness, with their documents inside.

Public benchmarks use the harness's own definitions, read from the installed package; only their data
source, number of examples and answer length are set here. Our own sets use small definitions below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sycoscope.capability.forms import ITEM_COLUMNS, item_rows, letter_rows, own_config
from sycoscope.capability.harness import Config, load_definition
from sycoscope.capability.selection import select
from sycoscope.capability.spec import CapabilitySpec, check_spec
from sycoscope.core.errors import ConfigError, MissingError

Row = Mapping[str, Any]


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
    """

    spec: CapabilitySpec
    config: Config
    documents: tuple[Document, ...]


def capability_tasks(spec: CapabilitySpec, *, limit: int | None = None, seed: int = 0) -> list[HarnessTask]:
    """The harness's tasks for one capability task: one, or for MMLU one per subject.

    Args:
        limit: Most items where the spec has no limit of its own.
        seed: Of the selection and of shuffled letters.

    Raises:
        ConfigError, DataError, MissingError: A choice, a row or a file is wrong.
    """
    check_spec(spec)
    limit = limit if spec.limit is None else spec.limit
    if spec.rows is None:
        return [_item_task(spec, limit, seed)]
    benchmark = spec.rows.benchmark
    rows, ids = spec.rows.rows(), spec.rows.ids()
    groups = [str(row[benchmark.group]) if benchmark.group else "" for row in rows]
    chosen = select(ids, groups, limit, seed)
    if spec.definition.form == "letters":
        return [_letters_task(spec, [rows[i] for i in chosen], [ids[i] for i in chosen], seed)]
    tasks = []
    for group in sorted({groups[index] for index in chosen}):
        members = [index for index in chosen if groups[index] == group]
        tasks.append(
            _harness_task(spec, group, [rows[index] for index in members], [ids[index] for index in members])
        )
    return tasks


# --- the harness's own definitions over rows ---------------------------------------------------


def _harness_task(spec: CapabilitySpec, group: str, rows: list[Row], ids: list[str]) -> HarnessTask:
    benchmark = spec.definition.benchmark
    config = load_definition(spec.definition.yaml.format(group=group))
    config["task"] = f"{spec.task}_{group}" if group else spec.task
    shots = _examples(spec, group) if spec.n_shots else []
    if spec.fixed_shots and spec.n_shots:
        config["fewshot_config"] = {**config.get("fewshot_config", {}), "sampler": "first_n"}
    _finish(spec, config)
    _check_pool(spec, config, len(shots))
    split = config.get("test_split") or config["validation_split"]
    _attach(config, rows, shots, benchmark.columns, split=split, shot_split=benchmark.examples)
    answers = map(benchmark.answer, rows)
    documents = tuple(
        Document(id=name, group=group, target=target, target_position=position)
        for name, (target, position) in zip(ids, answers, strict=True)
    )
    return HarnessTask(spec=spec, config=config, documents=documents)


def _examples(spec: CapabilitySpec, group: str) -> list[Row]:
    """Rows that few-shot examples are drawn from; read only where examples are shown.

    Raises:
        MissingError: The split that they come from is not there.
    """
    benchmark, source = spec.definition.benchmark, spec.rows
    if source is None or not benchmark.examples:
        return []
    try:
        rows = source.rows(benchmark.examples)
    except MissingError as error:
        raise MissingError(
            f"capability task {spec.task!r}: {error}; few-shot examples come from it, or set num_fewshot to 0"
        ) from error
    return [row for row in rows if not group or row[benchmark.group] == group]


def _finish(spec: CapabilitySpec, config: Config) -> None:
    config["num_fewshot"] = spec.n_shots
    if config["output_type"] == "generate_until":
        config["generation_kwargs"] = {**config["generation_kwargs"], "max_gen_toks": spec.max_tokens}


def _check_pool(spec: CapabilitySpec, config: Config, pool: int) -> None:
    sampling = config.get("fewshot_config") or {}
    pool = len(sampling["samples"]) if "samples" in sampling else pool
    # Where no few-shot split is named the harness draws one more, lest the document be its own example.
    spare = config.get("fewshot_split") is None and sampling.get("sampler", "default") == "default"
    if spec.n_shots and pool < spec.n_shots + spare:
        raise ConfigError(
            f"capability task {config['task']!r}: num_fewshot is {spec.n_shots}, but there are only {pool} "
            "examples to take from; set a smaller num_fewshot"
            + (", or pass more Items as shots" if spec.items is not None else "")
        )


def _attach(
    config: Config,
    rows: Sequence[Row],
    shots: Sequence[Row],
    columns: Sequence[str],
    *,
    split: str,
    shot_split: str,
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


# --- our own definitions -----------------------------------------------------------------------


def _letters_task(spec: CapabilitySpec, rows: list[Row], ids: list[str], seed: int) -> HarnessTask:
    """TruthfulQA's mc1 by letters."""
    asked = letter_rows(
        [
            (name, row["question"], row["mc1_targets"]["choices"], 0)
            for name, row in zip(ids, rows, strict=True)
        ],
        seed=seed if spec.definition.shuffle else None,
    )
    return _own_task(spec, asked, [], ids)


def _item_task(spec: CapabilitySpec, limit: int | None, seed: int) -> HarnessTask:
    items = spec.items or ()
    ids = [item.id for item in items]
    if len(set(ids)) < len(ids):
        double = next(name for name in ids if ids.count(name) > 1)
        raise ConfigError(f"capability task {spec.task!r}: two Items have the id {double!r}; ids must differ")
    chosen = select(ids, [""] * len(items), limit, seed)
    rows = item_rows(spec, [items[index] for index in chosen])
    shots = item_rows(spec, spec.shots) if spec.n_shots else []
    return _own_task(spec, rows, shots, [ids[index] for index in chosen])


def _own_task(
    spec: CapabilitySpec, rows: Sequence[Row], shots: Sequence[Row], ids: Sequence[str]
) -> HarnessTask:
    form = spec.definition.form
    if form == "harness":  # arithmetic: GSM8K's definition over our problems
        config = load_definition(spec.definition.yaml)
        config.update(training_split=None, test_split="test", fewshot_split="train")
    else:
        config = own_config(form)
    config.update(task=spec.task, fewshot_config={"sampler": "first_n"})
    _finish(spec, config)
    _check_pool(spec, config, len(shots))
    _attach(config, rows, shots, ITEM_COLUMNS[form], split="test", shot_split="train")
    documents = tuple(
        Document(
            id=name,
            group="",
            target=row["choices"][row["answer"]] if "choices" in row else row["target"],
            target_position=row["answer"] if "choices" in row else None,
        )
        for name, row in zip(ids, rows, strict=True)
    )
    return HarnessTask(spec=spec, config=config, documents=documents)
