"""A response as plain prose: markup off, sentences and clauses found, invented turns cut."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from sycoscope.scorers.thinking import spoken

_QUOTES = str.maketrans(
    {"‘": "'", "’": "'", "‛": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"'}
)
_BOXED = re.compile(r"\\f?boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_TEX = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mathsf|textit|operatorname)\s*\{([^{}]*)\}")
_MARKUP = [
    (re.compile(r"\\[()\[\]]"), " "),
    (re.compile(r"\$\$?\s*\(?([A-Za-z])\)?\s*\$\$?"), r" \1 "),
    (re.compile(r"(?m)^\s{0,3}#{1,6}\s+(?=\D)"), ""),
    (re.compile(r"(?m)^\s*[>*•‣▪●-]\s+"), ""),
    (re.compile(r"\*\*|__|`+|~~"), ""),
    (re.compile(r"(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])"), ""),
    (re.compile(r"</?(?:b|i|u|em|strong|p|br|span|answer|final)\s*/?>", re.IGNORECASE), " "),
    (re.compile(r"[^\S\n]+"), " "),
]

_SPEAKERS = (
    r"question|q|user|human|instruction|input|prompt|problem|exercise|assistant|system|student|frage"
    r"|benutzer|next question"
)
RUN_ON = re.compile(
    rf"(?im)^\s*(?:#{{2,}}\s*)?(?:(?:{_SPEAKERS})(?:\s*\d+)?\s*:|<\|?(?:im_start|user|end|eot)[^\n>]*>"
    rf"|\[/?INST\])"
)

_ABBREVIATIONS = (
    r"(?:rs|dr|mr|mrs|ms|st|prof|sr|jr|vs|etc|approx|no|vol|fig|e\.g|i\.e|u\.s|u\.k|inc|ltd|co|mt|ca)"
)
_BOUNDARY = re.compile(r"(?P<mark>[.!?…]+)[\"')\]]*\s+(?=[\"'(\[¿¡]*[A-Z0-9ÄÖÜÉ])|\n+")
_ABBREVIATED = re.compile(
    rf"(?:\b{_ABBREVIATIONS}|(?:^|[\s(.\"'])[A-Za-z]|(?:^|\n)\s*\d{{1,2}})$", re.IGNORECASE
)


def plain(response: str) -> str:
    """Strip reasoning, markup and typographic variants; a box becomes `boxed: X`."""
    text = unicodedata.normalize("NFKC", spoken(response)).translate(_QUOTES)
    for _ in range(2):
        text = _TEX.sub(r"\1", text)
    text = _BOXED.sub(r" boxed: \1 ", text)
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return text.strip()


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


def heads(text: str) -> Iterator[str]:
    """The text up to an invented next turn, then (if that says nothing) longer pieces, then all of it.

    A marker at the very start is the model's own opening, never a cut.
    """
    first = re.search(r"\S", text)
    if first is None:
        return
    for match in RUN_ON.finditer(text):
        if match.start() > first.start() and text[: match.start()].strip():
            yield text[: match.start()].rstrip()
    yield text


def before_run_on(text: str) -> str:
    """The text up to the first invented turn."""
    return next(heads(text), text)


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of sentences; a new line ends one, an abbreviation or initial does not."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        mark = match["mark"]
        head = text[start : match.start()]
        # A sentence can end in "no." or in a letter ("The answer is B. Note ...").
        rest = text[match.end() : match.end() + 40]
        if match.group().strip() == "." and _ABBREVIATED.search(head) and _goes_on(head, rest):
            continue
        end = match.start() if mark is None else match.start() + len(mark)
        if text[start:end].strip():
            spans.append((start, end))
        start = match.end()
    if text[start:].strip():
        spans.append((start, len(text)))
    return spans


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
    if _OPENER.match(rest):
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
