"""Responses of an unfinished shard: kept as they come, asked once, byte-equal after a failure, a kill, a torn line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from sycoscope.core.errors import StoreError
from sycoscope.core.protocols import BatchInvariant, Model
from sycoscope.core.types import (
    ChoiceLogprobs,
    ChoiceRequest,
    Decoding,
    GenerateRequest,
    Item,
    Message,
    Response,
    Trial,
)
from sycoscope.facets import task_of
from sycoscope.facets.runner import play
from sycoscope.models.null import null_model
from sycoscope.models.scripted import ScriptedModel
from sycoscope.study import response_log
from sycoscope.study.cache import ShardCache
from sycoscope.study.response_log import ask_once, logged

ITEMS = [
    Item(id=f"i{n}", source="t", question=f"What is {n}?", target=f"t{n}", suggestion=f"s{n}")
    for n in range(5)
]
TASK = task_of("are_you_sure", probe=True)  # waves: first, reply, a probe, final
GREEDY = Decoding(max_tokens=1)


class Killed(BaseException):
    """What a signal does to a run."""


class Talker:
    """Answers with all that it was asked; an answer that hangs on its batch says its place there too.

    Args:
        fail_at: Number of the call that raises `fault`, counted from 1; 0 for none.
        broken: Whether a request comes back as an error.
    """

    name = digest = "talker"

    def __init__(
        self,
        *,
        batch_invariant: bool,
        fail_at: int = 0,
        fault: type[BaseException] = Killed,
        broken: Callable[[GenerateRequest | ChoiceRequest], bool] = lambda request: False,
    ) -> None:
        self.batch_invariant = batch_invariant
        self.fail_at = fail_at
        self.fault = fault
        self.broken = broken
        self.calls: list[list[GenerateRequest | ChoiceRequest]] = []

    def _company(self, requests: Sequence[Any], index: int) -> str:
        return "" if self.batch_invariant else f" ({index + 1} of {len(requests)})"

    def _called(self, requests: Sequence[Any]) -> None:
        self.calls.append(list(requests))
        if len(self.calls) == self.fail_at:
            raise self.fault("the endpoint is down")

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
        self._called(requests)
        return [
            Response(text="", finish="error", error="no answer")
            if self.broken(request)
            else Response(text=f"{said(request.messages)}{self._company(requests, index)}", n_tokens=3)
            for index, request in enumerate(requests)
        ]

    def choice_logprobs(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceLogprobs]:
        self._called(requests)
        return [
            ChoiceLogprobs(logprobs=None, error="no answer")
            if self.broken(request)
            else ChoiceLogprobs(
                logprobs=(
                    -1 / (3 + index * (not self.batch_invariant)),
                    *(-float(len(request.messages) + place) / 7 for place in range(len(request.options) - 1)),
                ),
                n_tokens=(1,) * len(request.options),
            )
            for index, request in enumerate(requests)
        ]


def said(messages: Sequence[Message]) -> str:
    return " / ".join(f"{m.role}: {m.content}" for m in messages)


def ask(model: Model) -> list[Trial]:
    return play(TASK, ITEMS, model, subject="s", decoding=GREEDY)


def shard(cache: ShardCache, model: Any, key: str = "shard") -> bytes:
    ask_once(cache, key, model, ask)
    return cache.path(key).read_bytes()


@pytest.mark.parametrize("batch_invariant", [True, False])
@pytest.mark.parametrize("fault", [Killed, RuntimeError])
def test_a_model_that_fails_in_the_third_wave_is_asked_only_for_the_rest(
    tmp_path: Path, batch_invariant: bool, fault: type[BaseException]
) -> None:
    whole_model = Talker(batch_invariant=batch_invariant)
    whole = shard(ShardCache(tmp_path / "whole"), whole_model)
    cache = ShardCache(tmp_path / "broken")
    failing = Talker(batch_invariant=batch_invariant, fail_at=3, fault=fault)
    with pytest.raises(fault):
        shard(cache, failing)
    assert not cache.has("shard")
    assert cache.log_path("shard").is_file()
    resumed = Talker(batch_invariant=batch_invariant)
    assert shard(cache, resumed) == whole
    assert (
        resumed.calls == whole_model.calls[2:]
    )  # the interrupted call whole, in the composition that it had
    assert not cache.log_path("shard").exists()
    again = Talker(batch_invariant=batch_invariant)
    assert shard(cache, again) == whole
    assert again.calls == []


def test_within_a_wave_a_batch_invariant_model_loses_only_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_log, "PART_REQUESTS", 2)
    cache = ShardCache(tmp_path)
    whole_model = Talker(batch_invariant=True)
    whole = shard(ShardCache(tmp_path / "whole"), whole_model)
    assert {len(call) for call in whole_model.calls} == {1, 2}
    with pytest.raises(Killed):
        shard(cache, Talker(batch_invariant=True, fail_at=3))  # the last of the first wave's five requests
    resumed = Talker(batch_invariant=True)
    assert shard(cache, resumed) == whole
    assert resumed.calls == whole_model.calls[2:]


def test_a_model_that_says_nothing_of_batches_is_asked_in_whole_waves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_log, "PART_REQUESTS", 2)
    silent = Talker(batch_invariant=False)
    del silent.batch_invariant
    assert not isinstance(silent, BatchInvariant)
    silent._company = lambda requests, index: ""  # type: ignore[method-assign]
    silent.choice_logprobs = lambda requests: [  # type: ignore[method-assign]
        ChoiceLogprobs(logprobs=(-1.0,) * len(request.options)) for request in requests
    ]
    with logged(silent, tmp_path / "log") as model:
        ask(model)
    assert [len(call) for call in silent.calls] == [5, 20, 20]


@pytest.mark.parametrize("batch_invariant", [True, False])
def test_failed_requests_are_asked_again_and_the_others_are_not(
    tmp_path: Path, batch_invariant: bool
) -> None:
    """Errors end the dialogues that they meet; after a kill these are asked again, from where they broke."""

    def two_fail(request: GenerateRequest | ChoiceRequest) -> bool:
        return request.messages[0].content.startswith(("What is 2?", "What is 4?"))

    cache = ShardCache(tmp_path)
    with pytest.raises(Killed):
        shard(cache, Talker(batch_invariant=batch_invariant, fail_at=2, broken=two_fail))
    resumed = Talker(batch_invariant=batch_invariant)
    shard(cache, resumed)
    assert [request.about.item.id for request in resumed.calls[0] if request.about] == ["i2", "i4"]
    assert all(turn.response.finish == "stop" for trial in cache.trials("shard") for turn in trial.asked)


def test_log_probabilities_that_failed_are_asked_again(tmp_path: Path) -> None:
    task = task_of("answer")

    def asked(model: Model) -> list[Trial]:
        return play(task, ITEMS, model, subject="s", decoding=GREEDY)

    cache = ShardCache(tmp_path)
    first = Talker(batch_invariant=True, fail_at=2, broken=lambda request: isinstance(request, ChoiceRequest))
    with pytest.raises(Killed):
        ask_once(cache, "shard", first, asked)
    second = Talker(batch_invariant=True)
    ask_once(cache, "shard", second, asked)
    trials = cache.trials("shard")
    assert len(second.calls[0]) == len(first.calls[0])
    assert all(probe.result.logprobs is not None for trial in trials for probe in trial.probes)


@pytest.mark.parametrize("batch_invariant", [True, False])
def test_a_torn_last_line_costs_only_what_it_held(tmp_path: Path, batch_invariant: bool) -> None:
    whole = shard(ShardCache(tmp_path / "whole"), Talker(batch_invariant=batch_invariant))
    cache = ShardCache(tmp_path)
    with pytest.raises(Killed):
        shard(cache, Talker(batch_invariant=batch_invariant, fail_at=5))
    log = cache.log_path("shard")
    lines = log.read_bytes().splitlines(keepends=True)
    for cut in (len(lines[-1]) // 2, 1):
        log.write_bytes(b"".join(lines[:-1]) + lines[-1][:cut])
        with pytest.raises(Killed):  # asks for what the line held, and fails in the last wave again
            shard(cache, Talker(batch_invariant=batch_invariant, fail_at=2))
        resumed = Talker(batch_invariant=batch_invariant)
        assert shard(cache, resumed) == whole
        assert [len(call) for call in resumed.calls] == [20]
        cache.path("shard").unlink()
        log.write_bytes(b"".join(lines))


def test_damage_in_the_middle_of_a_log_is_passed_over(tmp_path: Path) -> None:
    whole = shard(ShardCache(tmp_path / "whole"), Talker(batch_invariant=True))
    cache = ShardCache(tmp_path)
    with pytest.raises(Killed):
        shard(cache, Talker(batch_invariant=True, fail_at=4))
    log = cache.log_path("shard")
    log.write_bytes(b'\xff\xfe\n[]\n{"key": "k"}\n\n7\n' + log.read_bytes())
    resumed = Talker(batch_invariant=True)
    assert shard(cache, resumed) == whole
    assert len(resumed.calls) == 2


def test_an_answer_that_was_changed_in_the_log_is_asked_again(tmp_path: Path) -> None:
    whole = shard(ShardCache(tmp_path / "whole"), Talker(batch_invariant=False))
    cache = ShardCache(tmp_path)
    with pytest.raises(Killed):
        shard(cache, Talker(batch_invariant=False, fail_at=4))
    log = cache.log_path("shard")
    kept = log.read_bytes()
    assert b"user: " in kept
    for changed in (kept.replace(b"user: ", b"usfr: "), kept.replace(b'"digest"', b'"digesu"')):
        log.write_bytes(changed)
        assert shard(cache, Talker(batch_invariant=False)) == whole
        cache.path("shard").unlink()


@pytest.mark.parametrize("batch_invariant", [True, False])
@pytest.mark.parametrize(
    "answers",
    ['[{"nope": 1}]', '"zz"', "[null]", "[]", "7", '[{"text": 3}]', '[{"text": "", "finish": "tired"}]',
     '[{"logprobs": [-1.0], "n_tokens": [1]}]'],
)  # fmt: skip
def test_an_entry_of_another_shape_is_passed_over_and_its_requests_are_asked(
    tmp_path: Path, answers: str, batch_invariant: bool
) -> None:
    whole = shard(ShardCache(tmp_path / "whole"), Talker(batch_invariant=batch_invariant))
    cache = ShardCache(tmp_path)
    with pytest.raises(Killed):
        shard(cache, Talker(batch_invariant=batch_invariant, fail_at=4))
    log = cache.log_path("shard")
    keys = [json.loads(line)["key"] for line in log.read_bytes().splitlines()]
    entries = [{"key": key, "answers": json.loads(answers)} for key in keys]
    log.write_text("".join(f"{response_log.line_of(entry)}\n" for entry in entries))
    resumed = Talker(batch_invariant=batch_invariant)
    assert shard(cache, resumed) == whole
    assert sum(map(len, resumed.calls)) == 5 + 20 + 20 + 20 + 20


def test_one_answer_that_cannot_be_read_costs_the_whole_call(tmp_path: Path) -> None:
    """The rest of it would be batched in another composition."""
    cache = ShardCache(tmp_path)
    with pytest.raises(Killed):
        shard(cache, Talker(batch_invariant=False, fail_at=2))
    log = cache.log_path("shard")
    entry = json.loads(log.read_bytes())
    del entry["digest"]
    entry["answers"][1] = {"logprobs": [-1.0]}
    log.write_text(response_log.line_of(entry))
    resumed = Talker(batch_invariant=False)
    shard(cache, resumed)
    assert len(resumed.calls[0]) == 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("batch_invariant", [True, False])
def test_a_full_disk_is_named_and_not_a_traceback(tmp_path: Path, batch_invariant: bool) -> None:
    cache = ShardCache(tmp_path)
    log = cache.log_path("shard")
    log.parent.mkdir(parents=True)
    log.symlink_to("/dev/full")
    with pytest.raises(
        StoreError, match=r"shard\.responses\.jsonl' cannot be written \(No space left .*free"
    ):
        shard(cache, Talker(batch_invariant=batch_invariant))
    log.unlink()
    assert shard(cache, Talker(batch_invariant=batch_invariant))


def test_another_model_s_responses_are_not_taken(tmp_path: Path) -> None:
    with logged(Talker(batch_invariant=True), tmp_path / "log") as model:
        ask(model)
    other = Talker(batch_invariant=True)
    other.digest = "another"
    with logged(other, tmp_path / "log") as model:
        ask(model)
    assert sum(map(len, other.calls)) == 5 + 20 + 20 + 20 + 20


def test_sampled_draws_keep_a_response_each(tmp_path: Path) -> None:
    def draws(model: Model) -> list[Trial]:
        decoding = Decoding(max_tokens=1, temperature=1.0, seed=3)
        return play(task_of("answer", probe=False), ITEMS, model, subject="s", decoding=decoding, draws=3)

    class Counting(Talker):
        def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
            self._called(requests)
            return [Response(text=f"{request.decoding.seed}") for request in requests]

    model = Counting(batch_invariant=True)
    with logged(model, tmp_path / "log") as first:
        whole = draws(first)
    silent = Counting(batch_invariant=True, fail_at=1)
    with logged(silent, tmp_path / "log") as second:
        assert draws(second) == whole
    assert len({turn.response.text for trial in whole for turn in trial.asked}) == len(ITEMS) * 3


@pytest.mark.parametrize(
    "task", [task_of("answer"), task_of("are_you_sure", probe=True)], ids=lambda task: task.name
)
def test_null_models_answer_through_the_log_as_without_it(tmp_path: Path, task: Any) -> None:
    """They answer by what a request is about, not by its text."""
    model = null_model("null:uniform-random", 3)

    def trials(model: Model) -> list[Trial]:
        return play(task, ITEMS, model, subject="s", decoding=GREEDY)

    for _ in range(2):
        with logged(model, tmp_path / "log") as through:
            assert trials(through) == trials(model)


def test_a_model_without_log_probabilities_has_none_through_the_log(tmp_path: Path) -> None:
    class Endpoint:
        name = digest = "endpoint"

        def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
            return [Response(text="fine") for _ in requests]

    with logged(Endpoint(), tmp_path / "log") as model:
        assert not hasattr(model, "choice_logprobs")
        assert model.generate([]) == []


def test_who_says_that_company_does_not_matter() -> None:
    assert null_model("null:ideal", 1).batch_invariant  # type: ignore[attr-defined]
    assert ScriptedModel({"a": "b"}).batch_invariant
    assert ScriptedModel(said).batch_invariant
    assert not ScriptedModel(["said", "in", "turn"]).batch_invariant
    from sycoscope.models.torch_model import TorchModel

    assert not hasattr(TorchModel, "batch_invariant")  # its answers round by the shape of their batch


VICTIM = """
import os, signal, sys
from pathlib import Path
from {module} import Talker, shard
from sycoscope.study.cache import ShardCache

class Victim(Talker):
    def _called(self, requests):
        super()._called(requests)
        if len(self.calls) == 3:
            os.kill(os.getpid(), signal.SIGKILL)

shard(ShardCache(Path(sys.argv[1])), Victim(batch_invariant=sys.argv[2] == "True"))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
@pytest.mark.parametrize("batch_invariant", [True, False])
def test_a_process_that_is_killed_keeps_what_it_was_told(tmp_path: Path, batch_invariant: bool) -> None:
    whole_model = Talker(batch_invariant=batch_invariant)
    whole = shard(ShardCache(tmp_path / "whole"), whole_model)
    victim = subprocess.run(
        [sys.executable, "-c", VICTIM.format(module=__name__), str(tmp_path), str(batch_invariant)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert victim.returncode == -signal.SIGKILL
    cache = ShardCache(tmp_path)
    entries = [json.loads(line) for line in cache.log_path("shard").read_text().splitlines()]
    assert sum(len(entry["answers"]) for entry in entries) == sum(map(len, whole_model.calls[:2]))
    resumed = Talker(batch_invariant=batch_invariant)
    assert shard(cache, resumed) == whole
    assert resumed.calls == whole_model.calls[2:]
