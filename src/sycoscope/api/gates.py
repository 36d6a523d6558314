"""The gate: is a model not worse than before, by more than margins that were fixed beforehand?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sycoscope.api.finished import finished_run
from sycoscope.config import Margins, parse_margins, read_margins
from sycoscope.core.files import user_path, write_atomic
from sycoscope.gate.baseline import write_baseline as write_file
from sycoscope.gate.judge import Asked, judge, make_baseline
from sycoscope.gate.junit import junit as as_junit
from sycoscope.gate.markdown import markdown as as_markdown
from sycoscope.gate.verdict import GateVerdict, Inconclusive


def gate(
    run: str | Path,
    margins: str | Path | Mapping[str, Any],
    *,
    baseline: str | Path | None = None,
    again: str | Path | None = None,
    subjects: Sequence[str] = (),
    inconclusive: Inconclusive = "code",
    markdown: str | Path | None = None,
    junit: str | Path | None = None,
    report_url: str = "",
) -> GateVerdict:
    """Hold a finished run against margins; asks no model.

    Args:
        run: A run with before and after in it, as `compare` and studies make it; beside a baseline any run.
        margins: A margins file, or its contents (docs/gate.md).
        baseline: What `write_baseline` wrote, or another run: its base is before, the run's model after.
        again: A run of the model before, asked once more: what it differs by from itself is the floor of all margins.
        subjects: Tuned models; by default all real ones, beside a baseline the one that there is, else the base.
        inconclusive: Whether an inconclusive verdict counts as `pass` or `fail`, or has its own exit code.
        markdown, junit: Files to write the verdict to. report_url: where the run's page is, for links to items.

    Raises:
        ConfigError: margins that cannot be used, or nothing to compare. MissingError: no run, no file. StoreError: one
        of them cannot be read, or a file cannot be written. DataError: no item in common.
    """
    asked = Asked(
        run=finished_run(run),
        baseline=None if baseline is None else user_path(baseline),
        again=None if again is None else finished_run(again),
        subjects=tuple(subjects),
    )
    verdict = judge(asked, _margins(margins), inconclusive=inconclusive)
    if markdown is not None:
        write_atomic(user_path(markdown), as_markdown(verdict, report=report_url).encode())
    if junit is not None:
        write_atomic(user_path(junit), as_junit(verdict))
    return verdict


def _margins(margins: str | Path | Mapping[str, Any]) -> Margins:
    return parse_margins(dict(margins)) if isinstance(margins, Mapping) else read_margins(margins)


def write_baseline(
    run: str | Path, path: str | Path, *, subject: str | None = None, again: str | Path | None = None
) -> Path:
    """Write what one model of a finished run did, as hashes and outcomes without a text; returns the path.

    Args:
        subject: Its name in the run; by default the base. again: as for `gate`; what it differs by from itself is kept.

    Raises:
        ConfigError: no such subject. MissingError: no run. StoreError: it cannot be read or is not finished, or the
        file cannot be written.
    """
    asked = Asked(
        run=finished_run(run),
        again=None if again is None else finished_run(again),
        subjects=() if subject is None else (subject,),
    )
    file = user_path(path)
    write_file(make_baseline(asked), file)
    return file
