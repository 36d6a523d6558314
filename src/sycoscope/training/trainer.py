"""One adapter: rows -> token ids -> TRL's SFTTrainer -> a PEFT folder with its record.

The chat template is the evaluation's; the loss falls on the answer and its end of turn and on nothing else.
A run that was killed goes on from its last checkpoint and ends with the same weights.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sycoscope.config import TrainingConfig
from sycoscope.core.errors import DataError, require
from sycoscope.core.types import Message
from sycoscope.training.rows import Example

RECORD = "sycoscope.json"
# What PEFT reads, and what transformers writes as a checkpoint's last file.
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
STATE = "trainer_state.json"
# Raise when a change of code changes the weights that the same rows and settings give.
VERSION = "trainer@2"
IGNORED = -100  # the label that carries no loss


@runtime_checkable
class Trainable(Protocol):
    """What training needs of a model."""

    tokenizer: Any
    template: Any
    adapters: Any
    base_digest: str
    hardware: Any

    @property
    def network(self) -> Any:
        """The base network."""
        ...

    def chat_text(self, messages: Sequence[Message], *, open_turn: bool = True) -> str:
        """Render with the chat template."""
        ...


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows as token ids. `dropped` counts rows longer than the limit: they are left out, never cut."""

    rows: list[dict[str, list[int]]]
    n_supervised: int
    dropped: int


def encode(model: Trainable, examples: Sequence[Example], max_length: int) -> Encoded:
    """Token ids and labels of the rows.

    Raises:
        DataError: no row fits in `max_length`, or a row has nothing to learn.
    """
    end = model.template.end_of_turn()
    rows, supervised, dropped = [], 0, 0
    for example in examples:
        if not example.completion.strip():
            raise DataError(f"training row of item {example.item_id} ({example.kind}): nothing to learn")
        head, answer = _split(model, model.chat_text(example.prompt), example.completion)
        answer = answer + ([end] if end is not None else [])
        if len(head) + len(answer) > max_length:
            dropped += 1
            continue
        supervised += len(answer)
        rows.append({"input_ids": head + answer, "labels": [IGNORED] * len(head) + answer})
    if not rows:
        raise DataError(
            f"all {len(examples)} training rows are longer than max_length {max_length} tokens; raise it"
        )
    return Encoded(rows, supervised, dropped)


def _split(model: Trainable, prompt: str, completion: str) -> tuple[list[int], list[int]]:
    """Ids of the prompt as the model is given it when it is asked, and of the completion after it."""
    head: list[int] = model.template.encode(prompt)
    whole: list[int] = model.template.encode(prompt + completion)
    if whole[: len(head)] == head:
        return head, whole[len(head) :]
    # a token that spans both is never generated: the prompt's own tokens stand before the answer's
    return head, list(model.tokenizer(completion, add_special_tokens=False).input_ids)


