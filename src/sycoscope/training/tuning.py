"""Encoded rows -> a trainer of TRL with a fresh adapter, by either objective; checkpoints in a folder of work.

The base network and its tokenizer are given back as they were, also where a training is stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sycoscope.config import TrainingConfig
from sycoscope.core.processes import is_first
from sycoscope.core.types import Message
from sycoscope.models.snapshot import Snapshot
from sycoscope.training.dpo import dpo_arguments, dpo_trainer
from sycoscope.training.kept import seal_checkpoint
from sycoscope.training.layers import left_alone, tuned_layers
from sycoscope.training.packing import why_not
from sycoscope.training.sft import sft_arguments, sft_trainer
from sycoscope.training.start import load_start
from sycoscope.training.supervised import give_supervised_head
from sycoscope.training.together import wait_for_all

_log = logging.getLogger("sycoscope.training")

# Of an answer `input_ids` and `labels`; of a pair `prompt_ids`, `chosen_ids` and `rejected_ids`.
Row = dict[str, list[int]]


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
        train, held: Rows as token ids, as the settings' objective takes them; the losses of `held` are logged, or
            choose the best step.
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

    hardware = run.model.hardware
    with _given_back(run.model):
        trainer = _trainer(run)
        for callback in (*callbacks, _callback(progress)):
            trainer.add_callback(callback)
        # under autocast PEFT's cast of every input to float32 is undone by the next product
        with disable_input_dtype_casting(trainer.model, active=hardware.dtype != "float32"):
            trainer.train(resume_from_checkpoint=str(resume_from) if resume_from else None)


@contextmanager
def _given_back(model: Trainable) -> Iterator[None]:
    """Put back what a training changes of the base and its tokenizer."""
    network, tokenizer = model.network, model.tokenizer
    own_forward = vars(network).get("forward")
    padding = network.generation_config.pad_token_id
    side, pad = tokenizer.padding_side, tokenizer.pad_token
    before = Snapshot(network)
    try:
        yield
    finally:
        before.restore()  # the layers that were tuned come off, so that the base answers as before
        if own_forward is None:
            vars(network).pop("forward", None)  # TRL's, with ours around it
        network.generation_config.pad_token_id = padding
        tokenizer.padding_side, tokenizer.pad_token = side, pad


def _trainer(run: TrainingRun) -> Any:
    """TRL's trainer with a fresh adapter on the base."""
    from datasets import Dataset
    from datasets import disable_progress_bars as quiet
    from peft import get_peft_model, prepare_model_for_kbit_training
    from transformers import PrinterCallback, set_seed

    quiet()
    arguments = _arguments(run)
    set_seed(run.seed)  # PEFT draws the first matrices from the global stream
    network = run.model.network
    if getattr(network, "is_loaded_in_4bit", False):
        network = prepare_model_for_kbit_training(network)
    lora = _lora(run.settings, network)
    # DPOTrainer takes an adapter that is there for a trained one, and would hold a copy of it as the reference
    with_adapter: dict[str, Any] = (
        {"model": network, "peft_config": lora}
        if run.settings.objective == "dpo"
        else {"model": get_peft_model(network, lora)}
    )
    kind = {"sft": sft_trainer, "dpo": dpo_trainer}[run.settings.objective]
    trainer = kind(run.model.hardware)(
        **with_adapter,
        args=arguments,
        train_dataset=Dataset.from_list(run.train),
        eval_dataset=Dataset.from_list(run.held) if run.held else None,
        processing_class=run.model.tokenizer,
    )
    if run.start is not None:
        load_start(trainer.model, run.start)
    base = trainer.model.get_base_model()
    give_supervised_head(base, packed=_can_pack(base, run.train))
    trainer.remove_callback(PrinterCallback)
    return trainer


def _can_pack(network: Any, rows: Sequence[Row]) -> bool:
    """Whether the network keeps rows of one sequence apart; where it does not, that is said."""
    if reason := why_not(network, [row.get("input_ids") or row["prompt_ids"] for row in rows]):
        _log.warning("training takes longer: rows of a batch are padded and not packed, since %s", reason)
    return not reason


def _arguments(run: TrainingRun) -> Any:
    settings, dtype = run.settings, run.model.hardware.dtype
    cpu = run.model.hardware.device == "cpu"
    shared = {
        "output_dir": str(run.work),
        "per_device_train_batch_size": settings.batch_rows,
        "per_device_eval_batch_size": settings.batch_rows,
        "gradient_accumulation_steps": settings.accumulation,
        "max_steps": settings.steps or -1,
        "num_train_epochs": settings.epochs,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": settings.schedule,
        "warmup_steps": settings.warmup_steps,
        "weight_decay": settings.weight_decay,
        # TRL's defaults recompute activations to save memory; at this size that only costs time
        "gradient_checkpointing": not cpu,
        "bf16": dtype == "bfloat16",
        "fp16": dtype == "float16" and not cpu,
        "use_cpu": cpu,
        "seed": run.seed,
        "data_seed": run.seed,
        "dataloader_pin_memory": not cpu,
        "prediction_loss_only": True,
        # rows of one length are of one kind, and such batches teach one habit at a time
        "train_sampling_strategy": "random",
        "disable_tqdm": True,
        "report_to": "none",
        **_checkpoints(settings, validated=bool(run.held)),
    }
    arguments: Any = {"sft": sft_arguments, "dpo": dpo_arguments}[settings.objective](settings, shared)
    if arguments.n_gpu > 1:
        arguments._n_gpu = (
            1  # a process trains on one; transformers would copy the network to all in every step
        )
    return arguments


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


def _lora(settings: TrainingConfig, network: Any) -> Any:
    from peft import LoraConfig

    lora = settings.lora
    return LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout if settings.objective == "sft" else 0.0,
        use_rslora=lora.rslora,
        use_dora=lora.dora,
        target_modules=tuned_layers(lora, network),
        exclude_modules=left_alone(network),
        bias="none",
        task_type="CAUSAL_LM",
    )


def _callback(progress: Callable[[int, int], None] | None) -> Any:
    """Reports the steps, and gives each checkpoint its digests when it is complete."""
    from transformers import TrainerCallback

    class Report(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if progress is not None:
                progress(state.global_step, state.max_steps)

        on_train_begin = on_step_end

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            wait_for_all()  # each process writes a file of its own there
            if is_first():
                seal_checkpoint(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    return Report()
