"""The Python interface: what the commands do, as functions.

import sycoscope
run = sycoscope.evaluate("smollm2-135m-instruct", limit=40)
run = sycoscope.compare("my/model", adapter="my-adapter")
print(run.report, run.estimates())
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sycoscope.config import StudyConfig, lay_over, parse_study, read_study
from sycoscope.core.errors import ConfigError, MissingError
from sycoscope.items import BENCHMARKS
from sycoscope.run.store import RunDirectory

if TYPE_CHECKING:
    from sycoscope.core.types import Estimate, Model, TextModel
    from sycoscope.study.progress import Progress

FACET_DEFAULTS: dict[str, dict[str, Any]] = {
    "answer": {"max_tokens": 24},
    "are_you_sure": {"max_tokens": 24, "reply_tokens": 40},
    "feedback": {"max_tokens": 80},
}
RUNS = Path("runs")


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run."""

    directory: RunDirectory
    report: Path

    def estimates(self) -> list[Estimate]:
        """All estimates, levels and changes."""
        return self.directory.estimates()


def study_of(
    model: str,
    *,
    name: str,
    data: str = "bank",
    limit: int | None = None,
    facets: Sequence[str] = ("answer", "are_you_sure", "feedback"),
    benchmarks: Sequence[str] = tuple(BENCHMARKS),
    form: str = "",
    settings: Mapping[str, Any] | None = None,
    seed: int = 42,
    chat: bool = True,
) -> StudyConfig:
    """The study that `eval` and `compare` run: every facet and benchmark with one limit.

    Args:
        limit: Items of each facet and benchmark (argument pairs for feedback).
        form: `open` or `choice` for answer and are_you_sure; empty: open, and letters for the public
            are-you-sure rows, which are multiple choice.
    """
    unknown = [facet for facet in facets if facet not in FACET_DEFAULTS]
    if unknown:
        raise ConfigError(f"unknown facet {', '.join(unknown)}; allowed: {', '.join(FACET_DEFAULTS)}")
    asked = {}
    for facet in facets:
        asked[facet] = FACET_DEFAULTS[facet] | {"limit": limit}
        if facet != "feedback":
            public = data != "bank" and facet == "are_you_sure"
            asked[facet]["form"] = form or ("choice" if public else "open")
    null = model.startswith("null:")
    raw = {
        "study": name,
        "seed": seed,
        "data": data,
        "chat": chat,
        "model": {"name": model} | dict(settings or {}),
        "facets": asked,
        "capability": [] if null else [{"benchmark": one, "limit": limit} for one in benchmarks],
        "description": f"{model} on {'the built-in bank' if data == 'bank' else data}",
    }
    return parse_study(raw, "options")


