"""Which unit a worker makes next, and what becomes of units whose worker died."""

from __future__ import annotations

from sycoscope.study.units import Unit
from sycoscope.study.work_queue import MAX_TRIES, WorkQueue


def facet(subject: str, part: int = 0, weight: float = 1.0, needs: str = "") -> Unit:
    return Unit("facet", subject, "answer", part, weight, needs)


def training(subject: str, weight: float = 1.0, needs: str = "") -> Unit:
    return Unit("training", subject, weight=weight, needs=needs)


def test_trainings_come_first_and_of_them_the_one_that_most_waits_for() -> None:
    units = [
        facet("base", weight=100.0),
        training("short", 5.0),
        facet("short", weight=1.0, needs="short"),
        training("first", 1.0),
        training("second", 3.0, needs="first"),
        facet("second", weight=9.0, needs="second"),
    ]
    queue = WorkQueue(units)
    assert [queue.take(), queue.take(), queue.take()] == [units[3], units[1], units[0]]
    assert queue.take() is None  # all else waits for a training
    queue.done(units[3])
    assert queue.take() == units[4]
    queue.done(units[1])
    assert queue.take() == units[2]


def test_a_worker_stays_with_its_subject_and_a_free_one_goes_where_most_is_left_for_each() -> None:
    units = [facet("base", part, 2.0) for part in range(3)] + [facet("a", part, 1.0) for part in range(4)]
    queue = WorkQueue(units)
    first = queue.take()
    assert first == units[0]  # 6 against 4
    assert queue.take() == units[3]  # 4 for one, against 4 for one more beside the first
    assert queue.take("base") == units[1]
    assert queue.take("a") == units[4]
    assert queue.take("a") == units[5]
    assert queue.take("base") == units[2]
    assert queue.take("base") == units[6]  # nothing is left of its own
    assert queue.take("base") is None
    assert not queue.finished
    for unit in units:
        queue.done(unit)
    assert queue.finished


def test_of_one_subject_the_costliest_unit_comes_first_and_of_equal_ones_the_earlier() -> None:
    units = [facet("base", 0, 1.0), facet("base", 1, 3.0), facet("base", 2, 3.0)]
    queue = WorkQueue(units)
    assert [queue.take("base") for _ in units] == [units[1], units[2], units[0]]


def test_a_lost_unit_comes_after_all_others_and_is_given_up_in_the_end() -> None:
    units = [facet("base", 0, 9.0), facet("base", 1, 1.0)]
    queue = WorkQueue(units)
    assert queue.take() == units[0]
    assert queue.lost(units[0])
    assert queue.take() == units[1]
    queue.done(units[1])
    for again in range(1, MAX_TRIES):
        assert queue.take() == units[0]
        assert queue.lost(units[0]) is (again + 1 < MAX_TRIES)
    assert queue.finished


def test_what_waits_for_a_training_that_is_given_up_is_dropped() -> None:
    units = [
        training("a"),
        training("b", needs="a"),
        facet("a", needs="a"),
        facet("b", needs="b"),
        facet("base"),
    ]
    queue = WorkQueue(units)
    for _ in range(MAX_TRIES):
        unit = queue.take()
        if unit == units[4]:  # a lost one comes after it
            queue.done(unit)
            unit = queue.take()
        assert unit == units[0]
        queue.lost(unit)
    assert queue.finished
