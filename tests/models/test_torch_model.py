"""The torch model on tiny random weights: one BOS, batches, decoding, adapters, memory, long texts."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch

from sycoscope.core.costs import answer_weight
from sycoscope.core.errors import MissingError, ModelError
from sycoscope.core.protocols import ChoiceModel, Model, TextModel
from sycoscope.core.types import ChoiceRequest, Decoding, GenerateRequest, Message, Unscored
from sycoscope.models.engine import Engine
from sycoscope.models.settings import TorchSettings
from sycoscope.models.torch_model import TorchModel

pytestmark = pytest.mark.slow

QUESTIONS = [
    "What is the capital of Peru?",
    "Tom has 3 boxes of 4 pens. How many pens are there?",
    "Why?",
    "I think the answer is Paris. What is the capital of France? Answer in a few words.",
    "Please read the question once more, and then once more, and answer it as well as you can.",
]


def load(folder: Path, **settings: Any) -> TorchModel:
    return TorchModel(TorchSettings(name=str(folder), device="cpu", dtype="float32", **settings))


@pytest.fixture(scope="module")
def chat(tiny_chat: Path) -> TorchModel:
    return load(tiny_chat)


@pytest.fixture(scope="module")
def llama2(tiny_llama2: Path) -> TorchModel:
    return load(tiny_llama2)


def asks(n: int = 40, **decoding: Any) -> list[GenerateRequest]:
    return [
        GenerateRequest(
            messages=(Message("user", f"{i} {QUESTIONS[i % len(QUESTIONS)]}"),),
            decoding=Decoding(max_tokens=4 + i % 7, **decoding),
        )
        for i in range(n)
    ]


def choices(n: int = 40) -> list[ChoiceRequest]:
    options = ("Lima", "Paris, I think", "12", "Yes")
    prefixes = ("", "The answer is", "The answer is (")
    return [
        ChoiceRequest(messages=ask.messages, options=options[: 2 + i % 3], prefix=prefixes[i % 3])
        for i, ask in enumerate(asks(n))
    ]


@pytest.fixture
def fed(llama2: TorchModel) -> Iterator[list[list[int]]]:
    """Token ids of every row that reaches the network, padding taken off."""
    rows: list[list[int]] = []

    def keep(_: Any, __: Any, kwargs: dict[str, Any]) -> None:
        for row in kwargs["input_ids"].tolist():
            rows.append([token for token in row if token != llama2.tokenizer.pad_token_id])

    hook = llama2.network.register_forward_pre_hook(keep, with_kwargs=True)
    yield rows
    hook.remove()


def test_it_speaks_all_protocols(chat):
    assert isinstance(chat, Model)
    assert isinstance(chat, ChoiceModel)
    assert isinstance(chat, TextModel)


@pytest.mark.parametrize("path", ["chat", "choice", "chat text", "raw text", "raw continuation", "rolling"])
def test_exactly_one_bos_on_every_path(llama2, fed, path):
    bos = llama2.tokenizer.bos_token_id
    messages = (Message("user", QUESTIONS[0]),)
    rendered = llama2.chat_text(messages)
    assert rendered.startswith("<s>[INST]")
    assert llama2.tokenizer(rendered).input_ids[:2] == [bos, bos]  # the trap: both add one
    {
        "chat": lambda: llama2.generate(
            [GenerateRequest(messages=messages, decoding=Decoding(max_tokens=1))]
        ),
        "choice": lambda: llama2.choice_logprobs([ChoiceRequest(messages=messages, options=("Lima",))]),
        "chat text": lambda: llama2.loglikelihood([(rendered, " Lima")]),
        "raw text": lambda: llama2.generate_until([("Question: Why?\nAnswer:", Decoding(max_tokens=1))]),
        "raw continuation": lambda: llama2.loglikelihood([("Question: Why?\nAnswer:", " No")]),
        "rolling": lambda: llama2.loglikelihood_rolling(["The capital of Peru is Lima."]),
    }[path]()
    assert fed
    for row in fed:
        assert row[0] == bos
        assert row.count(bos) == 1
    assert llama2.count_bos() == 1
    assert llama2.record()["n_bos"] == 1


def test_a_model_without_bos_gets_none(chat):
    ids = chat.template.encode(chat.chat_text([Message("user", "a")]))
    assert ids[0] == chat.tokenizer.convert_tokens_to_ids("<|im_start|>")
    assert chat.count_bos() is None


@pytest.mark.parametrize("folder", ["tiny_chat", "tiny_llama2"])
def test_batches_and_order_change_nothing(folder, request):
    path = request.getfixturevalue(folder)
    n = 24
    order = list(range(n))
    random.Random(4).shuffle(order)
    texts, scores = [], []
    for rows, tokens, places in (
        (1, 1, range(n)),
        (7, 300, range(n)),
        (32, 4096, range(n)),
        (32, 4096, order),
    ):
        model = load(path, batch_rows=rows, batch_tokens=tokens)
        answers = model.generate([asks()[i] for i in places])
        found = model.choice_logprobs([choices()[i] for i in places])
        texts.append([answers[list(places).index(i)] for i in range(n)])
        scores.append([found[list(places).index(i)].logprobs for i in range(n)])
    assert len({text.text for text in texts[0]}) > 12
    for other_texts, other_scores in zip(texts[1:], scores[1:], strict=True):
        assert other_texts == texts[0]
        for one, other in zip(scores[0], other_scores, strict=True):
            assert one == pytest.approx(other, abs=1e-4)
            assert max(range(len(one)), key=one.__getitem__) == max(range(len(other)), key=other.__getitem__)


def test_choice_logprobs_are_sums_over_the_options_tokens(chat):
    request = ChoiceRequest(messages=(Message("user", "Why?"),), options=("Lima", "No, no"), prefix="It is")
    got = chat.choice_logprobs([request])[0]
    head = chat.template.encode(chat.chat_text(request.messages) + "It is")
    for option, value, count in zip(request.options, got.logprobs, got.n_tokens, strict=True):
        tail = chat.tokenizer(f" {option}", add_special_tokens=False).input_ids
        with torch.no_grad():
            logits = chat.network(torch.tensor([head + tail])).logits[0].log_softmax(-1)
        by_hand = sum(float(logits[len(head) + i - 1, token]) for i, token in enumerate(tail))
        assert value == pytest.approx(by_hand, abs=1e-4)
        assert count == len(tail)


def greedy(model: TorchModel, prompt: str, n: int) -> str:
    """The plainest greedy decoding: the whole row again for every token."""
    ids = model.template.encode(prompt)
    new: list[int] = []
    for _ in range(n):
        with torch.no_grad():
            token = int(model.network(torch.tensor([ids + new])).logits[0, -1].argmax())
        if token in model.record()["stop_token_ids"]:
            break
        new.append(token)
    return str(model.tokenizer.decode(new, skip_special_tokens=True)).strip()


def test_the_generation_config_has_no_say(chat):
    config = chat.network.generation_config
    assert (config.repetition_penalty, config.do_sample) == (5.0, True)
    for question in QUESTIONS:
        messages = (Message("user", question),)
        got = chat.generate([GenerateRequest(messages=messages, decoding=Decoding(max_tokens=30))])[0]
        assert got.text == greedy(chat, chat.chat_text(messages), 30)


def test_sampling_hangs_on_the_requests_seed_alone(chat):
    alone = [chat.generate([ask])[0].text for ask in asks(12, temperature=1.0, seed=7)]
    assert [r.text for r in chat.generate(asks(12, temperature=1.0, seed=7))] == alone
    assert [r.text for r in chat.generate(asks(12, temperature=1.0, seed=8))] != alone
    narrow = chat.generate(asks(12, temperature=1.0, seed=8, top_p=1e-6))
    assert narrow == chat.generate(asks(12))


def test_stops_and_lengths(chat):
    ask = GenerateRequest(messages=(Message("user", QUESTIONS[3]),), decoding=Decoding(max_tokens=12))
    whole = chat.generate([ask])[0]
    assert (whole.finish, whole.n_tokens) == ("length", 12)
    stop = whole.text[3:5]
    cut = chat.generate_until([(chat.chat_text(ask.messages), Decoding(max_tokens=12, stop=(stop,)))])[0]
    assert cut.finish == "stop"
    assert cut.text == whole.text[: whole.text.index(stop)].strip()
    far = chat.generate_until([("word " * 600, Decoding(max_tokens=2)), ("word", Decoding(max_tokens=2))])
    assert far[0].finish == "error"
    said = rf"\d+ prompt \+ 2 new tokens exceed the model's context length of {chat.max_length}"
    assert re.fullmatch(said, far[0].error)
    assert far[1].finish != "error"


def test_the_weight_of_what_is_answered_is_reported_while_anybody_listens(chat):
    requests, weights = asks(12), list[float]()
    chat.report_to(weights.append)
    try:
        chat.generate(requests)
    finally:
        chat.report_to(None)
    prompts = [chat.chat_text(ask.messages) for ask in requests]
    whole = sum(map(answer_weight, prompts, [ask.decoding.max_tokens for ask in requests]))
    assert sum(weights) == pytest.approx(whole)
    assert len(weights) > 1
    count = len(weights)
    chat.generate(requests[:2])
    assert len(weights) == count


@pytest.mark.parametrize(("engine", "most"), [("plain", 3), ("fast", 40)])
def test_out_of_memory_halves_the_batch_and_changes_no_number(tiny_chat, engine, most):
    model = load(tiny_chat, engine=engine)
    texts, scores = model.generate(asks(10)), model.choice_logprobs(choices(10))
    refused = []

    def small_memory(_: Any, __: Any, kwargs: dict[str, Any]) -> None:
        # rows of a padded batch, tokens of a packed pass
        size = kwargs["input_ids"].shape[0 if engine == "plain" else 1]
        if size > most:
            refused.append(size)
            raise RuntimeError("CUDA out of memory. Tried to allocate 9 GiB")

    hook = model.network.register_forward_pre_hook(small_memory, with_kwargs=True)
    assert model.generate(asks(10)) == texts
    n_generating = len(refused)
    for before, after in zip(scores, model.choice_logprobs(choices(10)), strict=True):
        assert after.logprobs == pytest.approx(before.logprobs, abs=1e-4)
    assert 0 < n_generating < len(refused)
    hook.remove()

    def no_memory(*_: Any) -> None:
        raise RuntimeError("out of memory")

    hook = model.network.register_forward_pre_hook(no_memory)
    with pytest.raises(RuntimeError, match="out of memory"):
        model.generate(asks(3))
    hook.remove()

    def broken(*_: Any) -> None:
        refused.append(-1)
        raise RuntimeError("shapes do not match")

    count = len(refused)
    hook = model.network.register_forward_pre_hook(broken)
    with pytest.raises(RuntimeError, match="shapes"):
        model.choice_logprobs(choices(8))
    assert len(refused) == count + 1  # another fault is not asked again in halves
    hook.remove()


def test_rolling_reads_each_token_once(chat, monkeypatch):
    text = " ".join(f"{i} {QUESTIONS[i % 5]}" for i in range(60))
    ids = chat.tokenizer(text, add_special_tokens=False).input_ids
    assert len(ids) > 2 * chat.max_length
    seen: list[tuple[list[int], list[int]]] = []
    score = Engine.score_pairs

    def spy(self: Engine, network: Any, pairs: Any, **more: Any) -> Any:
        seen.extend(pairs)
        return score(self, network, pairs, **more)

    monkeypatch.setattr(Engine, "score_pairs", spy)
    long, short = chat.loglikelihood_rolling([text, "The capital of Peru is Lima."])
    windows = seen[:-1]
    assert [token for _, window in windows for token in window] == ids
    read = [chat.tokenizer.eos_token_id, *ids]
    at = 1
    for context, window in windows:
        assert context == read[at - len(context) : at]
        assert len(context) + len(window) <= chat.max_length + 1
        at += len(window)
    assert long < short < 0
    monkeypatch.undo()
    assert short == pytest.approx(chat.loglikelihood([("", "The capital of Peru is Lima.")])[0][0], abs=1e-4)


# --- adapters -------------------------------------------------------------------------------------


def make_adapter(folder: Path, base: Path, *, zero: bool = False, seed: int = 1, rank: int = 4) -> Path:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = get_peft_model(network, LoraConfig(r=rank, target_modules=["q_proj", "down_proj"]))
        for name, weight in network.named_parameters():
            if "lora_B" in name and not zero:
                torch.nn.init.normal_(weight, std=0.5)
    network.save_pretrained(folder)
    return folder


def logits(model: TorchModel) -> Any:
    ids = model.template.encode(model.chat_text([Message("user", QUESTIONS[1])]))
    with torch.no_grad():
        return model.network(torch.tensor([ids])).logits


def test_adapters_come_and_go_and_leave_the_base_bit_equal(tiny_chat, tmp_path):
    model = load(tiny_chat)
    before, name, digest = logits(model), model.name, model.digest
    weights = {key: value.clone() for key, value in model.network.state_dict().items()}
    outputs, digests = [before], {digest}
    for seed in (1, 2):
        adapter = model.adapters.attach(make_adapter(tmp_path / f"a{seed}", tiny_chat, seed=seed))
        assert adapter.max_logit_delta > 0.01
        assert model.name == f"{name}+a{seed}"
        assert model.record()["adapter"]["digest"] == adapter.digest
        outputs.append(logits(model))
        digests.add(model.digest)
    assert len(digests) == 3
    assert not torch.equal(outputs[1], outputs[2])
    model.adapters.attach(tmp_path / "a1")
    assert torch.equal(logits(model), outputs[1])  # nothing of the second is left beside the first
    model.adapters.detach()
    assert torch.equal(logits(model), before)
    assert (model.name, model.digest, model.record()["adapter"]) == (name, digest, None)
    after = model.network.state_dict()
    assert set(after) == set(weights)
    assert all(torch.equal(after[key], value) for key, value in weights.items())


def test_an_adapter_made_anew_under_its_old_name_is_another_one(tiny_chat, tmp_path):
    model = load(tiny_chat)
    first = model.adapters.attach(make_adapter(tmp_path / "a", tiny_chat, seed=1))
    answers = logits(model)
    shutil.rmtree(tmp_path / "a")
    second = model.adapters.attach(make_adapter(tmp_path / "a", tiny_chat, seed=2))
    assert second.digest != first.digest
    assert not torch.equal(logits(model), answers)


def test_adapters_that_do_nothing_are_seen(tiny_chat, tmp_path):
    model = load(tiny_chat)
    assert model.adapters.attach(make_adapter(tmp_path / "zero", tiny_chat, zero=True)).max_logit_delta == 0


def test_adapters_that_do_not_belong_are_refused(tiny_chat, tiny_llama2, tmp_path):
    model = load(tiny_chat)
    before = logits(model)
    with pytest.raises(MissingError, match=r"adapter_config\.json is missing"):
        model.adapters.attach(tmp_path)
    own = make_adapter(tmp_path / "own", tiny_chat)
    (own / "sycoscope.json").write_text(json.dumps({"base_digest": "0123456789abcdef"}))
    with pytest.raises(ModelError, match=r"another base \(digest 0123456789abcdef, this one is"):
        model.adapters.attach(own)
    (own / "sycoscope.json").write_text(json.dumps({"base_digest": model.base_digest, "seed": 3}))
    assert model.adapters.attach(own).training["seed"] == 3
    model.adapters.detach()
    pickled = make_adapter(tmp_path / "pickled", tiny_chat)
    torch.save({}, pickled / "adapter_model.bin")
    (pickled / "adapter_model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"holds no adapter_model\.safetensors; only safetensors are loaded"):
        model.adapters.attach(pickled)
    misfit = make_adapter(tmp_path / "misfit", tiny_chat)
    config = json.loads((misfit / "adapter_config.json").read_text())
    (misfit / "adapter_config.json").write_text(json.dumps(config | {"r": 2}))
    with pytest.raises(ModelError, match=r"8 of its 8 weights have another shape: .*4 x 32, here 2 x 32"):
        model.adapters.attach(misfit)
    assert model.adapters.active is None
    assert torch.equal(logits(model), before)
    assert model.adapters.attach(own).max_logit_delta > 0


def test_digest_changes_with_whatever_changes_answers(tiny_chat, tmp_path):
    base = load(tiny_chat)
    assert load(tiny_chat).digest == base.digest
    other = shutil.copytree(tiny_chat, tmp_path / "other")
    assert load(other).digest == base.digest  # the folder's name is no part of it
    template = base.tokenizer.chat_template.replace("assistant\n", "assistant: ")
    assert load(tiny_chat, chat_template=template).digest != base.digest
    assert (
        TorchModel(TorchSettings(name=str(tiny_chat), device="cpu", dtype="bfloat16")).digest != base.digest
    )
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"rms_norm_eps": 1e-4}))
    assert load(other).digest != base.digest


def test_a_model_that_cannot_be_loaded_is_one_line(tiny_chat, tmp_path):
    with pytest.raises(
        ModelError, match=r"cannot load 'nobody/nothing' from the hub: .*local folder"
    ) as fault:
        load(Path("nobody/nothing"))
    assert "\n" not in str(fault.value)
    broken = shutil.copytree(tiny_chat, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelError, match="cannot load the model in"):
        load(broken)
    with pytest.raises(ModelError, match="quantization 'nf4' needs a CUDA device"):
        load(tiny_chat, quantization="nf4")


def test_threads_are_set_and_part_of_the_digest(tiny_chat):
    before = torch.get_num_threads()
    try:
        one, two = (
            TorchModel(TorchSettings(name=str(tiny_chat), device="cpu", dtype="float32", threads=n))
            for n in (1, 2)
        )
        assert (one.record()["hardware"]["threads"], two.record()["hardware"]["threads"]) == (1, 2)
        assert torch.get_num_threads() == 2
        assert one.digest != two.digest
    finally:
        torch.set_num_threads(before)


def test_a_prompt_that_is_too_long_is_an_error_in_every_channel(tiny, tmp_path):
    model = load(tiny.model(tmp_path / "short", tiny.CHATML, adds_bos=False, positions=60))
    long, short = Message("user", "Is it so? " * 40), Message("user", "Why?")
    said = model.generate(
        [GenerateRequest(messages=(m,), decoding=Decoding(max_tokens=4)) for m in (long, short)]
    )
    assert [one.finish == "error" for one in said] == [True, False]
    weighed = model.choice_logprobs(
        [ChoiceRequest(messages=(m,), options=("Yes", "No")) for m in (long, short)]
    )
    assert [one.logprobs is None for one in weighed] == [True, False]
    scored = model.loglikelihood([(long.content, " Yes"), (short.content, " Yes")])
    assert isinstance(scored[0][0], Unscored)
    assert scored[1][0] < 0
    for fault in (said[0].error, weighed[0].error, scored[0][0].error):
        assert re.search(r"\d+ prompt( \+ 4 new)? tokens exceed the model's context length of 60", fault)
    # a row just as long as the model takes: its last token is only read
    fits = "a" * 200
    ids = model.template.encode(fits)[:60]
    (value, _), (beyond, _) = model.loglikelihood(
        [(model.tokenizer.decode(ids[:-n]), model.tokenizer.decode(ids)[-n:]) for n in (1, 1)]
    )
    assert value == beyond < 0
    cutting = TorchModel(model.settings, as_harness=True)
    assert cutting.loglikelihood([(long.content, " Yes")])[0][0] < 0


def test_special_tokens_that_a_text_spells_are_errors_in_every_channel(chat):
    spelt, plain = Message("user", "What is <|im_end|>?"), Message("user", "Why?")
    said = chat.generate(
        [GenerateRequest(messages=(m,), decoding=Decoding(max_tokens=2)) for m in (spelt, plain)]
    )
    assert [one.finish == "error" for one in said] == [True, False]
    weighed = chat.choice_logprobs(
        [
            ChoiceRequest(messages=(spelt,), options=("Yes", "No")),
            ChoiceRequest(messages=(plain,), options=("Yes", "<|im_end|>")),
            ChoiceRequest(messages=(plain,), options=("Yes", "No")),
        ]
    )
    assert [one.logprobs is None for one in weighed] == [True, True, False]
    assert "'<|im_end|>', a special token" in weighed[1].error
    raw = chat.loglikelihood(
        [("What is <|im_end|>?", " Yes"), (chat.chat_text([plain]), "<|im_end|>"), ("Why?", " No")]
    )
    assert [isinstance(value, Unscored) for value, _ in raw] == [True, True, False]
    assert chat.generate_until([("What is <|im_end|>?", Decoding(max_tokens=1))])[0].finish == "error"


def test_the_heading_of_the_next_turn_ends_a_response(tiny, tmp_path, monkeypatch):
    headings = (
        "{% for m in messages %}{{ '### ' + m['role'] + '\n' + m['content'] + '\n\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '### assistant\n' }}{% endif %}"
    )
    model = load(tiny.model(tmp_path / "headings", headings, adds_bos=False))
    heard: list[Decoding] = []

    def answer(network: Any, prompts: Any, decodings: Any, *_: Any, **__: Any) -> list[Any]:
        heard.extend(decodings)
        return [None] * len(prompts)

    monkeypatch.setattr(model.engine, "generate", answer)
    asked = Decoding(max_tokens=2, stop=("Q:",))
    model.generate([GenerateRequest(messages=(Message("user", "Why?"),), decoding=asked)])
    model.generate_until([(model.chat_text([Message("user", "Why?")]), asked), ("Why?", asked)])
    assert [one.stop for one in heard] == [("Q:", "### user"), ("Q:", "### user"), ("Q:",)]
    assert model.record()["template"]["stop"] == "### user"
