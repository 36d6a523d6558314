"""Before and after, each one model of a run or a baseline file, put together as two runs are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sycoscope.analysis.non_inferiority import ACCURACY
from sycoscope.audit import Finding
from sycoscope.audit.finding import reason_of
from sycoscope.audit.prompts import turns
from sycoscope.core import records
from sycoscope.core.digests import bytes_digest
from sycoscope.core.errors import ConfigError
from sycoscope.core.manifest import Manifest, SubjectRecord
from sycoscope.core.texts import in_a_sentence, listed
from sycoscope.core.types import Score, Trial
from sycoscope.facets import FACETS
from sycoscope.gate.baseline import Baseline, Cell, TaskOutcomes, cell_of
from sycoscope.run.merge import write_merged
from sycoscope.run.record import roles_of
from sycoscope.run.store import RunDirectory

# What of a model's record the audit holds against another's, and what names it.
MODEL_KEYS = (
    "name", "digest", "base_digest", "template_hash", "template_given", "n_bos", "engine", "quantization", "scoring",
)  # fmt: skip
SHOWN = 3
# (task, item id, condition, draw) -> turn -> digest of what was said
Prompts = Mapping[tuple[str, str, str, int], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One model.

    Attributes:
        run: A run in which it stands alone, as the base. name: for people.
        decoding: How its answers were decoded. items: task -> ids of what it was asked.
        invalid: Findings of its run's audit that withhold a number of it, under the name `base`.
    """

    run: RunDirectory
    name: str
    record: SubjectRecord
    decoding: Mapping[str, Any]
    items: Mapping[str, frozenset[str]]
    prompts: Prompts
    invalid: tuple[Finding, ...]

    @property
    def digest(self) -> str:
        """What its weights and adapter are known by; empty where that was not recorded."""
        return str(self.record.model.get("digest") or "")


def chosen(manifest: Manifest, subject: str | None, *, of: str, tuned: bool) -> SubjectRecord:
    """The one model of a run that is meant.

    Args:
        subject: Its name; None: the base, or where `tuned` the one tuned model of a run that has one.
        of: Names the run in errors.

    Raises:
        ConfigError: no such subject, or several that could be meant.
    """
    by_name = {one.name: one for one in manifest.subjects}
    if subject is not None:
        if subject not in by_name:
            raise ConfigError(f"'{of}' has no subject '{subject}'; it has {', '.join(by_name)}")
        return by_name[subject]
    real = roles_of(manifest).real if tuned else ()
    if len(real) > 1:
        raise ConfigError(
            f"'{of}' has {len(real)} tuned models ({in_a_sentence(real)}); name one with --subject"
        )
    return by_name[real[0] if real else roles_of(manifest).base]


def side_of(run: RunDirectory, record: SubjectRecord, folder: Path) -> Side:
    """One subject of a finished run.

    Args:
        folder: Where a run with this subject alone is written.
    """
    manifest = run.manifest()
    trials = [replace(one, subject="base") for one in run.trials() if one.subject == record.name]
    scores = [replace(one, subject="base") for one in run.scores() if one.subject == record.name]
    alone = RunDirectory(folder)
    alone.write_rows("items", records.item_rows(run.items()))
    _write(alone, manifest, _as_base(record), trials, scores)
    findings = (
        one for one in run.summary().findings if one.severity == "invalid" and one.is_of({record.name})
    )
    asked: dict[str, set[str]] = {}
    for score in scores:
        asked.setdefault(score.task, set()).add(score.item_id)
    return Side(
        run=alone,
        name=_called(record, run),
        record=record,
        decoding=_decoding(manifest),
        items={task: frozenset(ids) for task, ids in asked.items()},
        prompts={(one.task, one.item_id, one.condition, one.draw): _prompts(one) for one in trials},
        invalid=tuple(replace(one, subject="base") for one in findings),
    )


