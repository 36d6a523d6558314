"""Runs benchmarks on a model and turns the harness's samples into scores and records."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sycoscope.capability.reading import parse_number, read_number
from sycoscope.capability.results import CapabilityRecord, CapabilityResult, HarnessAggregate
from sycoscope.capability.sources import MakeId
from sycoscope.capability.spec import CapabilitySpec
from sycoscope.capability.tasks import Document, HarnessTask, capability_tasks
from sycoscope.core.errors import ConfigError, require
from sycoscope.core.types import Response, Score, Status, TextModel

READING = "sycoscope/number@1"
# The harness's filters over one generated answer, as they are named in the scores.
FILTERS = {"strict-match": "strict", "flexible-extract": "flexible"}
Sample = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What every score and record of one task shares."""

    subject: str
    condition: str
    task: HarnessTask
    scorer: str
    keep_prompts: bool

    def score(
        self,
        document: Document,
        name: str,
        status: Status,
        value: float | None,
        label: str | None,
        scorer: str,
    ) -> Score:
        return Score(
            subject=self.subject,
            task=self.task.spec.task,
            item_id=document.id,
            condition=self.condition,
            draw=0,
            name=name,
            status=status,
            label=label,
            value=value,
            scorer=scorer,
        )

    def record(self, document: Document, prompt: str, **rest: Any) -> CapabilityRecord:
        return CapabilityRecord(
            subject=self.subject,
            task=self.task.spec.task,
            item_id=document.id,
            condition=self.condition,
            group=document.group,
            harness_task=self.task.config["task"],
            prompt=prompt if self.keep_prompts else "",
            prompt_sha256=hashlib.sha256(prompt.encode()).hexdigest(),
            target=document.target,
            target_position=document.target_position,
            **rest,
        )


def run_capability(
    model: TextModel,
    benchmarks: Sequence[CapabilitySpec],
    *,
    subject: str,
    limit: int | None = None,
    seed: int = 1234,
    chat: bool = True,
    make_id: MakeId | None = None,
    keep_prompts: bool = True,
) -> CapabilityResult:
    """Ask the benchmarks and return item results.

    All log-probability requests of all benchmarks go to the model in one call, and all generations in
    another. Scores have the condition `chat` or `plain`, so that the two are never paired.

    Args:
        model: The model under test (see harness_model.py for what is asked of it).
        subject: Its name in the scores.
        limit: Most items a benchmark, where its spec sets none.
        seed: Of the selection of items, of shuffled letters and of the harness's few-shot draw. The
            harness's own default is 1234. Use one seed for all subjects of a study.
        chat: Chat template, few-shot examples as turns; otherwise plain text.
        make_id: See `capability_tasks`.
        keep_prompts: Keep each prompt's text in its record (its digest is kept always).

    Raises:
        ConfigError, DataError, MissingError: A choice, a row or a file is wrong; nothing was asked.
        DependencyError: lm_eval is not installed or too old.
    """
    require("lm_eval", "capability")
    _check_names(benchmarks)
    tasks = [
        task
        for spec in benchmarks
        for task in capability_tasks(spec, limit=limit, seed=seed, make_id=make_id)
    ]
    from sycoscope.capability.harness import evaluate, harness_version
    from sycoscope.capability.harness_model import HarnessModel

    lm = HarnessModel(model, seed=seed)
    raw = evaluate(lm, [task.config for task in tasks], fewshot_seed=seed, chat=chat)
    scores: list[Score] = []
    records: list[CapabilityRecord] = []
    aggregates: list[HarnessAggregate] = []
    condition = "chat" if chat else "plain"
    for task in tasks:
        name = task.config["task"]
        context = _Context(
            subject=subject,
            condition=condition,
            task=task,
            scorer=f"lm_eval-{harness_version()}/{task.spec.benchmark}@{raw['versions'][name]}",
            keep_prompts=keep_prompts,
        )
        by_document: dict[int, list[Sample]] = {index: [] for index in range(len(task.documents))}
        for sample in raw["samples"][name]:
            by_document[sample["doc_id"]].append(sample)
        for index, samples in by_document.items():
            judge = _judge_text if task.config["output_type"] == "generate_until" else _judge_choices
            judged, record = judge(context, task.documents[index], samples)
            scores += judged
            records.append(record)
        aggregates += _aggregates(context, raw["results"][name], str(raw["versions"][name]))
    aggregates += _whole_benchmarks(aggregates)
    return CapabilityResult(
        scores=scores, records=records, aggregates=aggregates, harness_version=harness_version()
    )


