"""The card of a set: what it is, its counts, how it was checked, and what it is not for. The same for the same set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sycoscope.study.dataset_checks import SetCheck
from sycoscope.training.dataset.kinds import FAMILIES
from sycoscope.training.dataset.row import SetRow

_HEADS = {
    "prompt": "`prompt` (messages, the last one the user's) and `completion` (one message)",
    "messages": "`messages`, the last one the reply that is taught",
    "pairs": "`prompt` (messages), `chosen` and `rejected` (one message each): preference pairs",
}
_TRAINERS = {
    "prompt": "trl.SFTTrainer; the loss falls on the completion alone",
    "messages": "trl.SFTTrainer; the loss falls on every turn unless the trainer is told otherwise",
    "pairs": "trl.DPOTrainer",
}
_ABOUT = """\
Dialogues that teach a chat model to say what is so whatever the user thinks of it, without becoming stubborn or \
contrarian: users are right as often as they are wrong, first answers are wrong as often as right, and every stance \
meets as many sound as fallacious arguments. Replies are short as often as long. All phrasings are others than those \
that Sycoscope's evaluation uses, and all built-in items are of the training side of its bank."""
_NOT_FOR = """\
- Not for an evaluation: its items, its phrasings and the shares of its kinds are made for training.
- Not as evidence that a model is no longer sycophantic: measure that, with `sycoscope compare`, on other items.
- Not for more than it shows: short answers to factual questions, sums, and comments on short arguments, in English. \
It has no long conversations, no matters of taste or politics, no emotional support, and nothing on safety.
- Not as a source of facts: {first}.
- Not as the whole of a tune: of general ability it has {neutral} neutral rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a card tells beside the rows.

    Attributes:
        file: Name of the JSON Lines. layout: A key of `LAYOUTS`. n: rows that were asked for.
        digest: SHA-256 of the file. items: the file of own questions, with its digest; empty for the bank's.
        left_out: Rows without a rejected reply, of pairs. n_unused: own questions of a test side, which are not used.
    """

    file: str
    layout: str
    n: int
    seed: int
    digest: str
    items: str = ""
    items_digest: str = ""
    left_out: int = 0
    n_unused: int = 0


def card(rows: Sequence[SetRow], checks: Sequence[SetCheck], about: About) -> str:
    """The card's text, in Markdown.

    Args:
        rows: Those of the file.
    """
    parts = [
        f"# Anti-sycophancy set: {_plain(about.file)}",
        _ABOUT,
        _table(("", ""), _facts(rows, about)),
        _loading(about),
        "## Kinds of rows",
        _shares(rows),
        *_counts(rows, about),
        "## How it was checked",
        _table(
            ("rule", "", "found"),
            [(check.rule, "passed" if check.passed else "FAILED", check.found) for check in checks],
        ),
        "## What it must not be used for",
        _not_for(rows),
    ]
    return "\n\n".join(parts) + "\n"


def _facts(rows: Sequence[SetRow], about: About) -> list[tuple[str, str]]:
    left = (
        f" ({about.left_out} of {about.n} left out: they have no reply to reject)" if about.left_out else ""
    )
    unused = f"; {about.n_unused} of its test side are not used" if about.n_unused else ""
    used = {row.item.id: row.item for row in rows}
    own = f"{about.items} (SHA-256 `{about.items_digest}`{unused})"
    return [
        ("rows", f"{len(rows)}{left}"),
        ("layout", _HEADS[about.layout]),
        ("seed", str(about.seed)),
        ("made by", f"sycoscope {_version()}, `sycoscope data build anti-sycophancy`"),
        ("SHA-256 of the file", f"`{about.digest}`"),
        (
            "questions",
            own if about.items else "training side of Sycoscope's bank, as are all other items",
        ),
        ("items", f"{len(used)} in {len({item.cluster for item in used.values()})} clusters"),
        ("licence", "the built-in items are Sycoscope's, MIT"),
    ]


def _version() -> str:
    try:
        return version("sycoscope")
    except PackageNotFoundError:
        return "of a checkout that was never installed"


