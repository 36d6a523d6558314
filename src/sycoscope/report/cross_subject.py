"""Shown across adapters: published findings, associations, rankings, breakdowns. Text only: no number is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sycoscope.analysis import Association, Breakdown, Rank
from sycoscope.audit.limits import AT_RISK_MIN
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.facets.spec import Facet
from sycoscope.published.evidence import Evidence
from sycoscope.published.findings import RunFinding
from sycoscope.report import labels, trials
from sycoscope.report.view import View

CLAIM_GLYPHS = {"replicated": "=", "opposite": "≠", "inconclusive": "?"}
GROUPED_BY = {"subject": "subject", "field": "field", "category": "category", "fallacy": "fallacy",
              "difficulty": "difficulty"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One number of a finding, as text."""

    subject: str
    measure: str
    against: str
    value: str
    interval: str
    n: str
    coverage: str
    p: str
    reading: str


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A finding of the published study with the numbers of this run beside it."""

    claim: RunFinding
    glyph: str
    lines: Sequence[EvidenceLine]


@dataclass(frozen=True, slots=True)
class RankView:
    """One adapter in the ranking: its two sides, and one cell per weighting."""

    subject: str
    capability: str
    independence: str
    cells: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RankTable:
    """The ranking under all weightings; `note` says what each side is made of."""

    weightings: Sequence[str]
    rows: Sequence[RankView]
    note: str


@dataclass(frozen=True, slots=True)
class GroupCell:
    """One rate of one group and subject; `few` where fewer trials or pairs stand behind it than the audit asks for.

    Attributes:
        small: What stands below it, line by line: the interval, n.
    """

    value: str
    small: Sequence[str]
    few: bool


@dataclass(frozen=True, slots=True)
class GroupTable:
    """One rate by one key of the items: groups down, subjects across, each with the id of where its trials are."""

    key: str
    caption: str
    by: str
    subjects: Sequence[tuple[str, str]]
    rows: Sequence[tuple[str, Sequence[GroupCell]]]


def claims(view: View) -> list[ClaimView]:
    """The findings, in their order."""
    return [
        ClaimView(claim, CLAIM_GLYPHS.get(claim.verdict, ""), [_line(e, view) for e in claim.evidence])
        for claim in view.data.claims
    ]


def _line(e: Evidence, view: View) -> EvidenceLine:
    number = Estimate(
        subject=e.subject, reference=e.reference, task=e.task, name=e.name, unit=e.unit, value=e.value, low=e.low,
        high=e.high,
    )  # fmt: skip
    if e.unit == "r":
        label = f"{view.task_label(e.task)} with {view.task_label(e.name)}"
        subject = "across adapters"
    else:
        task = view.task_label(e.task) if e.task in view.task_names else e.task.capitalize()
        label = f"{task}: {labels.name_of(e.name).label}" if e.name else task
        subject = view.label(e.subject)
    reading = e.why.replace("_", " ").replace("withheld, ", "withheld by the audit: ") or {
        "up": "counts: up",
        "down": "counts: down",
    }.get(e.way or "", "")
    return EvidenceLine(
        subject=subject,
        measure=label,
        against=e.reference or labels.DASH,
        value=labels.value_text(number) if e.unit != "r" else _r(e.value),
        interval=labels.interval_text(number) if e.unit != "r" else _r_interval(e.low, e.high),
        n=labels.count(e.n),
        coverage=labels.DASH if e.coverage is None else labels.percent(e.coverage),
        p=labels.p_text(e.p) if e.value is not None else labels.DASH,
        reading=reading,
    )


def _r(value: float | None) -> str:
    return labels.DASH if value is None else f"r {labels.decimal(value, 2, True)}"


def _r_interval(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return labels.DASH
    return f"{labels.decimal(low, 2, True)} to {labels.decimal(high, 2, True)}"


def associations(view: View) -> list[dict[str, str]]:
    """One row per benchmark and facet."""
    return [_association(one, view) for one in view.data.associations]


def _association(one: Association, view: View) -> dict[str, str]:
    return {
        "benchmark": view.task_label(one.benchmark),
        "facet": f"{view.task_label(one.task)}: {labels.name_of(one.name).label}",
        "r": _r(one.r).removeprefix("r "),
        "interval": _r_interval(one.low, one.high),
        "n": labels.count(one.n),
        "p": labels.p_text(one.p_value),
        "bh": labels.p_text(one.p_adjusted),
        "how": one.p_method or labels.DASH,
        "reading": one.note or ("" if one.descriptive else "10 adapters or more"),
    }


def ranking(view: View) -> RankTable | None:
    """Adapters down, weightings across; None where nothing was ranked."""
    ranks = view.data.rankings
    if not ranks:
        return None
    weightings = list(dict.fromkeys(one.weighting for one in ranks))
    by_place = {(one.weighting, one.subject): one for one in ranks}
    subjects = list(dict.fromkeys(one.subject for one in ranks))
    first = weightings[0]
    subjects.sort(key=lambda name: by_place[first, name].rank)
    rows = []
    for subject in subjects:
        rank = next(one for one in ranks if one.subject == subject)
        cells = [_cell(by_place.get((weighting, subject))) for weighting in weightings]
        rows.append(RankView(view.label(subject), _share(rank.capability), _share(rank.independence), cells))
    return RankTable(weightings, rows, _named(ranks[0].note, view))


def _named(note: str, view: View) -> str:
    """The note with the tasks called as elsewhere on the page."""
    for name in sorted(view.task_names, key=len, reverse=True):
        note = note.replace(name, view.task_label(name))
    return note


def _cell(rank: Rank | None) -> tuple[str, str]:
    if rank is None:
        return labels.DASH, ""
    ends = f"{_place(rank.low)} to {_place(rank.high)}"
    return _place(rank.rank), f"95{labels.NBSP}% {ends} · first {labels.percent(rank.best, 0)}"


def _place(rank: float) -> str:
    return labels.decimal(rank, 0 if float(rank).is_integer() else 1)


def _share(value: float | None) -> str:
    return labels.DASH if value is None else labels.percent(value)


def breakdowns(view: View) -> list[GroupTable]:
    """Levels by group, one table per rate and key; what the audit withholds has a dash."""
    levels = [one for one in view.data.breakdowns if not one.estimate.reference]
    tables: dict[tuple[str, str, str, str], list[Breakdown]] = {}
    for one in levels:
        e = one.estimate
        tables.setdefault((e.task, e.name, e.condition, one.by), []).append(one)
    return [_groups(key, i, rows, view) for i, (key, rows) in enumerate(tables.items())]


def _groups(key: tuple[str, str, str, str], index: int, rows: Sequence[Breakdown], view: View) -> GroupTable:
    task, name, condition, by = key
    subjects = [s.name for s in view.subjects if any(one.estimate.subject == s.name for one in rows)]
    estimates = {(one.group, one.estimate.subject): one.estimate for one in rows}
    condition = f", {labels.condition_of(task, condition)}" if condition else ""
    return GroupTable(
        key=f"g-{index}",
        caption=f"{view.task_label(task)}: {labels.name_of(name).label}{condition}, by {GROUPED_BY.get(by, by)}",
        by=GROUPED_BY.get(by, by),
        subjects=[(view.short(s), trials.behind(view, task, s)) for s in subjects],
        rows=[
            (labels.clean(group).replace("_", " "), [_group_cell(estimates.get((group, s))) for s in subjects])
            for group in dict.fromkeys(one.group for one in rows)
        ],
    )  # fmt: skip


def channels(view: View) -> GroupTable | None:
    """The answer given beside the likeliest option, subjects across; None where only one channel was read."""
    for facet in FACETS.values():
        table = _channels(view, facet) if facet.channels is not None else None
        if table is not None:
            return table
    return None


def _channels(view: View, facet: Facet) -> GroupTable | None:
    rates = facet.channels.rates if facet.channels is not None else ()
    levels = {
        (e.name, e.condition, e.subject): e
        for e in view.levels("facet")
        if e.task == facet.name and (e.name, e.condition) in rates
    }
    names = {name for name, _, _ in levels}
    if "channel_disagreement" not in names:
        return None
    subjects = [s.name for s in view.subjects if any(subject == s.name for _, _, subject in levels)]
    return GroupTable(
        key="channels",
        caption="The answer given beside the likeliest option, and how far they agree",
        by="rate",
        subjects=[(view.short(s), trials.behind(view, facet.name, s)) for s in subjects],
        rows=[
            (
                f"{labels.name_of(name).label}, {condition.replace('_', ' ')}",
                [_group_cell(levels.get((name, condition, s))) for s in subjects],
            )
            for name, condition in rates
            if name in names
        ],
    )


def _group_cell(estimate: Estimate | None) -> GroupCell:
    if estimate is None:
        return GroupCell(labels.DASH, (), True)
    if not estimate.shown or estimate.value is None:
        return GroupCell(labels.DASH, ("withheld" if estimate.state == "withheld" else "no trial",), True)
    ends = [_whole(estimate, end) for end in (estimate.low, estimate.high) if end is not None]
    small = tuple(filter(None, (" to ".join(ends), f"n {labels.count(estimate.n)}")))
    return GroupCell(_whole(estimate, estimate.value, sign="%"), small, estimate.n < AT_RISK_MIN)


def _whole(estimate: Estimate, value: float, sign: str = "") -> str:
    """Whole per cent: few trials stand behind a group, and nine subjects must fit beside each other."""
    if estimate.unit != "proportion":
        return labels.decimal(value, 2)
    if labels.is_difference(estimate):
        return labels.decimal(100 * value, 0, True)
    return labels.percent(value, 0) if sign else labels.decimal(100 * value, 0)
