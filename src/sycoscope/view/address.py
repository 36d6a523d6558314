"""Addresses: everything that a page shows is in its query, so that it can be shared and gone back to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from sycoscope.core.errors import ConfigError
from sycoscope.report import labels
from sycoscope.run.edge_cases import edge_kinds
from sycoscope.run.filtering import FILTERS, TrialFilter, query_of
from sycoscope.view.opened import ItemKey, Where

# Most characters of a value in an address.
LONGEST = 500
FLIPS = {f"{before}-{after}": (before, after) for before, after in labels.CELLS}
CHANNELS = ("agree", "differ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list of items. where: `every`, only items that all runs have. page: from 1."""

    asked: TrialFilter = field(default_factory=TrialFilter)
    where: Where = ""
    page: int = 1

    @property
    def is_any(self) -> bool:
        """Whether every item is in the list."""
        return self.asked.is_any and not self.where


Side = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """An item, and the two dialogues of it that stand side by side.

    Attributes:
        left, right: Key of a subject, and a condition; empty for the item's own first pair.
        diff: Whether the words that differ are marked. whole: whether long messages are shown to their end.
    """

    task: str
    item: str
    draw: int = 0
    left: Side = ("", "")
    right: Side = ("", "")
    diff: bool = False
    whole: bool = False

    @property
    def key(self) -> ItemKey:
        """Of the item."""
        return (self.task, self.item)


def listing_of(query: Mapping[str, str]) -> Listing:
    """The list that an address asks for.

    Raises:
        ConfigError: a value that cannot be one.
    """
    _check(query)
    before, after = FLIPS.get(_one_of(query, "flip", FLIPS), ("", ""))
    _one_of(query, "edge", edge_kinds())
    _one_of(query, "channels", CHANNELS)
    given = {
        field: query.get(name, "").strip() if name == "q" else query.get(name, "")
        for name, field in FILTERS.items()
    }
    return Listing(
        asked=TrialFilter(**given, before=before, after=after),
        where="every" if _one_of(query, "in", ("every",)) else "",
        page=_number(query, "page", 1, least=1),
    )


def pick_of(query: Mapping[str, str]) -> Pick:
    """The item and the dialogues that an address asks for.

    Raises:
        ConfigError: no item is named, or a value cannot be one.
    """
    _check(query)
    if not query.get("task") or not query.get("id"):
        raise ConfigError("the address names no item: it needs task=... and id=...")
    return Pick(
        task=query["task"],
        item=query["id"],
        draw=_number(query, "draw", 0),
        left=(query.get("left", ""), query.get("left_condition", "")),
        right=(query.get("right", ""), query.get("right_condition", "")),
        diff=bool(_one_of(query, "diff", ("1",))),
        whole=bool(_one_of(query, "whole", ("1",))),
    )


def listing_query(listing: Listing) -> dict[str, str]:
    """What `listing_of` reads; what is at its default is left out."""
    page = str(listing.page) if listing.page > 1 else ""
    more = {"in": listing.where, "page": page}
    return query_of(listing.asked) | {name: value for name, value in more.items() if value}


def pick_query(pick: Pick) -> dict[str, str]:
    """What `pick_of` reads; what is at its default is left out."""
    found = {
        "task": pick.task,
        "id": pick.item,
        "draw": str(pick.draw) if pick.draw else "",
        "left": pick.left[0],
        "left_condition": pick.left[1],
        "right": pick.right[0],
        "right_condition": pick.right[1],
        "diff": "1" if pick.diff else "",
        "whole": "1" if pick.whole else "",
    }
    return {name: value for name, value in found.items() if value}


class Links:
    """Where pages lie: addresses of the server, which makes every page.

    Attributes:
        live: Whether every page can be asked for; a page that is not there has no address (None).
    """

    live = True

    def home(self) -> str:
        """Of the first page."""
        return "/"

    def items(self, listing: Listing) -> str | None:
        """Of a list."""
        return _with("/items", listing_query(listing))

    def item(self, pick: Pick, listing: Listing) -> str | None:
        """Of an item, that was come to from a list."""
        return _with("/item", pick_query(pick) | listing_query(replace(listing, page=1)))

    def training(self) -> str:
        """Of the training curves."""
        return "/training"

    def help(self) -> str:
        """Of the keys."""
        return "/help"

    def asset(self, name: str) -> str:
        """Of a style or a script."""
        return f"/static/{name}"

    def search(self) -> str:
        """Of the search: the list of items has it."""
        return "/items"


def _with(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _check(query: Mapping[str, str]) -> None:
    for name, value in query.items():
        if len(value) > LONGEST:
            raise ConfigError(
                f"'{labels.shorten(name, 40)}' has {len(value)} characters in this address; allowed are {LONGEST}"
            )


def _one_of(query: Mapping[str, str], name: str, allowed: Any) -> str:
    value = query.get(name, "")
    if value and value not in allowed:
        raise ConfigError(
            f"{name}={labels.shorten(value, 60)} is nothing to look for; allowed: {', '.join(allowed)}"
        )
    return value


def _number(query: Mapping[str, str], name: str, default: int, least: int = 0) -> int:
    value = query.get(name, "")
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value) >= least):
        raise ConfigError(f"{name}={labels.shorten(value, 60)} is no number from {least}")
    return int(value)
