"""Keys of what a study keeps: each is a digest of everything that can change what lies under it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sycoscope.capability import CapabilitySpec
from sycoscope.config import JudgeConfig, StudyConfig, TrainingConfig
from sycoscope.core import records
from sycoscope.core.costs import CHARACTERS_A_TOKEN
from sycoscope.core.files import digest_of
from sycoscope.core.types import Item, Task
from sycoscope.facets import scoring
from sycoscope.judging import judge
from sycoscope.models.resolve import file_sha256
from sycoscope.study.costs import Cost
from sycoscope.study.inputs import FacetMaterial
from sycoscope.training import trainer
from sycoscope.training.rows import Example


def shards(material: FacetMaterial) -> Iterator[tuple[Item, ...]]:
    """Items that are played and kept together."""
    size = material.config.shard_items
    for start in range(0, len(material.items), size):
        yield material.items[start : start + size]


def shard_key(
    material: FacetMaterial, items: tuple[Item, ...], config: StudyConfig, model_digest: str
) -> str:
    """Everything that can change an answer of this shard."""
    return digest_of(
        _asked(material.task, items, model_digest)
        | {"decoding": config.decoding.model_dump(mode="json") | {"seed": config.seed}}
    )


def prior_key(task: Task, items: Sequence[Item], model_digest: str) -> str:
    """Everything that can change the letter probe (which has no decoding)."""
    return digest_of(_asked(task, items, model_digest))


def _asked(task: Task, items: Sequence[Item], model_digest: str) -> dict[str, Any]:
    """What a task asks of which items, and whom."""
    return {
        "task": task.version,
        "conditions": list(task.conditions),
        "parameters": dict(task.parameters()),
        "items": records.item_rows((task.name, item) for item in items),
        "model": model_digest,
    }


def judge_key(shards: Sequence[str], config: JudgeConfig, judge_digest: str) -> str:
    """Everything that can change what a judge says of these shards."""
    return digest_of(
        {
            "shards": list(shards),
            "judge": judge_digest,
            "questions": judge.VERSION,
            "kinds": list(config.kinds),
            "max_tokens": config.max_tokens,
        }
    )


def score_key(shard: str) -> str:
    """Scores have a key of their own: a better scorer judges again without asking again."""
    return digest_of({"shard": shard, "scoring": scoring.VERSION, "code": _scoring_code()})


def _scoring_code() -> str:
    """Digest of the facets' and the scorers' source: no reading survives a change of its rules."""
    from importlib.resources import files

    texts = [
        entry.read_bytes()
        for package in ("sycoscope.facets", "sycoscope.scorers")
        for entry in sorted(files(package).iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".py")
    ]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def capability_key(spec: CapabilitySpec, config: StudyConfig, model_digest: str) -> str:
    """Everything that can change a benchmark's item results."""
    items = spec.items
    source: Any = (
        records.item_rows((spec.task, item) for item in items)
        if items is not None
        else _folder_digest(spec.source)
        if isinstance(spec.source, Path)
        else "hub"
    )
    from importlib.metadata import version

    return digest_of(
        {
            "benchmark": spec.benchmark,
            "task": spec.task,
            "source": source,
            "shots": records.item_rows((spec.task, item) for item in spec.shots),
            "settings": [
                spec.num_fewshot,
                spec.fixed_shots,
                spec.limit,
                spec.selection,
                spec.shuffle,
                spec.max_tokens,
            ],
            "seed": config.seed,
            "chat": config.chat,
            "harness": version("lm_eval"),
            "model": model_digest,
        }
    )


def _folder_digest(folder: Path) -> list[str]:
    paths = sorted(path for path in folder.iterdir() if path.suffix in {".jsonl", ".parquet"})
    return [f"{path.name}:{file_sha256(path)}" for path in paths]


def adapter_key(
    examples: Sequence[Example], settings: TrainingConfig, seed: int, model: Mapping[str, Any]
) -> str:
    """Everything that can change an adapter's weights.

    Args:
        model: The base's record.
    """
    rows = [[[m.role, m.content] for m in row.prompt] + [row.completion] for row in examples]
    hardware = model["hardware"]
    return digest_of(
        {
            "rows": rows,
            "settings": settings.model_dump(mode="json"),
            "seed": seed,
            "trainer": trainer.VERSION,
            "base": [
                model["base_digest"],
                model["template_hash"],
                hardware["dtype"],
                model["quantization"],
            ],
            "device": hardware["device"].split(":")[0],
            "threads": hardware["threads"] if hardware["device"] == "cpu" else 0,
        }
    )


# rough prompt and answer lengths of the public benchmarks, in tokens: (prompt and choices, new)
_TYPICAL = {"mmlu": (500, 0), "gsm8k": (900, 150), "hellaswag": (400, 0), "truthfulqa": (900, 0)}


def capability_cost(spec: CapabilitySpec) -> Cost:
    """Cost of a benchmark; exact in items where they are at hand, else from its limit (or its usual size)."""
    items = spec.items
    if items is not None:
        lengths = [len(item.question) / CHARACTERS_A_TOKEN + 30 for item in items]
        per_choice = [max(1, len(item.choices)) for item in items]
        prompt = sum(length * n for length, n in zip(lengths, per_choice, strict=True))
        new = 60 * len(items) if spec.definition.family == "arithmetic" else 0
        return Cost(len(items), round(prompt), new)
    n = (
        spec.limit
        or {"mmlu": 14042, "gsm8k": 1319, "hellaswag": 10042, "truthfulqa": 817}[spec.definition.family]
    )
    prompt, new = _TYPICAL[spec.definition.family]
    return Cost(n, n * prompt, n * new)
