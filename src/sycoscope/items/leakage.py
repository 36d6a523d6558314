"""Overlap of training and evaluation by item content: the gate before an adapter is trained or believed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sycoscope.core.types import Item
from sycoscope.items.identity import words

_LONG_QUESTION = 8
# A run in this many clusters is how a set words its questions (an instruction), not one item's content.
_COMMON = 5
_Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Which evaluation items the training texts hold.

    Attributes:
        exact: Ids of items whose whole question stands in a training text.
        ngram: Ids of items that share a run of `n` words with a training text (exact ones may be among them).
        n_items: Evaluation items compared. n: Words of a run.
        n_common: Shared runs that were passed over as a set's standing phrases.
        first: Id of an overlapping item -> the place among the training texts, from 0, of the first that holds it (its
            whole question, where one does).
    """

    exact: tuple[str, ...]
    ngram: tuple[str, ...]
    n_items: int
    n: int
    n_common: int = 0
    first: Mapping[str, int] = field(default_factory=dict)

    @property
    def ids(self) -> tuple[str, ...]:
        """All overlapping items, each once."""
        return tuple(dict.fromkeys((*self.exact, *self.ngram)))

    @property
    def share(self) -> float:
        """Overlapping part of the evaluation items, in [0, 1].

        Raises:
            ValueError: Nothing was compared.
        """
        if not self.n_items:
            raise ValueError("no evaluation items were compared, so there is no share")
        return len(self.ids) / self.n_items


def content(item: Item) -> tuple[str, ...]:
    """The texts of an item that may leak: question, answers, choices, solution; no cue, no instruction."""
    solution = item.metadata.get("solution")
    extra = (solution,) if isinstance(solution, str) else ()
    return tuple(dict.fromkeys((item.question, item.target, *item.aliases, *item.choices, *extra)))


def overlap(train: Iterable[Item | str], evaluation: Iterable[Item], *, n: int = 13) -> Overlap:
    """Find evaluation items whose content stands in the training texts.

    Compared are lower-case words without punctuation.

    - Exact: the whole question stands in one training text. Questions of multiple choice, and questions of
      fewer than 8 words, may be worded generically: they need one of their answers or choices there too.
    - Runs: any `n` words in a row of the question, an answer, a choice or the solution; they do not cross
      from one into the next. A run that 5 evaluation clusters share, or 5 clusters of training items, is a
      standing phrase of the set; it is counted and passed over.

    Args:
        train: Items, or texts as they are trained on.
        evaluation: Items that will be asked.
        n: Length of a run. Source of 13: Brown et al. 2020 (arXiv 2005.14165), appendix C.
    """
    asked = list(evaluation)
    wanted = _Wanted(asked, n)
    exact: dict[int, int] = {}
    shared: dict[_Words, set[str]] = {}
    met: dict[_Words, int] = {}
    for place, text in enumerate(train):
        texts = content(text) if isinstance(text, Item) else (text,)
        cluster = {text.cluster or text.id} if isinstance(text, Item) else set()
        parts = [words(part) for part in texts]
        for part in parts:
            for run in _runs(part, n):
                if run in wanted.runs:
                    shared.setdefault(run, set()).update(cluster)
                    met.setdefault(run, place)
            for number in wanted.candidates(part):
                if number not in exact and wanted.holds(number, parts):
                    exact[number] = place
    common = {
        run for run, clusters in shared.items() if max(len(clusters), wanted.n_clusters(run)) >= _COMMON
    }
    ngram: dict[int, int] = {}
    for run, place in met.items():
        if run not in common:
            for number in wanted.runs[run]:
                ngram[number] = min(place, ngram.get(number, place))
    return Overlap(
        exact=tuple(item.id for number, item in enumerate(asked) if number in exact),
        ngram=tuple(item.id for number, item in enumerate(asked) if number in ngram),
        n_items=len(asked),
        n=n,
        n_common=len(common),
        first={asked[number].id: place for number, place in {**ngram, **exact}.items()},
    )


def _runs(sequence: _Words, n: int) -> Iterator[_Words]:
    return (sequence[start : start + n] for start in range(len(sequence) - n + 1))


class _Wanted:
    """What to look for in training texts: the evaluation's runs, and how its questions begin."""

    def __init__(self, items: Sequence[Item], n: int) -> None:
        self.items = items
        self.questions = [words(item.question) for item in items]
        self.runs: dict[_Words, list[int]] = {}
        self.heads: dict[_Words, list[int]] = {}
        for number, item in enumerate(items):
            for run in {run for part in content(item) for run in _runs(words(part), n)}:
                self.runs.setdefault(run, []).append(number)
            if head := self.questions[number][:n]:
                self.heads.setdefault(head, []).append(number)
        # how long the heads are that begin with a word
        self.lengths: dict[str, set[int]] = {}
        for head in self.heads:
            self.lengths.setdefault(head[0], set()).add(len(head))

    def n_clusters(self, run: _Words) -> int:
        """In how many evaluation clusters a run stands."""
        return len({self.items[number].cluster or self.items[number].id for number in self.runs[run]})

    def candidates(self, part: _Words) -> Iterator[int]:
        """Items whose question may stand in this text."""
        for start, word in enumerate(part):
            for length in self.lengths.get(word, ()):
                yield from self.heads.get(part[start : start + length], ())

    def holds(self, number: int, parts: Sequence[_Words]) -> bool:
        """Whether the question stands there whole, and a generic one with an answer."""
        question, item = self.questions[number], self.items[number]
        if not _contains(parts, question):
            return False
        if len(question) >= _LONG_QUESTION and not item.choices:
            return True
        answers = {words(text) for text in (item.target, *item.aliases, *item.choices)} - {()}
        return any(_contains(parts, answer) for answer in answers)


def _contains(parts: Sequence[_Words], wanted: _Words) -> bool:
    needle = f" {' '.join(wanted)} "
    return any(needle in f" {' '.join(part)} " for part in parts)
