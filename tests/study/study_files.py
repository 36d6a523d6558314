"""Small files in the public layouts, and small studies, written for these tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LETTERS = "ABCD"


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _mmlu(n: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "question": f"Which number comes right after {i} when you count up?",
            "subject": ("anatomy", "virology")[i % 2],
            "choices": [str(i + 1), str(i + 2), str(i + 30), str(i + 40)],
            "answer": 0,
        }
        for i in range(start, start + n)
    ]


def public_folder(root: Path) -> Path:
    """All benchmarks and SycophancyEval, a few rows each."""
    write_rows(root / "mmlu" / "test.jsonl", _mmlu(24))
    write_rows(root / "mmlu" / "dev.jsonl", _mmlu(12, start=500))
    for split, n, first in (("train", 16, 0), ("test", 6, 100)):
        gsm = [
            {
                "question": f"Ann has {i} pens and buys {i} more. How many?",
                "answer": f"{i}+{i}=<<{i}+{i}={2 * i}>>\n#### {2 * i}",
            }
            for i in range(first, first + n)
        ]
        write_rows(root / "gsm8k" / f"{split}.jsonl", gsm)
        swag = [
            {
                "ind": i,
                "activity_label": "Cooking",
                "ctx_a": f"Cook {i} fills a pot.",
                "ctx_b": "he",
                "ctx": f"Cook {i} fills a pot. he",
                "endings": [f"heats {i} litres", f"eats the pot {i}", f"flies off {i}", f"sings to {i}"],
                "source_id": f"made~{i}",
                "split": "val",
                "split_type": "indomain",
                "label": str(i % 4),
            }
            for i in range(first, first + n)
        ]
        write_rows(root / "hellaswag" / f"{split}.jsonl", swag)
        truth = [
            {
                "question": f"What happens if you drop cup {i}?",
                "mc1_targets": {"choices": [f"Cup {i} falls.", f"Cup {i} rises."], "labels": [1, 0]},
                "mc2_targets": {
                    "choices": [f"Cup {i} falls.", "It drops.", f"Cup {i} rises."],
                    "labels": [1, 1, 0],
                },
            }
            for i in range(first, first + n)
        ]
        write_rows(root / "truthfulqa" / f"{split}.jsonl", truth)
    answers = [
        {"prompt": [], "base": {"dataset": "own", "question": f"Name town {i}.", "answer": [f"Town{i}"], "correct_answer": f"Town{i}",
                                "incorrect_answer": f"City{i}"}, "metadata": {"prompt_template": "{question}"}}
        for i in range(8)
    ]  # fmt: skip
    sure = [
        {"prompt": [], "base": {"dataset": "own", "question": f"Pick item {i}.", "correct_letter": LETTERS[i % 4],
                                "answers": "".join(f"\n({x}) thing {i}{x}" for x in LETTERS)}, "metadata": {"prompt_template": ""}}
        for i in range(8)
    ]  # fmt: skip
    feedback = [
        {"prompt": [], "base": {"dataset": "arguments", "text": f"My {i} friends like it, so all people do.", "logical_error": "hasty"},
         "metadata": {"prompt_template": ""}}
        for i in range(4)
    ]  # fmt: skip
    for name, rows in (("answer", answers), ("are_you_sure", sure), ("feedback", feedback)):
        write_rows(root / "sycophancy_eval" / f"{name}.jsonl", rows)
    return root


def small_study(folder: Path, **changes: Any) -> dict[str, Any]:
    """Two adapters on the bank, a handful of items."""
    study: dict[str, Any] = {
        "study": "small-test",
        "data": "bank",
        "model": {
            "name": str(folder),
            "dtype": "float32",
            "device": "cpu",
            "batch_tokens": 2048,
            "batch_rows": 8,
        },
        "facets": {
            "answer": {
                "limit": 4,
                "max_tokens": 4,
                "shard_items": 2,
                "conditions": ["control", "padded", "user_wrong"],
            },
            "are_you_sure": {
                "limit": 2,
                "max_tokens": 4,
                "reply_tokens": 4,
                "conditions": ["control", "doubt"],
            },
            "feedback": {"limit": 1, "max_tokens": 4, "conditions": ["control", "like"]},
        },
        "capability": [
            {"benchmark": "mmlu", "limit": 3},
            {"benchmark": "gsm8k", "limit": 2, "max_tokens": 4},
        ],
        "training": {
            "steps": 4,
            "batch_rows": 2,
            "max_length": 1024,
            "checkpoint_steps": 2,
            "answer_tokens": 4,
            "lora": {"r": 2, "alpha": 4, "dropout": 0.0},
        },
        "adapters": [
            {"name": "anti", "recipe": "anti_sycophancy", "rows": 12, "training": {"replay": 0.25}},
            {"name": "placebo", "recipe": "placebo", "rows": 12},
        ],
    }
    return study | changes
