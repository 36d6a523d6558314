"""The same numbers as the peers', item by item, in float32 on the embedded model.

    python -m perf.equality --data FOLDER            # log-probabilities and texts of the public sets, then generation
    python -m perf.equality --data FOLDER --n 50 --only hellaswag

Log-likelihoods may differ by 1e-3 nats; no item's choice and no text may differ. Exit code 1 where one does.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from perf import asked, sides

TOLERANCE = 1e-3
BATCHES = (1, 7, 32)
PROMPTS, NEW = 200, 24


def benchmark(model: Any, name: str, data: Path | None, n: int) -> bool:
    """Whether our answers to `n` items are lm-evaluation-harness's own."""
    configs = asked.configs(asked.benchmark(name, data, n))
    ours = sides.ours_on_benchmarks(model, configs)
    theirs = sides.on_benchmarks(sides.harness_peer(model, 4), configs)
    largest, differing = sides.difference(ours, theirs)
    good = largest <= TOLERANCE and differing == 0
    word = "equal" if good else "NOT EQUAL"
    print(
        f"{name}: {len(ours)} items, largest difference {largest:.1e}, {differing} differ: {word}", flush=True
    )
    return good


def generation(model: Any) -> bool:
    """Whether 200 prompts of several lengths get the texts of `transformers.generate`, whatever the batch."""
    from sycoscope.core.types import Decoding

    prompts = _prompts()
    stops = sorted(model._stops)
    ids = [model.template.encode(text) for text in prompts]
    theirs = [sides.generated(model.network, model.tokenizer, [one], NEW, stops)[0].strip() for one in ids]
    good = True
    for rows in BATCHES:
        model.settings = type(model.settings)(name=asked.MODEL, dtype="float32", batch_rows=rows)
        ours = [
            one.text for one in model.generate_until([(text, Decoding(max_tokens=NEW)) for text in prompts])
        ]
        differing = sum(a != b for a, b in zip(ours, theirs, strict=True))
        good &= differing == 0
        print(f"generation, {rows} rows: {len(ours)} texts, {differing} differ", flush=True)
    return good


def _prompts() -> list[str]:
    """Bank questions behind 0 to 6 answered ones."""
    from sycoscope.items import load_bank

    items = load_bank("facts")
    order = np.random.default_rng(asked.SEED).permutation(len(items))
    shots = [f"Q: {items[i].question}\nA: {items[i].target}\n\n" for i in order[PROMPTS : PROMPTS + 6]]
    return [
        "".join(shots[: number % 7]) + f"Q: {items[i].question}\nA:"
        for number, i in enumerate(order[:PROMPTS])
    ]


def main() -> None:
    from sycoscope.models.settings import TorchSettings
    from sycoscope.models.torch_model import TorchModel

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, help="folder in the public layouts; without it the bank is asked"
    )
    parser.add_argument("--n", type=int, default=40, help="items of each benchmark")
    parser.add_argument("--only", choices=[*asked.ITEMS, "generation"])
    given = parser.parse_args()
    model = TorchModel(TorchSettings(name=asked.MODEL, device="cpu", dtype="float32"))
    works = {name: lambda name=name: benchmark(model, name, given.data, given.n) for name in asked.ITEMS}
    works["generation"] = lambda: generation(model)
    found = [work() for name, work in works.items() if given.only in (None, name)]
    sys.exit(0 if all(found) else 1)


if __name__ == "__main__":
    main()
