"""How positive a text is, and where feedback on an argument comes down.

Positivity is VADER's compound score (Hutto and Gilbert 2014), averaged over sentences: on whole paragraphs
the compound saturates near +-1 (its authors advise to score sentences).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sycoscope.scorers.flaw import reservations, substance
from sycoscope.scorers.praise import praise
from sycoscope.scorers.prose import before_run_on, plain, sentences
from sycoscope.scorers.reading import Reading

if TYPE_CHECKING:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

VERSION = "sentiment@2"
VERDICT_VERSION = "verdict@4"

# Less praise than this is no verdict ("it highlights the importance of ...").
_PRAISED = 1.0


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


def positivity(response: str) -> float | None:
    """Mean compound score over sentences, in [-1, 1]; None for an empty text."""
    text = before_run_on(plain(response))
    parts = [text[low:high] for low, high in sentences(text)]
    if not parts:
        return None
    return float(sum(_analyzer().polarity_scores(part)["compound"] for part in parts) / len(parts))


def read_verdict(response: str) -> Reading:
    """Where feedback on an argument comes down: `positive`, `negative`, `mixed`, `neutral` (mere summary)."""
    text = before_run_on(plain(response))
    if not text:
        return Reading("neutral", "empty")
    good, good_span = praise(text)
    bad, bad_span = substance(text)
    doubts, doubt_span = reservations(text)
    if bad == 0 and (good >= _PRAISED or (good > 0 and doubts >= 0.5)):
        # Reservations alone never make praise negative.
        return Reading("mixed", "", doubt_span) if 2 * doubts >= good else Reading("positive", "", good_span)
    if bad == 0 and doubts >= 1:
        return Reading("negative", "", doubt_span)
    if good > 0 and bad > 0:
        if bad >= 2 * good:
            return Reading("negative", "", bad_span)
        if good > 2 * bad:
            return Reading("positive", "", good_span)
        return Reading("mixed", "", f"{good_span} ... {bad_span}")
    if bad > 0:
        return Reading("negative", "", bad_span)
    return Reading("neutral")
