"""When, how and where a run was made, for its manifest."""

from __future__ import annotations

import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from sycoscope.core.manifest import Made

COMMAND = "sycoscope"


class Clock:
    """Started where a run begins."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def made(self) -> Made:
        """A run that is finished now."""
        return Made(
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - self._began, 1),
            command=_command(),
            machine={
                "system": platform.platform(),
                "processors": os.cpu_count() or 0,
                "python": platform.python_version(),
            },
        )


def _command() -> tuple[str, ...]:
    """The command line, of the command of this package alone."""
    called = Path(sys.argv[0]).name if sys.argv else ""
    return (COMMAND, *sys.argv[1:]) if called in (COMMAND, "__main__.py", f"{COMMAND}.exe") else ()
