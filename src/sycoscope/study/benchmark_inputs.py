"""The benchmarks of a study: where their rows lie, how each is asked, and the items that adapters are trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from sycoscope.capability import MAX_TOKENS, CapabilitySpec, fingerprint
from sycoscope.config import PUBLISHED, AdapterConfig, CapabilityConfig, PartitionConfig, StudyConfig
from sycoscope.core.errors import ConfigError, DataError
from sycoscope.core.rows import Faults, Row
from sycoscope.core.types import Item
from sycoscope.items import BENCHMARKS, BenchmarkRows, assign_letters, load_bank, right_first, take
from sycoscope.items.benchmark_rows import HUB
from sycoscope.items.benchmarks import BANK, AskedForm, benchmark_source
from sycoscope.items.splits import SplitSource
from sycoscope.training.rows import Example, benchmark_rows, published_rows

# Examples of a few-shot prompt are the first ones of so many training items of the bank.
BANK_SHOTS = 8


class BenchmarkInputs:
    """What a study asks and trains of the benchmarks. Public rows are read when they are first needed, and once."""

    def __init__(self, config: StudyConfig) -> None:
        self.config = config
        self._rows: dict[tuple[str, str], BenchmarkRows] = {}
        self._training: dict[tuple[str, str], list[Item]] = {}

    def spec(self, config: CapabilityConfig) -> CapabilitySpec:
        """The capability task that an entry of the study asks.

        Raises:
            ConfigError: The benchmark has no such form. DataError: Items that have no choices, by letters.
        """
        source = self._source(config.source)
        form = asked_form(config, source)
        max_tokens = config.max_tokens or MAX_TOKENS
        if source != BANK:
            return CapabilitySpec(
                task=form.task,
                source=self.rows(config.benchmark, source),
                num_fewshot=config.num_fewshot,
                limit=config.limit,
                max_tokens=max_tokens,
            )
        part = load_bank(BENCHMARKS[config.benchmark].bank)
        # the limit is taken here, so that the harness and the facets choose items by one rule
        items = take([item for item in part if item.split == "test"], config.limit, seed=self.config.seed)
        if form.letters:
            items = (
                [right_first(item) for item in items]
                if form.source_order
                else in_letter_order(items, seed=self.config.seed)
            )
        return CapabilitySpec(
            task=form.task,
            source=items,
            shots=take([item for item in part if item.split == "train"], BANK_SHOTS, seed=self.config.seed),
            num_fewshot=config.num_fewshot or 0,
            limit=config.limit,
            max_tokens=max_tokens,
        )

    def rows(self, benchmark: str, source: str) -> BenchmarkRows:
        """Rows of a public benchmark, cut into train and test where the study says so and the source does not.

        Args:
            source: `hub` or a folder.

        Raises:
            MissingError: There is no such folder, or nothing of the benchmark in it.
        """
        key = (benchmark, source)
        if key not in self._rows:
            rows = BenchmarkRows(benchmark, source)
            partition = self.config.partition.get(benchmark)
            # the hub is not asked before its rows are needed
            held = set() if source == HUB else set(rows.splits())
            if partition is not None and not {"train", "test"} <= held:
                rows = cut(rows, partition, seed=self.config.seed)
            self._rows[key] = rows
        return self._rows[key]

    def training_rows(self, adapter: AdapterConfig, benchmark: str, seed: int) -> list[Example]:
        """Training rows of one benchmark for an adapter, in the form that the study asks, or in the one it names.

        Raises:
            ConfigError: Its source has no training rows.
        """
        count = adapter.rows if isinstance(adapter.rows, int | None) else adapter.rows.get(benchmark)
        items = take(self._training_items(adapter, benchmark), count, seed=seed)
        if adapter.format == PUBLISHED and BENCHMARKS[benchmark].right_first:
            return published_rows(benchmark, items)
        return benchmark_rows(benchmark, items, letters=self._by_letters(adapter, benchmark), seed=seed)

    def _training_items(self, adapter: AdapterConfig, benchmark: str) -> list[Item]:
        source = self._source(adapter.source)
        key = (source, benchmark)
        if key not in self._training:
            if source == BANK:
                part = load_bank(BENCHMARKS[benchmark].bank)
                items = [item for item in part if item.split == "train"]
            else:
                items = self.rows(benchmark, source).items("train", findings=[])
            if not items:
                raise ConfigError(
                    f"adapters: '{adapter.name}': no training rows of {benchmark} in '{source}'"
                )
            self._training[key] = items
        return self._training[key]

    def _by_letters(self, adapter: AdapterConfig, benchmark: str) -> bool:
        """Train in the form that is evaluated: letters where the study asks the benchmark by letters."""
        source = self._source(adapter.source)
        for config in self.config.capability:
            if config.benchmark == benchmark and self._source(config.source) == source:
                return asked_form(config, source).letters
        return BENCHMARKS[benchmark].forms_of(source)[""].letters

    def read(self, specs: Sequence[CapabilitySpec]) -> None:
        """Read and check everything that tasks ask, so that bad rows are an error before anything is played.

        Raises:
            ConfigError, DataError, MissingError: A row, an item or a file is wrong.
        """
        for spec in specs:
            fingerprint(spec)

    def read_local(self, specs: Sequence[CapabilitySpec]) -> None:
        """Read and check the rows that lie in folders, and ask neither the hub nor the harness.

        Raises:
            DataError, MissingError: A row or a file is wrong.
        """
        for spec in specs:
            if spec.rows is not None and spec.rows.place != HUB:
                spec.rows.rows()
                examples = spec.definition.benchmark.examples
                if spec.n_shots and examples:
                    spec.rows.rows(examples)

    def _source(self, own: str) -> str:
        return benchmark_source(own, self.config.data)


def asked_form(config: CapabilityConfig, source: str) -> AskedForm:
    """How a study's entry is asked.

    Raises:
        ConfigError: The benchmark has no such form from this source.
    """
    forms = BENCHMARKS[config.benchmark].forms_of(source)
    if config.form not in forms:
        raise ConfigError(
            f"capability: {config.benchmark} from '{source}' has no form '{config.form}'; "
            f"allowed: {', '.join(repr(form) for form in forms)}"
        )
    return forms[config.form]


def cut(rows: BenchmarkRows, partition: PartitionConfig, *, seed: int) -> BenchmarkRows:
    """One split, shuffled and cut: its head becomes `train`, the next rows `test`; read when a part of it is.

    Few-shot examples that have a split of their own stay where they are.
    """
    place = f"{rows.place}, split '{partition.split}' cut"
    splits = {
        split: SplitSource(place, partial(_part, rows, partition, seed, split), split)
        for split in ("train", "test")
    }
    examples = rows.benchmark.examples
    if examples and examples not in splits:
        splits[examples] = SplitSource(rows.place, lambda _: rows.raw(examples), examples)
    return BenchmarkRows(rows.benchmark.name, splits, place=place, of=rows)


def _part(rows: BenchmarkRows, partition: PartitionConfig, seed: int, split: str, _: Faults) -> Sequence[Row]:
    held, needed = rows.raw(partition.split), partition.train + partition.test
    if len(held) < needed:
        raise DataError(
            f"partition.{rows.benchmark.name}: split '{partition.split}' has {len(held)} rows, "
            f"{needed} are needed; lower train or test"
        )
    order = np.random.default_rng(seed).permutation(len(held))[:needed]
    kept = order[: partition.train] if split == "train" else order[partition.train :]
    return [held[index] for index in kept]


def in_letter_order(items: Sequence[Item], *, seed: int) -> list[Item]:
    """Items with their choices in the order in which letters show them, balanced over all of them."""
    assigned = assign_letters(items, seed=seed)
    return [replace(item, choices=tuple(assigned[item.id].letters.values())) for item in items]
