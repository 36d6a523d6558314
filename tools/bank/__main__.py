"""Rewrite `facts.jsonl` and `arithmetic.jsonl` of the bank: `python -m tools.bank`."""

from __future__ import annotations

import json

from tools.bank import arithmetic, facts


def main() -> None:
    """Rewrite both files; the same bytes each time."""
    for part in (facts, arithmetic):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part.build())
        part.OUTPUT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
