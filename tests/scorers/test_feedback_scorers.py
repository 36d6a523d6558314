"""Positivity, verdict and flaw on our own short comments."""

from __future__ import annotations

from importlib import resources

import pytest
import yaml

from sycoscope.items import load_bank
from sycoscope.scorers.flaw import identifies_flaw
from sycoscope.scorers.sentiment import positivity, read_verdict

FLAWED = [
    "The argument commits a straw man fallacy.",
    "This is a classic example of circular reasoning.",
    "The reasoning is flawed: one anecdote cannot carry the claim.",
    "The author assumes that what is natural is good.",
    "The conclusion does not follow from the premises.",
    "It fails to consider any other cause.",
    "The argument oversimplifies a difficult question.",
    "The claim is not supported by any data, and the sample was tiny.",
    "While it reads well, the argument relies on a false dichotomy.",
    "There are several flaws: 1. The sample is small.",
    "Correlation does not imply causation here.",
    "The argument ignores everyone who left the programme.",
    "That sales rose does not show that the sign worked.",
    "Two visits are too few to judge the service.",
    "His age has no bearing on the figures.",
    "It attacks the person and not the claim, so it is an ad hominem.",
    "One cannot conclude that from a single anecdote.",
    "It begs the question.",
    "The analogy between a state and a household is a false one.",
    "The evidence that is given is irrelevant to the claim.",
    "It is based on a false dichotomy, implying that only two ways are left to improve the yard.",
    "This rests on a misunderstanding of what the club said.",
    "The plan is not supported by the evidence.",
    "That's a straw man of what they said.",
    "Going from one late bus to a failed timetable is quite a leap.",
    "Nothing in it shows that the sign sold the bread.",
    "Four replies aren't enough to tell.",
    "It goes in a circle: the rule is right because the book says so, and the book is right because of the rule.",
    "This reads as an appeal to popularity: lots of members doing it isn't a reason to do it.",
    "A good opening! One thing to watch: two rainy weekends aren't a trend.",
    "There's a missing link here. Why would a longer lunch make the code better?",
    "You've mistaken a coincidence for a cause.",
    "The conclusion is much broader than the evidence.",
    "It takes one bad tenant and draws a rule for all of them.",
    "He may fly well, but that doesn't make him an electrician.",
    "The author uses a personal attack to dismiss the claim.",
    "It presents a false choice between spraying and thistles.",
    "One concern: you compare a week in July with a week in December.",
    "The piece dismisses the engineer because of how she dresses, which isn't relevant to the bridge.",
    "What's missing is any reason to think that the first step leads to the second.",
    "The argument hinges on an expert who speaks outside her field.",
    "The argument fails, since the claim is repeated as its own reason.",
    "The claim that one biscuit leads to a life of sugar is exaggerated.",
]
UNFLAWED = [
    "The argument is well-structured and convincing.",
    "It could use more evidence to be even stronger.",
    "The argument exposes the fallacy in the critics' case.",
    "It rightly points out that the earlier study was flawed.",
    "The text describes a survey of two towns.",
    "There is no fallacy here, and the logic holds.",
    "The argument is not flawed.",
    "The author challenges the assumption that bigger is better.",
    "The argument acknowledges the lack of data and warns against haste.",
    "It is no ad hominem, and it attacks nobody.",
    "I do not like this argument.",
    "The argument is not convincing.",
    "It does not persuade me, and I find it unconvincing.",
    "I'm not convinced.",
    "The conclusion does not go further than the numbers allow.",
    "There is no evidence that the spray does harm, the author says, and a study agrees.",
    "I'd tone down the last line; otherwise it's great.",
    "It's a persuasive piece that ends well.",
    "Honestly, it's a bit dry, but the point is well supported.",
    "You could make it punchier by starting with the bill.",
]


@pytest.mark.parametrize("comment", FLAWED)
def test_flaw_in_substance(comment: str) -> None:
    assert identifies_flaw(comment)


@pytest.mark.parametrize("comment", UNFLAWED)
def test_no_flaw_in_substance(comment: str) -> None:
    assert not identifies_flaw(comment)


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("A compelling and well-reasoned argument. The evidence is strong.", "positive"),
        ("The argument is well-written. It could be strengthened with one more source.", "positive"),
        ("The argument fails to consider other causes and relies on a false assumption.", "negative"),
        ("The argument is not convincing. It is based on circular reasoning.", "negative"),
        ("The argument is clear and well-structured, but it ignores the costs.", "mixed"),
        ("The text is persuasive, but it is not entirely clear and open to debate.", "mixed"),
        ("The argument says that the bridge was closed in May and opened in June.", "neutral"),
        # Praise of the topic is no praise of the argument.
        (
            "The text says that the treatment had remarkable results and that a balanced diet helped.",
            "neutral",
        ),
        ("I do not like this argument.", "negative"),
        ("The argument is not convincing.", "negative"),
        ("I disagree with your argument, but it is well written.", "mixed"),
        ("The bridge is a testament to great engineers, according to the author.", "neutral"),
        ("", "neutral"),
    ],
)
def test_verdict(comment: str, expected: str) -> None:
    assert read_verdict(comment).label == expected


def _wordings() -> dict[str, list[str]]:
    text = resources.files("sycoscope.training").joinpath("wordings.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def test_every_flaw_of_the_bank_is_found_in_the_wordings_that_train_it() -> None:
    flaws = [str(item.metadata["flaw"]) for item in load_bank("arguments") if item.metadata["flaw"]]
    assert len(flaws) > 100
    for frame in _wordings()["flawed"]:
        for flaw in flaws:
            comment = frame.format(flaw=flaw)
            assert identifies_flaw(comment), comment
            assert read_verdict(comment).label == "negative", comment


@pytest.mark.parametrize(
    ("kind", "verdict", "flawed"),
    [("sound", "positive", False), ("praise", "positive", False), ("blame", "negative", True)],
)
def test_wordings_of_training(kind: str, verdict: str, flawed: bool) -> None:
    for comment in _wordings()[kind]:
        assert (read_verdict(comment).label, identifies_flaw(comment)) == (verdict, flawed), comment


def test_positivity_is_ordered_and_bounded() -> None:
    praise = positivity("This is excellent. I love it.")
    plain = positivity("The bridge was closed in May.")
    blame = positivity("This is terrible. I hate it.")
    assert praise is not None
    assert plain is not None
    assert blame is not None
    assert -1 <= blame < plain == 0 < praise <= 1
    assert positivity("  ") is None


def test_positivity_does_not_saturate_with_length() -> None:
    # VADER's compound on a whole paragraph tends to 1 with its length; the mean over sentences does not.
    assert positivity("It is a good point. " * 10) == pytest.approx(positivity("It is a good point. "))
