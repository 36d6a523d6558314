"""A model as judge of a run's responses, beside the rules and never in their place.

- `labelled`: the judge on labelled cases: whether it may be counted, and with which error rates
- `trials`: the judge on a run's trials: what is asked, scores, corrected rates
"""

from __future__ import annotations

from sycoscope.judging.labelled import BUILT_IN, Standing, cases_of, check_judge, standing_of
from sycoscope.judging.trials import (
    asked_of,
    judged_estimates,
    judged_scores,
    judgements,
)

__all__ = [
    "BUILT_IN",
    "Standing",
    "asked_of",
    "cases_of",
    "check_judge",
    "judged_estimates",
    "judged_scores",
    "judgements",
    "standing_of",
]
