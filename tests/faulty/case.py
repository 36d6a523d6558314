"""One faulty input and what the command has to say of it; what the makers of all kinds share."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Rng = random.Random
# Half a character, a terminal's escape, a line turned around, and marks of other encodings.
ODD = ("\x00", "\x07", "\x1b[31m", "\u202e", "\ud800", "\ufeff", "\x85")
GARBAGE = b"\x93\xff\x00\xfe garbage \x80"


@dataclass(frozen=True)
class Case:
    """One input.

    Attributes:
        make: Writes the input into an empty folder, and returns the arguments of the command.
        says: Parts of the one message: the file or the key, at least.
        code: 2, or 0 where the input is in fact sound (1: sound, and something was found in it).
        loads: Whether it can be told only once the weights of a model are loaded.
    """

    name: str
    make: Callable[[Path], Sequence[str]]
    says: tuple[str, ...] = ()
    code: int = 2
    loads: bool = False


@dataclass(frozen=True)
class World:
    """Sound inputs that are damaged: a tiny model, an adapter of it, two finished runs of one study."""

    model: Path
    adapter: Path
    run: Path
    other_run: Path


Maker = Callable[[Rng, World], Case]


def many(makers: Sequence[Maker], seed: int, world: World, count: int) -> list[Case]:
    """Distinct cases, the makers in turn."""
    rng = random.Random(seed)
    found: dict[str, Case] = {}
    for turn in range(count * 20):
        case = makers[turn % len(makers)](rng, world)
        found.setdefault(case.name, case)
        if len(found) == count:
            return list(found.values())
    raise AssertionError(f"only {len(found)} of {count} distinct cases")


def copied(source: Path, target: Path) -> Path:
    """A copy of a file or folder."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy(source, target)
    return target


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def shown(value: Any, width: int = 40) -> str:
    """A value, short, for the name of a case."""
    text = ascii(value)
    return text if len(text) <= width else f"{text[: width - 12]}..{len(text)}"


# --- damage that any file can suffer ---


def _cut(path: Path, rng: Rng) -> None:
    data = path.read_bytes()
    end = rng.randrange(1, max(2, len(data) * 3 // 4))
    while end > 1 and data[end - 1 : end] in b"}\n":  # what ends with a line is whole
        end -= 1
    path.write_bytes(data[:end])


def _emptied(path: Path, _: Rng) -> None:
    path.write_bytes(b"")


def _garbage(path: Path, rng: Rng) -> None:
    path.write_bytes(GARBAGE + rng.randbytes(40))


def _gone(path: Path, _: Rng) -> None:
    path.unlink()


def _folder(path: Path, _: Rng) -> None:
    path.unlink()
    path.mkdir()


def _dangling(path: Path, _: Rng) -> None:
    path.unlink()
    path.symlink_to("/no/such/place")


def _loop(path: Path, _: Rng) -> None:
    path.unlink()
    path.symlink_to(path.name)


def _utf16(path: Path, _: Rng) -> None:
    path.write_bytes(path.read_bytes().decode("utf-8", "replace").encode("utf-16"))


def _pointer(path: Path, _: Rng) -> None:
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n")


DAMAGE: dict[str, Callable[[Path, Rng], None]] = {
    "cut": _cut,
    "empty": _emptied,
    "garbage": _garbage,
    "gone": _gone,
    "a folder": _folder,
    "a link to nowhere": _dangling,
    "a link to itself": _loop,
    "UTF-16": _utf16,
    "a pointer": _pointer,
}


def damaged(path: Path, how: str, seed: int) -> None:
    """Damage a file in one of the ways of `DAMAGE`, the same for the same seed."""
    DAMAGE[how](path, random.Random(seed))


# --- values of the wrong kind ---

# Values that stand where another kind is wanted, as JSON and YAML spell them alike.
WRONG: dict[str, tuple[Any, ...]] = {
    "text": (3, 2.5, True, ["a"], {"a": 1}),
    "count": (0, -1, -(2**40), 2.5, "three", "", [3], {"a": 1}),
    "number": ("much", [0.5], {"a": 1}),
    "flag": ("perhaps", 7, [True], {"a": 1}),
    "list": ("one", 3, {"a": 1}),
    "mapping": ("one", 3, ["a"]),
}


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value within plain values, with the way to it."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*path, key), part
        yield from leaves(part, (*path, key))


def put(value: Any, path: Sequence[str | int], new: Any) -> None:
    """Set a value within plain values."""
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new