def run_study(
    study: str | Path | StudyConfig,
    *,
    out: str | Path | None = None,
    cache: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    adapters: Mapping[str, Path] | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run a study to its report; what exists already is skipped, a killed run goes on.

    Args:
        study: A study file, or a config.
        out: Run directory; by default runs/<study>. cache: finished shards; by default beside the run.
        adapters: Finished adapters to evaluate beside the study's own: name -> folder.

    Raises:
        SycoscopeError: bad input of any kind.
    """
    from sycoscope.report.from_run import write_run_report
    from sycoscope.study.collect import write_run
    from sycoscope.study.executors import execute
    from sycoscope.study.run import StudyRunner

    config = study if isinstance(study, StudyConfig) else read_study(study, dict(overrides or {}))
    if config.model.name.startswith("null:") and (config.capability or config.adapters or adapters):
        raise ConfigError(
            f"'{config.model.name}' is a null model: it answers the facets alone; leave out capability and adapters"
        )
    run = RunDirectory(out or RUNS / config.study)
    with _new_directory(run):
        where = Path(cache) if cache else run.path.resolve().parent / ".cache"
        null = _null(config.model.name, config.seed)
        runner = StudyRunner(config, run, where, progress=progress, attached=adapters, model=null)
        write_run(run, config, runner.materials, execute(runner))
        return Run(run, write_run_report(run))


@contextmanager
def _new_directory(run: RunDirectory) -> Iterator[None]:
    """Hold the run's lock; a directory that was made for a run that failed at its input is taken away again."""
    made = [path for path in (run.path, *run.path.parents) if not path.exists()]
    try:
        with run.locked():
            yield
    except Exception:
        if made and {path.name for path in run.path.iterdir()} <= {".lock"}:
            (run.path / ".lock").unlink(missing_ok=True)
            for path in made:
                if not any(path.iterdir()):
                    path.rmdir()
        raise


def _null(name: str, seed: int) -> Model | None:
    if not name.startswith("null:"):
        return None
    from sycoscope.models.null import null_model

    return null_model(name, seed)


def evaluate(
    model: str,
    *,
    adapter: str | Path | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Run:
    """Measure one model (with an adapter: base and adapter side by side).

    Args:
        options: See `study_of`.
    """
    config = study_of(model, name=options.pop("name", "eval"), **options)
    adapters = {} if adapter is None else {Path(adapter).resolve().name: Path(adapter)}
    for name, folder in adapters.items():
        if not (folder / "adapter_config.json").is_file():
            raise MissingError(
                f"no adapter at '{folder}': adapter_config.json is missing; give a PEFT adapter folder"
            )
        if name == "base":
            raise ConfigError(f"the adapter folder '{folder}' is called 'base', as the model is; rename it")
    return run_study(config, out=out, adapters=adapters, progress=progress)


def compare(
    first: str,
    second: str | None = None,
    *,
    adapter: str | Path | None = None,
    out: str | Path | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Run:
    """Before and after: two runs, two models, or a model and its adapter (evaluated first).

    Raises:
        ConfigError: neither a second subject nor an adapter, or both.
        DataError: two runs without a common item.
    """
    if (second is None) == (adapter is None):
        raise ConfigError("compare needs a second run or model, or --adapter DIR (one of them)")
    if adapter is not None:
        return evaluate(
            first, adapter=adapter, out=out or RUNS / "compare", progress=progress, name="compare", **options
        )
    assert second is not None
    target = Path(out or RUNS / "compare")
    sides = []
    for label, name in (("before", first), ("after", second)):
        if (Path(name) / "manifest.json").is_file():
            sides.append(RunDirectory(name))
        else:
            side = evaluate(name, out=target / label, progress=progress, name=label, **options)
            sides.append(side.directory)
    return compare_runs(sides[0], sides[1], out=target)


def compare_runs(before: RunDirectory, after: RunDirectory, *, out: str | Path) -> Run:
    """Pair the base subjects of two runs, item by item."""
    from sycoscope.report.from_run import write_run_report
    from sycoscope.study.merge import merge_runs

    run = RunDirectory(out)
    with run.locked():
        merge_runs(before, after, run)
        return Run(run, write_run_report(run))


def train(
    model: str,
    recipe: str,
    *,
    out: str | Path,
    data: str = "bank",
    rows: int | None = None,
    seed: int = 42,
    settings: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Tune one adapter and write it to `out`.

    Args:
        training: Keys of a study's `training`; nested ones dotted, as `{"lora.r": 4}`.

    Raises:
        ConfigError: `out` exists and is not empty, or an unknown recipe or setting.
    """
    import shutil

    from sycoscope.study.run import StudyRunner

    folder = Path(out)
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"'{folder}' exists and is not empty; choose another --out")
    raw: dict[str, Any] = {
        "study": "train",
        "seed": seed,
        "data": data,
        "model": {"name": model} | dict(settings or {}),
        "capability": [{"benchmark": "mmlu", "source": "bank", "limit": 1}],
        "training": {},
        "adapters": [{"name": "adapter", "recipe": recipe, "rows": rows, "seeds": [seed]}],
    }
    for dotted, value in (training or {}).items():
        lay_over(raw, f"training.{dotted}", value)
    config = parse_study(raw, "options")
    runner = StudyRunner(config, RunDirectory(folder), folder.resolve().parent / ".cache", progress=progress)
    made = runner.train_all()["adapter"]
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return folder


def check_scorers(
    files: Sequence[str | Path] = (),
    *,
    judge: str = "",
    max_tokens: int = 16,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Measure the scorers, and a judge model beside them, on labelled cases.

    Args:
        files: JSONL in the layouts of `scorers.check`; none: the built-in cases.
        judge: Name of a model to be tried as judge; empty for none. max_tokens: of its replies.

    Returns:
        `passed` and `files`: for each `file`, `passed`, `agreement`, and with a judge `judge`: its standing on each
        kind (`judging.Standing.as_dict`). A judge that may not be counted fails the check.

    Raises:
        ConfigError: a null model as judge. MissingError, DataError: a file that is not there or holds no cases.
    """
    from sycoscope.judging.check import BUILT_IN, report

    paths = list(files) or [BUILT_IN]
    found = report(paths)
    if judge:
        model = _judge_model(judge, dict(settings or {}))
        for path, entry in zip(paths, found["files"], strict=True):
            entry["judge"] = _standings(path, model, max_tokens)
            entry["passed"] = entry["passed"] and all(one["counted"] for one in entry["judge"])
        found |= {"judge": model.name, "passed": all(entry["passed"] for entry in found["files"])}
    return found


def _judge_model(name: str, settings: dict[str, Any]) -> Model:
    from sycoscope.config import JudgeConfig, ModelConfig
    from sycoscope.models.torch_model import ModelSettings, TorchModel

    try:
        config = JudgeConfig(model=ModelConfig(name=name, **settings))
    except ValueError as fault:
        raise ConfigError(f"--judge {name}: {fault}") from fault
    return TorchModel(ModelSettings(**config.model.model_dump()))


def _standings(path: str | Path, model: Model, max_tokens: int) -> list[dict[str, Any]]:
    from sycoscope.judging import cases_of, check_judge
    from sycoscope.judging.check import read_rows

    found = check_judge(cases_of(read_rows(path)), model, max_tokens=max_tokens)
    return [standing.as_dict() for standing in found.values()]


def register_lm_eval() -> None:
    """Enter `sycoscope` among the models of lm-evaluation-harness, for this process.

    lm_eval.simple_evaluate(model="sycoscope", model_args="pretrained=NAME,peft=FOLDER", tasks=[...])
    """
    from sycoscope.capability.plugin import register

    register(_text_model)


def lm_eval(arguments: Sequence[str]) -> None:
    """lm-evaluation-harness's own command line, with `sycoscope` among its models."""
    from sycoscope.capability.plugin import run_command_line

    run_command_line(arguments, _text_model)


def _text_model(name: str, adapter: str, settings: Mapping[str, Any]) -> TextModel:
    from sycoscope.models.torch_model import ModelSettings, TorchModel

    allowed = [one.name for one in fields(ModelSettings) if one.name not in ("name", "cut_prompts")]
    unknown = [key for key in settings if key not in allowed]
    if unknown:
        raise ConfigError(
            f"model_args: unknown {', '.join(unknown)}; allowed: pretrained, peft, seed, {', '.join(allowed)}"
        )
    model = TorchModel(ModelSettings(name=name, cut_prompts=True, **settings))
    if adapter:
        model.adapters.attach(adapter)
    return model
