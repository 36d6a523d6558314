"""Pages over a run: what they show, which addresses they have, and that hostile text stays text."""

from __future__ import annotations

import hashlib
import shutil
import string
import threading
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import polars as pl
import pytest

from sycoscope.core.types import Response
from sycoscope.view.words import difference, message

from .conftest import HOSTILE, ITEMS, LONG, MODELS, answered, served, write_run
from .page_reader import Page


def read(client, address: str, status: int = 200) -> Page:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.text[:300])
    return Page(answer.text)


def items_of(page: Page) -> list[str]:
    return [parse_qs(urlsplit(a["href"]).query)["id"][0] for a in page.all("a", class_="step")]


def digests(run: Path) -> dict[str, str]:
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(run.rglob("*"))
        if path.is_file()
    }


def walk(client, limit: int = 150) -> dict[str, Page]:
    """Every page that links lead to from the first one."""
    seen: dict[str, Page] = {}
    waiting = ["/"]
    while waiting and len(seen) < limit:
        address = waiting.pop().partition("#")[0]
        if address in seen:
            continue
        seen[address] = read(client, address)
        waiting += [one for one in seen[address].links if one.startswith("/")]
    return seen


def test_every_link_leads_somewhere_and_the_run_stays_as_it_was(client, runs):
    before = digests(runs.one)
    pages = walk(client)
    assert {urlsplit(one).path for one in pages} == {"/", "/items", "/item", "/training", "/help"}
    for address, page in pages.items():
        assert page.faults == [], address
        ids = [a["id"] for _, a in page.tags if "id" in a]
        assert len(ids) == len(set(ids)), address
        assert [a for _, a in page.tags for name in a if name.startswith("on") or name == "style"] == []
        assert not page.all("style")
        assert all(a.get("src", "").startswith("/static/") for a in page.all("script"))
        assert len(page.all("h1")) >= 1
        assert page.all("main", id="main")
        assert page.all("html", lang="en")
        # each table is named, each field has a name
        named = sum(tag == "caption" for tag, _ in page.tags)
        assert named == len(page.all("table"))
    assert digests(runs.one) == before


@pytest.mark.parametrize("part", ["", "&diff=1", "&whole=1&diff=1"])
def test_hostile_text_stays_text(client, part):
    answer = client.get(f"/item?task=answer&id=hostile&q=owned{part}")
    page = Page(answer.text)
    assert page.faults == []
    assert not page.all("img")
    assert "<script>document" not in answer.text
    assert "owned" in page.text
    assert "{{ 7*7 }}" in page.text
    # what turns the direction of a line is written out, and what no HTML may hold is replaced
    assert not {"\u202e", "\u2066", "\x00", "\x1b"} & set(answer.text)
    assert "U+202E" in page.text
    assert "\ufffd" in page.text


def test_no_text_anywhere_turns_the_direction_of_a_page(client):
    """Also where a text is cut to its beginning; an address that looks for such a character still does."""
    answer = client.get("/item?task=answer&id=item8")
    assert "\u202e" not in answer.text
    assert answer.text.count("U+202E") == 8  # an excerpt of each trial, and both sides
    found = client.get("/items?q=%E2%80%AE")
    assert items_of(Page(found.text)) == ["item8", "hostile"]
    assert Page(found.text).all("input", name="q", value="\u202e")


def test_names_and_titles_are_escaped(client):
    for address in ("/", "/items", "/item?task=answer&id=item1", "/training"):
        text = client.get(address).text
        assert "<i>s</i>" not in text
        assert "tuned <b>" not in text
    assert MODELS[1] in read(client, "/").text


def test_a_long_message_is_cut_and_can_be_read_whole(client):
    short = client.get("/item?task=answer&id=item0")
    page = Page(short.text)
    assert len(short.content) < 200_000
    assert f"{len(LONG) + len('target') - 20_000} more characters" in page.text
    (link,) = {one for one in page.links if "whole=1" in one}
    whole = client.get(link.partition("#")[0])
    assert "the endtarget" in whole.text
    marked = read(client, "/item?task=answer&id=item0&whole=1&diff=1")
    assert "too many words" in marked.text


def test_lists_are_paged(client):
    first, second, third = (read(client, f"/items?page={page}") for page in (1, 2, 3))
    ids = [one for page in (first, second, third) for one in items_of(page)]
    assert sorted(ids) == sorted([*ITEMS, "m"])
    assert len(items_of(first)) == len(items_of(second)) == 25
    assert "63 of 63 items" in first.text
    assert first.all("a", rel="next", href="/items?page=2")
    assert second.all("a", rel="prev", href="/items")
    assert "no page 4" in read(client, "/items?page=4", 404).text


