"""Figures written: as Vega-Lite spec, SVG, PNG and PDF, and for a page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sycoscope.core.files import write_atomic
from sycoscope.report.figures.adapters import profile, ranks
from sycoscope.report.figures.benchmarks import capability, correlations, progression, trade_off
from sycoscope.report.figures.facets import changes, ladder, levels
from sycoscope.report.figures.figure import Figure
from sycoscope.report.figures.space import NARROW, WIDE, Space
from sycoscope.report.figures.steps import series, training
from sycoscope.report.view import View

Maker = Callable[[View, Space], Figure | None]
FIGURES: tuple[Maker, ...] = (
    levels,
    changes,
    profile,
    capability,
    trade_off,
    progression,
    correlations,
    ranks,
    ladder,
    series,
    training,
)
_TAG, _DIGITS = re.compile(r"<[^>]+>"), re.compile(r"(\d\.\d\d)\d+")
_FONT = re.compile(r'\s(font-family="[^"]*")')
ENDINGS = ("vl.json", "svg", "png", "pdf")


def draw(view: View, folder: Path) -> list[Figure]:
    """Every figure that the data allows, for the page; each chart is also written, drawn wide, in `ENDINGS`.

    The PNG has two pixels for each of the SVG's. The same picture's PDF may list its parts in another order.

    Raises:
        StoreError: a file cannot be written; each is whole or not there.
    """
    import vl_convert as vlc

    figures = []
    for make in FIGURES:
        figure = made(make, view, WIDE)
        if figure is None:
            continue
        if figure.chart is None:
            _remove(folder, figure.key)
            figures.append(figure)
            continue
        spec = _spec(figure.chart)
        svg = svg_of(spec)
        text = json.dumps(spec, ensure_ascii=True, indent=1, sort_keys=True)
        contents = (f"{text}\n".encode(), svg.encode(), vlc.svg_to_png(svg, scale=2), vlc.svg_to_pdf(svg))
        for ending, content in zip(ENDINGS, contents, strict=True):
            write_atomic(folder / f"{figure.key}.{ending}", content)
        figures.append(_shown(figure, svg, make, view))
    return figures


def drawn(make: Maker, view: View) -> Figure | None:
    """The figure ready for a page; no file is written."""
    figure = made(make, view, WIDE)
    if figure is None or figure.chart is None:
        return figure
    return _shown(figure, svg_of(_spec(figure.chart)), make, view)


def made(make: Maker, view: View, space: Space) -> Figure | None:
    """The figure as it is drawn for this room."""
    from altair.utils.schemapi import debug_mode

    # altair holds every part of a chart against its schema while it is put together: most of the time of a report
    with debug_mode(False):
        return make(view, space)


def _spec(chart: Any) -> dict[str, Any]:
    return dict(chart.to_dict(validate=False))


def _remove(folder: Path, key: str) -> None:
    """Files of an earlier report, in which there was something to draw."""
    for ending in ENDINGS:
        (folder / f"{key}.{ending}").unlink(missing_ok=True)


def _shown(figure: Figure, wide: str, make: Maker, view: View) -> Figure:
    """With its SVG as a page shows it: drawn wide, and again for a narrow page."""
    narrow = made(make, view, NARROW)
    parts = inline(wide, figure, "wide")
    if narrow is not None and narrow.chart is not None:
        parts += inline(svg_of(_spec(narrow.chart)), figure, "narrow")
    return replace(figure, svg=parts)


def svg_of(spec: Mapping[str, Any]) -> str:
    """The picture of a Vega-Lite spec."""
    import altair as alt
    import vl_convert as vlc

    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    return str(vlc.vegalite_to_svg(vl_spec=json.dumps(spec), vl_version=version))


def inline(svg: str, figure: Figure, form: str) -> str:
    """The SVG for use inside a page: own ids, no namespaces, a label; it takes the width that it is given.

    What every mark repeats is said once, and places are in hundredths of a pixel: a quarter of a page's pictures.
    """
    own = f"{figure.key}-{form}"
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg, count=2)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{own}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{own}-\1)", svg)
    svg = svg.replace('class="marks"', f'class="marks {form}"', 1)
    svg = _TAG.sub(lambda tag: _DIGITS.sub(r"\1", tag[0].replace(' opacity="1"', "")), svg)
    fonts = set(_FONT.findall(svg))
    own_font = f"{fonts.pop()} " if len(fonts) == 1 else ""
    if own_font:
        svg = _FONT.sub("", svg)
    return svg.replace(
        "<svg ", f'<svg {own_font}role="img" aria-label="{figure.title}. The numbers are in the table." ', 1
    )
