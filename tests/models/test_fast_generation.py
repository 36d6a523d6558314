"""Continuous batching against `transformers.generate` and the plain path, on tiny random models."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from sycoscope.core.types import Decoding  # noqa: E402
from sycoscope.models.fast import generation as fast  # noqa: E402
from sycoscope.models.plain import generation as plain  # noqa: E402
from sycoscope.models.sampling import Stops  # noqa: E402

from .tiny import make_gpt2, make_llama, with_lora  # noqa: E402

pytestmark = pytest.mark.slow

ENDS = (1, 17, 40, 71)


def spell(ids):
    return "".join(chr(ord("a") + token % 26) + ("." if token % 13 == 0 else "") for token in ids)


STOPS = Stops(frozenset(ENDS), spell)


@pytest.fixture(scope="module", params=["llama", "gpt2", "lora"])
def network(request):
    if request.param == "gpt2":
        return make_gpt2()
    return make_llama() if request.param == "llama" else with_lora(make_llama())


def prompts_of(rng, n, prefixes=(0,)):
    """Prompts of several lengths: groups with a common beginning, branches within them, repeats."""
    heads = [rng.integers(3, 90, size).tolist() for size in prefixes]
    found = []
    while len(found) < n:
        head = heads[int(rng.integers(len(heads)))]
        if found and rng.random() < 0.4:
            old = found[int(rng.integers(len(found)))]
            head = old[: int(rng.integers(1, len(old) + 1))]
        found.append(head + rng.integers(3, 90, int(rng.integers(0 if head else 1, 30))).tolist())
    return found


def run(network, prompts, asks, **more):
    shape = {"budget": 100_000, "max_rows": 32, **more}
    return fast.generate(network, prompts, asks, STOPS, **shape)


@pytest.fixture(scope="module")
def peer(network):
    """80 prompts with what `transformers.generate` answers to each alone."""
    rng = np.random.default_rng(0)
    prompts = prompts_of(rng, 80, prefixes=(0, 3, 60, 140))
    limits = [int(n) for n in rng.integers(1, 25, 80)]
    texts = []
    for ids, limit in zip(prompts, limits, strict=True):
        out = network.generate(
            input_ids=torch.tensor([ids]),
            attention_mask=torch.ones(1, len(ids), dtype=torch.long),
            max_new_tokens=limit,
            do_sample=False,
            pad_token_id=0,
            eos_token_id=list(ENDS),
        )[0, len(ids) :].tolist()
        texts.append(spell(out[:-1] if out[-1] in ENDS else out))
    return prompts, limits, texts


@pytest.mark.parametrize("max_rows", [1, 7, 32])
def test_same_text_as_transformers_generate(network, peer, max_rows):
    prompts, limits, texts = peer
    got = run(network, prompts, [Decoding(max_tokens=n) for n in limits], max_rows=max_rows)
    assert [response.text for response in got] == texts
    assert {response.finish for response in got} == {"stop", "length"}


@pytest.mark.parametrize("max_rows", [1, 7, 32])
def test_stop_strings_and_seeds_give_the_plain_path_s_responses(network, max_rows):
    rng = np.random.default_rng(1)
    prompts = prompts_of(rng, 30, prefixes=(0, 70))
    asks = [
        Decoding(
            max_tokens=int(rng.integers(1, 30)),
            temperature=float(rng.choice([0.0, 0.7, 1.0])),
            top_p=float(rng.choice([0.8, 1.0])),
            seed=index,
            stop=(".", "ab") if index % 2 else (),
        )
        for index in range(30)
    ]
    want = plain.generate(network, prompts, asks, STOPS, pad_id=0, budget=100_000, max_rows=8)
    assert run(network, prompts, asks, max_rows=max_rows) == want


def test_one_prompt_drawn_with_many_seeds(network):
    prompts = [[5, 6, 7, 8]] * 12
    asks = [Decoding(max_tokens=8, temperature=1.0, seed=seed) for seed in range(12)]
    got = run(network, prompts, asks, max_rows=5)
    assert got == plain.generate(network, prompts, asks, STOPS, pad_id=0, budget=10**6, max_rows=32)
    assert len({response.text for response in got}) > 6


@pytest.mark.parametrize("min_saved", [0, 30, 10**9])
def test_shared_prefixes_change_no_text(network, min_saved):
    prompts = prompts_of(np.random.default_rng(8), 40, prefixes=(0, 5, 40))
    asks = [Decoding(max_tokens=2 + index % 9) for index in range(40)]
    want = plain.generate(network, prompts, asks, STOPS, pad_id=0, budget=100_000, max_rows=16)
    assert run(network, prompts, asks, max_rows=6, min_saved_keys=min_saved) == want


@pytest.mark.parametrize("budget", [1, 90, 400])
def test_a_small_budget_changes_no_text(network, budget):
    prompts = prompts_of(np.random.default_rng(2), 20, prefixes=(0, 40))
    asks = [Decoding(max_tokens=5 + index % 3 * 9) for index in range(20)]
    assert run(network, prompts, asks, budget=budget) == run(network, prompts, asks)


def test_prompts_longer_than_a_pass_come_in_stretches(network, monkeypatch):
    prompts = prompts_of(np.random.default_rng(3), 20, prefixes=(0, 50))
    asks = [Decoding(max_tokens=6)] * 20
    want = run(network, prompts, asks)
    monkeypatch.setattr(fast, "PROMPT_TOKENS", 16)
    assert run(network, prompts, asks, max_rows=4) == want


def test_out_of_memory_halves_the_rows_and_goes_on(network, monkeypatch):
    prompts = prompts_of(np.random.default_rng(4), 30, prefixes=(0, 50))
    asks = [Decoding(max_tokens=4 + index % 5, temperature=index % 2, seed=index) for index in range(30)]
    want = run(network, prompts, asks)
    true_call, reads = fast.Packed.logits, []

    def tight(self, ids, positions, rows, attend):
        reads.append(len(rows))
        out = true_call(self, ids, positions, rows, attend)
        if len(rows) > 6:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return out

    monkeypatch.setattr(fast.Packed, "logits", tight)
    done = []
    assert run(network, prompts, asks, progress=done.append) == want
    assert max(reads) > 6
    assert sum(done) == 30


def test_rows_enter_as_others_leave():
    """Long and short rows: the number of passes is what a full batch needs, not what static ones take."""
    network = make_llama(eos_token_id=None)
    prompts = [[3 + index, 4, 5] for index in range(16)]
    limits = [40 if index % 4 == 0 else 8 for index in range(16)]
    calls = []
    attend = fast.StepAttention.__call__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            fast.StepAttention,
            "__call__",
            lambda self, layer, *rest: (layer == 0 and calls.append(1), attend(self, layer, *rest))[1],
        )
        fast.generate(
            network,
            prompts,
            [Decoding(max_tokens=n) for n in limits],
            Stops(frozenset(), spell),
            budget=10_000,
            max_rows=4,
        )
    # static batches of 4 in this order take 4 x 40 passes; 256 tokens on 4 rows are 64 passes at least
    assert 64 <= len(calls) <= 90


def test_shared_prefixes_are_found_where_they_pay():
    head, other = list(range(100, 200)), list(range(200, 300))
    rows = [[*head, n] for n in range(20)] + [[*other, n] for n in range(20)] + [[7, n] for n in range(4)]
    jobs = fast._jobs(list(enumerate(rows)), 32, fast.MIN_SAVED_KEYS)
    assert {(job.prefix_length, job.prefix_id >= 0) for job in jobs if len(job.prompt) > 2} == {(100, True)}
    assert {job.prefix_length for job in jobs if len(job.prompt) == 2} == {0}
    assert len({job.prefix_id for job in jobs}) == 3
