"""`compare` of two logs of other tools: what it takes, and its last lines."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from sycoscope.cli.closing import LINES, WIDTH, fitting, places
from sycoscope.cli.options import Measure, names
from sycoscope.cli.show import estimate_rows, finding_rows, print_table, without_hidden
from sycoscope.cli.terminal import say, say_json
from sycoscope.cli.words import interval_of, name_in, number_of, table
from sycoscope.core.errors import ConfigError

if TYPE_CHECKING:
    from sycoscope.api import LogResult, LogRun
    from sycoscope.core.types import Estimate

# Options of `compare` that say where, and not what is asked of whom.
_OF_LOGS = ("out", "force")
_GLYPHS = {"more": "▲", "less": "▼", "no clear change": "=", "cannot tell": "?"}
# Columns that the name of a task and metric has at most.
_NAME = 26


def compare_logs(
    first: str, second: str, asked: Measure, others: Mapping[str, Any], cluster: str, metric: str, *, as_json: bool,
    verbose: bool,
) -> None:  # fmt: skip
    """Compare two logs and say what changed.

    Args:
        others: Further options of `compare`, which ask models.

    Raises:
        ConfigError: an option was given that asks models.
    """
    from sycoscope import api

    given = [field.name for field in fields(asked) if getattr(asked, field.name) != field.default]
    given = [name for name in given if name not in _OF_LOGS] + [
        name for name, value in others.items() if value
    ]
    if given:
        raise ConfigError(
            f"--{given[0].strip('_').replace('_', '-')} is for models that are asked; logs are compared as they are: "
            "leave it out"
        )
    done = api.compare_logs(
        first, second, cluster=cluster, metrics=names(metric) or (), out=asked.out, force=asked.force
    )
    if as_json:
        _print_json(done)
        return
    if verbose:
        _print_all(done)
    for line in closing(done):
        say(line, painted=True)


def refuse_without_logs(cluster: str, metric: str) -> None:
    """Refuse options of logs where models or runs are compared."""
    for option, value in (("--cluster", cluster), ("--metric", metric)):
        if value:
            raise ConfigError(
                f"{option} is for two logs of Inspect or lm-evaluation-harness, and these are none"
            )


def closing(done: LogRun, *, width: int = WIDTH, most: int = LINES) -> list[str]:
    """The last lines: a line for each change, what cannot be trusted, where page and tables lie."""
    comparison = done.comparison
    tail = places(done.report, done.folder / "tables", width)
    room = most - len(tail) - 8  # title, head, key and some notes
    shown = _first(comparison.results, room)
    models = [name_in(comparison.model(side), 30) for side in ("after", "before")]
    documents = max((one.change.n for one in comparison.results), default=0)
    lines = textwrap.wrap(f"{models[0]} against {models[1]}, on {documents:,} documents at most", width)
    heads = ("", "verdict", "change (95 %)", "n", "level")
    lines += table(heads, [_row(one) for one in shown], width, numeric=(3,))
    if len(shown) < len(comparison.results):
        lines.append(f"  and {len(comparison.results) - len(shown)} more on the page")
    lines += textwrap.wrap(
        "Change: after less before; shares in points. Verdicts are of p-values adjusted over all of these.",
        width,
    )
    severe = [one for one in done.findings() if one.severity in ("invalid", "warn")]
    notes = [f"{one.check.replace('_', ' ')}: {one.message}." for one in severe]
    return [*lines, *fitting(notes, width, most - len(lines) - len(tail)), *tail]


def _first(results: Sequence[LogResult], room: int) -> list[LogResult]:
    """What there is room for: claims first; in the order of the logs."""
    ranked = sorted(range(len(results)), key=lambda i: not results[i].verdict.claims)
    return [results[i] for i in sorted(ranked[:room])]


def _row(one: LogResult) -> tuple[str, ...]:
    change, verdict = one.change, one.verdict
    name = name_in(
        f"{change.task} {change.name}{f' ({change.condition})' if change.condition else ''}", _NAME
    )
    label = f"{_GLYPHS[verdict.word]} {verdict.word}"
    if verdict.word == "cannot tell" or change.value is None:
        return (name, label, "-", "-", "-")
    number = f"{number_of(change)} ({interval_of(change, ' to ')})"
    return (name, label, number, f"{change.n:,}", f"{_level(verdict.before)} -> {_level(verdict.after)}")


def _level(estimate: Estimate | None) -> str:
    if estimate is None or estimate.value is None or not estimate.shown:
        return "?"
    return f"{estimate.value * 100:.0f} %" if estimate.unit == "proportion" else f"{estimate.value:.3g}"


def _print_json(done: LogRun) -> None:
    comparison = done.comparison
    say_json(
        {
            "report": str(done.report),
            "verdicts": [without_hidden(one.verdict) for one in comparison.results],
            "findings": [asdict(one) for one in comparison.findings],
            "estimates": [without_hidden(one) for one in comparison.estimates],
        }
    )


def _print_all(done: LogRun) -> None:
    print_table("levels and changes", estimate_rows(done.comparison.estimates))
    for one in done.comparison.results:
        say(one.verdict.sentence)
    for finding in finding_rows(done.findings()):
        say(f"{finding['severity']}: {finding['check']}: {finding['message']}")
    say()
