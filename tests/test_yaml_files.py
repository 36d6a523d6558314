"""The one reader of YAML: what it refuses, each with its line, in bounded time."""

from __future__ import annotations

import ast
import time
from pathlib import Path

import pytest

from sycoscope.cli.options import overrides
from sycoscope.config import read_study
from sycoscope.core.errors import ConfigError, DataError, MissingError
from sycoscope.core.yaml_files import parse_yaml, read_yaml
from sycoscope.facets import read_wordings
from sycoscope.published.claims import read_claims

SOURCE = Path(__file__).parents[1] / "src" / "sycoscope"
NEXT = list(zip("abcdefgh", "bcdefghi", strict=True))
BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in NEXT
)
MERGED = "a: &a {k: 1}\n" + "".join(
    f"{new}: &{new} {{<<: [{', '.join([f'*{old}'] * 9)}]}}\n" for old, new in NEXT
)
REFUSED = {
    "a: 1\nb: 2\na: 3": "line 3: key 'a' occurs twice, at line 1 and at line 3",
    "x:\n- y: 1\n  z: 2\n  y: 3": "line 4: key 'y' occurs twice, at line 2 and at line 4",
    "{a: 1, 'a': 2}": "key 'a' occurs twice",
    "1: a\n0x1: b": "key '0x1' occurs twice",
    "b: &b {x: 1}\nc:\n  <<: *b\n  <<: *b": "occurs twice, at line 3 and at line 4",
    BOMB: "line 5: more than 20,000 values",
    MERGED: "line 5: more than 20,000 values",
    "\n".join(f"k{number}: 1" for number in range(30_000)): "more than 20,000 values",
    "a: &a [*a]": "line 1: the alias 'a' stands within what it stands for",
    "a: &a {b: *a}": "the alias 'a' stands within",
    "a: " + "[" * 10_000: "line 1: more than 50 levels",
    "a: " + "{a: " * 10_000: "more than 50 levels",
    "- " * 10_000: "more than 50 levels",
    "a: 1\nb: " + "9" * 5_000: "line 2: a number of 5,000 digits",
    "a: 0x" + "f" * 300: "a whole number of more than 64 bits",
    "a: 99999999999999999999": "a whole number of more than 64 bits",
    "a: 2024-13-01": "line 1: no value that can be read: 2024-13-01",
    "a: !!int ''": "no value that can be read",
    "a: !!bool x": "no value that can be read",
    "a: .inf": ".inf is no finite number",
    "a: -.INF": "-.INF is no finite number",
    "a: .nan": ".nan is no finite number",
    "a: 1.0e+999": "1.0e+999 is no finite number",
    'a: 1\nb: "\\ud800"': "line 2: a text holds half of a character",
    '"\\udc00": 1': "half of a character",
    "a: 1\nb: \x1b[31m": "line 2 holds the character #x001b",
    "a: " + "x" * 200_000: "a text of 200,000 characters; at most 100,000",
    "? [a]\n: 1": "a key must be one plain value",
    "a: !!python/object/apply:os.system [ls]": "could not determine a constructor",
    "a: 1\n---\nb: 2": "expected a single document",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_used_is_refused_with_its_line(text: str) -> None:
    began = time.monotonic()
    with pytest.raises(ConfigError, match=r"^f\.yaml: ") as fault:
        parse_yaml(text, "f.yaml")
    assert REFUSED[text] in str(fault.value)
    assert len(str(fault.value)) < 600
    assert "\x1b" not in str(fault.value)
    assert time.monotonic() - began < 20


def test_what_yaml_is_used_for_is_read() -> None:
    assert parse_yaml("b: &b {x: 1, y: 2}\nc: {<<: *b, x: 3}", "f")["c"] == {"x": 3, "y": 2}
    assert parse_yaml("a: &a [1]\nb: [*a, *a]", "f")["b"] == [[1], [1]]
    assert parse_yaml('a: "\\ud83d\\ude00"', "f") == {"a": "\U0001f600"}
    assert parse_yaml("", "f") is None


def test_every_file_of_a_person_is_read_by_it(tmp_path: Path) -> None:
    file = tmp_path / "twice.yaml"
    file.write_text("study: a\nmodel: {name: m}\nstudy: b\n")
    for read, error in ((read_study, ConfigError), (read_wordings, ConfigError), (read_claims, DataError)):
        with pytest.raises(
            error, match=r"twice\.yaml: line 3: key 'study' occurs twice, at line 1 and at line 3"
        ):
            read(file)
    with pytest.raises(ConfigError, match=r"--set seed: line 1: \.inf is no finite number"):
        overrides(["seed=.inf"])
    with pytest.raises(ConfigError, match="--set seed is given twice, as '1' and as '2'"):
        overrides(["seed=1", "seed=2"])


def test_no_other_reader_is_used() -> None:
    users = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and "yaml" in {getattr(node, "module", None), *(name.name for name in node.names)}
    }
    assert users == {"core/yaml_files.py"}


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.yaml", tmp_path, Path("/dev/null"), tmp_path / ("x" * 300)):
        with pytest.raises(MissingError, match="study file at"):
            read_yaml(path, "study file", "give one")
    with pytest.raises(ConfigError, match="there is no such user"):
        read_yaml("~no-such-user/x.yaml", "study file", "give one")
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(ConfigError, match="line 2 is not UTF-8"):
        read_yaml(latin, "study file", "give one")
    latin.write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigError, match="1,000,001 bytes; a study file has at most 1,000,000"):
        read_yaml(latin, "study file", "give one")


def test_a_wording_has_a_length(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text(f"answer:\n  ask_open: '{'x' * 20_000}'\n")
    with pytest.raises(
        ConfigError, match=r"answer\.ask_open: a text of 20,000 characters; .* at most 10,000"
    ):
        read_wordings(file)


def test_of_many_faults_the_first_are_told(tmp_path: Path) -> None:
    file = tmp_path / "many.yaml"
    file.write_text("\n".join(f"k{number}: 1" for number in range(5_000)))
    with pytest.raises(ConfigError) as fault:
        read_study(file)
    lines = str(fault.value).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  ... and 4,982 more"  # two keys are missing besides
