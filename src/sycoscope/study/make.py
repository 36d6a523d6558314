"""Makes units of a study on one loaded model: adapters are tuned and put on, shards and benchmarks asked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from sycoscope.core.protocols import TakesAdapters
from sycoscope.models.resolve import adapter_digest
from sycoscope.study.evaluate import ask_benchmark, ask_shard
from sycoscope.study.extra_trials import letters_key
from sycoscope.study.prepare import PreparedStudy
from sycoscope.study.results import RunResults
from sycoscope.study.served import answering
from sycoscope.study.session import Session, record_of, with_adapters
from sycoscope.study.subjects import Subject
from sycoscope.study.train import Start, train
from sycoscope.study.unit_list import items_of
from sycoscope.study.units import Outcome, Unit
from sycoscope.training.kept import step_folder


class UnitMaker:
    """Makes one unit after another; the adapter of the last one stays on until another subject's turn.

    Raises:
        SycoscopeError: the model cannot do what the study asks.
    """

    def __init__(self, study: PreparedStudy, session: Session) -> None:
        study.check(session.model)
        self._study = study
        self._session = session
        self._subject = ""
        self._on = ExitStack()
        self._proof: dict[str, object] = {}

    def make(self, unit: Unit, tuned: Mapping[str, Outcome]) -> Outcome:
        """Make a unit; what the cache has is not made again.

        Args:
            tuned: Subject -> the training that the unit needs.

        Raises:
            SycoscopeError: bad input of any kind; nothing is half-written.
        """
        subject = self._study.subject(unit.subject)
        if unit.kind == "training":
            self._leave()  # the bare base is tuned, and answers the rows that it is to answer
            return self._tune(subject, tuned)
        self._become(subject, tuned)
        results = RunResults()
        key = self._ask(unit, results)
        return Outcome(
            key=key, model=record_of(self._session.model) | self._proof, timings=tuple(results.timings)
        )

    def close(self) -> bool | None:
        """Take the last adapter off: whether the base answers as before any; None where none was on, or none can be."""
        self._leave()
        return self._session.model.base_unchanged if isinstance(self._session.model, TakesAdapters) else None

    def _ask(self, unit: Unit, results: RunResults) -> str:
        config, inputs, session = self._study.config, self._study.inputs, self._session
        if unit.kind == "benchmark":
            spec = next(spec for spec in inputs.capability if spec.task == unit.what)
            return ask_benchmark(unit.subject, spec, unit.weight, config, session, results)
        facet = inputs.facets[unit.what]
        if unit.kind == "letters":
            session.progress.begin(f"{unit.label} (letters)")
            return letters_key(
                unit.subject, facet, inputs.wordings, session.model, session.cache,
                seed=config.seed, system=config.system,
            )  # fmt: skip
        return ask_shard(unit.subject, facet, items_of(unit, facet), unit.weight, config, session, results)

    def _tune(self, subject: Subject, tuned: Mapping[str, Outcome]) -> Outcome:
        results = RunResults()
        training = self._study.trainings[subject.name]
        folder = train(subject, training, self._session, results, self._start_of(subject, tuned))
        return Outcome(
            adapter=folder,
            training=results.training[subject.name],
            texts=tuple(results.training_texts[subject.name]),
            timings=tuple(results.timings),
        )

    def _start_of(self, subject: Subject, tuned: Mapping[str, Outcome]) -> Start | None:
        if subject.start_folder is not None:
            return Start(
                str(subject.start_folder), subject.start_folder, adapter_digest(subject.start_folder)
            )
        if not subject.start:
            return None
        folder = _folder(self._study.subject(subject.start), tuned)
        assert folder is not None, "a start is an adapter"
        return Start(subject.start, folder, adapter_digest(folder))

    # --- who answers ---

    def _become(self, subject: Subject, tuned: Mapping[str, Outcome]) -> None:
        """Answer as the subject."""
        if subject.name == self._subject:
            return
        self._leave()
        folder = _folder(subject, tuned)
        if subject.served is not None:
            proof = self._on.enter_context(answering(subject, self._session))
            self._proof = {} if proof is None else {"proof": proof.record()}
        elif folder is not None:
            model = with_adapters(self._session.model)
            model.attach(folder, subject.name, subject.scale)
            self._on.callback(model.detach)
        self._subject = subject.name

    def _leave(self) -> None:
        """Answer as the bare base."""
        self._subject, self._proof = "", {}
        self._on.close()


def _folder(subject: Subject, tuned: Mapping[str, Outcome]) -> Path | None:
    """The folder of a subject's adapter; None for the base."""
    if subject.adapter is None:
        return subject.folder
    folder = tuned[subject.of or subject.name].adapter
    assert folder is not None, "what was tuned has a folder"
    return folder if subject.step is None else step_folder(folder, subject.step)
