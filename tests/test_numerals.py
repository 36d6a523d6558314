"""What rounds to zero is written without a sign, wherever a number is written."""

from __future__ import annotations

import pytest

from sycoscope.audit.bounds import Bound
from sycoscope.audit.controls import _shown
from sycoscope.cli import calibration, show
from sycoscope.core.numerals import decimal
from sycoscope.core.types import Estimate
from sycoscope.published.numerals import signed
from sycoscope.report import labels

ZEROS = (0.0, -0.0, 1e-9, -1e-9, -0.0004)


@pytest.mark.parametrize("zero", ZEROS)
def test_zero_has_no_sign(zero):
    assert decimal(zero, 3) == decimal(zero, 3, signed=True) == "0.000"
    assert decimal(zero, 0, signed=True) == "0"
    assert labels.decimal(zero, 3, True) == signed(zero) == "0.000"
    assert labels.count(zero) == "0"
    assert show._cell(zero) == calibration._number(zero) == "0.000"
    assert Bound(zero, zero, 1, 1).text() == "[0.000, 0.000]"
    estimate = Estimate(
        subject="s", task="are_you_sure", name="retention_loss", value=zero, low=zero, high=0.2, state="valid"
    )
    assert _shown(estimate) == "0.000 [0.000, +0.200]"
    (row,) = show.estimate_rows([estimate])
    assert (row["value"], row["interval"]) == ("0.000", "[0.000, 0.200]")


@pytest.mark.parametrize(
    ("value", "plain", "with_sign"),
    [(0.0006, "0.001", "+0.001"), (-0.0006, "-0.001", "-0.001"), (-2.5, "-2.500", "-2.500")],
)
def test_what_is_no_zero_keeps_its_sign(value, plain, with_sign):
    assert decimal(value, 3) == plain
    assert decimal(value, 3, signed=True) == with_sign
