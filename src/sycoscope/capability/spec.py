"""What can be measured, and what a caller may choose about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sycoscope.core.errors import ConfigError
from sycoscope.core.types import Item

Form = Literal["harness", "letters", "open", "continuation", "statement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One benchmark.

    Attributes:
        family: Benchmarks of one family ask the same documents, so their items share ids.
        form: `harness`: the harness's own definition; the others are built in tasks.py.
        yaml: The harness's definition, relative to its tasks folder (`{group}`: an MMLU subject);
            for own forms over public rows only its dataset's hub address is taken from it.
        reads: `rows` of a public layout, `items` handed over, or either.
        evaluated: Names that the evaluated split has in local folders, first found wins.
        shots: Name of the split that few-shot examples come from; empty where there is none.
        headline: Name of the score that stands for the benchmark.
        num_fewshot: Examples by default; None where the harness's definition says.
        max_fewshot: Most examples; None for no bound.
    """

    family: str
    form: Form
    yaml: str = ""
    reads: Literal["rows", "items", "either"]
    evaluated: tuple[str, ...] = ()
    shots: str = ""
    headline: str = "acc"
    num_fewshot: int | None = None
    max_fewshot: int | None = None


BENCHMARKS: Mapping[str, Benchmark] = {
    "mmlu": Benchmark(
        family="mmlu",
        form="harness",
        yaml="mmlu/default/mmlu_{group}.yaml",
        reads="rows",
        evaluated=("test",),
        shots="dev",
    ),
    "gsm8k": Benchmark(
        family="gsm8k",
        form="harness",
        yaml="gsm8k/gsm8k.yaml",
        reads="rows",
        evaluated=("test",),
        shots="train",
    ),
    "gsm8k_cot": Benchmark(
        family="gsm8k", form="harness", yaml="gsm8k/gsm8k-cot.yaml", reads="rows", evaluated=("test",)
    ),
    "hellaswag": Benchmark(
        family="hellaswag",
        form="harness",
        yaml="hellaswag/hellaswag.yaml",
        reads="rows",
        evaluated=("validation", "test"),
        shots="train",
        headline="acc_norm",
    ),
    "truthfulqa_mc1": Benchmark(
        family="truthfulqa",
        form="harness",
        yaml="truthfulqa/truthfulqa_mc1.yaml",
        reads="rows",
        evaluated=("validation", "test"),
        max_fewshot=0,
    ),
    "truthfulqa_mc2": Benchmark(
        family="truthfulqa",
        form="harness",
        yaml="truthfulqa/truthfulqa_mc2.yaml",
        reads="rows",
        evaluated=("validation", "test"),
        headline="mc2",
        max_fewshot=0,
    ),
    "truthfulqa_letters": Benchmark(
        family="truthfulqa",
        form="letters",
        yaml="truthfulqa/truthfulqa_mc1.yaml",
        reads="either",
        evaluated=("validation", "test"),
        num_fewshot=0,
        max_fewshot=0,
    ),
    "facts_letters": Benchmark(family="facts", form="letters", reads="items", num_fewshot=0),
    "facts_open": Benchmark(family="facts", form="open", reads="items", headline="acc_norm", num_fewshot=0),
    "arithmetic": Benchmark(family="arithmetic", form="harness", yaml="gsm8k/gsm8k.yaml", reads="items"),
    "continuations": Benchmark(
        family="continuations", form="continuation", reads="items", headline="acc_norm", num_fewshot=0
    ),
    "misconceptions": Benchmark(family="misconceptions", form="statement", reads="items", num_fewshot=0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilitySpec:
    """One benchmark as a study asks for it.

    Attributes:
        benchmark: A key of `BENCHMARKS`.
        source: A folder or file in the public layout, Items, or None for the hub.
        shots: Items that few-shot examples are taken from, in order (with Items as source).
        num_fewshot: Examples in the prompt; None for the harness's default.
        fixed_shots: Show every item the same first examples of the few-shot split, instead of the
            harness's draw for each document. Cheaper where a model reuses shared prefixes; it is
            another format than the harness's and is labelled so.
        limit: Most items; None for the limit of the run.
        selection: Which items a limit keeps. `hash`: by a hash of seed and id, stratified over
            MMLU's subjects, independent of file order, and a smaller limit keeps a subset of a
            larger one (but for MMLU's rounding); `first`: the harness's own `--limit`, an MMLU
            limit being per subject there.
        shuffle: Letters only: put the choices in an order drawn per item from the seed. None:
            rows are shuffled, Items keep the order that they came with.
        max_tokens: Most new tokens of a generated answer (256 is the harness's default).
        name: Task name in the scores; by default the benchmark, with `_source_order` where letters
            were asked in the order of public rows.
    """

    benchmark: str
    source: Path | Sequence[Item] | None = None
    shots: Sequence[Item] = ()
    num_fewshot: int | None = None
    fixed_shots: bool = False
    limit: int | None = None
    selection: Literal["hash", "first"] = "hash"
    shuffle: bool | None = None
    max_tokens: int = 256
    name: str = ""

    @property
    def definition(self) -> Benchmark:
        """The benchmark that `benchmark` names.

        Raises:
            ConfigError: There is none of that name.
        """
        if self.benchmark not in BENCHMARKS:
            raise ConfigError(f"unknown benchmark {self.benchmark!r}; known are: {', '.join(BENCHMARKS)}")
        return BENCHMARKS[self.benchmark]

    @property
    def items(self) -> tuple[Item, ...] | None:
        """The Items that are the source, or None where rows are."""
        if self.source is None or isinstance(self.source, Path):
            return None
        return tuple(self.source)

    @property
    def shuffled(self) -> bool:
        """Whether letters are asked in an order of our own."""
        return self.items is None if self.shuffle is None else self.shuffle

    @property
    def task(self) -> str:
        """Task name in the scores."""
        if self.name:
            return self.name
        ordered = self.definition.form == "letters" and self.items is None and not self.shuffled
        return self.benchmark + ("_source_order" if ordered else "")


def check_spec(spec: CapabilitySpec) -> None:
    """Raise where a choice does not fit its benchmark.

    Raises:
        ConfigError: With what came and what is allowed.
    """
    definition, items = spec.definition, spec.items
    where = f"capability task {spec.task!r}"
    if definition.reads == "items" and items is None:
        raise ConfigError(f"{where}: {spec.benchmark} asks Items; hand over a list of Items as its source")
    if definition.reads == "rows" and items is not None:
        raise ConfigError(
            f"{where}: {spec.benchmark} reads rows in the public layout; give a folder, or None for the hub"
        )
    if items is not None and not items:
        raise ConfigError(f"{where}: the list of Items is empty")
    shots = spec.num_fewshot
    if shots is not None and (
        shots < 0 or (definition.max_fewshot is not None and shots > definition.max_fewshot)
    ):
        most = "any number from 0" if definition.max_fewshot is None else f"at most {definition.max_fewshot}"
        raise ConfigError(f"{where}: num_fewshot is {shots}; {spec.benchmark} allows {most}")
    if spec.limit is not None and spec.limit < 1:
        raise ConfigError(f"{where}: limit is {spec.limit}; it must be at least 1, or None for all items")
    if spec.max_tokens < 1:
        raise ConfigError(f"{where}: max_tokens is {spec.max_tokens}; it must be at least 1")
    if spec.selection not in ("hash", "first"):
        raise ConfigError(f"{where}: selection is {spec.selection!r}; allowed are 'hash' and 'first'")
    if spec.shuffle is not None and definition.form != "letters":
        raise ConfigError(f"{where}: shuffle is for benchmarks by letters; leave it out for {spec.benchmark}")
