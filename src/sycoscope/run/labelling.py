"""One person who labels a run's responses, one by one: what they are shown next, and what they said so far.

They are shown what was asked and said, and neither subject, condition nor reading. Each act is a line of a log that
lies beside the run's files, which stay as they are.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from sycoscope.analysis.label_queue import draw_queue
from sycoscope.core.errors import BusyError, ConfigError, DataError, MissingError
from sycoscope.core.files import digest_of, disk_errors
from sycoscope.core.texts import shortened
from sycoscope.judging.by_hand import Shown, id_of, shown_of
from sycoscope.judging.label_log import (
    MOST_NOTE,
    LabelLine,
    append,
    checked_name,
    history,
    line_of,
    read_log,
)
from sycoscope.run.store import RunDirectory
from sycoscope.run.to_label import to_label

FOLDER = "labels"


def log_path(run: RunDirectory, who: str) -> Path:
    """Where a person's labels are kept where no file is named: one file a person, under a name that any disk takes."""
    plain = re.sub(r"[^a-z0-9]+", "-", who.casefold()).strip("-")[:40]
    name = plain if plain == who else f"{plain or 'reader'}-{digest_of(who)[:6]}"
    return run.path / FOLDER / f"{name}.jsonl"


def log_paths(run: RunDirectory) -> list[Path]:
    """The logs beside a run, by name."""
    return sorted((run.path / FOLDER).glob("*.jsonl"))


def run_of(log: Path) -> RunDirectory | None:
    """The run that a log lies beside; None where it lies elsewhere."""
    place = log.absolute()
    run = RunDirectory(place.parent.parent)
    return run if place.parent.name == FOLDER and run.manifest_path.is_file() else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


class Labelling:
    """A person's queue over a run. Safe to call from several threads.

    Attributes:
        who: The person. n: responses in the queue. most_note: characters of a note.
    """

    most_note = MOST_NOTE

    def __init__(
        self,
        run: RunDirectory,
        *,
        who: str,
        n: int,
        seed: int = 0,
        facets: Sequence[str] | None = None,
        path: Path | None = None,
        now: Callable[[], str] = _now,
    ) -> None:
        """Draw the queue, and read what the person said before.

        Args:
            n: Most responses in the queue. seed: draws them, the same for everybody; with the name it shuffles them.
            facets: Of which responses are drawn; None: of all.
            path: The log; None: the person's own beside the run.
            now: The time in UTC, ISO 8601.

        Raises:
            MissingError: no run there. StoreError: not finished, or damaged.
            ConfigError: a facet without responses to label, or a name that cannot be one.
            DataError: a log of another run.
        """
        self.who, self._seed, self._now = checked_name(who), seed, now
        self.path = path or log_path(run, self.who)
        found = to_label(run)
        strata = [one for one in found.strata if one.task in (facets or [one.task])]
        there = {one.task for one in found.strata}
        if unknown := [name for name in facets or () if name not in there]:
            allowed = ", ".join(sorted(there)) or "none"
            raise ConfigError(f"no responses to label of facet {', '.join(unknown)}; the run has: {allowed}")
        keys = draw_queue(strata, run.summary().flips, n, seed=seed, order=(self.who,))
        self._queue = {id_of(key): found.trials[id_of(key)] for key in keys if id_of(key) in found.trials}
        if not self._queue:
            raise ConfigError(
                "no response of this run can be labelled: it asked no facet, or nothing was answered"
            )
        self._acts: list[LabelLine] = []
        if self.path.is_file():
            self._acts = history(read_log(self.path, found.trials).lines, self.who)
        self._drafts: dict[str, str] = {}
        self._mutex = threading.Lock()
        self._file_lock = FileLock(self.path.with_name(f".{self.path.name}.lock"))

    def __enter__(self) -> Self:
        """Hold the log, so that no second process of the person writes into it.

        Raises:
            BusyError: one does. StoreError: the folder cannot be written.
        """
        try:
            with disk_errors(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file_lock.acquire(timeout=0)
        except Timeout as fault:
            raise BusyError(
                f"'{self.path}' is in use: somebody labels into it; end that, or give another --who or --labels"
            ) from fault
        return self

    def __exit__(self, *_: object) -> None:
        self._file_lock.release()

    # --- what is shown ---

    @property
    def n(self) -> int:
        """Responses in the queue."""
        return len(self._queue)

    @property
    def _mine(self) -> dict[str, LabelLine]:
        return {act.id: act for act in self._acts if act.id in self._queue}

    @property
    def n_done(self) -> int:
        """Responses of the queue that were labelled or skipped."""
        return len(self._mine)

    @property
    def n_skipped(self) -> int:
        """Responses of the queue that were skipped."""
        return sum(act.act == "skip" for act in self._mine.values())

    @property
    def can_undo(self) -> bool:
        """Whether there is an act in the queue that can be undone."""
        return bool(self._mine)

    def current(self) -> Shown | None:
        """The next response without a label; None where all are done."""
        mine = self._mine
        return next((self._shown(name) for name in self._queue if name not in mine), None)

    def _shown(self, name: str) -> Shown:
        return shown_of(*self._queue[name])

    # --- what is said ---

    def label(self, name: str, value: str, note: str = "") -> None:
        """Keep what the person says of a response; said again in the same words, nothing is added.

        Raises:
            MissingError: a response that is not in the queue. DataError: no such choice, or a note that is too long.
            StoreError: it cannot be written.
        """
        choices = [choice.name for choice in self._known(name).choices]
        if value not in choices:
            raise DataError(f"'{shortened(value, 60)}' is no answer here; allowed: {', '.join(choices)}")
        self._act(name, "label", value, note)

    def skip(self, name: str, note: str = "") -> None:
        """Keep that the person cannot tell. Raises: as `label`."""
        self._known(name)
        self._act(name, "skip", "", note)

    def undo(self) -> None:
        """Take back the last act, by a further line; what was said of that response before it stands again."""
        with self._mutex:
            last = next((act for act in reversed(self._acts) if act.id in self._queue), None)
            if last is None:
                return
            append(self.path, self._line(last.id, "undo"))
            self._acts.remove(last)
            self._drafts[last.id] = last.note

    def draft(self, name: str) -> str:
        """The note of an act that was undone, to be gone on with; empty where there is none."""
        return self._drafts.get(name, "")

    def _known(self, name: str) -> Shown:
        if name not in self._queue:
            raise MissingError("this response is not among those to label; open the first page again")
        return self._shown(name)

    def _act(self, name: str, act: str, value: str, note: str) -> None:
        note = note.strip()
        if len(note) > MOST_NOTE:
            raise DataError(f"a note of {len(note):,} characters; allowed are {MOST_NOTE:,}")
        with self._mutex:
            before = self._mine.get(name)
            if before is not None and (before.act, before.value, before.note) == (act, value, note):
                return
            line = self._line(name, act, value, note)
            append(self.path, line)
            self._acts.append(line)

    def _line(self, name: str, act: str, value: str = "", note: str = "") -> LabelLine:
        trial, item = self._queue[name]
        return line_of(
            trial, item, who=self.who, time=self._now(), act=act, value=value, note=note, seed=self._seed
        )
