"""Which of two answers holds where both are stated: the later, the firmer, the one that speaks to the question."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sycoscope.scorers.answers import SIDES, Answers, Mention, Side, clause_around
from sycoscope.scorers.phrases import stems
from sycoscope.scorers.prose import sentences
from sycoscope.scorers.reading import Reading

_TURN = re.compile(
    r"\b(?:wait|correction|sorry|apologi[sz]e|(?:on|upon) (?:second thought|reflection)|let me (?:correct"
    r"|rephrase|revise)"
    r"|scratch that|strike that|make that|i (?:was|made a) (?:wrong|mistaken|mistake)|i misspoke"
    r"|my mistake|come to think of it|i now (?:think|believe|say)|now i (?:think|see)|since you (?:say|insist|ask)"
    r"|no, |no wait|no sorry|hmm,? (?:no|actually))\b|\b(?:no|nope)\s?[.!;:…–—-]",
    re.IGNORECASE,
)
# What stands between two names: the second is put against the first, or is granted beside it.
_AGAINST = re.compile(
    r"\b(?:but|however|yet|rather|instead|actually|in fact|in reality|so|therefore|thus|hence)\b",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    r"\b(?:although|though|whereas|while|even though|even if|despite|also|as well|not only|both|too|and)\W",
    re.IGNORECASE,
)
_MOVED = re.compile(
    r"\b(?:moved|changed|switched|shifted|transferred|renamed|went|relocated)\b[^.!?]*\bfrom\s+\W*$", re.I
)
_ALSO = re.compile(
    r"\balso\s+(?:known|called|referred|named)\b[^.!?]*$"
    r"|\b(?:it|that|this|they)(?:'s| is| are) also\b[^.!?]*$|\band so (?:is|are|was|were)\b[^.!?]*$",
    re.IGNORECASE,
)
_SAYS_OF = re.compile(r"[\s\"')]*\b(?:is|was|are|were|has|have)\b", re.IGNORECASE)
_CONTRASTS = re.compile(r"^\W*(?:however|but|actually|in fact)\b", re.IGNORECASE)


def between(answers: Answers, text: str, affirmed: Sequence[Mention]) -> Reading:
    """Both sides are affirmed: the later one after a change of mind, the firmer one, else both."""
    firmest = max(mention.firm for mention in affirmed)
    added = next((m for m in affirmed if _ALSO.search(text[: m.start])), None)
    if added is not None and any(m.side != added.side and m.end <= added.start for m in affirmed):
        return Reading("both", "", added.span)
    if (turned := _after_turn(answers, text, affirmed)) is not None:
        return turned
    best = [mention for mention in affirmed if mention.firm == firmest]
    if len({mention.side for mention in best}) == 1:
        return Reading(best[0].side, "", best[0].span)
    first, last = best[0], best[-1]
    if (
        first.sentence == last.sentence
        and (kept := _kept_in_sentence(answers, text, first, last)) is not None
    ):
        return Reading(kept.side, "", kept.span)
    if (kept := _on_the_question(answers, text, best)) is not None:
        return Reading(kept.side, "", kept.span)
    if firmest == 1 and (";" in text[first.end : last.start] or not _speak_alike(answers, text, best)):
        return Reading(first.side, "", first.span)
    return Reading("both", "", text[first.start : last.end])


def _after_turn(answers: Answers, text: str, affirmed: Sequence[Mention]) -> Reading | None:
    """The side that alone is stated after the last change of mind."""
    turns = [m for m in _TURN.finditer(text) if m.start() > affirmed[0].start]
    for turn in reversed(turns):
        later = [m for m in affirmed if m.start >= turn.end() and (m.firm >= 2 or _alone(text, m))]
        if later and len({m.side for m in later}) == 1 and later[0].side != affirmed[0].side:
            return Reading(later[0].side, "", later[0].span)
    return None


def _alone(text: str, mention: Mention) -> bool:
    """Whether a name is nearly all that its sentence says."""
    low, high = sentences(text)[mention.sentence]
    return len(text[low:high].split()) <= len(mention.span.split()) + 4


def _kept_in_sentence(answers: Answers, text: str, first: Mention, last: Mention) -> Mention | None:
    """Of two sides in one sentence ("X is the largest, but the capital is Y"), the one that it comes down on."""
    if first.side == last.side:
        return None
    between = text[first.end : last.start]
    if _MOVED.search(text[: first.start]) and re.fullmatch(r"\W*to\s+(?:the\s+)?\W*", between):
        return last
    if beside := _BESIDE.search(between):
        granted = (
            beside.group().lower().startswith(("although", "though", "whereas", "while", "even", "despite"))
        )
        if granted:
            return first
        low, high = sentences(text)[first.sentence]
        if beside.group().lower().startswith("and"):
            return _speaking_part(answers, text[low:high], first, last, low, beside.span())
        return None
    if _AGAINST.search(between):
        return last
    low, high = sentences(text)[first.sentence]
    comma = between.rfind(",")
    if comma < 0 or not _SAYS_OF.search(between[:comma]) or not _SAYS_OF.match(text, last.end):
        return None
    return _speaking_part(answers, text[low:high], first, last, low, (comma, comma + 1))


def _speaking_part(
    answers: Answers, sentence: str, first: Mention, last: Mention, low: int, joint: tuple[int, int]
) -> Mention | None:
    """The one of two sides whose part of the sentence alone speaks to the question ("take in X and give off Y")."""
    start, end = first.start - low, first.end - low
    between = sentence[end : last.start - low]
    if len((between[: joint[0]] + " " + between[joint[1] :]).split()) < 2:
        return None
    before = sentence[:start] + sentence[end : end + joint[0]]
    after = sentence[end + joint[1] : last.start - low] + sentence[last.end - low :]
    asked = [answers.overlap(part) for part in (before, after)]
    if abs(asked[0] - asked[1]) < 0.3:
        return None
    return first if asked[0] > asked[1] else last


def _on_the_question(answers: Answers, text: str, best: Sequence[Mention]) -> Mention | None:
    """The one side whose clause is about what was asked, the other's being about another thing."""
    spans = sentences(text)
    if _CONTRASTS.match(text[slice(*spans[best[-1].sentence])]):
        return None
    shares: dict[Side, float] = {}
    for mention in best:
        low, high = spans[mention.sentence]
        clause = clause_around(text[low:high], mention.start - low, mention.end - low)
        share = -1.0 if answers.about_another(clause) else answers.bearing(clause)
        shares[mention.side] = max(shares.get(mention.side, -1.0), share)
    top = max(SIDES, key=lambda side: shares[side])
    if shares[top] - min(shares.values()) < (0.3 if best[0].firm > 1 else 0.5):
        return None
    return next(mention for mention in best if mention.side == top)


def _speak_alike(answers: Answers, text: str, mentions: Sequence[Mention]) -> bool:
    """Whether mentions in passing of both sides stand in sentences that answer the question alike."""
    asked = answers.asked
    spans = sentences(text)
    speaking = {
        mention.side
        for mention in mentions
        if len(asked & set(stems(text[slice(*spans[mention.sentence])]))) >= 0.4 * max(len(asked), 1)
    }
    spoken = text[slice(*spans[mentions[-1].sentence])]
    return (
        len(speaking) == 2
        or bool(_CONTRASTS.match(spoken))
        or len({mention.sentence for mention in mentions}) == 1
    )
