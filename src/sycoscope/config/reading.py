"""From a file or plain values to a checked study: every fault at once, with its place and what is allowed there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, RootModel, ValidationError

from sycoscope.config.margins import Margins
from sycoscope.config.schema import JudgeConfig, StudyConfig
from sycoscope.config.usable import served
from sycoscope.core.errors import ConfigError, fault_list
from sycoscope.core.texts import shortened
from sycoscope.core.yaml_files import read_yaml
from sycoscope.models.load import chosen_backend, default_backend, without_foreign_keys

M = TypeVar("M", bound=BaseModel)
MARGINS_STEP = (
    "write one that says how much worse each measure may be, as `margins: {answer: 0.10, mmlu: 0.05}` (docs/gate.md), "
    "and name it with --margins"
)


def read_study(path: str | Path, overrides: dict[str, Any] | None = None) -> StudyConfig:
    """Read and check a study file.

    Args:
        overrides: Dotted keys laid over the file, as `{"model.name": "...", "data": "..."}`. Where they choose
            another backend, the file's model settings that it does not take are left out; where they name a file of
            one's own questions as data, the facets that it has no rows for.

    Raises:
        MissingError: no such file. ConfigError: not YAML that can be used, or faults; all of them at once.
    """
    raw = raw_study(path)
    laid_over = overrides or {}
    _change_backend(raw, laid_over)
    for dotted, value in laid_over.items():
        lay_over(raw, dotted, value)
    if "data" in laid_over:
        _leave_out_facets(raw)
    return parse_study(raw, str(path))


def raw_study(path: str | Path) -> dict[str, Any]:
    """A study file as plain values, unchecked.

    Raises:
        MissingError: no such file. ConfigError: not YAML that can be used, or no mapping.
    """
    raw = read_yaml(path, "study file", "give the path of a YAML file (see studies/quick.yaml)")
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: a study is a mapping of keys to values; got {type(raw).__name__}")
    return raw


def _leave_out_facets(raw: dict[str, Any]) -> None:
    """Leave out facets that the study names for its own data, where the data are now a file without rows for them."""
    facets, data = raw.get("facets"), raw.get("data")
    if not isinstance(facets, dict) or not isinstance(data, str):
        return
    asked = [name for name, facet in facets.items() if isinstance(facet, dict) and not facet.get("items")]
    for name in set(asked) - set(served(asked, data)):
        facets[name] = None


def _change_backend(raw: dict[str, Any], overrides: Mapping[str, Any]) -> None:
    """Where overrides choose another backend, leave the file's model settings that it does not take."""
    before = raw.get("model")
    if not isinstance(before, dict):
        return
    changed = {key: overrides[f"model.{key}"] for key in ("name", "backend") if f"model.{key}" in overrides}
    after = before | changed
    names = [str(model.get("name", "")) for model in (before, after)]
    if "backend" not in changed and len(set(map(default_backend, names))) == 2:
        after.pop("backend", None)  # it named the backend of the file's own model
    if chosen_backend(after) != chosen_backend(before):
        raw["model"] = without_foreign_keys(after)


def parse_study(raw: dict[str, Any], where: str = "study", *, options: Collection[str] = ()) -> StudyConfig:
    """Check a study given as plain values.

    Args:
        options: Last parts of keys that were given as options: a fault names the option and not where it stands.

    Raises:
        ConfigError: every fault, each with its place and what is allowed there.
    """
    return _parse(StudyConfig, raw, where, options)


def parse_judge(raw: dict[str, Any], where: str = "judge") -> JudgeConfig:
    """Check a judge given as plain values.

    Raises:
        ConfigError: every fault, each with its place and what is allowed there.
    """
    return _parse(JudgeConfig, raw, where)


def read_margins(path: str | Path) -> Margins:
    """Read and check a margins file.

    Raises:
        MissingError: no such file. ConfigError: not YAML that can be used, or faults; all of them at once.
    """
    raw = read_yaml(path, "margins file", MARGINS_STEP)
    if not isinstance(raw, dict):
        raise ConfigError(
            f"{path}: a margins file is a mapping of keys to values; got {type(raw).__name__}; {MARGINS_STEP}"
        )
    return parse_margins(raw, str(path))


def parse_margins(raw: dict[str, Any], where: str = "margins") -> Margins:
    """Check margins given as plain values.

    Raises:
        ConfigError: every fault, each with its place and what is allowed there.
    """
    return _parse(Margins, raw, where)


def _parse(model: type[M], raw: dict[str, Any], where: str, options: Collection[str] = ()) -> M:
    try:
        return model.model_validate(raw)
    except ValidationError as fault:
        # one option may reach several keys
        lines = list(dict.fromkeys(_fault_line(model, error, options) for error in fault.errors()))
        raise ConfigError(fault_list(f"{where}: {len(lines)} fault(s):", lines)) from fault


def lay_over(raw: dict[str, Any], dotted: str, value: Any) -> None:
    """Put a value at a dotted key of nested mappings, as `lora.r`; what lies beside it stays.

    Raises:
        ConfigError: a part of the key is there and is no mapping.
    """
    *parents, last = dotted.split(".")
    for key in parents:
        raw = raw.setdefault(key, {})
        if not isinstance(raw, dict):
            raise ConfigError(f"--set {dotted}: '{key}' is not a mapping")
    raw[last] = value


def _fault_line(root: type[BaseModel], error: Any, options: Collection[str]) -> str:
    parts = [shortened(str(part)) for part in error["loc"] if part != "[key]"]
    option = next((part for part in reversed(parts) if part in options), "")
    place = option or ".".join(parts) or "(whole file)"
    if error["type"] == "extra_forbidden":
        return f"  {place}: unknown key; allowed here: {', '.join(_allowed(root, error['loc'][:-1]))}"
    came = "" if error["type"] in {"missing", "value_error"} else f" (got {error['input']!r:.80})"
    return f"  {place}: {error['msg'].removeprefix('Value error, ')}{came}"


def _allowed(root: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """Field names of the model at `loc`, found by walking the annotations."""
    model: Any = root
    for part in loc:
        if isinstance(model, type) and issubclass(model, RootModel):  # a mapping: the part is a key of it
            model = _inner(model.model_fields["root"].annotation)
            continue
        if isinstance(part, int) or not hasattr(model, "model_fields") or part not in model.model_fields:
            continue
        model = _inner(model.model_fields[part].annotation)
    return sorted(model.model_fields) if hasattr(model, "model_fields") else ["(see the documentation)"]


def _inner(annotation: Any) -> Any:
    """The first model within an annotation, as of `X | None` or `dict[str, X]`; the annotation where there is none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        inner = _inner(part)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return inner
    return annotation
