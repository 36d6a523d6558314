"""Options: their types, the ones that commands share, and how they become keywords of the interface."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from sycoscope.core.errors import ConfigError
from sycoscope.core.quiet import let_through
from sycoscope.core.types import MAX_SEED


def _libraries_too(verbose: bool) -> bool:
    """Before any library is imported: what it says is let through."""
    if verbose:
        let_through()
    return verbose


Json = Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", help="Print everything, and what libraries say.", callback=_libraries_too),
]
Out = Annotated[Path | None, typer.Option(help="Run directory to write.")]
Data = Annotated[
    str,
    typer.Option(
        help="Where items come from: bank, hub, a folder in the public layouts, or a file of your own questions "
        "(JSON Lines, .csv, .parquet)."
    ),
]
TrainingData = Annotated[
    str,
    typer.Option(
        help="Where rows come from: bank, hub, or a folder in the public layouts; of recipe file the file (.jsonl, "
        ".json, .parquet), or OWNER/NAME of the hub."
    ),
]
Limit = Annotated[int | None, typer.Option(min=1, help="Most items per facet and benchmark.")]
Seed = Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Seed of everything that is drawn.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")]
Dtype = Annotated[str, typer.Option(help="auto, float32, bfloat16, float16.")]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Threads of the processor; by default as many as are fastest here.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Lay KEY=VALUE over the study (dotted keys, YAML values).")
]
Levels = Annotated[
    str,
    typer.Option(
        help="Levels of the bank's questions: easy, medium, hard, comma-separated; all; or auto: those it can do."
    ),
]
Facets = Annotated[str, typer.Option(help="Facets, comma-separated; 'all', or 'none'.")]
Benchmarks = Annotated[str, typer.Option(help="Benchmarks, comma-separated; 'all', or 'none'.")]
Template = Annotated[
    Path | None,
    typer.Option(
        help="File with a chat template that replaces the tokenizer's own, or a folder whose tokenizer has one."
    ),
]
TemplateOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--template-option",
        help="What the chat template reads, KEY=VALUE, as enable_thinking=false; may be repeated.",
    ),
]
Adapter = Annotated[
    list[str] | None,
    typer.Option(metavar="[NAME=]DIR", help="PEFT adapter to measure on the model; may be repeated."),
]
AdapterModel = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[NAME=]MODEL",
        help="What the endpoint of --base-url calls an adapter that it serves (llama.cpp: its number); may be "
        "repeated.",
    ),
]
Scales = Annotated[
    str,
    typer.Option(
        metavar="C,C", help="Measure the adapter with its update multiplied by each too, as 0,0.5,1.5."
    ),
]
Cluster = Annotated[
    str,
    typer.Option(
        metavar="FIELD",
        help="Of logs: the field of a document or of a sample's metadata that groups them; by default `cluster` or "
        "`group`, where there is one.",
    ),
]
Metrics = Annotated[
    str,
    typer.Option(metavar="NAMES", help="Of logs: the metrics to compare, comma-separated; by default all."),
]
Force = Annotated[bool, typer.Option("--force", help="Write over the finished run of something else.")]
Trust = Annotated[
    bool, typer.Option("--trust-remote-code", help="Run code that comes with the model. Off by default.")
]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What every command that measures takes: which questions are asked, and how the model is loaded.

    A default that says nothing (empty, None, `all`, `auto` of device and dtype) leaves a study as it is.
    """

    data: Data = ""
    limit: Limit = None
    facets: Facets = "all"
    benchmarks: Benchmarks = "all"
    form: Annotated[str, typer.Option(help="open or choice (letters), for facets with answers.")] = ""
    max_tokens: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Most new tokens of every answer and reply; by default each facet's and benchmark's own.",
        ),
    ] = None
    difficulty: Levels = ""
    conditions: Annotated[
        str,
        typer.Option(help="deciding: what verdicts read; all: what each facet asks by default."),
    ] = ""
    system: Annotated[
        str, typer.Option(help="A system text that opens every dialogue, as the model is deployed with.")
    ] = ""
    base_url: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="The model is served there: up to and with the version, as http://127.0.0.1:8000/v1. The key, where "
            "it takes one, in OPENAI_API_KEY.",
        ),
    ] = ""
    seed: Annotated[
        int | None, typer.Option(min=0, max=MAX_SEED, help="Seed of everything that is drawn.")
    ] = None
    threads: Threads = None
    device: Device = "auto"
    dtype: Dtype = "auto"
    revision: Annotated[str, typer.Option(help="Hub revision.")] = ""
    chat_template: Template = None
    template_option: TemplateOptions = None
    trust_remote_code: Trust = False
    set_: Set = None

    def chosen(self) -> dict[str, Any]:
        """Which questions are asked, as keywords of the interface."""
        return {
            "limit": self.limit,
            "facets": names(self.facets),
            "benchmarks": names(self.benchmarks),
            "form": self.form,
            "max_tokens": self.max_tokens,
            "system": self.system,
            **({"conditions": self.conditions} if self.conditions else {}),
        }

    def settings(self) -> dict[str, Any]:
        """How the model is loaded, as keys of a study's `model`."""
        given = settings(
            self.device,
            self.dtype,
            self.revision,
            self.chat_template,
            self.trust_remote_code,
            self.template_option,
            self.threads,
        )
        # keys that say how weights are loaded here are left out where the model is made
        return given | ({"backend": "openai", "base_url": self.base_url} if self.base_url else {})


