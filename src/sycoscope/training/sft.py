"""Encoded rows -> TRL's SFTTrainer: its arguments, its loss, its order of rows; checkpoints in a folder of work.

The base network is given back as it was, also where a training is stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sycoscope.config import LoraConfig, TrainingConfig
from sycoscope.core.types import Message
from sycoscope.models.snapshot import Snapshot
from sycoscope.training.kept import seal_checkpoint
from sycoscope.training.layers import left_alone, tuned_layers
from sycoscope.training.start import load_start

Row = dict[str, list[int]]
IGNORED = -100  # the label that carries no loss


@runtime_checkable
class Trainable(Protocol):
    """What training needs of a model."""

    tokenizer: Any
    template: Any
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
class TrainingRun:
    """One training.

    Attributes:
        train, held: Rows as token ids and labels; the losses of `held` are logged, or choose the best step.
        work: Folder of the checkpoints.
        start: Adapter whose weights the training starts from; None: a fresh one.
    """

    model: Trainable
    train: list[Row]
    held: list[Row]
    settings: TrainingConfig
    seed: int
    work: Path
    start: Path | None = None


def fine_tune(
    run: TrainingRun,
    *,
    resume_from: Path | None,
    progress: Callable[[int, int], None] | None,
    callbacks: Sequence[Any] = (),
) -> None:
    """Train from a checkpoint (or the start) to the checkpoint of the last step, in `run.work`.

    Args:
        callbacks: Of transformers' kind; they must leave the training as it would be without them.
    """
    from peft.helpers import disable_input_dtype_casting

    model = run.model
    network = model.network
    attention = network.config._attn_implementation
    before = Snapshot(network)
    try:
        if model.hardware.device == "cpu":
            # the fused kernel's backward pass is slower than plain products at these lengths on a CPU
            network.set_attn_implementation("eager")
        trainer = _trainer(run)
        for callback in (*callbacks, _callback(progress)):
            trainer.add_callback(callback)
        # under autocast PEFT's cast of every input to float32 is undone by the next product
        with disable_input_dtype_casting(trainer.model, active=model.hardware.dtype != "float32"):
            trainer.train(resume_from_checkpoint=str(resume_from) if resume_from else None)
    finally:
        network.set_attn_implementation(attention)
        before.restore()  # the layers that were tuned come off, so that the base answers as before


def _trainer(run: TrainingRun) -> Any:
    """TRL's trainer with a fresh adapter on the base."""
    from datasets import Dataset
    from datasets import disable_progress_bars as quiet
    from peft import get_peft_model, prepare_model_for_kbit_training
    from transformers import PrinterCallback, set_seed
    from trl import SFTTrainer

    quiet()
    arguments = _arguments(run)
    set_seed(run.seed)  # PEFT draws the first matrices from the global stream
    network = run.model.network
    if getattr(network, "is_loaded_in_4bit", False):
        network = prepare_model_for_kbit_training(network)
    adapted = get_peft_model(network, _lora(run.settings.lora, network))
    if run.start is not None:
        load_start(adapted, run.start)
    trainer = _supervised_only(SFTTrainer, run.model.hardware)(
        model=adapted,
        args=arguments,
        train_dataset=Dataset.from_list(run.train),
        eval_dataset=Dataset.from_list(run.held) if run.held else None,
        processing_class=run.model.tokenizer,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _arguments(run: TrainingRun) -> Any:
    from trl import SFTConfig

    settings, dtype = run.settings, run.model.hardware.dtype
    cpu = run.model.hardware.device == "cpu"
    return SFTConfig(
        output_dir=str(run.work),
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
        bf16=dtype == "bfloat16",
        fp16=dtype == "float16" and not cpu,
        use_cpu=cpu,
        seed=run.seed,
        data_seed=run.seed,
        dataloader_pin_memory=not cpu,
        prediction_loss_only=True,
        # rows of one length together: a batch of mixed ones is a third padding
        train_sampling_strategy="group_by_length",
        disable_tqdm=True,
        report_to="none",
        dataset_kwargs={"skip_prepare_dataset": True},
        **_checkpoints(settings, validated=bool(run.held)),
    )


def _checkpoints(settings: TrainingConfig, *, validated: bool) -> dict[str, Any]:
    """When losses are logged, and which checkpoints are written and kept."""
    return {
        "logging_strategy": "steps",
        "logging_steps": 1,
        "eval_strategy": "steps" if validated else "no",
        "eval_steps": settings.checkpoint_steps,
        "save_strategy": "steps",
        "save_steps": settings.checkpoint_steps,
        "save_total_limit": None if settings.load_best else 2,
        "load_best_model_at_end": settings.load_best and validated,
    }


def _lora(settings: LoraConfig, network: Any) -> Any:
    from peft import LoraConfig as PeftConfig

    return PeftConfig(
        r=settings.r,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=tuned_layers(settings, network),
        exclude_modules=left_alone(network),
        bias="none",
        task_type="CAUSAL_LM",
    )


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


def _callback(progress: Callable[[int, int], None] | None) -> Any:
    """Reports the steps, and gives each checkpoint its digests when it is complete."""
    from transformers import TrainerCallback

    class Report(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if progress is not None:
                progress(state.global_step, state.max_steps)

        on_train_begin = on_step_end

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            seal_checkpoint(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    return Report()
