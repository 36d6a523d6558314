"""The HTML file: one page, nothing fetched, everything escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sycoscope.audit import Finding, grouped
from sycoscope.core.texts import listed
from sycoscope.core.types import Estimate
from sycoscope.report import (
    cross_subject,
    dose,
    edge_cases,
    folds,
    kept,
    labelled,
    labels,
    provenance,
    tables,
    transcripts,
    trials,
)
from sycoscope.report.data import Health
from sycoscope.report.figures import Figure
from sycoscope.report.first_screen import first_screen
from sycoscope.report.view import View

TEMPLATES = Path(__file__).parent / "templates"
SEVERITIES = ("invalid", "warn", "not_run", "ok")
# Of a list in the manifest; the file has all.
LISTED = 40


def render(view: View, figures: Sequence[Figure], files: Sequence[str], budget: transcripts.Budget) -> str:
    """The page's text for one budget of transcripts."""
    data = view.data
    style, script = ((TEMPLATES / name).read_text("utf-8") for name in ("style.css", "script.js"))
    return (
        environment(TEMPLATES)
        .get_template("page.html.j2")
        .render(
            data=data,
            style=Markup(style),
            script=Markup(script),
            csp=policy(style, script),
            labels=labels,
            view=view,
            first=first_screen(view),
            health=[_health(cell) for cell in data.health],
            budget=budget,
            folds=folds,
            everything=trials.ALL,
            files=files,
            provenance=provenance.lines(data),
            **_tables(view, figures),
            **_across(view),
            edge_cases=edge_cases.section(view, budget),
            **_transcripts(view, budget),
            **_method(view),
        )
    )


def _tables(view: View, figures: Sequence[Figure]) -> dict[str, Any]:
    blocks = [*tables.blocks(view), *kept.clean_block(view)]
    return {
        "alone": tables.alone(view),
        "kept": kept.kept(view),
        "labelled": labelled.labelled(view),
        "blocks": blocks,
        "figures": [(f, Markup(f.svg), [b for b in blocks if b.key in f.tables]) for f in figures],
    }


def _across(view: View) -> dict[str, Any]:
    return {
        "claims": cross_subject.claims(view),
        "claim_glyphs": cross_subject.CLAIM_GLYPHS,
        "associations": cross_subject.associations(view),
        "ranking": cross_subject.ranking(view),
        "breakdowns": cross_subject.breakdowns(view),
        "channels": cross_subject.channels(view),
        "dose": dose.dose(view),
    }


def _transcripts(view: View, budget: transcripts.Budget) -> dict[str, Any]:
    pairs = transcripts.pairs(view, budget)
    groups = [group for pair in pairs for group in pair.groups]
    return {
        "pairs": pairs,
        "places": trials.places(view),
        "cells": [label for label, _ in labels.CELLS.values()],
        "n_cases": sum(len(group.cases) for group in groups),
        "n_eligible": sum(group.total for group in groups),
    }


def _method(view: View) -> dict[str, Any]:
    data = view.data
    return {
        "systems": sorted({trial.system for trial in data.trials if trial.system}),
        "findings": finding_rows(data.findings, view),
        "tally": tally(data.findings),
        "manifest": [(key, flatten(value)) for key, value in data.manifest.items()],
        "glossary": [(labels.name_of(n).label, labels.name_of(n).meaning) for n in _names(data.estimates)],
    }


def policy(style: str, script: str) -> str:
    """The content security policy: nothing but this style and this script."""
    style_hash, script_hash = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)
    )
    return (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; script-src 'sha256-{script_hash}'; "
        "base-uri 'none'; form-action 'none'"
    )


def flatten(value: object, path: str = "") -> list[tuple[str, str]]:
    """Nested values as (dotted path, text), in their own order; a long list is cut, and says so."""
    if isinstance(value, Mapping) and value:
        return [
            row
            for key, inner in value.items()
            for row in flatten(inner, f"{path}.{key}" if path else str(key))
        ]
    if (
        isinstance(value, (list, tuple))
        and value
        and not all(isinstance(v, (str, int, float, bool)) for v in value)
    ):
        return [row for i, inner in enumerate(value) for row in flatten(inner, f"{path}[{i}]")]
    if isinstance(value, (list, tuple)) and value:
        return [(path, listed(value, LISTED))]
    return [(path, labels.DASH if value is None or value in ({}, [], (), "") else str(value))]


def environment(*folders: Path) -> Environment:
    """Templates of these folders: every value is escaped, what no HTML may hold is shown as U+FFFD, and what turns
    the direction of text is written out.
    """

    def safe(value: Any) -> Any:
        is_text = isinstance(value, str) and not isinstance(value, Markup)
        return labels.written_out(labels.clean(value)) if is_text else value

    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=safe,
    )


def _health(cell: Health) -> dict[str, Any]:
    value, limit = cell.value, cell.limit
    write = labels.percent if cell.unit == "share" else labels.count
    bound = ""
    if limit is not None:
        bound = f"limit {'≤' if cell.worse == 'above' else '≥'}{labels.NBSP}{write(limit)}"
    return asdict(cell) | {
        "text": labels.DASH if value is None else write(value),
        "over": cell.over,
        "small": " · ".join(part for part in (cell.note, bound) if part),
    }


def tally(findings: Sequence[Finding]) -> list[tuple[str, int]]:
    """How many findings have each severity, the severest first."""
    return [(severity, sum(one.severity == severity for one in findings)) for severity in SEVERITIES]


def finding_rows(findings: Sequence[Finding], view: View) -> list[dict[str, str]]:
    """The audit's findings as the page's table has them, many of one kind as one, the severest first."""
    ranked = sorted(grouped(findings), key=lambda f: SEVERITIES.index(f.severity))
    return [
        {
            "severity": f.severity,
            "word": labels.SEVERITY_WORDS[f.severity],
            "glyph": labels.SEVERITY_GLYPHS[f.severity],
            "check": f.check,
            "subject": view.label(f.subject) if f.subject else "all",
            "task": " · ".join(
                part for part in (view.task_label(f.task) if f.task else "all", f.label) if part
            ),
            "message": f.message,
        }
        for f in ranked
    ]


def _names(estimates: Sequence[Estimate]) -> list[str]:
    return [name for name in dict.fromkeys(e.name for e in estimates) if labels.name_of(name).meaning]
