"""What the table's rows ask: public sets from local files, or the built-in bank where none are named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sycoscope.capability import CapabilitySpec, capability_tasks
from sycoscope.capability.harness import load_definition
from sycoscope.config import parse_study
from sycoscope.items import BenchmarkRows
from sycoscope.items.splits import kept_split
from sycoscope.study.inputs import FacetMaterial, Materials

MODEL = "smollm2-135m-instruct"
SEED = 42
SUBJECTS = ("anatomy", "econometrics", "college_medicine", "clinical_knowledge")
NEW_TOKENS = 200
# Items of a row; for the battery of the facets answer, are_you_sure (items) and feedback (argument pairs).
ITEMS = {"mmlu5": 200, "mmlu0": 200, "hellaswag": 60, "truthfulqa": 16, "gsm8k": 40}
FACETS = {
    "answer": {"limit": 16, "max_tokens": 24},
    "are_you_sure": {"limit": 10, "max_tokens": 24, "reply_tokens": 40},
    "feedback": {"limit": 4, "max_tokens": 80},
}


def benchmark(name: str, data: Path | None, n: int | None = None) -> list[CapabilitySpec]:
    """The benchmark's specs with `n` items.

    Args:
        data: A folder in the public layouts; None for the bank.
    """
    n = ITEMS[name] if n is None else n
    return _of_bank(name, n) if data is None else _of_files(name, data, n)


def _of_files(name: str, data: Path, n: int) -> list[CapabilitySpec]:
    family = name.rstrip("05")
    rows = BenchmarkRows(family, data)
    if family == "mmlu":
        rows = _few_subjects(rows, max(1, n // 50))
    if family == "truthfulqa":
        return [CapabilitySpec(task=f"truthfulqa_{kind}", source=rows, limit=n) for kind in ("mc1", "mc2")]
    more: dict[str, Any] = {
        "mmlu5": {"num_fewshot": 5},
        "gsm8k": {"num_fewshot": 0, "max_tokens": NEW_TOKENS},
    }.get(name, {})
    return [CapabilitySpec(task=family, source=rows, limit=n, **more)]


def _few_subjects(rows: BenchmarkRows, n: int) -> BenchmarkRows:
    """MMLU's rows of `n` subjects, so that examples are shared by about as many items as in a whole run."""
    splits = {
        split: kept_split(
            rows.place, [row for row in rows.raw(split) if row.data["subject"] in SUBJECTS[:n]], split
        )
        for split in ("test", "dev")
    }
    return BenchmarkRows("mmlu", splits)


def _of_bank(name: str, n: int) -> list[CapabilitySpec]:
    asked: dict[str, Any] = {"benchmark": name.rstrip("05"), "limit": n}
    more = {
        "mmlu5": {"form": "letters", "num_fewshot": 5},
        "mmlu0": {"form": "letters"},
        "gsm8k": {"num_fewshot": 8, "max_tokens": NEW_TOKENS},
    }
    return list(_materials("bank", capability=[asked | more.get(name, {})]).capability)


def battery(data: Path | None) -> list[FacetMaterial]:
    """The sycophancy battery: three facets under all their conditions."""
    facets = {facet: dict(limits) for facet, limits in FACETS.items()}
    if data is not None:  # the public are-you-sure rows are multiple choice
        facets["are_you_sure"]["form"] = "choice"  # type: ignore[assignment]
    return list(_materials("bank" if data is None else str(data), facets=facets).facets.values())


def _materials(data: str, **asked: Any) -> Materials:
    raw = {"study": "perf", "seed": SEED, "model": {"name": MODEL}, "data": data}
    return Materials(parse_study(raw | asked, "perf"))


def configs(specs: Sequence[CapabilitySpec]) -> list[Any]:
    """The harness's task configs; GSM8K's public rows with the harness's eight fixed examples of `gsm8k_cot`."""
    return [
        _with_fixed_examples(task.config) if spec.task == "gsm8k" else task.config
        for spec in specs
        for task in capability_tasks(spec, seed=SEED)
    ]


def _with_fixed_examples(config: dict[str, Any]) -> dict[str, Any]:
    fixed = load_definition("gsm8k/gsm8k-cot.yaml")
    for key in ("dataset_path", "dataset_name", "dataset_kwargs"):
        fixed.pop(key, None)
    limit = {"max_gen_toks": config["generation_kwargs"]["max_gen_toks"]}
    return fixed | {
        "task": "gsm8k_cot",
        "custom_dataset": config["custom_dataset"],
        "generation_kwargs": fixed["generation_kwargs"] | limit,
    }
