"""The fast engine against the plain one and lm-evaluation-harness: same items, model, process, threads.

    python perf/bench_engine.py --data FOLDER hellaswag mmlu5 truthfulqa gsm8k

FOLDER holds the public sets in the layout `hellaswag/test.jsonl`, `truthfulqa/test.jsonl`, `mmlu/test.parquet`,
`mmlu/dev.parquet`, `gsm8k/test.jsonl`, `gsm8k/train.jsonl`. Sides run in turn; the least time of each counts.
With `--clock cpu` the time is the process's own, which other work on the machine disturbs little.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sycoscope.models import continuous, decoding, likelihood, tree
from sycoscope.models.torch_model import ModelSettings, TorchModel
from sycoscope.types import Decoding

LETTERS = "ABCD"


def read_lines(path: Path, n: int) -> list[dict[str, Any]]:
    with path.open() as file:
        return [json.loads(line) for line, _ in zip(file, range(n), strict=False)]


def hellaswag(data: Path, n: int) -> list[tuple[str, str]]:
    rows = read_lines(data / "hellaswag/test.jsonl", n)
    return [(row["activity_label"] + ": " + row["ctx"], " " + end) for row in rows for end in row["endings"]]


def truthfulqa(data: Path, n: int) -> list[tuple[str, str]]:
    rows = read_lines(data / "truthfulqa/test.jsonl", n + 40)
    # a fixed primer of short questions, as long as the one of the public task (about 250 tokens)
    shots = [f"Q: {row['question']}\nA: {row['mc1_targets']['choices'][0]}" for row in rows[n : n + 8]]
    head = "\n\n".join(shots) + "\n\n"
    return [
        (f"{head}Q: {row['question']}\nA:", " " + choice)
        for row in rows[:n]
        for kind in ("mc1_targets", "mc2_targets")
        for choice in row[kind]["choices"]
    ]


def mmlu(data: Path, n: int, shots: int) -> list[tuple[str, str]]:
    import polars as pl

    test, dev = (pl.read_parquet(data / "mmlu" / f"{name}.parquet") for name in ("test", "dev"))
    pairs = []
    for subject in ("anatomy", "econometrics", "college_medicine", "clinical_knowledge"):
        examples = dev.filter(pl.col("subject") == subject).head(shots).to_dicts()
        head = f"The following are multiple choice questions (with answers) about {subject.replace('_', ' ')}.\n\n"
        head += "".join(f"{mmlu_text(row)} {LETTERS[row['answer']]}\n\n" for row in examples)
        for row in test.filter(pl.col("subject") == subject).head(n).to_dicts():
            pairs += [(head + mmlu_text(row), f" {letter}") for letter in LETTERS]
    return pairs


def mmlu_text(row: dict[str, Any]) -> str:
    options = "".join(f"{letter}. {text}\n" for letter, text in zip(LETTERS, row["choices"], strict=True))
    return f"{row['question'].strip()}\n{options}Answer:"


def gsm8k(data: Path, n: int) -> list[str]:
    shots = read_lines(data / "gsm8k/train.jsonl", 8)
    head = "".join(f"Q: {row['question']}\nA: {row['answer']}\n\n" for row in shots)
    return [f"{head}Q: {row['question']}\nA:" for row in read_lines(data / "gsm8k/test.jsonl", n)]


def chat(data: Path, n: int) -> list[str]:
    rows = read_lines(data / "gsm8k/test.jsonl", n)
    return [f"<|im_start|>user\n{row['question']}<|im_end|>\n<|im_start|>assistant\n" for row in rows]


def alternate(sides: dict[str, Callable[[], Any]], rounds: int, clock: Callable[[], float]) -> dict[str, Any]:
    best: dict[str, float] = {}
    answers: dict[str, Any] = {}
    for _ in range(rounds):
        for name, work in sides.items():
            start = clock()
            answers[name] = work()
            best[name] = min(best.get(name, float("inf")), clock() - start)
    return {"seconds": best, "answers": answers}


def harness(model: TorchModel, batch: int) -> Any:
    from lm_eval.models.huggingface import HFLM

    return HFLM(pretrained=model.network, tokenizer=model.tokenizer, batch_size=batch, backend="causal")


def scoring(model: TorchModel, texts: Sequence[tuple[str, str]], args: Any, clock: Any) -> dict[str, Any]:
    pairs = [model.template.encode_pair(*text) for text in texts]
    requests = [(text, *pair) for text, pair in zip(texts, pairs, strict=True)]
    lengths = {"budget": args.budget, "max_length": model.max_length}
    sides: dict[str, Callable[[], Any]] = {"fast": lambda: tree.score_pairs(model.network, pairs, **lengths)}
    if "plain" in args.sides:
        sides["plain"] = lambda: likelihood.score_pairs(model.network, pairs, pad_id=0, **lengths)
    if "harness" in args.sides:
        peer = harness(model, args.batch)
        sides["harness"] = lambda: peer._loglikelihood_tokens(requests, disable_tqdm=True)
    out = alternate(sides, args.rounds, clock)
    fast = [value for value, _ in out["answers"]["fast"]]
    distinct = {tuple(ids[:k]) for a, b in pairs for ids in [(a + b)[:-1]] for k in range(1, len(ids) + 1)}
    forwarded = {(*a, *b[:-1]) for a, b in pairs}
    report = {
        "pairs": len(pairs),
        "tree_tokens": len(distinct),
        "row_tokens": sum(len(a) + len(b) - 1 for a, b in pairs),
        "distinct_row_tokens": sum(map(len, forwarded)),
        "seconds": {name: round(value, 3) for name, value in out["seconds"].items()},
    }
    for name in sides:
        other = [value for value, *_ in out["answers"][name]]
        report[f"{name}_over_fast"] = round(out["seconds"][name] / out["seconds"]["fast"], 2)
        report[f"{name}_largest_difference"] = max(abs(a - b) for a, b in zip(fast, other, strict=True))
    return report


def generation(model: TorchModel, prompts: Sequence[str], args: Any, clock: Any) -> dict[str, Any]:
    encoded = [model.template.encode(prompt) for prompt in prompts]
    asks = [Decoding(max_tokens=args.new_tokens, stop=("Q:",)) for _ in prompts]
    stops = decoding.Stops(model._stops, model._to_text)
    shape = {"budget": args.budget * 4, "most_rows": args.batch}
    sides: dict[str, Callable[[], Any]] = {
        "fast": lambda: continuous.generate(model.network, encoded, asks, stops, **shape)
    }
    if "plain" in args.sides:
        sides["plain"] = lambda: decoding.generate(model.network, encoded, asks, stops, pad_id=0, **shape)
    if "harness" in args.sides:
        from lm_eval.api.instance import Instance

        peer = harness(model, args.batch)
        options = {"until": ["Q:"], "max_gen_toks": args.new_tokens, "do_sample": False}
        requests = [
            Instance(request_type="generate_until", doc={}, arguments=(prompt, options), idx=0)
            for prompt in prompts
        ]
        sides["harness"] = lambda: peer.generate_until(requests, disable_tqdm=True)
    out = alternate(sides, args.rounds, clock)
    fast = out["answers"]["fast"]
    tokens = sum(response.n_tokens for response in fast)
    report: dict[str, Any] = {
        "prompts": len(prompts),
        "prompt_tokens": sum(map(len, encoded)),
        "new_tokens": tokens,
        "new_tokens_per_second": round(tokens / out["seconds"]["fast"], 1),
        "seconds": {name: round(value, 3) for name, value in out["seconds"].items()},
    }
    for name in sides:
        texts = [getattr(answer, "text", answer).strip() for answer in out["answers"][name]]
        report[f"{name}_over_fast"] = round(out["seconds"][name] / out["seconds"]["fast"], 2)
        report[f"{name}_same_texts"] = sum(a.text == b for a, b in zip(fast, texts, strict=True))
    return report


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "work", nargs="+", choices=["hellaswag", "mmlu0", "mmlu5", "truthfulqa", "gsm8k", "chat"]
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--n", type=int, default=20, help="items (for mmlu: of each of 4 subjects)")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32, help="rows of a batch (harness, generation)")
    parser.add_argument("--budget", type=int, default=4096)
    parser.add_argument("--new-tokens", type=int, default=200)
    parser.add_argument("--sides", nargs="*", default=["plain", "harness"])
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    args = parser.parse_args()
    import torch

    torch.set_num_threads(args.threads)
    clock = time.perf_counter if args.clock == "wall" else time.process_time
    model = TorchModel(ModelSettings(name=args.model, dtype=args.dtype))
    makers: dict[str, Callable[[], Any]] = {
        "hellaswag": lambda: hellaswag(args.data, args.n),
        "truthfulqa": lambda: truthfulqa(args.data, args.n),
        "mmlu0": lambda: mmlu(args.data, args.n, 0),
        "mmlu5": lambda: mmlu(args.data, args.n, 5),
        "gsm8k": lambda: gsm8k(args.data, args.n),
        "chat": lambda: chat(args.data, args.n),
    }
    for name in args.work:
        bench = generation if name in {"gsm8k", "chat"} else scoring
        report = bench(model, makers[name](), args, clock)
        print(json.dumps({"work": name, "dtype": model.hardware.dtype, **report}), flush=True)


if __name__ == "__main__":
    main()
