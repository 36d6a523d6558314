"""What a tune should keep, beside its margin, and what is left without touched items: as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sycoscope.analysis import NonInferiority
from sycoscope.analysis.clean import CleanChange
from sycoscope.core.types import Estimate
from sycoscope.report import labels
from sycoscope.report.tables import MAX_ROWS, Block, Line, line
from sycoscope.report.view import View

# Answer -> its mark and the class of its colour.
MARKS: Mapping[str, tuple[str, str]] = {
    "worse": ("✕", "invalid"),
    "not shown": ("○", "not_run"),
    "not worse": ("✓", "ok"),
}
# More rows than this are folded.
OPEN_ROWS = 12


@dataclass(frozen=True, slots=True)
class KeptLine:
    """One change held against its margin, as text.

    `reason` stands in the place of a number that there is not, `needed` in the last column.
    """

    subject: str
    what: str
    value: str
    limits: str
    n: str
    answer: str
    glyph: str
    css: str
    needed: str
    reason: str


@dataclass(frozen=True, slots=True)
class KeptTable:
    """All of them, those that are worse first. tally: (answer, mark, class, how many)."""

    margin: str
    lines: Sequence[KeptLine]
    tally: Sequence[tuple[str, str, str, int]]
    open: bool


def kept(view: View) -> KeptTable | None:
    """What is held against a margin; None where nothing is."""
    rows = view.data.non_inferiority
    if not rows:
        return None
    order = list(MARKS)
    ranked = sorted(rows, key=lambda one: order.index(one.answer))
    tally = [(word, *MARKS[word], sum(one.answer == word for one in rows)) for word in order]
    margin = f"{rows[0].margin * 100:g}{labels.NBSP}points"
    return KeptTable(margin, [_kept(one, view) for one in ranked], tally, len(rows) <= OPEN_ROWS)


def _kept(one: NonInferiority, view: View) -> KeptLine:
    change = Estimate(
        subject=one.subject, reference=one.reference, task=one.task, name=one.name, condition=one.condition,
        value=one.value, low=one.low, high=one.high,
    )  # fmt: skip
    # of a benchmark the form stands in the other tables; a facet's rate is one of several
    facet = view.task(one.task).kind == "facet"
    condition = f", {labels.condition_of(one.task, one.condition)}" if facet and one.condition else ""
    less = "; less is better" if one.lower else ""
    return KeptLine(
        subject=view.label(one.subject),
        what=f"{view.task_label(one.task)}: {labels.name_of(one.name).label}{condition}{less}",
        value=labels.value_text(change),
        limits=labels.interval_text(change),
        n=labels.count(one.n),
        answer=one.answer,
        glyph=MARKS[one.answer][0],
        css=MARKS[one.answer][1],
        needed=_needed(one),
        reason=one.reason,
    )


def _needed(one: NonInferiority) -> str:
    if one.reason or one.answer != "not shown":
        return ""
    return f"about {labels.count(one.needed)} items" if one.needed else "no number, if the change is as seen"


# --- with and without the items that training rows touch ---


def clean_block(view: View) -> list[Block]:
    """A table with two lines for each adapter and task; none where no row touches an item."""
    changes = view.data.clean
    lines = [text for one in changes for text in _pair(one, view)]
    caption = "With and without the items that training rows touch"
    return [Block("clean", caption, "clean", lines[:MAX_ROWS], len(lines))] if lines else []


def _pair(one: CleanChange, view: View) -> list[Line]:
    both = (("all items", one.over_all, one.word_all), ("untouched items", one.over_clean, one.word_clean))
    lines = []
    for which, estimate, word in both:
        text = line(estimate, view)
        remark = "; ".join(filter(None, (word if estimate.shown else "", text.remark)))
        lines.append(replace(text, condition=which, remark=remark))
    return lines


def differing(view: View) -> list[str]:
    """A sentence for each adapter and task where the two say different things."""
    return [
        f"{view.label(one.subject)}, {view.task_label(one.task)}: {one.n_touched} of {one.n_items} items stand in its "
        f"training rows. Over the others {_said(one.over_clean, one.word_clean)}; over all "
        f"{_said(one.over_all, one.word_all)}."
        for one in view.data.clean
        if one.differs
    ]


def _said(change: Estimate, word: str) -> str:
    if not change.shown:
        return f"no number ({change.reason})"
    number = f"{labels.value_text(change)} ({labels.interval_text(change)}), n {labels.count(change.n)}"
    return f"{word}, {number}" if word else number
