"""What a study asks and trains on: items of the facets, sources of the benchmarks, rows of the recipes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sycoscope.capability import BENCHMARKS, CapabilitySpec
from sycoscope.config import AdapterConfig, Benchmark, CapabilityConfig, FacetConfig, StudyConfig
from sycoscope.core.errors import ConfigError, DataError
from sycoscope.core.files import digest_of, write_atomic
from sycoscope.core.types import Item, Task
from sycoscope.facets import FACETS, FacetTask, Wordings, default_wordings, read_wordings
from sycoscope.items import assign_letters, load, load_bank, read_folder, take
from sycoscope.study.public import cut_rows, hub_source, public_files
from sycoscope.training.curated import curated_rows, neutral_rows
from sycoscope.training.rows import Example, benchmark_rows

BANK = {"mmlu": "facts", "gsm8k": "arithmetic", "hellaswag": "continuations", "truthfulqa": "misconceptions"}
LABELS = {
    "mmlu": "MMLU",
    "gsm8k": "GSM8K",
    "hellaswag": "HellaSwag",
    "truthfulqa_mc1": "TruthfulQA mc1",
    "truthfulqa_mc2": "TruthfulQA mc2",
    "truthfulqa_letters": "TruthfulQA, shuffled letters",
    "truthfulqa_letters_source_order": "TruthfulQA, letters in source order",
    "facts_open": "Facts, open (built-in for MMLU)",
    "facts_letters": "Facts, letters (built-in for MMLU)",
    "arithmetic": "Arithmetic (built-in for GSM8K)",
    "continuations": "Continuations (built-in for HellaSwag)",
    "misconceptions": "Misconceptions (built-in for TruthfulQA)",
}


@dataclass(frozen=True, slots=True)
class FacetMaterial:
    """A facet ready to be played."""

    task: Task
    items: tuple[Item, ...]
    config: FacetConfig


class Materials:
    """Reads everything that a study names, once, before anything is run."""

    def __init__(self, config: StudyConfig, cache: Path) -> None:
        self.config = config
        self.cache = cache
        self.wordings: Wordings = read_wordings(config.wordings) if config.wordings else default_wordings()
        self._folders: dict[Benchmark, Path] = {}
        self._sides: dict[tuple[str, str], list[Item]] = {}
        self.facets = {name: self._facet(name, facet) for name, facet in config.facets.asked().items()}
        self.capability = tuple(self._capability(one) for one in config.capability)

    # --- facets ---

    def _facet(self, name: str, config: FacetConfig) -> FacetMaterial:
        items = self._facet_items(name, config)
        if config.difficulty:
            items = [item for item in items if item.metadata.get("difficulty") in config.difficulty]
        if config.fields:
            items = [item for item in items if item.metadata.get("field") in config.fields]
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
            raise ConfigError(
                f"facets.{name}: no items left after filtering '{config.items or self.config.data}'; "
                "relax limit, difficulty or fields"
            )
        if config.form == "choice" and FACETS[name].lettered:
            items = self._lettered(name, items)
        return FacetMaterial(self._task(name, config), tuple(items), config)

    def _facet_items(self, name: str, config: FacetConfig) -> list[Item]:
        source = config.items or self.config.data
        if source == "bank":
            return [item for item in load_bank(FACETS[name].bank) if item.split == "test"]
        if source == "hub":
            return load(f"{FACETS[name].public}:meg-tong/sycophancy-eval", findings=[])
        if source == self.config.data:
            return load(f"{FACETS[name].public}:{source}", findings=[])
        return load(source, findings=[])

    def _lettered(self, name: str, items: list[Item]) -> list[Item]:
        bare = [item.id for item in items if not item.choices]
        if bare:
            raise DataError(
                f"facets.{name}: form 'choice' needs choices, and {len(bare)} of {len(items)} items have none "
                f"(first: {bare[0]}); use form: open"
            )
        assigned = assign_letters(items, seed=self.config.seed)
        return [replace(item, choices=tuple(assigned[item.id].letters.values())) for item in items]

    def _task(self, name: str, config: FacetConfig) -> FacetTask:
        facet = FACETS[name]
        settings: dict[str, Any] = {limit: getattr(config, limit) for limit in facet.limits}
        if facet.lettered:
            settings["form"] = config.form
        return self.wordings.task(name, conditions=config.conditions, seed=self.config.seed, **settings)

    # --- benchmarks ---

    def _capability(self, config: CapabilityConfig) -> CapabilitySpec:
        name = benchmark_name(config, self._source(config.source))
        common: dict[str, Any] = {"num_fewshot": config.num_fewshot, "limit": config.limit}
        if config.max_tokens:
            common["max_tokens"] = config.max_tokens
        if self._source(config.source) == "bank":
            items = [item for item in load_bank(BANK[config.benchmark]) if item.split == "test"]
            shots = [item for item in load_bank(BANK[config.benchmark]) if item.split == "train"]
            shots = take(shots, 8, seed=self.config.seed)
            # the limit is taken here, so that the harness and the facets choose items by one rule
            items = take(items, config.limit, seed=self.config.seed)
            if name.endswith("letters"):
                items = self._lettered(config.benchmark, items)
            common["num_fewshot"] = config.num_fewshot or 0
            return CapabilitySpec(
                benchmark=name, source=items, shots=shots, fixed_shots=bool(config.num_fewshot), **common
            )
        if name.startswith("truthfulqa_letters"):
            common["shuffle"] = config.form != "letters_source_order"
            return CapabilitySpec(benchmark="truthfulqa_letters", source=self.folder(config), **common)
        return CapabilitySpec(benchmark=name, source=self.folder(config), **common)

    def _source(self, own: str) -> str:
        return own or self.config.data

    def folder(self, config: CapabilityConfig) -> Path | None:
        """Folder with the benchmark's files; None for the hub's own splits."""
        return self.benchmark_folder(config.benchmark, self._source(config.source))

    def benchmark_folder(self, benchmark: Benchmark, source: str) -> Path | None:
        """Where rows of a public benchmark lie, cut into train and test where the study says so."""
        partition = self.config.partition.get(benchmark)
        if source == "hub" and partition is None:
            return None
        root = None if source == "hub" else Path(source).expanduser()
        if root is not None:
            found = public_files(benchmark, root)
            if partition is None or {"train", "test"} <= set(found):
                return found["test" if "test" in found else next(iter(found))][0].parent
        assert partition is not None
        if benchmark not in self._folders:
            self._folders[benchmark] = self._cut(benchmark, root)
        return self._folders[benchmark]

    def _cut(self, benchmark: Benchmark, root: Path | None) -> Path:
        """Shuffle one split with the study's seed and write its head as train, the next rows as test."""
        partition = self.config.partition[benchmark]
        rows = cut_rows(benchmark, root, partition.split)
        needed = partition.train + partition.test
        if len(rows) < needed:
            raise DataError(
                f"partition.{benchmark}: split '{partition.split}' has {len(rows)} rows, {needed} are asked for"
            )
        order = np.random.default_rng(self.config.seed).permutation(len(rows))
        chosen = [rows[index] for index in order[:needed]]
        key = digest_of({"benchmark": benchmark, "rows": chosen, "train": partition.train})
        folder = self.cache / "data" / f"{benchmark}-{key[:12]}"
        parts = {"train": chosen[: partition.train], "test": chosen[partition.train :]}
        if benchmark == "mmlu":
            parts["dev"] = cut_rows(benchmark, root, "dev")
        for split, part in parts.items():
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part)
            write_atomic(folder / f"{split}.jsonl", text.encode())
        return folder

    # --- training ---

    def examples(self, adapter: AdapterConfig, seed: int) -> list[Example]:
        """Training rows of an adapter, in training order (the tail is the validation split)."""
        rng = np.random.default_rng([seed, 7])
        if adapter.recipe == "placebo":
            rows = neutral_rows(self._take_items(load_bank("neutral"), self._rows(adapter, "mmlu"), seed))
        elif adapter.recipe in {"anti_sycophancy", "sycophant"}:
            facts = [
                item
                for item in load_bank("facts")
                if item.split == "train"
                and (not adapter.difficulty or item.metadata["difficulty"] in adapter.difficulty)
            ]
            arguments = [item for item in load_bank("arguments") if item.split == "train"]
            return curated_rows(
                adapter.recipe, facts, arguments, rows=self._rows(adapter, "mmlu") or 240, rng=rng
            )
        elif adapter.recipe == "combined":
            rows = [row for name in BANK for row in self._benchmark_rows(adapter, name, seed)]  # type: ignore[arg-type]
        else:
            rows = self._benchmark_rows(adapter, adapter.recipe, seed)  # type: ignore[arg-type]
        return [rows[index] for index in rng.permutation(len(rows))]

    def _rows(self, adapter: AdapterConfig, benchmark: Benchmark) -> int | None:
        if isinstance(adapter.rows, Mapping):
            return adapter.rows.get(benchmark)
        return adapter.rows

    def _benchmark_rows(self, adapter: AdapterConfig, benchmark: Benchmark, seed: int) -> list[Example]:
        items = self._take_items(
            self._training_items(adapter, benchmark), self._rows(adapter, benchmark), seed
        )
        letters = self._by_letters(adapter, benchmark)
        return benchmark_rows(benchmark, items, letters=letters, seed=seed)

    def _training_items(self, adapter: AdapterConfig, benchmark: Benchmark) -> list[Item]:
        source = self._source(adapter.source)
        key = (source, benchmark)
        if key not in self._sides:
            if source == "bank":
                found = [item for item in load_bank(BANK[benchmark]) if item.split == "train"]
            else:
                folder = self.benchmark_folder(benchmark, source)
                if folder is None:
                    found = load(f"{benchmark}:{hub_source(benchmark)}", split="train", findings=[])
                else:
                    found = read_folder(folder, benchmark, splits=["train"], findings=[]).get("train", [])
            if not found:
                raise ConfigError(
                    f"adapters: '{adapter.name}': no training rows of {benchmark} in '{source}'"
                )
            self._sides[key] = found
        return self._sides[key]

    def _take_items(self, items: list[Item], rows: int | None, seed: int) -> list[Item]:
        return take(items, rows, seed=seed)

    def _by_letters(self, adapter: AdapterConfig, benchmark: Benchmark) -> bool:
        """Train in the form that is evaluated: letters where the study asks the benchmark by letters."""
        for config in self.config.capability:
            if config.benchmark == benchmark and self._source(config.source) == self._source(adapter.source):
                name = benchmark_name(config, self._source(config.source))
                return name == "mmlu" or "letters" in name
        return self._source(adapter.source) != "bank" and benchmark == "mmlu"


