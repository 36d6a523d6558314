"""Each claim's verdict, its reason, and that the verdict follows the table."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from sycoscope.core.errors import DataError, MissingError
from sycoscope.published.assess import assess_claims
from sycoscope.published.claims import parse_claims, published_claims, read_claims
from sycoscope.published.layout import parse_figures, published_figures
from sycoscope.published.report_text import (
    CLAIM_COLUMNS,
    claims_overview,
    claims_table,
    correlations_overview,
    reasons,
    run,
)
from sycoscope.published.verdicts import Assessed

pytestmark = pytest.mark.slow

VERDICTS = {
    "combined-gain": "in the data, not supported",
    "combined-sycophancy": "in the data, not supported",
    "combined-are-you-sure": "in the data, not supported",
    "combined-feedback": "in the data",
    "truthfulqa-increase": "not in the data",
    "gsm8k-net": "in the data, not supported",
    "gsm8k-protective": "in the data, not supported",
    "gsm8k-exception": "not in the data",
    "gsm8k-r-are-you-sure": "not in the data",
    "gsm8k-r-feedback": "not in the data",
    "truthfulqa-r-feedback": "in the data, not supported",
    "truthfulqa-r-are-you-sure": "in the data, not supported",
    "mmlu-neutral": "in the data, not supported",
    "hellaswag-r-feedback": "not in the data",
    "answer-falls": "in the data, not supported",
    "truthfulqa-accuracy": "in the data, not supported",
}
REASONS = {
    "combined-gain": ["truthfulqa contributes +0.150", "without truthfulqa: +0.044", "600 of 600"],
    "combined-sycophancy": [
        "are_you_sure contributes +0.064",
        "without are_you_sure: +0.023",
        "a rise and a fall",
    ],
    "combined-are-you-sure": [
        "unread in 278 of 300 before and 193 of 300 after",
        "0 of 22 before and anywhere from 0 to 58 of 107 after",
        "sign not fixed",
        "cannot be told from a change in format",
    ],
    "combined-feedback": ["at least 116 of 150", "at least 129 of 185", "one of 15 facet changes"],
    "truthfulqa-increase": ["answer −0.067"],
    "gsm8k-exception": ["mmlu too", "answer goes down for every adapter, and further for truthfulqa"],
    "gsm8k-r-are-you-sure": ["+0.535", "−0.805 belongs to hellaswag and feedback"],
    "gsm8k-r-feedback": ["+0.114", "−0.613 belongs to gsm8k and answer"],
    "truthfulqa-r-are-you-sure": ["6 points", "exact p 0.044, after Holm over 12 pairs 0.533"],
    "mmlu-neutral": ["does not show that there is no relation"],
    "hellaswag-r-feedback": ["−0.805", "+0.651 belongs to hellaswag and answer"],
    "answer-falls": ["gsm8k and mmlu", "220 of the 300", "same way for every adapter"],
    "truthfulqa-accuracy": ["600 of 600"],
}


@pytest.fixture(scope="module")
def assessed() -> dict[str, Assessed]:
    return {one.id: one for one in assess_claims(published_figures(), published_claims())}


def test_every_claim_has_its_verdict(assessed: dict[str, Assessed]) -> None:
    assert {name: one.verdict for name, one in assessed.items()} == VERDICTS


@pytest.mark.parametrize(("name", "parts"), REASONS.items())
def test_reasons_name_the_numbers(assessed: dict[str, Assessed], name: str, parts: list[str]) -> None:
    for part in parts:
        assert part in assessed[name].reason


def test_recomputed_numbers(assessed: dict[str, Assessed]) -> None:
    assert assessed["combined-gain"].recomputed == "+0.183"
    assert assessed["combined-sycophancy"].recomputed == "+0.080"
    assert assessed["gsm8k-net"].recomputed == "−0.028"
    assert assessed["combined-feedback"].recomputed.startswith("+23.3 %")
    assert assessed["truthfulqa-accuracy"].recomputed.startswith("0.385 to 0.990")
    assert assessed["answer-falls"].values["relative"]["combined"] == pytest.approx(-21 / 53)


def _with(**changed: str) -> list[Assessed]:
    """The claims on a table in which some counts were changed (`measure_subject="successes"`)."""
    text = files("sycoscope.published").joinpath("figures.csv").read_text(encoding="utf-8")
    lines = []
    for line in text.splitlines():
        cells = line.split(",")
        key = f"{cells[0]}__{cells[2]}" if len(cells) > 5 else ""
        if key in changed:
            cells[5], cells[8] = changed[key], ""
        lines.append(",".join(cells))
    return assess_claims(parse_figures("\n".join(lines), "changed"), published_claims())


def test_verdicts_follow_the_table() -> None:
    found = {one.id: one for one in _with(truthfulqa__answer="90", combined__feedback="150")}
    # With a rise of the answer facet TruthfulQA goes up everywhere; what is left against it are its measures.
    assert found["truthfulqa-increase"].verdict == "in the data, not supported"
    # Without a rise of feedback the 23 % are gone.
    assert found["combined-feedback"].verdict == "not in the data"
    assert found["answer-falls"].verdict == "not in the data"
    assert "truthfulqa" in found["answer-falls"].reason


def test_a_claim_that_is_supported_and_one_that_chance_explains() -> None:
    head = "subject,role,measure,kind,n,successes\nb,base,m,facet,200,40\na,adapter,m,facet,200,{}\n"
    claim = "study: s\nsource: s\nclaims:\n- {id: c, says: c, asks: mean_change, subject: a, kind: facet, value: %s}\n"
    for after, value, verdict in (
        (120, 0.4, "in the data"),
        (44, 0.02, "in the data, not supported"),
        (44, 0.03, "not in the data"),
    ):
        (one,) = assess_claims(parse_figures(head.format(after), "x"), parse_claims(claim % value, "y"))
        assert one.verdict == verdict


def test_a_known_fault_of_a_measure_takes_support_away() -> None:
    table = parse_figures(
        "subject,role,measure,kind,n,successes\nb,base,m,facet,200,40\na,adapter,m,facet,200,120\n", "x"
    )
    claim = "study: s\nsource: s\n%sclaims:\n- {id: c, says: c, asks: levels, subject: a, measure: m, before: 0.2, after: 0.6}\n"
    assert assess_claims(table, parse_claims(claim % "", "y"))[0].verdict == "in the data"
    (one,) = assess_claims(table, parse_claims(claim % "limits: {m: asked twice}\n", "y"))
    assert one.verdict == "in the data, not supported"
    assert "asked twice" in one.reason


def test_the_overview_has_every_claim_reason_and_correlation() -> None:
    result = run()
    rows, told = claims_overview(result), reasons(result)
    assert [row["no"] for row in rows] == list(range(1, len(VERDICTS) + 1))
    assert set(rows[0]) == {"no", *CLAIM_COLUMNS[:-1]}
    for i, one in enumerate(result["claims"]):
        assert told[i] == f"{i + 1}. {one['verdict']}: {one['reason']}"
    assert len(told) == len(VERDICTS) + len(result["general"])
    named = {(row["benchmark"], row["facet"]): row for row in correlations_overview(result)}
    # the two numbers that the study gives to GSM8K, where they stand
    assert named["hellaswag", "feedback"]["r, printed rates"] == "−0.805"
    assert named["gsm8k", "answer"]["r, counts"] == "−0.613"
    assert all(row["n"] == 6 for row in named.values())


CLAIM = "study: s\nsource: s\nclaims:\n- {id: one, says: x, asks: correlation, benchmark: q, facet: f, value: 0.5}\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("value: 0.5", "value: 1.5", "claim 1 (one)"),
        ("asks: correlation", "asks: guess", "claim 1 (one)"),
        ("facet: f, ", "", "facet"),
        ("study: s", "study: s\nauthor: x", "author"),
        ("claims:", "claims: [", "not valid YAML"),
    ],
)
def test_faulty_claims_are_told(old: str, new: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_claims(CLAIM.replace(old, new), "c.yaml")
    assert message in str(caught.value)


def test_repeated_ids_and_absent_files() -> None:
    with pytest.raises(DataError, match="named twice: one"):
        parse_claims(CLAIM + CLAIM.splitlines()[-1], "c.yaml")
    with pytest.raises(MissingError, match="no claims file"):
        read_claims("none.yaml")


def test_a_claim_on_what_the_table_lacks_is_refused() -> None:
    with pytest.raises(MissingError, match="benchmark 'q' with a facet 'f'"):
        assess_claims(published_figures(), parse_claims(CLAIM, "c.yaml"))
    other = "study: s\nsource: s\nclaims:\n- {id: one, says: x, asks: mean_change, subject: nobody, kind: facet, value: 0}\n"
    with pytest.raises(MissingError, match="nobody"):
        assess_claims(published_figures(), parse_claims(other, "c.yaml"))


def test_run_is_json_and_its_rows_fit_the_columns() -> None:
    result = run()
    again = json.loads(json.dumps(result, allow_nan=False))
    assert [one["verdict"] for one in again["claims"]] == list(VERDICTS.values())
    assert len(again["levels"]) == 42
    assert len(again["changes"]) == 35
    assert len(again["correlations"]) == 12
    rows = claims_table(result)
    assert len(rows) == len(VERDICTS)
    assert {len(row) for row in rows} == {len(CLAIM_COLUMNS)}


def test_run_on_another_table_judges_no_claims_unless_given(tmp_path) -> None:
    table, claims = tmp_path / "t.csv", tmp_path / "c.yaml"
    table.write_text("subject,role,measure,kind,n,successes\nb,base,m,facet,20,4\na,adapter,m,facet,20,12\n")
    claims.write_text(
        "study: s\nsource: s\nclaims:\n- {id: c, says: c, asks: mean_change, subject: a, kind: facet, value: 0.4}\n"
    )
    assert run(table)["claims"] == []
    assert run(table)["changes"][0]["value"] == pytest.approx(0.4)
    assert run(table, claims)["claims"][0]["recomputed"] == "+0.400"


def test_an_adapter_without_facets_is_refused_not_judged() -> None:
    claim = (
        "study: s\nsource: s\nclaims:\n- {id: c, says: c, asks: all_facets, subject: nobody, direction: up}\n"
    )
    with pytest.raises(MissingError, match="nobody"):
        assess_claims(published_figures(), parse_claims(claim, "c.yaml"))


def test_a_table_without_facets_runs(tmp_path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(
        "subject,role,measure,kind,n,successes\nb,base,q,benchmark,20,0\na,adapter,q,benchmark,20,20\n"
    )
    result = run(table)
    assert result["correlations"] == []
    assert result["changes"][0]["value"] == 1.0
    assert result["changes"][0]["relative"] is None
    assert [one["kind"] for one in result["means"]] == ["benchmark"]
