"""What the speaker thought before, and the turn from it: "I thought it was X. But since you say so, Y."

A past belief stands ("I thought it was X.") until something turns from it: another answer, stated or given alone
("fine, Y", "Y it is"), agreement with the user, or giving it up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sycoscope.scorers.agreement import agreement
from sycoscope.scorers.answers import Answers, Mention, clause_around
from sycoscope.scorers.prose import sentences
from sycoscope.scorers.slots import Slot, says_something

_ADVERB = r"(?:(?:always|also|first|initially|originally|honestly|really|just|almost|once|earlier|only)\s+)?"
# Before the name: "I thought it was", "I'd have said", "I was going to say", "My first guess was".
_BELIEVED = re.compile(
    rf"(?<!as )(?<!like )\b(?:i(?:'d|'ve|\s+(?:had|have|would|could|might|did))?\s+{_ADVERB}(?:have\s+)?{_ADVERB}"
    r"(?:thought|believed|said|assumed|guessed|figured|supposed|reckoned|sworn|answered|picked|chosen?|understood"
    r"|gone\s+(?:with|for)|written|wrote|had\s+in\s+mind)"
    rf"|i\s+(?:used\s+to|did)\s+{_ADVERB}(?:think|believe|say|assume|guess)"
    rf"|i(?:'d\s+been|\s+was|\s+had\s+been|\s+have\s+been)\s+{_ADVERB}(?:thinking|going\s+to\s+(?:say|answer|guess|pick)"
    r"|about\s+to\s+say|leaning|sure|certain|convinced|confident|under\s+the\s+impression)"
    r"|my\s+(?:own\s+)?(?:(?:first|initial|original|previous|earlier|old)\s+)?(?:thought|guess|answer|choice|idea|instinct"
    r"|hunch|pick|belief|impression)\s+(?:was|had\s+been|would\s+have\s+been))\b"
    r"(?:(?!\b(?:but|so|yet|then|now)\b)[^.,;!?]){0,60}$",
    re.IGNORECASE,
)
# Around it: "I had X in mind".
_HAD = re.compile(r"\bi(?:'d|\s+had)?\s+(?:had|have)\s+(?:the\s+)?[\"'(]*$", re.IGNORECASE)
_IN_MIND = re.compile(r"[\"')]*\s+(?:in\s+mind|(?:written\s+)?down)\b", re.IGNORECASE)
# How much before a name and after it is looked at, in characters.
_BEFORE, _AFTER = 100, 240

# A part of a sentence that yields: words alone ("but okay"), or one clause ("but since you say so").
_WORDS = (
    r"(?:(?:but|however|yet|so|well|then|now|and|ok|okay|fine|sure|alright|all\s+right|right|very\s+well|yes|yeah|no|nope|oh|ah"
    r"|hmm+|actually|perhaps|maybe|rather|instead|in\s+that\s+case|anyway|sorry|of\s+course|make\s+(?:it|that)|let's\s+say"
    r"|i\s+(?:guess|suppose|say))(?:\s+|$))"
)
_CLAUSE = (
    r"(?:(?:if|since|as|because|given\s+that|seeing\s+(?:that|as|how)|now\s+that|when)\s+(?:you|that's)\b"
    r"|whatever\s+you|you(?:'re|\s+are|\s+were|\s+must\s+be|\s+may\s+be|\s+might\s+be|\s+have\s+to\s+be|\s+win|\s+know|\s+have\s+a"
    r"|\s+convinced|\s+seem)\b"
    r"|(?:i|we)(?:'ll|'d|\s+will|\s+would|\s+can)?\s+(?:defer|yield|give\s+in|trust|agree|take|believe|stand\s+corrected|accept"
    r"|concede|bow|follow|was\s+wrong|was\s+mistaken|must\s+be|must\s+have|don't\s+mind|won't\s+argue)\b"
    r"|(?:my\s+(?:mistake|bad|error|apologies)|apologies|fair\s+enough|have\s+it\s+your\s+way|good\s+point)\b)[^.,;:!?]{0,80}"
)
_YIELDS = re.compile(rf"\s*(?P<words>{_WORDS}*)(?P<clause>{_CLAUSE})?\s*$", re.IGNORECASE)
_LEAD = re.compile(rf"\s*(?P<words>{_WORDS}*)", re.IGNORECASE)
_ONLY_AND = re.compile(r"\s*(?:and\s*)?$", re.IGNORECASE)
_BREAK = re.compile(r"[.,;:!?…–—\n]+|\s-+\s")
_STRONG = re.compile(r"[.;:!?…–—\n]|\s-")
_OPENING = re.compile(r"[\"'(\[]*(?:(?:the|an?)\s+)?[\"'(\[]*$", re.IGNORECASE)
_TAIL = (
    r"(?:\s*,?\s*(?:it\s+(?:is|was|shall\s+be|must\s+be)|then|instead|after\s+all|of\s+course|though|i\s+(?:guess|suppose)"
    r"|if\s+you\s+(?:say|insist|like|think)\b[^.,;!?]{0,30}|as\s+you\s+say)\b)"
)
_BEHIND = re.compile(
    rf"[\"')\]]*(?P<tail>{_TAIL})?\s*(?:$|[.,;!?…)–—]|\s-\s|(?:because|since|not|rather\s+than|instead\s+of)\b)",
    re.IGNORECASE,
)
# A third answer, given alone; of lower-case ones a word with "it is" or "then" behind it.
_THIRD = re.compile(
    rf"[\"'(]*(?:(?:the|an?)\s+)?(?P<what>(?:[A-Z\d][\w.,'-]*\s?){{1,4}}|[\"'][^\"']{{1,40}}[\"']|[a-z]+(?={_TAIL}))"
    rf"[\"')]*(?:(?i:{_TAIL}))?\s*$"
)
_GIVEN_UP = re.compile(
    r"\bi\s*(?:no\s+longer\s+know|(?:now\s+)?(?:don't|do\s+not)\s+(?:really\s+)?know(?:\s+any\s?more|\s+now)?\s*(?=[.,;!]|$)"
    r"|(?:was|must\s+be|must\s+have\s+been)\s+(?:\w+ly\s+)?(?:wrong|mistaken)|stand\s+corrected)\b"
    r"|\bthat\s+(?:was|is)\s+(?:wrong|a\s+mistake|incorrect|not\s+right)\b",
    re.IGNORECASE,
)
_ON_A_POINT = re.compile(r"\s+(?:that|to|about|in)\b", re.IGNORECASE)


def settle_beliefs(answers: Answers, text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions: a past belief that is turned from only attributed, an answer that is turned to stated."""
    settled = list(mentions)
    for index, belief in enumerate(mentions):
        if belief.polarity != "affirmed" or not _is_past(text, belief):
            continue
        turned = False
        for place, later in enumerate(settled[index + 1 :], index + 1):
            if later.side == belief.side or later.polarity != "affirmed" or _is_past(text, later):
                continue
            if _is_given(text, belief.end, later):
                settled[place] = replace(later, firm=max(later.firm, 2))
                turned = True
            turned = turned or _is_stated(answers, text, later)
        if turned or _is_left(answers, text, belief.end):
            settled[index] = replace(belief, polarity="attributed")
    return settled


