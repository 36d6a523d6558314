"""What a check found, and reading repeated rows once without hiding it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from sycoscope.core.types import Item

Severity = Literal["error", "warn", "info"]
_log = logging.getLogger("sycoscope.items")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a set of items.

    Attributes:
        severity: `error`: a number from these items is not valid; `warn`: look at it; `info`: a count, or
            by design.
        check: Short name of the check, as `duplicate_rows`.
        message: What was found, and what to do.
        ids: The items concerned, in their order. lines: where a file of one's own has them, in order.
    """

    severity: Severity
    check: str
    message: str
    ids: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()


def report(finding: Finding, findings: list[Finding] | None) -> None:
    """Add to `findings`; where nobody collects them, log a warning, so that nothing is silent."""
    if findings is None:
        _log.warning("%s", finding.message)
    else:
        findings.append(finding)


def read_once(
    placed: Iterable[tuple[str, Item]], name: str, findings: list[Finding] | None = None
) -> list[Item]:
    """Keep the first of items with the same id and report the others.

    Args:
        placed: Where each item came from, and the item.
        name: What was read, for the message.
        findings: Collects the report; without it a warning is logged.
    """
    first: dict[str, tuple[str, Item]] = {}
    repeats: list[tuple[str, str, Item]] = []
    differing = 0
    for where, item in placed:
        if item.id not in first:
            first[item.id] = (where, item)
            continue
        seen_at, seen = first[item.id]
        repeats.append((where, seen_at, item))
        differing += replace(item, split=seen.split) != seen
    if repeats:
        total = len(first) + len(repeats)
        shown = "; ".join(f"{_short(where)} as {_short(seen_at)}" for where, seen_at, _ in repeats[:3])
        message = (
            f"{name}: {len(repeats)} of {total} rows repeat the question, target and choices of an earlier "
            f"row and are read once ({shown}{'; ...' if len(repeats) > 3 else ''})"
        )
        if differing:
            message += f"; {differing} of them differ in another column, and the first row's value is kept"
        ids = tuple(dict.fromkeys(item.id for _, _, item in repeats))
        report(Finding("warn", "duplicate_rows", message, ids), findings)
    return [item for _, item in first.values()]


def _short(where: str) -> str:
    return where.replace("\\", "/").rsplit("/", 1)[-1]
