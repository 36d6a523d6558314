"""Rows of one's own, down to the tokens that carry loss, on a tiny tokenizer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("trl")

from sycoscope.core.errors import DataError
from sycoscope.items import read_dialogues
from sycoscope.models.settings import TorchSettings
from sycoscope.models.torch_model import TorchModel
from sycoscope.training.rows import file_rows
from sycoscope.training.supervised import IGNORED
from sycoscope.training.trainer import encode
from tests.items.test_dialogues import LAYOUTS, write

pytestmark = pytest.mark.slow
END = {"tiny_chat": "<|im_end|>", "tiny_llama2": "</s>"}


@pytest.fixture(scope="module", params=END)
def model(request: pytest.FixtureRequest) -> TorchModel:
    return TorchModel(
        TorchSettings(name=str(request.getfixturevalue(request.param)), device="cpu", dtype="float32")
    )


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_last_answer_and_its_end_of_turn_carry_loss_and_nothing_else(
    model: TorchModel, name, tmp_path
) -> None:
    row, prompt, answer = LAYOUTS[name]
    (example,) = file_rows(read_dialogues(write(tmp_path / "rows.jsonl", row)))
    assert (example.kind, example.item_id) == ("file", f"{tmp_path}/rows.jsonl:1")
    (encoded,) = encode(model, [example], 512).rows
    supervised = [token for token in encoded["labels"] if token != IGNORED]
    end = next(mark for mark in END.values() if mark == model.tokenizer.eos_token)
    assert model.tokenizer.decode(supervised) == answer + end
    # what stands before it is what the model is given when it is asked: a system text where the template has a place
    head = model.template.encode(model.chat_text(prompt))
    assert encoded["input_ids"] == head + supervised
    assert encoded["labels"] == [IGNORED] * len(head) + supervised
    told = model.tokenizer.decode(head)
    assert all(message.content in told for message in prompt)


def test_a_row_that_the_template_cannot_hold_is_named_by_its_place(model: TorchModel, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"prompt": "a <pad> b", "completion": "c"}))
    with pytest.raises(DataError, match=r"rows\.jsonl:1 \(file\): .*'<pad>', a special token"):
        encode(model, file_rows(read_dialogues(path)), 512)
