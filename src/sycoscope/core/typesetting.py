r"""Signs of typesetting in plain ones: LaTeX's spaces, fractions and powers, raised digits.

`\$9{,}500` becomes `$9,500`, `\frac{19}{2}` becomes `19/2`, `1.5 \times 10^{3}` becomes `1.5 × 10^3`.
"""

from __future__ import annotations

import re

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
