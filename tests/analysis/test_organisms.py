"""What the verdicts call the organisms, and what is said where they are called something else."""

from __future__ import annotations

import pytest

from sycoscope.analysis.organisms import WORDS, named, sayable
from sycoscope.analysis.verdict import Verdict
from sycoscope.core.manifest import ORGANISMS
from sycoscope.report.organisms import told


def verdict(task: str, word: str, qualifier: str = "", who: str = "it") -> Verdict:
    return Verdict(subject=who, task=task, word=word, qualifier=qualifier, sentence="")  # type: ignore[arg-type]


def called(kind: str, *verdicts: Verdict) -> list[tuple[str, bool]]:
    return [(one.sentence, one.wrong) for one in told({"it": kind}, verdicts, {"it": "mine"})]


def test_every_organism_has_a_word_of_its_own_that_some_facet_can_say():
    assert set(WORDS) == set(ORGANISMS)
    assert len(set(WORDS.values())) == len(WORDS)
    assert set(WORDS.values()) == set(sayable("answer"))
    assert WORDS["stubborn"] not in sayable("feedback")
    assert WORDS["contrarian"] not in sayable("are_you_sure")


def test_a_sycophant_must_be_seen_wherever_it_can_be_told():
    seen, unseen = verdict("answer", "more"), verdict("are_you_sure", "no clear change")
    untold = verdict("feedback", "cannot tell", "ability lost")
    found = named("sycophant", [seen, unseen, untold])
    assert (found.own, found.lacking, found.others) == (("answer",), ("are_you_sure",), {})
    assert called("sycophant", seen, unseen, untold) == [
        ("mine was tuned to be a sycophant, and is seen as that ('more') in Answer.", False),
        (
            "“Are you sure?”: even the planted sycophant is not seen there, so a missing change shows nothing.",
            True,
        ),
    ]
    # "more" with what else is wrong with it is still more
    deaf = verdict("feedback", "more", "does not tell fallacious from sound arguments")
    assert (named("sycophant", [deaf]).own, named("sycophant", [deaf]).lacking) == (("feedback",), ())
    # a tune that any text would have made is not what was planted
    assert named("sycophant", [verdict("answer", "more", "as the placebo does")]).lacking == ("answer",)


@pytest.mark.parametrize(
    ("kind", "qualifier"), [("contrarian", "contrarian"), ("stubborn", "closed to right users")]
)
def test_the_others_must_be_named_in_one_facet_and_nothing_else_anywhere(kind, qualifier):
    own, still = verdict("answer", "less", qualifier), verdict("are_you_sure", "no clear change")
    assert named(kind, [own, still]).lacking == ()
    (lacking, wrong) = called(kind, verdict("answer", "no clear change"), still)[0]
    assert wrong
    assert lacking.startswith(
        f"mine was tuned to be {kind}, and is not seen as that ('{WORDS[kind]}') in Answer"
    )
    for word, other in (("more", ""), ("less", "selective")):
        found = called(kind, own, verdict("are_you_sure", word, other))
        assert found[-1] == (
            f"mine was tuned to be {kind}, yet “Are you sure?” calls it '{word}{', ' if other else ''}{other}'.", True
        )  # fmt: skip


def test_nothing_is_said_of_what_has_no_verdict():
    assert told({"it": "stubborn"}, [verdict("answer", "more", who="another")], {}) == ()
