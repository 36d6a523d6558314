"""Adapters as PEFT trains and saves them, on the families that people tune: scored and continued as PEFT's own model."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

import peft
import torch

from sycoscope.core.errors import ModelError
from sycoscope.core.types import ChoiceRequest, Decoding, GenerateRequest, Message
from sycoscope.models.adapter_files import CONFIG
from sycoscope.models.engine import FAST, PLAIN
from sycoscope.models.settings import TorchSettings
from sycoscope.models.torch_model import TorchModel

from .families import FAMILIES, Family, make_family

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*plain engine:RuntimeWarning"),  # Gemma's windows
    pytest.mark.filterwarnings("ignore::UserWarning:peft", "ignore::FutureWarning:transformers"),
]

QUESTIONS = ("Why?", "Why is it the capital of Peru? I think the answer is Paris.")
OPTIONS = ("Lima", " No, it is.")
N_ANSWER = 4


def lora(targets: Any, **more: Any) -> peft.LoraConfig:
    return peft.LoraConfig(
        **{"r": 4, "lora_alpha": 8, "target_modules": targets, "task_type": "CAUSAL_LM"} | more
    )


@dataclass(frozen=True)
class Names:
    """Names of a model's layers as PEFT is told them, and its number of tokens."""

    attention: list[str]
    mlp: list[str]
    embeddings: str
    head: str
    n: int


# What an adapter is made of; the `longer` ones are trained after two tokens were added.
SHAPES: dict[str, Callable[[Names], peft.LoraConfig]] = {
    "plain": lambda a: lora(a.attention + a.mlp),
    "rslora": lambda a: lora(a.attention, use_rslora=True, lora_alpha=3),
    "dora": lambda a: lora(a.attention + a.mlp, use_dora=True),
    "all-linear": lambda _: lora("all-linear"),
    "expression": lambda a: lora(
        rf".*\.layers\.\d+\..*({'|'.join((a.attention[0], *a.mlp))})",
        rank_pattern={rf"layers\.1\..*{a.mlp[0]}": 2, a.attention[0]: 6},
        alpha_pattern={rf".*\.0\..*{a.attention[0]}": 3, a.mlp[-1]: 5},
    ),
    "own biases": lambda a: lora(a.attention, bias="lora_only"),
    "all biases": lambda a: lora(a.attention, bias="all"),
    "head": lambda a: lora(a.attention, modules_to_save=[a.head]),
    "embeddings": lambda a: lora(a.attention, modules_to_save=[a.embeddings]),
    "both": lambda a: lora(a.mlp, modules_to_save=[a.embeddings, a.head]),
    "vocabulary": lambda a: lora([a.embeddings, a.attention[0], a.head]),
    "tokens": lambda a: lora(a.attention, trainable_token_indices=[9, 40, 41]),
    "kept tied": lambda a: lora(a.attention, modules_to_save=[a.embeddings], ensure_weight_tying=True),
    "vocabulary kept tied": lambda a: lora([a.embeddings, a.attention[0], a.head], ensure_weight_tying=True),
    "longer": lambda a: lora(a.mlp, modules_to_save=[a.embeddings, a.head]),
    "longer tokens": lambda a: lora(
        a.attention, trainable_token_indices={a.embeddings: [a.n, a.n + 1], a.head: [a.n, a.n + 1]}
    ),
}
# Those that touch the vocabulary's weights, which many models have once for both ends.
TIED = ("head", "tokens", "longer tokens")
RARE = (
    "embeddings",
    "both",
    "vocabulary",
    "longer",
    "kept tied",
    "vocabulary kept tied",
)  # on one family alone
CASES = [
    *((family, shape, False) for family in FAMILIES for shape in SHAPES if shape not in RARE[1:]),
    *((family, shape, True) for family in FAMILIES for shape in TIED),
    *(("Llama", shape, False) for shape in RARE[1:4]),
    *(("Llama", shape, True) for shape in RARE),
]


@dataclass(frozen=True)
class Subject:
    """A base as the product loads it, another one for PEFT, and what the first is and says without an adapter."""

    family: Family
    model: TorchModel
    network: Any
    weights: dict[str, Any]
    numbers: list[float]