def side_of_baseline(baseline: Baseline, after: Side, folder: Path) -> Side:
    """A baseline, beside the run that is held against it, which has the texts of the items."""
    shared = {
        task: frozenset(item for item, _ in outcomes.rows) & after.items.get(task, frozenset())
        for task, outcomes in baseline.tasks.items()
    }
    record = SubjectRecord(name=baseline.subject, kind="base", model=baseline.model)
    scores = [
        replace(score, subject="base") for task, ids in shared.items() for score in baseline.scores(task, ids)
    ]
    items = [(task, item) for task, item in after.run.items() if item.id in shared.get(task, frozenset())]
    alone = RunDirectory(folder)
    alone.write_rows("items", records.item_rows(items))
    manifest = replace(
        after.run.manifest(),
        hash=baseline.study,
        seed=baseline.seed,
        versions=baseline.versions,
        tasks={task: outcomes.record for task, outcomes in baseline.tasks.items()},
        made=None,
    )
    _write(alone, manifest, _as_base(record), [], scores)
    return Side(
        run=alone,
        name=f"{baseline.model.get('name', baseline.subject)} (baseline of {baseline.date[:10] or 'an unknown day'})",
        record=record,
        decoding=baseline.decoding,
        items={
            task: frozenset(item for item, _ in outcomes.rows) for task, outcomes in baseline.tasks.items()
        },
        prompts=dict(_stored_prompts(baseline)),
        invalid=baseline.invalid,
    )


def _write(
    run: RunDirectory, manifest: Manifest, record: SubjectRecord, trials: list[Trial], scores: list[Score]
) -> None:
    run.write_rows("trials", records.trial_rows(trials))
    run.write_rows("scores", records.score_rows(scores))
    run.write_rows("training", [])
    # what a judge said gates nothing
    run.write_manifest(
        replace(manifest, subjects=(record,), training={}, shards={}, judge=None, compared=None)
    )


def _as_base(record: SubjectRecord) -> SubjectRecord:
    return SubjectRecord(name="base", kind="base", seed=record.seed, model=record.model)


def _called(record: SubjectRecord, run: RunDirectory) -> str:
    model = str(record.model.get("name", record.name))
    name = model if record.kind == "base" or record.name == model else f"{record.name} on {model}"
    return f"{name} ({run.path.name})"


def _decoding(manifest: Manifest) -> dict[str, Any]:
    """How answers were decoded; empty of a run that was put together from two, and holds the settings of one."""
    return {} if manifest.compared is not None else dict(manifest.config.get("decoding") or {})


def _prompts(trial: Trial) -> dict[str, str]:
    return {
        name: bytes_digest(f"{trial.system}\0{content}".encode("utf-8", "surrogatepass"))[:12]
        for name, content in turns(trial)
    }


def _stored_prompts(
    baseline: Baseline,
) -> Iterable[tuple[tuple[str, str, str, int], dict[str, str]]]:
    for task, outcomes in baseline.tasks.items():
        for condition, told in outcomes.prompts.items():
            for (item, draw), text in zip(outcomes.rows, told, strict=True):
                pairs = (part.rpartition("=") for part in text.split("\t") if part)
                yield (task, item, condition, draw), {name: digest for name, _, digest in pairs}


# --- a side as a baseline ---


def baseline_of(side: Side, manifest: Manifest, again: Mapping[str, Any]) -> Baseline:
    """What a side did, without a text.

    Args:
        manifest: Of its run. again: task -> what it differs by from itself.
    """
    scores = side.run.scores()
    return Baseline(
        subject=side.record.name,
        model={key: side.record.model[key] for key in MODEL_KEYS if key in side.record.model}
        | _hardware(side),
        study=manifest.hash,
        date=manifest.made.date if manifest.made else "",
        seed=manifest.seed,
        decoding=side.decoding,
        versions=manifest.versions,
        tasks={
            task: _outcomes(task, [one for one in scores if one.task == task], side, manifest)
            for task in manifest.tasks
            if side.items.get(task)
        },
        invalid=side.invalid,
        again=again,
    )


def _hardware(side: Side) -> dict[str, Any]:
    dtype = (side.record.model.get("hardware") or {}).get("dtype")
    return {} if dtype is None else {"hardware": {"dtype": dtype}}


