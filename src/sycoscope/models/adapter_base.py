"""Which base an adapter's config names, beside the one that was given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# What a file of the same weights has behind its model's name.
_FORMATS = re.compile(
    r"(-unsloth)?(-bnb)?-[48]bit$|[-._](i?q\d\w*|f16|fp16|bf16|f32|gguf|hf)$", re.IGNORECASE
)
_HUB_CACHE = re.compile(r"models--([^/\\]+)--([^/\\]+)")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
# Folders in which people keep models: `out/base` is a path, though it could be an id.
_FOLDERS = re.compile(
    r"(models?|outputs?|out|checkpoints?|ckpts?|runs?|results?|weights|data|tmp|base)/", re.IGNORECASE
)


def compare_bases(config: Mapping[str, Any], given: str, *, is_hub: bool, origin: str = "") -> dict[str, Any]:
    """The base that an adapter names and the one that was given, and whether they agree.

    Two hub ids are compared whole, without regard to case. Otherwise the names alone are: the last part of an id or
    of a path, without what says how the weights are kept (`-bnb-4bit`, `-Q8_0`). A folder elsewhere (an absolute path,
    or `out/base` and its like) may hold any model under any name, so that a difference says nothing.

    Args:
        given: Hub id, or the folder or file of the base. origin: what the base's own config says that it is.

    Returns:
        `named`, `given`, and `agrees`: True, False, or None where it cannot be known.
    """
    named = config.get("base_model_name_or_path")
    if not isinstance(named, str) or not named.strip():
        return {"named": "", "given": given, "agrees": None}
    own = {_id(name) for name in (given, origin) if name}
    wanted = _id(named)
    if any(_plain(wanted) == _plain(one) for one in own) and not (
        is_hub and _is_hub_id(wanted) and wanted.casefold() not in {one.casefold() for one in own}
    ):
        agrees: bool | None = True
    else:
        agrees = False if _is_hub_id(wanted) else None
    return {"named": named, "given": given, "agrees": agrees}


def _id(name: str) -> str:
    """A hub id that a path of the hub's cache stands for; the name itself otherwise."""
    cached = _HUB_CACHE.search(name)
    return f"{cached[1]}/{cached[2]}" if cached else name


def _is_hub_id(name: str) -> bool:
    return bool(_HUB_ID.fullmatch(name)) and not name.startswith((".", "~")) and not _FOLDERS.match(name)


def _plain(name: str) -> str:
    last = Path(name.replace("\\", "/").rstrip("/")).name
    last = last.removesuffix(".gguf")
    shorter = _FORMATS.sub("", last)
    return (shorter or last).casefold()
