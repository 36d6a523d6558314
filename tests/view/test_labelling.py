"""Labelling in a browser: blind, kept beside a run that stays as it is, and read again as agreement."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
import re
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from sycoscope import api
from sycoscope.core import records
from sycoscope.core.errors import BusyError, ConfigError, DataError, MissingError
from sycoscope.run.analyse import analyse_run
from sycoscope.run.labelling import Labelling, log_path, run_of
from sycoscope.run.store import RunDirectory
from sycoscope.run.to_label import to_label

from .chromium import PROGRAM, Chromium
from .conftest import MODELS, PORT, write_run
from .page_reader import Page

WORDS = ("target", "suggested", "other", "both", "none")
ORIGIN = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def run(runs, tmp_path) -> RunDirectory:
    """With a page, as runs have one."""
    shutil.copytree(runs.one, tmp_path / "run")
    return RunDirectory(tmp_path / "run")


def clock():
    """Times one after another."""
    ticks = iter(range(10**6))
    return lambda: f"2026-01-01T00:00:00.{next(ticks):06}+00:00"


def queue_of(run, who="ann", n=60, **more) -> Labelling:
    return Labelling(run, who=who, n=n, now=clock(), **more)


def digests(run, but=("labels",)) -> dict[str, str]:
    return {
        str(path.relative_to(run.path)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(run.path.rglob("*"))
        if path.is_file() and not {path.relative_to(run.path).parts[0], path.suffix} & set(but)
    }


def client_of(queue):
    pytest.importorskip("starlette")
    testing = pytest.importorskip("starlette.testclient")
    from sycoscope.view.labelling import label_application

    return testing.TestClient(
        label_application(queue, PORT), base_url=ORIGIN, headers={"origin": ORIGIN}, follow_redirects=False
    )


def form_of(page: str) -> dict[str, str]:
    """What the page's form sends beside a button."""
    hidden = Page(page).all("input", type="hidden")
    return {one["name"]: one["value"] for one in hidden}


def lines(queue):
    return [json.loads(line) for line in queue.path.read_text("utf-8").splitlines()]


# --- what is shown ---


def test_no_page_shows_subject_condition_or_score(run):
    queue = queue_of(run, n=500)
    client, seen = client_of(queue), 0
    while (shown := queue.current()) is not None:
        source = client.get("/").text
        page = Page(source)
        assert page.faults == []
        assert not page.all("img")
        assert "<script>document" not in source
        for name in MODELS[1:]:
            assert name not in unescape(source)
        for word in (
            "padded",
            "user_wrong",
            "control (",
            "scored",
            "truncated",
            "unparsed",
            "held",
            "caved",
            "A study",
        ):
            assert word not in unescape(source.partition('<details class="how">')[0]), word
        assert page.all("textarea", name="note")
        assert [one["value"] for one in page.all("button", name="value")] == list(WORDS)
        assert len(page.all("label")) == 1
        seen += 1
        client.post("/say", data=form_of(source) | {"skip": "1"})
        assert queue.current() is None or queue.current().id != shown.id
    assert seen == queue.n > 200
    assert f"All {seen} are done" in client.get("/").text


@pytest.mark.slow
def test_the_page_is_the_same_whatever_the_rules_say(run, tmp_path):
    """Two runs of the same texts, of which one reads everything otherwise."""
    from sycoscope.view.labelling import LabelPages

    other = RunDirectory(tmp_path / "other")
    shutil.copytree(run.path, other.path)
    swapped = {"target": "suggested", "suggested": "target"}
    scores = [
        replace(one, label=swapped.get(one.label, one.label)) if one.condition == "user_wrong" else one
        for one in other.scores()
    ]
    other.write_rows("scores", records.score_rows(scores))
    other.write_manifest(other.manifest())
    analyse_run(other)
    pages = []
    for directory in (run, other):
        found, made = {}, LabelPages(queue := queue_of(directory, n=500))
        while (shown := queue.current()) is not None:
            found[shown.id] = re.sub(r'value="[^"]*"|<b>\d+ of \d+</b>|· \d+ skipped', "", made.page())
            queue.skip(shown.id)
        pages.append(found)
    assert pages[0] == pages[1]


def test_every_item_at_risk_is_there_also_what_was_not_read(run):
    queue = queue_of(run, n=10**6)
    found = to_label(run)
    assert queue.n == sum(len(one.keys) for one in found.strata)
    unread = [key for one in found.strata if one.reading == "unparsed" for key in one.keys]
    assert {key[2] for key in unread} == {"item4"}
    assert any(key in found.read for one in found.strata for key in one.keys)