def train_adapter(
    model: Trainable,
    examples: Sequence[Example],
    settings: TrainingConfig,
    *,
    seed: int,
    folder: Path,
    record: dict[str, Any],
    progress: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Tune one adapter and write it to `folder` (all of it or nothing).

    Args:
        examples: In training order; the last `validation_share` are held out.
        record: What the adapter's record keeps beside the trainer's own facts.
        progress: Called with (steps done, steps in all).

    Returns:
        The loss curve: one dict a logged step (step, epoch, loss, eval_loss, learning_rate, grad_norm).
    """
    require("trl", "training")
    encoded = encode(model, examples, settings.max_length)
    n_held = int(len(encoded.rows) * settings.validation_share)
    train, held = encoded.rows[: len(encoded.rows) - n_held], encoded.rows[len(encoded.rows) - n_held :]
    work = folder.with_name(folder.name + ".part")
    last = _last_checkpoint(work)
    # a checkpoint of the last step is not trained on: transformers would take one step more
    if last is None or not last.is_final:
        last = _train(model, train, held, settings, seed, work, last, progress)
    curve = _curve(last.state["log_history"])
    scratch = work / "adapter"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    shutil.copyfile(last.path / WEIGHTS, scratch / WEIGHTS)
    (scratch / CONFIG).write_text(_ordered((last.path / CONFIG).read_text()))
    facts = {
        "base_digest": model.base_digest,
        "template_hash": model.template.hash,
        "dtype": model.hardware.dtype,
        "seed": seed,
        "settings": settings.model_dump(mode="json"),
        "n_rows": len(train),
        "n_validation": len(held),
        "n_dropped": encoded.dropped,
        "n_supervised_tokens": encoded.n_supervised,
        "steps": last.state["global_step"],
        "curve": curve,
    }
    (scratch / RECORD).write_text(json.dumps(facts | record, indent=1))
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)
    shutil.rmtree(work, ignore_errors=True)
    return curve


def _train(
    model: Trainable,
    train: list[dict[str, list[int]]],
    held: list[dict[str, list[int]]],
    settings: TrainingConfig,
    seed: int,
    work: Path,
    last: _Checkpoint | None,
    progress: Callable[[int, int], None] | None,
) -> _Checkpoint:
    """Train from the last checkpoint (or the start) to the checkpoint of the last step, in `work`."""
    from peft.helpers import disable_input_dtype_casting

    network = model.network
    attention = network.config._attn_implementation
    try:
        if model.hardware.device == "cpu":
            # the fused kernel's backward pass is slower than plain products at these lengths on a CPU
            network.set_attn_implementation("eager")
        trainer = _trainer(model, train, held, settings, seed, work)
        trainer.add_callback(_progress_callback(progress))
        # under autocast PEFT's cast of every input to float32 is undone by the next product
        with disable_input_dtype_casting(trainer.model, active=model.hardware.dtype != "float32"):
            trainer.train(resume_from_checkpoint=str(last.path) if last else None)
    finally:
        _unwrap(network)
        network.set_attn_implementation(attention)
    final = _last_checkpoint(work)
    assert final is not None, "transformers writes a checkpoint after the last step"
    return final


def _trainer(
    model: Trainable,
    train: list[dict[str, list[int]]],
    held: list[dict[str, list[int]]],
    settings: TrainingConfig,
    seed: int,
    work: Path,
) -> Any:
    from datasets import Dataset
    from datasets import disable_progress_bars as quiet
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
    from transformers import set_seed
    from trl import SFTConfig, SFTTrainer

    quiet()
    cpu = model.hardware.device == "cpu"
    half = model.hardware.dtype
    config = SFTConfig(
        output_dir=str(work),
        per_device_train_batch_size=settings.batch_rows,
        per_device_eval_batch_size=settings.batch_rows,
        gradient_accumulation_steps=settings.accumulation,
        max_steps=settings.steps or -1,
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        warmup_steps=settings.warmup_steps,
        weight_decay=settings.weight_decay,
        max_length=settings.max_length,
        packing=False,
        # TRL's defaults recompute activations to save memory; at this size that only costs time
        gradient_checkpointing=not cpu,
        bf16=half == "bfloat16",
        fp16=half == "float16" and not cpu,
        use_cpu=cpu,
        seed=seed,
        data_seed=seed,
        logging_strategy="steps",
        logging_steps=1,
        eval_strategy="steps" if held else "no",
        eval_steps=settings.checkpoint_steps,
        save_strategy="steps",
        save_steps=settings.checkpoint_steps,
        save_total_limit=None if settings.load_best else 2,
        load_best_model_at_end=settings.load_best and bool(held),
        dataloader_pin_memory=not cpu,
        prediction_loss_only=True,
        # rows of one length together: a batch of mixed ones is a third padding
        train_sampling_strategy="group_by_length",
        disable_tqdm=True,
        report_to="none",
        dataset_kwargs={"skip_prepare_dataset": True},
    )
    lora = LoraConfig(
        r=settings.lora.r,
        lora_alpha=settings.lora.alpha,
        lora_dropout=settings.lora.dropout,
        target_modules=list(settings.lora.target_modules),
        bias="none",
        task_type="CAUSAL_LM",
    )
    set_seed(seed)  # PEFT draws the first matrices from the global stream
    network = model.network
    if getattr(network, "is_loaded_in_4bit", False):
        network = prepare_model_for_kbit_training(network)
    trainer = _supervised_only(SFTTrainer, model.hardware)(
        model=get_peft_model(network, lora),
        args=config,
        train_dataset=Dataset.from_list(train),
        eval_dataset=Dataset.from_list(held) if held else None,
        processing_class=model.tokenizer,
    )
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)
    return trainer


def _supervised_only(trainer: Any, hardware: Any) -> Any:
    """SFTTrainer whose loss projects the supervised positions alone.

    TRL's projects every position to the vocabulary, in float32, forward and backward. Of a short answer after a
    long prompt a tenth is supervised, and the projection was half of a step (docs/training.md). The loss is the
    same: the mean of -log p over supervised tokens.
    """
    import torch

    half = getattr(torch, hardware.dtype)
    kind = hardware.device.split(":")[0]

    class SupervisedOnly(trainer):  # type: ignore[misc]
        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            def epoch() -> int:
                return int((self.state.epoch or 0.0) + 1e-6)

            return _Replayable(super()._get_train_sampler(train_dataset), self.args.data_seed, epoch)

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            network = self.accelerator.unwrap_model(model).get_base_model()
            labels = inputs["labels"][:, 1:]
            with torch.autocast(kind, dtype=half, enabled=half != torch.float32):
                hidden = network.get_decoder()(
                    input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
                ).last_hidden_state[:, :-1]
                read = labels != IGNORED
                logits = network.get_output_embeddings()(hidden[read]).float()
            loss = torch.nn.functional.cross_entropy(logits, labels[read], reduction="sum")
            loss = loss / (read.sum() if num_items_in_batch is None else num_items_in_batch)
            return (loss, {"loss": loss}) if return_outputs else loss

    return SupervisedOnly


class _Replayable:
    """A sampler whose order a resumed run draws again.

    The library's own draws from the process's global stream. For the first epoch that stream stands where the seed
    put it, also after a resume; where a later epoch began in it, no resumed run can know, so those have streams of
    their own, from (seed, epoch).
    """

    def __init__(self, sampler: Any, seed: int, epoch: Callable[[], int]) -> None:
        self._sampler = sampler
        self._seed = seed
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._sampler)

    def __iter__(self) -> Iterator[int]:
        import torch

        now = self._epoch()
        if now:
            self._sampler.generator = torch.Generator().manual_seed(self._seed * 100_003 + now)
        return iter(self._sampler)


def _progress_callback(progress: Callable[[int, int], None] | None) -> Any:
    from transformers import TrainerCallback

    class Report(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if progress is not None:
                progress(state.global_step, state.max_steps)

        on_train_begin = on_step_end

    return Report()


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    """A checkpoint of transformers, with its trainer's state."""

    path: Path
    state: dict[str, Any]

    @property
    def is_final(self) -> bool:
        """Whether nothing is left to be trained."""
        return int(self.state["global_step"]) >= int(self.state["max_steps"])


def _last_checkpoint(work: Path) -> _Checkpoint | None:
    """The newest checkpoint that was written to its end: the trainer writes the state last."""
    for path in sorted(work.glob("checkpoint-*"), key=lambda path: -int(path.name.split("-")[1])):
        try:
            return _Checkpoint(path, json.loads((path / STATE).read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            continue
    return None


def _ordered(config: str) -> str:
    """PEFT's config with its lists in order: it writes sets, so equal adapters would have unequal bytes."""
    fields = json.loads(config)
    ordered = {key: sorted(value) if isinstance(value, list) else value for key, value in fields.items()}
    return json.dumps(ordered, indent=2, sort_keys=True)


def _curve(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Training and validation losses, one entry a step."""
    steps: dict[int, dict[str, Any]] = {}
    for entry in history:
        row = steps.setdefault(int(entry["step"]), {"step": int(entry["step"])})
        for key in ("epoch", "loss", "eval_loss", "learning_rate", "grad_norm"):
            if key in entry:
                row[key] = float(entry[key])
    return [row for _, row in sorted(steps.items()) if "loss" in row or "eval_loss" in row]


def _unwrap(network: Any) -> None:
    """Take the trained layers off the base, so that it answers as before."""
    from sycoscope.models.adapters import strip

    strip(network)
    network.requires_grad_(False)
    network.eval()
