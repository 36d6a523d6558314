"""The repository's Python files, each parsed once, and what they import."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "sycoscope"


@dataclass(frozen=True)
class Import:
    """One imported name.

    Attributes:
        name: Dotted, as `sycoscope.core.types.Item`.
        late: Inside a function: it runs when that is called.
        typing: Under `if TYPE_CHECKING`: it never runs.
    """

    name: str
    late: bool
    typing: bool


@dataclass(frozen=True)
class Source:
    """A file: its tree and its imports."""

    path: Path
    tree: ast.Module
    imports: tuple[Import, ...]

    @property
    def n_lines(self) -> int:
        return self.path.read_text(encoding="utf-8").count("\n")

    def functions(self) -> Iterator[tuple[str, int]]:
        """Name and number of lines (without decorators) of every function."""
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def read(path: Path) -> Source:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return Source(path, tree, tuple(_imports(tree, path, late=False, typing=False)))


def _imports(node: ast.AST, path: Path, *, late: bool, typing: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, late, typing) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{path}: relative import"
        yield from (Import(f"{node.module}.{alias.name}", late, typing) for alias in node.names)
    late = late or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    typing = typing or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield from _imports(child, path, late=late, typing=typing)


@cache
def sources() -> Mapping[str, Source]:
    """Module name -> file, of src, perf, tools and docs."""
    found = {}
    for base, pattern in (
        (ROOT / "src", "sycoscope/**/*.py"),
        (ROOT, "perf/**/*.py"),
        (ROOT, "tools/**/*.py"),
        (ROOT, "docs/*.py"),
    ):
        for path in sorted(base.glob(pattern)):
            found[module_name(path.relative_to(base))] = read(path)
    return found


def module_name(path: Path) -> str:
    """Of a path relative to where imports start."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def module_graph(files: Mapping[str, Source]) -> dict[str, set[str]]:
    """Module -> modules of `files` that it imports, inside functions too; not those for annotations alone."""
    graph: dict[str, set[str]] = {}
    for name, source in files.items():
        graph[name] = set()
        for one in source.imports:
            # `from a.b import c` imports the module a.b.c where there is one, else a.b
            module = one.name if one.name in files else one.name.rpartition(".")[0]
            if not one.typing and module in files and module != name:
                graph[name].add(module)
    return graph
