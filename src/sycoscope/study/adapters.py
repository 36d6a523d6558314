"""The folder of each subject's adapter: tuned where it is not there yet, after those that its training starts from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sycoscope.models.resolve import adapter_digest
from sycoscope.study.prepare import PreparedStudy
from sycoscope.study.progress import Silent
from sycoscope.study.results import RunResults
from sycoscope.study.session import Session
from sycoscope.study.subjects import Subject
from sycoscope.study.train import Start, train
from sycoscope.training.kept import step_folder


def adapter_of(subject: Subject, study: PreparedStudy, session: Session, results: RunResults) -> Path | None:
    """The folder of a subject's adapter, tuned where the cache lacks it; None for the base.

    What was tuned for the sake of another subject is timed here, and told where that subject is made.

    Raises:
        SycoscopeError: bad input of any kind.
    """
    if subject.adapter is None:
        return subject.folder
    if not subject.of:
        start = _start_of(subject, study, session, results)
        return train(subject, study.trainings[subject.name], session, results, start)
    folder = _aside(study.subject(subject.of), study, session, results)
    return folder if subject.step is None else step_folder(folder, subject.step)


def _start_of(subject: Subject, study: PreparedStudy, session: Session, results: RunResults) -> Start | None:
    if subject.start_folder is not None:
        return Start(str(subject.start_folder), subject.start_folder, adapter_digest(subject.start_folder))
    if not subject.start:
        return None
    folder = _aside(study.subject(subject.start), study, session, results)
    return Start(subject.start, folder, adapter_digest(folder))


def _aside(subject: Subject, study: PreparedStudy, session: Session, results: RunResults) -> Path:
    """The folder of another subject's adapter; who makes that one reports its progress."""
    found = RunResults()
    folder = adapter_of(subject, study, replace(session, progress=Silent()), found)
    results.timings += found.timings
    assert folder is not None, "a start and what has points is an adapter"
    return folder
