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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from pydantic import TypeAdapter, ValidationError

from sycoscope.core.digests import bytes_digest
from sycoscope.core.files import digest_of, disk_errors
from sycoscope.core.protocols import AnswersOneByOne, BatchInvariant, ChoiceModel, Model
from sycoscope.core.types import ChoiceLogprobs, ChoiceRequest, GenerateRequest, RequestInfo, Response, Trial
from sycoscope.study.cache import ShardCache

# Where a line of the log has its digest.
DIGEST = "digest"
# Requests per call where each response is kept by itself: what a kill can lose.
PART_REQUESTS = 64
# A kill loses nothing that was written; a power cut loses what was written within this time (s).
SYNC_SECONDS = 1.0

Request = GenerateRequest | ChoiceRequest
Answer = Response | ChoiceLogprobs
R = TypeVar("R", GenerateRequest, ChoiceRequest)
A = TypeVar("A", Response, ChoiceLogprobs)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the log: the key of a call, and its answers in the order of its requests; None where one failed."""

    key: str
    answers: tuple[Answer | None, ...]


_ENTRY = TypeAdapter(_Entry)


def ask_once(cache: ShardCache, key: str, model: Model, ask: Callable[[Model], list[Trial]]) -> None:
    """Ask a shard into the cache, where it is not there; where another process asks it, wait for that one.

    Args:
        ask: Asks the model that it is given; called where the shard is not finished.
    """
    with cache.claimed(key):
        keep(cache, key, model, ask)


def keep(cache: ShardCache, key: str, model: Model, ask: Callable[[Model], list[Trial]]) -> None:
    """As `ask_once`, for a process that has claimed the shard."""
    if not cache.has(key):
        with logged(model, cache.log_path(key)) as keeping:
            trials = ask(keeping)
        cache.put_trials(key, trials)


@contextmanager
def logged(model: Model, path: Path) -> Iterator[Model]:
    """The model as one whose responses are kept in the log at `path` and are not asked for twice."""
    log = ResponseLog(path)
    try:
        yield _LoggedChoiceModel(model, log) if isinstance(model, ChoiceModel) else _LoggedModel(model, log)
    finally:
        log.close()


class ResponseLog:
    """A file of JSON lines, one per call: the key of its requests, their answers in order, and a digest of both.

    An answer that failed is null. Of lines with one key the last holds. A line that cannot be read (the last one of a
    killed run) or does not fit its digest is passed over.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._answers = dict(_entries(path))
        self._file: BinaryIO | None = None
        self._synced = 0.0

    def get(self, key: str) -> tuple[Answer | None, ...] | None:
        """The answers to the requests of `key`; None where there are none."""
        return self._answers.get(key)

    def put(self, entries: Sequence[tuple[str, Sequence[Answer]]]) -> None:
        """Append entries of (key, answers).

        Raises:
            StoreError: the file cannot be written; what was written before stays.
        """
        lines = [line_of({"key": key, "answers": list(map(_record, answers))}) for key, answers in entries]
        with self._writing() as file:
            file.write("".join(f"{line}\n" for line in lines).encode())
            file.flush()
            if time.monotonic() - self._synced > SYNC_SECONDS:
                self._sync(file)

    def close(self) -> None:
        """Write what is not on the disk yet, and close the file.

        Raises:
            StoreError: it cannot be written.
        """
        if self._file is not None:
            with self._writing() as file:
                self._sync(file)
                file.close()
            self._file = None

    @contextmanager
    def _writing(self) -> Iterator[BinaryIO]:
        """The open file; after a write that failed it is closed, so that closing the log does not fail once more."""
        with disk_errors(self.path):
            try:
                yield self._open()
            except OSError:
                if self._file is not None:
                    with suppress(OSError):
                        self._file.close()
                    self._file = None
                raise

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


def _entries(path: Path) -> Iterator[tuple[str, tuple[Answer | None, ...]]]:
    """What can be read of a log; the rest is passed over."""
    if not path.is_file():
        return
    for line in path.read_bytes().splitlines():
        try:
            plain = json.loads(line)
            digest = plain.pop(DIGEST, "") if isinstance(plain, dict) else ""
            entry = _ENTRY.validate_python(plain)
        except (ValueError, RecursionError, ValidationError):
            continue
        if digest == _digest(plain):
            yield entry.key, entry.answers


def line_of(entry: dict[str, Any]) -> str:
    """An entry (`key`, `answers`) as a line of the log."""
    return json.dumps(entry | {DIGEST: _digest(entry)})


