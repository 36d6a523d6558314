"""The study that `eval` and `compare` run, from keywords."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sycoscope.config import StudyConfig, asked_under, lay_over, parse_study, served
from sycoscope.core.errors import ConfigError
from sycoscope.facets import FACETS, facet_of
from sycoscope.items import BENCHMARKS, LEVELLED, is_own_file
from sycoscope.models.load import named_backend, without_foreign_keys

# Keys of a study that options of the same name set, in one place of it or in several.
OPTIONS = frozenset(
    {"form", "difficulty", "limit", "max_tokens", "system", "seed", "device", "dtype", "revision", "threads"}
)


def study_of(
    model: str,
    *,
    name: str,
    data: str | Path = "bank",
    limit: int | None = None,
    facets: Sequence[str] | None = None,
    benchmarks: Sequence[str] | None = None,
    form: str = "",
    max_tokens: int | None = None,
    difficulty: Sequence[str] = (),
    conditions: str = "all",
    system: str = "",
    settings: Mapping[str, Any] | None = None,
    seed: int = 42,
    chat: bool = True,
    adapters: Sequence[Mapping[str, Any]] = (),
    overrides: Mapping[str, Any] | None = None,
) -> StudyConfig:
    """The study that `eval` and `compare` run: every facet and benchmark with one limit.

    Args:
        data: `bank`, `hub`, a folder in the public layouts, or a file of one's own questions; of such a file, facets
            that are not named and have no rows in it are left out.
        limit: Items per facet and benchmark (pairs of a facet whose items are paired, as feedback's arguments).
        facets, benchmarks: Names; None for all (of the benchmarks, where the model can be asked any).
        max_tokens: Most new tokens of every answer and reply; None for each facet's and benchmark's own.
        difficulty: Levels of bank items; empty for all. Arguments have no levels and are all taken.
        conditions: `all` that each facet asks by default, or the `deciding` ones, which are what verdicts read.
        system: A system text that opens every dialogue and benchmark; empty: none.
        settings: Further keys of a study's `model`.
        form: `open` or `choice` for answer and are_you_sure; empty: open, and letters for the public
            are-you-sure rows, which are multiple choice.
        adapters: Entries of the study's `adapters`. overrides: any of its keys, dotted, laid over the rest.

    Raises:
        ConfigError: An unknown name or setting, or a benchmark by name for a model that cannot be asked any.
    """
    data = str(data)
    given = model_mapping(model, settings)
    raw: dict[str, Any] = {
        "study": name,
        "seed": seed,
        "data": data,
        "chat": chat,
        "system": system,
        "model": given,
        "facets": asked_under(_facets(data, facets, limit, max_tokens, difficulty, form), conditions),
        "capability": [
            {"benchmark": benchmark, "limit": limit, "max_tokens": max_tokens}
            for benchmark in _benchmarks(given, benchmarks)
        ],
        "adapters": list(adapters),
        "description": f"{_title(model, adapters)} on {'the built-in bank' if data == 'bank' else data}",
    }
    given_by_key = {dotted.rpartition(".")[2] for dotted in overrides or {}}
    for dotted, value in (overrides or {}).items():
        lay_over(raw, dotted, value)
    return parse_study(raw, "options", options=OPTIONS - given_by_key)


def _facets(
    data: str,
    names: Sequence[str] | None,
    limit: int | None,
    max_tokens: int | None,
    difficulty: Sequence[str],
    form: str,
) -> dict[str, dict[str, Any]]:
    """The study's `facets`."""
    if twice := sorted({facet for facet in names or () if list(names or ()).count(facet) > 1}):
        raise ConfigError(f"facets: named twice: {', '.join(twice)}; name each once")
    asked: dict[str, dict[str, Any]] = {}
    for facet in served(FACETS, data) if names is None else names:
        limits = facet_of(facet).limits
        asked[facet] = {
            **limits,
            **({} if max_tokens is None else dict.fromkeys(limits, max_tokens)),
            "limit": limit,
        }
        if facet_of(facet).bank == LEVELLED and data == "bank":
            asked[facet]["difficulty"] = list(difficulty)
        if facet_of(facet).lettered:
            public = data != "bank" and not is_own_file(data) and facet == "are_you_sure"
            asked[facet]["form"] = form or ("choice" if public else "open")
    return asked


def _title(model: str, adapters: Sequence[Mapping[str, Any]]) -> str:
    """The model with the finished adapters that are measured on it."""
    return " + ".join([model, *(str(one["name"]) for one in adapters if one.get("path"))])


def model_mapping(name: str, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A study's `model` from a name and settings; those that only another backend takes are left out.

    Options and defaults of a command hold for whatever model is named, as the two of a comparison.
    """
    return without_foreign_keys({"name": name} | dict(settings or {}))


def _benchmarks(model: Mapping[str, Any], names: Sequence[str] | None) -> Sequence[str]:
    """Benchmarks that a model is asked: the named ones, or all that it can be asked."""
    if unknown := [name for name in names or () if name not in BENCHMARKS]:
        raise ConfigError(f"unknown benchmark {', '.join(unknown)}; allowed: {', '.join(BENCHMARKS)}")
    backend = named_backend(model)
    if backend is None or backend.runs_benchmarks:  # an unknown backend is refused with the study
        return tuple(BENCHMARKS) if names is None else names
    if names:
        raise ConfigError(
            f"'{model['name']}' is {backend.kind}: it takes no benchmarks; leave out {', '.join(names)}"
        )
    return ()


def read_template(path: str | Path) -> str:
    """A chat template for a study's `model.chat_template`: of a file, or of a tokenizer's (or an adapter's) folder.

    Raises:
        SycoscopeError: there is none, or its file is broken.
    """
    from sycoscope.models.adapter_text import read_template as read

    return read(Path(path))
