"""The page as a browser would meet it, read by an HTML parser of the standard library."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import get_args

import pytest

from sycoscope.analysis import Verdict
from sycoscope.analysis.decision import QUALIFIERS, Word
from sycoscope.analysis.flips import Flip
from sycoscope.audit import Finding
from sycoscope.core.errors import DataError
from sycoscope.core.types import Estimate
from sycoscope.report import Subject, labels, write_report
from sycoscope.report.page import TEMPLATES
from sycoscope.report.transcripts import _queue

from .report_fixture import BENCHMARKS, NASTY, SUBJECTS, WORDS, decided, make_data

pytestmark = pytest.mark.slow

VOID = {"meta", "br", "input", "link", "img", "hr"}
SVG_LEAVES = {"line", "circle", "path", "rect"}


class Page(HTMLParser):
    """Elements with their text; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, int]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open[-3:]}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.texts.append("")
        if tag not in VOID:
            self.open.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.texts.append("")

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1][0] == tag, f"</{tag}> closes <{self.open[-1][0]}> at {self.getpos()}"
        self.open.pop()

    def handle_data(self, data):
        for _, i in self.open:
            self.texts[i] += data

    def all(self, tag: str, **wanted: str) -> list[tuple[dict[str, str | None], str]]:
        return [
            (attrs, self.texts[i])
            for i, (name, attrs) in enumerate(self.elements)
            if name == tag
            and all(value in (attrs.get(key.rstrip("_")) or "").split() for key, value in wanted.items())
        ]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    path = write_report(make_data(), folder)
    return folder, path.read_text("utf-8")


@pytest.fixture(scope="module")
def page(out):
    return Page(out[1])


def small(**fields):
    """Nine subjects without what takes long to draw."""
    kept = {"estimates": (), "training": (), "verdicts": (), "claims": ()}
    kept |= {"associations": (), "rankings": (), "breakdowns": ()}
    return decided(replace(make_data(n_items=6), **(kept | fields)))


def test_nothing_is_fetched(out, page):
    text = out[1]
    assert not re.search(
        r"\b(?:https?|ftp|wss?):|//[a-z0-9-]+\.[a-z]", re.sub(r"<script>.*?</script>", "", text, flags=re.S)
    )
    assert not re.search(r"@import|url\((?!#)", text)
    assert "fetch(" not in text
    assert "import(" not in text
    for tag, attrs in page.elements:
        assert tag not in {
            "link",
            "img",
            "iframe",
            "object",
            "embed",
            "base",
            "use",
            "image",
            "foreignobject",
        }, tag
        assert "src" not in attrs
        assert "style" not in attrs  # the policy would drop it
        assert not [key for key in attrs if key.startswith("on")]
        assert attrs.get("type") != "module"
        if "href" in attrs:
            assert attrs["href"].startswith("#")


