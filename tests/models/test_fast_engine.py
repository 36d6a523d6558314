"""Which engine runs a model: the check at load, the way back to the plain path, and its one warning."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from sycoscope.core.errors import ConfigError, ModelError  # noqa: E402
from sycoscope.core.quiet import SycoscopeWarning  # noqa: E402
from sycoscope.core.types import Decoding  # noqa: E402
from sycoscope.models import engine  # noqa: E402
from sycoscope.models.fast import generation as fast_generation  # noqa: E402
from sycoscope.models.fast import scoring as fast_scoring  # noqa: E402
from sycoscope.models.plain import generation as plain_generation  # noqa: E402
from sycoscope.models.plain import scoring as plain_scoring  # noqa: E402
from sycoscope.models.sampling import Stops  # noqa: E402

from .tiny import make_gpt2, make_llama, random_pairs, with_lora  # noqa: E402


def small(kind, **more):
    torch.manual_seed(3)
    shape = {
        "vocab_size": 97,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "initializer_range": 0.3,
        "pad_token_id": 0,
    }
    config = getattr(transformers, f"{kind}Config")(**{**shape, **more})
    model = getattr(transformers, f"{kind}ForCausalLM")._from_config(config)
    return model.eval().requires_grad_(False)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    "make",
    [
        make_llama,
        make_gpt2,
        lambda: with_lora(make_llama()),
        lambda: small("Qwen3", head_dim=16),
        lambda: small("GPTNeoX"),
        lambda: small("Cohere", logit_scale=0.5),
        lambda: small("Granite", logits_scaling=3.0, attention_multiplier=0.3),
        lambda: small("OPT", word_embed_proj_dim=32, ffn_dim=48),
    ],
)
def test_full_attention_models_run_fast(make, dtype):
    assert engine.why_not(make().to(dtype)) == ""


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: small("Mistral", sliding_window=16), "window of 16"),
        (lambda: small("Gemma2", head_dim=16, sliding_window=16), "sliding_attention"),
        (lambda: small("Bloom", n_head=4), "position_ids"),
        (lambda: small("Lfm2", layer_types=["conv", "full_attention"]), "conv"),
        (
            lambda: make_llama(rope_parameters={"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}),
            "dynamic",
        ),
    ],
)
def test_other_models_fall_back_with_one_warning_that_says_why(make, word):
    network, chosen = make(), engine.Engine()
    with pytest.warns(RuntimeWarning, match=word) as caught:
        assert chosen.name(network) == engine.PLAIN
    assert len([entry for entry in caught if issubclass(entry.category, SycoscopeWarning)]) == 1
    pairs = random_pairs(np.random.default_rng(0), n=6)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        got = chosen.score_pairs(network, pairs, pad_id=0, budget=64, max_length=128)
    assert got == plain_scoring.score_pairs(network, pairs, pad_id=0, budget=64, max_length=128)
    with pytest.raises(ModelError, match=word):
        engine.Engine("fast").name(network)


def test_a_window_as_long_as_the_model_is_no_window():
    assert engine.why_not(small("Mistral", sliding_window=256)) == ""


def test_wrong_attention_is_caught(monkeypatch):
    """A mask that forgets one branch, a step that forgets its newest key."""
    seen = fast_scoring.PrefixTreeAttention.__call__.__globals__["_Group"].seen

    def forgetful(self):
        mask = seen(self)
        mask[:, 1:] |= mask[:, :-1]
        return mask

    with monkeypatch.context() as patch:
        patch.setattr(fast_scoring.PrefixTreeAttention.__call__.__globals__["_Group"], "seen", forgetful)
        assert "log-probability" in engine.why_not(make_llama())
        assert "log-probability" in engine.why_not(make_llama().to(torch.bfloat16))
    with monkeypatch.context() as patch:
        step = fast_generation.StepAttention._step
        patch.setattr(fast_generation.StepAttention, "_step", lambda self, *rest: step(self, *rest) * 0.5)
        assert "continuation" in engine.why_not(make_llama())


def test_a_model_whose_own_code_fails_falls_back(monkeypatch):
    def fails(*_):
        raise ValueError("no such head\nmore")

    monkeypatch.setattr(fast_scoring.Packed, "logits", fails)
    assert engine.why_not(make_llama()) == "its trial pass failed (ValueError: no such head)"


def test_plain_is_plain_and_unknown_names_are_refused(monkeypatch):
    monkeypatch.setattr(engine, "why_not", lambda _: pytest.fail("nobody wants the check"))
    network = make_llama()
    assert engine.Engine("plain").name(network) == engine.PLAIN
    asks = [Decoding(max_tokens=3)]
    stops = Stops(frozenset(), str)
    shape = {"pad_id": 0, "budget": 64, "max_rows": 2}
    got = engine.Engine("plain").generate(network, [[4, 5]], asks, stops, **shape)
    assert got == plain_generation.generate(network, [[4, 5]], asks, stops, **shape)
    with pytest.raises(ConfigError, match=r"turbo.*auto, plain, fast"):
        engine.Engine("turbo")


def test_a_network_is_checked_once(monkeypatch):
    asked = []
    monkeypatch.setattr(engine, "why_not", lambda network: asked.append(network) or "")
    chosen, first, second = engine.Engine(), make_llama(), make_llama()
    assert [chosen.name(network) for network in (first, second, first)] == [engine.FAST] * 3
    assert asked == [first, second]
