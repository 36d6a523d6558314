"""Readers of the public sets, from rows, a local file (JSON Lines or Parquet), a folder or the hub."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from sycoscope.core.errors import ConfigError, DataError, MissingError
from sycoscope.core.types import Item, Split
from sycoscope.items import hub
from sycoscope.items.findings import Finding, read_once, report
from sycoscope.items.layouts import Layout, find_files, layout_of
from sycoscope.items.rows import Faults, Row, explain, given_rows, jsonl_rows, parquet_rows, present
from sycoscope.items.sycophancy_eval import NotReadError

Source = str | Path | Iterable[Mapping[str, object]]


def read_benchmark(
    benchmark: str, source: Source, *, split: str = "", findings: list[Finding] | None = None
) -> list[Item]:
    """Read one split of a public set.

    Args:
        benchmark: A key of `BENCHMARKS`.
        source: Rows in memory, a local JSON Lines or Parquet file, a folder (see `read_folder`), or a hub id
            as `cais/mmlu`, with a revision as `cais/mmlu@REVISION`.
        split: Which split of a folder or hub set (`test` where empty); for rows and files only the label.
        findings: Collects what is worth knowing; without it a warning is logged.

    Raises:
        MissingError: No such set, file or split, or a hub that cannot be reached.
        DataError: Malformed rows, all at once with file, row and column.
    """
    layout = layout_of(benchmark)
    if not isinstance(source, str | Path):
        name = f"{benchmark} rows"
        return _parse(layout, name, lambda faults: given_rows(source, name, faults), split, findings)
    path = Path(source)
    if path.is_dir():
        wanted = split or "test"
        return read_folder(path, benchmark, splits=(wanted,), findings=findings)[wanted]
    if isinstance(source, str) and not path.exists() and hub.is_hub_id(source):
        name, wanted = source, split or "test"
        return _parse(
            layout,
            name,
            lambda faults: hub.hub_rows(benchmark, layout.hub, source, wanted, faults),
            wanted,
            findings,
        )
    return _parse(layout, str(path), lambda faults: file_rows(path, faults), split, findings)


def read_mmlu(source: Source, *, split: str = "", findings: list[Finding] | None = None) -> list[Item]:
    """MMLU: `metadata["subject"]`. See `read_benchmark` for the arguments, here and below."""
    return read_benchmark("mmlu", source, split=split, findings=findings)


def read_gsm8k(source: Source, *, split: str = "", findings: list[Finding] | None = None) -> list[Item]:
    """GSM8K: the target is the number, `metadata["solution"]` the steps."""
    return read_benchmark("gsm8k", source, split=split, findings=findings)


def read_hellaswag(source: Source, *, split: str = "", findings: list[Finding] | None = None) -> list[Item]:
    """HellaSwag, texts cleaned as lm-evaluation-harness does."""
    return read_benchmark("hellaswag", source, split=split, findings=findings)


def read_truthfulqa(source: Source, *, split: str = "", findings: list[Finding] | None = None) -> list[Item]:
    """TruthfulQA mc1 in the source's order: the target is always first."""
    return read_benchmark("truthfulqa", source, split=split, findings=findings)


def read_sycophancy_eval(
    facet: str, source: Source, *, split: str = "", findings: list[Finding] | None = None
) -> list[Item]:
    """SycophancyEval: `facet` is `answer`, `are_you_sure` or `feedback`."""
    return read_benchmark(f"sycophancy_eval/{facet}", source, split=split, findings=findings)


