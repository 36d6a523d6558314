"""The same pages as files in a folder, which a browser reads without a server.

There every list that can be asked for is a file, so it holds the lists that are worth one; a search runs in the browser
over texts in script files, since a page that was opened from a disk may fetch nothing.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sycoscope.core.errors import ConfigError
from sycoscope.core.files import digest_of, disk_errors, user_path
from sycoscope.report import labels
from sycoscope.run.edge_cases import edge_kinds
from sycoscope.run.filtering import TrialFilter
from sycoscope.view import edges
from sycoscope.view.address import Links, Listing, Pick
from sycoscope.view.assets import assets
from sycoscope.view.dialogue import Material, dialogue, material, pairs
from sycoscope.view.grid import Grid, grids
from sycoscope.view.opened import ItemKey, Opened
from sycoscope.view.pages import PAGE, POLICY, Pages

# A browser lets a page from a disk load a script or a style only where its policy names that scheme.
FILES = POLICY.replace("'self'", "'self' file:").replace("form-action 'self' file:", "form-action 'none'")
# Characters of one message, of an item's texts in the search, and of one script file of these.
LONGEST, SEARCHED, CHUNK = 64_000, 20_000, 1_000_000
# Items whose transcripts are in memory at once.
BATCH = 50
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class FileLinks(Links):
    """Addresses of files, from a page in the folder itself or (`above` is `../`) in a folder of it."""

    live = False

    def __init__(self, lists: dict[Listing, str], above: str = "") -> None:
        self._lists, self._above = lists, above

    def home(self) -> str:
        """Of the first page."""
        return f"{self._above}index.html"

    def items(self, listing: Listing) -> str | None:
        """Of a list that was written; None for any other."""
        stem = self._lists.get(replace(listing, page=1))
        return None if stem is None else f"{self._above}{stem}-{listing.page}.html"

    def item(self, pick: Pick, listing: Listing) -> str:
        """Of an item, whatever the list."""
        return f"{self._above}{item_file(pick.key)}"

    def training(self) -> str:
        """Of the training curves."""
        return f"{self._above}training.html"

    def help(self) -> str:
        """Of the keys."""
        return f"{self._above}help.html"

    def asset(self, name: str) -> str:
        """Of a style or a script."""
        return f"{self._above}static/{name}"

    def search(self) -> str:
        """Of the search."""
        return f"{self._above}search.html"


def item_file(key: ItemKey) -> str:
    """The file of an item: its task and id where these can name a file, else a digest of both."""
    plain = all(_PLAIN.fullmatch(part) for part in key)
    return f"item/{'.'.join(key) if plain else digest_of(list(key))}.html"


def export(opened: Opened, folder: str | Path) -> Path:
    """Write all pages into a new folder, which is whole or not there.

    Returns:
        The first page.

    Raises:
        ConfigError: the folder is there and not empty, or lies in a run. StoreError: it cannot be written.
    """
    target = user_path(folder)
    for run in opened.runs:
        if run.directory.path.resolve() in (target.resolve(), *target.resolve().parents):
            raise ConfigError(
                f"--export {folder} lies in the run '{run.directory.path}', which stays as it is; name another folder"
            )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigError(f"--export {folder} is there already and not empty; name a new folder")
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            _write(opened, scratch)
            scratch.chmod(0o755)
            if target.is_dir():
                target.rmdir()
            scratch.rename(target)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
    return target / "index.html"


def _write(opened: Opened, folder: Path) -> None:
    lists = _lists(opened)
    links = {listing: stem for stem, listing, _ in lists}
    pages = Pages(opened, FileLinks(links), FILES)
    for part in ("item", "search", "static"):
        (folder / part).mkdir()
    for name, content in assets().items():
        (folder / "static" / name).write_bytes(content)
    for stem, listing, called in lists:
        n = len(opened.found(listing.asked, listing.where))
        for page in range(1, max(1, -(-n // PAGE)) + 1):
            _put(folder / f"{stem}-{page}.html", pages.items(replace(listing, page=page), called))
    n_chunks = _items(opened, folder, Pages(opened, FileLinks(links, "../"), FILES))
    _put(folder / "search.html", pages.search(n_chunks, SEARCHED))
    _put(folder / "help.html", pages.help())
    if any(run.data.training for run in opened.runs):
        _put(folder / "training.html", pages.training())
    _put(folder / "index.html", pages.home(_left_out()))


def _left_out() -> Sequence[str]:
    return (
        "Every item has its page, with its dialogues side by side: each tuned model beside what it was before, under "
        "every condition; a model alone beside its control. Other pairs, and filters that are put together, need "
        "`sycoscope view RUN`; the lists that have a page are linked above.",
        f"Messages are shown up to {labels.count(LONGEST)} characters. The search needs a script and reads the first "
        f"{labels.count(SEARCHED)} characters of an item's texts.",
    )


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _lists(opened: Opened) -> list[tuple[str, Listing, str]]:
    """(stem of its files, list, what it is called): all items, each task, each flip, each edge case that occurs."""
    found: list[tuple[str, Listing, str]] = [("items", Listing(), "All items.")]
    tasks = opened.tasks()
    for i, (task, label) in enumerate(tasks.items()):
        found.append((f"task-{i}", Listing(asked=TrialFilter(task=task)), f"{label}."))
    for s, subject in enumerate(opened.subjects):
        for i, (task, label) in enumerate(tasks.items()):
            for (before, after), (words, code) in labels.CELLS.items():
                asked = TrialFilter(task=task, subject=subject.key, before=before, after=after)
                found.append(
                    (f"flip-{s}-{i}-{code}", Listing(asked=asked), f"{label}, {subject.label}: {words}.")
                )
    if opened.edges is not None:
        for name, kind in edge_kinds().items():
            called = f"Edge case: {kind.label}. {kind.meaning}"
            found.append((f"edge-{name}", Listing(asked=TrialFilter(edge=name)), called))
    return [one for one in found if one[0] == "items" or len(opened.found(one[1].asked))]


def _items(opened: Opened, folder: Path, pages: Pages) -> int:
    """Write every item's page and the texts to search in; returns how many files these are."""
    keys = list(opened.found(TrialFilter()).places)
    chunk: list[tuple[str, str, str]] = []
    size, n_chunks = 0, 0
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        found = material(opened, batch)
        for grid in grids(opened, batch):
            _put(folder / item_file((grid.task, grid.item)), _item(opened, pages, grid, found))
            text = _text(grid, found)
            chunk.append(
                (
                    item_file((grid.task, grid.item)),
                    labels.written_out(labels.shorten(grid.question or grid.item, 200)),
                    text,
                )
            )
            size += len(text)
            if size >= CHUNK:
                n_chunks, size = _chunk(folder, n_chunks, chunk), 0
    return _chunk(folder, n_chunks, chunk) if chunk else n_chunks


