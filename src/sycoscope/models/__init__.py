"""How an answer is obtained: torch models, scripted models (siblings do not know each other)."""

from __future__ import annotations

import os

# Threads that wait for work by spinning take the processors from each other, and from other programs. Read once, when
# torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
