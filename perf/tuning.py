"""The row `tuning`: our training of an adapter against TRL's SFTTrainer with its defaults.

The same rows, network, precision, LoRA, rate, batch and updates; what is compared is the loss of both adapters on rows
that were held out. All of it counts: making the trainer, tokenising, training, writing.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from perf import asked
from perf.count import Passes, counted, totals
from perf.machine import Time, compared, timed

ROWS, HELD, BATCH = 320, 80, 8
STEPS = ROWS // BATCH
# How far the losses of both adapters may lie apart, as a share.
SAME_LOSS = 0.02
# Of a token's products: forwards, and backwards to the layer before; with recomputation forwards once more.
OURS, RECOMPUTED = 2, 3


def tuning_row(dtype: str, scratch: Path) -> dict[str, Any]:
    """Measure both sides."""
    from sycoscope.config import parse_study
    from sycoscope.models.settings import TorchSettings
    from sycoscope.models.torch_model import TorchModel
    from sycoscope.study.inputs import Materials
    from sycoscope.training.trainer import encode, train_adapter

    config = parse_study(
        {
            "study": "perf",
            "model": {"name": asked.MODEL, "device": "cpu", "dtype": dtype},
            "adapters": [{"name": "anti", "recipe": "anti_sycophancy", "rows": ROWS + HELD}],
            "training": {
                "steps": STEPS, "batch_rows": BATCH, "learning_rate": 5e-4, "validation_share": 0.0,
                "checkpoint_steps": STEPS, "lora": {"dropout": 0.0},
            },
        }
    )  # fmt: skip
    examples = Materials(config).training_rows(config.adapters[0], config.seed)
    train, held = examples[:ROWS], examples[ROWS:]
    settings = config.training
    model = TorchModel(TorchSettings(name=asked.MODEL, device="cpu", dtype=dtype))
    rows = encode(model, held, settings.max_length).rows
    tokens = sum(len(row["input_ids"]) for row in encode(model, train, settings.max_length).rows)

    def ours() -> None:
        train_adapter(model, train, settings, seed=1, folder=scratch / "ours", record={})

    def peer() -> None:
        _trl(model, train, settings, dtype, scratch / "peer")

    times, passes, losses = _played(model, {"ours": ours, "peer": peer}, rows, scratch)
    head, body = _sizes(model.network)
    work = {
        side: sum(n * body * per + read * head * 2 for n, read in passes[side])
        for side, per in (("ours", OURS), ("peer", RECOMPUTED))
    }
    apart = abs(losses["ours"] - losses["peer"]) / losses["peer"]
    return {
        "n": STEPS,
        **compared(times["ours"], times["peer"]),
        "ceiling": round(work["peer"] / work["ours"], 2),
        "max_difference": float(f"{apart:.2g}"),
        "differing": int(apart > SAME_LOSS),
        "compared": 1,
        "peer_batch": BATCH,
        "losses": {side: round(loss, 4) for side, loss in losses.items()},
        "tokens_s": {side: round(tokens / times[side].wall, 1) for side in times},
        "ours_counts": totals(passes["ours"]),
        "peer_counts": totals(passes["peer"]),
    }


def _played(
    model: Any, sides: dict[str, Callable[[], None]], held: Sequence[dict[str, list[int]]], scratch: Path
) -> tuple[dict[str, Time], dict[str, Passes], dict[str, float]]:
    times: dict[str, list[Time]] = {side: [] for side in sides}
    passes: dict[str, Passes] = {}
    for side, play in sides.items():
        with counted(model.network) as passes[side], timed(times[side]):
            play()
        gc.collect()
        print(side, times[side][0], flush=True)
    losses = {side: _loss(model, scratch / side, held) for side in sides}
    print("loss on held-out rows:", losses, flush=True)
    return {side: found[0] for side, found in times.items()}, passes, losses


def _trl(model: Any, rows: Sequence[Any], settings: Any, dtype: str, folder: Path) -> None:
    """TRL as its manual shows it: prompt and completion, a PEFT config, nothing else chosen."""
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    network = model.network
    trainer = SFTTrainer(
        model=network,
        args=SFTConfig(
            output_dir=str(folder.with_suffix(".work")),
            max_steps=STEPS,
            per_device_train_batch_size=BATCH,
            learning_rate=settings.learning_rate,
            lr_scheduler_type=settings.schedule,
            warmup_steps=settings.warmup_steps,
            weight_decay=settings.weight_decay,
            bf16=dtype == "bfloat16",
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=1,
        ),
        train_dataset=Dataset.from_list(
            [
                {
                    "prompt": [{"role": one.role, "content": one.content} for one in row.prompt],
                    "completion": [{"role": "assistant", "content": row.completion}],
                }
                for row in rows
            ]
        ),
        processing_class=model.tokenizer,
        peft_config=LoraConfig(
            r=settings.lora.r,
            lora_alpha=settings.lora.alpha,
            lora_dropout=settings.lora.dropout,
            target_modules=list(settings.lora.target_modules),
            task_type="CAUSAL_LM",
        ),
    )
    trainer.train()
    trainer.model.save_pretrained(folder)
    trainer.model.unload()
    network.gradient_checkpointing_disable()
    network.requires_grad_(True)


def _loss(model: Any, folder: Path, rows: Sequence[dict[str, list[int]]]) -> float:
    """Mean loss of the supervised tokens of rows that were not trained on."""
    import torch
    from peft import PeftModel

    network = PeftModel.from_pretrained(model.network, folder).eval()
    total, n = 0.0, 0
    with torch.inference_mode():
        for row in rows:
            ids = torch.tensor([row["input_ids"]])
            labels = torch.tensor(row["labels"])[1:]
            logits = network(input_ids=ids).logits[0, :-1].float()
            read = labels >= 0
            total += float(torch.nn.functional.cross_entropy(logits[read], labels[read], reduction="sum"))
            n += int(read.sum())
    network.unload()
    return total / n


def _sizes(network: Any) -> tuple[int, int]:
    """Parameters of the projection, and of the body's matrices."""
    import torch

    head = network.get_output_embeddings().weight
    body = sum(
        one.weight.numel() for one in network.get_decoder().modules() if isinstance(one, torch.nn.Linear)
    )
    return int(head.numel()), int(body)
