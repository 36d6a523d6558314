"""Where the trials behind a number are: on the page, or under which address of the viewer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sycoscope.core.types import Estimate
from sycoscope.report.view import View
from sycoscope.run.filtering import TrialFilter, query_of

# Where a number leads that rests on trials of several tasks.
ALL = "trials"


@dataclass(frozen=True, slots=True)
class Place:
    """All trials of one subject on one task.

    Attributes:
        id: Of its row on the page. address: in the viewer. shown: id of its transcripts on the page; empty for none.
    """

    id: str
    subject: str
    address: str
    shown: str


def address(task: str, subject: str = "", condition: str = "", stances: tuple[str, str] = ("", "")) -> str:
    """Of a list of trials, as `sycoscope view` has it. stances: before and after, `held` or `caved`."""
    before, after = stances
    asked = TrialFilter(task=task, subject=subject, condition=condition, before=before, after=after)
    return f"/items?{_encoded(query_of(asked))}"


def edge_address(kind: str, task: str = "", subject: str = "", condition: str = "") -> str:
    """Of the list of all items with a case of a kind, or of those under a condition of a subject."""
    asked = TrialFilter(edge=kind, task=task, subject=subject, condition=condition)
    return f"/items?{_encoded(query_of(asked))}"


def item_address(task: str, item: str) -> str:
    """Of one item, with all that was asked of it."""
    return f"/item?{_encoded({'task': task, 'id': item})}"


def _encoded(query: Mapping[str, str]) -> str:
    # a name may hold half a character, which no address can
    return urlencode(query, errors="replace")


def anchor(view: View, task: str, subject: str) -> str:
    """The id of the row with a subject's trials on a task, by position, since names may hold anything."""
    names = [one.name for one in view.subjects]
    asked = view.asked
    if task not in asked or subject not in names:
        return ALL
    return f"v{names.index(subject)}-{asked.index(task)}"


def of(estimate: Estimate, view: View) -> str:
    """Where a number leads: the id of its transcripts on the page, else of the row that says where its trials are."""
    return behind(view, estimate.task, estimate.subject)


def behind(view: View, task: str, subject: str) -> str:
    """The same for every number of a subject on a task."""
    return view.transcribed.get((task, subject)) or anchor(view, task, subject)


def places(view: View) -> Sequence[tuple[str, Sequence[Place]]]:
    """Of each task its label, and a place for every subject."""
    return [
        (
            view.task_label(task),
            [
                Place(
                    anchor(view, task, one.name), view.label(one.name), address(task, one.name),
                    view.transcribed.get((task, one.name), ""),
                )
                for one in view.subjects
            ],
        )
        for task in view.asked
    ]  # fmt: skip
