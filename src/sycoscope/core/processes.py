"""Whether this process is one of several that a launcher started for one training (`torchrun`, `accelerate launch`)."""

from __future__ import annotations

import os

from sycoscope.core.errors import ConfigError


def n_processes() -> int:
    """Processes of the launch; 1 where the command was started by itself."""
    return _number("WORLD_SIZE") if _is_launched() else 1


def is_first() -> bool:
    """Whether this process speaks and writes for the launch."""
    return n_processes() == 1 or _number("RANK") == 0


def local_rank() -> int | None:
    """This process's number on its machine, from 0; None where there is no other."""
    return _number("LOCAL_RANK") if n_processes() > 1 else None


def check_alone() -> None:
    """Refuse to measure in several processes of a launch.

    Raises:
        ConfigError: There are several.
    """
    if (count := n_processes()) > 1:
        raise ConfigError(
            f"started as {count} processes (WORLD_SIZE {count}), as torchrun and accelerate launch do: only `sycoscope "
            "train` is shared by them; start this command by itself, with workers: N for several processes of its own"
        )


def _is_launched() -> bool:
    return "LOCAL_RANK" in os.environ and "WORLD_SIZE" in os.environ


def _number(name: str) -> int:
    given = os.environ.get(name, "")
    if not given.isdecimal():
        raise ConfigError(
            f"{name} is '{given}' beside LOCAL_RANK and WORLD_SIZE; needed: a whole number, as torchrun and accelerate "
            "launch set it. Start the command by one of them, or unset these variables"
        )
    return int(given)
