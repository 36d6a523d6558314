"""Generated faulty inputs: one message with the file or the key, exit code 2, nothing half-written, inputs untouched.

`FAULTY_SEEDS=1,2,3 pytest tests/faulty` tries other seeds than the one that the suite takes.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from . import adapters, gates, items, logs, model_folders, options, runs, sets, studies, tables
from .case import Case, Maker, World, many

pytest.importorskip("transformers")
pytest.importorskip("peft")

from sycoscope import api, cli
from sycoscope.models import network

pytestmark = pytest.mark.slow

SEEDS = tuple(map(int, os.environ.get("FAULTY_SEEDS", "7").split(",")))
EACH = 40
SECONDS = 20.0
KINDS: dict[str, Sequence[Maker]] = {
    "studies": studies.MAKERS,
    "items": items.MAKERS,
    "sets": sets.MAKERS,
    "adapters": adapters.MAKERS,
    "models": model_folders.MAKERS,
    "tables": tables.MAKERS,
    "runs": runs.MAKERS,
    "options": options.MAKERS,
    "gates": gates.MAKERS,
    "logs": logs.MAKERS,
}
# What no message shows: how Python says it, or where in its source.
INNER = re.compile(
    r"Traceback|\[Errno|object at 0x|<class '|site-packages|errors\.pydantic\.dev|\.py\", line|panicked",
    re.ASCII,
)


class _OverTimeError(BaseException):
    """A case took too long; no `except Exception` holds it up."""


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, tiny_chat: Path) -> World:
    root = tmp_path_factory.mktemp("world")
    adapter = adapters.sound_adapter(tiny_chat, root / "adapter")
    asked: dict[str, Any] = {"limit": 3, "facets": ["answer"], "benchmarks": []}
    for name, model in (("run", "null:ideal"), ("other", "null:copier")):
        api.evaluate(model, out=root / name, cache=root / "cache", **asked)
    return World(tiny_chat, adapter, root / "run", root / "other")


def state(folder: Path) -> dict[str, bytes]:
    """Every file, folder and link below a folder, with what it holds."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = b"-> " + os.fsencode(os.readlink(path))
        else:
            found[name] = path.read_bytes() if path.is_file() else b"(a folder)"
    return found


@contextmanager
def within(seconds: float) -> Iterator[None]:
    def over(*_: object) -> None:
        raise _OverTimeError

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def call(arguments: Sequence[str]) -> int:
    """Exit code of one command in this process."""
    before = sys.argv
    sys.argv = ["sycoscope", *arguments]
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    finally:
        sys.argv = before
    return 0


def flat(text: str) -> str:
    return " ".join(text.split())


def faults_of(
    case: Case, code: int | str, err: str, before: dict[str, bytes], after: dict[str, bytes]
) -> list[str]:
    """What a command did wrong with a case."""
    faults = [] if code == case.code else [f"exit code {code}, not {case.code}"]
    if found := INNER.search(err):
        faults.append(f"says '{found[0]}'")
    if case.code != 2:
        return faults
    told = re.findall(r"(?m)^(?:error: |Error: |.* Error )", err)
    if len(told) != 1:
        faults.append(f"{len(told)} messages")
    if len(err) > 8_000:
        faults.append(f"a message of {len(err):,} characters")
    faults += [f"does not say {part!r}" for part in case.says if flat(part) not in flat(err)]
    if before != after:
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        faults.append(f"not as before: {changed[:5]}")
    return faults


def tried(case: Case, folder: Path, capsys: Any, loaded: list[str]) -> str:
    """Run a case; what is at fault, in one text, or nothing."""
    folder.mkdir()
    os.chdir(folder)
    arguments = case.make(folder)
    before = state(folder)
    loaded.clear()
    capsys.readouterr()
    try:
        with within(SECONDS):
            code: int | str = call(arguments)
    except _OverTimeError:
        code = f"none within {SECONDS:.0f} s"
    except BaseException as fault:
        code = f"none, but {fault!r:.300}"
    out, err = capsys.readouterr()
    faults = faults_of(case, code, out + err if case.code == 2 else err, before, state(folder))
    if loaded and not case.loads:
        faults.append("told only after the weights were loaded")
    return (
        f"{case.name}: {'; '.join(faults)}\n    {' '.join(arguments)[:300]}\n    {err.strip()[-1500:]}"
        if faults
        else ""
    )


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the models whose weights were read, as they are."""
    found: list[str] = []
    real: Callable[..., Any] = network.check_loaded

    def noted(loaded: Any, *rest: Any) -> Any:
        if any(weight.device.type != "meta" for weight in loaded.parameters()):
            found.append(loaded.name_or_path)
        return real(loaded, *rest)

    monkeypatch.setattr(network, "check_loaded", noted)
    return found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_faulty_inputs(
    kind: str,
    seed: int,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    loaded: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    cases = many(KINDS[kind], seed, world, EACH)
    faults = [tried(case, tmp_path / str(number), capsys, loaded) for number, case in enumerate(cases)]
    found = [fault for fault in faults if fault]
    assert not found, f"{len(found)} of {len(cases)} {kind}:\n" + "\n".join(found)


def test_they_are_many_distinct_and_even() -> None:
    assert len(KINDS) * EACH >= 300
