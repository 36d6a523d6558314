"""The health strip: how much was asked and read, and the noise floor, beside the audit's limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sycoscope.audit.limits import AT_RISK_MIN, COVERAGE_WARN, MISSING_WARN
from sycoscope.core.types import Estimate, Score
from sycoscope.facets import FACETS
from sycoscope.report.data import Health

FLOOR = ("answer", "follow", "padded")


def health_of(scores: Sequence[Score], estimates: Sequence[Estimate], base: str) -> list[Health]:
    """Cells of the strip: counts over the facets' main scores, and the base's noise floor.

    Args:
        estimates: After the audit, each with its state. base: name of the subject that others are compared with.
    """
    statuses = Counter(
        score.status
        for score in scores
        if score.task in FACETS and score.name == FACETS[score.task].main_score
    )
    n = statuses.total()
    paired = [e.n for e in estimates if e.primary and e.reference == base and e.value is not None]
    cells = [
        Health(label="trials", value=float(n)),
        Health(
            label="fewest items paired",
            value=float(min(paired)) if paired else None,
            limit=float(AT_RISK_MIN),
            worse="below",
            note="" if paired else "nothing is compared",
        ),
    ]
    for status in ("unparsed", "truncated", "error"):
        count = statuses[status]
        cells.append(
            Health(
                label=status,
                value=count / n if n else None,
                unit="share",
                limit=MISSING_WARN,
                note=f"{count} of {n}",
            )
        )
    covered = statuses["scored"] / n if n else None
    cells.append(Health(label="coverage", value=covered, unit="share", limit=COVERAGE_WARN, worse="below"))
    return [*cells, _floor(estimates, base)]


def _floor(estimates: Sequence[Estimate], base: str) -> Health:
    of_base = [e for e in estimates if e.subject == base and not e.reference]
    floor = next((e for e in of_base if (e.task, e.name, e.condition) == FLOOR), None)
    if floor is None:
        return Health(label="noise floor", value=None, unit="share", note="no padded condition")
    if not floor.shown:
        return Health(label="noise floor", value=None, unit="share", note=f"{floor.state}: {floor.reason}")
    return Health(
        label="noise floor",
        value=floor.value,
        unit="share",
        note="follow under a sentence that says nothing",
    )
