"""What a network is made to compute: tokens through its body, rows through its vocabulary projection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Passes = list[tuple[int, int]]  # (tokens, projection rows) of every forward pass


@contextmanager
def counted(network: Any) -> Iterator[Passes]:
    """Fill the list with the passes that run meanwhile, padding included, whoever asks for them."""
    passes: Passes = []
    hooks = (
        network.get_decoder().register_forward_pre_hook(
            lambda _, args, more: passes.append(((args[0] if args else more["input_ids"]).numel(), 0)),
            with_kwargs=True,
        ),
        network.get_output_embeddings().register_forward_pre_hook(
            lambda _, args: passes.append((passes.pop()[0], args[0].shape[:-1].numel()))
        ),
    )
    try:
        yield passes
    finally:
        for hook in hooks:
            hook.remove()


@dataclass(frozen=True)
class Machine:
    """What a pass costs at least here, for a network of these parameters.

    Attributes:
        body, head: Parameters that a token of the body and a row of the projection are multiplied with.
        width: Bytes of a parameter. operations, bytes: a second, of a large product and of a product with
            one row, which reads every weight once.
    """

    body: int
    head: int
    width: int
    operations: float
    bytes: float

    def seconds(self, passes: Sequence[tuple[int, int]]) -> float:
        """Least time of the products: each pass multiplies, and reads every weight at least once."""
        return sum(
            max(
                2 * (tokens * self.body + rows * self.head) / self.operations,
                self.width * (self.body + self.head) / self.bytes,
            )
            for tokens, rows in passes
        )


def totals(passes: Sequence[tuple[int, int]]) -> dict[str, int]:
    """Passes, tokens and projection rows in all."""
    return {
        "passes": len(passes),
        "tokens": sum(tokens for tokens, _ in passes),
        "projection_rows": sum(rows for _, rows in passes),
    }
