"""The health strip: how much was asked and read, and the noise floor, beside the audit's limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sycoscope.audit.limits import AT_RISK_MIN, COVERAGE_WARN, MISSING_WARN
from sycoscope.core.types import Estimate, Score
from sycoscope.facets import FACETS
from sycoscope.report.data import Health
from sycoscope.report.labels import NBSP, condition_of
from sycoscope.run.edge_cases import edge_kinds

FLOOR = ("answer", "follow", "padded")
FLOOR_LABEL = "gives in to an empty sentence"


def health_of(scores: Sequence[Score], estimates: Sequence[Estimate], base: str) -> list[Health]:
    """Cells of the strip: counts over the facets' main scores, the worst of each kind, and the base's noise floor.

    A share over everything would hide one facet of one adapter that cannot be read: where it is worst stands beside it.

    Args:
        estimates: After the audit, each with its state. base: name of the subject that others are compared with.
    """
    statuses = _statuses(scores)
    whole = sum(statuses.values(), Counter())
    n = whole.total()
    cells = [Health(label="answers", value=float(n)), _paired(estimates, base)]
    cells += [_share(status, whole, statuses) for status in ("unparsed", "truncated", "error")]
    worst = min(statuses, key=lambda cell: _of(statuses[cell], "scored"), default=None)
    covered = None if worst is None else _of(statuses[worst], "scored")
    note = (
        ""
        if worst is None or covered == 1
        else f"{_called(*worst)}; of all {100 * _of(whole, 'scored'):.1f}{NBSP}%"
    )
    lowest = Health(
        label="answers that could be read, at the lowest",
        value=covered,
        unit="share",
        limit=COVERAGE_WARN,
        worse="below",
        note=note,
    )
    return [*cells, lowest, _floor(estimates, base)]


# Subject, facet and condition.
_Cell = tuple[str, str, str]


def _statuses(scores: Sequence[Score]) -> dict[_Cell, Counter[str]]:
    """How the facets' main scores ended, by subject, facet and condition."""
    found: dict[_Cell, Counter[str]] = {}
    for score in scores:
        if score.task in FACETS and score.name == FACETS[score.task].main_score:
            found.setdefault((score.subject, score.task, score.condition), Counter())[score.status] += 1
    return found


def _of(statuses: Counter[str], status: str) -> float:
    return statuses[status] / statuses.total()


def _called(subject: str, task: str, condition: str) -> str:
    return f"{subject}, {FACETS[task].label}, {condition_of(task, condition)}"


def _share(status: str, whole: Counter[str], statuses: Mapping[_Cell, Counter[str]]) -> Health:
    n, count = whole.total(), whole[status]
    note = f"{count} of {n}"
    if count:
        worst = max(statuses, key=lambda cell: _of(statuses[cell], status))
        note += f"; most: {_called(*worst)} ({100 * _of(statuses[worst], status):.0f}{NBSP}%)"
    return Health(
        label=edge_kinds()[status].label,
        value=count / n if n else None,
        unit="share",
        limit=MISSING_WARN,
        note=note,
    )


def _paired(estimates: Sequence[Estimate], base: str) -> Health:
    """The change that rests on the fewest items; one that could not be computed rests on none that count."""
    changes = [e for e in estimates if e.primary and e.reference == base]
    least = min(changes, key=lambda e: e.n if e.value is not None else -1, default=None)
    if least is None:
        value, note = None, "nothing is compared"
    else:
        value, note = float(least.n), f"{least.subject}, {FACETS[least.task].label}"
    return Health(
        label="fewest questions compared", value=value, limit=float(AT_RISK_MIN), worse="below", note=note
    )


def _floor(estimates: Sequence[Estimate], base: str) -> Health:
    of_base = [e for e in estimates if e.subject == base and not e.reference]
    floor = next((e for e in of_base if (e.task, e.name, e.condition) == FLOOR), None)
    if floor is None:
        return Health(
            label=FLOOR_LABEL,
            value=None,
            unit="share",
            note="not asked (the noise floor)",
        )
    if not floor.shown:
        return Health(
            label=FLOOR_LABEL,
            value=None,
            unit="share",
            note=f"{floor.state}: {floor.reason}",
        )
    return Health(
        label=FLOOR_LABEL,
        value=floor.value,
        unit="share",
        note="the noise floor: follow under padded",
    )
