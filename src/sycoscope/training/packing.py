"""Rows of a batch one after another in one sequence, each seeing itself alone: no padding is computed.

Positions begin anew with every row, and transformers keeps rows apart that are told so (its `masking_utils`). Whether
a network does what it is told is tried, not trusted: one with a state that runs on, or code of its own, may not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Rows of the trial, and tokens of each: unequal, the second and the third would see what stands before them.
TRIAL_TOKENS = (24, 9, 17)
# How far hidden states may lie from those of padded rows, as a share of their length. Of the embedded model and its
# training rows, sums in another order give 1e-6 in float32 and 0.014 in bfloat16, rows that see those before them 1.4.
FLOAT32_SHARE, HALF_SHARE = 1e-3, 0.1


def hidden_states(decoder: Any, inputs: Mapping[str, Any], read: Any, *, packed: bool) -> Any:
    """The last hidden states at some positions.

    Args:
        decoder: The network below its output layer.
        inputs: `input_ids` and `attention_mask`, (rows, positions), padded on either side.
        read: The positions that are wanted, (rows, positions), bool; none of them padding.
        packed: Pass the rows as one sequence where that is less work.

    Returns:
        (positions wanted, width), row after row.
    """
    return (_packed if packed and _pays(decoder, inputs["attention_mask"]) else _padded)(
        decoder, inputs, read
    )


def _padded(decoder: Any, inputs: Mapping[str, Any], read: Any) -> Any:
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    return decoder(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state[read]


def _packed(decoder: Any, inputs: Mapping[str, Any], read: Any) -> Any:
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    real = mask.bool()
    positions = (mask.cumsum(dim=1) - 1)[real]
    states = decoder(
        input_ids=ids[real][None], position_ids=positions[None], use_cache=False
    ).last_hidden_state
    return states[0, read[real]]


def _pays(decoder: Any, mask: Any) -> bool:
    """Whether one sequence is less work than padded rows.

    Of a layer of width w, padding costs about 24 w^2 operations a token. A kernel that is given a mask computes every
    pair of tokens of the sequence, also those that it hides, at 4 w a pair; one that is given lengths does not.
    """
    (rows, longest), total = mask.shape, int(mask.sum())
    padding: int = rows * longest - total
    if "flash" in str(decoder.config._attn_implementation):
        return padding > 0
    width = int(decoder.config.get_text_config().hidden_size)
    beyond: int = total**2 - rows * longest**2
    return 6 * width * padding > beyond


def why_not(network: Any, rows: Sequence[Sequence[int]]) -> str:
    """Why rows cannot be packed for `network`, from a trial beside padded rows; empty where they can.

    Args:
        rows: Token ids of training rows; the first few are tried, cut to some tokens.
    """
    import torch

    tried = [list(rows[at % len(rows)][:length]) for at, length in enumerate(TRIAL_TOKENS)]
    longest = max(map(len, tried))
    ids = torch.tensor([row + [row[0]] * (longest - len(row)) for row in tried], device=network.device)
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in tried], device=network.device)
    inputs, training = {"input_ids": ids, "attention_mask": mask}, network.training
    network.eval()
    try:
        with torch.no_grad():
            padded, packed = (
                form(network.get_decoder(), inputs, mask.bool()).float() for form in (_padded, _packed)
            )
    except Exception as fault:  # a model's own code may fail in any way
        first = next(iter(str(fault).strip().splitlines()), "")
        return f"a trial pass failed ({type(fault).__name__}: {first})"
    finally:
        network.train(training)
    share = float(((packed - padded).norm(dim=1) / padded.norm(dim=1)).max())
    # written so that a nan fails it
    if share <= (FLOAT32_SHARE if network.dtype == torch.float32 else HALF_SHARE):
        return ""
    return f"in a trial, hidden states lay {share:.2g} of their length from those of rows by themselves"
