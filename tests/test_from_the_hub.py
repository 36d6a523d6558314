"""Models and data sets from a hub: which files are asked for, of which commit, and what is told where it is not there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("huggingface_hub")

from safetensors.numpy import load, save

from capability.rows import gsm8k_row, hellaswag_row, mmlu_row, truthfulqa_row
from hub_server import Hub, environment, files_in, parquet, point_to, serving
from sycoscope import api
from sycoscope.core.errors import MissingError, ModelError
from sycoscope.items import BENCHMARKS, BenchmarkRows
from sycoscope.items import load as load_items
from sycoscope.models.hub import fetch
from sycoscope.models.resolve import resolve

MODEL = "owner/tiny"
SUBJECTS = ("anatomy", "virology")
# What lies beside the files that are needed.
BESIDE = {"README.md": b"# A set", "images/plot.png": b"png", ".gitattributes": b"* text"}
REPOS = {name: benchmark.layout.hub.repo for name, benchmark in BENCHMARKS.items()}
# The files that are to be fetched where a benchmark is asked with its examples.
NEEDED = {
    "mmlu": {"all/test-00000-of-00001.parquet", "all/dev-00000-of-00001.parquet"},
    "gsm8k": {"main/test-00000-of-00002.parquet", "main/test-00001-of-00002.parquet", "main/train-00000-of-00001.parquet"},
    "hellaswag": {"data/validation-00000-of-00001.parquet", "data/train-00000-of-00001.parquet"},
    "truthfulqa": {"multiple_choice/validation-00000-of-00001.parquet"},
}  # fmt: skip


def sets(first: int) -> dict[str, dict[str, bytes]]:
    """The four sets as the hub lays them out; rows are numbered from `first`."""
    mmlu = [mmlu_row(first + n, subject) for subject in SUBJECTS for n in range(2)]
    shots = [mmlu_row(first + 50 + n, subject) for subject in SUBJECTS for n in range(5)]
    train = list(range(first + 20, first + 30))
    one = "-00000-of-00001.parquet"
    return {
        "mmlu": {
            f"all/test{one}": parquet(mmlu),
            f"all/dev{one}": parquet(shots),
            f"all/validation{one}": parquet(mmlu),
            f"all/auxiliary_train{one}": parquet(mmlu),
            f"anatomy/test{one}": parquet(mmlu[:2]),
        },
        "gsm8k": {
            "main/test-00000-of-00002.parquet": parquet([gsm8k_row(first)]),
            "main/test-00001-of-00002.parquet": parquet([gsm8k_row(first + 1)]),
            f"main/train{one}": parquet([gsm8k_row(n) for n in train]),
            f"socratic/test{one}": parquet([gsm8k_row(n) for n in train]),
        },
        "hellaswag": {
            f"data/validation{one}": parquet([hellaswag_row(first + n) for n in range(2)]),
            f"data/train{one}": parquet([hellaswag_row(n) for n in train]),
            f"data/test{one}": parquet([hellaswag_row(n) | {"label": ""} for n in train]),
        },
        "truthfulqa": {
            f"multiple_choice/validation{one}": parquet([truthfulqa_row(first + n) for n in range(2)]),
            f"generation/validation{one}": parquet([{"question": "Why?"}]),
        },
    }


@pytest.fixture(scope="module")
def files(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files of a tiny chat model with room for few-shot prompts."""
    folder = tmp_path_factory.mktemp("hub") / "tiny"
    return files_in(tiny.model(folder, tiny.CHATML, adds_bos=False, positions=4096))


def scaled(files: dict[str, bytes], factor: float) -> dict[str, bytes]:
    weights = load(files["model.safetensors"])
    changed = {name: (value * factor).astype(value.dtype) for name, value in weights.items()}
    return files | {"model.safetensors": save(changed, metadata={"format": "pt"})}


