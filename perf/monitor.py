"""The row `monitor`: what one asking of a watched training costs, as a share of a training of 200 steps.

A fifth of the steps is run, watched and unwatched, and taken five times; `ratio` is the time of the training over that
of the training with one asking: 0.95 is a cost of 5 %. What is compared are the adapters' weights, watched or not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from perf import asked
from perf.machine import Time, compared, timed

STEPS, PART, ITEMS, ROWS = 200, 40, 40, 400
# Askings of the watched side: the base, half-way, and at the end.
EVERY = PART // 2


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
            "training": {"steps": PART, "checkpoint_steps": PART, "validation_share": 0.0},
        }
    )
    rows = Materials(config).training_rows(config.adapters[0], config.seed)
    model = TorchModel(TorchSettings(name=asked.MODEL, device="cpu", dtype=dtype))
    watch = callback_class()(items=ITEMS, every=EVERY)
    asking = _timed_asking(watch)
    times: dict[str, list[Time]] = {"watched": [], "alone": []}
    for side, callbacks in (("watched", [watch]), ("alone", [])):
        with timed(times[side]):
            train_adapter(
                model, rows, config.training, seed=config.seed, folder=scratch / side, record={},
                callbacks=callbacks,
            )  # fmt: skip
        print(side, times[side][0], flush=True)
    print("askings:", [round(one.wall, 2) for one in asking], flush=True)
    alone, once = times["alone"][0], min(asking, key=lambda one: one.wall)
    whole = Time(alone.wall * STEPS / PART, alone.busy)
    return {
        "n": ITEMS,
        **compared(Time(whole.wall + once.wall, once.busy), whole),
        "ceiling": 1.0,
        **_difference(scratch / "watched", scratch / "alone"),
        "peer_batch": config.training.batch_rows,
        "asking_s": [round(one.wall, 2) for one in asking],
    }


def _timed_asking(callback: Any) -> list[Time]:
    """The times of a callback's askings, as they come."""
    found: list[Time] = []
    ask = callback.watch.ask

    def measured(model: Any) -> Any:
        with timed(found):
            return ask(model)

    object.__setattr__(callback.watch, "ask", measured)
    return found


def _difference(first: Path, second: Path) -> dict[str, Any]:
    """How far the weights of two adapters lie apart."""
    from safetensors.torch import load_file

    from sycoscope.models.adapter_files import WEIGHTS

    ours, theirs = load_file(first / WEIGHTS), load_file(second / WEIGHTS)
    apart = [float((ours[name] - theirs[name]).abs().max()) for name in ours]
    return {"max_difference": max(apart), "differing": sum(d > 0 for d in apart), "compared": len(apart)}
