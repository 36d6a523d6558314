"""What the terminal shows of a number follows the number's state."""

from __future__ import annotations

from dataclasses import asdict, fields

import pytest

from sycoscope.analysis.verdicts import Verdict
from sycoscope.audit import Finding
from sycoscope.cli.show import estimate_rows, finding_rows, print_table, without_hidden
from sycoscope.core.types import Estimate


def level(state: str, **fields) -> Estimate:
    given = {"subject": "base", "task": "answer", "name": "follow", "condition": "user_wrong", "value": 0.625}
    return Estimate(**(given | {"low": 0.5, "high": 0.75, "n": 12, "state": state} | fields))


def test_a_withheld_number_leaves_a_dash_and_its_reason():
    held = level("withheld", reason="n 12 at risk [at_risk]", checks="at_risk")
    gone = level("missing", value=None, low=None, high=None, reason="nobody at risk")
    rows = estimate_rows(
        [level("valid"), level("warned", reason="they differ", checks="channels"), held, gone]
    )
    assert [(row["value"], row["interval"], row["state"], row["reason"]) for row in rows] == [
        ("0.625", "[0.500, 0.750]", "valid", ""),
        ("0.625", "[0.500, 0.750]", "warned: channels", ""),
        ("-", "-", "withheld", "n 12 at risk [at_risk]"),
        ("-", "-", "missing", "nobody at risk"),
    ]
    (undecided,) = estimate_rows([level("")])
    assert undecided["value"] == "-"


def test_plain_values_hold_no_number_that_is_not_shown():
    held = level("withheld", reason="why", p_value=0.01)
    assert without_hidden(held) == asdict(held) | dict.fromkeys(("value", "low", "high", "p_value"))
    assert without_hidden(level("warned")) == asdict(level("warned"))
    words = {"subject": "tuned", "task": "answer", "word": "cannot tell", "sentence": "Cannot tell."}
    verdict = without_hidden(Verdict(**words, estimate=held))
    assert verdict.keys() == {field.name for field in fields(Verdict)}
    assert (verdict["estimate"]["value"], verdict["estimate"]["reason"], verdict["before"]) == (
        None,
        "why",
        None,
    )


def test_numbers_that_are_not_shown_are_hidden_at_every_depth():
    held = level("withheld", reason="why")
    verdict = Verdict(subject="t", task="answer", word="more", sentence="", evidence=(held,))
    for found in (without_hidden(verdict)["evidence"], without_hidden({"a": [held]})["a"]):
        assert (found[0]["value"], found[0]["reason"]) == (None, "why")


def test_the_estimate_alone_says_whether_it_is_shown(monkeypatch):
    monkeypatch.setattr(Estimate, "shown", property(lambda estimate: estimate.state == "withheld"))
    assert without_hidden(level("withheld"))["value"] == 0.625
    assert without_hidden(level("valid"))["value"] is None


def test_findings_on_conditions_of_a_rate_are_told_apart():
    finding = Finding(
        check="coverage", severity="warn", message="m", task="answer", name="follow", condition="padded"
    )
    (row,) = finding_rows([finding])
    assert row["name"] == "follow (padded)"


def test_what_is_too_wide_for_a_table_stands_below_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{f"column_{i}": f"a_value_that_is_long_{i}" for i in range(6)} | {"none": None}]
    print_table("title", rows)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "title"
    assert max(map(len, lines)) <= 80
    assert " ".join(" ".join(lines).split()).count("a_value_that_is_long_") == 6
    assert "none" not in " ".join(lines)
    print_table("title", [{"a": 1, "b": "two words"}])
    assert "│ 1 │ two words │" in capsys.readouterr().out
