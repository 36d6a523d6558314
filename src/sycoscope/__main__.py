"""`python -m sycoscope`: the command, as launchers of several processes start it."""

from __future__ import annotations

from sycoscope.cli import main

if __name__ == "__main__":
    main()
