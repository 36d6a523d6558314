"""Responses of an unfinished shard, kept as they come, so that a killed or failing run asks only for what is missing.

The log must not change an answer. Where an answer depends on what is asked beside it (products of half precision round
by the shape of their batch), what is kept is a whole call: a call that was interrupted is asked again whole, in the
composition that it would have had. Where it does not (`batch_invariant`), each response is kept by itself, and calls
are made in parts, so that little is lost. Failed requests are not kept: the next run asks them again.

docs/decisions/0011-response-log.md says why.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from sycoscope.core.files import digest_of
from sycoscope.core.protocols import BatchInvariant, ChoiceModel, Model
from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest, GenerateRequest, RequestInfo, Response, Trial
from sycoscope.study.cache import ShardCache

# Requests per call where each response is kept by itself: what a kill can lose.
PART_REQUESTS = 64
# A kill loses nothing that was written; a power cut loses what was written within this time (s).
SYNC_SECONDS = 1.0

Request = GenerateRequest | ChoiceRequest
Answer = Response | ChoiceLogprobs
R = TypeVar("R", GenerateRequest, ChoiceRequest)
A = TypeVar("A", Response, ChoiceLogprobs)


def asked_once(cache: ShardCache, key: str, model: Model, ask: Callable[[Model], list[Trial]]) -> list[Trial]:
    """Trials of a shard: out of the cache, or asked and kept there.

    Args:
        ask: Asks the model that it is given; called where the shard is not finished.
    """
    if not cache.has(key):
        with logged(model, cache.log_path(key)) as keeping:
            trials = ask(keeping)
        cache.put_trials(key, trials)
    return cache.trials(key)


@contextmanager
def logged(model: Model, path: Path) -> Iterator[Model]:
    """The model as one whose responses are kept in the log at `path` and are not asked for twice."""
    log = ResponseLog(path)
    try:
        yield _LoggedChoiceModel(model, log) if isinstance(model, ChoiceModel) else _LoggedModel(model, log)
    finally:
        log.close()


class ResponseLog:
    """A file of JSON lines, one per call: the key of its requests, and their answers in order.

    An answer that failed is null. Of lines with one key the last holds. A line that cannot be read (the last one of a
    killed run) is passed over.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._answers = dict(_lines(path))
        self._file: BinaryIO | None = None
        self._synced = 0.0

    def get(self, key: str) -> list[dict[str, Any] | None] | None:
        """The answers to the requests of `key`; None where there are none."""
        return self._answers.get(key)

    def put(self, entries: Sequence[tuple[str, Sequence[dict[str, Any] | None]]]) -> None:
        """Append entries of (key, answers)."""
        file = self._open()
        file.write(b"".join(json.dumps({"key": k, "answers": list(a)}).encode() + b"\n" for k, a in entries))
        file.flush()
        if time.monotonic() - self._synced > SYNC_SECONDS:
            self._sync(file)

    def close(self) -> None:
        """Write what is not on the disk yet, and close the file."""
        if self._file is not None:
            self._sync(self._file)
            self._file.close()
            self._file = None

    def _open(self) -> BinaryIO:
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab")
            if self._file.tell():
                self._file.write(b"\n")  # a torn last line ends here
            self._synced = time.monotonic()
        return self._file

    def _sync(self, file: BinaryIO) -> None:
        os.fsync(file.fileno())
        self._synced = time.monotonic()


def _lines(path: Path) -> Iterator[tuple[str, list[dict[str, Any] | None]]]:
    if not path.is_file():
        return
    for line in path.read_bytes().splitlines():
        try:
            entry = json.loads(line)
            yield entry["key"], entry["answers"]
        except (ValueError, KeyError, TypeError):
            continue


class _LoggedModel:
    """A model beside a log."""

    def __init__(self, model: Model, log: ResponseLog) -> None:
        self._model = model
        self._log = log

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    @property
    def digest(self) -> str:
        """The model's."""
        return self._model.digest

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Response]:
        """Answers out of the log, and the model's where it has none."""
        return self._answers(requests, self._model.generate, _response)

    def _answers(
        self, requests: Sequence[R], ask: Callable[[Sequence[R]], list[A]], read: Callable[[Any], A]
    ) -> list[A]:
        digest = self._model.digest
        records: list[dict[str, Any]] = [_record(request) for request in requests]
        if isinstance(self._model, BatchInvariant) and self._model.batch_invariant:
            keys = [digest_of([digest, record]) for record in records]
            return self._one_by_one(requests, keys, ask, read)
        return self._whole(requests, digest_of([digest, *records]), ask, read)

    def _whole(
        self, requests: Sequence[R], key: str, ask: Callable[[Sequence[R]], list[A]], read: Callable[[Any], A]
    ) -> list[A]:
        """One entry for the call. Of a call that is there, only failed requests are asked again."""
        kept = self._log.get(key) or [None] * len(requests)
        missing = [index for index, answer in enumerate(kept) if answer is None]
        answers = {index: read(answer) for index, answer in enumerate(kept) if answer is not None}
        if missing:
            fresh = ask([requests[index] for index in missing])
            answers.update(zip(missing, fresh, strict=True))
            if not all(map(_failed, fresh)):
                self._log.put([(key, [_kept(answers[index]) for index in range(len(requests))])])
        return [answers[index] for index in range(len(requests))]

    def _one_by_one(
        self,
        requests: Sequence[R],
        keys: Sequence[str],
        ask: Callable[[Sequence[R]], list[A]],
        read: Callable[[Any], A],
    ) -> list[A]:
        """One entry per request; what is missing is asked in parts."""
        kept = {index: entry[0] for index, key in enumerate(keys) if (entry := self._log.get(key))}
        answers = {index: read(answer) for index, answer in kept.items()}
        missing = [index for index in range(len(requests)) if index not in answers]
        for start in range(0, len(missing), PART_REQUESTS):
            part = missing[start : start + PART_REQUESTS]
            fresh = dict(zip(part, ask([requests[index] for index in part]), strict=True))
            answers.update(fresh)
            self._log.put(
                [(keys[index], [_kept(answer)]) for index, answer in fresh.items() if not _failed(answer)]
            )
        return [answers[index] for index in range(len(requests))]


class _LoggedChoiceModel(_LoggedModel):
    """A model with log-probabilities beside a log."""

    _model: ChoiceModel

    def choice_logprobs(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceLogprobs]:
        """Answers out of the log, and the model's where it has none."""
        return self._answers(requests, self._model.choice_logprobs, _choice_logprobs)


def _record(request: Request) -> dict[str, Any]:
    """All of a request that can change its answer, and its place: null models answer by what a request is about."""
    record: dict[str, Any] = {
        "messages": [[message.role, message.content] for message in request.messages],
        "about": _place(request.about),
    }
    if isinstance(request, GenerateRequest):
        return record | {"decoding": asdict(request.decoding)}
    return record | {"options": list(request.options), "prefix": request.prefix}


def _place(about: RequestInfo | None) -> list[Any] | None:
    if about is None:
        return None
    return [about.task, about.item.id, about.condition.name, about.turn, about.draw]


def _failed(answer: Answer) -> bool:
    return answer.finish == "error" if isinstance(answer, Response) else answer.logprobs is None


def _kept(answer: Answer) -> dict[str, Any] | None:
    return None if _failed(answer) else asdict(answer)


def _response(record: dict[str, Any]) -> Response:
    return Response(**record)


def _choice_logprobs(record: dict[str, Any]) -> ChoiceLogprobs:
    return ChoiceLogprobs(**record | {k: tuple(record[k]) for k in ("logprobs", "n_tokens")})
