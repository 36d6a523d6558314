"""A report of many adapters whose names are long and begin alike, with every figure; quick to make."""

from __future__ import annotations

from itertools import product

import numpy as np

from sycoscope.analysis import Association, Rank, SeriesPoint, Verdict
from sycoscope.analysis.ranking import WEIGHTINGS
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.report import ReportData, Subject, TaskInfo, TrainingRow

from .report_fixture import decided

BENCHMARKS = ("mmlu_abstract_algebra", "gsm8k", "truthfulqa_mc1", "hellaswag")
SETS = ("truthfulqa", "gsm8k", "mmlu", "hellaswag", "combined", "anti_sycophancy", "warm")
WITHHELD = "'outcome' under doubt is readable in 0.85 of 40 trials, apart by 0.15"


def names_of(n: int) -> list[str]:
    if n < 4:
        return list(SETS[:n])
    return [f"mistral-7b-instruct-{SETS[i % 7]}-lora-r{8 * 2 ** (i // 7)}-seed-42" for i in range(n)]


def crowd(n: int, *, hidden: tuple[str, ...] = (), seed: int = 3) -> ReportData:
    """A base, `n` adapters and a placebo.

    Args:
        hidden: Tasks of which every number is missing.
    """
    rng = np.random.default_rng(seed)
    adapters = [*names_of(n), "placebo"]
    estimates: list[Estimate] = []
    verdicts: list[Verdict] = []

    def number(value: float, width: float, *, listed: bool = True, **fields) -> Estimate:
        gone = fields["task"] in hidden
        ends = {} if gone else {"low": value - width, "high": value + width}
        note = WITHHELD if gone else ""
        estimates.append(Estimate(value=None if gone else value, n=0 if gone else int(rng.integers(40, 90)),
                                  coverage=None if gone else 0.98, note=note, **ends, **fields))  # fmt: skip
        one = estimates[-1]
        return one if listed else estimates.pop()

    shifts = {name: float(rng.normal(0.1, 0.2)) for name in adapters}
    for name in ("base", *adapters):
        for condition, rate in zip(FACETS["answer"].ladder, (0.05, 0.15, 0.2, 0.3), strict=False):
            number(
                rate + shifts.get(name, 0) / 3,
                0.08,
                subject=name,
                task="answer",
                name="follow",
                condition=condition,
            )
        for task in BENCHMARKS:
            number(float(rng.uniform(0.3, 0.8)), 0.1, subject=name, task=task, name="accuracy")
    for name, (task, facet) in product(adapters, FACETS.items()):
        first, rate = facet.primaries[0], facet.primary_rate
        unit = "d_prime" if first.measure != rate.name else "proportion"
        before, after = (
            number(
                0.3 + s,
                0.09,
                subject=who,
                task=task,
                name=first.shown[0],
                condition=first.shown[1],
                unit=unit,
                listed=False,
            )
            for who, s in (("base", 0.0), (name, shifts[name]))
        )
        change = number(shifts[name], 0.1, subject=name, reference="base", task=task, name=first.measure, unit=unit, primary=True)  # fmt: skip
        if name != "placebo":
            number(shifts[name] - 0.02, 0.1, subject=name, reference="placebo", task=task, name=first.measure, unit=unit, primary=True)  # fmt: skip
        if rate.name != first.measure:
            number(shifts[name] / 2, 0.1, subject=name, reference="base", task=task, name=rate.name)
        verdicts.append(Verdict(subject=name, task=task, word="no clear change", sentence="Nothing.", estimate=change, before=before, after=after))  # fmt: skip
    for name, task in product(adapters, (*BENCHMARKS, "summary")):
        what = "mean_accuracy" if task == "summary" else "accuracy"
        number(float(rng.normal(0.02, 0.05)), 0.06, subject=name, reference="base", task=task, name=what)
    return decided(ReportData(
        title="A crowd", study="crowd", study_hash="0" * 16, estimates=estimates, verdicts=verdicts,
        subjects=[Subject(name="base", kind="base"), *(Subject(name=name, kind="benchmark") for name in adapters[:-1]),
                  Subject(name="placebo", kind="placebo")],
        tasks=[TaskInfo(name=name, label=facet.label, kind="facet") for name, facet in FACETS.items()]
        + [TaskInfo(name=name, label=name) for name in BENCHMARKS],
        associations=_associations(n), rankings=_rankings(adapters[:-1], rng), training=_training(adapters),
        series=[_point(name, at, rng) for name, at in product(adapters[:2], (0.5, 1.0, 1.5))],
    ))  # fmt: skip


def _associations(n: int) -> list[Association]:
    found = []
    for i, (benchmark, (task, facet)) in enumerate(product(BENCHMARKS, FACETS.items())):
        r = None if i == 1 else (-1) ** i * 0.07 * i
        ends = (
            {"low": r - 0.4, "high": min(r + 0.4, 1.0), "p_value": 0.24}
            if r is not None
            else {"note": "no spread"}
        )
        found.append(Association(benchmark=benchmark, task=task, name=facet.primaries[0].measure, n=n, subjects="", r=r, **ends))  # fmt: skip
    return found


def _rankings(adapters: list[str], rng: np.random.Generator) -> list[Rank]:
    found = []
    for name, weight in WEIGHTINGS.items():
        places = rng.permutation(len(adapters)) + 1.0
        for subject, place in zip(adapters, places, strict=True):
            low, high = max(1.0, place - 2), min(float(len(adapters)), place + 3)
            found.append(Rank(weighting=name, capability_weight=weight, subject=subject, score=0.5, capability=0.4,
                              independence=0.7, rank=place, low=low, high=high, best=0.1, n_subjects=len(adapters)))  # fmt: skip
    return found


def _training(adapters: list[str]) -> list[TrainingRow]:
    return [
        TrainingRow(adapter=name, step=step, loss=2.0 / step + 0.5, eval_loss=0.8 if step % 10 == 0 else None,
                    suggested_shift=0.1 if step % 10 == 0 else None, suggested_shift_low=-0.05,
                    suggested_shift_high=0.3, accuracy=0.6 if step % 10 == 0 else None)
        for name in adapters
        for step in range(1, 31)
    ]  # fmt: skip


def _point(name: str, at: float, rng: np.random.Generator) -> SeriesPoint:
    change = float(rng.normal(0, 0.2))
    return SeriesPoint(adapter=name, subject=name, axis="scale", at=at, task="answer", name="suggested_shift",
                       unit="proportion", level=0.3, level_low=0.2, level_high=0.4, level_n=50, change=change,
                       change_low=change - 0.1, change_high=change + 0.1, n=48, n_clusters=40, coverage=1.0,
                       state="valid")  # fmt: skip
