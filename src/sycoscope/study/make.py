"""Makes one subject of a study: tuned where it has a recipe, attached where it is an adapter, and evaluated."""

from __future__ import annotations

from sycoscope.study.adapters import adapter_of
from sycoscope.study.evaluate import evaluate
from sycoscope.study.prepare import PreparedStudy
from sycoscope.study.results import RunResults
from sycoscope.study.served import answering
from sycoscope.study.session import Session, with_adapters
from sycoscope.study.subjects import Subject


def make(subject: Subject, study: PreparedStudy, session: Session) -> RunResults:
    """Make a subject; what the cache has is not made again.

    Raises:
        SycoscopeError: bad input of any kind; nothing is half-written.
    """
    results = RunResults()
    if subject.served is not None:
        with answering(subject, session) as proof:
            evaluate(subject, study, session, results)
        if proof is not None:
            results.subjects[-1]["model"]["proof"] = proof.record()
        return results
    folder = adapter_of(subject, study, session, results)
    if folder is None:
        evaluate(subject, study, session, results)
        return results
    model = with_adapters(session.model)
    model.attach(folder, subject.name, subject.scale)
    try:
        evaluate(subject, study, session, results)
    finally:
        model.detach()
    return results
