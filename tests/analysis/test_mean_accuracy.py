"""The mean of the benchmarks' accuracies: against the accuracies themselves, its limits against a plain bootstrap."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from tiny_scores import items, numbers, only

from sycoscope.analysis import Roles, analyse
from sycoscope.audit import Finding
from sycoscope.audit.states import carried, decide_states


def _scores():
    rng = np.random.default_rng(5)
    scores = []
    for subject, share in (("base", 0.4), ("tuned", 0.6)):
        scores += numbers(subject, "sums", "chat", "acc", [float(rng.random() < share) for _ in range(60)])
        # a number in [0, 1] and no right or wrong; one item of it was not read
        scores += numbers(subject, "truth", "chat", "mc2", [None, *(share * rng.random(39))])
    return scores


def _found(scores):
    return analyse(scores, items(60), Roles(adapters=("tuned",)), headline={"truth": "mc2"})


def test_it_is_the_mean_of_the_accuracies_as_level_and_as_change():
    found = _found(_scores())
    for subject, reference in (("base", ""), ("tuned", ""), ("tuned", "base")):
        parts = [
            e.value for e in found if (e.name, e.subject, e.reference) == ("accuracy", subject, reference)
        ]
        mean = only(found, "mean_accuracy", subject=subject, reference=reference)
        assert len(parts) == 2
        assert mean.value == pytest.approx(np.mean(parts))
        assert (mean.task, mean.n, mean.p_value) == ("summary", 99, None)
        assert mean.low < mean.value < mean.high
    # the half width of a mean of two independent means
    change = only(found, "mean_accuracy", subject="tuned", reference="base")
    halves = [
        (e.high - e.low) / 2
        for e in found
        if (e.name, e.subject, e.reference) == ("accuracy", "tuned", "base")
    ]
    assert (change.high - change.low) / 2 == pytest.approx(np.hypot(*halves) / 2, rel=0.15)


def test_one_benchmark_has_no_mean_and_a_missing_one_is_no_zero():
    alone = _found([score for score in _scores() if score.task == "sums"])
    assert not [e for e in alone if e.name == "mean_accuracy"]
    lacking = _found([s for s in _scores() if (s.task, s.subject) != ("truth", "tuned")])
    mean = only(lacking, "mean_accuracy", subject="tuned", reference="base")
    assert mean.value is None
    assert "truth" in mean.note


def test_it_is_withheld_with_a_benchmark_of_it():
    found = _found(_scores())
    invalid = Finding(
        check="coverage", severity="invalid", message="too few read", subject="tuned", task="sums"
    )
    evidence = SimpleNamespace(estimates=found, subjects=("base", "tuned"))
    decided = decide_states(found, [invalid, *carried(evidence, [invalid])])
    states = {(e.subject, e.reference): e.state for e in decided if e.name == "mean_accuracy"}
    assert states == {("base", ""): "valid", ("tuned", ""): "withheld", ("tuned", "base"): "withheld"}
