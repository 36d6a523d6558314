"""What the first page says of each run: verdicts and flips, what was asked, what runs share."""

from __future__ import annotations

from typing import Any

from sycoscope.report import labels, transcripts
from sycoscope.report.board import css_of, gated
from sycoscope.run import filtering
from sycoscope.run.filtering import TrialFilter
from sycoscope.view.address import Links, Listing
from sycoscope.view.opened import Opened, OpenRun

ALONE = "One model: under the control, then under the cue."


def verdict_rows(opened: Opened, links: Links, run: OpenRun) -> list[dict[str, Any]]:
    """One row per tuned model and facet, or of a model alone per facet: the word, and where its flips are."""
    flips = transcripts.flip_tables(run.view)
    told = {(verdict.subject, verdict.task): verdict for verdict in run.data.verdicts}
    rows = []
    for subject, task in dict.fromkeys([*told, *flips]):
        verdict, table = told.get((subject, task)), flips.get((subject, task))
        alone = ALONE if subject == run.roles.base else ""
        word, label, sentence, withheld = gated(verdict) if verdict else ("", "", alone, "")
        if main := told.get((run.roles.repeats.get(subject, ""), task)):
            # a further seed has no verdict of its own; what withholds its adapter's counts withholds these
            withheld = gated(main)[3]
        rows.append(
            {
                "subject": run.view.label(run.names.get(subject, subject)),
                "task": run.view.task_label(task),
                "glyph": labels.WORD_GLYPHS.get(word, ""),
                "css": css_of(word),
                "label": label,
                "sentence": sentence,
                "cells": [
                    (cell, _cell_list(opened, links, run, subject, task, stances))
                    for cell, stances in zip(table.cells, labels.CELLS, strict=True)
                ]
                if table
                else [],
                "withheld": bool(withheld),
            }
        )
    return rows


def _cell_list(
    opened: Opened, links: Links, run: OpenRun, subject: str, task: str, stances: tuple[str, str]
) -> str | None:
    key = f"{run.name}/{subject}" if opened.several else subject
    asked = TrialFilter(task=task, subject=key, before=stances[0], after=stances[1])
    return links.items(Listing(asked=asked))


def shared_items(opened: Opened) -> list[tuple[str, int, list[int]]]:
    """By task: items that every run has, and those that one run has alone."""
    sets = [opened.items_of(i) for i in range(len(opened.runs))]
    rows = []
    for task in opened.tasks():
        mine = [{item for name, item in one if name == task} for one in sets]
        if any(mine):
            alone = [one - set().union(*(o for o in mine if o is not one)) for one in mine]
            rows.append((task, len(set.intersection(*mine)), [len(one) for one in alone]))
    return rows


def asked_rows(run: OpenRun) -> list[dict[str, Any]]:
    """Of each task: its conditions, subjects and outcomes, trials, and how many of them were not scored."""
    tasks: dict[str, dict[str, Any]] = {}
    for subject, task, condition, shown, n in filtering.counts(run.directory).rows():
        row = tasks.setdefault(
            task, {"task": task, "conditions": {}, "subjects": {}, "outcomes": {}, "trials": 0, "unread": 0}
        )
        row["conditions"].setdefault(condition)
        row["subjects"].setdefault(subject)
        row["outcomes"].setdefault(shown)
        row["trials"] += n
        row["unread"] += n if shown in ("unparsed", "truncated", "error") else 0
    return list(tasks.values())