# --- what is written ---


def test_labels_are_appended_and_the_run_stays_as_it_is(run):
    before = digests(run)
    queue = queue_of(run)
    client = client_of(queue)
    first = form_of(client.get("/").text)
    answer = client.post("/say", data=first | {"value": "suggested", "note": "  <b>“odd”</b>\n=1+1 "})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "2 of 60" in Page(client.get("/").text).text
    second = form_of(client.get("/").text)
    assert second["id"] != first["id"]
    client.post("/say", data=second | {"skip": "1", "note": "no idea"})
    client.post("/undo", data=second)
    again = client.get("/").text
    assert form_of(again)["id"] == second["id"]
    assert re.search(r"<textarea[^>]*>\nno idea</textarea>", again)  # what was said stands in the field
    client.post("/undo", data=second)
    assert "<textarea" in (back := client.get("/").text)
    assert form_of(back)["id"] == first["id"]
    assert "&lt;b&gt;“odd”&lt;/b&gt;\n=1+1" in back
    assert Page(back).faults == []
    client.post("/undo", data=second)  # of nothing
    told = [(one["act"], one["value"], one["note"]) for one in lines(queue)]
    assert told == [
        ("label", "suggested", "<b>“odd”</b>\n=1+1"), ("skip", "", "no idea"), ("undo", "", ""), ("undo", "", ""),
    ]  # fmt: skip
    assert all(
        (one["who"], one["blind"], one["seed"], one["schema"]) == ("ann", True, 0, 1) for one in lines(queue)
    )
    assert digests(run) == before
    run.check()
    api.audit(run.path)


def test_a_second_click_says_nothing_twice_and_one_goes_on_where_one_was(run):
    queue = queue_of(run)
    client = client_of(queue)
    for value in WORDS:
        form = form_of(client.get("/").text)
        client.post("/say", data=form | {"value": value})
        client.post("/say", data=form | {"value": value})
    assert len(lines(queue)) == len(WORDS)
    shown = queue.current()
    with queue.path.open("ab") as stream:
        stream.write(b'{"schema": 1, "id": "r12')  # killed while it wrote
    later = queue_of(run)
    assert (later.n_done, later.current()) == (5, shown)
    later.label(shown.id, "none")
    assert queue_of(run).n_done == 6
    assert api.read_labels(run.path).n_torn == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 303),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"host": f"evil.example:{PORT}"}, 421),
    ],
)
def test_other_sites_write_nothing(run, change, status):
    queue = queue_of(run)
    client = client_of(queue)
    form = form_of(client.get("/").text) | {"value": "target"}
    assert client.post("/say", data=form, headers=change).status_code == status
    assert queue.path.exists() == (status == 303)


def test_a_form_without_the_pages_word_or_with_nonsense_writes_nothing(run):
    queue = queue_of(run)
    client = client_of(queue)
    form = form_of(client.get("/").text)
    del client.headers["origin"]
    assert client.post("/say", data=form | {"value": "target"}).status_code == 403
    client.headers["origin"] = ORIGIN
    for change, status in (
        ({"token": ""}, 403),
        ({"token": "é" * 32}, 403),
        ({"value": "right"}, 400),
        ({"value": ""}, 400),
        ({"id": "r0", "value": "target"}, 404),
        ({"value": "target", "note": "x" * 2001}, 400),
        ({"value": "target", "note": "x" * 30_000}, 413),
    ):
        answer = client.post("/say", data=form | change)
        assert answer.status_code == status, change
        assert Page(answer.text).faults == []
    assert client.post("/undo", data={"token": "x"}).status_code == 403
    for method in ("PUT", "DELETE", "OPTIONS"):
        assert client.request(method, "/say").status_code == 405
    assert client.post("/").status_code == 405
    assert client.get("/say").status_code in (404, 405)
    assert client.get("/item?task=answer&id=item1").status_code == 404  # no page of the viewer
    assert not queue.path.exists()
    answer = client.get("/")
    assert answer.headers["referrer-policy"] == "same-origin"  # else a form would have no origin
    assert "form-action 'self'" in answer.headers["content-security-policy"]


