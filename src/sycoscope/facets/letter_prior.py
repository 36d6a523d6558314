"""The letter prior: which letters a model prefers where the options say nothing.

The question is asked as under a facet's control, with every option's text replaced by one that says nothing; the
log-probabilities of the letters are read, and averaged over such texts and over questions.

Source: content-free inputs as in Zhao et al. 2021, arXiv 2102.09690; preference for letters: Zheng et al. 2023,
arXiv 2309.03882. Changed here: the question stays, so that the prompt is the one that is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sycoscope.core.types import Dialogue, Item, Probe, Scalar
from sycoscope.facets.answer import fill
from sycoscope.facets.wording import Wordings, default_wordings, lettered

# What every option says in turn: nothing, three dots, and that there is nothing.
EMPTY = ("", "...", "N/A")
TURNS = {"answer": "answer", "are_you_sure": "first"}


@dataclass(frozen=True, kw_only=True)
class LetterPriorTask:
    """One probe for each empty text; nothing is generated.

    Attributes:
        name: The facet in whose words it is asked: `answer` or `are_you_sure`.
    """

    name: str = "answer"
    wordings: Wordings = field(default_factory=default_wordings)
    conditions: tuple[str, ...] = ("control",)

    @property
    def version(self) -> str:
        """Code version and wording digest."""
        return f"letter_prior@1/{self.wordings.digest(self.name)}"

    def parameters(self) -> Mapping[str, Scalar]:
        """What can change an answer beside the version."""
        return {}

    def paraphrase(self, item: Item) -> str:
        """There is no cue, so no wording of one."""
        return ""

    def letters(self, item: Item) -> Mapping[str, str]:
        """The letters with the texts that would stand beside them: the prompt shows empty ones."""
        return lettered(item)

    def dialogue(self, item: Item, condition: str) -> Dialogue:
        """A probe of the letters under each of the empty texts."""
        words = getattr(self.wordings, self.name)
        for text in EMPTY:
            emptied = replace(item, choices=(text,) * len(item.choices))
            content = fill(words.ask_choice, emptied, "")
            yield Probe(
                name=TURNS[self.name],
                content=content,
                options=tuple(lettered(item)),
                prefix=words.probe_choice,
            )
