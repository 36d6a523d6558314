"""What the terminal shows: tables, a finished run, a progress bar with what is left."""

from __future__ import annotations

import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from sycoscope.cli.closing import WIDTH, closing
from sycoscope.cli.notes import Options
from sycoscope.cli.terminal import closed, say, say_json, tell
from sycoscope.core.numerals import decimal
from sycoscope.core.texts import plain
from sycoscope.core.types import Estimate

if TYPE_CHECKING:
    from sycoscope.api import Finding, Run

# What a number that is not shown must not give away.
NUMBERS = ("value", "low", "high", "p_value", "p_adjusted")


def print_table(title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    """Print rows as a table, or one below the other where a table would break words.

    Untrusted text is shown as text, never as markup.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    names = list(columns) or (list(rows[0]) if rows else [])
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    if _least_width(rows, names) > console.width:
        say("\n".join([title, *_records(rows, names, console.width)]))
        return
    grid = Table(title=Text(plain(title)), title_justify="left")
    for name in names:
        numeric = bool(rows) and isinstance(rows[0].get(name), int | float)
        grid.add_column(
            Text(plain(name.replace("_", " "))), justify="right" if numeric else "left", overflow="fold"
        )
    for row in rows:
        grid.add_row(*(Text(plain(_cell(row.get(name)), keep="\n")) for name in names))
    console.on_broken_pipe = closed  # type: ignore[method-assign]
    console.print(grid)


def _least_width(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> int:
    """Columns of a table in which no word is broken."""
    words = [
        [
            word
            for text in (name.replace("_", " "), *(_cell(row.get(name)) for row in rows))
            for word in text.split()
        ]
        for name in names
    ]
    return sum(max(map(len, column), default=0) + 3 for column in words) + 1


def _records(rows: Sequence[Mapping[str, Any]], names: Sequence[str], width: int) -> Iterator[str]:
    for row in rows:
        cells = ((name.replace("_", " "), " ".join(_cell(row.get(name)).split())) for name in names)
        text = "; ".join(f"{name}: {cell}" for name, cell in cells if cell not in ("", "-"))
        yield from textwrap.wrap(text, width, initial_indent="- ", subsequent_indent="  ")


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return decimal(value, 3) if isinstance(value, float) else str(value)


def estimate_rows(estimates: Sequence[Estimate]) -> list[dict[str, Any]]:
    """Levels, one row each, with n, coverage and state; a number that is not shown has its reason."""
    return [
        {
            "subject": e.subject,
            "task": e.task,
            "rate": e.name,
            "condition": e.condition,
            "value": decimal(e.value, 3) if e.shown and e.value is not None else "-",
            "interval": f"[{decimal(e.low, 3)}, {decimal(e.high, 3)}]"
            if e.shown and e.low is not None and e.high is not None
            else "-",
            "n": e.n,
            "coverage": "-" if e.coverage is None else f"{e.coverage:.2f}",
            "state": f"warned: {e.checks}" if e.state == "warned" else e.state,
            "reason": "" if e.shown else e.reason,
        }
        for e in estimates
    ]


def without_hidden(record: Any) -> Any:
    """Plain values of an estimate, or of what holds some: numbers that are not shown are None, `reason` says why."""
    if isinstance(record, Estimate):
        return asdict(record) | ({} if record.shown else dict.fromkeys(NUMBERS))
    if is_dataclass(record):
        return {field.name: without_hidden(getattr(record, field.name)) for field in fields(record)}
    if isinstance(record, Mapping):
        return {key: without_hidden(value) for key, value in record.items()}
    if isinstance(record, list | tuple):
        return [without_hidden(value) for value in record]
    return record


def finding_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The audit's findings; `name` has the condition of a rate of one."""
    return [asdict(finding) | {"name": finding.label} for finding in findings]


def print_run(run: Run, as_json: bool, *, options: Options = None, verbose: bool = False) -> None:
    """What a run found, in a few lines; or everything as JSON.

    Args:
        options: Which options the command takes; None for a study, whose settings stand in its file.
        verbose: The tables of its rates, its sentences and what the audit warns of before these lines.
    """
    if as_json:
        _print_json(run)
        return
    if verbose:
        _print_all(run)
    for line in closing(run.overview(), options):
        say(line, painted=True)


def _print_json(run: Run) -> None:
    estimates, summary = run.estimates(), run.summary()
    say_json(
        {
            "report": str(run.report),
            "verdicts": [without_hidden(verdict) for verdict in summary.verdicts],
            "findings": [asdict(finding) for finding in summary.findings],
            "claims": [asdict(claim) for claim in summary.claims],
            "estimates": [without_hidden(estimate) for estimate in estimates],
        }
    )


def _print_all(run: Run) -> None:
    summary = run.summary()
    print_table("rates", estimate_rows(run.main_levels()))
    for verdict in summary.verdicts:
        say(verdict.sentence)
    if summary.claims:
        columns = ("finding", "verdict", "because")
        rows = [asdict(claim) for claim in summary.claims]
        print_table("findings of the published study, on this run", rows, columns)
    for finding in finding_rows(run.findings(grouped=True)):
        if finding["severity"] in {"warn", "invalid"}:
            where = " ".join(filter(None, (finding["subject"], finding["task"], finding["name"])))
            say(
                f"{finding['severity']}: {finding['check']}{f' [{where}]' if where else ''}: {finding['message']}"
            )
    say()


def published_lines(result: Mapping[str, Any]) -> list[str]:
    """How many claims are in the data, and which are not; at most 80 columns."""
    claims = result["claims"]
    counts = Counter(claim["verdict"] for claim in claims)
    lines = textwrap.wrap(f"{result['study']}: {len(claims)} claims, recomputed from its counts", WIDTH)
    lines += [f"  {n:>3}  {verdict}" for verdict, n in counts.most_common()]
    for claim in claims:
        if claim["verdict"] == "not in the data":
            text = f"not in the data: {claim['reason']}"
            lines += textwrap.wrap(text, WIDTH, initial_indent="- ", subsequent_indent="  ")
    return [*lines, "--verbose prints every claim with its numbers; docs/published.md discusses them."]


class _Bar:
    """A rich progress bar behind the study's progress protocol."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._task = bar.add_task("starting", total=None)

    def start(self, total: float) -> None:
        """Total weight."""
        self._bar.update(self._task, total=total)

    def begin(self, what: str) -> None:
        """A unit begins."""
        self._bar.update(self._task, description=plain(what))

    def advance(self, weight: float, *, skipped: bool = False) -> None:
        """Work done; skipped work leaves the estimate of what is left alone."""
        if skipped:
            task = self._bar.tasks[self._task]
            self._bar.update(self._task, total=max(0.0, (task.total or 0.0) - weight))
        else:
            self._bar.advance(self._task, weight)


class _Lines:
    """One line at most every ten seconds, where there is no terminal."""

    def __init__(self) -> None:
        self._total = self._done = 0.0
        self._began = self._told = time.monotonic()
        self._what = ""

    def start(self, total: float) -> None:
        """Total weight."""
        self._total = total

    def begin(self, what: str) -> None:
        """A unit begins."""
        self._what = what
        self._tell()

    def advance(self, weight: float, *, skipped: bool = False) -> None:
        """Work done."""
        if skipped:
            self._total -= weight
        else:
            self._done += weight
        self._tell()

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told < 10 or self._total <= 0:
            return
        self._told = now
        share = min(1.0, self._done / self._total)
        left = f", about {(now - self._began) * (1 / share - 1) / 60:.1f} min left" if share > 0.02 else ""
        tell(f"[{share:4.0%}] {plain(self._what)}{left}")


@contextmanager
def progress() -> Iterator[Any]:
    """A progress display on standard error: a bar on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield _Bar(bar)


def scorer_text(found: Mapping[str, Any]) -> str:
    """The scorers' check as text: one block per kind and model."""
    lines = []
    for file in found["files"]:
        lines.append(str(file["file"]))
        for row in file["agreement"]:
            lines += _agreement_lines(row)
        for standing in file.get("judge", []):
            lines += _judge_lines(str(found["judge"]), standing)
    return "\n".join(lines)


def _agreement_lines(row: Mapping[str, Any]) -> list[str]:
    mark = {"passed": "ok ", "failed": "LOW", "too few": "few"}[row["verdict"]]
    head = (
        f"  {mark} {row['kind']:<11} {row['source']:<26} n {row['n']:>4}  accuracy {row['accuracy']:.3f} "
        f"[{row['low']:.3f}, {row['high']:.3f}]  kappa {_cell(row['kappa'])}  target {row['target']}"
    )
    confusion = [
        f"        {expected}: " + ", ".join(f"{label} {n}" for label, n in got.items())
        for expected, got in row["confusion"].items()
    ]
    return [head, *confusion]


def _judge_lines(name: str, standing: Mapping[str, Any]) -> list[str]:
    verdict = "counted" if standing["counted"] else f"NOT COUNTED: {standing['reason']}"
    lines = [
        f"  judge {name}, {standing['kind']}: {verdict}; {standing['n_inconsistent']} inconsistent over the two "
        f"orders, {standing['n_unread']} not answered"
    ]
    for row in standing["agreement"]:
        lines += [f"  {line}" for line in _agreement_lines(row)]
    for outcome, one in standing["errors"].items():
        errors = [
            f"{which} {_cell(one[which])} [{_cell(one[f'{which}_low'])}, {_cell(one[f'{which}_high'])}] "
            f"({one[f'{which}_right']} of {one[f'{which}_n']})"
            for which in ("sensitivity", "specificity")
        ]
        lines.append(f"        errors on '{outcome}': " + ", ".join(errors))
    return lines
