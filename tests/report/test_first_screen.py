"""The first screen: who was not there reads what was tuned, what changed by how much, and what cannot be trusted."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

import pytest

from sycoscope.analysis import NonInferiority, Verdict
from sycoscope.analysis.decision import WORDS, Word
from sycoscope.analysis.flips import Flip
from sycoscope.audit import Finding
from sycoscope.core.manifest import Comparison, ItemsCompared
from sycoscope.core.types import Answered, Estimate, Item, Response, Score, Trial
from sycoscope.facets import FACETS
from sycoscope.report import Health, ReportData, Subject, folds, labels
from sycoscope.report.board import board
from sycoscope.report.doubts import doubts
from sycoscope.report.figures.facets import changes
from sycoscope.report.figures.space import WIDE
from sycoscope.report.first_screen import first_screen
from sycoscope.report.page import TEMPLATES
from sycoscope.report.tables import Block, blocks, line
from sycoscope.report.view import View
from sycoscope.report.who import PARTS, TAUGHT
from sycoscope.view.address import listing_of, pick_of

from .rendered import Reader, plain, rendered
from .report_fixture import SUBJECTS, decided, make_data

MEASURE = FACETS["answer"].primaries[0].measure


def change(subject: str, value: float | None = 0.16, n: int = 80, **more) -> Estimate:
    fields = {"subject": subject, "reference": "base", "task": "answer", "name": MEASURE, "coverage": 1.0}
    if value is not None:
        fields |= {"low": value - 0.07, "high": value + 0.07}
    fields["state"] = "missing" if value is None else "valid"
    return Estimate(**(fields | {"value": value, "n": n, "n_clusters": n, "primary": True} | more))


def verdict(subject: str, word: Word = "more", qualifier: str = "", **more) -> Verdict:
    e = more.pop("estimate", change(subject))
    return Verdict(subject=subject, task="answer", word=word, qualifier=qualifier, sentence=f"{subject} it is.",
                   estimate=e, **more)  # fmt: skip


def study(*subjects: tuple[str, str], **more) -> ReportData:
    """One facet, a base and these adapters, each `more` unless verdicts are given."""
    known = [
        Subject(name="base", kind="base", model="a-model"),
        *(Subject(name=n, kind=k) for n, k in subjects),
    ]
    verdicts = more.pop("verdicts", [verdict(name) for name, _ in subjects])
    return ReportData(
        title="t", study="s", study_hash="h", subjects=known, verdicts=verdicts,
        estimates=[v.estimate for v in verdicts if v.estimate is not None],
        findings=more.pop("findings", [Finding(check="x", severity="ok", message="")]), **more,
    )  # fmt: skip


def said(data: ReportData) -> list[str]:
    view = View(data)
    return [one.text for one in doubts(view, board(view))]


@pytest.fixture(scope="module")
def whole() -> Reader:
    return Reader(rendered(make_data()))


# --- what was tuned ---


@pytest.mark.parametrize(
    ("subjects", "wanted"),
    [
        ([("a", "benchmark")], "a-model was tuned once, to be judged."),
        ([("a", "benchmark"), ("b", "file")], "a-model was tuned twice, both to be judged."),
        ([("a", "contrarian"), ("b", "stubborn"), ("c", "sycophant")],
         "a-model was tuned 3 times, all as a test of the measurement."),
        ([("a", "benchmark"), ("p", "placebo"), ("q", "sham"), ("s", "sycophant")],
         "a-model was tuned 4 times: 1 to be judged, 2 as controls, 1 as a test of the measurement."),
        ([("a", "other"), ("x", "again")],
         "a-model was tuned once, to be judged. Each result is compared with the same model before tuning. It was asked twice too"),
    ],
)  # fmt: skip
def test_it_says_what_was_tuned_and_what_for(subjects, wanted):
    assert first_screen(View(study(*subjects))).what.startswith(wanted)


def test_two_runs_two_simulated_models_and_one_alone_are_no_tuning():
    compared = Comparison(before="a", after="b", items={})
    two = [
        Subject(name="base", kind="base", model="m (before)"),
        Subject(name="after", kind="other", model="m2"),
    ]
    told = first_screen(View(replace(study(("after", "other")), subjects=two, compared=compared))).what
    assert told.startswith("Two runs are compared: m (before) before, m2 after.")
    nulls = [replace(one, simulated=True) for one in two]
    data = replace(study(("after", "other")), subjects=nulls, compared=compared)
    assert first_screen(View(data)).what.startswith("Nothing was tuned. Simulated models stand for before")
    assert "nothing about a real model" in said(data)[0]
    alone = ReportData(title="t", study="s", study_hash="h", subjects=two[:1])
    assert first_screen(View(alone)).what.startswith("Nothing: this is m (before), one model, as it is.")


def test_every_kind_of_subject_is_told():
    from typing import get_args

    from sycoscope.core.manifest import SubjectKind

    assert set(TAUGHT) == set(get_args(SubjectKind))
    assert set(WORDS) == set(get_args(Word)) == set(labels.WORD_GLYPHS)


def test_items_that_only_one_run_has_are_counted_and_named():
    """Runs of items 1 to 6 and 2 to 7, of which item 3 flips."""
    items = ItemsCompared(paired=5, only_before=("1",), only_after=("7",))
    flips = [
        Flip(subject="after", task="answer", condition="user_wrong", control="padded", item_id=str(i), draw=0,
             before="held", after="caved" if i == 3 else "held", strength=None)
        for i in range(2, 7)
    ]  # fmt: skip
    compared = Comparison(before="a", after="b", items={"answer": items})
    text = rendered(study(("after", "other"), flips=flips, compared=compared))
    page = Reader(text)
    assert (
        "Answer: 5 questions stand in both runs and are compared; only before 1 (1), only after 1 (7)."
        in page.whole
    )
    assert [one["aria-label"] for one in page.all("a") if "held" in one.get("aria-label", "")][:2] == [
        "4 held → held", "1 held → caved"
    ]  # fmt: skip
    cell = text.partition('id="t1-0-hc"')[2].partition("</section>")[0]
    assert cell.count("<code>3</code>") == 1
    assert cell.count('class="case"') == 1


# --- what changed ---


def test_one_line_for_each_model_apart_by_what_they_are_for(whole):
    rows = [known for known in whole.all("th") if known.get("scope") == "row"]
    assert len(rows) >= len(SUBJECTS) - 1
    parts = board(View(make_data())).parts
    assert [part for part, *_ in parts] == list(PARTS)
    assert [len(rows) for *_, rows in parts] == [6, 1, 1]
    assert [row.inside for row in parts[1][3]] == ["neutral"]
    seen = plain(whole.seen)
    for name in ("TruthfulQA", "placebo", "planted sycophant"):
        assert name in seen
    assert seen.index("Controls: what any tuning does") < seen.index("Planted: taught on purpose")


def test_numbers_stand_with_interval_and_n(whole):
    seen = plain(whole.seen)
    assert "▲ more +16 (+9 to +23) n 80" in seen
    assert "▼ less −21 (−28 to −14) n 80 selective" in seen


def test_no_name_from_inside_is_seen_at_once(whole):
    seen = plain(whole.seen)
    for inside in (
        "are_you_sure",
        "user_wrong",
        "anti_sycophancy",
        "follow_shift",
        "retention_loss",
        "padded",
        "criterion",
    ):
        assert inside not in seen, inside
    assert "anti_sycophancy" in whole.whole  # a click away


def test_of_one_model_there_is_a_sentence():
    seen = plain(Reader(rendered(study(("mine", "file")))).seen)
    assert (
        "mine takes over the user's wrong answer: ▲ more than before: +16 points (95 % interval +9 to +23), 80 questions."
        in seen
    )


def test_of_several_they_are_named_by_what_they_came_to():
    data = study(
        ("a", "file"), ("b", "file"), ("c", "file"), ("p", "placebo"),
        verdicts=[verdict("a"), verdict("b", "less", "selective"), verdict("c", "more", "as the placebo does"),
                  verdict("p", "more")],
    )  # fmt: skip
    found = {one.told: list(one.names) for one in first_screen(View(data)).found}
    assert found == {
        "gives in to the user more than before": ["a"],
        "gives in less (selective)": ["b"],
        "no change beyond what any tuning does": ["c"],
    }


def test_a_withheld_number_is_no_result():
    e = change("a", state="withheld", reason="fewer than 30 at risk", checks="at_risk", n=12)
    seen = plain(Reader(rendered(study(("a", "file"), verdicts=[verdict("a", estimate=e)]))).seen)
    assert "+16" not in seen
    assert "Answer, a: cannot tell, since only 12 questions could be used (needed: 30)." in seen


# --- what cannot be trusted ---


def test_a_reason_is_said_once_for_all_whom_it_is_true_of(whole):
    seen = plain(whole.seen)
    assert seen.count("does not tell fallacious from sound arguments") == 1
    assert "Feedback, GSM8K, MMLU, HellaSwag and 5 more: cannot tell" in seen


def test_without_controls_it_says_so_and_with_one_it_does_not():
    assert any("No control was tuned beside it" in text for text in said(study(("a", "file"))))
    assert not any("No control" in text for text in said(study(("a", "file"), ("p", "placebo"))))


def test_what_is_amiss_is_said_in_words():
    warned = change("a", state="warned", checks="floor_ceiling", reason="0.02 is near the floor")
    low = Health(label="fewest", value=0.5, unit="share", limit=0.9, worse="below", note="a, doubt")
    data = study(
        ("a", "file"), ("p", "placebo"), verdicts=[verdict("a", estimate=warned)], health=[low], findings=()
    )
    told = said(data)
    assert "Outside its limit: fewest, 50.0\u00a0% (at least 90.0\u00a0% wanted)." in told
    assert any(text.startswith("Counted with a warning: Answer, a: a share is near 0") for text in told)
    assert "No audit was run: no number on this page was checked." in told


def test_a_planted_model_that_is_not_seen_is_a_failed_test():
    data = study(("s", "sycophant"), verdicts=[verdict("s", "no clear change")])
    assert any("even the planted sycophant is not seen there" in text for text in said(data))


# --- folds and notes ---


def test_a_section_that_says_nothing_is_one_line():
    data = make_data(n_items=4)
    open_page = rendered(data)
    assert '<h2 id="claims-h">' in open_page.partition('<section id="claims"')[2][:120]
    quiet = [replace(one, verdict="inconclusive") for one in data.claims]
    text = rendered(replace(data, claims=quiet))
    folded = text.partition('<section id="claims"')[2][:400]
    assert '<details class="fold"><summary><h2 id="claims-h">' in folded
    assert "all 3 are inconclusive on this run" in folded


def test_the_same_note_is_said_once_below_its_table():
    e = change(
        "a", state="warned", reason="the generated answer is not the likeliest option in half of the trials"
    )
    view = View(study(("a", "file")))
    lines = [line(e, view)] * 6
    block = Block("changes", "c", "changes", lines, 6)
    assert folds.footnotes(block) == {e.reason: 1}
    assert folds.footnotes(Block("changes", "c", "changes", lines[:1], 1)) == {}
    gone = replace(e, state="withheld")
    assert folds.withheld([Block("x", "c", "x", [line(gone, view)] * 2, 2)]).endswith(e.reason)
    assert folds.withheld([block]) == ""


def test_reasons_that_differ_in_their_numbers_alone_are_one_reason():
    view = View(study(("a", "file")))
    few = [
        line(
            change("a", state="withheld", reason=f"a, answer, rate: n {n} at risk (needed: 30) [at_risk]"),
            view,
        )
        for n in (7, 8, 9)
    ]
    said = folds.withheld([Block("x", "c", "x", few, 3)])
    assert said == "no number can be shown. For all of them: fewer than 30 questions count"


# --- links ---


def runs() -> dict[str, ReportData]:
    whole = make_data(n_items=6)
    base = [one for one in whole.subjects if one.kind == "base"]
    alone = replace(
        whole, subjects=base, estimates=[e for e in whole.estimates if e.subject == "base"], verdicts=(), flips=(),
        claims=(), associations=(), rankings=(), breakdowns=(), training=(),
    )  # fmt: skip
    return {"many": whole, "alone": decided(alone), "one": study(("mine", "file"))}


@pytest.mark.parametrize("which", ["many", "alone", "one"])
def test_no_link_is_dead(which):
    page = Reader(rendered(runs()[which]))
    assert len(page.ids) == len(set(page.ids))
    assert page.hrefs
    assert [href for href in page.hrefs if not href.startswith("#") or href[1:] not in page.ids] == []


def test_every_number_of_a_table_leads_to_its_trials():
    text = rendered(make_data(n_items=6))
    for row in text.split('<td class="r v">')[1:]:
        if 'class="plain nums"' in text[: text.index(row)].rpartition("<table")[2][:40]:
            assert row.startswith('<a href="#')
    places = Reader(text)
    assert {"t4-0", "v0-0", "trials"} <= set(places.ids)


def test_addresses_are_the_viewer_s():
    from sycoscope.report import trials

    query = dict(
        parse_qsl(urlsplit(trials.address("answer", "a&b=c", "user_wrong", ("held", "caved"))).query)
    )
    asked = listing_of(query).asked
    assert (asked.task, asked.subject, asked.condition) == ("answer", "a&b=c", "user_wrong")
    assert (asked.before, asked.after) == ("held", "caved")
    item = dict(parse_qsl(urlsplit(trials.item_address("answer", "i 1")).query))
    assert pick_of(item).key == ("answer", "i 1")


# --- small inputs that hurt others ---


def trial(
    item: str, draw: int = 0, text: str = "x", subject: str = "mine", condition: str = "user_wrong"
) -> Trial:
    turn = Answered(name="answer", content="Q?", response=Response(text=text))
    return Trial(
        subject=subject,
        task="answer",
        item_id=item,
        condition=condition,
        draw=draw,
        paraphrase="",
        asked=(turn,),
    )


def flip(item: str, after: str, draw: int = 0, before: str = "held") -> Flip:
    return Flip(subject="mine", task="answer", condition="user_wrong", control="padded", item_id=item, draw=draw,
                before=before, after=after, strength=None)  # fmt: skip


def test_failed_requests_are_neither_held_nor_caved():
    """6 held, 2 caved, 2 failed: 8 pairs, and 2 that could not be read."""
    ends = ["held"] * 6 + ["caved"] * 2 + [""] * 2
    flips = [flip(str(i), end) for i, end in enumerate(ends)]
    scores = [
        Score(subject="mine", task="answer", item_id=str(i), condition="user_wrong", draw=0, name="outcome",
              status="scored" if end else "error", label=end or None)
        for i, end in enumerate(ends)
    ]  # fmt: skip
    from sycoscope.report.health import health_of

    health = health_of(scores, [], "base")
    seen = plain(Reader(rendered(study(("mine", "file"), flips=flips, health=health))).whole)
    assert "(8 paired, 2 not readable on both sides)" in seen
    assert "held → held 6" in seen
    assert "held → caved 2" in seen
    assert "2 of 10" in seen
    assert next(cell for cell in health if cell.note.startswith("2 of 10")).value == 0.2


def test_draws_of_an_item_are_counted_in_one_row():
    """Five draws A A B A A are one row: A x4, B x1."""
    flips = [flip("i", "caved" if draw == 2 else "held", draw) for draw in range(5)]
    text = rendered(study(("mine", "file"), flips=flips, trials=[trial("i", draw) for draw in range(5)]))
    cases = text.split('<details class="case"')[1:]
    assert len(cases) == 2  # one in each cell that came about
    assert all("asked several times: held → held ×4, held → caved ×1" in case for case in cases)


def test_a_message_of_megabytes_is_cut_and_its_size_is_said():
    item = Item(id="i", source="s", question="Q?", target="t", suggestion="s")
    hostile = (
        "</p><script>document.title='owned'</script>\x1b[31mred\x1b[0m \u202egnp.exe " + "x" * 20_000_000
    )
    data = study(
        ("mine", "file"), flips=[flip("i", "caved")], trials=[trial("i", text=hostile)], items={"i": item}
    )
    text = rendered(data)
    assert len(text) < 300_000
    assert "more characters left out, of 20\u00a0000\u00a0" in text
    assert "<script>document" not in text
    assert not {"\x1b", "\u202e"} & set(text)
    assert "[U+202E]gnp.exe" in text
    assert plain(Reader(text).seen) == plain(Reader(rendered(replace(data, trials=(), items={}))).seen)


def test_a_run_of_nine_models_is_below_three_megabytes():
    data = make_data(n_items=80, filler=300)
    assert len(rendered(data).encode()) < 3_000_000


# --- for everybody ---


@pytest.mark.parametrize("which", ["many", "alone", "one"])
def test_headings_landmarks_and_tables_are_in_order(which):
    page = Reader(rendered(runs()[which]))
    levels = [level for level, _ in page.headings]
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert all(text.strip() for _, text in page.headings)
    assert [tag for tag, _ in page.tags if tag in ("header", "nav", "main", "footer")] == [
        "header",
        "nav",
        "main",
        "footer",
    ]
    assert page.tags[[tag for tag, _ in page.tags].index("body") + 1][1]["class"] == "skip"
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(one.get("scope") for one in page.all("th"))
    named = {one for known in (k for _, k in page.tags) for one in known.get("aria-labelledby", "").split()}
    assert named <= set(page.ids)


def colours() -> list[dict[str, str]]:
    """The named colours of the style, light and dark."""
    style = (TEMPLATES / "style.css").read_text("utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in style.split(":root {")[1:3]
    )
    return [light, dark]


def contrast(one: str, other: str) -> float:
    """WCAG 2.1, relative luminance."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", [0, 1])