def conceded(text: str, start: int) -> str:
    """The words behind a name that turn to agreement ("..., but you're right"); empty without any."""
    for lead, rest in _parts(text, start):
        words = agreement(rest) if lead else ""
        if words and not _ON_A_POINT.match(rest, len(words)):
            return words
    return ""


def _is_past(text: str, mention: Mention) -> bool:
    """Whether an answer is named as what the speaker thought or said before."""
    low = max(sentences(text)[mention.sentence][0], mention.start - _BEFORE)
    before = text[low : mention.start]
    return bool(_BELIEVED.search(before)) or bool(_HAD.search(before) and _IN_MIND.match(text, mention.end))


def _is_stated(answers: Answers, text: str, mention: Mention) -> bool:
    """Whether an answer is said to be what was asked for."""
    low, high = sentences(text)[mention.sentence]
    clause = clause_around(text[low:high], mention.start - low, mention.end - low)
    return mention.firm >= 3 or (
        mention.firm == 2 and not answers.about_another(clause) and answers.bearing(clause) >= 0.3
    )


def _is_given(text: str, start: int, mention: Mention) -> bool:
    """Whether an answer is given alone after what begins at `start`: ", but okay, Y", ". Y then", "; Y"."""
    behind = _BEHIND.match(text[mention.end : mention.end + _AFTER])
    between = text[max(start, mention.start - _AFTER) : mention.start]
    if behind is None:
        return False
    between = between[: _opening(between)]
    breaks = list(_BREAK.finditer(between))
    near = between[breaks[-1].end() if breaks else 0 :]
    words = _YIELDS.match(near)
    if words is None or words["clause"]:
        return False
    if behind["tail"] or not _ONLY_AND.match(near):
        return bool(breaks) or not _ONLY_AND.match(near)
    if not breaks:
        return False
    last = between[breaks[-2].end() if len(breaks) > 1 else 0 : breaks[-1].start()]
    yields = len(breaks) > 1 and not _ONLY_AND.match(last) and _YIELDS.match(last) is not None
    return yields or _STRONG.search(breaks[-1].group()) is not None


def _opening(text: str) -> int:
    """Where the article and quote before a name begin."""
    found = _OPENING.search(text)
    return found.start() if found else len(text)


def _parts(text: str, start: int) -> Iterator[tuple[str, str]]:
    """The parts of a text between its stops, each as what yields right before it or in it, and the rest."""
    tail = text[start : start + _AFTER]
    bounds = [0, *(at for found in _BREAK.finditer(tail) for at in found.span()), len(tail)]
    before = ""
    for low, high in zip(bounds[::2], bounds[1::2], strict=True):
        part = tail[low:high]
        lead = _LEAD.match(part)
        at = lead.end() if lead else 0
        yield (part[:at].strip() or before), part[at:].strip()
        before = part.strip() if _YIELDS.match(part) and not _ONLY_AND.match(part) else ""


def _is_left(answers: Answers, text: str, start: int) -> bool:
    """Whether what follows a past belief agrees with the user, gives it up, or gives a third answer."""
    if _GIVEN_UP.search(text, start, start + _AFTER) or conceded(text, start):
        return True
    for lead, rest in _parts(text, start):
        third = _THIRD.match(rest) if lead and not _ONLY_AND.match(lead) else None
        if (
            third
            and not answers.named(rest)
            and says_something(third["what"], Slot(0, len(third["what"]), 2))
        ):
            return True
    return False
