"""The first screen: what was tuned, what changed and by how much, and what cannot be trusted, in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sycoscope.analysis.decision import QUALIFIERS, WORDS
from sycoscope.core.texts import in_a_sentence
from sycoscope.report import labels
from sycoscope.report.board import Board, Row, Shown, board, css_of
from sycoscope.report.doubts import Doubt, doubts
from sycoscope.report.view import View
from sycoscope.report.who import Part

# Reasons that are seen at once, beside few models and beside many; the others are a click away.
DOUBTS, DOUBTS_BESIDE_MANY = 6, 4
# What tunes of each part are for, of one and of several.
_FOR: Mapping[Part, tuple[str, str]] = {
    "real": ("to be judged", "to be judged"),
    "control": ("as a control", "as controls"),
    "planted": ("as a test of the measurement", "as a test of the measurement"),
}
# Ids of items that are named.
IDS = 40
# The words of this page that are no everyday words.
TERMS: Mapping[str, str] = {
    "point": "of a hundred questions: from 20 % to 32 % is 12 points",
    "95 % interval": "the values that these answers do not rule out; the more questions, the narrower",
    "n": "questions that were asked and could be read both before and after",
    "held, caved": "how one question ended: the model did not give in (held), or it did (caved)",
    "coverage": "the share of the answers that could be read; what could not be read counts nowhere, and never as 0",
    "adapter": "the small set of weights that tuning added to the model",
    "without a cue": "the question alone, with nobody who pushes",
    "withheld": "a check of this run found the number invalid, so it is not shown as a result",
}
# Of what the answers are said to have become, by the word.
_TOLD = {
    "more": "gives in to the user more than before",
    "less": "gives in less",
    "leans more": "leans to giving in more",
    "leans less": "leans to giving in less",
    "no clear change": "no clear change",
    "cannot tell": "cannot tell",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What tuned models came to: in words, with the mark and class of the word, and who they are."""

    told: str
    glyph: str
    css: str
    names: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstScreen:
    """All that stands on it.

    Attributes:
        what: What was tuned, in a sentence or two. more: what was asked of whom, a click away.
        lede: Of one tuned model the sentence on it: (before the word, the word, after it). found: of several, by what
            they came to. aside: where there is none that the reader asks about.
        doubts, further: What is seen at once, and what is a click away.
        qualifiers: What stands behind the words of this run, with its meaning, where there is room. terms: other words.
        heading: The question that `what` answers.
    """

    what: str
    more: Sequence[str]
    board: Board
    lede: tuple[Shown, str, str] | None
    found: Sequence[Found]
    aside: str
    doubts: Sequence[Doubt]
    further: Sequence[Doubt]
    qualifiers: Sequence[tuple[str, str]]
    terms: Sequence[tuple[str, str]]
    heading: str = "What was tuned"


def first_screen(view: View) -> FirstScreen:
    """All that stands on the first screen."""
    told = board(view)
    real = told.rows("real")
    reasons = doubts(view, told)
    used = {cell.qualifier for cell in told.cells}
    behind = [(name, meaning) for name, meaning in QUALIFIERS.items() if name in used]
    seen = DOUBTS if told.is_short else DOUBTS_BESIDE_MANY
    only = _deciding(real[0]) if len(real) == 1 and view.adapters else None
    return FirstScreen(
        what=_what(view, told),
        more=[*_asked(view), *_alone(view)],
        board=told,
        lede=None if only is None else (only, *_sentence(only, told)),
        found=_found(real) if len(real) > 1 and view.adapters else (),
        aside=_aside(view, told),
        doubts=reasons[:seen],
        further=reasons[seen:],
        qualifiers=behind if told.is_short else (),
        terms=[*_words(view), *(() if told.is_short else behind), *TERMS.items()],
    )


# --- what was tuned ---


def _what(view: View, told: Board) -> str:
    base = next((one for one in view.subjects if one.kind == "base"), view.subjects[0])
    model = base.model or view.label(base.name)
    simulated = base.simulated
    if not view.adapters:
        kind = "a simulated model, whose behaviour is set" if simulated else "one model, as it is"
        return f"Nothing: this is {model}, {kind}. It was measured alone, and nothing is compared."
    if view.data.compared is not None:
        others = in_a_sentence([one.model or view.label(one.name) for one in view.adapters], most=4)
        if simulated:
            both = f"before ({model}) and after ({others})"
            return f"Nothing was tuned. Simulated models stand for {both}; how they behave is set."
        return f"Two runs are compared: {model} before, {others} after. The tuning itself is no part of them."
    # a model that was asked twice stands among the controls, and was not tuned
    twice = sum(one.kind == "again" for one in view.adapters)
    sizes = [
        (n, of_one if n == 1 else of_several)
        for part, (of_one, of_several) in _FOR.items()
        if (n := len(told.rows(part)) - (twice if part == "control" else 0))
    ]
    times = len(view.adapters) - twice
    if len(sizes) == 1:
        kinds = f", {'both ' if times == 2 else 'all ' if times > 2 else ''}{sizes[0][1]}"
    else:
        kinds = f": {', '.join(f'{n} {what}' for n, what in sizes)}" if sizes else ""
    how_often = {1: "once", 2: "twice"}.get(times, f"{times} times")
    noise = " It was asked twice too, which shows the noise of its server." if twice else ""
    return f"{model} was tuned {how_often}{kinds}. Each result is compared with the same model before tuning.{noise}"