def _chunk(folder: Path, n: int, rows: list[tuple[str, str, str]]) -> int:
    """Write a script file that hands these rows over, and take them away; returns its number."""
    text = json.dumps(rows, separators=(",", ":"))  # of ASCII alone, so every browser reads the same
    _put(folder / "search" / f"{n + 1}.js", f"sycoscopeTexts({text});\n")
    rows.clear()
    return n + 1


def _item(opened: Opened, pages: Pages, grid: Grid, found: Material) -> str:
    pick = Pick(task=grid.task, item=grid.item)
    shown = [
        one
        for draw in found.draws(pick.key)
        for pair in dict.fromkeys([*pairs(opened, grid), *edges.pairs(opened, grid)])
        if (one := dialogue(opened, found, replace(pick, draw=draw, diff=True), pair, limit=LONGEST))
    ]
    return pages.item_page(grid, found, pick, Listing(), shown)


def _text(grid: Grid, found: Material) -> str:
    """What is said of an item anywhere, each text once."""
    return labels.written_out("\n".join(dict.fromkeys(_texts(grid, found))))[:SEARCHED]


def _texts(grid: Grid, found: Material) -> Iterator[str]:
    yield from map(labels.clean, filter(None, (grid.question, grid.target, grid.suggestion)))
    for key, trial in found.trials.items():
        if (key[2], key[3]) == (grid.task, grid.item):
            yield labels.clean(trial.system)
            for turn in trial.asked:
                yield from (labels.clean(turn.content), labels.clean(turn.response.text))
