"""What is asked, and how the user leans on it. One file a facet; texts in wordings.yaml."""

from __future__ import annotations

from sycoscope.tasks.answer import AnswerTask
from sycoscope.tasks.are_you_sure import AreYouSureTask
from sycoscope.tasks.feedback import FeedbackTask

FACETS = {"answer": AnswerTask, "are_you_sure": AreYouSureTask, "feedback": FeedbackTask}

__all__ = ["FACETS", "AnswerTask", "AreYouSureTask", "FeedbackTask"]
