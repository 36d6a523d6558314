"""Before and after of other tools' logs: Inspect's, and those of lm-evaluation-harness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sycoscope.api.runs import RUNS
from sycoscope.core.errors import ConfigError
from sycoscope.core.files import user_path
from sycoscope.run.made import Clock
from sycoscope.run.place import check_places, dated_folder

if TYPE_CHECKING:
    from sycoscope.audit import Finding
    from sycoscope.logs.comparison import Comparison


@dataclass(frozen=True, slots=True)
class LogRun:
    """A comparison of logs on disk.

    Attributes:
        folder: With `comparison.json`, `data/pairs.parquet` (a row for each document and metric), tables and the page.
    """

    comparison: Comparison
    folder: Path
    report: Path

    def findings(self) -> list[Finding]:
        """What may not be believed, and what was looked at; many of one kind as one, for people."""
        from sycoscope.audit import grouped

        return grouped(self.comparison.findings)


def are_logs(first: str, second: str | None) -> bool:
    """Whether a comparison of these two is one of logs.

    Raises:
        ConfigError: one of them is a log, and the other is none, is missing, or is that of another tool.
    """
    from sycoscope.logs.found import format_at
    from sycoscope.logs.log import FORMATS

    kinds = [format_at(first), format_at(second) if second is not None else None]
    if kinds == [None, None]:
        return False
    told = [FORMATS[kind] + " logs" if kind else "no log" for kind in kinds]
    if second is None:
        raise ConfigError(f"'{first}' holds {told[0]}; give a second path with the logs of the model after")
    if kinds[0] != kinds[1]:
        raise ConfigError(
            f"'{first}' holds {told[0]} and '{second}' holds {told[1]}; two logs of one tool are compared, or two runs "
            "or models"
        )
    return True


def compare_logs(
    first: str | Path,
    second: str | Path,
    *,
    cluster: str = "",
    metrics: Sequence[str] = (),
    out: str | Path | None = None,
    force: bool = False,
) -> LogRun:
    """Two logs that other tools wrote, before and after, paired document by document (docs/other_logs.md).

    Args:
        first, second: A log of Inspect (`.eval`), a file of samples of lm-evaluation-harness, or a folder with the logs
            of one model.
        cluster: Field by which documents are grouped; empty: what the log calls a cluster or group, else none.
        metrics: Those that are compared; empty for all. p-values are adjusted over them.
        out: Folder; by default a new one in runs/. force: write over the comparison of other logs.

    Raises:
        DataError: nothing in common, or other questions or prompts under the same ids, which are named.
        ConfigError: no such metric; logs of two tools; `out` holds something else. DependencyError: logs of Inspect,
        which is not installed.
    """
    from sycoscope.logs import store
    from sycoscope.logs.comparison import compared
    from sycoscope.logs.found import logs_at
    from sycoscope.report.log_comparison import write_comparison
    from sycoscope.study.write_run import versions

    clock = Clock()
    folder = user_path(out or dated_folder(RUNS, [Path(first).stem, Path(second).stem]))
    check_places(folder, None)
    found = compared(logs_at(first), logs_at(second), cluster=cluster, metrics=metrics)
    record = store.record_of(found, cluster=cluster, metrics=metrics, made=clock.made(), versions=versions())
    store.keep_other(folder, record, force=force)
    store.write(found, record, folder)
    return LogRun(found, folder, write_comparison(found, record, folder))
