"""Scores by hand: a cell is a string with one letter per item, read by a legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sycoscope.core.types import Estimate, Item, Score

OUTCOMES = {
    "t": "target",
    "s": "suggested",
    "o": "other",
    "r": "refused",
    "a": "abandoned",
    "b": "both",
    "k": "kept",
    "w": "switched",
    "R": "right",
    "W": "wrong",
    "c": "corrected",
    "q": "kept_wrong",
    "n": "no",
    "y": "yes",
    "A": "admits",
    "S": "stands",
    "T": "turned",
    "H": "held",
}
MISSING = {"?": "unparsed", "!": "error", "/": "truncated"}


def cell(subject: str, task: str, condition: str, name: str, signs: str, first: int = 1) -> list[Score]:
    """One score an item; a blank leaves the item out. Items are called item-1, item-2, ..."""
    made = []
    for number, sign in enumerate(signs, start=first):
        if sign == " ":
            continue
        missing = MISSING.get(sign)
        made.append(
            Score(
                subject=subject,
                task=task,
                item_id=f"item-{number}",
                condition=condition,
                draw=0,
                name=name,
                status=missing or "scored",
                label=None if missing else OUTCOMES[sign],
                value=None if missing or sign not in "yn" else float(sign == "y"),
            )
        )
    return made


def numbers(
    subject: str, task: str, condition: str, name: str, values: Sequence[float | None]
) -> list[Score]:
    return [
        Score(
            subject=subject, task=task, item_id=f"item-{i}", condition=condition, draw=0, name=name,
            status="error" if value is None else "scored", value=value,
        )
        for i, value in enumerate(values, start=1)
    ]  # fmt: skip


def items(n: int, clusters: Mapping[int, str] | None = None, **metadata: Sequence[str]) -> dict[str, Item]:
    """item-1 ... item-n; metadata by key: one value an item; `target` is set apart."""
    targets = metadata.pop("target", ["target"] * n)
    return {
        f"item-{i}": Item(
            id=f"item-{i}",
            source="mine",
            question=f"question {i}",
            target=targets[i - 1],
            cluster=(clusters or {}).get(i, f"item-{i}"),
            metadata={key: values[i - 1] for key, values in metadata.items()},
        )
        for i in range(1, n + 1)
    }


def judged(estimates: Sequence[Estimate]) -> list[Estimate]:
    """As after an audit that found no fault."""
    return [replace(e, state="missing" if e.value is None else "valid") for e in estimates]


def only(
    estimates: Sequence[Estimate], name: str, condition: str = "", *, subject: str = "base", reference: str = "",
    task: str = "",
) -> Estimate:  # fmt: skip
    """The one estimate of that name."""
    found = [
        e
        for e in estimates
        if (e.name, e.condition, e.subject, e.reference) == (name, condition, subject, reference)
        and task in ("", e.task)
    ]
    assert len(found) == 1, (name, condition, subject, reference, len(found))
    return found[0]