def test_policy_allows_exactly_the_style_and_the_script(page):
    (meta,) = [a for a, _ in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in meta["content"]
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        ((_, body),) = page.all(tag)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in meta["content"]


def test_a_response_never_becomes_an_element(out, page):
    assert len(page.all("script")) == 1
    assert any("planted sycophant <b>&</b>" in text for _, text in page.all("bdi"))
    said = [text for attrs, text in page.all("p", class_="text") if "<script>document.title" in text]
    assert said, "the nasty response is shown, as text"
    assert "{{ 7*7 }}" in said[0]
    assert "\u2028" in said[0]
    assert all("dir" in attrs for attrs, _ in page.all("p", class_="text"))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", out[1])
    assert "owned" not in page.all("title")[0][1]


def test_first_screen(page):
    ((_, verdict),) = [(a, t) for a, t in page.all("section") if a.get("id") == "verdict"]
    for said in (
        "+16.0 points",
        "interval +9 to +23",
        "80 paired items",
        "coverage 97.5",
        "outside its limit",
        "noise floor",
    ):
        assert said in verdict
    ((_, board),) = page.all("table", class_="board")
    for _, _, label in SUBJECTS[1:]:
        assert label[:12] in board
    assert len(page.all("details", class_="answer")) == 8 * 3  # eight adapters, three facets
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for attrs, _ in page.all("a"):
        assert attrs["href"][1:] in ids, attrs["href"]


def test_a_word_stands_with_what_is_behind_it(page):
    ((_, board),) = page.all("table", class_="board")
    for name, (word, qualifier) in WORDS.items():
        if name != "mmlu":  # the audit withholds its number, so that its word is gone
            assert f"{labels.WORD_GLYPHS[word]}\u00a0{word}" in board, name
            assert qualifier in board
    assert "leans less" not in board
    ((_, meant),) = page.all("dl", class_="words")
    used = {qualifier for _, qualifier in WORDS.values() if qualifier}
    for qualifier, meaning in QUALIFIERS.items():
        assert (meaning in meant) is (qualifier in used), qualifier
    # of the other facets too; why it cannot be told stands once
    assert "cannot tell: it does not tell fallacious from sound arguments" in board
    assert "cannot tell: does not tell" not in board
    # the colour goes by the word alone
    known = {word.replace(" ", "-") for word in get_args(Word)}
    for attrs, text in page.all("span", class_="word"):
        (css,) = set(attrs["class"].split()) - {"word"}
        assert css in known, text


def test_every_word_has_a_mark_and_a_colour(tmp_path):
    style = (TEMPLATES / "style.css").read_text("utf-8")
    for word in get_args(Word):
        assert labels.WORD_GLYPHS[word]
        assert f".{word.replace(' ', '-')}" in style
    assert len(set(labels.WORD_GLYPHS.values())) == len(labels.WORD_GLYPHS) == len(get_args(Word))
    e = Estimate(subject="mmlu", reference="base", task="answer", name="suggested_shift", value=-0.1, low=-0.2,
                 high=0.02, n=50, coverage=1.0, primary=True)  # fmt: skip
    lean = Verdict(subject="mmlu", task="answer", word="leans less", sentence="It leans.", estimate=e)
    text = write_report(small(estimates=[e], verdicts=[lean]), tmp_path).read_text("utf-8")
    (_, lede), *_ = Page(text).all("p", class_="lede")
    assert labels.WORD_GLYPHS["leans less"] in lede
    assert "leans less" in lede


def test_flip_cells_count_the_flips(page):
    data = make_data()
    for before in ("held", "caved"):
        for after in ("held", "caved"):
            n = sum((f.subject, f.before, f.after) == ("truthfulqa", before, after) for f in data.flips)
            links = [t for a, t in page.all("a") if a.get("aria-label") == f"{n} {before} → {after}"]
            assert f"{before} → {after} {n}" in links


def test_withheld_number_leaves_its_reason(page):
    (row,) = [t for _, t in page.all("tr") if t.strip().startswith("MMLU") and "Withheld" in t]
    assert "cannot tell" in row
    assert "largest logit difference is 0" in row
    assert "+5.0" not in row
    assert "Transcripts" in row
    gsm = [t for _, t in page.all("tr", class_="withheld") if t.strip().startswith("GSM8K")]
    assert gsm
    assert all("coverage 0.52 is below 0.70" in t and "—" in t for t in gsm)


def test_finding_on_base_counts_for_changes_against_it(tmp_path):
    finding = Finding(check="template", severity="invalid", message="differs", subject="base", task="answer")
    data = make_data(n_items=4)
    both = ("combined", "truthfulqa")  # of one number alone there is no chart
    kept = [e for e in data.estimates if e.task == "answer" and e.subject in both]
    bare = replace(data, estimates=kept, findings=[finding], training=(), verdicts=())
    path = write_report(decided(bare), tmp_path)
    rows = Page(path.read_text("utf-8")).all("tr")
    against = {
        ref: [a for a, t in rows if "combined" in t and f"{ref}" in t and "shift" in t and "Answer" in t]
        for ref in ("base", "neutral")
    }
    assert {a["class"] for a in against["base"]} == {"withheld"}
    assert {a["class"] for a in against["neutral"]} == {"valid"}


def test_finding_on_the_placebo_counts_for_changes_against_it_whatever_its_name(tmp_path):
    finding = Finding(
        check="bos", severity="invalid", message="two of them", subject="neutral", task="answer"
    )
    data = make_data(n_items=4)
    both = ("combined", "truthfulqa")  # of one number alone there is no chart
    kept = [e for e in data.estimates if e.task == "answer" and e.subject in both]
    bare = replace(data, estimates=kept, findings=[finding], training=(), verdicts=())
    rows = Page(write_report(decided(bare), tmp_path).read_text("utf-8")).all("tr")
    against = {
        ref: {
            a["class"]
            for a, t in rows
            if "combined" in t and ref in t and "follow shift" in t and "Answer" in t
        }
        for ref in ("base", "neutral")
    }
    assert against == {"base": {"valid"}, "neutral": {"withheld"}}
    spec = json.loads((tmp_path / "figures" / "changes.vl.json").read_text("utf-8"))
    drawn = [
        row
        for table in spec["datasets"].values()
        for row in table
        if row.get("row") == "combined" and "why" in row
    ]
    assert {(row["series"], row["why"]) for row in drawn} == {
        ("change against base", ""), ("change against placebo", "× withheld")
    }  # fmt: skip


def test_a_condition_is_called_by_the_facet_that_asks_it(tmp_path):
    estimates = [
        Estimate(
            subject="base", task=task, name=name, condition="control", value=0.9, low=0.8, high=1.0, n=50
        )
        for task, name in (
            ("answer", "accuracy"),
            ("are_you_sure", "retention"),
            ("feedback", "flaw_identified"),
        )
    ]
    page = Page(write_report(small(estimates=estimates), tmp_path).read_text("utf-8"))
    shown = {cells[1]: cells[2] for cells in rows(page, "90.0", "control (")}
    assert shown == {
        "Answer: accuracy": "control (bare question)",
        "Are you sure?: retention": "control (neutral re-ask)",
        "Feedback: flaw identified": "control (no stance)",
    }


def test_a_number_whose_state_was_never_decided_is_not_shown(tmp_path):
    bare = Estimate(subject="base", task="answer", name="follow", condition="user_wrong", value=0.9)
    with pytest.raises(DataError, match=r"estimates: 1 of 1 estimates have no state.*decide_states"):
        write_report(replace(small(), estimates=[bare]), tmp_path)
    assert not list(tmp_path.iterdir())


def test_numbers_stand_with_n_interval_and_coverage(page):
    tables = page.all("table", class_="nums")
    assert len(tables) >= 4
    for _, text in tables:
        for column in ("Interval", "Coverage", "Clusters", "Method"):
            assert column in text
    rows = [t for a, t in page.all("tr", class_="valid")]
    assert rows
    assert all(" to " in t and "97.5" in t and "80" in t for t in rows)
    missing = [t for a, t in page.all("tr", class_="missing")]
    assert missing
    assert all("—" in t and ("at risk" in t or "all verdicts" in t) for t in missing)


def test_tables_and_figures_are_labelled(page):
    n_tables = len(page.all("table"))
    assert len(page.all("caption")) == n_tables
    assert all(attrs.get("scope") in ("col", "row", "colgroup", "rowgroup") for attrs, _ in page.all("th"))
    assert len(page.all("figure")) == len(page.all("figcaption")) == 8
    assert all(attrs.get("role") == "img" and attrs.get("aria-label") for attrs, _ in page.all("svg"))
    for label, _ in BENCHMARKS.values():
        assert label in page.all("main")[0][1]


def section(page, name):
    ((_, text),) = [(a, t) for a, t in page.all("section") if a.get("id") == name]
    return " ".join(text.split())


def rows(page, *parts):
    """Cells of every table row that holds all parts."""
    found: list[list[str]] = []
    for (tag, _), text in zip(page.elements, page.texts, strict=True):
        if tag == "tr":
            found.append([])
        elif tag in ("td", "th") and found:
            found[-1].append(" ".join(text.split()))
    return [cells for cells in found if all(any(part in cell for cell in cells) for part in parts)]


def test_each_published_finding_stands_with_its_numbers(page):
    text = section(page, "claims")
    assert "inconclusive 2" in text
    assert "They said: Tuning on TruthfulQA consistently increases sycophancy." in text
    assert "Their data: not in the data." in text
    (base,) = rows(page, "TruthfulQA tuning raises")
    assert "opposite" in base[1]
    assert "1 of 3 count in its direction, 1 against it" in base[1]
    assert base[2:] == [
        "TruthfulQA", "Answer: follow shift", "base", "+16.0 points", "+9.0 to +23.0", "78", "97.5 %", "0.020", "counts: up"
    ]  # fmt: skip
    (held,) = rows(page, "withheld by the audit: coverage")
    assert held == [
        "TruthfulQA",
        "Are you sure?: retention loss",
        "base",
        "—",
        "39",
        "50.0 %",
        "—",
        "withheld by the audit: coverage",
    ]
    (r,) = rows(page, "across adapters")
    assert r[3:] == [
        "TruthfulQA (letters) with Feedback", "—", "r +0.72", "−0.22 to +0.97", "6", "—", "0.149",
        "descriptive: 6 adapters describe themselves and no more",
    ]  # fmt: skip
    (bare,) = rows(page, "GSM8K protects")
    assert bare[-1] == "this run has none of the study's adapters"


def test_associations_and_rankings_stand_with_their_uncertainty(page):
    (r,) = rows(page, "exact permutation")
    assert r == [
        "MMLU",
        "Answer: follow shift",
        "−0.40",
        "−0.93 to +0.61",
        "6",
        "0.420",
        "0.800",
        "exact permutation",
        "descriptive: 6 points",
    ]
    (none,) = rows(page, "fewer than two points")
    assert none[2:5] == ["—", "—", "1"]
    ranked = rows(page, "95 % 1 to 3 · first 61 %")
    assert [row[:4] for row in ranked] == [
        ["GSM8K", "40.0 %", "70.0 %", "1 95 % 1 to 3 · first 61 %"], ["MMLU", "40.0 %", "70.0 %", "2 95 % 1 to 3 · first 61 %"]
    ]  # fmt: skip
    assert "capability: GSM8K, MMLU; independence: Answer" in section(page, "across")


def test_groups_have_interval_and_n_and_hide_what_is_withheld(page):
    text = section(page, "groups")
    assert "Answer: follow, user, wrong answer, by field" in text
    assert rows(page, "capitals") == [["capitals", *["25 %15 to 35n 80"] * 2]]
    # the audit's finding on gsm8k, are_you_sure counts for its groups too
    assert rows(page, "straw man") == [["straw man", "—withheld"]]
    assert "no trial" in text


def test_the_channels_stand_beside_each_other(tmp_path):
    def level(name, condition, value, **more):
        fields = {"subject": "base", "task": "answer", "name": name, "condition": condition, "value": value}
        return Estimate(**fields | {"low": value - 0.1, "high": value + 0.1, "n": 78} | more)

    estimates = (
        level("follow", "user_wrong", 0.45), level("follow_logprob", "user_wrong", 0.9, n=56),
        level("channel_disagreement", "control", 0.43), level("channel_kappa", "control", -0.01, unit="score"),
    )  # fmt: skip
    page = Page(write_report(small(estimates=estimates), tmp_path).read_text("utf-8"))
    shown = {row[0]: row[1] for row in rows(page, "n ") if len(row) == 2}
    assert shown["follow, user wrong"] == "45 %35 to 55n 78".replace(" ", " ")
    assert shown["follow (log-prob.), user wrong"].startswith("90")
    assert shown["channels disagree, control"].endswith("33 to 53n 78")
    assert shown["channel kappa, control"] == "−0.01−0.11 to 0.09n 78"
    one = (level("follow", "user_wrong", 0.45),)
    assert not rows(Page(write_report(small(estimates=one), tmp_path).read_text("utf-8")), "35 to 55n 78")


def test_a_withheld_level_does_not_take_the_verdict_on_the_change(tmp_path):
    data = make_data(n_items=6)
    held = Finding(
        check="at_risk",
        severity="invalid",
        message="n 1 at risk",
        subject="combined",
        task="answer",
        name="follow",
    )
    page = Page(
        write_report(decided(replace(data, findings=[held], training=())), tmp_path).read_text("utf-8")
    )
    (row,) = [cells for cells in rows(page, "After tuning on combined") if cells[0].startswith("combined")]
    assert "more" in row[1]


@pytest.mark.parametrize("most", [1, 7, 200])
def test_the_study_says_how_many_transcripts_an_adapter_has(tmp_path, most):
    data = small(transcripts=most)
    shown = Page(write_report(data, tmp_path).read_text("utf-8")).all("details", class_="case")
    flips = [f for f in data.flips if f.before and f.after]
    every = {s: sum(f.subject == s for f in flips) for s in {f.subject for f in flips}}
    assert len(shown) == sum(min(most, n) for n in every.values())


def test_transcripts_say_what_is_left_out(page):
    ((_, text),) = [(a, t) for a, t in page.all("section") if a.get("id") == "trials"]
    n = len(page.all("details", class_="case"))
    assert f"{n} of 312 paired items are shown" in text.replace("\n", " ")  # 39 of 40 items, eight adapters
    assert "seed 11" in text
    assert "Probe “choice”" in text
    assert "−1.30" in text


def test_size_cap_drops_transcripts_and_says_so(tmp_path):
    data = replace(make_data(n_items=12, filler=9000), estimates=(), training=(), verdicts=())
    whole = write_report(data, tmp_path / "a")
    cap = whole.stat().st_size // 2
    less = write_report(data, tmp_path / "b", max_bytes=cap)
    assert less.stat().st_size < cap
    assert "more characters left out" in less.read_text("utf-8")
    with pytest.raises(DataError, match="max_bytes"):
        write_report(data, tmp_path / "c", max_bytes=1000)
    assert not (tmp_path / "c" / "report.html").exists()


def test_same_data_same_bytes(tmp_path):
    data = small(estimates=make_data().estimates[:40])
    paths = [write_report(data, tmp_path / name) for name in "ab"]
    files = [
        {p.relative_to(path.parent): p.read_bytes() for p in path.parent.rglob("*") if p.is_file()}
        for path in paths
    ]
    assert files[0].keys() == files[1].keys()
    # a PDF of one and the same picture lists its parts in another order each time it is written
    assert {k: v for k, v in files[0].items() if k.suffix != ".pdf"} == {
        k: v for k, v in files[1].items() if k.suffix != ".pdf"
    }


def test_empty_report_says_that_nothing_was_run(tmp_path):
    data = small(findings=(), flips=(), health=(), manifest={}, trials=(), scores=())
    text = write_report(data, tmp_path).read_text("utf-8")
    Page(text)
    assert "This report was given no verdict" in text
    assert "audit was not run" in text


def test_the_foot_says_how_the_run_was_made_and_how_it_is_cited(tmp_path):
    made = {
        "date": "2026-01-02T03:04:05+00:00", "seconds": 200.0, "command": ["sycoscope", "run", "<b>.yaml"],
        "machine": {"system": "Linux", "processors": 2, "python": "3.11.7"},
    }  # fmt: skip
    for found, told in (
        (
            made,
            "Made 2026-01-02 03:04 UTC, in 3 min, by: sycoscope run &lt;b&gt;.yaml. On Linux, 2 processors, Python",
        ),
        (made | {"command": [], "machine": {}}, "Made 2026-01-02 03:04 UTC, in 3 min, from Python.<"),
        (None, ""),
    ):
        data = small(manifest={"versions": {"sycoscope": "0.1.0"}} | ({"made": found} if found else {}))
        foot = write_report(data, tmp_path).read_text("utf-8").partition("<footer")[2]
        assert told in foot
        assert ("Made" in foot) is bool(told)
        assert (
            f"Sycoscope 0.1.0 [software, MIT licence]. Study {data.study}, hash {data.study_hash[:12]}."
            in foot
        )


def test_single_adapter_gets_a_square(tmp_path):
    e = Estimate(
        subject="tuned",
        reference="base",
        task="answer",
        name="follow",
        condition="user_wrong",
        value=0.1,
        low=0.02,
        high=0.18,
        n=50,
        n_clusters=50,
        coverage=1.0,
        primary=True,
    )
    flip = Flip(
        subject="tuned",
        task="answer",
        condition="user_wrong",
        control="",
        item_id="nowhere",
        draw=0,
        before="held",
        after="caved",
        strength=None,
    )
    data = small(
        subjects=[Subject(name="base", kind="base"), Subject(name="tuned", kind="other")], estimates=[e], flips=[flip],
        verdicts=[Verdict(subject="tuned", task="answer", word="more", sentence="It gave in more often: +10.0 points.", estimate=e)],
    )  # fmt: skip
    page = Page(write_report(data, tmp_path).read_text("utf-8"))
    ((_, square),) = page.all("table", class_="square")
    assert "1 paired" in square
    assert [t for a, t in page.all("tr", class_="valid") if "+10.0" in t and "user, wrong answer" in t]
    # one number makes no chart: it is said in a line, with its interval and n
    assert not page.all("figure")
    assert not list((tmp_path / "figures").glob("*"))
    ((_, line),) = page.all("p", class_="undrawn")
    assert "One number, so no chart: Answer, follow, tuned against base: +10.0" in line
    assert "interval +2.0 to +18.0, n 50" in line
    assert "no transcript of before: base and after: tuned in this file" in page.all("main")[0][1]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"subjects": ()}, "at least one subject"),
        ({"subjects": [Subject(name="a", kind="base")] * 2, "flips": ()}, "named twice: 'a'"),
        (
            {"verdicts": [Verdict(subject="ghost", task="answer", word="more", sentence="")]},
            "'ghost' is not among",
        ),
        (
            {"verdicts": [Verdict(subject="mmlu", task="answer", word="worse", sentence="")]},
            "allowed: more, less",
        ),
    ],
)
def test_bad_data_is_refused(tmp_path, fields, said):
    with pytest.raises(DataError, match=said):
        write_report(small(**fields), tmp_path)
    assert not list(tmp_path.iterdir())


