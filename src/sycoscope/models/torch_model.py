"""A chat model of transformers, with or without a PEFT adapter.

One base in memory; adapters are attached beside it and taken off again, never merged, so the base's
weights are never touched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sycoscope.core.costs import answer_weight, read_weight
from sycoscope.core.errors import ModelError, require
from sycoscope.core.reasoning import opens_reasoning
from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest, Decoding, GenerateRequest, Message, Response
from sycoscope.models.adapters import Adapters
from sycoscope.models.engine import Engine
from sycoscope.models.hardware import Hardware, detect, torch_dtype
from sycoscope.models.plain.scoring import Pair, Scored
from sycoscope.models.resolve import Weights, resolve, weights_digest
from sycoscope.models.sampling import Stops
from sycoscope.models.settings import TorchSettings
from sycoscope.models.template import ChatTemplate


class TorchModel:
    """Generates in batches and gives log-probabilities of choices. Implements all model protocols."""

    def __init__(self, settings: TorchSettings, *, cut_prompts: bool = False) -> None:
        """Load the model.

        Args:
            cut_prompts: Prompts that leave no room for their answer lose tokens from the left, as in
                lm-evaluation-harness; otherwise they come back as errors.

        Raises:
            SycoscopeError: No such model, a missing package, or an option that this machine does not have.
        """
        require("torch", "models")
        require("transformers", "models")
        self.settings = settings
        self._cut_prompts = cut_prompts
        self.engine = Engine(settings.engine)
        self.weights: Weights = resolve(settings.name, revision=settings.revision)
        self.hardware: Hardware = detect(settings.device, settings.dtype, settings.threads)
        self._progress: Callable[[float], None] | None = None
        self._network, self.tokenizer = _load(self.weights, self.hardware, settings)
        self.template = ChatTemplate(self.tokenizer)
        commit = str(getattr(self._network.config, "_commit_hash", "") or "")
        self.commit = commit
        self.base_digest = weights_digest(self.weights, commit)
        self.adapters = Adapters(self._network, self.base_digest)
        self._stops = self._stop_ids()
        # the check runs now, so that its warning comes before any work
        self.engine.name(self._network)

    # --- identity ---

    @property
    def name(self) -> str:
        """The base's name, with the adapter's behind a plus sign."""
        return self.weights.name + (f"+{self.adapters.active.name}" if self.adapters.active else "")

    @property
    def digest(self) -> str:
        """Weights, adapter, template, precision, threads, engine and batch shape: 16 hex digits."""
        parts = {
            "base": self.base_digest,
            "adapter": self.adapters.active.digest if self.adapters.active else "",
            "template": self.template.hash,
            "dtype": self.hardware.dtype,
            "device": self.hardware.device.split(":")[0],
            "threads": self.hardware.threads if self.hardware.device == "cpu" else 0,
            "quantization": self.settings.quantization,
            "batch": [self.settings.batch_tokens, self.settings.batch_rows],
            "engine": self.engine.name(self.network),
        }
        if self.template.opens_reasoning:
            parts["opens_reasoning"] = (
                True  # what such a model says is kept with the mark that it began behind
            )
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def network(self) -> Any:
        """The torch module that answers now (with the adapter, where one is attached)."""
        return self.adapters.network

    @property
    def max_length(self) -> int:
        """Most tokens that the model's positions cover."""
        limit = getattr(self._network.config, "max_position_embeddings", None)
        return int(limit) if limit else 2048

    def record(self) -> dict[str, Any]:
        """What the manifest says about this model."""
        active = self.adapters.active
        return {
            "name": self.weights.name,
            "origin": self.weights.origin,
            "revision": self.commit or self.settings.revision,
            "base_digest": self.base_digest,
            "adapter": active.record() if active else None,
            "digest": self.digest,
            "template_hash": self.template.hash,
            "n_bos": self.count_bos(),
            "engine": self.engine.name(self.network),
            "engine_reason": self.engine.reason(self.network),
            "batch": {"tokens": self.settings.batch_tokens, "rows": self.settings.batch_rows},
            "quantization": self.settings.quantization,
            "max_length": self.max_length,
            "stop_token_ids": sorted(self._stops),
            "hardware": self.hardware.record(),
        }

    def count_bos(self) -> int | None:
        """BOS tokens at the start of a rendered prompt (1 is right); None where the model has none."""
        if self.tokenizer.bos_token_id is None or not self.template.has_template:
            return None
        ids = self.template.encode(self.chat_text([Message("user", "a")]))
        count = 0
        while count < len(ids) and ids[count] == self.tokenizer.bos_token_id:
            count += 1
        return count

    # --- adapters and progress ---

    def attach(self, folder: Path, name: str = "") -> None:
        """Answer with the adapter in `folder` from now on, by default called after the folder."""
        self.adapters.attach(folder, name)

    def detach(self) -> None:
        """Answer as the base again."""
        self.adapters.detach()

    @property
    def base_unchanged(self) -> bool | None:
        """Whether the base answers bit for bit as before any adapter; None where none was attached."""
        return self.adapters.base_unchanged

    def report_to(self, progress: Callable[[float], None] | None) -> None:
        """Tell `progress` the weight of what was answered; None: tell nobody."""
        self._progress = progress

    # --- chat ---

    def chat_text(self, messages: Sequence[Message], *, open_turn: bool = True) -> str:
        """Render with the chat template."""
        return self.template.render(messages, open_turn=open_turn)

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
        """Answer every request; prompts too long for the model come back as errors."""
        prompts = [self.chat_text(request.messages) for request in requests]
        return self.generate_until(
            [(prompt, request.decoding) for prompt, request in zip(prompts, requests, strict=True)]
        )

    def choice_logprobs(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceLogprobs]:
        """Summed log-probabilities of every option after the rendered dialogue and the prefix."""
        texts: list[tuple[str, str]] = []
        for request in requests:
            head = self.chat_text(request.messages) + request.prefix
            glue = "" if not request.prefix or request.prefix.endswith((" ", "(", "\n")) else " "
            texts.extend((head, glue + option) for option in request.options)
        pairs = self.template.encode_pairs(texts)
        scored = iter(self._score(pairs, sum(read_weight(*both) for both in texts)))
        counts = iter(len(target) for _, target in pairs)
        return [
            ChoiceLogprobs(
                logprobs=tuple(next(scored)[0] for _ in request.options),
                n_tokens=tuple(next(counts) for _ in request.options),
            )
            for request in requests
        ]

    # --- raw text, for lm-evaluation-harness ---

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
        """Log-probability of each continuation given its context, and whether it is greedy."""
        return self._score(self.template.encode_pairs(pairs), sum(read_weight(*both) for both in pairs))

    def loglikelihood_rolling(self, texts: Sequence[str]) -> list[float]:
        """Log-probability of each text, in windows of the model's length, each token read once."""
        pairs: list[Pair] = []
        owners: list[int] = []
        size = self.max_length
        for index, text in enumerate(texts):
            head, ids = self.template.encode_pair("", text)
            history = list(head)
            for start in range(0, len(ids), size):
                window = ids[start : start + size]
                # the last token of a row is only read, so a row holds one more than the model takes
                pairs.append((history[-(size + 1 - len(window)) :], window))
                owners.append(index)
                history.extend(window)
        totals = [0.0] * len(texts)
        for owner, (value, _) in zip(owners, self._score(pairs, read_weight(*texts)), strict=True):
            totals[owner] += value
        return totals

    def generate_until(self, prompts: Sequence[tuple[str, Decoding]]) -> list[Response]:
        """Continue each rendered or raw prompt."""
        encoded = self.template.encode_all([text for text, _ in prompts])
        results: dict[int, Response] = {}
        fits = []
        for index, (ids, (_, decode)) in enumerate(zip(encoded, prompts, strict=True)):
            room = self.max_length - decode.max_tokens
            if self._cut_prompts and len(ids) > room > 0:
                encoded[index] = ids = ids[-room:]
            if len(ids) + decode.max_tokens > self.max_length:
                fault = (
                    f"{len(ids)} prompt + {decode.max_tokens} new tokens exceed the model's context length "
                    f"of {self.max_length}"
                )
                results[index] = Response(text="", finish="error", error=fault)
            else:
                fits.append(index)
        weight = sum(answer_weight(prompts[index][0], prompts[index][1].max_tokens) for index in fits)
        answers = self.engine.generate(
            self.network,
            [encoded[index] for index in fits],
            [prompts[index][1] for index in fits],
            Stops(self._stops, self.template.to_text),
            pad_id=self._pad_id,
            budget=self.settings.batch_tokens * 4,
            max_rows=self.settings.batch_rows,
            progress=self._per_request(weight, len(fits)),
        )
        for index, answer in zip(fits, answers, strict=True):
            opened = opens_reasoning(prompts[index][0])
            results[index] = replace(answer, opened=True) if opened else answer
        return [results[index] for index in range(len(prompts))]

    # --- inside ---

    def _score(self, pairs: Sequence[Pair], weight: float) -> list[Scored]:
        return self.engine.score_pairs(
            self.network,
            pairs,
            pad_id=self._pad_id,
            budget=self.settings.batch_tokens,
            max_length=self.max_length,
            progress=self._per_request(weight, len(pairs)),
        )

    def _per_request(self, weight: float, count: int) -> Callable[[int], None] | None:
        """A progress of `count` requests that reports their mean weight for each; None where nobody listens."""
        report = self._progress
        return None if report is None else lambda done: report(done * weight / max(1, count))

    @property
    def _pad_id(self) -> int:
        pad = self.tokenizer.pad_token_id
        return int(pad if pad is not None else next(iter(self._stops), 0))

    def _stop_ids(self) -> frozenset[int]:
        token_ids: set[int] = set()
        for source in (
            getattr(self._network, "generation_config", None),
            self._network.config,
            self.tokenizer,
        ):
            ids = getattr(source, "eos_token_id", None)
            token_ids.update(ids if isinstance(ids, list) else [] if ids is None else [ids])
        end = self.template.end_of_turn()
        return frozenset(token_ids | ({end} if end is not None else set()))


