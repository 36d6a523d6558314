"""The one reader of YAML: a key twice, values that no file here needs, and files that would never end are refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import yaml
from yaml.reader import ReaderError

from sycoscope.core.errors import ConfigError, SycoscopeError
from sycoscope.core.files import read_file
from sycoscope.core.rows import MAX_INT, MAX_TEXT
from sycoscope.core.texts import joined_surrogates, plain, shortened

# A file, its levels, and its values with every alias written out; texts and whole numbers are those of rows.
MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_VALUES = 20_000
MAX_DIGITS = 400

_MERGE = "tag:yaml.org,2002:merge"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def read_yaml(path: str | Path, what: str, step: str, error: type[SycoscopeError] = ConfigError) -> Any:
    """The value of a YAML file.

    Args:
        what: The kind of file, as `study file`. step: What to do where there is none. error: Raised for its contents.

    Raises:
        MissingError: no such file, or it cannot be read. ConfigError: over 1 MB, not UTF-8, or as `parse_yaml`.
    """
    data = read_file(path, what, step)
    if len(data) > MAX_BYTES:
        raise error(f"{path}: {len(data):,} bytes; a {what} has at most {MAX_BYTES:,}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise error(f"{path}: not valid YAML: line {line} is not UTF-8; save the file as UTF-8") from None
    return parse_yaml(text, str(path), error)


def parse_yaml(text: str, where: str, error: type[SycoscopeError] = ConfigError) -> Any:
    """The value of a YAML text.

    Args:
        where: Names the text in errors. error: Raised where it cannot be used.

    Raises:
        ConfigError: not YAML; a key twice (both lines are named); a number that is not finite or has over 64 bits; half
            of a character; a text of over 100,000 characters, over 50 levels, or over 20,000 values.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except _RefusedError as fault:
        raise error(f"{where}: {fault}") from None
    except ReaderError as fault:
        line = text.count("\n", 0, fault.position) + 1
        raise error(
            f"{where}: not valid YAML: line {line} holds the character #x{fault.character:04x}, "
            "which YAML does not allow"
        ) from None
    except yaml.YAMLError as fault:
        raise error(f"{where}: not valid YAML: {plain(str(fault), keep=chr(10))}") from fault


class _RefusedError(yaml.YAMLError):
    """Valid YAML that is not taken, and the line that it stands in."""

    def __init__(self, problem: str, mark: Any) -> None:
        super().__init__(f"line {mark.line + 1}: {problem}")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader within bounds.

    Nodes are looked at as they are composed, before values are made of them: aliases are still references there, and
    a key that occurs twice is there twice.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = self._composed = 0
        self._sizes: dict[int, int] = {}  # id of a node that is composed -> its values, aliases written out

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        mark = event.start_mark
        self._depth += 1
        self._composed += 1
        if self._depth > MAX_DEPTH:
            raise _RefusedError(f"more than {MAX_DEPTH} levels", mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is None:
            return None
        if not isinstance(event, yaml.AliasEvent):
            self._sizes[id(node)] = 1 + sum(self._sizes[id(part)] for part in _parts(node))
        elif id(node) not in self._sizes:
            raise _RefusedError(
                f"the alias '{shortened(str(event.anchor))}' stands within what it stands for", mark
            )
        if max(self._composed, self._sizes[id(node)]) > MAX_VALUES:
            raise _RefusedError(f"more than {MAX_VALUES:,} values, each alias written out", mark)
        return node

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        node: yaml.ScalarNode = super().compose_scalar_node(anchor)
        if len(node.value) > MAX_TEXT:
            raise _RefusedError(
                f"a text of {len(node.value):,} characters; at most {MAX_TEXT:,}", node.start_mark
            )
        whole = joined_surrogates(node.value)
        if whole is None:
            raise _RefusedError(
                "a text holds half of a character (a lone surrogate, as \\ud800)", node.start_mark
            )
        node.value = whole
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        lines: dict[Any, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _RefusedError("a key must be one plain value", key.start_mark)
            value = key.tag if key.tag == _MERGE else self.construct_object(key)
            line = key.start_mark.line + 1
            if value in lines:
                raise _RefusedError(
                    f"key '{shortened(key.value)}' occurs twice, at line {lines[value]} and at line {line}; "
                    "keep one of them",
                    key.start_mark,
                )
            lines[value] = line
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        came = shortened(str(node.value), 40) if isinstance(node, yaml.ScalarNode) else ""
        if node.tag in _NUMBERS and len(node.value) > MAX_DIGITS:
            raise _RefusedError(f"a number of {len(node.value):,} digits: {came}", node.start_mark)
        try:
            value: Any = super().construct_object(node, deep=deep)
        except yaml.YAMLError:
            raise
        # the constructors of PyYAML meet a month 13, or `!!int` before a word, with errors of many kinds
        except Exception as fault:
            raise _RefusedError(f"no value that can be read: {came} ({fault})", node.start_mark) from fault
        if isinstance(value, float) and not math.isfinite(value):
            raise _RefusedError(f"{came} is no finite number", node.start_mark)
        if isinstance(value, int) and abs(value) > MAX_INT:
            raise _RefusedError(f"a whole number of more than 64 bits: {came}", node.start_mark)
        return value


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
