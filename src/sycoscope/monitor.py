"""Response patterns while a model is tuned: a callback for training scripts (docs/training.md).

::

    from sycoscope.monitor import SycophancyCallback

    trainer.add_callback(SycophancyCallback(items=40, every=20))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sycoscope.study.callback import SycophancyCallback

__all__ = ["SycophancyCallback"]


def __getattr__(name: str) -> Any:
    """The callback, loaded with transformers when it is asked for."""
    if name != "SycophancyCallback":
        raise AttributeError(f"module 'sycoscope.monitor' has no attribute {name!r}")
    from sycoscope.study.watching import callback_class

    return callback_class()
