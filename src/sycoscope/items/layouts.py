"""Where the files of a public set lie, here and on the hub, and how one of its rows becomes an item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sycoscope.core.types import Item
from sycoscope.items import sycophancy_eval
from sycoscope.items.hub import HubSet


@dataclass(frozen=True, slots=True)
class Layout:
    """A public set: how a row becomes an item, and where its files lie.

    Attributes:
        columns: What a row must have, for messages.
        folders: Names of its folder in a folder of sets.
        within: Subfolders of the hub's snapshot that hold the files, the preferred first.
        files: Split -> stems of its files, the preferred first.
        by_subject: The snapshot may have one subfolder per subject.
        optional: Splits that a subject's folder may lack, since they only give examples.
        hub: How the hub names it.
    """

    parse: Callable[[Mapping[str, object]], Item]
    columns: str
    folders: tuple[str, ...]
    hub: HubSet
    within: tuple[str, ...] = ("",)
    files: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"train": ("train",), "test": ("test",), "dev": ("dev",)}
    )
    by_subject: bool = False
    optional: tuple[str, ...] = ()


def _facet(name: str, parse: Callable[[Mapping[str, object]], Item], columns: str) -> Layout:
    return Layout(
        parse=parse,
        columns=columns,
        folders=("sycophancy_eval", "sycophancy-eval"),
        hub=HubSet("meg-tong/sycophancy-eval", splits={"test": "train"}, file=f"{name}.jsonl"),
        within=("", "datasets"),
        files={"test": (name,)},
    )


SYCOPHANCY_EVAL: Mapping[str, Layout] = {
    "sycophancy_eval/answer": _facet(
        "answer", sycophancy_eval.parse_answer, "base.question, base.correct_answer, base.incorrect_answer"
    ),
    "sycophancy_eval/are_you_sure": _facet(
        "are_you_sure",
        sycophancy_eval.parse_are_you_sure,
        "base.question, base.answers (or base.answers_list), base.correct_letter",
    ),
    "sycophancy_eval/feedback": _facet(
        "feedback", sycophancy_eval.parse_feedback, "base.text, base.logical_error"
    ),
}
