"""From files to a network and its tokenizer: whole, of one checkpoint, and fitting each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sycoscope.core.errors import ModelError, require
from sycoscope.models.checkpoint import CONFIG, check_folder, check_loaded, loading, read_object, said
from sycoscope.models.finite import check_network
from sycoscope.models.hardware import Hardware, torch_dtype
from sycoscope.models.hub import fetch
from sycoscope.models.resolve import Weights, resolve
from sycoscope.models.settings import TorchSettings

# Any tokenizer of a language model keeps something of it.
_SAMPLE = "Why? The answer is 12."


def ready(settings: TorchSettings) -> Weights:
    """Find a model's files, fetch or convert them where they are not here yet, and look at them.

    Raises:
        SycoscopeError: no such model, or files that none can be loaded from.
    """
    weights = fetch(resolve(settings.name, revision=settings.revision))
    with loading(weights.where):
        check_folder(Path(weights.files))
    return weights


def look(weights: Weights, hardware: Hardware, settings: TorchSettings) -> Any:
    """What `load` would refuse of files and tokenizer, found without the weights in memory.

    A checkpoint that is quantized itself is looked at when it is loaded.

    Returns:
        The tokenizer.

    Raises:
        ModelError: as `load`.
    """
    _silence()
    with loading(weights.where):
        loader = _loader(weights, settings)
        tokenizer = _tokenizer(weights, settings)
        _quantization(settings, hardware)
        if not read_object(Path(weights.files) / CONFIG).get("quantization_config"):
            # on this device a weight is its shape alone
            network = _network(loader, weights, hardware, settings, device_map="meta")
            _check_tokens(network, tokenizer)
    if settings.chat_template:
        tokenizer.chat_template = settings.chat_template
    return tokenizer


def load(weights: Weights, hardware: Hardware, settings: TorchSettings) -> tuple[Any, Any]:
    """Load network and tokenizer.

    Args:
        weights: As `ready` gives them.

    Raises:
        ModelError: every fault, as one line that names the next step.
    """
    _silence()
    with loading(weights.where):
        loader = _loader(weights, settings)
        tokenizer = _tokenizer(weights, settings)
        network = _network(loader, weights, hardware, settings, **_quantization(settings, hardware))
        _check_tokens(network, tokenizer)
    if weights.is_hub:
        # what is trained on it names the hub id as its base, and not a folder of this machine's cache
        network.name_or_path = network.config.name_or_path = weights.folder
    if settings.chat_template:
        tokenizer.chat_template = settings.chat_template
    if settings.quantization == "none":
        network.to(hardware.device)
    network.eval()
    network.requires_grad_(False)
    with loading(weights.where):
        check_network(network)
        if "vision_config" in network.config.to_dict():
            _check_reads_text(network)
    return network, tokenizer


def _loader(weights: Weights, settings: TorchSettings) -> Any:
    """What of transformers loads the model: of an image-text model whose text part has no class of its own, the whole.

    The configuration is read first, since network and tokenizer are both made after it.
    """
    from transformers import (
        MODEL_FOR_CAUSAL_LM_MAPPING,
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
        AutoConfig,
        AutoModelForCausalLM,
        AutoModelForImageTextToText,
    )

    try:
        config = AutoConfig.from_pretrained(
            weights.files, trust_remote_code=settings.trust_remote_code, local_files_only=True
        )
    except Exception as fault:  # transformers raises many kinds
        raise ModelError(_not_understood(fault)) from fault
    if getattr(config, "is_encoder_decoder", False) is True:
        raise ModelError(
            f"it is an encoder and a decoder ({CONFIG}: is_encoder_decoder), which reads a prompt in both directions; "
            "give a causal language model"
        )
    own_code = getattr(config, "auto_map", None) or {}
    if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING or AutoModelForCausalLM.__name__ in own_code:
        return AutoModelForCausalLM
    if type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
        return AutoModelForImageTextToText
    raise ModelError(
        f"its model_type '{config.model_type}' is none that transformers loads to write text from text; give a causal "
        "language model"
    )


def _not_understood(fault: Exception) -> str:
    if "trust_remote_code" in str(fault):
        return "it comes with code of its own, which is not run; read it, and give --trust-remote-code if you trust it"
    return f"transformers cannot make a model of {CONFIG} ({said(fault)}); correct the file or fetch it again"


def _tokenizer(weights: Weights, settings: TorchSettings) -> Any:
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            weights.files, trust_remote_code=settings.trust_remote_code, local_files_only=True
        )
    except Exception as fault:  # transformers and the tokenizers raise many kinds
        raise ModelError(_tokenizer_fault(Path(weights.files), fault)) from fault
    # without its files transformers makes some tokenizers all the same, of special tokens alone
    ids = tokenizer(_SAMPLE, add_special_tokens=False).input_ids
    if not any(sign.isalnum() for sign in tokenizer.decode(ids, skip_special_tokens=True)):
        raise ModelError(_no_tokenizer(f"of '{_SAMPLE}' nothing is left when it is encoded and decoded"))
    return tokenizer


def _tokenizer_fault(folder: Path, fault: Exception) -> str:
    if "trust_remote_code" in str(fault):
        return _not_understood(fault)
    if not any(folder.glob("tokenizer*.*")) or "instantiate the backend tokenizer" in str(fault):
        return _no_tokenizer("its files are not there")
    return f"its tokenizer cannot be read ({said(fault)}); fetch the tokenizer's files again"


def _no_tokenizer(why: str) -> str:
    return (
        f"it has no tokenizer: {why}; put tokenizer.json (or the vocabulary that it was made with, as tokenizer.model) "
        "and tokenizer_config.json of the same model into the folder"
    )


def _silence() -> None:
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


def _network(
    loader: Any, weights: Weights, hardware: Hardware, settings: TorchSettings, **options: Any
) -> Any:
    try:
        network, info = loader.from_pretrained(
            weights.files,
            dtype=torch_dtype(hardware.dtype),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=settings.trust_remote_code,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # refused below, by name
            **options,
        )
    except ModelError:
        raise
    except Exception as fault:  # transformers raises many kinds
        raise ModelError(_not_understood(fault)) from fault
    check_loaded(network, info, read_object(Path(weights.files) / CONFIG))
    return network


def _check_tokens(network: Any, tokenizer: Any) -> None:
    """Whether the network has a row for every token of the tokenizer's own vocabulary.

    Tokens that were added to it may lie beyond: they are in no text unless a template writes them.
    """
    rows = int(network.get_input_embeddings().weight.shape[0])
    added = set(tokenizer.added_tokens_decoder)
    last = max((token for token in tokenizer.get_vocab().values() if token not in added), default=-1)
    if last >= rows:
        raise ModelError(
            f"its tokenizer has tokens up to number {last}, and its weights only {rows}; give weights and tokenizer "
            "of one model"
        )


def _check_reads_text(network: Any) -> None:
    """Whether an image-text model takes text alone, as a language model: nothing before depends on what follows, and
    padding on the left changes nothing.
    """
    import torch

    ids = torch.arange(3, 19, device=network.device)[None] % int(
        network.get_input_embeddings().weight.shape[0]
    )
    mask = torch.ones((1, 20), dtype=torch.long, device=network.device)
    mask[:, :4] = 0
    try:
        with torch.inference_mode():
            whole = network(input_ids=ids, use_cache=False).logits.float()
            begun = network(input_ids=ids[:, :9], use_cache=False).logits.float()
            padded = network(
                input_ids=torch.cat([ids[:, :4], ids], dim=1),
                attention_mask=mask,
                position_ids=(mask.cumsum(-1) - 1).clamp(min=0),
                use_cache=False,
            ).logits.float()
    except Exception as fault:  # a model's own code may fail in any way
        raise ModelError(
            f"it is an image-text model that takes no text alone ({said(fault)}); give a text model"
        ) from fault
    allowed = (1e-3 if network.dtype.itemsize >= 4 else 0.1) * max(1.0, float(whole.abs().max()))
    for part, row in ((begun, whole[:, :9]), (padded[:, 4:], whole)):
        # the comparison is written so that a nan fails it
        if not float((part - row).abs().max()) <= allowed:
            raise ModelError(
                "it is an image-text model that does not read text as a language model does (what stands later changes "
                "what comes before); give a text model"
            )


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
