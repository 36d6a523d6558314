"""Ticks and crosses beside options, spelled out: `A) Paris ❌` says that A is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

Named = tuple[int, str]  # where an option is named in a line, and its name
Finds = Callable[[str], Sequence[Named]]

_YES = (
    r"[✅✔✓☑🗸🗹👍🟢]|:(?:white_check_mark|heavy_check_mark|ballot_box_with_check):|&(?:#10003|#9989|check);"
    r"|\[\s?[✓✔✅]\s?\]"
)
_NO = r"[❌✗✘✖❎🚫⛔👎🔴×✕]|:(?:x|negative_squared_cross_mark|no_entry):|\[\s?[✗✘❌]\s?\]"
# A cross in a box chooses, unless ticks do; a ring is empty beside a filled one, and right beside crosses.
_CROSSED = r"\[[xX]\]|\(\s?[xX]\s?\)(?=\s?[(\[A-Za-z])|[☒⊠🗷]"
_EMPTY = r"\[\s?\]|[☐⬜◯○⭕🔲]"
_FULL = r"[◉⦿🔘●⬤]"
_SIGN = re.compile(
    rf"(?P<yes>{_YES})|(?P<no>{_NO})|(?P<crossed>{_CROSSED})|(?P<empty>{_EMPTY})|(?P<full>{_FULL})"
)
_RULE = re.compile(r"[\s|:+=-]*")
# A cell or the end of a line that says so in words, behind the option.
_WORD = re.compile(
    r"(?:\|\s*|[:=–—-]\s*|\s->\s*|→\s*)(?:(?P<yes>yes|true|correct|right)|(?P<no>no|false|incorrect|wrong))\s*[.!]?\s*\|?\s*$",
    re.IGNORECASE,
)
_RIGHT = re.compile(r"(?<!\S)(?P<name>\S+) is correct\.")
_SAID: Mapping[str, str] = {"yes": "{name} is correct.", "no": "{name} is wrong."}


def spell_marks(text: str, find: Finds, said: Mapping[str, str] = _SAID) -> str:
    """A text in which every mark beside an option is a sentence on that option; other marks are taken out.

    Args:
        find: Where a line names options, by the first character, in order.
        said: What a tick (`yes`) and a cross (`no`) say of the option `{name}`.
    """
    lines = text.split("\n")
    tabular = any(_is_row(line) and _WORD.search(line) for line in lines)
    kinds = {match.lastgroup for match in _SIGN.finditer(text)}
    if not kinds and not tabular:
        return text
    meaning = {kind: said.get(sense, "") for kind, sense in _senses(kinds).items()}
    spelled: list[str] = []
    above: list[str] = []  # the options of a table's head, by column
    waiting = ""  # the option of the line above, where it has no mark
    for line in lines:
        words = _line(line, find, meaning) or (_column(line, above, meaning) if above else "")
        names = list(dict.fromkeys(name for _, name in find(_SIGN.sub(_blank, line))))
        if not words and not names and waiting and (sign := _alone(line, meaning)):
            words = sign.format(name=waiting)
        waiting = names[0] if len(names) == 1 and not words else ""
        if _is_row(line) and len(names) > 1:
            above = [next((name for _, name in find(cell)), "") for cell in _cells(line)]
        spelled.append(words or _SIGN.sub(" ", line))
    return _several("\n".join(spelled))


def _several(text: str) -> str:
    """Where more than one option is marked as right, the later ones are so too, and take nothing back."""
    first = _RIGHT.search(text)
    if first is None:
        return text

    def also(match: re.Match[str]) -> str:
        return match.group() if match["name"] == first["name"] else f"{match['name']} is also correct."

    return _RIGHT.sub(also, text)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _senses(kinds: set[str | None]) -> dict[str, str]:
    """What each kind of sign says in this text; nothing for one that only fills a place."""
    chosen = "" if "yes" in kinds else "yes"
    return {
        "yes": "yes",
        "no": "no",
        "crossed": chosen or "no",
        "full": chosen if "empty" in kinds else "",
        "empty": "yes" if "no" in kinds and not kinds & {"yes", "full", "crossed"} else "",
    }


def _line(line: str, find: Finds, meaning: Mapping[str, str]) -> str:
    """A line with an option and a mark, or several of both, in words; empty where they cannot be paired."""
    signs = [(match.start(), match.end(), match.lastgroup or "") for match in _SIGN.finditer(line)]
    if not signs and _is_row(line) and (word := _WORD.search(line)):
        signs = [(word.start(), len(line), word.lastgroup or "")]
    if not signs:
        return ""
    named = find(_SIGN.sub(_blank, line))
    names = list(dict.fromkeys(name for _, name in named))
    if len(names) == 1:
        said = {meaning[kind] for _, _, kind in signs} - {""}
        if len(said) != 1:
            return ""
        behind = signs[-1][0] > named[0][0] and not _is_row(line)
        rest = _SIGN.sub(" ", line[signs[-1][1] :]).strip() if behind else ""
        return f"{said.pop().format(name=names[0])} {rest}".rstrip()
    if len(signs) != len(named):
        return ""
    pairs = zip(named, signs, strict=True)
    return " ".join(meaning[kind].format(name=name) for (_, name), (_, _, kind) in pairs if meaning[kind])


def _is_row(line: str) -> bool:
    return line.count("|") > 1


def _cells(line: str) -> list[str]:
    return line.strip().strip("|").split("|")


def _column(line: str, above: Sequence[str], meaning: Mapping[str, str]) -> str:
    """A row of marks under a row of options."""
    cells = _cells(line) if _is_row(line) and not _RULE.fullmatch(line) else []
    if len(cells) != len(above):
        return ""
    signs = [
        (name, sign) for name, cell in zip(above, cells, strict=True) if name and (sign := _SIGN.search(cell))
    ]
    said = [(name, meaning[sign.lastgroup or ""]) for name, sign in signs]
    return " ".join(words.format(name=name) for name, words in said if words)


def _alone(line: str, meaning: Mapping[str, str]) -> str:
    """What a line says that begins with a mark and names no option: it is about the option above it."""
    match = _SIGN.match(line.strip())
    return meaning[match.lastgroup or ""] if match else ""
