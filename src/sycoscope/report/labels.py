"""How names are called and numbers are written. Nothing here depends on a locale."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sycoscope.core.types import Estimate

DASH = "\u2014"
MINUS = "\u2212"
NBSP = "\u00a0"

FACETS = {"answer": "Answer", "are_you_sure": "Are you sure?", "feedback": "Feedback"}
SUMMARIES = {"summary": "Summary scores"}
WORD_GLYPHS = {"more": "▲", "less": "▼", "no clear change": "=", "cannot tell": "?"}
SEVERITY_GLYPHS = {"ok": "✓", "warn": "!", "invalid": "✕", "not_run": "○"}
SEVERITY_WORDS = {"ok": "ok", "warn": "warned", "invalid": "invalid", "not_run": "not run"}
CELLS = {
    ("held", "held"): ("held → held", "hh"),
    ("held", "caved"): ("held → caved", "hc"),
    ("caved", "held"): ("caved → held", "ch"),
    ("caved", "caved"): ("caved → caved", "cc"),
}
LADDER = ("padded", "anchor_wrong", "third_wrong", "user_wrong")
# task -> condition -> its name for people; what a condition says depends on the task that asks it
CONDITIONS = {
    "answer": {
        "control": "control (bare question)",
        "padded": "padded (empty sentence)",
        "anchor_wrong": "anchor (no person)",
        "anchor_right": "anchor, right answer",
        "third_wrong": "third person",
        "user_wrong": "user, wrong answer",
        "user_right": "user, right answer",
        "user_doubts_right": "user doubts right answer",
    },
    "are_you_sure": {
        "control": "control (neutral re-ask)",
        "doubt": "doubt",
        "agree": "agreement",
        "counter": "counter-claim",
    },
    "feedback": {
        "control": "control (no stance)",
        "like": "user likes it",
        "dislike": "user dislikes it",
        "wrote": "user wrote it",
        "not_wrote": "user did not write it",
    },
}


@dataclass(frozen=True, slots=True)
class Name:
    """An estimate's name for people. `signed`: its level is a difference already."""

    label: str
    meaning: str = ""
    signed: bool = False


NAMES = {
    "accuracy": Name("accuracy", "share of right answers"),
    "follow": Name("follow", "gives the suggested wrong answer, of items right under control"),
    "accuracy_drop": Name("accuracy drop", "accuracy under padded minus under user_wrong", True),
    "net_follow": Name("net follow", "follow of a user minus of a bare mention", True),
    "person_effect": Name("person effect", "follow of the user minus of a third person", True),
    "update": Name("update", "gives the right answer, of items not right under control"),
    "net_update": Name("net update", "update on a user minus on a bare mention", True),
    "selectivity": Name("selectivity", "takes up right suggestions more than wrong ones", True),
    "contrarian": Name("contrarian", "leaves a right answer because the user agrees with it", True),
    "doubt": Name("doubt", "leaves a right answer because the user doubts it", True),
    "log_odds_shift": Name("log-odds shift", "of the suggested answer, user_wrong minus padded", True),
    "retention": Name("retention", "keeps a right first answer"),
    "retention_loss": Name("retention loss", "retention after a neutral request minus after doubt", True),
    "switched": Name("switched", "right at first, then another answer"),
    "abandoned": Name("abandoned", "right at first, then no commitment"),
    "corrected": Name("corrected", "wrong at first, then right"),
    "admission": Name("admission", "apologises or concedes in the reply"),
    "positivity": Name("positivity", "of the feedback, in [-1, 1]"),
    "positivity_gap": Name("positivity gap", "liked or own text minus disliked or foreign text", True),
    "suppression": Name(
        "suppression", "names the flaw under control minus when the user likes the text", True
    ),
    "d_prime": Name("d′", "how well fallacious and sound arguments are told apart"),
    "criterion": Name("criterion c", "how readily an argument is called fallacious (lower: more readily)"),
    "criterion_shift": Name("criterion shift", "criterion when liked minus under control", True),
    "suggested_shift": Name(
        "suggested shift", "names the suggestion under user_wrong minus under padded, all items", True
    ),
    "copying": Name("copying", "follow of an answer that is mentioned with no person"),
    "follow_logprob": Name("follow (log-prob.)", "the same where the likeliest option is read"),
    "accuracy_logprob": Name("accuracy (log-prob.)", "share of items whose target is the likeliest option"),
    "channel_disagreement": Name(
        "channels disagree", "the answer given is not the likeliest option, of answers that name one"
    ),
    "channel_kappa": Name(
        "channel kappa", "agreement of the answer and the likeliest option beyond chance (Cohen's kappa)"
    ),
    "switched_gain": Name("switched gain", "switched under doubt minus after a neutral request", True),
    "abandoned_gain": Name("abandoned gain", "abandoned under doubt minus after a neutral request", True),
    "counter_loss": Name(
        "counter loss", "retention after a neutral request minus after a counter-claim", True
    ),
    "flaw_identified": Name("flaw identified", "names the flaw of a fallacious argument"),
    "d_prime_shift": Name("d′ shift", "d′ when liked minus under control", True),
    "published_rate": Name("published rate", "by the published study's reading rules, for comparison only"),
    "agreement_bias": Name("agreement bias", "mean of the three primaries; a sum of different units", True),
    "agreement_bias_published": Name(
        "agreement bias, published rules", "mean of the published rates, for comparison only"
    ),
    "truth_alignment": Name(
        "truth alignment", "gives the right answer although the user believes a wrong one"
    ),
    "reasoning_independence": Name(
        "reasoning independence",
        "right under user_wrong and kept under doubt, of items right under both controls",
    ),
    "judged_accuracy": Name("right (judge)", "gives the right answer, by the judge model, all items"),
    "judged_suggested": Name("suggested (judge)", "gives the suggestion, by the judge model, all items"),
    "judged_admission": Name("admission (judge)", "apologises or concedes, by the judge model, all items"),
    "judged_warmer": Name(
        "warmer (judge)", "the comment is more positive than the control's, by the judge model"
    ),
    "verdict_log_odds": Name("verdict log-odds", "of calling the argument sound, like minus control", True),
}


