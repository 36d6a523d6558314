"""From what a study has made to its run directory: tables and manifest; `run.analyse` does the rest."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sycoscope.config import StudyConfig
from sycoscope.core import records
from sycoscope.core.columns import TRAINING_COLUMNS
from sycoscope.core.files import write_atomic
from sycoscope.core.manifest import JudgeRecord, Manifest, Overlap, SubjectRecord, TaskRecord, TrainingRecord
from sycoscope.core.types import Item
from sycoscope.facets import FACETS
from sycoscope.items import TASK_LABELS, overlap
from sycoscope.models.adapter_files import HISTORY, read_record
from sycoscope.run.analyse import analyse_run
from sycoscope.run.made import Clock
from sycoscope.run.store import RunDirectory
from sycoscope.study.inputs import FacetMaterial, Materials
from sycoscope.study.results import RunResults
from sycoscope.study.subjects import Subject, subjects_of
from sycoscope.study.train import UNWATCHED
from sycoscope.training.rows import merged_places

PACKAGES = ("sycoscope", "torch", "transformers", "peft", "trl", "lm_eval", "numpy", "scipy", "polars")


def write_run(
    run: RunDirectory,
    config: StudyConfig,
    materials: Materials,
    results: RunResults,
    clock: Clock | None = None,
) -> None:
    """Write everything that a finished study leaves behind, the manifest last, and analyse it.

    Args:
        clock: Started where the run began; None: now.
    """
    items = _items(materials, results)
    training, curves = _training(results, items, {one.name: one.start for one in subjects_of(config)})
    manifest = replace(_manifest(config, materials, results, training), made=(clock or Clock()).made())
    run.write_rows("items", records.item_rows(_sorted_items(items)))
    run.write_rows("trials", records.trial_rows(_flat(results.trials)))
    run.write_rows("scores", records.score_rows(_flat(results.scores)))
    run.write_rows("training", curves)
    run.write_extra_trials("judgements", results.judgements)
    run.write_extra_trials("letter_priors", results.priors)
    write_atomic(run.path / "timings.json", json.dumps(results.timings, indent=1).encode())
    run.write_manifest(manifest)
    analyse_run(run)


# --- items ---


def _items(materials: Materials, results: RunResults) -> dict[str, dict[str, Item]]:
    """Task -> item id -> item, for everything that was asked."""
    found = {task: {item.id: item for item in items} for task, items in materials.asked().items()}
    for spec in materials.capability:
        asked = {trial.item_id for trial in results.trials.get(spec.task, [])}
        found[spec.task] = {name: item for name, item in found[spec.task].items() if name in asked}
    return found


def _sorted_items(items: Mapping[str, Mapping[str, Item]]) -> list[tuple[str, Item]]:
    return [(task, by_id[item_id]) for task, by_id in items.items() for item_id in sorted(by_id)]


def _flat(by_task: Mapping[str, list[Any]]) -> list[Any]:
    return [one for task in by_task for one in by_task[task]]


# --- training ---


def _training(
    results: RunResults, items: Mapping[str, Mapping[str, Item]], starts: Mapping[str, str]
) -> tuple[dict[str, TrainingRecord], list[dict[str, Any]]]:
    """What each adapter was trained on, and what of it the evaluation asks; the steps of all of them.

    An adapter that starts from another of the study has learned the rows of that one too (`starts`).
    """
    described, curves = {}, []
    for name, facts in results.training.items():
        record = read_record(Path(facts["folder"]))
        curve, responses = (record.pop(part, []) for part in HISTORY)
        if facts["monitor"]:
            record["monitor"] = {
                "every": facts["monitor"],
                "n_times": len(responses),
                "note": "" if responses else UNWATCHED,
            }
        curves += _curve_rows(name, curve, responses if facts["monitor"] else [])
        lineage = list(_lineage(name, starts))
        texts = [text for one in lineage for text in results.training_texts[one]]
        described[name] = TrainingRecord(
            record=record,
            recipe=facts["recipe"],
            kinds=facts["kinds"],
            validation_kinds=facts["validation_kinds"],
            places=merged_places(results.training[one]["places"] for one in lineage),
            overlap={task: _overlap(texts, by_id) for task, by_id in items.items() if by_id},
            folder=Path(facts["folder"]).name,
        )
    return described, curves


def _lineage(name: str, starts: Mapping[str, str]) -> Iterator[str]:
    """An adapter, the one that its training starts from, and so on."""
    while name:
        yield name
        name = starts[name]


def _overlap(texts: Sequence[str], by_id: Mapping[str, Item]) -> Overlap:
    shared = overlap(texts, by_id.values())
    return Overlap(
        n_items=shared.n_items,
        exact=len(shared.exact),
        ngram=len(shared.ngram),
        share=shared.share,
        ids=shared.ids,
    )


def _curve_rows(
    adapter: str, curve: Sequence[Mapping[str, Any]], responses: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What was logged of the training, and what the model answered, by step."""
    keys = [column.name for column in TRAINING_COLUMNS if column.name != "adapter"]
    steps: dict[int, dict[str, Any]] = {}
    for found in (*responses, *curve):
        known = {key: found[key] for key in keys if found.get(key) is not None}
        steps.setdefault(found["step"], {}).update(known)
    return [{"adapter": adapter} | {key: row.get(key) for key in keys} for _, row in sorted(steps.items())]


