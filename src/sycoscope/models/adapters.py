"""Adapters beside one base: attached, switched, taken off; never merged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sycoscope.core.errors import MissingError, ModelError, require
from sycoscope.models.resolve import adapter_digest

RECORD = "sycoscope.json"


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter folder as it was attached. `training` is what its trainer recorded, if ours."""

    name: str
    folder: str
    digest: str
    training: dict[str, Any]
    max_logit_delta: float

    def record(self) -> dict[str, Any]:
        """Plain values for the manifest."""
        return {
            "name": self.name,
            "digest": self.digest,
            "max_logit_delta": self.max_logit_delta,
            "training": self.training,
        }


class Adapters:
    """Holds the base network; `attach` puts one adapter beside it, `detach` takes it off.

    `base_unchanged` says whether the base's logits were bit-equal to the first ones each time that an adapter
    (or a training in between) had left; None before that.
    """

    def __init__(self, network: Any, base_digest: str) -> None:
        self._base = network
        self._base_digest = base_digest
        self._wrapped: Any = None
        self.active: Adapter | None = None
        self._reference = self._probe()
        self.base_unchanged: bool | None = None

    @property
    def network(self) -> Any:
        """The module that answers now."""
        return self._base if self._wrapped is None else self._wrapped

    def attach(self, folder: str | Path, name: str = "") -> Adapter:
        """Attach the adapter of `folder` in place of any other.

        Raises:
            MissingError: no adapter there. ModelError: it does not fit this base, or is a pickle.
        """
        require("peft", "models")
        from peft import PeftModel

        path = Path(folder)
        training = check_adapter(path, self._base_digest)
        self.detach()
        before = self._probe()
        try:
            # autocast off: the adapter computes in the base's precision, as it was trained beside it
            self._wrapped = PeftModel.from_pretrained(
                self._base, str(path), is_trainable=False, autocast_adapter_dtype=False
            ).eval()
        except Exception as fault:  # peft and torch raise many kinds
            self.detach(force=True)
            first = str(fault).strip().splitlines()[0]
            raise ModelError(f"the adapter '{path}' does not fit this base: {first}") from fault
        delta = float((self._probe() - before).abs().max())
        self.active = Adapter(name or path.name, str(path), adapter_digest(path), training, delta)
        return self.active

    def detach(self, *, force: bool = False) -> None:
        """Take the adapter off; the base answers bit for bit as before."""
        if self._wrapped is not None:
            self._base = self._wrapped.unload()
        elif force:
            strip(self._base)
        if self.active is not None:
            same = bool((self._probe_base() == self._reference).all())
            self.base_unchanged = same if self.base_unchanged is None else self.base_unchanged and same
        self._wrapped, self.active = None, None

    def _probe_base(self) -> Any:
        self._wrapped = None
        return self._probe()

    def _probe(self) -> Any:
        """Logits of a fixed row of ids: shows whether an adapter does anything (float32)."""
        import torch

        network = self.network
        size = int(network.config.get_text_config(decoder=True).vocab_size)
        ids = torch.arange(3, 19, device=network.device)[None] % size
        with torch.inference_mode():
            return network(input_ids=ids, use_cache=False).logits.float()


def check_adapter(path: Path, base_digest: str) -> dict[str, Any]:
    """Refuse a folder without a safetensors adapter, or one that was trained on another base.

    Returns:
        What its trainer recorded (`sycoscope.json`), or an empty dict for adapters of other tools.
    """
    if not (path / "adapter_config.json").is_file():
        raise MissingError(
            f"no adapter at '{path}': adapter_config.json is missing; give a PEFT adapter folder "
            "(adapter_config.json and adapter_model.safetensors)"
        )
    if not (path / "adapter_model.safetensors").is_file():
        raise ModelError(
            f"'{path}' holds no adapter_model.safetensors; only safetensors are loaded (pickles can run code)"
        )
    record = path / RECORD
    training: dict[str, Any] = json.loads(record.read_text()) if record.is_file() else {}
    trained_on = training.get("base_digest", base_digest)
    if trained_on != base_digest:
        raise ModelError(
            f"the adapter '{path}' was trained on another base (digest {trained_on}, this one is "
            f"{base_digest}); give the base that it was trained on"
        )
    return training


def strip(network: Any) -> None:
    """Undo a half-done attachment: put every wrapped layer's base layer back."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, module in list(network.named_modules()):
        if isinstance(module, BaseTunerLayer):
            parent = network.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], module.get_base_layer())
    if hasattr(network, "peft_config"):
        del network.peft_config
