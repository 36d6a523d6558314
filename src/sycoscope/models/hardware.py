"""What this machine does fast: device, precision, threads."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from sycoscope.core.errors import ConfigError
from sycoscope.core.processes import local_rank
from sycoscope.models.settings import Dtype
from sycoscope.models.threads import threads_here

if TYPE_CHECKING:
    import torch

DTYPES: tuple[str, ...] = get_args(Dtype)


@dataclass(frozen=True, slots=True)
class Hardware:
    """The machine as the manifest records it. Memory in GiB."""

    device: str
    device_name: str
    dtype: str
    threads: int
    memory_gib: float
    reason: str

    def record(self) -> dict[str, str | int | float]:
        """Plain values for the manifest."""
        return asdict(self)


def cpu_flags() -> frozenset[str]:
    """Flags of the first processor; empty where the system does not list them."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return frozenset()
    for line in path.read_text(errors="replace").splitlines():
        if line.lower().startswith(("flags", "features")):
            return frozenset(line.split(":", 1)[1].split())
    return frozenset()


def memory_gib() -> float:
    """Main memory in GiB; 0.0 where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (ValueError, OSError, AttributeError):
        return 0.0


def load() -> tuple[float, int] | None:
    """How many want a processor (over the last minute), and processors; None where the system says nothing."""
    try:
        return os.getloadavg()[0], os.cpu_count() or 1
    except (OSError, AttributeError):
        return None


def gpu_memory_gib(device: str) -> tuple[float, float] | None:
    """Free and whole memory of a GPU in GiB; None for what is no CUDA device."""
    import torch

    if not device.startswith("cuda"):
        return None
    free, whole = torch.cuda.mem_get_info(device)
    return free / 2**30, whole / 2**30


def detect(device: str = "auto", dtype: str = "auto", threads: int | None = None) -> Hardware:
    """Choose device and precision by what the machine does fast, and set the number of threads.

    bfloat16 on CPUs pays only with hardware support (avx512_bf16, amx_bf16, Arm bf16); without it the
    same code is slower than float32.

    Args:
        threads: Of products on a CPU, in the whole process; None for what is fastest here (`threads.threads_here`).

    Raises:
        ConfigError: an unknown dtype, or a device that this machine does not have.
    """
    import torch

    if dtype not in DTYPES:
        raise ConfigError(f"dtype '{dtype}' is unknown; allowed: {', '.join(DTYPES)}")
    device = _pick_device(device)
    if device.startswith("cuda"):
        name = torch.cuda.get_device_name(device)
        fast = "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
        reason = f"{name} runs {fast} in hardware"
    elif device == "mps":
        name, fast, reason = "Apple GPU", "float16", "the Apple GPU runs float16 in hardware"
    else:
        name = platform.processor() or platform.machine()
        bf16_flags = sorted(cpu_flags() & {"avx512_bf16", "amx_bf16", "bf16"})
        fast = "bfloat16" if bf16_flags else "float32"
        reason = f"CPU with {bf16_flags[0]}" if bf16_flags else "CPU without bfloat16 arithmetic"
    chosen = fast if dtype == "auto" else dtype
    if threads is None and device == "cpu":
        threads = threads_here(chosen)
    if threads is not None:
        torch.set_num_threads(threads)
    return Hardware(
        device=device,
        device_name=name,
        dtype=chosen,
        threads=torch.get_num_threads(),
        memory_gib=round(memory_gib(), 1),
        reason=reason if dtype == "auto" else "asked for",
    )


def _pick_device(device: str) -> str:
    import torch

    if device in ("auto", "cuda") and (rank := local_rank()) is not None and torch.cuda.is_available():
        return f"cuda:{rank}"
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    kind = device.split(":")[0]
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(kind, False):
        have = ", ".join(name for name, there in available.items() if there)
        raise ConfigError(f"device '{device}' is not on this machine; available: auto, {have}")
    return device


def torch_dtype(name: str) -> torch.dtype:
    """The torch dtype of a name out of `DTYPES` (not `auto`)."""
    import torch

    dtype = getattr(torch, name)
    assert isinstance(dtype, torch.dtype)
    return dtype
