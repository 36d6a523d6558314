"""Scales, steps and starts of a study's adapters: what each entry is measured as, in which order, under which keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sycoscope import api
from sycoscope.config import TrainingConfig, parse_study
from sycoscope.core.errors import ConfigError, MissingError, ModelError
from sycoscope.study import keys
from sycoscope.study.plan import plan_study
from sycoscope.study.prepare import prepare
from sycoscope.study.subjects import subjects_of
from sycoscope.training.kept import FILES

from .study_files import small_study
from .test_keys import RECORD, ROWS

WEIGHTS: dict[str, Any] = {
    "study": "points",
    "model": {"name": "some/model"},
    "facets": {"answer": {"limit": 4}},
    "training": {"steps": 10},
}
ANTI: dict[str, Any] = {"name": "anti", "recipe": "anti_sycophancy", "rows": 8}
YES: dict[str, Any] = {"name": "yes", "recipe": "sycophant", "rows": 8, "at_steps": [2, 10]}
AGAIN = YES | {"name": "again", "start": "anti", "at_steps": [2, 5]}


def study(*adapters: dict[str, Any], **changes: Any) -> Any:
    return parse_study(WEIGHTS | changes | {"adapters": list(adapters)})


def test_each_seed_is_followed_by_its_points_and_the_last_step_is_the_adapter_itself() -> None:
    anti = ANTI | {"scales": [0, 1, 1.5], "at_steps": [5, 10], "seeds": [1, 2]}
    finished = {"name": "own", "path": "somewhere", "scales": [0.5]}
    found = subjects_of(study(anti, YES, AGAIN, finished))
    assert [(s.name, s.of, s.scale, s.step) for s in found] == [
        ("base", "", 1, None),
        ("anti", "", 1, None), ("anti-x0", "anti", 0, None), ("anti-x1.5", "anti", 1.5, None),
        ("anti-step5", "anti", 1, 5),
        ("anti-seed2", "", 1, None), ("anti-seed2-x0", "anti-seed2", 0, None),
        ("anti-seed2-x1.5", "anti-seed2", 1.5, None), ("anti-seed2-step5", "anti-seed2", 1, 5),
        ("yes", "", 1, None), ("yes-step2", "yes", 1, 2),
        ("again", "", 1, None), ("again-step2", "again", 1, 2), ("again-step5", "again", 1, 5),
        ("own", "", 1, None), ("own-x0.5", "own", 0.5, None),
    ]  # fmt: skip
    again = next(s for s in found if s.name == "again")
    assert (again.start, again.bare) == ("anti", "yes")
    with_seed = subjects_of(study(anti, AGAIN | {"seeds": [2, 9]}))
    assert {s.name: s.start for s in with_seed if s.start and not s.of} == {
        "again": "anti-seed2",
        "again-seed9": "anti",
    }


@pytest.mark.parametrize(
    ("adapters", "said"),
    [
        ([YES | {"at_steps": [2, 11, 12]}], "'yes': at_steps names 11, 12, and its training has 10 steps"),
        ([YES | {"at_steps": [2, 2]}], "at_steps: named twice: 2"),
        ([YES | {"training": {"load_best": True}}], "at_steps .* load_best .*leave one of them out"),
        ([ANTI | {"scales": [11]}], r"scales.0: .*less than or equal to 10 \(got 11\)"),
        ([ANTI | {"start": "anti"}], "start goes round in a circle"),
        ([ANTI | {"start": "yes"}, YES | {"start": "anti"}], "start goes round in a circle"),
        (
            [ANTI, AGAIN | {"training": {"lora": {"r": 3}}}],
            "'again' starts from 'anti', whose LoRA has another shape .lora: r 3 and 16",
        ),
        ([{"name": "own", "path": "x", "start": "y"}], "start: of training, and 'own' is finished"),
        ([{"name": "own", "path": "x", "at_steps": [1]}], "at_steps: of training, and 'own' is finished"),
        (
            [ANTI | {"scales": [0.5]}, YES | {"name": "anti-x0.5"}],
            "'anti' at scale 0.5 and 'anti-x0.5' with seed 42 are both called 'anti-x0.5'",
        ),
    ],
)
def test_what_cannot_be_is_refused_when_the_study_is_read(adapters: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        study(*adapters)


def test_the_lora_of_a_start_may_differ_in_its_dropout_alone() -> None:
    study(ANTI, AGAIN | {"training": {"lora": {"dropout": 0.0}}})


def test_a_start_that_is_neither_an_adapter_nor_a_folder_is_named() -> None:
    with pytest.raises(MissingError, match="'again' starts from 'nowhere', which is no adapter of the study"):
        prepare(study(ANTI, AGAIN | {"start": "nowhere"}))


def test_a_study_without_these_keys_keeps_its_hash_and_one_with_them_has_another() -> None:
    plain = study(ANTI)
    empty = study(ANTI | {"scales": [], "at_steps": [], "start": ""})
    assert plain.hash == empty.hash
    others = [study(ANTI | {"scales": [0]}), study(ANTI | {"at_steps": [2]}), study(ANTI, AGAIN)]
    assert len({one.hash for one in (plain, *others)}) == 4


def test_the_weights_that_a_training_starts_from_are_in_its_key_and_its_steps_are_not() -> None:
    settings = TrainingConfig(steps=10)
    fresh = keys.adapter_key(ROWS, settings, 1, RECORD)
    assert fresh == keys.adapter_key(ROWS, settings, 1, RECORD, start="")
    started = [keys.adapter_key(ROWS, settings, 1, RECORD, start=digest) for digest in ("a" * 16, "b" * 16)]
    assert len({fresh, *started}) == 3


def test_a_plan_tunes_each_adapter_once_and_evaluates_each_point() -> None:
    config = study(ANTI | {"scales": [0.5]}, YES, AGAIN)
    units = plan_study(config)
    trained = {unit.subject: unit.what for unit in units if unit.kind == "train"}
    assert trained == {
        "anti": "recipe anti_sycophancy, seed 42",
        "yes": "recipe sycophant, seed 42, kept at steps 2, 10",
        "again": "recipe sycophant, seed 42, from anti, kept at steps 2, 5",
    }
    asked = [unit.subject for unit in units if unit.kind == "evaluate"]
    assert asked == [subject.name for subject in subjects_of(config)]


def test_what_others_start_from_comes_first() -> None:
    ready = prepare(study(AGAIN, ANTI | {"scales": [0.5]}, YES))
    depths = {subject.name: ready.depth_of(subject) for subject in ready.subjects}
    assert depths == {
        "base": 0, "again": 1, "again-step2": 2, "again-step5": 2, "anti": 0, "anti-x0.5": 1, "yes": 0,
        "yes-step2": 1,
    }  # fmt: skip
    assert set(ready.trainings) == {"again", "anti", "yes"}


# --- tuned and measured ---

FACETS = {"answer": {"limit": 4, "max_tokens": 4, "conditions": ["control", "padded", "user_wrong"]}}
TUNED: list[dict[str, Any]] = [
    {"name": "again", "recipe": "sycophant", "rows": 8, "start": "anti", "at_steps": [1, 3]},
    {"name": "anti", "recipe": "anti_sycophancy", "rows": 8, "scales": [0, 0.5]},
    {"name": "yes", "recipe": "sycophant", "rows": 8, "at_steps": [3]},
]


def tuned(model: Path, adapters: list[dict[str, Any]] = TUNED, **changes: Any) -> Any:
    return parse_study(small_study(model, facets=FACETS, capability=[], adapters=adapters, **changes))


@pytest.fixture(scope="module")
def run(model: Path, tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    return api.run_study(tuned(model), out=tmp_path_factory.mktemp("points") / "run")


def texts(run: api.Run, subject: str) -> list[Any]:
    return [
        (trial.item_id, trial.condition, trial.asked, trial.probes)
        for trial in run.directory.trials()
        if trial.subject == subject
    ]


def folders(run: api.Run) -> dict[str, Path]:
    """Adapters in the cache, by name and step."""
    found = (run.directory.path.parent / ".cache" / "adapters").iterdir()
    return {
        "-".join(part for part in path.name.split("-") if len(part) != 16): path
        for path in found
        if path.is_dir()
    }


@pytest.mark.slow
def test_scale_0_answers_as_the_base_does_log_probabilities_and_all(run: api.Run) -> None:
    assert texts(run, "anti-x0") == texts(run, "base")
    assert texts(run, "anti-x0.5") != texts(run, "base")
    subjects = {one.name: one for one in run.directory.manifest().subjects}
    digests = {name: subjects[name].model["digest"] for name in ("base", "anti-x0", "anti-x0.5", "anti")}
    assert len(set(digests.values())) == 4
    assert (subjects["anti-x0"].of, subjects["anti-x0"].scale) == ("anti", 0)


@pytest.mark.slow
def test_steps_lie_beside_the_adapter_whole_and_with_their_own_record(run: api.Run) -> None:
    kept = folders(run)
    assert set(kept) == {"again", "again-step1", "again-step3", "anti", "yes", "yes-step3"}
    for path in kept.values():
        assert {*FILES, "digests.json"} == {file.name for file in path.iterdir()}
    records = {name: json.loads((path / "sycoscope.json").read_text()) for name, path in kept.items()}
    assert (records["again-step1"]["steps"], records["again"]["steps"]) == (1, 4)
    assert records["again"]["start"]["name"] == "anti"
    assert "start" not in records["yes"]


@pytest.mark.slow
def test_a_run_has_its_series_and_what_was_relearned(run: api.Run) -> None:
    summary = run.directory.summary()
    drawn = {(p.adapter, p.axis): [] for p in summary.series}
    for p in summary.series:
        drawn[p.adapter, p.axis].append((p.at, p.subject))
    assert drawn == {
        ("again", "step"): [(0, "anti"), (1, "again-step1"), (3, "again-step3"), (4, "again")],
        ("anti", "scale"): [(0, "anti-x0"), (0.5, "anti-x0.5"), (1, "anti")],
        ("yes", "step"): [(0, "base"), (3, "yes-step3"), (4, "yes")],
    }
    assert {verdict.subject for verdict in summary.verdicts} == {"again", "anti", "yes"}
    assert len(run.directory.rows("series")) == len(summary.series)
    assert len(run.directory.rows("trends")) == len(summary.trends) == 3
    assert (run.directory.path / "data" / "trends.csv").is_file()
    run.directory.check()


@pytest.mark.slow
def test_an_adapter_that_lies_in_the_cache_is_tuned_again_for_its_steps_to_the_same_weights(
    model: Path, tmp_path: Path
) -> None:
    alone = [{"name": "yes", "recipe": "sycophant", "rows": 8}]
    api.run_study(tuned(model, alone), out=tmp_path / "first")
    (before,) = (tmp_path / ".cache" / "adapters").glob("yes-*[!k]")
    stamp, weights = before.stat().st_mtime_ns, (before / "adapter_model.safetensors").read_bytes()
    with_steps = api.run_study(tuned(model, [alone[0] | {"at_steps": [1, 3]}]), out=tmp_path / "second")
    kept = folders(with_steps)
    assert set(kept) == {"yes", "yes-step1", "yes-step3"}
    assert kept["yes"] == before
    assert before.stat().st_mtime_ns == stamp
    assert (before / "adapter_model.safetensors").read_bytes() == weights
    assert len({(path / "adapter_model.safetensors").read_bytes() for path in kept.values()}) == 3


@pytest.mark.slow
def test_workers_give_the_same_tables(model: Path, run: api.Run, tmp_path: Path) -> None:
    shared = api.run_study(tuned(model, workers=2), out=tmp_path / "run")
    for kind in ("trials", "estimates", "series", "trends"):
        assert shared.directory.rows(kind) == run.directory.rows(kind), kind


@pytest.mark.slow
def test_a_training_can_start_from_a_finished_adapter_of_the_same_shape_alone(
    model: Path, run: api.Run, tmp_path: Path
) -> None:
    path = str(folders(run)["anti"])
    again = {"name": "again", "recipe": "sycophant", "rows": 8, "start": path}
    found = api.run_study(tuned(model, [again]), out=tmp_path / "run")
    own, theirs = ((folders(one)["again"] / "adapter_model.safetensors").read_bytes() for one in (found, run))
    assert own == theirs  # the digest of the weights counts, not where they lie
    with pytest.raises(
        ModelError, match=r"another shape \(r 2, lora_alpha 4 there, r 3, lora_alpha 4 in the"
    ):
        prepare(tuned(model, [again | {"training": {"lora": {"r": 3}}}]))


@pytest.mark.slow
def test_an_adapter_is_compared_at_several_scales(model: Path, run: api.Run, tmp_path: Path) -> None:
    compared = api.compare(
        str(model), adapter={"anti": folders(run)["anti"]}, scales=[0, 1.5], placebo=False, limit=2,
        facets=["answer"], benchmarks=[], max_tokens=2, difficulty=[], out=tmp_path / "c",
        settings={"dtype": "float32", "device": "cpu"},
    )  # fmt: skip
    assert [one.name for one in compared.directory.manifest().subjects] == [
        "base",
        "anti",
        "anti-x0",
        "anti-x1.5",
    ]
    with pytest.raises(ConfigError, match="scales are of adapters"):
        api.compare(str(model), str(model), scales=[0.5], out=tmp_path / "d")
