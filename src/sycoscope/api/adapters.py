"""Finished adapters as a study's `adapters`, and the controls that answer: would any tune do that?"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sycoscope.core.errors import ConfigError, MissingError
from sycoscope.core.files import user_path
from sycoscope.models.adapter_files import CONFIG, read_adapter
from sycoscope.study.regime import NOTHING_KNOWN, regime_of

# A folder, several, or folders by name.
Adapters = str | Path | Sequence[str | Path] | Mapping[str, str | Path]
PLACEBO, SHAM, AGAIN = "placebo", "sham", "base-again"
_log = logging.getLogger("sycoscope.api")


def is_adapter(path: str) -> bool:
    """Whether a name is the folder of an adapter, and of no model beside it; a name may be no path at all."""
    folder = os.path.expanduser(path)
    return os.path.isfile(os.path.join(folder, CONFIG)) and not os.path.exists(
        os.path.join(folder, "config.json")
    )


def finished(adapters: Adapters | None, scales: Sequence[float] = ()) -> list[dict[str, Any]]:
    """Entries of a study's `adapters`, one for each folder; called as the folder is, or by the name that was given.

    Args:
        scales: Of each, what its update is multiplied by, beside itself.

    Raises:
        MissingError: a folder holds no adapter. ConfigError: two have one name, or one the name of another subject.
    """
    entries: dict[str, dict[str, Any]] = {}
    for given, path in _pairs(adapters):
        called, folder = adapter_folder(path)
        name = given or _name_of(Path(called) if called else folder, entries)
        if name in entries or name in {"base", PLACEBO, SHAM}:
            other = f"as '{entries[name]['path']}' is" if name in entries else "as another subject is"
            raise ConfigError(
                f"the adapter in '{folder}' is called '{name}', {other}; "
                f"give it another name, as --adapter my-{name}={path}"
            )
        entries[name] = {"name": name, "path": str(folder)} | ({"scales": list(scales)} if scales else {})
    return list(entries.values())


def adapter_folder(given: str | Path) -> tuple[str, Path]:
    """The folder of an adapter, and the name of its repository where it is one of the hub, which is fetched.

    Args:
        given: A path, or OWNER/NAME or OWNER/NAME@REVISION where there is no such path.

    Raises:
        MissingError: There is no adapter.
    """
    from sycoscope.models.hub import fetch_adapter, is_adapter_id

    folder, name = user_path(given), str(given)
    called, needed = "", "give a PEFT adapter folder, or a hub id"
    if not folder.exists() and is_adapter_id(name):
        called = name.partition("@")[0].partition("/")[2]
        try:
            folder = fetch_adapter(name)
        except MissingError as fault:
            raise MissingError(
                f"no adapter at '{name}': there is no such folder, and of the hub: {fault}; {needed}"
            ) from fault
    if not (folder / CONFIG).is_file():
        raise MissingError(f"no adapter at '{folder}': {CONFIG} is missing; {needed}")
    return called, folder


def served(names: Sequence[str] | Mapping[str, str], scales: Sequence[float] = ()) -> list[dict[str, Any]]:
    """Entries of a study's `adapters` for those that an endpoint serves beside its base.

    Args:
        names: What the endpoint calls them, or these by a name of one's own; digits are the number of one that is
            chosen in a request (llama.cpp). scales: Of these, what the update is multiplied by, beside itself.

    Raises:
        ConfigError: two have one name, or one the name of another subject.
    """
    pairs = names.items() if isinstance(names, Mapping) else [("", name) for name in names]
    entries: dict[str, dict[str, Any]] = {}
    for given, called in pairs:
        name = given or _plain(f"adapter-{called}" if called.isdigit() else called)[-80:].lstrip("._-")
        if name in entries or name in {"base", AGAIN} or not name:
            raise ConfigError(
                f"--adapter-model: '{called}' would be called '{name}', as another subject is; name it, as "
                f"--adapter-model mine={called}"
            )
        entries[name] = {"name": name, "served": int(called) if called.isdigit() else called}
        entries[name] |= {"scales": list(scales)} if scales else {}
    return list(entries.values())


def _pairs(adapters: Adapters | None) -> list[tuple[str, str | Path]]:
    if adapters is None:
        return []
    if isinstance(adapters, Mapping):
        return list(adapters.items())
    return [("", one) for one in ([adapters] if isinstance(adapters, str | Path) else adapters)]


def _name_of(folder: Path, taken: Mapping[str, Any]) -> str:
    """The last part of the path that is a name; with the part before it, where another has that name."""
    parts = [_plain(part) for part in folder.resolve().parts]
    parts = [part for part in parts if part]
    name = parts[-1] if parts else "adapter"
    return "-".join(parts[-2:])[-80:].lstrip("._-") if name in taken else name[:80]


def _plain(part: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", part).strip("-").lstrip("._-")


def controls(entries: Sequence[Mapping[str, Any]], steps: int | None = None) -> list[dict[str, Any]]:
    """A placebo and a sham that are tuned as these adapters were: as the one with the most steps, where they differ.

    Args:
        entries: Of finished adapters; of none: both are tuned by settings that are assumed.
        steps: In place of the adapter's.

    Raises:
        SycoscopeError: an adapter's folder is broken.
    """
    regimes = {str(entry["name"]): regime_of(read_adapter(entry["path"])) for entry in entries}
    like, regime = max(regimes.items(), key=lambda one: one[1].steps, default=("", NOTHING_KNOWN))
    chosen = dict(regime.settings) | ({"steps": steps} if steps else {})
    assumed = [key for key in regime.assumed if not (steps and key == "steps")]
    if assumed:
        values = ", ".join(f"{key} {chosen[key]:g}" for key in assumed)
        _log.warning(
            "%s and %s are tuned with %s: %s does not say its own (--control-steps, --set training.KEY=VALUE)",
            PLACEBO, SHAM, values, f"the folder of '{like}'" if like else "a merged model",
        )  # fmt: skip
    if regime.objective != "sft":
        _log.warning(
            "'%s' was tuned by %s; %s and %s are taught answers (sft), for as many steps at the same rate",
            like, regime.objective, PLACEBO, SHAM,
        )  # fmt: skip
    return [{"name": name, "recipe": name, "training": chosen} for name in (PLACEBO, SHAM)]
