"""Regular expressions of an adapter's config, tried with a time limit before PEFT matches them without one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sycoscope.core.errors import ModelError

SECONDS = 10.0
ALL_LINEAR = "all-linear"
# Names and parts of names cannot backtrack.
_PLAIN = re.compile(r"[\w.]*", re.ASCII)
# Where the config holds patterns, and how PEFT matches each against the name of a layer.
_FORMS: Mapping[str, str] = {
    "target_modules": r"(?:{})\Z",
    "exclude_modules": r"(?:{})\Z",
    "feedforward_modules": r"(?:{})\Z",
    "rank_pattern": r"(.*\.)?({})$",
    "alpha_pattern": r"(.*\.)?({})$",
    "layers_pattern": r"(?:^|.*?\.){}\.(?P<idx>\d+)\.",
    "modules_to_save": r"(^|.*\.){}($|\..*)",
}
# Where a list holds names, which PEFT compares as they are.
_NAMES_IN_LISTS = ("target_modules", "exclude_modules", "feedforward_modules")
_SCRIPT = """
import json, re, sys
asked = json.load(sys.stdin)
for where, pattern, whole in asked["patterns"]:
    print(where, flush=True)
    try:
        compiled = re.compile(whole)
    except (re.error, OverflowError, RecursionError) as fault:
        print("fault " + str(fault).replace(chr(10), " "), flush=True)
        sys.exit(1)
    for name in asked["names"]:
        compiled.match(name)
"""


def check_patterns(folder: Path, config: Mapping[str, Any], names: Sequence[str]) -> None:
    """Match every pattern of an adapter's config against all names of layers, in a process with a time limit.

    Raises:
        ModelError: one does not compile, or takes longer than `SECONDS`; it is named.
    """
    patterns = [entry for where in _FORMS for entry in _patterns(where, config.get(where))]
    risky = [entry for entry in patterns if not _PLAIN.fullmatch(entry[1])]
    if not risky:
        return
    command = [sys.executable, "-I", "-S", "-c", _SCRIPT]
    asked = json.dumps({"patterns": risky, "names": list(names)})
    try:
        done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired as late:
        said = late.stdout or b""
        lines = (said.decode() if isinstance(said, bytes) else said).split()
        at = max(0, len(lines) - 1)
        raise ModelError(
            f"the adapter '{folder}': {_shown(risky[at])} is not matched within {SECONDS:.0f} s (it backtracks); "
            "name the layers in a list instead"
        ) from None
    if done.returncode:
        *begun, fault = done.stdout.splitlines() or ["", "fault it cannot be compiled"]
        at = max(0, len(begun) - 1)
        raise ModelError(
            f"the adapter '{folder}': {_shown(risky[at])} is no regular expression that can be matched "
            f"({fault.removeprefix('fault ')}); name the layers in a list instead"
        )


def _patterns(where: str, given: Any) -> list[tuple[str, str, str]]:
    """(key, pattern, the whole expression) of one key of the config, whose form `read_adapter` has checked."""
    if given is None or given == ALL_LINEAR or (where in _NAMES_IN_LISTS and not isinstance(given, str)):
        return []
    found = [given] if isinstance(given, str) else list(given)
    return [(where, pattern, _FORMS[where].format(pattern)) for pattern in found]


def _shown(entry: tuple[str, str, str]) -> str:
    where, pattern, _ = entry
    return f"{where} {pattern[:60]!r}{'...' if len(pattern) > 60 else ''}"
