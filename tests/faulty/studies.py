"""Study files that are no study files: YAML that cannot be used, keys, types, ranges, names that clash."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from .case import DAMAGE, WRONG, Case, Maker, Rng, World, damaged, put, shown

NAME = "mine.yaml"
MARK = "VALUE-HERE"
SOUND: dict[str, Any] = {
    "study": "mine",
    "seed": 1,
    "model": {"name": "null:ideal"},
    "facets": {"answer": {"limit": 3}},
}
FULL: dict[str, Any] = {
    "study": "mine",
    "description": "one",
    "seed": 1,
    "data": "bank",
    "model": {"name": "/nowhere/model", "device": "cpu", "dtype": "float32", "batch_rows": 4},
    "decoding": {"temperature": 0.5, "top_p": 0.9, "draws": 2},
    "facets": {
        "answer": {"limit": 3, "difficulty": ["easy"], "form": "open", "shard_items": 5, "probe": False},
        "are_you_sure": {"limit": 3, "reply_tokens": 5, "max_tokens": 5},
        "feedback": {"limit": 3, "conditions": ["control", "like"]},
    },
    "capability": [{"benchmark": "mmlu", "limit": 3, "num_fewshot": 0, "form": "open"}],
    "adapters": [
        {"name": "placebo", "recipe": "placebo", "seeds": [1, 2], "rows": 5, "scales": [0.5]},
        {"name": "anti", "recipe": "anti_sycophancy", "training": {"steps": 2}, "at_steps": [1]},
    ],
    "training": {"steps": 2, "epochs": 1.0, "learning_rate": 1e-4, "lora": {"r": 2, "dropout": 0.1}},
    "judge": {"model": {"name": "/nowhere/judge"}, "kinds": ["open"], "max_tokens": 3},
    "margin": 0.1,
    "capability_margin": 0.2,
    "transcripts": 4,
    "workers": 1,
}
COUNTS = (
    "seed", "model.batch_rows", "decoding.draws", "facets.answer.limit", "facets.answer.shard_items",
    "facets.are_you_sure.reply_tokens", "facets.are_you_sure.max_tokens", "capability.0.limit",
    "adapters.0.rows", "training.steps", "training.lora.r", "judge.max_tokens", "transcripts", "workers",
    "capability.0.num_fewshot", "adapters.1.training.steps", "adapters.0.seeds.1",
    "adapters.1.at_steps.0",
)  # fmt: skip
NUMBERS = (
    "decoding.temperature",
    "decoding.top_p",
    "training.learning_rate",
    "training.lora.dropout",
    "margin",
    "capability_margin",
)
CHOICES = (
    "model.dtype", "facets.answer.form", "capability.0.benchmark", "capability.0.form", "adapters.0.recipe",
    "judge.kinds.0", "facets.answer.difficulty.0", "training.objective",
)  # fmt: skip
TEXTS = ("study", "description", "data", "model.name", "model.device", "adapters.0.name")
LISTS = (
    "facets.answer.difficulty",
    "facets.feedback.conditions",
    "capability",
    "adapters",
    "adapters.0.seeds",
    "adapters.0.scales",
    "adapters.1.at_steps",
)
MAPPINGS = (
    "model",
    "decoding",
    "facets",
    "facets.answer",
    "training",
    "training.lora",
    "judge",
    "adapters.1.training",
)
TYPOS = {"": "facts", "model": "devise", "decoding": "top_k", "facets": "politeness", "facets.answer": "limt",
         "capability.0": "shots", "adapters.0": "recipes", "training": "lr", "training.lora": "rank", "judge": "who"}  # fmt: skip
# Any number of finite digits that no key takes, and what is no number at all, as YAML spells it.
NO_NUMBERS = (
    ".nan",
    ".inf",
    "-.inf",
    "1e400",
    "9" * 25,
    "-" + "9" * 30,
    "9" * 5000,
    "1:99:99:99:99:99:99:99:99:99:99",
)


def study_case(name: str, text: str | bytes, *says: str, code: int = 2, command: str = "run") -> Case:
    """A case of one study file."""

    def make(folder: Path) -> list[str]:
        path = folder / NAME
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        if code or command == "plan":
            return [command, str(path), *(["--out", str(folder / "out")] if command == "run" else [])]
        return ["plan", str(path)]

    return Case(name, make, (NAME, *says), code)


def _path(dotted: str) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in dotted.split(".")]


def _last(dotted: str) -> str:
    return next(part for part in reversed(dotted.split(".")) if not part.isdigit())


def _changed(dotted: str, value: Any) -> str:
    study = copy.deepcopy(FULL)
    put(study, _path(dotted), value)
    return yaml.safe_dump(study)


def _wrong_value(keys: tuple[str, ...], kind: str) -> Maker:
    def maker(rng: Rng, _: World) -> Case:
        key = rng.choice(keys)
        values = WRONG[kind]
        if kind == "count" and ("seed" in key or "num_fewshot" in key):
            values = tuple(one for one in values if one != 0)
        value = rng.choice(values)
        return study_case(
            f"{key}: {shown(value)}", _changed(key, value), _last(key), command=rng.choice(("run", "plan"))
        )

    return maker


def _no_number(rng: Rng, _: World) -> Case:
    key = rng.choice(COUNTS + NUMBERS)
    raw = rng.choice(NO_NUMBERS)
    text = _changed(key, MARK).replace(MARK, raw)
    return study_case(f"{key}: {shown(raw)}", text)


def _out_of_range(rng: Rng, _: World) -> Case:
    key = rng.choice(NUMBERS)
    value = rng.choice((-0.1, -1e300, 7.5, 1e300) if key not in ("training.learning_rate",) else (0, -1e-3))
    return study_case(f"{key}: {value}", _changed(key, value), _last(key))


def _no_choice(rng: Rng, _: World) -> Case:
    key = rng.choice(CHOICES)
    value = rng.choice(("float8", "Open", "mmlu ", "x" * 3000, "", 3, None, "\u202eabc"))
    if key == "capability.0.form" and not value:
        value = "closed"
    return study_case(f"{key}: {shown(value)}", _changed(key, value), _last(key))


def _typo(rng: Rng, _: World) -> Case:
    where = rng.choice(tuple(TYPOS))
    key = rng.choice(
        (TYPOS[where], f"{TYPOS[where]}{rng.randrange(10**6)}", "\x1b[31mred", "k" * 5000, 7, None)
    )
    study = copy.deepcopy(FULL)
    put(study, [*(_path(where) if where else []), key], 1)
    says = ("\\x1b[31mred" if key == "\x1b[31mred" else str(key)[:60]) if key is not None else "None"
    return study_case(f"{where} with {shown(key)}", yaml.safe_dump(study), says)


def _missing(rng: Rng, _: World) -> Case:
    key = rng.choice(
        ("study", "model", "model.name", "adapters.0.name", "adapters.0.recipe", "capability.0.benchmark")
    )
    study = copy.deepcopy(FULL)
    *way, last = _path(key)
    inner: Any = study
    for part in way:
        inner = inner[part]
    del inner[last]
    return study_case(f"without {key}", yaml.safe_dump(study), _last(key))


def _name(rng: Rng, _: World) -> Case:
    key = rng.choice(("study", "adapters.0.name"))
    value = rng.choice(
        (
            "../mine",
            "/etc/x",
            "a/b",
            "a b",
            ".hidden",
            "-x",
            "x" * 200,
            "",
            "nul\x00",
            "größe",
            "a\nb",
            "~root",
            "..",
        )
    )
    return study_case(f"{key} called {shown(value)}", _changed(key, value), _last(key))


def _clash(rng: Rng, _: World) -> Case:
    changes: dict[str, tuple[str, Any, str]] = {
        "two adapters of one name": ("adapters.1.name", "placebo", "placebo"),
        "an adapter called base": ("adapters.0.name", "base", "base"),
        "a name that is another's seed": ("adapters.1.name", "placebo-seed2", "placebo-seed2"),
        "one seed twice": ("adapters.0.seeds", [4, 4], "seeds"),
        "no seed": ("adapters.0.seeds", [], "seeds"),
        "one scale twice": ("adapters.0.scales", [2, 2], "scales"),
        "a scale beyond all bounds": ("adapters.0.scales", [11], "scales"),
        "a step beyond the last": ("adapters.1.at_steps", [3], "at_steps"),
        "a start that is the adapter itself": ("adapters.1.start", "anti", "circle"),
        "draws without sampling": ("decoding", {"draws": 3}, "draws"),
        "like without sham": ("adapters.0.like", "mmlu", "like"),
        "style of no placebo": ("adapters.1.style", "lists", "style"),
        "format of other rows": ("adapters.1.format", "published", "format"),
        "a format that is none": ("adapters.0.format", "shuffled", "format"),
        "difficulty of no curated recipe": ("adapters.0.difficulty", ["easy"], "difficulty"),
        "one kind of the judge twice": ("judge.kinds", ["open", "open"], "kinds"),
        "a judge that is null": ("judge.model", {"name": "null:ideal"}, "judge"),
        "adapters of a null model": ("model", {"name": "null:ideal"}, "adapters"),
        "a null model that nobody knows": ("model", {"name": "null:nobody"}, "nobody"),
        "a key of another backend": ("model", {"name": "null:ideal", "device": "cpu"}, "device"),
        "a backend that is none": ("model", {"name": "x", "backend": "jax"}, "backend"),
        "letters of feedback": ("facets.feedback.form", "choice", "form"),
        "one benchmark twice": (
            "capability",
            [{"benchmark": "mmlu"}, {"benchmark": "mmlu", "limit": 2}],
            "mmlu",
        ),
        "a condition twice": ("facets.answer.conditions", ["control", "control"], "conditions"),
        "a partition of no benchmark": (
            "partition",
            {"arc": {"split": "a", "train": 1, "test": 1}},
            "partition",
        ),
    }
    name = rng.choice(tuple(changes))
    key, value, says = changes[name]
    return study_case(name, _changed(key, value), says)


def _found_by_the_plan(rng: Rng, _: World) -> Case:
    """What is sound in itself, and names what is not there."""
    changes: dict[str, tuple[str, Any, str]] = {
        "a condition that is none": ("facets.answer.conditions", ["control", "padded", "shouted"], "shouted"),
        "no control": ("facets.answer.conditions", ["user_wrong"], "control"),
        "items that are not there": ("facets.answer.items", "nowhere.jsonl", "nowhere.jsonl"),
        "items of a part that is none": ("facets.answer.items", "bank/nothing", "nothing"),
        "data that is not there": ("data", "/nowhere/data", "/nowhere/data"),
        "a field that is none": ("facets.answer.fields", ["alchemy"], "alchemy"),
        "wordings that are not there": ("wordings", "nowhere.yaml", "nowhere.yaml"),
        "a parameter of a null model": ("model.name", "null:yield?p=2", "p"),
        "another parameter": ("model.name", "null:yield?q=0.5", "q"),
        "a parameter that is no number": ("model.name", "null:yield?p=much", "p"),
    }
    name = rng.choice(tuple(changes))
    key, value, says = changes[name]
    study = copy.deepcopy(SOUND)
    put(study, _path(key), value)
    case = study_case(name, yaml.safe_dump(study))
    return Case(name, case.make, (says,))


DEEP = "study: mine\nx: " + "[" * 200 + "]" * 200
BOMB = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 8)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
_TEXT = yaml.safe_dump(SOUND)
# What is no YAML, or YAML that nobody needs; and what is in fact sound.
FILES: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "a tab as indent": ("study: mine\nmodel:\n\tname: x\n", ("line",)),
    "no closing bracket": (f"{_TEXT}capability: [", ("not valid YAML",)),
    "latin-1": ("study: mine\ndescription: caf\u00e9\n".encode("latin-1"), ("line 2", "UTF-8")),
    "UTF-16": (_TEXT.encode("utf-16"), ("UTF-8",)),
    "UTF-32": (_TEXT.encode("utf-32"), ("UTF-8",)),
    "a null character": (f"{_TEXT}description: a\x00b\n", ("#x0000",)),
    "an escape": (f"{_TEXT}description: a\x1b[2Jb\n", ("#x001b",)),
    "half a character, escaped": (f'{_TEXT}description: "\\ud800"\n', ("surrogate",)),
    "half a character": (f"{_TEXT}description: \udcff\n", ("UTF-8",)),
    "a key twice": (f"{_TEXT}seed: 3\n", ("seed", "twice")),
    "a key twice, deeper": (_TEXT.replace("limit: 3", "limit: 3\n    limit: 4"), ("limit", "twice")),
    "a key that is a list": (f"{_TEXT}? [a, b]\n: 1\n", ("key",)),
    "a bomb of aliases": (f"{_TEXT}{BOMB}", ("values",)),
    "an alias within itself": (f"{_TEXT}x: &x [*x]\n", ("alias",)),
    "an alias of nothing": (f"{_TEXT}x: *nothing\n", ("nothing",)),
    "deep": (DEEP, ("levels",)),
    "deep in blocks": ("".join(f"{' ' * n}a:\n" for n in range(300)), ("levels",)),
    "an object of Python": (f"{_TEXT}x: !!python/object/apply:os.system [true]\n", ("python",)),
    "a tag of nobody": (f"{_TEXT}x: !own 3\n", ("own",)),
    "a date that is none": (f"{_TEXT}x: 2024-13-41\n", ("2024-13-41",)),
    "a number that is none": (f"{_TEXT}x: !!int many\n", ("many",)),
    "binary that is none": (f"{_TEXT}x: !!binary '='\n", ("line",)),
    "a text without end": (f"{_TEXT}description: {'x' * 100_001}\n", ("100,001",)),
    "too many values": (f"{_TEXT}x: [{'1, ' * 20_001}]\n", ("20,000",)),
    "too many bytes": (f"{_TEXT}# {'x' * 1_000_001}\n", ("bytes",)),
    "empty": ("", ("mapping",)),
    "comments alone": ("# a study\n\n", ("mapping",)),
    "a list": ("- study\n- mine\n", ("mapping",)),
    "a word": ("study", ("mapping",)),
    "two documents": (f"{_TEXT}---\n{_TEXT}", ("document",)),
    "a merge of no mapping": (f"{_TEXT}x:\n  <<: 3\n", ("line",)),
    "a set": (f"{_TEXT}training: !!set {{steps}}\n", ("training",)),
    "JSON cut": ('{"study": "mine", "model": {"name"', ("not valid YAML",)),
    "a page": ("<!DOCTYPE html><html><body>404</body></html>", ("mapping",)),
    "bytes": (bytes(range(256)) * 3, ("UTF-8",)),
    "percent": ("%YAML 9.9\n---\nstudy: mine\n", ("line",)),
}
SOUND_FILES: dict[str, str | bytes] = {
    "sound: a byte order mark": b"\xef\xbb\xbf" + _TEXT.encode(),
    "sound: Windows line ends": _TEXT.replace("\n", "\r\n"),
    "sound: JSON": '{"study": "mine", "model": {"name": "null:ideal"}, "facets": {"answer": {"limit": 2}}}',
    "sound: an alias": "study: mine\nmodel: &m {name: 'null:ideal'}\nfacets: {answer: &a {limit: 2}, are_you_sure: *a}\n",
    "sound: a pair of surrogates": f'{_TEXT}description: "\\ud83d\\ude00"\n',
    "sound: texts of other scripts": f"{_TEXT}description: \u0434\u0430, \u65e5\u672c\n",
}


def _file(rng: Rng, _: World) -> Case:
    name = rng.choice(tuple(FILES))
    text, says = FILES[name]
    return study_case(name, text, *says)


def _sound_file(rng: Rng, _: World) -> Case:
    name = rng.choice(tuple(SOUND_FILES))
    return Case(name, study_case(name, SOUND_FILES[name], code=0).make, (), 0)


def _damaged(rng: Rng, _: World) -> Case:
    how = rng.choice([one for one in DAMAGE if one not in ("cut", "UTF-16")])
    seed = rng.randrange(10**6)

    def make(folder: Path) -> list[str]:
        (folder / NAME).write_text(_TEXT)
        damaged(folder / NAME, how, seed)
        return ["run", str(folder / NAME), "--out", str(folder / "out")]

    return Case(f"the file is {how}", make, (NAME,))


MAKERS: tuple[Callable[[Rng, World], Case], ...] = (
    _file, _wrong_value(COUNTS, "count"), _file, _wrong_value(NUMBERS, "number"), _no_number, _file,
    _wrong_value(TEXTS, "text"), _typo, _clash, _wrong_value(LISTS, "list"), _no_choice, _name, _file,
    _wrong_value(MAPPINGS, "mapping"), _missing, _found_by_the_plan, _out_of_range, _clash, _damaged, _sound_file,
    _typo,
)  # fmt: skip
