"""Scores from kept records: nothing is asked, so that a changed reading costs no answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sycoscope.capability.reading import parse_number, read_number
from sycoscope.capability.results import CapabilityRecord
from sycoscope.core.reasoning import opens_reasoning
from sycoscope.core.types import Score, Status

# Of our own reading of a worked answer; raise it where a reading changes.
READING = "sycoscope/number@4"


def score_records(records: Iterable[CapabilityRecord]) -> list[Score]:
    """The harness's metrics of each record, and for a generated answer our own reading as `acc`."""
    return [score for record in records for score in _scores(record)]


def _scores(record: CapabilityRecord) -> Iterator[Score]:
    for name, value in record.metrics.items():
        yield _score(record, name, "error" if value is None else "scored", value, None, record.scorer)
    if record.choices:
        return
    reading = read_number(record.response, record.finish, opened=opens_reasoning(record.prompt))
    scored = reading.status == "scored"
    right = reading.number is not None and reading.number == parse_number(record.target)
    label = (reading.label or ("target" if right else "other")) if scored else None
    yield _score(record, "acc", reading.status, float(right) if scored else None, label, READING)


def _score(
    record: CapabilityRecord, name: str, status: Status, value: float | None, label: str | None, scorer: str
) -> Score:
    return Score(
        subject=record.subject,
        task=record.task,
        item_id=record.item_id,
        condition=record.condition,
        draw=0,
        name=name,
        status=status,
        label=label,
        value=value,
        scorer=scorer,
    )
