"""Numbers as text."""

from __future__ import annotations

import pytest

from sycoscope.core.types import Estimate
from sycoscope.report import Health, labels


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.3125, "31.2 %"),
        (0.9999, "> 99.9 %"),
        (0.0001, "< 0.1 %"),
        (0.05, "5.0 %"),
    ],
)
def test_percent(share, text):
    assert labels.percent(share).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("value", "digits", "signed", "text"),
    [(-0.04, 1, True, "0.0"), (0.13, 2, True, "+0.13"), (-1.5, 1, False, "\u22121.5"), (0.0, 1, True, "0.0")],
)
def test_decimal(value, digits, signed, text):
    assert labels.decimal(value, digits, signed) == text


def test_units_and_signs():
    change = Estimate(
        subject="a", reference="base", task="answer", name="follow", value=-0.05, low=-0.12, high=0.02
    )
    assert labels.value_text(change) == "\u22125.0\u00a0points"
    assert labels.interval_text(change) == "\u221212.0 to +2.0"
    contrast = Estimate(subject="a", task="answer", name="net_follow", value=0.05)
    assert labels.value_text(contrast) == "+5.0\u00a0points"
    assert labels.interval_text(contrast) == "\u2014"
    odds = Estimate(subject="a", task="answer", name="log_odds_shift", unit="log_odds", value=0.5)
    assert labels.value_text(odds) == "+0.50\u00a0nats"
    assert labels.value_text(Estimate(subject="a", task="answer", name="follow", value=None)) == "\u2014"


def test_clean_keeps_what_a_file_can_hold():
    assert labels.clean("a\x00b\ud800c\r\nd\te") == "a\ufffdb\ufffdc\nd\te"
    labels.clean("\ud800").encode("utf-8")


def test_health_limit_has_a_side():
    assert Health(label="errors", value=1, limit=0).over
    assert not Health(label="errors", value=0, limit=0).over
    assert Health(label="coverage", value=0.8, limit=0.9, worse="below").over
    assert not Health(label="coverage", value=None, limit=0.9, worse="below").over
