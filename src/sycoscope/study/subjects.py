"""The subjects of a study: the base, the adapters that it tunes, finished ones, and the points of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sycoscope.config import AdapterConfig, Named, StudyConfig, subjects_in
from sycoscope.core.files import user_path
from sycoscope.items import BENCHMARKS
from sycoscope.models.load import backend_of
from sycoscope.models.served.loading import name_of

BASE = "base"
# The served base once more: what lies between it and the base is the server's own noise.
AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is evaluated under one name.

    Attributes:
        kind: `base`; `benchmark` or the recipe for a tuned adapter; `other` for a finished one,
            `again` for a served base that is asked once more.
        recipe: Of a tuned adapter; empty for all others.
        seed: Of its training; for the others the study's.
        adapter: How it is tuned; None where nothing is.
        folder: A finished adapter; None for the base and for what is tuned.
        served: What an endpoint calls an adapter that it serves; None for all others. loads: it loads it from `folder`.
        of: Of a point, the subject that it is a point of: it is tuned with that one, or finished as that one is.
        scale: What the update of the weights is multiplied by.
        step: Optimiser steps after which it was kept; None: all of them.
        start: Subject that its training starts from, or `start_folder`, a finished adapter; empty and None: neither.
        bare: The subject that is tuned as this one is but for the start; empty: there is none.
    """

    name: str
    kind: str
    recipe: str
    seed: int
    adapter: AdapterConfig | None = None
    folder: Path | None = None
    served: str | int | None = None
    loads: bool = False
    of: str = ""
    scale: float = 1.0
    step: int | None = None
    start: str = ""
    start_folder: Path | None = None
    bare: str = ""


def subjects_of(config: StudyConfig) -> tuple[Subject, ...]:
    """The base, then the adapters in the study's order: tuned ones once for each seed, each followed by its points."""
    entries = _Entries(config)
    subjects = [Subject(BASE, "base", "", config.seed)]
    for adapter in config.adapters:
        subjects += [entries.subject(adapter, named) for named in entries.named[adapter.name]]
    return tuple(subjects)


@dataclass
class _Entries:
    """The entries of a study's `adapters`, and what each is measured as."""

    config: StudyConfig
    named: dict[str, Sequence[Named]] = field(init=False)

    def __post_init__(self) -> None:
        self.named = {
            adapter.name: tuple(subjects_in(adapter, self.config.training_of(adapter)))
            for adapter in self.config.adapters
        }

    def subject(self, adapter: AdapterConfig, named: Named) -> Subject:
        """One subject of an entry."""
        if not adapter.recipe:
            again = adapter.served is not None and adapter.served == self.config.model.name
            folder = user_path(adapter.path) if adapter.path else None
            loads = folder is not None and adapter.served is None
            loads = loads and backend_of(self.config.model).serves_adapters
            return Subject(
                named.name, AGAIN if again else "other", "", self.config.seed,
                folder=folder, loads=loads,
                served=name_of(folder) if folder is not None and loads else adapter.served,
                of=named.of, scale=named.scale,
            )  # fmt: skip
        recipe = adapter.recipe
        assert recipe is not None, "an adapter without a path has a recipe"
        start = self._with_seed(adapter.start, named.seed)
        return Subject(
            name=named.name,
            kind="benchmark" if recipe in BENCHMARKS else recipe,
            recipe=recipe,
            seed=named.seed,
            adapter=adapter,
            of=named.of,
            scale=named.scale,
            step=named.step,
            start=start,
            start_folder=user_path(adapter.start) if adapter.start and not start else None,
            bare=self._with_seed(self._bare(adapter), named.seed) if adapter.start else "",
        )

    def _with_seed(self, entry: str, seed: int) -> str:
        """The subject that an entry is with this seed, or with its first; empty where there is no such entry."""
        whole = [named for named in self.named.get(entry, ()) if not named.of]
        return next((named.name for named in whole if named.seed == seed), whole[0].name if whole else "")

    def _bare(self, adapter: AdapterConfig) -> str:
        """The entry that is tuned on the same rows in the same way, from a fresh LoRA."""
        aside = {"name", "start", "at_steps", "scales", "seeds", "training"}
        own = adapter.model_dump(exclude=aside), self.config.training_of(adapter)
        for other in self.config.adapters:
            fresh = not other.start and not other.path
            if fresh and (other.model_dump(exclude=aside), self.config.training_of(other)) == own:
                return other.name
        return ""
