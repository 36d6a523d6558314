"""What a study asks and trains on: items of the facets, benchmarks, rows of the recipes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sycoscope.config import (
    AUTO,
    CURATED,
    FILE,
    HINT,
    INOCULATED,
    STYLED,
    AdapterConfig,
    FacetConfig,
    Objective,
    StudyConfig,
    Usable,
    usable,
)
from sycoscope.core.errors import ConfigError, DataError
from sycoscope.core.protocols import Task
from sycoscope.core.types import Item
from sycoscope.facets import FACETS, FacetTask, Wordings, default_wordings, read_wordings
from sycoscope.items import (
    BENCHMARKS,
    LAYOUTS,
    OwnFile,
    is_own_file,
    load,
    load_bank,
    pinned,
    read_dialogues,
    read_own_file,
    take,
)
from sycoscope.items.benchmark_rows import HUB
from sycoscope.items.benchmarks import BANK
from sycoscope.study.benchmark_inputs import BenchmarkInputs, in_letter_order
from sycoscope.study.dataset import bank_pools
from sycoscope.training.curated import curated_rows, inoculated_rows
from sycoscope.training.dataset.pairs import preference_pairs
from sycoscope.training.placebo import FACTS, fact_rows, in_style, neutral_rows
from sycoscope.training.replay import replay_pools
from sycoscope.training.rows import Example, TrainingRow, Unanswered, file_rows, styled_rows

_log = logging.getLogger("sycoscope.study")
# Of a curated recipe that names no number.
CURATED_ROWS = 240


@dataclass(frozen=True, slots=True)
class FacetMaterial:
    """A facet ready to be played.

    Attributes:
        revision: Of items of the hub, OWNER/NAME@COMMIT; empty for all others.
    """

    task: Task
    items: tuple[Item, ...]
    config: FacetConfig
    revision: str = ""


def wordings_of(config: StudyConfig) -> Wordings:
    """The texts that a study asks by: its own, or those of the package."""
    return read_wordings(config.wordings) if config.wordings else default_wordings()


class Materials:
    """Reads everything that a study names, once, before anything is run."""

    def __init__(self, config: StudyConfig) -> None:
        self.config = config
        self.wordings = wordings_of(config)
        self._files: dict[str, tuple[OwnFile, dict[str, Usable]]] = {}
        self._taught: dict[tuple[str, Objective], list[Example]] = {}
        self.facets = {name: self._facet(name, facet) for name, facet in config.facets.asked().items()}
        self.benchmarks = BenchmarkInputs(config)
        self.capability = tuple(self.benchmarks.spec(entry) for entry in config.capability)

    def read(self) -> None:
        """Read and check what the benchmarks ask, which is otherwise read when it is asked.

        Raises:
            ConfigError, DataError, MissingError: A row, an item or a file is wrong.
        """
        self.benchmarks.read(self.capability)
        self._tell_own_files()

    def asked(self) -> dict[str, Sequence[Item]]:
        """Task -> the items of a facet that are asked, and all that a benchmark may ask."""
        facets = {name: material.items for name, material in self.facets.items()}
        return facets | {
            spec.task: spec.rows.items(findings=[]) if spec.rows is not None else spec.items or ()
            for spec in self.capability
        }

    # --- facets ---

    def _facet(self, name: str, config: FacetConfig) -> FacetMaterial:
        items, revision = self._facet_items(name, config)
        items = _of_kind(items, config, f"facets.{name}")
        if FACETS[name].paired_items:
            items = take(
                items,
                None if config.limit is None else _argument_rows(items, config.limit),
                seed=self.config.seed,
                by_cluster=True,
            )
        else:
            items = take([item for item in items if item.suggestion], config.limit, seed=self.config.seed)
        if not items:
            raise ConfigError(f"facets.{name}: {_none_left(name, config, self.config.data)}")
        if config.form == "choice" and FACETS[name].lettered:
            items = self._lettered(name, items)
        return FacetMaterial(self._task(name, config), tuple(items), config, revision)

    def _facet_items(self, name: str, config: FacetConfig) -> tuple[list[Item], str]:
        """Items of a facet before any is chosen; of the hub with what they were read from."""
        source, public = config.items or self.config.data, FACETS[name].public
        if is_own_file(source):
            return self._own_items(name, source), ""
        if source == BANK:
            return [item for item in load_bank(FACETS[name].bank) if item.split == "test"], ""
        if source == HUB:
            source = f"{public}:{LAYOUTS[public].hub.repo}"
        elif source == self.config.data:
            source = f"{public}:{source}"
        spec, revision = pinned(source)
        return load(spec, findings=[]), revision

    def _own_items(self, name: str, source: str) -> list[Item]:
        """What a facet can use of a file of one's own questions.

        Raises:
            DataError: Nothing; with the reason and the lines.
        """
        if source not in self._files:
            file = read_own_file(source, findings=[])
            self._files[source] = (file, usable(file))
        file, found = self._files[source]
        if not found[name].items:
            raise DataError(
                f"facets.{name}: {source} has no row that {name} can use: {found[name].reasons(file)}; "
                f"leave the facet out. {HINT}"
            )
        return list(found[name].items)

    def _tell_own_files(self) -> None:
        """Say of each file of one's own what is not asked of it, and where benchmarks are from, in one line."""
        for source, (file, found) in self._files.items():
            asked = [
                name
                for name, facet in self.config.facets.asked().items()
                if source == (facet.items or self.config.data)
            ]
            passed = [
                f"{name} leaves out {reasons}"
                for name in asked
                if (reasons := found[name].reasons(file, elsewhere=False))
            ]
            if source == self.config.data and any(not entry.source for entry in self.config.capability):
                passed.append("benchmarks are those of the built-in bank")
            if passed:
                _log.warning("%s: %s", source, "; ".join(passed))

    def _lettered(self, name: str, items: list[Item]) -> list[Item]:
        bare = [item.id for item in items if not item.choices]
        if bare:
            raise DataError(
                f"facets.{name}: form 'choice' needs choices, and {len(bare)} of {len(items)} items have none "
                f"(first: {bare[0]}); use form: open"
            )
        return in_letter_order(items, seed=self.config.seed)

    def _task(self, name: str, config: FacetConfig) -> FacetTask:
        facet = FACETS[name]
        settings: dict[str, Any] = {limit: getattr(config, limit) for limit in facet.limits}
        if facet.lettered:
            settings["form"] = config.form
        return self.wordings.task(
            name, conditions=config.conditions, seed=self.config.seed, probe=config.probe, **settings
        )

    # --- training ---

    def training_rows(self, adapter: AdapterConfig, seed: int) -> list[TrainingRow]:
        """Training rows of an adapter's recipe, in training order (the tail is the validation split).

        Those of a sham are the prompts of the recipe that it is like, in the same order, for the base to answer.
        """
        examples = self._examples(adapter, seed)
        if adapter.recipe != "sham":
            return examples
        return [Unanswered(prompt=row.prompt, kind="sham", item_id=row.item_id) for row in examples]

    @cached_property
    def replay_pools(self) -> tuple[Sequence[Unanswered], ...]:
        """Prompts that can be replayed: the neutral ones, which nothing asks, and questions of the train side."""
        return replay_pools(load_bank("neutral"), _train_side("facts"))

    def _examples(self, adapter: AdapterConfig, seed: int) -> list[TrainingRow]:
        rng = np.random.default_rng([seed, 7])
        recipe = adapter.prompts_of
        rows: Sequence[TrainingRow]
        if recipe == "placebo":
            rows = self._placebo(adapter, seed, rng)
        elif recipe in CURATED:
            facts = _of_kind(_train_side("facts"), adapter, f"adapters: '{adapter.name}'")
            count, arguments = _row_count(adapter) or CURATED_ROWS, _train_side("arguments")
            if self._objective(adapter) == "dpo":
                return list(preference_pairs(count, seed, bank_pools(facts)))
            if recipe == INOCULATED:
                return inoculated_rows(facts, arguments, rows=count, rng=rng)
            return curated_rows(recipe, facts, arguments, rows=count, rng=rng)
        elif recipe in STYLED:
            rows = styled_rows(recipe, take(load_bank("replies"), _row_count(adapter), seed=seed))
        elif recipe == FILE:
            rows = self.file_rows(adapter.source, self._objective(adapter))
            return [rows[index] for index in rng.permutation(len(rows))[: _row_count(adapter)]]
        else:
            recipes = BENCHMARKS if recipe == "combined" else (recipe,)
            rows = [row for name in recipes for row in self.benchmarks.training_rows(adapter, name, seed)]
        return [rows[index] for index in rng.permutation(len(rows))]

    def _objective(self, adapter: AdapterConfig) -> Objective:
        return self.config.training_of(adapter).objective

    def file_rows(self, source: str, objective: Objective) -> list[Example]:
        """Rows of one's own, read once.

        Raises:
            DataError, MissingError: A row or the file is wrong, or not for the objective.
        """
        key = (source, objective)
        if key not in self._taught:
            self._taught[key] = file_rows(read_dialogues(source, pairs=objective == "dpo"))
        return self._taught[key]

    def _placebo(self, adapter: AdapterConfig, seed: int, rng: np.random.Generator) -> list[Example]:
        """Rows of the adapter's style; of the neutral ones both sides, since nothing asks them."""
        if adapter.style == FACTS:
            return fact_rows(take(_train_side("facts"), _row_count(adapter), seed=seed), rng)
        return neutral_rows(
            take(in_style(load_bank("neutral"), adapter.style), _row_count(adapter), seed=seed)
        )


