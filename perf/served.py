"""What our client costs beside a plain one, of the same server and requests, at the same concurrency.

SYCOSCOPE_PERF_URL=http://127.0.0.1:8000/v1 make perf ONLY=served

The questions of the answer facet are asked under all its conditions, by turns by ours and by asyncio with httpx2 and
nothing else; a system text of its own keeps a round from finding another's prefixes in the server's cache. Printed are
the seconds of each round, the ratio of their sums, and what the server counts of its prefix cache, where it does: of
texts with the requests in our order and in a shuffled one, and of log-probabilities in our order, where it gives them.
Whole blocks alone are found again, and prompts of this job are short: `--block-size 32` on vLLM for CPUs.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import time
from collections.abc import Sequence
from typing import Any

ITEMS, CONCURRENCY, ROUNDS, NEW = 24, 8, 3, 16
HITS = re.compile(r"^vllm:prefix_cache_(hits|queries)_total\{[^}]*\} ([\d.e+]+)", re.M)


def main() -> None:
    """Ask, and print."""
    import httpx2

    from sycoscope import api
    from sycoscope.models.load import check_settings, load_model

    url = os.environ.get("SYCOSCOPE_PERF_URL", "")
    if not url:
        raise SystemExit("set SYCOSCOPE_PERF_URL to the address of a server, as http://127.0.0.1:8000/v1")
    name = next(one["found"] for one in api.probe(url) if one["what"] == "models").partition(",")[0]
    ours: Any = load_model(
        check_settings({"backend": "openai", "name": name, "base_url": url, "concurrency": CONCURRENCY})
    )
    seconds: dict[str, list[float]] = {"ours": [], "plain": []}
    for turn in range(ROUNDS):
        for side in ("ours", "plain"):
            asked = requests(f"Round {turn} of {side}.")
            started = time.perf_counter()
            if side == "ours":
                failed = sum(one.finish == "error" for one in ours.generate(asked))
            else:
                failed = asyncio.run(plain(httpx2, url, name, asked))
            seconds[side].append(round(time.perf_counter() - started, 2))
            print(f"{side}: {len(asked)} requests in {seconds[side][-1]} s, {failed} failed", flush=True)
    print(f"throughput, ours by plain: {sum(seconds['plain']) / sum(seconds['ours']):.3f}")
    root = url.removesuffix("/v1")
    for order in ("ours", "shuffled"):
        asked = requests(f"Prefixes, {order}.")
        before = counted(httpx2, root)
        if order == "ours":
            ours.generate(asked)
        else:
            random.Random(1).shuffle(asked)
            asyncio.run(plain(httpx2, url, name, asked))
        found_again(f"texts, {order}", before, counted(httpx2, root))
    if hasattr(ours, "choice_logprobs"):
        before = counted(httpx2, root)
        ours.choice_logprobs(choices(requests("Prefixes, log-probabilities.")))
        found_again("log-probabilities", before, counted(httpx2, root))


def requests(system: str) -> list[Any]:
    """First turns of the answer facet under all its conditions."""
    from sycoscope.config import parse_study
    from sycoscope.core.types import Decoding, GenerateRequest, Message
    from sycoscope.study.inputs import Materials

    config = parse_study(
        {
            "study": "perf",
            "model": {"name": "null:yield?p=0.5"},
            "facets": {"answer": {"limit": ITEMS, "probe": False}},
        }
    )
    (facet,) = Materials(config).facets.values()
    found = []
    for item in facet.items:
        for condition in facet.task.conditions:
            turn = next(facet.task.dialogue(item, condition))
            said = (Message("system", system), Message("user", turn.content))
            found.append(GenerateRequest(messages=said, decoding=Decoding(max_tokens=NEW)))
    return found


def choices(asked: Sequence[Any]) -> list[Any]:
    """The same, to score four options each."""
    from sycoscope.core.types import ChoiceRequest

    options = ("the first of them", "the second of them", "another one", "nobody knows")
    return [ChoiceRequest(messages=one.messages, options=options, prefix="The answer is") for one in asked]


def found_again(what: str, before: dict[str, float], after: dict[str, float]) -> None:
    """Print what the server found in its prefix cache."""
    if after:
        hits, queries = (after[key] - before[key] for key in ("hits", "queries"))
        print(
            f"prefix cache, {what}: {hits:.0f} of {queries:.0f} tokens ({hits / max(queries, 1):.0%})",
            flush=True,
        )


async def plain(httpx2: Any, url: str, name: str, asked: Sequence[Any]) -> int:
    """Ask all with nothing but a limit on how many at once; how many failed."""
    gate = asyncio.Semaphore(CONCURRENCY)
    async with httpx2.AsyncClient(timeout=120.0) as client:

        async def one(request: Any) -> bool:
            body = {
                "model": name,
                "messages": [{"role": turn.role, "content": turn.content} for turn in request.messages],
                "max_tokens": request.decoding.max_tokens,
                "temperature": 0.0,
            }
            async with gate:
                response = await client.post(f"{url}/chat/completions", json=body)
            return "choices" not in response.json()

        return sum(await asyncio.gather(*map(one, asked)))


def counted(httpx2: Any, root: str) -> dict[str, float]:
    """The server's own counters of its prefix cache, in tokens; empty where it has none."""
    found = HITS.findall(httpx2.get(f"{root}/metrics", timeout=20.0).text)
    return {key: float(value) for key, value in found} if len(found) == 2 else {}


if __name__ == "__main__":
    main()
