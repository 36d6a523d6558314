"""Adapters beside one base: attached, switched, taken off; never merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sycoscope.core.errors import ModelError, SycoscopeError, require
from sycoscope.models.adapter_files import HISTORY, WEIGHTS, AdapterFiles, read_adapter
from sycoscope.models.adapter_fit import (
    check_targets,
    first_line,
    tokens_alone,
    uncovered,
    unfilled,
    vocabulary_rows,
    why_not,
)
from sycoscope.models.adapter_patterns import check_patterns
from sycoscope.models.adapter_scale import UNTOUCHED, check_scalable, scale_layers
from sycoscope.models.adapter_text import longer_tokenizer, tokenizer_digest
from sycoscope.models.finite import check_file, check_logits
from sycoscope.models.hub import commit_in_cache
from sycoscope.models.resolve import adapter_digest
from sycoscope.models.snapshot import Snapshot

NAME = "default"  # what PEFT calls an adapter that has no name
# Ways to begin a LoRA that leave the base's weights alone, or exchange them (as PiSSA does); others write into them.
_CLEAN_STARTS = (*UNTOUCHED, "pissa")


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter folder as it was attached.

    Attributes:
        config: PEFT's. training: what its trainer recorded, if ours.
        max_logit_delta: Largest change of a logit on a fixed row of ids; 0: it does nothing.
        tokenizer: The folder's own, where it has tokens that the base's lacks and the adapter has rows for them.
        tokens: Rows of the vocabulary of base and adapter, where they differ, and the digest of the tokenizer's files.
        scale: What its update is multiplied by.
    """

    name: str
    folder: str
    digest: str
    config: Mapping[str, Any]
    training: Mapping[str, Any]
    max_logit_delta: float
    tokenizer: Any = None
    tokens: Mapping[str, Any] = field(default_factory=dict)
    scale: float = 1.0

    def record(self) -> dict[str, Any]:
        """Plain values for the manifest."""
        kept = {
            "name": self.name,
            "digest": self.digest,
            "type": self.config["peft_type"],
            "max_logit_delta": self.max_logit_delta,
            "training": {key: value for key, value in self.training.items() if key not in HISTORY},
        }
        revision = commit_in_cache(Path(self.folder))
        return (
            kept
            | ({"revision": revision} if revision else {})
            | ({"tokens": dict(self.tokens)} if self.tokens else {})
            | ({"scale": self.scale} if self.scale != 1 else {})
        )


