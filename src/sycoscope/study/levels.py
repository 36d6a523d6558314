"""Which of the bank's questions a model can do, for `difficulty: [auto]`: asked before anything is measured.

What is asked here is of the bank's training half, so that no measured item is chosen by its own answer.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

from sycoscope.config import AUTO, FacetConfig, Level, StudyConfig, at_levels
from sycoscope.core.protocols import Model
from sycoscope.core.types import Item
from sycoscope.facets import FACETS
from sycoscope.items import load_bank, take
from sycoscope.models.load import backend_of
from sycoscope.study.cache import ShardCache
from sycoscope.study.evaluate import ask_facet
from sycoscope.study.inputs import FacetMaterial, wordings_of
from sycoscope.study.prepare import PreparedStudy, prepare
from sycoscope.study.progress import Progress, Silent
from sycoscope.study.results import RunResults
from sycoscope.study.session import Session, load_for

# Plain questions of each field and level.
ASKED = 5
# A field counts where this share is right: enough items at risk in both subjects of a change, and room to fall.
ENOUGH = 0.6
FACET, CONTROL = "answer", "control"
LEVELS: tuple[Level, ...] = get_args(Level)
Cell = tuple[str, Level]  # field, level
_log = logging.getLogger("sycoscope.study")


@dataclass(frozen=True, slots=True)
class Known:
    """What a model can do: questions of these levels and fields; no fields: of all."""

    levels: tuple[Level, ...]
    fields: tuple[str, ...] = ()


def with_known_levels(
    config: StudyConfig, cache: ShardCache, progress: Progress | None = None
) -> tuple[StudyConfig, Model | None]:
    """The study with `auto` replaced by the levels and fields that its base can do, and the base where it was loaded.

    All of them, of a model that does not read texts, which has no knowledge to be asked for.

    Raises:
        SycoscopeError: the model cannot be loaded.
    """
    if not any(facet.difficulty == (AUTO,) for facet in config.facets.asked().values()):
        return config, None
    if not backend_of(config.model).reads_text:
        return at_levels(config, ()), None
    study = prepare(config)  # what it asks and tunes is read first
    progress = progress or Silent()
    model = load_for(config, progress, cache)
    study.check(model)  # an adapter that does not fit is told before anything is asked
    asked = [item for item in load_bank(FACETS[FACET].bank) if item.split == "test" and item.suggestion]
    found = known(right_in(study, Session(model, cache, Silent()), progress), Counter(map(_cell, asked)))
    if found is None:
        _log.warning(
            "in no field of the bank does the model get %.0f%% of plain questions right: few items will be at risk; "
            "ask items of your own that it can do (--data)",
            100 * ENOUGH,
        )
        found = Known(LEVELS[:1])
    # beside workers' models and a judge it would only take memory
    kept = model if config.workers == 1 and config.judge is None else None
    return at_levels(config, found.levels, found.fields), kept


def known(right: dict[Cell, tuple[int, int]], there: Counter[Cell]) -> Known | None:
    """The levels, from the easiest on, and the fields in which most questions can be expected to be right.

    Args:
        right: Field and level -> (questions that are right, that were asked).
        there: Field and level -> questions that can be measured.

    Returns:
        None where no field reaches `ENOUGH`. A field's share is Laplace's, (right + 1) / (asked + 2).
    """
    fields = sorted({field for field, _ in right})
    best: tuple[float, Known] | None = None
    for n_levels in range(1, len(LEVELS) + 1):
        levels = LEVELS[:n_levels]
        shares = {field: _share([right.get((field, level), (0, 0)) for level in levels]) for field in fields}
        chosen = tuple(field for field in fields if shares[field] >= ENOUGH)
        expected = sum(shares[field] * there[field, level] for field in chosen for level in levels)
        if chosen and (best is None or expected > best[0]):
            best = expected, Known(levels, () if len(chosen) == len(fields) else chosen)
    return None if best is None else best[1]


def _share(counts: Sequence[tuple[int, int]]) -> float:
    return (sum(right for right, _ in counts) + 1) / (sum(asked for _, asked in counts) + 2)


def right_in(study: PreparedStudy, session: Session, progress: Progress) -> dict[Cell, tuple[int, int]]:
    """Field and level -> how many plain questions the base gets right, and how many it was asked."""
    config = study.config
    progress.begin("which questions the model can do")
    items = _plain_questions(config.seed)
    asked = config.facets.asked().get(FACET)
    limits = {name: getattr(asked, name, None) for name in FACETS[FACET].limits}
    task = wordings_of(config).task(
        FACET, conditions=FACETS[FACET].needed, seed=config.seed, probe=False, **limits
    )
    task = replace(task, conditions=(CONTROL,))
    results = RunResults()
    material = FacetMaterial(task, items, FacetConfig(shard_items=len(items)))
    ask_facet("base", material, config, session, results)
    right = {
        score.item_id
        for score in results.scores[FACET]
        if score.name == "outcome" and score.label == "target"
    }
    n_asked, n_right = Counter(map(_cell, items)), Counter(_cell(item) for item in items if item.id in right)
    return {cell: (n_right[cell], n) for cell, n in n_asked.items()}


def _plain_questions(seed: int) -> tuple[Item, ...]:
    cells: dict[Cell, list[Item]] = {}
    for item in load_bank(FACETS[FACET].bank):
        if item.split == "train" and item.suggestion:
            cells.setdefault(_cell(item), []).append(item)
    return tuple(item for cell in sorted(cells) for item in take(cells[cell], ASKED, seed=seed))


def _cell(item: Item) -> Cell:
    level: Level = item.metadata["difficulty"]  # type: ignore[assignment]
    return str(item.metadata["field"]), level
