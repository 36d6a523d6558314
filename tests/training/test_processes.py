"""One training by two processes of a launch: one adapter, written once; and what else is refused there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")

import torch
from safetensors.torch import load_file

from sycoscope import api
from sycoscope.core.errors import ConfigError
from sycoscope.core.processes import is_first, local_rank, n_processes
from sycoscope.models.settings import TorchSettings
from sycoscope.models.torch_model import TorchModel
from sycoscope.training.together import first_says

ADAPTER = "adapter_model.safetensors"
ANSWERS = [{"prompt": f"Where is town {n}?", "completion": f"It is in Peru, {n}."} for n in range(8)]
PAIRS = [{"prompt": row["prompt"], "chosen": row["completion"], "rejected": "As you say."} for row in ANSWERS]
SETTINGS = {
    "steps": 3, "batch_rows": 8, "checkpoint_steps": 2, "validation_share": 0.0, "learning_rate": 0.01, "lora.r": 4,
    "lora.dropout": 0.0,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["sft", "dpo"])
def test_two_processes_tune_one_adapter(objective: str, tiny_chat: Path, tmp_path: Path) -> None:
    data = tmp_path / "rows.jsonl"
    rows = ANSWERS if objective == "sft" else PAIRS
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    given: dict[str, Any] = SETTINGS | {"objective": objective}
    # of the eight rows of a step each takes four
    sets = [
        part for key, value in (given | {"batch_rows": 4}).items() for part in ("--set", f"{key}={value}")
    ]
    launch = f"{sys.executable} -m torch.distributed.run --standalone --nproc_per_node 2 -m sycoscope".split()
    command = f"train {tiny_chat} --recipe file --data {data} --out {tmp_path / 'two'}".split()
    done = subprocess.run(
        [*launch, *command, "--device", "cpu", "--dtype", "float32", "--json", *sets],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    record = json.loads(done.stdout)  # one of them speaks
    assert (record["processes"], record["steps"], record["n_rows"]) == (2, 3, 8)
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == [
        "adapter_config.json", ADAPTER, "digests.json", "sycoscope.json",
    ]  # fmt: skip
    # one process that takes all eight rows comes to the same
    api.train(
        str(tiny_chat), "file", data=str(data), out=tmp_path / "one", training=given,
        settings={"device": "cpu", "dtype": "float32"},
    )  # fmt: skip
    one, two = (load_file(tmp_path / name / ADAPTER) for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert all(torch.allclose(one[key], two[key], atol=1e-4) for key in one)
    losses = [row["loss"] for row in json.loads((tmp_path / "one" / "sycoscope.json").read_text())["curve"]]
    assert [row["loss"] for row in record["curve"]] == pytest.approx(losses, abs=1e-3)
    model = TorchModel(TorchSettings(name=str(tiny_chat), device="cpu", dtype="float32"))
    assert model.adapters.attach(tmp_path / "two").max_logit_delta > 0.01


def test_a_process_knows_whether_it_is_one_of_several(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    assert (n_processes(), is_first(), local_rank()) == (1, True, None)
    assert first_says(lambda: "said", device="cpu") == "said"
    monkeypatch.setenv("WORLD_SIZE", "4")  # of a cluster, which launched nothing here
    assert (n_processes(), is_first(), local_rank()) == (1, True, None)
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert (n_processes(), is_first(), local_rank()) == (4, False, 1)


def test_a_launch_cannot_measure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (("WORLD_SIZE", "2"), ("RANK", "0"), ("LOCAL_RANK", "0")):
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=r"started as 2 processes .*only `sycoscope train` is shared"):
        api.evaluate("null:ideal", facets=["answer"], benchmarks=[], limit=2, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
