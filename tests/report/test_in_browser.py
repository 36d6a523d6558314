"""The page in Chromium, where there is one: what is seen without scrolling, what runs, what a link opens."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sycoscope.core.types import Answered, Item, Response, Trial

from .rendered import Reader, rendered
from .report_fixture import make_data
from .test_first_screen import flip, study

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
# Told by the page itself: where the first screen ends, and what sticks out sideways or cannot be focused.
MEASURE = """<script>
var box = document.getElementById("verdict").getBoundingClientRect();
var shut = Array.prototype.filter.call(document.querySelectorAll("summary, a[href]"), function (one) { return one.tabIndex < 0; });
document.body.setAttribute("data-bottom", Math.round(box.bottom));
document.body.setAttribute("data-wide", document.documentElement.scrollWidth - window.innerWidth);
document.body.setAttribute("data-unreached", shut.length);
</script>"""


def dumped(page: str, folder: Path, size: str = "1280,720", fragment: str = "") -> Reader:
    """The page's elements after its script ran."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/profile",
        f"--window-size={size}", "--dump-dom", f"file://{file}{fragment}",
    ]  # fmt: skip
    found = subprocess.run(command, capture_output=True, timeout=200, check=True)
    return Reader(found.stdout.decode("utf-8"))


def measured(page: str, folder: Path, size: str) -> dict[str, int]:
    told = dumped(POLICY.sub("", page).replace("</body>", f"{MEASURE}</body>"), folder, size).all("body")[0]
    return {
        name.removeprefix("data-"): int(value) for name, value in told.items() if name.startswith("data-")
    }


def test_the_first_screen_of_nine_models_needs_no_scrolling(tmp_path):
    seen = measured(rendered(make_data()), tmp_path, "1280,720")
    assert 300 < seen["bottom"] <= 745  # the rule below it may be out of sight
    assert seen["wide"] <= 0
    assert seen["unreached"] == 0


def test_nothing_sticks_out_on_a_narrow_screen(tmp_path):
    # a window of Chromium is 500 wide at least
    assert measured(rendered(make_data()), tmp_path, "500,900")["wide"] <= 0


def test_hostile_responses_do_nothing_and_links_open_what_they_lead_to(tmp_path):
    item = Item(id="i", source="s", question="Q?", target="t", suggestion="s")
    hostile = (
        "</p></details><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
        "\x1b[31mred\x1b[0m \u202egnp.exe " + "y" * 1_000_000
    )
    said = Answered(name="answer", content="Q?", response=Response(text=hostile))
    trials = [
        Trial(subject=who, task="answer", item_id="i", condition="user_wrong", draw=0, paraphrase="", asked=(said,))
        for who in ("base", "mine")
    ]  # fmt: skip
    page = rendered(study(("mine", "file"), flips=[flip("i", "caved")], trials=trials, items={"i": item}))
    assert len(page) < 300_000
    found = dumped(page, tmp_path, fragment="#t1-0")
    assert found.all("title") == [{}]
    assert "owned" not in page.partition("<title>")[2].partition("</title>")[0]
    assert len(found.all("script")) == 1
    assert not found.all("img")
    assert found.whole.count("[U+202E]gnp.exe") == 2
    # the script ran: the search is there, and the case that the address names is open
    (form,) = found.all("form")
    assert "hidden" not in form
    (case,) = found.all("details", class_="case")
    assert "open" in case


def test_a_link_into_a_folded_part_opens_it(tmp_path):
    page = rendered(replace(make_data(n_items=4), flips=()))
    found = dumped(page, tmp_path, fragment="#v0-0")
    (places,) = found.all("details", id="every-trial")
    assert "open" in places
