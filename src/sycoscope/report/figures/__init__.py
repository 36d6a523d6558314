"""Estimates in, Vega-Lite charts out: each figure as its spec, SVG, PNG and PDF."""

from sycoscope.report.figures.figure import Figure
from sycoscope.report.figures.render import draw, drawn
from sycoscope.report.figures.steps import training

__all__ = ["Figure", "draw", "drawn", "training"]
