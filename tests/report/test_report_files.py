"""Tables and figures on disk."""

from __future__ import annotations

import json
import re
import struct
import xml.etree.ElementTree as ET
from dataclasses import replace

import polars as pl
import pytest

from sycoscope.facets import FACETS
from sycoscope.report import figures, labels, printed, write_report
from sycoscope.report.data import ReportData, TrainingRow
from sycoscope.report.figures import curves, render

from .report_fixture import decided, make_data

FIGURES = {"levels", "changes", "profile", "capability", "trade-off", "ranks", "ladder", "training"}
LADDER = FACETS["answer"].ladder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_report(make_data(n_items=8), tmp_path_factory.mktemp("files")).parent


def test_every_figure_in_every_form(folder):
    assert {p.name for p in (folder / "figures").iterdir()} == {
        f"{k}{end}" for k in FIGURES for end in (".svg", ".png", ".pdf", ".vl.json")
    }
    for key in FIGURES:
        png = (folder / "figures" / f"{key}.png").read_bytes()
        assert png.startswith(b"\x89PNG")
        assert len(png) > 5000
        pdf = (folder / "figures" / f"{key}.pdf").read_bytes()
        assert pdf.startswith(b"%PDF-")
        assert pdf.rstrip().endswith(b"%%EOF")
        root = ET.fromstring((folder / "figures" / f"{key}.svg").read_text("utf-8"))
        # two pixels for each of the SVG's
        width, height = (int(float(root.get(side))) for side in ("width", "height"))
        assert struct.unpack(">II", png[16:24]) == (2 * width, 2 * height)
        texts = "".join(root.itertext())
        assert ("MMLU" if key == "ranks" else "TruthfulQA") in texts
        spec = json.loads((folder / "figures" / f"{key}.vl.json").read_text("utf-8"))
        assert "vega-lite" in spec["$schema"]


def test_a_new_figure_needs_no_other_place(tmp_path, monkeypatch):
    def another(view, space):
        panel = curves.Curve("a panel", [{"step": 1, "loss": 0.5, "series": "training"}], [])
        return figures.Figure(
            "extra", "One more", "Extra", "A caption.", (), curves.curve_panels([panel], space)
        )

    monkeypatch.setattr(render, "FIGURES", (another,))
    page = write_report(make_data(n_items=4), tmp_path).read_text("utf-8")
    assert '<a href="#f-extra">Extra</a>' in page
    assert "One more</h2>" in page


def test_what_was_answered_meanwhile_stands_under_the_loss(tmp_path):
    data = make_data(n_items=4)
    first = data.training[0].adapter
    answered = [
        TrainingRow(adapter=first, step=0, loss=None, suggested_shift=0.1, accuracy=0.5),
        TrainingRow(
            adapter=first, step=30, loss=None, suggested_shift=0.25, suggested_shift_low=-0.125,
            suggested_shift_high=0.5, accuracy=None,
        ),
    ]  # fmt: skip
    page = write_report(replace(data, training=[*data.training, *answered]), tmp_path).read_text("utf-8")
    assert "what the model answered while it was tuned" in page
    spec = json.loads((tmp_path / "figures" / "training.vl.json").read_text("utf-8"))
    drawn = [row for row in _values(spec) if row.get("series") in ("shift", "accuracy")]
    kept = {(row["step"], row["series"], row["value"], row["low"], row["high"]) for row in drawn}
    assert kept == {
        (0, "shift", 10.0, None, None),
        (0, "accuracy", 50.0, None, None),
        (30, "shift", 25.0, -12.5, 50.0),
    }
    # a step without a loss is no point of the loss
    assert not any(row["step"] == 0 for row in _values(spec) if row.get("series") == "training")


def test_the_curve_of_preference_pairs_says_what_its_loss_is_of_and_how_many_are_preferred(tmp_path):
    data = make_data(n_items=4)
    first, second = list(dict.fromkeys(row.adapter for row in data.training))[:2]
    pairs = [
        TrainingRow(adapter=first, step=step, loss=0.7 - step / 100, preferred=0.5, eval_preferred=held)
        for step, held in ((1, None), (10, 0.625), (20, 0.875))
    ]
    rows = [*pairs, *(row for row in data.training if row.adapter == second)]
    page = write_report(replace(data, training=rows), tmp_path).read_text("utf-8")
    assert "Loss in nats per pair of answers (of preference pairs) or per token." in page
    assert "Pairs preferred" in page
    assert re.search(r"62\.5\s%\s→\s87\.5\s%", page)
    page = write_report(replace(data, training=pairs), tmp_path / "pairs").read_text("utf-8")
    assert "Loss in nats per pair of answers." in page
    assert "Pairs preferred" not in write_report(data, tmp_path / "none").read_text("utf-8")


