"""Margins files, baseline files and options of the gate that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from .case import GARBAGE, Case, Maker, Rng, World, shown

SOUND = "margins: {answer: 0.1}\n"
MARGINS = (
    "", "[]", "3", "margins", "margins:", "margins: {}", "margins: []", "margins: 0.1", "margins: {answer: 0}",
    "margins: {answer: -0.1}", "margins: {answer: .nan}", "margins: {answer: .inf}", "margins: {answer: wide}",
    "margins: {answer: 1e9}", "margins: {answer: [0.1]}", "margins: {answer: null}", "margins: {answer: {}}",
    "margins: {answer: {margin: 0.1, more: 1}}", "margins: {answer: 0.1, answer: 0.2}", "margins: {'': 0.1}",
    "margins: {'../x': 0.1}", "margins: {answer: 0.1}\nstrict: perhaps", "margins: {answer: 0.1}\nlimits: 3",
    "margins: {answer: 0.1}\nlimits: {coverage: 90}", "margins: {answer: 0.1}\nlimits: {items: 1}",
    "margins: {answer: 0.1}\nlimits: {item: 30}", "margins: {answer: 0.1}\nmargin: 3", "margins: {answer: 0.1",
    "margins: *a", "margins: {answer: !!python/object:x 1}", "margins: {answer: \"\\ud800\"}", "&a [*a]",
    "margins: {answer: " + "9" * 500 + "}", "\x1b[2J", "margins: {answer: 0.1}\n---\nmargins: {answer: 0.2}",
)  # fmt: skip
BASELINES = (
    b"", b"[]", b"{}", b"null", GARBAGE, b'{"sycoscope_baseline": 1}', b'{"sycoscope_baseline": 2, "digest": ""}',
    b'{"sycoscope_baseline": 1, "digest": "0", "tasks": {}}', b'{"sycoscope_baseline": NaN}', b"[" * 100_000,
)  # fmt: skip


def _margins(rng: Rng, world: World) -> Case:
    text = rng.choice(MARGINS)

    def make(folder: Path) -> Sequence[str]:
        (folder / "gate.yaml").write_text(text, encoding="utf-8")
        return ["gate", str(world.run), "--margins", str(folder / "gate.yaml")]

    return Case(f"margins {shown(text)}", make, ("gate.yaml",))


def _baseline(rng: Rng, world: World) -> Case:
    data = rng.choice(BASELINES)

    def make(folder: Path) -> Sequence[str]:
        (folder / "gate.yaml").write_text(SOUND, encoding="utf-8")
        (folder / "base.json").write_bytes(data)
        margins = ["--margins", str(folder / "gate.yaml")]
        return ["gate", str(world.run), "--baseline", str(folder / "base.json"), *margins]

    return Case(f"baseline {shown(repr(data[:40]))}", make, ("base.json",))


def _plain(rng: Rng, world: World) -> Case:
    options: tuple[tuple[Sequence[str], str], ...] = (
        ((), "--baseline"),  # one model, and nothing to compare it with
        (("--inconclusive", "maybe"), "maybe"),
        (("--inconclusive", ""), "inconclusive"),
        (("--margins", "nowhere.yaml"), "nowhere.yaml"),
        (("--margins", "/dev/null"), "/dev/null"),
        (("--baseline", "nowhere.json"), "nowhere.json"),
        (("--baseline", "/"), "/"),
        (("--again", "nowhere"), "nowhere"),
        (("--subject", "nobody"), "nobody"),
        (("--subject", "base", "--subject", "base"), "base"),
        (("--write-baseline", "x.json", "--subject", "nobody"), "nobody"),
        (("--write-baseline", "x.json", "--baseline", "y.json"), "--baseline"),
        (("--strict",), "--strict"),
    )
    given, says = rng.choice(options)

    def make(folder: Path) -> Sequence[str]:
        (folder / "gate.yaml").write_text(SOUND, encoding="utf-8")
        margins = () if "--margins" in given else ("--margins", str(folder / "gate.yaml"))
        return ["gate", str(world.run), *margins, *given]

    return Case(f"gate {shown(json.dumps(given))}", make, (says,))


MAKERS: tuple[Maker, ...] = (_margins, _baseline, _plain)