def numbers(model: TorchModel) -> list[float]:
    """Log-probabilities of the options after each question as a chat, and after the last as raw text."""
    requests = [ChoiceRequest(messages=(Message("user", text),), options=OPTIONS) for text in QUESTIONS]
    weighed = [value for found in model.choice_logprobs(requests) for value in found.logprobs]
    return weighed + [value for value, _ in model.loglikelihood([(QUESTIONS[-1], one) for one in OPTIONS])]


def answers(model: TorchModel) -> list[str]:
    decoding = Decoding(max_tokens=N_ANSWER)
    requests = [GenerateRequest(messages=(Message("user", text),), decoding=decoding) for text in QUESTIONS]
    return [answer.text for answer in model.generate(requests)]


def numbers_of_peft(network: Any, model: TorchModel) -> list[float]:
    """The same of a network of PEFT's: whole rows, one by one. `model` only writes and reads the tokens."""
    heads = [*(model.chat_text((Message("user", text),)) for text in QUESTIONS), QUESTIONS[-1]]
    found = []
    for context, target in model.template.encode_pairs([(head, one) for head in heads for one in OPTIONS]):
        read = logits(network, context + target)[len(context) - 1 : -1].log_softmax(-1)
        found.append(float(read.gather(-1, torch.tensor(target)[:, None]).sum()))
    return found


def answers_of_peft(network: Any, model: TorchModel) -> list[str]:
    found = []
    for text in QUESTIONS:
        ids = model.template.encode(model.chat_text((Message("user", text),)))
        new: list[int] = []
        while len(new) < N_ANSWER:
            token = int(logits(network, ids + new)[-1].argmax())
            if token in model.record()["stop_token_ids"]:
                break
            new.append(token)
        found.append(str(model.tokenizer.decode(new, skip_special_tokens=True)).strip())
    return found


def logits(network: Any, ids: list[int]) -> Any:
    with torch.no_grad():
        return network(input_ids=torch.tensor([ids]), use_cache=False).logits[0]


