"""What both objectives share inside TRL's trainers: logits of supervised positions alone, an order that can be resumed.

TRL projects every position to the vocabulary, in float32, forward and backward. Of a short answer after a long prompt a
tenth is supervised, and the projection was half of a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

from sycoscope.training.packing import hidden_states

IGNORED = -100  # the label that carries no loss


def give_supervised_head(network: Any, *, packed: bool) -> None:
    """Let `network(..., labels=labels, supervised=True)` give the logits at supervised positions alone.

    They are of shape (supervised positions, vocabulary), float32, in the order of `labels[:, 1:] != IGNORED`. It is a
    forward of the network's own so that whatever is put around it (PEFT, autocast, gradients of several processes)
    takes part. Taken off by `vars(network).pop("forward")`.

    Args:
        packed: Whether its rows may be packed (`packing.why_not`); the logits are the same.
    """
    import torch

    plain, shape = network.forward, logit_shape(network)

    @wraps(plain)
    def forward(*args: Any, labels: Any = None, supervised: bool = False, **given: Any) -> Any:
        if not supervised:
            return plain(*args, **given) if labels is None else plain(*args, labels=labels, **given)
        # a token is read from the position before it
        read = torch.nn.functional.pad(labels[:, 1:] != IGNORED, (0, 1))
        hidden = hidden_states(network.get_decoder(), given, read, packed=packed)
        return _shaped(network.get_output_embeddings()(hidden).float(), shape)

    network.forward = forward


def logit_shape(network: Any) -> dict[str, float]:
    """What a network does with the logits of its output layer, as its config says (TRL's trainers read the same keys).

    Returns:
        `scale` that they are multiplied by (Cohere, Granite), then `cap` that they are bent below (Gemma 2), of these
        what there is; empty for most models.
    """
    config = network.config.get_text_config()

    def first(*names: str) -> float | None:
        return next((value for name in names if (value := getattr(config, name, None)) is not None), None)

    scale = first("logit_scale", "output_multiplier", "lm_head_multiplier")
    if scale is None and (divisor := first("logits_scaling")) is not None:
        scale = divisor if config.model_type == "hyperclovax" else 1 / divisor
    found = {"scale": None if scale == 1 else scale, "cap": first("final_logit_softcapping")}
    return {name: float(value) for name, value in found.items() if value is not None}


def _shaped(logits: Any, shape: Mapping[str, float]) -> Any:
    if "scale" in shape:
        logits = logits * shape["scale"]
    return shape["cap"] * (logits / shape["cap"]).tanh() if "cap" in shape else logits


def supervised_logits(model: Any, inputs: Any, labels: Any, hardware: Any) -> tuple[Any, Any]:
    """Logits at supervised positions and the tokens that should stand there.

    Args:
        model: Whose base has a supervised head. inputs: `input_ids` and `attention_mask`, (rows, positions).
        labels: The tokens, `IGNORED` where there is no loss; (rows, positions).
    """
    import torch

    half = getattr(torch, hardware.dtype)
    with torch.autocast(hardware.device.split(":")[0], dtype=half, enabled=half != torch.float32):
        logits = model(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            labels=labels,
            supervised=True,
        )
    wanted = labels[:, 1:]
    return logits, wanted[wanted != IGNORED]


class Replayable:
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


def replayable(trainer: Any, sampler: Any) -> Replayable:
    """The trainer's sampler, so that a resumed run draws its order again."""

    def epoch() -> int:
        return int((trainer.state.epoch or 0.0) + 1e-6)

    return Replayable(sampler, trainer.args.data_seed, epoch)
