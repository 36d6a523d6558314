"""The page and the tables of two logs compared: the parts of a run's page, with documents in place of trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from sycoscope.analysis import Verdict
from sycoscope.audit import Finding, grouped
from sycoscope.core.files import write_atomic
from sycoscope.core.texts import in_a_sentence, listed
from sycoscope.core.types import Estimate
from sycoscope.logs.changes import AFTER, BEFORE
from sycoscope.logs.comparison import WORDS, Comparison, Result
from sycoscope.logs.log import FORMATS
from sycoscope.logs.pairs import Pair, frame
from sycoscope.logs.store import FOUND
from sycoscope.report import folds, labels, page, printed, provenance, tables
from sycoscope.report.board import Board, Column, Row, Shown, brief, css_of, strip_of
from sycoscope.report.data import ReportData, Subject, TaskInfo
from sycoscope.report.doubts import Doubt
from sycoscope.report.first_screen import DOUBTS, TERMS, FirstScreen, Found
from sycoscope.report.tables import Block
from sycoscope.report.view import View
from sycoscope.report.write import PAGE

# Rows of the first screen; the tables have all.
ROWS = 12
# Of one word, so many tasks and metrics are named.
NAMES = 5
# Ids of documents that are named.
IDS = 30
CAPTION = (
    "After against before, with the 95 % interval and n, the number of documents that both logs have a score for. Each "
    "result opens on a click."
)
_CELLS = (((1, 1), "1 → 1"), ((1, 0), "1 → 0"), ((0, 1), "0 → 1"), ((0, 0), "0 → 0"))


@dataclass(frozen=True, slots=True)
class Moved:
    """How the documents of one 0/1 metric moved: counts in the order of `_CELLS`, and the ids of those that changed."""

    task: str
    metric: str
    counts: Sequence[int]
    ids: Sequence[tuple[str, str]]


def write_comparison(comparison: Comparison, record: Mapping[str, Any], folder: Path) -> Path:
    """Write `report.html` and `tables/` of a comparison of logs; returns the page's path.

    Args:
        record: As `logs.store.record_of` gives it.

    Raises:
        StoreError: a file cannot be written.
    """
    view = View(_data(comparison, record))
    files = _tables(comparison, view, folder / "tables")
    style, script = ((page.TEMPLATES / name).read_text("utf-8") for name in ("style.css", "script.js"))
    content = (
        page.environment(page.TEMPLATES)
        .get_template("log_comparison.html.j2")
        .render(
            data=view.data, view=view, labels=labels, folds=folds, files=files,
            style=Markup(style), script=Markup(script), csp=page.policy(style, script),
            first=_first_screen(comparison), health=[], alone=None, blocks=_blocks(comparison, view),
            moved=_moved(comparison), provenance=provenance.lines(view.data),
            findings=page.finding_rows(view.data.findings, view), tally=page.tally(view.data.findings),
            manifest=[(key, page.flatten(value)) for key, value in view.data.manifest.items()],
        )
    )  # fmt: skip
    path = folder / PAGE
    write_atomic(path, content.encode("utf-8"))
    return path


def _data(comparison: Comparison, record: Mapping[str, Any]) -> ReportData:
    models = {side: comparison.model(side) for side in (BEFORE, AFTER)}
    same = models[BEFORE] == models[AFTER]
    named = {side: f"{model} ({side})" if same else model for side, model in models.items()}
    return ReportData(
        title=f"{named[AFTER]} against {named[BEFORE]}",
        study=f"comparison of {FORMATS[comparison.format]} logs",
        study_hash=str(record["hash"]),
        subjects=[
            Subject(name=BEFORE, kind="base", label=named[BEFORE], model=models[BEFORE]),
            Subject(name=AFTER, kind="other", label=named[AFTER], model=models[AFTER]),
        ],
        estimates=comparison.estimates,
        findings=comparison.findings,
        tasks=[TaskInfo(name=task, label=task) for task in comparison.before],
        manifest={key: value for key, value in record.items() if key not in FOUND},
    )


# --- tables ---


def _split(comparison: Comparison) -> tuple[list[Estimate], list[Estimate]]:
    """Changes and levels."""
    changed = [one for one in comparison.estimates if one.reference]
    return changed, [one for one in comparison.estimates if not one.reference]


def _tables(comparison: Comparison, view: View, folder: Path) -> list[str]:
    changed, levels = _split(comparison)
    verdicts = [one.verdict for one in comparison.results]
    frames = {
        "estimates": tables.estimate_frame(comparison.estimates),
        "changes": tables.estimate_frame(changed),
        "levels": tables.estimate_frame(levels),
        "verdicts": tables.record_frame(verdicts, ["subject", "task", "word", "reason", "sentence"]),
        "findings": tables.record_frame(comparison.findings, [field.name for field in fields(Finding)]),
        "pairs": frame(comparison.pairs),
    }  # fmt: skip
    printed.write_printed(
        [
            printed.estimates_table("changes", "Changes, paired by document", changed, view),
            printed.estimates_table("levels", "Levels before and after", levels, view),
        ],
        folder,
    )
    return tables.write_frames(frames, folder)


def _blocks(comparison: Comparison, view: View) -> list[Block]:
    changed, levels = _split(comparison)
    return [
        _block("changes", "Changes, paired by document", changed, view, is_open=True),
        _block("levels", "Levels before and after", levels, view),
    ]


def _block(
    key: str, caption: str, estimates: Sequence[Estimate], view: View, *, is_open: bool = False
) -> Block:
    lines = [replace(tables.line(one, view), trials="documents") for one in estimates[: tables.MAX_ROWS]]
    return Block(key, caption, key, lines, len(estimates), is_open)


def _moved(comparison: Comparison) -> list[Moved]:
    changed: dict[tuple[str, str, str], list[Pair]] = {}
    for pair in comparison.pairs:
        if pair.complete and pair.before != pair.after:
            changed.setdefault((pair.task, pair.metric, pair.condition), []).append(pair)
    rows: list[Moved] = []
    for one in comparison.results:
        if one.moved and len(rows) < tables.MAX_ROWS:
            key = (one.change.task, one.change.name, one.change.condition)
            ids = [
                (
                    told,
                    listed(
                        (pair.document for pair in changed.get(key, ()) if (pair.before, pair.after) == cell),
                        IDS,
                    ),
                )
                for cell, told in _CELLS
                if cell[0] != cell[1] and one.moved.get(cell)
            ]
            counts = [one.moved.get(cell, 0) for cell, _ in _CELLS]
            rows.append(Moved(one.change.task, _metric(one.change), counts, ids))
    return rows


def _metric(change: Estimate) -> str:
    return f"{change.name}{f' ({change.condition})' if change.condition else ''}"


# --- the first screen ---


def _first_screen(comparison: Comparison) -> FirstScreen:
    results = comparison.results
    reasons = _doubts(comparison)
    given = {one.verdict.word for one in results}
    told = _board(results)
    return FirstScreen(
        heading="What is compared",
        what=_what(comparison),
        more=_more(comparison),
        board=told,
        lede=_lede(results[0], told.cells[0]) if len(results) == 1 else None,
        found=_found(results) if len(results) > 1 else (),
        aside="",
        doubts=reasons[:DOUBTS],
        further=reasons[DOUBTS:],
        qualifiers=(),
        terms=[*((word, meaning) for word, meaning in WORDS.items() if word in given), *_terms()],
    )


def _what(comparison: Comparison) -> str:
    tasks = in_a_sentence(list(comparison.before), most=4)
    both = [comparison.model(side) for side in (BEFORE, AFTER)]
    who = f"both of {both[0]}" if both[0] == both[1] else f"{both[0]} before, {both[1]} after"
    what = f"Two logs of {FORMATS[comparison.format]}, {who}"
    return f"{what}, on {tasks}. Nothing was asked here; the scores are those of the logs."


def _more(comparison: Comparison) -> list[str]:
    """Of each task how many documents are compared and how they are grouped, then the files."""
    first: dict[str, list[Pair]] = {}
    for pair in comparison.pairs:
        rows = first.setdefault(pair.task, [])
        if not rows or (rows[0].metric, rows[0].condition) == (pair.metric, pair.condition):
            rows.append(pair)
    lines = [
        f"{task}: {sum(pair.common for pair in rows):,} documents are in both logs, clustered "
        f"{comparison.grouped[task]} ({len({pair.cluster for pair in rows if pair.common}):,} clusters)."
        for task, rows in first.items()
    ]
    files = [
        f"{side}: {log.path} ({log.tool}{f', {log.made}' if log.made else ''})"
        for side, logs in ((BEFORE, comparison.before), (AFTER, comparison.after))
        for log in logs.values()
    ]
    return [*lines[:ROWS], *files[:ROWS]]


def _terms() -> list[tuple[str, str]]:
    own = {
        "n": "documents that both logs have a score for",
        "cluster": "documents that are not independent of each other, as questions on one text; they count together",
        "coverage": "the share of the draws that were scored; what was not counts nowhere, and never as 0",
    }
    kept = ("point", "95 % interval", "withheld")
    return [*((name, TERMS[name]) for name in kept), *own.items()]


def _board(results: Sequence[Result]) -> Board:
    chosen = _chosen(results)
    scales: dict[str, tuple[float, float]] = {}
    for one in results:
        e = one.change
        if e.shown and e.value is not None:
            ends = [end for end in (e.low, e.value, e.high, 0.0) if end is not None]
            low, high = scales.get(e.unit, (0.0, 0.0))
            scales[e.unit] = (min(low, *ends), max(high, *ends))
    units = {one.change.unit for one in results}
    unit = (
        "percentage points"
        if units == {"proportion"}
        else "its own unit"
        if len(units) == 1
        else "points or its own unit"
    )
    rows = [
        Row(
            one.change.task,
            one.change.task,
            _levels_of(one.verdict, f"{_metric(one.change)}, "),
            [_shown(one, scales)],
        )
        for one in chosen
    ]
    left = len(results) - len(chosen)
    caption = CAPTION + (f" {left:,} more changes are in the tables." if left else "")
    return Board([Column("", "Change", "", unit)], [("real", "", "", rows)], caption, head="Task, metric")


def _chosen(results: Sequence[Result]) -> list[Result]:
    """What there is room for: claims first; in the order of the logs."""
    ranked = sorted(range(len(results)), key=lambda i: not results[i].verdict.claims)
    return [results[i] for i in sorted(ranked[:ROWS])]


def _shown(one: Result, scales: Mapping[str, tuple[float, float]]) -> Shown:
    verdict, e = one.verdict, one.change
    told = e.shown and e.value is not None and verdict.word != "cannot tell"
    return Shown(
        subject=AFTER,
        name=e.task,
        task="",
        facet="Change",
        word=verdict.word,
        label=verdict.word,
        change=brief(e)[0] if told else "",
        interval=brief(e)[1] if told else "",
        n=labels.count(e.n) if told else "",
        sentence=verdict.sentence,
        detail=_detail(verdict, e) if told else "",
        why=verdict.reason,
        warned=[name for name in e.checks.split(", ") if name] if e.state == "warned" else (),
        remark=e.reason if e.state == "warned" and told else "",
        withheld=e.state == "withheld",
        strip=strip_of(e, scales.get(e.unit)) if told else None,
    )


def _levels_of(verdict: Verdict, head: str = "") -> str:
    """Before and after, where both are shown; `head` stands before them, and alone without its mark where none is."""
    both = [one for one in (verdict.before, verdict.after) if one is not None and one.shown]
    if len(both) < 2 or verdict.word == "cannot tell":
        return head.rstrip(", ")
    return f"{head}{' → '.join(labels.value_text(one) for one in both)}"


def _detail(verdict: Verdict, e: Estimate) -> str:
    coverage = labels.DASH if e.coverage is None else labels.percent(e.coverage)
    counts = f"n {labels.count(e.n)} · clusters {labels.count(e.n_clusters)} · coverage {coverage}"
    return f"{_levels_of(verdict)} · {counts}"


def _lede(one: Result, cell: Shown) -> tuple[Shown, str, str]:
    before = f"{one.change.task}, {_metric(one.change)}"
    if not cell.change:
        return cell, before, f", since {cell.why}."
    unit = " points" if one.change.unit == "proportion" else ""
    than = " than before" if one.verdict.claims else ""
    levels = [labels.value_text(e) for e in (one.verdict.before, one.verdict.after) if e is not None]
    number = f"{cell.change}{unit} (95 % interval {cell.interval}), {cell.n} documents"
    return cell, before, f"{than}: {number}; {' before, '.join(levels)} after."


def _found(results: Sequence[Result]) -> list[Found]:
    groups: dict[str, list[str]] = {}
    for one in results:
        groups.setdefault(one.verdict.word, []).append(f"{one.change.task} {_metric(one.change)}")
    return [
        Found(word, labels.WORD_GLYPHS[word], css_of(word), _some(groups[word]))
        for word in WORDS
        if word in groups
    ]


def _some(names: Sequence[str]) -> list[str]:
    return list(names) if len(names) <= NAMES else [*names[: NAMES - 1], f"{len(names) - NAMES + 1} more"]


def _doubts(comparison: Comparison) -> list[Doubt]:
    """The findings that take something away, what withholds first; what stands behind one number is a click away."""
    severe = [one for one in comparison.findings if one.severity in ("invalid", "warn")]
    ranked = sorted(grouped(severe), key=lambda one: one.severity != "invalid")
    return [Doubt(f"{one.message}.", link=("audit", one.check.replace("_", " "))) for one in ranked]
