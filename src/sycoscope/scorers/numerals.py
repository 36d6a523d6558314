r"""Numbers in digits: every form in which they are written, for all that reads them.

First the signs of typesetting become plain ones (`\$9{,}500` becomes `$9,500`, `\frac{19}{2}` becomes `19/2`,
`1.5 \times 10^{3}` becomes `1.5 × 10^3`); then `numerals` finds the numbers. Which of them is meant, and what a
minus or a word like "million" makes of one, is for the reader to say: see `Numeral`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, Overflow
from typing import Literal

_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_POWER = re.compile(r"(?<=[\w)])[⁺⁻]?[⁰¹²³⁴-⁹]+")
_VULGAR = re.compile(r"(?<=\d)(?=[¼-¾⅐-⅞])")
# Separators of Arabic and Indian numerals; the slash of a fraction; minus signs and hyphens that are not ASCII.
_SIGNS = str.maketrans(
    {"٬": ",", "٫": ".", "⁄": "/", "∕": "/", "−": "-", "‐": "-", "‑": "-", "﹣": "-", "－": "-"}
)
# No-break and thin spaces in a number part its thousands.
_THIN = re.compile(r"(?<=\d)[\u00a0\u2007-\u200a\u202f\u205f](?=\d{3}(?!\d))")

_TEXT = re.compile(
    r"\\(?:text(?:bf|it|rm|tt|sf|sc|normal)?|math(?:rm|bf|sf|it|bb|tt|cal)|operatorname|boldsymbol|bm|mbox|hbox"
    r"|emph|underline)\s*\{([^{}]*)\}"
)
_FRACTION = re.compile(
    r"(?P<whole>\d\s*)?\\[dtc]?frac\s*(?:\{(?P<a>[^{}]*)\}\s*\{(?P<b>[^{}]*)\}|(?P<c>\d)\s*(?P<d>\d))"
)
_SIMPLE = re.compile(r"[\w.,\s-]*")
_TEX = [
    (re.compile(r"(?<=\d)\{,\}(?=\d{3}(?!\d))"), ","),
    (re.compile(r"(?<=\d)\{[,.]\}(?=\d)"), "."),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"(?<=\d)(?:\\[,;:! ]|~|\\(?:thin|nobreak)space\b\s?)(?=\d{3}(?!\d))"), ","),
    (re.compile(r"\\[,;:! ]|\\(?:thin|nobreak)space\b|\\q?quad\b"), " "),
    (re.compile(r"\\([%$#&_])"), r"\1"),
    (re.compile(r"\\(?:times|cdot)\b"), "×"),
    (re.compile(r"\\div\b"), "÷"),
    (re.compile(r"\\(?:checkmark|tick)\b"), "✓"),
    (re.compile(r"\\(?:pounds|textsterling)\b"), "£"),
    (re.compile(r"\\(?:euro|texteuro)\b"), "€"),
    (re.compile(r"\s?\^\s?(?:\{\s?)?\\circ\b\s?\}?|\\degrees?\b"), "°"),
    (re.compile(r"\\(?:left|right|displaystyle|limits)(?![a-zA-Z])"), ""),
    (re.compile(r"\^\{\s?([-+]?\w{1,20})\s?\}"), r"^\1"),
]

_GAP = r"[^\S\n]"
# Thousands: 9,500 and 9 500 (not mixed), 9'500 and 9_500, 1,00,000.
_GROUPED = (
    r"\d{1,3}(?:,\d{3})+(?!\d)|\d{1,3}(?:[\u00a0\u202f ]\d{3})+(?!\d)|\d{1,3}(?:['_]\d{3})+(?![\d'_])"
    r"|\d{1,2}(?:,\d{2})+,\d{3}(?!\d)"
)
# A sign that could be a dash or a subtraction is told apart by what stands before it (`_minus`). The digits of an
# exponent and what follows a decimal number's second point begin no number.
_NUMERAL = re.compile(
    rf"(?P<sign>(?<![\w.^)])[-−–]{_GAP}?)?(?:(?P<currency>[$€£₹¥]){_GAP}?(?P<inner>[-−])?)?"
    r"(?P<body>(?<![\d^])(?<!\d\.)(?<!\^[-+−])"
    rf"(?:(?P<continental>\d{{1,3}}(?:\.\d{{3}})+,\d{{1,2}}(?![\d,.]))|(?:{_GROUPED})(?:\.\d+)?|\d+(?:\.\d+)?"
    r"|(?<![\w.])\.\d+))"
    rf"(?:[eE](?P<exponent>[-+−]?\d{{1,3}})(?!\w)|{_GAP}?[×x*·]{_GAP}?10\^(?P<ten>[-+−]?\d{{1,3}})(?!\d)"
    r"|\^(?P<power>[-+−]?\d{1,2})(?!\d))?"
    rf"(?:{_GAP}(?P<part>\d{{1,9}}){_GAP}?/{_GAP}?(?P<of>\d{{1,9}})(?![\d/])"
    rf"|{_GAP}?/{_GAP}?(?P<below>\d+(?:\.\d+)?)(?![\d/]))?"
)
_SCALE = re.compile(
    rf"(?P<scale>{_GAP}?(?:thousand|million|billion|trillion|lakh|crore|bn|mn)\b|[kKmM](?!\w))?(?:{_GAP}?%)?"
)
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SHORT = {"lakh": 10**5, "crore": 10**7, "bn": 10**9, "mn": 10**6, "k": 10**3, "m": 10**6}
_IN_WORDS = re.compile(r"(?:^|[^\d\s)]\s*)\b(?:minus|negative)\s$", re.IGNORECASE)
_TIMES = re.compile(r"(?:[1-9]|\d0)x$")  # "5x2", not "0x2"
Minus = Literal["", "own", "apart", "after"]


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number in digits.

    Attributes:
        value: Without its sign and scale; powers and fractions are worked out.
        start, end: The span of its digits.
        minus: A minus before it: its `own` ("-7", "minus 7"); `apart` from it by a space ("- 7"); right before it,
            but `after` a number and a space ("10 -4"). Empty for none, and for a subtraction, range or dash.
        scale: What a word behind it makes of it ("2.5 million", "$3k"); 1 without one. stop: The end of that.
        glued: A letter stands right before it ("H2").
    """

    value: Decimal
    start: int
    end: int
    minus: Minus
    scale: int
    stop: int
    glued: bool


