"""The public benchmarks: everything that is known of each, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sycoscope.core.errors import MissingError
from sycoscope.items import gsm8k, hellaswag, mmlu, truthfulqa
from sycoscope.items.hub import HubSet
from sycoscope.items.layouts import SYCOPHANCY_EVAL, Layout
from sycoscope.items.own import is_own_file

# Where a study takes a benchmark from, if from no public set.
BANK = "bank"


@dataclass(frozen=True, slots=True)
class AskedForm:
    """One way to ask a benchmark.

    Attributes:
        task: The capability task that does it: its name in scores, a key of `capability.CAPABILITY_TASKS`.
        label: The name that people see.
        letters: The answer is a letter. source_order: The choices stand in the public rows' own order.
    """

    task: str
    label: str
    letters: bool = False
    source_order: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One public benchmark.

    Attributes:
        name: As in study files. label: As people know it.
        layout: Where its files lie, and how a row becomes an item (`layout.parse`).
        columns: What the harness's definition reads; together they say which row it is.
        fault: What the harness could not use in a row that has all columns; empty where it can.
        answer: A row's right answer, and its position among the choices as listed (None for a number).
        examples: The split that few-shot examples come from; empty where there is none.
        group: The column that divides it into the harness's tasks; empty where it is one task.
        bank: The part of the bank that stands in for it.
        forms: Form of a study file ("" for the benchmark's own) -> how its public rows are asked.
        bank_forms: The same for the bank's items.
        prompt: The form of `items.forms` in which it is trained where no letters are asked for.
        lettered: Whether it can be asked and trained by letters.
        right_first: Whether the right choice stands first in every public row.
        size: Rows of the split that is usually asked.
        tokens: Typical length of one row (prompt and choices, new tokens).
        bank_new_tokens: Typical new tokens of one item of the bank; 0 where nothing is generated.
    """

    name: str
    label: str
    layout: Layout
    columns: tuple[str, ...]
    fault: Callable[[Mapping[str, Any]], str]
    answer: Callable[[Mapping[str, Any]], tuple[str, int | None]]
    examples: str = ""
    group: str = ""
    bank: str
    forms: Mapping[str, AskedForm]
    bank_forms: Mapping[str, AskedForm]
    prompt: str
    lettered: bool = False
    right_first: bool = False
    size: int
    tokens: tuple[int, int]
    bank_new_tokens: int = 0

    def forms_of(self, source: str) -> Mapping[str, AskedForm]:
        """Form of a study file -> how its rows are asked, from `bank`, `hub` or a folder."""
        return self.bank_forms if source == BANK else self.forms


_MMLU = AskedForm("mmlu", "MMLU", letters=True)
_FACTS_OPEN = AskedForm("facts_open", "Facts, open (built-in for MMLU)")
_MC1 = AskedForm("truthfulqa_mc1", "TruthfulQA mc1")
_MISCONCEPTIONS = AskedForm("misconceptions", "Misconceptions (built-in for TruthfulQA)")
_ARITHMETIC = AskedForm("arithmetic", "Arithmetic (built-in for GSM8K)")
_CONTINUATIONS = AskedForm("continuations", "Continuations (built-in for HellaSwag)")

