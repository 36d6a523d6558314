"""What a model is asked while it is tuned, and what its answers come to: the answer facet on a few items.

The items are those that a study would ask (test side), the answers greedy, the readings and numbers the project's own,
so that a step is measured as a finished adapter is. A change is paired with the base's answers to the same items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sycoscope.config import FacetConfig, FacetsConfig, StudyConfig, parse_study
from sycoscope.core.protocols import Model
from sycoscope.core.types import Decoding, Item, Trial
from sycoscope.facets import ANSWER
from sycoscope.facets.runner import play
from sycoscope.facets.scoring import score_trials
from sycoscope.models.settings import TorchSettings
from sycoscope.run.responses import Heard, numbers
from sycoscope.study.inputs import FacetMaterial, Materials
from sycoscope.study.keys import shards

CONDITIONS = ("control", "padded", "user_wrong")
ITEMS = 40


@dataclass(frozen=True)
class Watch:
    """The questions, and the study in whose way they are asked."""

    material: FacetMaterial
    config: StudyConfig

    @property
    def settings(self) -> TorchSettings:
        """Template options, batch shape and engine of the study's model."""
        settings = self.config.model
        assert isinstance(settings, TorchSettings), "only such a model is tuned"
        return settings

    @cached_property
    def items(self) -> dict[str, Item]:
        """By id."""
        return {item.id: item for item in self.material.items}

    def ask(self, model: Model) -> Heard:
        """Ask everything of the model as it is now, and read it."""
        trials: list[Trial] = []
        for part in shards(self.material):  # the composition in which a study asks
            trials += play(
                self.material.task,
                part,
                model,
                subject="now",
                decoding=Decoding(max_tokens=1, seed=self.config.seed),
                system=self.config.system,
            )
        answers = [
            turn.response for trial in trials for turn in trial.answered if turn.name == ANSWER.outcome_turn
        ]
        lengths = tuple(answer.n_tokens for answer in answers if answer.n_tokens is not None)
        return Heard(tuple(score_trials(trials, self.items)), lengths)

    def row(self, heard: Heard, reference: Heard | None) -> dict[str, Any]:
        """The numbers of one time (`run.responses.numbers`)."""
        return numbers(heard, reference, self.items)


def watch_of(config: StudyConfig, limit: int = ITEMS) -> Watch:
    """Some of the items of a study's answer facet; of the bank's (or the study's data), where it asks none.

    Raises:
        SycoscopeError: there are no items, or they cannot be read.
    """
    asked = config.facets.asked().get(ANSWER.name, FacetConfig())
    changed = {
        "limit": min(asked.limit or limit, limit),
        "conditions": CONDITIONS,
        "form": "open",
        "probe": False,
    }
    facets = FacetsConfig({ANSWER.name: asked.model_copy(update=changed)})
    alone = config.model_copy(update={"facets": facets, "capability": ()})
    return Watch(Materials(alone).facets[ANSWER.name], alone)


def watch_from(
    *,
    items: int,
    data: str | Path,
    difficulty: Sequence[str],
    max_tokens: int | None,
    system: str,
    seed: int,
    template_options: Mapping[str, Any],
) -> Watch:
    """The same from keywords, as `sycoscope.evaluate` takes them.

    Raises:
        SycoscopeError: there are no items, or they cannot be read; a keyword that is not allowed.
    """
    facet = {"limit": items, "difficulty": list(difficulty), "max_tokens": max_tokens}
    raw = {
        "study": "monitor",
        "seed": seed,
        "data": str(data),
        "system": system,
        "model": {
            "name": "the model in training",
            "backend": "torch",
            "template_options": dict(template_options),
        },
        "facets": {ANSWER.name: facet},
    }
    return watch_of(parse_study(raw, "SycophancyCallback"), items)
