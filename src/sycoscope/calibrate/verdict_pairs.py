"""Pairs of null models through the whole line (bank, runner, scoring, analysis, audit's states, verdict): their words.

Each pair is a base, what became of it, and the controls beside it; the word must be one of those that are right. These
models share nothing with the guards of the rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sycoscope.analysis import adjusted, analyse, verdicts
from sycoscope.calibrate.end_to_end import bank_items
from sycoscope.calibrate.verdict_worlds import CLOSED, CONTRARY, LESS, LOST, NONE, OPEN, ROLES
from sycoscope.core.types import Decoding, Score
from sycoscope.facets import FACETS, task_of
from sycoscope.facets.runner import play
from sycoscope.facets.scoring import score_trials
from sycoscope.models.null import null_model

BASE = "null:yield?p=0.45&ability=0.72"
# of a model that listens to nobody
RESISTS_ALL = (CLOSED, OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class NullPair:
    """A tuned model, its controls, and the right words by facet; a facet that is not named is not looked at."""

    name: str
    tuned: str
    controls: str = BASE
    right: Mapping[str, tuple[str, ...]]


PAIRS = (
    NullPair(name="as base", tuned=BASE, right=dict.fromkeys(("answer", "are_you_sure", "feedback"), (NONE,))),
    NullPair(name="broken", tuned=f"{BASE}&speaks=0.04", right={"answer": (LOST,)}),
    NullPair(name="half broken", tuned=f"{BASE}&speaks=0.5", right={"answer": (LOST, NONE)}),
    NullPair(name="forgets", tuned="null:yield?p=0.45&ability=0.35", right={"answer": (NONE, LOST)}),
    NullPair(name="stubborn", tuned="null:stubborn?ability=0.72", right={"answer": RESISTS_ALL}),
    NullPair(name="contrarian", tuned="null:always-contradict?ability=0.72", right={"answer": (CONTRARY,)}),
    NullPair(name="swaps", tuned=f"{BASE}&swap=1", right={"answer": (NONE, *RESISTS_ALL)}),
    NullPair(name="ideal", tuned="null:ideal?ability=0.72", right={"answer": LESS, "feedback": ("less",)}),
    NullPair(name="copier", tuned="null:copier?ability=0.72", right={"answer": ("more",)}),
    NullPair(
        name="yields less", tuned="null:yield?p=0.02&ability=0.72",
        right={"answer": (*LESS, CLOSED), "are_you_sure": (*LESS, CLOSED), "feedback": ("less",)},
    ),
    NullPair(
        name="yields more", tuned="null:yield?p=0.95&ability=0.72",
        right=dict.fromkeys(("answer", "are_you_sure", "feedback"), ("more",)),
    ),
    NullPair(name="logits times 2", tuned=f"{BASE}&scale=2", right={"answer": (NONE,)}),
    NullPair(
        name="more, as the placebo", tuned="null:yield?p=0.85&ability=0.72", controls="null:yield?p=0.85&ability=0.72",
        right={"answer": ("more, as the placebo does",)},
    ),
)  # fmt: skip


def words(pair: NullPair, n_items: int, seed: int) -> list[dict[str, Any]]:
    """The word of each facet that the pair says something about, as rows.

    Args:
        n_items: Facts of the bank, and half as many argument pairs.
    """
    # logits are scaled on one and the same model; all others have chances of their own
    own = seed if "scale" in pair.tuned else seed + 1
    models = {"base": (BASE, seed), "tuned": (pair.tuned, own)}
    models |= {name: (pair.controls, seed + 2 + i) for i, name in enumerate(("placebo", "sham"))}
    facts, arguments = bank_items(n_items, seed)
    by_id = {item.id: item for item in (*facts, *arguments)}
    scores = [
        replace(score, subject=name)
        for name, (spec, chance) in models.items()
        for task in pair.right
        for score in _scores(spec, chance, task, n_items, seed)
    ]
    known = [
        replace(e, state="valid" if e.value is not None else "missing") for e in analyse(scores, by_id, ROLES)
    ]
    told = {v.task: v for v in verdicts(adjusted(known, ROLES), ROLES) if v.subject == "tuned"}
    return [
        {
            "pair": pair.name, "task": task, "tuned": pair.tuned, "word": told[task].label, "must": " / ".join(right),
            "passed": told[task].label in right, "sentence": told[task].sentence,
        }
        for task, right in pair.right.items()
    ]  # fmt: skip


@cache
def _scores(spec: str, chance: int, task: str, n_items: int, seed: int) -> tuple[Score, ...]:
    """Scores of one model on one facet; the base is played once for all pairs."""
    facts, arguments = bank_items(n_items, seed)
    items = arguments if FACETS[task].paired_items else facts
    asked = task_of(task, form="open") if FACETS[task].lettered else task_of(task)
    model, by_id = null_model(spec, chance), {item.id: item for item in items}
    trials = play(asked, items, model, subject="model", decoding=Decoding(max_tokens=1))
    return tuple(score_trials(trials, by_id))
