"""Writes docs/cli.md and the tables of data, edge_cases, other_logs, studies, training and data/README from the code.

python docs/generate.py            # or: make docs
python docs/generate.py --check    # writes nothing; exit code 1 where a file is not up to date
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, RootModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.models import ArgumentInfo, OptionInfo

DOCS = Path(__file__).resolve().parent
HEAD = """# Commands

Written by `python docs/generate.py` from the command line itself; do not edit.

Every command that prints something takes `--json` and then prints one object, with the number of its `schema`
([data.md](data.md#--json)); `-h` works everywhere. Where no terminal reads, lines have at most
80 columns. `run`, `eval` and `compare` end with at most twenty lines; `--verbose` prints everything before them, and
lets through what libraries say, which is kept from the terminal otherwise. Colours only help; they are for terminals
alone, and `NO_COLOR=1` turns them off.

| exit code | when |
|---|---|
| 0 | done; also where whoever reads the output stops reading |
| 1 | `audit`, `check-scorers`, `calibrate`, `items check`, `overlap` and `gate` found what must not be |
| 2 | bad input, or a disk that cannot be written: one message on standard error |
| 3, 4, 5 | `gate`: inconclusive, not comparable, the gate itself failed ([gate.md](gate.md)) |
| 130 | interrupted (Ctrl-C): what was answered and tuned so far is kept, and the same command goes on from there |
| 143 | terminated (SIGTERM): the same |

`sycoscope --install-completion` teaches the shell to complete commands and options (bash, zsh, fish, PowerShell);
`--show-completion` prints what it would write.
"""


# --- commands ---


@dataclass(frozen=True)
class Param:
    """One argument or option, read from a command's signature.

    Attributes:
        kind: The annotation without None and without list. many: takes several values.
    """

    name: str
    info: Any
    kind: Any
    many: bool
    default: Any

    @property
    def argument(self) -> bool:
        """Whether it is given by its place and not by a name."""
        return isinstance(self.info, ArgumentInfo)

    @property
    def required(self) -> bool:
        """Whether a command cannot do without it."""
        return self.default is inspect.Parameter.empty

    @property
    def names(self) -> list[str]:
        """As they are typed."""
        if self.argument:
            return [self.name.upper()]
        plain = f"--{self.name.strip('_').replace('_', '-')}"
        # inside Annotated the first name stands where a default would
        given = [one for one in (self.info.default, *(self.info.param_decls or ())) if isinstance(one, str)]
        return given or ([plain, plain.replace("--", "--no-", 1)] if self.kind is bool else [plain])


def cli_text() -> str:
    """The whole of docs/cli.md."""
    from sycoscope.cli import app

    assert app.registered_callback is not None
    lines = [HEAD, *_table(_params(app.registered_callback.callback))]
    for path, callback in _commands(app, "sycoscope"):
        params = _params(callback)
        lines += [f"\n## `{path}`\n", inspect.getdoc(callback) or "", "", f"    {_usage(path, params)}\n"]
        lines += _table(params)
    return "\n".join(lines).rstrip() + "\n"


def _commands(app: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Commands in the order in which they were written, then those of groups under their full name."""
    for command in app.registered_commands:
        yield f"{path} {command.name or command.callback.__name__.replace('_', '-')}", command.callback
    for group in app.registered_groups:
        yield from _commands(group.typer_instance, f"{path} {group.name}")


def _params(callback: Any) -> list[Param]:
    hints = get_type_hints(callback, include_extras=True)
    found = []
    for name, parameter in inspect.signature(callback).parameters.items():
        annotation, *infos = get_args(hints[name])
        kinds = [part for part in get_args(annotation) or (annotation,) if part is not NoneType]
        many = any(get_origin(one) is list for one in (annotation, *kinds))
        kind = kinds[0] if get_origin(kinds[0]) is not list else get_args(kinds[0])[0]
        info = next(one for one in infos if isinstance(one, (ArgumentInfo, OptionInfo)))
        found.append(Param(name, info, kind, many, parameter.default))
    return found


def _usage(path: str, params: list[Param]) -> str:
    words = [path]
    for param in params:
        if param.argument:
            name = param.names[0] + ("..." if param.many else "")
            words.append(name if param.required else f"[{name}]")
        elif param.required:
            words.append(f"{param.names[0]} {param.name.upper()}")
    return " ".join([*words, "[OPTIONS]"])


def _table(params: list[Param]) -> list[str]:
    rows = [
        f"| {', '.join(f'`{name}`' for name in param.names)} | {_takes(param)} | {_default(param)} "
        f"| {_cell(param.info.help or '')} |"
        for param in params
    ]
    return ["| | takes | default | |", "|---|---|---|---|", *rows] if rows else []


def _takes(param: Param) -> str:
    kind = {str: "text", int: "whole number", float: "number", Path: "path", bool: ""}[param.kind]
    least, most = param.info.min, param.info.max
    if least is not None:
        kind += f", {least} or more" if most is None else f", {least} to {most:,}"
    return f"{kind}, one or more" if param.many else kind


def _default(param: Param) -> str:
    if param.required:
        return "needed"
    if param.default is None or param.default == "":
        return ""
    if isinstance(param.default, bool):
        return "on" if param.default else "off"
    return f"`{param.default}`"


# --- study keys ---

BLOCK = re.compile(r"<!-- begin (?P<name>\w+) -->\n(?P<body>.*?)<!-- end (?P=name) -->", re.DOTALL)


def studies_text(text: str) -> str:
    """docs/studies.md with the table of every mapping of a study, of each backend's `model` too, written anew.

    Raises:
        SystemExit: a model of the study file has no block in the document, or a block no model.
    """
    models = study_models()
    blocks = [match["name"] for match in BLOCK.finditer(text)]
    if sorted(blocks) != sorted(models):
        raise SystemExit(
            f"docs/studies.md: blocks {sorted(blocks)}, models {sorted(models)}; they must agree"
        )
    return BLOCK.sub(
        lambda match: _block(match["name"], models[match["name"]], _meanings(match["body"])), text
    )


def study_models() -> dict[str, type[BaseModel]]:
    """Every model that a study file consists of, by name."""
    from sycoscope.config import LoraConfig, StudyConfig, TrainingConfig
    from sycoscope.models.load import BACKENDS
    from sycoscope.models.settings import ModelSettings

    found: dict[str, type[BaseModel]] = {}
    waiting: list[type[BaseModel]] = [StudyConfig, TrainingConfig, LoraConfig]
    while waiting:
        model = waiting.pop()
        if model is ModelSettings:  # what every backend takes; each says the whole
            waiting += [backend.settings for backend in BACKENDS.values()]
        elif model.__name__ not in found:
            found[model.__name__] = model
            waiting += [one for info in model.model_fields.values() for one in _inner(info.annotation)]
    return found


def _inner(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _inner(part)


def _meanings(body: str) -> dict[str, str]:
    """Key -> its meaning, which people write: the last column is kept, the others are generated."""
    rows = [line.strip().strip("|").split(" | ") for line in body.splitlines() if line.startswith("| `")]
    return {row[0].strip().strip("`"): " | ".join(row[3:]).strip() for row in rows}


def _block(name: str, model: type[BaseModel], meanings: dict[str, str]) -> str:
    lines = ["| key | allowed | default | meaning |", "|---|---|---|---|"]
    for key, info in _fields(model).items():
        allowed = allowed_of(info.annotation, info.metadata)
        default = "needed" if info.is_required() else _value(_default_of(info))
        lines.append(f"| `{key}` | {allowed} | {default} | {meanings.get(key) or 'TODO'} |")
    return "\n".join([f"<!-- begin {name} -->", *lines, f"<!-- end {name} -->"])


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Key -> field; the keys of the mapping of facets are those that are registered."""
    if not issubclass(model, RootModel):
        return model.model_fields
    from sycoscope.facets import FACETS

    value = get_args(model.model_fields["root"].annotation)[1]
    return {name: FieldInfo(annotation=value, default=None) for name in FACETS}


def _default_of(info: Any) -> Any:
    return info.default if info.default is not PydanticUndefined else info.default_factory()


def _value(value: Any) -> str:
    if isinstance(value, BaseModel):
        return "its defaults"
    if value is None:
        return "`null`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def allowed_of(annotation: Any, metadata: Any = ()) -> str:
    """What a key takes, in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return allowed_of(parts[0], getattr(annotation.__metadata__[0], "metadata", annotation.__metadata__))
    if origin is Literal:
        return ", ".join(f"`{part}`" if part else '`""`' for part in parts)
    if origin in (Union, UnionType):
        return " or ".join("`null`" if part is NoneType else allowed_of(part, metadata) for part in parts)
    if origin is tuple:
        return f"list of {allowed_of(parts[0])}"
    if origin is dict:
        return f"mapping of {allowed_of(parts[0])} to {allowed_of(parts[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[mapping](#{re.sub('(Config|Settings)$', '', annotation.__name__).lower()})"
    words = {str: "text", int: "whole number", float: "number", bool: "`true`, `false`", Any: "any value"}
    return ", ".join([words.get(annotation, str(annotation)), *_bounds(metadata)])


def _bounds(metadata: Any) -> Iterator[str]:
    signs = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    for one in metadata:
        inner = getattr(one, "metadata", None)
        if inner:
            yield from _bounds(inner)
        for key, word in signs.items():
            if (bound := getattr(one, key, None)) is not None:
                yield f"{word} {bound:,}" if isinstance(bound, int) else f"{word} {bound:g}"
        if getattr(one, "pattern", None):
            yield "letters, digits, `.`, `_`, `-`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


# --- counts of the bank, shares of the recipes and of the set ---


CARDS = {
    "facts": ("factual questions, four choices", "answer, are_you_sure, `mmlu`", "facts.md"),
    "arguments": ("argument pairs, one fallacious, one sound", "feedback", "arguments.md"),
    "arithmetic": ("word problems with solution steps", "`gsm8k`", "parts.md"),
    "continuations": ("everyday situations, four endings", "`hellaswag`", "parts.md"),
    "misconceptions": ("questions with the truth and the misconception", "`truthfulqa`", "parts.md"),
    "neutral": ("instructions with harmless responses", "the placebo's rows", "parts.md"),
    "replies": ("prompts with three replies each", "recipes `plain`, `warm`, `cold`", "parts.md"),
}


def counts_table() -> str:
    """The bank's parts with their counts."""
    from sycoscope.items import PARTS, load_bank

    lines = [
        "| part | what | serves | items | clusters | train | test | card |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for part in PARTS:
        items = load_bank(part)
        what, serves, card = CARDS[part]
        sides = [sum(item.split == side for item in items) for side in ("train", "test")]
        numbers = [len(items), len({item.cluster for item in items}), *sides]
        shown = " | ".join(f"{number:,}" for number in numbers)
        lines.append(f"| `bank/{part}` | {what} | {serves} | {shown} | [{card}]({card}) |")
    return "\n".join(lines)


def shares_table() -> str:
    """The kinds of rows of the curated recipes with their shares."""
    from sycoscope.training.recipes import RECIPES

    lines = [
        f"| row | {' | '.join(f'`{recipe}`' for recipe in RECIPES)} |",
        "|---" * (1 + len(RECIPES)) + "|",
    ]
    shares = {recipe: {row.meaning: row.share for row in table} for recipe, table in RECIPES.items()}
    for meaning in dict.fromkeys(row.meaning for table in RECIPES.values() for row in table):
        found = [shares[recipe].get(meaning) for recipe in RECIPES]
        cells = " | ".join("" if share is None else f"{share:.0%}" for share in found)
        lines.append(f"| {meaning} | {cells} |")
    return "\n".join(lines)


def set_shares_table() -> str:
    """The families of rows of the anti-sycophancy set with their kinds and shares."""
    from sycoscope.training.dataset.kinds import FAMILIES

    lines = ["| rows | kinds | share |", "|---|---|---|"]
    for family in FAMILIES:
        kinds = ", ".join(f"`{kind}`" for kind in dict.fromkeys(family.kinds.values()))
        lines.append(f"| {family.meaning} | {kinds} | {family.share:.0%} |")
    return "\n".join(lines)


# --- columns of a run's tables ---


def data_text(page: Path) -> str:
    """docs/data.md, edge_cases.md or other_logs.md with its tables written anew."""
    if str(DOCS.parent) not in sys.path:
        sys.path.insert(0, str(DOCS.parent))
    from docs.data_document import blocks

    text = page.read_text(encoding="utf-8")
    for name, table in blocks(page.stem).items():
        text = filled(text, name, table)
    return text


# --- writing ---


def filled(text: str, name: str, table: str) -> str:
    """The text with one block replaced.

    Raises:
        SystemExit: the text has no such block.
    """
    pattern = re.compile(f"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"the block '<!-- begin {name} -->' is missing")
    return pattern.sub(lambda match: f"{match[1]}{table}\n{match[2]}", text)


def documents() -> dict[Path, str]:
    """Path -> the text that it must hold."""
    studies, training, data = DOCS / "studies.md", DOCS / "training.md", DOCS / "data" / "README.md"
    columns, edges, logs = DOCS / "data.md", DOCS / "edge_cases.md", DOCS / "other_logs.md"
    return {
        DOCS / "cli.md": cli_text(),
        columns: data_text(columns),
        edges: data_text(edges),
        logs: data_text(logs),
        studies: studies_text(studies.read_text(encoding="utf-8")),
        training: filled(
            filled(training.read_text("utf-8"), "shares", shares_table()), "set_shares", set_shares_table()
        ),
        data: filled(data.read_text(encoding="utf-8"), "counts", counts_table()),
    }


def main() -> None:
    """Write what is out of date, or with --check only name it."""
    stale = [path for path, text in documents().items() if not path.is_file() or path.read_text() != text]
    for path in stale:
        print(f"{'out of date' if '--check' in sys.argv else 'written'}: {path.relative_to(DOCS.parent)}")
    if "--check" in sys.argv:
        sys.exit(1 if stale else 0)
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
