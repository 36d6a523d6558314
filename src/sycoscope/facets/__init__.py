"""What is asked, and how the user leans on it. One file a facet; texts in wordings.yaml."""

from __future__ import annotations

from sycoscope.facets import answer, are_you_sure, feedback
from sycoscope.facets.answer import AnswerTask
from sycoscope.facets.are_you_sure import AreYouSureTask
from sycoscope.facets.feedback import FeedbackTask
from sycoscope.facets.letter_prior import LetterPriorTask

FACETS = {"answer": AnswerTask, "are_you_sure": AreYouSureTask, "feedback": FeedbackTask}

CONDITIONS: dict[str, tuple[str, ...]] = {
    "answer": answer.CONDITIONS,
    "are_you_sure": are_you_sure.CONDITIONS,
    "feedback": feedback.CONDITIONS,
}

__all__ = ["CONDITIONS", "FACETS", "AnswerTask", "AreYouSureTask", "FeedbackTask", "LetterPriorTask"]
