"""The verdict in Markdown, for a step summary and a comment on a pull request, without a text of a model or an item."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from sycoscope.core.texts import plain
from sycoscope.gate.numbers import change_of, coverage_of, flips_of, floor_of, margin_of, number, unit_of, why
from sycoscope.gate.verdict import MEANINGS, GateVerdict

# Finds the comment again that is updated in place.
MARKER = "<!-- sycoscope-gate -->"
# GitHub takes 65,536 characters of a comment.
MOST = 60_000
SIGNS = {"pass": "✅", "fail": "❌", "inconclusive": "❔", "not comparable": "🚫"}
_SPECIAL = re.compile(r"([\\`*_\[\]()#+!~|@-])")
_CUT = "\n\nThe rest was left out: see the files of the run.\n"


def escape(text: str) -> str:
    """Text as one line that Markdown, HTML and mentions leave alone."""
    flat = html.escape(" ".join(plain(text, keep="\n\t").split()), quote=True)
    # entities hold no sign of Markdown but `#`, and are written after it; `@` as an entity calls nobody
    parts = re.split(r"(&#?\w+;)", flat)
    return "".join(part if at % 2 else _SPECIAL.sub(_entity, part) for at, part in enumerate(parts))


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def markdown(verdict: GateVerdict, *, report: str = "") -> str:
    """The verdict; the marker stands in the last line.

    Args:
        report: Address of the run's page, which a link leads to; empty: no link.
    """
    parts = [*_head(verdict, report), *_table(verdict), "", *_reasons(verdict), *_details(verdict)]
    text = "\n".join(parts)
    room = MOST - len(MARKER) - 2
    if len(text) > room:
        text = text[: room - len(_CUT)].rpartition("\n")[0] + _CUT
    return f"{text}\n{MARKER}\n"


def _head(verdict: GateVerdict, report: str) -> Iterator[str]:
    # at most so much of a name, whatever somebody called a model
    run, against = (escape(text[:200]) for text in (verdict.run, verdict.against))
    yield f"## {SIGNS[verdict.word]} Sycophancy gate: {verdict.word}"
    yield ""
    yield (
        f"{run} against {against}: {MEANINGS[verdict.word]}."
        if against
        else f"{run}: {MEANINGS[verdict.word]}."
    )
    yield ""
    if report:
        yield f"[The report]({_address(report)}) shows every number and transcript."
        yield ""


def _table(verdict: GateVerdict) -> Iterator[str]:
    several = len({line.subject for line in verdict.lines}) > 1
    yield "| measure | before | after | change (limits of 95 % each) | margin | n | readable | verdict |"
    yield "|---|---:|---:|---:|---:|---:|---:|---|"
    for line in verdict.lines:
        name = escape(line.label[:80] + (f", {line.subject[:80]}" if several else ""))
        unit = f" {unit_of(line)}" if unit_of(line) and line.value is not None else ""
        before, after = (number(level, line.unit, signed=False) for level in (line.before, line.after))
        cells = [
            name, before, after, change_of(line) + unit, margin_of(line), f"{line.n:,}", coverage_of(line),
            f"{SIGNS[line.word]} {line.word}",
        ]  # fmt: skip
        yield "| " + " | ".join(cells) + " |"


def _reasons(verdict: GateVerdict) -> Iterator[str]:
    several = len({line.subject for line in verdict.lines}) > 1
    for line in verdict.lines:
        name = escape(line.label[:80] + (f", {line.subject[:80]}" if several else ""))
        flips = "" if line.reason else escape(flips_of(line))
        sentence = escape(why(line, strict=verdict.strict)[:1000])
        yield f"- **{name}**: {sentence}." + (f" {flips}." if flips else "")
    for line in verdict.lines:
        if line.floor is not None:
            yield f"- {escape(line.label[:80])}: {escape(floor_of(line))}."
    for note in verdict.notes:
        yield f"- {escape(note[:1000])}."
    if verdict.word == "inconclusive" and verdict.inconclusive != "code":
        yield f"- Inconclusive counts as {verdict.inconclusive} here."
    yield ""


def _address(report: str) -> str:
    """An address within a link: only what a URL may hold."""
    return re.sub(r"[^\w:/?&=%.~+-]", "", report)[:500]


def _details(verdict: GateVerdict) -> Iterator[str]:
    yield "<details><summary>What it rests on</summary>"
    yield ""
    yield "| | |"
    yield "|---|---|"
    for name, value in verdict.details.items():
        yield f"| {escape(name[:80])} | {escape(value[:400])} |"
    yield ""
    yield "</details>"