FLIPPED = {"hostile", *(f"item{i}" for i in range(60) if i % 2)}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("facet=mmlu", {"m"}),
        ("condition=chat", {"m"}),
        ("subject=base&outcome=suggested", set()),
        ("outcome=suggested&condition=user_wrong", FLIPPED),
        ("flip=held-caved", FLIPPED),
        ("flip=held-caved&subject=base", set()),
        ("flip=caved-held", set()),
        ("outcome=unparsed", {"item4"}),
        ("edge=unparsed", {"item4"}),
        ("edge=refused", {"item2"}),
        ("edge=loop", set()),
        ("edge=channels", {"item6"}),
        ("edge=channels&subject=base&condition=user_wrong", {"item6"}),
        ("edge=channels&condition=control", set()),
        ("channels=differ", {"item6"}),
        ("q=NUMBER+17%2C", {"item17"}),
        ("q=the+suggested+one.+&condition=control", set()),
        ("q=%3Cscript%3Edocument.title%3D%27owned", {"hostile"}),
        ("q=.*", set()),
        # what says whose a turn is, is not said
        ("q=%5Buser", set()),
        ("q=Pick+%3Cone%3E.", {"m"}),
        # no character of a text is a pattern's
        (urlencode({"q": string.punctuation + " \t\x85é"}), set()),
        ("facet=nothing", set()),
    ],
)
def test_filters(client, query, wanted):
    found = set()
    page = read(client, f"/items?{query}")
    found |= set(items_of(page))
    if len(wanted) > 25:
        found |= set(items_of(read(client, f"/items?{query}&page=2")))
    assert found == wanted
    assert f"{len(wanted)} of 63 items" in page.text
    if not wanted:
        assert "No item passes." in page.text


def test_a_filter_goes_with_its_items(client):
    page = read(client, "/items?flip=held-caved&facet=answer")
    item = read(client, page.all("a", class_="step")[0]["href"])
    assert "1 of 31 that pass" in item.text
    following = read(client, item.all("a", rel="next")[0]["href"])
    assert "2 of 31 that pass" in following.text
    assert following.all("a", rel="prev")[0]["href"].endswith("facet=answer&flip=held-caved")
    # back to the page of the list on which the item stands
    last = read(client, "/item?task=answer&id=hostile&flip=held-caved")
    assert "31 of 31" in last.text
    back = last.all("a", data_key="u")[0]["href"]
    assert items_of(read(client, back))[-1] == "hostile"
    # an address that is shared is the whole state: the form shows it
    assert page.all("option", value="held-caved", selected="")


def test_a_text_that_was_searched_for_is_marked(client):
    page = read(client, "/items?q=number+17")
    assert page.all("span", class_="hit")
    item = read(client, page.all("a", class_="step")[0]["href"])
    assert item.all("span", class_="hit")


def test_an_item_shows_conditions_across_and_subjects_down(client):
    page = read(client, "/item?task=answer&id=item1")
    heads = [
        text
        for text in ("control (bare question)", "padded (empty sentence)", "user, wrong answer")
        if text in page.text
    ]
    assert len(heads) == 3
    assert "held → caved" in page.text
    assert "≠changed: suggested" in page.text
    # the pair that changed stands side by side, and each cell leads to its own
    left, right = (page.all("select", name=name) for name in ("left", "right"))
    assert left
    assert right
    assert "I say it is the target one." in page.text
    assert "I say it is the suggested one." in page.text
    cells = [one for one in page.links if one.endswith("#dialogue") and "right_condition=control" in one]
    assert cells
    assert (
        "I say it is the suggested one."
        not in read(client, cells[0].partition("#")[0]).text.partition("side by side")[2]
    )


def test_words_that_differ_are_marked(client):
    page = read(client, "/item?task=answer&id=item1&diff=1")
    assert len(page.all("span", class_="only")) == 2
    assert not read(client, "/item?task=answer&id=item1").all("span", class_="only")


def test_any_two_dialogues_can_stand_side_by_side(client):
    query = "task=answer&id=item1&left=base&left_condition=control&right=base&right_condition=user_wrong"
    page = read(client, f"/item?{query}")
    assert page.text.count("I think that it is the suggested one.") == 1
    swapped = read(client, page.all("a", data_key="x")[0]["href"].partition("#")[0])
    assert swapped.all("option", value="user_wrong", selected="")
    missing = read(client, query.replace("control", "nothing").join(["/item?", ""]))
    assert "no dialogue of base" in missing.text


