"""Where things are kept: the cache folder, atomic writes, run directories and their tables."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """Folder for converted models and digests: SYCOSCOPE_CACHE, else the user's cache folder."""
    named = os.environ.get("SYCOSCOPE_CACHE")
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sycoscope"
