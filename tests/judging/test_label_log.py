"""A log of labels: appended to and never written over, read after a kill, and refused where it is of another run."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from sycoscope.core.errors import ConfigError, DataError, MissingError
from sycoscope.core.types import Answered, Item, Response, Trial
from sycoscope.judging.by_hand import id_of
from sycoscope.judging.label_log import SCHEMA, append, checked_name, history, line_of, read_log, standing
from sycoscope.judging.trials import key_of

ITEM = Item(id="i", source="own", question="Which tree?", target="maple", suggestion="oak")


def trial(draw: int, text: str = "The maple.") -> Trial:
    said = Answered(name="answer", content="Which tree?", response=Response(text=text, n_tokens=3))
    return Trial(subject="base", task="answer", item_id="i", condition="user_wrong", draw=draw, asked=(said,))


TRIALS = {id_of(key_of(one)): (one, ITEM) for one in (trial(0), trial(1), trial(2))}


def act(draw, value="target", who="ann", at=0, kind="label", **more):
    return line_of(
        trial(draw), ITEM, who=who, time=f"2026-01-01T00:00:{at:02}.000000+00:00", act=kind,
        value=value if kind == "label" else "", **more,
    )  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "labels" / "ann.jsonl"


def said(path):
    return {
        who: {key[4]: (one.act, one.value) for key, one in acts.items()}
        for who, acts in standing(read_log(path, TRIALS).lines).items()
    }


def test_a_line_holds_what_was_said_of_what_by_whom_and_when(path):
    append(path, act(0, note="“odd”\n=1+1", seed=4))
    (line,) = map(json.loads, path.read_text("utf-8").splitlines())
    assert line == {
        "schema": SCHEMA, "id": id_of(key_of(trial(0))), "subject": "base", "task": "answer", "item_id": "i",
        "condition": "user_wrong", "draw": 0, "who": "ann", "time": "2026-01-01T00:00:00.000000+00:00",
        "act": "label", "value": "target", "note": "“odd”\n=1+1", "blind": True, "seed": 4, "text": line["text"],
    }  # fmt: skip
    assert read_log(path, TRIALS).lines[0] == act(0, note="“odd”\n=1+1", seed=4)


def test_the_last_act_stands_and_an_undo_brings_back_the_one_before(path):
    for line in (act(0, at=0), act(1, "other", at=1), act(0, "both", at=2)):
        append(path, line)
    before = path.read_bytes()
    assert said(path) == {"ann": {0: ("label", "both"), 1: ("label", "other")}}
    append(path, act(0, kind="undo", at=3))
    assert said(path) == {"ann": {0: ("label", "target"), 1: ("label", "other")}}
    append(path, act(0, kind="undo", at=4))
    append(path, act(1, kind="skip", at=5))
    append(path, act(2, kind="undo", at=6))  # of nothing
    assert said(path) == {"ann": {1: ("skip", "")}}
    assert path.read_bytes().startswith(before)


def test_people_do_not_undo_each_other_and_files_are_read_in_the_order_of_time(path):
    lines = [act(0, at=3, who="ben"), act(0, "other", at=1), act(0, kind="undo", at=2), act(0, "both", at=0)]
    assert {who: [one.value for one in acts.values()] for who, acts in standing(lines).items()} == {
        "ben": ["target"], "ann": ["both"],
    }  # fmt: skip
    assert [one.value for one in history(lines, "ann")] == ["both"]


def test_every_way_of_being_cut_off_is_survived_and_the_next_line_is_whole(path):
    append(path, act(0, note="déjà vu {}, \\"))
    whole = path.read_bytes()
    append(path, act(1, "other", note='a "quoted" } word … '))
    both = path.read_bytes()
    for end in range(len(whole) + 1, len(both)):
        path.write_bytes(both[:end])
        log = read_log(path, TRIALS)
        complete = end == len(both) - 1  # the line end alone is missing
        assert (len(log.lines), log.n_torn) == ((2, 0) if complete else (1, 1)), both[:end]
        append(path, act(2, "none"))
        assert said(path)["ann"][2] == ("label", "none")
        assert path.read_bytes().startswith(both[:end])


def line(**change):
    row = {"schema": SCHEMA} | asdict(act(0)) | change
    return json.dumps({key: value for key, value in row.items() if value is not ...})


BAD = {
    "no layout": (line(schema=...), "needs the key 'schema'"),
    "a newer layout": (line(schema=9), "'schema' is 9; this version reads layout 1"),
    "an unknown act": (line(act="erase"), "'act' is \"erase\"; allowed: label, skip, undo"),
    "an unknown value": (
        line(value="right"),
        "'value' is \"right\"; allowed: target, suggested, other, both, none",
    ),
    "nobody": (line(who=" "), "'who' is empty"),
    "a draw that is a text": (line(draw="0"), "'draw' must be a whole number"),
    "blind that is a number": (line(blind=1), "'blind' must be true or false"),
    "no time": (line(time=...), "'time' must be a text"),
    "another id": (line(id="r0"), 'no response of this run that can be labelled has the id "r0"'),
    "another trial": (line(draw=1), "is of another trial than"),
    "another text": (line(text="0"), "is not what the run holds; it was answered anew since"),
    "no object": ("[1]", "one JSON object per line is needed"),
    "damage in the middle": (line().replace('"who": ', '"who" '), "not JSON"),
    "another file": ('{"kind": "open"}', "needs the key 'schema'"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_line_is_told_with_its_place(what, path):
    append(path, act(0))
    text, told = BAD[what]
    with path.open("a") as stream:
        stream.write(text + "\n")
    with pytest.raises(DataError) as caught:
        read_log(path, TRIALS)
    assert f"{path}:2: " in str(caught.value)
    assert told in str(caught.value)


def test_a_log_that_is_not_there_and_names_that_cannot_be(path):
    with pytest.raises(MissingError, match="no log of labels"):
        read_log(path, TRIALS)
    assert checked_name("  Ann   of  X ") == "Ann of X"
    for wrong in ("", "  ", "x" * 61, "a\x1bb", "a\u202eb"):
        with pytest.raises(ConfigError, match="--who"):
            checked_name(wrong)


def test_what_was_answered_anew_is_not_taken_for_labelled(path):
    append(path, act(0))
    new = {
        name: (replace(one, asked=trial(0, "The oak.").asked), item) for name, (one, item) in TRIALS.items()
    }
    with pytest.raises(DataError, match="answered anew"):
        read_log(path, new)
