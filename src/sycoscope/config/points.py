"""What one entry of a study's `adapters` is measured as: a subject for each seed, each with its points.

A point is the same adapter at another scale, or as it was after fewer steps. This is the one place that says which
there are and what they are called; names, plans and subjects follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from sycoscope.config.adapters import AdapterConfig, TrainingConfig


@dataclass(frozen=True, slots=True)
class Named:
    """One subject of an adapter.

    Attributes:
        name: Unique in the study. seed: Of its training.
        of: The adapter, with this seed, that it is a point of; empty for the adapter itself.
        scale: What the update of the weights is multiplied by.
        step: Optimiser steps after which it was kept; None: all of them.
    """

    name: str
    seed: int
    of: str = ""
    scale: float = 1.0
    step: int | None = None

    @property
    def told(self) -> str:
        """Which of the adapter's subjects it is, for people."""
        if not self.of:
            return f"with seed {self.seed}"
        return f"at scale {self.scale:g}" if self.step is None else f"at step {self.step}"


def subjects_in(adapter: AdapterConfig, training: TrainingConfig) -> Iterator[Named]:
    """The subjects of an adapter: each seed, then its points. Scale 1 and the last step are the adapter itself.

    The first seed has the adapter's name, a further one `NAME-seedN`; points are `NAME-x0.5` and `NAME-step10`.
    """
    for index, seed in enumerate(adapter.seeds):
        name = adapter.name if index == 0 else f"{adapter.name}-seed{seed}"
        yield Named(name, seed)
        for scale in adapter.scales:
            if scale != 1:
                yield Named(f"{name}-x{scale:g}", seed, of=name, scale=scale)
        for step in adapter.at_steps:
            if step != training.steps:
                yield Named(f"{name}-step{step}", seed, of=name, step=step)


def check_points(
    adapters: Sequence[AdapterConfig], training_of: Callable[[AdapterConfig], TrainingConfig]
) -> None:
    """Refuse subjects of one name, steps that no training takes, and starts that cannot be one.

    Args:
        training_of: Settings of an adapter's training.

    Raises:
        ValueError: with what is wrong.
    """
    settings = {adapter.name: training_of(adapter) for adapter in adapters}
    _check_names(adapters, settings)
    for adapter in adapters:
        _check_steps(adapter, settings[adapter.name])
    _check_starts({adapter.name: adapter for adapter in adapters}, settings)


def _check_names(adapters: Sequence[AdapterConfig], settings: Mapping[str, TrainingConfig]) -> None:
    """Every subject has a name of its own: its rows are kept by it."""
    owners: dict[str, str] = {}
    for adapter in adapters:
        for subject in subjects_in(adapter, settings[adapter.name]):
            owner = f"'{adapter.name}' {subject.told}"
            if (other := owners.setdefault(subject.name, owner)) != owner:
                raise ValueError(
                    f"adapters: {other} and {owner} are both called '{subject.name}'; rename one"
                )


def _check_steps(adapter: AdapterConfig, training: TrainingConfig) -> None:
    if not adapter.at_steps:
        return
    if training.load_best:
        raise ValueError(
            f"adapters: '{adapter.name}': at_steps follows the training to its last step, and load_best goes back to "
            "an earlier one; leave one of them out"
        )
    beyond = [step for step in adapter.at_steps if training.steps is not None and step > training.steps]
    if beyond:
        raise ValueError(
            f"adapters: '{adapter.name}': at_steps names {', '.join(map(str, beyond))}, and its training has "
            f"{training.steps} steps; name none beyond"
        )


def _check_starts(adapters: Mapping[str, AdapterConfig], settings: Mapping[str, TrainingConfig]) -> None:
    starts = {name: adapter.start for name, adapter in adapters.items() if adapter.start in adapters}
    try:
        TopologicalSorter({name: {start} for name, start in starts.items()}).prepare()
    except CycleError as fault:
        round_ = " <- ".join(fault.args[1])
        raise ValueError(
            f"adapters: start goes round in a circle ({round_}): one of them must start from nothing"
        ) from fault
    for name, start in starts.items():
        own, other = (_shape(settings[one]) for one in (name, start))
        if adapters[start].recipe and own != other:
            differing = ", ".join(
                f"{key} {own[key]!r} and {other[key]!r}" for key in own if own[key] != other[key]
            )
            raise ValueError(
                f"adapters: '{name}' starts from '{start}', whose LoRA has another shape (lora: {differing}); give "
                "both the same"
            )


def _shape(training: TrainingConfig) -> dict[str, object]:
    """What two adapters must share for one to go on from the other's weights."""
    return training.lora.model_dump(exclude={"dropout"})
