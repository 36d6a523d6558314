"""A study made ready: its items and training rows read, its subjects named, their costs counted; no model yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sycoscope.config import StudyConfig
from sycoscope.core.errors import MissingError, require
from sycoscope.core.protocols import Model
from sycoscope.models.adapter_files import read_adapter
from sycoscope.models.adapter_scale import check_scalable
from sycoscope.models.adapter_text import template_in
from sycoscope.study.costs import capability_cost, facet_cost
from sycoscope.study.inputs import Materials
from sycoscope.study.served import loaded
from sycoscope.study.session import with_adapters, with_raw_text, with_served
from sycoscope.study.subjects import Subject, subjects_of
from sycoscope.study.train import Training, training_of, tunable
from sycoscope.training.kept import check_files
from sycoscope.training.layers import tuned_layers
from sycoscope.training.start import check_start


@dataclass(frozen=True)
class PreparedStudy:
    """A study that can be run.

    Attributes:
        subjects: In the study's order.
        trainings: Name of a subject that is tuned -> rows and settings.
        evaluation_weight: Of one subject's evaluation, in the weight of `costs.Cost`.
    """

    config: StudyConfig
    inputs: Materials
    subjects: tuple[Subject, ...]
    trainings: Mapping[str, Training]
    evaluation_weight: float

    @property
    def weight(self) -> float:
        """What all subjects cost."""
        return sum(map(self.weight_of, self.subjects))

    def weight_of(self, subject: Subject) -> float:
        """What a subject costs: its training and its evaluation."""
        training = self.trainings.get(subject.name)
        return self.evaluation_weight + (training.weight if training else 0.0)

    def subject(self, name: str) -> Subject:
        """The subject of that name."""
        return next(subject for subject in self.subjects if subject.name == name)

    def depth_of(self, subject: Subject) -> int:
        """How many adapters must be there, one after another, before this subject can be made."""
        needed = [self.subject(name) for name in (subject.of, subject.start) if name]
        return max((1 + self.depth_of(other) for other in needed), default=0)

    def check(self, model: Model) -> None:
        """Refuse a model that cannot do what the study asks for, before any work.

        Raises:
            ConfigError: it takes no adapters, cannot be tuned, lacks the layers that are to be tuned, or reads no raw
                text. ModelError: an adapter does not fit it.
        """
        for subject in self.subjects[1:]:
            if subject.served is None:
                with_adapters(model)
                continue
            with loaded(subject, model):
                with_served(model).try_served(subject.served, subject.name, subject.scale)
        for training in self.trainings.values():
            tuned_layers(training.settings.lora, tunable(model).network)
        ours = [one for one in self.subjects if one.served is None]
        folders = [folder for one in ours for folder in (one.folder, one.start_folder) if folder]
        for folder in dict.fromkeys(folders):
            with_adapters(model).try_adapter(folder)
        if self.inputs.capability:
            with_raw_text(model)


def check_adapter(folder: Path) -> None:
    """Refuse an adapter's folder that is not as it was written, or cannot be read; its weights are not loaded.

    Raises:
        SycoscopeError: with what is wrong.
    """
    check_files(folder)
    read_adapter(folder)


def prepare(config: StudyConfig) -> PreparedStudy:
    """Read what a study asks and trains on, and count what it costs.

    Raises:
        SycoscopeError: bad input of any kind.
    """
    subjects = subjects_of(config)
    for subject in subjects:
        if subject.folder is not None:
            check_adapter(subject.folder)
            if subject.served is not None:
                continue
            template_in(subject.folder)  # its template stands in the record of what was asked
            if subject.scale != 1:
                check_scalable(read_adapter(subject.folder))
        _check_start(subject, subjects, config)
    inputs = Materials(config)
    inputs.read()
    trainings = {
        subject.name: training_of(subject, config, inputs)
        for subject in subjects
        if subject.adapter is not None and not subject.of
    }
    if trainings:
        require("trl", "training")  # told before anything is measured
    evaluation = sum(facet_cost(facet).weight for facet in inputs.facets.values())
    evaluation += sum(capability_cost(spec).weight for spec in inputs.capability)
    return PreparedStudy(config, inputs, subjects, trainings, evaluation)


def _check_start(subject: Subject, subjects: Sequence[Subject], config: StudyConfig) -> None:
    """Refuse a finished adapter as a start that is not there, is damaged, or is no LoRA of the shape to be trained."""
    folder = subject.start_folder or next(
        (other.folder for other in subjects if subject.start and other.name == subject.start), None
    )
    if folder is None or subject.adapter is None:
        return
    if not folder.is_dir():
        names = ", ".join(one.name for one in subjects if one.adapter or one.folder) or "none"
        raise MissingError(
            f"adapters: '{subject.adapter.name}' starts from '{subject.adapter.start}', which is no adapter of the "
            f"study ({names}) and no folder; name one of them"
        )
    check_adapter(folder)
    check_start(read_adapter(folder), config.training_of(subject.adapter).lora)
