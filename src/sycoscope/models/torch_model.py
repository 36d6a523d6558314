"""A chat model of transformers, with or without a PEFT adapter.

One base in memory; adapters are attached beside it and taken off again, never merged, so the base's
weights are never touched.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from sycoscope.core.errors import ModelError, require
from sycoscope.models.adapter_base import compare_bases
from sycoscope.models.adapter_text import compare_template, template_in
from sycoscope.models.adapters import Adapters
from sycoscope.models.chat_network import ChatNetwork
from sycoscope.models.checkpoint import loading
from sycoscope.models.engine import Engine
from sycoscope.models.first_look import chat_template_of
from sycoscope.models.hardware import Hardware, detect
from sycoscope.models.network import load, ready
from sycoscope.models.own_code import own_code
from sycoscope.models.resolve import Weights, weights_digest
from sycoscope.models.settings import TorchSettings
from sycoscope.models.template import ChatTemplate


class TorchModel(ChatNetwork):
    """Generates in batches and gives log-probabilities of choices. Implements all model protocols."""

    def __init__(self, settings: TorchSettings, *, as_harness: bool = False) -> None:
        """Load the model.

        Args:
            as_harness: As lm-evaluation-harness's own model: prompts that are too long lose tokens from the left, and
                special tokens that a text spells are taken for real ones. Otherwise both come back as errors.

        Raises:
            SycoscopeError: No such model, a missing package, or an option that this machine does not have.
        """
        require("torch", "models")
        require("transformers", "models")
        self.weights: Weights = ready(settings)
        self.hardware: Hardware = detect(settings.device, settings.dtype, settings.threads)
        network, tokenizer = load(self.weights, self.hardware, settings)
        template = chat_template_of(tokenizer, settings, strict=not as_harness)
        super().__init__(
            network,
            tokenizer,
            template=template,
            engine=Engine(settings.engine),
            settings=settings,
            as_harness=as_harness,
        )
        self.base_digest = weights_digest(self.weights, self.weights.commit)
        with loading(self.weights.where):
            self.adapters = Adapters(self._network, self.base_digest, self.tokenizer)
        self._own_words = (self.tokenizer, self.template)
        self._code = own_code(self._network, self._network.config, self.tokenizer)
        # the check runs now, so that its warning comes before any work
        self.engine.name(self._network)

    # --- identity ---

    @property
    def name(self) -> str:
        """The base's name, with the adapter's behind a plus sign."""
        return self.weights.name + (f"+{self.adapters.active.name}" if self.adapters.active else "")

    @property
    def digest(self) -> str:
        """Weights, code, adapter, template, precision, threads, engine and batch shape: 16 hex digits."""
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
        if self.adapters.active and self.adapters.active.tokens:
            parts["tokens"] = dict(self.adapters.active.tokens)
        if self.adapters.active and self.adapters.active.scale != 1:
            parts["scale"] = self.adapters.active.scale
        if self.template.opens_reasoning:
            # what such a model says is kept with the mark that it began behind
            parts["opens_reasoning"] = True
        if self._code:
            parts["code"] = self._code
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def network(self) -> Any:
        """The torch module that answers now (with the adapter, where one is attached)."""
        return self.adapters.network

    def record(self) -> dict[str, Any]:
        """What the manifest says about this model."""
        return {
            "name": self.weights.name,
            "origin": self.weights.origin,
            "revision": self.weights.commit,
            "base_digest": self.base_digest,
            "adapter": self._adapter_record(),
            "digest": self.digest,
            "template_hash": self.template.hash,
            "template_given": bool(self.settings.chat_template),
            "template": self.template.record(),
            "n_bos": self.count_bos(),
            "engine": self.engine.name(self.network),
            "engine_reason": self.engine.reason(self.network),
            "batch": {"tokens": self.settings.batch_tokens, "rows": self.settings.batch_rows},
            "quantization": self.settings.quantization,
            "max_length": self.max_length,
            "stop_token_ids": sorted(self._stops),
            "hardware": self.hardware.record(),
        } | ({"code": self._code} if self._code else {})

    # --- adapters and progress ---

    def attach(self, folder: Path, name: str = "", scale: float = 1.0) -> None:
        """Answer with the adapter in `folder` from now on, by default called after the folder.

        Args:
            scale: What the adapter's update of the weights is multiplied by.
        """
        self._speak(self.adapters.attach(folder, name, scale).tokenizer)

    def detach(self) -> None:
        """Answer as the base again."""
        self.adapters.detach()
        self._speak(None)

    def try_adapter(self, folder: Path) -> None:
        """Attach the adapter in `folder` and take it off again.

        Raises:
            SycoscopeError: it is not there, is not read, does not fit, or can only be asked in its own template.
        """
        try:
            self.attach(folder)
            if not self.template.has_template and template_in(folder):
                raise ModelError(
                    f"the base has no chat template, and the adapter's folder holds one: give it to both with "
                    f"--chat-template '{folder}'"
                )
        finally:
            self.detach()

    def _speak(self, tokenizer: Any) -> None:
        """Read and write with an adapter's tokenizer; None: with the base's."""
        before = self.tokenizer
        self.tokenizer, self.template = self._own_words
        if tokenizer is not None:
            self.tokenizer, self.template = tokenizer, self._template_of(tokenizer)
        if self.tokenizer is not before:
            self._stops = self._stop_ids()

    def _template_of(self, tokenizer: Any) -> ChatTemplate:
        return chat_template_of(tokenizer, self.settings, strict=not self._as_harness)

    def _adapter_record(self) -> dict[str, Any] | None:
        """What the manifest says about the adapter, beside this base and in this template; None without one."""
        active = self.adapters.active
        if active is None:
            return None
        given = self.weights.folder if self.weights.is_hub else self.settings.name
        origin = str(getattr(self._network.config, "_name_or_path", "") or "")
        record = active.record() | {
            "base": compare_bases(active.config, given, is_hub=self.weights.is_hub, origin=origin)
        }
        if text := template_in(Path(active.folder)):
            hash_, same = compare_template(text, self.template)
            record["template"] = {"hash": hash_, "same": same}
        return record

    @property
    def base_unchanged(self) -> bool | None:
        """Whether the base answers bit for bit as before any adapter; None where none was attached."""
        return self.adapters.base_unchanged
