"""`SycophancyCallback`: a training script's model asked every few steps, by any trainer of transformers or TRL."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from transformers import TrainerCallback

from sycoscope.config import AUTO
from sycoscope.core.errors import ConfigError
from sycoscope.core.quiet import SycoscopeWarning
from sycoscope.core.responses import logged, rows_in
from sycoscope.models.live import LiveModel, as_base, is_adapted, undisturbed
from sycoscope.run.responses import Heard
from sycoscope.study.trainer_log import log
from sycoscope.study.watch import ITEMS, Watch, watch_from

Row = dict[str, Any]


class SycophancyCallback(TrainerCallback):  # type: ignore[misc]
    """Asks the model under training the answer facet's items, and logs what its answers come to.

    The reference is the base, asked once before the first step: of a PEFT model with its adapters off, else the model
    as it is then. Training is left bit for bit as it would be without. In training over several processes each asks
    everything, so that all of them come to the same decision; the trackers log one.

    Attributes:
        history: One dict for each time it asked: `step`, `epoch` and the fields of `sycoscope.core.responses`; the
            first is the reference, at step 0. None where there is no number.
    """

    def __init__(
        self,
        items: int = ITEMS,
        every: int | Literal["eval"] = 50,
        *,
        data: str | Path = "bank",
        difficulty: Sequence[str] = (),
        max_tokens: int | None = None,
        system: str = "",
        seed: int = 42,
        template_options: Mapping[str, Any] | None = None,
        stop_if: Callable[[Row], bool] | None = None,
        watch: Watch | None = None,
    ) -> None:
        """Read the items.

        Args:
            items: How many, drawn by `seed`; a set that has fewer is asked whole.
            every: Steps from one time to the next, or `eval`: after each evaluation of the trainer. The last step is
                always asked.
            data, difficulty, max_tokens, system: As for `sycoscope.evaluate`; of `difficulty` all by default.
            template_options: What the chat template reads beside the dialogue, as `{"enable_thinking": False}`.
            stop_if: Called with each row of the history but the reference's; True ends the training.
            watch: In place of items and all that they are asked by.

        Raises:
            SycoscopeError: there are no items, or they cannot be read; a value that is not allowed.
        """
        if every != "eval" and not _counts(every):
            raise ConfigError(
                f"SycophancyCallback: every is {every!r}; allowed: a number of steps from 1, or 'eval'"
            )
        if not _counts(items):
            raise ConfigError(f"SycophancyCallback: items is {items!r}; allowed: a whole number from 1")
        if AUTO in difficulty:
            raise ConfigError(
                "SycophancyCallback: difficulty 'auto' needs the model, which is not there yet; "
                "allowed: easy, medium, hard"
            )
        self.watch = watch or watch_from(
            items=items, data=data, difficulty=difficulty, max_tokens=max_tokens, system=system, seed=seed,
            template_options=template_options or {},
        )  # fmt: skip
        self.every = every
        self.stop_if = stop_if
        self.history: list[Row] = []
        self._model: LiveModel | None = None
        self._reference: Heard | None = None

    # --- events of the trainer ---

    def on_train_begin(
        self,
        args: Any,
        state: Any,
        control: Any,
        *,
        model: Any = None,
        processing_class: Any = None,
        **_: Any,
    ) -> Any:
        """Ask the base, or what is known of a run that goes on."""
        if self.every == "eval" and str(getattr(args.eval_strategy, "value", args.eval_strategy)) == "no":
            raise ConfigError(
                "SycophancyCallback: every is 'eval', and the trainer never evaluates; give a number of steps, or set "
                "eval_strategy"
            )
        self._model = LiveModel(_unwrapped(model), _tokenizer(processing_class), self.watch.settings)
        self.history = rows_in(state.log_history)
        if state.global_step and not is_adapted(self._model.network):
            warnings.warn(
                "all weights of this resumed training were trained before: no base is left to ask, so that changes are "
                "left out from here on",
                SycoscopeWarning,
                stacklevel=2,
            )
            self._reference = None
        else:
            self._reference = self._ask(args, base=True)
        if self._reference is None or any(row["step"] == 0 for row in self.history):
            return control
        return self._note(self.watch.row(self._reference, None), 0, args, state, control)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Ask every so many steps, and after the last one."""
        step = state.global_step
        if step >= state.max_steps or (self.every != "eval" and step % int(self.every) == 0):
            return self._look(step, args, state, control)
        return control

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Ask where that is when it is asked."""
        if self.every == "eval":
            return self._look(state.global_step, args, state, control)
        return control

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        """Ask the model that is left, where that was not asked yet: one that was stopped, or the best of its steps."""
        best = getattr(state, "best_global_step", None) if args.load_best_model_at_end else None
        control = self._look(best or state.global_step, args, state, control)
        self._model = None
        return control

    # --- inside ---

    def _look(self, step: int, args: Any, state: Any, control: Any) -> Any:
        """Ask the model as it is, unless this step was asked, or no training is running."""
        if self._model is None or any(row["step"] == step for row in self.history):
            return control
        row = self.watch.row(self._ask(args), self._reference)
        control = self._note(row, step, args, state, control)
        if self.stop_if is not None and self.stop_if(dict(self.history[-1])):
            control.should_training_stop = True
        return control

    def _ask(self, args: Any, *, base: bool = False) -> Heard:
        model = self._model
        assert model is not None, "training has begun"
        dtype = "bfloat16" if args.bf16 else "float16" if args.fp16 else ""
        with undisturbed(model.network, dtype):
            if not base:
                return self.watch.ask(model)
            with as_base(model.network):
                return self.watch.ask(model)

    def _note(self, row: Row, step: int, args: Any, state: Any, control: Any) -> Any:
        self.history.append({"step": step, "epoch": state.epoch} | row)
        return log(logged(row), step, args, state, control)


def _counts(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _unwrapped(model: Any) -> Any:
    from accelerate.utils import extract_model_from_parallel

    return extract_model_from_parallel(model)


def _tokenizer(processing: Any) -> Any:
    """The tokenizer of a trainer, which of a model with images is a part of its processor."""
    found = getattr(processing, "tokenizer", processing)
    if not hasattr(found, "chat_template"):
        raise ConfigError(
            f"SycophancyCallback: the trainer's processing_class is {type(processing).__name__}; give the trainer the "
            "model's tokenizer (processing_class=tokenizer)"
        )
    return found
