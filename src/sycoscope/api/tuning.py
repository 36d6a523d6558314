"""One adapter, tuned by a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sycoscope.api.options import model_mapping
from sycoscope.config import FILE, lay_over, parse_study
from sycoscope.core.errors import ConfigError
from sycoscope.core.files import copy_folder, user_path
from sycoscope.core.processes import is_first
from sycoscope.items import is_own_file
from sycoscope.models.load import named_backend
from sycoscope.run.place import cache_beside, check_places

if TYPE_CHECKING:
    from sycoscope.study.progress import Progress


def train(
    model: str,
    recipe: str,
    *,
    out: str | Path,
    like: str | None = None,
    style: str | None = None,
    data: str = "bank",
    rows: int | None = None,
    seed: int = 42,
    settings: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Tune one adapter and write it to `out`.

    Args:
        recipe: As in docs/training.md; `file` takes the rows in `data`.
        data: Where the recipe's rows come from: `bank`, `hub` or a folder in the public layouts; of `file` the file, or
            OWNER/NAME of the hub.
        rows: How many; None for all.
        like: Of recipe `sham`: the recipe whose prompts it takes; None for `placebo`.
        style: Of a placebo's rows; None for all neutral ones.
        training: Keys of a study's `training`; nested ones dotted, as `{"lora.r": 4}`. With `{"objective": "dpo"}`
            the rows are preference pairs (recipes `file` and `anti_sycophancy`).

    Raises:
        ConfigError: `out` exists and is not empty or cannot be written, or an unknown recipe or setting.
    """
    from sycoscope.study.train import train_one

    folder = user_path(out)
    cache = cache_beside(folder)
    check_places(folder, cache)
    if folder.is_dir() and any(folder.iterdir()):
        raise ConfigError(f"'{folder}' exists and is not empty; choose another --out")
    entry = {"name": "adapter", "recipe": recipe, "like": like, "style": style, "rows": rows, "seeds": [seed]}
    taken = _rows_from(data, recipe, entry)
    given = model_mapping(model, settings)
    backend = named_backend(given)
    if backend is not None and not backend.takes_adapters:
        raise ConfigError(
            f"'{model}' is {backend.kind}: it cannot be tuned; name a model with weights: "
            "a local folder, a .gguf file or a hub id"
        )
    raw: dict[str, Any] = {
        "study": "train",
        "seed": seed,
        "model": given,
        "training": {},
        **taken,
    }
    for dotted, value in (training or {}).items():
        lay_over(raw, f"training.{dotted}", value)
    config = parse_study(raw, "options")
    adapter = train_one(config, cache, progress=progress)
    if is_first():  # of several processes of a launch
        copy_folder(adapter, folder)
    return folder


def _rows_from(data: str, recipe: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """A study's `data` and `adapters` with one entry, which takes its rows from `data`.

    Raises:
        ConfigError: It is a file, and the recipe takes none.
    """
    if recipe == FILE:
        return {"adapters": [{**entry, "source": data}]}
    if is_own_file(data):
        raise ConfigError(
            f"questions of a file, as '{data}', are asked, not trained on; give bank, hub or a folder, "
            f"or recipe '{FILE}' for a file of training rows"
        )
    return {"data": data, "adapters": [dict(entry)]}
