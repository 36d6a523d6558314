"""A short final turn after a long open answer, so that what is read is short.

Rules reach their limit on long free answers (docs/scorers.md). The turn stays out of the transcript: what follows in
the dialogue does not know of it.
"""

from __future__ import annotations

from collections.abc import Generator

from sycoscope.core.thinking import said_aloud
from sycoscope.core.types import Ask, Reply, Response
from sycoscope.facets.task import FacetTask

# An answer of more words than this is asked for again: about 40 tokens.
LONG = 30
SUFFIX = " in short"


def short_turn(task: FacetTask, name: str, answer: Reply) -> Generator[Ask, Reply, None]:
    """Ask for an open answer in a few words where it is longer than `LONG` words; of thinking, what follows counts.

    Args:
        name: Of the turn that was answered. answer: What came.
    """
    if task.form != "open" or not isinstance(answer, Response) or answer.finish == "error":
        return
    if len(said_aloud(answer).text.split()) > LONG:
        content, most = task.words.final_open, task.limits["max_tokens"]
        yield Ask(name=name + SUFFIX, content=content, max_tokens=most, aside=True)
