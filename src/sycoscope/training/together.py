"""One training by several processes of a launch: the first one decides and writes, the others follow it.

Where the command was started by itself, nothing here does anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sycoscope.core.processes import is_first, n_processes

T = TypeVar("T")


def first_says(ask: Callable[[], T], *, device: str) -> T:
    """What `ask` gives in the first process, in all of them; the others wait for it and do not call it.

    Args:
        device: That is trained on: the processes speak to each other by way of it.
    """
    if n_processes() == 1:
        return ask()
    from accelerate import PartialState
    from accelerate.utils import broadcast_object_list

    PartialState(cpu=device == "cpu")
    told: list[Any] = [ask() if is_first() else None]
    broadcast_object_list(told)
    found: T = told[0]
    return found


def wait_for_all() -> None:
    """Until every process of the launch, in which a training has begun, is here."""
    if n_processes() > 1:
        from accelerate import PartialState

        PartialState().wait_for_everyone()


def part() -> None:
    """Leave the others at the end of a training."""
    if n_processes() > 1:
        from accelerate import PartialState

        PartialState().destroy_process_group()
