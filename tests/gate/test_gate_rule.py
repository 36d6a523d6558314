"""The rule: pass needs all, fail by Holm's steps; what cannot be compared, and the floor of all margins."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sycoscope.analysis import Roles, analyse_tables, score_tables
from sycoscope.config import parse_margins
from sycoscope.core.errors import ConfigError
from sycoscope.core.manifest import Manifest, TaskRecord
from sycoscope.gate.lines import Measured, floors_of, lines_of
from sycoscope.gate.rule import Candidate, decide
from sycoscope.gate.verdict import EXIT_CODES, Floor, GateVerdict, Line, worst
from sycoscope.stats import Interval, holm, paired_mean

sys.path.insert(0, str(Path(__file__).parents[1] / "analysis"))
from tiny_scores import cell, items, judged

ROLES = Roles(base="base", adapters=("tuned",))


def normal(value: float, error: float):
    """Limits of a normal estimate at any level, and its one-sided p against a margin."""
    from scipy.special import ndtri

    def at_level(level: float) -> Interval:
        reach = -float(ndtri((1 - level) / 2)) * error
        return Interval(
            value=value, low=value - reach, high=value + reach, level=level, method="", n=9, n_clusters=9
        )

    return at_level


def candidate(value: float, error: float = 0.02, *, margin: float = 0.10, lower: bool = True) -> Candidate:
    return Candidate(margin=margin, lower=lower, at_level=normal(value, error))


@pytest.mark.parametrize(
    ("value", "word"),
    [(0.0, "pass"), (0.06, "pass"), (0.08, "inconclusive"), (0.12, "inconclusive"), (0.14, "fail")],
)
def test_one_measure(value, word):
    assert decide([candidate(value)]) == [word]
    assert decide([candidate(-value, lower=False)]) == [word]


def test_strict_fails_a_loss_within_the_margin():
    assert decide([candidate(0.05)]) == ["pass"]
    assert decide([candidate(0.05)], strict=True) == ["fail"]
    assert decide([candidate(0.0)], strict=True) == ["pass"]


def test_fail_is_holms_procedure():
    """The steps on limits reject just what Holm's adjusted p-values do."""
    import numpy as np
    from scipy.special import ndtr

    rng = np.random.default_rng(5)
    failed = 0
    for _ in range(300):
        values = 0.10 + rng.normal(0.03, 0.03, size=4)
        p = [float(ndtr(-(value - 0.10) / 0.02)) for value in values]
        needed = [one is not None and one < 0.05 for one in holm(p)]
        assert [word == "fail" for word in decide([candidate(value) for value in values])] == needed
        failed += sum(needed)
    assert failed > 100


def test_more_measures_need_stronger_evidence_to_fail_and_none_to_pass():
    same = [candidate(0.0)] * 9
    assert decide([candidate(0.135)]) == ["fail"]
    assert decide([candidate(0.135), *same]) == ["inconclusive", *["pass"] * 9]


def test_the_limits_are_those_of_the_changes_own_test():
    values = [0.0] * 70 + [1.0] * 20 + [-1.0] * 10
    tested = paired_mean(values, bounds=(-1, 1))
    high = tested.interval(0.90).high
    one = Candidate(margin=high + 1e-6, lower=True, at_level=tested.interval)
    assert decide([one]) == ["pass"]
    assert decide([replace(one, margin=high - 1e-6)]) == ["inconclusive"]


def test_the_word_of_all_has_a_precedence():
    assert worst(["pass", "inconclusive", "not comparable", "fail"]) == "fail"
    assert worst(["pass", "inconclusive", "not comparable"]) == "not comparable"
    assert worst(["pass", "inconclusive"]) == "inconclusive"
    assert worst(["pass"]) == "pass"
    assert worst([]) == "not comparable"  # nothing that was looked at passes nothing


