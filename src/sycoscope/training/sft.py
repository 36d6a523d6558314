"""Objective `sft`: the mean of -log p over the supervised tokens, by TRL's SFTTrainer."""

from __future__ import annotations

from typing import Any

from sycoscope.config import TrainingConfig
from sycoscope.training.supervised import replayable, supervised_logits


def sft_arguments(settings: TrainingConfig, shared: dict[str, Any]) -> Any:
    """TRL's arguments; `shared` are those that both objectives have."""
    from trl import SFTConfig

    return SFTConfig(
        **shared,
        max_length=settings.max_length,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def sft_trainer(hardware: Any) -> Any:
    """SFTTrainer whose loss projects the supervised positions alone; it is the same loss."""
    import torch
    from trl import SFTTrainer

    class SupervisedOnly(SFTTrainer):  # type: ignore[misc]
        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            return replayable(self, super()._get_train_sampler(train_dataset))

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            logits, wanted = supervised_logits(model, inputs, inputs["labels"], hardware)
            loss = torch.nn.functional.cross_entropy(logits, wanted, reduction="sum")
            if num_items_in_batch is None:
                loss = loss / len(wanted)
            else:  # of all processes, whose gradients are averaged
                loss = loss / num_items_in_batch * self.accelerator.num_processes
            return (loss, {"loss": loss}) if return_outputs else loss

    return SupervisedOnly
