"""A study asked otherwise than its file says: fewer facets, other limits; as keys that are laid over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sycoscope.config.reading import raw_study
from sycoscope.core.errors import ConfigError
from sycoscope.facets import FACETS
from sycoscope.items import LEVELLED

DECIDING, ALL = "deciding", "all"


def asked_under(facets: dict[str, dict[str, Any]], conditions: str) -> dict[str, dict[str, Any]]:
    """Facets of a study with the conditions that verdicts read; as they are where all are asked for.

    Raises:
        ConfigError: `conditions` is neither `deciding` nor `all`.
    """
    if conditions not in (DECIDING, ALL):
        raise ConfigError(f"conditions: '{conditions}'; it must be {DECIDING} (what verdicts read) or {ALL}")
    if conditions == ALL:
        return facets
    return {name: facet | {"conditions": list(FACETS[name].deciding)} for name, facet in facets.items()}


def narrowed(
    study: str | Path,
    *,
    facets: Sequence[str] | None = None,
    benchmarks: Sequence[str] | None = None,
    limit: int | None = None,
    form: str = "",
    max_tokens: int | None = None,
    difficulty: Sequence[str] | None = None,
    conditions: str = "",
    system: str = "",
) -> dict[str, Any]:
    """Dotted keys over a study file, for all that it asks; what is not given stays as the file has it.

    Args:
        facets, benchmarks: Those of the study that are asked; None for all. limit: of each of them.
        form: Of facets that are asked by letters or not. max_tokens: of answers and replies.
        conditions: `deciding`: those that verdicts read, in place of the study's; `all`: each facet's default ones.
        difficulty: Levels of bank items; empty for all. Arguments have no levels and are all taken.

    Raises:
        ConfigError: The study asks no such facet or benchmark. MissingError: no such file.
    """
    raw = raw_study(study)
    asked = {name: facet for name, facet in _mapping(raw, "facets").items() if facet is not None}
    kept = _kept("facet", list(asked), facets)
    keys: dict[str, Any] = {f"facets.{name}": None for name in asked if name not in kept}
    for name in kept:
        facet = FACETS.get(name)
        if facet is None:  # the study is refused with the name
            continue
        given: dict[str, Any] = {"limit": limit, **dict.fromkeys(facet.limits, max_tokens)}
        given["form"] = (form or None) if facet.lettered else None
        if conditions:
            given["conditions"] = asked_under({name: {}}, conditions)[name].get("conditions", [])
        given["difficulty"] = None if difficulty is None or facet.bank != LEVELLED else list(difficulty)
        keys |= {f"facets.{name}.{key}": value for key, value in given.items() if value is not None}
    if benchmarks is not None or limit is not None or max_tokens is not None:
        keys["capability"] = _capability(raw, benchmarks, {"limit": limit, "max_tokens": max_tokens})
    return keys | ({"system": system} if system else {})


def _capability(
    raw: Mapping[str, Any], names: Sequence[str] | None, given: Mapping[str, int | None]
) -> list[Any]:
    entries = raw.get("capability") or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return entries  # refused with the study
    kept = _kept("benchmark", [str(entry.get("benchmark")) for entry in entries], names)
    changed = {key: value for key, value in given.items() if value is not None}
    return [entry | changed for entry in entries if str(entry.get("benchmark")) in kept]


def _kept(what: str, there: Sequence[str], names: Sequence[str] | None) -> Sequence[str]:
    if names is None:
        return there
    if unknown := [name for name in names if name not in there]:
        raise ConfigError(
            f"the study asks no {what} {', '.join(unknown)}; it asks: {', '.join(dict.fromkeys(there)) or 'none'}"
        )
    return [name for name in there if name in names]


def _mapping(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, dict) else {}