def read_folder(
    path: str | Path,
    benchmark: str,
    *,
    splits: Collection[str] | None = None,
    findings: list[Finding] | None = None,
) -> dict[str, list[Item]]:
    """Read every split of a public set that a folder holds.

    The folder is the set's own, or holds the set's folder by its name. Files are `SPLIT.jsonl`,
    `SPLIT.parquet` or the hub's `SPLIT-00000-of-00001.parquet`, at the top or where the hub's snapshot has
    them (`all/`, `main/`, `multiple_choice/`, `data/`; MMLU also one folder per subject). SycophancyEval's
    files are named by facet.

    Args:
        path: The folder.
        benchmark: A key of `BENCHMARKS`.
        splits: Read these only; the others stay unread.
        findings: Collects what is worth knowing; without it a warning is logged.

    Returns:
        Split -> items, only for splits that are there: `train`, `test`, `dev`, `validation`.

    Raises:
        MissingError: There is no such folder, or no file of the set (or of a wanted split) in it.
        DataError: Malformed rows, or one split in two formats.
    """
    layout, root = layout_of(benchmark), Path(path)
    if not root.is_dir():
        raise MissingError(f"no such folder: {root}; check the path")
    found = find_files(layout, root)
    if not found:
        names = sorted({f"{stem}.jsonl" for stems in layout.files.values() for stem in stems})
        raise MissingError(
            f"no files of {benchmark} in {root}; looked for {', '.join(names)} (or .parquet, or the hub's "
            f"SPLIT-00000-of-00001.parquet) there, in {layout.folders[0]}/ and in the hub's subfolders"
        )
    if absent := sorted(set(splits or ()) - set(found)):
        raise MissingError(f"{root} has no split '{absent[0]}' of {benchmark}; it has: {', '.join(found)}")
    return {
        split: _parse(layout, _name_of(paths, root), partial(_chain, paths), split, findings)
        for split, paths in found.items()
        if splits is None or split in splits
    }


def file_rows(path: Path, faults: Faults) -> Iterator[Row]:
    """Rows of a local file, by its ending.

    Raises:
        MissingError: There is no such file.
        DataError: It ends in neither .jsonl nor .parquet.
    """
    if not path.exists():
        raise MissingError(f"no such file: {path}; a local file, a folder or a hub id (OWNER/NAME) is needed")
    if path.suffix in (".jsonl", ".ndjson"):
        return jsonl_rows(path, faults)
    if path.suffix == ".parquet":
        return parquet_rows(path)
    raise DataError(f"{path}: files of the public sets end in .jsonl or .parquet; got '{path.suffix}'")


def _chain(paths: list[Path], faults: Faults) -> Iterator[Row]:
    for path in paths:
        yield from file_rows(path, faults)


def _name_of(paths: list[Path], root: Path) -> str:
    return str(paths[0]) if len(paths) == 1 else f"{root} ({len(paths)} files)"


def _parse(
    layout: Layout,
    name: str,
    rows_of: Callable[[Faults], Iterable[Row]],
    split: str,
    findings: list[Finding] | None,
) -> list[Item]:
    """Rows -> items, each id once; all faults at once."""
    faults = Faults(name, f"A row needs the columns {layout.columns}; docs/items.md shows the layouts.")
    side = _side(split)
    placed: list[tuple[str, Item]] = []
    left_out: dict[str, int] = {}
    for row in rows_of(faults):
        try:
            item = layout.parse(present(row.data))
        except ValidationError as error:
            faults.add(row.where, *explain(error))
        except ValueError as error:
            faults.add(row.where, str(error))
        except NotReadError as kind:
            left_out[str(kind)] = left_out.get(str(kind), 0) + 1
        else:
            placed.append((row.where, replace(item, split=side) if side else item))
    faults.raise_any()
    if left_out:
        counts = ", ".join(f"{count} of {kind}" for kind, count in sorted(left_out.items()))
        report(
            Finding("info", "left_out", f"{name}: rows left out, only arguments are read: {counts}"), findings
        )
    if not placed:
        raise DataError(f"{name} holds no items. {faults.hint}")
    return read_once(placed, name, findings)


def _side(split: str) -> Split:
    """Side of the train/test partition. Few-shot and validation splits are on neither."""
    known = ("", "train", "test", "dev", "validation")
    if split not in known:
        raise ConfigError(f"unknown split '{split}'; allowed: {', '.join(known[1:])}")
    return "train" if split == "train" else "test" if split == "test" else ""
