"""Rows that the base answers itself before it is tuned.

It is asked in blocks of prompts that are cut by content. A block has its own key in the cache, so adapters that need
the same prompts find the same answers there, whichever of them, and whichever process, comes first. A block that a
kill interrupts goes on from its response log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from sycoscope.config import TrainingConfig
from sycoscope.core.files import digest_of
from sycoscope.core.protocols import Model
from sycoscope.core.types import Answered, Decoding, GenerateRequest, Message, Response, Trial
from sycoscope.study.costs import answers_cost
from sycoscope.study.response_log import keep
from sycoscope.study.session import Session
from sycoscope.study.subjects import BASE
from sycoscope.training.rows import Example, Unanswered

# Raise when a change of code changes the answers of a block.
VERSION = "own_answers@1"
# Prompts that are asked together: what a kill can lose.
BLOCK_PROMPTS = 32

Block = tuple[Unanswered, ...]
Prompt = tuple[Message, ...]


def blocks_of(rows: Sequence[Unanswered], *, seed: int) -> tuple[Block, ...]:
    """The distinct prompts of the rows in blocks; which ones lie together hangs on the prompts and the seed alone.

    Args:
        seed: The study's.
    """
    distinct = {row.asked: row for row in rows}
    ordered = sorted(distinct.values(), key=lambda row: digest_of([seed, _plain(row.asked)]))
    return tuple(
        tuple(ordered[start : start + BLOCK_PROMPTS]) for start in range(0, len(ordered), BLOCK_PROMPTS)
    )


def _plain(prompt: Prompt) -> list[list[str]]:
    return [[message.role, message.content] for message in prompt]


def block_key(block: Block, settings: TrainingConfig, model_digest: str) -> str:
    """Everything that can change an answer of a block."""
    return digest_of(
        {
            "version": VERSION,
            "prompts": [_plain(row.asked) for row in block],
            "decoding": [asdict(_decoding(row, settings)) for row in block],
            "model": model_digest,
        }
    )


def _decoding(row: Unanswered, settings: TrainingConfig) -> Decoding:
    """How a row is answered; where it is sampled, with a random stream of the prompt's own."""
    drawn = settings.answer_temperature > 0
    return Decoding(
        max_tokens=settings.answer_tokens,
        temperature=settings.answer_temperature,
        seed=int(digest_of(_plain(row.asked))[:12], 16) if drawn else 0,
    )


@dataclass
class OwnAnswers:
    """What the session's model, which must be the bare base, answers; each block out of the cache or asked.

    Attributes:
        settings: Of the training: length and temperature of the answers.
        found: Prompt -> its answer, of the blocks that were asked so far.
    """

    session: Session
    settings: TrainingConfig
    found: dict[Prompt, Response] = field(default_factory=dict)

    def is_there(self, block: Block) -> bool:
        """Whether the cache has the block."""
        return self.session.cache.has(self._key(block))

    def ask(self, blocks: Sequence[Block], *, planned: bool = True) -> None:
        """Ask the blocks; those that another process is asking come last, when it has finished them.

        Args:
            planned: Whether their weight belongs to the study's.
        """
        waiting = list(blocks)
        for wait in (False, True):
            waiting = [block for block in waiting if not self._ask(block, wait, planned)]

    def _ask(self, block: Block, wait: bool, planned: bool) -> bool:
        """Whether the answers of a block are there now; not where another process is asking it."""
        cache, key = self.session.cache, self._key(block)
        weight = answers_cost(block, self.settings.answer_tokens).weight if planned else 0.0
        with cache.claimed(key, wait=wait) as claimed:
            if not claimed:
                return False
            with self.session.metered(weight, done=self.is_there(block)):
                keep(cache, key, self.session.model, lambda model: self._trials(block, model))
        for row, trial in zip(block, cache.trials(key), strict=True):
            self.found[row.asked] = trial.asked[0].response
        return True

    def _trials(self, block: Block, model: Model) -> list[Trial]:
        responses = model.generate(
            [GenerateRequest(messages=row.asked, decoding=_decoding(row, self.settings)) for row in block]
        )
        return [
            Trial(
                subject=BASE,
                task="own_answers",
                item_id=row.item_id,
                condition="control",
                draw=index,
                asked=(Answered(name="answer", content=row.asked[-1].content, response=response),),
            )
            for index, (row, response) in enumerate(zip(block, responses, strict=True))
        ]

    def _key(self, block: Block) -> str:
        return block_key(block, self.settings, self.session.model.digest)

    def example(self, row: Unanswered) -> Example | None:
        """The row with the base's answer; None where the answer failed or is empty.

        Raises:
            KeyError: its block was not asked.
        """
        response = self.found[row.asked]
        if response.finish == "error" or not response.text.strip():
            return None
        # an answer that was cut is taught as far as it goes, without the end that the base did not write
        return row.answered(response.text, ends=response.finish == "stop")
