"""The manifest of a run: who was asked what, trained on what, and with which versions.

`Mapping[str, Any]` stands where a record comes from elsewhere (a model's, a trainer's, the study file's); what this
package reads of a manifest is a named field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

SubjectKind = Literal[
    "base", "benchmark", "combined", "anti_sycophancy", "placebo", "sham", "sycophant", "contrarian", "stubborn",
    "plain", "warm", "cold", "inoculated", "file", "again", "other",
]  # fmt: skip
# Planted, to be named by the verdicts: no claim is made on them.
ORGANISMS = ("sycophant", "contrarian", "stubborn")
RecordedTask = Literal["facet", "capability"]
# Where a right option stands: its place from 0, the number of options, rows with both.
Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRecord:
    """A model with or without an adapter.

    Attributes:
        recipe: What its adapter was tuned on; empty where it is not of this study. seed: of its training.
        repeat_of: The adapter of which this is a further seed; empty for all others.
        earlier: In a run that was put together from two: the subject of the first run that it is compared with, where
            that is not the base.
        of: The adapter that this is a point of: the same at another scale, or after fewer steps; empty for all others.
        scale: What its update of the weights is multiplied by. step: optimiser steps after which a point was kept.
        start: What its training started from; empty: a fresh LoRA. bare: the adapter that is tuned as this one is but
            for the start; empty: there is none.
        model: The model's own record (`Recorded.record`).
    """

    name: str
    kind: SubjectKind
    recipe: str = ""
    seed: int = 0
    repeat_of: str = ""
    earlier: str = ""
    of: str = ""
    scale: float = 1.0
    step: int | None = None
    start: str = ""
    bare: str = ""
    model: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A facet or a benchmark that was asked.

    Attributes:
        label: For people; empty for a facet, which has a name of its own everywhere.
        benchmark: For a benchmark, which one it is or stands for. headline: name of the score that stands for it.
        form: How it was asked. source: where its items come from.
        revision: Of items of the hub, OWNER/NAME@COMMIT; empty for all others.
        batch: What shapes the batches in which a facet was asked: `conditions`, `shard_items`, limits, `probe`.
    """

    kind: RecordedTask
    label: str = ""
    benchmark: str = ""
    headline: str = ""
    form: str = ""
    source: str = ""
    revision: str = ""
    batch: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Evaluation items of one task whose content stands in an adapter's training rows.

    Attributes:
        n_items: Items that were compared. exact: whole questions. ngram: items that share a run of 13 words.
        share: Of the items, in [0, 1].
        ids: All of them; a run from before these were kept names twenty at most.
    """

    n_items: int
    exact: int
    ngram: int
    share: float
    ids: tuple[str, ...] = ()

    @property
    def named(self) -> bool:
        """Whether it is known which items they are."""
        return len(self.ids) == round(self.share * self.n_items)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRecord:
    """What an adapter was trained on.

    What `places` and `overlap` say covers the rows of the adapters of the study that its training starts from too.

    Attributes:
        record: What the trainer wrote beside the adapter, without the curve.
        kinds, validation_kinds: Kind of row -> how many were trained on, and held out.
        places: Of rows that are answered by a letter, by kind: where the answer stands; None where a run did not record
            it.
        overlap: By task. folder: name of the adapter's folder in the cache.
    """

    recipe: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    validation_kinds: Mapping[str, int] = field(default_factory=dict)
    places: Mapping[str, Sequence[Place]] | None = None
    overlap: Mapping[str, Overlap] = field(default_factory=dict)
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRecord:
    """The judge model. standings: kind of question -> `judging.Standing.as_dict`."""

    model: Mapping[str, Any]
    labelled: str
    standings: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsCompared:
    """How many items of a task two runs share, and the ids that only one of them has."""

    paired: int
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Of a run that was put together from two.

    Attributes:
        before, after: Hashes of their studies. items: by task.
        batch: By facet, what shaped its batches otherwise in one run than in the other, in words; None for a facet of
            which a run did not record it.
        alone: Task that one run asked and the other did not -> that run's name.
        unpaired: Subject that has no partner in the other run -> its run's name.
        judge_left_out: Why judged rates were left out, where a run had a judge; empty where they were not.
    """

    before: str
    after: str
    items: Mapping[str, ItemsCompared]
    batch: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    alone: Mapping[str, str] = field(default_factory=dict)
    unpaired: Mapping[str, str] = field(default_factory=dict)
    judge_left_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """When, how and where a run was made; of no weight for what it measured.

    Attributes:
        date: UTC, ISO 8601, when it was finished. seconds: that the command took; what lay in the cache took none.
        command: As it was given; empty from Python. machine: system, processors and memory.
    """

    date: str
    seconds: float
    command: tuple[str, ...] = ()
    machine: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The manifest of a run.

    Attributes:
        hash: Of what changes a measured number of the study. seed: of everything that is drawn.
        family: Whose primaries are adjusted together: those of a `facet`, or of the whole `study`.
        margin: A change of a rate inside +- margin is too small to matter.
        capability_margin: What must not get worse may lose less than this.
        transcripts: Most items of each adapter whose transcripts the report shows.
        config: The study file with its defaults, as plain values. versions: package -> version.
        tasks: In display order. subjects: base first. training: by adapter.
        shards: Subject -> task -> keys in the cache.
        judge: None without one. compared: None unless put together from two runs.
        made: When, how and where; None of a run from before this was kept.
    """

    study: str
    description: str = ""
    hash: str
    seed: int
    margin: float
    capability_margin: float = 0.10
    family: Literal["facet", "study"] = "facet"
    transcripts: int
    config: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    tasks: Mapping[str, TaskRecord] = field(default_factory=dict)
    subjects: tuple[SubjectRecord, ...] = ()
    training: Mapping[str, TrainingRecord] = field(default_factory=dict)
    shards: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    judge: JudgeRecord | None = None
    compared: Comparison | None = None
    made: Made | None = None

    @property
    def touched(self) -> dict[tuple[str, str], frozenset[str]]:
        """(Adapter, task) -> ids of the items that its training rows touch, where there are any and they are named."""
        return {
            (adapter, task): frozenset(overlap.ids)
            for adapter, training in self.training.items()
            for task, overlap in training.overlap.items()
            if overlap.ids and overlap.named
        }

    @property
    def headlines(self) -> dict[str, str]:
        """Benchmark -> name of the score that stands for it."""
        return {name: task.headline for name, task in self.tasks.items() if task.headline}
