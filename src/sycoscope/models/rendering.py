"""Chat templates rendered in a process of their own (`template_worker.py`), in bounded time, memory and size.

One such process serves all templates of this one. It starts with the first template and ends with this process, or
where a template went over a limit; the next request then starts another.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sycoscope.core.errors import ModelError

# What `strftime_now` tells every template: prompts must not change from one day to the next. It is the date that
# the templates of Llama 3 write where they know no other.
CLOCK = "2024-07-26T12:00:00"
# Dialogues of a request.
BATCH = 256
# Names that a template is given for every dialogue.
GIVEN = ("messages", "tools", "documents", "add_generation_prompt", "strftime_now")
_WORKER = Path(__file__).with_name("template_worker.py")
# A dialogue takes a template a millisecond.
LIMITS: Mapping[str, Any] = {
    "clock": CLOCK,
    "cpu_seconds": 2.0,
    "seconds": 60.0,
    "memory": 2**29,
    "characters": 2**20,
}


class TemplateFaultError(ModelError):
    """What a template did in place of rendering a dialogue; the message is the reason alone.

    Attributes:
        is_defect: It is the template's own fault, as a loop without end, and not one of this dialogue.
    """

    def __init__(self, reason: str, *, is_defect: bool) -> None:
        super().__init__(reason)
        self.is_defect = is_defect


def variables_of(template: str) -> tuple[str, ...]:
    """The names that a template reads and does not set itself, sorted.

    Raises:
        TemplateFaultError: it is no template.
    """
    reply = _PROCESS.ask({"template": template})
    if "fault" in reply:
        raise _fault_of(reply)
    return tuple(reply["variables"])


def render(
    template: str, dialogues: Sequence[Sequence[Mapping[str, str]]], values: Mapping[str, Any]
) -> list[str | TemplateFaultError]:
    """The text of each dialogue, or what the template did in place of it.

    Args:
        dialogues: `role` and `content` of each turn.
        values: What else the template can read, by name.
    """
    given: dict[str, Any] = {"tools": None, "documents": None, **values}
    rendered: list[str | TemplateFaultError] = []
    for start in range(0, len(dialogues), BATCH):
        part = [list(messages) for messages in dialogues[start : start + BATCH]]
        try:
            replies = _PROCESS.ask({"template": template, "dialogues": part, "values": given})["replies"]
        except TemplateFaultError as fault:
            return [*rendered, *[fault] * (len(dialogues) - start)]
        rendered += [_text_of(reply, messages) for reply, messages in zip(replies, part, strict=True)]
    return rendered


def _text_of(reply: Mapping[str, Any], messages: Sequence[Mapping[str, str]]) -> str | TemplateFaultError:
    if "fault" in reply:
        return _fault_of(reply)
    text = str(reply["text"])
    if _is_text(text):
        return text
    theirs = all(_is_text(message["content"]) for message in messages)
    where = "it writes" if theirs else "the dialogue holds"
    return TemplateFaultError(f"{where} half a surrogate pair, which is no character", is_defect=theirs)


def _fault_of(reply: Mapping[str, Any]) -> TemplateFaultError:
    words = "".join(c if c.isprintable() else " " for c in str(reply["fault"])).split()
    return TemplateFaultError(f"{' '.join(words):.300}", is_defect=bool(reply["defect"]))


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Process:
    """The process of the worker, started when it is needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: subprocess.Popen[str] | None = None
        self._owner = 0

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request and read the reply.

        Raises:
            TemplateFaultError: the process was ended by a limit.
        """
        with self._lock:
            running = self._start()
            assert running.stdin is not None
            assert running.stdout is not None
            try:
                running.stdin.write(json.dumps(request) + "\n")
                running.stdin.flush()
                reply = running.stdout.readline()
            except BaseException:
                # half a conversation cannot be taken up again
                self._end()
                raise
            if reply:
                return dict(json.loads(reply))
            raise TemplateFaultError(self._end(), is_defect=True)

    def _start(self) -> subprocess.Popen[str]:
        # the pipes of a process that was copied belong to the one that it was copied from
        if self._running is None or self._owner != os.getpid():
            self._running = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="ascii",
                env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
            )
            self._owner = os.getpid()
            assert self._running.stdin is not None
            self._running.stdin.write(json.dumps({**LIMITS, "path": [p for p in sys.path if p]}) + "\n")
        return self._running

    def _end(self) -> str:
        """End the process; returns why it ended, for a message."""
        running, self._running = self._running, None
        assert running is not None
        for pipe in (running.stdin, running.stdout):
            assert pipe is not None
            with suppress(OSError):
                pipe.close()
        try:
            code = running.wait(timeout=1)
        except subprocess.TimeoutExpired:
            running.kill()
            code = running.wait()
        if code in (1, -getattr(signal, "SIGPROF", 0)):
            return f"it does not come to an end (limit {LIMITS['cpu_seconds']:g} s of computing)"
        return f"the process that renders it ended with code {code}"


_PROCESS = _Process()
