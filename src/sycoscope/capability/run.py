"""Asks benchmarks of a model and keeps what the harness's samples hold."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sycoscope.capability.results import CapabilityRecord, CapabilityResult
from sycoscope.capability.scoring import score_records
from sycoscope.capability.spec import CapabilitySpec
from sycoscope.capability.tasks import Document, HarnessTask, capability_tasks
from sycoscope.core.errors import ConfigError, require
from sycoscope.core.protocols import TextModel
from sycoscope.core.types import Response, Unscored

# The harness's filters over one generated answer, as they are named in the scores.
FILTERS = {"strict-match": "strict", "flexible-extract": "flexible"}
Sample = Mapping[str, Any]


def run_capability(
    model: TextModel,
    specs: Sequence[CapabilitySpec],
    *,
    subject: str,
    limit: int | None = None,
    seed: int = 1234,
    chat: bool = True,
    system: str = "",
) -> CapabilityResult:
    """Ask the tasks and score what came back; arguments and errors are those of `ask_capability`."""
    records = ask_capability(model, specs, subject=subject, limit=limit, seed=seed, chat=chat, system=system)
    return CapabilityResult(scores=score_records(records), records=records)


def ask_capability(
    model: TextModel,
    specs: Sequence[CapabilitySpec],
    *,
    subject: str,
    limit: int | None = None,
    seed: int = 1234,
    chat: bool = True,
    system: str = "",
) -> list[CapabilityRecord]:
    """Ask the tasks and return what came back, one record per document; `score_records` reads it.

    All log-probability requests of all tasks go to the model in one call, and all generations in
    another. Records have the condition `chat` or `plain`, so that the two are never paired.

    Args:
        model: The model under test (see harness_model.py for what is asked of it).
        subject: Its name in the records.
        limit: Most items of a task, where its spec sets none.
        seed: Of the selection of items, of shuffled letters and of the harness's few-shot draw. The
            harness's own default is 1234. Use one seed for all subjects of a study.
        chat: Chat template, few-shot examples as turns; otherwise plain text.
        system: A system text before every prompt; empty for none.

    Raises:
        ConfigError, DataError, MissingError: A choice, a row or a file is wrong; nothing was asked.
        DependencyError: lm_eval is not installed or too old.
    """
    require("lm_eval", "capability")
    _check_names(specs)
    tasks = [task for spec in specs for task in capability_tasks(spec, limit=limit, seed=seed)]
    from sycoscope.capability.harness import evaluate, harness_version
    from sycoscope.capability.harness_model import HarnessModel

    configs = [task.config for task in tasks]
    lm = HarnessModel(model, seed=seed, goes_on=True)
    raw = evaluate(lm, configs, fewshot_seed=seed, chat=chat, system=system)
    records: list[CapabilityRecord] = []
    for task in tasks:
        name = task.config["task"]
        common = {
            "subject": subject,
            "task": task.spec.task,
            "condition": "chat" if chat else "plain",
            "harness_task": name,
            "scorer": f"lm_eval-{harness_version()}/{task.spec.task}@{raw['versions'][name]}",
        }
        records += _records(task, raw["samples"][name], common)
    return records


def _check_names(specs: Sequence[CapabilitySpec]) -> None:
    if not specs:
        raise ConfigError("no capability task was named; give at least one")
    names = [spec.task for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"capability task {name!r} is asked twice; ask it in two runs, or once")


def _records(
    task: HarnessTask, samples: Sequence[Sample], common: Mapping[str, Any]
) -> Iterator[CapabilityRecord]:
    """One record per document of a task, in the documents' order."""
    by_document: dict[int, list[Sample]] = {index: [] for index in range(len(task.documents))}
    for sample in samples:
        by_document[sample["doc_id"]].append(sample)
    answered = _generated if task.config["output_type"] == "generate_until" else _chosen
    for index, of_document in by_document.items():
        document = task.documents[index]
        prompt = of_document[0]["arguments"][0][0]
        yield CapabilityRecord(
            **common,
            **_of_document(document),
            prompt=prompt,
            prompt_sha256=hashlib.sha256(prompt.encode()).hexdigest(),
            **answered(task, of_document),
        )


def _of_document(document: Document) -> dict[str, Any]:
    return {
        "item_id": document.id,
        "group": document.group,
        "target": document.target,
        "target_position": document.target_position,
    }


def _chosen(task: HarnessTask, samples: Sequence[Sample]) -> dict[str, Any]:
    """Log-probabilities of the choices, and the harness's metrics of them."""
    (sample,) = samples
    answers = [answers[0][0] for answers in sample["resps"]]
    why = next((answer.error for answer in answers if isinstance(answer, Unscored)), "")
    logprobs = tuple(float(answer) for answer in answers)
    finite = all(math.isfinite(value) for value in logprobs)
    metrics: dict[str, float | None] = {}
    for metric in sample["metrics"]:
        # the harness calls the probability mass of mc2 `acc` too
        name = "mc2" if task.spec.task == "truthfulqa_mc2" else metric
        value = float(sample[metric]) if finite else math.nan
        # A probability mass over choices that all underflow is not a number: not scored, never 0.
        metrics[name] = value if math.isfinite(value) else None
    ranked = sorted(logprobs, reverse=True)
    return {
        "choices": tuple(arguments[1] for arguments in sample["arguments"]),
        "logprobs": logprobs if finite else None,
        "tied": finite and len(ranked) > 1 and ranked[0] == ranked[1],
        "error": "" if finite else why or f"log-probabilities {logprobs}",
        "metrics": metrics,
    }


def _generated(_: HarnessTask, samples: Sequence[Sample]) -> dict[str, Any]:
    """The generated text, and the harness's matches as they are."""
    response: Response = samples[0]["resps"][0][0].response
    failed = response.finish == "error"
    return {
        "response": response.text,
        "finish": response.finish,
        "n_tokens": response.n_tokens,
        "error": response.error,
        "metrics": {
            f"exact_match_{FILTERS.get(sample['filter'], sample['filter'])}": (
                None if failed else float(sample["exact_match"])
            )
            for sample in samples
        },
    }
