"""Finished runs that were damaged: manifest, summary, digests and tables, with and without digests that fit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from .case import DAMAGE, Case, Maker, Rng, World, copied, damaged, leaves, put, read_json, shown, write_json

MANIFEST, SUMMARY, DIGESTS = "manifest.json", "summary.json", "digests.json"
TABLES = tuple(f"data/{name}.parquet" for name in ("items", "trials", "scores", "estimates"))
COMMANDS: dict[str, Callable[[Path, Path, World], list[str]]] = {
    "report": lambda run, _, __: ["report", str(run)],
    "audit": lambda run, _, __: ["audit", str(run)],
    "compare": lambda run, folder, world: [
        "compare",
        str(run),
        str(world.other_run),
        "--out",
        str(folder / "out"),
    ],
    "view": lambda run, folder, _: ["view", str(run), "--export", str(folder / "out")],
    "compared": lambda run, folder, world: [
        "compare",
        str(world.other_run),
        str(run),
        "--out",
        str(folder / "out"),
    ],
}


def seal(run: Path) -> None:
    """Make the digests fit again, as those of a run of another version or another hand would."""
    known = read_json(run / DIGESTS)
    for name in known["files"]:
        if (run / name).is_file():
            known["files"][name] = hashlib.sha256((run / name).read_bytes()).hexdigest()
    write_json(run / DIGESTS, known)


def run_case(
    name: str, world: World, command: str, change: Callable[[Path], None], *says: str, code: int = 2
) -> Case:
    def make(folder: Path) -> list[str]:
        run = copied(world.run, folder / "run")
        if command == "report":  # a page that is there is not written again
            (run / "report.html").unlink()
        change(run)
        return COMMANDS[command](run, folder, world)

    return Case(f"{name}, {command}", make, says, code)


def _file(rng: Rng, world: World) -> Case:
    name = rng.choice((MANIFEST, SUMMARY, DIGESTS, *TABLES))
    # a comparison analyses anew: of a run it reads what was measured
    commands = [one for one in COMMANDS if not (one.startswith("compare") and name in (SUMMARY, TABLES[-1]))]
    command, how, seed = rng.choice(commands), rng.choice([*DAMAGE]), rng.randrange(10**6)
    says = name
    if name == MANIFEST and how in ("gone", "a folder", "a link to nowhere", "a link to itself"):
        says = "run"  # without a manifest a folder is no run, and a comparison takes it for a model
    return run_case(f"{name} is {how}", world, command, lambda run: damaged(run / name, how, seed), says)


def _value(rng: Rng, world: World) -> Case:
    """A value of manifest or summary is another, and the digests fit."""
    name = rng.choice((MANIFEST, MANIFEST, SUMMARY))
    command = rng.choice(("report", "audit") if name == SUMMARY else tuple(COMMANDS))
    value = rng.choice((None, [], "x", -7, {"a": [1]}, True))
    keys = {
        MANIFEST: (
            "layout",
            "study",
            "hash",
            "seed",
            "margin",
            "transcripts",
            "config",
            "versions",
            "tasks",
            "subjects",
            "shards",
        ),
        SUMMARY: ("layout", "verdicts", "findings", "claims", "associations", "rankings", "flips"),
    }
    key = rng.choice(keys[name])
    if key in ("seed", "margin", "transcripts") and value in (-7, True):
        value = "much"

    def change(run: Path) -> None:
        record = read_json(run / name)
        fits = type(record[key]) is type(value)
        record[key] = (
            [value]
            if fits and isinstance(value, list)
            else {"a": 3}
            if fits and isinstance(value, dict)
            else 3.5
            if fits
            else value
        )
        write_json(run / name, record)
        seal(run)

    return run_case(f"{name}: {key} is {shown(value)}", world, command, change, name)


def _inner(rng: Rng, world: World) -> Case:
    """A value within the subjects or tasks of a manifest is of another kind."""
    command = rng.choice(tuple(COMMANDS))
    record = read_json(world.run / MANIFEST)
    ways = [
        way for way, value in leaves(record)
        if way[0] in ("subjects", "tasks") and len(way) == 3 and "model" not in way[:-1] and isinstance(value, str | int | list | dict)
    ]  # fmt: skip
    way = rng.choice(ways)

    def change(run: Path) -> None:
        put(record, way, [{"a": 1}] if not isinstance(way[-1], int) else {"a": 1})
        write_json(run / MANIFEST, record)
        seal(run)

    return run_case(f"manifest: {'.'.join(map(str, way))}", world, command, change, MANIFEST, str(way[0]))


def _rows(rng: Rng, world: World) -> Case:
    """A table with other columns or values than the run wrote, and digests that fit."""
    name = rng.choice(TABLES)
    command = rng.choice(("report", "audit", *(("compare", "compared") if name != TABLES[-1] else ())))
    if name == TABLES[-1]:
        command = "report"  # an audit computes estimates anew
    elif command == "report" and name == TABLES[0]:
        command = "audit"
    how = rng.choice(("no column", "another type", "nulls", "other columns"))
    column = {"items": "item_id", "trials": "item_id", "scores": "status", "estimates": "name"}[
        Path(name).stem
    ]

    def change(run: Path) -> None:
        frame = pl.read_parquet(run / name)
        if how == "no column":
            frame = frame.drop(column if column in frame.columns else frame.columns[0])
        elif how == "another type":
            frame = frame.with_columns(
                pl.lit(2.5).alias(column if column in frame.columns else frame.columns[0])
            )
        elif how == "nulls":
            frame = frame.with_columns(
                pl.lit(None).alias(column if column in frame.columns else frame.columns[0])
            )
        else:
            frame = pl.DataFrame({"a": [1, 2]})
        frame.write_parquet(run / name)
        seal(run)

    return run_case(f"{name}: {how}", world, command, change, name)


def _digests(rng: Rng, world: World) -> Case:
    values: dict[str, Any] = {
        "a list": [], "no files": {}, "files as a list": {"files": []}, "no digest": {"files": {MANIFEST: 3}},
        "another digest": {"files": {MANIFEST: "0" * 64}}, "a file elsewhere": {"files": {"../x": "0" * 64}},
        "a file of the system": {"files": {"/etc/passwd": "0" * 64}},
    }  # fmt: skip
    name = rng.choice(tuple(values))
    command = rng.choice(tuple(COMMANDS))
    return run_case(
        f"digests: {name}", world, command, lambda run: write_json(run / DIGESTS, values[name]), "run"
    )


def _place(rng: Rng, world: World) -> Case:
    how = rng.choice(
        ("nowhere", "a file", "empty", "a link to itself", "the model", "an empty name", "a long name")
    )
    command = rng.choice(("report", "audit", "compare"))

    def make(folder: Path) -> list[str]:
        path: Path | str = folder / "run"
        if how == "a file":
            Path(path).write_text("x")
        elif how == "empty":
            Path(path).mkdir()
        elif how == "a link to itself":
            Path(path).symlink_to("run")
        elif how == "the model":
            path = world.model
        elif how == "a long name":
            path = folder / ("run" * 100)
        elif how == "an empty name":
            path = ""
        if how == "the model":
            return ["report", str(path)]
        if how == "compared with itself as place":
            copied(world.run, Path(path))
            return ["compare", str(path), str(world.other_run), "--out", str(path)]
        return (
            COMMANDS[command](Path(path), folder, world)
            if path
            else [command if command != "compare" else "audit", ""]
        )

    return Case(f"the run: {how}, {command}", make, () if how in ("an empty name", "the model") else ("run",))


def _in_the_way(rng: Rng, world: World) -> Case:
    """What the report writes has something in its place."""
    name, how = rng.choice(("report.html", "tables", "figures")), rng.choice(("other", "dangling"))

    def change(run: Path) -> None:
        path = run / name
        if name == "report.html":
            path.mkdir()
            (path / "x").write_text("mine")
            return
        import shutil

        copied(path, run / "aside")
        shutil.rmtree(path)
        if how == "dangling":
            path.symlink_to("/no/such/place")
        else:
            path.write_text("a file")

    return run_case(f"{name} is {how}", world, "report", change, name)


def _sound(rng: Rng, world: World) -> Case:
    changes: dict[str, Callable[[Path], None]] = {
        "sound": lambda _: None,
        "sound: other timings": lambda run: (run / "timings.json").write_bytes(b"\xff"),
    }
    name = rng.choice(tuple(changes))
    command = rng.choice(("report", "compare"))
    return run_case(name, world, command, changes[name], code=0)


MAKERS: tuple[Maker, ...] = (
    _file, _value, _rows, _file, _inner, _digests, _file, _place, _value, _rows, _in_the_way, _inner, _file, _sound,
)  # fmt: skip
