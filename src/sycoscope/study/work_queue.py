"""Which unit a worker makes next: a plain value without processes, so that every kind of worker shares by one rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sycoscope.study.units import Unit

# How often a unit is begun whose worker dies at it.
MAX_TRIES = 3


class WorkQueue:
    """Units that are still to be made.

    Trainings come first, those that most waits for before others. A worker stays with the subject whose adapter it has
    on while there is something to ask it; a free one goes where most work is left for each worker that is there. Of
    one subject the costliest unit comes first. A unit that was lost comes after all others.
    """

    def __init__(self, units: Sequence[Unit]) -> None:
        self._order = {unit: place for place, unit in enumerate(units)}
        self._left = list(units)
        self._taken: set[Unit] = set()
        self._tries: Counter[Unit] = Counter()
        self._waiting_for = _waiting_for(units)
        self._tuned = {unit.needs for unit in units} - {
            unit.subject for unit in units if unit.kind == "training"
        }

    @property
    def finished(self) -> bool:
        """Whether nothing is left to be made."""
        return not self._left and not self._taken

    def take(self, subject: str = "") -> Unit | None:
        """The next unit; None where nothing can be begun now.

        Args:
            subject: That the worker was at; empty: none yet.
        """
        ready = [unit for unit in self._left if not unit.needs or unit.needs in self._tuned]
        if not ready:
            return None
        fewest = min(self._tries[unit] for unit in ready)
        ready = [unit for unit in ready if self._tries[unit] == fewest]
        trainings = [unit for unit in ready if unit.kind == "training"]
        if trainings:
            unit = max(
                trainings, key=lambda one: (one.weight + self._waiting_for[one.subject], -self._order[one])
            )
        else:
            chosen = self._subject(ready, subject)
            own = [one for one in ready if one.subject == chosen]
            unit = max(own, key=lambda one: (one.weight, -self._order[one]))
        self._left.remove(unit)
        self._taken.add(unit)
        self._tries[unit] += 1
        return unit

    def _subject(self, ready: Sequence[Unit], held: str) -> str:
        """Of which subject the next unit is."""
        names = list(dict.fromkeys(unit.subject for unit in ready))
        if held in names:
            return held
        left, there = Counter[str](), Counter(unit.subject for unit in self._taken)
        for unit in ready:
            left[unit.subject] += unit.weight  # type: ignore[assignment]  # a sum, not a count
        return max(names, key=lambda name: left[name] / (1 + there[name]))

    def done(self, unit: Unit) -> None:
        """The unit is made."""
        self._taken.remove(unit)
        if unit.kind == "training":
            self._tuned.add(unit.subject)

    def lost(self, unit: Unit) -> bool:
        """The worker at the unit died: whether the unit is begun again. Where not, what needs it is dropped."""
        self._taken.remove(unit)
        if self._tries[unit] < MAX_TRIES:
            self._left.append(unit)
            return True
        if unit.kind == "training":
            gone = {unit.subject}
            while more := {one.subject for one in self._left if one.needs in gone} - gone:
                gone |= more
            self._left = [one for one in self._left if one.needs not in gone]
        return False


def _waiting_for(units: Sequence[Unit]) -> dict[str, float]:
    """Subject -> weight of all units that wait for its training, also through others."""
    needs = {unit.subject: unit.needs for unit in units if unit.kind == "training"}
    weights = dict.fromkeys(needs, 0.0)
    for unit in units:
        needed = unit.needs
        while needed:
            weights[needed] += unit.weight
            needed = needs.get(needed, "")
    return weights