class Adapters:
    """Holds the base network; `attach` puts one adapter beside it, `detach` takes it off.

    `base_unchanged` says whether the base's logits were bit-equal to the first ones each time that an adapter
    (or a training in between) had left; None before that.

    Raises:
        ModelError: the base's logits are no numbers in its dtype.
    """

    def __init__(self, network: Any, base_digest: str, tokenizer: Any = None) -> None:
        self._base = network
        self._base_digest = base_digest
        self._tokenizer = tokenizer
        self._wrapped: Any = None
        self._before: Snapshot | None = None
        self.active: Adapter | None = None
        self._reference = self._probe()
        check_logits(self._reference, "the model", network.dtype)
        self.base_unchanged: bool | None = None

    @property
    def network(self) -> Any:
        """The module that answers now."""
        return self._base if self._wrapped is None else self._wrapped

    def attach(self, folder: str | Path, name: str = "", scale: float = 1.0) -> Adapter:
        """Attach the adapter of `folder` in place of any other.

        Args:
            scale: What its update of the weights is multiplied by (`adapter_scale`).

        Raises:
            MissingError: no adapter there. ModelError: it is of a kind that is not read, does not fit this base, holds
                what is no number, is a pickle, or cannot be scaled and is to be; the base is as it was.
        """
        require("peft", "models")
        path = Path(folder)
        files = read_adapter(path)
        if scale != 1:
            check_scalable(files)
        check_base(files, self._base_digest)
        self.detach()
        check_patterns(path, files.config, [key for key, _ in self._base.named_modules()])
        check_targets(files, self._base)
        check_file(path / WEIGHTS, self._base.dtype)
        alone = tokens_alone(files, self._base)
        before = self._probe(alone)
        self._before = Snapshot(self._base)
        try:
            tokenizer, tokens = self._extend_vocabulary(files)
            self._wrapped = self._attached(files)
            if scale != 1:
                scale_layers(self._wrapped, NAME, scale)
            now = self._probe(alone)[..., : before.shape[-1]]
            check_logits(now, f"with the adapter '{path}' the model", self._base.dtype)
            delta = float((now - before[..., : now.shape[-1]]).abs().max())
        except SycoscopeError:
            self._take_off()
            raise
        except Exception as fault:  # peft and torch raise many kinds
            self._take_off()
            raise ModelError(f"the adapter '{path}' does not fit this base: {first_line(fault)}") from fault
        self.active = Adapter(
            name or path.name,
            str(path),
            adapter_digest(path),
            files.config,
            files.training,
            delta,
            tokenizer,
            tokens,
            scale,
        )
        return self.active

    def detach(self) -> None:
        """Take the adapter off; the base answers bit for bit as before."""
        self._take_off()
        if self.active is not None:
            same = bool((self._probe() == self._reference).all())
            self.base_unchanged = same if self.base_unchanged is None else self.base_unchanged and same
        self.active = None

    def _take_off(self) -> None:
        self._wrapped = None
        if self._before is not None:
            self._before.restore()
        self._before = None

    def _attached(self, files: AdapterFiles) -> Any:
        """The network with the adapter's layers in it, filled from its file."""
        from peft import PeftConfig, PeftModel
        from peft.auto import MODEL_TYPE_TO_PEFT_MODEL_MAPPING

        config = PeftConfig.from_pretrained(str(files.folder))
        config.inference_mode = True
        kind = MODEL_TYPE_TO_PEFT_MODEL_MAPPING.get(config.task_type, PeftModel)
        assert self._before is not None, "the base is noted before anything is put around it"
        start = files.config.get("init_lora_weights")
        if isinstance(start, str) and not start.startswith(_CLEAN_STARTS):
            self._before.spare(self._base, {name for name, _ in self._base.named_parameters()})
        # autocast off: the adapter computes in the base's precision, as it was trained beside it
        wrapped = kind(self._base, config, NAME, autocast_adapter_dtype=False)
        self._before.spare(wrapped, _written(wrapped, files))
        try:
            loaded = wrapped.load_adapter(
                str(files.folder),
                NAME,
                is_trainable=False,
                autocast_adapter_dtype=False,
                key_mapping=getattr(self._base, "_checkpoint_conversion_mapping", {}),
            )
            fault = unfilled(wrapped, files, loaded)
        except Exception as error:  # peft and torch raise many kinds
            fault = why_not(wrapped, files, error)
        if fault:
            raise ModelError(f"the adapter '{files.folder}' does not fit this base: {fault}")
        return wrapped.eval()

    def _extend_vocabulary(self, files: AdapterFiles) -> tuple[Any, dict[str, Any]]:
        """Give the base the rows that the adapter's vocabulary has; the tokenizer that names them, and what was done.

        Raises:
            ModelError: the adapter has rows of its own and no tokenizer that says what they stand for, or not all.
        """
        n_base = int(self._base.get_input_embeddings().weight.shape[0])
        rows = vocabulary_rows(files, self._base)
        own = None if self._tokenizer is None else longer_tokenizer(files.folder, self._tokenizer)
        n_rows = max(rows.values(), default=n_base)
        if n_rows == n_base and (own is None or len(own) > n_base):
            # tokens without rows: nobody trained them, and the base's tokenizer never gives them
            return None, {}
        tokens = {
            "rows": n_rows,
            "base_rows": n_base,
            "tokenizer": "" if own is None else tokenizer_digest(own, files.folder),
        }
        if n_rows == n_base:
            return own, tokens
        fewer = own is None and self._tokenizer is not None and len(self._tokenizer) <= n_rows < n_base
        if len(set(rows.values())) > 1 or not (fewer or (own is not None and len(own) <= n_rows)):
            raise ModelError(_no_vocabulary(files, rows, n_base, own))
        if lacking := uncovered(files, self._base, n_base, n_rows):
            raise ModelError(
                f"the adapter '{files.folder}' has {n_rows:,} rows of the vocabulary, the base {n_base:,}, and it "
                f"holds no new rows for {', '.join(lacking)}; save it with save_embedding_layers=True"
            )
        import torch

        with torch.random.fork_rng(devices=[]):  # the new rows are filled from the file
            self._base.resize_token_embeddings(n_rows, mean_resizing=False)
        return own, tokens

    def _probe(self, more: Sequence[int] = ()) -> Any:
        """Logits of a fixed row of ids, and of `more` behind them: shows whether an adapter does anything (float32)."""
        import torch

        network = self.network
        size = int(self._base.get_input_embeddings().weight.shape[0])
        ids = torch.tensor([[*(place % size for place in range(3, 19)), *more]], device=network.device)
        with torch.inference_mode():
            return network(input_ids=ids, use_cache=False).logits.float()


def check_base(files: AdapterFiles, base_digest: str) -> None:
    """Refuse an adapter of ours that was trained on another base.

    Raises:
        ModelError: with both digests.
    """
    trained_on = files.training.get("base_digest", base_digest)
    if trained_on != base_digest:
        raise ModelError(
            f"the adapter '{files.folder}' was trained on another base (digest {trained_on}, this one is "
            f"{base_digest}); give the base that it was trained on"
        )


def _written(wrapped: Any, files: AdapterFiles) -> set[str]:
    """Names of the base's own weights that the file holds values for, as trained biases: they are written in place."""
    inside = (".base_layer", f".{NAME}")

    def plain(name: str) -> str:
        for part in inside:
            name = name.replace(part, "")
        return name

    held = {plain(key) for key in files.shapes}
    return {name for name, _ in wrapped.named_parameters(remove_duplicate=False) if plain(name) in held}


def _no_vocabulary(files: AdapterFiles, rows: Mapping[str, int], n_base: int, own: Any) -> str:
    sizes = ", ".join(f"{name} {count:,}" for name, count in rows.items())
    said = (
        f"the adapter '{files.folder}' has rows for another vocabulary: {sizes}; the base has {n_base:,} rows"
    )
    if own is None:
        return (
            f"{said}. Its folder holds no tokenizer with further tokens: put the tokenizer that it was trained with "
            "there (tokenizer.json), or give the base that it was trained on"
        )
    return f"{said}, and the tokenizer in its folder has {len(own):,} tokens; save adapter and tokenizer together"
