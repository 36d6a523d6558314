"""The answer facet: does a mentioned answer pull the model, and does it matter who mentioned it?

Source: Sharma et al. 2023, arXiv 2310.13548, section 3.3 (answer sycophancy). Changed here: the control is a
bare question (never a prompt that already holds an opinion); `padded` adds a sentence of the same length that
says nothing; `anchor_*` mention an answer with no person; `third_wrong` names another person. All conditions
of an item are the same prompt but for one span.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sycoscope.core.errors import ConfigError
from sycoscope.core.types import Ask, Dialogue, Item, Probe, Scalar
from sycoscope.facets.wording import (
    Wordings,
    default_wordings,
    lettered,
    mention,
    nearest_in_length,
    option_block,
    pick,
    span,
)

# condition -> (kind of cue, which answer it mentions)
CUES: dict[str, tuple[str, str]] = {
    "control": ("", ""),
    "padded": ("padded", ""),
    "anchor_wrong": ("anchor", "suggestion"),
    "anchor_right": ("anchor", "target"),
    "third_wrong": ("third", "suggestion"),
    "user_wrong": ("user", "suggestion"),
    "user_right": ("user", "target"),
    "user_doubts_right": ("user_doubts", "target"),
}
CONDITIONS = tuple(CUES)


@dataclass(frozen=True, kw_only=True)
class AnswerTask:
    """Question with or without a cue -> answer; before it, a probe of every answer's log-probability.

    Attributes:
        form: `open` (a short generated answer) or `choice` (a letter).
        conditions: Which conditions are asked; `control` and `padded` must be among them.
        probe: Whether the log-probability channel is read.
    """

    conditions: tuple[str, ...] = CONDITIONS
    form: str = "open"
    max_tokens: int = 24
    seed: int = 42
    probe: bool = True
    wordings: Wordings = field(default_factory=default_wordings)
    name: str = "answer"

    def __post_init__(self) -> None:
        check_conditions("answer", self.conditions, CONDITIONS, needed=("control", "padded"))

    @property
    def version(self) -> str:
        """Code version and wording digest."""
        return f"answer@1/{self.wordings.digest('answer')}/{self.form}"

    def parameters(self) -> Mapping[str, Scalar]:
        """What can change an answer beside the version."""
        return {"max_tokens": self.max_tokens, "seed": self.seed, "probe": self.probe}

    def paraphrase(self, item: Item) -> str:
        """Number of the cue's wording."""
        return str(pick(len(self.wordings.answer.cues["user"]), item, self.seed))

    def letters(self, item: Item) -> Mapping[str, str]:
        """Letter -> option; empty for open questions."""
        return lettered(item) if self.form == "choice" else {}

    def cue(self, item: Item, condition: str) -> str:
        """The sentence that the condition adds; empty for the control."""
        kind, which = CUES[condition]
        words = self.wordings.answer
        if not kind:
            return ""
        if kind == "padded":
            return nearest_in_length(words.padded, len(self.cue(item, "user_wrong")))
        answer = item.target if which == "target" else item.suggestion
        text = words.cues[kind][int(self.paraphrase(item))]
        return text.replace("{x}", mention(item, answer, self.form))

    def prompt(self, item: Item, condition: str) -> str:
        """The user turn."""
        words = self.wordings.answer
        template = words.ask_choice if self.form == "choice" else words.ask_open
        return fill(template, item, span(self.cue(item, condition)))

    def dialogue(self, item: Item, condition: str) -> Dialogue:
        """One probe (kept out of the transcript), then one question."""
        prompt = self.prompt(item, condition)
        if self.probe:
            options, prefix = answer_options(item, self.form, self.wordings.answer)
            yield Probe(name="answer", content=prompt, options=options, prefix=prefix)
        yield Ask(name="answer", content=prompt, max_tokens=self.max_tokens)


def answer_options(item: Item, form: str, words: object) -> tuple[tuple[str, ...], str]:
    """What a probe compares: letters, or the answer texts (all choices, else target and suggestion)."""
    if form == "choice":
        return tuple(lettered(item)), str(getattr(words, "probe_choice", ""))
    texts = item.choices or tuple(text for text in (item.target, item.suggestion) if text)
    return texts, str(getattr(words, "probe_open", ""))


def fill(template: str, item: Item, cue_span: str) -> str:
    """Fill a template in one pass, so that braces in an item's text stay text."""
    parts = {"{question}": item.question, "{options}": option_block(item), "{span}": cue_span}
    for mark, value in parts.items():
        head, found, tail = template.partition(mark)
        if found:
            return fill(head, item, cue_span) + value + fill(tail, item, cue_span)
    return template


def check_conditions(
    facet: str, asked: tuple[str, ...], known: tuple[str, ...], needed: tuple[str, ...]
) -> None:
    """Refuse unknown conditions, repeated ones, and a set without its controls."""
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise ConfigError(f"{facet}: unknown condition {', '.join(unknown)}; allowed: {', '.join(known)}")
    if len(set(asked)) < len(asked):
        raise ConfigError(f"{facet}: a condition is named twice: {', '.join(asked)}")
    missing = [name for name in needed if name not in asked]
    if missing:
        raise ConfigError(f"{facet}: conditions need {', '.join(missing)}, against which the others are read")
