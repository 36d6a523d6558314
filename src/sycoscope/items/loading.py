"""One entry for all items: a short text names them."""

from __future__ import annotations

from sycoscope.core.errors import MissingError
from sycoscope.core.files import user_path
from sycoscope.core.types import Item
from sycoscope.items.bank import PARTS, load_bank
from sycoscope.items.benchmarks import LAYOUTS
from sycoscope.items.findings import Finding
from sycoscope.items.hub import at_commit, is_hub_id
from sycoscope.items.own import read_items
from sycoscope.items.readers import read_benchmark


def pinned(spec: str) -> tuple[str, str]:
    """A name of items as `load` takes it, of a set on the hub with the commit that is meant now; and that one alone.

    Returns:
        The name, and OWNER/NAME@COMMIT (empty for all that lies elsewhere).

    Raises:
        MissingError: The hub cannot be reached, and its cache does not know.
    """
    benchmark, colon, source = spec.partition(":")
    if colon and benchmark in LAYOUTS and is_hub_id(source) and not user_path(source).exists():
        source = at_commit(source)
        return f"{benchmark}:{source}", source
    return spec, ""


def load(spec: str, *, split: str = "", findings: list[Finding] | None = None) -> list[Item]:
    """Load the items that `spec` names.

    Args:
        spec: `bank/PART`; a path of a file in our own layout (JSON Lines, `.csv` or `.parquet`); or
            `BENCHMARK:SOURCE`, where the source is a local file, a folder or a hub id, as `mmlu:data/mmlu`,
            `gsm8k:openai/gsm8k` or `sycophancy_eval/answer:data`.
        split: `train` or `test`: that side only. Where empty, all items of the bank, of an own file and of a
            public set's file, and the test split of a public set's folder or hub set. A public set's file
            has no sides: there it is a label.
        findings: Collects what is worth knowing (repeated rows); without it a warning is logged.

    Raises:
        MissingError: Nothing of this name.
        DataError: Malformed rows.
    """
    benchmark, colon, source = spec.partition(":")
    if colon and benchmark in LAYOUTS:
        if not source:
            raise MissingError(f"'{spec}' names no source; write {benchmark}:PATH or {benchmark}:OWNER/NAME")
        return read_benchmark(benchmark, source, split=split, findings=findings)
    if spec.startswith("bank/") and not user_path(spec).exists():
        items = load_bank(spec.removeprefix("bank/"), findings=findings)
    elif user_path(spec).is_file():
        items = read_items(spec, findings=findings)
    else:
        raise MissingError(
            f"no items named '{spec}'; allowed: {', '.join(f'bank/{part}' for part in PARTS)}, the path of a "
            f"file of your own (JSON Lines, .csv, .parquet), or BENCHMARK:SOURCE with one of {', '.join(LAYOUTS)}"
        )
    if not split:
        return items
    sides = sorted({item.split or "(none named)" for item in items})
    if split not in sides:
        raise MissingError(f"{spec} has no split '{split}'; it has: {', '.join(sides)}")
    return [item for item in items if item.split == split]