def _outcomes(task: str, scores: Collection[Score], side: Side, manifest: Manifest) -> TaskOutcomes:
    """The conditions that a verdict reads, of a benchmark all."""
    kept = FACETS[task].deciding if task in FACETS else {score.condition for score in scores}
    scores = [score for score in scores if score.condition in kept]
    rows = sorted({(score.item_id, score.draw) for score in scores})
    place = {row: index for index, row in enumerate(rows)}
    cells: dict[str, list[Cell]] = {}
    for score in scores:
        column = cells.setdefault(f"{score.condition}/{score.name}", [None] * len(rows))
        column[place[score.item_id, score.draw]] = cell_of(score)
    conditions = dict.fromkeys(score.condition for score in scores)
    return TaskOutcomes(
        record=manifest.tasks[task],
        rows=tuple(rows),
        scorers={score.name: score.scorer for score in scores},
        prompts={
            condition: tuple(
                _told(side.prompts.get((task, item, condition, draw), {})) for item, draw in rows
            )
            for condition in conditions
        },
        scores={name: tuple(column) for name, column in sorted(cells.items())},
    )


def _told(prompts: Mapping[str, str]) -> str:
    return "\t".join(f"{name}={digest}" for name, digest in prompts.items())


# --- two sides ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two sides as one run, of which nothing is computed yet.

    Attributes:
        after: The second side's name in it. only: task -> items that one side alone was asked, and the share of these.
        faults: Task ("" for all) -> why the two cannot be compared.
    """

    run: RunDirectory
    after: str
    only: Mapping[str, tuple[int, float]]
    faults: Mapping[str, tuple[str, ...]]


def put_together(before: Side, after: Side, folder: Path) -> Pair:
    """Two sides as one run.

    Raises:
        DataError: they share no item.
    """
    out = RunDirectory(folder)
    write_merged(before.run, after.run, out)
    faults: dict[str, list[str]] = {}
    for task, text in [*_settings(before, after), *_other_prompts(before, after), *_withheld(before, after)]:
        faults.setdefault(task, []).append(text)
    only = {}
    for task in before.items.keys() & after.items.keys():
        either, both = before.items[task] | after.items[task], before.items[task] & after.items[task]
        only[task] = (len(either) - len(both), 1 - len(both) / len(either))
    name = next(one.name for one in out.manifest().subjects if one.name != "base")
    return Pair(run=out, after=name, only=only, faults={task: tuple(texts) for task, texts in faults.items()})


def _settings(before: Side, after: Side) -> Iterable[tuple[str, str]]:
    """Settings that both recorded and that differ."""
    for name in before.decoding.keys() & after.decoding.keys():
        if before.decoding[name] != after.decoding[name]:
            yield "", f"{name} of decoding is {before.decoding[name]} before and {after.decoding[name]} after"
    rungs = [side.record.model.get("scoring") for side in (before, after)]
    if None not in rungs and rungs[0] != rungs[1]:
        yield (
            "",
            f"log-probabilities were read by '{rungs[0] or 'none'}' before and '{rungs[1] or 'none'}' after",
        )
    first, second = before.run.manifest().tasks, after.run.manifest().tasks
    for task in first.keys() & second.keys():
        if first[task].form != second[task].form:
            yield task, f"asked in the form '{first[task].form}' before and '{second[task].form}' after"


def _other_prompts(before: Side, after: Side) -> Iterable[tuple[str, str]]:
    """Items that were asked in other words."""
    differing: dict[str, list[str]] = {}
    for key in sorted(before.prompts.keys() & after.prompts.keys()):
        first, second = before.prompts[key], after.prompts[key]
        if any(first[name] != second[name] for name in first.keys() & second.keys()):
            differing.setdefault(key[0], []).append(key[1])
    for task, items in differing.items():
        ids = list(dict.fromkeys(items))
        yield task, f"{len(ids)} items were asked in other words (items {listed(ids, SHOWN)})"


def _withheld(before: Side, after: Side) -> Iterable[tuple[str, str]]:
    """What the audit of a side's own run withholds of the measure that gates."""
    for when, side in (("before", before), ("after", after)):
        for task in side.items:
            for finding in side.invalid:
                if _is_on_primary(finding, task):
                    yield task, f"withheld in the run {when}: {reason_of(finding.message)} [{finding.check}]"


def _is_on_primary(finding: Finding, task: str) -> bool:
    if task in FACETS:
        return finding.is_on(task, FACETS[task].primaries[0].measure, "")
    return finding.task in ("", task) and finding.name in ("", ACCURACY)
