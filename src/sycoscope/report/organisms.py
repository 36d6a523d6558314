"""Whether each organism of a run is called what it was tuned to be, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sycoscope.analysis import Verdict
from sycoscope.analysis.organisms import Named, named
from sycoscope.core.texts import in_a_sentence
from sycoscope.facets import FACETS


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence on one organism. wrong: whether it is not called what it must be."""

    subject: str
    sentence: str
    wrong: bool


def told(
    planted: Mapping[str, str], verdicts: Sequence[Verdict], names: Mapping[str, str]
) -> tuple[Told, ...]:
    """Sentences in the order of the adapters.

    Args:
        planted: As of `Roles`. names: Subject -> what people call it.
    """
    found = []
    for who, kind in planted.items():
        own = [verdict for verdict in verdicts if verdict.subject == who]
        if own:
            found += _sentences(who, names.get(who, who), kind, named(kind, own))
    return tuple(found)


def _sentences(who: str, name: str, kind: str, one: Named) -> list[Told]:
    found = []
    made = f"{name} was tuned to be {'a ' if kind == 'sycophant' else ''}{kind}"
    if one.own:
        found.append(Told(who, f"{made}, and is seen as that ('{one.word}') in {called(one.own)}.", False))
    if one.lacking and kind == "sycophant":
        text = "even the planted sycophant is not seen there, so a missing change shows nothing"
        found.append(Told(who, f"{called(one.lacking)}: {text}.", True))
    elif one.lacking:
        found.append(
            Told(who, f"{made}, and is not seen as that ('{one.word}') in {called(one.lacking)}.", True)
        )
    found += [
        Told(who, f"{made}, yet {called((task,))} calls it '{label}'.", True)
        for task, label in one.others.items()
    ]
    return found


def called(tasks: Sequence[str]) -> str:
    """Facets in a sentence; a name that ends as a sentence does stands in quotes."""
    names = [FACETS[task].label for task in tasks]
    return in_a_sentence([f"“{name}”" if name.endswith("?") else name for name in names], most=len(names))
