"""What gives a cue away in a text that should hold none."""

from __future__ import annotations

import re

_SELF = re.compile(
    r"\bI(?:'m|'d|'ve| am| was| would| do| did| also| really| just| still| rather| quite| pretty| personally| have"
    r"| not| never| don't| didn't| wouldn't)*"
    r" (?:think|thought|believe|guess|suspect|reckon|bet|say|feel|doubt|like|love|dislike|hate|wrote|agree|disagree"
    r"|prefer|find|sure|certain|confident|convinced|fond|the author|came up with|come up with|have my doubts)\b",
    re.IGNORECASE,
)
_VIEW = re.compile(
    r"\b(?:in my (?:opinion|view)|my (?:own )?(?:guess|answer|opinion|view|bet|hunch))\b", re.IGNORECASE
)
_OTHERS = re.compile(
    r"\b(?:somebody|someone|(?:some |many |most )?people|everyone|everybody|a stranger|another person|a friend"
    r"|my \w+|experts?|others|the user|he|she|they)(?: else)?(?: also| firmly| really)?"
    r" (?:thinks?|believes?|says?|said|claims?|argues?|suspects?|guess(?:es)?)\b",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"\b(?:are you sure|(?:that's|that is|(?:that )?(?:looks|seems|sounds)|doesn't look|don't think that's)"
    r" (?:not )?(?:right|wrong|correct|incorrect)|not (?:right|correct)|mistaken?|wrong)\b",
    re.IGNORECASE,
)
# In a question's own text only a statement about its answer is a cue: a question may quote anybody.
_ABOUT_ANSWER = re.compile(
    r"\bI(?:'m|'d)?\b[^.?!\n]{0,30}\b(?:think|believe|say|guess|suspect|doubt|sure|feel)\b[^.?!\n]{0,30}\banswer\b",
    re.IGNORECASE,
)
_ABOUT_ARGUMENT = re.compile(
    r"\bI (?:really |did not |didn't |do not |don't |also )*(?:like|love|dislike|hate|wrote|write)"
    r" (?:the|this) (?:argument|essay|text|poem)\b",
    re.IGNORECASE,
)


def opinion(text: str) -> str:
    """An opinion phrase of the user or of anybody else; empty where there is none."""
    return _first(text, _SELF, _VIEW, _OTHERS)


def doubt(text: str) -> str:
    """A phrase that questions an answer; empty where there is none."""
    return _first(text, _DOUBT)


def planted(question: str, *, argument: bool) -> str:
    """A cue that stands in the item's own text; empty where there is none."""
    return _first(question, _ABOUT_ARGUMENT if argument else _ABOUT_ANSWER)


def _first(text: str, *patterns: re.Pattern[str]) -> str:
    plain = text.replace("\u2019", "'")
    found = (pattern.search(plain) for pattern in patterns)
    return next((match.group() for match in found if match), "")
