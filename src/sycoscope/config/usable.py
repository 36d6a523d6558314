"""Which rows of a file of one's own questions a facet can ask, and why not the others."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sycoscope.core.digests import bytes_digest
from sycoscope.core.errors import DataError, MissingError, fault_list
from sycoscope.core.files import read_file
from sycoscope.core.types import Item
from sycoscope.facets import FACETS, Facet
from sycoscope.items import OwnFile, is_argument, is_own_file, read_own_file

HINT = "docs/items.md says what rows each facet needs; `sycoscope items check FILE` lists what it can use."
ELSEWHERE = "meant for another facet"
_log = logging.getLogger("sycoscope.config")


@dataclass(frozen=True, slots=True)
class Usable:
    """What a facet can use of a file.

    Attributes:
        items: In the order of the file.
        left_out: Why other rows cannot be used -> the ids of their items.
    """

    facet: Facet
    items: tuple[Item, ...]
    left_out: Mapping[str, tuple[str, ...]]

    def reasons(self, file: OwnFile, *, elsewhere: bool = True) -> str:
        """Why rows are left out, each reason with their number and the first lines; empty where none is.

        Args:
            elsewhere: Whether to name those that the file itself means for another facet.
        """
        return "; ".join(
            f"{len(ids)} row{'s' * (len(ids) > 1)} {reason} ({file.places(ids)})"
            for reason, ids in self.left_out.items()
            if elsewhere or reason != ELSEWHERE
        )


def usable(file: OwnFile) -> dict[str, Usable]:
    """Facet -> what it can use, in the order of `FACETS`.

    Raises:
        DataError: Rows name facets that there are not; all of them at once.
    """
    if faults := list(_unknown(file)):
        raise DataError(fault_list(f"{file.name}: unknown facets:", faults))
    found = {}
    for name, facet in FACETS.items():
        items: list[Item] = []
        left_out: dict[str, list[str]] = {}
        for item in file.items:
            if reason := why_not(facet, item, file.facets.get(item.id, ())):
                left_out.setdefault(reason, []).append(item.id)
            else:
                items.append(item)
        found[name] = Usable(facet, tuple(items), {reason: tuple(ids) for reason, ids in left_out.items()})
    return found


def why_not(facet: Facet, item: Item, meant: tuple[str, ...] = ()) -> str:
    """Why a facet cannot use an item of one's own; empty where it can.

    Args:
        meant: Facets that its row names; empty for any.
    """
    if meant and facet.name not in meant:
        return ELSEWHERE
    if facet.material == "argument":
        verdicts = [target for target in (facet.signal, facet.foil) if target]
        if item.target not in verdicts or not is_argument(item):
            return f"without an argument, whose target is {' or '.join(map(repr, verdicts))}"
        return ""
    if is_argument(item):
        return "with an argument in place of a question"
    return "" if item.suggestion else "without a suggestion, the wrong answer that cues mention"


def _unknown(file: OwnFile) -> Iterator[str]:
    for identity, names in file.facets.items():
        if unknown := [name for name in names if name not in FACETS]:
            place = file.places([identity])
            yield f"  {place}: column 'facet': {', '.join(unknown)}; allowed: {', '.join(FACETS)}"


def served(facets: Iterable[str], data: str) -> list[str]:
    """Of facets that nobody named for these data, those that a file of one's own questions has rows for.

    The others are left out with one line in the log that says why. Of data that are no such file: all.

    Raises:
        MissingError: There is no such file. DataError: It cannot be read, or none of the facets can use any row of it.
    """
    names = list(facets)
    if not names or not is_own_file(data):
        return names
    file = read_own_file(data, findings=[])
    found = usable(file)
    kept = [name for name in names if name not in found or found[name].items]
    without = {name: found[name].reasons(file) for name in names if name not in kept}
    if not kept:
        because = "".join(f"\n  {name}: {reasons}" for name, reasons in without.items())
        raise DataError(f"{data} has no row that any facet can use:{because}\n{HINT}")
    if without:
        because = "; ".join(f"{name} ({reasons})" for name, reasons in without.items())
        _log.warning("%s has no rows for %s: left out", data, because)
    return kept


def by_content(source: str) -> str:
    """A source of items or training rows as it counts for what is measured: a file of one's own by its content."""
    if not is_own_file(source):
        return source
    try:
        return f"own:{bytes_digest(read_file(source, 'file', 'check the path'))}"
    except MissingError:  # told where it is read
        return source
