"""What cannot be trusted of a run, and why: a line for each reason, said once for all whom it is true of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sycoscope.analysis.decision import MIN_ABLE
from sycoscope.core.texts import in_a_sentence
from sycoscope.report import kept, labels, organisms
from sycoscope.report.board import Board, Shown
from sycoscope.report.view import View
from sycoscope.report.who import part_of

# Check of the audit that warns -> what is the matter with a number that is counted all the same.
WARNINGS: Mapping[str, str] = {
    "coverage": "some answers could not be read",
    "degenerate": "part of what it says is broken text",
    "off_task": "some of its answers answer nothing",
    "channels": "what it writes is often not the answer that its probabilities favour",
    "floor_ceiling": "a share is near 0 or 100 %, so that a change further that way could not be seen",
    "at_risk": f"fewer than {MIN_ABLE} questions count",
    "overlap": "questions asked here stand in its training rows",
    "placebo": "tuning on neutral text alone changed it too",
    "sham": "tuning on its own answers alone changed it too",
}


UNPASSED = "Either the tuning did not take, or the measurement misses it: its other results say less then."


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason. more: what stands behind it, a click away. link: id of a place on the page, and its name."""

    text: str
    more: Sequence[str] = ()
    link: tuple[str, str] = ("", "")


def doubts(view: View, board: Board) -> list[Doubt]:
    """The reasons, those that take an answer away first."""
    return [
        *_untold(board),
        *_as_controls(board),
        *_planted(view),
        *(Doubt(text, link=("b-clean", "numbers")) for text in kept.differing(view)),
        *_no_control(view, board),
        *_health(view),
        *_warned(board),
        *_elsewhere(view),
    ]


def _untold(board: Board) -> Iterator[Doubt]:
    """Facet by facet and reason by reason; a reason that differs in its numbers alone is one."""
    groups: dict[tuple[str, str], list[Shown]] = {}
    for cell in board.cells:
        if cell.word == "cannot tell":
            key = "".join("0" if c.isdigit() else c for c in cell.why)
            groups.setdefault((cell.facet, key), []).append(cell)
    for (facet, _), cells in groups.items():
        same = len({cell.why for cell in cells}) == 1
        why = cells[0].why if same else f"{cells[0].why}, for {cells[0].name}; the others inside"
        more = dict.fromkeys(_told(cell, cell.sentence if same else cell.why) for cell in cells)
        yield Doubt(f"{_facet(facet)}, {_names(cells)}: cannot tell, since {why}.", list(more))


def _told(cell: Shown, text: str) -> str:
    """With whose it is before it; a sentence of a verdict begins with that."""
    return text if text.startswith((f"{cell.name}, ", f"{cell.subject}, ")) else f"{cell.name}: {text}"


def _facet(label: str) -> str:
    return f"“{label}”" if label.endswith("?") else label


def _names(cells: Sequence[Shown]) -> str:
    return in_a_sentence(list(dict.fromkeys(cell.name for cell in cells)), most=4)


def _as_controls(board: Board) -> Iterator[Doubt]:
    """Changes that count for nothing that was taught."""
    by_facet: dict[str, list[Shown]] = {}
    for cell in board.cells:
        if "as the placebo does" in cell.label:
            by_facet.setdefault(cell.facet, []).append(cell)
    for facet, cells in by_facet.items():
        why = "changed, but not shown to go beyond what tuning that teaches nothing does"
        yield Doubt(f"{_facet(facet)}, {_names(cells)}: {why}.", [cell.sentence for cell in cells])


def _planted(view: View) -> Iterator[Doubt]:
    """One line for each organism that is not seen as what it is."""
    names = {one.name: view.label(one.name) for one in view.data.subjects}
    planted = {one.name: one.kind for one in view.data.subjects if part_of(one.kind) == "planted"}
    wrong: dict[str, list[str]] = {}
    for one in organisms.told(planted, view.data.verdicts, names):
        if one.wrong:
            wrong.setdefault(one.subject, []).append(one.sentence)
    for first, *others in wrong.values():
        yield Doubt(f"A test that was not passed: {first}", [*others, UNPASSED])


def _no_control(view: View, board: Board) -> Iterator[Doubt]:
    if all(one.simulated for one in view.subjects):
        yield Doubt(
            "Simulated models: the numbers show how the measurement works, and nothing about a real model."
        )
    elif board.cells and view.adapters and not board.rows("control"):
        yield Doubt(
            "No control was tuned beside it, so it is open how much of the change any tuning would have brought.",
            ["A control is tuned on neutral text (placebo) or on the model's own answers (sham)."],
        )


def _health(view: View) -> Iterator[Doubt]:
    for cell in view.data.health:
        if cell.over and cell.value is not None and cell.limit is not None:
            write = labels.percent if cell.unit == "share" else labels.count
            bound = f"{'at most' if cell.worse == 'above' else 'at least'} {write(cell.limit)}"
            yield Doubt(
                f"Outside its limit: {cell.label}, {write(cell.value)} ({bound} wanted).",
                [cell.note] if cell.note else (),
            )


def _warned(board: Board) -> Iterator[Doubt]:
    """Numbers that are counted with a warning, by what the matter is."""
    by_check: dict[str, list[Shown]] = {}
    for cell in board.cells:
        if cell.word != "cannot tell":
            for check in cell.warned:
                by_check.setdefault(check, []).append(cell)
    for check, cells in by_check.items():
        what = WARNINGS.get(check, f"the audit warns ({check.replace('_', ' ')})")
        yield Doubt(
            f"Counted with a warning: {'; '.join(_where(cells))}: {what}.",
            list(dict.fromkeys(cell.remark for cell in cells)),
        )


def _where(cells: Sequence[Shown]) -> Iterable[str]:
    for facet in dict.fromkeys(cell.facet for cell in cells):
        yield f"{_facet(facet)}, {_names([cell for cell in cells if cell.facet == facet])}"


def _elsewhere(view: View) -> Iterator[Doubt]:
    """How many numbers further down are withheld, and whether there was an audit at all."""
    if not view.data.findings:
        yield Doubt("No audit was run: no number on this page was checked.", link=("audit", "audit"))
        return
    withheld = [e for e in view.data.estimates if e.state == "withheld"]
    if withheld:
        checks = Counter(name for e in withheld for name in e.checks.split(", ") if name)
        ((most, n), *_) = checks.most_common(1) or [("", 0)]
        share = "all" if n == len(withheld) else f"{labels.count(n)} of them"
        why = f"since {WARNINGS[most]}" if most in WARNINGS else f"by the check “{most.replace('_', ' ')}”"
        total, gone = labels.count(len(view.data.estimates)), labels.count(len(withheld))
        text = f"{gone} of {total} numbers further down are withheld, {share} {why}."
        yield Doubt(text, link=("audit", "audit"))
