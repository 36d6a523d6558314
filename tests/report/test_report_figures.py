"""The figures as pictures: nothing overlaps or is cut, the room is filled, colours survive, nothing is drawn of nothing."""

from __future__ import annotations

import re
from functools import cache
from itertools import combinations

import numpy as np
import pytest

from sycoscope.report.figures import theme
from sycoscope.report.figures.render import FIGURES, _spec, made, svg_of
from sycoscope.report.figures.scatter import marks_of
from sycoscope.report.figures.space import NARROW, WIDE
from sycoscope.report.page import TEMPLATES
from sycoscope.report.view import View

from .crowd import BENCHMARKS, WITHHELD, crowd, names_of
from .svg_texts import boxes, outside, overlaps, size

KEYS = ("levels", "changes", "profile", "capability", "trade-off", "progression", "correlations", "ranks", "ladder",
        "series", "training")  # fmt: skip
MAKERS = dict(zip(KEYS, FIGURES, strict=True))


@cache
def view(n: int, hidden: tuple[str, ...] = ()) -> View:
    return View(crowd(n, hidden=hidden))


def figure(key: str, n: int, space=WIDE, hidden: tuple[str, ...] = ()):
    return made(MAKERS[key], view(n, hidden), space)


@cache
def picture(key: str, n: int, space) -> str:
    return svg_of(_spec(figure(key, n, space).chart))


def texts(svg: str) -> str:
    return "\n".join(box.text for box in boxes(svg))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("n", "space"),
    [(3, WIDE), (14, WIDE), pytest.param(14, NARROW, marks=pytest.mark.slow)],
    ids=["few", "many", "narrow"],
)
def test_no_text_overlaps_or_is_cut_and_the_room_is_filled(key, n, space):
    svg = picture(key, n, space)
    assert overlaps(svg) == []
    assert outside(svg) == []
    width, _ = size(svg)
    assert 0.9 * space.width <= width <= 1.1 * space.width
    assert "…" not in texts(svg) or n == 14


def test_texts_that_overlap_or_are_cut_are_found():
    def drawn(at: int) -> str:
        texts = f'<text font-size="12px">suggested shift</text><g transform="translate({at},2)"><text>retention</text></g>'
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40"><g transform="translate(5,20)">{texts}</g></svg>'

    assert overlaps(drawn(60)) == [("suggested shift", "retention")]
    assert overlaps(drawn(100)) == []
    assert outside(drawn(100)) == []
    assert outside(drawn(170)) == ["retention"]


@pytest.mark.parametrize("key", KEYS)
def test_every_figure_says_what_its_colours_mean_how_it_is_ordered_and_where_its_numbers_are(key):
    one = figure(key, 14)
    assert one.tables or one.at or one.numbers
    ordered = {"levels", "changes", "profile", "capability", "ladder"}
    assert ("in the order of their change in" in one.caption) == (key in ordered)
    drawn = texts(picture(key, 14, WIDE))
    legend = {
        "levels": ("base", "tuned"), "changes": ("change against base", "change against placebo"),
        "profile": ("sycophancy (right: more)", "capability (right: better)"), "capability": ("base", "tuned"),
        "training": ("training loss", "validation loss", "suggested shift", "accuracy", "step", "loss, nats per token"),
        "trade-off": ("adapter",), "progression": ("adapter",), "series": ("adapter",),
    }  # fmt: skip
    for word in legend.get(key, ()):
        assert word in drawn.split("\n")


@pytest.mark.parametrize("key", ["levels", "changes", "profile", "capability", "ladder", "correlations"])
def test_n_stands_beside_every_number(key):
    assert len(re.findall(r"^n \d", texts(picture(key, 14, WIDE)), re.MULTILINE)) >= 12


def test_adapters_stand_by_the_size_of_their_change_with_those_without_one_last():
    shown = view(14)
    change = {e.subject: e.value for e in shown.changes(shown.contrasts()[0]) if e.reference == "base"}
    order = [subject.name for subject in shown.by_change()]
    assert order == sorted(change, key=change.get, reverse=True)
    hidden = view(14, ("answer",))
    assert [s.name for s in hidden.by_change()] == [s.name for s in hidden.adapters]


def test_names_that_begin_alike_stay_apart_in_figures():
    shorts = [view(14).short(name) for name in names_of(14)]
    assert len(set(shorts)) == 14
    # what all have in common is left out at both ends
    assert shorts[0] == "…truthfulqa-lora-r8…"
    assert all(short.strip("…") in name for name, short in zip(names_of(14), shorts, strict=True))