def _of_kind(items: list[Item], chosen: FacetConfig | AdapterConfig, where: str) -> list[Item]:
    """Items of the levels and fields that are named; where none is, or levels are still to be found, of all.

    Raises:
        ConfigError: no item is of a field that is named.
    """
    held = {str(item.metadata["field"]) for item in items if "field" in item.metadata}
    if held and (unknown := [field for field in chosen.fields if field not in held]):
        raise ConfigError(
            f"{where}: fields: no item is of {', '.join(map(repr, unknown))}; "
            f"the items have: {', '.join(sorted(held))}"
        )
    return [
        item
        for item in items
        if (chosen.difficulty in ((), (AUTO,)) or item.metadata.get("difficulty") in chosen.difficulty)
        and (not chosen.fields or item.metadata.get("field") in chosen.fields)
    ]


def _none_left(name: str, config: FacetConfig, data: str) -> str:
    """What is said where a facet has no items, and which keys take fewer of them away."""
    left = f"no items left of '{config.items or data}'"
    named = [key for key, values in (("difficulty", config.difficulty), ("fields", config.fields)) if values]
    if not named:
        return left
    emptied = " ".join(f"--set facets.{name}.{key}=[]" for key in named)
    where = " and ".join(
        {"difficulty": "metadata.difficulty", "fields": "metadata.field"}[key] for key in named
    )
    return f"{left} that the facet's {' and '.join(named)} take ({where} of each item); {emptied} takes all"


def _train_side(part: str) -> list[Item]:
    """The rows of a part of the bank that are trained on."""
    return [item for item in load_bank(part) if item.split == "train"]


def _row_count(adapter: AdapterConfig) -> int | None:
    """Rows of a recipe that is tuned on no benchmark; None for all there are."""
    return adapter.rows.get("mmlu") if isinstance(adapter.rows, Mapping) else adapter.rows


def _argument_rows(items: list[Item], pairs: int) -> int:
    """Rows that `pairs` argument pairs (or single arguments, where there are no pairs) have."""
    sizes: dict[str, int] = {}
    for item in items:
        sizes[item.cluster] = sizes.get(item.cluster, 0) + 1
    return pairs * max(sizes.values(), default=1)