def _loading(about: About) -> str:
    trainer = _TRAINERS[about.layout]
    return (
        "```python\nfrom datasets import load_dataset\n\n"
        f'rows = load_dataset("json", data_files={about.file!r}, split="train")  # {trainer}\n```\n\n'
        "The column `sycoscope` says what a row is (`kind`, `item`, `cluster` and the levels below); TRL leaves it "
        "out. To hold rows out, hold out whole clusters."
    )


def _shares(rows: Sequence[SetRow]) -> str:
    kinds = Counter((row.family, row.kind) for row in rows)
    lines = []
    for family in FAMILIES:
        names = dict.fromkeys(family.kinds.values())
        counted = ", ".join(
            f"`{name}` {kinds[family.name, name]}" for name in names if kinds[family.name, name]
        )
        lines.append((family.meaning, f"{family.share:.0%}", counted or "0"))
    return _table(("what the rows teach", "share", "rows by kind"), lines)


def _counts(rows: Sequence[SetRow], about: About) -> list[str]:
    truths = Counter((row.kind, row.cell.get("truth", "-")) for row in rows)
    tables = [
        "## Counts",
        "`truth` is of what is said before the reply: of the answer that is mentioned, of the first answer, or of the "
        "argument.",
        _table(("kind", "truth", "rows"), [(kind, truth, str(n)) for (kind, truth), n in _sorted(truths)]),
    ]
    stances = Counter(
        (row.cell["stance"], row.cell["truth"], row.cell["explicit"]) for row in rows if "stance" in row.cell
    )
    if stances:
        tables += [
            "Stances to an argument, by whether it is sound and whether its fallacy, or that of its pair, is blatant:",
            _table(("stance", "truth", "fallacy", "rows"), [(*key, str(n)) for key, n in _sorted(stances)]),
        ]
    lengths: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row.cell.get("truth"):
            lengths.setdefault((row.cell["truth"], row.cell["length"]), []).append(len(row.chosen.split()))
    tables += [
        "Length of the replies:",
        _table(
            ("truth", "length", "rows", "words (mean)"),
            [(*key, str(len(n)), f"{sum(n) / len(n):.1f}") for key, n in sorted(lengths.items())],
        ),
    ]
    letters = Counter(
        next(letter for letter, text in row.letters.items() if text == row.item.target)
        for row in rows
        if row.letters
    )
    if letters:
        tables += [
            "Letter of the right answer, where a question is asked by letters:",
            _table(("letter", "rows"), [(letter, str(n)) for letter, n in sorted(letters.items())]),
        ]
    if about.layout == "pairs":
        reasons = Counter(str(row.why) for row in rows)
        tables += [
            "Why the rejected reply is the worse one (sycophantic: it follows the user; contrarian: it contradicts a "
            "user who is right; stubborn: it clings to a wrong answer; mistaken: it is wrong where nobody pushes):",
            _table(("rejected", "rows"), [(reason, str(n)) for reason, n in sorted(reasons.items())]),
        ]
    wordings = Counter((row.kind, row.wording) for row in rows if row.wording)
    return [
        *tables,
        "Phrasings that put the pressure on:",
        _table(("kind", "phrasing", "rows"), [(kind, text, str(n)) for (kind, text), n in _sorted(wordings)]),
    ]


def _sorted(counts: Mapping[Any, int]) -> list[tuple[Any, int]]:
    return sorted(counts.items())


def _not_for(rows: Sequence[SetRow]) -> str:
    n_wrong = sum(row.first_is_wrong for row in rows)
    first = (
        f"in {n_wrong} rows an earlier turn of the assistant is wrong on purpose (`first_is_wrong`), and must carry no "
        "loss"
        if n_wrong
        else "users say wrong things in it"
    )
    return _NOT_FOR.format(first=first, neutral=sum(row.kind.startswith("neutral") for row in rows))


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    shown = [heads, ["---"] * len(heads), *lines]
    return "\n".join("| " + " | ".join(map(_plain, line)) + " |" for line in shown)


def _plain(text: str) -> str:
    """Text in a cell: on one line, and no sign of it ends the cell."""
    return " ".join(text.split()).replace("|", "\\|")
