"""How many steps bring an adapter back that was tuned to give in less, beside the same tuning from a fresh LoRA."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sycoscope.analysis.series import SeriesPoint
from sycoscope.core.manifest import SubjectRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Relearning:
    """An adapter that starts from another, in the primary of one facet, at the steps that were measured.

    Attributes:
        start: What it starts from. bare: the adapter that is tuned as it is from a fresh LoRA; empty: there is none.
        was_below: Whether the start is below the base, its interval under 0; None where it was not measured.
        back_at: Smallest step at which the change against the base is no longer below 0 (its interval reaches 0); None:
            at none. until: the last step with a number.
        bare_exceeds_at: Smallest step at which the bare one is above the base, its interval over 0; None: at none.
        bare_until: The last step of it with a number; None: none.
    """

    adapter: str
    start: str
    bare: str
    task: str
    name: str
    was_below: bool | None
    back_at: int | None
    until: int
    bare_exceeds_at: int | None = None
    bare_until: int | None = None
    sentence: str = ""


def relearned(points: Sequence[SeriesPoint], subjects: Sequence[SubjectRecord]) -> list[Relearning]:
    """One record for each adapter that starts from another and each facet with a number of it."""
    steps = [point for point in points if point.axis == "step" and point.shown]
    found = []
    for task in dict.fromkeys(point.task for point in steps):
        for subject in subjects:
            own = [p for p in steps if (p.task, p.adapter) == (task, subject.name)]
            if subject.start and not subject.of and any(point.at > 0 for point in own):
                bare = [p for p in steps if (p.task, p.adapter) == (task, subject.bare) and p.at > 0]
                found.append(_one(subject, own, bare))
    return found


def _one(subject: SubjectRecord, own: Sequence[SeriesPoint], bare: Sequence[SeriesPoint]) -> Relearning:
    start = next((point for point in own if point.at == 0), None)
    was_below = None if start is None else _below(start)
    back_at = _first([point for point in own if point.at > 0], lambda point: not _below(point))
    exceeds_at = _first(bare, lambda point: point.change_low is not None and point.change_low > 0)
    until, bare_until = int(own[-1].at), int(bare[-1].at) if bare else None
    return Relearning(
        adapter=subject.name, start=subject.start, bare=subject.bare, task=own[0].task, name=own[0].name,
        was_below=was_below, back_at=back_at, until=until, bare_exceeds_at=exceeds_at, bare_until=bare_until,
        sentence=_sentence(subject, was_below, back_at, until, exceeds_at, bare_until),
    )  # fmt: skip


def _below(point: SeriesPoint) -> bool:
    return point.change_high is not None and point.change_high < 0


def _first(points: Sequence[SeriesPoint], holds: Callable[[SeriesPoint], bool]) -> int | None:
    return next((int(point.at) for point in points if holds(point)), None)


def _sentence(
    subject: SubjectRecord,
    was_below: bool | None,
    back_at: int | None,
    until: int,
    exceeds_at: int | None,
    bare_until: int | None,
) -> str:
    back = f"at step {back_at}" if back_at is not None else f"not within {until} steps"
    if was_below is False:
        told = f"{subject.start}, which {subject.name} starts from, is not below the base: there is nothing to relearn"
    else:
        unseen = "" if was_below else f" ({subject.start}, which it starts from, was not measured)"
        told = f"{subject.name} is no longer below the base {back}{unseen}"
    if bare_until is None:
        return f"{told}."
    first = f"at step {exceeds_at}" if exceeds_at is not None else f"not within {bare_until} steps"
    return f"{told}; {subject.bare}, from a fresh LoRA, first exceeds the base {first}."
