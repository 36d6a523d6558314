"""Keys of what a study keeps: each is a digest of everything that can change what lies under it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sycoscope.capability import READING, CapabilitySpec, fingerprint
from sycoscope.config import JudgeConfig, StudyConfig, TrainingConfig
from sycoscope.core import records
from sycoscope.core.files import digest_of
from sycoscope.core.protocols import Task
from sycoscope.core.types import Item
from sycoscope.facets import scoring
from sycoscope.judging import judge
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
    """Everything that can change a judge's replies on these shards."""
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


# What scorers read texts with, beside their own files.
READ_BY_CORE = ("answer_names.py", "folding.py", "number_values.py", "reasoning.py", "typesetting.py")


def _scoring_code() -> str:
    """Digest of the facets' and the scorers' source: no reading survives a change of its rules."""
    from importlib.resources import files

    texts = [
        entry.read_bytes()
        for package in ("sycoscope.facets", "sycoscope.scorers")
        for entry in sorted(files(package).iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".py")
    ]
    core = files("sycoscope.core")
    texts += [core.joinpath(name).read_bytes() for name in READ_BY_CORE]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def capability_key(spec: CapabilitySpec, config: StudyConfig, model_digest: str) -> str:
    """Everything that can change an answer to a benchmark; the rows count by content."""
    from importlib.metadata import version

    return digest_of(
        {
            "asked": fingerprint(spec),
            "seed": config.seed,
            "chat": config.chat,
            "harness": version("lm_eval"),
            "model": model_digest,
        }
    )


def capability_score_key(answers: str) -> str:
    """Scores of a benchmark have a key of their own: a better reading scores again without asking again."""
    return digest_of({"answers": answers, "reading": READING, "code": _reading_code()})


def _reading_code() -> str:
    """Digest of the source that reads answers to benchmarks."""
    from importlib.resources import files

    package = files("sycoscope")
    paths = (
        "capability/scoring.py",
        "capability/reading.py",
        "scorers/thinking.py",
        "core/typesetting.py",
        "core/reasoning.py",
    )
    texts = [package.joinpath(path).read_bytes() for path in paths]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


# Settings that only decide which rows there are, and what the base answers to them: the rows say it.
IN_ROWS = ("answer_temperature", "answer_tokens", "replay")


def adapter_key(
    examples: Sequence[Example], settings: TrainingConfig, seed: int, model: Mapping[str, Any]
) -> str:
    """Everything that can change an adapter's weights.

    Args:
        examples: With their completions, those of the base too.
        model: The base's record.
    """
    rows = [
        [[m.role, m.content] for m in row.prompt] + [row.completion] + ([] if row.ends else ["cut"])
        for row in examples
    ]
    hardware = model["hardware"]
    return digest_of(
        {
            "rows": rows,
            "settings": settings.model_dump(mode="json", exclude=set(IN_ROWS)),
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
