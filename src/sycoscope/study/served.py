"""A served adapter as a subject: proved to answer before anything else is asked of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sycoscope.core.errors import ModelError
from sycoscope.core.files import digest_of
from sycoscope.core.protocols import ChoiceModel, Model
from sycoscope.core.types import ChoiceLogprobs, Response
from sycoscope.models.served.agreement import Scored, agreement, weights_here
from sycoscope.models.served.model import ServedModel
from sycoscope.models.served.proof import PROMPTS, SCORED, Proof, choices, proof_of, texts
from sycoscope.study.response_log import logged
from sycoscope.study.session import Session, with_served
from sycoscope.study.subjects import AGAIN, Subject

_log = logging.getLogger("sycoscope.study")


@contextmanager
def answering(subject: Subject, session: Session) -> Iterator[Proof | None]:
    """The session's model as the served subject, with what was found of whether its adapter answers.

    Yields:
        None for the base asked again.

    Raises:
        ModelError: the server takes no notice of names. SycoscopeError: it does not serve the adapter.
    """
    assert subject.served is not None
    model = with_served(session.model)
    with loaded(subject, session.model):
        proof = None
        if subject.kind != AGAIN and isinstance(session.model, ServedModel):
            proof = _prove(subject, session.model, session)
        model.answer_as(subject.served, subject.name, subject.scale)
        try:
            yield proof
        finally:
            model.detach()


@contextmanager
def loaded(subject: Subject, model: Model) -> Iterator[None]:
    """The subject's adapter at the endpoint, where the endpoint loads it from a folder; taken off there afterwards.

    Raises:
        SycoscopeError: the endpoint loads none.
    """
    if not subject.loads or subject.folder is None or not isinstance(model, ServedModel):
        yield
        return
    with model.with_loaded(str(subject.served), subject.folder):
        yield


def _prove(subject: Subject, model: ServedModel, session: Session) -> Proof:
    session.progress.begin(f"{subject.name}: does it answer?")
    base = model.settings.name
    # beside weights here all prompts count
    n = len(PROMPTS) if model.settings.weights and subject.folder else SCORED
    rounds = [
        _round(model, session, served, scale, n)
        for served, scale in ((None, 1.0), (base, 1.0), (subject.served, subject.scale))
    ]
    said, scored = [one for one, _ in rounds], [one for _, one in rounds]
    proof = proof_of(said, scored if all(scored) else [], takes_any_name=model.takes_any_name())
    if n > SCORED and subject.folder:
        there: tuple[Scored, Scored] = ([], [])
        here: tuple[Scored, Scored] = ([], [])
        if all(scored):
            there = (scored[0], scored[2])
            here = weights_here(model.settings.weights, subject.folder, subject.scale, choices(n))
        proof = proof.beside(agreement(model.settings.weights, there, here))
    if proof.fault and proof.takes_any_name:
        raise ModelError(
            f"{subject.name} ('{subject.served}'): {proof.fault}; look at how the server loads adapters, or give "
            "each a server of its own"
        )
    if proof.fault:
        _log.warning("%s ('%s'): %s; its numbers will be withheld", subject.name, subject.served, proof.fault)
    return proof


def _round(
    model: ServedModel, session: Session, served: str | int | None, scale: float, n: int
) -> tuple[list[Response], list[ChoiceLogprobs]]:
    """Answers of the base (None), of the base again (its own name) or of an adapter; kept, and asked once."""
    if served is not None:
        model.answer_as(served, "", scale)
    try:
        path = session.cache.log_path(digest_of(["proof", model.digest]))
        with logged(model, path) as keeping:
            scored = keeping.choice_logprobs(choices(n)) if isinstance(keeping, ChoiceModel) else []
            return keeping.generate(texts()), scored
    finally:
        model.detach()
