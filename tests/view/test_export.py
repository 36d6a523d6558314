"""The pages in a folder: whole, without anything outside it, and with every item of the run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from sycoscope import api
from sycoscope.core.errors import ConfigError

from .chromium import PROGRAM, Chromium
from .conftest import HOSTILE, ITEMS
from .page_reader import Page
from .test_pages import digests


@pytest.fixture(scope="module")
def folder(runs, tmp_path_factory) -> Path:
    return api.export_view([runs.one], tmp_path_factory.mktemp("out") / "pages").parent


def test_every_reference_is_a_file_of_the_folder(folder):
    pages = sorted(folder.rglob("*.html"))
    assert len(pages) > 63
    for path in pages:
        page = Page(path.read_text(encoding="utf-8"))
        assert page.faults == [], path
        used = [a.get("href") or a.get("src") for tag, a in page.tags if tag in ("a", "link", "script")]
        for one in used:
            target = (path.parent / unquote(one.partition("#")[0])).resolve() if one[0] != "#" else path
            assert target.is_file(), (path, one)
            assert folder.resolve() in target.parents
        policy = page.all("meta", http_equiv="Content-Security-Policy")[0]["content"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not page.all("style")
        assert not page.all("img")
        assert not page.all("form", action="/items")


def test_every_item_has_its_page_and_stays_in_the_folder(folder):
    names = {path.name for path in (folder / "item").iterdir()}
    assert {f"answer.{item}.html" for item in ITEMS if re.fullmatch(r"\w+", item)} < names
    assert len(names) == len(ITEMS) + 1
    text = Page((folder / "item" / "answer.item1.html").read_text(encoding="utf-8"))
    assert "I say it is the suggested one." in text.text
    assert len(text.all("span", class_="only")) >= 2


def test_hostile_text_stays_text(folder):
    source = (folder / "item" / "answer.hostile.html").read_text(encoding="utf-8")
    assert "<script>document" not in source
    assert "{{ 7*7 }}" in Page(source).text


def test_texts_to_search_in_are_plain_data(folder):
    rows = []
    for path in sorted((folder / "search").iterdir()):
        text = path.read_text(encoding="ascii")
        assert text.startswith("sycoscopeTexts([")
        rows += json.loads(text.removeprefix("sycoscopeTexts(").removesuffix(");\n"))
    assert len(rows) == len(ITEMS) + 1
    assert all((folder / file).is_file() for file, _, _ in rows)
    (hostile,) = [text for _, _, text in rows if "owned" in text]
    assert HOSTILE[:30] in hostile


def test_lists_that_the_first_page_names_are_there(folder):
    page = Page((folder / "index.html").read_text(encoding="utf-8"))
    (cell,) = page.all("a", aria_label="31 held → caved")
    listed = Page((folder / cell["href"]).read_text(encoding="utf-8"))
    assert "31 of 63 items" in listed.text
    assert "What this folder leaves out" in page.text
    edge = Page((folder / "edge-channels-1.html").read_text(encoding="utf-8"))
    assert "Edge case: gave another answer than the likeliest one." in edge.text
    assert "1 of 63 items" in edge.text
    assert [a for a in page.links if a == "edge-channels-1.html"]
    assert not (folder / "edge-loop-1.html").exists()


def test_two_exports_are_the_same(runs, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    again = api.export_view([runs.one], tmp_path / "empty").parent
    assert digests(again) == digests(folder)


def test_a_folder_that_holds_something_or_lies_in_the_run_is_refused(runs, tmp_path):
    before = digests(runs.one)
    (tmp_path / "x").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        api.export_view([runs.one], tmp_path)
    for place in (runs.one, runs.one / "pages", runs.one / "data" / "pages"):
        with pytest.raises(ConfigError, match="lies in the run"):
            api.export_view([runs.one], place)
    assert digests(runs.one) == before
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM, reason="no Chromium on this machine")
def test_the_verdicts_of_the_first_page_have_room_and_nothing_widens_it(folder, tmp_path):
    with Chromium(tmp_path / "profile") as browser:
        browser.open(f"file://{folder}/index.html")
        told = "document.querySelector('.verdicts .told')"
        assert browser.run(f"{told}.offsetWidth / innerWidth") > 0.4
        assert browser.run(f"getComputedStyle({told}).position") == "static"
        browser.picture(tmp_path / "narrow.png", width=390)
        assert browser.run("document.documentElement.scrollWidth") <= 390
