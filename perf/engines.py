"""The quick study's evaluation of its base, by the plain engine and by the fast one: seconds of every unit.

make perf ONLY=engines
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from perf import page
from perf.machine import ROOT, described, now


def run(_: Path | None, __: str) -> None:
    """Engines take turns unit by unit, in the precision that the study chooses."""
    from sycoscope.config import read_study
    from sycoscope.models.engine import Engine
    from sycoscope.models.load import load_model
    from sycoscope.models.torch_model import TorchModel
    from sycoscope.study.inputs import Materials

    config = read_study(ROOT / "studies" / "quick.yaml")
    model = load_model(config.model)
    assert isinstance(model, TorchModel)
    engines = {"plain": Engine("plain"), "fast": Engine("fast")}
    rows = []
    for name, play in _units(config, Materials(config), model).items():
        seconds = {}
        for engine, model.engine in engines.items():
            start = now()
            play()
            seconds[engine] = round(now() - start, 2)
        rows.append({"unit": name, **seconds, "dtype": model.hardware.dtype, **described()})
        print(name, seconds, flush=True)
    total = {key: round(sum(row[key] for row in rows), 2) for key in ("plain", "fast")}
    rows.append(rows[-1] | {"unit": "in all", **total})
    page.put_part("engines", rows, page.engines(rows))
    print(page.engines(rows))


def _units(config: Any, materials: Any, model: Any) -> dict[str, Callable[[], Any]]:
    """What `sycoscope run` asks of a subject."""
    from sycoscope.capability import run_capability
    from sycoscope.core.types import Decoding
    from sycoscope.facets.runner import play

    def facet(material: Any) -> Callable[[], Any]:
        return lambda: play(
            material.task,
            material.items,
            model,
            subject="base",
            decoding=Decoding(max_tokens=1, seed=config.seed),
        )

    def capability(spec: Any) -> Callable[[], Any]:
        return lambda: run_capability(model, [spec], subject="base", seed=config.seed, chat=config.chat)

    units = {name: facet(material) for name, material in materials.facets.items()}
    return units | {spec.task: capability(spec) for spec in materials.capability}
