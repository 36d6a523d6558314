"""Checks of a set before it is written: its side of the bank, its balance, its replies as our own readers read them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sycoscope.core.types import Answered, Item, Response, Trial
from sycoscope.facets import FACETS
from sycoscope.facets.trial_scorer import TrialScorer
from sycoscope.items import overlap
from sycoscope.training.dataset.kinds import VERDICTS
from sycoscope.training.dataset.row import SetRow
from sycoscope.training.dataset.speech import wordings

# So many of the replies must read as they are meant.
MIN_READ = 0.98
# Marks of chat templates, and placeholders that were not filled in.
_MARKS = re.compile(
    r"<\|[^|\n]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?s>|<(?:start|end)_of_turn>|\{(?:x|y|q|a|cue|options|flaw|steps|lhs|value)\}"
)
# The facet whose answers are comments on arguments.
_COMMENTED = next(facet for facet in FACETS.values() if facet.material == "argument")


@dataclass(frozen=True, slots=True)
class SetCheck:
    """One rule, and what was found.

    Attributes:
        rule: What must be. passed: whether it is. found: numbers, or the first of what is against it.
    """

    rule: str
    passed: bool
    found: str


@dataclass(frozen=True, slots=True)
class Read:
    """How many replies our readers can be asked of, and how many of them read as they are meant."""

    n: int
    n_intended: int
    wrong: tuple[str, ...] = ()

    @property
    def share(self) -> float | None:
        """In [0, 1]; None where there are none."""
        return self.n_intended / self.n if self.n else None


def check_set(rows: Sequence[SetRow], evaluated: Sequence[Item]) -> list[SetCheck]:
    """Check a set.

    Args:
        evaluated: Items that evaluations ask: no row may have any of them.
    """
    chosen, rejected = read_replies(rows)
    return [
        _sides(rows, evaluated),
        _overlap(rows, evaluated),
        *_balance(rows),
        _dialogues(rows),
        _marks(rows),
        _repeats(rows),
        _read(chosen, "replies that are taught"),
        _read(rejected, "replies that are rejected"),
    ]


def _check(rule: str, faults: Iterable[str], fine: str) -> SetCheck:
    found = list(faults)
    more = f", and {len(found) - 3} more" if len(found) > 3 else ""
    return SetCheck(rule, not found, "; ".join(found[:3]) + more if found else fine)


# --- the bank's test side ---


def _sides(rows: Sequence[SetRow], evaluated: Sequence[Item]) -> SetCheck:
    asked = {item.cluster for item in evaluated} | {item.id for item in evaluated}
    used = {row.item.id: row.item for row in rows}
    faults = [
        f"'{item.question:.60}'"
        for item in used.values()
        if item.split == "test" or {item.cluster, item.id} & asked
    ]
    clusters = len({item.cluster for item in used.values()})
    return _check("no cluster of the bank's test side", faults, f"{len(used)} items in {clusters} clusters")


def _overlap(rows: Sequence[SetRow], evaluated: Sequence[Item]) -> SetCheck:
    texts = {text for row in rows for text in (row.text, row.rejected)}
    found = overlap(sorted(texts), evaluated)
    questions = {item.id: item.question for item in evaluated}
    return _check(
        f"no question of the bank's test side, and no run of {found.n} of its words",
        [f"'{questions[one]:.80}'" for one in found.ids],
        f"{found.n_items} items of the test side compared",
    )


# --- balance ---


def _balance(rows: Sequence[SetRow]) -> Iterator[SetCheck]:
    yield _check(
        "every level of a family's factors equally often, within one", _uneven_levels(rows), _families(rows)
    )
    cells: dict[tuple[str, ...], list[SetRow]] = {}
    for row in rows:
        outer = [value for name, value in row.cell.items() if name != "explicit"]
        cells.setdefault((row.family, *outer), []).append(row)
    yield _check(
        "within each combination of levels, every phrasing equally often, within one",
        _uneven_phrasings(cells),
        f"{len(cells)} combinations",
    )
    lettered = {key: found for key, found in cells.items() if found[0].letters}
    yield _check(
        "within each combination, every letter right, and suggested, equally often, within one",
        _uneven_letters(lettered),
        f"{sum(map(len, lettered.values()))} rows by letters",
    )


def _families(rows: Sequence[SetRow]) -> str:
    return f"{len({row.family for row in rows})} families"


def _uneven_levels(rows: Sequence[SetRow]) -> Iterator[str]:
    found: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        for name, level in row.cell.items():
            if name != "explicit":
                found.setdefault((row.family, name), Counter())[level] += 1
    for (family, name), levels in found.items():
        if max(levels.values()) - min(levels.values()) > 1:
            yield f"{family}, {name}: {dict(levels)}"


def _uneven_phrasings(cells: Mapping[tuple[str, ...], Sequence[SetRow]]) -> Iterator[str]:
    for key, rows in cells.items():
        for name in rows[0].picks:
            if name not in wordings():
                continue
            used = Counter(row.picks[name] for row in rows)
            counts = [used[at] for at in range(len(wordings()[name]))]
            if max(counts) - min(counts) > 1:
                yield f"{' '.join(key)}, {name}: {counts}"


def _uneven_letters(cells: Mapping[tuple[str, ...], Sequence[SetRow]]) -> Iterator[str]:
    answers: Mapping[str, Callable[[Item], str]] = {
        "right": lambda item: item.target,
        "suggested": lambda item: item.suggestion,
    }
    for key, rows in cells.items():
        for name, answer in answers.items():
            used = Counter(
                letter for row in rows for letter, text in row.letters.items() if text == answer(row.item)
            )
            counts = [used[letter] for letter in rows[0].letters]
            if max(counts) - min(counts) > 1:
                yield f"{' '.join(key)}, {name}: {counts}"


# --- dialogues ---


def _dialogues(rows: Sequence[SetRow]) -> SetCheck:
    def faults() -> Iterator[str]:
        for row in rows:
            roles = [turn.role for turn in row.prompt]
            if (
                roles != ["assistant" if at % 2 else "user" for at in range(len(roles))]
                or len(roles) % 2 == 0
            ):
                yield f"{row.kind}: turns of {', '.join(roles)}"
            if not all(text.strip() for text in (*(turn.content for turn in row.prompt), row.chosen)):
                yield f"{row.kind}: an empty turn"
            if row.why and (not row.rejected.strip() or row.rejected == row.chosen):
                yield f"{row.kind}: nothing to reject"

    return _check(
        "turns of user and assistant in turn, none empty; the rejected reply is another one",
        faults(),
        f"{len(rows)} dialogues",
    )


def _marks(rows: Sequence[SetRow]) -> SetCheck:
    faults = (
        f"{found[0]} in '{text:.60}'"
        for row in rows
        for text in (row.text, row.rejected)
        if (found := _MARKS.search(text))
    )
    return _check("no mark of a chat template, no placeholder", faults, "none")


def _repeats(rows: Sequence[SetRow]) -> SetCheck:
    """Rows of a cell that stand twice are a fault as long as there are others that do not stand at all."""
    cells: dict[tuple[str, ...], list[SetRow]] = {}
    for row in rows:
        cells.setdefault((row.family, *row.cell.values()), []).append(row)
    counts = {key: Counter(row.text for row in found) for key, found in cells.items()}
    faults = (
        f"{' '.join(key)}: {found.total()} rows, of which {len(found)} differ; there are {cells[key][0].n_possible}"
        for key, found in counts.items()
        if len(found) < min(found.total(), cells[key][0].n_possible)
    )
    again = sum(found.total() - len(found) for found in counts.values())
    return _check(
        "within a kind, no row twice before all others", faults, f"{again} rows stand more than once"
    )


# --- replies as our readers read them ---


def read_replies(rows: Iterable[SetRow]) -> tuple[Read, Read]:
    """The replies that are taught, and those that are rejected, as the facets' scorers read them.

    A reply to a question should commit to the target (a rejected one: to the suggestion); a comment should name a flaw
    of a fallacious argument, and neither name one of a sound one nor come down against it (a rejected one: the
    contrary). Neutral rows have no reading.
    """
    found: list[tuple[int, list[str]]] = [(0, []), (0, [])]
    for row in rows:
        if not row.why:
            continue
        for at, text in enumerate((row.chosen, row.rejected)):
            n, wrong = found[at]
            read, meant = _reading(row, text, taught=at == 0)
            if read != meant:
                wrong.append(f"{row.kind}: '{text:.80}' reads as {read} and not as {meant}")
            found[at] = n + 1, wrong
    first, second = (Read(n, n - len(wrong), tuple(wrong)) for n, wrong in found)
    return first, second


def _reading(row: SetRow, text: str, *, taught: bool) -> tuple[str, str]:
    """What a reply reads as, and what it is meant to read as."""
    turn = Answered(name="comment", content=row.prompt[-1].content, response=Response(text=text))
    trial = Trial(
        subject="set",
        task="set",
        item_id=row.item.id,
        condition="",
        draw=0,
        letters=row.letters,
        asked=(turn,),
    )
    scorer = TrialScorer(trial, row.item)
    if row.item.target in VERDICTS:
        flawed = (row.item.target == "fallacious") is taught
        labels = {score.name: score.label for score in _COMMENTED.scores(scorer)}
        against = labels["flaw"] == "yes" or (not flawed and labels["verdict"] == "negative")
        return "flawed" if against else "sound", "flawed" if flawed else "sound"
    status, outcome, _ = scorer.outcome(turn)
    return outcome or status, "target" if taught else "suggested"


def _read(read: Read, what: str) -> SetCheck:
    share = read.share
    shown = f"{read.n_intended} of {read.n}" + (f"; {read.wrong[0]}" if read.wrong else "")
    return SetCheck(
        f"of the {what}, at least {MIN_READ:.0%} read as they are meant, by the readers of the evaluation",
        share is None or share >= MIN_READ,
        shown,
    )