def name_of(name: str) -> Name:
    """The name for people; an unknown one is written without its underscores."""
    return NAMES.get(name) or Name(clean(name).replace("_", " "))


def condition_of(task: str, condition: str) -> str:
    """The condition of a task for people; an unknown one is written without its underscores."""
    return CONDITIONS.get(task, {}).get(condition) or clean(condition).replace("_", " ")


# C0 and C1 controls (not tab, newline), lone surrogates, and non-characters: not allowed in HTML or XML.
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """Text that any HTML or XML file can hold; what cannot be shown becomes U+FFFD."""
    return _UNSAFE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters on one line, with an ellipsis where something was cut."""
    flat = " ".join(clean(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def count(value: float) -> str:
    """A whole number, thousands apart by a no-break space."""
    return f"{round(value):,}".replace(",", NBSP).replace("-", MINUS)


def decimal(value: float, digits: int, signed: bool = False) -> str:
    """A number with a decimal point, a real minus, and no minus before zero."""
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def percent(share: float, digits: int = 1) -> str:
    """A share in [0, 1] in per cent; never rounded up to 100 nor down to 0."""
    text = f"{100 * share:.{digits}f}"
    edge = 10**-digits
    if share < 1 and float(text) >= 100:
        return f">{NBSP}{100 - edge:.{digits}f}{NBSP}%"
    if share > 0 and float(text) == 0:
        return f"<{NBSP}{edge:.{digits}f}{NBSP}%"
    return f"{decimal(float(text), 0 if share in (0, 1) else digits)}{NBSP}%"


def is_difference(estimate: Estimate) -> bool:
    """Whether its value carries a sign: a change, or a contrast of conditions."""
    return bool(estimate.reference) or name_of(estimate.name).signed


def unit_of(estimate: Estimate) -> str:
    """The unit as written on an axis."""
    if estimate.unit == "proportion":
        return "percentage points" if is_difference(estimate) else "per cent"
    return {"log_odds": "nats", "d_prime": "standard deviations", "score": "score"}.get(
        estimate.unit, estimate.unit
    )


def scale_of(estimate: Estimate) -> float:
    """What a value is multiplied by to be in `unit_of`."""
    return 100.0 if estimate.unit == "proportion" else 1.0


def digits_of(estimate: Estimate) -> int:
    """Decimals that are shown."""
    return 1 if estimate.unit == "proportion" else 2


def value_text(estimate: Estimate, *, unit: bool = True) -> str:
    """The value with its unit, or an em dash."""
    if estimate.value is None:
        return DASH
    signed = is_difference(estimate)
    if estimate.unit == "proportion" and not signed:
        return percent(estimate.value)
    text = decimal(estimate.value * scale_of(estimate), digits_of(estimate), signed)
    suffix = {"proportion": "points", "log_odds": "nats"}.get(estimate.unit, "")
    return f"{text}{NBSP}{suffix}" if unit and suffix else text


def interval_text(estimate: Estimate) -> str:
    """`low to high`, in the unit of the value, or an em dash."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return DASH
    scale, digits, signed = scale_of(estimate), digits_of(estimate), is_difference(estimate)
    low, high = (decimal(end * scale, digits, signed) for end in (estimate.low, estimate.high))
    return f"{low} to {high}"


def p_text(p: float | None) -> str:
    """A p-value, or an em dash."""
    if p is None:
        return DASH
    return f"<{NBSP}0.001" if p < 0.001 else f"{p:.3f}"
