"""A run that is killed (SIGKILL) at seeded moments and started again: what was logged is never asked twice.

The server counts by what a request says. Its answers carry a mark of their request, a text in brackets or the digits of
a log-probability, so that what lies in the logs and shards after a kill can be told from what does not.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import re
import signal
import threading
import time
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx2")

from served.endpoint_server import EndpointServer, Sent, completion, tokens
from served.test_study import tables
from sycoscope import api
from sycoscope.study.response_log import ResponseLog

FACETS = {"answer": {"limit": 4, "shard_items": 2}, "are_you_sure": {"limit": 3, "shard_items": 2}}
# Requests that look at the endpoint at each start say one of these.
LOOKS = ("Repeat this word", "no-such-adapter")
WORD = 10**6


class Marking(EndpointServer):
    """Whose answers carry marks; it kills a process some seconds after so many requests."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.seen: Counter[str] = Counter()
        self.countdown, self.wait, self.pid = 0, 0.0, 0

    def _answer(self, path: str, body: dict[str, Any], _: int) -> Sent | None:
        if body["model"] not in self.models:
            return None
        if path == "/tokenize":
            return Sent(body=json.dumps({"tokens": _tokens(body)}))
        mark = mark_of(body)
        looks = any(words in json.dumps(body) for words in LOOKS) or body.get("prompt") == self._trial()
        if not looks:
            with self.lock:
                self.seen[mark] += 1
                self.countdown -= 1
                if self.countdown == 0:
                    threading.Timer(self.wait, os.kill, (self.pid, signal.SIGKILL)).start()
        if path.endswith("/completions") and "prompt" in body:
            return Sent(body=json.dumps(_named(body, mark)))
        plain = completion(body)
        plain["choices"][0]["message"]["content"] += f" [{mark}]"
        return Sent(body=json.dumps(plain))

    @staticmethod
    def _trial() -> list[int]:
        from sycoscope.models.served.scoring import TRIAL

        said = [{"role": one.role, "content": one.content} for one in TRIAL.messages]
        return _tokens({"messages": [*said, {"role": "assistant", "content": "apple"}], "continue_final_message": True})[:-1]  # fmt: skip


def mark_of(body: dict[str, Any]) -> str:
    """Of whom a request asks what: six digits."""
    said = body["prompt"] if "prompt" in body else body["messages"]
    return f"{zlib.crc32(json.dumps([body['model'], said]).encode()) % WORD:06}"


def _tokens(body: dict[str, Any]) -> list[int]:
    """Characters; what the model is made to say is one token."""
    if not body.get("continue_final_message"):
        return tokens(body)
    *said, last = body["messages"]
    return [*tokens({"messages": said}), WORD + zlib.crc32(last["content"].encode()) % WORD]


def _named(body: dict[str, Any], mark: str) -> dict[str, Any]:
    values = {
        f"token_id:{one}": -(1 if one == WORD + zlib.crc32(b"apple") % WORD or one % 7 == 0 else 3) - int(mark) / WORD
        for one in body["logprob_token_ids"]
    }  # fmt: skip
    return {
        "model": body["model"],
        "choices": [{"text": "x", "logprobs": {"top_logprobs": [values]}}],
        "usage": {"prompt_tokens": len(body["prompt"]), "completion_tokens": 1},
    }


def logged(cache: Path) -> set[str]:
    """Marks of the answers that lie in the logs, and in the shards that are finished."""
    import polars as pl

    found: set[str] = set()
    for path in cache.rglob("*.responses.jsonl"):
        for answers in ResponseLog(path)._answers.values():
            for one in filter(None, answers):
                if hasattr(one, "text"):
                    found.update(re.findall(r"\[(\d{6})\]", one.text))
                else:
                    found.add(_mark_in(one.logprobs))
    for path in cache.rglob("*.trials.parquet"):
        table = pl.read_parquet(path)
        found.update(re.findall(r"\[(\d{6})\]", "".join(table["asked"])))
        found.update(_mark_in(p["result"]["logprobs"]) for row in table["probes"] for p in json.loads(row))
    return found


def _mark_in(logprobs: Any) -> str:
    return f"{round(-logprobs[0] % 1 * WORD):06}"


def study(folder: Path, url: str) -> Path:
    plain = {
        "study": "killed",
        "model": {"name": "base", "backend": "openai", "base_url": url, "concurrency": 4, "longest_wait": 5},
        "facets": FACETS,
        "adapters": [{"name": "mine", "served": "yielder"}],
    }
    path = folder / "study.json"
    path.write_text(json.dumps(plain))
    return path


def run(folder: Path, url: str, name: str) -> None:
    api.run_study(study(folder, url), out=folder / name, cache=folder / f"{name}-cache")


def start(server: Marking, folder: Path) -> Any:
    """The same command again, in a process of its own that has the package loaded already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["served.test_kills", "sycoscope.study.run", "sycoscope.report.load"])
    process = context.Process(target=run, args=(folder, server.url, "run"))
    server.pid, server.countdown = 0, -1
    process.start()
    server.pid = process.pid or 0
    return process


def killed(server: Marking, folder: Path, n_kills: int, n_late: int, draw: random.Random) -> None:
    """Kill so many starts, each of which asks nothing that an earlier one has logged, then finish."""
    with Marking() as whole:
        run(folder, whole.url, "whole")
    twice = {mark for mark, count in whole.seen.items() if count > 1}
    for at in range(n_kills + 1):
        known = logged(folder / "run-cache") - twice
        before = server.seen.copy()
        process = start(server, folder)
        if at < n_kills - n_late:
            server.wait = draw.uniform(0, 0.02)
            server.countdown = draw.randint(1, max(1, len(whole.seen) // n_kills))
        elif at < n_kills:  # all is asked: it reads, writes tables and the page
            while process.is_alive() and set(whole.seen) - set(server.seen):
                time.sleep(0.01)
            time.sleep(draw.uniform(0, 1.0))
            process.kill()
        process.join(240)
        assert process.exitcode == (-signal.SIGKILL if at < n_kills else 0)
        assert not known & set(server.seen - before), f"start {at + 1} asks again what was logged"
    assert set(server.seen) == set(whole.seen)
    assert len(known) > len(whole.seen) // 4  # kills left something to be found again
    assert tables(folder / "run") == tables(folder / "whole")


@pytest.mark.parametrize(
    ("n_kills", "n_late"), [pytest.param(3, 1, id="3"), pytest.param(30, 4, id="30", marks=pytest.mark.slow)]
)
def test_what_was_logged_is_never_asked_again(tmp_path: Path, n_kills: int, n_late: int) -> None:
    with Marking() as server:
        killed(server, tmp_path, n_kills, n_late, random.Random(16))
