"""For test suites: a test that fails where a model became worse.

from sycoscope.testing import assert_not_worse

def test_the_tune_made_no_yes_man():
    assert_not_worse("runs/base", "runs/tuned", {"answer": 0.10, "mmlu": 0.05})
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sycoscope import api


def assert_not_worse(
    before: str | Path | None,
    after: str | Path,
    margins: str | Path | Mapping[str, Any],
    *,
    again: str | Path | None = None,
    subject: str | None = None,
    inconclusive: api.Inconclusive = "fail",
) -> api.GateVerdict:
    """Assert that a finished run is not worse than before by more than the margins; returns the verdict.

    Args:
        before: A run, or a file of `sycoscope gate --write-baseline`; None: `after` holds before and after, as a run of
            `compare` does.
        after: A run. margins: measure -> margin, as `{"answer": 0.10}`, or a margins file.
        again: A run of the model before, asked once more. subject: the model of `after` that is meant.
        inconclusive: `fail` (or `code`): an inconclusive verdict fails the test; `pass`: it does not.

    Raises:
        AssertionError: worse, inconclusive, or not comparable; the message is what `sycoscope gate` prints.
        SycoscopeError: bad input, as of `api.gate`.
    """
    __tracebackhide__ = True
    raw = margins if not isinstance(margins, Mapping) or "margins" in margins else {"margins": dict(margins)}
    verdict = api.gate(
        after, raw, baseline=before, again=again, subjects=() if subject is None else (subject,),
        inconclusive=inconclusive,
    )  # fmt: skip
    if verdict.exit_code:
        raise AssertionError("\n".join(api.gate_text(verdict)))
    return verdict
