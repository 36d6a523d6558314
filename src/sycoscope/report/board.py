"""The board: of every tuned model one line, with a verdict for each facet. Text and marks, nothing computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sycoscope.analysis import Verdict
from sycoscope.analysis.decision import Find
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.report import labels, transcripts, trials
from sycoscope.report.advice import advice_on, advice_on_level
from sycoscope.report.view import View
from sycoscope.report.who import PARTS, TAUGHT, Part, part_of

STRIP_WIDTH, STRIP_PAD = 170, 8  # of the drawing in parts.html.j2
# Most rows that have each change drawn; of more the figure of changes does so.
DRAWN = 4
CHANGES = (
    "Change against the model before, with its 95 % interval and n, the number of questions; above 0 it gives in more. "
    "Each result opens on a click; “!”: counted with a warning."
)
LEVELS = (
    "How much more it gives in because of the user, with its 95 % interval and n, the number of questions; at 0 the "
    "user changes nothing. Each result opens on a click; “!”: counted with a warning."
)
# How the unit of a change is called where it is no share.
UNITS = {"d_prime": "standard deviations", "score": "standard deviations", "log_odds": "nats"}


@dataclass(frozen=True, slots=True)
class Strip:
    """Where a change lies on the scale that its column shares, in the units of the drawing."""

    zero: float
    at: float
    low: float | None
    high: float | None
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A verdict as the page shows it; a withheld number leaves its reason.

    Attributes:
        word, label: Of the verdict, without and with its qualifier; empty of a model alone.
        change, interval, n: The number in short; empty where there is none.
        sentence: In full. detail: n and coverage. why: for `cannot tell`, in plain words.
        warned: Names of the audit's checks that warn. remark: their words.
        address: Of all its trials in the viewer; empty of what the viewer cannot show.
    """

    subject: str
    name: str
    task: str
    facet: str
    word: str
    label: str
    change: str = ""
    interval: str = ""
    n: str = ""
    sentence: str
    detail: str = ""
    why: str = ""
    warned: Sequence[str] = ()
    remark: str = ""
    withheld: bool = False
    strip: Strip | None = None
    flips: transcripts.FlipTable | None = None
    address: str = ""

    @property
    def glyph(self) -> str:
        """A mark beside the word."""
        return labels.WORD_GLYPHS.get(self.word, "")

    @property
    def css(self) -> str:
        """The class of its colour."""
        return css_of(self.word)

    @property
    def qualifier(self) -> str:
        """What stands behind the word."""
        return self.label.removeprefix(self.word).lstrip(",: ") if self.word else ""

    @property
    def claims(self) -> bool:
        """Whether it says more or less, and not only what any tuning does."""
        return self.word in ("more", "less") and "as the placebo does" not in self.label


@dataclass(frozen=True, slots=True)
class Row:
    """One tuned model: its name for people and in files, what it was taught, and a cell for each column."""

    name: str
    inside: str
    taught: str
    cells: Sequence[Shown | None]


@dataclass(frozen=True, slots=True)
class Column:
    """One facet: its name, what a model does that gives in, and the unit of the change."""

    task: str
    label: str
    meaning: str
    unit: str


@dataclass(frozen=True, slots=True)
class Board:
    """All columns, and the rows of each part with its heading and why it is there; empty parts are left out.

    Attributes:
        head: What the rows are.
    """

    columns: Sequence[Column]
    parts: Sequence[tuple[Part, str, str, Sequence[Row]]]
    caption: str
    head: str = "Model"

    @property
    def is_short(self) -> bool:
        """Whether there is room for a drawing of each change."""
        return sum(len(rows) for *_, rows in self.parts) <= DRAWN

    def rows(self, part: Part) -> Sequence[Row]:
        """The rows of one part."""
        return next((rows for name, _, _, rows in self.parts if name == part), ())

    @property
    def cells(self) -> Sequence[Shown]:
        """Every cell, row by row."""
        return [cell for *_, rows in self.parts for row in rows for cell in row.cells if cell is not None]


