"""The units of a study: the smallest pieces of work with an entry of their own in the cache, which workers share.

What is asked in one batch is decided by a unit and never by a worker, so that answers do not depend on who is asked.
`unit_list.py` makes them of a study; this module is light, for it is the first that a worker imports.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sycoscope.study.results import Timing

Kind = Literal["training", "facet", "letters", "benchmark"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of work on one subject.

    Attributes:
        what: The facet or benchmark; of a training empty.
        part: Which shard of the facet, from 0.
        weight: What it costs, in the weight of `costs.Cost`.
        needs: The subject whose training must be there before; empty: none.
    """

    kind: Kind
    subject: str
    what: str = ""
    part: int = 0
    weight: float = 0.0
    needs: str = ""

    @property
    def label(self) -> str:
        """What people call it."""
        return f"{self.subject}: {self.what or self.kind}" + (
            f" (shard {self.part + 1})" if self.part else ""
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What making a unit leaves beside what lies in the cache: plain values, which a worker sends.

    Attributes:
        key: Of what lies in the cache; empty of a training, and of what is lost.
        model: Record of the model that answered; empty of a training.
        adapter: Folder of the adapter that was tuned; None of all others.
        training: What it was tuned on. texts: of each of its rows.
        timings: Seconds of what was not there already.
        lost: Why there is nothing of it; empty where there is.
    """

    key: str = ""
    model: dict[str, Any] = field(default_factory=dict)
    adapter: Path | None = None
    training: dict[str, Any] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    timings: tuple[Timing, ...] = ()
    lost: str = ""
