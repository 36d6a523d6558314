"""Is a value the same in another process, where sets have another order?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def digests(imports: str, expression: str) -> list[str]:
    """SHA-256 of the repr of `expression`, evaluated in two processes of different hash seeds.

    Args:
        imports: Statements that the expression needs.
    """
    code = f"{imports}\nimport hashlib\nprint(hashlib.sha256(repr({expression}).encode()).hexdigest())"
    found = []
    for seed in ("1", "2"):
        path = os.pathsep.join([str(ROOT), str(ROOT / "src"), str(ROOT / "tests"), *filter(None, sys.path)])
        run = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True, text=True, check=False, cwd=ROOT,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr[-2000:]
        found.append(run.stdout.strip())
    return found
