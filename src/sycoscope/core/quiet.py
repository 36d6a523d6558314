"""What libraries say is kept from the terminal: their warnings, their logs, their progress bars. Ours are shown.

Said once, before the libraries are imported, and again in each worker process; standard error itself is left alone, so
that what really fails is seen. A process in which nobody called `silence` is as loud as its libraries are.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import Any

# Read by the libraries when they are imported, also in the processes that they and we start.
_ENVIRONMENT = {
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "DATASETS_VERBOSITY": "error",
    "HF_HUB_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
}
_OURS = "sycoscope"
_before: list[Any] = []


class SycoscopeWarning(RuntimeWarning):
    """A warning of this package: always shown."""


class _LastResort(logging.Handler):
    """Where a record has no handler: ours are written out, those of libraries are not."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] == _OURS:
            print(f"{record.levelname.lower()}: {record.getMessage()}", file=sys.stderr, flush=True)


def silence() -> None:
    """Keep what libraries say from the terminal, in this process and in those that it starts."""
    if _before:
        return
    set_here = [name for name in _ENVIRONMENT if name not in os.environ]
    os.environ.update({name: _ENVIRONMENT[name] for name in set_here})
    _before.extend((warnings.showwarning, logging.lastResort, set_here))
    warnings.showwarning = _show
    logging.lastResort = _LastResort(logging.WARNING)


def let_through() -> None:
    """Take `silence` back, as far as libraries were not imported meanwhile."""
    if not _before:
        return
    warnings.showwarning, logging.lastResort, set_here = _before
    for name in set_here:
        os.environ.pop(name, None)
    _before.clear()


def is_silent() -> bool:
    """Whether libraries are kept from the terminal."""
    return bool(_before)


def _show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    if issubclass(category, SycoscopeWarning):
        logging.getLogger(_OURS).warning("%s", message)
