"""One form for texts that look alike, on both sides of a comparison: signs, letters, case, diacritics."""

from __future__ import annotations

import re
import unicodedata

from sycoscope.core.typesetting import plain_signs, untex

_QUOTES = str.maketrans(
    {
        **dict.fromkeys("‘’‛´ʼʹʻʽ′＇‚‹›", "'"),
        **dict.fromkeys("“”„‟«»″〝〞＂「」『』", '"'),
    }
)
# Zero-width and direction marks, joiners, variation selectors, fillers, tags, control signs: they show nothing.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u20e3\U000e0000-\U000e0fff\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]+"
)
_ESCAPES = re.compile(r"\x1b\[[0-9;]{0,20}[a-zA-Z]")
# A name or letter set off by nothing but a zero-width space: "is\u200bB".
_SET_OFF = re.compile(r"(?<=[a-z:])[\u200b\u2060\ufeff]+(?=[A-Z])")
_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]|\n{3,}")
# Letters in pictures, which no compatibility folding knows.
_PICTURED = str.maketrans(
    {chr(base + place): chr(ord("A") + place) for base in (0x1F130, 0x1F150, 0x1F170) for place in range(26)}
)
_FLAG_LETTER = re.compile("(?<![\U0001f1e6-\U0001f1ff])[\U0001f1e6-\U0001f1ff](?![\U0001f1e6-\U0001f1ff])")
_BOX_DRAWING = str.maketrans(
    {code: "|" if chr(code) in "│┃║╎╏┆┇┊┋" else " " for code in range(0x2500, 0x2580)}
)
_LOOSE_ACCENTS = re.compile("[\u0300-\u036f]+")


def canonical(text: str) -> str:
    """One form for what looks alike: composed letters, plain quotes, digits and spaces, nothing invisible.

    For both sides of a comparison: the response and the answers that it is held against.
    """
    if not text.isascii() or not text.isprintable():
        text = _ESCAPES.sub("", text)
        text = _SET_OFF.sub(" ", text)
        text = _BREAKS.sub("\n", _INVISIBLE.sub("", text))
        text = plain_signs(text.translate(_QUOTES).translate(_PICTURED).translate(_BOX_DRAWING))
        text = _FLAG_LETTER.sub(lambda match: chr(ord(match.group()) - 0x1F1E6 + ord("A")), text)
        text = _LOOSE_ACCENTS.sub("", unicodedata.normalize("NFKC", text)).replace("\u2044", "/")
    return untex(text)


def fold(text: str) -> str:
    """Lower case without diacritics, one character for one, so that spans stay valid."""
    if text.isascii():
        return text.lower()
    return "".join(_fold_char(char) for char in text)


def _fold_char(char: str) -> str:
    if char.isascii():
        return char.lower()
    base = unicodedata.normalize("NFD", char)[0].lower()
    return base if len(base) == 1 else char