def _load(weights: Weights, hardware: Hardware, settings: TorchSettings) -> tuple[Any, Any]:
    """Load network and tokenizer; every fault becomes one ModelError that names the next step."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    options: dict[str, Any] = {"trust_remote_code": settings.trust_remote_code}
    if weights.is_hub:
        options["revision"] = weights.revision or "main"
    try:
        tokenizer = AutoTokenizer.from_pretrained(weights.folder, **options)
        network = AutoModelForCausalLM.from_pretrained(
            weights.folder,
            dtype=torch_dtype(hardware.dtype),
            use_safetensors=True,
            **_quantization(settings, hardware),
            **options,
        )
    except Exception as fault:  # transformers and the hub raise many kinds
        raise ModelError(_load_fault(weights, fault)) from fault
    if settings.chat_template:
        tokenizer.chat_template = settings.chat_template
    if settings.quantization == "none":
        network.to(hardware.device)
    network.eval()
    network.requires_grad_(False)
    return network, tokenizer


def _quantization(settings: TorchSettings, hardware: Hardware) -> dict[str, Any]:
    if settings.quantization == "none":
        return {}
    if not hardware.device.startswith("cuda"):
        raise ModelError(
            f"quantization '{settings.quantization}' needs a CUDA device, and this machine offers "
            f"'{hardware.device}'; use quantization: none"
        )
    require("bitsandbytes", "gpu")
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch_dtype(hardware.dtype),
    )
    return {"quantization_config": config, "device_map": {"": hardware.device}}


def _load_fault(weights: Weights, fault: Exception) -> str:
    first = str(fault).strip().splitlines()[0] if str(fault).strip() else type(fault).__name__
    if weights.is_hub:
        return (
            f"cannot load '{weights.folder}' from the hub: {first}; check the id and the connection, "
            "or give a local folder in the same layout"
        )
    return f"cannot load the model in '{weights.folder}': {first}"