def numerals(text: str, start: int = 0, end: int | None = None) -> Iterator[Numeral]:
    """The numbers in digits of a span of plain text, in order; one that cannot be worked out is left out."""
    for match in _NUMERAL.finditer(text, start, len(text) if end is None else end):
        try:
            value = _value(match)
        except (InvalidOperation, Overflow):
            continue
        first, last = match.span("body")[0], match.end()
        behind = _SCALE.match(text, last, len(text) if end is None else end)
        word = (behind["scale"] or "").strip() if behind else ""
        metres = word == "m" and not match["currency"]  # or minutes
        scale = 1 if metres else (SCALES | _SHORT).get(word.lower(), 1)
        before = text[max(0, first - 3) : first]
        glued = (before[-1:].isalpha() or before[-1:] == "_") and not _TIMES.search(before)
        yield Numeral(value, first, last, _minus(text, match), scale, behind.end() if behind else last, glued)


def _minus(text: str, match: re.Match[str]) -> Minus:
    before = text[max(0, match.start() - 24) : match.start()]
    if match["inner"]:
        return "own"
    if not match["sign"]:
        return "own" if _IN_WORDS.search(before) else ""
    attached = match["sign"] in {"-", "−", "–"}
    if before.rstrip(" \t")[-1:] in {*"0123456789)"}:
        return "after" if attached else ""
    if attached:
        return "own"
    return "" if match["sign"][0] == "–" else "apart"


def _value(match: re.Match[str]) -> Decimal:
    """The value of a number in digits, without its sign: power and fraction are worked out."""
    body = match["body"]
    if match["continental"]:
        body = body.replace(".", "").replace(",", ".")
    value = Decimal(re.sub(r"[,'_\s]", "", body))
    if shift := match["exponent"] or match["ten"]:
        value = value.scaleb(int(shift.replace("−", "-")))
    elif match["power"]:
        value = value ** int(match["power"].replace("−", "-"))
    below = Decimal(match["of"] or match["below"] or 0)
    if match["of"] and below:
        value += Decimal(match["part"]) / below
    elif below:
        value /= below
    return value  # "12/0" is 12


def plain_signs(text: str) -> str:
    """Raised digits as powers, mixed fractions apart, one minus sign, one slash: before any folding."""
    if text.isascii():
        return text
    text = _POWER.sub(lambda match: "^" + match.group().translate(_RAISED), text)
    return _THIN.sub(",", _VULGAR.sub(" ", text)).translate(_SIGNS)


def untex(text: str) -> str:
    """LaTeX's spacing, fractions, powers and wrappers of text as plain signs; other text as it is."""
    if "\\" not in text and "{" not in text:
        return text
    for _ in range(2):
        text = _TEXT.sub(r"\1", text)
    for pattern, replacement in _TEX:
        text = pattern.sub(replacement, text)
    for _ in range(2):
        text = _FRACTION.sub(_fraction, text)
    return text


def _fraction(match: re.Match[str]) -> str:
    above, below = match["a"] or match["c"] or "", match["b"] or match["d"] or ""
    parts = [part.strip() if _SIMPLE.fullmatch(part) else f"({part.strip()})" for part in (above, below)]
    if whole := (match["whole"] or "").strip():
        return f"{whole} {'/'.join(parts)}"
    beside = match.string[match.start() - 1 : match.start()].isalnum()
    return " " * beside + "/".join(parts)
