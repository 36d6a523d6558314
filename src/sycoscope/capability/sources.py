"""Rows of the public layouts, from local files or the hub, checked before anything is asked."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sycoscope.capability.spec import CapabilitySpec
from sycoscope.core.errors import DataError, MissingError

Row = dict[str, Any]
MakeId = Callable[[str, Mapping[str, Any]], str]

# What identifies a document; these columns must be there.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "mmlu": ("question", "subject", "choices", "answer"),
    "gsm8k": ("question", "answer"),
    "hellaswag": ("activity_label", "ctx_a", "ctx_b", "endings", "label"),
    "truthfulqa": ("question", "mc1_targets", "mc2_targets"),
}
# Configuration of the hub's dataset where the harness asks for one configuration per task.
HUB_NAME = {"mmlu": "all"}


def read_rows(spec: CapabilitySpec, split: str, *, evaluated: bool) -> list[Row]:
    """All rows of one split, checked.

    Args:
        split: The split's name on the hub. evaluated: the split that is asked, whose other local names
            are allowed too and which may be given as a single file.

    Raises:
        MissingError: No such file, folder or dataset.
        DataError: A row lacks a column or has a value that the layout does not allow.
    """
    family = spec.definition.family
    if spec.source is None:
        rows, where = _hub_rows(spec, split), f"the hub's {family} ({split})"
    else:
        path = _local_file(spec, split, evaluated=evaluated)
        rows, where = read_file(path), str(path)
    if not rows:
        raise DataError(f"{where}: no rows")
    for number, row in enumerate(rows, start=1):
        fault = _fault(family, row)
        if fault:
            raise DataError(f"{where}, row {number}: {fault}")
    return rows


def read_file(path: Path) -> list[Row]:
    """Rows of a .jsonl or .parquet file.

    Raises:
        DataError: A line is not a JSON object, or the file is of another kind.
    """
    if path.suffix == ".parquet":
        import polars

        return polars.read_parquet(path).to_dicts()
    if path.suffix != ".jsonl":
        raise DataError(f"{path}: only .jsonl and .parquet files can be read")
    rows = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"{path}, line {number}: not JSON ({error.msg})") from None
            if not isinstance(row, dict):
                raise DataError(f"{path}, line {number}: a JSON object is needed, not {type(row).__name__}")
            rows.append(row)
    return rows


def row_ids(family: str, rows: Sequence[Row], make_id: MakeId | None) -> list[str]:
    """One id a row: by `make_id`, else the row's own `id`, else a hash of its content.

    A second row of the same content gets `~2`, so that a join finds one partner.
    """
    ids, seen = [], Counter[str]()
    for row in rows:
        made = make_id(family, row) if make_id else row.get("id")
        name = made if isinstance(made, str) and made else _content_id(family, row)
        seen[name] += 1
        ids.append(name if seen[name] == 1 else f"{name}~{seen[name]}")
    return ids


def _content_id(family: str, row: Mapping[str, Any]) -> str:
    content = [family, *(row[column] for column in COLUMNS[family])]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _local_file(spec: CapabilitySpec, split: str, *, evaluated: bool) -> Path:
    source = spec.source
    assert isinstance(source, Path)
    if not source.exists():
        raise MissingError(f"capability task {spec.task!r}: {source} does not exist")
    if source.is_file() and evaluated:
        return source
    folder = source.parent if source.is_file() else source
    names = spec.definition.evaluated if evaluated else (split,)
    for name in names:
        for pattern in (f"{name}.jsonl", f"{name}.parquet", f"{name}-*.parquet"):
            found = sorted(folder.glob(pattern))
            if found:
                return found[0]
    wanted = " or ".join(f"{name}.jsonl / {name}.parquet" for name in names)
    advice = "" if evaluated else "; few-shot examples come from it, or set num_fewshot to 0"
    raise MissingError(f"capability task {spec.task!r}: {folder} has no {wanted}{advice}")


def _hub_rows(spec: CapabilitySpec, split: str) -> list[Row]:
    from datasets import load_dataset

    from sycoscope.capability.harness import load_definition

    definition = spec.definition
    config = load_definition(definition.yaml.format(group="anatomy"))
    path = config["dataset_path"]
    name = HUB_NAME.get(definition.family, config.get("dataset_name"))
    try:
        loaded: list[Row] = load_dataset(path, name, split=split).to_list()
    except Exception as error:  # the hub's client raises many kinds; all mean that there are no rows
        raise MissingError(
            f"capability task {spec.task!r}: {path} could not be loaded from the hub "
            f"({type(error).__name__}: {error}); give a local folder as its source"
        ) from error
    return loaded


def _fault(family: str, row: Row) -> str:
    missing = [column for column in COLUMNS[family] if row.get(column) is None]
    if missing:
        return f"no value for {', '.join(missing)}; needed are {', '.join(COLUMNS[family])}"
    return {"mmlu": _mmlu, "gsm8k": _gsm8k, "hellaswag": _hellaswag, "truthfulqa": _truthfulqa}[family](row)


def _mmlu(row: Row) -> str:
    if not isinstance(row["choices"], list) or len(row["choices"]) != 4:
        return "choices must be a list of 4 texts"
    answer = row["answer"]
    return "" if answer in (0, 1, 2, 3) else f"answer is {answer!r}; allowed are 0, 1, 2, 3"


def _gsm8k(row: Row) -> str:
    return "" if "####" in str(row["answer"]) else "answer has no '#### number' line"


def _hellaswag(row: Row) -> str:
    if not isinstance(row["endings"], list) or len(row["endings"]) != 4:
        return "endings must be a list of 4 texts"
    label = str(row["label"])
    return "" if label in ("0", "1", "2", "3") else f"label is {label!r}; allowed are 0, 1, 2, 3"


def _truthfulqa(row: Row) -> str:
    for column in ("mc1_targets", "mc2_targets"):
        targets = row[column]
        if not isinstance(targets, dict) or not {"choices", "labels"} <= targets.keys():
            return f"{column} must hold choices and labels"
        if len(targets["choices"]) != len(targets["labels"]) or len(targets["choices"]) < 2:
            return f"{column} must hold as many labels as choices, at least 2"
    if row["mc1_targets"]["labels"].count(1) != 1:
        return "mc1_targets must have exactly one label that is 1"
    # The harness takes the first choice as the right one.
    return "" if row["mc1_targets"]["labels"][0] == 1 else "mc1_targets must list the right choice first"
