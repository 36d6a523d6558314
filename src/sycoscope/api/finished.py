"""Finished runs: audited, reported, listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sycoscope.core.errors import MissingError, SycoscopeError
from sycoscope.core.files import user_path
from sycoscope.run.store import RunDirectory

if TYPE_CHECKING:
    from sycoscope.audit import Finding


def audit(run: str | Path) -> list[Finding]:
    """Analyse a finished run again and return what the audit finds; asks no model and writes nothing.

    Raises:
        MissingError: no run there. StoreError: not finished, of another layout, or a file of it is not as the run wrote
        it.
    """
    from sycoscope.run.analyse import analysed

    directory = finished_run(run)
    directory.check()
    return list(analysed(directory).summary.findings)


def report(run: str | Path, *, rejudge: bool = False, labels: Sequence[str | Path] = ()) -> Path:
    """The page of a finished run, written where it is missing; returns its path.

    Args:
        rejudge: Compute estimates and audit again from the tables, and write tables and page anew.
        labels: Files that `label` wrote. With one the page is written anew, and shows beside what was scored what these
            labels say and those that lie beside the run.

    Raises:
        MissingError: no run there. StoreError: not finished, of another layout, or a file of it is not as the run wrote
        it. BusyError: in use. DataError: labels of another run.
    """
    from sycoscope.report.load import write_run_report
    from sycoscope.report.write import PAGE
    from sycoscope.run.analyse import analyse_run
    from sycoscope.run.by_hand import kept

    directory = finished_run(run)
    directory.check(derived=not rejudge)
    page = directory.path / PAGE
    if page.is_file() and not rejudge and not labels:
        return page
    with directory.locked():
        if rejudge:
            analyse_run(directory)
        by_hand = kept(directory, [user_path(path) for path in labels]) if labels else None
        return write_run_report(directory, by_hand)


def finished_run(run: str | Path) -> RunDirectory:
    """A run that is there: looked for before its lock is taken, which would make the folder."""
    directory = RunDirectory(run)
    directory.manifest()
    return directory


def list_runs(folder: str | Path = "runs") -> list[dict[str, Any]]:
    """The runs in a folder, the newest first: `run` (its path), `finished`, `model`, `adapters`, `facets`, `title`.

    `date` (UTC, ISO 8601) and `seconds` say when a run was finished and how long its command took; a run from before
    this was kept has an empty `date` and None. A folder that holds no run, and a link, are left out; a run that cannot
    be read has its `fault`.

    Raises:
        MissingError: no such folder.
    """
    root = user_path(folder)
    found = [(path, _listed(path)) for path in _run_folders(root)]
    return [row for _, row in sorted(found, key=lambda one: (-_when(*one), str(one[0])))]


def _when(path: Path, row: Mapping[str, Any]) -> float:
    """When a run was finished, in seconds; a run that does not say, when its folder was last changed."""
    with suppress(ValueError):
        return datetime.fromisoformat(row["date"]).timestamp()
    return path.stat().st_mtime


def _run_folders(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        raise MissingError(f"no folder '{root}'; runs are written to runs/ where no --out names a folder")
    for path in root.iterdir():
        if not path.is_symlink() and (path / "manifest.json").is_file():
            yield path


def _listed(path: Path) -> dict[str, Any]:
    row: dict[str, Any] = {
        "run": str(path), "finished": (path / "summary.json").is_file(), "date": "", "seconds": None, "model": "",
        "adapters": "", "facets": "", "title": "", "fault": "",
    }  # fmt: skip
    try:
        manifest = RunDirectory(path).manifest()
    except SycoscopeError as fault:
        return row | {"fault": str(fault)}
    base, *others = manifest.subjects
    made = manifest.made
    return row | {
        "date": made.date if made else "",
        "seconds": made.seconds if made else None,
        "model": str(base.model.get("name", base.name)),
        "adapters": ", ".join(one.name for one in others),
        "facets": ", ".join(name for name, task in manifest.tasks.items() if task.kind == "facet"),
        "title": manifest.description or manifest.study,
    }
