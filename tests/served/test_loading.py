"""Adapters that the server loads while they are asked: under a digest, taken off again whatever happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("httpx2")

from served.endpoint_server import EndpointServer, Sent
from sycoscope import api
from sycoscope.core.errors import ConfigError, EndpointError, MissingError, ModelError


def adapter(folder: Path, value: float = 1.0) -> Path:
    """The smallest LoRA that is one."""
    numpy = pytest.importorskip("numpy")
    save = pytest.importorskip("safetensors.numpy").save_file
    folder.mkdir(parents=True, exist_ok=True)
    module = "base_model.model.model.layers.0.self_attn.q_proj"
    shapes = {f"{module}.lora_A.weight": (1, 4), f"{module}.lora_B.weight": (4, 1)}
    save(
        {name: numpy.full(shape, value, "float32") for name, shape in shapes.items()},
        folder / "adapter_model.safetensors",
    )
    config = {
        "peft_type": "LORA",
        "r": 1,
        "lora_alpha": 1,
        "target_modules": ["q_proj"],
        "base_model_name_or_path": "base",
        "task_type": "CAUSAL_LM",
    }
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def compare(server: EndpointServer, folder: Path, tmp_path: Path, **more: Any) -> Any:
    return api.compare(
        "base", adapter={"mine": folder}, settings={"backend": "openai", "base_url": server.url, "retries": 0},
        overrides={"model.load_adapters": True, "facets.answer.probe": False} | more, facets=["answer"], benchmarks=[], limit=6,
        difficulty=["easy"], out=tmp_path / "run", cache=tmp_path / "cache", force=True,
    )  # fmt: skip


def names(server: EndpointServer, path: str) -> list[str]:
    return [body["lora_name"] for asked, body in server.asked if asked == path]


def test_an_adapter_is_loaded_under_its_digest_and_taken_off(tmp_path: Path) -> None:
    folder = adapter(tmp_path / "mine")
    with EndpointServer(loads=True) as server:
        done = compare(server, folder, tmp_path)
        (name,) = set(names(server, "/v1/load_lora_adapter"))
        assert server.models == ["base", "yielder"]
        assert set(server.paths) == {str(folder.resolve())}
        assert name in {body["model"] for body in server.chats}
        # trained again in the same place: another name, so that nothing that was kept is of the old one
        adapter(folder, 2.0)
        compare(server, folder, tmp_path)
        assert len(set(names(server, "/v1/load_lora_adapter"))) == 2
        assert server.models == ["base", "yielder"]
    assert name.startswith("sycoscope-")
    assert {one.subject for one in done.summary().verdicts} == {"mine", "base-again"}


def test_an_adapter_is_taken_off_where_the_run_ends_in_a_fault(tmp_path: Path) -> None:
    def gone(path: str, body: dict[str, Any], _: int) -> Sent | None:
        mine = body.get("model", "").startswith("sycoscope-")
        return Sent(403, "{}") if mine and path.endswith("/chat/completions") else None

    with EndpointServer(gone, loads=True) as server:
        with pytest.raises(EndpointError, match="status 403"):
            compare(server, adapter(tmp_path / "mine"), tmp_path)
        assert server.models == ["base", "yielder"]


def test_one_that_is_there_already_is_somebody_elses(tmp_path: Path) -> None:
    from sycoscope.models.served.loading import name_of

    folder = adapter(tmp_path / "mine")
    with EndpointServer(models=("base", name_of(folder)), loads=True) as server:
        compare(server, folder, tmp_path)
        assert server.models == ["base", name_of(folder)]
        assert not names(server, "/v1/load_lora_adapter")


def test_what_cannot_be_loaded_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    folder = adapter(tmp_path / "mine")
    with EndpointServer() as server:
        with pytest.raises(
            ModelError, match=r"did not load the adapter in .*VLLM_ALLOW_RUNTIME_LORA_UPDATING"
        ):
            compare(server, folder, tmp_path)
        with pytest.raises(MissingError, match=r"adapter_config\.json is missing"):
            compare(server, tmp_path, tmp_path)
        with pytest.raises(ConfigError, match=r"or --set model\.load_adapters=true"):
            compare(server, folder, tmp_path, **{"model.load_adapters": False})
        assert not server.chats


def test_the_last_that_holds_an_adapter_drops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sycoscope.models.served.loading import shared

    monkeypatch.setenv("SYCOSCOPE_CACHE", str(tmp_path))
    done: list[str] = []

    def load() -> bool:
        done.append("load")
        return done.count("load") == 1

    first, second = (shared("http://h/v1", "a", load, lambda: done.append("drop")) for _ in range(2))
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert done == ["load", "load"]
    # one that was killed holds nothing, and leaves its file
    next(tmp_path.rglob("gate.lock")).with_name("dead.user").touch()
    second.__exit__(None, None, None)
    assert done == ["load", "load", "drop"]
    with shared("http://h/v1", "a", lambda: False, lambda: done.append("drop")):
        pass
    assert done.count("drop") == 1
