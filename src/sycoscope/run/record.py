"""What a run's two JSON files hold, as types: the manifest (what was asked) and the summary (what was found).

Both carry the number of their layout. A file of a layout that is not read is refused and never guessed at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from sycoscope.analysis import (
    Association,
    NonInferiority,
    Rank,
    Relearning,
    Roles,
    SeriesPoint,
    Trend,
    Verdict,
)
from sycoscope.analysis.clean import CleanChange
from sycoscope.analysis.flips import Flip
from sycoscope.audit import Finding
from sycoscope.core.errors import StoreError
from sycoscope.core.manifest import ORGANISMS, Manifest
from sycoscope.published.findings import RunFinding

LAYOUT = 3
# Layout 2 is the same without `digests.json`: it is read, and what computes its results again gives it digests.
UNSEALED = 2
RUN_AGAIN = "run the study again"
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What was found: every result of a run beside its tables.

    Attributes:
        findings: Of the audit, in the order of its checks.
        claims: The published study's findings on this run.
        letter_prior: As `prior_rows` gives it.
        non_inferiority, clean: Empty of a run that was analysed before these were asked.
        series, trends, relearning: Of adapters over their scale and their steps.
    """

    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    claims: tuple[RunFinding, ...]
    associations: tuple[Association, ...]
    rankings: tuple[Rank, ...]
    flips: tuple[Flip, ...]
    letter_prior: tuple[Mapping[str, Any], ...]
    non_inferiority: tuple[NonInferiority, ...] = ()
    clean: tuple[CleanChange, ...] = ()
    series: tuple[SeriesPoint, ...] = ()
    trends: tuple[Trend, ...] = ()
    relearning: tuple[Relearning, ...] = ()


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file.

    Raises:
        StoreError: damaged, or of another layout; without a base, which everything else is compared with.
    """
    manifest = _read(path, Manifest, RUN_AGAIN)
    if not any(subject.kind == "base" for subject in manifest.subjects):
        kinds = ", ".join(f"{subject.name}: {subject.kind}" for subject in manifest.subjects) or "none at all"
        raise StoreError(
            f"'{path}' is damaged (no subject of kind 'base' among its subjects, {kinds}); {RUN_AGAIN}"
        )
    return manifest


def read_summary(path: Path) -> Summary:
    """The summary in a file.

    Raises:
        StoreError: not there, damaged, or of another layout.
    """
    step = rejudge(path.parent)
    if not path.is_file():
        raise StoreError(
            f"'{path.parent}' has no summary.json: the run was not finished; run it again to go on, or {step}"
        )
    return _read(path, Summary, step)


def rejudge(run: Path) -> str:
    """The next step where a file that is derived from a run's tables is missing or damaged."""
    return f"`sycoscope report {run} --rejudge` computes it again from the tables"


def record_bytes(record: Manifest | Summary) -> bytes:
    """A record as its file holds it, with the number of the layout; what a run does not have is left out."""
    plain = {key: value for key, value in asdict(record).items() if value is not None}
    text = json.dumps(
        {"layout": LAYOUT} | plain, indent=1, ensure_ascii=False, allow_nan=isinstance(record, Manifest)
    )
    return text.encode() + b"\n"


def layout_of(path: Path) -> int:
    """The number of the layout of a manifest or a summary; 0 where there is none that can be read."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return int(plain["layout"])
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return 0


def _read(path: Path, kind: type[Record], step: str) -> Record:
    try:
        text = path.read_text(encoding="utf-8")
        # a trainer's loss may be no number; what was found is one, or None
        plain = json.loads(text) if kind is Manifest else json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as fault:
        raise StoreError(f"'{path}' is damaged ({fault}); {step}") from fault
    if not isinstance(plain, dict):
        raise StoreError(f"'{path}' is damaged (no mapping); {step}")
    layout = plain.pop("layout", None)
    if layout not in (UNSEALED, LAYOUT):
        raise StoreError(
            f"'{path}' has layout {layout}, this version reads layout {LAYOUT}; {step}, "
            "or use the version of sycoscope that wrote it"
        )
    try:
        return TypeAdapter(kind).validate_python(plain)
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise StoreError(f"'{path}' is damaged ({where}: {first['msg']}); {step}") from fault


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number")


def roles_of(manifest: Manifest) -> Roles:
    """Which subject plays which part."""
    subjects = manifest.subjects
    names = {subject.name for subject in subjects}
    points = {subject.name: subject.of for subject in subjects if subject.of in names}
    placebos, shams, again = (
        [one.name for one in subjects if one.kind == kind and not {one.repeat_of, one.of} & names]
        for kind in ("placebo", "sham", "again")
    )
    return Roles(
        base=next(subject.name for subject in subjects if subject.kind == "base"),
        adapters=tuple(subject.name for subject in subjects if subject.kind != "base"),
        placebo=next(iter(placebos), ""),
        sham=next(iter(shams), ""),
        more_controls=(*placebos[1:], *shams[1:], *again),
        planted={
            subject.name: subject.kind
            for subject in subjects
            if subject.kind in ORGANISMS and subject.name not in points
        },
        repeats={subject.name: subject.repeat_of for subject in subjects if subject.repeat_of in names},
        points=points,
        earlier={subject.name: subject.earlier for subject in subjects if subject.earlier in names},
    )
