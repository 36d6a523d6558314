"""The viewer over a run of a million trials: seconds of every kind of page, and the server's memory.

    make perf ONLY=viewer

Two null models are compared on the built-in bank. The run is then repeated: the tuned one as nine subjects, and every
item under new ids, each response with text of its own behind it. The server is a process of its own. Printed are the
seconds that a reader waits and the processor time that the server takes (other programs lengthen the first and hardly
the second), median and worst of a few requests, against `LIMIT_S`; and the most memory the server held, against
`LIMIT_MB`. Every request asks what none before it did, so that no list that the server keeps answers it.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

LIMIT_S, LIMIT_MB = 0.3, 500
TRIALS, TUNES, OWN = 1_000_000, 9, 400
# Halves of which every response's own text is made, and a word that stands in the last copy alone.
HALVES, RARE = 20_000, "quillwort"
TIMES = 5
# What a page of a search says that is not at its end.
SEARCHING = "Searching: "


# --- the run ---


def build(source: Path, folder: Path) -> int:
    """Write the run `source` so often over that it holds `TRIALS` trials or a few more; returns how many."""
    import polars as pl

    from sycoscope.run.store import RunDirectory

    old, new = RunDirectory(source), RunDirectory(folder)
    manifest, summary = old.manifest(), old.summary()
    base, tuned = (subject.name for subject in manifest.subjects)
    tunes = [f"tune{i}" for i in range(TUNES)]
    one = pl.read_parquet(old.table_path("trials")).height // 2
    copies = -(-TRIALS // (one * (1 + TUNES)))
    for kind in (*_kinds(old),):
        table = pl.read_parquet(old.table_path(kind))
        if kind in ("items", "trials", "scores", "samples"):
            new.write_table(kind, _repeated(table, base, tunes, copies))
        else:
            new.write_table(kind, table)
    subjects = [
        manifest.subjects[0],
        *(replace(manifest.subjects[1], name=name) for name in tunes),
    ]
    new.write_manifest(replace(manifest, subjects=tuple(subjects), study="million"))
    flips = [
        replace(flip, subject=name, item_id=f"{flip.item_id}-{i}")
        for i in range(copies)
        for flip in summary.flips
        for name in (tunes if flip.subject == tuned else [flip.subject])
    ]
    verdicts = [
        replace(one, subject=name) for name in tunes for one in summary.verdicts if one.subject == tuned
    ]
    new.write_summary(replace(summary, flips=tuple(flips), verdicts=tuple(verdicts)))
    return one * (1 + TUNES) * copies


def _kinds(run: Any) -> list[str]:
    return sorted(path.stem for path in (run.path / "data").glob("*.parquet"))


def _repeated(table: Any, base: str, tunes: Sequence[str], copies: int) -> Any:
    """Every copy with ids of its own; texts, where there are any, with words of their own."""
    import polars as pl

    names = [base, *tunes] if "subject" in table.columns else [""]
    parts = []
    for i in range(copies):
        for k, name in enumerate(names):
            part = table
            if name:
                part = table.filter((pl.col("subject") == base) == (name == base))
                part = part.with_columns(subject=pl.lit(name))
            own = _own_texts(part.height, seed=i * len(names) + k, rare=i == copies - 1)
            parts.append(_with_own(part, f"-{i}", own))
    return pl.concat(parts, rechunk=True)


def _with_own(part: Any, mark: str, own: Any) -> Any:
    import polars as pl

    changed = [pl.col("item_id") + mark]
    if "cluster" in part.columns:
        changed.append(pl.when(pl.col("cluster") != "").then(pl.col("cluster") + mark).alias("cluster"))
    said = [name for name in part.columns if name in ("dialogue", "response") or name.startswith("said_")]
    changed += [pl.col(name) + own for name in said]
    if "asked" in part.columns and "probes" in part.columns:
        end = '","finish":'
        changed.append(pl.col("asked").str.replace(end, "${own}" + end, literal=True).alias("asked"))
        table = part.with_columns(changed)
        pieces = table["asked"].str.splitn("${own}", 2).struct
        return table.with_columns(asked=pieces[0] + own + pieces[1].fill_null(""))
    return part.with_columns(changed)


def _own_texts(n: int, seed: int, rare: bool) -> Any:
    """n texts of about `OWN` characters, of two halves each."""
    import numpy as np
    import polars as pl

    halves, rng = _halves(), np.random.default_rng(seed)
    first, second = (halves.gather(rng.integers(0, halves.len(), n)) for _ in range(2))
    last = pl.Series([f" {RARE}" if rare and i == 0 else "" for i in range(n)], dtype=pl.String)
    return first + second + last


@cache
def _halves() -> Any:
    import numpy as np
    import polars as pl

    pool = np.array([f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in _ENDS])
    words = np.random.default_rng(0).choice(pool, size=(HALVES, OWN // 14))
    return pl.Series([" " + " ".join(row) for row in words.tolist()])


_ENDS = [f"{c}{v}{d}" for c in "bdfglmnprst" for v in "aeiou" for d in ("", "n", "r", "st")]


# --- the server ---


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. seconds: that the reader waited. busy: of the processor, of all of the server's threads."""

    seconds: float
    busy: float
    size: int
    text: str


