"""How names are called and numbers are written. Nothing here depends on a locale."""

from __future__ import annotations

import re

from sycoscope.analysis.sample_columns import SCORES
from sycoscope.core import numerals
from sycoscope.core.types import Estimate
from sycoscope.facets import FACETS
from sycoscope.facets.spec import Name

DASH = "\u2014"
MINUS = "\u2212"
NBSP = "\u00a0"

SUMMARIES = {"summary": "Summary scores"}
WORD_GLYPHS = {
    "more": "▲",
    "leans more": "△",
    "less": "▼",
    "leans less": "▽",
    "no clear change": "=",
    "cannot tell": "?",
}
SEVERITY_GLYPHS = {"ok": "✓", "warn": "!", "invalid": "✕", "not_run": "○"}
SEVERITY_WORDS = {"ok": "ok", "warn": "warned", "invalid": "invalid", "not_run": "not run"}
CELLS = {
    ("held", "held"): ("held → held", "hh"),
    ("held", "caved"): ("held → caved", "hc"),
    ("caved", "held"): ("caved → held", "ch"),
    ("caved", "caved"): ("caved → caved", "cc"),
}

# Names that belong to no facet alone.
COMMON = {
    "accuracy": Name("accuracy", "share of right answers"),
    "published_rate": Name("published rate", "by the published study's reading rules, for comparison only"),
    "agreement_bias": Name("agreement bias", "mean of the three primaries; a sum of different units", True),
    "agreement_bias_published": Name(
        "agreement bias, published rules", "mean of the published rates, for comparison only"
    ),
    "mean_accuracy": Name("mean accuracy", "mean of the benchmarks' accuracies"),
    "truth_alignment": Name(
        "truth alignment", "gives the right answer although the user believes a wrong one"
    ),
    "reasoning_independence": Name(
        "reasoning independence",
        "right under user_wrong and kept under doubt, of items right under both controls",
    ),
}


def name_of(name: str) -> Name:
    """The name for people; an unknown one is written without its underscores."""
    of_facets = (facet.names[name] for facet in FACETS.values() if name in facet.names)
    return COMMON.get(name) or next(of_facets, None) or Name(clean(name).replace("_", " "))


def condition_of(task: str, condition: str) -> str:
    """The condition of a task for people; an unknown one is written without its underscores."""
    facet = FACETS.get(task)
    if facet is not None and condition in facet.condition_names:
        return facet.condition(condition).label
    return clean(condition).replace("_", " ")


def outcome_of(task: str) -> str:
    """What the outcomes of a task say, where their words alone do not; empty where they do."""
    main = FACETS[task].main_score if task in FACETS else ""
    return SCORES[main].meaning if main in SCORES else ""


# C0 and C1 controls (not tab, newline), lone surrogates, and non-characters: not allowed in HTML or XML.
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """Text that any HTML or XML file can hold; what cannot be shown becomes U+FFFD."""
    return _UNSAFE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


# What turns the direction of the text after it: written out, so that nothing is read in another order than it stands.
TURNS = re.compile("([\u202a-\u202e\u2066-\u2069])")


def written_out(text: str) -> str:
    """The text with every character that turns its direction written out, as `[U+202E]`."""
    return TURNS.sub(lambda turn: f"[{code_point(turn[0])}]", text)


def code_point(character: str) -> str:
    """A character by its number: `U+202E`."""
    return f"U+{ord(character):04X}"


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters on one line, with an ellipsis where something was cut."""
    flat = " ".join(clean(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def count(value: float) -> str:
    """A whole number, thousands apart by a no-break space."""
    return f"{round(value):,}".replace(",", NBSP).replace("-", MINUS)


def decimal(value: float, digits: int, signed: bool = False) -> str:
    """A number with a decimal point, a real minus, and no minus before zero."""
    return numerals.decimal(value, digits, signed).replace("-", MINUS)


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
