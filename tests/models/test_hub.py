"""A hub id from the hub's cache: the commit decides what is loaded, and stands in digest and record."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("huggingface_hub")

from safetensors.torch import load_file, save_file

from sycoscope.core.errors import ModelError
from sycoscope.models.adapters import check_base
from sycoscope.models.hub import fetch
from sycoscope.models.resolve import resolve
from sycoscope.models.settings import TorchSettings
from sycoscope.models.torch_model import TorchModel

ONE, TWO = "1" * 40, "2" * 40


@pytest.fixture
def cache(tiny_chat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub's cache with two commits of owner/name, whose weights differ; `main` is the first."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--owner--name"
    for commit, factor in ((ONE, 1.0), (TWO, 1.5)):
        snapshot = shutil.copytree(tiny_chat, folder / "snapshots" / commit)
        weights = load_file(snapshot / "model.safetensors")
        save_file(
            {name: factor * value for name, value in weights.items()},
            snapshot / "model.safetensors",
            metadata={"format": "pt"},
        )
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(ONE)
    (folder / "refs" / "newer").write_text(TWO)
    return folder


def load(**settings: Any) -> TorchModel:
    return TorchModel(
        TorchSettings(name="owner/name", device="cpu", dtype="float32", engine="plain", **settings)
    )


def test_the_commit_is_found_however_it_is_named(cache):
    found = {
        revision: fetch(resolve("owner/name", revision=revision))
        for revision in ("", "main", ONE, TWO, "newer")
    }
    assert {revision: weights.commit for revision, weights in found.items()} == {
        "": ONE, "main": ONE, ONE: ONE, TWO: TWO, "newer": TWO
    }  # fmt: skip
    assert found["newer"].files == str(cache / "snapshots" / TWO)


@pytest.mark.slow
def test_the_commit_is_in_digest_and_record(cache, tmp_path):
    plain, one, two = load(), load(revision=ONE), load(revision=TWO)
    assert [model.record()["revision"] for model in (plain, one, two)] == [ONE, ONE, TWO]
    assert (plain.base_digest, plain.digest) == (one.base_digest, one.digest)
    assert one.base_digest != two.base_digest
    assert one.digest != two.digest
    assert two.network.name_or_path == "owner/name"  # what an adapter names as its base
    (cache / "refs" / "main").write_text(TWO)
    moved = load()
    assert (moved.record()["revision"], moved.digest) == (TWO, two.digest)
    trained = SimpleNamespace(folder=tmp_path / "adapter", training={"base_digest": one.base_digest})
    check_base(trained, plain.base_digest)
    with pytest.raises(ModelError, match="was trained on another base"):
        check_base(trained, moved.base_digest)


def test_what_cannot_be_had_is_told_with_what_there_is(cache):
    with pytest.raises(
        ModelError, match=rf"from the hub at revision 'nope': .*commits {ONE}, {TWO} \(--revision\)"
    ):
        fetch(resolve("owner/name", revision="nope"))
    (cache / "snapshots" / TWO / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=rf"\(commit {TWO}\): its weights are not in the hub's cache"):
        fetch(resolve("owner/name", revision=TWO))


def test_a_folder_of_the_cache_is_looked_at_like_any_other(cache):
    (cache / "snapshots" / ONE / "adapter_config.json").write_text("{}")
    with pytest.raises(
        ModelError, match=rf"'owner/name' from the hub \(commit {ONE}\): it holds files of an adapter"
    ):
        load()
