"""The marks between which models reason before they speak: one table, for prompts and for readers."""

from __future__ import annotations

import re

_NAMES = (
    r"(?:think|thinking|thought|thoughts|thought_process|reasoning|reflection|scratchpad|antthinking"
    r"|chain_of_thought|inner_(?:thoughts?|monologue))"
)
# "<seed:think>", "<longcat_think>", "<think:opensource>", "<thinking type='long'>"; a tag may have come escaped.
_TAG = rf"\s*(?:[\w.-]{{1,20}}[:_])?(?:{_NAMES}|analysis|cot)(?::[\w.-]{{1,20}})?"

# How a block of reasoning opens, and how it ends.
MARKS: tuple[tuple[str, str], ...] = (
    (
        rf"(?:<|&lt;){_TAG}(?:\s[^<>&\n]{{0,80}})?(?<!/)(?:>|&gt;)",
        rf"(?:<|&lt;)\s*/{_TAG}\s*(?:>|&gt;)",
    ),
    (rf"\[\s*{_NAMES}\s*\]", rf"\[\s*/\s*{_NAMES}\s*\]"),
    (rf"<\|\s*{_NAMES}\s*\|>", rf"<\|\s*/\s*{_NAMES}\s*\|>"),
    (
        r"<\|(?:begin|start)_of_(?:thought|thinking|reasoning)\|>",
        r"<\|end_of_(?:thought|thinking|reasoning)\|>",
    ),
    (r"<\|(?:start|begin)_(?:thinking|reasoning)\|>", r"<\|end_(?:thinking|reasoning)\|>"),
    (r"<\|(?:thinking|thought|reasoning)_(?:start|begin)\|>", r"<\|(?:thinking|thought|reasoning)_end\|>"),
    (r"<\|inner_prefix\|>", r"<\|inner_suffix\|>"),
    (r"◁think▷", r"◁/think▷"),
    # channels: whatever is not the final one
    (
        r"<\|channel\|>\s*(?!final\b)[a-z]\w{0,20}[^<\n]{0,60}(?:<\|message\|>)?",
        r"<\|channel\|>\s*final\b[^<\n]{0,60}(?:<\|message\|>)?",
    ),
    (r"<\|channel>\s*thought\b", r"<channel\|>"),
    (r"<unused94>\s*thought\b", r"<unused95>"),
)
OPEN = "|".join(opens for opens, _ in MARKS)
CLOSE = "|".join(closes for _, closes in MARKS)
# Either kind of mark, in the order of a text; `open` is empty for one that ends a block.
MARK = re.compile(rf"(?P<open>{OPEN})|(?P<close>{CLOSE})", re.IGNORECASE)
# Words that a template may put behind its mark ("<think>\nOkay,"): no turn can begin in them.
_GOES_ON = re.compile(r"[^<>\[\]|#:]{0,60}")
# How far from its end a prompt is looked at.
_TAIL = 300


def opens_reasoning(prompt: str) -> bool:
    """Whether a prompt ends inside a block of reasoning, so that what is said next begins there."""
    tail = prompt[-_TAIL:]
    marks = list(MARK.finditer(tail))
    return bool(marks and marks[-1]["open"] and _GOES_ON.fullmatch(tail, marks[-1].end()))


def is_mark(token: str) -> bool:
    """Whether a token opens or ends a block, or is a part of a mark: such a token belongs to the text."""
    return token in _PARTS or MARK.fullmatch(token) is not None


# Tokens that channels are made of.
_PARTS = frozenset({"<|channel|>", "<|message|>", "<|channel>", "<channel|>", "<unused94>", "<unused95>"})