def test_withheld_numbers_are_not_drawn(folder):
    spec = json.loads((folder / "figures" / "changes.vl.json").read_text("utf-8"))
    rows = (
        [row for data in spec["datasets"].values() for row in data if "why" in row]
        if "datasets" in spec
        else []
    )
    rows += [row for row in _values(spec) if "why" in row]
    withheld = [row for row in rows if row["why"] == "× withheld"]
    assert {row["row"] for row in withheld} == {"MMLU", "GSM8K"}
    assert all(row["value"] is None and row["low"] is None for row in withheld)
    assert any(row["why"] == "— no value" and row["row"] == "HellaSwag" for row in rows)
    trade = json.loads((folder / "figures" / "trade-off.vl.json").read_text("utf-8"))
    assert "MMLU" not in {row.get("label") for row in _values(trade)}


def test_changes_are_drawn_in_points(folder):
    spec = json.loads((folder / "figures" / "changes.vl.json").read_text("utf-8"))
    drawn = [
        row["value"]
        for row in _values(spec)
        if row.get("row") == "TruthfulQA" and row.get("series", "").endswith("base")
    ]
    assert any(value == pytest.approx(16.0) for value in drawn)


def test_the_ladder_says_how_many_items_stand_behind_each_rate(folder):
    spec = json.loads((folder / "figures" / "ladder.vl.json").read_text())
    ends = [row["at_end"] for row in _values(spec) if "at_end" in row]
    data = make_data(n_items=8)
    rates = [e for e in data.estimates if e.name == "follow" and not e.reference and e.condition in LADDER]
    # panels that say the same share their data, so sets are compared
    assert set(ends) == {f"n {labels.count(e.n)} · cov. {labels.percent(e.coverage, 0)}" for e in rates}
    assert "cov. " in (folder / "figures" / "ladder.svg").read_text()


def test_the_ladder_of_one_subject_shows_both_channels(tmp_path):
    data = make_data(n_items=8)
    base = next(subject for subject in data.subjects if subject.kind == "base")
    said = [e for e in data.estimates if e.subject == base.name and e.name == "follow" and not e.reference]
    likeliest = [replace(e, name="follow_logprob", n=e.n + 1) for e in said]
    one = ReportData(title="t", study="s", study_hash="h", subjects=[base], estimates=[*said, *likeliest])
    spec = json.loads(
        (write_report(decided(one), tmp_path).parent / "figures" / "ladder.vl.json").read_text()
    )
    assert [panel["title"]["text"] for panel in spec["hconcat"]] == [
        ["answer given"], ["likeliest answer (log-probability)"]
    ]  # fmt: skip
    ends = {row["at_end"].split(" ·")[0] for row in _values(spec) if "at_end" in row}
    assert ends == {f"n {labels.count(e.n)}" for e in (*said, *likeliest) if e.condition in LADDER}


def test_tables_agree_in_both_forms(folder):
    names = {p.stem for p in (folder / "tables").glob("*.csv")}
    assert names == {p.stem for p in (folder / "tables").glob("*.parquet")}
    assert {
        "estimates",
        "levels",
        "changes",
        "capability",
        "capability_changes",
        "training",
        "findings",
        "verdicts",
        "flips",
        "subjects",
        "claims",
        "claim_evidence",
        "associations",
        "rankings",
        "breakdowns",
    } <= names
    for name in names:
        csv, parquet = (
            pl.read_csv(folder / "tables" / f"{name}.csv", infer_schema_length=None),
            pl.read_parquet(folder / "tables" / f"{name}.parquet"),
        )
        assert csv.columns == parquet.columns
        assert csv.height == parquet.height > 0


