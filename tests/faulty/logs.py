"""Logs of lm-evaluation-harness that cannot be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from logs.written import DATE, folder, row

from .case import DAMAGE, Case, Maker, Rng, World, damaged, put, shown

OUT = ("--out", "out")
# What makes a row no sample: the first line's kind is what a file is known by.
WRONG: dict[str, tuple[Any, ...]] = {
    "doc_id": (None, 2.5, True, ["a"], {"a": 1}),
    "arguments": (None, 3, "a", True),
    "metrics": (None, 3, "acc", {"acc": 1}, True),
}


def _both(base: Path, change: Callable[[list[dict[str, Any]]], None]) -> Sequence[str]:
    """Two results, of which the second's samples are changed."""
    sides = []
    for name in ("base", "tuned"):
        samples = [row(i, i % 2, cluster=i // 3) for i in range(12)]
        if name == "tuned":
            change(samples)
        sides.append(str(folder(base / name, {"sums": samples}, model=name)))
    return ["compare", *sides, *OUT]


def _no_sample(rng: Rng, _: World) -> Case:
    key = rng.choice(list(WRONG))
    value, at = rng.choice(WRONG[key]), rng.randrange(1, 12)

    def make(base: Path) -> Sequence[str]:
        return _both(base, lambda samples: put(samples, (at, key), value))

    return Case(f"samples: {key} {shown(value)} at {at}", make, (f"samples_sums_{DATE}.jsonl:{at + 1}", key))


def _lacking(rng: Rng, _: World) -> Case:
    key, at = rng.choice(("doc_id", "doc", "arguments", "metrics")), rng.randrange(1, 12)

    def make(base: Path) -> Sequence[str]:
        return _both(base, lambda samples: samples[at].pop(key))

    return Case(f"samples: no {key} at {at}", make, (f"samples_sums_{DATE}.jsonl:{at + 1}", key))


def _twice(rng: Rng, _: World) -> Case:
    at, other = rng.sample(range(12), 2)

    def make(base: Path) -> Sequence[str]:
        return _both(base, lambda samples: samples.insert(at, samples[other]))

    return Case(f"samples: {other} twice, at {at}", make, ("tuned", f"document {other} stands twice"))


def _unlike(rng: Rng, _: World) -> Case:
    at, path, says = rng.randrange(12), *rng.choice(
        [
            (("arguments", "gen_args_0", "arg_0"), "asked with other prompts"),
            (("doc", "question"), "hold other questions"),
            (("target",), "hold other questions"),
        ]
    )  # fmt: skip

    def make(base: Path) -> Sequence[str]:
        return _both(base, lambda samples: put(samples, (at, *path), "something else"))

    return Case(f"samples: another {path[-1]} at {at}", make, ("1 of 12 documents", says, f"They are: {at}"))


def _damaged(rng: Rng, _: World) -> Case:
    how, seed = rng.choice([one for one in DAMAGE if one != "cut"]), rng.randrange(1_000)

    def make(base: Path) -> Sequence[str]:
        arguments = _both(base, lambda samples: None)
        damaged(base / "tuned" / "tuned" / f"samples_sums_{DATE}.jsonl", how, seed)
        return arguments

    return Case(f"samples: {how} {seed}", make, ("tuned", "no log"))


def _options(rng: Rng, _: World) -> Case:
    given, says = rng.choice(
        [
            (("--metric", "f1"), "f1"),
            (("--cluster", "page"), "page"),
            (("--limit", "4"), "--limit"),
            (("--facets", "none"), "--facets"),
            (("--scales", "0.5"), "--scales"),
            (("--control-steps", "5"), "--control-steps"),
            (("--base-url", "http://127.0.0.1:1/v1"), "--base-url"),
            (("--system", "Be brief."), "--system"),
        ]
    )
    return Case(
        f"logs: {' '.join(given)}", lambda base: [*_both(base, lambda samples: None), *given], (says,)
    )


MAKERS: Sequence[Maker] = (_no_sample, _lacking, _twice, _unlike, _damaged, _options)
