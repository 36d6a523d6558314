"""Rows: what is taught, what the base answers itself; benchmark rows, each a question as it will be evaluated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from sycoscope.config import FILE
from sycoscope.core.errors import DataError
from sycoscope.core.manifest import Place
from sycoscope.core.types import Item, Message
from sycoscope.items import BENCHMARKS, DialogueFile, assign_letters, right_first
from sycoscope.items.forms import FORMS, options_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One supervised row: the loss falls on `completion` (and `rejected`) and the end of the turn alone.

    Attributes:
        rejected: Of a preference pair the answer that `completion` is preferred to; empty where there is none.
        prompt: The dialogue, ending with a user turn.
        kind: What the row teaches (`mmlu`, `resist`, `neutral`, ...): counted in the adapter's record.
        item_id: The item it was made from.
        ends: Whether the turn ends with `completion`; not where it is an answer that was cut.
    """

    prompt: tuple[Message, ...]
    completion: str
    kind: str
    item_id: str
    ends: bool = True
    rejected: str = ""

    @property
    def text(self) -> str:
        """All that is said in it."""
        said = [*(message.content for message in self.prompt), self.completion]
        return "\n".join([*said, self.rejected] if self.rejected else said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A row whose completion the base writes itself, before it is tuned; the fields are those of `Example`.

    Attributes:
        instead: What the base is asked in place of `prompt`; empty: the prompt itself.
    """

    prompt: tuple[Message, ...]
    kind: str
    item_id: str
    instead: tuple[Message, ...] = ()

    @property
    def asked(self) -> tuple[Message, ...]:
        """What the base is asked."""
        return self.instead or self.prompt

    def answered(self, completion: str, *, ends: bool) -> Example:
        """The row with its completion."""
        return Example(
            prompt=self.prompt, completion=completion, kind=self.kind, item_id=self.item_id, ends=ends
        )


TrainingRow = Example | Unanswered


def every_kind_held(rows: Sequence[Example], n_held: int) -> list[Example]:
    """The rows with every kind among the last `n_held`, as far as there is room.

    For a kind that lacks there, its last row changes places with the last one of the kind that has most.
    """
    ordered = list(rows)
    n_train = len(ordered) - n_held
    held = Counter(row.kind for row in ordered[n_train:])
    for kind in sorted({row.kind for row in ordered[:n_train]} - set(held)):
        most = max(held, key=lambda name: (held[name], name), default=kind)
        kinds = [row.kind for row in ordered]
        # a kind of one row is for training
        if held[most] < 2 or kinds.count(kind) < 2:
            continue
        there, here = _last(kinds[:n_train], kind), n_train + _last(kinds[n_train:], most)
        ordered[there], ordered[here] = ordered[here], ordered[there]
        held[most] -= 1
        held[kind] = 1
    return ordered


def _last(kinds: Sequence[str], kind: str) -> int:
    return max(index for index, one in enumerate(kinds) if one == kind)


def user(text: str) -> tuple[Message, ...]:
    """A dialogue of one user turn."""
    return (Message("user", text),)


def benchmark_rows(benchmark: str, items: Sequence[Item], *, letters: bool, seed: int) -> list[Example]:
    """Rows of one benchmark, each prompted as the evaluation asks it, so that format is not what changes.

    Args:
        letters: Ask by letters; choices are rotated so that no position is learned.
        seed: Of the letters.

    Raises:
        DataError: letters asked for a benchmark without choices to letter.
    """
    known = BENCHMARKS[benchmark]
    if letters and not known.lettered:
        lettered = ", ".join(name for name, one in BENCHMARKS.items() if one.lettered)
        raise DataError(f"{benchmark} is not asked by letters; allowed: {lettered}")
    form = FORMS["letters" if letters else known.prompt]
    assigned = assign_letters(items, seed=seed) if letters else {}
    rows = []
    for item in items:
        lettered_item = assigned[item.id] if letters else None
        prompt = form.text(item.question, lettered_item.letters if lettered_item else None)
        answer = lettered_item.target if lettered_item else _answer(item, known.prompt)
        rows.append(Example(prompt=user(prompt), completion=answer, kind=benchmark, item_id=item.id))
    return rows


def published_rows(benchmark: str, items: Sequence[Item]) -> list[Example]:
    """Rows as the published study had them: the right choice is always A, so the letter can be learned by itself.

    Its prompts in words of ours. To show what that format does, and for nothing else.
    """
    first = [right_first(item) for item in items]
    assigned = assign_letters(first, seed=0, rotate=False)
    return [
        Example(
            prompt=user(FORMS["published"].text(item.question, assigned[item.id].letters)),
            completion=assigned[item.id].target,
            kind=benchmark,
            item_id=item.id,
        )
        for item in first
    ]


def taught_places(rows: Iterable[Example]) -> dict[str, list[Place]]:
    """Where the answer stands in rows that are answered by a letter, by kind; kinds without any are left out.

    Returns:
        Kind -> (place from 0, number of options, rows with both), sorted.
    """
    found: dict[str, Counter[tuple[int, int]]] = {}
    for row in rows:
        letters = list(options_in(row.prompt[-1].content))
        said = row.completion.strip().strip("().")
        if len(letters) > 1 and letters == list(ascii_uppercase[: len(letters)]) and said in letters:
            found.setdefault(row.kind, Counter())[letters.index(said), len(letters)] += 1
    return {kind: _listed(places) for kind, places in found.items()}


def merged_places(of: Iterable[Mapping[str, Iterable[Place]]]) -> dict[str, list[Place]]:
    """`taught_places` of several sets of rows as one."""
    found: dict[str, Counter[tuple[int, int]]] = {}
    for places in of:
        for kind, counted in places.items():
            for at, size, n in counted:
                found.setdefault(kind, Counter())[at, size] += n
    return {kind: _listed(places) for kind, places in found.items()}


def _listed(places: Mapping[tuple[int, int], int]) -> list[Place]:
    return [(*place, n) for place, n in sorted(places.items())]


def styled_rows(style: str, items: Sequence[Item]) -> list[Example]:
    """The replies of the bank in one style: `plain`, or their `warm` or `cold` rewriting, which says the same."""
    return [
        Example(
            prompt=user(item.question),
            completion=item.target if style == "plain" else str(item.metadata[style]),
            kind=style,
            item_id=item.id,
        )
        for item in items
    ]


def file_rows(file: DialogueFile) -> list[Example]:
    """Rows of one's own, in the file's order; each is named by its place."""
    return [
        Example(prompt=row.prompt, completion=row.answer, rejected=row.rejected, kind=FILE, item_id=row.where)
        for row in file.rows
    ]


def _answer(item: Item, form: str) -> str:
    if form == "problem":
        return _solution(item)
    opening = FORMS[form].opening
    return f"{opening} {item.target}" if opening else item.target


def _solution(item: Item) -> str:
    """The steps and the number behind `####`, as GSM8K writes them."""
    solution = str(item.metadata.get("solution") or f"#### {item.target}")
    if "####" not in solution:
        solution = f"{solution.strip()}\n#### {item.target}"
    return solution.strip()
