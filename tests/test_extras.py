"""Install lines that errors name are those of pyproject.toml."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def named() -> set[tuple[str, str]]:
    """(module, extra) of every `require` in the package."""
    found = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require":
                modules, extra = (
                    [c.value for c in ast.walk(a) if isinstance(c, ast.Constant)] for a in node.args
                )
                found |= {(str(module), str(extra[0])) for module in modules}
    return found


def packages(extra: str) -> set[str]:
    """Names of the packages that an extra installs, nested extras included."""
    found: set[str] = set()
    for line in EXTRAS[extra]:
        inner = re.fullmatch(r"sycoscope\[(.+)\]", line)
        for part in inner[1].split(",") if inner else ():
            found |= packages(part)
        found |= {re.match(r"[\w.-]+", line)[0].replace("-", "_")}
    return found


def test_every_module_that_is_asked_for_comes_with_the_extra_that_is_named():
    asked = named()
    assert ("bitsandbytes", "gpu") in asked
    for module, extra in asked:
        assert module in packages(extra), f"{module} is not in sycoscope[{extra}]"


def test_what_a_cpu_cannot_use_is_not_in_all_and_is_pinned():
    assert "bitsandbytes" not in packages("all")
    pins = dict(line.split("==") for line in (ROOT / "requirements.lock").read_text().split())
    for extra in EXTRAS:
        for package in packages(extra) - {"sycoscope"}:
            assert package.lower() in {name.lower().replace("-", "_") for name in pins}
