"""What this machine multiplies in a second, and how much of that prefill and decode reach.

make perf ONLY=limits
"""

from __future__ import annotations

import resource
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perf import page
from perf.asked import MODEL
from perf.count import Machine

ROOT = Path(__file__).resolve().parent.parent
# Rows of a large product, in the range of a prefill pass; rows of a decode step; new tokens of the trial.
PREFILL, DECODE, NEW = 2048, 32, 64


def described() -> dict[str, Any]:
    """Commit, processor and threads of this run."""
    import torch

    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return {"commit": commit, "cpu": _cpu(), "threads": torch.get_num_threads()}


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


class _Clock(threading.Thread):
    """Ticks; a tick that comes seconds late means that the process was stopped meanwhile."""

    TICK, LATE = 0.2, 2.0

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stopped = 0.0
        self.start()

    def run(self) -> None:
        last = time.perf_counter()
        while True:
            time.sleep(self.TICK)
            tick = time.perf_counter()
            if tick - last > self.LATE:
                self.stopped += tick - last
            last = tick


_clock = _Clock()


def now() -> float:
    """A clock that stands still while the process is stopped, as a shared machine may do to it."""
    return time.perf_counter() - _clock.stopped


@dataclass(frozen=True)
class Time:
    """Seconds on the wall, and the share of the threads' time that the processor spent on us (1: undisturbed)."""

    wall: float
    busy: float


@contextmanager
def timed(into: list[Time], *, children: bool = False) -> Iterator[None]:
    """Append the time of what runs meanwhile, in this process or in its children."""
    import torch

    who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    start, before = now(), resource.getrusage(who)
    yield
    wall, after = now() - start, resource.getrusage(who)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    into.append(Time(wall, used / wall / torch.get_num_threads()))


def compared(ours: Time, peer: Time) -> dict[str, float]:
    """A row's times; busy shares far apart say that the machine did something else meanwhile."""
    return {
        "ours_s": round(ours.wall, 2),
        "peer_s": round(peer.wall, 2),
        "ratio": round(peer.wall / ours.wall, 2),
        "ours_busy": round(ours.busy, 2),
        "peer_busy": round(peer.busy, 2),
    }


def least_seconds(work: Callable[[], Any], rounds: int = 3) -> float:
    """Least time of a few rounds, after one that does not count."""
    work()
    found = []
    for _ in range(rounds):
        start = now()
        work()
        found.append(now() - start)
    return min(found)


def products(network: Any, rows: int, read: int) -> Callable[[], None]:
    """The network's matrix products and nothing else: `rows` tokens through every layer, `read` through the head."""
    import torch
    from torch.nn.functional import linear

    head = network.get_output_embeddings().weight
    weights = [one.weight for one in network.get_decoder().modules() if isinstance(one, torch.nn.Linear)]
    sizes = {weight.shape[1] for weight in [*weights, head]}
    inputs = {size: torch.randn(rows, size, dtype=head.dtype) for size in sizes}

    def work() -> None:
        with torch.inference_mode():
            for weight in weights:
                linear(inputs[weight.shape[1]], weight)
            linear(inputs[head.shape[1]][:read], head)

    return work


def measured(network: Any, dtype: str) -> Machine:
    """Operations and bytes per second of the network's own products."""
    import torch

    head = network.get_output_embeddings().weight
    body = sum(
        one.weight.numel() for one in network.get_decoder().modules() if isinstance(one, torch.nn.Linear)
    )
    large = least_seconds(products(network, PREFILL, 256))
    small = least_seconds(products(network, 1, 1))
    width = head.element_size()
    return Machine(
        body=body,
        head=head.numel(),
        width=width,
        operations=2 * (PREFILL * body + 256 * head.numel()) / large,
        bytes=width * (body + head.numel()) / small,
    )


def run(_: Path | None, dtype: str) -> None:
    """Tokens a second of the products alone, and of the engine, for prefill and decode."""
    from sycoscope.models.settings import TorchSettings
    from sycoscope.models.torch_model import TorchModel

    model = TorchModel(TorchSettings(name=MODEL, device="cpu", dtype=dtype, batch_rows=DECODE))
    found = [
        {"phase": "prefill", "shape": f"{PREFILL} tokens per pass, 64 rows of 64", **_prefill(model)},
        {"phase": "decode", "shape": f"{DECODE} rows per step, {NEW} new tokens each", **_decode(model)},
    ]
    machine = measured(model.network, dtype)
    shared = {
        "dtype": dtype,
        "gflops": round(machine.operations / 1e9, 1),
        "gbytes_s": round(machine.bytes / 1e9, 1),
        **described(),
    }
    page.put_limits([one | shared for one in found])
    print(page.limits([one | shared for one in found]))


def _prefill(model: Any) -> dict[str, Any]:
    """Scores of random rows, whose last token alone is read."""
    import numpy as np

    ids = np.random.default_rng(0).integers(100, 40_000, (64, 65)).tolist()
    pairs = [(row[:-1], row[-1:]) for row in ids]
    limit = least_seconds(products(model.network, PREFILL, 32))
    reached = least_seconds(lambda: model._score(pairs, 0.0), rounds=2)
    return _rates(PREFILL / limit, 64 * 64 / reached)


def _decode(model: Any) -> dict[str, Any]:
    """New tokens of random prompts without a stop; the prompts' own pass is timed alone and taken off."""
    import numpy as np

    from sycoscope.core.types import Decoding
    from sycoscope.models.fast import generation
    from sycoscope.models.sampling import Stops

    prompts = np.random.default_rng(1).integers(100, 40_000, (DECODE, 32)).tolist()
    stops = Stops(frozenset(), lambda ids: "")

    def generate(new: int) -> float:
        asks = [Decoding(max_tokens=new)] * DECODE
        shape = {"budget": 16_384, "max_rows": DECODE}
        return least_seconds(
            lambda: generation.generate(model.network, prompts, asks, stops, **shape), rounds=2
        )

    limit = least_seconds(products(model.network, DECODE, DECODE), rounds=5)
    reached = DECODE * NEW / (generate(NEW + 1) - generate(1))
    return _rates(DECODE / limit, reached)


def _rates(limit: float, reached: float) -> dict[str, Any]:
    return {
        "reached_tokens_s": round(reached, 1),
        "limit_tokens_s": round(limit, 1),
        "share": round(reached / limit, 3),
    }
