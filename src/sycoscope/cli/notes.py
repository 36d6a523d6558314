"""What is said beside the numbers of a run: one plain sentence each, the most telling first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sycoscope.cli.words import interval_of, number_of
from sycoscope.core.texts import in_a_sentence

if TYPE_CHECKING:
    from sycoscope.api import Advice, Cell, Overview, Tuned

# Options that a command takes, by name without dashes; None where the settings stand in a study file.
Options = frozenset[str] | None

_DOES = {
    "limit": "ask more questions",
    "difficulty": "ask easier ones",
    "max_tokens": "give answers more room",
    "form": "ask by letters",
    "data": "ask other questions",
    "dtype": "use one precision",
}
_FIXED = {"form": "choice", "difficulty": "easy"}


def notes_of(found: Overview, options: Options, *, brief: bool = False) -> list[str]:
    """Sentences: what real models claim, what could not be told, what the planted one says of the instrument, the rest.

    Args:
        brief: Without what the words and their qualifiers mean.
    """
    if not found.tuned:
        return [*_levels(found, options)]
    real = [one for one in found.tuned if not one.role]
    tell = _claim_in_short if brief else _claim
    notes = [note for one in real for cell in one.cells for note in tell(one, cell, len(found.tuned) == 1)]
    notes += _lost(found)
    notes += _touched(found)
    notes += _untold(found, options)
    notes += found.misnamed
    notes += [
        f"{one.name}, {cell.facet}: {cell.reason}."
        for one in real
        for cell in one.cells
        if cell.reason and cell.advice is None
    ]
    return [*notes, *_sought(real)]


def _claim(one: Tuned, cell: Cell, alone: bool) -> Iterator[str]:
    """A word that says something, in full: what it means, and what it is against the controls."""
    if cell.word not in ("more", "less", "leans more", "leans less") or cell.change is None:
        return
    parts = [cell.qualifier_means or cell.qualifier] if cell.qualifier else []
    if cell.word.startswith("leans"):
        parts.append("the probabilities moved, the answers did not clearly")
    if cell.speaker:
        parts.append(
            "moved by the user, beyond a bare mention"
            if cell.speaker == "the user"
            else "a bare mention moves it as well"
        )
    told = "; ".join([f"{cell.meaning}, {cell.word} than before", *parts, *_against(cell)])
    yield f"{cell.facet}{'' if alone else f', {one.name}'}: {told}."


def _claim_in_short(one: Tuned, cell: Cell, alone: bool) -> Iterator[str]:
    if cell.claims and cell.change is not None:
        yield f"{cell.facet}, {one.name}: {'; '.join([cell.label, *_against(cell, brief=True)])}."


def _against(cell: Cell, *, brief: bool = False) -> Iterator[str]:
    """What the change is against the controls. brief: without intervals, which the page has."""
    if cell.against:
        told = (
            f"{name} {number_of(e, brief=True)}" + ("" if brief else f" ({interval_of(e, ', ', brief=True)})")
            for name, e in cell.against
        )
        yield f"against {', '.join(told)}"


def _lost(found: Overview) -> Iterator[str]:
    """What got worse by more than the margin; what did not is on the page."""
    for name, what, one in found.worse:
        assert one.value is not None
        yield (
            f"{what}, {name}: worse by more than {one.margin * 100:g} points ({one.value * 100:+.0f}, n {one.n:,})."
        )


def _touched(found: Overview) -> Iterator[str]:
    """Where the words are others without the items that stand in training rows."""
    for name, what, one in found.touched:
        word = one.word_clean or "another sign"
        yield (
            f"{what}, {name}: {one.n_touched:,} of {one.n_items:,} questions stand in its training rows; "
            f"on the others: {word}."
        )


def _untold(found: Overview, options: Options) -> Iterator[str]:
    groups: dict[tuple[str, str, tuple[str, ...]], list[tuple[str, Advice]]] = {}
    for one in found.tuned:
        for cell in one.cells:
            if cell.advice is not None:
                does = tuple(name for name, _ in cell.advice.options)
                groups.setdefault((cell.facet, cell.advice.kind, does), []).append((one.name, cell.advice))
    alone = len(found.tuned) == 1
    for (facet, _, _), told in sorted(groups.items(), key=lambda one: -len(one[1])):
        whom = (
            "" if alone else "all" if len(told) == len(found.tuned) else in_a_sentence([n for n, _ in told])
        )
        advice = told[0][1]
        why = (
            advice.why
            if len(told) == 1 or len({a.why for _, a in told}) == 1
            else f"{advice.why} for {told[0][0]}"
        )
        what = to_do(advice, options)
        yield f"{facet}{f', {whom}' if whom else ''}: cannot tell, {why}.{f' {what}' if what else ''}"


def _levels(found: Overview, options: Options) -> Iterator[str]:
    """What giving in means on each facet, and why a number is not shown."""
    several = len({level.subject for level in found.levels}) > 1
    for level in found.levels:
        if level.advice is not None:
            whom = f", {level.subject}" if several else ""
            yield f"{level.name}{whom}: not shown, {level.advice.why}. {to_do(level.advice, options)}".rstrip()
    for name, meaning in {level.name: level.meaning for level in found.levels if level.gives_in}.items():
        yield f"{name}: {meaning}."


def to_do(advice: Advice, options: Options) -> str:
    """What to do, as a sentence with the names of the options of the command that was run; may be empty."""
    steps = []
    for name, value in advice.options:
        if options is None:
            steps.append(f"{_DOES[name]} (`{name}` in the study file)")
        elif name in options:
            given = value or _FIXED.get(name, "")
            steps.append(f"{_DOES[name]} (--{name.replace('_', '-')}{f' {given}' if given else ''})")
    if advice.step:
        steps.append(advice.step)
    text = ", or ".join(steps)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _sought(real: Sequence[Tuned]) -> Iterator[str]:
    """What changes would have been seen where there is no clear one."""
    by_facet: dict[str, list[Cell]] = {}
    for one in real:
        for cell in one.cells:
            if cell.word == "no clear change" and cell.detectable is not None and cell.change is not None:
                by_facet.setdefault(cell.facet, []).append(cell)
    if by_facet:
        parts = [f"{facet} {_size(cells)}" for facet, cells in by_facet.items()]
        yield f"Where there is no clear change, one of this size would have been seen (power 80 %): {', '.join(parts)}."


def _size(cells: Sequence[Cell]) -> str:
    largest = max(cells, key=lambda cell: cell.detectable or 0.0)
    assert largest.detectable is not None
    assert largest.change is not None
    if largest.change.unit == "proportion":
        return f"{largest.detectable * 100:.0f} points"
    return f"{largest.detectable:.2f}"
