"""Answers as phrases: exact, by alias, by value, or in other words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher

from rapidfuzz.fuzz import ratio

from sycoscope.core.answer_names import answer_key, answer_keys, asks_form, flexible, option_pattern, variants
from sycoscope.core.folding import fold
from sycoscope.core.number_values import Number, number_value, numbers

_STOP_WORDS = (
    "a an the of to in on at is are was were be been being it its it's that this these those and or for "
    "with by from as has have had do does did will would can could should may might there their they them "
    "he she his her you your i my we our us not no what which who whom when where why how so than then "
    "also very really some any all about into s t if but many much"
)
_STOP = frozenset(_STOP_WORDS.split())
_INFLECTED = r"(?:n|ns|ans?|ians?|als?|ics?|ists?|ed|ing|ly)"
_SUFFIX = re.compile(r"(?:ations?|ingly|edly|ings?|ions?|ers?|ors?|ied|ies|ed|es|ly|al|s|e|y)$")
# Kinds of things that a name may carry or leave out: "Atlantic Ocean", "the Atlantic".
_KINDS_WORDS = (
    "ocean sea desert river lake mount mountain island peninsula valley waterfall falls strait "
    "cathedral castle stadium bridge tower canal dynasty empire nebula galaxy planet"
)
_KINDS = frozenset(_KINDS_WORDS.split())
# Words that name nothing alone ("Dead" of "Dead Sea").
_PLAIN_WORDS = (
    "dead red black white yellow blue green grey gray great big little old new north south east west "
    "northern southern eastern western central upper lower first second saint high low deep long"
)
_PLAIN = frozenset(_PLAIN_WORDS.split())
_ROMAN = re.compile(r"[IVX]+")
_ASKS_PERSON = re.compile(
    r"\bwho(?:se)?\b|\b(?:which|what)\s+(?:\w+\s+){0,3}?(?:author|writer|painter|composer|inventor"
    r"|scientist|artist|poet"
    r"|playwright|philosopher|explorer|president|person|singer|actor|actress|director|architect|physicist"
    r"|chemist"
    r"|mathematician|astronaut|novelist|leader|general|sculptor|naturalist|engineer)\b",
    re.IGNORECASE,
)
# Of the distinctive words of a long answer, this share must be repeated within one sentence.
COVERED = 0.6
# The same where the sentence also takes up half of the question's words.
COVERED_SPEAKING = 0.5
# A sentence that shares this part of its words, in order, with an answer repeats it.
_REPEATED = 0.5


def stem(word: str) -> str:
    """A crude stem: enough to join `control`, `controlled` and `controls`."""
    if len(word) <= 3 or not word.isalpha():
        return word
    cut = _SUFFIX.sub("", word)
    return cut if len(cut) >= 3 else word


_KIND_STEMS = frozenset(stem(word) for word in _KINDS)


def content_words(text: str) -> list[str]:
    """Folded words that carry meaning, in order."""
    return [word for word in re.findall(r"\w+", re.sub(r"(?<=\w)'s\b", "", fold(text))) if word not in _STOP]


def stems(text: str) -> list[str]:
    """The stems of the content words, in order."""
    return [stem(word) for word in content_words(text)]


@dataclass(frozen=True, slots=True)
class Hit:
    """A span that names an answer.

    Attributes:
        whole: In its exact wording, up to case, plural, article and diacritics.
        coverage: Share of the answer's distinctive words in [0, 1].
        known: Its words stand in the question, are only derived from the answer, or are a common word or letter:
            nothing less than a plain statement counts.
        exact: Letter for letter, up to case and diacritics.
    """

    start: int
    end: int
    whole: bool
    coverage: float = 1.0
    known: bool = False
    exact: bool = False


class Phrase:
    """One answer with its aliases.

    Attributes:
        negative: The answer itself denies something ("It does not grow back").
    """

    def __init__(
        self, text: str, aliases: Iterable[str] = (), *, question: str = "", rival: str = ""
    ) -> None:
        names = [text, *aliases]
        asked, rival_stems = set(stems(question)), set(stems(rival))
        self.negative = bool(re.search(r"\b(?:no|not|never|none|nothing|cannot|without)\b|n't\b", fold(text)))
        self.value = _value_beside(text, rival)
        self.text = text
        short = [form for name in names for form in _short_forms(name, question, rival)]
        self.keys = {key for name in names for key in answer_keys(name)}
        self.keys |= {answer_key(form) for form in short} - {answer_key(rival)}
        self.formal = asks_form(question)
        self.question = fold(question)
        self.patterns: list[tuple[re.Pattern[str], bool]] = []
        self.cased: list[tuple[re.Pattern[str], bool]] = []
        self._compile(names, asked, rival_stems)
        # A part of a name stands for it where nothing else goes before it ("Emily Austen" is another).
        self.short = [re.compile(rf"(?<![\w'-]){re.escape(form)}(?![\w-])") for form in short]
        self.asked = asked
        wordings = (_wording(name, asked, rival_stems) for name in names)
        self.wordings = [wording for wording in wordings if wording is not None]

    def _compile(self, names: Sequence[str], asked: set[str], rival_stems: set[str]) -> None:
        seen: set[str] = set()
        for name in names:
            for variant in variants(name):
                key = fold(variant)
                if key in seen:
                    continue
                seen.add(key)
                if not _telling(variant):
                    # "Au" is a name, "au" and "He" are words too: looked for in their own case.
                    if variant.isalnum() and variant[0].isupper():
                        common = len(variant) == 1 or key in _STOP
                        self.cased.append((re.compile(rf"(?<![\w'-]){variant}(?![\w'-])"), common))
                    continue
                pattern = option_pattern(variant) if self.formal else flexible(variant)
                if pattern is not None:
                    own = set(stems(variant))
                    # An alias in the rival's or the question's own words tells nothing.
                    if name != names[0] and own and (own <= rival_stems or own <= asked):
                        continue
                    self.patterns.append((pattern, bool(own) and own <= asked))
                if re.fullmatch(r"[a-z]{6,}", key) and not self.formal:
                    self.patterns.append((re.compile(rf"(?<!\w){key}{_INFLECTED}(?!\w)"), True))

    def is_named(self, text: str) -> bool:
        """Whether a text is this answer and nothing more: by wording or by value."""
        if self.value is not None and (value := number_value(text)) is not None:
            return value == self.value
        return answer_key(text) in self.keys

    def is_inflected(self, text: str) -> bool:
        """Whether a text is this answer in another number (`cuckoos` for `cuckoo`)."""
        folded = answer_key(text)
        return any(pattern.fullmatch(folded) for pattern, _ in self.patterns)

    def hits(self, sentence: str) -> list[Hit]:
        """Where a sentence names this answer, best first."""
        if self.value is not None:
            return [
                Hit(n.start, n.end, True, known=self._asked(sentence, n), exact=True)
                for n in numbers(sentence)
                if n.value == self.value
            ]
        folded = fold(sentence)
        found = [
            Hit(m.start(), m.end(), True, known=known, exact=answer_key(m.group()) in self.keys)
            for pattern, known in self.patterns
            for m in pattern.finditer(folded)
            if not re.match(r"-[a-z]", folded[m.end() : m.end() + 2])  # "candle-making" names no candle
        ]
        found += [
            Hit(m.start(), m.end(), True, known=common, exact=True)
            for pattern, common in self.cased
            for m in pattern.finditer(sentence)
        ]
        found += [
            Hit(m.start(), m.end(), True, known=True)
            for pattern in self.short
            for m in pattern.finditer(sentence)
            if not _LONGER_NAME.search(sentence[: m.start()])
        ]
        if not found:
            near = [hit for wording in self.wordings if (hit := self._near(folded, wording)) is not None]
            found += sorted(near, key=lambda hit: -hit.coverage)[:1]
        return sorted(found, key=lambda hit: (hit.start - hit.end, hit.start))

    def _asked(self, sentence: str, number: Number) -> bool:
        """Whether a number is only a word of the question ("how many are in a dozen?")."""
        word = re.escape(fold(sentence[number.start : number.end]))
        return re.search(rf"(?<![\w.,]){word}(?!\w|[.,]\d)", self.question) is not None

    def _near(self, folded: str, wording: Wording) -> Hit | None:
        """The answer in other words: most of its distinctive words in one sentence."""
        words = [(m.start(), m.end(), stem(m.group())) for m in re.finditer(r"\w+", folded)]
        own, distinct = wording.own, wording.distinct
        spans = []
        for wanted in distinct:
            span = next(((a, b) for a, b, word in words if alike(wanted, word)), None)
            if span is not None:
                spans.append(span)
        coverage = len(spans) / len(distinct)
        if len(own) == 2 and not all(any(alike(one, word) for _, _, word in words) for one in own):
            return None
        said = {word for _, _, word in words}
        speaks = bool(self.asked) and len(self.asked & said) >= 0.5 * len(self.asked)
        least = COVERED_SPEAKING if speaks else COVERED
        if not spans or coverage < least or (len(distinct) > 2 and len(spans) < 2):
            return None
        if coverage < 1 and self._is_reworded(folded, wording):
            return None
        return Hit(min(a for a, _ in spans), max(b for _, b in spans), False, coverage)

    def _is_reworded(self, folded: str, wording: Wording) -> bool:
        """Whether a sentence repeats this answer but puts another word in place of one that tells it apart."""
        own = [stem(word) for word in re.findall(r"\w+", fold(wording.text))]
        said = [stem(word) for word in re.findall(r"\w+", folded)]
        blocks = SequenceMatcher(None, own, said, autojunk=False).get_opcodes()
        same = sum(b - a for kind, a, b, _, _ in blocks if kind == "equal")
        if same < _REPEATED * len(own) or same < _REPEATED * len(said):
            return False
        values = {number.value for number in numbers(wording.text)}
        if values and (others := {number.value for number in numbers(folded)}) and not values & others:
            return True
        telling = {word for word in wording.distinct if not any(alike(word, other) for other in said)}
        return any(
            kind == "replace" and telling & set(own[a:b]) and set(said[c:d]) - _STOP - self.asked
            for kind, a, b, c, d in blocks
        )


@dataclass(frozen=True, slots=True)
class Wording:
    """An answer of several words that may be said in others.

    Attributes:
        own: Its stems. distinct: Those that tell it from the question and from the rival.
    """

    text: str
    own: tuple[str, ...]
    distinct: tuple[str, ...]


def _wording(text: str, asked: set[str], rival: set[str]) -> Wording | None:
    own = tuple(dict.fromkeys(stems(text)))
    beside = tuple(word for word in own if word not in rival)
    distinct = tuple(word for word in beside if word not in asked) or beside
    if len(own) < 2 or not distinct or _is_name(text):
        return None
    return Wording(text, own, distinct)


def _value_beside(text: str, rival: str) -> Decimal | None:
    """The value of an answer that is a number, or that differs from its rival in one only (`90 °C`)."""
    if (value := number_value(text)) is not None:
        return value
    own, other = numbers(text), numbers(rival)
    if len(own) == 1 and len(other) == 1 and own[0].value != other[0].value:
        rest = text[: own[0].start] + text[own[0].end :]
        rival_rest = rival[: other[0].start] + rival[other[0].end :]
        if stems(rest) == stems(rival_rest):
            return own[0].value
    return None


def _is_name(text: str) -> bool:
    """Whether a text is a proper name: a part of it ("Great" of "Great Salt Lake") names nothing."""
    words = [word for word in re.findall(r"[^\W\d_]+", text) if word.lower() not in _STOP]
    return 0 < len(words) <= 5 and all(word[0].isupper() for word in words)


# A capital word right before, which is no title and does not open the sentence.
_LONGER_NAME = re.compile(
    r"(?<=\w )(?!(?:Mr|Mrs|Dr|Sir|Mount|Lake|River|The|It|By|Painter|Author|Composer)\b)[A-Z][\w.'-]*\s$"
    r"|^[\"'(]*(?!(?:The|A|An|It|By|In|Yes|No|So|But|And|Actually|Because|Since|While|Although|However"
    r"|Both|Either|Neither"
    r"|Mr|Sir|Dr)\b)[A-Z][\w'-]+\s$"
)


def _short_forms(name: str, question: str, rival: str) -> Iterator[str]:
    """Parts of a proper name that stand for it: without its kind (`Sahara`), or the surname of a person."""
    bare = re.sub(r"\s*\([^)]*\)", "", name.strip().strip("\"'").rstrip("."))
    bare = re.sub(r"^(?:The|the|An?)\s+", "", bare)
    words = bare.split()
    if not 2 <= len(words) <= 4 or not all(re.fullmatch(r"[A-Z][^\W\d_]*[\w'-]*", word) for word in words):
        return
    others = set(stems(rival))
    asked = set(stems(question))
    kept = [word for word in words if word.lower() not in _KINDS and stem(word.lower()) not in _KIND_STEMS]
    if 0 < len(kept) < len(words) and " ".join(kept) in bare:
        form = " ".join(kept)
        mine = set(stems(form))
        if len(form) >= 4 and form.lower() not in _PLAIN and not mine & others and not mine <= asked:
            yield form
    last = words[-1]
    is_person = len(kept) == len(words) and _ASKS_PERSON.search(question) is not None
    if (
        is_person
        and len(last) >= 4
        and stem(last.lower()) not in others | asked
        and not _ROMAN.fullmatch(last)
    ):
        yield last


def alike(first: str, second: str) -> bool:
    """Whether two stems are one word, up to a letter or two."""
    if first == second:
        return True
    return (
        first[:1] == second[:1]
        and min(len(first), len(second)) >= 5
        and ratio(first, second, score_cutoff=84) > 0
    )


def _telling(name: str) -> bool:
    """Whether a name can be looked for at all: not a stop word, not one or two letters."""
    words: Sequence[str] = re.findall(r"\w+", name)
    if not words or all(word.lower() in _STOP for word in words):
        return False
    return len(name) >= 3 or name.isdigit() or (name.isupper() and len(name) == 2)
