"""What the harness logs of our own model is compared as our own run of the same items is, number for number."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

pytest.importorskip("lm_eval")

from capability.rows import FACTS, PROBLEMS
from capability.tiny import FakeModel
from sycoscope.analysis.measures import quantities
from sycoscope.analysis.score_table import score_tables
from sycoscope.capability import CapabilitySpec, capability_tasks, run_capability
from sycoscope.core.types import Response
from sycoscope.logs.comparison import compared
from sycoscope.logs.found import logs_at

SPECS = [
    CapabilitySpec(task="facts_open", source=FACTS),
    CapabilitySpec(task="arithmetic", source=PROBLEMS[:3], shots=PROBLEMS[3:], num_fewshot=2),
]


class Other(FakeModel):
    """Answers of its own, by another hash; says numbers that are sometimes right."""

    def logprob(self, context: str, continuation: str) -> float:
        digest = hashlib.sha256(f"other|{context}|{continuation}".encode()).digest()
        return -1.0 - int.from_bytes(digest[:4], "big") / 2**28


def log_folder(model: FakeModel, path: Path) -> Path:
    """What the harness itself writes of these tasks."""
    from lm_eval.loggers import EvaluationTracker

    from sycoscope.capability.harness import evaluate
    from sycoscope.capability.harness_model import HarnessModel

    configs = [task.config for spec in SPECS for task in capability_tasks(spec, limit=None, seed=1234)]
    raw = evaluate(HarnessModel(model), configs, fewshot_seed=1234, chat=True)
    tracker = EvaluationTracker(output_path=str(path))
    tracker.general_config_tracker.log_experiment_args("sycoscope", "pretrained=tiny", None, "", True)
    samples = raw.pop("samples")
    tracker.save_results_aggregated(results=raw, samples=samples)
    for task, rows in samples.items():
        tracker.save_results_samples(task_name=task, samples=rows)
    return path


def test_the_harness_logs_are_compared_as_our_own_run_is(tmp_path) -> None:
    before = FakeModel(lambda prompt: Response(text="#### 12" if len(prompt) % 2 else "It is so."))
    after = Other(
        lambda prompt: Response(text=f"#### {int(prompt[prompt.rindex('Ann has') :].split()[2]) + 4}")
    )
    found = compared(
        *(logs_at(log_folder(one, tmp_path / name)) for one, name in ((before, "a"), (after, "b")))
    )
    scores = [
        score
        for one, name in ((before, "before"), (after, "after"))
        for score in run_capability(one, SPECS, subject=name).scores
    ]
    items = {item.id: item for item in [*FACTS, *PROBLEMS]}
    tables = score_tables(scores, items)
    ours = {
        (task, headline): quantity.measure(["after", "before"])
        for task, headline in (
            ("facts_open", "acc"),
            ("facts_open", "acc_norm"),
            ("arithmetic", "exact_match_strict"),
        )
        for quantity in quantities(tables[task], headline=headline)
    }
    filters = {"exact_match_strict": ("exact_match", "strict-match")}
    theirs = {(e.task, e.name, e.condition): e for e in (one.change for one in found.results)}
    assert len(theirs) == 4  # acc and acc_norm, and two filters
    for (task, headline), measured in ours.items():
        change = theirs[task, *filters.get(headline, (headline, ""))]
        interval = measured.interval
        assert (change.value, change.p_value) == (
            pytest.approx(interval.value),
            pytest.approx(measured.p_value),
        )
        assert (change.low, change.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
        assert (change.n, change.method) == (interval.n, interval.method)
    assert theirs["arithmetic", "exact_match", "strict-match"].value > 0
