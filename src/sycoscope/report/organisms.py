"""Whether each organism of a run is called what it was tuned to be, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sycoscope.analysis import Verdict
from sycoscope.analysis.organisms import Named, named
from sycoscope.facets import FACETS


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence on one organism. wrong: whether it is not called what it must be."""

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
            found += _sentences(names.get(who, who), kind, named(kind, own))
    return tuple(found)


def _sentences(name: str, kind: str, one: Named) -> list[Told]:
    found = []
    if one.own:
        found.append(
            Told(f"{name}, tuned to be {_a(kind)}, is called '{one.word}' in {_facets(one.own)}.", False)
        )
    if one.lacking and kind == "sycophant":
        text = f"{_facets(one.lacking)}: even the planted sycophant is not seen there"
        found.append(Told(f"{text}, so a missing change shows nothing.", True))
    elif one.lacking:
        text = f"{name}, tuned to be {_a(kind)}, is not called '{one.word}' in {_facets(one.lacking)}."
        found.append(Told(text, True))
    found += [
        Told(f"{name}, tuned to be {_a(kind)}, is called '{label}' in {_facets((task,))}.", True)
        for task, label in one.others.items()
    ]
    return found


def _a(kind: str) -> str:
    return f"a {kind}" if kind == "sycophant" else kind


def _facets(tasks: Sequence[str]) -> str:
    labels = [FACETS[task].label for task in tasks]
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"
