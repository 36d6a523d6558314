"""Logs that Inspect itself writes, with its mock model: read, paired and compared."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("inspect_ai")

from inspect_ai import Epochs, Task
from inspect_ai import eval as run_eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, match, mean, scorer
from inspect_ai.solver import TaskState, generate, system_message

from sycoscope.core.errors import DataError
from sycoscope.logs.comparison import Comparison, compared
from sycoscope.logs.found import format_at, logs_at
from sycoscope.stats import paired_mean

pytestmark = pytest.mark.slow
N = 40


@scorer(metrics={"length": [mean()], "kind": [mean()]})
def shape() -> Any:
    async def score(state: TaskState, target: Any) -> Score:
        return Score(value={"length": float(len(state.output.completion)), "kind": "a word"})

    return score


@scorer(metrics=[mean()])
def sometimes() -> Any:
    """Not scored for every tenth."""

    async def score(state: TaskState, target: Any) -> Score:
        if str(state.sample_id).endswith("0"):
            return Score.unscored(reason="grader_failed")
        return Score(value=3)

    return score


def log(
    folder: Path, says: Callable[[int, int], str], *, system: str = "Be brief.", epochs: Any = 1, scorers: Any = None,
    order: int = 0, ids: str = "q",
) -> Path:  # fmt: skip
    """One log: `says` gives the answer to question i in its k-th draw."""
    seen: dict[int, int] = {}

    def answer(messages: Any, *_: Any) -> ModelOutput:
        i = int(messages[-1].text.split()[2])
        seen[i] = seen.get(i, 0) + 1
        if (text := says(i, seen[i])) == "fail":
            raise RuntimeError("the server is gone")
        out = ModelOutput.from_content("mockllm/model", text)
        out.usage = ModelUsage()  # otherwise it is counted with a tokenizer from the net
        return out

    rows = [
        Sample(id=f"{ids}{i}", input=f"What is {i} + 1?", target=str(i + 1), metadata={"cluster": f"c{i // 4}", "page": i // 8})
        for i in range(N)
    ]  # fmt: skip
    random.Random(order).shuffle(rows)
    task = Task(
        dataset=rows,
        solver=[system_message(system), generate()],
        scorer=scorers or [match(), shape()],
        name="sums",
    )
    model = get_model("mockllm/model", custom_outputs=answer)
    run_eval(
        task, model=model, log_dir=str(folder), display="none", epochs=epochs, max_samples=1, fail_on_error=False,
        log_level="error",
    )  # fmt: skip
    return folder


def right(share: float, seed: int) -> Callable[[int, int], str]:
    known = np.random.default_rng(seed).random((N, 8)) < share
    return lambda i, draw: str(i + 1) if known[i, draw - 1] else "no"


def values(share: float, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random((N, 8)) < share)[:, 0].astype(float)


def changed(found: Comparison) -> dict[str, Any]:
    return {one.change.name: one.change for one in found.results}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("inspect")
    return {
        "before": log(root / "before", right(0.4, 1)),
        "after": log(root / "after", right(0.8, 2), order=3),
    }


def test_two_logs_are_compared_by_document(logs) -> None:
    assert {format_at(path) for path in logs.values()} == {"inspect"}
    found = compared(logs_at(logs["before"]), logs_at(logs["after"]))
    differences = values(0.8, 2) - values(0.4, 1)
    tested = paired_mean(differences, [f"c{i // 4}" for i in range(N)], bounds=(-1, 1))
    change = changed(found)["match"]
    assert change.value == pytest.approx(differences.mean())
    assert change.p_value == pytest.approx(tested.p_value)
    assert (change.low, change.high) == pytest.approx((tested.interval(0.95).low, tested.interval(0.95).high))
    assert (change.n, change.n_clusters) == (N, N // 4)
    # a scorer's values by name; a text that is no number has none
    assert set(changed(found)) == {"match", "shape/length"}
    assert changed(found)["shape/length"].unit == "score"
    by_page = compared(logs_at(logs["before"]), logs_at(logs["after"]), cluster="page")
    assert changed(by_page)["match"].n_clusters == N // 8


def test_the_numbers_are_inspects_own(logs) -> None:
    from inspect_ai.log import list_eval_logs, read_eval_log

    found = compared(logs_at(logs["before"]), logs_at(logs["after"]))
    for side, path in logs.items():
        (place,) = list_eval_logs(str(path))
        header = read_eval_log(place, header_only=True)
        accuracy = next(one for one in header.results.scores if one.name == "match").metrics["accuracy"].value
        (level,) = [e for e in found.estimates if (e.subject, e.name, e.reference) == (side, "match", "")]
        assert level.value == pytest.approx(accuracy)


def test_draws_are_reduced_and_never_paired_by_their_place(tmp_path) -> None:
    draws = np.random.default_rng(5).random((N, 3)) < 0.5
    most = Epochs(3, "max")
    before = log(tmp_path / "a", lambda i, k: str(i + 1) if draws[i, k - 1] else "no", epochs=most)
    turned = log(tmp_path / "b", lambda i, k: str(i + 1) if draws[i, -k] else "no", epochs=3)
    both = compared(logs_at(before), logs_at(turned))
    change = changed(both)["match"]
    assert (change.value, change.p_value) == (0.0, 1.0)
    (told,) = [one.message for one in both.findings if one.check == "status"]
    assert (
        "log before: it reduces the draws of a document by max, which rises with the number of draws" in told
    )
    assert change.n == N
    # against one draw: the mean of three
    one = log(tmp_path / "c", right(0.8, 2))
    found = compared(logs_at(before), logs_at(one))
    assert changed(found)["match"].value == pytest.approx((values(0.8, 2) - draws.mean(axis=1)).mean())
    assert any("draws 3 before, 1 after" in finding.message for finding in found.findings)


def test_errors_and_unscored_samples_are_missing_and_never_0(tmp_path) -> None:
    fails = log(
        tmp_path / "a", lambda i, _: "fail" if i % 20 == 7 else str(i + 1), scorers=[match(), sometimes()]
    )
    whole = log(tmp_path / "b", lambda i, _: str(i + 1), scorers=[match(), sometimes()])
    found = compared(logs_at(fails), logs_at(whole))
    lost = {(pair.metric, pair.document, pair.status_before) for pair in found.pairs if pair.before is None}
    assert {("match", "q7", "error"), ("match", "q27", "error"), ("sometimes", "q10", "error")} <= lost
    assert changed(found)["match"].value == 0.0
    assert changed(found)["match"].n == N - 2
    assert changed(found)["match"].coverage == pytest.approx((N - 2) / N)


def test_another_prompt_is_refused_with_the_ids(tmp_path, logs) -> None:
    other = log(tmp_path / "a", right(0.4, 1), system="Be as long as you like.")
    with pytest.raises(DataError, match=r"40 of 40 documents were asked with other prompts.* They are: q"):
        compared(logs_at(logs["before"]), logs_at(other))


def test_other_ids_are_not_paired_by_position(tmp_path, logs) -> None:
    other = log(tmp_path / "a", right(0.4, 1), ids="item-")
    with pytest.raises(DataError, match="no document in common"):
        compared(logs_at(logs["before"]), logs_at(other))


def test_a_damaged_sample_is_named_and_never_left_out(tmp_path, logs) -> None:
    (path,) = logs["before"].glob("*.eval")
    with zipfile.ZipFile(path) as archive:
        place = archive.getinfo("samples/q3_epoch_1.json").header_offset
    data, broken = path.read_bytes(), tmp_path / "broken.eval"
    broken.write_bytes(data[: place + 60] + b"\0" * 100 + data[place + 160 :])
    with pytest.raises(DataError, match=r"broken.eval' cannot be read as a log of Inspect"):
        compared(logs_at(broken), logs_at(logs["after"]))
    broken.write_bytes(data[: len(data) // 2])
    assert format_at(broken) is None  # no end, so no archive


def test_a_field_that_is_not_there_is_refused(logs) -> None:
    with pytest.raises(DataError, match=r"sample \"q\d+\": no field 'chapter' .*there are: cluster, page"):
        compared(logs_at(logs["before"]), logs_at(logs["after"]), cluster="chapter")
