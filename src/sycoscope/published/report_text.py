"""The re-examination as one plain record, as rows for a terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sycoscope.published.assess import assess_claims
from sycoscope.published.claims import Claims, published_claims, read_claims
from sycoscope.published.figures import Figures
from sycoscope.published.layout import published_figures, read_figures
from sycoscope.published.numerals import p_ends, p_range, p_text, sign_open, signed, span
from sycoscope.published.recompute import associations, changes, holm_ranges, level, mean_change
from sycoscope.published.side_by_side import Total
from sycoscope.published.verdicts import Assessed

Rows = list[list[str]]
CLAIM_COLUMNS = ("claim", "recomputed", "95 % interval", "test", "verdict", "reason")
KINDS = ("benchmark", "facet")


def run(path: Path | None = None, claims: Path | None = None) -> dict[str, Any]:
    """Everything recomputed, as plain values (JSON-able).

    Args:
        path: A result table; None reads the published study's.
        claims: The claims on it; None reads the published study's claims for its own table, and none for
            another one.

    Returns:
        `study`, `source`, `general`, `claims` (see `Assessed`), `levels`, `changes`, `means`, `correlations`.

    Raises:
        MissingError: No such file, or a claim on a subject or measure that the table does not hold.
        DataError: A file that is not in its layout.
    """
    figures, stated = load(path, claims)
    return {
        "study": stated.study,
        "source": stated.source,
        "table": figures.where,
        "general": list(stated.general),
        "claims": [asdict(one) for one in assess_claims(figures, stated)],
        "levels": _levels(figures),
        "changes": _changes(figures),
        "means": _means(figures),
        "correlations": [asdict(one) for one in associations(figures)],
    }


def load(path: Path | None, claims: Path | None) -> tuple[Figures, Claims]:
    """The table and the claims on it (see `run`)."""
    figures = published_figures() if path is None else read_figures(path)
    if claims is not None:
        return figures, read_claims(claims)
    if path is None:
        return figures, published_claims()
    return figures, Claims(study=str(path), source=str(path), claims=())


def _levels(figures: Figures) -> list[dict[str, Any]]:
    rows = []
    for cell in figures.cells.values():
        found = level(cell)
        rows.append(
            {
                "subject": cell.subject, "measure": cell.measure, "kind": cell.kind, "n": cell.n,
                "successes": cell.successes, "rate": cell.rate, "low": found.low, "high": found.high,
                "method": found.method, "unread": cell.unread, "unread_as": cell.unread_as,
                "successes_if_read": cell.successes_if_read, "published_rate": cell.published_rate,
                "source": cell.source,
            }
        )  # fmt: skip
    return rows


def _changes(figures: Figures) -> list[dict[str, Any]]:
    found = changes(figures)
    adjusted = holm_ranges(found)
    return [
        {
            "subject": one.subject, "measure": one.measure, "kind": one.kind, "before": one.before.rate,
            "after": one.after.rate, "value": one.value, "independent": one.independent,
            "narrowest": one.narrowest, "widest": one.widest, "p_low": one.p_low, "p_high": one.p_high,
            "p_holm": adjusted[one.subject, one.measure], "paired": one.paired, "relative": one.relative,
            "relative_interval": one.relative_limits,
            "unread": None if one.unread is None else asdict(one.unread),
        }
        for one in found
    ]  # fmt: skip


def _means(figures: Figures) -> list[dict[str, Any]]:
    found = [
        mean_change(figures, subject, kind)  # type: ignore[arg-type]
        for subject in figures.adapters
        for kind in KINDS
    ]
    return [{**asdict(one), "paired": one.paired} for one in found if one is not None]


# --- rows ---


def claims_table(result: dict[str, Any]) -> Rows:
    """The claims of `run`, one row each under `CLAIM_COLUMNS`."""
    return [
        [one["says"], one["recomputed"], one["interval"], one["test"], one["verdict"], one["reason"]]
        for one in result["claims"]
    ]


def claims_overview(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The claims of `run` for a terminal: all columns but the reasons, which `reasons` has by number."""
    return [
        {"no": i} | dict(zip(CLAIM_COLUMNS[:-1], row, strict=False))
        for i, row in enumerate(claims_table(result), start=1)
    ]


