"""A study end to end on a tiny model: run, skip what exists, go on after a kill, compare, refuse bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from sycoscope import api
from sycoscope.config import StudyConfig, parse_study, read_study
from sycoscope.core.errors import BusyError, ConfigError, DataError, MissingError, ModelError, SycoscopeError
from sycoscope.models.null import null_model
from sycoscope.run.store import RunDirectory
from sycoscope.study.inputs import Materials
from sycoscope.study.plan import plan, plan_study

from .study_files import public_folder, small_study

ROOT = Path(__file__).parents[2]
TABLES = ("items", "trials", "scores", "estimates", "training")


def tables(run: RunDirectory) -> dict[str, bytes]:
    return {kind: run.table_path(kind).read_bytes() for kind in TABLES}


def units(run: Path) -> Counter[tuple[str, str]]:
    """(subject, unit) -> how many shards of it a run made itself."""
    return Counter((one["subject"], one["unit"]) for one in json.loads((run / "timings.json").read_text()))


def test_a_study_ends_in_a_report_with_every_subject_and_table(finished: api.Run) -> None:
    assert finished.report.is_file()
    manifest = finished.directory.manifest()
    assert [subject.name for subject in manifest.subjects] == ["base", "anti", "placebo"]
    assert manifest.subjects[0].model["base_bit_equal"] is True
    assert all(subject.model["adapter"]["max_logit_delta"] > 0 for subject in manifest.subjects[1:])
    kinds = Counter(manifest.training["anti"].kinds) + Counter(manifest.training["anti"].validation_kinds)
    assert (kinds["replay"], kinds.total()) == (4, 16)
    assert manifest.training["anti"].record["own_answers"]["n_asked"] == 4
    estimates = finished.estimates()
    assert {e.task for e in estimates} >= {"answer", "are_you_sure", "feedback", "facts_open", "arithmetic"}
    assert {(e.subject, e.reference) for e in estimates} >= {
        ("anti", "base"),
        ("anti", "placebo"),
        ("placebo", "base"),
    }
    assert all(e.value is None or e.n > 0 for e in estimates)
    page = finished.report.read_text(encoding="utf-8")
    assert "anti" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_the_same_study_in_another_folder_gives_equal_bytes(
    finished: api.Run, model: Path, tmp_path: Path
) -> None:
    again = api.run_study(parse_study(small_study(model)), out=tmp_path / "run")
    assert tables(again.directory) == tables(finished.directory)


def test_what_exists_is_not_done_again(
    finished: api.Run, model: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr("sycoscope.study.evaluate.play", never)
    monkeypatch.setattr("sycoscope.study.evaluate.ask_capability", never)
    monkeypatch.setattr("sycoscope.study.train.train_adapter", never)
    again = api.run_study(parse_study(small_study(model)), out=tmp_path / "run", cache=cache)
    assert tables(again.directory) == tables(finished.directory)


class Told:
    """Keeps what a run tells."""

    def __init__(self) -> None:
        self.total = 0.0
        self.unit = ""
        self.done: list[tuple[str, float, bool]] = []

    def start(self, total: float) -> None:
        self.total = total

    def begin(self, what: str) -> None:
        self.unit = what

    def advance(self, weight: float, *, skipped: bool = False) -> None:
        self.done.append((self.unit, weight, skipped))


def test_progress_moves_within_a_shard_and_ends_at_the_whole(model: Path, tmp_path: Path) -> None:
    study = small_study(model)
    study["facets"]["answer"]["shard_items"] = 80
    study["adapters"] = study["adapters"][:1]
    config = parse_study(study)
    told, again = Told(), Told()
    api.run_study(config, out=tmp_path / "run", progress=told)
    assert sum(weight for _, weight, _ in told.done) == pytest.approx(told.total)
    assert all(weight >= 0 and not skipped for _, weight, skipped in told.done)
    # in one shard: what it tells before it ends comes from the model
    moves = [weight for unit, weight, _ in told.done if unit == "base: answer" and weight > 0]
    assert len(moves) > 3
    assert max(moves) < 0.9 * sum(moves)
    api.run_study(config, out=tmp_path / "run", progress=again)
    assert sum(weight for _, weight, skipped in again.done if skipped) == pytest.approx(told.total)


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_with_the_same_tables(
    finished: api.Run, model: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(yaml.safe_dump(small_study(model) | {"workers": 2}))
    command = [
        sys.executable,
        "-c",
        "from sycoscope.cli import main; main()",
        "run",
        str(study),
        "--out",
        str(tmp_path / "run"),
    ]
    cache = tmp_path / ".cache"
    process = subprocess.Popen(
        command, env=os.environ.copy(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 600  # a busy machine loads models slowly
    while (
        time.monotonic() < deadline and process.poll() is None and not list(cache.glob("shards/*/*.parquet"))
    ):
        time.sleep(0.02)
    assert process.poll() is None, "the run was over before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    shards = {path: path.stat().st_mtime_ns for path in cache.glob("shards/*/*.parquet")}
    assert shards
    done = subprocess.run(command, env=os.environ.copy(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in shards} == shards
    assert tables(RunDirectory(tmp_path / "run")) == tables(finished.directory)


@pytest.mark.slow
def test_two_runs_at_once_with_one_cache_end_as_one_alone(
    finished: api.Run, cache: Path, model: Path, tmp_path: Path
) -> None:
    """Each shard and each adapter is made by one of them, and the other takes it."""
    study = tmp_path / "study.yaml"
    study.write_text(yaml.safe_dump(small_study(model)))
    start = [sys.executable, "-c", "from sycoscope.cli import main; main()", "run", str(study), "--out"]
    both = [
        subprocess.Popen([*start, str(tmp_path / name)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for name in ("one", "two")
    ]
    told = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    for name in ("one", "two"):
        assert tables(RunDirectory(tmp_path / name)) == tables(finished.directory)
    ours, theirs = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (tmp_path / ".cache", cache)
    )
    assert {
        name: data for name, data in theirs.items() if name in ours
    } == ours  # no lock and no scratch either
    made = units(tmp_path / "one") + units(tmp_path / "two")
    alone = units(finished.directory.path)
    assert {unit: made[unit] for unit in alone if "answers of the base" not in unit} == {
        unit: n for unit, n in alone.items() if "answers of the base" not in unit
    }


def test_a_fault_that_a_worker_meets_is_the_run_s_error(model: Path, tmp_path: Path) -> None:
    study = small_study(model) | {"workers": 2}
    study["training"] = study["training"] | {"lora": {"r": 4, "target_modules": ["no_such_layer"]}}
    with pytest.raises(SycoscopeError, match="no_such_layer"):
        api.run_study(parse_study(study, "test"), out=tmp_path / "run")
    assert not (tmp_path / "run" / "manifest.json").exists()


def test_the_published_study_is_planned_without_a_model(tmp_path: Path) -> None:
    config = _llama_study(public_folder(tmp_path / "data"), "meta-llama/Llama-2-7b-chat-hf")
    units = plan(Materials(config))
    trained = [unit.subject for unit in units if unit.kind == "train"]
    assert trained == [
        "gsm8k",
        "mmlu",
        "truthfulqa",
        "hellaswag",
        "combined",
        "anti_sycophancy",
        "placebo",
        "sycophant",
    ]
    per_subject = [unit.what for unit in units if unit.subject == "base"]
    assert len(per_subject) == 3 + 7
    assert len([unit for unit in units if unit.kind == "evaluate"]) == 9 * len(per_subject)


def test_a_study_on_the_hub_is_planned_without_asking_the_hub() -> None:
    units = plan_study(read_study(ROOT / "studies" / "llama2-7b.yaml"))
    assert [unit.n_items for unit in units if unit.kind == "train"][:5] == [1000, 1000, 600, 1000, 3600]
    assert len({unit.subject for unit in units}) == 9
    assert len([unit for unit in units if unit.kind == "evaluate"]) == 9 * 10
    assert all(unit.prompt_tokens > 0 for unit in units if unit.kind == "evaluate")


def _llama_study(data: Path, model: str) -> Any:
    small = {"train": 8, "test": 4}
    overrides: dict[str, Any] = {
        "data": str(data), "model.name": model, "model.quantization": "none", "model.dtype": "float32", "model.device": "cpu",
        "model.batch_tokens": 4096, "facets.answer.max_tokens": 4, "facets.are_you_sure.max_tokens": 4,
        "facets.are_you_sure.reply_tokens": 4, "facets.feedback.max_tokens": 4, "training.steps": 2, "training.max_length": 2048,
        "training.load_best": False, "training.checkpoint_steps": 2, "training.lora.r": 2,
        "facets.answer.limit": 3, "facets.are_you_sure.limit": 3, "facets.feedback.limit": 2,
    }  # fmt: skip
    for name, split in (("gsm8k", "train"), ("mmlu", "test"), ("truthfulqa", "test"), ("hellaswag", "test")):
        overrides[f"partition.{name}"] = {"split": split} | small
    raw = yaml.safe_load((ROOT / "studies" / "llama2-7b.yaml").read_text())
    rows = [dict(adapter, rows=8) for adapter in raw["adapters"]]
    overrides["adapters"] = rows
    overrides["capability"] = [
        dict(one, limit=2, **({"max_tokens": 4} if "max_tokens" in one else {})) for one in raw["capability"]
    ]
    return read_study(ROOT / "studies" / "llama2-7b.yaml", overrides)


@pytest.mark.slow
def test_the_published_study_runs_to_its_report_on_local_files(tmp_path: Path, tiny: SimpleNamespace) -> None:
    folder = tiny.model(tmp_path / "llama", tiny.INST, adds_bos=True, positions=8192, seed=6)
    config = _llama_study(public_folder(tmp_path / "data"), str(folder))
    run = api.run_study(config, out=tmp_path / "runs" / "llama")
    manifest = run.directory.manifest()
    assert len(manifest.subjects) == 9
    assert {subject.model["n_bos"] for subject in manifest.subjects} == {1}
    assert set(manifest.tasks) >= {
        "mmlu",
        "gsm8k",
        "hellaswag",
        "truthfulqa_mc1",
        "truthfulqa_mc2",
        "truthfulqa_letters",
    }
    assert {"truthfulqa_letters_source_order", "answer", "are_you_sure", "feedback"} <= set(manifest.tasks)
    assert run.report.is_file()


def test_model_and_adapter_are_compared_in_one_command(
    finished: api.Run, model: Path, tmp_path: Path
) -> None:
    manifest = finished.directory.manifest()
    adapter = next((finished.directory.path.parent / ".cache" / "adapters").glob("anti-*"))
    run = api.compare(
        str(model), adapter=adapter, out=tmp_path / "compare", limit=2, facets=["answer"], benchmarks=["mmlu"],
        settings={"dtype": "float32", "device": "cpu"},
    )  # fmt: skip
    assert manifest.hash
    assert {e.reference for e in run.estimates() if e.subject != "base"} == {"", "base", "placebo", "sham"}
    assert run.report.is_file()


def test_two_runs_are_paired_on_their_common_items(tmp_path: Path) -> None:
    runs = []
    for name, null in (("a", "null:stubborn"), ("b", "null:always-follow")):
        runs.append(api.evaluate(null, out=tmp_path / name, limit=40, facets=["answer"], benchmarks=[]))
    run = api.compare(str(tmp_path / "a"), str(tmp_path / "b"), out=tmp_path / "both")
    shift = [e for e in run.estimates() if e.name == "suggested_shift" and e.reference == "base"]
    assert shift[0].n == 40
    assert shift[0].value is not None
    assert shift[0].value > 0.5


def test_two_runs_without_a_common_item_are_refused_with_their_ids(tmp_path: Path) -> None:
    own = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.jsonl"
        path.write_text(
            json.dumps({"question": f"Who is {name}?", "target": name * 3, "suggestion": "nobody"}) + "\n"
        )
        raw = {"study": name, "model": {"name": "null:stubborn"}, "facets": {"answer": {"items": str(path)}}}
        own.append(api.run_study(parse_study(raw), out=tmp_path / "runs" / name))
    with pytest.raises(DataError, match="share no item"):
        api.compare(str(own[0].directory.path), str(own[1].directory.path), out=tmp_path / "both")


def test_bad_input_leaves_nothing_behind(model: Path, tmp_path: Path) -> None:
    cases: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"model": {"name": "no-such-model"}}, MissingError),
        ({"wordings": str(tmp_path / "none.yaml")}, MissingError),
        ({"facets": {"answer": {"items": str(tmp_path / "none.jsonl")}}}, MissingError),
        ({"data": str(tmp_path / "nowhere")}, MissingError),
    ]
    for index, (change, error) in enumerate(cases):
        with pytest.raises(error):
            api.run_study(parse_study(small_study(model, **change)), out=tmp_path / f"run{index}")
        assert not (tmp_path / f"run{index}").exists()


def test_training_settings_may_be_nested(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[StudyConfig] = []

    def stop(config: StudyConfig, *_: object, **__: object) -> None:
        asked.append(config)
        raise InterruptedError

    monkeypatch.setattr("sycoscope.study.train.train_one", stop)
    settings = {"lora.r": 4, "lora.dropout": 0.0, "learning_rate": 1e-3, "steps": 2}
    with pytest.raises(InterruptedError):
        api.train(str(model), "anti_sycophancy", out=tmp_path / "adapter", rows=8, training=settings)
    training = asked[0].training
    assert (training.lora.r, training.lora.dropout, training.steps) == (4, 0.0, 2)
    assert training.lora.alpha == 32  # what is not named keeps its default
    with pytest.raises(ConfigError, match=r"training\.lora\.rank: unknown key"):
        api.train(str(model), "mmlu", out=tmp_path / "other", training={"lora.rank": 4})


def test_a_study_that_measures_nothing_is_refused_before_any_work(model: Path, tmp_path: Path) -> None:
    study = small_study(model) | {"facets": {}, "capability": []}
    with pytest.raises(ConfigError, match="nothing is measured: give facets or capability"):
        api.run_study(parse_study(study), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_seed_reaches_a_null_model(tmp_path: Path) -> None:
    for seed in (1, 2):
        run = api.evaluate(
            "null:yield?p=0.5", limit=40, facets=["answer"], seed=seed, out=tmp_path / str(seed)
        )
        (subject,) = run.directory.manifest().subjects
        assert subject.model["digest"] == null_model("null:yield?p=0.5", seed).digest
    assert null_model("null:yield?p=0.5", 1).digest != null_model("null:yield?p=0.5", 2).digest


def test_a_run_in_use_is_refused(finished: api.Run, model: Path) -> None:
    with finished.directory.locked(), pytest.raises(BusyError, match="in use"):
        api.run_study(parse_study(small_study(model)), out=finished.directory.path)


def test_an_adapter_of_another_base_is_refused(
    finished: api.Run, tmp_path: Path, tiny: SimpleNamespace
) -> None:
    other = tiny.model(tmp_path / "other", tiny.CHATML, adds_bos=False, seed=9)
    adapter = next((finished.directory.path.parent / ".cache" / "adapters").glob("anti-*"))
    with pytest.raises(ModelError, match="another base"):
        api.evaluate(
            str(other), adapter=adapter, out=tmp_path / "run", limit=1, facets=["answer"], benchmarks=[]
        )


def test_compare_needs_one_second_side(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="second"):
        api.compare("null:ideal", out=tmp_path / "x")
