"""A module imports only from rows below its own; siblings of one row do not know each other. And sizes."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from source import PACKAGE, Source, module_graph, module_name, read, sources

ROWS = (
    {"core"},
    {"stats"},
    {"items"},
    {"scorers", "models"},
    {"facets"},
    {"config"},
    {"capability", "training"},
    {"judging", "analysis", "published"},
    {"audit"},
    {"run", "logs"},
    {"study", "calibrate"},
    {"report", "monitor", "gate"},
    {"view"},
    {"api"},
    {"cli"},
    {"testing"},
)
LEVEL = {name: level for level, row in enumerate(ROWS) for name in row}
# Pairs of units (top-level packages or modules) of which one imports the other. Lower it when one goes.
MAX_EDGES = 96
MAX_LINES, MAX_FUNCTION_LINES = 400, 60
# Libraries that only some rows may need: what reads, scores and reports a run works without torch.
HEAVY = {"torch", "transformers", "peft", "trl", "lm_eval"}
# Define a subclass of the library's, so they need it at once; they are themselves imported inside functions only.
AT_ONCE = {"capability/harness_model.py": {"lm_eval"}, "study/callback.py": {"transformers"}}
HOLDERS = {"models", "capability", "training", "study"}
# Tested against other software; a run decides with the rest of `stats`.
REFERENCE = "sycoscope.stats.reference"


def package_files() -> list[Source]:
    """The package's files that belong to a row."""
    return [
        source
        for name, source in sources().items()
        if name.startswith("sycoscope.") and "__main__" not in name
    ]


def unit(path: Path, package: Path = PACKAGE) -> str:
    """The top-level package or module that a file belongs to: `models/torch_model.py` -> `models`."""
    return path.relative_to(package).parts[0].removesuffix(".py")


def used_units(source: Source, package: Path = PACKAGE) -> dict[str, str]:
    """Other units that a file imports, each with one of the names."""
    own = unit(source.path, package)
    parts = {one.name: one.name.split(".") for one in source.imports}
    return {
        words[1]: name
        for name, words in parts.items()
        if words[0] == "sycoscope" and len(words) > 1 and words[1] not in (own, "__version__")
    }


def upward(source: Source, package: Path = PACKAGE) -> list[str]:
    """Imports of a file that do not point downwards."""
    level = LEVEL[unit(source.path, package)]
    return [
        f"{source.path.relative_to(package)} imports {name}"
        for used, name in used_units(source, package).items()
        if not LEVEL.get(used, len(ROWS)) < level
    ]


def heavy(source: Source, *, at_once: bool) -> set[str]:
    """Heavy libraries that a file imports; `at_once`: when it is itself imported."""
    return {
        one.name.split(".")[0] for one in source.imports if not (at_once and (one.late or one.typing))
    } & HEAVY


def test_every_unit_has_a_row():
    assert {unit(source.path) for source in package_files()} == LEVEL.keys(), "give it a row in ROWS"


def test_imports_point_downwards():
    assert [fault for source in package_files() for fault in upward(source)] == []


def test_units_know_few_others():
    edges = {(unit(source.path), used) for source in package_files() for used in used_units(source)}
    assert len(edges) <= MAX_EDGES


def test_heavy_libraries_are_imported_late_and_by_few():
    for source in package_files():
        name = str(source.path.relative_to(PACKAGE))
        assert unit(source.path) in HOLDERS or not heavy(source, at_once=False), name
        assert heavy(source, at_once=True) == AT_ONCE.get(name, set()), name


def test_what_needs_a_heavy_library_at_once_is_imported_late():
    needy = tuple(f"sycoscope.{module_name(Path(name))}." for name in AT_ONCE)
    early = [
        source.path.name
        for source in package_files()
        if any(one.name.startswith(needy) and not (one.late or one.typing) for one in source.imports)
    ]
    assert early == []


def test_a_run_needs_no_reference():
    outside = [
        source
        for name, source in sources().items()
        if name.startswith("sycoscope.") and not name.startswith(REFERENCE)
    ]
    assert [s.path.name for s in outside if any(one.name.startswith(REFERENCE) for one in s.imports)] == []


def test_there_is_no_import_cycle():
    assert cycle(sources()) == []


def test_modules_and_functions_are_short():
    modules = {name for name, source in sources().items() if source.n_lines > MAX_LINES}
    assert modules == set()
    functions = {
        f"{name}.{function}"
        for name, source in sources().items()
        for function, n_lines in source.functions()
        if n_lines > MAX_FUNCTION_LINES
    }
    assert functions == set()


def cycle(files: dict[str, Source]) -> list[str]:
    """The modules of one import cycle, the first of them again at the end; empty where there is none."""
    try:
        TopologicalSorter(module_graph(files)).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.fixture
def write(tmp_path):
    def one(name: str, text: str) -> Source:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return read(file)

    return one


def test_a_wrong_import_is_seen(write, tmp_path):
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
        "items/checks.py": "from sycoscope.stats import skew_p_value",
    }
    for name, text in (wrong | right).items():
        assert len(upward(write(name, text), tmp_path)) == (name in wrong), name


def test_late_imports_are_told_from_early_ones(write):
    text = "import json\nif TYPE_CHECKING:\n    import peft\ndef f():\n    import torch\nclass A:\n    import trl\n"
    source = write("late.py", text)
    assert heavy(source, at_once=True) == {"trl"}
    assert heavy(source, at_once=False) == {"torch", "peft", "trl"}


def test_a_cycle_is_seen(write):
    files = {
        "a.b": write("b.py", "from a import c"),
        "a.c": write("c.py", "def f():\n    from a.d import x"),
        "a.d": write("d.py", "import a.b"),
        "a": write("__init__.py", ""),
    }
    found = cycle(files)
    assert (set(found), found[0]) == ({"a.b", "a.c", "a.d"}, found[-1])
    files["a.d"] = write("d.py", "if TYPE_CHECKING:\n    import a.b\n")
    assert cycle(files) == []


def test_a_long_function_is_seen(write):
    source = write("long.py", "def f():\n" + "    x = 1\n" * 60)
    assert list(source.functions()) == [("f", 61)]
    assert source.n_lines == 61
