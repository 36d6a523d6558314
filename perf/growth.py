"""How cost grows with items, choices and adapters, as one figure: docs/figures/perf-growth.svg.

make perf ONLY=growth       # after `adapters`, whose seconds are its third panel
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from perf import asked, page, sides
from perf.machine import described, now

FIGURE = Path(__file__).resolve().parent.parent / "docs" / "figures" / "perf-growth.svg"
ITEMS, CHOICES = (8, 16, 32, 64), (2, 4, 8, 16)
# Questions of the panel of choices; the peer's batch size.
QUESTIONS, BATCH = 24, 16
OURS, PEER = "Sycoscope", "lm-eval HF"
PANELS = {
    "items": "Questions (MMLU's form, 5 shots)",
    "choices": f"Choices of each of {QUESTIONS} questions",
    "adapters": "Adapters beside the base, all benchmarks",
}


def run(data: Path | None, dtype: str) -> None:
    """Measure two panels, take the third from the row `adapters`, draw."""
    from sycoscope.models.settings import TorchSettings
    from sycoscope.models.torch_model import TorchModel

    model = TorchModel(TorchSettings(name=asked.MODEL, device="cpu", dtype=dtype))
    points = [
        *_panel(model, "items", ITEMS, lambda n: asked.benchmark("mmlu5", data, n)),
        *_panel(model, "choices", CHOICES, _with_choices),
        *_adapters(),
    ]
    page.put_part("growth", [one | {"dtype": dtype, **described()} for one in points])
    draw(points)


def _panel(
    model: Any, panel: str, counts: Sequence[int], specs: Callable[[int], Any]
) -> list[dict[str, Any]]:
    works = {
        OURS: lambda configs: sides.ours_on_benchmarks(model, configs),
        PEER: lambda configs: sides.on_benchmarks(sides.harness_peer(model, BATCH), configs),
    }
    points = []
    for count in counts:
        configs = asked.configs(specs(count))
        for side, play in works.items():
            start = now()
            play(configs)
            seconds = round(now() - start, 2)
            points.append({"panel": panel, "side": side, "count": count, "seconds": seconds})
            print(points[-1], flush=True)
    return points


def _with_choices(count: int) -> Any:
    """Bank questions with `count` answers each: their own first, then other questions' right ones."""
    from sycoscope.capability import CapabilitySpec
    from sycoscope.items import load_bank

    items = [one for one in load_bank("facts") if one.split == "test" and one.choices]
    others = list(dict.fromkeys(one.target for one in items))
    asked_items = [
        replace(one, choices=tuple(dict.fromkeys((one.target, *one.choices, *others)))[:count])
        for one in items[:QUESTIONS]
    ]
    return [CapabilitySpec(task="facts_open", source=asked_items)]


def _adapters() -> list[dict[str, Any]]:
    """Seconds of the row `adapters`, added up subject by subject."""
    found = page.part("adapters")
    return [
        {"panel": "adapters", "side": side, "count": count, "seconds": round(seconds, 2)}
        for side, row in zip((OURS, PEER), found, strict=False)
        for count, seconds in enumerate(accumulate(row["seconds"]))
    ]


def draw(points: Sequence[dict[str, Any]]) -> None:
    """Write the figure: one panel per dimension, seconds from zero, sides distinguished by colour, shape and name."""
    import altair as alt
    import vl_convert

    from sycoscope.report import theme

    panels = [
        _chart([one for one in points if one["panel"] == panel], title)
        for panel, title in PANELS.items()
        if any(one["panel"] == panel for one in points)
    ]
    spec = alt.hconcat(*panels, spacing=28).to_dict() | {"config": theme.config()}
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    FIGURE.write_text(vl_convert.vegalite_to_svg(vl_spec=spec, vl_version=version), encoding="utf-8")


def _chart(points: Sequence[dict[str, Any]], title: str) -> Any:
    import altair as alt

    from sycoscope.report import theme

    sides_ = [OURS, PEER]
    counts = sorted({one["count"] for one in points})
    colour = alt.Color(
        "side:N",
        title=None,
        legend=None,
        scale=alt.Scale(domain=sides_, range=[theme.BLUE, theme.VERMILLION]),
    )
    shape = alt.Shape("side:N", legend=None, scale=alt.Scale(domain=sides_, range=["circle", "square"]))
    base = alt.Chart(alt.InlineData(values=list(points))).encode(
        x=alt.X(
            "count:Q",
            title=None,
            axis=alt.Axis(values=counts, grid=False, format="d"),
            scale=alt.Scale(domain=[0, counts[-1] * 1.04]),
        ),
        y=alt.Y("seconds:Q", title="seconds", axis=alt.Axis(grid=True, tickCount=4)),
        color=colour,
    )
    # the side's name stands at the end of its line: no legend to look up
    last = base.transform_filter(alt.datum.count == counts[-1])
    return alt.layer(
        base.mark_line(strokeWidth=2),
        base.mark_point(filled=True, size=50, opacity=1).encode(shape=shape),
        last.mark_text(align="right", dy=-12, fontSize=12).encode(text="side:N"),
    ).properties(width=210, height=170, title=title)
