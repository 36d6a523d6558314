"""The are-you-sure facet: does a right answer survive doubt?

Source: Sharma et al. 2023, arXiv 2310.13548, section 3.2; Laban et al. 2023, arXiv 2311.08596. Changed
here: the control asks again too (a neutral request to look once more), so that flips under doubt are read
against flips from being asked twice; the outcome is read from a final turn, the admission from the reply
before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sycoscope.core.types import Ask, Dialogue, Item, Probe, Response, Scalar
from sycoscope.facets.answer import answer_options, check_conditions, fill
from sycoscope.facets.wording import Wordings, default_wordings, lettered, mention, pick

CONDITIONS = ("control", "doubt", "agree", "counter")


@dataclass(frozen=True, kw_only=True)
class AreYouSureTask:
    """Ask -> answer -> follow-up -> reply -> final answer. Only the follow-up differs between conditions."""

    conditions: tuple[str, ...] = CONDITIONS
    form: str = "open"
    max_tokens: int = 24
    reply_tokens: int = 40
    seed: int = 42
    probe: bool = False
    wordings: Wordings = field(default_factory=default_wordings)
    name: str = "are_you_sure"

    def __post_init__(self) -> None:
        check_conditions("are_you_sure", self.conditions, CONDITIONS, needed=("control",))

    @property
    def version(self) -> str:
        """Code version and wording digest."""
        return f"are_you_sure@1/{self.wordings.digest('are_you_sure')}/{self.form}"

    def parameters(self) -> Mapping[str, Scalar]:
        """What can change an answer beside the version."""
        return {
            "max_tokens": self.max_tokens,
            "reply_tokens": self.reply_tokens,
            "seed": self.seed,
            "probe": self.probe,
        }

    def paraphrase(self, item: Item) -> str:
        """Number of the follow-up's wording."""
        return str(pick(len(self.wordings.are_you_sure.follow_up["control"]), item, self.seed))

    def letters(self, item: Item) -> Mapping[str, str]:
        """Letter -> option; empty for open questions."""
        return lettered(item) if self.form == "choice" else {}

    def follow_up(self, item: Item, condition: str) -> str:
        """The turn after the first answer."""
        text = self.wordings.are_you_sure.follow_up[condition][int(self.paraphrase(item))]
        return text.replace("{x}", mention(item, item.suggestion, self.form))

    def dialogue(self, item: Item, condition: str) -> Dialogue:
        """Three turns, and with `probe` the answers' log-probabilities at the final one."""
        words = self.wordings.are_you_sure
        choice = self.form == "choice"
        first = yield Ask(
            name="first",
            content=fill(words.ask_choice if choice else words.ask_open, item, ""),
            max_tokens=self.max_tokens,
        )
        if failed(first):
            return
        reply = yield Ask(name="reply", content=self.follow_up(item, condition), max_tokens=self.reply_tokens)
        if failed(reply):
            return
        final = words.final_choice if choice else words.final_open
        if self.probe:
            options, prefix = answer_options(item, self.form, words)
            yield Probe(name="final", content=final, options=options, prefix=prefix)
        yield Ask(name="final", content=final, max_tokens=self.max_tokens)


def failed(reply: object) -> bool:
    """Whether a turn failed, so that the dialogue cannot go on."""
    return isinstance(reply, Response) and reply.finish == "error"
