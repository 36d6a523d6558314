"""Which trials each kind of edge case selects, and how often it occurs: on samples that were planted."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
import pytest

from sycoscope.analysis.edge_cases import BETWEEN, COLUMN, edge_cases, edge_kinds, kinds_of, names_in
from sycoscope.analysis.sample_columns import SCORES
from sycoscope.core import records
from sycoscope.core.columns import SAMPLE_COLUMNS
from sycoscope.facets import FACETS
from sycoscope.facets.edge_kinds import GROUPS, HEDGED
from sycoscope.stats import rate_contrast, wilson

STANCES = ("control", "like", "dislike")


def table(rows: Iterable[dict[str, object]]) -> pl.DataFrame:
    """Samples that hold what is given; everything else is empty."""
    columns = {
        one.name: records.data_type(one) for one in (*SAMPLE_COLUMNS, *SCORES.values()) if one.name != COLUMN
    }
    base = {"subject": "base", "draw": 0, "status": "scored", "finish": "stop", "degenerate": "fine"}
    return pl.DataFrame([dict.fromkeys(columns) | base | row for row in rows], schema=columns, orient="row")


def answer(item: str, condition: str, outcome: str | None, **more: object) -> dict[str, object]:
    status = {} if outcome else {"status": "unparsed"}
    return {"task": "answer", "item_id": item, "condition": condition, "outcome": outcome} | status | more


def comment(item: str, condition: str, target: str = "fallacious", **more: object) -> dict[str, object]:
    return {
        "task": "feedback",
        "item_id": item,
        "condition": condition,
        "target": target,
        "cluster": "c",
    } | more


def found(samples: pl.DataFrame, kind: str) -> set[tuple[str, str]]:
    """(item, condition) of the trials of a kind."""
    kinds, _ = edge_cases(samples)
    rows = samples.with_columns(kinds).select("item_id", "condition", COLUMN).iter_rows()
    return {(item, condition) for item, condition, cell in rows if kind in names_in(cell)}


def share(samples: pl.DataFrame, kind: str, task: str = ""):
    _, shares = edge_cases(samples)
    mine = [one for one in shares if one.kind == kind]
    return next(one for one in mine if one.task == (task or mine[0].task))


def test_neither_needs_a_cue_that_mentions_an_answer():
    samples = table(
        answer(f"i{i}", condition, "other")
        for i in range(2)
        for condition in ("control", "padded", "user_wrong")
    )
    assert found(samples, "neither") == {("i0", "user_wrong"), ("i1", "user_wrong")}
    assert share(samples, "neither").n == 2


def test_a_hedge_counts_where_an_answer_is_named():
    samples = table(
        [
            answer("i0", "control", "target", hedged="yes"),
            answer("i1", "control", "target", hedged="no"),
            answer("i2", "control", "abandoned", hedged="yes"),
            answer("i3", "control", None, hedged="yes"),
        ]
    )
    assert found(samples, "hedged") == {("i0", "control")}
    told = share(samples, "hedged")
    # the unread one might have named an answer, so it is part of what coverage is of; the abandoned one is not
    assert (told.cases, told.n, told.coverage) == (1, 2, pytest.approx(2 / 3))


def test_channels_are_held_against_each_other_where_both_name_an_answer():
    samples = table(
        [
            answer("i0", "control", "target", choice="suggested"),
            answer("i1", "control", "target", choice="target"),
            answer("i2", "control", "both", choice="target"),
            answer("i3", "control", "other"),
        ]
    )
    assert found(samples, "channels") == {("i0", "control")}
    told = share(samples, "channels")
    assert (told.cases, told.n, told.coverage) == (1, 2, pytest.approx(2 / 3))


def test_a_comment_and_its_probe_are_held_against_each_other():
    samples = table(
        [
            comment("a", "control", verdict="positive", verdict_logit=-1.0),
            comment("b", "control", verdict="negative", verdict_logit=0.5),
            comment("c", "control", verdict="negative", verdict_logit=-0.5),
            comment("d", "control", verdict="mixed", verdict_logit=-0.5),
        ]
    )
    assert found(samples, "verdict_channels") == {("a", "control"), ("b", "control")}
    assert share(samples, "verdict_channels").n == 3


def test_a_shift_of_sentiment_is_one_of_the_same_argument():
    verdicts = {"a": ("positive", "negative"), "b": ("negative", "positive"), "c": ("positive", "neutral")}
    samples = table(
        comment(item, condition, verdict=verdict, positivity=tone)
        for item, both in verdicts.items()
        for condition, verdict, tone in zip(("like", "dislike"), both, (0.05, -0.05), strict=True)
    )
    assert found(samples, "praise_follows") == {("a", "like"), ("a", "dislike")}
    assert found(samples, "praise_opposes") == {("b", "like"), ("b", "dislike")}
    # the limits themselves count
    assert {item for item, _ in found(samples, "tone_follows")} == {"a", "b", "c"}
    told = share(samples, "praise_follows")
    assert (told.unit, told.cases, told.n) == ("item", 1, 3)


def test_a_shift_with_a_side_that_could_not_be_read_is_no_case_and_lowers_coverage():
    rows = [
        comment("a", "like", verdict="positive"),
        comment("a", "dislike", verdict="negative"),
        comment("b", "like", verdict="positive"),
        comment("b", "dislike", status="unparsed"),
    ]
    told = share(table(rows), "praise_follows")
    assert (told.cases, told.n, told.coverage) == (1, 1, 0.5)


def test_a_hushed_flaw_is_one_of_a_fallacious_argument():
    samples = table(
        comment(item, condition, target, flaw=flaw)
        for item, target, flaws in (
            ("a", "fallacious", "yn"),
            ("b", "sound", "yn"),
            ("c", "fallacious", "yy"),
        )
        for condition, flaw in zip(
            ("control", "like"), ({"y": "yes", "n": "no"}[f] for f in flaws), strict=True
        )
    )
    assert found(samples, "flaw_hushed") == {("a", "control"), ("a", "like")}
    assert share(samples, "flaw_hushed").n == 2


PAIRS = {
    # flaw of the fallacious, then of the sound one: control, like, dislike
    "always": ("yyy", "nnn"),
    "sometimes": ("yny", "nnn"),
    "never": ("nnn", "nnn"),
    "blind": ("yyy", "yyy"),
}


def pairs() -> pl.DataFrame:
    words = {"y": "yes", "n": "no", "?": None}
    return table(
        comment(f"{name}-{target}", condition, target, flaw=words[flaw], cluster=name)
        for name, sides in PAIRS.items()
        for target, flaws in zip(("fallacious", "sound"), sides, strict=True)
        for condition, flaw in zip(STANCES, flaws, strict=True)
    )


@pytest.mark.parametrize(
    ("kind", "names"),
    [("detected", {"always"}), ("detected_sometimes", {"sometimes"}), ("detected_never", {"never", "blind"})],
)
def test_a_pair_is_told_apart_under_every_stance_some_or_none(kind, names):
    samples = pairs()
    wanted = {
        (f"{name}-{target}", c) for name in names for target in ("fallacious", "sound") for c in STANCES
    }
    assert found(samples, kind) == wanted
    told = share(samples, kind)
    assert (told.unit, told.cases, told.n) == ("pair", len(names), 4)


def test_an_argument_without_a_partner_is_no_pair():
    samples = pairs().filter(pl.col("item_id") != "always-sound")
    assert found(samples, "detected") == set()
    assert share(samples, "detected").n == 3


def test_what_was_never_asked_has_no_share():
    samples = table([answer("i0", "control", "target")])
    _, shares = edge_cases(samples)
    assert {"channels", "hedged", "off_task", "neither", "detected"}.isdisjoint(one.kind for one in shares)
    assert share(samples, "both").n == 1


def test_trials_of_one_item_are_no_independent_observations():
    """Eight conditions of one item that all say the same weigh as one."""
    conditions = FACETS["answer"].condition_names
    rows = [answer(f"i{i}", c, "both" if i < 3 else "target") for i in range(10) for c in conditions]
    told = share(table(rows), "both")
    naive = wilson(told.cases, told.n)
    assert (told.n, told.n_clusters) == (80, 10)
    assert told.high - told.low > 2 * (naive.high - naive.low)
    # and single observations have Wilson's interval
    alone = share(table(row for row in rows if row["condition"] == "control"), "both")
    exact = wilson(3, 10)
    assert (alone.low, alone.high) == pytest.approx((exact.low, exact.high))


def test_a_kind_of_several_tasks_is_counted_over_all_and_by_task():
    rows = [
        answer("i0", "control", "both"),
        {"task": "are_you_sure", "item_id": "i0", "condition": "doubt", "outcome": "kept", "final": "target"},
        {"task": "mmlu", "item_id": "m", "condition": "chat", "status": "truncated"},
    ]
    samples = table(rows)
    _, shares = edge_cases(samples)
    told = {(one.kind, one.task): (one.cases, one.n) for one in shares}
    assert (told["both", ""], told["both", "answer"], told["both", "are_you_sure"]) == (
        (1, 2),
        (1, 1),
        (0, 1),
    )
    assert told["truncated", ""] == (1, 3)
    assert told["truncated", "mmlu"] == (1, 1)


def test_a_trial_can_be_of_several_kinds_in_the_order_of_the_kinds():
    samples = table([answer("i0", "user_wrong", "other", finish="length", degenerate="loop")])
    kinds, _ = edge_cases(samples)
    assert kinds.to_list() == [BETWEEN.join(("neither", "length", "loop"))]
    assert edge_cases(table([answer("i0", "control", "target")]))[0].to_list() == [None]


def test_no_samples_have_no_edge_cases():
    kinds, shares = edge_cases(table([]))
    assert (kinds.len(), kinds.dtype, shares) == (0, pl.String, [])


def test_kinds_are_told_apart_and_read_columns_that_exist():
    known = {one.name for one in SAMPLE_COLUMNS} | set(SCORES) | {HEDGED}
    for facet in FACETS:
        mine = kinds_of(facet)
        assert len({kind.name for kind in mine}) == len(mine)
        for kind in mine:
            assert set(kind.reads) <= known
            assert kind.name.isidentifier()
            assert kind.meaning.endswith(".")
            # kinds of one name say the same wherever they are
            assert (kind.label, kind.meaning, kind.group) == (
                edge_kinds()[kind.name].label, edge_kinds()[kind.name].meaning, edge_kinds()[kind.name].group,
            )  # fmt: skip
    labels = [kind.label for kind in edge_kinds().values()]
    assert len(set(labels)) == len(labels)
    assert {kind.group for kind in edge_kinds().values()} == set(GROUPS)


def test_the_interval_is_that_of_a_rate():
    told = share(pairs(), "detected_never")
    exact = rate_contrast([[0.0], [0.0], [1.0], [1.0]], [[1.0]] * 4, [1.0])
    assert (told.value, told.low, told.high) == pytest.approx((exact.value, exact.low, exact.high))
