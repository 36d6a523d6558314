"""What says nothing on this run, in one line each, so that its section is folded; and reasons that are said once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sycoscope.report import labels
from sycoscope.report.cross_subject import ClaimView, GroupTable
from sycoscope.report.dose import DoseView
from sycoscope.report.doubts import WARNINGS
from sycoscope.report.kept import KeptTable
from sycoscope.report.tables import Block

# A remark that is at least this long and stands in several rows is said once below its table.
LONG = 40
_CHECK = re.compile(r"\[(\w+)\]")


def withheld(blocks: Iterable[Block]) -> str:
    """The line for a figure of whose numbers none is shown; empty where one is, or where it has no table."""
    lines = [line for block in blocks for line in block.lines]
    if not lines or any(line.value != labels.DASH for line in lines):
        return ""
    reasons = Counter(line.reason for line in lines)
    reason, n = reasons.most_common(1)[0]
    # reasons of one kind may differ in their numbers alone
    kinds = Counter(
        kind for line in lines for kind in dict.fromkeys(_CHECK.findall(line.reason)) if kind in WARNINGS
    )
    if kinds and (most := kinds.most_common(1)[0])[1] > n:
        reason, n = WARNINGS[most[0]], most[1]
    return f"no number can be shown. {_most(n, len(lines))}: {reason}"


def _most(n: int, total: int) -> str:
    return "For all of them" if n == total else f"For {n} of {total}"


def inconclusive(claims: Sequence[ClaimView]) -> str:
    """The line for findings of which this run says nothing; empty where it says something of one."""
    if any(one.claim.verdict != "inconclusive" for one in claims):
        return ""
    return f"all {len(claims)} are inconclusive on this run"


def unrelated(associations: Sequence[Mapping[str, str]], ranking: object) -> str:
    """The line for correlations of which none could be computed."""
    if ranking or not associations or any(one["r"] != labels.DASH for one in associations):
        return ""
    return "no correlation could be computed"


def undecided(table: KeptTable | None) -> str:
    """The line where no loss is shown, and none is ruled out."""
    if table is None or any(line.answer != "not shown" for line in table.lines):
        return ""
    return f"not shown for any of {len(table.lines)} measures: too few questions to tell a loss from none"


def trendless(found: DoseView | None) -> str:
    """The line for series without a trend."""
    if found is None or found.relearned or any(row[3] != labels.DASH for row in found.trends):
        return ""
    return "no trend could be computed"


def ungrouped(tables: Sequence[GroupTable]) -> str:
    """The line for groups of which none has a number."""
    cells = [cell for table in tables for _, row in table.rows for cell in row]
    if not cells or any(not cell.value.startswith(labels.DASH) for cell in cells):
        return ""
    return "no group has a number that can be shown"


def faultless(findings: Sequence[Mapping[str, str]]) -> str:
    """The line for an audit that found nothing."""
    if not findings or any(one["severity"] in ("invalid", "warn") for one in findings):
        return ""
    return "nothing was found"


def footnotes(block: Block) -> dict[str, int]:
    """Of a table each long reason or remark that stands in several of its rows -> its number."""
    # a value that is shown has its reason in the remark
    texts = Counter(
        text
        for line in block.lines
        for text in dict.fromkeys((line.reason, line.remark))
        if len(text) >= LONG
    )
    repeated = [text for text, n in texts.items() if n > 1]
    return {text: i for i, text in enumerate(repeated, 1)}
