"""What the table's rows ask: public sets from local files, or the built-in bank where none are named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sycoscope.capability import CapabilitySpec, capability_tasks
from sycoscope.capability.sources import read_rows
from sycoscope.config import parse_study
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


def benchmark(name: str, data: Path | None, scratch: Path, n: int | None = None) -> list[CapabilitySpec]:
    """The benchmark's specs with `n` items.

    Args:
        data: A folder in the public layouts; None for the bank. scratch: a folder for cut data.
    """
    n = ITEMS[name] if n is None else n
    return _of_bank(name, scratch, n) if data is None else _of_files(name, data, scratch, n)


def _of_files(name: str, data: Path, scratch: Path, n: int) -> list[CapabilitySpec]:
    family = name.rstrip("05")
    folder = _materials(str(data), scratch).benchmark_folder(family, str(data))  # type: ignore[arg-type]
    if family == "mmlu":
        folder = _few_subjects(folder, scratch, max(1, n // 50))
    if family == "truthfulqa":
        return [
            CapabilitySpec(benchmark=f"truthfulqa_{kind}", source=folder, limit=n) for kind in ("mc1", "mc2")
        ]
    more: dict[str, Any] = {"mmlu5": {"num_fewshot": 5}, "gsm8k": {"max_tokens": NEW_TOKENS}}.get(name, {})
    return [
        CapabilitySpec(benchmark="gsm8k_cot" if family == "gsm8k" else family, source=folder, limit=n, **more)
    ]


def _few_subjects(folder: Path | None, scratch: Path, n: int) -> Path:
    """MMLU's rows of `n` subjects, so that examples are shared by about as many items as in a whole run."""
    spec = CapabilitySpec(benchmark="mmlu", source=folder)
    target = scratch / "mmlu"
    target.mkdir(exist_ok=True)
    for split in ("test", "dev"):
        rows = [
            row for row in read_rows(spec, split, evaluated=split == "test") if row["subject"] in SUBJECTS[:n]
        ]
        (target / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return target


def _of_bank(name: str, scratch: Path, n: int) -> list[CapabilitySpec]:
    asked: dict[str, Any] = {"benchmark": name.rstrip("05"), "limit": n}
    more = {
        "mmlu5": {"form": "letters", "num_fewshot": 5},
        "mmlu0": {"form": "letters"},
        "gsm8k": {"num_fewshot": 8, "max_tokens": NEW_TOKENS},
    }
    return list(_materials("bank", scratch, capability=[asked | more.get(name, {})]).capability)


def battery(data: Path | None, scratch: Path) -> list[FacetMaterial]:
    """The sycophancy battery: three facets under all their conditions."""
    facets = {facet: dict(limits) for facet, limits in FACETS.items()}
    if data is not None:  # the public are-you-sure rows are multiple choice
        facets["are_you_sure"]["form"] = "choice"  # type: ignore[assignment]
    return list(_materials("bank" if data is None else str(data), scratch, facets=facets).facets.values())


def _materials(data: str, scratch: Path, **asked: Any) -> Materials:
    raw = {"study": "perf", "seed": SEED, "model": {"name": MODEL}, "data": data}
    if not asked:  # a study has to ask something; this one is not played
        asked = {"capability": [{"benchmark": "mmlu", "source": "bank", "limit": 1}]}
    return Materials(parse_study(raw | asked, "perf"), scratch)


def configs(specs: Sequence[CapabilitySpec]) -> list[Any]:
    """The harness's task configs."""
    return [task.config for spec in specs for task in capability_tasks(spec, seed=SEED)]
