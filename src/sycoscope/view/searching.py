"""Searches over all turns, part by part: a page shows what was found so far, and no page waits for a large run.

The first part is searched while the page is made, so a small run is searched as a whole; the rest in the background, as
long as somebody looks at the list.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sycoscope.run import filtering
from sycoscope.run.filtering import TrialFilter
from sycoscope.run.store import ROW_GROUP

if TYPE_CHECKING:
    from sycoscope.view.opened import ItemKey, OpenRun

# Trials of one part.
PART = ROW_GROUP
# Searches that are kept; characters before and after what was found.
KEPT, AROUND = 4, 80
# Seconds that a page waits for the rest, and after which a list that nobody looks at is searched no further.
WAIT, IDLE = 0.1, 10.0


@dataclass
class Search:
    """One search. parts: (run, its filter, first row) still to be searched. n: trials that pass, of each item.

    Attributes:
        first: Of each item the first of them: run, subject, condition, text.
        searched, total: Trials.
    """

    parts: list[tuple[int, TrialFilter, int]]
    total: int
    n: dict[ItemKey, int] = field(default_factory=dict)
    first: dict[ItemKey, tuple[int, str, str, str]] = field(default_factory=dict)
    searched: int = 0
    asked_at: float = 0.0
    fault: Exception | None = None

    @property
    def done(self) -> bool:
        """Whether nothing is left to be searched."""
        return not self.parts or self.fault is not None


class Searches:
    """The searches over some runs."""

    def __init__(self, runs: list[OpenRun], of_run: Callable[[TrialFilter, int], TrialFilter | None]) -> None:
        """of_run: the filter as a run has it; None where none of its trials can pass."""
        self._runs, self._of_run = runs, of_run
        self._kept: OrderedDict[TrialFilter, Search] = OrderedDict()
        self._heights: dict[int, int] = {}
        self._change = threading.Condition()
        self._worker: threading.Thread | None = None

    def ask(self, asked: TrialFilter) -> Search:
        """A search as far as it has come; the same one again goes on where it was.

        Raises:
            StoreError: a run cannot be read.
        """
        with self._change:
            search = self._kept.get(asked)
        if search is None:
            search = self._begun(asked)
            with self._change:
                search = self._kept.setdefault(asked, search)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        with self._change:
            self._kept.move_to_end(asked)
            search.asked_at = time.monotonic()
            if not search.done:
                self._work()
                self._change.wait_for(lambda: search.done, WAIT)
            if search.fault is not None:
                self._kept.pop(asked, None)
                raise search.fault
        return search

    def _begun(self, asked: TrialFilter) -> Search:
        """A search with its first part done, or as many small runs as are one."""
        parts: list[tuple[int, TrialFilter, int]] = []
        total = 0
        for i, run in enumerate(self._runs):
            if (mine := self._of_run(asked, i)) is not None:
                height = self._heights.setdefault(i, filtering.height(run.directory))
                parts += [(i, mine, at) for at in range(0, height, PART)]
                total += height
        search = Search(parts, total)
        while search.parts and search.searched < PART:
            self._step(search)
        return search

    def _step(self, search: Search) -> None:
        """Search one part more."""
        i, asked, at = search.parts[0]
        run = self._runs[i]
        found = filtering.hits(run.directory, asked, run.flips, (at, PART), AROUND)
        with self._change:
            for task, item, n, subject, condition, text in found.iter_rows():
                key = (task, item)
                search.n[key] = search.n.get(key, 0) + n
                search.first.setdefault(key, (i, subject, condition, text))
            search.searched += min(PART, self._heights[i] - at)
            del search.parts[0]
            self._change.notify_all()

    def _work(self) -> None:
        """See to it that somebody goes on searching."""
        if self._worker is None:
            self._worker = threading.Thread(target=self._go_on, name="search", daemon=True)
            self._worker.start()

    def _go_on(self) -> None:
        """Search what was asked for last, part by part, until nobody waits for anything."""
        while (search := self._next()) is not None:
            try:
                self._step(search)
            except Exception as fault:  # told to whoever asks next
                with self._change:
                    search.fault = fault
                    self._change.notify_all()

    def _next(self) -> Search | None:
        with self._change:
            now = time.monotonic()
            open_ones = [one for one in self._kept.values() if not one.done and now - one.asked_at < IDLE]
            if not open_ones:
                self._worker = None
                return None
            return max(open_ones, key=lambda one: one.asked_at)
