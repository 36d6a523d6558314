"""All texts that the facets say: the ones that ship (wordings.yaml) or a person's own file, checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from sycoscope.core.errors import ConfigError, fault_list
from sycoscope.core.texts import shortened
from sycoscope.core.yaml_files import parse_yaml, read_yaml
from sycoscope.facets.registry import FACETS, facet_of
from sycoscope.facets.task import FacetTask, facet_task

# Characters of one wording.
MAX_TEXT = 10_000


class Wordings(BaseModel):
    """The texts of every facet, one field per facet (built by `_model` from what is registered)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def of(self, facet: str) -> Any:
        """The texts of one facet."""
        return getattr(self, facet)

    def digest(self, facet: str) -> str:
        """Twelve hex digits over the texts of one facet; the order of a file's keys is no part of it."""
        text = json.dumps(self.of(facet).model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def task(self, facet: str, **settings: Any) -> FacetTask:
        """The facet as these texts ask it (settings as for `facets.task.facet_task`)."""
        return facet_task(facet_of(facet), words=self.of(facet), digest=self.digest(facet), **settings)


def task_of(facet: str, *, wordings: Wordings | None = None, **settings: Any) -> FacetTask:
    """A facet ready to be asked, in the wordings that ship unless others are given."""
    return (wordings or default_wordings()).task(facet, **settings)


@cache
def _model(names: tuple[str, ...]) -> type[Wordings]:
    fields: dict[str, Any] = {name: (FACETS[name].wording, ...) for name in names}
    return create_model("Wordings", __base__=Wordings, **fields)


def default_wordings() -> Wordings:
    """The wordings that ship with the package, and those that a facet brings itself."""
    return _default(tuple(FACETS))


@cache
def _default(names: tuple[str, ...]) -> Wordings:
    return _model(names).model_validate(_shipped())


def _shipped() -> dict[str, Any]:
    """The texts that ship, and those of facets that bring their own."""
    text = files("sycoscope.facets").joinpath("wordings.yaml").read_text(encoding="utf-8")
    shipped: dict[str, Any] = parse_yaml(text, "facets/wordings.yaml")
    return {name: dict(facet.texts) for name, facet in FACETS.items() if facet.texts is not None} | shipped


def _completed(raw: Any) -> Any:
    """With the texts that ship, facet by facet and key by key, where the file has none."""
    if not isinstance(raw, dict):
        return raw
    shipped = {name: texts for name, texts in _shipped().items() if name in FACETS}
    both = {name: shipped[name] | raw[name] for name in shipped if isinstance(raw.get(name), dict)}
    return shipped | raw | both


def read_wordings(path: str | Path) -> Wordings:
    """Wordings of a person's own file.

    Raises:
        MissingError: no such file. ConfigError: not YAML that can be used, a text of over 10,000 characters, or texts
            missing; all faults at once.
    """
    raw = read_yaml(path, "wordings file", "give the path of an existing YAML file")
    _check_lengths(raw, str(path))
    try:
        return _model(tuple(FACETS)).model_validate(_completed(raw))
    except ValidationError as fault:
        lines = [
            f"  {'.'.join(shortened(str(part)) for part in e['loc'])}: {e['msg']}" for e in fault.errors()
        ]
        raise ConfigError(fault_list(f"{path}: {len(lines)} fault(s) in the wordings:", lines)) from fault


def _check_lengths(raw: Any, where: str) -> None:
    """Refuse a text that is longer than any that is said: it would stand in every prompt of every item."""
    for place, text in _texts(raw, ""):
        if len(text) > MAX_TEXT:
            raise ConfigError(
                f"{where}: {place}: a text of {len(text):,} characters; a wording has at most {MAX_TEXT:,}"
            )


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _texts(part, f"{place}.{shortened(str(key))}".lstrip("."))