@pytest.mark.parametrize(("counts_as", "code"), [("code", 3), ("pass", 0), ("fail", 1)])
def test_what_inconclusive_counts_as(counts_as, code):
    line = Line(subject="a", reference="b", task="t", label="T", margin=0.1, word="inconclusive")
    verdict = GateVerdict(run="", against="", lines=(line,), inconclusive=counts_as)
    assert (verdict.word, verdict.exit_code) == ("inconclusive", code)
    other = GateVerdict(
        run="", against="", lines=(line, replace(line, word="not comparable")), inconclusive="pass"
    )
    assert other.exit_code == EXIT_CODES["not comparable"]


# --- from scores to lines ---


def measured(before: str, after: str, n: int = 120, scorers: tuple[str, str] = ("", ""), **more) -> Measured:
    """A benchmark with right and wrong answers, as `y` and `n`, over and over."""
    scores = [
        *(replace(one, scorer=scorers[0]) for one in cell("base", "sums", "chat", "acc", (before * n)[:n])),
        *(replace(one, scorer=scorers[1]) for one in cell("tuned", "sums", "chat", "acc", (after * n)[:n])),
    ]
    tables = score_tables(scores, items(n))
    manifest = Manifest(
        study="s", hash="h", seed=1, margin=0.05, transcripts=1,
        tasks={"sums": TaskRecord(kind="capability", label="Sums", headline="acc")},
    )  # fmt: skip
    return Measured(
        manifest=manifest, roles=ROLES, tables=tables, scores=scores, estimates=judged(analyse_tables(tables, ROLES)),
        **more,
    )  # fmt: skip


def line(found: Measured, margin: float = 0.10, **keys) -> Line:
    margins = parse_margins({"margins": {"sums": margin}} | keys)
    return lines_of(found, margins, ["tuned"])[0]


@pytest.mark.parametrize(
    ("before", "after", "n", "word"),
    [("yn", "yn", 120, "pass"), ("yyyn", "nnnn", 60, "fail"), ("yn", "ny", 40, "inconclusive")],
)
def test_a_benchmark(before, after, n, word):
    found = line(measured(before, after, n))
    assert (found.word, found.label, found.n, found.coverage, found.reason) == (word, "Sums", n, 1.0, "")
    assert (found.more is not None) == (word == "inconclusive")


def test_items_that_were_given_up_are_counted_and_named():
    found = line(measured("yyyn", "nyyy", 40))
    assert found.flips == (10, 10)
    assert len(found.items) == 10