def test_people_have_files_of_their_own_and_one_log_has_one_writer(run, tmp_path):
    paths = {log_path(run, who).name for who in ("ann", "Ann", "../../etc/passwd", "Ö", "a b", "x" * 60)}
    assert len(paths) == 6
    assert all(re.fullmatch(r"[a-z0-9-]+\.jsonl", name) for name in paths)
    with queue_of(run), pytest.raises(BusyError, match="somebody labels into it"), queue_of(run):
        pass
    with queue_of(run), queue_of(run, who="ben"):
        pass
    queue_of(run, path=tmp_path / "elsewhere.jsonl").skip(queue_of(run).current().id)
    assert not log_path(run, "ann").exists()
    assert run_of(log_path(run, "ann")) is not None
    assert run_of(tmp_path / "elsewhere.jsonl") is None


def test_what_cannot_be_labelled_is_told(run, tmp_path):
    with pytest.raises(ConfigError, match="facet politeness; the run has: answer"):
        queue_of(run, facets=["politeness"])
    with pytest.raises(MissingError):
        queue_of(RunDirectory(tmp_path / "nowhere"))
    other = write_run(tmp_path / "other", lambda one: None if one.task == "answer" else one)
    with pytest.raises(ConfigError, match="no response of this run can be labelled"):
        queue_of(other)


# --- what it says ---


def two_readers(run, kappa=0.6):
    """All is labelled by both; with chance `kappa` the second says what the first does, else anything: that is kappa."""
    chance, first = random.Random(1), {}
    for who in ("ann", "ben"):
        queue = queue_of(run, who=who, n=10**6)
        while (shown := queue.current()) is not None:
            said = chance.choice(WORDS)
            if who == "ben" and chance.random() < kappa:
                said = first[shown.id]
            first.setdefault(shown.id, said)
            queue.label(shown.id, said, "<i>note</i>" if chance.random() < 0.1 else "")
    return first


@pytest.fixture(scope="module")
def labelled(runs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("labelled") / "run"
    shutil.copytree(runs.one, folder)
    run = RunDirectory(folder)
    before = digests(run)
    return run, two_readers(run), before


def test_a_planted_kappa_of_two_people_lies_in_its_interval(labelled):
    run, first, before = labelled
    report = api.read_labels(run.path)
    assert digests(run) == before
    assert [(one.who, one.n) for one in report.readers] == [("ann", len(first)), ("ben", len(first))]
    pairs = {(one.first, one.second): one for one in report.pairs}
    assert set(pairs) == {("ann", "the rules"), ("ben", "the rules"), ("ann", "ben")}
    people = pairs["ann", "ben"]
    assert people.kappa.low <= 0.6 <= people.kappa.high
    assert (people.n, people.coverage, people.n_unread) == (len(first), 1.0, 0)
    assert sum(map(sum, people.table)) == len(first)
    assert len(people.disagreements) == people.n - sum(people.table[i][i] for i in range(5))
    rules = pairs["ann", "the rules"]
    assert rules.kappa.low <= 0.0 <= rules.kappa.high  # who answers by chance
    assert rules.n_unread == 2  # one of each model
    assert rules.n == len(first) - 2


@pytest.mark.slow
def test_the_command_shows_exports_and_checks(labelled, tmp_path, call, capsys):
    run, first, before = labelled
    ann = str(log_path(run, "ann"))
    assert call("labels", str(run.path)) == 0
    out = capsys.readouterr().out
    assert "kappa" in out
    assert "more disagreements; --json lists all" in out
    assert call("labels", str(run.path), "--export", str(tmp_path / "all.csv")) == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "all.csv").read_text("utf-8-sig"))))
    assert len(rows) == 2 * len(first)
    assert {row["id"]: row["label"] for row in rows if row["who"] == "ann"} == first
    assert {row["status"] for row in rows} == {"scored", "unparsed"}
    capsys.readouterr()
    for wrong, told in (
        ((str(tmp_path / "all.csv"),), "exists; choose another --export"),
        ((str(tmp_path / "x.jsonl"),), "name one with --subjects"),
        ((str(tmp_path / "x.csv"), "--subjects", "nobody"), "no labels of subject nobody"),
        ((str(tmp_path / "x.csv"), "--out", "y.csv"), "give one of them"),
    ):
        assert call("labels", str(run.path), "--export", *wrong) == 2
        assert told in " ".join(capsys.readouterr().err.split())
    assert call("labels", str(run.path), "--export", str(tmp_path / "i.jsonl"), "--subjects", "base") == 0
    records_ = [json.loads(line) for line in (tmp_path / "i.jsonl").read_text().splitlines()]
    assert len({(one["id"], one["epoch"]) for one in records_}) == len(records_) == len(first) // 2
    assert {one["value"] for one in records_} == {0, 1}
    assert all(one["value"] == (one["answer"] == "suggested") for one in records_)
    assert all({"id", "value", "epoch", "answer", "explanation", "metadata"} == set(one) for one in records_)
    capsys.readouterr()
    assert call("check-scorers", "--labels", ann, "--json") == 1  # labels of chance
    told = json.loads(capsys.readouterr().out)
    entry = next(one for one in told["files"][0]["agreement"] if one["source"] == "all")
    assert (entry["kind"], entry["n"]) == ("answer", len(first))
    shutil.copy(ann, tmp_path / "elsewhere.jsonl")
    assert call("check-scorers", "--labels", str(tmp_path / "elsewhere.jsonl")) == 2
    assert "say with --run which run was labelled" in capsys.readouterr().err
    assert call("check-scorers", "--labels", str(tmp_path / "elsewhere.jsonl"), "--run", str(run.path)) == 1
    assert digests(run) == before


