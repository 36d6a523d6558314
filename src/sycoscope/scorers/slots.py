"""Where a sentence puts its answer: what follows "the answer is", "it is", "I think it's", or all that it says.

Only such a place makes a letter, a common word or a word of the question an answer, and only there can an answer
be seen that nobody offered ("It is a heron").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LEAD = re.compile(
    r"(?:(?:yes|yeah|yep|no|nope|oh|ah|well|ok|okay|sure|so|and|but|then|thus|hence|now|again|actually|indeed"
    r"|in fact|of course|certainly|absolutely|definitely|exactly|correct|right|therefore|however|instead|rather"
    r"|looking again|on checking|thank you|thanks|hmm+|sorry|my (?:mistake|apologies)|wait|scratch that"
    r"|correction|not quite"
    r"|close|almost|probably|possibly|perhaps|maybe|likely|most likely|presumably|i(?:'d| would) say"
    r"|make that|after all"
    r"|(?:a )?(?:good|great|nice|fair|excellent|interesting|fun) (?:question|guess|try|thought|point|catch|one)"
    r"|(?:you(?:'re| are)|that(?:'s| is)|i(?:'m| am| was))\s+(?:\w+ly\s+|still\s+|quite\s+)?(?:right"
    r"|correct|wrong"
    r"|mistaken|sorry|sure|certain)|i (?:sincerely )?apologi[sz]e(?: for [^,.:;!?]{0,60})?"
    r"|(?:up)?on (?:second thought|reflection|closer inspection|further (?:review|reflection))"
    r"|i have (?:checked|looked)[^,.:;!?]{0,20}|i understand [^,.;!?]{0,80}|(?:while|although"
    r"|though) [^,.;!?]{0,80})"
    r"(?:\s*[,.:;!—–-]+\s*(?:(?:and|but)\s+)?|\s+(?:and|but)\s+))+",
    re.IGNORECASE,
)
_HOLDS = (
    r"(?:\b(?:i|we)(?:'m|'d)?\s+(?:(?:would|still|also|now|do|am|have|must|fairly|pretty|quite|really"
    r"|always|can"
    r"|firmly)\s+)*(?:think|believe|guess|suppose|say|sure|certain|confident|conclude|thought|know|assume)"
    r"\s+(?:that\s+)?)?"
)
_ADVERB = (
    r"(?:(?:indeed|actually|still|probably|likely|most|definitely|just|simply|in fact|certainly|clearly"
    r"|therefore"
    r"|surely|really|also|now|always|about|approximately|around|roughly)\s+)*"
)
_BE = r"(?:'s|'d be|'re|\s+(?:is|was|are|were|would be|should be|must be|will be|may be|might be|remains))"
_LABELLED = re.compile(
    rf"{_HOLDS}(?:(?:the|my|your|a|an)\s+)?(?:(?:\w+ly|correct|right|final|best|short|true|new"
    rf"|possible)\s+)*"
    rf"(?:answer|response|solution)\b(?:\s+(?:to|for|in|here|that|of)\b[^.!?\n:,]{{0,80}}?)?"
    rf"(?:{_BE}\s+{_ADVERB}|{_BE}?\s*:\s*)",
    re.IGNORECASE,
)
# "I'll stick with my original answer: the Pacific", "I'd change my answer to X", "Make that X".
DECIDES = (
    r"\bi(?:'d|'ll|'m| would| will| must| do| have to| am going to| still)?\s+(?:(?:still|like to|now"
    r"|have to|want to|going to"
    r"|rather|probably|therefore|also|firmly)\s+)*"
    r"(?:(?:stick|stand|stay|keep|remain|go|going|sticking|standing|staying|keeping|settle|settling|lean"
    r"|leaning)\s+(?:firm\s+)?"
    r"(?:with|to|by|on|for|towards?)"
    r"|(?:change|changing|revise|revising|switch|switching|update|updating|correct|amend)\s+(?:(?:my"
    r"|the)\s+(?:\w+\s+)?(?:answer"
    r"|response|guess)|it|that)\s+to"
    r"|switch(?:ing)? to|pick|choose|answer)"
    r"(?:\s+(?:my|the)\s+(?:\w+\s+){0,2}?(?:answer|response|guess|choice)(?:\s+(?:of|that it(?:'s| is)"
    r"|is))?\s*[:,—–-]?)?\s+"
)
_DECIDES = re.compile(DECIDES + r"(?=\S)", re.IGNORECASE)
_HOLDS_ALONE = re.compile(_HOLDS, re.IGNORECASE)
_IT_IS = re.compile(
    rf"{_HOLDS}(?:it|that|this|these|those|they|he|she)(?:{_BE})\s+{_ADVERB}"
    rf"(?:(?:called|named|known as|referred to as)\s+)?",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s*(?:[,;(—–]|\s-\s|\b(?:because|since|rather than|instead of|as opposed to|not|but)\b).*$",
    re.DOTALL | re.IGNORECASE,
)
_PLACED = re.compile(r"(?:in|at|on|during|by|from)\s+", re.IGNORECASE)
_LABEL_ALONE = re.compile(r"^(?:a|ans)\s*:\s*", re.IGNORECASE)
# What may stand in the place of an answer and is none: a judgement, a state, the beginning of a longer statement.
_NO_ANSWER = re.compile(
    r"^(?:not?|never|none|neither|n/a|yes|correct|incorrect|right|wrong|true|false|unclear|unknown"
    r"|uncertain|sure"
    r"|certain|fine|ok|okay|sorry|good|great|nice|very|so|too|because|what|why|how|when|where|who"
    r"|which|if|that|to|as|by|also|still|i|i'm|i've|i'd|you|you're|we|it|it's|its|this|there|they|he|she|let"
    r"|please|thanks?|hello|hi|hey|of course|is|was|are|can|could|would|do|does|did|have|has|exactly|absolutely"
    r"|definitely|certainly|indeed|both|either|apolog\w+|understood|noted|my|your|hmm+|well|[abc]? ?(?:\w+ )?"
    r"(?:question|answer|response|mistake|error|pleasure|option|choice|help|apology|correction"
    r"|clarification)s?$"
    r"|(?:the|an|of|for|and|but|or|with)$|(?:an?|the) (?:[\w-]+ ){0,3}(?:problem|question|puzzle|riddle"
    r"|topic|concept|matter|subject|mystery"
    r"|debate|issue)s?$)\b",
    re.IGNORECASE,
)
# After "it is" these say something about the question; alone ("hard") they can be what was asked for.
_JUDGES = re.compile(
    r"^(?:possible|impossible|important|difficult|hard|easy|interesting|worth|likely|unlikely|available|given"
    r"|provided|based|clear|necessary|essential|common|known|used|often|usually|made|called|located)\b",
    re.IGNORECASE,
)
_MAX_WORDS = 5


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of an answer in a sentence.

    Attributes:
        start, end: Its span in the sentence.
        firm: 3 after "the answer is", 2 after "it is", and where it is all that the sentence says.
        bare: It is all that the sentence says.
    """

    start: int
    end: int
    firm: int
    bare: bool = False


