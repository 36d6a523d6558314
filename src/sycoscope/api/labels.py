"""Labels that people give to a run's responses, and what they say of its numbers."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from pathlib import Path

from sycoscope.core.errors import ConfigError, require
from sycoscope.core.files import user_path, write_atomic
from sycoscope.run.by_hand import LabelReport, draw, kept, take
from sycoscope.run.people import export_bytes, exported
from sycoscope.run.store import RunDirectory

__all__ = ["LabelReport", "draw_labels", "export_labels", "label", "read_labels"]


def label(
    run: str | Path,
    *,
    who: str = "",
    n: int = 60,
    seed: int = 0,
    facets: Sequence[str] | None = None,
    labels: str | Path | None = None,
    port: int = 0,
    ready: Callable[[str], None] = print,
) -> None:
    """Serve pages on loopback on which a person labels a run's responses, until interrupted (docs/labels.md).

    Args:
        who: The person; empty: the name that this machine knows them by.
        n: Most responses to label. seed: draws them, the same for everybody; with the name it shuffles them.
        facets: Of which; None: of all. labels: the file to append to; None: one beside the run, of the person's own.
        port: 0 for a free one. ready: called with the address once it can be opened.

    Raises:
        SycoscopeError: no finished run there, a damaged one, nothing to label, labels of another run, a file that
            somebody else labels into, or a port that is in use.
    """
    require("starlette", "view")
    require("uvicorn", "view")
    from sycoscope.run.labelling import Labelling
    from sycoscope.view.labelling import serve_labelling

    queue = Labelling(
        RunDirectory(run), who=who or _user(), n=n, seed=seed, facets=facets,
        path=None if labels is None else user_path(labels),
    )  # fmt: skip
    serve_labelling(queue, port, ready)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError) as fault:
        raise ConfigError("this machine does not say who you are; give --who NAME") from fault


def draw_labels(
    run: str | Path,
    out: str | Path,
    *,
    n: int = 50,
    seed: int = 0,
    facets: Sequence[str] | None = None,
    conditions: Sequence[str] | None = None,
    subjects: Sequence[str] | None = None,
) -> list[tuple[str, str, str, int]]:
    """Write a sample of a finished run's responses for people to label (docs/scorers.md, "Read by people").

    Args:
        out: A file that does not exist, `.jsonl` or `.csv`.
        n: Responses of each facet, condition and subject; all where there are fewer.
        facets, conditions, subjects: Names; None for all, of conditions for those of the facets' primaries.

    Returns:
        (facet, condition, subject, how many).

    Raises:
        SycoscopeError: no finished run there, a name that it does not have, or a file that exists or cannot be written.
    """
    return draw(
        RunDirectory(run),
        user_path(out),
        n=n,
        seed=seed,
        facets=facets,
        conditions=conditions,
        subjects=subjects,
    )


def read_labels(
    run: str | Path, files: Sequence[str | Path] = (), *, logs: Sequence[str | Path] = ()
) -> LabelReport:
    """Agreement with people's labels, error rates by condition, and the run's rates and primaries corrected by them.

    Args:
        files: Labelled files, checked and then kept beside the run in place of what was kept; none: what was kept.
        logs: Files that `label` wrote in other places than beside the run.

    Raises:
        SycoscopeError: no finished run there, no labels, or rows that do not fit the run, each with its line.
    """
    directory, others = RunDirectory(run), [user_path(log) for log in logs]
    if not files:
        return kept(directory, others)
    directory.manifest()  # looked for before the lock is taken, which would make the folder
    with directory.locked():
        return take(directory, [user_path(file) for file in files], others)


def export_labels(
    run: str | Path,
    out: str | Path,
    *,
    logs: Sequence[str | Path] = (),
    facets: Sequence[str] | None = None,
    subjects: Sequence[str] | None = None,
) -> int:
    """Write what people labelled one by one into a new file; returns its rows.

    Args:
        out: `.csv`: a row for each person and response. `.jsonl`: records of Inspect's `precomputed_scores`, one for
            each response of one subject.
        logs: As for `read_labels`. facets, subjects: of which; None: of all.

    Raises:
        SycoscopeError: no finished run or no labels there, a file that exists or cannot be written, several subjects in
            records that can hold one.
    """
    directory, path = RunDirectory(run), user_path(out)
    rows = exported(directory, [user_path(log) for log in logs], facets=facets, subjects=subjects)
    data = export_bytes(rows, path)
    write_atomic(path, data)
    return data.count(b"\n") if path.suffix.lower() == ".jsonl" else len(rows)
