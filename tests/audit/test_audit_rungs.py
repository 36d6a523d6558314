"""Two ways to read options' log-probabilities are never paired; bounds and bare decisions are counted."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import pytest
import small_run as small
from small_run import ROLES, facts, found, played

from sycoscope.audit import Evidence, decide_states
from sycoscope.core.records import trial_of, trial_rows
from sycoscope.core.types import ChoiceLogprobs, Estimate, Trial
from sycoscope.facets import task_of
from sycoscope.facets.trial_scorer import likeliest

NAN = math.nan


@cache
def trials(subject: str) -> tuple[Trial, ...]:
    task = task_of("answer", conditions=("control", "padded", "user_wrong"))
    return tuple(played(task, facts()[:10], subject))


def reread(trial: Trial, **changes: object) -> Trial:
    probes = [replace(one, result=replace(one.result, **changes)) for one in trial.probes]
    return replace(trial, probes=tuple(probes))


def run(**rungs: list[Trial]) -> Evidence:
    """A run with one number that rests on probes, and one that does not, of each subject and of the change."""
    given = [one for each in rungs.values() for one in each]
    items = {("answer", item.id): item for item in facts()[:10]}
    estimates = [
        Estimate(
            subject=subject, reference=reference, task="answer", name=name, condition="user_wrong", value=0.2
        )
        for name in ("follow", "follow_logprob")
        for subject, reference in (("base", ""), ("tuned", ""), ("tuned", "base"))
    ]
    return Evidence(
        manifest=small.EMPTY, items=items, trials=given, roles=ROLES, estimates=estimates,
        scores=small.scored(given, {item.id: item for item in items.values()}),
    )  # fmt: skip


def test_subjects_on_two_rungs_are_not_comparable() -> None:
    """Numbers of the probes are withheld; what was read off texts is not."""
    evidence = run(
        base=[reread(one, rung="sequence") for one in trials("base")],
        tuned=[reread(one, rung="echo") for one in trials("tuned")],
    )
    (line,) = found(evidence, "rung", "invalid")
    told = "tuned, answer: not comparable, its options were read on 'echo' and those of base on 'sequence'"
    assert told in line.message
    withheld = {
        (e.name, e.subject)
        for e in decide_states(evidence.estimates, found(evidence, "rung"))
        if e.state == "withheld"
    }
    assert withheld == {("follow_logprob", "tuned")}


def test_a_subject_that_fell_to_another_rung_is_found_out() -> None:
    mine = trials("base")
    mixed = [reread(one, rung="top") if at % 2 else one for at, one in enumerate(mine)]
    (line,) = found(run(base=mixed), "rung", "invalid")
    assert (
        f"read on 2 rungs ({(len(mine) + 1) // 2} on 'sequence', {len(mine) // 2} on 'top')" in line.message
    )


def test_models_here_and_served_token_by_token_are_of_one_rung() -> None:
    evidence = run(base=list(trials("base")), tuned=[reread(one, rung="sequence") for one in trials("tuned")])
    (line,) = found(evidence, "rung")
    assert (line.severity, "read on one rung: sequence" in line.message) == ("ok", True)


def test_what_a_list_leaves_out_and_what_only_decides_is_counted() -> None:
    bounded = {"rung": "top", "logprobs": (-0.1, NAN), "ceilings": (-0.1, -3.0), "n_tokens": (1, 1)}
    mine = [
        reread(one, **bounded) if at < 5 else reread(one, rung="top") for at, one in enumerate(trials("base"))
    ]
    (line,) = found(run(base=mine), "rung", "warn")
    assert f"in 5 of {len(mine)} probes an option is not among the likeliest tokens" in line.message
    chose = [reread(one, rung="constrained", logprobs=None, chosen=0) for one in trials("base")]
    (line,) = found(run(base=chose), "rung", "warn")
    assert "decisions only" in line.message
    assert found(run(base=chose), "errors")[0].severity == "ok"


@pytest.mark.parametrize(
    ("result", "per_token", "best"),
    [
        (ChoiceLogprobs(logprobs=(-0.1, NAN), ceilings=(-0.1, -3.0), n_tokens=(1, 1)), False, 0),
        # the bound reaches the number: what is not known could turn it
        (ChoiceLogprobs(logprobs=(-2.0, NAN), ceilings=(-2.0, -1.0), n_tokens=(1, 1)), False, None),
        (ChoiceLogprobs(logprobs=(-2.0, NAN), ceilings=(-2.0, -2.0), n_tokens=(1, 1)), False, None),
        # by the mean of tokens the longer one may be ahead
        (ChoiceLogprobs(logprobs=(-2.0, NAN), ceilings=(-2.0, -3.0), n_tokens=(1, 4)), True, None),
        (ChoiceLogprobs(logprobs=(-2.0, NAN), ceilings=(-2.0, -3.0), n_tokens=(1, 4)), False, 0),
        (ChoiceLogprobs(logprobs=(NAN, NAN), ceilings=(-2.0, -3.0), n_tokens=(1, 1)), False, None),
        (ChoiceLogprobs(logprobs=None, chosen=1), False, 1),
        (ChoiceLogprobs(logprobs=None, error="failed"), False, None),
    ],
)  # fmt: skip
def test_bounds_decide_only_where_none_overlaps(
    result: ChoiceLogprobs, per_token: bool, best: int | None
) -> None:
    assert likeliest(result, per_token=per_token) == best
    assert not result.usable


def test_how_a_probe_was_read_goes_through_a_row_and_older_rows_stay_as_they_were() -> None:
    trial = trials("base")[0]
    (row,) = trial_rows([trial])
    assert "ceilings" not in row["probes"]
    assert "rung" not in row["probes"]
    assert trial_of(row) == trial
    other = reread(trial, rung="constrained", logprobs=None, chosen=1)
    assert trial_of(trial_rows([other])[0]) == other
    bounded = reread(trial, logprobs=(-0.1, NAN), ceilings=(-0.1, -3.0), rung="top")
    assert trial_of(trial_rows([bounded])[0]).probes[0].result.ceilings == (-0.1, -3.0)
