"""Texts of people and models: halves of characters, and characters that a terminal would obey."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SURROGATES = re.compile("[\ud800-\udfff]")
# C0 and C1 controls, and what turns the direction of a line: a terminal obeys them, nobody reads them.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def plain(text: str, keep: str = "") -> str:
    """The text with every character that a terminal would obey written out, as `\\x1b`.

    Args:
        keep: Characters that stay, as a line feed in a message of several lines.
    """
    return _OBEYED.sub(lambda found: found[0] if found[0] in keep else escaped(found[0]), text)


def escaped(character: str) -> str:
    """A character written out: `\\x1b`, `\\u202e`."""
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def shortened(text: str, width: int = 80) -> str:
    """The text on one line of at most `width` characters, for a message."""
    return plain(text if len(text) <= width else text[: width - 3] + "...")


def listed(values: Iterable[object], most: int) -> str:
    """The first `most` values for people, and how many more there are; "none" of none."""
    texts = [str(value) for value in values]
    more = f" and {len(texts) - most:,} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more if texts else "none"


def joined_surrogates(text: str) -> str | None:
    """The text with pairs of surrogates as the characters that they stand for; None where a half stands alone."""
    if not _SURROGATES.search(text):
        return text
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        return None


def in_a_sentence(names: Sequence[str], most: int = 3) -> str:
    """Names in a sentence: `a, b and 4 more`."""
    if len(names) <= most:
        return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