def test_nasty_text_in_every_name(tmp_path):
    subjects = [Subject(name="base", kind="base", label=NASTY), Subject(name=NASTY, kind="other")]
    e = Estimate(
        subject=NASTY,
        reference="base",
        task=NASTY,
        name=NASTY,
        value=0.1,
        low=0.0,
        high=0.2,
        n=5,
        coverage=1.0,
        primary=True,
        note=NASTY,
    )
    verdict = Verdict(subject=NASTY, task=NASTY, word="more", sentence=NASTY, estimate=e)
    data = small(
        title=NASTY,
        study=NASTY,
        subjects=subjects,
        estimates=[e],
        verdicts=[verdict],
        flips=(),
        findings=[Finding(check=NASTY, severity="warn", message=NASTY)],
    )
    page = Page(write_report(data, tmp_path).read_text("utf-8"))
    assert len(page.all("script")) == 1
    assert not page.all("img")


def test_a_model_alone_is_read_first_and_shown_beside_itself(tmp_path):
    whole = make_data()
    item = next(iter(whole.items))
    flip = Flip(
        subject="base", task="answer", condition="user_wrong", control="padded", item_id=item, draw=0,
        before="held", after="caved", strength=1.0,
    )  # fmt: skip
    warned = Finding(
        check="channels", severity="warn", message="they differ", subject="base", task="answer", name="follow"
    )
    data = replace(
        whole,
        subjects=[one for one in whole.subjects if one.kind == "base"],
        estimates=[e for e in whole.estimates if e.subject == "base" and not e.reference],
        verdicts=(), flips=[flip], findings=[warned], claims=(), associations=(), rankings=(), breakdowns=(),
        training=(),
    )  # fmt: skip
    page = Page(write_report(decided(data), tmp_path).read_text("utf-8"))
    ((_, text),) = page.all("body")
    assert "How far does this model give in?" in text
    assert "No verdict" not in text
    assert "Across adapters" not in text
    assert "by channels" in text
    assert "held → caved" in text
    shown = [trial for trial in whole.trials if trial.subject == "base" and trial.item_id == item]
    for trial in shown:  # the control and the cue, each with its own words
        assert trial.asked[0].content in text


@pytest.mark.parametrize(("after", "first"), [("caved", 2.0), ("held", -2.0)])
def test_the_strongest_changes_are_those_in_the_direction_of_their_cell(after, first):
    flips = [
        Flip(
            subject="tuned", task="answer", condition="user_wrong", control="", item_id=f"i{n}", draw=0,
            before="held" if after == "caved" else "caved", after=after, strength=float(n),
        )
        for n in (-2, 0, 2)
    ]  # fmt: skip
    (strongest, why), *_ = _queue(flips, 3, random.Random(0))
    assert (strongest.strength, why) == (first, "strongest")
