"""The published findings on the estimates of a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sycoscope.analysis.verdicts import primaries
from sycoscope.core.types import Estimate
from sycoscope.published.findings import FACETS, SAME_NAMES, Names, RunFinding, findings
from sycoscope.published.power import adapters_needed

ADAPTERS = ("gsm8k", "mmlu", "truthfulqa", "hellaswag", "combined")
PRIMARY = {
    "answer": ("follow", "user_wrong"),
    "are_you_sure": ("retention_loss", ""),
    "feedback": ("stance_criterion", ""),
}


def _change(subject: str, task: str, value: float | None, half: float = 0.05, **more: object) -> Estimate:
    name, condition = PRIMARY.get(task, ("accuracy", ""))
    fields: dict[str, object] = {
        "subject": subject, "task": task, "name": name, "condition": condition, "reference": "base",
        "value": value, "low": None if value is None else value - half,
        "high": None if value is None else value + half, "n": 80, "primary": task in PRIMARY,
    }  # fmt: skip
    return Estimate(**{**fields, **more})  # type: ignore[arg-type]


def _by(estimates: list[Estimate], names: Names = SAME_NAMES) -> dict[str, RunFinding]:
    return {one.finding: one for one in findings(estimates, names)}


TRUTHFULQA = "Tuning on TruthfulQA raises sycophancy on every facet"
GSM8K = "Tuning on GSM8K lowers sycophancy on every facet"
LESS = "Every adapter takes over a suggested wrong answer less often"
SURE = "Tuning on all four sets together lowers retention under doubt (are you sure)"
FEEDBACK = "Tuning on all four sets together makes feedback follow the user's stance"


# What a run's names hold of its facets.
OWN = replace(SAME_NAMES, primaries=primaries())


def test_without_estimates_nothing_can_be_said() -> None:
    found = findings([])
    assert len(found) == 14
    assert {one.verdict for one in found} == {"inconclusive"}
    assert all(one.reason for one in found)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((0.2, 0.2, 0.2), "replicated"),
        ((0.2, 0.2, 0.01), "inconclusive"),
        ((0.2, 0.2, -0.2), "opposite"),
        ((0.2, 0.2, None), "inconclusive"),
    ],
)
def test_every_facet_must_go_up(values: tuple[float | None, ...], verdict: str) -> None:
    estimates = [_change("truthfulqa", task, v) for task, v in zip(PRIMARY, values, strict=True)]
    one = _by(estimates)[TRUTHFULQA]
    assert one.verdict == verdict
    for task in PRIMARY:
        assert task in one.reason


def test_the_reason_names_estimate_interval_and_n() -> None:
    one = _by([_change("combined", "feedback", 0.3, note="")])[FEEDBACK]
    assert one.verdict == "replicated"
    assert one.reason == "combined, feedback stance_criterion against base: +0.300 (+0.250 to +0.350), n 80"


def test_the_numbers_stand_beside_the_verdict() -> None:
    base = _change("combined", "feedback", 0.3, coverage=0.9, p_value=0.001, p_adjusted=0.02)
    weak = _change("combined", "feedback", 0.02, reference="placebo", coverage=0.8)
    one = _by([base, weak])[FEEDBACK]
    assert one.because == "not beyond what any tuning does"
    first, second = one.evidence
    assert (first.subject, first.measure, first.reference) == (
        "combined",
        "feedback stance_criterion",
        "base",
    )
    assert (first.value, first.low, first.high, first.n) == (0.3, 0.25, 0.35, 80)
    assert (first.coverage, first.p, first.way, first.why) == (0.9, 0.02, "up", "")
    assert (second.reference, second.way, second.why) == ("placebo", None, "includes 0")
    facets = _by([_change("truthfulqa", task, v) for task, v in zip(PRIMARY, (0.2, -0.2, 0.0), strict=True)])
    assert facets[TRUTHFULQA].because == "1 of 3 count in its direction, 1 against it"
    withheld = _by([replace(base, state="withheld", checks="coverage")])[FEEDBACK]
    assert (withheld.evidence[0].value, withheld.because) == (None, "withheld, coverage")


def test_each_finding_stands_beside_what_was_published() -> None:
    found = findings([])
    assert len({one.claim for one in found}) == len(found)
    told = {one.claim: one for one in found}
    assert "0.193" in told["combined-are-you-sure"].published
    assert told["truthfulqa-increase"].own_data == "not in the data"


def test_a_mean_gain_must_stand_against_the_placebo_too() -> None:
    gains = [_change("combined", task, 0.1, 0.06) for task in ADAPTERS[:4]]
    weak = [_change("combined", task, 0.01, 0.06, reference="placebo") for task in ADAPTERS[:4]]
    finding = "Tuning on all four sets together raises capability on average"
    assert _by(gains)[finding].verdict == "replicated"
    one = _by([*gains, *weak])[finding]
    assert (one.verdict, one.because) == ("inconclusive", "not beyond what any tuning does")
    # 4 x 80 pairs; sqrt(4 * 0.06^2) / 4 = 0.03
    assert (one.evidence[1].n, one.evidence[1].low) == (320, pytest.approx(0.01 - 0.03))


def test_a_fall_on_gsm8k_replicates_and_a_rise_is_opposite() -> None:
    for value, verdict in ((-0.2, "replicated"), (0.2, "opposite")):
        assert _by([_change("gsm8k", task, value) for task in PRIMARY])[GSM8K].verdict == verdict


def test_what_any_tuning_does_is_no_finding() -> None:
    base = _change("combined", "feedback", 0.3)
    weak = _change("combined", "feedback", 0.02, reference="placebo")
    strong = _change("combined", "feedback", 0.25, reference="placebo")
    one = _by([base, weak])[FEEDBACK]
    assert one.verdict == "inconclusive"
    assert "any tuning" in one.reason
    assert _by([base, strong])[FEEDBACK].verdict == "replicated"


def test_adjusted_p_and_the_audit_can_take_a_change_away() -> None:
    adjusted = _change("combined", "feedback", 0.3, p_adjusted=0.2, adjustment="holm")
    assert _by([adjusted])[FEEDBACK].verdict == "inconclusive"
    assert "adjusted p 0.200" in _by([adjusted])[FEEDBACK].reason
    held = _change(
        "combined", "feedback", 0.3, state="withheld", reason="0.40 readable [coverage]", checks="coverage"
    )
    one = _by([held])[FEEDBACK]
    assert one.verdict == "inconclusive"
    assert "withheld, coverage" in one.reason
    rests = _by([_change("combined", "feedback", 0.3, state="withheld", checks="summary")])[FEEDBACK]
    assert rests.because == "withheld, it rests on withheld numbers"


def test_a_missing_value_is_told_with_its_note() -> None:
    one = _by([_change("combined", "feedback", None, note="all verdicts were the same")])[FEEDBACK]
    assert one.verdict == "inconclusive"
    assert "all verdicts were the same" in one.reason


def test_every_adapter_means_the_real_ones() -> None:
    falls = [_change(name, "answer", -0.2) for name in ADAPTERS]
    planted = _change("sycophant", "answer", 0.5)
    assert _by([*falls, planted])[LESS].verdict == "replicated"
    names = Names(
        adapters=SAME_NAMES.adapters, benchmarks=SAME_NAMES.benchmarks, real=(*ADAPTERS, "sycophant")
    )
    assert _by([*falls, planted], names)[LESS].verdict == "opposite"


def test_names_of_the_run_are_mapped() -> None:
    names = Names(adapters={"truthfulqa": "misconceptions"}, benchmarks={"truthfulqa": "facts_open"})
    estimates = [_change("misconceptions", "facts_open", 0.4)]
    assert _by(estimates, names)["Tuning on TruthfulQA raises TruthfulQA accuracy"].verdict == "replicated"
    assert _by(estimates)["Tuning on TruthfulQA raises TruthfulQA accuracy"].verdict == "inconclusive"


def test_mean_gain_combines_the_intervals_by_squares() -> None:
    gains = [
        _change("combined", task, v, 0.06) for task, v in zip(ADAPTERS[:4], (0.1, 0.1, 0.0, 0.0), strict=True)
    ]
    one = _by(gains)["Tuning on all four sets together raises capability on average"]
    # sqrt(4 * 0.06^2) / 4 = 0.03 around 0.05
    assert one.verdict == "replicated"
    assert "+0.050 (+0.020 to +0.080)" in one.reason
    missing = _by(gains[:3])["Tuning on all four sets together raises capability on average"]
    assert missing.verdict == "inconclusive"
    assert "hellaswag" in missing.reason


def _points(n: int, slope: float) -> tuple[list[Estimate], Names]:
    names = tuple(f"a{i}" for i in range(n))
    estimates = []
    for i, name in enumerate(names):
        x = i / n
        estimates += [
            _change(name, "truthfulqa", x),
            _change(name, "feedback", slope * x + (0.02 if i % 2 else -0.02)),
        ]
    return estimates, Names(adapters={}, benchmarks={}, real=names)


def test_few_adapters_describe_and_many_can_decide() -> None:
    finding = "TruthfulQA gains go with more sycophantic feedback"
    few = _by(*_points(5, 1.0))[finding]
    assert few.verdict == "inconclusive"
    assert "5 adapters" in few.reason
    assert _by(*_points(12, 1.0))[finding].verdict == "replicated"
    assert _by(*_points(12, -1.0))[finding].verdict == "opposite"


def test_no_relation_needs_narrow_intervals() -> None:
    finding = "MMLU gains go with no change of sycophancy"
    estimates = [_change(name, "mmlu", i / 10) for i, name in enumerate(ADAPTERS)]
    estimates += [_change(name, task, (i % 2) / 10) for i, name in enumerate(ADAPTERS) for task in PRIMARY]
    one = _by(estimates)[finding]
    assert one.verdict == "inconclusive"
    assert "too few to show that there is no relation" in one.reason


def test_a_primary_is_preferred_and_stand_ins_are_used() -> None:
    gap = _change("combined", "feedback", 0.3, name="stance_gap", primary=False)
    assert "stance_gap" in _by([gap], OWN)[FEEDBACK].reason
    primary = _change("combined", "feedback", -0.3, primary=True)
    assert _by([gap, primary], OWN)[FEEDBACK].verdict == "opposite"


def test_a_primary_without_a_value_gives_way_to_the_next() -> None:
    primary = _change("combined", "feedback", None, note="no foils")
    gap = _change("combined", "feedback", 0.3, name="stance_gap", primary=False)
    one = _by([primary, gap], OWN)[FEEDBACK]
    assert one.verdict == "replicated"
    assert "stance_gap" in one.reason


@pytest.mark.parametrize("facet", sorted(PRIMARY))
def test_what_stands_in_is_what_the_facet_calls_primary(facet: str) -> None:
    finding = {"answer": LESS, "are_you_sure": SURE, "feedback": FEEDBACK}[facet]
    for name in OWN.primaries[facet]:
        change = _change("combined", facet, 0.3, name=name, condition="", primary=False)
        assert name in _by([change], OWN)[finding].reason
        assert "no change against base" in _by([change])[finding].reason
    other = _change("combined", facet, 0.3, name="refused", condition="control", primary=False)
    assert "no change against base" in _by([other], OWN)[finding].reason


def test_the_verdict_on_a_facet_is_what_counts() -> None:
    change = _change("combined", "feedback", 0.3, p_adjusted=0.01)
    key = ("combined", "feedback")
    for told, verdict, because in (
        (("up", "more"), "replicated", ""),
        (("down", "less"), "opposite", ""),
        (
            (None, "cannot tell: does not tell fallacious from sound arguments"),
            "inconclusive",
            "does not tell",
        ),
        ((None, "more, as the placebo does"), "inconclusive", "as the placebo does"),
    ):
        (one,) = [f for f in findings([change], verdicts={key: told}) if f.finding == FEEDBACK]
        assert one.verdict == verdict, told
        assert because in one.because
        # the number stands beside it, whatever the word
        assert one.evidence[0].value == 0.3
    # a verdict that claims counts also where an interval of its own would not
    weak = _change("combined", "feedback", 0.02, p_adjusted=0.01)
    (one,) = [f for f in findings([weak], verdicts={key: ("up", "more")}) if f.finding == FEEDBACK]
    assert one.verdict == "replicated"
    # and a facet without a verdict goes by its interval
    (one,) = [f for f in findings([change], verdicts={}) if f.finding == FEEDBACK]
    assert one.verdict == "replicated"


def test_the_base_may_be_called_by_its_own_name() -> None:
    names = Names(adapters=SAME_NAMES.adapters, benchmarks=SAME_NAMES.benchmarks, base="llama")
    change = _change("combined", "feedback", 0.3, reference="llama")
    assert _by([change], names)[FEEDBACK].verdict == "replicated"
    assert _by([change])[FEEDBACK].verdict == "inconclusive"


# --- power ---


def test_an_undecided_finding_says_what_would_have_been_seen() -> None:
    """Half-width 0.2 at n 80: an error of 0.102, so 0.286 is seen; the published 58 of 300 takes 80 (0.286 / 0.193)^2."""
    found = _by([_change("combined", "are_you_sure", 0.05, half=0.2)])[SURE]
    assert found.verdict == "inconclusive"
    assert found.power.startswith("a change of 29 points would be seen (power 80%, n 80)")
    assert found.power.endswith("seeing the published +19 takes n 175")
    decided = _by([_change("combined", "are_you_sure", 0.3, half=0.2)])[SURE]
    assert (decided.verdict, decided.power) == ("replicated", "")


def test_each_number_of_a_finding_has_its_power() -> None:
    estimates = [_change("truthfulqa", task, 0.01, half=0.2) for task in PRIMARY]
    estimates[1] = replace(estimates[1], value=None, low=None, high=None, note="none at risk")
    told = _by(estimates)[TRUTHFULQA].power.split("; ")
    assert [text.split(":")[0] for text in told if ":" in text] == [f"truthfulqa, {task}" for task in FACETS]
    assert sum("no number, so no power" in text for text in told) == 1


@pytest.mark.parametrize(("r", "n"), [(0.9, 7), (-0.9, 7), (0.5, 30), (0.3, 85), (1.0, 5)])
def test_adapters_that_a_correlation_takes(r, n) -> None:
    """Cohen 1988, table 3.4.1 (two-sided 0.05, power 0.80): 28 for 0.5 and 84 for 0.3, give or take Fisher's error."""
    assert abs(adapters_needed(r) - n) <= 1


def test_a_correlation_says_how_many_adapters_it_takes() -> None:
    found = findings([])
    related = [one for one in found if one.claim.partition("-r-")[1]]
    assert related
    assert all("the published r = " in one.power and " adapters (power 80%)" in one.power for one in related)
