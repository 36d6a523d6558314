"""Which subject plays which part in a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Roles:
    """Which subject plays which part.

    Attributes:
        base: The subject that others are compared with. adapters: the tuned ones, placebo and sycophant among them.
        placebo: Name of the placebo adapter (tuned on foreign neutral text); empty without one.
        sham: Name of the adapter that was tuned on the base's own answers; empty without one.
        more_controls: Further placebos and shams: what they do is the noise of tuning. A served base that is asked
            once more: the noise of the server.
        planted: Organisms (adapters that were tuned to be seen) -> what they were tuned to be.
        repeats: Further seeds of an adapter -> that adapter: not hypotheses of their own, nor points of a correlation.
        points: Adapters at another scale or after fewer steps -> the adapter itself. They are read as a series, and
            are no hypotheses, nor ranked, nor points of a correlation.
        earlier: Of two runs put together, a subject of the second -> the subject of the first that it is compared with,
            where that is another than the base; none of these is among the adapters.
    """

    base: str = "base"
    adapters: tuple[str, ...] = ()
    placebo: str = ""
    sham: str = ""
    more_controls: tuple[str, ...] = ()
    planted: Mapping[str, str] = field(default_factory=dict)
    repeats: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, str] = field(default_factory=dict)
    earlier: Mapping[str, str] = field(default_factory=dict)

    def before(self, subject: str) -> str:
        """The subject that this one is compared with: the base, or its own earlier state."""
        return self.earlier.get(subject, self.base)

    @property
    def real(self) -> tuple[str, ...]:
        """Adapters that hypotheses are about."""
        without = {self.placebo, self.sham, *self.more_controls, *self.planted, *self.repeats, *self.points}
        return tuple(name for name in self.adapters if name not in without)

    @property
    def whole(self) -> tuple[str, ...]:
        """The adapters themselves, without points of them."""
        return tuple(name for name in self.adapters if name not in self.points)

    def controls_of(self, subject: str) -> tuple[str, ...]:
        """What a claim on this subject must stand against: nothing that any tuning does lies between two runs."""
        return () if subject in self.earlier else self.controls

    @property
    def controls(self) -> tuple[str, ...]:
        """What any tuning does, the placebo first: every claim must stand against these."""
        return tuple(name for name in (self.placebo, self.sham) if name)

    @property
    def references(self) -> tuple[str, ...]:
        """What changes are against: the base, then the controls."""
        return (self.base, *self.controls)

    def references_of(self, subject: str) -> tuple[str, ...]:
        """What the changes of one subject are against; itself and what it is no change of left out."""
        if subject not in self.adapters:
            return ()
        return tuple(name for name in (self.before(subject), *self.controls_of(subject)) if name != subject)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Base first, then the other earlier states."""
        return tuple(dict.fromkeys((self.base, *self.earlier.values(), *self.adapters)))

    @property
    def seeds(self) -> dict[str, tuple[str, ...]]:
        """Adapter -> all of its seeds, itself first; only where there are several."""
        found = {main: [main] for main in self.adapters if main in set(self.repeats.values())}
        for name in self.adapters:
            if name in self.repeats and self.repeats[name] in found:
                found[self.repeats[name]].append(name)
        return {main: tuple(names) for main, names in found.items()}
