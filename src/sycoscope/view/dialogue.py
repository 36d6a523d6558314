"""Two dialogues of one item side by side, turn by turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sycoscope.core import records
from sycoscope.core.types import Answered, Score, Trial
from sycoscope.report import labels
from sycoscope.report.probes import probe_tables
from sycoscope.report.transcripts import score_lines, state_of
from sycoscope.run import filtering
from sycoscope.view.address import Pick, Side
from sycoscope.view.grid import Grid
from sycoscope.view.opened import ItemKey, Opened, Subject, same_prompt
from sycoscope.view.words import Message, difference, message

# Run, subject, task, item, condition, draw.
Key = tuple[int, str, str, str, str, int]
# Columns of the items that a page of an item names as they are.
ABOUT = ("source", "split", "cluster", "aliases", "choices", "metadata")


@dataclass(frozen=True, slots=True)
class Material:
    """The transcripts and scores of some items. about: what else each item says of itself, (name, value)."""

    trials: Mapping[Key, Trial]
    scores: Mapping[Key, Sequence[Score]]
    about: Mapping[ItemKey, Sequence[tuple[str, str]]]

    def draws(self, item: ItemKey) -> list[int]:
        """The draws of an item."""
        return sorted({key[5] for key in self.trials if (key[2], key[3]) == item})


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said in one turn. note: what there is to say beside it."""

    message: Message
    note: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: what was asked (once where both were asked the same) and both responses.

    Attributes:
        sides: None where a side has no such turn. probed: nothing was generated, only log-probabilities were read.
    """

    name: str
    speaker: str
    asked: tuple[Message, ...]
    sides: tuple[Said | None, Said | None]
    probed: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """Whose dialogue a side is. missing: it is not there. systems: its system text. letters: options as displayed."""

    subject: Subject
    condition: str
    condition_label: str
    missing: bool
    system: str
    letters: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Two sides. elsewise: two runs asked it in other words, so nothing is shown. too_long: no words are compared."""

    draw: int
    heads: tuple[Head, Head]
    turns: Sequence[Turn]
    probes: Sequence[tuple[str, Sequence[tuple[str, str, str]]]]
    scores: tuple[Sequence[str], Sequence[str]]
    elsewise: bool
    too_long: bool
    cut: bool


def material(opened: Opened, items: Sequence[ItemKey]) -> Material:
    """All transcripts and scores of these items."""
    trials: dict[Key, Trial] = {}
    scores: dict[Key, list[Score]] = {}
    about: dict[ItemKey, list[tuple[str, str]]] = {}
    for i, run in enumerate(opened.runs):
        for row in filtering.asked_of(run.directory, "trials", items).iter_rows(named=True):
            trial = records.trial_of(row)
            trials[_key(i, trial)] = trial
        for row in filtering.asked_of(run.directory, "scores", items).iter_rows(named=True):
            score = records.score_of(row)
            scores.setdefault(_key(i, score), []).append(score)
        for row in filtering.asked_of(run.directory, "items", items).iter_rows(named=True):
            told = [(name, row[name]) for name in ABOUT if row[name] not in ("", "[]", "{}")]
            about.setdefault((row["task"], row["item_id"]), told)
    return Material(trials, scores, about)


def _key(run: int, of: Trial | Score) -> Key:
    return (run, of.subject, of.task, of.item_id, of.condition, of.draw)


def pairs(opened: Opened, grid: Grid) -> list[tuple[Side, Side]]:
    """What is worth reading side by side, the cue of what changed first: (left, right).

    A tuned model beside what it was before, under each condition; a model alone beside its control; the base of each
    further run beside that of the first, where both were asked in the same words. Where nothing is beside it, an answer
    stands beside itself.
    """
    there = {(line.subject.key, cell.condition) for line in grid.lines for cell in line.cells if cell}
    own = [pair for pair in _own(opened, grid) if pair[1] in there and pair[0] != pair[1]]
    across = [pair for pair in _across(opened, grid) if set(pair) <= there]
    found = [*across, *own] if len(opened.subjects) == len(opened.runs) else [*own, *across]
    if found or not grid.lines:
        return found
    first = next(cell for cell in grid.lines[0].cells if cell)
    return [((grid.lines[0].subject.key, first.condition),) * 2]


def _own(opened: Opened, grid: Grid) -> Iterator[tuple[Side, Side]]:
    """Pairs within a run."""
    lines = sorted(
        grid.lines,
        key=lambda line: (line.flip_code not in ("hc", "ch"), line.subject.before == line.subject.name),
    )
    for line in lines:
        who, before = line.subject, opened.before(line.subject)
        cue, control = opened.runs[who.run].cue_of(grid.task)
        for condition in _cue_first(grid, cue):
            yield (before.key, condition) if before else (who.key, control or condition), (who.key, condition)


