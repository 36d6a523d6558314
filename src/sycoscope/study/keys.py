"""The units of a study: what is trained, what is played, with the key that says whether it exists already."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sycoscope.capability import READING, CapabilitySpec, fingerprint
from sycoscope.config import AdapterConfig, JudgeConfig, StudyConfig
from sycoscope.core import records
from sycoscope.core.costs import ANSWERED, CHARACTERS_A_TOKEN, DECODE, PREFILL, TRAIN
from sycoscope.core.files import digest_of
from sycoscope.core.types import Ask, Item, Probe, Task
from sycoscope.facets import scoring
from sycoscope.judging import judge
from sycoscope.study.inputs import FacetMaterial
from sycoscope.training import trainer
from sycoscope.training.rows import Example


@dataclass(frozen=True, slots=True)
class AdapterUnit:
    """One adapter to be trained."""

    name: str
    config: AdapterConfig
    seed: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Tokens, estimated from characters before a tokenizer is at hand."""

    n_trials: int
    prompt_tokens: int
    new_tokens: int
    training_tokens: int = 0

    @property
    def weight(self) -> float:
        """One number for progress: prefill tokens that take as long."""
        return PREFILL * self.prompt_tokens + DECODE * self.new_tokens + TRAIN * self.training_tokens


def adapter_units(config: StudyConfig) -> list[AdapterUnit]:
    """Adapters in order, one a seed; further seeds carry the seed in their name."""
    units = []
    for adapter in config.adapters:
        for index, seed in enumerate(adapter.seeds):
            name = adapter.name if index == 0 else f"{adapter.name}-seed{seed}"
            units.append(AdapterUnit(name, adapter, seed))
    return units


def shards(material: FacetMaterial) -> Iterator[tuple[Item, ...]]:
    """Items that are played and kept together."""
    size = material.config.shard_items
    for start in range(0, len(material.items), size):
        yield material.items[start : start + size]


def shard_key(
    material: FacetMaterial, items: tuple[Item, ...], config: StudyConfig, model_digest: str
) -> str:
    """Everything that can change an answer of this shard."""
    task = material.task
    return digest_of(
        {
            "task": task.version,
            "conditions": list(task.conditions),
            "limits": [getattr(task, "max_tokens", 0), getattr(task, "reply_tokens", 0)],
            "seed": getattr(task, "seed", 0),
            "items": records.item_rows((task.name, item) for item in items),
            "decoding": config.decoding.model_dump(mode="json") | {"seed": config.seed},
            "model": model_digest,
        }
    )


def prior_key(task: Task, items: Sequence[Item], model_digest: str) -> str:
    """Everything that can change the letter probe."""
    return digest_of(
        {
            "task": task.version,
            "items": records.item_rows((task.name, item) for item in items),
            "model": model_digest,
        }
    )


def judge_key(shards: list[str], config: JudgeConfig, judge_digest: str) -> str:
    """Everything that can change what a judge says of these shards."""
    return digest_of(
        {
            "shards": shards,
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
    """Digest of the scorers' source: no reading survives a change of its rules."""
    from importlib.resources import files

    texts = [Path(scoring.__file__).read_bytes()]
    folder = files("sycoscope.scorers")
    texts += [
        entry.read_bytes()
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".py")
    ]
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
    paths = ("capability/scoring.py", "capability/reading.py", "scorers/thinking.py")
    texts = [package.joinpath(path).read_bytes() for path in paths]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def adapter_key(
    examples: list[Example], config: StudyConfig, unit: AdapterUnit, model: dict[str, Any]
) -> str:
    """Everything that can change an adapter's weights."""
    rows = [[[m.role, m.content] for m in row.prompt] + [row.completion] for row in examples]
    return digest_of(
        {
            "rows": rows,
            "settings": config.training_of(unit.config).model_dump(mode="json"),
            "seed": unit.seed,
            "trainer": trainer.VERSION,
            "base": [
                model["base_digest"],
                model["template_hash"],
                model["hardware"]["dtype"],
                model["quantization"],
            ],
            "device": model["hardware"]["device"].split(":")[0],
            "threads": model["hardware"]["threads"] if model["hardware"]["device"] == "cpu" else 0,
        }
    )


# --- costs ---


def facet_cost(material: FacetMaterial) -> Cost:
    """Distinct requests of a facet, as the runner will ask them."""
    prompt = new = 0.0
    seen: set[str] = set()
    for item in material.items:
        for condition in material.task.conditions:
            dialogue = material.task.dialogue(item, condition)
            history = 0.0
            transcript = ""
            turn = next(dialogue, None)
            while turn is not None:
                transcript += f"|{turn.name}:{turn.content}"
                length = len(turn.content) / CHARACTERS_A_TOKEN + 12
                fresh = transcript not in seen
                seen.add(transcript)
                if isinstance(turn, Probe):
                    prompt += fresh * (history + length) * len(turn.options)
                elif isinstance(turn, Ask):
                    prompt += fresh * (history + length)
                    new += fresh * turn.max_tokens * ANSWERED
                    history += length + turn.max_tokens * ANSWERED
                turn = _advance(dialogue, turn)
    n_trials = len(material.items) * len(material.task.conditions)
    return Cost(n_trials, round(prompt), round(new))


def _advance(dialogue: Any, turn: Ask | Probe) -> Ask | Probe | None:
    from sycoscope.core.types import ChoiceLogprobs, Response

    reply = Response(text="...") if isinstance(turn, Ask) else ChoiceLogprobs(logprobs=None)
    try:
        following: Ask | Probe = dialogue.send(reply)
    except StopIteration:
        return None
    return following


def capability_cost(spec: CapabilitySpec) -> Cost:
    """Cost of a benchmark; exact in items where they are at hand, else from its limit (or its usual size)."""
    benchmark, items = spec.definition.benchmark, spec.items
    if items is not None:
        lengths = [len(item.question) / CHARACTERS_A_TOKEN + 30 for item in items]
        per_choice = [max(1, len(item.choices)) for item in items]
        prompt = sum(length * n for length, n in zip(lengths, per_choice, strict=True))
        return Cost(len(items), round(prompt), benchmark.bank_new_tokens * len(items))
    n = spec.limit or benchmark.size
    prompt_tokens, new_tokens = benchmark.tokens
    return Cost(n, n * prompt_tokens, n * new_tokens)


def training_cost(examples: list[Example], config: StudyConfig, unit: AdapterUnit) -> Cost:
    """Tokens that are trained on, over all steps."""
    settings = config.training_of(unit.config)
    lengths = [
        (sum(len(m.content) for m in row.prompt) + len(row.completion)) / CHARACTERS_A_TOKEN + 30
        for row in examples
    ]
    mean = min(sum(lengths) / max(1, len(lengths)), settings.max_length)
    kept = len(examples) * (1 - settings.validation_share)
    batch = settings.batch_rows * settings.accumulation
    steps = settings.steps or max(1, round(kept / batch * settings.epochs))
    return Cost(len(examples), 0, 0, round(steps * batch * mean))
