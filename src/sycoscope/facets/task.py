"""A facet as a study asks it: its conditions, form, limits and texts chosen. Implements the `Task` protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sycoscope.core.errors import ConfigError
from sycoscope.core.types import Condition, Dialogue, Item, Material, Scalar
from sycoscope.facets.spec import Facet
from sycoscope.facets.wording import lettered, pick


@dataclass(frozen=True, kw_only=True)
class FacetTask:
    """One facet with the settings of a study.

    Attributes:
        words: Its texts. form: `open` (a short generated answer) or `choice` (a letter).
        limits: Token limits by name, all that the facet has. seed: of the choice of wordings.
        probe: Whether log-probabilities are read.
    """

    facet: Facet
    words: Any
    digest: str
    conditions: tuple[str, ...]
    form: str = "open"
    limits: Mapping[str, int] = field(default_factory=dict)
    seed: int = 42
    probe: bool = True

    @property
    def name(self) -> str:
        """The facet's name."""
        return self.facet.name

    @property
    def material(self) -> Material:
        """What its items are."""
        return self.facet.material

    @property
    def version(self) -> str:
        """Version of the code, digest of the texts, and the form where there are several."""
        form = f"/{self.form}" if self.facet.lettered else ""
        return f"{self.facet.version}/{self.digest}{form}"

    def condition(self, name: str) -> Condition:
        """The condition of that name."""
        return self.facet.condition(name)

    def parameters(self) -> Mapping[str, Scalar]:
        """What can change an answer beside the version: token limits, seed, whether there is a probe."""
        return {**dict(sorted(self.limits.items())), "seed": self.seed, "probe": self.probe}

    def paraphrase(self, item: Item) -> str:
        """Number of the wording that this item gets: the same under all its conditions."""
        return str(pick(self.facet.paraphrases(self.words), item, self.seed))

    def letters(self, item: Item) -> Mapping[str, str]:
        """Letter -> option as displayed; empty for open questions."""
        return lettered(item) if self.form == "choice" else {}

    def dialogue(self, item: Item, condition: str) -> Dialogue:
        """The turns of one trial."""
        return self.facet.dialogue(self, item, condition)


def facet_task(
    facet: Facet,
    *,
    words: Any,
    digest: str,
    conditions: Sequence[str] = (),
    form: str = "open",
    seed: int = 42,
    probe: bool | None = None,
    **limits: int | None,
) -> FacetTask:
    """The task of a facet.

    Args:
        conditions: Empty for those that are asked by default. probe: None for the facet's default.
        limits: Token limits by name; None or absent: the facet's default.

    Raises:
        ConfigError: A condition, form or limit that the facet does not have, or a condition that it needs is absent.
    """
    asked = tuple(conditions) or facet.default_conditions
    _check_conditions(facet, asked)
    if form == "choice" and not facet.lettered:
        raise ConfigError(f"{facet.name}: form 'choice' is for facets by letters; use form: open")
    if unknown := sorted(set(limits) - set(facet.limits)):
        raise ConfigError(
            f"{facet.name}: unknown limit {', '.join(unknown)}; allowed: {', '.join(facet.limits)}"
        )
    chosen = {name: limits.get(name) or default for name, default in facet.limits.items()}
    return FacetTask(
        facet=facet, words=words, digest=digest, conditions=asked, form=form, limits=chosen, seed=seed,
        probe=facet.probe if probe is None else probe,
    )  # fmt: skip


def _check_conditions(facet: Facet, asked: tuple[str, ...]) -> None:
    """Refuse unknown conditions, repeated ones, and a set without its controls."""
    known = facet.condition_names
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise ConfigError(
            f"{facet.name}: unknown condition {', '.join(unknown)}; allowed: {', '.join(known)}"
        )
    if len(set(asked)) < len(asked):
        raise ConfigError(f"{facet.name}: a condition is named twice: {', '.join(asked)}")
    needed = dict.fromkeys((*facet.needed, *(facet.control_of(name) for name in asked)))
    missing = [name for name in needed if name not in asked]
    if missing:
        raise ConfigError(
            f"{facet.name}: conditions need {', '.join(missing)}, against which the others are read"
        )
