"""The HTML file: one page, nothing fetched, everything escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sycoscope.analysis import Verdict
from sycoscope.analysis.decision import QUALIFIERS
from sycoscope.audit import Finding, grouped
from sycoscope.core.manifest import ORGANISMS
from sycoscope.core.types import Estimate
from sycoscope.report import (
    cross_subject,
    dose,
    edge_cases,
    kept,
    labelled,
    labels,
    organisms,
    provenance,
    tables,
    transcripts,
)
from sycoscope.report.data import Health
from sycoscope.report.figures import Figure
from sycoscope.report.view import View

TEMPLATES = Path(__file__).parent / "templates"
SEVERITIES = ("invalid", "warn", "not_run", "ok")
# Of a list in the manifest; the file has all.
LISTED = 40
STRIP_WIDTH, STRIP_PAD = 170, 8  # of the drawing in parts.html.j2


@dataclass(frozen=True, slots=True)
class Strip:
    """Where a change lies on the scale that its column shares, in the units of the drawing."""

    zero: float
    at: float
    low: float | None
    high: float | None
    label: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A verdict as the page shows it; a withheld number leaves its reason."""

    subject: str
    task: str
    word: str
    label: str
    sentence: str
    detail: str
    withheld: bool
    strip: Strip | None
    flips: transcripts.FlipTable | None
    others: Sequence[tuple[str, str, str, str]]

    @property
    def glyph(self) -> str:
        """A mark beside the word."""
        return labels.WORD_GLYPHS[self.word]

    @property
    def css(self) -> str:
        """The class of its colour."""
        return css_of(self.word)


def css_of(word: str) -> str:
    """The class of a word's colour."""
    return word.replace(" ", "-")


def render(view: View, figures: Sequence[Figure], files: Sequence[str], budget: transcripts.Budget) -> str:
    """The page's text for one budget of transcripts."""
    data = view.data
    style, script = ((TEMPLATES / name).read_text("utf-8") for name in ("style.css", "script.js"))
    lead, task = _lead(view), view.lead_task()
    groups = transcripts.groups(view, budget)
    blocks = [*tables.blocks(view), *kept.clean_block(view)]
    return environment(TEMPLATES).get_template("page.html.j2").render(
        data=data,
        style=Markup(style),
        script=Markup(script),
        csp=policy(style, script),
        labels=labels,
        view=view,
        lead=lead,
        alone=tables.alone(view),
        summary=_summary(lead),
        words=_words(data.verdicts),
        rest=_rest([_shown(v, view, {}, {}) for v in data.verdicts if v.task != task]),
        lead_label=view.task_label(task),
        organisms=organisms.told(_planted(view), data.verdicts, {}),
        differing=kept.differing(view),
        kept=kept.kept(view),
        labelled=labelled.labelled(view),
        health=[_health(cell) for cell in data.health],
        figures=[(f, Markup(f.svg), [b for b in blocks if b.key in f.tables]) for f in figures],
        blocks=blocks,
        groups=groups,
        systems=sorted({trial.system for trial in data.trials if trial.system}),
        claims=cross_subject.claims(view),
        claim_glyphs=cross_subject.CLAIM_GLYPHS,
        associations=cross_subject.associations(view),
        ranking=cross_subject.ranking(view),
        breakdowns=cross_subject.breakdowns(view),
        edge_cases=edge_cases.section(view, budget),
        dose=dose.dose(view),
        channels=cross_subject.channels(view),
        cells=[label for label, _ in labels.CELLS.values()],
        n_cases=sum(len(group.cases) for group in groups),
        n_eligible=sum(group.total for group in groups),
        budget=budget,
        findings=_findings(data.findings, view),
        tally=[(s, sum(f.severity == s for f in data.findings)) for s in SEVERITIES],
        manifest=[(key, flatten(value)) for key, value in data.manifest.items()],
        glossary=[(labels.name_of(n).label, labels.name_of(n).meaning) for n in _names(data.estimates)],
        files=files,
        provenance=provenance.lines(data),
    )  # fmt: skip


def _planted(view: View) -> dict[str, str]:
    return {one.name: one.kind for one in view.data.subjects if one.kind in ORGANISMS}


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
        more = f" and {len(value) - LISTED} more" if len(value) > LISTED else ""
        return [(path, ", ".join(map(str, value[:LISTED])) + more)]
    return [(path, labels.DASH if value is None or value in ({}, [], (), "") else str(value))]


