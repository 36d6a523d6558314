"""Numbers of a callback in its trainer's log, so that they reach whatever `report_to` names.

transformers hands a callback arguments, state, control, model and tokenizer, and no way to log: an entry in
`state.log_history` is kept with checkpoints and seen by no tracker, and `control.should_log` only makes the trainer log
its own loss. The trackers (W&B, TensorBoard, MLflow, Trackio, Comet, ...) are callbacks themselves, called by the
trainer's `CallbackHandler`; it is the handler that calls this callback too, so it is found among the callers.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from types import FrameType
from typing import Any

from sycoscope.core.quiet import SycoscopeWarning


def log(numbers: Mapping[str, float], step: int, args: Any, state: Any, control: Any) -> Any:
    """Log numbers as `Trainer.log` does; call it inside an event of a callback.

    Args:
        step: That they are of.

    Returns:
        The trainer's control, which asks for what it asked before.
    """
    entry = dict(numbers) | ({} if state.epoch is None else {"epoch": state.epoch})
    state.log_history.append({**entry, "step": step})
    handler = _calling_handler()
    if handler is None:
        warnings.warn(
            "no trainer of transformers called the callback: its numbers are in state.log_history and "
            "callback.history, and trackers do not see them",
            SycoscopeWarning,
            stacklevel=2,
        )
        return control
    wanted = control.should_log  # the handler takes it for done
    control = handler.on_log(args, state, control, entry)
    control.should_log = control.should_log or wanted
    return control


def _calling_handler() -> Any:
    """The handler whose event is running; None where there is none."""
    from transformers.trainer_callback import CallbackHandler

    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        owner = frame.f_locals.get("self")
        if isinstance(owner, CallbackHandler):
            return owner
        frame = frame.f_back
    return None