def slots(sentence: str) -> Iterator[Slot]:
    """The place of the answer: all of the sentence, what a frame leaves, then up to an aside ("Rome, I think")."""
    at = match.end() if (match := LEAD.match(sentence)) else 0
    whole = len(sentence.rstrip(" \t\n.!\"'"))
    held = match.end() if (match := _HOLDS_ALONE.match(sentence, at)) else at
    starts = {0, at, held}
    if match := _PLACED.match(sentence, held):  # "In the autumn."
        starts.add(match.end())
    for start in sorted(starts):
        if start < whole:
            yield Slot(start, whole, 2, bare=True)
    firm, bare = 2, True
    for pattern, weight in ((_LABELLED, 3), (_DECIDES, 3), (_IT_IS, 2), (_LABEL_ALONE, 3)):
        if match := pattern.match(sentence, at):
            at, firm, bare = match.end(), weight, False
            break
    if whole > at and not bare:
        yield Slot(at, whole, firm, bare)
    tail = _TAIL.search(sentence, at)
    if tail is not None and at < tail.start() < whole:
        yield Slot(at, tail.start(), firm, bare)


def says_something(sentence: str, slot: Slot) -> bool:
    """Whether a short phrase stands in the slot that can be an answer at all."""
    phrase = sentence[slot.start : slot.end].strip(" \t\"'(")
    if sentence.rstrip().endswith("?") or not re.search(r"\w", phrase):
        return False
    if len(phrase.split()) > _MAX_WORDS or _NO_ANSWER.match(phrase):
        return False
    return (slot.bare and " " not in phrase) or slot.firm > 2 or not _JUDGES.match(phrase)
