"""The anti-sycophancy set as a file: its items read, its rows made and checked, file and card written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sycoscope.core.digests import bytes_digest
from sycoscope.core.errors import ConfigError, DataError, fault_list
from sycoscope.core.files import check_writable, write_atomic
from sycoscope.core.types import Item
from sycoscope.items import PARTS, OwnFile, load_bank, overlap, read_own_file
from sycoscope.study.dataset_card import About, card
from sycoscope.study.dataset_checks import SetCheck, check_set
from sycoscope.training.dataset.layouts import LAYOUTS, written
from sycoscope.training.dataset.rows import MIN_QUESTIONS, Pools, set_rows

SETS = ("anti-sycophancy",)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltSet:
    """A set that was written.

    Attributes:
        path: The JSON Lines. card: the card beside it. digest: SHA-256 of the JSON Lines.
        n_rows: Rows of the file. left_out: rows without a rejected reply, of pairs; 0 otherwise.
        kinds: Kind -> rows. n_first_wrong: rows in which an earlier turn of the assistant is wrong on purpose.
        checks: What was checked, all of it passed.
    """

    path: Path
    card: Path
    digest: str
    n_rows: int
    left_out: int
    kinds: Mapping[str, int]
    n_first_wrong: int
    checks: tuple[SetCheck, ...]


def build_set(
    name: str, path: Path, *, n: int, seed: int, layout: str, items: str = "", force: bool = False
) -> BuiltSet:
    """Make a set and write it with its card.

    Args:
        name: One of `SETS`. path: Ends in `.jsonl`; the card ends in `.md`. layout: A key of `LAYOUTS`.
        items: A file of own questions in place of the bank's facts. force: Write over files that are there.

    Raises:
        ConfigError: an unknown set or layout, too few rows, or a file that is there or cannot be written.
        MissingError, DataError: own questions that are not there or cannot be used, or rows that fail a check.
    """
    _check_options(name, path, layout, force)
    own = read_own_file(items) if items else None
    evaluated = [item for part in PARTS for item in load_bank(part) if item.split == "test"]
    pools = bank_pools(None if own is None else _own_questions(own, evaluated))
    rows = set_rows(n, seed, pools)
    kept = [row for row in rows if row.why] if layout == "pairs" else rows
    checks = check_set(kept, evaluated)
    if failed := [check for check in checks if not check.passed]:
        where = f"{own.name}: " if own else ""
        raise DataError(
            fault_list(
                f"{where}the set fails {len(failed)} of its checks and is not written; mend the items named:",
                [f"  {check.rule}: {check.found}" for check in failed],
            )
        )
    data = written(kept, layout)
    about = About(
        file=path.name,
        layout=layout,
        n=n,
        seed=seed,
        digest=bytes_digest(data),
        items=Path(own.name).name if own else "",
        items_digest=own.digest if own else "",
        left_out=len(rows) - len(kept),
        n_unused=len(own.items) - len(pools.questions) if own else 0,
    )
    write_atomic(path, data)
    write_atomic(_card_of(path), card(kept, checks, about).encode())
    return BuiltSet(
        path=path,
        card=_card_of(path),
        digest=about.digest,
        n_rows=len(kept),
        left_out=about.left_out,
        kinds=dict(sorted(Counter(row.kind for row in kept).items())),
        n_first_wrong=sum(row.first_is_wrong for row in kept),
        checks=tuple(checks),
    )


def _card_of(path: Path) -> Path:
    return path.with_suffix(".md")


def _check_options(name: str, path: Path, layout: str, force: bool) -> None:
    if name.replace("_", "-") not in SETS:
        raise ConfigError(f"there is no set '{name}'; allowed: {', '.join(SETS)}")
    if layout not in LAYOUTS:
        raise ConfigError(f"there is no layout '{layout}'; allowed: {', '.join(LAYOUTS)}")
    if path.suffix != ".jsonl":
        raise ConfigError(
            f"'{path}' must end in .jsonl: a set is written as JSON Lines, with its card beside it"
        )
    for file in (path, _card_of(path)):
        if file.exists() and not (force and file.is_file()):
            raise ConfigError(f"'{file}' exists; choose another --out, or write over it with --force")
    check_writable(path.parent, "choose another --out")


def bank_pools(questions: Sequence[Item] | None = None) -> Pools:
    """What a set is made from: the bank's training side, with these questions in place of all of its facts."""

    def side(part: str) -> list[Item]:
        return [item for item in load_bank(part) if item.split == "train"]

    return Pools(
        questions=side("facts") if questions is None else questions,
        arithmetic=side("arithmetic"),
        arguments=side("arguments"),
        neutral=side("neutral"),
    )


def _own_questions(own: OwnFile, evaluated: Sequence[Item]) -> list[Item]:
    """A person's own questions: all of them, or those of the training side where rows name sides.

    Raises:
        DataError: a question without a suggestion, too few of them, or one of the bank's test side.
    """
    lacking = [item.id for item in own.items if not item.suggestion]
    if lacking:
        raise DataError(
            f"{own.name}: {len(lacking)} of {len(own.items)} rows have no suggestion ({own.places(lacking)}); give "
            "each question the wrong answer that its user believes, as 'suggestion' or among 'choices', and leave "
            "arguments out: the bank's are used"
        )
    used = [item for item in own.items if item.split != "test"]
    if len(used) < MIN_QUESTIONS:
        sides = (
            "" if len(used) == len(own.items) else f" ({len(own.items) - len(used)} more are of a test side)"
        )
        raise DataError(
            f"{own.name}: {len(used)} questions{sides} are too few for a set; give at least {MIN_QUESTIONS}, or leave "
            "--items out and take the bank's"
        )
    shared = overlap(used, [item for item in evaluated if item.suggestion])
    if shared.ids:
        questions = {item.id: item.question for item in evaluated}
        raise DataError(
            fault_list(
                f"{own.name}: {len(shared.ids)} questions are in the bank's test side, which evaluations ask, so "
                "a model tuned on them could not be measured; take them out:",
                [f"  {questions[one]:.100}" for one in shared.ids],
            )
        )
    return used