@dataclass(frozen=True, kw_only=True)
class Measure(Asked):
    """What `eval` and `compare` take alike."""

    data: Data = "bank"
    limit: Limit = 100
    difficulty: Levels = "auto"
    seed: Seed = 42
    out: Out = None
    force: Force = False

    @classmethod
    def options(cls) -> frozenset[str]:
        """Names of these options, without dashes and with underscores."""
        return frozenset(field.name for field in fields(cls))

    def keywords(self) -> dict[str, Any]:
        """As keywords of `api.evaluate` and `api.compare`."""
        return self.chosen() | {
            "data": self.data,
            "difficulty": names(self.difficulty) or (),
            "out": self.out,
            "force": self.force,
            "seed": self.seed,
            "settings": self.settings(),
            "overrides": overrides(self.set_),
        }


@dataclass(frozen=True, kw_only=True)
class OfStudy(Asked):
    """What `run` and `plan` take alike: in place of what the study says."""

    model: Annotated[str, typer.Option(help="In place of the study's model.")] = ""

    def over(self, study: Path) -> dict[str, Any]:
        """As dotted keys over a study; those of `--set` have the last word."""
        from sycoscope import api

        keys: dict[str, Any] = {
            f"model.{key}": value for key, value in ({"name": self.model} | self.settings()).items() if value
        }
        keys |= {
            key: value for key, value in (("data", self.data), ("seed", self.seed)) if value not in ("", None)
        }
        levels = names(self.difficulty) or [] if self.difficulty else None
        keys |= api.narrowed(study, difficulty=levels, **self.chosen())
        return keys | overrides(self.set_)


def with_options(of: type[Asked]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of a class, before its own last one; it is called with `asked=`."""

    def give(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def wrapped(**given: Any) -> None:
            shared = {field.name: given.pop(field.name) for field in fields(of)}
            command(**given, asked=of(**shared))

        own = [p for p in inspect.signature(command).parameters.values() if p.name != "asked"]
        hints = get_type_hints(command, include_extras=True)
        shared_hints = get_type_hints(of, include_extras=True)
        shared = [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=shared_hints[field.name],
            )
            for field in fields(of)
        ]
        first = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[p.name]) for p in own]
        parameters = [*first[:-1], *shared, first[-1]]  # --json stands last
        wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
        return wrapped

    return give


def adapters_of(given: list[str] | None, option: str = "--adapter") -> dict[str, str] | list[str] | None:
    """Folders of `--adapter`, or names of `--adapter-model`, by a name of their own where one is given."""
    if not given:
        return None
    pairs = [_named(one) for one in given]
    if not any(name for name, _ in pairs):
        return [path for _, path in pairs]
    named: dict[str, str] = {}
    for name, path in pairs:
        called = name or Path(path).name
        if called in named:
            raise ConfigError(f"{option}: two are called '{called}'; name them, as {option} NAME={path}")
        named[called] = path
    return named


def _named(given: str) -> tuple[str, str]:
    """Name and path of [NAME=]DIR; a folder whose own name holds the sign is a path."""
    name, sign, path = given.partition("=")
    if not sign or "/" in name or Path(given).exists():
        return "", given
    return name, path


def scales_of(text: str) -> list[float]:
    """Numbers of `--scales`."""
    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise ConfigError(f"--scales takes numbers, as 0,0.5,1.5; got '{text}'") from None


def names(text: str) -> list[str] | None:
    """Names of a comma-separated option: None for `all`, an empty list for `none`."""
    if text == "all":
        return None
    return [] if text == "none" else [name.strip() for name in text.split(",") if name.strip()]


def overrides(pairs: list[str] | None) -> dict[str, Any]:
    """`--set` pairs as dotted keys over a study."""
    return _values("--set", pairs)


def _values(option: str, pairs: list[str] | None) -> dict[str, Any]:
    """KEY=VALUE pairs, the values read as YAML."""
    from sycoscope.core.yaml_files import parse_yaml

    keys: dict[str, Any] = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise ConfigError(f"{option} takes KEY=VALUE; got '{pair}'")
        if key in keys:
            raise ConfigError(
                f"{option} {key} is given twice, as '{keys[key]}' and as '{value}'; give it once"
            )
        keys[key] = parse_yaml(value, f"{option} {key}")
    return keys


def settings(
    device: str,
    dtype: str,
    revision: str = "",
    chat_template: Path | None = None,
    trust: bool = False,
    template_options: list[str] | None = None,
    threads: int | None = None,
) -> dict[str, Any]:
    """Keys of a study's `model`; what stands at its default is left to the model's backend."""
    given = {"device": device, "dtype": dtype, "revision": revision, "trust_remote_code": trust}
    settings: dict[str, Any] = {
        key: value for key, value in given.items() if value not in ("auto", "", False)
    }
    if chat_template is not None:
        from sycoscope import api

        settings["chat_template"] = api.read_template(chat_template)
    if threads is not None:
        settings["threads"] = threads
    if template_options:
        settings["template_options"] = _values("--template-option", template_options)
    return settings
