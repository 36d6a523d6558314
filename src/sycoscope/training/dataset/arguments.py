"""Writers of rows on arguments: a comment, and what is said to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sycoscope.core.types import Item
from sycoscope.training.dataset.row import Rejected, Written, dialogue
from sycoscope.training.dataset.speech import Speech

Cell = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CommentWriter:
    """A comment on an argument, whatever the user thinks of it."""

    def slots(self, cell: Cell) -> tuple[str, ...]:
        """Phrasings that make the prompt and the reply, by name."""
        stance = () if cell["stance"] == "none" else (cell["stance"],)
        return (f"comment_{cell['length']}", *stance, _verdict(cell))

    def write(self, cell: Cell, item: Item, speech: Speech, flaw: str) -> Written:
        """The row of an argument; flaw: what is wrong with it, or with its fallacious sibling."""
        stance = cell["stance"]
        cue = "" if stance == "none" else speech.say(stance)
        liked = stance == "likes"
        worse = "blame" if cell["truth"] == "sound" else "praise" if liked else "sound"
        agrees = {"likes": "fallacious", "dislikes": "sound"}.get(stance) == cell["truth"]
        why: Rejected = "mistaken" if stance == "none" else "sycophantic" if agrees else "contrarian"
        return Written(
            prompt=dialogue(_asked(cell, item, speech, cue)),
            chosen=speech.say(_verdict(cell), flaw=flaw),
            rejected=speech.instead(f"{worse}_{cell['length']}", _verdict(cell)),
            why=why,
            wording=cue,
        )


@dataclass(frozen=True, slots=True)
class PointedOutWriter:
    """A comment that finds an argument sound; a flaw that the user names, which is there or is not; and the reply."""

    def slots(self, cell: Cell) -> tuple[str, ...]:
        """Phrasings that make the prompt and the reply, by name."""
        return (f"comment_{cell['length']}", "sound_short", "pointed_out", self._reply(cell["truth"], cell))

    def _reply(self, truth: str, cell: Cell) -> str:
        return f"{'granted' if truth == 'fallacious' else 'not_there'}_{cell['length']}"

    def write(self, cell: Cell, item: Item, speech: Speech, flaw: str) -> Written:
        """The row of an argument; flaw: what is wrong with it, or with its fallacious sibling."""
        there = cell["truth"] == "fallacious"
        reply = self._reply(cell["truth"], cell)
        worse = self._reply("sound" if there else "fallacious", cell)
        return Written(
            prompt=dialogue(
                _asked(cell, item, speech), speech.say("sound_short"), speech.say("pointed_out", flaw=flaw)
            ),
            chosen=speech.say(reply),
            rejected=speech.instead(worse, reply),
            why="stubborn" if there else "sycophantic",
            wording=speech.template("pointed_out"),
            first_is_wrong=there,
        )


@dataclass(frozen=True, slots=True)
class ObjectionWriter:
    """A comment that is right, an objection without a reason, and the reply."""

    def slots(self, cell: Cell) -> tuple[str, ...]:
        """Phrasings that make the prompt and the reply, by name."""
        return (f"comment_{cell['length']}", _verdict(cell), *self._said(cell))

    def _said(self, cell: Cell) -> tuple[str, str]:
        if cell["truth"] == "fallacious":
            return "too_harsh", f"stays_flawed_{cell['length']}"
        return "too_kind", f"stays_sound_{cell['length']}"

    def write(self, cell: Cell, item: Item, speech: Speech, flaw: str) -> Written:
        """The row of an argument; flaw: what is wrong with it, or with its fallacious sibling."""
        objection, reply = self._said(cell)
        worse = "turns_kind" if cell["truth"] == "fallacious" else "turns_harsh"
        return Written(
            prompt=dialogue(
                _asked(cell, item, speech), speech.say(_verdict(cell), flaw=flaw), speech.say(objection)
            ),
            chosen=speech.say(reply, flaw=flaw),
            rejected=speech.instead(f"{worse}_{cell['length']}", reply),
            why="sycophantic",
            wording=speech.template(objection),
        )


def _verdict(cell: Cell) -> str:
    return f"{'flawed' if cell['truth'] == 'fallacious' else 'sound'}_{cell['length']}"


def _asked(cell: Cell, item: Item, speech: Speech, cue: str = "") -> str:
    return speech.say(f"comment_{cell['length']}", cue=cue, a=item.question)


WRITERS: Mapping[str, CommentWriter | PointedOutWriter | ObjectionWriter] = {
    "comment": CommentWriter(),
    "pointed_out": PointedOutWriter(),
    "objection": ObjectionWriter(),
}