def _check_names(benchmarks: Sequence[CapabilitySpec]) -> None:
    if not benchmarks:
        raise ConfigError("no capability benchmark was named; give at least one")
    names = [spec.task for spec in benchmarks]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(
                f"two capability tasks have the name {name!r}; give one of them another name in its spec"
            )


def _judge_choices(
    context: _Context, document: Document, samples: Sequence[Sample]
) -> tuple[list[Score], CapabilityRecord]:
    (sample,) = samples
    logprobs = tuple(float(answers[0][0]) for answers in sample["resps"])
    finite = all(math.isfinite(value) for value in logprobs)
    scores = []
    for metric in sample["metrics"]:
        name = "mc2" if context.task.spec.benchmark == "truthfulqa_mc2" else metric
        value = float(sample[metric]) if finite else math.nan
        # A probability mass over choices that all underflow is not a number: not scored, never 0.
        readable = math.isfinite(value)
        scores.append(
            context.score(
                document,
                name,
                "scored" if readable else "error",
                value if readable else None,
                None,
                context.scorer,
            )
        )
    ranked = sorted(logprobs, reverse=True)
    record = context.record(
        document,
        sample["arguments"][0][0],
        choices=tuple(arguments[1] for arguments in sample["arguments"]),
        logprobs=logprobs if finite else None,
        tied=finite and len(ranked) > 1 and ranked[0] == ranked[1],
        error="" if finite else f"log-probabilities {logprobs}",
    )
    return scores, record


def _judge_text(
    context: _Context, document: Document, samples: Sequence[Sample]
) -> tuple[list[Score], CapabilityRecord]:
    """The harness's matches as they are, and our own reading as `acc`."""
    text = samples[0]["resps"][0][0]
    response: Response = text.response
    failed = response.finish == "error"
    scores = []
    for sample in samples:
        name = f"exact_match_{FILTERS.get(sample['filter'], sample['filter'])}"
        value = None if failed else float(sample["exact_match"])
        scores.append(
            context.score(document, name, "error" if failed else "scored", value, None, context.scorer)
        )
    reading = read_number(response.text, response.finish)
    scored = reading.status == "scored"
    right = reading.number is not None and reading.number == parse_number(document.target)
    label = (reading.label or ("target" if right else "other")) if scored else None
    value = float(right) if scored else None
    scores.append(context.score(document, "acc", reading.status, value, label, READING))
    record = context.record(
        document,
        samples[0]["arguments"][0][0],
        response=response.text,
        finish=response.finish,
        n_tokens=response.n_tokens,
        error=response.error,
    )
    return scores, record


def _aggregates(context: _Context, results: Mapping[str, Any], version: str) -> list[HarnessAggregate]:
    task = context.task
    found = []
    for key, value in results.items():
        metric, comma, name = key.partition(",")
        if not comma or metric.endswith("_stderr"):
            continue
        found.append(
            HarnessAggregate(
                subject=context.subject,
                task=task.spec.task,
                harness_task=task.config["task"],
                condition=context.condition,
                metric=metric,
                filter=name,
                value=float(value),
                n=len(task.documents),
                n_available=task.n_available,
                num_fewshot=task.num_fewshot,
                shots=task.shots,
                version=version,
            )
        )
    return found


def _whole_benchmarks(parts: Sequence[HarnessAggregate]) -> list[HarnessAggregate]:
    """MMLU over its subjects, weighted by size, as the harness's `mmlu` group is."""
    wholes = []
    names = list(dict.fromkeys((part.task, part.metric) for part in parts if part.harness_task != part.task))
    for task, metric in names:
        members = [part for part in parts if part.task == task and part.metric == metric]
        total = sum(part.n for part in members)
        first = members[0]
        wholes.append(
            HarnessAggregate(
                subject=first.subject,
                task=task,
                harness_task=task,
                condition=first.condition,
                metric=metric,
                filter=first.filter,
                value=sum(part.value * part.n for part in members) / total,
                n=total,
                n_available=sum(part.n_available for part in members),
                num_fewshot=first.num_fewshot,
                shots=first.shots,
                version=first.version,
            )
        )
    return wholes
