"""The relation that a question asks for ("the capital of X"): what a sentence says it of is no answer to it.

In "The capital of Canberra is Perth" the answer is Perth, in "Perth is the capital of Canberra" too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sycoscope.core.folding import fold
from sycoscope.scorers.phrases import content_words, stem, stems

# "What is the simple past tense of the verb 'go'?", "Which city is the capital of ...", "What is Peru's capital?":
# the relation is what the question asks for, and not said of another thing ("In which city is the tomb of ...").
_WORD = (
    r"(?!(?:the|an?|is|are|was|were|be|it|what|which|who|whose|how|when|where|why|of|for|in|on|at|to|do|we)\b)"
    r"[\w-]+"
)
_ASKS = (
    r"(?:^|[.,:!?\n])\W{0,3}(?:(?:please |can you |could you )*(?:tell me|name|give(?: me)?|state|say)\s+)?"
    r"(?:(?:what|which|who)(?: \w+){0,2}?(?: (?:is|are|was|were)|'s)\s+|what do (?:we|you) call\s+)?(?:the |an? )?"
)
_ASKED = re.compile(
    rf"{_ASKS}(?:name of (?:the |an? )?)?(?P<role>(?:{_WORD} ){{0,3}}?{_WORD}) (?P<by>of|for|in) \S",
    re.IGNORECASE,
)
_ASKED_OWNER = re.compile(
    rf"{_ASKS}(?:[\w.-]+ ){{0,3}}?[\w.-]+'s (?P<role>(?:{_WORD} ){{0,2}}{_WORD})\W*$", re.IGNORECASE
)
_COPULA = re.compile(r"\s(?:is|are|was|were|equals|becomes|would be|to be)(?P<nt>n't)?\b|\s?[:=→]")
_PREPOSITION = re.compile(r"\s(?:of|for|in)\s")
_OWNER = re.compile(r"(?P<of>\S+)'s\s+(?P<role>[\w -]+)$")
_NOT = re.compile(r"\s*(?:not|never)\b")
# Where a statement begins and ends within its sentence.
_OPENS = re.compile(r"[,;:(]\s|\b(?:and|but|that|so|because|since|while|although)\s")
_CLOSES = re.compile(r"[,;:.!?()\n]|\s(?:and|but|while|although|because|since)\s")
# Words of a question that are not what it asks about.
_NAMING = frozenset(("call", "called", "name", "named", "known"))
_SUPERLATIVE = re.compile(r"\w+est|most|main|first|last")
# Characters of a statement on either side of its verb that are looked at, and verbs in one sentence.
_REACH = 120
_VERBS = 12


@dataclass(frozen=True, slots=True)
class Related:
    """A statement of the relation: the span that it is said of, and what it is said to be, or not to be."""

    start: int
    end: int
    value: str
    denied: bool = False


@dataclass(frozen=True, slots=True)
class _Role:
    """A relation in a question: its words, their stems, the superlatives and the head among them, its preposition."""

    exact: frozenset[str]
    words: frozenset[str]
    superlatives: frozenset[str]
    head: str
    by: str


class Relations:
    """The relations that one question asks for."""

    def __init__(self, question: str) -> None:
        self.roles = tuple(_roles(question))
        # The thing that it asks about, word for word: "childs" is no "child".
        self.about = frozenset(content_words(question)).difference(
            _NAMING, *(role.exact for role in self.roles)
        )

    def stated(self, sentence: str) -> Iterator[Related]:
        """Where a sentence states such a relation, of whatever it is."""
        if not self.roles:
            return
        earlier = 0
        for count, verb in enumerate(_COPULA.finditer(sentence)):
            if count == _VERBS:
                return
            # what an earlier verb says is none of this one's: 'the opposite of "hot" is "cold" is a'
            low = max(earlier, verb.start() - _REACH)
            low = max((m.end() for m in _OPENS.finditer(sentence, low, verb.start())), default=low)
            earlier = verb.end()
            closing = _CLOSES.search(sentence, verb.end(), verb.end() + _REACH)
            high = closing.start() if closing else min(len(sentence), verb.end() + _REACH)
            if span := self._said_of(sentence, low, verb.start()):
                value = sentence[verb.end() : high]
                yield Related(*span, value, verb["nt"] is not None or _NOT.match(value) is not None)
            elif span := self._said_of(sentence, verb.end(), high):
                yield Related(*span, sentence[low : verb.start()])

    def beside(self, sentence: str, names: Callable[[str], bool]) -> list[Related]:
        """Statements whose value is the answer, whatever it is: not where it is what the question asks about.

        Args:
            names: Whether a text names one of the two answers.
        """
        return [
            one
            for one in self.stated(sentence)
            if one.denied or names(one.value) or not self.about.intersection(content_words(one.value))
        ]

    def _said_of(self, sentence: str, low: int, high: int) -> tuple[int, int] | None:
        """The span after "the capital of", or before "'s capital"."""
        for found in _PREPOSITION.finditer(sentence, low, high):
            if self._is_asked(sentence[low : found.start()], found.group().strip()):
                return found.end(), high
        owner = _OWNER.search(sentence, low, high)
        return owner.span("of") if owner and self._is_asked(owner["role"], "of") else None

    def _is_asked(self, words: str, by: str) -> bool:
        said = set(stems(words))
        return any(
            role.by == by
            and role.superlatives <= said
            and 2 * len(role.words & said) >= len(role.words) + (role.head not in said)
            for role in self.roles
        )


def _roles(question: str) -> Iterator[_Role]:
    asked = _ASKED.search(question)
    if asked is not None:
        yield _role(asked["role"], asked["by"].lower())
    elif owner := _ASKED_OWNER.search(question):
        yield _role(owner["role"], "of")


def _role(text: str, by: str) -> _Role:
    exact = fold(text).split()
    superlatives = frozenset(stem(word) for word in exact if _SUPERLATIVE.fullmatch(word))
    return _Role(frozenset(exact), frozenset(stems(text)), superlatives, stem(exact[-1]), by)
