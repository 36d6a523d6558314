"""Keeps what was measured (perf/results.json, perf/more.json) and shows it in docs/performance.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS, MORE = HERE / "results.json", HERE / "more.json"
PAGE = HERE.parent / "docs" / "performance.md"
# A target above this share of its ceiling counts as this share of the ceiling.
REACHABLE = 0.8
Rows = list[dict[str, Any]]


def needed(row: Mapping[str, Any]) -> float:
    """The ratio that a row has to reach."""
    return float(min(row["target"], REACHABLE * row["ceiling"]))


def verdict(row: Mapping[str, Any]) -> str:
    """Whether the row reached it."""
    return "met" if row["ratio"] >= needed(row) else f"below {needed(row):.1f}"


def put_row(row: Mapping[str, Any], order: Iterable[str]) -> None:
    """Replace one row of the table and keep the others, in the order of the works that `order` names."""
    rows = {one["work"]: one for one in _read(RESULTS, [])} | {row["work"]: dict(row)}
    _write(RESULTS, ordered := [rows[name] for name in order if name in rows])
    put("table", table(ordered))


def put_limits(rows: Rows) -> None:
    """Replace the limits of one precision."""
    more = _read(MORE, {})
    kept = [one for one in more.get("limits", []) if one["dtype"] != rows[0]["dtype"]]
    more["limits"] = [*kept, *rows]
    _write(MORE, more)
    put("limits", limits(more["limits"]))


def put_part(name: str, rows: Rows, text: str = "") -> None:
    """Replace another part; `text` goes between its markers on the page."""
    _write(MORE, _read(MORE, {}) | {name: rows})
    if text:
        put(name, text)


def part(name: str) -> Rows:
    """What was measured for a part; empty before that."""
    found: Rows = _read(MORE, {}).get(name, [])
    return found


def rows() -> Rows:
    """The table as it was measured."""
    found: Rows = _read(RESULTS, [])
    return found


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table of ratios."""
    return _markdown(
        (
            "work",
            "items",
            "peer (batch)",
            "ours, s",
            "peer, s",
            "ratio",
            "target",
            "ceiling",
            "",
            "largest difference",
            "commit",
        ),
        [
            (
                f"`{row['work']}`",
                f"{row['n']} ({row['items']})",
                f"{row['peer']} ({row['peer_batch']})",
                f"{row['ours_s']:.1f}",
                f"{row['peer_s']:.1f}",
                f"**{row['ratio']:.1f}**",
                f"{row['target']:g}",
                f"{row['ceiling']:.1f}",
                verdict(row),
                f"{row['max_difference']:.0e}; {row['differing']} of {row['compared']} differ",
                f"{row['commit']}, {row['dtype']}",
            )
            for row in rows
        ],
    )


def limits(rows: Sequence[Mapping[str, Any]]) -> str:
    """Tokens per second against the products alone."""
    return _markdown(
        (
            "phase",
            "precision",
            "shape",
            "reached, tokens/s",
            "products alone",
            "share",
            "GFLOP/s",
            "GB/s",
            "commit",
        ),
        [
            (
                row["phase"],
                row["dtype"],
                row["shape"],
                f"{row['reached_tokens_s']:,.0f}",
                f"{row['limit_tokens_s']:,.0f}",
                f"{row['share']:.0%}",
                f"{row['gflops']:,.0f}",
                f"{row['gbytes_s']:.1f}",
                row["commit"],
            )
            for row in rows
        ],
    )


def engines(rows: Sequence[Mapping[str, Any]]) -> str:
    """Seconds of the quick study's evaluation."""
    return (
        _markdown(
            ("unit", "plain, s", "fast, s", "fast of plain"),
            [
                (
                    row["unit"],
                    f"{row['plain']:.1f}",
                    f"{row['fast']:.1f}",
                    f"{row['fast'] / row['plain']:.0%}",
                )
                for row in rows
            ],
        )
        + f"\n\nMeasured at {rows[0]['commit']} in {rows[0]['dtype']}, {rows[0]['threads']} threads, {rows[0]['cpu']}."
    )


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def put(name: str, text: str) -> None:
    """Put `text` between the page's markers of that name.

    Raises:
        SystemExit: the page lacks them.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{PAGE} lacks the markers {begin} and {end}; put them where it belongs")
    PAGE.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def _read(path: Path, empty: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else empty


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