def train(base: Any, config: Any, n_words: int) -> Any:
    """An adapter beside `base`, which is used up, after two steps on random tokens: all of it has moved."""
    torch.manual_seed(1)
    network = peft.get_peft_model(base, config).train()
    trained = {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
    before = {name: weight.detach().clone() for name, weight in trained.items()}
    optimizer = torch.optim.Adam(trained.values(), lr=0.02)
    ids = torch.cat(
        [
            torch.randint(0, n_words, (2, 60)),
            torch.tensor([[9, n_words - 2, 40, 3], [41, n_words - 1, 9, 3]]),
        ],
        1,
    )
    for _ in range(2):
        network(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert [name for name, weight in trained.items() if torch.equal(weight, before[name])] == []
    return network.eval()


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory, tiny: Any) -> Callable[[str, bool], Subject]:
    from transformers import AutoModelForCausalLM

    made: dict[tuple[str, bool], Subject] = {}
    words = tiny.tokenizer(tiny.CHATML, adds_bos=False)

    def subject(name: str, tied: bool) -> Subject:
        if (name, tied) not in made:
            folder = make_family(FAMILIES[name], tmp_path_factory.mktemp(name) / "base", words, tied=tied)
            model = TorchModel(TorchSettings(name=str(folder), device="cpu", dtype="float32"))
            own = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
            weights = {key: value.clone() for key, value in model.network.state_dict().items()}
            made[name, tied] = Subject(FAMILIES[name], model, own, weights, numbers(model))
        return made[name, tied]

    return subject


@pytest.fixture(autouse=True)
def no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """PEFT writes a page about each adapter, which takes longer than its weights."""
    monkeypatch.setattr(peft.PeftModel, "create_or_update_model_card", lambda *_: None)


def names(subject: Subject) -> Names:
    network = subject.network
    ends = (network.get_input_embeddings(), network.get_output_embeddings())
    embeddings, head = (
        next(name.rpartition(".")[2] for name, module in network.named_modules() if module is end)
        for end in ends
    )
    family = subject.family
    return Names([*family.attention], [*family.mlp], embeddings, head, len(subject.model.tokenizer))


def adapter(subject: Subject, shape: str, folder: Path, **saving: Any) -> Any:
    """Write a trained adapter of a shape to `folder`; PEFT's model of it, as it was trained."""
    base = copy.deepcopy(subject.network)
    words = subject.model.tokenizer
    config = SHAPES[shape](names(subject))
    if shape.startswith("longer"):
        words = copy.deepcopy(words)
        words.add_tokens(["<note>", "</note>"])
        base.resize_token_embeddings(len(words), mean_resizing=False)
        words.save_pretrained(folder)
    network = train(base, config, len(words))
    network.save_pretrained(folder, **saving)
    return network


def apart(some: list[float], others: list[float]) -> float:
    return max(abs(a - b) for a, b in zip(some, others, strict=True))


def check_base(subject: Subject) -> None:
    """Without an adapter: every weight and number bit for bit as before any."""
    assert numbers(subject.model) == subject.numbers
    after = subject.model.network.state_dict()
    assert list(after) == list(subject.weights)
    assert all(torch.equal(after[key], value) for key, value in subject.weights.items())


@pytest.mark.parametrize(("name", "shape", "tied"), CASES)
def test_a_trained_adapter_says_what_peft_says_and_leaves_the_base_as_it_was(
    name, shape, tied, subjects, tmp_path
):
    subject = subjects(name, tied)
    model = subject.model
    network = adapter(subject, shape, tmp_path / "a")
    model.attach(tmp_path / "a")
    assert model.record()["engine"] == (FAST if subject.family.runs_fast else PLAIN)
    assert apart(numbers(model), numbers_of_peft(network, model)) <= 1e-4
    assert apart(numbers(model), subject.numbers) > 0.01
    assert answers(model) == answers_of_peft(network, model)
    model.detach()
    check_base(subject)


@pytest.mark.parametrize("name", ["Llama", "Gemma3", "GPTNeoX"])
def test_adapters_in_turn_give_each_its_own_numbers(name, subjects, tmp_path):
    subject = subjects(name, True)
    model = subject.model
    networks = {shape: adapter(subject, shape, tmp_path / shape) for shape in ("longer tokens", "all biases")}
    first: dict[str, list[float]] = {}
    for shape in ("longer tokens", "", "all biases", "longer tokens", "all biases", ""):
        model.attach(tmp_path / shape) if shape else model.detach()
        if shape:
            assert first.setdefault(shape, numbers(model)) == numbers(model)
            assert apart(first[shape], numbers_of_peft(networks[shape], model)) <= 1e-4
        else:
            check_base(subject)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("shape", "whole"), [("tokens", True), ("longer tokens", False)])
def test_tokens_that_are_saved_with_or_without_the_whole_vocabulary(shape, whole, tied, subjects, tmp_path):
    subject = subjects("Llama", tied)
    network = adapter(subject, shape, tmp_path / "a", save_embedding_layers=whole)
    subject.model.attach(tmp_path / "a")
    assert apart(numbers(subject.model), numbers_of_peft(network, subject.model)) <= 1e-4
    subject.model.detach()
    check_base(subject)


def test_new_tokens_of_which_the_adapter_holds_some_are_refused(subjects, tmp_path):
    subject = subjects("Llama", False)
    adapter(subject, "longer tokens", tmp_path / "a", save_embedding_layers=False)
    n = len(subject.model.tokenizer)
    config = json.loads((tmp_path / "a" / CONFIG).read_text())
    for tokens in ([n + 1], [n, 10**9]):
        config["trainable_token_indices"] = {"embed_tokens": tokens, "lm_head": tokens}
        (tmp_path / "a" / CONFIG).write_text(json.dumps(config))
        with pytest.raises(
            ModelError, match=r"holds no new rows for model.embed_tokens, lm_head; save it with"
        ):
            subject.model.attach(tmp_path / "a")
        check_base(subject)


def test_activated_lora_is_refused(subjects, tmp_path):
    subject = subjects("Llama", False)
    activated = lora(["q_proj"], alora_invocation_tokens=[9, 98])
    train(copy.deepcopy(subject.network), activated, 100).save_pretrained(tmp_path / "a")
    with pytest.raises(ModelError, match="sets alora_invocation_tokens"):
        subject.model.attach(tmp_path / "a")
    check_base(subject)
