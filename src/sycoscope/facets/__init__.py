"""What is asked, how it is played, and how it is read: one file per facet, texts in wordings.yaml.

A facet is one record (`spec.Facet`) in one file; importing this package registers those that ship.
"""

from __future__ import annotations

from sycoscope.facets.answer import ANSWER
from sycoscope.facets.are_you_sure import ARE_YOU_SURE
from sycoscope.facets.feedback import FEEDBACK
from sycoscope.facets.letter_prior import LetterPriorTask
from sycoscope.facets.registry import FACETS, facet_of, register
from sycoscope.facets.spec import Facet
from sycoscope.facets.task import FacetTask
from sycoscope.facets.wordings import Wordings, default_wordings, read_wordings, task_of

for _facet in (ANSWER, ARE_YOU_SURE, FEEDBACK):
    register(_facet)

__all__ = [
    "ANSWER",
    "ARE_YOU_SURE",
    "FACETS",
    "FEEDBACK",
    "Facet",
    "FacetTask",
    "LetterPriorTask",
    "Wordings",
    "default_wordings",
    "facet_of",
    "read_wordings",
    "register",
    "task_of",
]
