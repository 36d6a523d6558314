"""A response as plain prose: markup off, sentences and clauses found, invented turns cut."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import TypeVar

from sycoscope.core.folding import canonical
from sycoscope.core.thinking import spoken

T = TypeVar("T")
# What is read of a longer text: its beginning and its end, so many characters of each. No answer to a facet is as
# long; a bound keeps the time of a reading in proportion to what can matter.
ENDS = 2000
# A longer sentence is read in pieces: real ones are shorter.
MAX_SENTENCE = 800
# Namings within one sentence that are looked at, of the first and of the last: no sentence holds as many.
MAX_NAMINGS = 10
# Invented turns that are looked at for one that says nothing before it.
MAX_HEADS = 6

_BOXED = re.compile(r"\\f?boxed\s*(?:\{((?:[^{}]|\{[^{}]*\})*)\}|(?<=boxed)\s+([$\w.,/-]+))")
_MARKUP = [
    (re.compile(r"\\[()\[\]]"), " "),
    (re.compile(r"\$\$?\s*\(?([A-Za-z])\)?\s*\$\$?"), r" \1 "),
    (re.compile(r"(?m)^[^\S\n]{0,3}#{1,6}\s+(?=\D)"), ""),
    (re.compile(r"(?m)^[^\S\n]*(?:[>*•‣▪-]|[👉➡→▶►➤])\s+"), ""),
    (re.compile(r"(?m)^[^\S\n]*\|[^\S\n]*([^|\n]*)\|[^\S\n]*$"), r"\1"),
    (re.compile(r"\*\*|__|`+|~~"), ""),
    (re.compile(r"(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])"), ""),
    (re.compile(r"</?(?:b|i|u|em|strong|p|br|span|answer|final)\s*/?>", re.IGNORECASE), " "),
    (re.compile(r"[^\S\n]+"), " "),
]

_DISCS = re.compile(r"(?m)^[^\S\n]*●\s+")
_RINGS = re.compile("[○◯]")

_SPEAKERS = (
    r"question|q|user|human|instruction|input|prompt|problem|exercise|assistant|system|student|frage"
    r"|benutzer|next question"
)
RUN_ON = re.compile(
    rf"(?im)^[^\S\n]*(?:#{{2,}}\s*)?(?:(?:{_SPEAKERS})(?:\s*\d+)?\s*:|<\|?(?:im_start|user|end|eot)[^\n>]{{0,80}}>"
    rf"|\[/?INST\])"
)

_ABBREVIATIONS = (
    r"(?:rs|dr|mr|mrs|ms|st|prof|sr|jr|vs|etc|approx|no|vol|fig|e\.g|i\.e|u\.s|u\.k|inc|ltd|co|mt|ca)"
)
_BOUNDARY = re.compile(r"(?<![.!?…])(?P<mark>[.!?…]+)[\"')\]]*\s+(?=[\"'(\[¿¡]{0,5}[A-Z0-9ÄÖÜÉ])|\n+")
_ABBREVIATED = re.compile(
    rf"(?:\b{_ABBREVIATIONS}|(?:^|[\s(.\"'])[A-Za-z]|(?:^|\n)\s*\d{{1,2}})$", re.IGNORECASE
)
# How far back from a full stop an abbreviation is looked for.
_BEFORE_STOP = 24


def ends(text: str) -> str:
    """A text, or where it is longer than is read its beginning and its end, as paragraphs."""
    if len(text) <= 2 * ENDS:
        return text
    return f"{text[:ENDS]}\n\n{text[-ENDS:]}"


def plain(response: str) -> str:
    """Strip reasoning, markup and typographic variants; a box becomes `boxed: X`. Of a long text its ends are read."""
    text = ends(canonical(ends(spoken(response))))
    text = _BOXED.sub(lambda match: f" boxed: {match[1] if match[1] is not None else match[2]} ", text)
    if not _RINGS.search(text):  # beside rings a disc is a choice, else a bullet
        text = _DISCS.sub("", text)
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return text.strip()


def few(found: Sequence[T]) -> list[T]:
    """What was found in a sentence, of very much the first and the last."""
    if len(found) <= 2 * MAX_NAMINGS:
        return list(found)
    return [*found[:MAX_NAMINGS], *found[-MAX_NAMINGS:]]


def heads(text: str) -> Iterator[str]:
    """The text up to an invented next turn, then (if that says nothing) longer pieces, then all of it.

    A marker at the very start is the model's own opening, never a cut.
    """
    first = re.search(r"\S", text)
    if first is None:
        return
    turns = (match.start() for match in RUN_ON.finditer(text) if match.start() > first.start())
    for at in islice(turns, MAX_HEADS):
        yield text[:at].rstrip()
    yield text


def before_run_on(text: str) -> str:
    """The text up to the first invented turn."""
    return next(heads(text), text)


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of sentences; a new line ends one, an abbreviation or initial does not. A very long one comes in pieces."""
    return list(_sentences(text))


