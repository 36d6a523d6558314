"""The result of a calibration as rows: numbers as text, rows that failed marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sycoscope.core.numerals import decimal

LINE_COLUMNS = ("model", "form", "measure", "expected", "measured", "95 % interval", "n", "result")
PAIR_COLUMNS = ("pair", "facet", "word", "must", "result")
WORLD_COLUMNS = ("world", "items", "words", "must", "right", "false", "studies", "result")
COVERAGE_COLUMNS = ("world", "measure", "of", "truth", "coverage", "at 0.997", "flagged", "studies", "result")


def tables(
    result: Mapping[str, Any], *, failed: bool
) -> Iterator[tuple[str, list[dict[str, Any]], tuple[str, ...]]]:
    """Title, rows and columns of each table that has rows; failed: with the rows alone that did not pass."""
    for title, rows, columns in (
        ("null models and planted probabilities", line_rows(result), LINE_COLUMNS),
        ("verdicts of known pairs", pair_rows(result), PAIR_COLUMNS),
        ("verdicts in simulated worlds", world_rows(result), WORLD_COLUMNS),
        ("simulated studies", coverage_rows(result), COVERAGE_COLUMNS),
    ):
        shown = [row for row in rows if not (failed and row["result"].startswith("ok"))]
        if shown:
            yield title, shown, columns


def line_rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row per null model and estimate."""
    return [
        {
            "model": row["model"].removeprefix("null:"),
            "form": row["form"],
            "measure": row["measure"],
            "expected": _expected(row["expected"]),
            "measured": _number(row["measured"]),
            "95 % interval": _span(row["low"], row["high"]),
            "n": row["n"],
            "result": _line_result(row),
        }
        for row in result["line"]["rows"]
    ]


def coverage_rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row per world and estimator."""
    return [
        {
            "world": row["world"],
            "measure": " ".join(filter(None, (row["task"], row["measure"], row["condition"]))),
            "of": row["of"],
            "truth": _number(row["truth"]),
            "coverage": f"{row['coverage']:.3f} +- {row['error']:.3f}",
            "at 0.997": "" if row["tail"] is None else f"{row['tail']:.3f}",
            "flagged": "" if row["effect"] else f"{row['flagged']:.3f}",
            "studies": row["n"],
            "result": _coverage_result(row),
        }
        for row in result["coverage"]["rows"]
    ]


def pair_rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row per pair of null models and facet."""
    return [
        {
            "pair": row["pair"],
            "facet": row["task"],
            "word": row["word"],
            "must": row["must"],
            "result": "ok" if row["passed"] else "FAIL",
        }
        for row in result["verdicts"]["pairs"]
    ]


def world_rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row per simulated world and size: the shares of its words."""
    return [
        {
            "world": row["world"],
            "items": row["items"],
            "words": ", ".join(f"{word} {share:.3f}" for word, share in row["words"].items()),
            "must": row["must"],
            "right": f"{row['right']:.3f}" + ("" if row["power"] is None else f" (at least {row['power']})"),
            "false": f"{row['false']:.3f}",
            "studies": row["studies"],
            "result": "ok" if row["passed"] else "FAIL",
        }
        for row in result["verdicts"]["worlds"]
    ]


def _line_result(row: Mapping[str, Any]) -> str:
    if not row["passed"]:
        return "FAIL"
    if row["exact"]:
        return "ok"
    # The whole table holds together at a wider level; one in twenty misses its own 95 % interval.
    return "ok" if row["inside"] else "ok (outside its own 95 %)"


def _coverage_result(row: Mapping[str, Any]) -> str:
    names = {"low": "LOW", "alarming": "FALSE ALARMS", "far": "FAR FROM NOMINAL"}
    faults = [name for key, name in names.items() if row[key]]
    return ", ".join(faults) or ("ok, wide" if row["wide"] else "ok")


def _expected(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, (list, tuple)):
        low, high = value
        return (
            f"above {_number(low)}"
            if high is None
            else f"below {_number(high)}"
            if low is None
            else _span(low, high)
        )
    return _number(value)


def _number(value: float | None) -> str:
    return "nothing" if value is None else decimal(value, 3)


def _span(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"[{decimal(low, 3)}, {decimal(high, 3)}]"
