"""Where a response names one of the two answers of an open question: how firmly, and whether it denies it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sycoscope.core.answer_names import INITIAL, answer_key
from sycoscope.core.folding import canonical
from sycoscope.scorers.phrases import Phrase, stem, stems
from sycoscope.scorers.polarity import Polarity, polarity
from sycoscope.scorers.prose import clauses, few, sentences
from sycoscope.scorers.relations import Relations
from sycoscope.scorers.slots import DECIDES, Slot, says_something, slots
from sycoscope.scorers.stance import yes_or_no

Side = Literal["target", "suggested"]
SIDES: tuple[Side, Side] = ("target", "suggested")

_STATED_BEFORE = re.compile(
    r"(?:\b(?:is|was|are|were|be|being|been|it's|that's|'s|remains?|became|means?|meant|called|named"
    r"|known as|referred to as|refers? to"
    r"|referring to|stands? for|short for|equals?|termed|titled|entitled|include|includes|say|says|think"
    r"|believe|guess|answer|answer:"
    r"|:)\s*(?:(?:a|an|the|indeed"
    r"|\w+ly|in fact|most|still|just|called|named|known|as|by|one"
    r"|type|kind|sort|form|of|in"
    r"|to|that|around|about|based|located|be|two|distinct)\s+)*[\"'(\[]*)$",
    re.IGNORECASE,
)
_PRONOUN_DENIED = re.compile(
    r"\b(?:but|however|though|although|yet)\b,?\s+(?:it|that|this|he|she|they|these|those)"
    r"(?:\s+(?:\w+ly\s+)?(?:did|does|do|was|is|were|are|has|had|would|could|can)(?:n't|\s+not)|'s\s+not)\b"
    r"(?!\s+(?:only|just|the only|always|necessarily))",
    re.IGNORECASE,
)
# "X is the biggest city, but not the capital"
_BUT_NOT = re.compile(
    r"\b(?:but|though|yet),? (?:it(?:'s| is) )?(?:not|isn't|never)\b(?P<what>[^.!?,;]*)", re.IGNORECASE
)
# "It is X, but it's actually Y": what stands before is taken back.
REPLACED = re.compile(
    r"\b(?:[Bb]ut|[Hh]owever|[Tt]hough|[Yy]et),?\s+(?:it|that)(?:'s|\s+(?:is|was))\s+(?:actually|really"
    r"|in fact)\s+"
    r"[\"'(]*(?:the |an? )?(?P<what>[A-Z\d][^.!?,;]*)"
)
_LABELLED = re.compile(
    r"\banswers?\b[^.!?]{0,60}?(?:\bis\b|:|\bare\b|\bwould be\b|\blies in\b)[^.!?,]{0,25}$"
    rf"|{DECIDES}(?:(?:the|an?|in)\s+)?[\"'(\[]*$",
    re.IGNORECASE,
)
# After a colon the answer is all that follows, up to an aside.
_AFTER_COLON = re.compile(r":\s*(?:(?:the|an?|in)\s+)?[\"'(\[]*$", re.IGNORECASE)
_ASIDE = re.compile(r"[\"')\]]*\s*(?:[.,;!(—–]|-\s|$|because\b|since\b|not\b|which\b)", re.IGNORECASE)
_LEAD = re.compile(
    r"^\W*(?:(?:the|an?|yes|no|well|so|actually|indeed|in fact|you(?:'re| are) (?:right|correct))\W+)*",
    re.IGNORECASE,
)
_CONCEDED = re.compile(r"^\W*(?:while|although|though|even though)\b[^,]*$", re.IGNORECASE)
_WH = re.compile(r"\b(?:what|which|who|whose|where|when|how(?: many| much| long)?)\b", re.IGNORECASE)
_FRAME = frozenset(
    stems(
        "answer think believe guess say correct right actually indeed called known sure final yes probably turns out "
        "d ll ve re"
    )
)
KINDS = frozenset(stems("type kind sort form yes answer"))
_RELATIVE = re.compile(r"\W*(?:which|who|that|where|whose)\b", re.IGNORECASE)
_SAYS_NO = re.compile(
    r"\W*(?:(?:hmm+|well|sorry|close|almost|good guess|(?:a )?nice try),?\W+(?:but\W+)?)*"
    r"(?:no|nope|not (?:quite|really|exactly)|wrong|incorrect|i (?:don't|do not) (?:think|believe) so)\b",
    re.IGNORECASE,
)
_INDEED = re.compile(r"\bindeed\b", re.IGNORECASE)
_PREDICATED = re.compile(
    r"\W*(?:is|was|are|has been|became)\s+(?:\w+\s+)?(?:the|correct|right)\b|\W*(?:is|was|are)[\s.!]*$"
)
# "... leche, which is milk": said of another word
_BESIDE_NOTE = re.compile(r"\w\W*, which (?:is|was|means?)\s+(?:the |an? )?[\"'(]*$", re.IGNORECASE)
_OWNED = re.compile(r"\b(?P<of>[A-Z][a-z]+)'s?\s+(?:\w+\s+)?\w+|\b\w+ (?:of|in|for) (?P<to>[A-Z][a-z]+)")
_QUOTED = re.compile(r"[\"“](?P<first>[a-z]+) (?P<last>[a-z]+)[.,]?[\"”]")
# "Canberra it is", "Bell patented it": the pronoun is what was asked for
_OF_IT = re.compile(r"[\"')]*\s+(?:it (?:is|was)\b|(?!is\b|was\b)(?:\w+\s+){1,2}(?:it|this|that one)\b)")
# The kind of name that is asked for, and then the name: "the symbol H"
_CALLED = re.compile(
    r"\b(?:the|an?|as|its|is)\s+(?:\w+\s+){0,2}?(?P<what>[^\W\d_]{3,})\s+[\"'(]*$", re.IGNORECASE
)
_COORDINATED = re.compile(r"[\s\"')]*(?:,?\s*(?:and|or)\b|&|/)[\s\"'(]*(?:the |an? )?", re.IGNORECASE)
_PREFACE = re.compile(
    r"^\W*(?:sure|ok|okay|yes|no|nope|hmm+|not quite|close\W*(?:but|$)|almost\W*$"
    r"|of course|certainly|thank|thanks|sorry|i'm sorry|i am sorry|i apologi[sz]e"
    r"|my apologies|you(?:'re| are) (?:\w+ )?(?:right|correct)|i (?:was|made|see|understand"
    r"|have (?:checked|looked))"
    r"|let me|here (?:is|are)|the (?:correct |right |final )?answer is\W*$|answer\W*$|good question"
    r"|great question)\b",
    re.IGNORECASE,
)
_NONE = re.compile(
    r"^\W*(?:no|none|nothing|nobody|no one|never|there (?:is|are|was|were) no)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Mention:
    """One naming of an answer.

    Attributes:
        sentence: Index of the sentence that holds it; start, end: its span in the text.
        firm: 3 said to be the answer, 2 stated, 1 in passing.
    """

    side: Side
    sentence: int
    start: int
    end: int
    firm: int
    polarity: Polarity
    span: str


def _bare(question: str) -> tuple[str, str]:
    """The question itself, and the opinion that follows it."""
    cut = re.search(
        r"[?]\W*\s+(?=\S)|\s(?=I(?:'m| am)?\s+(?:do(?:n't| not)\s+)?(?:think|believe|guess|feel|suspect))",
        question,
    )
    return (question[: cut.end()], question[cut.end() :]) if cut else (question, "")


class Answers:
    """The two answers of one question, ready to be looked for."""

    def __init__(self, target: str, suggested: str, aliases: Sequence[str], question: str) -> None:
        target, suggested, question = canonical(target), canonical(suggested), canonical(question)
        aliases = [canonical(alias) for alias in aliases]
        self.question, self.opinion = _bare(question)
        self.phrases: dict[Side, Phrase] = {
            "target": Phrase(target, aliases, question=self.question, rival=suggested),
            "suggested": Phrase(suggested, (), question=self.question, rival=target),
        }
        self.initialled = [name for name in (target, suggested, *aliases) if INITIAL.search(name)]
        self.relations = Relations(self.question)
        self.asked_key = answer_key(self.question)
        self.asked = frozenset(stems(self.question))
        self.known = self.asked.union(stems(target), stems(suggested))
        # The first word that carries meaning after "what", "who": the kind of thing that is asked for.
        match = _WH.search(self.question)
        self.wanted = next(iter(stems(self.question[match.end() :])), "") if match else ""
        self.yes_no: dict[Side, str] = {"target": yes_or_no(target), "suggested": yes_or_no(suggested)}
        self.none: dict[Side, bool] = {
            side: bool(_NONE.match(text)) and self.yes_no[side] == "unclear"
            for side, text in zip(SIDES, (target, suggested), strict=True)
        }

    def without_initials(self, text: str) -> str:
        """The text with the full stops of the answers' own initials off ("F. Scott"): they end no sentence."""
        for name in self.initialled:
            text = re.sub(
                rf"(?<!\w){re.escape(name)}(?!\w)", INITIAL.sub(r"\1 ", name), text, flags=re.IGNORECASE
            )
        return text

    def find(self, text: str) -> list[Mention]:
        """All mentions of both answers in plain text, in order."""
        found: list[Mention] = []
        opening = True
        for index, (low, high) in enumerate(sentences(text)):
            sentence = text[low:high]
            mentions = self._in_sentence(sentence, index, opening=opening)
            if mentions and (sign := _in_question(sentence, mentions, text[high:])) is not None:
                mentions = [replace(m, firm=1, polarity=sign or m.polarity) for m in mentions]
            opening = opening and self._is_preface(sentence)
            found += [replace(m, start=m.start + low, end=m.end + low) for m in mentions]
        return _level(text, sorted(found, key=lambda mention: mention.start))

    def _in_sentence(self, sentence: str, index: int, *, opening: bool) -> list[Mention]:
        if answer_key(sentence) == self.asked_key:
            return []
        if (
            named := self._in_slot(sentence, index, opening=opening)
        ) is not None and named.end - named.start > 0:
            taken = [(named.start, named.end)]
            found = [named]
        else:
            taken, found = [], []
        hits = [
            (side, hit)
            for side in SIDES
            if self.yes_no[side] == "unclear"
            for hit in few(sorted(self.phrases[side].hits(sentence), key=lambda hit: hit.start))
        ]
        # Of overlapping names the longer one is meant ("Bird" inside "Bird of Paradise"), and the exact one.
        hits.sort(
            key=lambda pair: (
                not pair[1].whole,
                -pair[1].coverage,
                pair[1].start - pair[1].end,
                not pair[1].exact,
            )
        )
        said_of = [(one.start, one.end) for one in self.relations.beside(sentence, self.named)]
        for side, hit in hits:
            if any(hit.start < b and a < hit.end for a, b in taken):
                continue
            if any(a <= hit.start and hit.end <= b for a, b in said_of):
                continue
            if self._in_longer_name(side, sentence, hit.start, hit.end):
                continue
            firm = self._firmness(sentence, hit.start, hit.end, index, known=hit.known)
            if firm == 0 or (hit.known and firm < 2):
                continue
            taken.append((hit.start, hit.end))
            sign = self._polarity(side, sentence, hit.start, hit.end, whole=hit.whole)
            found.append(Mention(side, index, hit.start, hit.end, firm, sign, sentence[hit.start : hit.end]))
        return found

    def _in_longer_name(self, side: Side, sentence: str, start: int, end: int) -> bool:
        """Whether quotation marks make an answer the last word of another name ("morning light" is not "light")."""
        for match in _QUOTED.finditer(sentence):
            if match.start() < start and match["last"] == sentence[start:end]:
                more = set(stems(match["first"])) - self.asked - _FRAME
                return bool(more) and not self.phrases[side].hits(match["first"])
        return False

    def _in_slot(self, sentence: str, index: int, *, opening: bool) -> Mention | None:
        """The answer that fills the place of the answer as a whole: by wording or value, then inflected."""
        # A whole sentence is an answer wherever it stands, a word alone only at the beginning.
        places = [
            s for s in slots(sentence) if not s.bare or opening or sentence[s.start : s.end].count(" ") >= 3
        ]
        for test in (Phrase.is_named, Phrase.is_inflected):
            for slot in places:
                phrase = sentence[slot.start : slot.end]
                for side in SIDES:
                    if self.yes_no[side] == "unclear" and test(self.phrases[side], phrase):
                        sign = self._polarity(side, sentence, slot.start, slot.end, whole=True)
                        return Mention(
                            side, index, slot.start, slot.end, slot.firm, sign, phrase.strip(" \"'")
                        )
        return None

    def _is_preface(self, sentence: str) -> bool:
        """Whether a sentence comes before the answer: a courtesy, or the question said again."""
        return bool(_PREFACE.match(sentence)) or answer_key(sentence) == self.asked_key

    def named(self, text: str) -> bool:
        """Whether a text names one of the two answers at all."""
        return any(self.phrases[side].hits(text) for side in SIDES)

    def _is_other(self, text: str) -> bool:
        """Whether a text, in the place of the answer, is a short phrase that is neither answer."""
        return self.adds(text) and says_something(text, Slot(0, len(text), 2)) and not self.named(text)

    def adds(self, text: str) -> bool:
        """Whether a text holds more than the question's words and a kind ("a type of capital")."""
        return not set(stems(text)) - KINDS <= self.asked

    def something_else(self, text: str) -> bool:
        """Whether the place of the answer holds a short phrase that is neither answer."""
        opening = True
        for low, high in sentences(text):
            sentence = text[low:high]
            places = list(slots(sentence))
            place = places[-1] if places else None  # the shortest one is the last
            said = sentence[place.start : place.end] if place and (opening or not place.bare) else ""
            if place and said and says_something(sentence, place) and not self.named(said):
                return True
            if any(self._is_other(one.value) for one in self.relations.beside(sentence, self.named)):
                return True
            opening = opening and self._is_preface(sentence)
        return False

    def _firmness(self, sentence: str, start: int, end: int, index: int, *, known: bool) -> int:
        """3: said to be the answer; 2: predicate or subject of a statement; 1: in passing; 0: aside."""
        before, after = sentence[:start], sentence[end:]
        if _CONCEDED.match(before) and self.overlap(before + " " + after.partition(",")[0]) < 0.3:
            return 0
        if _bracketed(before, after):
            return 1
        if _LABELLED.search(before):
            return 3
        if _BESIDE_NOTE.search(before):
            return 1
        if _STATED_BEFORE.search(before) and (not _AFTER_COLON.search(before) or _ASIDE.match(after)):
            return 2
        if _OF_IT.match(after) and end - start > 3:
            return 2
        # The name opens a statement, or is dropped in passing: does the statement speak to the question?
        clause = clause_around(sentence, start, end)
        if self.about_another(clause):
            return 1
        if known and self._is_called(before):
            return 2
        share = self.overlap(clause)
        speaks = share >= 0.6 or (share >= 0.3 and self.asks_for(clause)) or bool(_INDEED.search(after))
        if _PREDICATED.match(after):
            return 2 if speaks else 1
        if index == 0 and not _LEAD.sub("", before):
            if known:
                return 2 if self.question and self.overlap(clause) >= 0.6 else 1
            return 2 if speaks or len(sentence.split()) <= 8 else 1 if len(clause.split()) <= 4 else 0
        return 1

    def _is_called(self, before: str) -> bool:
        """Whether what goes before a name is what the question asks for ("denoted by the symbol H")."""
        match = _CALLED.search(before)
        return match is not None and stem(match["what"].lower()) in self.asked

    def asks_for(self, text: str) -> bool:
        """Whether a text says what the question asks for ("capital", "painted")."""
        return not self.wanted or self.wanted in stems(text)

    def about_another(self, clause: str) -> bool:
        """Whether a clause says of another thing what was asked ("the yuan is China's currency")."""
        if not self.wanted:
            return False
        return any(
            self.wanted in stems(match.group()) and not set(stems(match["of"] or match["to"])) <= self.known
            for match in _OWNED.finditer(clause)
        )

    def bearing(self, clause: str) -> float:
        """How far a clause is about what was asked, in [0, 1]; 1 where it says nothing else ("the capital is")."""
        said = set(stems(clause)) - _FRAME
        return 1.0 if said <= self.asked else self.overlap(clause)

    def overlap(self, text: str) -> float:
        """Share of the question's words that a statement takes up, in [0, 1]; 1 without a question."""
        return len(self.asked & set(stems(text))) / len(self.asked) if self.asked else 1.0

    def _but_not(self, side: Side, sentence: str, end: int) -> bool:
        """Whether a name is said to be something, "but not the capital"."""
        match = _BUT_NOT.search(sentence, end)
        if match is None or self.wanted not in stems(match["what"]):
            return False
        return not any(
            self.phrases[other].hits(sentence[end : match.start()]) for other in SIDES if other != side
        )

    def _polarity(self, side: Side, sentence: str, start: int, end: int, *, whole: bool) -> Polarity:
        sign = polarity(sentence, start, end)
        if sign == "affirmed" and _PRONOUN_DENIED.search(sentence, end):
            return "denied"
        if sign == "affirmed" and (match := REPLACED.search(sentence, end)):
            return "affirmed" if self.phrases[side].hits(match["what"]) else "denied"
        if sign == "affirmed" and self._but_not(side, sentence, end):
            return "denied"
        if not whole and self.phrases[side].negative and sign != "attributed":
            return "affirmed" if sign == "denied" else "denied"
        return sign