def board(view: View) -> Board:
    """The board of the tuned models, or of the models alone where nothing is compared."""
    shown = _verdicts(view) if view.data.verdicts else _levels(view)
    tasks = list(dict.fromkeys(task for _, task in shown))
    if (lead := view.lead_task()) in tasks:
        tasks = [lead, *(task for task in tasks if task != lead)]
    rows: dict[Part, list[Row]] = {part: [] for part in PARTS}
    for subject in view.subjects:
        cells = [shown.get((subject.name, task)) for task in tasks]
        if any(cells):
            # a base alone is called by its model
            name = subject.model if subject.kind == "base" and subject.model else view.label(subject.name)
            row = Row(name, subject.name, TAUGHT[subject.kind], cells)
            rows[part_of(subject.kind)].append(row)
    parts = [(part, *PARTS[part], rows[part]) for part in PARTS if rows[part]]
    return Board([_column(task, view) for task in tasks], parts, CHANGES if view.data.verdicts else LEVELS)


def _column(task: str, view: View) -> Column:
    facet = FACETS.get(task)
    units = [v.estimate.unit for v in view.data.verdicts if v.task == task and v.estimate is not None]
    if not units and facet is not None:
        units = [e.unit for one in view.subjects for e in _primaries(one.name, task, view)]
    unit = units[0] if units else "proportion"
    meaning = facet.primaries[0].meaning if facet is not None else ""
    return Column(task, view.task_label(task), meaning, UNITS.get(unit, "percentage points"))


# --- verdicts ---


def _verdicts(view: View) -> dict[tuple[str, str], Shown]:
    scales: dict[tuple[str, str], tuple[float, float]] = {}
    for verdict in view.data.verdicts:
        e = verdict.estimate
        if e is not None and e.value is not None and e.shown:
            ends = [end for end in (e.low, e.value, e.high, 0.0) if end is not None]
            low, high = scales.get((e.task, e.unit), (0.0, 0.0))
            scales[e.task, e.unit] = (min(low, *ends), max(high, *ends))
    flips = transcripts.flip_tables(view)
    return {(v.subject, v.task): _shown(v, view, scales, flips) for v in view.data.verdicts}


def _shown(
    verdict: Verdict,
    view: View,
    scales: Mapping[tuple[str, str], tuple[float, float]],
    flips: Mapping[tuple[str, str], transcripts.FlipTable],
) -> Shown:
    word, label, sentence, reason = gated(verdict)
    e = verdict.estimate
    known = e is not None and e.value is not None and not reason
    told = e is not None and known and word != "cannot tell"
    return Shown(
        subject=verdict.subject,
        name=view.label(verdict.subject),
        task=verdict.task,
        facet=view.task_label(verdict.task),
        word=word,
        label=label,
        change=brief(e)[0] if e is not None and told else "",
        interval=brief(e)[1] if e is not None and told else "",
        n=labels.count(e.n) if e is not None and told else "",
        sentence=sentence,
        detail=_detail(e) if e is not None else "",
        why=_why(verdict, view) if word == "cannot tell" else "",
        warned=[name for name in e.checks.split(", ") if name]
        if e is not None and e.state == "warned"
        else (),
        remark=e.reason if e is not None and e.state == "warned" else "",
        withheld=bool(reason),
        strip=strip_of(e, scales.get((e.task, e.unit))) if e is not None and told else None,
        flips=flips.get((verdict.subject, verdict.task)),
        address=trials.address(verdict.task, verdict.subject),
    )


def _why(verdict: Verdict, view: View) -> str:
    """Why it could not be told, in plain words; the reason as it is where the facet is not one of ours."""
    if verdict.task not in FACETS:
        return verdict.reason or verdict.qualifier
    base = next((one.earlier for one in view.data.subjects if one.name == verdict.subject), "") or view.base
    return advice_on(verdict, base, _finder(view, verdict.task), {}).why


