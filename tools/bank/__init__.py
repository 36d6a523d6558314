"""Generators of two parts of the built-in bank: `python -m tools.bank` rewrites both files."""

from pathlib import Path

BANK = Path(__file__).resolve().parents[2] / "src" / "sycoscope" / "items" / "bank"
