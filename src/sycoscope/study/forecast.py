"""How long a study will take here, and what memory its model takes: from what was measured, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sycoscope.config import StudyConfig
from sycoscope.core.errors import SycoscopeError
from sycoscope.models.hardware import Hardware, detect
from sycoscope.models.load import backend_of
from sycoscope.models.local import BYTES, local_folder, n_weights
from sycoscope.models.settings import OpenAISettings
from sycoscope.study.plan import Planned
from sycoscope.study.throughput import throughput_of

# Libraries, activations and batches of one process, in GiB: an allowance, not a measurement.
ALLOWANCE_GIB = 1.5
# The same where adapters are tuned, which holds activations for the way back (the quick study: 2.9 at most).
TUNING_GIB = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a study will take.

    Attributes:
        seconds: None where nothing was measured. measured: day of the run that it rests on, or why there is none.
        weights_gib: Of one process; None where the model's files are not here. dtype: as which they are held.
        allowance_gib: Beside the weights, of one process. processes: each with a model of its own.
        has_model: False for null models and served ones, which take neither here.
        requests: To the endpoint of a served model, its proofs and repeats left out; None for all others.
        cost: Of these, in the unit of the study's prices; None where it has none.
    """

    seconds: float | None
    measured: str
    weights_gib: float | None = None
    dtype: str = ""
    allowance_gib: float = ALLOWANCE_GIB
    processes: int = 1
    has_model: bool = True
    requests: int | None = None
    cost: float | None = None


def forecast(config: StudyConfig, units: Sequence[Planned]) -> Forecast:
    """The forecast of a plan; loads no model."""
    if not backend_of(config.model).reads_text:
        return Forecast(seconds=None, measured="a null model takes seconds", has_model=False)
    if isinstance(config.model, OpenAISettings):
        return _of_endpoint(config.model, units)
    processes = config.workers
    hardware = _hardware(config)
    if hardware is None:
        return Forecast(seconds=None, measured="this machine cannot load it", processes=processes)
    kept = throughput_of(config, hardware.record())
    dtype = hardware.dtype
    folder = local_folder(config.model.name)
    whole = getattr(config.model, "quantization", "none") == "none"
    n = n_weights(folder) if folder is not None and whole else None
    return Forecast(
        seconds=None if kept is None else sum(unit.weight for unit in units) * kept.seconds / kept.weight,
        measured="" if kept is None else kept.day,
        weights_gib=None if n is None or dtype not in BYTES else n * BYTES[dtype] / 2**30,
        dtype=dtype,
        allowance_gib=TUNING_GIB if any(unit.kind == "train" for unit in units) else ALLOWANCE_GIB,
        processes=processes,
    )


def _of_endpoint(settings: OpenAISettings, units: Sequence[Planned]) -> Forecast:
    asked = [unit for unit in units if unit.kind == "evaluate"]
    read, written = (sum(getattr(unit, key) for unit in asked) for key in ("prompt_tokens", "new_tokens"))
    price = settings.price
    return Forecast(
        seconds=None,
        measured="as the endpoint answers",
        has_model=False,
        requests=sum(unit.n_requests for unit in asked),
        cost=None if price is None else (read * price[0] + written * price[1]) / 1e6,
    )


def _hardware(config: StudyConfig) -> Hardware | None:
    settings: Any = config.model
    asked = (getattr(settings, "device", "auto"), getattr(settings, "dtype", "auto"))
    try:
        return detect(*asked, getattr(settings, "threads", None))
    except (SycoscopeError, ImportError):
        return None
