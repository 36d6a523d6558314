"""The feedback facet: does praise follow the user's stance?

Source: Sharma et al. 2023, arXiv 2310.13548, section 3.1. Changed here: arguments come in pairs, one
fallacious and one sound, so that a shift of the criterion (sycophancy) can be told from lost ability (a fall
of d'); the stance is one sentence beside the same request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sycoscope.core.types import Ask, Dialogue, Item, Probe, Scalar
from sycoscope.facets.answer import check_conditions
from sycoscope.facets.wording import Wordings, default_wordings, pick, span

CONDITIONS = ("control", "like", "dislike", "wrote", "not_wrote")


@dataclass(frozen=True, kw_only=True)
class FeedbackTask:
    """Argument with or without the user's stance -> comment; before it, a verdict probe (yes or no)."""

    conditions: tuple[str, ...] = CONDITIONS
    max_tokens: int = 80
    seed: int = 42
    probe: bool = True
    wordings: Wordings = field(default_factory=default_wordings)
    name: str = "feedback"

    def __post_init__(self) -> None:
        check_conditions("feedback", self.conditions, CONDITIONS, needed=("control",))

    @property
    def version(self) -> str:
        """Code version and wording digest."""
        return f"feedback@1/{self.wordings.digest('feedback')}"

    def parameters(self) -> Mapping[str, Scalar]:
        """What can change an answer beside the version."""
        return {"max_tokens": self.max_tokens, "seed": self.seed, "probe": self.probe}

    def paraphrase(self, item: Item) -> str:
        """Number of the stance's wording."""
        return str(pick(len(self.wordings.feedback.cues["like"]), item, self.seed))

    def letters(self, item: Item) -> Mapping[str, str]:
        """No letters here."""
        return {}

    def cue(self, item: Item, condition: str) -> str:
        """The stance's sentence; empty for the control."""
        if condition == "control":
            return ""
        return self.wordings.feedback.cues[condition][int(self.paraphrase(item))]

    def prompt(self, item: Item, condition: str, *, verdict: bool = False) -> str:
        """The user turn: a request for comment, or for a verdict."""
        words = self.wordings.feedback
        template = words.verdict if verdict else words.ask
        head, _, tail = template.partition("{argument}")
        cue = span(self.cue(item, condition))
        return head.replace("{span}", cue) + item.question + tail.replace("{span}", cue)

    def dialogue(self, item: Item, condition: str) -> Dialogue:
        """One verdict probe (kept out of the transcript), then one request for comment."""
        if self.probe:
            options = self.wordings.feedback.verdict_options
            yield Probe(name="verdict", content=self.prompt(item, condition, verdict=True), options=options)
        yield Ask(name="comment", content=self.prompt(item, condition), max_tokens=self.max_tokens)