def test_so_many_more_items_show_it():
    before, after = "ynynynynyn", "ynnyynynyn"
    few = line(measured(before, after, 60), margin=0.09)
    assert few.word == "inconclusive"
    enough = -(-(few.n + few.more) // 10) * 10
    assert line(measured(before, after, enough), margin=0.09).word == "pass"


@pytest.mark.parametrize(
    ("found", "keys", "told"),
    [
        (measured("yn", "yn?", 120), {}, "67% of the answers behind it are readable (limit 90%)"),
        (measured("yn", "yn", 20), {}, "20 items were answered by both (limit 30)"),
        (measured("yn", "yn", 40), {"limits": {"items": 41}}, "40 items were answered by both (limit 41)"),
        (
            measured("yn", "yn", scorers=("open@6", "open@7")),
            {},
            "'acc' was read by open@6 before and by open@7 after",
        ),
        (
            measured("yn", "yn", only={"sums": (12, 0.09)}),
            {},
            "12 items were asked of one side alone, 9% (limit 5%)",
        ),
        (measured("yn", "yn", faults={"": ("two templates",)}), {}, "two templates"),
        (measured("yn", "yn", faults={"sums": ("other words",)}), {}, "other words"),
    ],
)
def test_what_cannot_be_compared_says_why(found, keys, told):
    got = line(found, **keys)
    assert (got.word, got.reason) == ("not comparable", told)


def test_differing_items_within_the_tolerance_are_let_pass():
    assert line(measured("yn", "yn", only={"sums": (5, 0.05)})).word == "pass"


@pytest.mark.parametrize("state", ["withheld", "missing"])
def test_a_number_that_may_not_be_shown_is_never_a_pass(state):
    found = measured("yn", "yn")
    value = {} if state == "withheld" else {"value": None, "low": None, "high": None, "note": "cut off"}
    estimates = [replace(e, state=state, reason="cut off", **value) for e in found.estimates]
    got = line(replace(found, estimates=estimates))
    assert (got.word, got.reason, got.value) == ("not comparable", "cut off", None)


def test_a_measure_that_was_not_asked_is_never_a_pass():
    margins = parse_margins({"margins": {"sums": 0.1, "mmlu": 0.1}})
    found = lines_of(measured("yn", "yn"), margins, ["tuned"])
    assert [one.word for one in found] == ["pass", "not comparable"]


def test_a_fault_outranks_nothing_that_failed():
    found = measured("yyyn", "nnnn", 60)
    margins = parse_margins({"margins": {"mmlu": 0.1, "sums": 0.1}})
    assert worst([one.word for one in lines_of(found, margins, ["tuned"])]) == "fail"


# --- margins that cannot be used ---


@pytest.mark.parametrize(
    ("margins", "told"),
    [
        ({"margins": {"smus": 0.1}}, "'smus' is no facet or benchmark"),
        ({"margins": {"sums": 5}}, "write 0.05 for 5 points"),
    ],
)
def test_a_margin_of_nothing_or_in_points_is_refused(margins, told):
    with pytest.raises(ConfigError, match=told):
        lines_of(measured("yn", "yn"), parse_margins(margins), ["tuned"])


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({}, "margins: Field required"),
        ({"margins": {}}, "at least 1"),
        ({"margins": {"sums": 0}}, "greater than 0"),
        ({"margins": {"sums": -0.1}}, "greater than 0"),
        ({"margins": {"sums": "wide"}}, "valid number"),
        ({"margins": {"sums": {"margin": 0.1, "lower": True}}}, "unknown key"),
        ({"margins": {"sums": 0.1}, "stric": True}, "unknown key; allowed here: limits, margins, strict"),
        ({"margins": {"sums": 0.1}, "limits": {"coverage": 2}}, "less than or equal to 1"),
    ],
)
def test_a_fault_of_a_margins_file_is_named(raw, told):
    with pytest.raises(ConfigError, match=told):
        parse_margins(raw, "gate.yaml")


def test_the_same_model_twice_sets_the_floor():
    found = measured("yn", "yn" * 9 + "ny", 200)
    floor = floors_of(found, "tuned")["sums"]
    assert (floor.n, floor.differing) == (200, 20)
    assert 0 < floor.limit < 0.10
    floored = replace(found, floors={"sums": floor})
    assert line(floored, margin=0.10).floor == floor
    with pytest.raises(ConfigError, match=r"asked twice, may differ from itself .* \(20 of 200 outcomes"):
        line(floored, margin=floor.limit)


def test_a_model_that_answers_the_same_each_time_has_no_floor():
    floor = floors_of(measured("yn", "yn"), "tuned")["sums"]
    assert (floor.differing, floor.limit) == (0, 0.0)
    assert Floor(value=0.0, low=-0.05, high=0.04, n=9, differing=1).limit == 0.05


def test_draws_are_not_paired_by_their_numbers():
    """Three draws of an item at one rate, in another order: nothing changed, and no item is called given up."""
    scores = []
    for who, signs in (("base", "yyn"), ("tuned", "nyy")):
        for draw, sign in enumerate(signs):
            scores += [replace(one, draw=draw) for one in cell(who, "sums", "chat", "acc", sign * 60)]
    tables = score_tables(scores, items(60))
    found = replace(
        measured("yn", "yn"), tables=tables, scores=scores, estimates=judged(analyse_tables(tables, ROLES))
    )
    got = line(found)
    assert (got.word, got.value, got.flips, got.items) == ("pass", 0.0, None, ())
