"""What can be measured, and what a caller may choose about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sycoscope.core.errors import ConfigError
from sycoscope.core.types import Item
from sycoscope.items import BENCHMARKS, Benchmark, BenchmarkRows

Form = Literal["harness", "letters", "open", "continuation", "statement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskForm:
    """One way in which the harness asks a benchmark, or the part of the bank that stands in for it.

    Attributes:
        of: The benchmark, a key of `items.BENCHMARKS`.
        form: `harness`: the harness's own definition; the others are built in forms.py.
        reads: `rows` of the public set, or `items` that are handed over.
        yaml: The harness's definition, relative to its tasks folder (`{group}`: an MMLU subject).
        headline: Name of the score that stands for the task.
        shuffle: Letters over rows: the choices in an order drawn per item from the seed.
        num_fewshot: Examples by default: the harness's own number where the definition is the harness's.
        max_fewshot: Most examples; None for no bound.
    """

    of: str
    form: Form
    reads: Literal["rows", "items"]
    yaml: str = ""
    headline: str = "acc"
    shuffle: bool = False
    num_fewshot: int = 0
    max_fewshot: int | None = None

    @property
    def benchmark(self) -> Benchmark:
        """What is known of the benchmark."""
        return BENCHMARKS[self.of]


# Of a generated answer, where nobody says: the harness's default.
MAX_TOKENS = 256

_MC1 = "truthfulqa/truthfulqa_mc1.yaml"

CAPABILITY_TASKS: Mapping[str, TaskForm] = {
    "mmlu": TaskForm(of="mmlu", form="harness", reads="rows", yaml="mmlu/default/mmlu_{group}.yaml"),
    "gsm8k": TaskForm(of="gsm8k", form="harness", reads="rows", yaml="gsm8k/gsm8k.yaml", num_fewshot=5),
    "hellaswag": TaskForm(
        of="hellaswag", form="harness", reads="rows", yaml="hellaswag/hellaswag.yaml", headline="acc_norm"
    ),
    "truthfulqa_mc1": TaskForm(of="truthfulqa", form="harness", reads="rows", yaml=_MC1, max_fewshot=0),
    "truthfulqa_mc2": TaskForm(
        of="truthfulqa",
        form="harness",
        reads="rows",
        yaml="truthfulqa/truthfulqa_mc2.yaml",
        headline="mc2",
        max_fewshot=0,
    ),
    "truthfulqa_letters": TaskForm(
        of="truthfulqa", form="letters", reads="rows", shuffle=True, max_fewshot=0
    ),
    "truthfulqa_letters_source_order": TaskForm(of="truthfulqa", form="letters", reads="rows", max_fewshot=0),
    "facts_letters": TaskForm(of="mmlu", form="letters", reads="items"),
    "facts_open": TaskForm(of="mmlu", form="open", reads="items", headline="acc_norm"),
    "arithmetic": TaskForm(of="gsm8k", form="harness", reads="items", yaml="gsm8k/gsm8k.yaml", num_fewshot=5),
    "continuations": TaskForm(of="hellaswag", form="continuation", reads="items", headline="acc_norm"),
    "misconceptions": TaskForm(of="truthfulqa", form="statement", reads="items"),
    "misconceptions_letters": TaskForm(of="truthfulqa", form="letters", reads="items", max_fewshot=0),
    "misconceptions_letters_source_order": TaskForm(
        of="truthfulqa", form="letters", reads="items", max_fewshot=0
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilitySpec:
    """One capability task as a study asks for it.

    Attributes:
        task: A key of `CAPABILITY_TASKS`; its name in the scores.
        source: Rows of the public benchmark, or Items.
        shots: Items that few-shot examples are taken from, in order (with Items as source).
        num_fewshot: Examples in the prompt; None for the task's default.
        fixed_shots: Show every item the same first examples of the few-shot split, instead of the
            harness's draw for each document. Cheaper where a model reuses shared prefixes; it is
            another format than the harness's.
        limit: Most items; None for the limit of the run. Which items it keeps depends on a hash of seed
            and id, stratified over MMLU's subjects, not on the order of a file; a smaller limit keeps a
            subset of a larger one (but for MMLU's rounding).
        max_tokens: Most new tokens of a generated answer.
    """

    task: str
    source: BenchmarkRows | Sequence[Item]
    shots: Sequence[Item] = ()
    num_fewshot: int | None = None
    fixed_shots: bool = False
    limit: int | None = None
    max_tokens: int = MAX_TOKENS

    @property
    def definition(self) -> TaskForm:
        """What `task` names.

        Raises:
            ConfigError: There is none of that name.
        """
        if self.task not in CAPABILITY_TASKS:
            raise ConfigError(
                f"unknown capability task {self.task!r}; known are: {', '.join(CAPABILITY_TASKS)}"
            )
        return CAPABILITY_TASKS[self.task]

    @property
    def n_shots(self) -> int:
        """Examples that are shown."""
        return self.definition.num_fewshot if self.num_fewshot is None else self.num_fewshot

    @property
    def rows(self) -> BenchmarkRows | None:
        """The rows that are the source, or None where Items are."""
        return self.source if isinstance(self.source, BenchmarkRows) else None

    @property
    def items(self) -> tuple[Item, ...] | None:
        """The Items that are the source, or None where rows are."""
        return None if isinstance(self.source, BenchmarkRows) else tuple(self.source)

    @property
    def place(self) -> str:
        """Where the questions come from, for people."""
        rows, items = self.rows, self.items
        return rows.place if rows is not None else items[0].source if items else ""


def check_spec(spec: CapabilitySpec) -> None:
    """Raise where a choice does not fit its task.

    Raises:
        ConfigError: With what came and what is allowed.
    """
    definition, items, rows = spec.definition, spec.items, spec.rows
    where = f"capability task {spec.task!r}"
    if definition.reads == "items" and items is None:
        raise ConfigError(f"{where} asks Items; pass a list of Items as its source")
    if definition.reads == "rows" and (rows is None or rows.benchmark.name != definition.of):
        raise ConfigError(
            f"{where} asks rows in the public layout; pass BenchmarkRows({definition.of!r}, FOLDER or 'hub')"
        )
    if items is not None and not items:
        raise ConfigError(f"{where}: the list of Items is empty")
    shots = spec.num_fewshot
    if shots is not None and (
        shots < 0 or (definition.max_fewshot is not None and shots > definition.max_fewshot)
    ):
        most = "any number from 0" if definition.max_fewshot is None else f"at most {definition.max_fewshot}"
        raise ConfigError(f"{where}: num_fewshot is {shots}; it allows {most}")
    if spec.limit is not None and spec.limit < 1:
        raise ConfigError(f"{where}: limit is {spec.limit}; it must be at least 1, or None for all items")
    if spec.max_tokens < 1:
        raise ConfigError(f"{where}: max_tokens is {spec.max_tokens}; it must be at least 1")
