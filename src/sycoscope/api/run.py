"""A finished run, as the functions of this interface return it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sycoscope.facets import FACETS
from sycoscope.run.store import RunDirectory

if TYPE_CHECKING:
    import polars as pl

    from sycoscope.audit import Finding
    from sycoscope.core.types import Estimate
    from sycoscope.report.overview import Overview
    from sycoscope.run.record import Summary


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run."""

    directory: RunDirectory
    report: Path

    def estimates(self) -> list[Estimate]:
        """All estimates, levels and changes, each with its state.

        A withheld estimate keeps its value, so that the audit can be followed; it must not be shown as a result:
        show the values of those that are `Estimate.shown`, and the `reason` of all others.
        """
        return self.directory.estimates()

    def main_levels(self) -> list[Estimate]:
        """The levels that are read first: those that each facet lists, and the benchmarks' accuracy."""
        return [
            estimate
            for estimate in self.estimates()
            if not estimate.reference
            and estimate.name in (FACETS[estimate.task].listed if estimate.task in FACETS else ("accuracy",))
        ]

    def samples(self) -> pl.DataFrame:
        """One row per trial: what was asked, said and read, in plain columns (docs/data.md).

        Raises:
            MissingError: the run was written before runs had them. StoreError: not as the run wrote it.
        """
        from sycoscope.run.read import scan

        return scan(self.directory, "samples").collect()

    def summary(self) -> Summary:
        """Verdicts, findings of the audit, claims and what else was found."""
        return self.directory.summary()

    def overview(self) -> Overview:
        """What is shown of it in a few lines: the word and the numbers of each tuned model, or one model's levels."""
        from sycoscope.report.overview import overview

        return overview(self.directory)

    def findings(self, *, grouped: bool = False) -> list[Finding]:
        """The audit's findings. `grouped`: many of one kind as one, for people."""
        from sycoscope.audit import grouped as group

        findings = self.summary().findings
        return group(findings) if grouped else list(findings)
