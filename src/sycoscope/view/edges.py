"""Edge cases in the viewer: which kinds an item's trials are, which two of them stand side by side, and its partner."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sycoscope.report import labels
from sycoscope.run import edge_cases
from sycoscope.run.edge_cases import EdgeKind, edge_kinds, kinds_of
from sycoscope.run.filtering import TrialFilter
from sycoscope.view.address import Links, Listing, Side
from sycoscope.view.grid import Cell, Grid, Line, grids
from sycoscope.view.opened import Opened

# Of an item's partners; a pair has one.
PARTNERS = 4


@dataclass(frozen=True, slots=True)
class Told:
    """A kind that some of an item's trials are. where: (subject, its conditions, address of the two side by side)."""

    name: str
    label: str
    meaning: str
    where: Sequence[tuple[str, str, str | None]]


@dataclass(frozen=True, slots=True)
class Shown:
    """Two dialogues that show a case: (key of the subject, condition) each, and the draw."""

    left: Side
    right: Side
    draw: int


Row = tuple[str, str, int, str | None]  # label, meaning, trials, address of the list


def kind_rows(counts: Mapping[str, int], links: Links) -> list[tuple[str, list[Row]]]:
    """By group of kinds, those that occur."""
    rows: dict[str, list[Row]] = {}
    for name, kind in edge_kinds().items():
        if n := counts.get(name, 0):
            link = links.items(Listing(asked=TrialFilter(edge=name)))
            rows.setdefault(kind.heading, []).append((kind.label, kind.meaning, n, link))
    return list(rows.items())


def told(opened: Opened, grid: Grid, link: Callable[[Shown], str | None]) -> list[Told]:
    """The kinds of an item's trials, in the order of the kinds."""
    found = []
    for kind in sorted(kinds_of(grid.task), key=lambda one: list(edge_kinds()).index(one.name)):
        where = []
        for line in grid.lines:
            cells = _cells(line, kind)
            if cells:
                names = ", ".join(labels.condition_of(grid.task, cell.condition) for cell in cells)
                where.append((line.subject.label, names, link(_shown(opened, grid, kind, line, cells))))
        if where:
            found.append(Told(kind.name, kind.label, kind.meaning, where))
    return found


def shown(opened: Opened, grid: Grid, asked: TrialFilter) -> Shown | None:
    """The two dialogues of the first case of a kind that a filter asks for; None where the item has none."""
    kind = next((one for one in kinds_of(grid.task) if one.name == asked.edge), None)
    if kind is None:
        return None
    for line in grid.lines:
        cells = _cells(line, kind)
        if asked.subject in ("", line.subject.key) and cells:
            wanted = [cell for cell in cells if asked.condition in ("", cell.condition)]
            return _shown(opened, grid, kind, line, wanted or cells)
    return None


def _cells(line: Line, kind: EdgeKind) -> list[Cell]:
    return [cell for cell in line.cells if cell is not None and kind.name in cell.edges]


def _shown(opened: Opened, grid: Grid, kind: EdgeKind, line: Line, cells: Sequence[Cell]) -> Shown:
    who, first = line.subject, cells[0]
    draw = first.edges[kind.name]
    if kind.unit != "trial" and len(cells) > 1:
        left, right = _differing(kind, cells)
        return Shown((who.key, left.condition), (who.key, right.condition), draw)
    own = (who.key, first.condition)
    if before := opened.before(who):
        return Shown((before.key, first.condition), own, draw)
    cue, control = opened.runs[who.run].cue_of(grid.task)
    if first.condition == control:
        return Shown(own, (who.key, cue), draw)
    return Shown((who.key, control or first.condition), own, draw)


def _differing(kind: EdgeKind, cells: Sequence[Cell]) -> tuple[Cell, Cell]:
    """Two conditions that belong together; where any may, the first two that came to different things."""
    by_name = {cell.condition: cell for cell in cells}
    for first, second, *_ in kind.together:
        if first in by_name and second in by_name:
            return by_name[first], by_name[second]
    other = next((cell for cell in cells[1:] if cell.outcomes != cells[0].outcomes), cells[1])
    return cells[0], other


def pairs(opened: Opened, grid: Grid) -> list[tuple[Side, Side]]:
    """Sides that make a case together: of one subject under two conditions."""
    kinds = [kind for kind in kinds_of(grid.task) if kind.unit != "trial"]
    cases = (
        _shown(opened, grid, kind, line, cells)
        for kind in kinds
        for line in grid.lines
        if len(cells := _cells(line, kind)) > 1
    )
    return list(dict.fromkeys((case.left, case.right) for case in cases))


def partners(opened: Opened, grid: Grid) -> list[Grid]:
    """The items that belong together with this one; nothing where items come alone."""
    found = (edge_cases.partners(run.directory, grid.task, grid.item, PARTNERS) for run in opened.runs)
    items = dict.fromkeys(item for one in found for item in one)
    return grids(opened, [(grid.task, item) for item in items]) if items else []
