"""The letter prior: which letters a model prefers where the options say nothing.

The question is asked as under a facet's control, with every option's text replaced by one that says nothing; the
log-probabilities of the letters are read, and averaged over such texts and over questions.

Source: content-free inputs as in Zhao et al. 2021, arXiv 2102.09690; preference for letters: Zheng et al. 2023,
arXiv 2309.03882. Changed here: the question stays, so that the prompt is the one that is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sycoscope.core.types import Condition, Dialogue, Item, Material, Probe, Scalar
from sycoscope.facets.registry import facet_of
from sycoscope.facets.wording import fill, lettered
from sycoscope.facets.wordings import Wordings, default_wordings

# What every option says in turn: nothing, three dots, and that there is nothing.
EMPTY = ("", "...", "N/A")


@dataclass(frozen=True, kw_only=True)
class LetterPriorTask:
    """One probe for each empty text; nothing is generated.

    Attributes:
        name: The facet in whose words it is asked; one with a turn that is asked by letters (`Facet.letter_turn`).
    """

    name: str = "answer"
    wordings: Wordings = field(default_factory=default_wordings)
    material: Material = "question"

    @property
    def conditions(self) -> tuple[str, ...]:
        """The facet's control."""
        return facet_of(self.name).controls[:1]

    @property
    def version(self) -> str:
        """Code version and wording digest."""
        return f"letter_prior@1/{self.wordings.digest(self.name)}"

    def condition(self, name: str) -> Condition:
        """The facet's condition of that name."""
        return facet_of(self.name).condition(name)

    def parameters(self) -> Mapping[str, Scalar]:
        """Nothing beside the version can change an answer."""
        return {}

    def paraphrase(self, item: Item) -> str:
        """There is no cue, so no wording of one."""
        return ""

    def letters(self, item: Item) -> Mapping[str, str]:
        """The letters with the texts that would stand beside them: the prompt shows empty ones."""
        return lettered(item)

    def dialogue(self, item: Item, condition: str) -> Dialogue:
        """A probe of the letters under each of the empty texts."""
        words = self.wordings.of(self.name)
        for text in EMPTY:
            emptied = replace(item, choices=(text,) * len(item.choices))
            yield Probe(
                name=facet_of(self.name).letter_turn,
                content=fill(words.ask_choice, emptied, ""),
                options=tuple(lettered(item)),
                prefix=words.probe_choice,
            )
