"""The end of the page: when, how and where a run was made, and how it is cited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sycoscope.core.numerals import duration
from sycoscope.report.data import ReportData

# As CITATION.cff has them.
TITLE, AUTHORS = "Sycoscope", "The Sycoscope authors"


def lines(data: ReportData) -> list[str]:
    """What stands in the page's footer; of a run that does not say how it was made, how it is cited alone."""
    made = data.manifest.get("made")
    told = [_made(made)] if isinstance(made, Mapping) and made.get("date") else []
    return [*told, f"To cite: {citation(data)}"]


def citation(data: ReportData) -> str:
    """The tool with the version that made the run, and the study's hash."""
    versions = data.manifest.get("versions")
    version = versions.get("sycoscope", "") if isinstance(versions, Mapping) else ""
    name = f"{TITLE} {version}".rstrip()
    return f"{AUTHORS}. {name} [software, MIT licence]. Study {data.study}, hash {data.study_hash[:12]}."


def _made(made: Mapping[str, Any]) -> str:
    """One sentence; a part that the run does not say is left out."""
    date, seconds = str(made["date"]), made.get("seconds")
    command, machine = made.get("command") or (), made.get("machine") or {}
    when = f"{date[:10]} {date[11:16]} UTC".replace("  ", " ")
    took = f", in {duration(float(seconds))}" if isinstance(seconds, int | float) else ""
    how = f", by: {' '.join(map(str, command))}" if command else ", from Python"
    processors, python = machine.get("processors"), machine.get("python")
    where = [
        str(machine.get("system", "")),
        f"{processors} processors" if processors else "",
        f"Python {python}" if python else "",
    ]
    on = ", ".join(part for part in where if part)
    return f"Made {when}{took}{how}.{f' On {on}.' if on else ''}"
