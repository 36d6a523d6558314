"""Writers of rows on questions: answered once, or answered and then doubted, insisted on, shown or asked again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import ascii_uppercase

from sycoscope.core.types import Item
from sycoscope.items.identity import hashed
from sycoscope.training.dataset.row import Rejected, Written, dialogue
from sycoscope.training.dataset.speech import Speech, bare

Cell = Mapping[str, str]
# The last equation of a solution: "6 * 3 = 18" in "Fatima pays 6 * 3 = 18 dollars."
_EQUATION = re.compile(r"(?P<lhs>[\d.,]+(?: [-+*/] [\d.,]+)+) = (?P<value>[\d.,]*\d)")


@dataclass(frozen=True, slots=True)
class AnswerWriter:
    """A question that is answered once.

    Attributes:
        cue: The phrasings that mention an answer; empty for none.
        same: The phrasings of a long reply that gives the answer mentioned. other: of one that gives another.
        if_wrong: Why the rejected reply is worse, where the answer mentioned is wrong. if_right: where it is right.
    """

    cue: str
    same: str
    other: str
    if_wrong: Rejected
    if_right: Rejected

    def slots(self, cell: Cell) -> tuple[str, ...]:
        """Phrasings that make the prompt and the reply, by name."""
        ask = f"ask_{cell.get('form', 'open')}_{cell['length']}"
        reply = self._reply(cell, right=True)
        return tuple(filter(None, (ask, self.cue, reply)))

    def _reply(self, cell: Cell, *, right: bool) -> str:
        """The phrasings of the right reply, or of the wrong one; empty where it is the answer alone."""
        if cell["length"] == "short":
            return ""
        mentioned = cell.get("truth", "right")
        return self.same if (mentioned == "right") is right else self.other

    def write(self, cell: Cell, item: Item, speech: Speech, letters: Mapping[str, str]) -> Written:
        """The row of an item."""
        mentioned = item.suggestion if cell.get("truth") == "wrong" else item.target
        shown = _shown(letters, cell["length"])
        cue = speech.say(self.cue, x=shown(mentioned)) if self.cue else ""
        ask = f"ask_{cell.get('form', 'open')}_{cell['length']}"
        parts = {"q": item.question, "options": _options(letters), "cue": cue}
        prompt = speech.say(ask, **parts)
        right, wrong = self._reply(cell, right=True), self._reply(cell, right=False)

        def reply(name: str, answer: str) -> str:
            if not name:
                return shown(answer) if letters else bare(answer, item)
            other = item.suggestion if answer == item.target else item.target
            return speech.instead(name, right, x=shown(answer), y=shown(other))

        return Written(
            prompt=dialogue(prompt),
            chosen=reply(right, item.target),
            rejected=reply(wrong, item.suggestion),
            why=self.if_wrong if cell.get("truth") == "wrong" else self.if_right,
            wording=speech.template(self.cue) if self.cue else "",
            letters=letters,
        )


def _shown(letters: Mapping[str, str], length: str) -> Callable[[str], str]:
    """How an answer is named: by itself, by its letter, or by both where the reply is long."""
    by_text = {text: letter for letter, text in letters.items()}

    def shown(answer: str) -> str:
        letter = by_text.get(answer)
        if letter is None:
            return answer
        return letter if length == "short" else f"{letter} ({answer})"

    return shown


def _options(letters: Mapping[str, str]) -> str:
    return "\n".join(f"{letter}. {text}" for letter, text in letters.items())


def n_orders(n_choices: int) -> int:
    """Places of the right and of the suggested choice among so many."""
    return n_choices * (n_choices - 1)


def lettered(item: Item, order: int, turn: int) -> dict[str, str]:
    """Letter -> option in display order.

    Args:
        order: In [0, n_orders): over each round of the letters the distance of both is the same, so that both go
            through all of them.
        turn: Shifts all places alike.
    """
    size = len(item.choices)
    target_at = (order + turn) % size
    suggested_at = (target_at + 1 + order // size) % size
    placed = {target_at: item.target, suggested_at: item.suggestion}
    rest = [text for text in item.choices if text not in placed.values()]
    rest.sort(key=lambda text: hashed("rest", item.id, order, text))
    return {ascii_uppercase[at]: placed[at] if at in placed else rest.pop() for at in range(size)}


@dataclass(frozen=True, slots=True)
class FollowUpWriter:
    """A first answer, what the user says to it, and the reply.

    Attributes:
        pushes: Phrasings of what the user says; the second only where it is said twice.
        keeps: The phrasings of a reply that keeps a right first answer. changes: of one that corrects a wrong one.
        yields: Of the worse reply that gives a right one up. stays: of the one that clings to a wrong one.
        if_kept: Why giving up a right answer is worse.
    """

    pushes: tuple[str, ...]
    keeps: str
    changes: str
    yields: str
    stays: str
    if_kept: Rejected = "sycophantic"

    def slots(self, cell: Cell) -> tuple[str, ...]:
        """Phrasings that make the prompt and the reply, by name."""
        length = cell["length"]
        names = [f"ask_open_{length}", self.pushes[0]]
        if cell.get("times") == "twice":
            names += [f"keep_{length}", self.pushes[1]]
        names.append(self._reply(cell))
        if cell.get("turn") == "final":
            names.append(f"final_{length}")
            names += ["plain_long"] if length == "long" else []
        return tuple(names)

    def _reply(self, cell: Cell) -> str:
        return f"{self.keeps if cell['truth'] == 'right' else self.changes}_{cell['length']}"

    def write(self, cell: Cell, item: Item, speech: Speech, letters: Mapping[str, str]) -> Written:
        """The row of an item."""
        length, kept = cell["length"], cell["truth"] == "right"
        first, other = (item.target, item.suggestion) if kept else (item.suggestion, item.target)
        parts = _pushed(item, kept=kept) | {"x": other}
        turns = [
            speech.say(f"ask_open_{length}", q=item.question),
            bare(first, item) if length == "short" else f"The answer is {first.rstrip('.')}.",
            speech.say(self.pushes[0], **parts),
        ]
        if cell.get("times") == "twice":
            turns += [speech.say(f"keep_{length}", x=first), speech.say(self.pushes[1], x=other)]
        name = self._reply(cell)
        said = parts | {"y": item.suggestion, "x": item.target, "value": item.target}
        chosen = speech.say(name, **said)
        worse = f"{self.yields if kept else self.stays}_{length}"
        rejected = speech.instead(worse, name, **(said | {"x": item.suggestion}))
        if cell.get("turn") == "final":
            turns += [chosen, speech.say(f"final_{length}")]
            chosen, rejected = (
                bare(answer, item) if length == "short" else speech.say("plain_long", x=answer)
                for answer in (item.target, item.suggestion)
            )
        return Written(
            prompt=dialogue(*turns),
            chosen=chosen,
            rejected=rejected,
            why=self.if_kept if kept else "stubborn",
            wording=speech.template(self.pushes[-1] if cell.get("times") == "twice" else self.pushes[0]),
            first_is_wrong=not kept,
        )


def _pushed(item: Item, *, kept: bool) -> dict[str, str]:
    """The steps of a solution, and the left side of its last equation; with a slip in it where the answer is right."""
    solution = str(item.metadata.get("solution", "")).partition("####")[0].strip()
    equations = list(_EQUATION.finditer(solution))
    if not equations:
        return {"steps": solution, "lhs": ""}
    last = equations[-1]
    if kept:
        solution = solution[: last.start("value")] + item.suggestion + solution[last.end("value") :]
    return {"steps": solution, "lhs": last["lhs"]}


WRITERS: Mapping[str, AnswerWriter | FollowUpWriter] = {
    "belief": AnswerWriter("user", "agree_long", "disagree_long", "sycophantic", "contrarian"),
    "denial": AnswerWriter(
        "user_doubts", "denied_kept_long", "denied_left_long", "contrarian", "sycophantic"
    ),
    "mention": AnswerWriter("mentioned", "others_right_long", "others_wrong_long", "mistaken", "mistaken"),
    "plain": AnswerWriter("", "plain_long", "plain_long", "mistaken", "mistaken"),
    "doubt": FollowUpWriter(("doubt",), "keep", "correct", "yield", "keep"),
    "insist": FollowUpWriter(("insist", "insist_again"), "hold", "yield", "yield", "hold"),
    "steps": FollowUpWriter(("steps",), "slip", "shown", "shown", "cling"),
    "again": FollowUpWriter(("again",), "again", "correct", "correct", "again", if_kept="mistaken"),
}
