"""`sycoscope` as a model of lm-evaluation-harness against its own `hf`: every item, on our engine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval")
pytest.importorskip("torch")

import torch
from lm_eval.api.instance import Instance
from lm_eval.api.registry import get_model

from sycoscope.api import lm_eval as run_lm_eval
from sycoscope.api import register_lm_eval
from sycoscope.capability import CapabilitySpec, capability_tasks
from sycoscope.capability.harness import evaluate
from sycoscope.core.errors import ConfigError, MissingError, ModelError
from sycoscope.items import BenchmarkRows

from .rows import FACTS, gsm8k_row, hellaswag_row, mmlu_row, truthfulqa_row, write

DEVICE = {"device": "cpu", "batch_size": 3}
# A turn ends with the tokenizer's own end of text: the harness's model knows no other.
TURNS = (
    "{{ bos_token }}{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)


@pytest.fixture(scope="module")
def folder(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model whose tokenizer adds a BOS, without the odd decoding that the others ask for."""
    return make(tiny, tmp_path_factory.mktemp("plugin") / "bos", adds_bos=True)


@pytest.fixture(scope="module")
def bare(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whose tokenizer adds nothing."""
    return make(tiny, tmp_path_factory.mktemp("plugin") / "bare", adds_bos=False)


def make(tiny: Any, path: Path, *, adds_bos: bool) -> Path:
    tiny.model(path, TURNS if adds_bos else tiny.CHATML, adds_bos=adds_bos, seed=9)
    (path / "generation_config.json").unlink()
    return path


@pytest.fixture(scope="module")
def adapter(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = get_peft_model(
            AutoModelForCausalLM.from_pretrained(folder),
            LoraConfig(r=4, target_modules=["q_proj", "down_proj"]),
        )
        for name, weight in network.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.3)
    path = tmp_path_factory.mktemp("plugin") / "adapter"
    network.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> list[CapabilitySpec]:
    made = {name: tmp_path_factory.mktemp(name) for name in ("mmlu", "gsm8k", "hellaswag", "truthfulqa")}
    for name, row in {"gsm8k": gsm8k_row, "hellaswag": hellaswag_row, "truthfulqa": truthfulqa_row}.items():
        write(made[name] / "test.jsonl", [row(i) for i in range(5)])
        write(made[name] / "train.jsonl", [row(i) for i in range(20, 30)])
    subjects = ("anatomy", "virology")
    write(made["mmlu"] / "test.jsonl", [mmlu_row(i, s) for s in subjects for i in range(4)])
    write(made["mmlu"] / "dev.jsonl", [mmlu_row(i + 50, s) for s in subjects for i in range(5)])
    return [
        CapabilitySpec(task="mmlu", source=BenchmarkRows("mmlu", made["mmlu"]), num_fewshot=2),
        CapabilitySpec(task="hellaswag", source=BenchmarkRows("hellaswag", made["hellaswag"]), num_fewshot=1),
        CapabilitySpec(task="truthfulqa_mc1", source=BenchmarkRows("truthfulqa", made["truthfulqa"])),
        CapabilitySpec(task="truthfulqa_mc2", source=BenchmarkRows("truthfulqa", made["truthfulqa"])),
        CapabilitySpec(task="facts_open", source=FACTS),
        CapabilitySpec(
            task="gsm8k", source=BenchmarkRows("gsm8k", made["gsm8k"]), num_fewshot=1, max_tokens=20
        ),
    ]


def both(arguments: str) -> tuple[Any, Any]:
    register_lm_eval()
    return tuple(
        get_model(name).create_from_arg_string(f"{arguments},dtype=float32", dict(DEVICE))
        for name in ("sycoscope", "hf")
    )


def equal(mine: Any, other: Any) -> int:
    """Compare the answers of two samples; how many there are."""
    assert mine["arguments"] == other["arguments"]
    for (one,), (two,) in zip(mine["resps"], other["resps"], strict=True):
        if isinstance(two, str):
            assert one.strip() == two.strip()
        else:
            assert one[0] == pytest.approx(two[0], abs=1e-3)  # nats, float32
            assert one[1] == two[1]
    return len(mine["resps"])


@pytest.mark.parametrize("chat", [False, True], ids=["plain", "chat"])
@pytest.mark.parametrize("tuned", [False, True], ids=["base", "adapter"])
def test_every_answer_equals_the_harness_own_model(folder, adapter, specs, tuned: bool, chat: bool) -> None:
    ours, theirs = both(f"pretrained={folder}" + (f",peft={adapter}" if tuned else ""))
    assert ours.model.record()["engine"].startswith("fast")
    configs = [task.config for spec in specs for task in capability_tasks(spec)]
    found = [evaluate(lm, configs, fewshot_seed=1234, chat=chat)["samples"] for lm in (ours, theirs)]
    compared = {
        name: sum(equal(mine, other) for mine, other in zip(found[0][name], samples, strict=True))
        for name, samples in found[1].items()
    }
    assert sum(compared.values()) > 80
    assert compared["gsm8k"] == 10  # two filters over five texts


def test_an_adapter_changes_the_answers(folder, adapter) -> None:
    request = [Instance("loglikelihood", {}, ("The capital of Peru is", " Lima"), 0)]
    base, tuned = (
        both(f"pretrained={folder}{more}")[0].loglikelihood(request)[0][0]
        for more in ("", f",peft={adapter}")
    )
    assert abs(base - tuned) > 0.01


def test_long_texts_are_cut_as_the_harness_cuts_them(bare) -> None:
    # with a BOS of the tokenizer's own the harness's model puts a second one before it; ours has one everywhere
    ours, theirs = both(f"pretrained={bare}")
    text = " ".join(f"Tom has {n} boxes of {n + 4} pens." for n in range(90))
    whole = [Instance("loglikelihood_rolling", {}, (text[:size],), 0) for size in (3, 900, len(text))]
    assert len(ours.model.template.encode(text)) > 2 * ours.max_length
    assert ours.loglikelihood_rolling(whole) == pytest.approx(theirs.loglikelihood_rolling(whole), abs=1e-3)
    asked = {"until": ["#"], "max_gen_toks": 30, "do_sample": False}
    prompts = [Instance("generate_until", {}, (text, asked), 0)]
    assert ours.generate_until(prompts)[0].strip() == theirs.generate_until(prompts)[0].strip()
    assert ours.generate_until(prompts)[0]


def test_a_request_that_is_repeated_to_sample_draws_anew(folder) -> None:
    lm = both(f"pretrained={folder}")[0]
    asked = {"do_sample": True, "temperature": 1.0, "max_gen_toks": 12}
    texts = lm.generate_until([Instance("generate_until", {}, ("Tom has", asked), 0)] * 6)
    assert len(set(texts)) > 3
    assert texts == lm.generate_until([Instance("generate_until", {}, ("Tom has", asked), 0)] * 6)


def test_an_unknown_setting_is_refused(folder) -> None:
    register_lm_eval()
    with pytest.raises(ConfigError, match=r"unknown parallelize; allowed: pretrained, peft, seed, revision"):
        get_model("sycoscope").create_from_arg_string(f"pretrained={folder},parallelize=True")


def warnings_of(base: Path, adapter: Path, caplog: pytest.LogCaptureFixture, more: str = "") -> list[str]:
    register_lm_eval()
    caplog.clear()
    words = f"pretrained={base},peft={adapter},dtype=float32{more}"
    get_model("sycoscope").create_from_arg_string(words, dict(DEVICE))
    return [record.getMessage() for record in caplog.records if record.name == "sycoscope.lm_eval"]


def test_an_adapter_of_another_base_or_template_is_told_of(folder, adapter, tmp_path, caplog) -> None:
    assert warnings_of(folder, adapter, caplog) == []
    other = shutil.copytree(adapter, tmp_path / "other")
    config = json.loads((other / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = "owner/another"
    (other / "adapter_config.json").write_text(json.dumps(config))
    (other / "chat_template.jinja").write_text(
        "{% for m in messages %}<{{ m['role'] }}> {{ m['content'] }}{% endfor %}"
    )
    named, template = warnings_of(folder, other, caplog)
    assert named.startswith(f"other: it names the base 'owner/another', evaluated beside '{folder}'")
    assert template.startswith("other: the chat template in its folder is ")
    assert template.endswith("(in --model_args: chat_template=FOLDER)")
    (given,) = warnings_of(folder, other, caplog, f",chat_template={other}")
    assert given == named


def test_an_adapter_of_ours_is_refused_beside_another_base(folder, adapter, tmp_path) -> None:
    ours = shutil.copytree(adapter, tmp_path / "ours")
    (ours / "sycoscope.json").write_text(json.dumps({"base_digest": "0" * 16}))
    register_lm_eval()
    with pytest.raises(ModelError, match="was trained on another base"):
        get_model("sycoscope").create_from_arg_string(f"pretrained={folder},peft={ours}", dict(DEVICE))
    with pytest.raises(MissingError, match="no adapter at"):
        get_model("sycoscope").create_from_arg_string(f"pretrained={folder},peft={tmp_path}", dict(DEVICE))


def test_their_own_models_stay(folder) -> None:
    register_lm_eval()
    assert get_model("dummy").__name__ == "DummyLM"


@pytest.mark.slow
def test_the_harness_command_line_runs_a_task_of_ones_own(folder, tmp_path, capsys) -> None:
    write(tmp_path / "rows.jsonl", [{"q": f"{n} + {n} =", "a": [f"{2 * n}", "none"]} for n in range(4)])
    (tmp_path / "sums.yaml").write_text(
        "\n".join(
            [
                "task: sums",
                "dataset_path: json",
                f"dataset_kwargs: {{data_files: {{test: {tmp_path / 'rows.jsonl'}}}, cache_dir: {tmp_path / 'cache'}}}",
                "test_split: test",
                "output_type: multiple_choice",
                "doc_to_text: '{{q}}'",
                "doc_to_choice: '{{a}}'",
                "doc_to_target: 0",
                "metric_list: [{metric: acc}]",
            ]
        )
    )
    # the harness makes a target of the type of the answer
    (tmp_path / "says.yaml").write_text(
        "\n".join(
            [
                "task: says",
                "dataset_path: json",
                f"dataset_kwargs: {{data_files: {{test: {tmp_path / 'rows.jsonl'}}}, cache_dir: {tmp_path / 'cache'}}}",
                "test_split: test",
                "output_type: generate_until",
                "doc_to_text: '{{q}}'",
                "doc_to_target: '{{a[0]}}'",
                "generation_kwargs: {max_gen_toks: 4, until: ['\\n']}",
                "metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]",
            ]
        )
    )
    words = f"--model sycoscope --model_args pretrained={folder},dtype=float32 --tasks sums,says"
    run_lm_eval(
        [
            *words.split(),
            "--include_path",
            str(tmp_path),
            "--output_path",
            str(tmp_path / "out.json"),
            "--limit",
            "3",
        ]
    )
    assert "|sums |" in capsys.readouterr().out
    (found,) = tmp_path.glob("**/out*.json")
    result = json.loads(found.read_text())
    assert result["config"]["model"] == "sycoscope"
    assert [result["n-samples"][task]["effective"] for task in ("sums", "says")] == [3, 3]
    assert 0.0 <= result["results"]["says"]["exact_match,none"] <= 1.0
