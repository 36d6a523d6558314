"""Whether an adapter fits a base: the layers that it wants, the rows of its vocabulary, names and shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sycoscope.core.errors import ModelError
from sycoscope.core.texts import listed
from sycoscope.models.adapter_files import WEIGHTS, AdapterFiles, Shapes

PREFIX = "base_model.model."
SHOWN = 3
# What a file calls all rows of a layer of the vocabulary: trained, below LoRA's, below single tokens'.
_WHOLE = ("weight", "base_layer.weight", "token_adapter.base_layer.weight")


def linear_layers(network: Any, beside: Sequence[str] = ()) -> list[str]:
    """Last parts of the names of the linear layers, in the network's order; the output layer is not among them.

    Args:
        beside: Modules in which no layer is looked for, as `beside_text` gives them.
    """
    head = network.get_output_embeddings()
    names = [
        name.rpartition(".")[2]
        for name, module in network.named_modules()
        if module is not head
        and type(module).__name__ in ("Linear", "Conv1D", "Linear4bit", "Linear8bitLt")
        and not _within(name, beside)
    ]
    return list(dict.fromkeys(names))


def absent(wanted: Iterable[str], network: Any, beside: Sequence[str] = ()) -> list[str]:
    """Those of the wanted names that no layer of the network has, as its name or as the end of its name.

    Args:
        beside: Modules in which no layer is looked for, as `beside_text` gives them.
    """
    names = [name for name, _ in network.named_modules() if not _within(name, beside)]
    return [one for one in wanted if not any(name == one or name.endswith(f".{one}") for name in names)]


def beside_text(network: Any) -> list[str]:
    """Names of the outermost modules that have weights and lie beside the text model, as the vision tower of an
    image-text model and what leads from it to the text; none of a language model.
    """
    text = (network.get_decoder(), network.get_output_embeddings())
    own = [name for name, module in network.named_modules() if any(module is one for one in text)]
    found: list[str] = []
    for name, module in network.named_modules():
        holds_text = not name or any(_within(one, [name]) for one in own)
        if holds_text or _within(name, [*own, *found]) or next(module.parameters(), None) is None:
            continue
        found.append(name)
    return [] if "" in own else found


def _within(name: str, modules: Sequence[str]) -> bool:
    """Whether a module is one of `modules` or lies in one."""
    return any(name == one or name.startswith(f"{one}.") for one in modules)


def check_targets(files: AdapterFiles, network: Any) -> None:
    """Refuse an adapter of which no wanted layer is there.

    Raises:
        ModelError: with the wanted names and those that are there.
    """
    wanted = files.config.get("target_modules")
    if isinstance(wanted, list) and wanted and len(absent(wanted, network)) == len(wanted):
        raise ModelError(
            f"the adapter '{files.folder}' does not fit this base: it wants the layers {listed(wanted, 8)}, and the "
            f"base ({network.config.model_type}) has {listed(linear_layers(network), 12)}; give the base that it was "
            "trained on"
        )


def vocabulary_rows(files: AdapterFiles, network: Any) -> dict[str, int]:
    """Name of the input embeddings and of the output layer -> rows that the adapter's weights of it have.

    A layer of which only single tokens are held has rows up to the last of them, where the base has fewer.
    """
    n_base = int(network.get_input_embeddings().weight.shape[0])
    layers = _vocabulary_layers(network)
    trained = _trained_tokens(files, layers)
    rows: dict[str, int] = {}
    for name in layers:
        for key, shape in files.shapes.items():
            rest = key.removeprefix(f"{PREFIX}{name}.") if key.startswith(f"{PREFIX}{name}.") else ""
            if rest in _WHOLE or rest == "lora_B.weight":
                rows[name] = shape[0]
            elif rest == "lora_embedding_A":
                rows[name] = shape[1]
        last = max(trained[name], default=-1)
        if name not in rows and last >= n_base:
            rows[name] = last + 1
    return rows


def uncovered(files: AdapterFiles, network: Any, n_base: int, n_rows: int) -> list[str]:
    """Layers of the vocabulary whose rows from `n_base` to `n_rows` the adapter does not hold."""
    layers = _vocabulary_layers(network)
    trained = _trained_tokens(files, layers)
    held = {
        name
        for name in layers
        if {f"{PREFIX}{name}.{rest}" for rest in _WHOLE} & files.shapes.keys()
        or sum(n_base <= token < n_rows for token in trained[name]) >= n_rows - n_base
    }
    weights = [network.get_submodule(name).weight for name in layers]
    if len(layers) == 2 and weights[0] is weights[1] and held:
        return []  # tied: the rows of one are the rows of the other
    return [name for name in layers if name not in held]


def _trained_tokens(files: AdapterFiles, layers: list[str]) -> dict[str, set[int]]:
    """Layer of the vocabulary -> tokens whose rows the adapter holds one by one."""
    given = files.config.get("trainable_token_indices") or files.config.get("token_indices") or []
    by_layer = given if isinstance(given, Mapping) else {layers[0]: given}
    return {
        name: {
            token
            for wanted, tokens in by_layer.items()
            if f".{name}".endswith(f".{wanted}") and isinstance(tokens, list)
            for token in tokens
            if isinstance(token, int)
        }
        for name in layers
    }


def tokens_alone(files: AdapterFiles, network: Any, most: int = 16) -> list[int]:
    """Tokens of the base whose rows the adapter holds one by one: only a prompt that holds one shows what it does.

    Args:
        most: The lowest of them stand for all.
    """
    n_base = int(network.get_input_embeddings().weight.shape[0])
    trained = _trained_tokens(files, _vocabulary_layers(network))
    return sorted({token for tokens in trained.values() for token in tokens if 0 <= token < n_base})[:most]


def _vocabulary_layers(network: Any) -> list[str]:
    wanted = [network.get_input_embeddings(), network.get_output_embeddings()]
    return [name for name, module in network.named_modules() if any(module is one for one in wanted)]


def why_not(wrapped: Any, files: AdapterFiles, fault: Exception | None) -> str:
    """Why an adapter whose layers were put in place could not be filled from its file."""
    expected = _expected(wrapped)
    both = expected.keys() & files.shapes.keys()
    other = [key for key in sorted(both) if expected[key] != files.shapes[key]]
    if other:
        shown = "; ".join(
            f"{_name(key)} {_size(files.shapes[key])}, here {_size(expected[key])}" for key in other[:SHOWN]
        )
        return f"{len(other)} of its {len(files.shapes)} weights have another shape: {shown}"
    parts = []
    if missing := sorted(expected.keys() - files.shapes.keys()):
        parts.append(
            f"{len(missing)} of {len(expected)} weights are missing in {WEIGHTS} ({_names(missing)})"
        )
    known = (
        expected.keys() | wrapped.state_dict().keys()
    )  # rows of a grown vocabulary go into the base's layers
    if extra := _strange(sorted(files.shapes.keys() - known), files):
        parts.append(
            f"{len(extra)} of its {len(files.shapes)} weights belong to no layer here ({_names(extra)})"
        )
    return "; ".join(parts) or first_line(fault)


def unfilled(wrapped: Any, files: AdapterFiles, loaded: Any) -> str:
    """What of a loaded adapter was missing, or found no place; empty where all of it is in use.

    Args:
        loaded: PEFT's report, with missing and unexpected keys.
    """
    keys = [*loaded.missing_keys, *_strange(loaded.unexpected_keys, files)]
    if not keys:
        return ""
    if said := why_not(wrapped, files, None):
        return said
    return f"{len(keys)} weights are missing or belong to no layer here ({_names(keys)})"


def _strange(keys: Iterable[str], files: AdapterFiles) -> list[str]:
    """Keys without those that PEFT saves a second time: beside a trained copy, where the vocabulary had grown, and of
    single tokens for both ends of a vocabulary that are one.
    """
    second = (".modules_to_save.", ".original_module.")
    spare = _held_twice(files)
    return [
        key
        for key in keys
        if key not in spare
        and not any(part in key and key.replace(part, ".") in files.shapes for part in second)
    ]


def _held_twice(files: AdapterFiles) -> set[str]:
    """Keys of the rows of single tokens, where the file holds the same values for both ends of the vocabulary."""
    keys = [key for key in files.shapes if key.endswith(".token_adapter.trainable_tokens_delta")]
    if len(keys) < 2:
        return set()
    from safetensors import safe_open

    with safe_open(files.folder / WEIGHTS, framework="pt") as file:
        first, *others = (file.get_tensor(key) for key in keys)
    return set(keys) if all(first.equal(other) for other in others) else set()


def _expected(wrapped: Any) -> Shapes:
    from peft import get_peft_model_state_dict

    saved = get_peft_model_state_dict(wrapped, save_embedding_layers=False)
    return {name: tuple(weight.shape) for name, weight in saved.items()}


def first_line(fault: Exception | None) -> str:
    """The cause that a library gives: without the heading that torch puts above it."""
    if fault is None:
        return ""
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
    causes = [line for line in lines if not line.endswith(":")] or lines
    return causes[0] if causes else type(fault).__name__


def _names(keys: list[str]) -> str:
    return listed((_name(key) for key in keys), SHOWN)


def _name(key: str) -> str:
    return key.removeprefix(PREFIX)


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a number"
