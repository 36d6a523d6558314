"""Which engine runs a network: the fast one where a check shows that it gives the plain one's numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, get_args
from weakref import WeakKeyDictionary

from sycoscope.core.errors import ConfigError, ModelError
from sycoscope.core.quiet import SycoscopeWarning
from sycoscope.core.types import Decoding, Response
from sycoscope.models.batching import free, is_out_of_memory
from sycoscope.models.fast import generation as fast_generation
from sycoscope.models.fast import scoring as fast_scoring
from sycoscope.models.fast.packed import UnsupportedError, check_config
from sycoscope.models.plain import generation as plain_generation
from sycoscope.models.plain import scoring as plain_scoring
from sycoscope.models.plain.scoring import Pair, Scored
from sycoscope.models.sampling import Stops
from sycoscope.models.settings import EngineChoice

ENGINES: tuple[str, ...] = get_args(EngineChoice)

# Raise when a change of code changes what the same model answers.
PLAIN = "plain@1"
FAST = "fast@1"


class Engine:
    """Scores and generates. A base network is checked once, when it is first asked about.

    Its adapters run on the base's engine: one engine for all subjects of a comparison, or a change of engine could pass
    for an effect of tuning. An adapter adds products to layers and changes nothing that the check is about.

    Attributes:
        wanted: `auto` (fast where the check passes), `plain`, or `fast` (an error where it does not).
    """

    def __init__(self, wanted: str = "auto") -> None:
        if wanted not in ENGINES:
            raise ConfigError(f"engine '{wanted}' is unknown; allowed: {', '.join(ENGINES)}")
        self.wanted = wanted
        self._reasons: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def name(self, network: Any) -> str:
        """`fast@...` or `plain@...`: what answers for this network."""
        return PLAIN if self.wanted == "plain" or self.reason(network) else FAST

    def reason(self, network: Any) -> str:
        """Why the fast engine cannot run this network; empty where it can, or where nobody wants it.

        Raises:
            ModelError: `fast` was asked for and the check fails.
        """
        if self.wanted == "plain":
            return ""
        network = _base(network)
        if network not in self._reasons:
            self._reasons[network] = why = why_not(network)
            if why and self.wanted == "auto":
                warnings.warn(
                    f"the plain engine runs this model, several times slower: {why}",
                    SycoscopeWarning,
                    stacklevel=2,
                )
        why = self._reasons[network]
        if why and self.wanted == "fast":
            raise ModelError(f"engine 'fast' cannot run this model: {why}; use engine: auto or plain")
        return why

    def score_pairs(
        self,
        network: Any,
        pairs: Sequence[Pair],
        *,
        pad_id: int,
        budget: int,
        max_length: int,
        progress: Callable[[int], None] | None = None,
    ) -> list[Scored]:
        """See `sycoscope.models.plain.scoring.score_pairs`."""
        if self.name(network) == FAST:
            return fast_scoring.score_pairs(
                network, pairs, budget=budget, max_length=max_length, progress=progress
            )
        return plain_scoring.score_pairs(
            network, pairs, pad_id=pad_id, budget=budget, max_length=max_length, progress=progress
        )

    def generate(
        self,
        network: Any,
        prompts: Sequence[list[int]],
        decodings: Sequence[Decoding],
        stops: Stops,
        *,
        pad_id: int,
        budget: int,
        max_rows: int,
        progress: Callable[[int], None] | None = None,
    ) -> list[Response]:
        """See `sycoscope.models.plain.generation.generate`."""
        shape: dict[str, Any] = {"budget": budget, "max_rows": max_rows, "progress": progress}
        if self.name(network) == FAST:
            return fast_generation.generate(network, prompts, decodings, stops, **shape)
        return plain_generation.generate(network, prompts, decodings, stops, pad_id=pad_id, **shape)


def _base(network: Any) -> Any:
    """The network under an adapter; the network itself without one."""
    return network.get_base_model() if hasattr(network, "get_base_model") else network


def why_not(network: Any) -> str:
    """Why the fast engine cannot run `network`, from its configuration and a trial of about 200 tokens.

    The trial scores a small prefix tree and continues a few prompts, and holds both against plain passes.
    """
    try:
        check_config(network)
        _try_scores(network)
        _try_generation(network)
    except UnsupportedError as fault:
        return str(fault)
    except Exception as fault:  # a model's own code may fail in any way
        if is_out_of_memory(fault):
            free()
        first = next(iter(str(fault).strip().splitlines()), "")
        return f"its trial pass failed ({type(fault).__name__}: {first})"
    return ""


def _try_scores(network: Any) -> None:
    pairs = _trial_pairs(network)
    plain = plain_scoring.score_pairs(network, pairs, pad_id=0, budget=256, max_length=64)
    # passes of 32 tokens, so that stored paths, stretches and branches all occur
    fast = fast_scoring.score_pairs(network, pairs, budget=32, max_length=64)
    for (_, target), (expected, _), (got, _) in zip(pairs, plain, fast, strict=True):
        allowed = 1e-3 if _is_exact(network) else 0.2 * len(target) ** 0.5 + 0.02 * abs(expected)
        # the comparison is written so that a nan fails it
        if not abs(got - expected) <= allowed:
            raise UnsupportedError(f"a trial log-probability came out as {got:.4f} instead of {expected:.4f}")


def _try_generation(network: Any) -> None:
    """Every token that the fast engine chooses has to be the plain pass's likeliest, or nearly so."""
    import torch

    prompts = sorted({tuple(context) for context, _ in _trial_pairs(network)})
    rows = [list(prompt) for prompt in prompts]
    stops = Stops(frozenset(), lambda ids: " ".join(map(str, ids)))
    answers = fast_generation.generate(
        network,
        rows,
        [Decoding(max_tokens=3 + index % 3) for index in range(len(rows))],
        stops,
        budget=10_000,
        max_rows=3,
        min_saved_keys=0,
    )
    chosen = [[int(token) for token in answer.text.split()] for answer in answers]
    for prompt, ids in zip(rows, chosen, strict=True):
        with torch.inference_mode():
            row = torch.tensor([prompt + ids], device=network.device)
            logits = network(input_ids=row, use_cache=False).logits[0, len(prompt) - 1 : -1].float()
        gaps = logits.max(-1).values - logits.gather(-1, row[0, len(prompt) :, None])[:, 0]
        if not float(gaps.max()) <= (1e-3 if _is_exact(network) else 0.5):
            raise UnsupportedError("a trial continuation took a token that is not the likeliest")


def _is_exact(network: Any) -> bool:
    return bool(network.dtype.itemsize >= 4)


def _trial_pairs(network: Any) -> list[Pair]:
    """Prefix trees of fixed random ids: two roots, branches at several depths, continuations of 1 to 5 tokens."""
    import numpy as np

    rng = np.random.default_rng(0)
    size = int(network.get_input_embeddings().weight.shape[0])

    def some(n: int) -> list[int]:
        return [int(token) for token in rng.integers(0, size, n)]

    pairs: list[Pair] = []
    for length in (20, 9):
        root = some(length)
        for depth in (length, length - 4, length // 2):
            context = root[:depth] + some(3)
            pairs.extend((context, some(n)) for n in (1, 3, 5))
    return pairs