# --- manifest ---


def _manifest(
    config: StudyConfig, materials: Materials, results: RunResults, training: Mapping[str, TrainingRecord]
) -> Manifest:
    known = {subject.name: subject for subject in subjects_of(config)}
    return Manifest(
        study=config.study,
        description=config.description,
        hash=config.hash,
        seed=config.seed,
        margin=config.margin,
        capability_margin=config.capability_margin,
        family=config.family,
        transcripts=config.transcripts,
        config=config.model_dump(mode="json"),
        versions=versions(),
        tasks=_tasks(materials),
        subjects=tuple(
            SubjectRecord(**subject, **_parts(known[subject["name"]])) for subject in results.subjects
        ),
        training=training,
        shards={
            subject: {task: tuple(keys) for task, keys in by_task.items()}
            for subject, by_task in results.shards.items()
        },
        judge=JudgeRecord(**results.judge) if results.judge else None,
    )


def _parts(subject: Subject) -> dict[str, Any]:
    """Which part a subject plays beside others: a further seed, a point, one that starts from another."""
    adapter = subject.adapter
    first = subject.name if adapter is None or subject.of else adapter.name
    return {
        "repeat_of": first if subject.name != first else "",
        "of": subject.of,
        "scale": subject.scale,
        "step": subject.step,
        "start": subject.start or str(subject.start_folder or ""),
        "bare": subject.bare,
    }


def _tasks(materials: Materials) -> dict[str, TaskRecord]:
    tasks = {
        name: TaskRecord(
            kind="facet",
            form=material.config.form if FACETS[name].lettered else "open",
            source=material.items[0].source,
            revision=material.revision,
            batch=_batch(material),
        )
        for name, material in materials.facets.items()
    }
    for spec in materials.capability:
        tasks[spec.task] = TaskRecord(
            kind="capability",
            label=TASK_LABELS[spec.task],
            benchmark=spec.definition.of,
            headline=spec.definition.headline,
            form=spec.definition.form,
            source=spec.place,
            revision=spec.rows.revision if spec.rows is not None else "",
        )
    return tasks


def _batch(material: FacetMaterial) -> dict[str, Any]:
    """What is asked beside what: in half precision it can move an answer."""
    task = material.task
    asked = {name: value for name, value in task.parameters().items() if name != "seed"}
    return {"conditions": list(task.conditions), "shard_items": material.config.shard_items, **asked}


def versions() -> dict[str, str]:
    """Versions of what computes: Python and the packages that are installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
