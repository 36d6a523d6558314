"""The one way to the terminal: no text of others is obeyed there, and none is too much for its encoding."""

from __future__ import annotations

import codecs
import io
import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sycoscope.core.texts import plain

# What stands for a character where the terminal's encoding lacks it.
_ASCII = {
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2026": "...",
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " ", "\u202f": " ", "\u2009": " ",
    "\u2264": "<=", "\u2265": ">=", "\u2260": "!=", "\u2248": "~", "\u00d7": "x", "\u00b7": "-", "\u2022": "-",
    "\u25b2": "^", "\u25b3": "^", "\u25bc": "v", "\u25bd": "v",
    "\u2192": "->", "\u00b1": "+-", "\u03c1": "rho", "\u03ba": "kappa", "\u2500": "-", "\u2501": "-",
}  # fmt: skip
_ERRORS = "sycoscope.terminal"
_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def _replaced(fault: UnicodeError) -> tuple[str, int]:
    """What is written for characters that an encoding lacks; for halves of characters as for all others."""
    if not isinstance(fault, UnicodeEncodeError):
        raise fault
    lacking = fault.object[fault.start : fault.end]
    return "".join(
        _ASCII.get(one) or one.encode("ascii", "backslashreplace").decode() for one in lacking
    ), fault.end


def open_terminal() -> None:
    """Make both streams write every text, and warnings of the package go through `tell`."""
    codecs.register_error(_ERRORS, _replaced)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)
    logger = logging.getLogger("sycoscope")
    logger.setLevel(logging.WARNING)  # of its own: libraries set that of the root
    handlers = [handler for handler in logger.handlers if isinstance(handler, _Warnings)]
    for handler in handlers:
        handler.told.clear()
    if not handlers:
        logger.addHandler(_Warnings(logging.WARNING))


class _Warnings(logging.Handler):
    """Tells each warning once: both sides of a comparison have the same ones."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = f"{record.levelname.lower()}: {record.getMessage()}"
        if text not in self.told:
            self.told.add(text)
            tell(text)


class OutputClosed(BaseException):
    """Who reads standard output has read enough."""


def closed() -> None:
    """Say so.

    Raises:
        OutputClosed: always.
    """
    raise OutputClosed


def give_up_output() -> None:
    """What is left for standard output goes nowhere: Python would write it once more when it ends, and fail again."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print(text: str) -> None:
    try:
        print(text)
    except BrokenPipeError:
        raise OutputClosed from None


def say(text: str = "", *, painted: bool = False) -> None:
    """Print text on standard output; lines and tabs stay, every other control character is written out.

    Args:
        painted: The signs of the words have their colours, where the terminal shows colours and nobody forbids them.
    """
    shown = plain(text, keep="\n\t")
    if painted and _colours():
        shown = _SIGN.sub(lambda sign: f"\x1b[{_PAINT[sign[0]]}m{sign[0]}\x1b[0m", shown)
    _print(shown)


# More is red, less is blue, as on the page.
_PAINT = {"▲": "31", "△": "31", "▼": "34", "▽": "34"}
_SIGN = re.compile("|".join(_PAINT))


def _colours() -> bool:
    """Whether standard output shows colours (no-color.org: NO_COLOR, not empty, forbids them)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def tell(text: str) -> None:
    """Print text on standard error, as `say`."""
    print(plain(text, keep="\n\t"), file=sys.stderr, flush=True)


# Of what `--json` prints: raised where a key goes or changes its meaning; keys may be added (docs/data.md).
SCHEMA = 1


def say_json(record: Mapping[str, Any]) -> None:
    """Print plain values as one JSON object that every terminal can show and every reader can read; `schema` first."""
    unicode = (sys.stdout.encoding or "ascii").lower().replace("-", "").startswith("utf")
    text = json.dumps({"schema": SCHEMA, **record}, indent=1, ensure_ascii=not unicode, default=str)
    _print(_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
