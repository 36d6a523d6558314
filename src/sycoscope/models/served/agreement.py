"""A served adapter beside its own weights on this machine: a wrong one, or one at another scale, changes other things.

Engines differ by rounding, which is the same for base and adapter as far as it can be; so what is compared is what the
adapter changes, there and here, beside how far the base's own numbers lie apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest

# Nats between the base there and here; bfloat16 on two engines leaves about 0.1.
BASE_APART = 0.5
# Of what the adapter changes here, and of how far the base lies apart.
SHARE, NOISE = 0.5, 2.0
Scored = Sequence[ChoiceLogprobs]


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was found.

    Attributes:
        weights: The base here. n: options that all four scored.
        base_apart: Median distance of the base's log-probabilities there and here (nats).
        changed_here: Root mean square of what the adapter changes here (nats); `apart`: of what it changes there less
            that. scale: The multiple of the change here that fits the one there best; None where it changes nothing.
        fault: Why other weights are taken to answer; empty: these do.
    """

    weights: str
    n: int
    base_apart: float | None
    changed_here: float | None
    apart: float | None
    scale: float | None
    fault: str = ""


def agreement(weights: str, there: tuple[Scored, Scored], here: tuple[Scored, Scored]) -> Agreement:
    """Hold an endpoint's log-probabilities against those of weights on this machine.

    Args:
        there, here: Of the same requests, of the base and of the adapter.
    """
    rows = [
        row
        for answers in zip(*there, *here, strict=True)
        if all(one.usable for one in answers)
        for row in zip(*(one.logprobs or () for one in answers), strict=True)
        if all(map(math.isfinite, row))
    ]
    if not rows:
        told = f"nothing can be compared with '{weights}' here: not one option has numbers there and here"
        return Agreement(weights, 0, None, None, None, None, told)
    noise = [base - own for base, _, own, _ in rows]
    changes = [(tuned - base, mine - own) for base, tuned, own, mine in rows]
    apart = _size([served - ours for served, ours in changes])
    changed = _size([ours for _, ours in changes])
    power = math.fsum(ours * ours for _, ours in changes)
    scale = math.fsum(served * ours for served, ours in changes) / power if power else None
    base_apart = median(map(abs, noise))
    fault = ""
    if base_apart > BASE_APART:
        fault = (
            f"the base's log-probabilities lie {base_apart:.2f} nats from those of '{weights}' here (median of "
            f"{len(rows)} options; limit {BASE_APART:g}), so other weights are served, or another chat template"
        )
    elif apart > max(SHARE * changed, NOISE * _size(noise)):
        fits = "" if scale is None else f"; the scale that fits best is {scale:.2f}, and 1 is expected"
        fault = (
            f"what the adapter changes there lies {apart:.2f} nats from what its weights change here, which is "
            f"{changed:.2f} (limit: {SHARE:g} of it){fits}: another adapter is served, or at another scale"
        )
    return Agreement(weights, len(rows), base_apart, changed, apart, scale, fault)


def weights_here(
    weights: str, folder: Path, scale: float, requests: Sequence[ChoiceRequest]
) -> tuple[Scored, Scored]:
    """Log-probabilities of weights on this machine, of the base and with an adapter; they are given back afterwards.

    Raises:
        SycoscopeError: they cannot be loaded, or the adapter does not fit them.
    """
    from sycoscope.models.batching import free
    from sycoscope.models.settings import TorchSettings
    from sycoscope.models.torch_model import TorchModel

    model = TorchModel(TorchSettings(name=weights))
    base = model.choice_logprobs(requests)
    model.attach(folder, "", scale)
    tuned = model.choice_logprobs(requests)
    model.detach()
    del model
    free(thorough=True)
    return base, tuned


def _size(values: Sequence[float]) -> float:
    return math.sqrt(math.fsum(value * value for value in values) / len(values))
