"""The few places where lm_eval itself is touched: its definitions, its evaluator, its noise."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sycoscope.core.errors import DependencyError, require

Config = dict[str, Any]


def harness_version() -> str:
    """The installed lm_eval's version."""
    return version("lm_eval")


def load_definition(relative: str) -> Config:
    """A task definition of the installed lm_eval, its includes and functions resolved by its own loader.

    Args:
        relative: Path within the harness's tasks folder.

    Raises:
        DependencyError: lm_eval is not installed, or lays out its tasks in another way.
    """
    return deepcopy(_definition(relative))


@cache  # read once: every subject of a study asks the same tasks
def _definition(relative: str) -> Config:
    require("lm_eval", "capability")
    import lm_eval

    path = Path(lm_eval.__file__).parent / "tasks" / relative
    try:
        from lm_eval.tasks._yaml_loader import load_yaml

        config: Config = load_yaml(path)
    except (ImportError, FileNotFoundError) as error:
        raise DependencyError(
            f"lm_eval {harness_version()} has no task definition {relative} that can be read ({error}); "
            "this version of sycoscope needs lm-eval>=0.4.13,<0.5"
        ) from error
    return config


def evaluate(
    lm: Any, configs: Sequence[Mapping[str, Any]], *, fewshot_seed: int, chat: bool, system: str = ""
) -> dict[str, Any]:
    """Run task configs on an `LM` and return the harness's results, samples included.

    The evaluator is called directly: `simple_evaluate` would collect a description of the machine each
    time (seconds) and set global seeds. No cache, no bootstrap.
    """
    from lm_eval import evaluator
    from lm_eval.tasks import TaskManager

    with quiet(), _random_state_kept():
        loaded = TaskManager(include_defaults=False).load([dict(config) for config in configs])
        for task in loaded["tasks"].values():
            task.set_fewshot_seed(seed=fewshot_seed)
        results: dict[str, Any] = evaluator.evaluate(
            lm=lm,
            task_dict=loaded,
            bootstrap_iters=0,
            log_samples=True,
            system_instruction=system or None,
            apply_chat_template=chat,
            fewshot_as_multiturn=chat,
        )
    return results


@contextmanager
def _random_state_kept() -> Iterator[None]:
    """lm_eval draws names that it never uses from the global generator; leave that as it was."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep lm_eval's log and its progress bars (one per task) off the screen."""
    import datasets
    from lm_eval.api import task

    logger = logging.getLogger("lm_eval")
    level, bar, shown = logger.level, task.tqdm, datasets.is_progress_bar_enabled()
    logger.setLevel(logging.ERROR)
    task.tqdm = lambda iterable, **_: iterable
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        logger.setLevel(level)
        task.tqdm = bar
        if shown:
            datasets.enable_progress_bars()
