"""A page without its figures, which take long to draw, and a reader that knows what is seen at once."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from sycoscope.report import page, transcripts
from sycoscope.report.data import ReportData, check
from sycoscope.report.view import View

VOID = {"meta", "br", "input", "link", "img", "hr"}
LEVELS = {f"h{n}": n for n in range(1, 7)}


def rendered(data: ReportData, budget: transcripts.Budget = transcripts.BUDGETS[0]) -> str:
    check(data)
    return page.render(View(data), (), ("estimates",), budget)


class Reader(HTMLParser):
    """ids, hrefs, headings (level, text), and `seen`: the text of the first screen that no click uncovers."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: list[str] = []
        self.hrefs: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.seen = ""
        self.whole = ""
        self._open: list[tuple[str, dict[str, str]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        known = {name: value or "" for name, value in attrs}
        self.tags.append((tag, known))
        self.ids += [known["id"]] if "id" in known else []
        self.hrefs += [known["href"]] if "href" in known else []
        if tag in LEVELS:
            self.headings.append((LEVELS[tag], ""))
        if tag not in VOID:
            self._open.append((tag, known))

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        assert self._open, tag
        assert self._open[-1][0] == tag, (tag, self.getpos())
        self._open.pop()

    def handle_data(self, data):
        names = [tag for tag, _ in self._open]
        self.whole += data
        if self.headings and any(name in LEVELS for name in names):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)
        if not any(known.get("id") == "verdict" for _, known in self._open):
            return
        folded = names.count("details") - names.count("summary")
        self.seen += data if folded <= 0 else ""

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [
            known
            for name, known in self.tags
            if name == tag
            and all(value in known.get(key.rstrip("_"), "").split() for key, value in wanted.items())
        ]


def plain(text: str) -> str:
    """One line, with plain blanks."""
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ")).strip()
