"""A prepared study carried out: who is made in which order, what is refused, what a null study does without torch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sycoscope import api
from sycoscope.config import parse_study
from sycoscope.core.errors import ConfigError, ModelError, StoreError
from sycoscope.core.types import Response
from sycoscope.models.null import null_model
from sycoscope.models.scripted import ScriptedModel
from sycoscope.study import run as study_run
from sycoscope.study.cache import ShardCache
from sycoscope.study.executors import Alone, Work
from sycoscope.study.gather import gathered
from sycoscope.study.lost import lost_benchmark
from sycoscope.study.make import UnitMaker
from sycoscope.study.prepare import prepare
from sycoscope.study.progress import Silent
from sycoscope.study.run import execute
from sycoscope.study.session import Session
from sycoscope.study.subjects import Subject, subjects_of
from sycoscope.study.unit_list import items_of, units_of
from sycoscope.study.units import Outcome
from sycoscope.training.kept import FILES, check_files, seal_adapter

NULL: dict[str, Any] = {
    "study": "null",
    "model": {"name": "null:yield?p=0.5"},
    "facets": {"answer": {"limit": 4, "shard_items": 3}, "are_you_sure": {"limit": 2, "form": "choice"}},
}
WEIGHTS = NULL | {"model": {"name": "some/model"}}
ADAPTERS: list[dict[str, Any]] = [
    {"name": "anti", "recipe": "anti_sycophancy", "seeds": [3, 4], "rows": 4},
    {"name": "math", "recipe": "gsm8k", "rows": 4},
]


def never(*_: Any, **__: Any) -> Any:
    raise AssertionError("asked again")


def test_subjects_are_the_base_the_tuned_and_the_finished_in_this_order() -> None:
    finished = {"name": "own", "path": "somewhere"}
    subjects = subjects_of(parse_study(WEIGHTS | {"seed": 7, "adapters": [*ADAPTERS, finished]}))
    assert [(s.name, s.kind, s.recipe, s.seed) for s in subjects] == [
        ("base", "base", "", 7),
        ("anti", "anti_sycophancy", "anti_sycophancy", 3),
        ("anti-seed4", "anti_sycophancy", "anti_sycophancy", 4),
        ("math", "benchmark", "gsm8k", 42),
        ("own", "other", "", 7),
    ]
    assert [s.folder for s in subjects] == [None, None, None, None, Path("somewhere")]


@pytest.mark.parametrize(
    ("adapter", "said"),
    [
        ({"name": "own"}, "'own' needs a recipe .*, a path .* or served"),
        ({"name": "own", "path": "x", "recipe": "gsm8k"}, "'own' needs a recipe .*, a path .* or served"),
        ({"name": "own", "path": "x", "rows": 4, "seeds": [1]}, "rows, seeds: of training, and 'own' is finished"),
        ({"name": "base", "path": "x"}, "used twice: base"),
        ({"name": "math", "path": "x"}, "used twice: math"),
        ({"name": "anti-seed4", "path": "x"}, "both called 'anti-seed4'"),
    ],
)  # fmt: skip
def test_a_finished_adapter_has_a_path_and_nothing_of_training(adapter: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_study(WEIGHTS | {"adapters": [*ADAPTERS, adapter]})


def test_a_study_on_a_given_model_is_kept_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = prepare(parse_study(NULL))
    model = null_model(NULL["model"]["name"], 42)
    first = execute(study, ShardCache(tmp_path), model=model)
    assert [len(first.shards["base"][task]) for task in ("answer", "are_you_sure")] == [2, 1]
    assert {len(first.trials["answer"]), len(first.trials["are_you_sure"])} == {4 * 8, 2 * 4}
    assert [one["unit"] for one in first.timings] == ["answer", "answer", "are_you_sure"]
    assert first.subjects[0]["model"]["engine"] == "none"
    assert first.priors
    assert not list(tmp_path.rglob("*.jsonl"))
    monkeypatch.setattr("sycoscope.study.evaluate.play", never)
    monkeypatch.setattr("sycoscope.study.extra_trials.play", never)
    again = execute(study, ShardCache(tmp_path), model=model)
    assert (again.trials, again.scores, again.priors) == (first.trials, first.scores, first.priors)
    assert again.timings == []


def test_damage_to_what_is_kept_is_made_good_and_its_files_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    study, model = prepare(parse_study(NULL)), null_model(NULL["model"]["name"], 42)
    whole = execute(study, ShardCache(tmp_path), model=model)
    files = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*.parquet"))}
    assert {path.name.split(".")[1] for path in files} == {"trials", "scores"}
    flipped = {path: data[:60] + bytes([data[60] ^ 8]) + data[61:] for path, data in files.items()}
    cut = {path: data[: len(data) // 2] for path, data in files.items()}
    exchanged = dict(zip(files, [*list(files.values())[1:], files[next(iter(files))]], strict=True))
    for damage in (flipped, cut, exchanged):
        for path, data in damage.items():
            path.write_bytes(data)
        caplog.clear()
        again = execute(study, ShardCache(tmp_path), model=model)
        assert (again.trials, again.scores, again.priors) == (whole.trials, whole.scores, whole.priors)
        assert {path: path.read_bytes() for path in files} == files
        assert all(str(path) in caplog.text for path in files)


def test_a_model_that_is_down_in_the_middle_loses_no_answer(tmp_path: Path) -> None:
    """The study's own path to the log: what came back before the fault is not asked for again."""
    raw = NULL | {"facets": {"are_you_sure": {"limit": 4}}}
    study = prepare(parse_study(raw))
    asked: list[int] = []

    class Down(ScriptedModel):
        def generate(self, requests: Any) -> list[Response]:
            asked.append(len(requests))
            if len(asked) == 3:
                raise ConnectionError("the endpoint is down")
            return super().generate(requests)

    def say(messages: Any) -> str:
        return f"It is {len(messages)}."

    whole = execute(study, ShardCache(tmp_path / "whole"), model=ScriptedModel(say))
    cache, model = ShardCache(tmp_path / "down"), Down(say)
    with pytest.raises(ConnectionError):
        execute(study, cache, model=model)
    results = execute(study, cache, model=model)
    assert asked == [4, 16, 16, 16]  # first, reply, the final that failed, and that one again
    assert results.trials == whole.trials


