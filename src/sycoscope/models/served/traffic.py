"""What goes to an endpoint and comes from it, counted: in this process, and of a run over all its starts."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

from sycoscope.core.files import disk_errors


@dataclass
class Counts:
    """What was sent and what came back.

    Attributes:
        sent: HTTP requests for answers, repeated ones among them.
        read, written: Tokens of prompts and answers, as the endpoint counts them; `uncounted`: answers without a count.
        reasoned: Answers whose reasoning came in a field of its own.
    """

    sent: int = 0
    read: int = 0
    written: int = 0
    uncounted: int = 0
    reasoned: int = 0

    def add(self, **counts: int) -> None:
        """Add to the fields of these names."""
        for name, count in counts.items():
            setattr(self, name, getattr(self, name) + count)

    def cost(self, price: tuple[float, float]) -> float:
        """What the tokens cost, in the unit of the price.

        Args:
            price: Of a million tokens read, and written.
        """
        return (self.read * price[0] + self.written * price[1]) / 1e6


_NAMES = frozenset(field.name for field in fields(Counts))


class Traffic(Counts):
    """Counts of one client, which can be kept in a file that the starts and processes of a run share.

    The file is only added to, a line at a time, before a request is sent and when its answer comes: whatever ends the
    process, what was spent is in it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._path: Path | None = None
        self._run = Counts()
        self._at = 0

    def keep_in(self, path: Path) -> None:
        """Count in this file from now on, and put into it what was counted so far.

        Raises:
            StoreError: it cannot be written.
        """
        self._path = path
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        self._write({name: count for name in sorted(_NAMES) if (count := getattr(self, name))})

    def note(self, **counts: int) -> None:
        """Count something of these names.

        Raises:
            StoreError: the file cannot be written.
        """
        self.add(**counts)
        self._write({name: count for name, count in counts.items() if count})

    def of_run(self) -> Counts:
        """The counts of all starts and processes of the run; of this client alone, where no file is kept."""
        if self._path is None:
            return self
        with disk_errors(self._path), self._path.open("rb") as file:
            file.seek(self._at)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._at += len(whole)
        for line in whole.splitlines():
            try:
                self._run.add(**_counts(line))
            except ValueError:  # torn by a kill or a full disk
                continue
        return self._run

    def _write(self, counts: dict[str, int]) -> None:
        if self._path is None or not counts:
            return
        # a line that another process left torn ends before it
        with disk_errors(self._path), self._path.open("ab", buffering=0) as file:
            file.write(b"\n" + json.dumps(counts).encode() + b"\n")


def _counts(line: bytes) -> dict[str, int]:
    """The counts of a line; ValueError where it is none."""
    plain = json.loads(line) if line.strip() else {}
    if not isinstance(plain, dict) or not all(
        name in _NAMES and type(count) is int for name, count in plain.items()
    ):
        raise ValueError("no counts")
    return plain
