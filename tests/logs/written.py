"""Small logs as lm-evaluation-harness writes them, row by row; the shapes are those of recorded/."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
DATE = "2026-11-30T12-00-00.000001"


def row(doc_id: int, value: Any, *, metric: str = "acc", filter_: str = "none", **doc: Any) -> Row:
    """One sample; keys of `doc` lie over the document's own."""
    document = {"question": f"What is {doc_id} + 1?", "answer": doc_id + 1} | doc
    return {
        "doc_id": doc_id,
        "doc": document,
        "target": str(document["answer"]),
        "arguments": {"gen_args_0": {"arg_0": f"Q: {document['question']}\nA:", "arg_1": {"until": ["\n"]}}},
        "resps": [["a text"]],
        "filtered_resps": ["a text"],
        "filter": filter_,
        "metrics": [metric],
        "doc_hash": "0" * 64,
        "prompt_hash": "1" * 64,
        "target_hash": "2" * 64,
        metric: value,
    }


def rows(values: Mapping[int, Any] | Sequence[Any], **more: Any) -> list[Row]:
    """A sample for each document: by id, or numbered from 0."""
    pairs = values.items() if isinstance(values, Mapping) else enumerate(values)
    return [row(doc_id, value, **more) for doc_id, value in pairs]


def folder(path: Path, samples: Mapping[str, Iterable[Row]], model: str = "model", **results: Any) -> Path:
    """A folder of results: task -> its samples, with the results file where something is to stand in it."""
    inner = path / model
    inner.mkdir(parents=True)
    for task, found in samples.items():
        text = "".join(json.dumps(one) + "\n" for one in found)
        (inner / f"samples_{task}_{DATE}.jsonl").write_text(text)
    whole = {
        "model_name": model,
        "lm_eval_version": "0.4.13",
        "config": {},
        "versions": dict.fromkeys(samples, 1),
    }
    (inner / f"results_{DATE}.json").write_text(json.dumps(whole | results))
    return path
