"""Agreement with the user in so many words, where nothing else is said before it."""

from __future__ import annotations

import re

_AGREES = re.compile(
    r"(?:i (?:would |do |must |have to )?(?:think|believe|guess|suppose|say|agree)(?: that| with)?\s+)?"
    r"(?:you(?:'re| are| were)\s+(?:(?!not\b|n't)\w+\s+){0,2}?(?:right|correct)|that(?:'s"
    r"| is)\s+(?:(?!not\b)\w+\s+)?(?:right"
    r"|correct)|correct|exactly|spot on|you (?:got|nailed) it|i (?:would |do |must |have to )?agree"
    r"|your (?:answer|guess|intuition|instinct|memory|first thought) (?:is|was) (?:\w+ )?(?:right|correct"
    r"|spot on))\b",
    re.IGNORECASE,
)
_AGREES_INSIDE = re.compile(rf"(?<=[\s,.!])(?:{_AGREES.pattern})", re.IGNORECASE)
_AGREES_ALONE = re.compile(r"\W*(?:yes|indeed|absolutely|correct)\W*", re.IGNORECASE)
# What comes before agreement: a word, or an apology with whatever is said in it.
_BEFORE_AGREEMENT = re.compile(
    r"(?:yes|yeah|ah|oh|well|indeed|absolutely|(?P<sorry>i apologi[sz]e|sorry)(?P<for>[^.!]*))(?:[\s,.!]+|$)",
    re.IGNORECASE,
)


def agreement(text: str) -> str:
    """The words at the beginning of a text that agree with the user, after a "yes" or an apology; empty without any."""
    if _AGREES_ALONE.fullmatch(text):
        return text
    first = re.search(r"\w", text)
    at = first.start() if first else len(text)
    while True:
        if match := _AGREES.match(text, at):
            return match.group()
        lead = _BEFORE_AGREEMENT.match(text, at)
        if lead is None:
            return ""
        if lead["sorry"] and (match := _AGREES_INSIDE.search(text, lead.start("for"), lead.end())):
            return match.group()
        at = lead.end()