class Server:
    """The command `sycoscope view` in a process of its own."""

    def __init__(self, run: Path) -> None:
        command = "from sycoscope.cli import main; import sys; sys.argv[0] = 'sycoscope'; sys.exit(main())"
        started = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-c", command, "view", str(run)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.address = self._listening()
        self.opened_s = time.perf_counter() - started

    def _listening(self) -> str:
        told = []
        for line in self._process.stdout or ():
            told.append(line)
            if found := re.search(r"http://\S+/", line):
                return found[0]
        raise SystemExit(f"the server did not start: {''.join(told)}")

    def get(self, path: str) -> Asked:
        """Ask for one page."""
        busy, started = self.busy(), time.perf_counter()
        with urllib.request.urlopen(self.address + path.lstrip("/"), timeout=120) as reply:
            text = reply.read()
        seconds = time.perf_counter() - started
        return Asked(seconds, self.busy() - busy, len(text), text.decode())

    def busy(self) -> float:
        """Seconds of the processor, up to now."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> dict[str, float]:
        """MB: the most that was resident, and what is now, of which the files that lie in the page cache."""
        text = Path(f"/proc/{self._process.pid}/status").read_text()
        return {key: int(kb) / 1024 for key, kb in re.findall(r"^(VmHWM|VmRSS|RssFile):\s+(\d+)", text, re.M)}

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def served(run: Path) -> Iterator[Server]:
    """A server over a run."""
    server = Server(run)
    try:
        yield server
    finally:
        server.close()


# --- the pages ---


def pages(run: Path) -> dict[str, list[str]]:
    """Kind of page -> a few addresses of it."""
    import polars as pl

    keys = pl.scan_parquet(run / "data" / "items.parquet").select("task", "item_id")
    facet, ids = "answer", keys.filter(pl.col("task") == "answer").collect()["item_id"]
    picked = [ids[i * len(ids) // TIMES] for i in range(TIMES)]
    tunes = [f"tune{i}" for i in range(TIMES)]
    common = [f"{a}{b}{c}" for a, b, c in zip("bdfgk", "aeiou", _ENDS, strict=False)]

    def items(**asked: Any) -> str:
        return "/items?" + urlencode(asked)

    edges = ("both", "neither", "hedged", "channels", "tone_follows")
    return {
        "start": ["/"] * TIMES,
        "items": [items(page=1 + i) for i in range(TIMES)],
        "items, last page": [items(page=len(ids) // 25)],
        "item": [f"/item?{urlencode({'task': facet, 'id': one})}" for one in picked],
        "filter: facet": [items(facet=name) for name in ("answer", "are_you_sure", "feedback")],
        "filter: condition": [
            items(condition=n) for n in ("control", "padded", "user_wrong", "doubt", "like")
        ],
        "filter: subject": [items(subject=name) for name in tunes],
        "filter: outcome": [items(outcome=n) for n in ("target", "suggested", "other", "both", "kept")],
        "filter: flip": [items(flip=one) for one in ("held-caved", "caved-held", "held-held", "caved-caved")],
        "filter: edge case": [items(edge=name) for name in edges],
        "filter: channels differ": [items(channels="differ"), items(channels="agree")],
        "filters together": [
            items(facet=facet, condition="user_wrong", subject=one, flip="held-caved") for one in tunes
        ],
        "search: a common word": [items(q=word) for word in common],
        "search: a rare word": [items(q=RARE[:-i] if i else RARE) for i in range(3)],
        "search: what nobody says": [items(q=f"zyzzyva {i}") for i in range(3)],
        "search: in one facet": [items(q=f"{word}n", facet=facet) for word in common],
        "training curves": ["/training"] * TIMES,
        "help": ["/help"] * TIMES,
    }


def measure(run: Path) -> bool:
    """Ask for every page and print a row for each kind; whether all is within the limits."""
    rows = []
    with served(run) as server:
        print(f"opening the run: {server.opened_s:.1f} s, {server.busy():.1f} s of the processor", flush=True)
        print(
            "| page | requests | waited, s: median (worst) | processor, s: median (worst) | kB |\n|---|---|---|---|---|"
        )
        for name, addresses in pages(run).items():
            told = [server.get(address) for address in addresses]
            waited, busy = [one.seconds for one in told], [one.busy for one in told]
            rows.append((name, max(busy)))
            print(
                f"| {name} | {len(told)} | {statistics.median(waited):.2f} ({max(waited):.2f}) "
                f"| {statistics.median(busy):.2f} ({max(busy):.2f}) | {max(one.size for one in told) / 1000:.0f} |"
                f" {server.memory()['VmHWM']:.0f} MB",
                flush=True,
            )
        end = Asked(0.0, 0.0, 0, "")
        busy, started = server.busy(), time.perf_counter()
        while not end.text or SEARCHING in end.text:
            end = server.get("/items?" + urlencode({"q": "nobody says this either"}))
        told = f"{time.perf_counter() - started:.1f} s, {server.busy() - busy:.1f} s of the processor"
        print(f"a search to its end, the page asked for again and again: {told}")
        memory = server.memory()
    print(f"most memory: {memory['VmHWM']:.0f} MB (limit {LIMIT_MB}); now {memory['VmRSS']:.0f} MB")
    return all(busy <= LIMIT_S for _, busy in rows) and memory["VmHWM"] <= LIMIT_MB


def main() -> None:
    from sycoscope import api

    scratch = Path(tempfile.mkdtemp(prefix="viewer-"))
    try:
        source = scratch / "source"
        api.compare(
            "null:yield?p=0.3", "null:yield?p=0.7", out=source, limit=60, conditions="all",
        )  # fmt: skip
        n = build(source, scratch / "run")
        print(f"{n:,} trials")
        measure(scratch / "run")
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
