"""The rows of one adapter: those of its recipe with those that are replayed, and what the base must answer first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle, islice
from typing import Any

import numpy as np

from sycoscope.core.errors import DataError
from sycoscope.study.own_answers import Block, OwnAnswers, Prompt, blocks_of
from sycoscope.training.replay import replay_candidates, replay_count
from sycoscope.training.rows import Example, TrainingRow, Unanswered, every_kind_held


@dataclass(frozen=True, slots=True)
class Completed:
    """Rows in training order, each with its completion.

    Attributes:
        n_asked: Rows that the base had to answer. n_left_out: of those, the ones to which its answer failed or is
            empty, which are no rows any more. n_cut: the ones whose answer was cut.
    """

    rows: list[Example]
    n_asked: int
    n_left_out: int
    n_cut: int

    def record(self) -> dict[str, Any]:
        """What an adapter's record says about it; empty where the base was asked nothing."""
        counts = {"n_asked": self.n_asked, "n_left_out": self.n_left_out, "n_cut": self.n_cut}
        return {"own_answers": counts} if self.n_asked else {}


@dataclass(frozen=True)
class Mixture:
    """Rows of an adapter, known before the base has answered those that are its own.

    Attributes:
        own: Of the recipe, in training order.
        pools: Prompts to replay, by what they are; a row of `own` that has one of these prompts is asked with them.
        replay: Share of all rows that are replayed, in [0, 1). held: share of all rows that are held out.
        seed: Of the training. study_seed: of what the base is asked.
    """

    own: Sequence[TrainingRow]
    pools: Sequence[Sequence[Unanswered]]
    replay: float
    held: float
    seed: int
    study_seed: int

    @cached_property
    def expected(self) -> tuple[TrainingRow, ...]:
        """All rows, if the base answers each of its own."""
        count = replay_count(len(self.own), self.replay)
        return (*self.own, *islice(cycle(self._candidates), count))

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """What the base is asked in any case."""
        needed = (self._block_of[row.asked] for row in self.expected if isinstance(row, Unanswered))
        return tuple(dict.fromkeys(needed))

    def completed(self, answers: OwnAnswers) -> Completed:
        """All rows in training order; the tail, which is held out, has rows of every kind.

        Args:
            answers: Those to `blocks`; where too few of them can be replayed, it is asked for more.

        Raises:
            DataError: the base answers none of the rows that it must.
        """
        asked = [answers.example(row) for row in self.own if isinstance(row, Unanswered)]
        waiting = iter(asked)
        own = [next(waiting) if isinstance(row, Unanswered) else row for row in self.own]
        rows = [row for row in own if row is not None]
        if not rows:
            raise _unanswered(len(asked))
        if count := replay_count(len(rows), self.replay):
            replayed = self._replayed(count, answers)
            asked += replayed
            rows += [row for row in replayed if row is not None]
            order = np.random.default_rng([self.seed, 8]).permutation(len(rows))
            rows = [rows[index] for index in order]
        return Completed(
            every_kind_held(rows, int(len(rows) * self.held)),
            n_asked=len(asked),
            n_left_out=asked.count(None),
            n_cut=sum(row is not None and not row.ends for row in asked),
        )

    @cached_property
    def _pool_blocks(self) -> tuple[tuple[Block, ...], ...]:
        return tuple(blocks_of(pool, seed=self.study_seed) for pool in self.pools)

    @cached_property
    def _block_of(self) -> dict[Prompt, Block]:
        """The one block that each prompt is asked in: the pools', where it is one of theirs."""
        found = {row.asked: block for blocks in self._pool_blocks for block in blocks for row in block}
        other = [row for row in self.own if isinstance(row, Unanswered) and row.asked not in found]
        return found | {row.asked: block for block in blocks_of(other, seed=self.study_seed) for row in block}

    @cached_property
    def _candidates(self) -> tuple[Unanswered, ...]:
        """Prompts to replay in the order in which they are taken: block by block, so that few blocks are asked."""
        ordered = [[row for block in blocks for row in block] for blocks in self._pool_blocks]
        return replay_candidates(self.own, ordered)

    def _replayed(self, count: int, answers: OwnAnswers) -> list[Example | None]:
        """So many answered rows, and None for each that was passed over; repeated only when all were used."""
        walked: list[Example | None] = []
        for row in self._candidates:
            if len(walked) - walked.count(None) == count:
                break
            if row.asked not in answers.found:
                answers.ask([self._block_of[row.asked]], planned=False)
            walked.append(answers.example(row))
        answered = [row for row in walked if row is not None]
        if not answered:
            raise _unanswered(len(walked))
        return [*walked, *islice(cycle(answered), count - len(answered))]


def _unanswered(n_prompts: int) -> DataError:
    return DataError(
        f"the base gave no answer to any of {n_prompts} prompts that it was to be tuned on; "
        "raise training.answer_tokens, or name a chat model"
    )
