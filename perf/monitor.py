"""The row `monitor`: a training that is watched, against the same training unwatched.

`ratio` is the unwatched time over the watched one: 0.95 is a cost of 5 %. What is compared are the adapters' weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from perf import asked
from perf.machine import Time, compared, timed

STEPS, EVERY, ITEMS, ROWS = 200, 50, 40, 400
# Both sides take turns, so often.
TURNS = 2


def monitor_row(dtype: str, scratch: Path) -> dict[str, Any]:
    """Measure both sides."""
    from sycoscope.config import parse_study
    from sycoscope.models.settings import TorchSettings
    from sycoscope.models.torch_model import TorchModel
    from sycoscope.study.inputs import Materials
    from sycoscope.study.watching import callback_class
    from sycoscope.training.trainer import train_adapter

    config = parse_study(
        {
            "study": "perf",
            "model": {"name": asked.MODEL, "device": "cpu", "dtype": dtype},
            "adapters": [{"name": "anti", "recipe": "anti_sycophancy", "rows": ROWS}],
            "training": {"steps": STEPS, "checkpoint_steps": STEPS, "validation_share": 0.0},
        }
    )
    rows = Materials(config).training_rows(config.adapters[0], config.seed)
    model = TorchModel(TorchSettings(name=asked.MODEL, device="cpu", dtype=dtype))
    times: dict[str, list[Time]] = {"watched": [], "alone": []}
    for turn in range(TURNS):
        for side, into in times.items():
            callbacks = [callback_class()(items=ITEMS, every=EVERY)] if side == "watched" else []
            with timed(into):
                train_adapter(
                    model,
                    rows,
                    config.training,
                    seed=config.seed,
                    folder=scratch / f"{side}{turn}",
                    record={},
                    callbacks=callbacks,
                )
            print(side, into[-1], flush=True)
    best = {side: min(found, key=lambda one: one.wall) for side, found in times.items()}
    return {
        "n": STEPS,
        **compared(best["watched"], best["alone"]),
        "ceiling": 1.0,
        **_difference(scratch / "watched0", scratch / "alone0"),
        "peer_batch": config.training.batch_rows,
    }


def _difference(first: Path, second: Path) -> dict[str, Any]:
    """How far the weights of two adapters lie apart."""
    from safetensors.torch import load_file

    from sycoscope.models.adapter_files import WEIGHTS

    ours, theirs = load_file(first / WEIGHTS), load_file(second / WEIGHTS)
    apart = [float((ours[name] - theirs[name]).abs().max()) for name in ours]
    return {"max_difference": max(apart), "differing": sum(d > 0 for d in apart), "compared": len(apart)}