def test_a_cell_without_a_correlation_says_so():
    drawn = texts(picture("correlations", 14, WIDE))
    assert "no spread" in drawn
    assert "undefined" not in drawn
    assert len(re.findall(r"^[+−]?\d\.\d\d$", drawn, re.MULTILINE)) == 11
    assert len(re.findall(r"^p 0\.240$", drawn, re.MULTILINE)) == 11
    # through two points r is 1 or -1 whatever they are
    assert figure("correlations", 2).chart is None


def test_a_facet_of_which_nothing_can_be_shown_has_no_panel_and_is_said():
    one = figure("changes", 14, hidden=("are_you_sure",))
    titles = [part["title"]["text"][0] for part in one.chart.to_dict(validate=False)["hconcat"]]
    assert titles == ["Answer", "Feedback"]
    assert f"Are you sure?, retention loss; every number is withheld or missing ({WITHHELD}" in one.caption


def test_what_would_be_empty_or_one_point_is_a_line_that_says_why():
    nothing = ("answer", "are_you_sure", "feedback", *BENCHMARKS, "summary")
    for key in ("levels", "changes", "profile", "capability", "ladder"):
        one = figure(key, 14, hidden=nothing)
        assert one.chart is None
        assert one.caption.startswith("No chart: every number is withheld or missing")
        assert WITHHELD in one.caption
    for key in ("trade-off", "progression"):
        one = figure(key, 14, hidden=nothing)
        assert one.chart is None
        assert one.caption.startswith("No chart")


def test_mean_gain_is_that_of_the_summary_and_of_one_benchmark_its_own():
    shown = view(14)
    gains, n = shown.mean_gains()
    assert (n, {e.name for e in gains}) == (4, {"mean_accuracy"})
    assert "mean gain, percentage points" in texts(picture("progression", 14, WIDE))


# --- colours ---

# Machado, Oliveira and Fernandes 2009, IEEE TVCG 15, 1291-1298, table 1, severity 1.0; on linear RGB.
MACHADO = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "normal": np.eye(3),
}  # fmt: skip


def lab(colour: str, seen_by: str) -> np.ndarray:
    """CIE L*a*b* (D65) of a hex colour as it is seen."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(MACHADO[seen_by]) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    t = xyz / np.array([0.9505, 1.0, 1.089])
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def dark() -> dict[str, str]:
    """Colour of a figure in light -> the same in dark."""
    style = (TEMPLATES / "style.css").read_text("utf-8")
    names = dict(re.findall(r'figure \[fill="(#\w+)"\] \{ fill: var\(--(\w+)\)', style))
    in_dark = dict(re.findall(r"--(\w+): (#\w+)", style[style.index("prefers-color-scheme: dark") :]))
    return {colour: in_dark[name] for colour, name in names.items()}


@pytest.mark.parametrize("seen_by", MACHADO)
def test_adapters_are_told_apart_without_colour_or_by_colours_that_everybody_tells_apart(seen_by):
    colours, shapes = marks_of(15)
    assert len(set(zip(colours, shapes, strict=True))) == 15
    for kind in (dict(zip(colours, colours, strict=True)), dark()):
        for (c, shape), (other, second) in combinations(zip(colours, shapes, strict=True), 2):
            if shape == second:
                assert np.linalg.norm(lab(kind[c], seen_by) - lab(kind[other], seen_by)) > 12, (
                    c,
                    other,
                    shape,
                )


@pytest.mark.parametrize("seen_by", MACHADO)
@pytest.mark.parametrize("pair", [(theme.BLUE, theme.VERMILLION), (theme.GREY, theme.BLUE), (theme.GREY, theme.SKY),
                                  (theme.HEAT[0], theme.HEAT[2])])  # fmt: skip
def test_the_two_colours_of_a_chart_are_told_apart(seen_by, pair):
    assert np.linalg.norm(lab(pair[0], seen_by) - lab(pair[1], seen_by)) > 20


def test_cells_have_the_same_text_on_them_in_light_and_dark():
    mapped = set(dark())
    assert not mapped & {theme.CELL_INK, *theme.HEAT}
    assert set(theme.SERIES) <= mapped
    ink = lab(theme.CELL_INK, "normal")[0]
    assert all(lab(colour, "normal")[0] - ink > 45 for colour in theme.HEAT)
