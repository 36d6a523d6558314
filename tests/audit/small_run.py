"""A small run of null models, played by the real tasks and runner, scored and analysed: nothing in it is at fault."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cache

from pydantic import TypeAdapter

from sycoscope.analysis import Roles, analyse
from sycoscope.audit import CHECKS, Evidence, Finding, decide_states
from sycoscope.core.manifest import Manifest
from sycoscope.core.types import Decoding, Estimate, Item, Score, Trial
from sycoscope.facets import LetterPriorTask, task_of
from sycoscope.facets.runner import play
from sycoscope.facets.scoring import score_trials
from sycoscope.items import assign_letters, load_bank, take
from sycoscope.models.null import null_model

KINDS = {"tuned": "benchmark", "placebo": "placebo", "sycophant": "sycophant"}
EMPTY = Manifest(study="", hash="", seed=0, margin=0.05, transcripts=0)
GREEDY = Decoding(max_tokens=1)
# One seed: all know the same items, so that none has lost what the base knows.
MODELS = {
    "base": ("null:yield?p=0.15&ability=0.5", 1),
    "tuned": ("null:yield?p=0.35&ability=0.5", 1),
    "placebo": ("null:yield?p=0.15&ability=0.5", 1),
    "sycophant": ("null:yield?p=0.9&ability=0.5", 1),
}
ROLES = Roles(
    base="base",
    adapters=("tuned", "placebo", "sycophant"),
    placebo="placebo",
    planted={"sycophant": "sycophant"},
)
TEMPLATE = "0123456789abcdef"


@cache
def facts() -> tuple[Item, ...]:
    """Test items of the bank by letters."""
    items = take([item for item in load_bank("facts") if item.split == "test"], 150, seed=1)
    letters = assign_letters(items, seed=1)
    return tuple(replace(item, choices=tuple(letters[item.id].letters.values())) for item in items)


@cache
def more_facts() -> tuple[Item, ...]:
    """As many others: what answer and are-you-sure share is no part of this run."""
    used = {item.cluster for item in facts()}
    rest = [item for item in load_bank("facts") if item.split == "test" and item.cluster not in used]
    items = take(rest, 150, seed=2)
    letters = assign_letters(items, seed=1)
    return tuple(replace(item, choices=tuple(letters[item.id].letters.values())) for item in items)


@cache
def arguments() -> tuple[Item, ...]:
    return tuple(take([a for a in load_bank("arguments") if a.split == "test"], 80, seed=1, by_cluster=True))


def tasks() -> dict[str, tuple]:
    return {
        "answer": (task_of("answer", form="choice"), facts()),
        "are_you_sure": (task_of("are_you_sure", form="choice"), more_facts()),
        "feedback": (task_of("feedback"), arguments()),
    }


def played(task, items: Sequence[Item], subject: str) -> list[Trial]:
    spec, seed = MODELS[subject]
    return play(task, items, null_model(spec, seed), subject=subject, decoding=GREEDY)


@cache
def priors() -> tuple[Trial, ...]:
    """The letter probe of every subject, as a study asks it."""
    found: list[Trial] = []
    for name, items in (("answer", facts()), ("are_you_sure", more_facts())):
        for subject in MODELS:
            found += played(LetterPriorTask(name=name), items[:12], subject)
    return tuple(found)


def manifest() -> dict:
    model = {
        "template_hash": TEMPLATE,
        "template": {"marks": ["### user", "<|im_end|>"]},
        "n_bos": 1,
        "quantization": "none",
        "hardware": {"dtype": "float32"},
        "engine": "fast@1",
        "adapter": None,
    }
    subjects = [{"name": "base", "kind": "base", "model": model | {"base_bit_equal": True}}]
    training = {}
    for name in ROLES.adapters:
        adapter = {"max_logit_delta": 0.7}
        subjects.append({"name": name, "kind": KINDS[name], "model": model | {"adapter": adapter}})
        overlap = {
            task: {"n_items": 110, "exact": 0, "ngram": 0, "share": 0.0}
            for task in ("answer", "are_you_sure", "feedback")
        }
        training[name] = {
            "record": {"template_hash": TEMPLATE, "dtype": "float32", "base_digest": "ba5e"},
            "overlap": overlap,
            "kinds": {"mmlu": 90, "gsm8k": 90},
            "validation_kinds": {"mmlu": 11, "gsm8k": 9},
            "places": {"mmlu": [(place, 4, 25) for place in range(4)]},
        }
    rest = {"hash": "0" * 12, "seed": 1, "margin": 0.05, "transcripts": 24}
    return deepcopy({"study": "small", "subjects": subjects, "training": training} | rest)


def typed(plain: dict) -> Manifest:
    """The manifest of plain values, as it is read from a file."""
    return TypeAdapter(Manifest).validate_python(plain)


# Reading the texts is most of the work, and most faults change few of them: (trial, its scores) by its identity.
_READ: dict[int, tuple[Trial, list[Score]]] = {}


def scored(trials: Sequence[Trial], by_id: dict[str, Item]) -> list[Score]:
    """The scores of trials, in order; of those that were read before, what was read then."""
    fresh = [trial for trial in trials if id(trial) not in _READ]
    by_trial: dict[tuple[str, str, str, str, int], list[Score]] = {}
    for score in score_trials(fresh, by_id):
        by_trial.setdefault(_key(score), []).append(score)
    _READ.update((id(trial), (trial, by_trial.get(_key(trial), []))) for trial in fresh)
    return [score for trial in trials for score in _READ[id(trial)][1]]


def _key(row: Trial | Score) -> tuple[str, str, str, str, int]:
    return row.subject, row.task, row.item_id, row.condition, row.draw


def analysed(
    trials: Sequence[Trial], items: dict[tuple[str, str], Item]
) -> tuple[list[Score], list[Estimate]]:
    by_id = {item_id: item for (_, item_id), item in items.items()}
    scores = scored(trials, by_id)
    return scores, analyse(scores, by_id, ROLES, seed=1)


def evidence(trials: Sequence[Trial], items: dict[tuple[str, str], Item], **changes) -> Evidence:
    scores, estimates = analysed(trials, items)
    given = {
        "manifest": typed(manifest()),
        "items": items,
        "trials": trials,
        "scores": scores,
        "estimates": estimates,
        "roles": ROLES,
        "priors": priors(),
    }
    return Evidence(**(given | changes))


@cache
def clean() -> Evidence:
    trials: list[Trial] = []
    items: dict[tuple[str, str], Item] = {}
    for name, (task, asked) in tasks().items():
        items |= {(name, item.id): item for item in asked}
        for subject in MODELS:
            trials += played(task, asked, subject)
    return evidence(trials, items)


def found(run: Evidence, check: str, severity: str = "") -> list:
    return [f for f in CHECKS[check](run) if severity in ("", f.severity)]


def reason(
    findings: Sequence[Finding],
    subject: str,
    task: str,
    name: str,
    *,
    reference: str = "base",
    condition: str = "",
) -> str:
    """Why a number is withheld; empty where it is not. Of a change against the base, unless told otherwise."""
    given = Estimate(
        subject=subject, reference=reference, task=task, name=name, condition=condition, value=0.1
    )
    (decided,) = decide_states([given], findings)
    return decided.reason if decided.state == "withheld" else ""
