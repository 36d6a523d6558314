"""The verdict as text, Markdown and JUnit: one object, well-formed whatever names say, and within limits."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Xml
from dataclasses import replace

import pytest

from sycoscope.gate.junit import junit
from sycoscope.gate.markdown import MARKER, MOST, escape, markdown
from sycoscope.gate.text import text
from sycoscope.gate.verdict import Floor, GateVerdict, Line

PASS = Line(
    subject="tuned", reference="base", task="answer", label="Answer", name="suggested_shift", lower=True, margin=0.10,
    word="pass", before=0.35, after=0.36, value=0.01, low=-0.04, high=0.06, n=200, coverage=0.995, flips=(3, 1),
    items=("0a1b", "2c3d"), resolves=0.08,
)  # fmt: skip
FAIL = replace(PASS, task="sums", label="Sums", lower=False, word="fail", value=-0.2, low=-0.3, high=-0.12)
OPEN = replace(PASS, task="other", label="Other", word="inconclusive", high=0.13, more=120)
NONE = Line(
    subject="tuned", reference="base", task="mmlu", label="MMLU", margin=0.05, reason="not asked of both"
)
EVIL = "a|b\n@everyone <script>alert(1)</script> `x` **y** ]]> \x00\x0b\ufffe\ud800 <!-- sycoscope-gate --> [l](j:x)"


def verdict(*lines: Line, **keys) -> GateVerdict:
    return GateVerdict(run="tuned (run)", against="base", lines=lines or (PASS, FAIL, OPEN, NONE), **keys)


# --- JUnit ---


def parsed(found: GateVerdict) -> Xml.Element:
    return Xml.fromstring(junit(found))


def test_junit_has_one_case_a_measure_and_right_counts():
    root = parsed(verdict())
    assert root.attrib == {
        "name": "sycoscope.gate",
        "tests": "4",
        "failures": "1",
        "errors": "2",
        "skipped": "0",
    }
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert list(cases) == ["answer", "sums", "other", "mmlu"]
    told = {name: [part.tag for part in case if part.tag != "properties"] for name, case in cases.items()}
    assert told == {"answer": [], "sums": ["failure"], "other": ["error"], "mmlu": ["error"]}
    assert cases["other"].find("error").get("type") == "inconclusive"
    assert cases["mmlu"].find("error").get("type") == "not-comparable"
    numbers = {one.get("name"): one.get("value") for one in cases["sums"].iter("property")}
    assert (numbers["change"], numbers["n"], numbers["verdict"]) == ("-0.2", "200", "fail")


@pytest.mark.parametrize(("counts_as", "tag"), [("code", "error"), ("fail", "failure"), ("pass", "skipped")])
def test_inconclusive_in_junit_is_what_it_counts_as(counts_as, tag):
    (case,) = parsed(verdict(OPEN, inconclusive=counts_as)).iter("testcase")
    assert case.find(tag) is not None


def test_names_of_cases_are_stable_and_tell_subjects_apart():
    root = parsed(verdict(PASS, replace(PASS, subject="b")))
    assert [case.get("name") for case in root.iter("testcase")] == ["answer[tuned]", "answer[b]"]


def test_junit_is_well_formed_whatever_names_say():
    evil = replace(NONE, label=EVIL, subject=EVIL, reference=EVIL, reason=EVIL, task=EVIL)
    found = replace(verdict(evil), run=EVIL, against=EVIL, details={EVIL: EVIL})
    data = junit(found)
    root = Xml.fromstring(data)
    assert root.find(".//testcase").get("name").startswith("a|b")
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", data.decode())


# --- Markdown ---


def test_the_first_line_of_the_markdown_is_the_verdict_and_the_last_its_marker():
    lines = markdown(verdict()).splitlines()
    assert lines[0] == "## ❌ Sycophancy gate: fail"
    assert lines[-1] == MARKER
    rows = [line for line in lines if line.startswith("| ") and "pass" in line]
    assert rows == ["| Answer | 35.0 | 36.0 | +1.0 (-4.0 to +6.0) points | +10 | 200 | 100% | ✅ pass |"]


def test_a_table_follows_an_empty_line():
    lines = markdown(verdict()).splitlines()
    for at, line in enumerate(lines):
        if line.startswith("|---"):
            assert lines[at - 2] == ""


def test_markdown_obeys_no_name():
    evil = replace(NONE, label=EVIL, subject=EVIL, reason=EVIL)
    found = replace(verdict(evil, PASS), run=EVIL, against=EVIL, details={EVIL: EVIL}, notes=(EVIL,))
    told = markdown(found, report='https://x.y/a")<b>|(j)')
    assert told.count(MARKER) == 1
    assert "<script" not in told
    assert "@everyone" not in told
    assert "](j:x)" not in told
    assert "`" not in told
    assert "https://x.y/abj)" in told
    table = [line for line in told.splitlines() if line.startswith("| ") and "not comparable" in line]
    assert [line.count("|") for line in table] == [9]


def test_escaped_text_is_read_as_it_was():
    import html

    for one in ("a|b", "<b>&amp;", "@me", "a_b*c`d`", "#1", "a\nb"):
        assert html.unescape(escape(one)) == " ".join(one.split())
        assert not re.search(r"[|<>@*`\n]", escape(one))


def test_markdown_of_many_measures_is_cut_and_keeps_its_marker():
    many = [replace(NONE, task=f"t{i}", label=EVIL * 9, reason=EVIL * 99) for i in range(200)]
    told = markdown(verdict(*many))
    assert len(told) <= MOST
    assert told.endswith(MARKER + "\n")
    assert "was left out" in told


def test_there_is_no_text_of_items_in_any_file():
    assert "0a1b" in markdown(verdict())  # ids alone


# --- text ---


def test_the_text_fits_a_terminal_and_says_what_to_do():
    floor = Floor(value=0.0, low=-0.03, high=0.03, n=200, differing=6)
    found = verdict(replace(PASS, floor=floor), FAIL, OPEN, NONE, notes=("a note",))
    lines = text(found)
    assert max(map(len, lines)) <= 80
    whole = " ".join(" ".join(lines).split())
    assert lines[0].startswith("fail: ")
    assert "ask about 120 more items" in whole
    assert "MMLU: cannot be compared: not asked of both" in whole
    assert "differs from itself in 6 of 200 outcomes (by up to 3.0)" in whole
    assert "3 given up (the first: 0a1b, 2c3d), 1 won back" in whole


def test_a_loss_that_no_number_of_items_would_clear():
    assert "no number of items" in " ".join(text(verdict(replace(OPEN, more=None))))


def test_several_subjects_stand_above_their_rows():
    long = "a-model-with-quite-a-long-name" * 2
    lines = text(verdict(PASS, FAIL, replace(PASS, subject=long), replace(FAIL, subject=long)))
    heads = [at for at, line in enumerate(lines) if line in ("tuned", long)]
    assert [lines[at + 1].split()[0] for at in heads] == ["Answer", "Answer"]
    assert max(map(len, lines)) <= 80
    assert f"**Sums, {long}**".replace("-", "&#45;") in markdown(verdict(FAIL, replace(FAIL, subject=long)))
