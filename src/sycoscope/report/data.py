"""What a report is made of: plain records, every number already decided upstream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from sycoscope.analysis import (
    Association,
    Breakdown,
    NonInferiority,
    Rank,
    Relearning,
    SeriesPoint,
    Trend,
    Verdict,
)
from sycoscope.analysis.clean import CleanChange
from sycoscope.analysis.decision import Word
from sycoscope.analysis.edge_cases import EdgeShare
from sycoscope.analysis.flips import Flip
from sycoscope.audit import Finding
from sycoscope.core.errors import DataError
from sycoscope.core.manifest import Comparison, SubjectKind
from sycoscope.core.types import Estimate, Item, Score, Trial
from sycoscope.published.findings import RunFinding
from sycoscope.run.by_hand import LabelReport

TaskKind = Literal["facet", "capability", "summary"]
HealthUnit = Literal["count", "share"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A model with or without an adapter.

    Attributes:
        label: For people; empty: the name. model: name of the model itself; empty where it is not known.
        simulated: Whether its behaviour is set, as that of a null model, and not learned.
        earlier: the subject that it is compared with, where that is not the base.
        of: The adapter that it is a point of; empty for all others.
    """

    name: str
    kind: SubjectKind
    label: str = ""
    model: str = ""
    simulated: bool = False
    earlier: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskInfo:
    """Display name of a task. A task without one is a facet by its name, else capability."""

    name: str
    label: str
    kind: TaskKind = "capability"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One cell of the health strip.

    Attributes:
        value: A count, or a share in [0, 1]; None where it is not known (`note` says why).
        limit: Beyond it the cell turns amber; None for no limit.
        worse: Which side of the limit is bad.
    """

    label: str
    value: float | None
    unit: HealthUnit = "count"
    limit: float | None = None
    worse: Literal["above", "below"] = "above"
    note: str = ""

    @property
    def over(self) -> bool:
        """Whether the limit is crossed."""
        if self.value is None or self.limit is None:
            return False
        return self.value > self.limit if self.worse == "above" else self.value < self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRow:
    """One logged training step of one adapter; losses in nats per token (of preference pairs per pair).

    The rest is in [-1, 1] or [0, 1]. preferred, eval_preferred: of preference pairs alone.
    """

    adapter: str
    step: int
    loss: float | None
    eval_loss: float | None = None
    preferred: float | None = None
    eval_preferred: float | None = None
    suggested_shift: float | None = None
    suggested_shift_low: float | None = None
    suggested_shift_high: float | None = None
    accuracy: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """Everything that a report shows.

    Attributes:
        verdicts: The first one's task is the lead facet of the first screen.
        subjects: In display order.
        asked: Where the questions come from, in words; empty where that is not known.
        compared: Of a run that was put together from two.
        items: By id; those that the shown transcripts need are enough.
        flips: One record per eligible item and draw of each adapter and facet.
        tasks: Labels and kinds, in display order.
        edge_shares: How often each kind of edge case occurs. edge_trials: the trials that are one, each with its key,
            `cluster`, `edge_cases` (names of kinds) and what these read.
        associations, rankings, breakdowns: Across adapters and by group of items.
        non_inferiority: What must not get worse, beside its margin. clean: changes without the touched items.
        series, trends, relearning: Of adapters over their scale and their steps.
        by_hand: What people's labels say, where the report is given them.
        sample_seed: Draws the typical transcripts.
        transcripts: Most items of each adapter whose transcripts are shown.
        manifest: Nested plain values.
    """

    title: str
    study: str
    study_hash: str
    subjects: Sequence[Subject]
    asked: str = ""
    compared: Comparison | None = None
    verdicts: Sequence[Verdict] = ()
    health: Sequence[Health] = ()
    estimates: Sequence[Estimate] = ()
    items: Mapping[str, Item] = field(default_factory=dict)
    trials: Sequence[Trial] = ()
    scores: Sequence[Score] = ()
    flips: Sequence[Flip] = ()
    training: Sequence[TrainingRow] = ()
    findings: Sequence[Finding] = ()
    claims: Sequence[RunFinding] = ()
    associations: Sequence[Association] = ()
    rankings: Sequence[Rank] = ()
    breakdowns: Sequence[Breakdown] = ()
    edge_shares: Sequence[EdgeShare] = ()
    edge_trials: Sequence[Mapping[str, Any]] = ()
    non_inferiority: Sequence[NonInferiority] = ()
    clean: Sequence[CleanChange] = ()
    series: Sequence[SeriesPoint] = ()
    trends: Sequence[Trend] = ()
    relearning: Sequence[Relearning] = ()
    tasks: Sequence[TaskInfo] = ()
    by_hand: LabelReport | None = None
    sample_seed: int = 0
    transcripts: int = 24
    manifest: Mapping[str, Any] = field(default_factory=dict)


def check(data: ReportData) -> None:
    """Refuse what cannot be shown.

    Raises:
        DataError: A subject is named twice, a record names a subject that is not listed, a verdict's word is not one of
            the four, or it was never decided whether a number may be shown.
    """
    names = [subject.name for subject in data.subjects]
    if not names:
        raise DataError("a report needs at least one subject; `subjects` is empty")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"subjects must have different names; named twice: {', '.join(map(repr, twice))}")
    known = set(names)
    for where, rows in (("estimates", data.estimates), ("verdicts", data.verdicts), ("flips", data.flips)):
        for row in rows:
            if row.subject not in known:
                raise DataError(
                    f"{where}: subject {row.subject!r} is not among the report's subjects "
                    f"({', '.join(names)}); add it to `subjects` or leave the record out"
                )
    for verdict in data.verdicts:
        if verdict.word not in get_args(Word):
            raise DataError(
                f"verdicts: {verdict.subject!r} has the word {verdict.word!r}; "
                f"allowed: {', '.join(get_args(Word))}"
            )
    _check_states(data)


def _check_states(data: ReportData) -> None:
    verdicts = [e for v in data.verdicts for e in (v.estimate, v.before, v.after) if e is not None]
    groups = [one.estimate for one in data.breakdowns]
    for where, estimates in (
        ("estimates", data.estimates),
        ("verdicts", verdicts),
        ("breakdowns", groups),
        ("clean", [e for one in data.clean for e in (one.over_all, one.over_clean)]),
    ):
        undecided = sum(not e.state for e in estimates)
        if undecided:
            raise DataError(
                f"{where}: {undecided} of {len(estimates)} estimates have no state, so whether they may be shown was "
                "never decided; pass them through audit.decide_states(estimates, findings) first"
            )