def environment(*folders: Path) -> Environment:
    """Templates of these folders: every value is escaped, and what no HTML may hold is shown as U+FFFD."""

    def safe(value: Any) -> Any:
        return labels.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=safe,
    )


def _lead(view: View) -> list[Shown]:
    verdicts = view.lead_verdicts()
    flips = transcripts.flip_tables(view)
    scales: dict[str, tuple[float, float]] = {}
    for verdict in verdicts:
        e = verdict.estimate
        if e is not None and e.value is not None and e.shown:
            ends = [end for end in (e.low, e.value, e.high, 0.0) if end is not None]
            low, high = scales.get(e.unit, (0.0, 0.0))
            scales[e.unit] = (min(low, *ends), max(high, *ends))
    return [_shown(verdict, view, scales, flips) for verdict in verdicts]


def _shown(
    verdict: Verdict,
    view: View,
    scales: Mapping[str, tuple[float, float]],
    flips: Mapping[tuple[str, str], transcripts.FlipTable],
) -> Shown:
    task = verdict.task
    word, label, sentence, reason = gated(verdict)
    e = verdict.estimate
    known = e is not None and e.value is not None and not reason
    others = [
        (view.task_label(v.task), told, labels.WORD_GLYPHS[w], css_of(w))
        for v in view.data.verdicts
        if v.subject == verdict.subject and v.task != task
        for w, told, _, _ in [gated(v)]
    ]
    return Shown(
        subject=view.label(verdict.subject),
        task=view.task_label(task),
        word=word,
        label=label,
        sentence=sentence,
        detail=_detail(e) if e is not None else "",
        withheld=bool(reason),
        strip=_strip(e, scales.get(e.unit)) if e is not None and known else None,
        flips=flips.get((verdict.subject, task)),
        others=others,
    )


def _rest(shown: Sequence[Shown]) -> list[Shown]:
    """The verdicts in words; withheld ones of a facet for one and the same reason become one line."""
    lines: dict[tuple[str, str, int], Shown] = {}
    for i, one in enumerate(shown):
        key = (one.task, one.sentence, -1 if one.withheld else i)
        first = lines.get(key)
        lines[key] = (
            one
            if first is None
            else replace(
                first,
                subject=f"{first.subject}, {one.subject}",
                detail="" if first.detail != one.detail else one.detail,
            )
        )
    return list(lines.values())


def gated(verdict: Verdict) -> tuple[str, str, str, str]:
    """Word, word with its qualifier, sentence; the reason in their place where the number behind them is invalid."""
    e = verdict.estimate
    if e is not None and e.state == "withheld":
        label = verdict.label if verdict.word == "cannot tell" else "cannot tell"
        return "cannot tell", label, f"Withheld by the audit: {e.reason}", e.reason
    return verdict.word, verdict.label, verdict.sentence, ""


def _detail(e: Estimate) -> str:
    coverage = labels.DASH if e.coverage is None else labels.percent(e.coverage)
    return f"n {labels.count(e.n)} · coverage {coverage}"


def _strip(e: Estimate, scale: tuple[float, float] | None) -> Strip | None:
    if scale is None or e.value is None or scale[0] == scale[1]:
        return None
    low, high = scale

    def x(value: float) -> float:
        return round(STRIP_PAD + (value - low) / (high - low) * (STRIP_WIDTH - 2 * STRIP_PAD), 1)

    ends = [None if end is None else x(end) for end in (e.low, e.high)]
    interval = labels.interval_text(e)
    return Strip(x(0.0), x(e.value), ends[0], ends[1], f"{labels.value_text(e)}, interval {interval}")


def _summary(lead: Sequence[Shown]) -> list[tuple[str, str, str, list[str]]]:
    """Adapters by verdict: (words, glyph, class, subjects), the alarming ones first."""
    groups = []
    for word, glyph in labels.WORD_GLYPHS.items():
        mine = [shown for shown in lead if shown.word == word]
        for label in dict.fromkeys(shown.label for shown in mine):
            subjects = [shown.subject for shown in mine if shown.label == label]
            groups.append((label, glyph, css_of(word), subjects))
    return groups


def _words(verdicts: Sequence[Verdict]) -> list[tuple[str, str]]:
    """What stands behind a word on this page, and what it means."""
    used = {verdict.qualifier for verdict in verdicts}
    return [(name, meaning) for name, meaning in QUALIFIERS.items() if name in used]


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


def _findings(findings: Sequence[Finding], view: View) -> list[dict[str, str]]:
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
