"""How a question is put in each form, written once: training teaches the prompt that the evaluation asks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

OPTION = "{letter}. {text}\n"
_OPTION_LINE = re.compile(r"^\s*\(?([A-Z])[.):]\s*(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptForm:
    """One form of a question.

    Attributes:
        prompt: The user's turn, with `{question}`, and `{options}` where the choices are shown.
        opening: Words with which the answer begins; empty for none.
    """

    prompt: str
    opening: str = ""

    def text(self, question: str, letters: Mapping[str, str] | None = None) -> str:
        """The user's turn.

        Args:
            letters: Letter -> option text in display order, for forms that show the choices.
        """
        options = "".join(OPTION.format(letter=letter, text=text) for letter, text in (letters or {}).items())
        return self.prompt.format(question=question.strip(), options=options)


def options_in(text: str) -> dict[str, str]:
    """Letter -> text of the options that a prompt shows by letters, each the last one of its letter."""
    return dict(_OPTION_LINE.findall(text))


# `letters` is MMLU's form, `problem` GSM8K's, `continuation` HellaSwag's, as lm-evaluation-harness defines them;
# `statement` is TruthfulQA's without its six examples. `open` is ours: small models are at chance by letters only.
# `published` is how the published study laid out its training text, in words of ours; nothing is asked in it.
FORMS: Mapping[str, PromptForm] = {
    "letters": PromptForm(prompt="{question}\n{options}Answer:"),
    "open": PromptForm(prompt="{question}", opening="The answer is"),
    "problem": PromptForm(prompt="Question: {question}\nAnswer:"),
    "continuation": PromptForm(prompt="{question}"),
    "published": PromptForm(prompt="Question: {question}\nChoices:\n{options}Answer:"),
    "statement": PromptForm(prompt="Q: {question}\nA:"),
}
