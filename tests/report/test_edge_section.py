"""The section on edge cases: what it counts, which cases it shows, and that hostile text stays text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sycoscope.analysis.edge_cases import EdgeShare
from sycoscope.audit import Finding
from sycoscope.core.types import Answered, Item, Response, Score, Trial
from sycoscope.report import ReportData, Subject, labels
from sycoscope.report.edge_cases import MOST, section
from sycoscope.report.page import render
from sycoscope.report.transcripts import BUDGETS
from sycoscope.report.view import View

HOSTILE = "<script>document.title='owned'</script></section>{{ 7*7 }} \x00\u202e"
NAMES = ("base", "tuned")


def share(
    kind: str, subject: str, cases: int, n: int = 40, task: str = "answer", unit: str = "trial"
) -> EdgeShare:
    return EdgeShare(
        kind=kind, task=task, subject=subject, unit=unit, cases=cases, value=cases / n if n else None,
        low=0.1 if n else None, high=0.2 if n else None, level=0.95, coverage=0.875, method="m", note="", n=n,
        n_clusters=n,
    )  # fmt: skip


def trial(subject: str, item: str, condition: str, task: str = "answer", text: str = HOSTILE) -> Trial:
    said = Answered(
        name="answer", content=f"asked under {condition}", response=Response(text=text, n_tokens=3)
    )
    return Trial(subject=subject, task=task, item_id=item, condition=condition, draw=0, asked=(said,))


def row(of: Trial, kinds: str, **read: object) -> dict[str, object]:
    key = {name: getattr(of, name) for name in ("subject", "task", "item_id", "condition", "draw")}
    return key | {"cluster": of.item_id, "edge_cases": kinds} | read


def data(**more: object) -> ReportData:
    trials = [trial(who, f"i{i}", c) for who in NAMES for i in range(6) for c in ("control", "user_wrong")]
    items = {
        f"i{i}": Item(id=f"i{i}", source="own", question=f"Question {i}? {HOSTILE}", target="Lima")
        for i in range(6)
    }
    cases = [
        row(one, "both, length", outcome="both", finish="length")
        for one in trials
        if (one.subject, one.condition) == ("tuned", "user_wrong")
    ]
    made = ReportData(
        title="t", study="s", study_hash="h", items=items, trials=trials, edge_trials=cases, sample_seed=3,
        subjects=[Subject(name="base", kind="base"), Subject(name="tuned", kind="other")],
        edge_shares=[
            *(share("both", who, cases, task="") for who, cases in zip(NAMES, (0, 6), strict=True)),
            *(share("both", who, 0) for who in NAMES),
            *(share("refused", who, 0) for who in NAMES),
            share("hedged", "base", 0, n=0),
        ],
        scores=[
            Score(subject="tuned", task="answer", item_id="i0", condition="user_wrong", draw=0, name="outcome",
                  status="scored", label="both")
        ],
    )  # fmt: skip
    return replace(made, **more)


def test_each_number_has_its_cases_n_interval_and_coverage():
    shown = section(View(data()), BUDGETS[0])
    ((title, (kind,)),) = shown.groups
    assert (title, kind.label, kind.total) == ("Ambiguous answers", "gave both answers", 6)
    base, tuned = kind.cells
    assert base.value.startswith("0\u00a0% (10.0 to 20.0)")
    assert tuned.value == "15.0\u00a0% (10.0 to 20.0)"
    assert tuned.small == ("6 of 40 · coverage 87.5\u00a0%",)


def test_kinds_without_a_case_and_kinds_that_were_not_asked_are_a_line_each():
    shown = section(View(data()), BUDGETS[0])
    assert shown.none == ["refused (n 40)"]
    assert "hedged its answer" in shown.unasked
    assert "fallacy never told apart" in shown.unasked
    assert not {"gave both answers", "refused"} & set(shown.unasked)


def test_cases_are_drawn_by_the_seed_and_say_what_makes_them_one():
    first, again = (section(View(data()), BUDGETS[0]).groups[0][1][0].cases for _ in range(2))
    assert first == again
    assert len(first) == MOST
    other = section(View(data(sample_seed=4)), BUDGETS[0]).groups[0][1][0].cases
    assert [one.question for one in other] != [one.question for one in first]
    before, after = first[0].panels
    assert (before.who, before.readings, after.who, after.readings) == ("base", "", "tuned", "outcome: both")
    assert section(View(data()), BUDGETS[-1]).groups[0][1][0].cases == []


def test_both_sides_of_a_pair_are_shown_under_two_conditions_that_came_to_different_things():
    flaws = {"control": ("yes", "no"), "like": ("yes", "no"), "dislike": ("no", "no")}
    made = [
        (trial("base", target, condition, "feedback", "a comment"), flaw)
        for condition, flaws_of in flaws.items()
        for target, flaw in zip(("fallacious", "sound"), flaws_of, strict=True)
    ]
    items = {
        name: Item(id=name, source="own", question=name, target=name, cluster="p")
        for name in ("fallacious", "sound")
    }
    shown = section(
        View(
            data(
                items=items,
                trials=[one for one, _ in made],
                edge_trials=[
                    row(one, "detected_sometimes", flaw=flaw) | {"cluster": "p"} for one, flaw in made
                ],
                edge_shares=[share("detected_sometimes", "base", 1, task="feedback", unit="pair")],
            )
        ),
        BUDGETS[0],
    )
    (case,) = shown.groups[0][1][0].cases
    assert [(one.item, one.condition, one.readings) for one in case.panels] == [
        ("fallacious", "control (no stance)", "flaw: yes"),
        ("sound", "control (no stance)", "flaw: no"),
        ("fallacious", "user dislikes it", "flaw: no"),
        ("sound", "user dislikes it", "flaw: no"),
    ]


def test_hostile_text_stays_text():
    page = render(View(data()), [], [], BUDGETS[0])
    assert 'id="edge-cases"' in page
    assert "<script>document" not in page
    assert "{{ 7*7 }}" in page
    assert "\x00" not in page


@pytest.mark.parametrize("budget", BUDGETS)
def test_texts_keep_to_the_budget(budget):
    long = trial("tuned", "i0", "user_wrong", text="word " * 2000)
    page = render(View(data(trials=[long], edge_trials=[row(long, "both", outcome="both")])), [], [], budget)
    shown = page.count("word word")
    assert shown <= budget.characters
    assert ("more characters left out" in page) == (round(MOST * budget.share) > 0)


def test_a_run_of_an_older_version_has_no_section():
    assert section(View(data(edge_shares=())), BUDGETS[0]) is None
    assert 'id="edge-cases"' not in render(View(data(edge_shares=())), [], [], BUDGETS[0])


def test_kinds_and_cases_have_their_addresses_in_the_viewer():
    (kind,) = section(View(data()), BUDGETS[0]).groups[0][1]
    assert kind.address == "/items?edge=both"
    assert {one.address for one in kind.cases} <= {f"/item?task=answer&id=i{i}" for i in range(6)}


def test_cells_that_the_audit_doubts_are_listed_with_a_case_and_an_address():
    found = (
        Finding(check="truncation", severity="warn", message="m", subject="tuned", task="answer"),
        Finding(check="floor_ceiling", severity="warn", message="m", subject="tuned", task="answer"),
        Finding(check="channels", severity="invalid", message="m", subject="base", task="answer"),
    )
    made = data()
    rows = [one | {"edge_cases": "truncated"} for one in made.edge_trials]
    shown = section(View(replace(made, findings=found, edge_trials=rows)), BUDGETS[0])
    ((cell, case),) = shown.doubted
    assert shown.n_doubted == 1
    assert cell.counted == "6 of 6"
    assert cell.value.startswith("100 %".replace(" ", labels.NBSP)[:3])
    assert cell.address == "/items?facet=answer&condition=user_wrong&subject=tuned&edge=truncated"
    assert not cell.withheld
    assert case.panels
    # where the finding is on another condition there is no cell
    other = replace(found[0], condition="control")
    assert not section(View(replace(made, findings=(other,), edge_trials=rows)), BUDGETS[0]).doubted
