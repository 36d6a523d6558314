"""A run beside the published study: the trials by its reading rules, and its findings on the run's estimates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sycoscope.analysis import Roles, Verdict
from sycoscope.analysis.verdicts import primaries
from sycoscope.core.manifest import Manifest
from sycoscope.core.types import Estimate, Item, Score, Trial
from sycoscope.published.evidence import Told
from sycoscope.published.findings import Names, RunFinding, findings
from sycoscope.published.rules import VERSION
from sycoscope.published.side_by_side import read_by_both

STUDY = ("gsm8k", "mmlu", "truthfulqa", "hellaswag", "combined")


def published_scores(trials: Iterable[Trial], items: Mapping[str, Item]) -> list[Score]:
    """Each trial as the published study's rules read it: `turned` or `held`, under the name `published`."""
    return [
        Score(
            subject=one.subject,
            task=one.facet,
            item_id=one.item_id,
            condition=one.condition,
            draw=one.draw,
            name="published",
            status="scored",
            label="turned" if one.turned else "held",
            value=float(one.turned),
            scorer=VERSION,
        )
        for one in read_by_both(trials, items, readers=("published",))
    ]


def claims_on(
    manifest: Manifest, estimates: Sequence[Estimate], roles: Roles, verdicts: Sequence[Verdict]
) -> list[RunFinding]:
    """The published study's findings on this run; none where the run is another study.

    They are about five adapters: what others do says nothing about them.

    Args:
        estimates: After the audit, each with its state. verdicts: of the run.
    """
    return claims_of(manifest, estimates, roles, verdicts) if is_published_study(manifest, roles) else []


def claims_of(
    manifest: Manifest, estimates: Sequence[Estimate], roles: Roles, verdicts: Sequence[Verdict]
) -> list[RunFinding]:
    """The published study's findings on any run that tuned something."""
    recipes = _recipes(manifest, roles)
    adapters = {
        name: next((subject for subject, recipe in recipes.items() if recipe == name), name) for name in STUDY
    }
    benchmarks: dict[str, str] = {}
    for task, record in manifest.tasks.items():
        if record.benchmark:
            benchmarks.setdefault(record.benchmark, task)
    names = Names(
        adapters=adapters,
        benchmarks=benchmarks,
        base=roles.base,
        placebo=roles.placebo or "placebo",
        real=roles.real,
        primaries=primaries(),
    )
    return findings(estimates, names, {(one.subject, one.task): _told(one) for one in verdicts})


def is_published_study(manifest: Manifest, roles: Roles) -> bool:
    """Whether the run has the published study's five adapters, whatever model and questions it has."""
    return set(STUDY) <= set(_recipes(manifest, roles).values())


def _recipes(manifest: Manifest, roles: Roles) -> dict[str, str]:
    return {subject.name: subject.recipe for subject in manifest.subjects if subject.name in roles.real}


def _told(verdict: Verdict) -> Told:
    if not verdict.claims:
        return None, verdict.label
    return ("up" if verdict.word == "more" else "down"), verdict.label
