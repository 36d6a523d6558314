"""Two runs into one comparison: the base of the first is before, the base of the second is after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sycoscope.core import records
from sycoscope.core.errors import DataError
from sycoscope.core.files import digest_of
from sycoscope.core.types import Item, Score, Trial
from sycoscope.run.store import RunDirectory
from sycoscope.study.collect import judge_run

SHOWN = 5


def merge_runs(before: RunDirectory, after: RunDirectory, out: RunDirectory) -> None:
    """Write a run that holds both as subjects `base` (before) and the second's name.

    Raises:
        DataError: no task with a common item; differing ids are named.
    """
    first, second = before.manifest(), after.manifest()
    label = _label(second, first)
    items = {task: by_id for task, by_id in _by_task(before).items() if task in _by_task(after)}
    others = _by_task(after)
    only: dict[str, Any] = {}
    for task, by_id in items.items():
        only[task] = {
            "paired": len(by_id.keys() & others[task].keys()),
            "only_before": sorted(by_id.keys() - others[task].keys()),
            "only_after": sorted(others[task].keys() - by_id.keys()),
        }
    if not any(facts["paired"] for facts in only.values()):
        raise DataError(_nothing_in_common(before, after, only))
    base_first, base_second = _base(first), _base(second)
    trials = [*_trials(before, base_first, "base", items), *_trials(after, base_second, label, items)]
    scores = [*_scores(before, base_first, "base", items), *_scores(after, base_second, label, items)]
    merged = [(task, item) for task, by_id in items.items() for item in (by_id | others[task]).values()]
    merged.sort(key=lambda pair: (pair[0], pair[1].id))
    out.write_rows("items", records.item_rows(merged))
    out.write_rows("trials", records.trial_rows(trials))
    out.write_rows("scores", records.score_rows(scores))
    priors = [*_priors(before, base_first, "base"), *_priors(after, base_second, label)]
    out.write_rows("letter_priors", records.trial_rows(priors))
    out.write_rows("training", [])
    subjects = [
        _subject(first) | {"name": "base", "kind": "base"},
        _subject(second) | {"name": label, "kind": "other"},
    ]
    out.write_manifest(
        {
            "study": "compare",
            "description": f"{before.path.name} (before) against {after.path.name} (after)",
            "hash": digest_of([first["hash"], second["hash"]])[:12],
            "seed": first["seed"],
            "config": first["config"],
            "versions": first["versions"],
            "tasks": {task: first["tasks"][task] for task in items},
            "subjects": subjects,
            "training": {},
            "shards": {},
            "compared": {"before": first["hash"], "after": second["hash"], "items": only},
        }
    )
    judge_run(out)


def _by_task(run: RunDirectory) -> dict[str, dict[str, Item]]:
    found: dict[str, dict[str, Item]] = {}
    for task, item in run.items():
        found.setdefault(task, {})[item.id] = item
    return found


def _base(manifest: dict[str, Any]) -> str:
    return str(_subject(manifest)["name"])


def _subject(manifest: dict[str, Any]) -> dict[str, Any]:
    return dict(next(one for one in manifest["subjects"] if one["kind"] == "base"))


def _label(second: dict[str, Any], first: dict[str, Any]) -> str:
    name = str(_subject(second)["model"].get("name", "after"))
    same = name == str(_subject(first)["model"].get("name", ""))
    return "after" if same or name == "base" else name


def _trials(run: RunDirectory, subject: str, name: str, items: dict[str, Any]) -> list[Trial]:
    return [replace(t, subject=name) for t in run.trials() if t.subject == subject and t.task in items]


def _priors(run: RunDirectory, subject: str, name: str) -> list[Trial]:
    return [replace(t, subject=name) for t in run.beside("letter_priors") if t.subject == subject]


def _scores(run: RunDirectory, subject: str, name: str, items: dict[str, Any]) -> list[Score]:
    return [replace(s, subject=name) for s in run.scores() if s.subject == subject and s.task in items]


def _nothing_in_common(before: RunDirectory, after: RunDirectory, only: dict[str, Any]) -> str:
    if not only:
        return f"'{before.path}' and '{after.path}' share no task, so nothing can be paired; compare runs of one study"
    task, facts = next(iter(only.items()))
    return (
        f"'{before.path}' and '{after.path}' share no item, so nothing can be paired; in {task} only before: "
        f"{', '.join(facts['only_before'][:SHOWN])}; only after: {', '.join(facts['only_after'][:SHOWN])}; "
        "compare runs on the same items"
    )