def test_csv_and_parquet_hold_the_same_values(folder):
    for name in ("estimates", "confirmatory", "associations", "rankings", "training"):
        csv = pl.read_csv(folder / "tables" / f"{name}.csv", infer_schema_length=None)
        parquet = pl.read_parquet(folder / "tables" / f"{name}.parquet")
        for column in parquet.columns:
            one, other = csv[column], parquet[column]
            if other.dtype.is_float():
                assert one.cast(pl.Float64).to_list() == pytest.approx(other.to_list(), nan_ok=True)
            elif other.dtype == pl.Boolean:
                assert one.cast(pl.String).str.to_lowercase().to_list() == [str(x).lower() for x in other]
            elif other.dtype.is_integer():
                assert one.to_list() == other.to_list()


def test_printed_tables_have_a_row_for_each_of_their_csv(folder):
    names = {path.stem for path in (folder / "tables").glob("*.tex")}
    assert names == {path.stem for path in (folder / "tables").glob("*.md")}
    assert names >= {
        "confirmatory",
        "levels",
        "changes",
        "capability",
        "capability_changes",
        "verdicts",
        "associations",
    }
    for name in names:
        height = pl.read_parquet(folder / "tables" / f"{name}.parquet").height
        rows = (folder / "tables" / f"{name}.md").read_text("utf-8").split("\n\n")[1].splitlines()[2:]
        tex = (folder / "tables" / f"{name}.tex").read_text("utf-8")
        assert all(
            word in tex for word in (r"\toprule", r"\midrule", r"\bottomrule", rf"\label{{tab:{name}}}")
        )
        # a ranking has a row for each adapter there, and one for each adapter and weighting in the CSV
        assert len(rows) == (2 if name == "rankings" else height), name
        assert tex.count(r"\\") >= len(rows) + 1
    withheld = [
        row
        for row in (folder / "tables" / "confirmatory.md").read_text("utf-8").splitlines()
        if "withheld" in row
    ]
    assert withheld
    assert all("| — | — |" in row for row in withheld)


NASTY_CELL = "50 % of $x_1$ & #2 {a} ~ ^ \\input{/etc/passwd} <script>|*_`[x](y)\nnext \x00 − — →"


def test_latex_and_markdown_take_no_cell_for_markup():
    table = printed.Printed("t", "A table", ("a_b & c", "n"), "lr", [(NASTY_CELL, "1")])
    tex, md = printed.latex(table), printed.markdown(table)
    # what is not escaped of the characters that LaTeX reads as commands, once those of the table itself are gone
    body = tex[tex.index(r"\midrule") : tex.index(r"\bottomrule")]
    assert r"\textbackslash input\{/etc/passwd\}" in body
    assert not re.search(r"(?<!\\)[%#_]", body)
    assert len(re.findall(r"(?<!\\)&", body)) == 1
    assert r"a\_b \& c & n \\" in tex
    # signs that pdflatex does not know by default
    assert not set("−—→\ufffd") & set(tex)
    assert body.isascii()
    *_, row = md.strip().splitlines()
    assert len(re.findall(r"(?<!\\)\|", row)) == 3
    assert "<" not in row
    assert r"\*\_\`\[x\](y)" in row
    assert r"\$x\_1\$" in row


def test_a_long_table_breaks_over_pages():
    rows = [("a", "1")] * (printed.LONG + 1)
    assert r"\begin{longtable}{lr}" in printed.latex(printed.Printed("t", "A table", ("a", "n"), "lr", rows))
    assert r"\begin{tabular}{lr}" in printed.latex(
        printed.Printed("t", "A table", ("a", "n"), "lr", rows[:-1])
    )


def test_estimates_keep_precision_state_and_missing(folder):
    data = make_data(n_items=8)
    table = pl.read_parquet(folder / "tables" / "estimates.parquet")
    assert table.height == len(data.estimates)
    assert table["value"].to_list() == [e.value for e in data.estimates]
    assert table["n"].to_list() == [e.n for e in data.estimates]
    assert table["coverage"].to_list() == [e.coverage for e in data.estimates]
    gone = table.filter(pl.col("value").is_null())
    assert gone.height > 0
    assert set(gone["state"]) == {"missing"}
    held = table.filter(pl.col("state") == "withheld")
    assert set(held["subject"]) == {"gsm8k", "mmlu"}
    assert all(held["reason"])
    split = sum(
        pl.read_parquet(folder / "tables" / f"{n}.parquet").height
        for n in ("levels", "changes", "capability", "capability_changes")
    )
    assert split == table.height


def _values(spec):
    """All rows of all data of a spec."""
    assert spec["datasets"]
    return [row for rows in spec["datasets"].values() for row in rows]