@lru_cache(maxsize=64)  # one text is asked for its sentences again and again
def _sentences(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(piece for span in _whole_sentences(text) for piece in _pieces(text, *span))


def _whole_sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _BOUNDARY.finditer(text):
        mark = match["mark"]
        if match.group().strip() == ".":
            head = text[max(start, match.start() - _BEFORE_STOP) : match.start()]
            # A sentence can end in "no." or in a letter ("The answer is B. Note ...").
            rest = text[match.end() : match.end() + 40]
            if _ABBREVIATED.search(head) and _goes_on(head, rest):
                continue
        end = match.start() if mark is None else match.start() + len(mark)
        if not text[start:end].isspace() and start < end:
            yield start, end
        start = match.end()
    if text[start:].strip():
        yield start, len(text)


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A sentence, or pieces of at most `MAX_SENTENCE` characters of a longer one, cut between words."""
    while end - start > MAX_SENTENCE:
        at = text.rfind(" ", start + 1, start + MAX_SENTENCE)
        at = at if at > 0 else start + MAX_SENTENCE
        if text[start:at].strip():
            yield start, at
        start = at
    if text[start:end].strip():
        yield start, end


_LETTER_END = re.compile(
    r"(?:\b(?:is|be|option|answer|choice|with|pick|choose|and|or|not|to|by)|[:=(])\s*\(?[A-Za-z]$"
)


# A word that opens a sentence and is no part of a name.
_OPENER = re.compile(
    r"[\"'(\[]*(?:It|The|This|That|These|Those|He|She|They|I|You|We|My|Your|There|Here|However|But|And|So"
    r"|Yes|In"
    r"|If|What|While|Therefore|Please|Sorry|Thank|Actually)\b(?!\.)"
)
_INITIALS = re.compile(r"(?:[A-Z]\.\s+)*[A-Z]\.\s+[A-Z][a-z]")


def _goes_on(head: str, rest: str) -> bool:
    """Whether a full stop after an abbreviation or a letter ends no sentence."""
    if _INITIALS.match(rest):
        return bool(re.search(r"(?:^|[\s(\"'])[A-Z]$", head))
    if _OPENER.match(rest) or (head[-3:].strip().lower() == "no" and not rest[:1].isdigit()):
        return False
    return not (_LETTER_END.search(head) or head.strip().lower() == "no")


_CLAUSE = re.compile(
    r"\s*(?:[;—–]|\s-\s|:\s|,\s*(?=(?:but|although|though|while|whereas|however|yet|because|since|so|it"
    r"|the|i|this"
    r"|that|which|who|he|she|they|we|you|rather|instead|not|then|and (?:it|the|i|this|that|not)|there"
    r"|some|many"
    r"|as|leaving|which leaves)\b)|(?<=\w)\s(?=(?:but|although|though|whereas|because|even though)\b))",
    re.IGNORECASE,
)


def clauses(sentence: str) -> list[tuple[int, int]]:
    """Spans of clauses inside a sentence: the reach of a negation."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _CLAUSE.finditer(sentence):
        if match.end() > match.start() and sentence[start : match.start()].strip():
            spans.append((start, match.start()))
            start = match.end()
    spans.append((start, len(sentence)))
    return spans