@pytest.fixture
def hub(files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with two commits of a model and of the four sets: `v1` names the first, `main` and `next` the second."""
    held = Hub()
    extra = BESIDE | {
        "pytorch_model.bin": b"pickle",
        "onnx/model.onnx": b"onnx",
        "original/params.json": b"{}",
    }
    model = held.repo("models", MODEL)
    model.commit(files | extra, "v1")
    model.commit(scaled(files, 1.5) | extra, "main", "next")
    for first, names in ((1, ["v1"]), (101, ["main"])):
        for name, content in sets(first).items():
            held.repo("datasets", REPOS[name]).commit(content | BESIDE, *names)
    with serving(held):
        point_to(held, tmp_path / "home" / "hub", monkeypatch)
        monkeypatch.setenv("HF_HUB_ETAG_TIMEOUT", "60")
        yield held


def commit(hub: Hub, kind: str, name: str, ref: str = "main") -> str:
    return hub.repos[kind][name].refs[ref]


def needed(name: str) -> set[str]:
    return {f"{REPOS[name]}/{file}" for file in NEEDED[name]}


# --- data sets ---


@pytest.mark.parametrize("name", BENCHMARKS)
def test_of_a_set_only_the_splits_that_are_asked_are_fetched(hub: Hub, name: str) -> None:
    rows, examples = BenchmarkRows(name, "hub"), BENCHMARKS[name].examples
    assert (rows.place, rows.splits()) == ("hub", tuple(BENCHMARKS[name].layout.hub.splits))
    assert hub.log == [], "naming it asks nothing"
    asked = rows.rows()
    stem = BENCHMARKS[name].layout.hub.splits["test"]
    assert hub.fetched() == {file for file in needed(name) if f"/{stem}-" in file}
    if examples:
        assert len(rows.rows(examples)) == 10
    assert hub.fetched() == needed(name)
    assert rows.revision == f"{REPOS[name]}@{commit(hub, 'datasets', REPOS[name])}"
    assert asked[0]["question" if name != "hellaswag" else "ctx_a"].count("101") == 1


def test_a_revision_of_a_set_decides_which_rows_are_read(hub: Hub) -> None:
    one, two = (commit(hub, "datasets", "openai/gsm8k", ref) for ref in ("v1", "main"))
    for ref, number in {"": 101, "@main": 101, "@v1": 1, f"@{one}": 1, f"@{two}": 101}.items():
        assert f"Bags hold {number} nuts" in load_items(f"gsm8k:openai/gsm8k{ref}")[0].question
    with pytest.raises(
        MissingError, match=r"'openai/gsm8k@beef123' from the hub: it has no revision 'beef123'; "
    ):
        load_items("gsm8k:openai/gsm8k@beef123")


def test_all_splits_of_a_set_are_of_one_commit(hub: Hub) -> None:
    rows = BenchmarkRows("gsm8k", "hub")
    first = commit(hub, "datasets", REPOS["gsm8k"])
    rows.rows()
    hub.repo("datasets", REPOS["gsm8k"]).commit(sets(201)["gsm8k"], "main")
    assert "121 nuts" in rows.rows("train")[0]["question"]
    assert rows.revision.endswith(first)
    assert "201 nuts" in BenchmarkRows("gsm8k", "hub").rows()[0]["question"]


def test_a_set_in_another_layout_is_told_with_the_files_that_were_looked_for(hub: Hub) -> None:
    hub.repo("datasets", "owner/other").commit({"table.csv": b"a,b"} | BESIDE, "main")
    with pytest.raises(
        MissingError, match=r"holds none of the files test-\*-of-\*\.parquet, .*main/test\.jsonl"
    ):
        load_items("gsm8k:owner/other")


# --- models ---


def test_of_a_model_only_what_decides_its_answers_is_fetched(hub: Hub, files: dict[str, bytes]) -> None:
    found = fetch(resolve(MODEL))
    assert hub.fetched() == {f"{MODEL}/{name}" for name in files}
    assert found.commit == commit(hub, "models", MODEL) == Path(found.files).name
    assert set(files_in(Path(found.files))) == set(files)
    hub.log.clear()
    fetch(resolve(MODEL))
    assert hub.fetched() == set(), "what is there is not fetched again"


def test_a_split_checkpoint_is_fetched_with_the_files_of_its_index_alone(
    hub: Hub, files: dict[str, bytes]
) -> None:
    whole = load(files["model.safetensors"])
    names = sorted(whole)
    parts = {"model-1.safetensors": names[:3], "model-2.safetensors": names[3:]}
    places = {name: file for file, held in parts.items() for name in held}
    split = {name: data for name, data in files.items() if name != "model.safetensors"}
    split |= {file: save({name: whole[name] for name in held}) for file, held in parts.items()}
    split["model.safetensors.index.json"] = ('{"weight_map": ' + str(places).replace("'", '"') + "}").encode()
    hub.repo("models", "owner/split").commit(split | {"consolidated.safetensors": b"other"}, "main")
    fetch(resolve("owner/split"))
    assert hub.fetched() == {f"owner/split/{name}" for name in split}


def test_a_revision_decides_which_weights_are_loaded(hub: Hub) -> None:
    one, two = (commit(hub, "models", MODEL, ref) for ref in ("v1", "main"))
    found = {ref: fetch(resolve(MODEL, revision=ref)).commit for ref in ("", "main", "next", "v1", one, two)}
    assert found == {"": two, "main": two, "next": two, "v1": one, one: one, two: two}
    with pytest.raises(
        ModelError,
        match=rf"'{MODEL}' from the hub at revision 'beef123': it has no revision 'beef123'; in the cache",
    ):
        fetch(resolve(MODEL, revision="beef123"))


# --- adapters ---


@pytest.fixture
def adapters(hub: Hub, files: dict[str, bytes], tmp_path: Path) -> Hub:
    """The hub with two commits of an adapter of its model."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = tmp_path / "base"
    for name, data in files.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_bytes(data)
    for seed, ref in ((1, "v1"), (2, "main")):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            lora = LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM", init_lora_weights=False)
            get_peft_model(AutoModelForCausalLM.from_pretrained(base), lora).save_pretrained(tmp_path / ref)
        held = files_in(tmp_path / ref) | {
            "checkpoint-5/adapter_model.safetensors": b"old",
            "optimizer.pt": b"pickle",
        }
        hub.repo("models", "owner/tuned").commit(held, ref)
    return hub


def test_an_adapter_of_the_hub_is_measured_and_recorded_with_its_commit(
    adapters: Hub, tmp_path: Path
) -> None:
    settings = {"device": "cpu", "dtype": "float32", "engine": "plain"}

    def tuned(given: str) -> Any:
        run = api.evaluate(
            MODEL, adapter=given, facets=["answer"], benchmarks=[], limit=2, settings=settings,
            out=tmp_path / "runs" / given.replace("/", "-"),
        )  # fmt: skip
        return run.directory.manifest().subjects[1]

    new, old = tuned("owner/tuned"), tuned("owner/tuned@v1")
    assert adapters.fetched() >= {"owner/tuned/adapter_model.safetensors", "owner/tuned/adapter_config.json"}
    assert not {file for file in adapters.fetched() if "checkpoint" in file or "optimizer" in file}
    assert (new.name, old.name) == ("tuned", "tuned")
    for subject, ref in ((new, "main"), (old, "v1")):
        found = subject.model["adapter"]["revision"]
        assert found == f"owner/tuned@{commit(adapters, 'models', 'owner/tuned', ref)}"
    assert new.model["digest"] != old.model["digest"]
    with pytest.raises(
        MissingError, match=r"no adapter at 'owner/tuned@beef123': there is no such folder, and of the hub"
    ):
        tuned("owner/tuned@beef123")
    with pytest.raises(
        MissingError, match=r"no adapter at 'no/where': there is no such folder, and of the hub: the hub has"
    ):
        tuned("no/where")


# --- whole runs ---


def measured(out: Path, revision: str = "") -> api.Run:
    settings = {"device": "cpu", "dtype": "float32", "engine": "plain", "revision": revision}
    names = list(BENCHMARKS)
    return api.evaluate(
        MODEL, data="hub", facets=[], benchmarks=names, limit=2, max_tokens=4, settings=settings, out=out
    )


def tables(run: api.Run) -> dict[str, Any]:
    return {name: run.directory.rows(name) for name in ("items", "trials", "scores", "estimates")}


def test_commits_are_in_the_record_and_never_meet_in_the_cache(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = measured(tmp_path / "new")
    manifest = new.directory.manifest()
    (subject,) = manifest.subjects
    assert subject.model["revision"] == commit(hub, "models", MODEL)
    assert {task.revision for task in manifest.tasks.values()} == {
        f"{repo}@{commit(hub, 'datasets', repo)}" for repo in REPOS.values()
    }
    # of the four, GSM8K alone shows examples where nobody asks for any
    examples = {
        file
        for name in ("mmlu", "hellaswag")
        for file in needed(name)
        if "/dev-" in file or "/train-" in file
    }
    asked = {file for name in BENCHMARKS for file in needed(name)} - examples
    assert {file for file in hub.fetched() if not file.startswith(MODEL)} == asked

    old = measured(tmp_path / "old", "v1")
    (other,) = old.directory.manifest().subjects
    assert other.model["revision"] == commit(hub, "models", MODEL, "v1")
    for key in ("base_digest", "digest"):
        assert other.model[key] != subject.model[key]
    shards = [
        {key for tasks in run.directory.manifest().shards.values() for keys in tasks.values() for key in keys}
        for run in (new, old)
    ]
    assert shards[0].isdisjoint(shards[1])

    # with what is there, and no hub
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.log.clear()
    again = measured(tmp_path / "alone" / "again")
    assert hub.log == []
    assert tables(again) == tables(new)
    assert tables(again) != tables(old)


# --- a hub that is not there ---

# What happens -> what is told of a model, and (where it differs) of a set.
FAULTS = {
    "offline": r"the hub is not asked \(HF_HUB_OFFLINE is set\), and the hub's cache does not hold all of it",
    "refused": r"the hub at http://127\.0\.0\.1:\d+ cannot be reached \(.*refused.*\), and the hub's cache",
    "hang": r"the hub at http://127\.0\.0\.1:\d+ does not answer within 0\.4 s \(HF_HUB_ETAG_TIMEOUT gives it more\)",
    "drip": r"the hub at http://127\.0\.0\.1:\d+ does not answer within 0\.4 s \(HF_HUB_ETAG_TIMEOUT gives it more\)",
    "page": r"the hub at http://127\.0\.0\.1:\d+ cannot be reached \(",
    "500": r"the hub at http://127\.0\.0\.1:\d+ answers with an error \(500\)",
    "503": r"the hub at http://127\.0\.0\.1:\d+ answers with an error \(503\)",
    "429": r"the hub at http://127\.0\.0\.1:\d+ answers with an error \(429\)",
    "401": r"the hub refuses it \(401\): log in with `hf auth login`, or set HF_TOKEN",
    "403": r"the hub refuses it \(403\): log in",
    "404": r"the hub at http://127\.0\.0\.1:\d+ answers with an error \(404\)",
    "gated": r"it is gated: ask for access on its page, and log in",
    "nobody": r"the hub has no such (model|dataset), or does not show it to you: check its name, or log in",
}


def break_down(hub: Hub, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    # a machine that does ten things at once answers late
    monkeypatch.setenv("HF_HUB_ETAG_TIMEOUT", "0.4" if fault in ("hang", "drip") else "60")
    if fault == "offline":
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    elif fault == "refused":
        with serving(Hub()) as gone:
            pass
        monkeypatch.setattr(constants, "ENDPOINT", gone.endpoint)
    elif fault == "gated":
        hub.gated |= {MODEL, "meg-tong/sycophancy-eval"}
    elif fault == "nobody":
        hub.repos = {kind: {} for kind in hub.repos}
    else:
        hub.mode = int(fault) if fault.isdigit() else fault


@pytest.mark.parametrize("fault", FAULTS)
def test_a_model_of_a_hub_that_is_not_there_is_one_line(
    hub: Hub, fault: str, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    break_down(hub, fault, monkeypatch)
    begun = time.monotonic()
    with pytest.raises(ModelError) as told:
        fetch(resolve(MODEL))
    assert time.monotonic() - begun < 30
    assert str(told.value).startswith(f"cannot load '{MODEL}' from the hub: ")
    assert re.search(FAULTS[fault], str(told.value))
    assert "\n" not in str(told.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_set_of_a_hub_that_is_not_there_is_one_line_and_exit_code_2(
    hub: Hub, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    from sycoscope.cli import main

    hub.repo("datasets", "meg-tong/sycophancy-eval").commit({"answer.jsonl": b"{}\n"}, "main")
    break_down(hub, fault, monkeypatch)
    words = [
        "null:ideal",
        "--data",
        "hub",
        "--facets",
        "answer",
        "--limit",
        "4",
        "--out",
        str(tmp_path / "run"),
    ]
    monkeypatch.setattr(sys, "argv", ["sycoscope", "eval", *words])
    begun = time.monotonic()
    with pytest.raises(SystemExit) as ended:
        main()
    assert time.monotonic() - begun < 30
    assert ended.value.code == 2
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert line.startswith("error: cannot read 'meg-tong/sycophancy-eval")
    assert re.search(FAULTS[fault], line)
    assert not (tmp_path / "run").exists()


def test_a_hub_that_never_answers_is_told_of_within_seconds(hub: Hub, tmp_path: Path) -> None:
    hub.mode = "hang"
    command = "import sys; from sycoscope.cli import main; sys.exit(main())"
    begun = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", command, "eval", MODEL, "--facets", "answer", "--out", str(tmp_path / "run")],
        env={name: value for name, value in os.environ.items() if name != "HF_HUB_ETAG_TIMEOUT"}
        | environment(hub, tmp_path / "cold" / "hub"),
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert time.monotonic() - begun < 100  # alone it takes 5 s, most of them the wait for an answer
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.strip().splitlines()
    assert "does not answer within 2 s" in line


def test_a_hub_that_was_silent_is_not_waited_for_again_where_the_cache_has_all(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {name: BenchmarkRows(name, "hub").rows() for name in BENCHMARKS}
    break_down(hub, "hang", monkeypatch)
    hub.log.clear()
    assert {name: BenchmarkRows(name, "hub").rows() for name in BENCHMARKS} == first
    assert len(hub.log) == 1
    with pytest.raises(
        MissingError, match=r"does not answer within 0\.4 s .*and the hub's cache does not hold all"
    ):
        BenchmarkRows("gsm8k", "hub").rows("train")


def test_a_plan_tells_of_a_set_that_the_hub_lays_out_otherwise(hub: Hub) -> None:
    from sycoscope.config import parse_study

    raw = {"study": "s", "model": {"name": "m"}, "data": "hub"}
    raw |= {"capability": [{"benchmark": "mmlu"}, {"benchmark": "gsm8k"}]}
    assert api.hub_faults(parse_study(raw)) == []
    hub.repo("datasets", REPOS["gsm8k"]).commit({"rows.csv": b"a"}, "main")
    (fault,) = api.hub_faults(parse_study(raw))
    assert fault.startswith("gsm8k: 'openai/gsm8k' on the hub holds none of ")
    assert hub.fetched() == set()