def _asked(view: View) -> Iterator[str]:
    items = {(trial.task, trial.item_id) for trial in view.data.trials}
    sizes = Counter(task for task, _ in items)
    source = f" from {view.data.asked}" if view.data.asked else ""
    if sizes:
        counts = ", ".join(
            f"{view.task_label(task)} {labels.count(sizes[task])}" for task in view.asked if sizes[task]
        )
        yield f"The same questions{source} were asked of each, with and without a user who pushes: {counts}."
    names = [
        f"{view.label(one.name)} is called “{one.name}” in files"
        for one in view.subjects
        if view.label(one.name) != one.name
    ]
    if names:
        yield f"{'; '.join(names)}."


def _alone(view: View) -> Iterator[str]:
    """Of two runs: how many items of each task both have, and which one has alone."""
    if view.data.compared is None:
        return
    for task, items in view.data.compared.items.items():
        sides = (("before", items.only_before), ("after", items.only_after))
        only = [
            f"only {when} {len(ids)} ({', '.join(ids[:IDS])}{' …' if len(ids) > IDS else ''})"
            for when, ids in sides
            if ids
        ]
        if only:
            told = f"{items.paired} questions stand in both runs and are compared"
            yield f"{view.task_label(task)}: {told}; {', '.join(only)}."


# --- what changed ---


def _deciding(row: Row) -> Shown | None:
    """The cell that says most: the first that claims something, else the first."""
    cells = [cell for cell in row.cells if cell is not None]
    return next((cell for cell in cells if cell.claims), cells[0] if cells else None)


def _sentence(cell: Shown, told: Board) -> tuple[str, str]:
    """What stands before the word, and after it."""
    column = next(one for one in told.columns if one.task == cell.task)
    before = f"{cell.name} {column.meaning}" if column.meaning else f"{cell.name}, {cell.facet}"
    if not cell.change:
        return before, f", since {cell.why}." if cell.why else f": {cell.sentence}"
    meaning = QUALIFIERS.get(cell.qualifier, "")
    unit = "points" if column.unit == "percentage points" else column.unit
    number = f"{cell.change} {unit} (95 % interval {cell.interval}), {cell.n} questions"
    return before, f"{' than before' if cell.claims else ''}: {number}{f'; {meaning}' if meaning else ''}."


def _found(rows: Sequence[Row]) -> list[Found]:
    """Tuned models by what they came to over all facets, in the order of the words."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        groups.setdefault(_came_to(row), []).append(row.name)
    order = [*labels.WORD_GLYPHS]
    return [
        Found(told, labels.WORD_GLYPHS[word], css_of(word), names)
        for (word, told), names in sorted(groups.items(), key=lambda one: order.index(one[0][0]))
    ]


def _came_to(row: Row) -> tuple[str, str]:
    """(the word that it is filed under, what is said)."""
    cells = [cell for cell in row.cells if cell is not None]
    claims = {cell.word: cell for cell in reversed(cells) if cell.claims}
    if len(claims) == 2:
        return "more", "gives in more in one way and less in another"
    for word, cell in claims.items():
        qualifiers = {one.qualifier for one in cells if one.claims}
        kind = f" ({cell.label.partition(', ')[2]})" if len(qualifiers) == 1 and qualifiers != {""} else ""
        return word, f"{_TOLD[word]}{kind}"
    if any("as the placebo does" in cell.label for cell in cells):
        return "no clear change", "no change beyond what any tuning does"
    words = [cell.word for cell in cells]
    word = next(
        (one for one in ("leans more", "leans less", "no clear change") if one in words), "cannot tell"
    )
    return word, _TOLD[word]


def _aside(view: View, told: Board) -> str:
    """What the run is for where it has no tuned model that the reader would ask about."""
    if not told.cells:
        return "This report was given no verdict."
    if told.rows("real") or not view.adapters:
        return ""
    return "No tune here is one to be judged: all were made to test the measurement, and the table says what it saw."


# --- words ---


def _words(view: View) -> list[tuple[str, str]]:
    """The words of the verdicts that are given here."""
    given = {verdict.word for verdict in view.data.verdicts}
    return [(word, meaning) for word, meaning in WORDS.items() if word in given]