def _digest(entry: dict[str, Any]) -> str:
    """Of an entry as its line has it."""
    return bytes_digest(json.dumps(entry).encode())[:24]


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
        return self._answers(requests, self._model.generate, Response)

    def _answers(
        self, requests: Sequence[R], ask: Callable[[Sequence[R]], list[A]], kind: type[A]
    ) -> list[A]:
        digest = self._model.digest
        contents: list[dict[str, Any]] = [_content(request) for request in requests]
        if isinstance(self._model, BatchInvariant) and self._model.batch_invariant:
            keys = [digest_of([digest, content]) for content in contents]
            return self._one_by_one(requests, keys, ask, kind)
        return self._whole(requests, digest_of([digest, *contents]), ask, kind)

    def _whole(
        self, requests: Sequence[R], key: str, ask: Callable[[Sequence[R]], list[A]], kind: type[A]
    ) -> list[A]:
        """One entry for the call. Of a call that is there, only failed requests are asked again."""
        kept = self._kept(requests, key, kind)
        answers = {index: answer for index, answer in enumerate(kept) if answer is not None}
        missing = [index for index in range(len(requests)) if index not in answers]
        if missing:
            fresh = ask([requests[index] for index in missing])
            answers.update(zip(missing, fresh, strict=True))
            if not all(map(_failed, fresh)):
                self._log.put([(key, [answers[index] for index in range(len(requests))])])
        return [answers[index] for index in range(len(requests))]

    def _one_by_one(
        self,
        requests: Sequence[R],
        keys: Sequence[str],
        ask: Callable[[Sequence[R]], list[A]],
        kind: type[A],
    ) -> list[A]:
        """One entry per request; what is missing is asked in parts, or kept as it comes."""
        kept = [self._kept([request], key, kind)[0] for request, key in zip(requests, keys, strict=True)]
        answers = {index: answer for index, answer in enumerate(kept) if answer is not None}
        missing = [index for index in range(len(requests)) if index not in answers]
        if isinstance(self._model, AnswersOneByOne):
            self._model.hear(lambda at, answer: self._keep({keys[missing[at]]: answer}))
            try:
                answers.update(zip(missing, ask([requests[index] for index in missing]), strict=True))
            finally:
                self._model.hear(None)
        else:
            for start in range(0, len(missing), PART_REQUESTS):
                part = missing[start : start + PART_REQUESTS]
                fresh = dict(zip(part, ask([requests[index] for index in part]), strict=True))
                answers.update(fresh)
                self._keep({keys[index]: answer for index, answer in fresh.items()})
        return [answers[index] for index in range(len(requests))]

    def _keep(self, answers: Mapping[str, Answer]) -> None:
        """Keep answers by their keys; failed ones are left to be asked again."""
        if kept := [(key, [answer]) for key, answer in answers.items() if not _failed(answer)]:
            self._log.put(kept)

    def _kept(self, requests: Sequence[R], key: str, kind: type[A]) -> Sequence[A | None]:
        """The answers of an entry, None where one failed; all None where the entry is not one of these requests."""
        kept = self._log.get(key)
        answers: list[A | None] = []
        for request, answer in zip(requests, kept or (), strict=False):
            if isinstance(answer, kind) and not _failed(answer) and _fits(request, answer):
                answers.append(answer)
            elif answer is None:
                answers.append(None)
        whole = kept is not None and len(kept) == len(answers) == len(requests)
        return answers if whole else [None] * len(requests)


class _LoggedChoiceModel(_LoggedModel):
    """A model with log-probabilities beside a log."""

    _model: ChoiceModel

    def choice_logprobs(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceLogprobs]:
        """Answers out of the log, and the model's where it has none."""
        return self._answers(requests, self._model.choice_logprobs, ChoiceLogprobs)


def _content(request: Request) -> dict[str, Any]:
    """All of a request that can change its answer, and its place: null models answer by what a request is about."""
    content: dict[str, Any] = {
        "messages": [[message.role, message.content] for message in request.messages],
        "about": _place(request.about),
    }
    if isinstance(request, GenerateRequest):
        return content | {"decoding": asdict(request.decoding)}
    return content | {"options": list(request.options), "prefix": request.prefix}


def _place(about: RequestInfo | None) -> list[Any] | None:
    if about is None:
        return None
    return [about.task, about.item.id, about.condition.name, about.turn, about.draw]


def _failed(answer: Answer) -> bool:
    return answer.finish == "error" if isinstance(answer, Response) else not answer.answered


def _fits(request: Request, answer: Answer) -> bool:
    """Whether log-probabilities, or a choice, are of the options that the request has."""
    if isinstance(request, GenerateRequest) or isinstance(answer, Response):
        return True
    if answer.logprobs is None:
        return answer.chosen is not None and 0 <= answer.chosen < len(request.options)
    return len(answer.logprobs) == len(request.options)


def _record(answer: Answer) -> dict[str, Any] | None:
    return None if _failed(answer) else asdict(answer)
