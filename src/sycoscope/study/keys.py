"""Keys of what a study keeps: each is a digest of everything that can change what lies under it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from sycoscope.capability import READING, CapabilitySpec, fingerprint
from sycoscope.config import JudgeConfig, StudyConfig, TrainingConfig
from sycoscope.core import records
from sycoscope.core.files import digest_of
from sycoscope.core.processes import n_processes
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
        _asked(material.task, items, model_digest, config.system)
        | {"decoding": config.decoding.model_dump(mode="json") | {"seed": config.seed}}
    )


def prior_key(task: Task, items: Sequence[Item], model_digest: str, system: str = "") -> str:
    """Everything that can change the letter probe (which has no decoding)."""
    return digest_of(_asked(task, items, model_digest, system))


def _asked(task: Task, items: Sequence[Item], model_digest: str, system: str) -> dict[str, Any]:
    """What a task asks of which items, and whom."""
    return _told(system) | {
        "task": task.version,
        "conditions": list(task.conditions),
        "parameters": dict(task.parameters()),
        "items": records.item_rows((task.name, item) for item in items),
        "model": model_digest,
    }


def _told(system: str) -> dict[str, str]:
    """A system text; a study without one keeps the keys that it had before there were any."""
    return {"system": system} if system else {}


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
    return digest_of(
        {
            "shard": shard,
            "scoring": scoring.VERSION,
            "code": _code(*SCORING_CODE),
            "libraries": _versions(*READING_LIBRARIES),
        }
    )


# What decides how answers are read: packages whole, modules alone, with all that they import of this package.
SCORING_CODE = ("facets", "scorers", "core")
READING_CODE = ("capability/reading.py", "capability/results.py", "capability/scoring.py", "scorers", "core")
# What the scorers read with beside their own rules.
READING_LIBRARIES = ("rapidfuzz", "vaderSentiment")


@cache
def _versions(*libraries: str) -> dict[str, str]:
    return {name: version(name) for name in libraries}


@cache
def _code(*parts: str) -> str:
    """Digest of the source of packages and modules: no reading survives a change of its rules."""
    digest = hashlib.sha256()
    for part in parts:
        if part.endswith(".py"):
            found = [files("sycoscope").joinpath(part)]
        else:
            inside = sorted(files(f"sycoscope.{part}").iterdir(), key=lambda entry: entry.name)
            found = [entry for entry in inside if entry.name.endswith(".py")]
        for entry in found:
            digest.update(entry.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def capability_key(spec: CapabilitySpec, config: StudyConfig, model_digest: str) -> str:
    """Everything that can change an answer to a benchmark; the rows count by content."""
    return digest_of(
        _told(config.system)
        | {
            "asked": fingerprint(spec),
            "seed": config.seed,
            "chat": config.chat,
            "harness": version("lm_eval"),
            "model": model_digest,
        }
    )


def capability_score_key(answers: str) -> str:
    """Scores of a benchmark have a key of their own: a better reading scores again without asking again."""
    return digest_of({"answers": answers, "reading": READING, "code": _code(*READING_CODE)})


# Settings that only decide which rows there are, and what the base answers to them: the rows say it.
IN_ROWS = ("answer_temperature", "answer_tokens", "replay")
# Settings that change no weight.
WITHOUT_EFFECT = ("monitor",)
# Keys that came later: an adapter that does not use them keeps the key that it had before there were any.
LATER_LORA = ("dora", "rslora")
OF_PAIRS = ("objective", "beta")


def adapter_key(
    examples: Sequence[Example],
    settings: TrainingConfig,
    seed: int,
    model: Mapping[str, Any],
    logits: Mapping[str, float] | None = None,
) -> str:
    """Everything that can change an adapter's weights.

    Args:
        examples: With their completions, those of the base too.
        model: The base's record.
        logits: What the base does with its logits (`supervised.logit_shape`); empty for most.
    """
    rows = [
        [[m.role, m.content] for m in row.prompt]
        + [row.completion]
        + ([] if row.ends else ["cut"])
        + ([{"rejected": row.rejected}] if row.rejected else [])
        for row in examples
    ]
    hardware = model["hardware"]
    # of a base that runs code of its own, that too; others keep the key that they had before it was told
    code = [model["code"]] if model.get("code") else []
    return digest_of(
        {
            "rows": rows,
            "settings": _of_weights(settings),
            "seed": seed,
            "trainer": trainer.VERSION,
            "base": [
                model["base_digest"],
                model["template_hash"],
                hardware["dtype"],
                model["quantization"],
                *code,
            ],
            "device": hardware["device"].split(":")[0],
            "threads": hardware["threads"] if hardware["device"] == "cpu" else 0,
        }
        | ({"logits": dict(logits)} if logits else {})
        # each takes rows of its own in a step
        | ({"processes": n_processes()} if n_processes() > 1 else {})
    )


def _of_weights(settings: TrainingConfig) -> dict[str, Any]:
    """The settings that can change an adapter's weights, once its rows are known."""
    unused = OF_PAIRS if settings.objective == "sft" else ()
    kept = settings.model_dump(mode="json", exclude={*IN_ROWS, *WITHOUT_EFFECT, *unused})
    kept["lora"] = {key: value for key, value in kept["lora"].items() if value or key not in LATER_LORA}
    return kept
