"""What a capability run returns: scores, the records behind them, and the harness's own aggregates."""

from __future__ import annotations

from dataclasses import dataclass

from sycoscope.core.types import Finish, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityRecord:
    """One document as it was asked, and what came back.

    Attributes:
        task: Task name, as in the scores. condition: `chat` or `plain`, as in the scores.
        group: MMLU's subject; empty elsewhere.
        harness_task: The task's name within the harness.
        prompt: The whole text before the first choice or the answer; empty where prompts are not kept.
        prompt_sha256: Digest of that text; equal prompts across subjects mean equal questions (the
            template included).
        target: The right choice's text, or the right number.
        target_position: Index of the right choice as displayed or listed; None for numbers.
        choices: The texts that were scored, in order. logprobs: in nats, summed over tokens; None
            where the answer is generated.
        tied: The two most likely choices are exactly equal; the harness then takes the first.
        response: The generated text. finish: how it ended; `stop` where nothing is generated.
    """

    subject: str
    task: str
    item_id: str
    condition: str
    group: str
    harness_task: str
    prompt: str
    prompt_sha256: str
    target: str
    target_position: int | None
    choices: tuple[str, ...] = ()
    logprobs: tuple[float, ...] | None = None
    tied: bool = False
    response: str = ""
    finish: Finish = "stop"
    n_tokens: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessAggregate:
    """One number as the harness aggregates it.

    Attributes:
        harness_task: The harness's task, or the whole benchmark for MMLU's size-weighted mean.
        metric, filter: The harness's names (`exact_match`, `strict-match`).
        n: Documents that entered. n_available: documents before the limit.
        shots: `harness`, or `fixed` where every item saw the same examples.
        version: Of the harness's task definition; empty for our own tasks.
    """

    subject: str
    task: str
    harness_task: str
    condition: str
    metric: str
    filter: str
    value: float
    n: int
    n_available: int
    num_fewshot: int
    shots: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityResult:
    """Everything of one run; lists are in the order of the benchmarks, then of the documents."""

    scores: list[Score]
    records: list[CapabilityRecord]
    aggregates: list[HarnessAggregate]
    harness_version: str
