"""What a study would run, before it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sycoscope.config import StudyConfig, read_study

if TYPE_CHECKING:
    from sycoscope.study.forecast import Forecast
    from sycoscope.study.plan import Planned


def plan(
    study: str | Path | StudyConfig, *, overrides: Mapping[str, Any] | None = None
) -> tuple[StudyConfig, list[Planned]]:
    """What a study would run, with its cost in tokens (estimated from characters); loads no model.

    Raises:
        SycoscopeError: bad input of any kind.
    """
    from sycoscope.study.plan import plan_study

    config = study if isinstance(study, StudyConfig) else read_study(study, dict(overrides or {}))
    return config, plan_study(config)


def forecast(study: StudyConfig, units: Sequence[Planned]) -> Forecast:
    """How long a planned study will take on this machine, and what memory: as measured here, or not at all."""
    from sycoscope.study.forecast import forecast as foretold

    return foretold(study, units)


def hub_faults(study: StudyConfig) -> list[str]:
    """The sets on the hub that a study needs and that cannot be had, each with the reason; nothing is fetched."""
    from sycoscope.study.plan import hub_faults as found

    return found(study)


def budget(units: Sequence[Planned]) -> dict[str, float]:
    """What the work of a plan goes to -> its share in [0, 1], the largest first."""
    from sycoscope.study.plan import budget as shares

    return shares(units)