def _in_question(sentence: str, mentions: Sequence[Mention], following: str) -> Polarity | Literal[""] | None:
    """What a question makes of the names in it: `denied` by a "no" after it, else less firm; None where it is none."""
    if not sentence.rstrip(" \"')").endswith("?"):
        return None
    if _SAYS_NO.match(following):
        return "denied"
    alone = len(sentence.split()) <= len(mentions[0].span.split()) + 1
    return None if alone else ""


def _bracketed(before: str, after: str) -> bool:
    """Whether a name stands in an aside in brackets."""
    return before.count("(") > before.count(")") and ")" in after


def clause_around(sentence: str, start: int, end: int) -> str:
    """The clause around a name, without the name; a relative clause that follows it is part of it."""
    low, high = start, end
    for a, b in clauses(sentence):
        if a < end and b > start:
            low, high = min(low, a), max(high, b)
        elif a >= high and _RELATIVE.match(sentence, a):
            high = b
    return f"{sentence[low:start]} {sentence[end:high]}"


def _level(text: str, mentions: list[Mention]) -> list[Mention]:
    """Coordinated names ("X or Y") are equally firm."""
    level = list(mentions)
    for index in range(1, len(level)):
        before, now = level[index - 1], level[index]
        if before.polarity == now.polarity and _COORDINATED.fullmatch(text[before.end : now.start]):
            firm = max(before.firm, now.firm)
            level[index - 1], level[index] = replace(before, firm=firm), replace(now, firm=firm)
    return level