@pytest.mark.slow
def test_the_page_says_as_scored_and_as_labelled_and_no_score_changes(labelled, tmp_path, call, capsys):
    folder = tmp_path / "run"
    shutil.copytree(labelled[0].path, folder)
    run = RunDirectory(folder)
    plain = Page(Path(api.report(folder)).read_text("utf-8"))
    assert "as labelled by people" not in plain.text
    before = digests(run, but=("labels", "report.html", ".pdf"))
    assert call("report", str(folder), "--labels", str(log_path(run, "ann"))) == 0
    page = Page((folder / "report.html").read_text("utf-8"))
    assert page.faults == []
    assert page.all("section", id="labelled")
    assert "As scored, and as labelled by people" in page.text
    assert "ann and ben" in page.text
    assert "ann and the rules" in page.text
    assert digests(run, but=("labels", "report.html", ".pdf")) == before
    told = api.read_labels(folder).primaries
    assert any(one.corrected.shown and one.as_read.value != one.corrected.value for one in told)
    assert call("report", str(folder), "--labels", str(tmp_path / "nowhere.jsonl")) == 2
    assert "no log of labels" in capsys.readouterr().err


def test_labels_of_another_run_are_refused(labelled, runs, tmp_path):
    shutil.copytree(runs.other, tmp_path / "other")
    with pytest.raises(DataError, match=r"answered anew|no response of this run"):
        api.read_labels(tmp_path / "other", logs=[log_path(labelled[0], "ann")])
    with pytest.raises(MissingError, match="has no labels; label in a browser"):
        api.read_labels(tmp_path / "other")


# --- a real browser ---


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM, reason="no Chromium on this machine")
def test_keys_in_a_browser_do_what_buttons_do_and_not_while_one_types(run, tmp_path):
    import threading

    from sycoscope.view.labelling import label_application
    from sycoscope.view.server import listening

    uvicorn = pytest.importorskip("uvicorn")
    queue = queue_of(run)
    with listening(0) as found:
        port = found.getsockname()[1]
        config = uvicorn.Config(
            label_application(queue, port), http="h11", ws="none", lifespan="off", log_config=None
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [found]}, daemon=True)
        thread.start()
        with Chromium(tmp_path / "profile") as browser:
            _use_keys(browser, f"http://127.0.0.1:{port}/", queue)
        server.should_exit = True
        thread.join(10)
    assert [(one["act"], one["value"], one["note"]) for one in lines(queue)] == [
        ("label", "target", ""), ("skip", "", ""), ("undo", "", ""), ("label", "suggested", "1 u s"),
        ("label", "none", ""),
    ]  # fmt: skip


def _use_keys(browser: Chromium, address: str, queue: Labelling) -> None:
    def wait(text: str) -> None:
        browser.wait(f"document.querySelector('.progress b').innerText === '{text} of 60'")

    browser.open(address)
    browser.press("1", repeat=True)  # a key that is held down says nothing
    browser.press("1")
    wait("2")
    browser.press("s")
    wait("3")
    browser.press("u")
    wait("2")
    browser.press("n")
    for key in "1 u s":
        browser.press(key)
    assert browser.run("document.activeElement.value") == "1 u s"
    browser.press("2")
    browser.run("document.activeElement.value = '1 u s'")
    browser.press("Escape")
    assert browser.run("document.activeElement.tagName") == "BODY"
    wait("2")
    browser.press("2")
    wait("3")
    # by mouse, with no key at all
    browser.run("document.querySelector('button[value=none]').click()")
    wait("4")
    assert queue.n_done == 3
    # nothing is refused by the policy, and nothing runs off the side of a narrow window
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
