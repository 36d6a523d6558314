"""Whole runs on one cache: what is unchanged is found, by other processes and elsewhere too; what is changed is asked."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval")
pytest.importorskip("peft")

import peft
import torch

from sycoscope.config import parse_study
from sycoscope.study.cache import ShardCache
from sycoscope.study.prepare import prepare
from sycoscope.study.run import execute

from .identity_changes import one_byte

pytestmark = pytest.mark.slow

STUDY: dict[str, Any] = {
    "study": "identity",
    "facets": {
        "answer": {
            "limit": 1,
            "form": "choice",
            "max_tokens": 2,
            "conditions": ["control", "padded", "user_wrong"],
        }
    },
    "capability": [{"benchmark": "gsm8k", "limit": 1, "max_tokens": 2}],
}
UNITS = {(subject, unit) for subject in ("base", "a") for unit in ("answer", "arithmetic")}


def made_by(model: Path, adapter: Path, cache: Path, **more: Any) -> tuple[set[tuple[str, str]], int]:
    """The units that a run had to ask, and the files that it kept."""
    before = set(cache.rglob("*.parquet"))
    # one thread, as the processes of workers would otherwise each take all there are
    settings = {"name": str(model), "dtype": "float32", "device": "cpu", "threads": 1}
    finished = [{"name": "a", "path": str(adapter)}]
    study = prepare(parse_study(STUDY | {"model": settings, "adapters": finished} | more))
    asked = execute(study, ShardCache(cache)).timings
    return {(one["subject"], one["unit"]) for one in asked}, len(set(cache.rglob("*.parquet")) - before)


def test_unchanged_all_is_found_and_changed_none(model: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    here, adapter, cache = shutil.copytree(model, tmp_path / "here"), tmp_path / "a", tmp_path / "cache"
    network = AutoModelForCausalLM.from_pretrained(here, dtype=torch.float32)
    config = peft.LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM", init_lora_weights=False)
    peft.get_peft_model(network, config).save_pretrained(adapter)
    threads = torch.get_num_threads()
    try:
        asked, n_files = made_by(here, adapter, cache)
        assert asked == UNITS
        assert n_files == 2 * 5  # trials, records and both's scores, and the letter prior

        there, elsewhere = (
            shutil.copytree(here, tmp_path / "there"),
            shutil.copytree(adapter, tmp_path / "b" / "a"),
        )
        for path in (*there.iterdir(), *elsewhere.iterdir()):
            os.utime(path, ns=(10**18, 10**18))
        # each worker is a process with a hash seed of its own
        assert made_by(there, elsewhere, cache, workers=2) == (set(), 0)

        one_byte(elsewhere / "adapter_model.safetensors")
        assert made_by(there, elsewhere, cache) == ({("a", unit) for _, unit in UNITS}, 5)
        one_byte(there / "model.safetensors")
        assert made_by(there, elsewhere, cache) == (UNITS, 10)
    finally:
        torch.set_num_threads(threads)
