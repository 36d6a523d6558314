"""A module imports only from rows below its own; siblings of one row do not know each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "sycoscope"
ROWS = (
    {"core"},
    {"stats", "items"},
    {"config"},
    {"scorers", "models"},
    {"facets", "capability", "training"},
    {"judging", "analysis", "published"},
    {"audit"},
    {"run"},
    {"study", "calibrate"},
    {"report", "terminal"},
    {"api"},
    {"cli"},
)
LEVEL = {name: level for level, row in enumerate(ROWS) for name in row}
# Libraries that only some rows may need: what reads, scores and reports a run works without torch.
HEAVY = {"torch", "transformers", "peft", "trl", "lm_eval"}
# Defines a subclass of lm-eval's, so it needs it at once; it is itself imported inside functions only.
AT_ONCE = {"capability/harness_model.py": {"lm_eval"}}
HOLDERS = {"models", "capability", "training", "study"}
FILES = sorted(PACKAGE.rglob("*.py"))


def unit(path: Path, package: Path = PACKAGE) -> str:
    """The noun that a file belongs to: `models/torch_model.py` -> `models`."""
    return path.relative_to(package).parts[0].removesuffix(".py")


def imports(path: Path, *, at_start: bool = False) -> set[str]:
    """Dotted names that a file imports; `at_start`: only those that run when it is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {
        id(node)
        for part in ast.walk(tree)
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        or (isinstance(part, ast.If) and "TYPE_CHECKING" in ast.unparse(part.test))
        for node in ast.walk(part)
    }
    found = set()
    for node in ast.walk(tree):
        if at_start and id(node) in inner:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def faults_of(path: Path, package: Path = PACKAGE) -> list[str]:
    own = unit(path, package)
    wrong = []
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "sycoscope" or len(parts) < 2 or parts[1] in (own, "__version__"):
            continue
        other = parts[1]
        if other not in LEVEL or not LEVEL[other] < LEVEL[own]:
            wrong.append(f"{path.relative_to(package)} imports {name}")
    return wrong


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path):
    if path.parent == PACKAGE and path.stem in ("__init__", "__main__"):
        return
    assert unit(path) in LEVEL, f"{unit(path)} has no row: give it one in ROWS"
    assert faults_of(path) == []
    if unit(path) not in HOLDERS:
        assert not {name.split(".")[0] for name in imports(path)} & HEAVY
    at_once = {name.split(".")[0] for name in imports(path, at_start=True)} & HEAVY
    assert at_once == AT_ONCE.get(str(path.relative_to(PACKAGE)), set())


def test_what_needs_a_heavy_library_at_once_is_imported_late():
    for name in AT_ONCE:
        module = f"sycoscope.{name.removesuffix('.py').replace('/', '.')}."
        assert not [p for p in FILES if any(i.startswith(module) for i in imports(p, at_start=True))]


def test_a_wrong_import_is_seen(tmp_path):
    wrong = {
        "core/types.py": "from sycoscope.stats import mean",
        "stats/rates.py": "def f():\n    from sycoscope.core.types import Item\n    from sycoscope.scorers.choice import x",
        "scorers/answers.py": "import sycoscope.models.null",
        "run/store.py": "from sycoscope import study",
        "report/data.py": "from sycoscope.mystery import x",
    }
    right = {
        "facets/runner.py": "from sycoscope.core import records",
        "models/a.py": "from sycoscope.models.b import c",
    }
    for name, text in (wrong | right).items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        assert len(faults_of(file, tmp_path)) == (name in wrong), name
    late = tmp_path / "late.py"
    late.write_text("import json\ndef f():\n    import torch\n")
    assert imports(late, at_start=True) == {"json"}
    assert imports(late) == {"json", "torch"}
