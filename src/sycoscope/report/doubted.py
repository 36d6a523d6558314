"""Readings that the audit doubts, by cell: subject, task and condition that a finding on the readings names."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sycoscope.analysis.edge_cases import COLUMN, edge_kinds, names_in
from sycoscope.report import labels, trials
from sycoscope.report.transcripts import Key
from sycoscope.report.view import View
from sycoscope.stats import rate_contrast

# Check of the audit -> the kinds of edge cases that it counts: what could not be read, and readings that disagree.
CHECKS: Mapping[str, tuple[str, ...]] = {
    "coverage": ("unparsed", "truncated", "error"),
    "coverage_differs": ("unparsed", "truncated", "error"),
    "truncation": ("truncated",),
    "errors": ("error",),
    "degenerate": ("empty", "loop", "template", "echo"),
    "off_task": ("off_task",),
    "channels": ("channels",),
}
# Cells that the page lists; the audit's section has every finding.
MOST = 24


@dataclass(frozen=True, slots=True)
class Doubted:
    """A cell.

    Attributes:
        where: Subject, task and condition, for people. why: the check, and what its cases are called.
        value: Share of its trials that are a case, with the interval. counted: cases of n.
        kind: The most frequent kind of them. address: of its cases in the viewer. key: of one of these, drawn with
            the page's seed.
        withheld: Whether the audit withholds a number for it.
    """

    subject: str
    where: str
    why: str
    value: str
    counted: str
    kind: str
    address: str
    key: Key
    withheld: bool


def doubted_cells(view: View) -> tuple[Sequence[Doubted], int]:
    """The cells, by finding, those with the largest share first, `MOST` at most; and how many there are."""
    named = _named(view)
    if not named:
        return (), 0
    cases: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in view.data.edge_trials:
        cases.setdefault((row["subject"], row["task"], row["condition"]), []).append(row)
    asked: dict[tuple[str, str, str], list[Key]] = {}
    wanted = {(subject, task) for subject, task, _ in named}
    for one in view.data.trials:
        if (one.subject, one.task) in wanted:
            key = (one.subject, one.task, one.item_id, one.condition, one.draw)
            asked.setdefault((one.subject, one.task, one.condition), []).append(key)
    found = []
    for (subject, task, check), conditions in named.items():
        for cell, keys in asked.items():
            if cell[:2] != (subject, task) or (conditions and cell[2] not in conditions):
                continue
            rows = [row for row in cases.get(cell, ()) if set(CHECKS[check]) & set(names_in(row[COLUMN]))]
            if rows:
                found.append(_cell(view, cell, check, rows, keys))
    found.sort(key=lambda pair: -pair[0])
    return [one for _, one in found[:MOST]], len(found)


def _named(view: View) -> dict[tuple[str, str, str], set[str]]:
    """(subject, task, check) of each finding -> its conditions; empty: all."""
    named: dict[tuple[str, str, str], set[str]] = {}
    shown = {one.name for one in view.subjects}
    for one in view.data.findings:
        if one.severity in ("warn", "invalid") and one.check in CHECKS and one.subject in shown and one.task:
            conditions = named.setdefault((one.subject, one.task, one.check), set())
            if one.condition:
                conditions.add(one.condition)
    return named


def _cell(
    view: View, cell: tuple[str, str, str], check: str, rows: Sequence[Mapping[str, Any]], keys: Sequence[Key]
) -> tuple[float, Doubted]:
    subject, task, condition = cell
    hits = {(row["item_id"], row["draw"]) for row in rows}
    case = np.array([(key[2], key[4]) in hits for key in keys], dtype=np.float64)
    clusters = [_cluster(view, key[2]) for key in keys]
    codes = {name: i for i, name in enumerate(dict.fromkeys(clusters))}
    numbered = np.array([codes[name] for name in clusters])
    share = rate_contrast(case[:, None], np.ones((len(keys), 1)), [1.0], numbered)
    counts = Counter(name for row in rows for name in names_in(row[COLUMN]) if name in CHECKS[check])
    kind = max(counts, key=lambda name: counts[name])
    row = random.Random(f"{view.data.sample_seed} {cell} {check}").choice(
        [row for row in rows if kind in names_in(row[COLUMN])]
    )
    known = edge_kinds()
    told = ", ".join(f"{labels.count(n)} {known[name].label}" for name, n in counts.most_common())
    value = labels.DASH
    if share.value is not None and share.low is not None and share.high is not None:
        low, high = (labels.decimal(100 * end, 1) for end in (share.low, share.high))
        value = f"{labels.percent(share.value)} ({low} to {high})"
    withheld = any(
        one.severity == "invalid" and one.check == check and one.subject == subject and one.task == task
        for one in view.data.findings
    )
    where = f"{view.label(subject)} · {view.task_label(task)} · {labels.condition_of(task, condition)}"
    return float(share.value or 0.0), Doubted(
        subject=subject, where=where, why=f"{check.replace('_', ' ')}: {told}", value=value,
        counted=f"{labels.count(len(hits))} of {labels.count(len(keys))}", kind=kind,
        address=trials.edge_address(kind, task, subject, condition),
        key=(subject, task, row["item_id"], condition, row["draw"]), withheld=withheld,
    )  # fmt: skip


def _cluster(view: View, item: str) -> str:
    found = view.data.items.get(item)
    return (found.cluster if found else "") or item
