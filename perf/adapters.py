"""The row `adapters`: a base and six adapters on all benchmarks: one process of ours, one per subject of lm-eval's.

Both sides start their processes, load the model and build the tasks; all of it counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from perf import asked, page, sides
from perf.count import totals
from perf.machine import ROOT, Time, compared, measured, timed

N_ADAPTERS = 6
ITEMS = {"mmlu5": 16, "mmlu0": 8, "hellaswag": 8, "truthfulqa": 6, "gsm8k": 5}
# The peer's batch sizes where the benchmark's own row was not measured yet.
BATCH = 4


def adapters_row(data: Path | None, dtype: str, scratch: Path) -> dict[str, Any]:
    """Measure both sides once."""
    import torch

    network = _make_adapters(scratch, dtype)
    folders = [str(scratch / f"adapter{index}") for index in range(N_ADAPTERS)]
    batches = dict.fromkeys(ITEMS, BATCH)
    batches |= {
        row["work"]: row["peer_batch"]
        for row in page.rows()
        if row["work"] in ITEMS and row["dtype"] == dtype and (row["items"] == "bank") == (data is None)
    }
    task = {
        "data": None if data is None else str(data),
        "dtype": dtype,
        "threads": torch.get_num_threads(),
        "batches": batches,
    }
    ours = _process(task | {"side": "ours", "subjects": ["", *folders]})
    theirs = [_process(task | {"side": "peer", "subjects": [folder]}) for folder in ["", *folders]]
    machine = measured(network, dtype)
    answers = {key: value for one in theirs for key, value in one["answers"].items()}
    peer_passes = [tuple(one) for found in theirs for one in found["passes"]]
    largest, differing = sides.difference(ours["answers"], answers)
    peer = Time(
        sum(one["time"].wall for one in theirs), sum(one["time"].busy for one in theirs) / len(theirs)
    )
    # what our process took before its first subject belongs to the base
    later = ours["seconds"][1:]
    page.put_part(
        "adapters",
        [
            {
                "side": "ours",
                "seconds": [round(ours["time"].wall - sum(later), 2), *(round(s, 2) for s in later)],
            },
            {"side": "lm-eval HF", "seconds": [round(one["time"].wall, 2) for one in theirs]},
        ],
    )
    return {
        "n": sum(ITEMS.values()),
        **compared(ours["time"], peer),
        "ceiling": round(machine.seconds(peer_passes) / machine.seconds(ours["passes"]), 2),
        "max_difference": float(f"{largest:.2g}"),
        "differing": differing,
        "compared": len(answers),
        "peer_batch": "/".join(str(batches[name]) for name in ITEMS),
        "ours_counts": totals(ours["passes"]),
        "peer_counts": totals(peer_passes),
    }


def _make_adapters(scratch: Path, dtype: str) -> Any:
    """Write LoRA adapters of random weights, large enough to change answers; the bare network."""
    import torch
    from peft import LoraConfig, get_peft_model

    from sycoscope.config import LoraConfig as Shape
    from sycoscope.models.settings import TorchSettings
    from sycoscope.models.torch_model import TorchModel

    shape = Shape()
    network = TorchModel(TorchSettings(name=asked.MODEL, device="cpu", dtype=dtype)).network
    for index in range(N_ADAPTERS):
        torch.manual_seed(index)
        lora = LoraConfig(r=shape.r, lora_alpha=shape.alpha, target_modules=list(shape.target_modules))
        wrapped = get_peft_model(network, lora)
        for name, weight in wrapped.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.003)
        wrapped.save_pretrained(scratch / f"adapter{index}")
        network = wrapped.unload()
    return network


def _process(task: dict[str, Any]) -> dict[str, Any]:
    """Run `perf.subject`; what it found, with the seconds of the whole process."""
    times: list[Time] = []
    with timed(times, children=True):
        done = subprocess.run(
            [sys.executable, "-m", "perf.subject", json.dumps(task)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"the process of {task['side']} {task['subjects']} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(task["side"], len(task["subjects"]), "subject(s):", times[0], flush=True)
    return found | {"time": times[0]}
