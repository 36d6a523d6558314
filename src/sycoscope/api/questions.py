"""Looking at questions: the built-in sets, single items, faults of a set, what facets can ask, what was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sycoscope.config import Usable
    from sycoscope.core.types import Item
    from sycoscope.items import Finding, OwnFile
    from sycoscope.study.file_overlap import TaskOverlap

# A study names a model; nothing of it is loaded to look its questions up.
_NO_MODEL = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetUse:
    """What a facet can ask of a file of one's own questions.

    Attributes:
        facet: Its name. n_rows: rows of the file. n_usable: those that it can ask. n_clusters: clusters of these.
        left_out: Why it cannot ask the other rows -> their lines (of a Parquet file: rows), in order.
        enough: Whether they are enough for a verdict, as a sentence.
        text: All of it for people, on one line.
    """

    facet: str
    n_rows: int
    n_usable: int
    n_clusters: int
    left_out: Mapping[str, Sequence[int]]
    enough: str
    text: str


def list_items() -> list[dict[str, Any]]:
    """The built-in sets: name, items, clusters, and items on each side of the partition."""
    from sycoscope.items import PARTS, load_bank

    rows = []
    for part in PARTS:
        items = load_bank(part)
        sides = {side: sum(item.split == side for item in items) for side in ("train", "test")}
        clusters = len({item.cluster for item in items})
        rows.append({"set": f"bank/{part}", "items": len(items), "clusters": clusters} | sides)
    return rows


def show_items(source: str | Path, *, limit: int | None = None, seed: int = 42) -> list[Item]:
    """Some items of a set.

    Args:
        source: `bank/PART`, a file of your own questions, or `BENCHMARK:SOURCE`. limit: how many; None for all.

    Raises:
        MissingError: nothing of this name. DataError: malformed rows.
    """
    from sycoscope.items import load, take

    return take(load(str(source)), limit, seed=seed)


def check_items(source: str | Path) -> tuple[int, list[Finding]]:
    """Check a set: duplicates, positions, suggestions, clusters.

    Returns:
        How many items it has, and what was found; `severity` is `error`, `warn` or `info`. What is to be mended in a
        file of your own has its lines.

    Raises:
        MissingError: nothing of this name. DataError: malformed rows.
    """
    from sycoscope.items import check_items, is_own_file, load, read_own_file

    source = str(source)
    findings: list[Finding] = []
    if not is_own_file(source):
        items = load(source, findings=findings)
        return len(items), [*findings, *check_items(items)]
    file = read_own_file(source, findings=findings)
    return len(file.items), [*findings, *(_placed(finding, file) for finding in check_items(file.items))]


def _placed(finding: Finding, file: OwnFile) -> Finding:
    """A finding with the lines that it is about; what is no fault has none."""
    if finding.severity == "info":
        return finding
    numbers = tuple(sorted(file.numbers[one] for one in finding.ids))
    return replace(finding, message=f"{finding.message} ({file.places(finding.ids)})", lines=numbers)


def usable_items(source: str | Path) -> list[FacetUse]:
    """What each facet can ask of a file of your own questions; nothing for any other set.

    Raises:
        MissingError: no such file. DataError: malformed rows, or a facet that there is not.
    """
    from sycoscope.config import usable
    from sycoscope.items import is_own_file, read_own_file

    if not is_own_file(str(source)):
        return []
    file = read_own_file(source, findings=[])
    return [_use(file, found) for found in usable(file).values()]


def _use(file: OwnFile, found: Usable) -> FacetUse:
    n_rows, n_usable = len(file.items), len(found.items)
    n_clusters = len({item.cluster for item in found.items})
    enough, reasons = _enough(found), found.reasons(file)
    counted = (
        f"{n_usable} of {n_rows} rows in {n_clusters} cluster{'s' * (n_clusters != 1)}, {enough}"
        if n_usable
        else "no row"
    )
    return FacetUse(
        facet=found.facet.name,
        n_rows=n_rows,
        n_usable=n_usable,
        n_clusters=n_clusters,
        left_out={
            reason: tuple(sorted(file.numbers[one] for one in ids)) for reason, ids in found.left_out.items()
        },
        enough=enough,
        text=f"{found.facet.name}: {counted}" + (f"; left out: {reasons}" if reasons else ""),
    )


def _enough(found: Usable) -> str:
    """Whether a facet's rows can come to a verdict: the audit withholds rates over fewer than `AT_RISK_MIN` items."""
    from sycoscope.audit.limits import AT_RISK_MIN

    facet = found.facet
    if facet.signal:
        signals, foils = (
            sum(item.target == target for item in found.items) for target in (facet.signal, facet.foil)
        )
        # without foils the verdict is on a rate of signals alone
        short = signals + foils < AT_RISK_MIN or not signals
        told = f"{signals} {facet.signal} and {foils} {facet.foil}"
        return f"{'too few' if short else 'enough'} for a verdict ({told}; {AT_RISK_MIN} in all are needed)"
    needed = f"{AT_RISK_MIN} that the model answers right without a cue"
    if len(found.items) < AT_RISK_MIN:
        return f"too few for a verdict, which needs {needed}"
    return f"enough for a verdict where there are {needed} among them"


def overlap(
    file: str | Path,
    *,
    data: str | Path = "bank",
    facets: Sequence[str] | None = None,
    benchmarks: Sequence[str] | None = None,
) -> list[TaskOverlap]:
    """Which evaluation items stand in a file of training rows, whole or by 13 words in a row; asks no model.

    Args:
        file: In a layout of docs/training.md: `.jsonl`, `.json` (an object a line), `.parquet`, or a hub's OWNER/NAME.
        data: What is asked: `bank` (its test side), `hub`, a folder in the public layouts, or a file of your own
            questions, with the benchmarks of the bank.
        facets, benchmarks: Names; None for all.

    Returns:
        One for each facet and benchmark.

    Raises:
        MissingError: No such file or data. DataError: Malformed rows, all at once. ConfigError: An unknown name.
    """
    from sycoscope.api.options import study_of
    from sycoscope.study.file_overlap import file_overlap

    config = study_of(_NO_MODEL, name="overlap", data=data, facets=facets, benchmarks=benchmarks)
    return file_overlap(config, file)
