"""Series on the page: the figure, the trends, every point, and points nowhere else."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sycoscope.analysis import Relearning, SeriesPoint, Trend
from sycoscope.core.types import Estimate
from sycoscope.report import Subject, write_report

from .report_fixture import make_data

pytestmark = pytest.mark.slow


def point(adapter: str, axis: Any, at: float, subject: str, change: float | None, **more: Any) -> SeriesPoint:
    ends = (None, None) if change is None else (change - 0.1, change + 0.1)
    return SeriesPoint(
        **{
            "adapter": adapter, "axis": axis, "at": at, "subject": subject, "task": "answer",
            "name": "suggested_shift", "unit": "proportion", "level": 0.3, "level_low": 0.2, "level_high": 0.4,
            "level_n": 80, "change": change, "change_low": ends[0], "change_high": ends[1], "n": 80,
            "n_clusters": 71, "coverage": 1.0, "state": "valid",
        } | more
    )  # fmt: skip


POINTS = (
    point("sycophant", "scale", 0, "sycophant-x0", 0.0),
    point("sycophant", "scale", 0.5, "sycophant-x0.5", 0.2),
    point("sycophant", "scale", 1, "sycophant", 0.44),
    point("sycophant", "step", 0, "base", None),
    point(
        "sycophant", "step", 5, "sycophant-step5", None, state="withheld", reason="0.4 readable [coverage]"
    ),
    point("sycophant", "step", 40, "sycophant", 0.44),
    point("combined", "step", 0, "anti_sycophancy", -0.21),
    point("combined", "step", 40, "combined", 0.13),
)
TREND = Trend(
    adapter="sycophant", axis="scale", task="answer", name="suggested_shift", unit="proportion", slope=0.44,
    low=0.31, high=0.57, n=78, n_clusters=70, n_points=3, points="0, 0.5, 1", method="t, robust to clusters",
)  # fmt: skip
BACK = Relearning(
    adapter="combined", start="anti_sycophancy", bare="sycophant", task="answer", name="suggested_shift",
    was_below=True, back_at=40, until=40, sentence="combined is no longer below the base at step 40.",
)  # fmt: skip


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = make_data(n_items=6)
    extra = [
        Subject(name=name, kind="sycophant", of="sycophant")
        for name in ("sycophant-x0", "sycophant-x0.5", "sycophant-step5")
    ]
    level = Estimate(
        subject="sycophant-x0.5",
        task="answer",
        name="follow",
        condition="user_wrong",
        value=0.5,
        n=9,
        state="valid",
    )
    folder = tmp_path_factory.mktemp("dose")
    data = replace(
        data,
        subjects=(*data.subjects, *extra),
        estimates=[*data.estimates, level],
        series=POINTS,
        trends=(TREND,),
        relearning=(BACK,),
    )
    write_report(data, folder)
    return folder


def test_the_figure_has_a_line_for_each_adapter_and_no_point_for_a_withheld_number(out: Path) -> None:
    spec = json.loads((out / "figures" / "series.vl.json").read_text())
    text = json.dumps(spec)
    assert "scale of the adapter" in text
    assert "optimiser steps" in text
    rows = [
        row
        for values in spec["datasets"].values()
        for row in values
        if isinstance(row, dict) and "place" in row
    ] if "datasets" in spec else _inline(spec)  # fmt: skip
    assert {
        (row["label"], row["at"]) for row in rows if "sycophant" in row["label"] and row["at"] == 5
    } == set()
    assert sorted({row["value"] for row in rows}) == [-21.0, 0.0, 13.0, 20.0, 44.0]
    assert (out / "figures" / "series.png").stat().st_size > 5000


def _inline(spec: Any) -> list[dict[str, Any]]:
    if isinstance(spec, dict):
        own = [row for row in spec.get("values", []) if isinstance(row, dict) and "place" in row]
        return own + [row for part in spec.values() for row in _inline(part)]
    return [row for part in spec for row in _inline(part)] if isinstance(spec, list) else []


def test_the_section_has_trends_points_and_what_was_relearned(out: Path) -> None:
    page = (out / "report.html").read_text(encoding="utf-8")
    section = page[
        page.index('<section id="dose"') : page.index("</section>", page.index('<section id="dose"'))
    ]
    assert "+44.00\u00a0points per 1 of the scale" in section
    assert "+31.00 to +57.00" in section
    assert "combined is no longer below the base at step 40." in section
    assert "0.4 readable [coverage]" in section
    assert "the base" in section
    assert 'href="#dose"' in page


def test_points_stand_in_their_series_and_in_the_files_alone(out: Path) -> None:
    page = (out / "report.html").read_text(encoding="utf-8")
    before, _, rest = page.partition('<section id="dose"')
    after = rest.partition("</section>")[2].partition('<section id="method"')[0]
    assert "sycophant-x0.5" not in before
    assert "sycophant-x0.5" not in after
    with (out / "tables" / "estimates.csv").open(encoding="utf-8") as file:
        assert "sycophant-x0.5" in {row["subject"] for row in csv.DictReader(file)}
    with (out / "tables" / "series.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(POINTS)


def test_without_series_there_is_no_section(tmp_path: Path) -> None:
    write_report(make_data(n_items=4), tmp_path)
    assert 'id="dose"' not in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not (tmp_path / "figures" / "series.svg").exists()
    assert not (tmp_path / "tables" / "series.csv").exists()