def test_text_stands_out_in_light_and_dark(mode):
    named = colours()[mode]
    texts = ("ink", "muted", "more", "less", "same", "unsure", "amber", "link")
    pairs = [(text, ground) for text in texts for ground in ("paper", "wash")]
    pairs += [("amber", "amber-wash"), ("muted", "amber-wash"), ("more", "hc-wash"), ("less", "ch-wash")]
    low = {pair: round(contrast(named[pair[0]], named[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}


def test_motion_and_focus_are_the_reader_s():
    style = (TEMPLATES / "style.css").read_text("utf-8")
    assert ":focus-visible { outline: 2px" in style
    assert "outline: none" not in style
    for rule in re.findall(r"(?:transition|animation|scroll-behavior: smooth)", style):
        assert "prefers-reduced-motion" in style.partition(rule)[0]


# --- what the page says elsewhere ---


def test_every_section_is_in_the_navigation():
    held = NonInferiority(subject="a", reference="base", task="answer", name="update", condition="user_right",
                          margin=0.1, lower=False, answer="not shown", value=None, low=None, high=None, n=16,
                          reason="n 16 at risk")  # fmt: skip
    page = Reader(rendered(study(("a", "file"), non_inferiority=[held])))
    sections = [known for tag, known in page.tags if tag == "section" and not known.get("class")]
    assert "kept" in [known["id"] for known in sections]
    for known in sections:
        assert f"#{known['id']}" in page.hrefs, known
    # why there is no number stands in the number's place, not under what the others need
    assert '<td class="why" colspan="2">— n 16 at risk</td>' in rendered(
        study(("a", "file"), non_inferiority=[held])
    )


def test_a_number_whose_verdict_is_cannot_tell_says_so_in_table_and_figure():
    """A facet's gate takes the verdict and leaves the number: neither may speak against the first screen."""
    told = [verdict("a", "cannot tell", "does not tell one from the other"), verdict("b")]
    view = View(study(("a", "file"), ("b", "file"), verdicts=told))
    (block,) = blocks(view)
    assert [one.remark for one in block.lines] == ["cannot tell: does not tell one from the other", ""]
    caption = changes(view, WIDE).caption
    assert "Drawn, though the verdict on it is “cannot tell”: a (Answer)." in caption
    without = View(study(("b", "file")))
    assert "cannot tell" not in changes(without, WIDE).caption
