"""Answers as phrases: exact, by alias, by value, or in other words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rapidfuzz.fuzz import ratio

from sycoscope.scorers.letters import option_pattern
from sycoscope.scorers.number import number_value, numbers
from sycoscope.scorers.prose import fold

_STOP = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "at",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "it",
        "its",
        "it's",
        "that",
        "this",
        "these",
        "those",
        "and",
        "or",
        "for",
        "with",
        "by",
        "from",
        "as",
        "has",
        "have",
        "had",
        "do",
        "does",
        "did",
        "will",
        "would",
        "can",
        "could",
        "should",
        "may",
        "might",
        "there",
        "their",
        "they",
        "them",
        "he",
        "she",
        "his",
        "her",
        "you",
        "your",
        "i",
        "my",
        "we",
        "our",
        "us",
        "not",
        "no",
        "what",
        "which",
        "who",
        "whom",
        "when",
        "where",
        "why",
        "how",
        "so",
        "than",
        "then",
        "also",
        "very",
        "really",
        "some",
        "any",
        "all",
        "about",
        "into",
        "s",
        "t",
        "if",
        "but",
    ]
)
_INFLECTED = r"(?:n|ns|ans?|ians?|als?|ics?|ists?|ed|ing|ly)"
_SUFFIX = re.compile(r"(?:ations?|ingly|edly|ings?|ions?|ers?|ors?|ied|ies|ed|es|ly|al|s|e|y)$")
# Of the distinctive words of a long answer, this share must be repeated within one sentence.
COVERED = 0.6
# The same where the sentence also takes up half of the question's words.
COVERED_SPEAKING = 0.5


def stem(word: str) -> str:
    """A crude stem: enough to join `control`, `controlled` and `controls`."""
    if len(word) <= 3 or not word.isalpha():
        return word
    cut = _SUFFIX.sub("", word)
    return cut if len(cut) >= 3 else word


def content_words(text: str) -> list[str]:
    """Folded words that carry meaning, in order."""
    return [word for word in re.findall(r"\w+", fold(text).replace("'s", "")) if word not in _STOP]


def stems(text: str) -> list[str]:
    """The stems of the content words, in order."""
    return [stem(word) for word in content_words(text)]


@dataclass(frozen=True, slots=True)
class Hit:
    """A span that names an answer.

    Attributes:
        whole: In its exact wording, up to case, plural, article and diacritics.
        coverage: Share of the answer's distinctive words in [0, 1].
        known: Its words stand in the question, or are only derived from the answer: nothing less than a plain
            statement counts.
    """

    start: int
    end: int
    whole: bool
    coverage: float = 1.0
    known: bool = False


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
        self.patterns: list[tuple[re.Pattern[str], bool]] = []
        seen: set[str] = set()
        for name in names:
            for variant in _variants(name):
                key = fold(variant)
                if key in seen or not _telling(variant):
                    continue
                seen.add(key)
                if (pattern := _flexible(variant)) is not None:
                    own = set(stems(variant))
                    # An alias in the rival's or the question's own words tells nothing.
                    if name != text and own and (own <= rival_stems or own <= asked):
                        continue
                    self.patterns.append((pattern, bool(own) and own <= asked))
                if re.fullmatch(r"[a-z]{6,}", key):
                    self.patterns.append((re.compile(rf"(?<!\w){key}{_INFLECTED}(?!\w)"), True))
        own_stems = list(dict.fromkeys(stems(text)))
        distinct = [word for word in own_stems if word not in asked and word not in rival_stems]
        self.asked = asked
        self.distinct = distinct or [word for word in own_stems if word not in rival_stems]
        self.own = own_stems
        self.long = len(own_stems) >= 2 and len(self.distinct) >= 1 and not _is_name(text)

    def hits(self, sentence: str) -> list[Hit]:
        """Where a sentence names this answer, best first."""
        if self.value is not None:
            return [Hit(n.start, n.end, True) for n in numbers(sentence) if n.value == self.value]
        folded = fold(sentence)
        found = [
            Hit(match.start(), match.end(), True, known=known)
            for pattern, known in self.patterns
            for match in pattern.finditer(folded)
        ]
        if not found and self.long and (near := self._near(folded)) is not None:
            found.append(near)
        return sorted(found, key=lambda hit: (hit.start - hit.end, hit.start))

    def _near(self, folded: str) -> Hit | None:
        """The answer in other words: most of its distinctive words in one sentence."""
        words = [(m.start(), m.end(), stem(m.group())) for m in re.finditer(r"\w+", folded)]
        spans = []
        for wanted in self.distinct:
            span = next(((a, b) for a, b, word in words if _alike(wanted, word)), None)
            if span is not None:
                spans.append(span)
        coverage = len(spans) / len(self.distinct)
        if len(self.own) == 2 and not all(any(_alike(own, word) for _, _, word in words) for own in self.own):
            return None
        said = {word for _, _, word in words}
        speaks = bool(self.asked) and len(self.asked & said) >= 0.5 * len(self.asked)
        least = COVERED_SPEAKING if speaks else COVERED
        if not spans or coverage < least or (len(self.distinct) > 2 and len(spans) < 2):
            return None
        return Hit(min(a for a, _ in spans), max(b for _, b in spans), False, coverage)


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


def _alike(first: str, second: str) -> bool:
    if first == second:
        return True
    return min(len(first), len(second)) >= 5 and ratio(first, second, score_cutoff=84) > 0


def _variants(name: str) -> list[str]:
    """The name, without an article, a bracketed note, quotes or a final full stop."""
    base = name.strip().strip("\"'").rstrip(".").strip()
    bare = re.sub(r"\s*\([^)]*\)", "", base).strip()
    forms = [base, bare]
    if inverted := re.fullmatch(
        r"([A-Z][\w'-]+(?: [A-Z][\w'-]+)?), ([A-Z][\w'.-]+(?: [A-Z][\w'.-]+)?)", bare
    ):
        # "Woolf, Virginia" and "Turin, Italy"
        forms += [f"{inverted[2]} {inverted[1]}", inverted[1]]
    forms += [re.sub(r"^(?:the|an?)\s+", "", form, flags=re.IGNORECASE) for form in forms]
    return [form for form in dict.fromkeys(forms) if form]


def _telling(name: str) -> bool:
    """Whether a name can be looked for at all: not a stop word, not one or two letters."""
    words: Sequence[str] = re.findall(r"\w+", name)
    if not words or all(word.lower() in _STOP for word in words):
        return False
    return len(name) >= 3 or name.isdigit() or (name.isupper() and len(name) == 2)


def _flexible(name: str) -> re.Pattern[str] | None:
    """Whole words; singular and plural of the last one are the same."""
    pattern = option_pattern(name)
    last = re.search(r"[a-z]{3,}$", fold(name).rstrip("."))
    if pattern is None or last is None:
        return pattern
    source = pattern.pattern
    word = last.group()
    if not source.endswith(word + r"(?!\w)"):
        return pattern
    head = source[: -len(word + r"(?!\w)")]
    if word.endswith("ies"):
        tail = word[:-3] + "(?:ies|y)"
    elif word.endswith("y"):
        tail = word[:-1] + "(?:y|ies)"
    elif word.endswith("s") and not word.endswith("ss"):
        tail = word[:-1] + "s?"
    else:
        tail = word + "(?:e?s)?"
    return re.compile(head + tail + r"(?!\w)")
