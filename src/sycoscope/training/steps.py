"""Steps of a training that are kept: its adapter as it was after so many, beside the finished one.

The trainer writes a checkpoint at each, whose weights are copied out before it is deleted as any other is. The copies
lie in the folder of work, with digests, until the training has ended.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sycoscope.core.digests import misfits, read_digests, seal
from sycoscope.core.errors import ConfigError, StoreError
from sycoscope.core.processes import is_first
from sycoscope.models.adapter_files import CONFIG, WEIGHTS


class KeptSteps:
    """The steps of one training that are to be kept."""

    def __init__(self, work: Path, steps: Sequence[int]) -> None:
        self._work = work
        self.steps = tuple(sorted(steps))

    def folder(self, step: int) -> Path:
        """Where the weights of a step lie until the training has ended."""
        return self._work / f"step-{step}"

    def are_there(self, until: int) -> bool:
        """Whether all up to a step were kept and are whole: a training that goes on from there does not pass them."""
        return all(self._is_whole(self.folder(step)) for step in self.steps if step <= until)

    def _is_whole(self, folder: Path) -> bool:
        try:
            digests = read_digests(folder)
        except StoreError:
            return False
        return bool(digests) and not misfits(folder, digests or {})

    def keep(self, step: int) -> None:
        """Copy the weights out of the step's checkpoint."""
        checkpoint, folder = self._work / f"checkpoint-{step}", self.folder(step)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in (CONFIG, WEIGHTS):
            shutil.copyfile(checkpoint / name, folder / name)
        seal(folder, (CONFIG, WEIGHTS))

    def check(self, n_steps: int) -> None:
        """Refuse steps beyond the last.

        Raises:
            ConfigError: with the steps that there are.
        """
        if beyond := [step for step in self.steps if step > n_steps]:
            raise ConfigError(
                f"at_steps names {', '.join(map(str, beyond))}, and the training has {n_steps} steps; name none beyond"
            )

    def callbacks(self) -> list[Any]:
        """What makes the trainer write and keep them; nothing where none is named."""
        if not self.steps:
            return []
        from transformers import TrainerCallback

        class Keep(TrainerCallback):  # type: ignore[misc]
            def on_train_begin(_, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: N805
                self.check(state.max_steps)

            def on_step_end(_, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: N805
                if state.global_step in self.steps:
                    control.should_save = True

            def on_save(_, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: N805
                if state.global_step in self.steps and is_first():
                    self.keep(state.global_step)

        return [Keep()]
