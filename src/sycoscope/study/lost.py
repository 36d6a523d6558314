"""What stands in place of answers that were never had: trials and records with status `error`, in this run alone.

Nothing of it is kept in the cache, so the next run asks again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sycoscope.capability import CapabilitySpec, ask_capability, score_records
from sycoscope.config import StudyConfig
from sycoscope.core.errors import DialogueError
from sycoscope.core.protocols import Model
from sycoscope.core.types import (
    ChoiceLogprobs,
    ChoiceRequest,
    Decoding,
    GenerateRequest,
    Item,
    Message,
    Response,
    Score,
    Trial,
    Unscored,
)
from sycoscope.facets.scoring import score_trials
from sycoscope.study.evaluate import played
from sycoscope.study.inputs import FacetMaterial

Kept = tuple[list[Trial], list[Score]]


class Silenced:
    """A model that answers every request with one error."""

    name = digest = "nobody"
    max_length = 1_000_000

    def __init__(self, why: str) -> None:
        self._why = why

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
        """Errors."""
        return [self._error() for _ in requests]

    def choice_logprobs(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceLogprobs]:
        """Errors."""
        return [ChoiceLogprobs(logprobs=None, error=self._why) for _ in requests]

    def chat_text(self, messages: Sequence[Message], *, open_turn: bool = True) -> str:
        """There is no template.

        Raises:
            DialogueError: always.
        """
        raise DialogueError(self._why)

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
        """Errors."""
        return [(Unscored(self._why), False) for _ in pairs]

    def loglikelihood_rolling(self, texts: Sequence[str]) -> list[float]:
        """Errors."""
        return [math.nan for _ in texts]

    def generate_until(self, prompts: Sequence[tuple[str, Decoding]]) -> list[Response]:
        """Errors."""
        return [self._error() for _ in prompts]

    def _error(self) -> Response:
        return Response(text="", finish="error", error=self._why)


def lost_facet(
    subject: str, facet: FacetMaterial, items: Sequence[Item], config: StudyConfig, why: str
) -> Kept:
    """Trials of a shard and their scores, all of them errors."""
    model: Model = Silenced(why)
    trials = played(subject, facet, items, config, model)
    return trials, score_trials(trials, {item.id: item for item in items})


def lost_benchmark(subject: str, spec: CapabilitySpec, config: StudyConfig, why: str) -> Kept:
    """Trials of a benchmark and their scores, all of them errors."""
    records = ask_capability(
        Silenced(why), [spec], subject=subject, seed=config.seed, chat=config.chat, system=config.system
    )
    return [record.trial() for record in records], score_records(records)
