"""What a command does when it is told to stop: one line that says what is kept, and the signal's exit code."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

# Exit codes as shells give them: 128 and the signal's number.
INTERRUPTED, TERMINATED = 130, 143
_CODES = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}
_ANSWERS = "what was answered and tuned so far is kept, and the same command goes on from there"
_KEPT = {
    "run": _ANSWERS,
    "eval": _ANSWERS,
    "compare": _ANSWERS,
    "train": "the same command goes on from the last checkpoint",
}


class Stopped(BaseException):
    """The command was told to stop. code: to exit with."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@contextmanager
def stoppable() -> Iterator[None]:
    """Both ways of stopping a command raise `Stopped`, so that locks are given back and workers end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _stop) for number in _CODES}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, _: FrameType | None) -> None:
    raise Stopped(_CODES[signal.Signals(number)])


def stopped_text(arguments: Sequence[str]) -> str:
    """What is kept of a command, and how to go on."""
    command = next((one for one in arguments if not one.startswith("-")), "")
    return f"stopped; {_KEPT.get(command, 'the same command begins again')}"
