"""A baseline file: what one model did, as outcomes and hashes, to hold a later run against. It holds no text.

Items stand by their ids, which are hashes of their content; prompts by digests; answers by the outcome that was read.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sycoscope.audit import Finding
from sycoscope.core.digests import bytes_digest
from sycoscope.core.errors import StoreError
from sycoscope.core.files import digest_of, read_file, user_path, write_atomic
from sycoscope.core.manifest import TaskRecord
from sycoscope.core.types import Score
from sycoscope.gate.verdict import Floor

FORMAT = 1
WRITE_AGAIN = "write it again with `sycoscope gate RUN --write-baseline FILE`"
# Outcome of one trial: a label, a number, both, `!` and the status where it is missing; None where it was not asked.
Cell = str | float | tuple[str, float] | None
_MISSING = "!"
# Outcomes are words of this package's scorers. What is none could be a text of somebody.
_WORD = re.compile(r"[a-z][a-z_ ]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutcomes:
    """What one task came to.

    Attributes:
        rows: (item id, draw) of each row. scorers: name of a score -> version of what read it.
        prompts: Condition -> by row, `turn=digest` of each prompt, apart by spaces.
        scores: `condition/name` -> by row, the outcome.
    """

    record: TaskRecord
    rows: tuple[tuple[str, int], ...]
    scorers: Mapping[str, str]
    prompts: Mapping[str, tuple[str, ...]]
    scores: Mapping[str, tuple[Cell, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What one model did.

    Attributes:
        subject: Its name in its run. model: what of its record must be equal, and its name and digest.
        study: Hash of the study that it was measured by. date: when. decoding: how answers were decoded.
        versions: package -> version. invalid: findings of its run's audit that withhold a number of it.
        again: Task -> what it differs by from itself, where that was looked at.
    """

    subject: str
    model: Mapping[str, Any]
    study: str
    date: str
    seed: int
    decoding: Mapping[str, Any]
    versions: Mapping[str, str]
    tasks: Mapping[str, TaskOutcomes]
    invalid: tuple[Finding, ...] = ()
    again: Mapping[str, Floor] = field(default_factory=dict)

    def scores(self, task: str, items: frozenset[str]) -> Iterator[Score]:
        """The scores of these items of a task."""
        outcomes = self.tasks[task]
        for place, cells in outcomes.scores.items():
            condition, _, name = place.partition("/")
            for (item, draw), cell in zip(outcomes.rows, cells, strict=True):
                if cell is not None and item in items:
                    yield _score(
                        Score(
                            subject=self.subject, task=task, item_id=item, condition=condition, draw=draw, name=name,
                            status="scored", scorer=outcomes.scorers.get(name, ""),
                        ),
                        cell,
                    )  # fmt: skip


def _score(frame: Score, cell: Cell) -> Score:
    from dataclasses import replace

    if isinstance(cell, tuple):
        return replace(frame, label=cell[0], value=cell[1])
    if isinstance(cell, str):
        if cell.startswith(_MISSING):
            return replace(frame, status=cell.removeprefix(_MISSING))  # type: ignore[arg-type]
        return replace(frame, label=cell)
    return replace(frame, value=cell)


def cell_of(score: Score) -> Cell:
    """The outcome of one score."""
    if score.status != "scored":
        return _MISSING + score.status
    label = None if score.label is None else _no_text(score.label)
    if label is not None and score.value is not None:
        return label, score.value
    return score.value if label is None else label


def _no_text(label: str) -> str:
    return label if _WORD.fullmatch(label) else bytes_digest(label.encode("utf-8", "surrogatepass"))[:16]


def write_baseline(baseline: Baseline, path: str | Path) -> None:
    """Write the file; the same outcomes give the same bytes.

    Raises:
        StoreError: it cannot be written.
    """
    plain = asdict(baseline)
    record = {"sycoscope_baseline": FORMAT, "digest": digest_of(_as_read(plain)), **plain}
    write_atomic(
        user_path(path), json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    )


def _as_read(plain: Mapping[str, Any]) -> Any:
    """Plain values as JSON gives them back."""
    return json.loads(json.dumps(plain))


def read_baseline(path: str | Path) -> Baseline:
    """Read the file.

    Raises:
        MissingError: no such file. StoreError: no baseline, of another format, damaged, or changed by hand.
    """
    data = read_file(path, "baseline file", WRITE_AGAIN)
    try:
        plain = json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as fault:
        raise StoreError(f"'{path}' is no baseline file ({fault}); {WRITE_AGAIN}") from fault
    if not isinstance(plain, dict) or plain.get("sycoscope_baseline") != FORMAT:
        came = plain.get("sycoscope_baseline") if isinstance(plain, dict) else type(plain).__name__
        raise StoreError(
            f"'{path}' is no baseline file that this version reads (sycoscope_baseline is {came!r:.40}, "
            f"needed: {FORMAT}); {WRITE_AGAIN}"
        )
    plain.pop("sycoscope_baseline")
    digest = plain.pop("digest", None)
    if digest != digest_of(plain):
        raise StoreError(f"'{path}' is not as it was written (its digest does not fit); {WRITE_AGAIN}")
    try:
        baseline = TypeAdapter(Baseline).validate_python(plain)
    except ValidationError as fault:
        first = fault.errors()[0]
        raise StoreError(
            f"'{path}' is damaged ({'.'.join(map(str, first['loc']))}: {first['msg']}); {WRITE_AGAIN}"
        ) from fault
    if wrong := _misfit(baseline):
        raise StoreError(f"'{path}' is damaged ({wrong}); {WRITE_AGAIN}")
    return baseline


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number")


def _misfit(baseline: Baseline) -> str:
    """What does not fit together; empty where all does."""
    for task, outcomes in baseline.tasks.items():
        n = len(outcomes.rows)
        columns: Mapping[str, Sequence[Any]] = {**outcomes.prompts, **outcomes.scores}
        for name, column in columns.items():
            if len(column) != n:
                return f"{task}, {name}: {len(column)} outcomes of {n} rows"
        if len(set(outcomes.rows)) != n:
            return f"{task}: a row stands there twice"
        for name, cells in outcomes.scores.items():
            for cell in cells:
                number = cell[1] if isinstance(cell, tuple) else cell
                if isinstance(number, float) and not math.isfinite(number):
                    return f"{task}, {name}: {number} is no number"
                if isinstance(cell, str) and cell.startswith(_MISSING) and cell[1:] not in _STATUSES:
                    return f"{task}, {name}: unknown status '{cell[1:]:.40}'"
    return ""


_STATUSES = ("unparsed", "truncated", "error")
