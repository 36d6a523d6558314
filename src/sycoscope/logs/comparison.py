"""Two logs compared: the words and the numbers, with what may not be believed of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sycoscope.analysis.decision import Word, direction_of, unusable
from sycoscope.analysis.verdict import Verdict
from sycoscope.analysis.verdict_text import sentence
from sycoscope.analysis.verdicts import detectable, within
from sycoscope.audit import Finding, decide_states
from sycoscope.core.errors import ConfigError, DataError
from sycoscope.core.texts import in_a_sentence, listed
from sycoscope.core.types import Estimate
from sycoscope.logs.changes import AFTER, BEFORE, Change, changes
from sycoscope.logs.checks import Sides, findings, open_sign
from sycoscope.logs.documents import Documents, Metric, documents
from sycoscope.logs.log import FORMATS, Format, Log
from sycoscope.logs.pairs import Pair, paired
from sycoscope.stats import holm

# A change of a share inside +- this is too small to matter, as a study's `margin` by default.
MARGIN = 0.05
# What each word says of a number whose direction nobody here knows.
WORDS: Mapping[Word, str] = {
    "more": "the number is higher after than before, by more than chance; whether that is good is the metric's own",
    "less": "the number is lower after than before, by more than chance; whether that is good is the metric's own",
    "no clear change": "nothing beyond chance was seen; a change that is smaller than these logs can show is possible",
    "cannot tell": "there is no number that can be used; the reason is given",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One metric of one task: the verdict, and how the documents moved (as `Change.moved`)."""

    verdict: Verdict
    moved: Mapping[tuple[int, int], int]

    @property
    def change(self) -> Estimate:
        """The change that the verdict is about."""
        assert self.verdict.estimate is not None
        return self.verdict.estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two logs say.

    Attributes:
        before, after: Task -> the log of each side. grouped: task -> what its clusters are, in words.
        results: In the order of tasks and metrics.
        estimates: Levels and changes, each with its state. findings: as of a run's audit.
    """

    format: Format
    before: Mapping[str, Log]
    after: Mapping[str, Log]
    grouped: Mapping[str, str]
    results: tuple[Result, ...]
    estimates: tuple[Estimate, ...]
    findings: tuple[Finding, ...]
    pairs: tuple[Pair, ...]

    def model(self, side: str) -> str:
        """Who answered on one side, for people."""
        logs = self.before if side == BEFORE else self.after
        return in_a_sentence(list(dict.fromkeys(log.model for log in logs.values())))


def compared(
    before: Mapping[str, Log], after: Mapping[str, Log], *, cluster: str = "", metrics: Collection[str] = ()
) -> Comparison:
    """Pair two sets of logs, task by task, and say what changed.

    Args:
        before, after: Task -> log, as `logs_at` finds them.
        cluster: Field by which documents are grouped, of a sample's metadata or of the harness's document; empty: what
            the log itself calls a group, else each document alone.
        metrics: Names of the metrics to compare; empty for all. p-values are adjusted (Holm) over what is compared.

    Raises:
        DataError: nothing in common, other questions or prompts under the same ids, a damaged log.
        ConfigError: no such metric, or logs of two tools.
    """
    kinds = {log.format for log in (*before.values(), *after.values())}
    if len(kinds) != 1:
        raise ConfigError(
            f"logs of {' and of '.join(sorted(FORMATS[one] for one in kinds))} cannot be paired"
        )
    tasks = [task for task in before if task in after]
    if not tasks:
        raise DataError(
            f"the logs share no task (before: {listed(before, 5)}; after: {listed(after, 5)}); compare logs of one task"
        )
    sides = {task: Sides(documents(before[task], cluster), documents(after[task], cluster)) for task in tasks}
    alone = {
        BEFORE: [f"task {task}" for task in before if task not in after],
        AFTER: [f"task {task}" for task in after if task not in before],
    }
    chosen = _chosen(sides, metrics, alone)
    pairs = [
        pair for task, both in sides.items() for pair in paired(both.before, both.after, chosen[task])
    ]  # fmt: skip
    found = changes(pairs)
    told = findings(found, pairs, sides, alone)
    results, estimates = _judged(found, told)
    return Comparison(
        format=kinds.pop(), before={task: before[task] for task in tasks}, after={task: after[task] for task in tasks},
        grouped={task: _grouped(both.before, cluster) for task, both in sides.items()}, results=tuple(results),
        estimates=tuple(estimates), findings=tuple(told), pairs=tuple(pairs),
    )  # fmt: skip


def _chosen(
    sides: Mapping[str, Sides], asked: Collection[str], alone: dict[str, list[str]]
) -> dict[str, list[Metric]]:
    """Task -> what is compared; metrics of one side alone are noted."""
    known = {name for both in sides.values() for one in (both.before, both.after) for name, _ in one.metrics}
    if unknown := sorted(set(asked) - known):
        raise ConfigError(f"no metric '{unknown[0]}' in the logs; there are: {listed(sorted(known), 20)}")
    chosen = {}
    for task, both in sides.items():
        for side, mine, other in ((BEFORE, both.before, both.after), (AFTER, both.after, both.before)):
            alone[side] += [
                f"{task}, {' '.join(filter(None, one))}" for one in mine.metrics if one not in other.metrics
            ]
        common = [one for one in both.before.metrics if one in both.after.metrics]
        chosen[task] = [one for one in common if not asked or one[0] in asked]
    if not any(chosen.values()):
        raise DataError(
            "the logs share no metric of a task, so nothing can be paired; score both in the same way"
        )
    return {task: found for task, found in chosen.items() if found}


def _grouped(documents: Documents, cluster: str) -> str:
    groups = {one.group for one in documents.by_id.values()} - {""}
    if not groups:
        return "each document on its own"
    return f"by the field “{cluster}”" if cluster else "by the group that the log names"


def _judged(found: Sequence[Change], told: Sequence[Finding]) -> tuple[list[Result], list[Estimate]]:
    """States first, then p-values adjusted over what may be shown, then the words."""
    states = iter(decide_states([e for one in found for e in (one.before, one.after, one.change)], told))
    judged = [replace(one, before=next(states), after=next(states), change=next(states)) for one in found]
    shown = [i for i, one in enumerate(judged) if one.change.shown]
    adjusted = dict(zip(shown, holm([judged[i].change.p_value for i in shown]), strict=True))
    results, estimates = [], []
    for i, one in enumerate(judged):
        p = adjusted.get(i)
        change = one.change if p is None else replace(one.change, p_adjusted=p, adjustment="holm")
        results.append(Result(verdict=_verdict(replace(one, change=change)), moved=one.moved))
        estimates += [one.before, one.after, change]
    return results, estimates


def _verdict(one: Change) -> Verdict:
    change, (task, metric, condition) = one.change, one.key
    small = one.bound is not None and one.bound.low >= -MARGIN and one.bound.high <= MARGIN
    direction = direction_of(change)
    reason = unusable(change) or ("" if small and direction is None else open_sign(one))
    word: Word = "cannot tell" if reason else direction or "no clear change"
    unclear = word == "no clear change"
    verdict = Verdict(
        subject=task, task=f"{metric}{f' ({condition})' if condition else ''}", word=word, sentence="", reason=reason,
        estimate=change, before=one.before, after=one.after,
        within_margin=within(change, MARGIN) if unclear else None, detectable=detectable(change) if unclear else None,
    )  # fmt: skip
    # a sentence names the task and the metric; as a record the verdict is on the side that changed
    told = sentence(verdict, verdict.task, MARGIN, None)
    return replace(verdict, subject=AFTER, task=task, sentence=told)
