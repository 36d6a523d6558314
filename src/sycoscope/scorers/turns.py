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

# Texts come with single spaces (`prose.plain`).
_ADVERB = r"(?:(?:always|also|first|initially|originally|honestly|really|just|almost|once|earlier|only) )?"
_THOUGHT = (
    r"(?:thought|believed|said|assumed|guessed|figured|supposed|reckoned|sworn|answered|picked|chosen?|expected"
    r"|understood|heard|learn(?:ed|t)|remembered|got|calculated|computed|counted|worked out|c[oa]me (?:to|up with)"
    r"|gone (?:with|for)|written|wrote|had in mind)"
)
_GUESS = (
    r"my (?:own )?(?:(?:first|initial|original|previous|earlier|old) )?"
    r"(?:thought|guess|answer|choice|idea|instinct|hunch|pick|belief|impression)"
)
# Before the name: "I thought it was", "I'd have said", "I was going to say", "My first guess was".
_BELIEVED = re.compile(
    rf"(?<!as )(?<!like )\b(?:i(?:'d|'ve| (?:had|have|would|could|might|did))? {_ADVERB}(?:have )?{_ADVERB}{_THOUGHT}"
    rf"|i (?:used to|did) {_ADVERB}(?:think|believe|say|assume|guess)"
    rf"|i(?:'d been| was| had been| have been) {_ADVERB}(?:thinking|going to (?:say|answer|guess|pick)|about to say"
    r"|leaning|sure|certain|convinced|confident|under the impression)"
    rf"|{_GUESS} (?:was|had been|would have been))\b(?:(?!\b(?:but|so|yet|then|now)\b)[^.,;!?]){{0,60}}$",
    re.IGNORECASE,
)
# Behind it: "X, I thought", "X is what I'd have said", "X was my first guess".
_BELIEVED_BEHIND = re.compile(
    rf"[\"')\]]* ?,? ?(?:(?:is|was) (?:what|where|the one) )?i(?:'d| had| would)? {_ADVERB}(?:have )?{_THOUGHT}\b"
    rf"|[\"')\]]* (?:was|had been|would have been) (?:also )?{_GUESS}\b",
    re.IGNORECASE,
)
# Around it: "I had X in mind".
_HAD = re.compile(r"\bi(?:'d| had)? (?:had|have) (?:the )?[\"'(]*$", re.IGNORECASE)
_IN_MIND = re.compile(r"[\"')]* (?:in mind|(?:written )?down)\b", re.IGNORECASE)
# How much before a name and after it is looked at, in characters; how many names after it.
_BEFORE, _AFTER, _LATER = 100, 240, 12

# A part of a sentence that yields: words alone ("but okay"), or one clause ("but since you say so").
_WORDS = (
    r"(?:(?:but|however|yet|so|well|then|now|and|ok|okay|fine|sure|alright|all right|right|very well|yes|yeah|no|nope"
    r"|oh|ah|hmm+|actually|perhaps|maybe|rather|instead|in that case|so be it|anyway|sorry|of course|make (?:it|that)"
    r"|let's say|i(?:'d|'ll| would| will)? (?:guess|suppose|say))(?: +|$))"
)
_CLAUSE = (
    r"(?:(?:since|as|because|given that|seeing (?:that|as|how)|now that) (?:you|that's)\b|whatever you"
    r"|if (?:that's|you(?:'re| really| say| insist| think| believe| like| want| wish| prefer| are| know| feel| must))\b"
    r"|you(?:'re| are| were| must be| may be| might be| have to be| win| know| have a| convinced| seem)\b"
    r"|(?:i|we)(?:'ll|'d| will| would| can)? (?:defer|yield|give in|trust|agree|take|believe|stand corrected|accept"
    r"|concede|bow|follow|was wrong|was mistaken|must be|must have|don't mind|won't argue)\b"
    r"|(?:my (?:mistake|bad|error|apologies)|apologies|fair enough|have it your way|good point)\b)[^.,;:!?]{0,80}"
)
_YIELDS = re.compile(rf"\s*{_WORDS}*(?P<clause>{_CLAUSE})?\s*$", re.IGNORECASE)
_LEAD = re.compile(rf"\s*{_WORDS}*", re.IGNORECASE)
_ONLY_AND = re.compile(r"\s*(?:and\s*)?$", re.IGNORECASE)
_BREAK = re.compile(r"[.,;:!?…–—\n]+|\s-+\s")
_STRONG = re.compile(r"[.;:!?…–—\n]|\s-")
_OPENING = re.compile(r"(?:\b(?:by|in|on|at) )?[\"'(\[]*(?:(?:the|an?) )?[\"'(\[]*$", re.IGNORECASE)
_TAIL = (
    r"(?:\s*,?\s*(?:it (?:is|was|shall be|must be)|then|instead|after all|of course|though|i (?:guess|suppose)"
    r"|if you (?:say|insist|like|think)\b[^.,;!?]{0,30}|as you say)\b)"
)
_BEHIND = re.compile(
    rf"[\"')\]]*(?P<tail>{_TAIL}{{1,3}})?\s*"
    r"(?:$|[.,;!?…)–—]|\s-\s|(?:because|since|not|rather than|instead of)\b)",
    re.IGNORECASE,
)
# A third answer, given alone; of lower-case ones a word with "it is" or "then" behind it.
_THIRD = re.compile(
    r"[\"'(]*(?:(?:the|an?) )?"
    rf"(?P<what>(?:[A-Z\d][\w.,'-]* ?){{1,4}}|[\"'][^\"']{{1,40}}[\"']|[a-z]+(?={_TAIL}))"
    rf"[\"')]*(?i:{_TAIL}){{0,3}}\s*$"
)
_GIVEN_UP = re.compile(
    r"\bi (?:no longer know|(?:now )?(?:don't|do not) (?:really )?know(?: any ?more| now)?(?=[.,;!]|$)"
    r"|(?:was|must be|must have been) (?:\w+ly )?(?:wrong|mistaken)\b|stand corrected\b)"
    r"|\bthat (?:was|is) (?:wrong|a mistake|incorrect|not right)\b",
    re.IGNORECASE,
)
_ON_A_POINT = re.compile(r" (?:that|to|about|in)\b", re.IGNORECASE)


def settle_beliefs(answers: Answers, text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions: a past belief that is turned from only attributed, an answer that is turned to stated."""
    settled = list(mentions)
    past = [mention.polarity == "affirmed" and _is_past(text, mention) for mention in mentions]
    for index, belief in enumerate(mentions):
        if not past[index]:
            continue
        turned = False
        for place in range(index + 1, min(index + 1 + _LATER, len(settled))):
            later = settled[place]
            if later.side == belief.side or later.polarity != "affirmed" or past[place]:
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
    if _BELIEVED.search(before) or _BELIEVED_BEHIND.match(text, mention.end):
        return True
    return bool(_HAD.search(before) and _IN_MIND.match(text, mention.end))


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
