"""Labels that people give to a run's responses, and what they say of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sycoscope.core.files import user_path
from sycoscope.run.by_hand import LabelReport, draw, kept, take
from sycoscope.run.store import RunDirectory

__all__ = ["LabelReport", "draw_labels", "read_labels"]


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


def read_labels(run: str | Path, files: Sequence[str | Path] = ()) -> LabelReport:
    """Agreement with people's labels, error rates by condition, and the run's rates and primaries corrected by them.

    Args:
        files: Labelled files, checked and then kept beside the run in place of what was kept; none: what was kept.

    Raises:
        SycoscopeError: no finished run there, no labels, or rows that do not fit the run, each with its line.
    """
    directory = RunDirectory(run)
    if not files:
        return kept(directory)
    directory.manifest()  # looked for before the lock is taken, which would make the folder
    with directory.locked():
        return take(directory, [user_path(file) for file in files])
