"""Scores on the prefix tree against the plain path, on tiny random models."""

import pathlib

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from sycoscope.models.fast import scoring as fast  # noqa: E402
from sycoscope.models.plain import scoring as plain  # noqa: E402

from .tiny import make_gpt2, make_llama, random_pairs, with_lora  # noqa: E402


@pytest.fixture(scope="module", params=["llama", "gpt2", "lora"])
def network(request):
    if request.param == "gpt2":
        return make_gpt2()
    return make_llama() if request.param == "llama" else with_lora(make_llama())


def same(network, pairs, budget, max_length=128, **more):
    want = plain.score_pairs(network, pairs, pad_id=0, budget=64, max_length=max_length)
    got = fast.score_pairs(network, pairs, budget=budget, max_length=max_length, **more)
    assert len(got) == len(want)
    np.testing.assert_allclose([a for a, _ in got], [a for a, _ in want], atol=1e-4)
    assert [b for _, b in got] == [b for _, b in want]


@pytest.mark.parametrize("budget", [1, 7, 32, 1000])
@pytest.mark.parametrize("seed", [0, 1])
def test_random_trees_score_as_plain_passes(network, budget, seed):
    same(network, random_pairs(np.random.default_rng(seed), n=12 if budget == 1 else 60), budget)


def test_greedy_continuations_are_found(network):
    prompt = [5, 6, 7]
    ids = list(prompt)
    with torch.inference_mode():
        for _ in range(4):
            ids.append(int(network(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    wrong = [*ids[3:6], (ids[6] + 1) % 90]
    got = fast.score_pairs(network, [(prompt, ids[3:]), (prompt, wrong)], budget=100, max_length=128)
    assert [best for _, best in got] == [True, False]


def test_rows_that_are_too_long_lose_tokens_from_the_left(network):
    rng = np.random.default_rng(3)
    context = rng.integers(0, 90, 60).tolist()
    pairs = [(context, rng.integers(0, 90, n).tolist()) for n in (1, 4, 9)]
    same(network, pairs, 16, max_length=24)


def test_one_input_row_with_different_splits_and_repeats(network):
    ids = [4, 8, 15, 16, 23, 42]
    same(network, [(ids[:k], ids[k:]) for k in (1, 2, 5, 5)] + [(ids[:2], [])], 4)


def test_every_position_of_a_long_row_in_small_passes(network):
    ids = np.random.default_rng(4).integers(0, 90, 90).tolist()
    same(network, [(ids[:1], ids[1:])], 11)


def test_out_of_memory_halves_the_budget_and_goes_on(network, monkeypatch):
    pairs = random_pairs(np.random.default_rng(5), n=30)
    want = plain.score_pairs(network, pairs, pad_id=0, budget=64, max_length=128)
    true_call, sizes = fast.Packed.logits, []

    def tight(self, ids, *rest):
        sizes.append(len(ids))
        out = true_call(self, ids, *rest)
        if len(ids) > 20:  # after the layers ran, so that the store was written to
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return out

    monkeypatch.setattr(fast.Packed, "logits", tight)
    done = []
    got = fast.score_pairs(network, pairs, budget=100, max_length=128, progress=done.append)
    assert max(sizes) > 20
    assert sum(size <= 20 for size in sizes) > 3
    np.testing.assert_allclose([a for a, _ in got], [a for a, _ in want], atol=1e-4)
    assert sum(done) == len(pairs)


def test_a_fault_that_is_not_memory_is_raised(network, monkeypatch):
    def broken(*_):
        raise RuntimeError("device lost")

    monkeypatch.setattr(fast.Packed, "logits", broken)
    with pytest.raises(RuntimeError, match="device lost"):
        fast.score_pairs(network, [([1], [2])], budget=10, max_length=16)


def test_shared_prefixes_are_encoded_once(monkeypatch):
    network = make_llama()
    rng = np.random.default_rng(6)
    shots = rng.integers(0, 90, 50).tolist()
    pairs = [([*shots, q, q + 1], [c, c]) for q in range(20) for c in (80, 81, 82, 83)]
    seen = []
    true_call = fast.Packed.logits
    monkeypatch.setattr(
        fast.Packed,
        "logits",
        lambda self, ids, pos, rows, at: (
            seen.append((len(ids), len(rows))),
            true_call(self, ids, pos, rows, at),
        )[1],
    )
    fast.score_pairs(network, pairs, budget=10_000, max_length=128)
    distinct = {tuple((a + b)[:k]) for a, b in pairs for k in range(1, len(a + b))}
    assert sum(tokens for tokens, _ in seen) == len(distinct)
    # one row of the head for each question and one for each first choice token
    assert sum(rows for _, rows in seen) == 20 + 80


def test_the_plain_path_works_after_a_fault_within_a_pass(network, monkeypatch):
    before = network.config._attn_implementation

    class BrokenError(Exception):
        pass

    def fails(*_, **__):
        raise BrokenError

    monkeypatch.setattr(fast.PrefixTreeAttention, "__call__", fails)
    with pytest.raises(BrokenError):
        fast.score_pairs(network, [([1], [2])], budget=10, max_length=16)
    assert network.config._attn_implementation == before


def test_memory_stays_bounded_with_a_large_vocabulary():
    status = pathlib.Path("/proc/self/status")
    if not status.exists():
        pytest.skip("peak memory is read from /proc")

    def peak_mib():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024

    network = make_llama(vocab_size=262_144, hidden_size=12, num_attention_heads=2, num_key_value_heads=1)
    rng = np.random.default_rng(7)
    pairs = [(rng.integers(0, 9, 4).tolist(), rng.integers(0, 260_000, 20).tolist()) for _ in range(40)]
    fast.score_pairs(network, pairs[:1], budget=4096, max_length=128)
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = peak_mib()
    got = fast.score_pairs(network, pairs, budget=4096, max_length=128)
    # 800 rows of logits in float32 would be 800 MiB; the bound is stated at LOGIT_BYTES
    bound = (fast.LOGIT_BYTES + 2 * fast.CHUNK_BYTES) / 2**20 + 48
    assert peak_mib() - before < bound
    assert got[0] == pytest.approx(
        plain.score_pairs(network, pairs[:1], pad_id=0, budget=64, max_length=128)[0], abs=1e-4
    )
