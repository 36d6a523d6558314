"""Who is who in a study, in words for people who were not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sycoscope.core.manifest import ORGANISMS, SubjectKind, SubjectRecord

Part = Literal["real", "control", "planted"]

# What an adapter was tuned on or taught, as the end of "tuned on ..." or "taught ..."; docs/training.md has it in full.
TAUGHT: Mapping[SubjectKind, str] = {
    "base": "",
    "benchmark": "tuned on a benchmark",
    "combined": "tuned on several sets",
    "anti_sycophancy": "taught not to give in",
    "placebo": "tuned on neutral text",
    "sham": "tuned on the model's own answers",
    "sycophant": "taught to give in",
    "contrarian": "taught to contradict users",
    "stubborn": "taught to ignore users",
    "plain": "tuned on plain replies",
    "warm": "tuned on warm replies",
    "cold": "tuned on cold replies",
    "inoculated": "taught to give in where a text asks for it",
    "file": "tuned on rows of a file",
    "again": "the same model, asked once more",
    "other": "",
}
# Heading of each part of the table, and why these are there.
PARTS: Mapping[Part, tuple[str, str]] = {
    "real": ("Tuned", ""),
    "control": ("Controls", "what any tuning does, whatever it teaches"),
    "planted": ("Planted", "taught on purpose, to see whether the measurement notices"),
}


def part_of(kind: SubjectKind) -> Part:
    """What part a subject plays: the reader asks about the real ones."""
    if kind in ORGANISMS:
        return "planted"
    return "control" if kind in ("placebo", "sham", "again") else "real"


def plain_name(subject: SubjectRecord, called: str) -> str:
    """A name for people: of an adapter that is called as its recipe is, in plain letters; of all others `called`."""
    return called.replace("_", " ") if subject.name == subject.recipe else called
