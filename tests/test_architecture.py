"""docs/architecture.md says in how many files a facet and a backend are added: counted, and held against the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from sycoscope.facets import FACETS
from sycoscope.models.load import BACKENDS

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "sycoscope"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
MAX_FILES = {"facet": 5, "backend": 2}
# Names of facets stand in their own files, in what registers them, and where two facets are measured together.
MAY_NAME_FACETS = {
    "facets",
    "analysis/summary.py",
    "calibrate",
    "published",
    "items/layouts.py",
    "api/options.py",
    "judging",  # `feedback` is a kind of labelled row there
}


def files_of(what: str) -> list[str]:
    """The files that the page names for adding one."""
    body = re.search(rf"^- \*\*A {what}\*\*[^\n]*\(files\):\n((?:  \d\. .*\n)+)", PAGE, re.MULTILINE)
    assert body is not None, f"the page has no list of files for a {what}"
    files = re.findall(r"^  \d\. `([^`]+)`", body.group(1), re.MULTILINE)
    assert len(files) == len(body.group(1).splitlines()), "a line of the list does not begin with its file"
    return files


@pytest.mark.parametrize("what", MAX_FILES)
def test_the_page_names_few_files_and_they_exist(what):
    files = files_of(what)
    assert 0 < len(files) <= MAX_FILES[what]
    names = {"facet": list(FACETS), "backend": ["torch_model"]}[what]
    for file in files:
        for name in names:
            place = file.replace("NAME", name)
            assert (ROOT / place).is_file() or (SOURCE / place).is_file(), place


def test_a_facet_is_known_by_name_nowhere_else():
    """A string that is a facet's name, in a module that is no part of adding one, is a table that can be forgotten."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        place = path.relative_to(SOURCE).as_posix()
        if any(place == allowed or place.startswith(f"{allowed}/") for allowed in MAY_NAME_FACETS):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            # "answer" is also the name of a turn and of a column, so the other facets stand for all
            if isinstance(node, ast.Constant) and node.value in set(FACETS) - {"answer"}:
                found.add(f"{place}: {node.value!r}")
    assert found == set()


def test_a_backend_is_known_by_name_nowhere_else():
    found = set()
    for path in SOURCE.rglob("*.py"):
        place = path.relative_to(SOURCE).as_posix()
        if place.startswith("models/"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value in {"null:", "null_model"}:
                found.add(f"{place}: {node.value!r}")
    assert set(BACKENDS) == {"torch", "openai", "null_model"}
    assert found <= {"calibrate/expected.py: 'null:'", "cli/calibration.py: 'null:'"}
