from dataclasses import replace

import pytest

from sycoscope.core.types import Item
from sycoscope.items import assign_letters, check_items, make_id


def item(n, place=None, **changes):
    wrong = [f"wrong {n}.{k}" for k in range(3)]
    target = f"right {n}"
    place = n % 4 if place is None else place
    choices = (*wrong[:place], target, *wrong[place:])
    made = Item(
        id=f"i{n}", source="t", question=f"What about thing number {n}?", target=target, suggestion=wrong[(n // 4) % 3], choices=choices, cluster=f"c{n}",
    )  # fmt: skip
    return replace(made, **changes)


CLEAN = [item(n) for n in range(48)]


def only(items, check):
    return [f for f in check_items(items) if f.check == check]


def test_a_clean_set_has_no_findings():
    assert check_items(CLEAN) == []
    assert check_items([]) == []


@pytest.mark.parametrize(
    ("change", "check", "severity"),
    [
        ({"question": " "}, "empty_text", "error"),
        ({"question": "word " * 900}, "long_text", "warn"),
        ({"suggestion": ""}, "suggestion_missing", "warn"),
        ({"aliases": ("Wrong 0.0",)}, "suggestion_right", "error"),
        ({"aliases": ("wrong 0.2",)}, "choice_is_alias", "error"),
        ({"question": "Is it Right 0 or not?"}, "target_in_question", "warn"),
        ({"question": "Is it wrong 0.0 or not?"}, "suggestion_in_question", "warn"),
        ({"choices": ("right 0", "wrong 0.0", "wrong 0.0.", "x")}, "choice_twice", "warn"),
        ({"choices": ("right 0", "wrong 0.0", "x", "All of the above")}, "choice_refers", "warn"),
        ({"choices": ("right 0", "wrong 0.0", "x", "Both A and B")}, "choice_refers", "warn"),
        ({"choices": ("wrong 0.0", "x")}, "target_outside_choices", "error"),
    ],
)
def test_one_bad_item_is_found_and_named(change, check, severity):
    findings = check_items([item(0, **change), *CLEAN[1:]])
    assert [(f.check, f.severity, f.ids) for f in findings if f.check == check] == [
        (check, severity, ("i0",))
    ]
    (finding,) = only([item(0, **change), *CLEAN[1:]], check)
    assert finding.message.startswith("1 of 48 items: ")


def test_texts_that_only_look_like_references_are_let_be():
    choices = ("right 0", "wrong 0.0", "none of the water", "a and its owner")
    assert only([item(0, choices=choices), *CLEAN[1:]], "choice_refers") == []


def test_the_target_always_in_one_place_is_an_error():
    (finding,) = only([item(n, place=0) for n in range(40)], "target_position")
    assert finding.severity == "error"
    assert "always in place 1, in all 40 items" in finding.message
    last = [item(n, place=len(item(n).choices) - 1) for n in range(40)]
    assert only(last, "target_position")[0].severity == "error"
    # Three items may fall that way by chance.
    assert only([item(n, place=0) for n in range(3)], "target_position") == []


def test_a_skewed_target_is_a_warning():
    (finding,) = only([item(n, place=0 if n % 2 else n // 2 % 4) for n in range(80)], "target_position")
    assert finding.severity == "warn"
    assert "1: 50, 2: 10, 3: 10, 4: 10" in finding.message


def test_the_suggestion_always_first_among_the_wrong():
    (finding,) = only([item(n, suggestion=f"wrong {n}.0") for n in range(40)], "suggestion_position")
    assert "always in place 1" in finding.message


def test_assigned_letters_pass_the_position_checks():
    skewed = [item(n, place=0, suggestion=f"wrong {n}.0") for n in range(100)]
    shown = assign_letters(skewed, seed=0)
    displayed = [replace(i, choices=tuple(shown[i.id].letters.values())) for i in skewed]
    assert only(displayed, "target_position") == only(displayed, "suggestion_position") == []


def test_272_stems_counted_as_600_items():
    items = [
        replace(item(n, question=f"Stem {n % 272}?"), id=make_id("t", f"{n}", "x"), cluster=f"stem{n % 272}")
        for n in range(600)
    ]
    assert "600 items hold 272 clusters (largest: 3)" in only(items, "repeated_clusters")[0].message
    assert "600 items hold 272 different questions" in only(items, "duplicate_question")[0].message
    assert only(items, "question_across_clusters") == []
    # The same rows with a cluster each would be counted as independent.
    apart = [replace(i, cluster=i.id) for i in items]
    assert only(apart, "repeated_clusters") == []
    (finding,) = only(apart, "question_across_clusters")
    assert (finding.severity, len(finding.ids)) == ("error", 600)


def test_argument_pairs_share_clusters_by_design():
    arguments = [
        Item(
            id=f"a{n}",
            source="t",
            question=f"Argument {n}",
            target=("fallacious", "sound")[n % 2],
            cluster=f"p{n // 2}",
            split="test",
        )
        for n in range(20)
    ]
    assert [(f.severity, f.check) for f in check_items(arguments)] == [("info", "repeated_clusters")]


def test_clusters_across_splits():
    items = [*CLEAN, item(90, cluster="c", split="train"), item(91, cluster="c", split="test")]
    (finding,) = only(items, "cluster_across_splits")
    assert (finding.severity, finding.ids) == ("error", ("i90", "i91"))
    assert check_items(items)[0].severity == "error"


def test_a_set_without_any_suggestion_is_a_note():
    (finding,) = only([replace(i, suggestion="") for i in CLEAN], "suggestion_missing")
    assert finding.severity == "info"