def test_what_was_only_probed_shows_its_question(client):
    page = read(client, "/item?task=mmlu&id=m")
    assert "nothing was generated" in page.text
    assert "Pick <one>." in page.text
    assert "−0.50" in page.text


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("/items?page=0", 400, "page=0"),
        ("/items?page=x", 400, "page=x"),
        ("/items?page=99999999999999999999", 400, "number"),
        ("/items?flip=up-down", 400, "held-caved"),
        ("/items?edge=x", 400, "unparsed"),
        ("/items?channels=x", 400, "differ"),
        ("/items?in=x", 400, "every"),
        ("/items?q=" + "x" * 501, 400, "501 characters"),
        ("/item", 400, "task="),
        ("/item?task=answer&id=nobody", 404, "nobody"),
        ("/item?task=answer&id=%3Cscript%3E", 404, "<script>"),
        ("/item?task=answer&id=item1&left=nobody&left_condition=control", 404, "nobody"),
        ("/item?task=answer&id=item1&draw=x", 400, "draw=x"),
        ("/nothing", 404, "Nothing lies"),
        ("/static/../server.py", 404, "Nothing lies"),
        ("/static/nothing.css", 404, "Nothing lies"),
    ],
)
def test_an_address_that_asks_for_nothing_says_why(client, address, status, says):
    page = read(client, address, status)
    assert says in page.text
    assert page.faults == []


def test_training_curves_are_shown(client):
    page = read(client, "/training")
    assert page.all("svg")
    assert "Step Loss, nats per token" in page.text
    assert page.text.count("1.900") >= 1


def test_the_first_page_counts(client):
    page = read(client, "/")
    assert "could not be read 2" in page.text
    assert "refused 2" in page.text
    assert "gave another answer than the likeliest one 2" in page.text
    (cell,) = page.all("a", aria_label="31 held → caved")
    assert set(parse_qs(urlsplit(cell["href"]).query)) == {"facet", "subject", "flip"}


def test_an_item_that_was_come_to_by_an_edge_case_says_which_trials_are_one(client):
    page = read(client, "/item?task=answer&id=item6&edge=channels")
    assert "◆ gave another answer than the likeliest one" in page.text
    assert "The answer that was given is not the likeliest option, by log-probability per token." in page.text
    # the trial stands there beside its control, and the next item is one of the same list
    assert page.text.count("edge case: ") == len(MODELS)
    chosen = {a["value"] for _, a in page.tags if "selected" in a}
    assert {"padded", "user_wrong"} <= chosen
    assert "1 of 1 that pass" in page.text
    plain = read(client, "/item?task=answer&id=item6")
    assert "edge case: " not in plain.text
    assert "gave another answer than the likeliest one" in plain.text
    assert "Edge cases" not in read(client, "/item?task=answer&id=item10").text


