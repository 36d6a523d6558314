"""One process of the row `adapters`: subjects on all benchmarks, by our engine or by lm-eval's own model.

Its argument is JSON (perf/adapters.py writes it); the last line of its output is what it found, as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from perf import asked, sides
from perf.adapters import ITEMS
from perf.count import counted
from perf.machine import now


def subjects(task: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Folder of the adapter (empty: the base), the network, and what plays a benchmark of a name."""
    if task["side"] == "ours":
        from sycoscope.capability.harness_model import HarnessModel
        from sycoscope.models.settings import TorchSettings
        from sycoscope.models.torch_model import TorchModel

        model = TorchModel(TorchSettings(name=asked.MODEL, device="cpu", dtype=task["dtype"]))
        for folder in task["subjects"]:
            if folder:
                model.attach(Path(folder))
            yield folder, model.network, lambda _: HarnessModel(model)
            model.detach()
        return
    from lm_eval.models.huggingface import HFLM

    from sycoscope.models.resolve import resolve

    for folder in task["subjects"]:
        lm = HFLM(
            pretrained=resolve(asked.MODEL).folder,
            peft=folder or None,
            dtype=task["dtype"],
            device="cpu",
            backend="causal",
        )

        def at_its_batch(name: str, lm: Any = lm) -> Any:
            lm.batch_size_per_gpu = task["batches"][name]
            return lm

        yield folder, lm.model, at_its_batch


def main() -> None:
    task = json.loads(sys.argv[1])
    torch.set_num_threads(task["threads"])
    data = Path(task["data"]) if task["data"] else None
    answers: sides.Answers = {}
    seconds, passes = [], []
    for folder, network, at in subjects(task):
        start = now()
        with counted(network) as found:
            for name, n in ITEMS.items():
                configs = asked.configs(asked.benchmark(name, data, n))
                for key, value in sides.on_benchmarks(at(name), configs).items():
                    answers[f"{Path(folder).name}:{name}:{key}"] = value
        seconds.append(now() - start)
        passes += found
    print(json.dumps({"answers": answers, "seconds": seconds, "passes": passes}))


if __name__ == "__main__":
    main()
