"""What `make perf` counts, compares and shows; nothing here is timed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("lm_eval")

import torch

from perf import page, sides
from perf.__main__ import MEASURES, SCRIPTS
from perf.count import Machine, counted, totals
from perf.table import WORKS
from sycoscope.core.types import ChoiceRequest, Decoding, GenerateRequest, Message
from sycoscope.models.fast import scoring
from sycoscope.models.settings import TorchSettings
from sycoscope.models.torch_model import TorchModel

ROOT = Path(__file__).parents[1]
ROW: dict[str, Any] = {
    "work": "mmlu5", "n": 3, "items": "bank", "peer": "p", "peer_batch": 4, "ours_s": 1.0, "peer_s": 5.0,
    "ratio": 5.0, "target": 6.0, "ceiling": 6.0, "max_difference": 1e-6, "differing": 0, "compared": 3,
    "commit": "abc", "dtype": "float32",
}  # fmt: skip


@pytest.fixture(scope="module")
def model(tiny_chat: Path) -> TorchModel:
    return TorchModel(TorchSettings(name=str(tiny_chat), device="cpu", dtype="float32"))


def test_passes_are_counted_with_padding_and_projected_rows(model):
    ids = torch.full((2, 5), 7)
    with counted(model.network) as passes, torch.inference_mode():
        model.network(input_ids=ids)
        model.network(ids, logits_to_keep=1)
        pairs = [([7, 8, 9], [10]), ([7, 8, 9], [11, 12]), ([7, 8, 9, 3], [10])]
        scoring.score_pairs(model.network, pairs, budget=64, max_length=64)
    assert passes[:2] == [(10, 10), (10, 2)]
    # 7 8 9 and its branches 3 and 11; read after 9 (twice the same row), after 3, after 11
    assert passes[2:] == [(5, 3)]
    assert totals(passes) == {"passes": 3, "tokens": 25, "projection_rows": 15}
    model.network(input_ids=ids)
    assert len(passes) == 3


def test_a_pass_costs_its_operations_or_its_weights():
    machine = Machine(body=100, head=50, width=4, operations=1000.0, bytes=300.0)
    assert machine.seconds([(0, 0)]) == pytest.approx(600 / 300)
    assert machine.seconds([(10, 4)]) == pytest.approx(2.4)
    assert machine.seconds([(10, 4), (1, 1)]) == pytest.approx(4.4)


@pytest.mark.parametrize(
    ("ratio", "target", "ceiling", "told"),
    [
        (6.0, 6.0, 20.0, "met"),
        (5.9, 6.0, 20.0, "below 6.0"),
        (4.81, 6.0, 6.0, "met"),
        (4.79, 6.0, 6.0, "below 4.8"),
    ],
)
def test_a_target_near_its_ceiling_counts_as_most_of_it(ratio, target, ceiling, told):
    assert page.verdict({"ratio": ratio, "target": target, "ceiling": ceiling}) == told


def test_differences_of_answers():
    ours: sides.Answers = {"a": [-1.0, -2.0], "b": "x", "c": [-3.0, -3.5]}
    theirs: sides.Answers = {"a": [-1.25, -2.0], "b": "y", "c": [-3.5, -3.0]}
    assert sides.difference(ours, ours) == (0.0, 0)
    assert sides.difference(ours, theirs) == (0.5, 2)
    with pytest.raises(AssertionError):
        sides.difference(ours, {"a": [-1.0, -2.0]})


@pytest.mark.parametrize("batch", [1, 3])
def test_the_peer_of_the_battery_gives_our_answers(model, batch):
    peer = sides.Generate(model, batch)
    texts = ["Why?", "Tom has 3 boxes of 4 pens. How many pens are there?", "Please answer.", "12?"]
    asks = [
        GenerateRequest(messages=(Message("user", text),), decoding=Decoding(max_tokens=9)) for text in texts
    ]
    # the tiny model's own generation config asks for sampling and penalties; `generate` would follow it
    model.network.generation_config = type(model.network.generation_config)()
    assert [one.text for one in peer.generate(asks)] == [one.text for one in model.generate(asks)]
    choices = [ChoiceRequest(messages=one.messages, options=("Lima", "12 pens")) for one in asks]
    for one, other in zip(peer.choice_logprobs(choices), model.choice_logprobs(choices), strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-4)


@pytest.fixture
def files(tmp_path, monkeypatch) -> SimpleNamespace:
    for name in ("RESULTS", "MORE", "PAGE"):
        monkeypatch.setattr(page, name, tmp_path / name)
    marks = [f"<!-- {name}: {end} -->" for name in ("table", "limits") for end in ("begin", "end")]
    page.PAGE.write_text("\n".join(["before", *marks, "after"]))
    return SimpleNamespace(text=page.PAGE.read_text)


def test_a_row_replaces_its_own_and_keeps_the_others(files):
    page.put_row(ROW, WORKS)
    page.put_row(ROW | {"work": "gsm8k", "ratio": 9.0}, WORKS)
    page.put_row(ROW | {"work": "mmlu5", "ratio": 4.0}, WORKS)
    assert [(one["work"], one["ratio"]) for one in page.rows()] == [("mmlu5", 4.0), ("gsm8k", 9.0)]
    text = files.text()
    assert text.startswith("before")
    assert text.endswith("after")
    assert re.findall(r"^\| `(\w+)` .*\*\*([\d.]+)\*\*", text, re.MULTILINE) == [
        ("mmlu5", "4.0"),
        ("gsm8k", "9.0"),
    ]


def test_limits_are_kept_by_precision(files):
    one = {
        "phase": "decode", "dtype": "float32", "shape": "s", "reached_tokens_s": 5.0, "limit_tokens_s": 10.0,
        "share": 0.5, "gflops": 1.0, "gbytes_s": 1.0, "commit": "abc",
    }  # fmt: skip
    page.put_limits([one])
    page.put_limits([one | {"dtype": "bfloat16"}])
    page.put_limits([one | {"share": 0.7}])
    assert [(row["dtype"], row["share"]) for row in page.part("limits")] == [
        ("bfloat16", 0.5),
        ("float32", 0.7),
    ]
    assert "70%" in files.text()


def test_a_page_without_markers_is_refused(files):
    with pytest.raises(SystemExit, match="lacks the markers <!-- growth: begin -->"):
        page.put("growth", "x")


def test_the_page_shows_what_the_file_holds():
    """Rows of perf/results.json are those of the table, with the issue's columns."""
    rows = json.loads((ROOT / "perf" / "results.json").read_text())
    keys = {
        "work",
        "peer",
        "ours_s",
        "peer_s",
        "ratio",
        "target",
        "ceiling",
        "max_difference",
        "commit",
        "cpu",
    }
    assert all(keys <= row.keys() for row in rows)
    assert page.table(rows) in (ROOT / "docs" / "performance.md").read_text()


def test_names_that_the_page_gives_are_those_of_the_command():
    text = (ROOT / "docs" / "performance.md").read_text()
    named = set(re.findall(r"make perf ONLY=(\w+)", text))
    assert named
    assert named <= {*MEASURES, *SCRIPTS}