def _across(opened: Opened, grid: Grid) -> Iterator[tuple[Side, Side]]:
    """Pairs of the bases of two runs."""
    elsewise = {
        (line.subject.key, cell.condition)
        for line in grid.lines
        for cell in line.cells
        if cell and cell.elsewise
    }
    first, *others = (one for one in opened.subjects if opened.before(one) is None)
    for other in others:
        for condition in _cue_first(grid, opened.runs[other.run].cue_of(grid.task)[0]):
            if (other.key, condition) not in elsewise:
                yield (first.key, condition), (other.key, condition)


def _cue_first(grid: Grid, cue: str) -> list[str]:
    return sorted((name for name, _ in grid.conditions), key=lambda name: name != cue)


def pair_of(opened: Opened, grid: Grid, pick: Pick) -> tuple[Side, Side] | None:
    """The pair that an address asks for, else the item's first one; None for an item without answers."""
    first = next(iter(pairs(opened, grid)), None)
    if first is None:
        return None
    return (
        pick.left if pick.left[0] and pick.left[1] else first[0],
        pick.right if pick.right[0] and pick.right[1] else first[1],
    )


def dialogue(
    opened: Opened,
    found: Material,
    pick: Pick,
    pair: tuple[Side, Side],
    needle: str = "",
    limit: int | None = None,
) -> Dialogue | None:
    """Two dialogues side by side; None where a side names a subject that no run has."""
    subjects = [opened.subject(key) for key, _ in pair]
    if subjects[0] is None or subjects[1] is None:
        return None
    keys: list[Key] = [
        (who.run, who.name, *pick.key, condition, pick.draw)
        for who, (_, condition) in zip(subjects, pair, strict=True)
        if who
    ]
    trials = [found.trials.get(key) for key in keys]
    heads = tuple(
        Head(
            subject=who,
            condition=condition,
            condition_label=labels.condition_of(pick.task, condition),
            missing=trial is None,
            system=trial.system if trial else "",
            letters=" · ".join(f"({letter}) {text}" for letter, text in trial.letters.items())
            if trial
            else "",
        )
        for who, (_, condition), trial in zip(subjects, pair, trials, strict=True)
        if who
    )
    left, right = trials
    elsewise = (
        subjects[0].run != subjects[1].run and pair[0][1] == pair[1][1]
        and left is not None and right is not None and not same_prompt(left, right)
    )  # fmt: skip
    turns = [] if elsewise else list(_turns(left, right, pick.diff, needle, limit))
    said = [side for turn in turns for side in turn[0].sides if side]
    messages = [*(side.message for side in said), *(one for turn in turns for one in turn[0].asked)]
    return Dialogue(
        draw=pick.draw,
        heads=(heads[0], heads[1]),
        turns=[turn for turn, _ in turns],
        probes=[] if elsewise else probe_tables(left, right),
        scores=(score_lines(found.scores.get(keys[0], ())), score_lines(found.scores.get(keys[1], ()))),
        elsewise=elsewise,
        too_long=any(too_long for _, too_long in turns),
        cut=any(one.left_out for one in messages),
    )


def _turns(
    left: Trial | None, right: Trial | None, diff: bool, needle: str, limit: int | None
) -> Iterator[tuple[Turn, bool]]:
    """Each turn, and whether its words are too many to be compared."""
    sides = [{turn.name: turn for turn in trial.asked} if trial else {} for trial in (left, right)]
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        turns = [side.get(name) for side in sides]
        known = [turn for turn in turns if turn]
        contents = list(dict.fromkeys(turn.content for turn in known))
        asked = (
            tuple(message(text, needle, limit) for text in contents)
            if len(contents) == 1
            else tuple(message(turn.content if turn else labels.DASH, needle, limit) for turn in turns)
        )
        texts = [turn.response.text if turn else "" for turn in turns]
        marked = difference(texts[0], texts[1], needle, limit) if diff and len(known) == 2 else None
        if marked is None:
            marked = message(texts[0], needle, limit), message(texts[1], needle, limit)
            too_long = diff and len(known) == 2
        else:
            too_long = False
        said = [Said(text, _note(turn)) if turn else None for turn, text in zip(turns, marked, strict=True)]
        yield Turn(name, known[0].speaker, asked, (said[0], said[1])), too_long
    probed = [trial.probes[-1] for trial in (left, right) if trial and trial.probes and not trial.asked]
    if not any(sides) and probed:
        contents = list(dict.fromkeys(probe.content for probe in probed))
        texts_asked = tuple(message(text, needle, limit) for text in contents)
        yield Turn(probed[0].name, "user", texts_asked, (None, None), probed=True), False


def _note(turn: Answered) -> str:
    empty = "" if turn.response.text or turn.response.finish == "error" else "(empty response)"
    return " · ".join(part for part in (empty, state_of(turn)) if part)
