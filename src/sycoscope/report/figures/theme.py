"""Colours and chart settings. Colours: Okabe and Ito (2008), distinguishable in colour-blind vision.

The page maps each of these hex values to its own variable, so that figures follow dark mode.
"""

from __future__ import annotations

from typing import Any

INK = "#1c2127"
MUTED = "#59636e"
RULE = "#d9dee3"
PAPER = "#ffffff"
BLUE = "#0072b2"
VERMILLION = "#d55e00"
GREEN = "#009e73"
SKY = "#56b4e9"
ORANGE = "#e69f00"
PURPLE = "#cc79a7"
YELLOW = "#c9b800"  # the palette's yellow is too pale on white; darkened
GREY = "#8b949e"
# Of cells that hold a number: the same in light and dark, so that their text is read on them in both.
HEAT = ("#5aa2d0", "#f7f7f7", "#ee8a4b")
CELL_INK = "#1c2128"
FONT = "Helvetica, Arial, Liberation Sans, sans-serif"  # the page puts its own system font over it

SERIES = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, YELLOW, INK, GREY)
# With five points; what Vega has of its own beside these is hard to see on a line.
STAR = (
    "M0,-1L0.225,-0.309L0.951,-0.309L0.363,0.118L0.588,0.809L0,0.382L-0.588,0.809L-0.363,0.118L-0.951,-0.309"
    "L-0.225,-0.309Z"
)
SHAPES = (
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "triangle-down",
    "cross",
    "triangle-right",
    "triangle-left",
    STAR,
)


def config() -> dict[str, Any]:
    """The Vega-Lite config of every figure."""
    return {
        "background": PAPER,
        "aria": False,  # one label for the whole picture; the numbers are in a table
        "font": FONT,
        "padding": 8,
        "view": {"stroke": None},
        "axis": {
            "labelColor": MUTED,
            "titleColor": MUTED,
            "titleFontWeight": "normal",
            "titleFontSize": 12,
            "labelFontSize": 12,
            "gridColor": RULE,
            "domainColor": RULE,
            "tickColor": RULE,
            "titlePadding": 8,
        },
        "axisY": {
            "labelColor": INK,
            "labelLimit": 240,
            "grid": False,
            "ticks": False,
            "domain": False,
            "labelPadding": 8,
        },
        "axisX": {"tickCount": 5, "domain": False, "labelOverlap": True, "labelFlush": False},
        "legend": {
            "labelColor": INK,
            "titleColor": MUTED,
            "labelFontSize": 12,
            "titleFontWeight": "normal",
            "labelLimit": 260,
            "symbolSize": 80,
        },
        "title": {
            "color": INK,
            "fontSize": 13,
            "fontWeight": 600,
            "anchor": "start",
            "frame": "group",
            "subtitleColor": MUTED,
            "subtitleFontSize": 12,
            "offset": 8,
        },
        "text": {"color": MUTED, "fontSize": 11},
    }
