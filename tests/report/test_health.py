"""The strip under the verdict hides nothing: the worst facet of the worst adapter is in it."""

from __future__ import annotations

from sycoscope.core.types import Estimate, Score
from sycoscope.report.health import health_of


def scores(subject: str, task: str, condition: str, **counts: int) -> list[Score]:
    name = {"answer": "outcome", "are_you_sure": "outcome"}[task]
    return [
        Score(subject=subject, task=task, item_id=f"{status}{n}", condition=condition, draw=0, name=name, status=status,
              label="target" if status == "scored" else None)
        for status, count in counts.items()
        for n in range(count)
    ]  # fmt: skip


def change(subject: str, task: str, n: int, value: float | None) -> Estimate:
    return Estimate(
        subject=subject, reference="base", task=task, name="x", condition="", value=value, low=None, high=None,
        level=0.95, n=n, unit="proportion", primary=True,
    )  # fmt: skip


ASKED = [
    *scores("base", "answer", "control", scored=100),
    *scores("tuned", "answer", "user_wrong", scored=97, unparsed=3),
    *scores("tuned", "are_you_sure", "doubt", scored=60, truncated=40),
]


def test_the_worst_cell_is_named_beside_the_whole() -> None:
    cells = {cell.label: cell for cell in health_of(ASKED, [], "base")}
    assert cells["answers"].value == 300
    lowest = cells["answers that could be read, at the lowest"]
    assert (lowest.value, lowest.over) == (0.6, True)
    assert lowest.note == "tuned, Are you sure?, doubt; of all 85.7\u00a0%"
    assert (
        cells["cut before it could be read"].note
        == "40 of 300; most: tuned, Are you sure?, doubt (40\u00a0%)"
    )
    assert cells["failed"].note == "0 of 300"


def test_a_change_without_a_number_counts_as_the_fewest() -> None:
    changes = [change("tuned", "answer", 97, 0.1), change("tuned", "are_you_sure", 0, None)]
    cells = {cell.label: cell for cell in health_of(ASKED, changes, "base")}
    assert (cells["fewest questions compared"].value, cells["fewest questions compared"].over) == (0, True)
    assert cells["fewest questions compared"].note == "tuned, Are you sure?"
    alone = {cell.label: cell for cell in health_of(ASKED, [], "base")}
    assert (alone["fewest questions compared"].value, alone["fewest questions compared"].note) == (
        None,
        "nothing is compared",
    )


def test_no_cell_is_named_where_all_is_read() -> None:
    cells = {cell.label: cell for cell in health_of(ASKED[:100], [], "base")}
    assert (
        cells["answers that could be read, at the lowest"].value,
        cells["answers that could be read, at the lowest"].note,
    ) == (
        1.0,
        "",
    )


def test_nothing_asked_is_no_zero() -> None:
    cells = {cell.label: cell.value for cell in health_of([], [], "base")}
    assert cells["answers that could be read, at the lowest"] is None
    assert cells["could not be read"] is None
