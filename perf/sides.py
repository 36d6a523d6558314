"""The two sides of a row: our engine, and the peer that does the same work; both give their answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sycoscope.capability.harness import evaluate
from sycoscope.capability.harness_model import HarnessModel
from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest, Decoding, GenerateRequest, Response
from sycoscope.facets.runner import play
from sycoscope.models.plain import scoring
from sycoscope.models.torch_model import TorchModel
from sycoscope.study.inputs import FacetMaterial

# What an item got: log-probabilities of its choices, or a text.
Answers = dict[str, list[float] | str]


def harness_peer(model: TorchModel, batch: int) -> Any:
    """lm-evaluation-harness's own model on the same network and tokenizer."""
    from lm_eval.models.huggingface import HFLM

    return HFLM(pretrained=model.network, tokenizer=model.tokenizer, batch_size=batch, backend="causal")


def on_benchmarks(lm: Any, configs: Sequence[Any]) -> Answers:
    """Run task configs on a model of the harness."""
    samples = evaluate(lm, configs, fewshot_seed=1234, chat=False)["samples"]
    answers: Answers = {}
    for task, rows in samples.items():
        for row in rows:
            found = [one[0] for one in row["resps"]]
            text = isinstance(found[0], str)
            answers[f"{task}:{row['doc_id']}"] = found[0].strip() if text else [value for value, _ in found]
    return answers


def ours_on_benchmarks(model: TorchModel, configs: Sequence[Any]) -> Answers:
    """The same on our engine."""
    return on_benchmarks(HarnessModel(model), configs)


def on_battery(model: Any, materials: Iterable[FacetMaterial], items: int | None = None) -> Answers:
    """Play the facets; `items` keeps the first items of each."""
    answers: Answers = {}
    for material in materials:
        trials = play(
            material.task, material.items[:items], model, subject="", decoding=Decoding(max_tokens=1)
        )
        for trial in trials:
            key = f"{trial.task}:{trial.item_id}:{trial.condition}"
            answers |= {f"{key}:{one.name}": one.response.text for one in trial.asked}
            answers |= {f"{key}:{one.name}?": list(one.result.logprobs or ()) for one in trial.probes}
    return answers


class Generate:
    """A chat model on `transformers.generate`: prompts sorted by length, `batch` of them at a time.

    Log-probabilities come from plain padded passes over as many rows. With `batch` 1 it is what a notebook does.
    """

    def __init__(self, model: TorchModel, batch: int) -> None:
        self.model = model
        self.batch = batch
        self.name = self.digest = "transformers.generate"

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
        """Greedy answers."""
        prompts = [self.model.template.encode(self.model.chat_text(one.messages)) for one in requests]
        order = sorted(range(len(prompts)), key=lambda index: -len(prompts[index]))
        found: dict[int, Response] = {}
        for start in range(0, len(order), self.batch):
            part = order[start : start + self.batch]
            most = max(requests[index].decoding.max_tokens for index in part)
            found.update(zip(part, self._batch([prompts[index] for index in part], most), strict=True))
        return [found[index] for index in range(len(prompts))]

    def _batch(self, prompts: Sequence[list[int]], most: int) -> list[Response]:
        texts = generated(self.model.network, self.model.tokenizer, prompts, most, sorted(self.model._stops))
        return [Response(text=text.strip()) for text in texts]

    def choice_logprobs(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceLogprobs]:
        """Log-probabilities of every option."""
        network = self.model.network

        def plain(_: Any, pairs: Sequence[scoring.Pair], **shape: Any) -> list[scoring.Scored]:
            longest = max(len(a) + len(b) - 1 for a, b in pairs)
            # a budget of one token is a batch of one row
            budget = 1 if self.batch == 1 else self.batch * longest
            return scoring.score_pairs(
                network, pairs, pad_id=shape["pad_id"], budget=budget, max_length=shape["max_length"]
            )

        return _with_scores(self.model, plain, requests)


def _with_scores(
    model: TorchModel, score: Callable[..., list[scoring.Scored]], requests: Sequence[ChoiceRequest]
) -> list[ChoiceLogprobs]:
    """`TorchModel.choice_logprobs` with other scores than its engine's."""
    before = model.engine.score_pairs
    model.engine.score_pairs = score  # type: ignore[method-assign]
    try:
        return model.choice_logprobs(requests)
    finally:
        model.engine.score_pairs = before  # type: ignore[method-assign]


def generated(
    network: Any, tokenizer: Any, prompts: Sequence[list[int]], most: int, stops: list[int]
) -> list[str]:
    """Greedy texts of one left-padded batch through `transformers.generate`."""
    import torch

    width = max(map(len, prompts))
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else stops[0]
    ids = torch.full((len(prompts), width), pad)
    for row, prompt in zip(ids, prompts, strict=True):
        row[width - len(prompt) :] = torch.tensor(prompt)
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    with torch.inference_mode():
        out = network.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=most,
            do_sample=False,
            pad_token_id=pad,
            eos_token_id=stops,
        )
    return [str(text) for text in tokenizer.batch_decode(out[:, width:], skip_special_tokens=True)]


def difference(ours: Answers, theirs: Answers) -> tuple[float, int]:
    """Largest difference of a log-probability (nats), and items whose choice or text differs."""
    assert ours.keys() == theirs.keys()
    largest, differing = 0.0, 0
    for key, one in ours.items():
        other = theirs[key]
        if isinstance(one, str) or isinstance(other, str):
            differing += one != other
            continue
        largest = max(largest, *(abs(a - b) for a, b in zip(one, other, strict=True)))
        differing += one.index(max(one)) != other.index(max(other))
    return largest, differing
