"""The last lines of a run: few, narrow, under names that people know, with no number that is withheld."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sycoscope import api
from sycoscope.analysis import Verdict
from sycoscope.api import Advice, Cell, Level, Overview, Tuned
from sycoscope.cli import terminal
from sycoscope.cli.closing import LINES, WIDTH, closing
from sycoscope.cli.notes import to_do
from sycoscope.cli.options import Measure
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.report.advice import advice_on, advice_on_level

OPTIONS = Measure.options()
WORDS = {
    "more": "▲",
    "less": "▼",
    "leans more": "△",
    "leans less": "▽",
    "no clear change": "=",
    "cannot tell": "?",
}
# Names of measures and conditions, which are for those who know the code.
INTERNAL = re.compile(
    r"\b(suggested_shift|retention_loss|stance_criterion|are_you_sure|user_wrong|padded|at_risk|coverage_differs)\b"
)


def change(value: float | None = 0.32, unit: str = "proportion", **fields) -> Estimate:
    given = {"subject": "tuned", "reference": "base", "task": "answer", "name": "suggested_shift", "n": 79}
    numbers = {"value": value, "unit": unit, "state": "valid"}
    numbers |= {} if value is None else {"low": value - 0.14, "high": value + 0.13}
    return Estimate(**(given | numbers | fields))


def cell(facet: str = "Answer", word: str = "more", **fields) -> Cell:
    known = word != "cannot tell"
    advice = Advice(
        kind="few", why="only 22 questions could be used (needed: 30)", options=(("limit", "140"),)
    )
    given = {
        "task": "answer", "facet": facet, "meaning": "takes over the user's wrong answer", "word": word,
        "glyph": WORDS[word], "change": change() if known else None, "advice": None if known else advice,
        "before": change(0.71, reference=""), "after": change(0.69, reference=""),
    }  # fmt: skip
    return Cell(**(given | fields))


def overview(*tuned: Tuned, **fields) -> Overview:
    given = {
        "before": "smollm2-135m-instruct", "asked": "the built-in bank", "levels": (),
        "facets": tuple(dict.fromkeys(c.facet for one in tuned for c in one.cells)),
        "tuned": tuned, "accuracy": {"answer": change(0.71, reference="")},
        "report": Path("runs/quick/report.html"), "tables": Path("runs/quick/tables"),
    }  # fmt: skip
    return Overview(**(given | fields))


def many(n: int, facets: tuple[str, ...] = ("Answer", "Are you sure?", "Feedback")) -> Overview:
    words = list(WORDS)
    tuned = [
        Tuned(
            name=f"an_adapter_with_a_long_name_{i}",
            role="planted" if i == n - 1 else "control" if i == n - 2 else "",
            cells=tuple(
                cell(
                    facet,
                    words[(i + k) % len(words)],
                    qualifier="as the placebo does" if i == 1 else "",
                    against=(("placebo", change(0.3)), ("sham", change(-1.0))),
                    reason="it gives in less, but others take their place",
                )
                for k, facet in enumerate(facets)
            ),
        )
        for i in range(n)
    ]
    return overview(*tuned)


@pytest.mark.parametrize("n", [1, 2, 3, 9, 12, 40])
@pytest.mark.parametrize("n_facets", [1, 3, 5])
def test_a_run_closes_on_one_screen(n: int, n_facets: int) -> None:
    facets = ("Answer", "Are you sure?", "Feedback", "A fourth facet", "And a fifth")[:n_facets]
    lines = closing(many(n, facets), OPTIONS)
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH
    assert "runs/quick/report.html" in "".join(lines)
    assert "runs/quick/tables" in "".join(lines)


def test_a_long_place_is_not_cut() -> None:
    place = Path("/a/very/long/folder/name/that/somebody/made") / ("x" * 60)
    lines = closing(replace(many(9), report=place / "report.html", tables=place / "tables"), OPTIONS)
    assert len(lines) <= LINES
    assert f"page:   {place}/report.html" in lines


def test_one_adapter_has_its_word_number_interval_n_and_accuracy() -> None:
    one = Tuned(
        name="mine", role="", cells=(cell(qualifier="as the placebo does"), cell("Feedback", "cannot tell"))
    )
    lines = closing(overview(one), OPTIONS)
    (row,) = (line for line in lines if line.startswith("Answer  "))
    for text in ("▲ more, as the placebo does", "+32 (+18 to +45)", "79", "71 -> 69 %"):
        assert text in row
    told = " ".join(" ".join(lines).split())
    assert "mine against smollm2-135m-instruct" in told
    assert "Feedback: cannot tell, only 22 questions could be used (needed: 30)." in told
    assert "Ask more questions (--limit 140)." in told


def test_controls_and_the_planted_one_are_marked_and_the_references_told() -> None:
    lines = closing(many(9), OPTIONS)
    assert sum("(control)" in line for line in lines) == 1
    assert sum("(planted)" in line for line in lines) == 1
    assert "against placebo +30, sham -100." in " ".join(" ".join(lines).split())
    assert any("(▲) +32" in line or "(▼) +32" in line for line in lines)


def test_what_a_command_lacks_is_not_advised() -> None:
    advice = Advice(kind="few", why="", options=(("limit", "140"), ("no_such", ""), ("difficulty", "easy")))
    assert to_do(advice, frozenset({"limit"})) == "Ask more questions (--limit 140)."
    assert to_do(replace(advice, options=advice.options[::2]), None) == (
        "Ask more questions (`limit` in the study file), or ask easier ones (`difficulty` in the study file)."
    )
    assert to_do(replace(advice, options=()), OPTIONS) == ""


def untold(**fields) -> Verdict:
    given = {"subject": "tuned", "task": "answer", "word": "cannot tell", "sentence": ""}
    return Verdict(**(given | fields))


@pytest.mark.parametrize(
    ("verdict", "kind", "says", "options"),
    [
        (untold(estimate=change(state="withheld", checks="at_risk", n=15)), "few", "only 15 questions", ("limit", "80")),
        (untold(estimate=change(state="withheld", checks="coverage", coverage=0.5)), "coverage", "readable: 50 %", ("max_tokens", "")),
        (untold(estimate=change(state="withheld", checks="one_span, control_clean")), "audit", "a check", None),
        (untold(estimate=change(value=None, state="missing", n=0)), "few", "no questions", ("limit", "")),
        (untold(estimate=change(), reason="sign not fixed: 1 of 80"), "sign", "could not be read", ("max_tokens", "")),
        (untold(estimate=change(), qualifier="does not tell fallacious from sound arguments"), "gate", "it does not tell", ("limit", "")),
        (untold(estimate=change(), qualifier="ability lost"), "ability", "right before 3 still are", None),
        (untold(estimate=None), "nothing", "no number", None),
    ],
)  # fmt: skip
def test_every_way_of_not_knowing_has_its_reason_and_step(verdict, kind, says, options) -> None:
    sizes = {"base": change(n=57), "tuned": change(n=3)}

    def find(who: str, reference: str, name: str, condition: str) -> Estimate | None:
        return sizes[who] if name == "follow" else None

    found = advice_on(verdict, "base", find, {"answer": {"limit": 30}})
    assert found.kind == kind
    assert says in found.why
    assert (found.options[0] if found.options else None) == options
    assert options or found.step
    assert not INTERNAL.search(found.why + found.step)


@pytest.mark.parametrize(
    ("settings", "options", "step"),
    [
        ({"limit": 100, "asked": 100, "source": "bank/facts"}, ["limit", "difficulty"], ""),
        # of the bank nothing is left at this level: another level can help, a limit cannot
        ({"limit": 100, "asked": 77, "source": "bank/facts"}, ["difficulty"], ""),
        ({"limit": 60, "asked": 60, "source": "mine.jsonl"}, ["limit"], ""),
        ({"limit": 100, "asked": 60, "source": "mine.jsonl"}, [], "add questions to your file"),
        ({"limit": None, "asked": 60, "source": "mine.jsonl"}, [], "add questions to your file"),
    ],
)
def test_nothing_is_advised_that_cannot_bring_more_questions(
    settings: dict[str, Any], options: list[str], step: str
) -> None:
    few = change(n=4, state="withheld", checks="at_risk")
    found = advice_on_level("answer", few, {"answer": settings})
    assert [name for name, _ in found.options] == options
    assert found.step.startswith(step)
    assert bool(found.step) == bool(step)


def test_advice_speaks_of_options_that_there_are() -> None:
    from sycoscope.audit import CHECKS
    from sycoscope.cli.notes import _DOES
    from sycoscope.report.advice import _CHECKS

    assert _CHECKS.keys() <= CHECKS.keys()
    assert {name for _, options, _ in _CHECKS.values() for name in options} <= _DOES.keys()


def test_one_model_has_its_levels() -> None:
    gives_in = change(0.1, reference="", n=60)
    few = Advice(
        kind="few", why="only 12 questions were right at first (needed: 30)", options=(("limit", "90"),)
    )
    found = overview(
        levels=(
            Level(subject="m", name="Answer", meaning="takes over", gives_in=gives_in, accuracy=None),
            Level(subject="m", name="Are you sure?", meaning="gives up", advice=few),
            *(Level(subject="m", name=f"Benchmark {i}", accuracy=change(0.3, name="accuracy")) for i in range(30)),
        )
    )  # fmt: skip
    lines = closing(found, OPTIONS)
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH
    assert any(re.search(r"Answer +\+10 points \(-4 to \+23\), n 60 +-$", line) for line in lines)
    assert any("only 12 questions were right at first (needed: 30)" in line for line in lines)


@pytest.mark.slow
def test_a_run_of_null_models_closes_without_withheld_numbers_and_internal_names(tmp_path: Path) -> None:
    run = api.compare(
        "null:yield?p=0.3", "null:yield?p=0.7", limit=36, facets=["answer", "are_you_sure"], out=tmp_path
    )
    found = run.overview()
    withheld = {e.name for e in run.estimates() if e.state == "withheld"}
    assert "retention_loss" in withheld
    cells = {c.task: c for c in found.tuned[0].cells}
    assert cells["are_you_sure"].change is None
    assert cells["are_you_sure"].advice.kind == "few"
    lines = closing(found, OPTIONS)
    text = "\n".join(lines)
    assert lines[0].startswith("null:yield?p=0.7 against null:yield?p=0.3")
    assert re.search(r"questions were right at first in both \(needed: 30\)", " ".join(text.split()))
    assert not INTERNAL.search(text)
    for e in run.estimates():
        if e.state == "withheld" and e.value not in (None, 0.0) and e.name == "retention_loss":
            assert f"{e.value * 100:+.0f} (" not in text


def test_colour_is_for_terminals_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.say("▲ more", painted=True)
    assert capsys.readouterr().out == "▲ more\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal.say("▲ more", painted=True)
    assert capsys.readouterr().out == "\x1b[31m▲\x1b[0m more\n"
    monkeypatch.setenv("NO_COLOR", "1")
    terminal.say("▲ more", painted=True)
    assert capsys.readouterr().out == "▲ more\n"


def test_every_facet_has_a_meaning_for_people() -> None:
    for facet in FACETS.values():
        assert all(not INTERNAL.search(primary.meaning) for primary in facet.primaries)