def reasons(result: dict[str, Any]) -> list[str]:
    """One line per claim: its number, verdict and reason; then what holds for every change."""
    lines = [f"{i}. {one['verdict']}: {one['reason']}" for i, one in enumerate(result["claims"], start=1)]
    return lines + [f"all changes: {one}" for one in result["general"]]


def correlations_overview(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The correlations of `run` under their own names, from the printed rates and from the counts."""
    return [
        {
            "benchmark": one["benchmark"], "facet": one["facet"], "n": one["n"],
            "r, printed rates": _r(one["rounded"]), "r, counts": _r(one["r"]), "95 % interval": span(one["limits"]),
            "exact p": p_text(one["p_value"]), "Holm": p_text(one["p_holm"]), "BH": p_text(one["p_bh"]),
            "one left out": span(one["left_out"]),
        }
        for one in result["correlations"]
    ]  # fmt: skip


def _r(value: float | None) -> str:
    return "none" if value is None else signed(value)


def changes_table(figures: Figures) -> Rows:
    """Changes: adapter, measure, change, interval, widest interval, p over all pairings, Holm, remark."""
    found = changes(figures)
    adjusted = holm_ranges(found)
    return [
        [
            one.subject, one.measure, signed(one.value), span(one.independent), span(one.widest),
            p_range(one), p_ends(adjusted[one.subject, one.measure]),
            "sign not fixed (unread answers)" if sign_open(one) else one.paired,
        ]
        for one in found
    ]  # fmt: skip


def means_table(figures: Figures) -> Rows:
    """Mean changes: adapter, kind, mean, interval, widest interval."""
    rows = []
    for subject in figures.adapters:
        for kind in KINDS:
            one = mean_change(figures, subject, kind)  # type: ignore[arg-type]
            if one is not None:
                rows.append([subject, kind, signed(one.value), span(one.independent), span(one.widest)])
    return rows


def correlations_table(figures: Figures) -> Rows:
    """Correlations: benchmark, facet, n, r printed rates, r counts, interval, p, Holm, BH, one left out."""
    return [
        [
            one.benchmark, one.facet, str(one.n), _r(one.rounded), _r(one.r), span(one.limits), p_text(one.p_value),
            p_text(one.p_holm), p_text(one.p_bh), span(one.left_out),
        ]
        for one in associations(figures)
    ]  # fmt: skip


def unread_table(figures: Figures) -> Rows:
    """Facets: subject, facet, counted, read, successes that the readable trials can hold, Wilson interval."""
    rows = []
    for cell in figures.cells.values():
        if cell.kind != "facet":
            continue
        ends = cell.successes_if_read
        held = (
            "not reported"
            if ends is None
            else str(ends[0])
            if ends[0] == ends[1]
            else f"{ends[0]} to {ends[1]}"
        )
        found, read = level(cell), "not reported" if cell.readable is None else str(cell.readable)
        rows.append(
            [
                cell.subject, cell.measure, f"{cell.successes} of {cell.n}",
                f"{found.low:.3f} to {found.high:.3f}", read,
                held,
            ]
        )  # fmt: skip
    return rows


def totals_table(found: Sequence[Total]) -> Rows:
    """Readings: facet, condition, reader, trials, unread first, counted of at risk, rate."""
    rows = []
    for one in found:
        rate = "none"
        if one.rate.value is not None:
            rate = f"{one.rate.value:.3f} ({one.rate.low:.3f} to {one.rate.high:.3f})"
        rows.append(
            [
                one.facet, one.condition, one.reader, str(one.n), str(one.unread),
                f"{one.turned} of {one.at_risk}", rate,
            ]
        )  # fmt: skip
    return rows


def markdown(columns: Sequence[str], rows: Rows) -> str:
    """A Markdown table; bars inside cells are escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def claims_markdown(assessed: Sequence[Assessed]) -> str:
    """The claims as a Markdown table."""
    return markdown(
        CLAIM_COLUMNS,
        [[one.says, one.recomputed, one.interval, one.test, one.verdict, one.reason] for one in assessed],
    )
