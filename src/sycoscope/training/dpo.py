"""Objective `dpo` (Rafailov et al. 2023, arXiv 2305.18290, equation 7), by TRL's DPOTrainer.

The reference is the base: the network with the adapter off, so no second copy of it is held.
"""

from __future__ import annotations

from typing import Any

from sycoscope.config import TrainingConfig
from sycoscope.training.supervised import IGNORED, replayable, supervised_logits

# TRL's names of what a step of preference pairs is logged with.
PREFERRED, MARGIN = "rewards/accuracies", "rewards/margins"


def dpo_arguments(settings: TrainingConfig, shared: dict[str, Any]) -> Any:
    """TRL's arguments; `shared` are those that both objectives have."""
    from trl import DPOConfig

    # TRL takes dropout out of the network: it would be noise in the difference from the reference
    return DPOConfig(**shared, beta=settings.beta, max_length=settings.max_length, disable_dropout=True)


def dpo_trainer(hardware: Any) -> Any:
    """DPOTrainer for rows that are encoded, whose loss projects the supervised positions alone; it is the same loss."""
    import torch
    from trl import DPOTrainer

    class Preferences(DPOTrainer):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
            return dataset  # TRL would render and encode the dialogues itself

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            return replayable(self, super()._get_train_sampler(train_dataset))

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            adapted = self.accelerator.unwrap_model(model)
            with torch.no_grad(), adapted.disable_adapter():
                reference = _log_likelihoods(adapted, inputs, hardware)
            chosen, rejected = (_log_likelihoods(model, inputs, hardware) - reference).chunk(2)
            margins = self.beta * (chosen - rejected)
            self._note(margins.detach(), "train" if model.training else "eval")
            loss = -torch.nn.functional.logsigmoid(margins).mean()
            return (loss, {"loss": loss}) if return_outputs else loss

        def _note(self, margins: Any, mode: str) -> None:
            """What TRL logs of its own loss, in its names: the mean of a step's batches."""
            of_all = self.accelerator.gather(margins)
            for name, values in ((MARGIN, of_all), (PREFERRED, (of_all > 0).float())):
                self._metrics[mode][name].append(values.mean().item())

    return Preferences


def _log_likelihoods(model: Any, inputs: Any, hardware: Any) -> Any:
    """Log-likelihood of each completion given its prompt, the chosen ones before the rejected ones; (2 x pairs,)."""
    import torch

    labels = inputs["input_ids"].masked_fill(inputs["completion_mask"] == 0, IGNORED)
    logits, wanted = supervised_logits(model, inputs, labels, hardware)
    read = -torch.nn.functional.cross_entropy(logits, wanted, reduction="none")
    at = labels[:, 1:] != IGNORED
    return read.new_zeros(at.shape).masked_scatter(at, read).sum(dim=1)
