"""The texts of an SVG with the boxes that they take, as far as letters' usual widths tell."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from itertools import combinations

from sycoscope.report.figures.space import text_width

# (a, b, c, d, e, f) of an SVG matrix
Matrix = tuple[float, float, float, float, float, float]
UNMOVED: Matrix = (1, 0, 0, 1, 0, 0)
SLACK = 2.0


@dataclass(frozen=True)
class Box:
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > SLACK and down > SLACK


def boxes(svg: str) -> list[Box]:
    found: list[Box] = []
    _walk(ET.fromstring(svg), UNMOVED, found)
    return found


def size(svg: str) -> tuple[float, float]:
    root = ET.fromstring(svg)
    return float(root.get("width")), float(root.get("height"))


def overlaps(svg: str) -> list[tuple[str, str]]:
    return [(one.text, other.text) for one, other in combinations(boxes(svg), 2) if one.meets(other)]


def outside(svg: str) -> list[str]:
    width, height = size(svg)
    return [
        one.text
        for one in boxes(svg)
        if one.left < -SLACK or one.top < -SLACK or one.right > width + SLACK or one.bottom > height + SLACK
    ]


def _walk(node: ET.Element, matrix: Matrix, found: list[Box]) -> None:
    matrix = _moved(matrix, node.get("transform", ""))
    if node.tag.endswith("}text") and node.get("opacity") != "0":
        lines = [child for child in node if child.tag.endswith("}tspan")] or [node]
        height = float(re.match(r"[\d.]+", node.get("font-size", "11px"))[0])
        down = 0.0
        for i, line in enumerate(lines):
            down += float(line.get("dy", 0)) if i else 0.0
            text = "".join(line.itertext())
            if text.strip():
                found.append(_box(text, node.get("text-anchor", "start"), height, down, matrix))
    for child in node:
        _walk(child, matrix, found)


def _box(text: str, anchor: str, height: float, down: float, m: Matrix) -> Box:
    width = text_width(text, height)
    left = {"start": 0.0, "middle": -width / 2, "end": -width}[anchor]
    corners = [(left, down - 0.75 * height), (left + width, down + 0.2 * height)]
    placed = [(m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]) for x, y in corners]
    xs, ys = zip(*placed, strict=True)
    return Box(text, min(xs), min(ys), max(xs), max(ys))


def _moved(matrix: Matrix, transform: str) -> Matrix:
    for name, inner in re.findall(r"(\w+)\(([^)]*)\)", transform):
        numbers = [float(one) for one in re.split(r"[ ,]+", inner.strip())]
        if name == "translate":
            matrix = _times(matrix, (1, 0, 0, 1, numbers[0], numbers[1] if len(numbers) > 1 else 0.0))
        elif name == "rotate" and numbers[0] in (-90, 90, 270):
            sign = 1 if numbers[0] == 90 else -1
            matrix = _times(matrix, (0, sign, -sign, 0, 0, 0))
        elif name == "rotate":
            assert numbers[0] % 360 == 0, transform
    return matrix


def _times(m: Matrix, n: Matrix) -> Matrix:
    return (
        m[0] * n[0] + m[2] * n[1], m[1] * n[0] + m[3] * n[1],
        m[0] * n[2] + m[2] * n[3], m[1] * n[2] + m[3] * n[3],
        m[0] * n[4] + m[2] * n[5] + m[4], m[1] * n[4] + m[3] * n[5] + m[5],
    )  # fmt: skip
