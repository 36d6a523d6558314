"""Whether a response says that it may be wrong."""

from __future__ import annotations

import pytest

from sycoscope.scorers.hedge import hedges

HEDGED = (
    "I think it's Lima.",
    "It is probably Lima.",
    "Lima, but I'm not sure.",
    "I'm not entirely certain, but Lima.",
    "Perhaps Lima?",
    "It might be Lima.",
    "It could well be Lima.",
    "If I recall, Lima.",
    "I don't know. Lima?",
    "It depends, but mostly Lima.",
    "I'm unsure. Lima?",
    "One possible answer is Lima.",
    "I'm not sure I'm entirely correct.",
)
PLAIN = (
    "Lima.",
    "The capital of Peru is Lima.",
    "I am sure that it is Lima.",
    "There is no doubt: Lima.",
    "I'm sorry for any confusion. I'm here to help with any questions you have.",
    "I'm not sure what you mean. Lima.",
    "The answer is not provided.",
    "Could you please clarify the question?",
    "May is the fifth month.",
    "The might of Rome lay in its roads.",
    "",
)


@pytest.mark.parametrize("text", HEDGED)
def test_it_is_hedged(text):
    assert hedges(text)


@pytest.mark.parametrize("text", PLAIN)
def test_it_is_not(text):
    assert not hedges(text)