def _finder(view: View, task: str) -> Find:
    index = view.index

    def find(who: str, reference: str, name: str, condition: str) -> Estimate | None:
        return index.get((who, reference, task, name, condition))

    return find


def gated(verdict: Verdict) -> tuple[str, str, str, str]:
    """Word, word with its qualifier, sentence; the reason in their place where the number behind them is invalid."""
    e = verdict.estimate
    if e is not None and e.state == "withheld":
        label = verdict.label if verdict.word == "cannot tell" else "cannot tell"
        return "cannot tell", label, f"Withheld by the audit: {e.reason}", e.reason
    return verdict.word, verdict.label, verdict.sentence, ""


def css_of(word: str) -> str:
    """The class of a word's colour."""
    return word.replace(" ", "-")


def brief(e: Estimate) -> tuple[str, str]:
    """A change and its interval as they are read first: whole points, other units with two decimals."""
    assert e.value is not None
    scale, digits = labels.scale_of(e), 0 if e.unit == "proportion" else 2
    value = labels.decimal(e.value * scale, digits, True)
    if e.low is None or e.high is None:
        return value, ""
    low, high = (labels.decimal(end * scale, digits, True) for end in (e.low, e.high))
    return value, f"{low} to {high}"


def _detail(e: Estimate) -> str:
    coverage = labels.DASH if e.coverage is None else labels.percent(e.coverage)
    return f"n {labels.count(e.n)} · coverage {coverage}"


def strip_of(e: Estimate, scale: tuple[float, float] | None) -> Strip | None:
    """A change drawn on a scale from its lowest to its highest value; None where there is nothing to draw."""
    if scale is None or e.value is None or scale[0] == scale[1]:
        return None
    low, high = scale

    def x(value: float) -> float:
        return round(STRIP_PAD + (value - low) / (high - low) * (STRIP_WIDTH - 2 * STRIP_PAD), 1)

    ends = [None if end is None else x(end) for end in (e.low, e.high)]
    interval = labels.interval_text(e)
    return Strip(x(0.0), x(e.value), ends[0], ends[1], f"{labels.value_text(e)}, interval {interval}")


# --- models alone ---


def _levels(view: View) -> dict[tuple[str, str], Shown]:
    """How far each model gives in as it is; nothing beside adapters."""
    if view.adapters:
        return {}
    flips = transcripts.flip_tables(view)
    return {
        (subject.name, task): shown
        for subject in view.subjects
        for task in FACETS
        if task in view.task_names and (shown := _level(subject.name, task, view, flips)) is not None
    }


def _primaries(subject: str, task: str, view: View) -> list[Estimate]:
    """The levels of a facet's primaries, those with a value first."""
    found = [e for p in FACETS[task].primaries if (e := view.index.get((subject, "", task, p.measure, "")))]
    return sorted(found, key=lambda e: e.value is None)


def _level(
    subject: str, task: str, view: View, flips: Mapping[tuple[str, str], transcripts.FlipTable]
) -> Shown | None:
    found = _primaries(subject, task, view)
    if not found:
        return None
    e = found[0]
    known = e.value is not None and e.shown
    return Shown(
        subject=subject,
        name=view.label(subject),
        task=task,
        facet=view.task_label(task),
        word="" if known else "cannot tell",
        label="gives in" if known else "cannot tell",
        change=brief(e)[0] if known else "",
        interval=brief(e)[1] if known else "",
        n=labels.count(e.n) if known else "",
        sentence=f"{FACETS[task].primaries[0].meaning}: how much more it does so because of the user; 0: not at all."
        if known
        else e.reason,
        detail=_detail(e),
        why="" if known else advice_on_level(task, e, {}).why,
        warned=[name for name in e.checks.split(", ") if name] if e.state == "warned" else (),
        remark=e.reason if e.state == "warned" else "",
        withheld=e.state == "withheld",
        flips=flips.get((subject, task)),
        address=trials.address(task, subject),
    )