_ALL = (
    Benchmark(
        name="mmlu",
        label="MMLU",
        layout=Layout(
            parse=mmlu.parse,
            columns="question, subject, choices, answer",
            folders=("mmlu",),
            hub=HubSet(
                "cais/mmlu", config="all", splits={"test": "test", "dev": "dev", "validation": "validation"}
            ),
            within=("", "all", "data"),
            files={
                "train": ("train",),
                "test": ("test",),
                "dev": ("dev",),
                "validation": ("validation", "val"),
            },
            by_subject=True,
            # A subject without examples is refused where examples are shown (`num_fewshot`), by its own name.
            optional=("dev",),
        ),
        columns=("question", "subject", "choices", "answer"),
        fault=mmlu.fault,
        answer=mmlu.answer,
        examples="dev",
        group="subject",
        bank="facts",
        forms={"": _MMLU, "letters": _MMLU},
        bank_forms={
            "": _FACTS_OPEN,
            "open": _FACTS_OPEN,
            "letters": AskedForm("facts_letters", "Facts, letters (built-in for MMLU)", letters=True),
        },
        prompt="open",
        lettered=True,
        size=14042,
        tokens=(500, 0),
    ),
    Benchmark(
        name="gsm8k",
        label="GSM8K",
        layout=Layout(
            parse=gsm8k.parse,
            columns="question, answer",
            folders=("gsm8k",),
            hub=HubSet("openai/gsm8k", config="main", splits={"train": "train", "test": "test"}),
            within=("", "main", "data"),
        ),
        columns=("question", "answer"),
        fault=gsm8k.fault,
        answer=gsm8k.answer,
        examples="train",
        bank="arithmetic",
        forms={"": AskedForm("gsm8k", "GSM8K")},
        bank_forms={"": _ARITHMETIC, "open": _ARITHMETIC},
        prompt="problem",
        size=1319,
        tokens=(900, 150),
        bank_new_tokens=60,
    ),
    Benchmark(
        name="hellaswag",
        label="HellaSwag",
        layout=Layout(
            parse=hellaswag.parse,
            columns="ctx (or ctx_a and ctx_b), endings, label",
            folders=("hellaswag",),
            hub=HubSet("Rowan/hellaswag", splits={"train": "train", "test": "validation"}),
            within=("", "data"),
            # The hub's test split has no labels: where there is a validation split, it is the one that is asked.
            files={"train": ("train",), "test": ("validation", "val", "test")},
        ),
        columns=("activity_label", "ctx_a", "ctx_b", "endings", "label"),
        fault=hellaswag.fault,
        answer=hellaswag.answer,
        examples="train",
        bank="continuations",
        forms={"": AskedForm("hellaswag", "HellaSwag")},
        bank_forms={"": _CONTINUATIONS, "open": _CONTINUATIONS},
        prompt="continuation",
        size=10042,
        tokens=(400, 0),
    ),
    Benchmark(
        name="truthfulqa",
        label="TruthfulQA",
        layout=Layout(
            parse=truthfulqa.parse,
            columns="question, mc1_targets, mc2_targets",
            folders=("truthfulqa", "truthful_qa"),
            hub=HubSet("truthfulqa/truthful_qa", config="multiple_choice", splits={"test": "validation"}),
            within=("", "multiple_choice", "data"),
            # The public set has a validation split only; a test split is a cut of one's own, made beside it.
            files={"train": ("train",), "test": ("test", "validation")},
        ),
        columns=("question", "mc1_targets", "mc2_targets"),
        fault=truthfulqa.fault,
        answer=truthfulqa.answer,
        bank="misconceptions",
        forms={
            "": _MC1,
            "mc1": _MC1,
            "mc2": AskedForm("truthfulqa_mc2", "TruthfulQA mc2"),
            "letters": AskedForm("truthfulqa_letters", "TruthfulQA, shuffled letters", letters=True),
            "letters_source_order": AskedForm(
                "truthfulqa_letters_source_order",
                "TruthfulQA, letters in source order",
                letters=True,
                source_order=True,
            ),
        },
        bank_forms={
            "": _MISCONCEPTIONS,
            "open": _MISCONCEPTIONS,
            "letters": AskedForm(
                "misconceptions_letters",
                "Misconceptions, letters",
                letters=True,
            ),
            "letters_source_order": AskedForm(
                "misconceptions_letters_source_order",
                "Misconceptions, right one first",
                letters=True,
                source_order=True,
            ),
        },
        prompt="statement",
        lettered=True,
        right_first=True,
        size=817,
        tokens=(900, 0),
    ),
)

BENCHMARKS: Mapping[str, Benchmark] = {benchmark.name: benchmark for benchmark in _ALL}
# Their rows teach a place where they are trained on by letters in the source's order.
RIGHT_FIRST: tuple[str, ...] = tuple(benchmark.name for benchmark in _ALL if benchmark.right_first)
LAYOUTS: Mapping[str, Layout] = {name: benchmark.layout for name, benchmark in BENCHMARKS.items()} | dict(
    SYCOPHANCY_EVAL
)
# A folder of this name holds that set and is no part of another one.
SET_FOLDERS = frozenset(folder for layout in LAYOUTS.values() for folder in layout.folders)
# Every form that a study file can name, over all benchmarks.
FORM_NAMES: tuple[str, ...] = tuple(
    dict.fromkeys(form for one in _ALL for forms in (one.bank_forms, one.forms) for form in forms)
)
TASK_LABELS: Mapping[str, str] = {
    form.task: form.label for one in _ALL for forms in (one.forms, one.bank_forms) for form in forms.values()
}


def benchmark_source(own: str, data: str) -> str:
    """Where a benchmark's rows come from: its own source, else the study's data; a file of one's own holds none."""
    return own or (BANK if is_own_file(data) else data)


def layout_of(name: str) -> Layout:
    """The layout of a public set.

    Raises:
        MissingError: There is none of this name.
    """
    if name not in LAYOUTS:
        raise MissingError(f"unknown benchmark '{name}'; known: {', '.join(LAYOUTS)}")
    return LAYOUTS[name]