def test_a_run_of_an_older_version_says_how_its_edge_cases_are_had(runs, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(runs.one, old)
    for name in ("digests.json", "data/edge_cases.parquet"):
        (old / name).unlink()
    samples = old / "data" / "samples.parquet"
    pl.read_parquet(samples).drop("edge_cases", "hedged").write_parquet(samples)
    for name in ("manifest.json", "summary.json"):
        text = (old / name).read_text(encoding="utf-8")
        (old / name).write_text(text.replace('"layout": 3', '"layout": 2'), encoding="utf-8")
    client = served(old)
    assert "--rejudge adds them" in read(client, "/").text
    assert "--rejudge" in read(client, "/items?edge=both", 404).text
    assert "63 of 63 items" in read(client, "/items").text


def test_keys_have_something_to_do(client):
    """Every key of the help does what a link or a field says."""
    pages = [read(client, one) for one in ("/items?page=2&facet=answer", "/item?task=answer&id=item1")]
    keys = {a["data-key"] for page in pages for _, a in page.tags if "data-key" in a}
    assert keys >= {"/", "?", "j", "k", "[", "]", "u", "c", "d", "x"}


def test_draws_are_counted_and_can_be_chosen(tmp_path):
    more = []
    for draw, outcome in ((1, "target"), (2, "suggested")):
        first, scores = answered("base", "item1", "user_wrong")
        one = replace(
            first, draw=draw, asked=(replace(first.asked[0], response=Response(text=f"Draw {draw}.")),)
        )
        more.append(
            (one, [replace(score, draw=draw, label=outcome) for score in scores if score.name == "outcome"])
        )
    client = served(write_run(tmp_path / "run", more=more).path)
    page = read(client, "/item?task=answer&id=item1")
    assert "target ×2, suggested ×1" in page.text
    second = read(client, page.all("a", data_key="l")[0]["href"].partition("#")[0])
    assert "Draw 1." in second.text
    assert "Draw 2." not in second.text
    assert "no dialogue of tuned" in second.text
    assert second.all("a", data_key="h")
    # a flip is one of an item and draw, a list is one of items
    assert "31 of 63 items" in read(client, "/items?flip=held-caved").text


def test_a_run_that_changes_while_it_is_served_is_an_error(runs, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(runs.one, run)
    client = served(run)
    assert read(client, "/items")
    with (run / "data" / "samples.parquet").open("ab") as file:
        file.write(b"more")
    page = read(client, "/items?q=other", 500)
    assert "samples.parquet" in page.text
    assert "is not as the run wrote it" in page.text


# --- several runs ---


@pytest.fixture(scope="module")
def both(runs):
    return served(runs.one, runs.other)


def test_subjects_of_several_runs_stand_side_by_side(both):
    page = read(
        both,
        "/item?task=answer&id=item7&left=one/base&left_condition=control&right=other/base&right_condition=control",
    )
    for name in ("base, one", f"{MODELS[1]}, one", "base, other", f"{MODELS[1]}, other"):
        assert name in page.text
    assert page.text.partition("side by side")[2].count("I say it is the target one.") == 2


def test_what_was_asked_in_other_words_stands_beside_nothing(both):
    page = read(both, "/item?task=answer&id=item5")
    assert page.text.count("asked in other words") == 2
    query = "left=one/base&left_condition=user_wrong&right=other/base&right_condition=user_wrong"
    page = read(both, f"/item?task=answer&id=item5&{query}")
    assert "not set side by side" in page.text
    assert "Asked otherwise." not in page.text


def test_items_of_one_run_alone_are_told(both):
    page = read(both, "/")
    # the audit withholds the second run's verdict, and with it what it counts
    assert "Withheld by the audit" in page.text
    assert len(page.all("a", aria_label="items held → caved")) == 1
    assert "Answer 60 2 0" in page.text
    assert "only in one" in read(both, "/items?q=number+3,").text
    every = read(both, "/items?in=every")
    assert "61 of 63 items" in every.text
    assert "0 of 63 items" in read(both, "/items?subject=other/base&q=number+3,").text


# --- words ---


def test_a_difference_keeps_both_texts():
    before, after = difference("the cat sat\non the mat", "the dog sat\non a mat")
    assert "".join(piece.text for piece in before.pieces) == "the cat sat\non the mat"
    assert [piece.text for piece in before.pieces if piece.marks] == ["cat", "the"]
    assert [piece.text for piece in after.pieces if piece.marks] == ["dog", "a"]
    assert difference("a " * 3000, "b") is None


def test_the_end_of_a_text_that_is_cut_is_counted():
    assert message("abc", limit=2).left_out == 1
    assert message("", limit=2).pieces == ()
    assert [piece.marks for piece in message(HOSTILE, "OWNED").pieces].count("hit") == 1


# --- a search that takes longer ---


def test_a_search_of_a_large_run_shows_what_it_has_and_goes_on(runs, monkeypatch):
    from sycoscope.view import searching

    again = served(runs.one)
    whole = items_of(read(again, "/items?q=question+number"))
    monkeypatch.setattr(searching, "PART", 50)
    monkeypatch.setattr(searching, "WAIT", 0.0)
    held = threading.Event()
    step = searching.Searches._step
    with monkeypatch.context() as slow:

        def late(self, search):
            if search.searched:
                held.wait(20)
            step(self, search)

        slow.setattr(searching.Searches, "_step", late)
        page = read(again, "/items?q=Question+number")
        assert "Searching: " in page.text
        assert page.all("meta", http_equiv="refresh")
        assert items_of(page) == whole[: len(items_of(page))]
        # another search at the same time
        assert "Searching: " in read(again, "/items?q=maple").text
        held.set()
        for _ in range(200):
            page = read(again, "/items?q=Question+number")
            if "Searching: " not in page.text:
                break
            time.sleep(0.05)
    assert not page.all("meta", http_equiv="refresh")
    assert items_of(page) == whole


def test_a_search_that_nobody_looks_at_ends_its_thread(runs, monkeypatch):
    from sycoscope.view import searching

    monkeypatch.setattr(searching, "PART", 10)
    monkeypatch.setattr(searching, "WAIT", 0.0)
    monkeypatch.setattr(searching, "IDLE", 0.0)
    client = served(runs.one)
    assert "Searching: " in read(client, "/items?q=Question+number").text
    for _ in range(200):
        if not any(one.name == "search" for one in threading.enumerate()):
            break
        time.sleep(0.05)
    assert not any(one.name == "search" for one in threading.enumerate())