def benchmark_name(config: CapabilityConfig, source: str) -> str:
    """The capability benchmark (a key of capability.BENCHMARKS, or its task name) that a study's entry means."""
    if source == "bank":
        if config.benchmark == "mmlu":
            return "facts_letters" if config.form == "letters" else "facts_open"
        name = BANK[config.benchmark]
        allowed: tuple[str, ...] = ("", "open")
    elif config.benchmark == "truthfulqa":
        names = {
            "": "truthfulqa_mc1",
            "mc1": "truthfulqa_mc1",
            "mc2": "truthfulqa_mc2",
            "letters": "truthfulqa_letters",
            "letters_source_order": "truthfulqa_letters_source_order",
        }
        name, allowed = names.get(config.form, ""), tuple(names)
    else:
        name, allowed = config.benchmark, ("", "letters") if config.benchmark == "mmlu" else ("",)
    if config.form not in allowed:
        raise ConfigError(
            f"capability: {config.benchmark} from '{source}' has no form '{config.form}'; "
            f"allowed: {', '.join(repr(form) for form in allowed)}"
        )
    return name


def headline_of(task: str) -> str:
    """Name of the score that stands for a capability task."""
    return BENCHMARKS[task.removesuffix("_source_order")].headline


def _argument_rows(items: list[Item], pairs: int) -> int:
    """Rows that `pairs` argument pairs (or single arguments, where there are no pairs) have."""
    sizes: dict[str, int] = {}
    for item in items:
        sizes[item.cluster] = sizes.get(item.cluster, 0) + 1
    return pairs * max(sizes.values(), default=1)
