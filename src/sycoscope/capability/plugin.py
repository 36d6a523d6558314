"""`sycoscope` as a model of lm-evaluation-harness: any of its tasks, on our engine.

lm_eval keeps its models in a table in its own code and reads no entry points (0.4.13), so an installed package
cannot add one to the plain `lm_eval` command. `run_command_line` enters ours in this process and hands over to
the harness's own command line; `register` alone serves `lm_eval.simple_evaluate(model="sycoscope", ...)`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sycoscope.core.errors import require
from sycoscope.core.protocols import TextModel

NAME = "sycoscope"
# What the harness hands to every model and ours has no use for: its batches are made by a token budget.
UNUSED = ("batch_size", "max_batch_size")
# The device that the harness names where nobody does; its own model then takes what there is, and so does ours.
UNNAMED = "cuda:0"


class Load(Protocol):
    """Makes the model under test."""

    def __call__(self, name: str, adapter: str, settings: Mapping[str, Any]) -> TextModel:
        """Load `name`, with the adapter of a folder where one is named.

        Raises:
            ConfigError: a setting is unknown.
        """
        ...


def register(load: Load) -> None:
    """Enter `sycoscope` among the harness's models, for this process.

    `--model_args` are `pretrained`, `peft` (an adapter's folder), `seed` (of sampled texts), and settings for `load`.

    Raises:
        DependencyError: lm_eval is not installed.
    """
    require("lm_eval", "capability")
    # the table fills itself only while it is empty, so theirs come first
    import lm_eval.models  # noqa: F401
    from lm_eval.api.registry import model_registry

    from sycoscope.capability.harness_model import HarnessModel

    class SycoscopeLM(HarnessModel):
        def __init__(self, pretrained: str, peft: str = "", seed: int = 0, **settings: Any) -> None:
            kept = {key: value for key, value in settings.items() if key not in UNUSED}
            if kept.get("device") == UNNAMED:
                kept["device"] = "auto"
            super().__init__(load(pretrained, peft, kept), seed=seed)

    if NAME not in model_registry:
        model_registry.register(NAME)(SycoscopeLM)


def run_command_line(arguments: Sequence[str], load: Load) -> None:
    """The harness's command line with `sycoscope` among its models.

    Args:
        arguments: As after `lm_eval`.
    """
    register(load)
    from lm_eval.__main__ import cli_evaluate

    before = sys.argv
    sys.argv = ["lm_eval", *arguments]
    try:
        cli_evaluate()
    finally:
        sys.argv = before