def test_a_torch_model_that_fails_within_a_shard_goes_on_to_the_same_bits(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In bfloat16, where the company of a request changes how its products round."""
    from sycoscope.models.torch_model import TorchModel

    raw = {
        "study": "torch",
        "model": {"name": str(model), "dtype": "bfloat16", "device": "cpu", "batch_rows": 3},
        "facets": {"are_you_sure": {"limit": 4, "max_tokens": 6, "reply_tokens": 5}},
    }
    study = prepare(parse_study(raw))
    whole = execute(study, ShardCache(tmp_path / "whole"))
    asked: list[int] = []
    generate = TorchModel.generate

    def failing(self: TorchModel, requests: Any) -> list[Response]:
        asked.append(len(requests))
        if len(asked) == 3:
            raise RuntimeError("the device is gone")
        return generate(self, requests)

    monkeypatch.setattr(TorchModel, "generate", failing)
    with pytest.raises(RuntimeError, match="the device is gone"):
        execute(study, ShardCache(tmp_path / "broken"))
    results = execute(study, ShardCache(tmp_path / "broken"))
    assert asked[2:] == [asked[2]] * 2  # the interrupted call alone, and whole
    assert results.trials == whole.trials
    files = [sorted((tmp_path / name / "shards").rglob("*.*")) for name in ("whole", "broken")]
    assert [path.name for path in files[0]] == [path.name for path in files[1]]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]


def test_a_model_that_cannot_do_what_the_study_asks_is_refused_before_any_work(tmp_path: Path) -> None:
    model = ScriptedModel(never)
    for change, message in (
        ({"adapters": ADAPTERS}, "'scripted' takes no adapters; leave out adapters, or name a model with"),
        ({"capability": [{"benchmark": "mmlu", "limit": 1}]}, "leave out capability, or name a model with"),
    ):
        study = prepare(parse_study(WEIGHTS | change))
        with pytest.raises(ConfigError, match=message):
            execute(study, ShardCache(tmp_path), model=model)
    assert not list(tmp_path.rglob("*.parquet"))


def test_another_executor_gives_the_same_results_in_the_study_s_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    class Cluster:
        """Another executor: one class, entered where executors are chosen."""

        def run(self, units: Any, job: Any, progress: Any) -> Work:
            maker = job.start(progress)
            work = Work()
            for unit in reversed(units):
                begun.append(unit.label)
                work.outcomes[unit] = maker.make(unit, {})
            return work

    study = prepare(parse_study(NULL))
    monkeypatch.setattr(study_run, "executor_for", lambda config, n_units: Cluster())
    there = execute(study, ShardCache(tmp_path))
    assert begun == [
        "base: are_you_sure", "base: are_you_sure", "base: answer (shard 2)", "base: answer"
    ]  # fmt: skip
    assert [one["unit"] for one in there.timings] == ["answer", "answer", "are_you_sure"]
    alone = execute(study, ShardCache(tmp_path / "alone"), model=null_model(NULL["model"]["name"], 42))
    assert (there.trials, there.scores, there.shards) == (alone.trials, alone.scores, alone.shards)
    assert (there.subjects, there.priors) == (alone.subjects, alone.priors)


def test_what_no_worker_could_ask_is_an_error_in_this_run_and_asked_by_the_next(tmp_path: Path) -> None:
    """Shards, letters and benchmarks; the keys of what is missing are not those of what is there."""
    study = prepare(parse_study(NULL | {"seed": 3}))
    model = null_model(NULL["model"]["name"], 3)
    whole = execute(study, ShardCache(tmp_path), model=model)
    units = units_of(study)
    outcomes = dict(Alone().run(units, _Job(study, tmp_path, model), Silent()).outcomes)
    lost = units[1]
    outcomes[lost] = Outcome(lost="workers ended at it 3 times (exit code -9)")
    results = gathered(study, outcomes, ShardCache(tmp_path), base_unchanged=None)
    gone = {item.id for item in items_of(lost, study.inputs.facets["answer"])}
    assert gone
    for trial, before in zip(results.trials["answer"], whole.trials["answer"], strict=True):
        assert (trial.item_id, trial.condition) == (before.item_id, before.condition)
        errors = {one.response.error for one in trial.asked}
        assert errors == ({outcomes[lost].lost} if trial.item_id in gone else {""})
    statuses = {(score.item_id in gone, score.status == "error") for score in results.scores["answer"]}
    assert statuses == {(True, True), (False, False)}
    assert results.shards["base"]["answer"] == [whole.shards["base"]["answer"][0], ""]


@dataclass
class _Job:
    study: Any
    cache: Path
    model: Any

    def before(self) -> None:
        pass

    def start(self, progress: Any) -> UnitMaker:
        return UnitMaker(self.study, Session(self.model, ShardCache(self.cache), progress))


def test_a_benchmark_that_no_worker_could_ask_is_an_error_of_each_item() -> None:
    study = prepare(parse_study(WEIGHTS | {"capability": [{"benchmark": "mmlu", "limit": 3}]}))
    (spec,) = study.inputs.capability
    for chat in (True, False):
        config = study.config.model_copy(update={"chat": chat})
        trials, scores = lost_benchmark("base", spec, config, "no worker")
        assert len(trials) == 3
        assert {score.status for score in scores} == {"error"}
        assert all(score.value is None for score in scores)


def test_workers_that_answer_as_two_models_are_refused(tmp_path: Path) -> None:
    study = prepare(parse_study(NULL))
    units = units_of(study)
    models = [null_model(NULL["model"]["name"], seed) for seed in (1, 2)]
    made = [
        list(Alone().run(units, _Job(study, tmp_path, model), Silent()).outcomes.values()) for model in models
    ]
    mixed = dict(zip(units, [made[0][0], *made[1][1:]], strict=True))
    with pytest.raises(ModelError, match="workers do not answer as one model: 'base' has the digests"):
        gathered(study, mixed, ShardCache(tmp_path), base_unchanged=None)
    nothing = dict.fromkeys(units, Outcome(lost="gone"))
    with pytest.raises(ModelError, match="nothing could be asked of 'base'"):
        gathered(study, nothing, ShardCache(tmp_path), base_unchanged=None)


@pytest.mark.parametrize("workers", [2, 4])
def test_one_model_is_shared_by_workers_with_the_same_files(tmp_path: Path, workers: int) -> None:
    """Also where the cache is half full, as after a kill; nothing that is there is asked again."""
    alone = execute(prepare(parse_study(NULL)), ShardCache(tmp_path / "alone"))
    study = prepare(parse_study(NULL | {"workers": workers}))
    shutil.copytree(tmp_path / "alone", tmp_path / "shared")
    kept = ShardCache(tmp_path / "shared").path(alone.shards["base"]["answer"][0])
    stamp = kept.stat().st_mtime_ns
    for path in tmp_path.glob("shared/shards/*/*"):
        if not path.name.startswith(kept.name.split(".")[0]):
            path.unlink()
    shared = execute(study, ShardCache(tmp_path / "shared"))
    assert (shared.trials, shared.scores, shared.subjects) == (alone.trials, alone.scores, alone.subjects)
    assert (shared.shards, shared.priors) == (alone.shards, alone.priors)
    assert sorted(one["unit"] for one in shared.timings) == ["answer", "are_you_sure"]
    assert kept.stat().st_mtime_ns == stamp
    files = [
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*.parquet")}
        for root in (tmp_path / "alone", tmp_path / "shared")
    ]
    assert files[0] == files[1]


WITHOUT_TORCH = """
import sys
from pathlib import Path
for name in ("torch", "transformers", "peft", "trl"):
    sys.modules[name] = None  # an import of it fails
from sycoscope.config import parse_study
from sycoscope.study.cache import ShardCache
from sycoscope.study.prepare import prepare
from sycoscope.study.run import execute
cache = Path(sys.argv[1])
execute(prepare(parse_study({study!r})), ShardCache(cache))
"""


def test_a_null_study_runs_where_torch_is_not_installed(tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    script = WITHOUT_TORCH.format(study=NULL)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("shards/*/*.scores.parquet"))


def test_an_adapter_alone_is_tuned_once_and_evaluates_nothing(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {
        "rows": 4,
        "settings": {"dtype": "float32", "device": "cpu"},
        "training": {"steps": 1, "lora.r": 2, "max_length": 1024},
    }
    told: list[tuple[float, bool]] = []

    class Told:
        def start(self, total: float) -> None:
            self.total = total

        def begin(self, what: str) -> None:
            pass

        def advance(self, weight: float, *, skipped: bool = False) -> None:
            told.append((weight, skipped))

    progress = Told()
    first = api.train(str(model), "anti_sycophancy", out=tmp_path / "a", progress=progress, **options)
    assert sum(weight for weight, _ in told) == pytest.approx(progress.total)
    assert not any(skipped for _, skipped in told)
    (kept,) = (tmp_path / ".cache" / "adapters").iterdir()
    assert kept.name.startswith("adapter-")
    assert not (tmp_path / ".cache" / "shards").exists()
    monkeypatch.setattr("sycoscope.study.train.train_adapter", never)
    second = api.train(str(model), "anti_sycophancy", out=tmp_path / "b", **options)
    names = sorted(path.name for path in first.iterdir())
    assert names == ["adapter_config.json", "adapter_model.safetensors", "digests.json", "sycoscope.json"]
    assert [(first / n).read_bytes() for n in names] == [(second / n).read_bytes() for n in names]


def test_an_adapter_that_was_damaged_in_the_cache_is_tuned_again(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options: dict[str, Any] = {
        "rows": 4,
        "settings": {"dtype": "float32", "device": "cpu"},
        "training": {"steps": 1, "lora.r": 2, "max_length": 1024},
    }
    api.train(str(model), "anti_sycophancy", out=tmp_path / "a", **options)
    (kept,) = (tmp_path / ".cache" / "adapters").iterdir()
    whole = {path: path.read_bytes() for path in kept.iterdir()}
    for path, data in whole.items():
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
        caplog.clear()
        api.train(str(model), "anti_sycophancy", out=tmp_path / path.name, **options)
        assert {file: file.read_bytes() for file in kept.iterdir()} == whole
        assert path.name in caplog.text or path.name == "digests.json"
        assert "the adapter is trained again" in caplog.text
    for path in [*whole][:2]:  # of the weights and the config, one cut and one taken away
        path.write_bytes(b"") if path == next(iter(whole)) else path.unlink()
        api.train(str(model), "anti_sycophancy", out=tmp_path / f"again-{path.name}", **options)
        assert {file: file.read_bytes() for file in kept.iterdir()} == whole


def test_a_damaged_adapter_of_ours_is_not_measured(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text(name if name.endswith("safetensors") else "{}")
    seal_adapter(folder, name="as it was called in the cache")
    check_files(folder)
    (folder / "adapter_model.safetensors").write_text("other weights")
    with pytest.raises(
        StoreError, match=r"mine/adapter_model\.safetensors' is not as it was written: give the"
    ):
        api.evaluate(
            str(model), adapter=folder, out=tmp_path / "run", limit=1, facets=["answer"], benchmarks=[],
            settings={"dtype": "float32", "device": "cpu"},
        )  # fmt: skip
    assert not (tmp_path / "run" / "manifest.json").exists()
    (folder / "digests.json").unlink()
    check_files(folder)


def test_a_null_model_cannot_be_tuned(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"'null:ideal' is a null model.*it cannot be tuned; name a model with weights"
    ):
        api.train("null:ideal", "placebo", out=tmp_path / "a", rows=4)


def test_a_subject_is_a_plain_value() -> None:
    config = parse_study(WEIGHTS | {"adapters": ADAPTERS})
    assert subjects_of(config) == subjects_of(config)
    with pytest.raises(AttributeError):
        Subject("base", "base", "", 1).name = "other"  # type: ignore[misc]
