"""Our LM against lm-evaluation-harness's own HFLM on the same tiny model: every item, not the mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval")
pytest.importorskip("torch")

from sycoscope.capability import CapabilitySpec, capability_tasks, run_capability
from sycoscope.capability.harness import evaluate
from sycoscope.capability.harness_model import HarnessModel, move_blanks
from sycoscope.core.errors import ConfigError, ModelError
from sycoscope.core.types import Message
from sycoscope.items import BenchmarkRows
from sycoscope.items.splits import kept_split

from .rows import FACTS, PROBLEMS, gsm8k_row, hellaswag_row, mmlu_row, truthfulqa_row, write
from .tiny import FakeModel, PlainTorchModel, tiny_llama


@pytest.fixture(scope="module")
def llama() -> tuple[Any, Any]:
    return tiny_llama()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {name: tmp_path_factory.mktemp(name) for name in ("mmlu", "gsm8k", "hellaswag", "truthfulqa")}
    for name, row in {"gsm8k": gsm8k_row, "hellaswag": hellaswag_row, "truthfulqa": truthfulqa_row}.items():
        write(made[name] / "test.jsonl", [row(i) for i in range(6)])
        write(made[name] / "train.jsonl", [row(i) for i in range(20, 30)])
    subjects = ("anatomy", "virology")
    write(made["mmlu"] / "test.jsonl", [mmlu_row(i, s) for s in subjects for i in range(4)])
    write(made["mmlu"] / "dev.jsonl", [mmlu_row(i + 50, s) for s in subjects for i in range(5)])
    return made


def both(llama: tuple[Any, Any], spec: CapabilitySpec, *, chat: bool) -> tuple[Any, Any]:
    """The samples of our LM and of HFLM, by the harness's task."""
    from lm_eval.models.huggingface import HFLM

    ours = HarnessModel(PlainTorchModel(*llama))
    theirs = HFLM(pretrained=llama[0], tokenizer=llama[1], batch_size=1, max_length=1024, device="cpu")
    return tuple(
        evaluate(lm, [task.config for task in capability_tasks(spec)], fewshot_seed=1234, chat=chat)
        for lm in (ours, theirs)
    )


SPECS = {
    "mmlu": {"num_fewshot": 5},
    "hellaswag": {"num_fewshot": 2},
    "truthfulqa_mc1": {},
    "truthfulqa_mc2": {},
    "truthfulqa_letters": {},
    "facts_open": {},
}


@pytest.mark.parametrize("chat", [False, True], ids=["plain", "chat"])
@pytest.mark.parametrize("benchmark", list(SPECS))
def test_choices_equal_the_harness_own_model(llama, folders, benchmark: str, chat: bool) -> None:
    family = benchmark.split("_")[0]
    source = FACTS if family == "facts" else BenchmarkRows(family, folders[family])
    ours, theirs = both(llama, CapabilitySpec(task=benchmark, source=source, **SPECS[benchmark]), chat=chat)
    compared = 0
    for name, samples in theirs["samples"].items():
        for mine, other in zip(ours["samples"][name], samples, strict=True):
            assert mine["arguments"] == other["arguments"]
            for (one,), (two,) in zip(mine["resps"], other["resps"], strict=True):
                assert one[0] == pytest.approx(two[0], abs=1e-4)  # nats, float32
                assert one[1] == two[1]
                compared += 1
            assert {m: mine[m] for m in mine["metrics"]} == pytest.approx(
                {m: other[m] for m in other["metrics"]}
            )
    assert compared >= 12


@pytest.mark.parametrize("chat", [False, True], ids=["plain", "chat"])
@pytest.mark.parametrize("benchmark", ["gsm8k", "arithmetic"])
def test_texts_equal_the_harness_own_model(llama, folders, benchmark: str, chat: bool) -> None:
    choices = (
        {"source": PROBLEMS[:2], "shots": PROBLEMS[2:]}
        if benchmark == "arithmetic"
        else {"source": BenchmarkRows("gsm8k", folders["gsm8k"])}
    )
    spec = CapabilitySpec(task=benchmark, num_fewshot=2, limit=3, max_tokens=12, **choices)
    ours, theirs = both(llama, spec, chat=chat)
    mine, other = ours["samples"][benchmark], theirs["samples"][benchmark]
    assert [s["arguments"] for s in mine] == [s["arguments"] for s in other]
    assert [s["resps"] for s in mine] == [s["resps"] for s in other]
    assert any(s["resps"][0][0] for s in mine)


def test_tasks_equal_the_harness_own_route(llama, folders, tmp_path: Path) -> None:
    """Its YAML by include, its data loader, its process_docs, its limit: prompts, answers and aggregates."""
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    home = Path(lm_eval.__file__).parent / "tasks"
    files = {
        "gsm8k": ("gsm8k/gsm8k.yaml", {"test": "test", "train": "train"}),
        "hellaswag": ("hellaswag/hellaswag.yaml", {"validation": "test", "train": "train"}),
        "truthfulqa_mc2": ("truthfulqa/truthfulqa_mc2.yaml", {"validation": "test"}),
    }
    for name, (yaml, splits) in files.items():
        folder = folders[name.split("_")[0]]
        lines = [f"include: {home / yaml}", f"task: {name}", "dataset_path: json", "dataset_name: null"]
        lines += ["dataset_kwargs:", f"  cache_dir: {tmp_path / 'cache'}", "  data_files:"]
        lines += [f"    {split}: {folder / file}.jsonl" for split, file in splits.items()]
        if name == "gsm8k":  # after an include, a key replaces the whole of the included one
            lines += [
                "generation_kwargs: {until: ['Question:', '</s>', '<|im_end|>'], do_sample: false, max_gen_toks: 12}"
            ]
        (tmp_path / f"{name}.yaml").write_text("\n".join(lines) + "\n")
    theirs = lm_eval.simple_evaluate(
        model=HFLM(pretrained=llama[0], tokenizer=llama[1], batch_size=1, max_length=1024, device="cpu"),
        tasks=list(files),
        task_manager=TaskManager(include_path=str(tmp_path), include_defaults=False),
        limit=4,
        bootstrap_iters=0,
        apply_chat_template=True,
        fewshot_as_multiturn=True,
    )
    specs = [
        CapabilitySpec(task=name, source=first_rows(name.split("_")[0], folders, 4), max_tokens=12)
        for name in files
    ]
    ours = run_capability(PlainTorchModel(*llama), specs, subject="tiny", seed=1234, chat=True)
    for name in files:
        prompts = {sample["doc_id"]: sample["arguments"][0][0] for sample in theirs["samples"][name]}
        assert [r.prompt for r in ours.records if r.task == name] == list(prompts.values())
        means = mean_metrics([record.metrics for record in ours.records if record.task == name])
        assert len(means) >= 1
        assert means == pytest.approx({key: theirs["results"][name][key] for key in means})


# Scores that the harness calls otherwise.
HARNESS_NAMES = {
    "mc2": "acc,none",
    "exact_match_strict": "exact_match,strict-match",
    "exact_match_flexible": "exact_match,flexible-extract",
}


def first_rows(benchmark: str, folders: dict[str, Path], n: int) -> BenchmarkRows:
    """The first rows, as the harness's own limit takes them; all rows for the examples."""
    whole = BenchmarkRows(benchmark, folders[benchmark])
    splits = {split: whole.split(split) for split in whole.splits()}
    return BenchmarkRows(benchmark, splits | {"test": kept_split("first", whole.raw("test")[:n], "test")})


def mean_metrics(kept: list[Any]) -> dict[str, float]:
    """What the harness aggregates, under its names, from the kept records."""
    return {
        HARNESS_NAMES.get(name, f"{name},none"): sum(metrics[name] for metrics in kept) / len(kept)
        for name in kept[0]
    }


@pytest.mark.parametrize("chat", [False, True], ids=["plain", "chat"])
def test_one_bos_on_every_path(llama, folders, chat: bool) -> None:
    model = PlainTorchModel(*llama)
    configs = [
        task.config
        for spec in (
            CapabilitySpec(
                task="gsm8k",
                source=BenchmarkRows("gsm8k", folders["gsm8k"]),
                num_fewshot=1,
                limit=1,
                max_tokens=2,
            ),
            CapabilitySpec(
                task="hellaswag", source=BenchmarkRows("hellaswag", folders["hellaswag"]), limit=1
            ),
            CapabilitySpec(task="facts_open", source=FACTS, limit=1),
        )
        for task in capability_tasks(spec)
    ]
    evaluate(HarnessModel(model), configs, fewshot_seed=1, chat=chat)
    HarnessModel(model).loglikelihood_rolling([Request("Some text.")])
    assert len(model.seen) > 8
    assert {ids.count(0) for ids in model.seen} == {1}
    assert {ids[0] for ids in model.seen} == {0}


class Request:
    """As much of an Instance as our LM reads."""

    def __init__(self, *args: Any) -> None:
        self.args = args


def test_an_open_turn_is_continued_as_transformers_does(llama) -> None:
    ours = HarnessModel(PlainTorchModel(*llama))
    turns = [
        {"role": "user", "content": "Capital of Peru?"},
        {"role": "assistant", "content": "The answer is"},
    ]
    wanted = llama[1].apply_chat_template(turns, tokenize=False, continue_final_message=True)
    assert ours.apply_chat_template(turns, add_generation_prompt=False) == wanted
    assert wanted.endswith("The answer is")


def test_a_template_that_hides_the_assistant_is_refused() -> None:
    class Deaf(FakeModel):
        def chat_text(self, messages, *, open_turn: bool = True) -> str:
            return super().chat_text([m for m in messages if m.role != "assistant"], open_turn=open_turn)

    turns = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "The answer is"}]
    with pytest.raises(ModelError, match="does not show the assistant's own words"):
        HarnessModel(Deaf()).apply_chat_template(turns, add_generation_prompt=False)


def test_generation_arguments() -> None:
    lm = HarnessModel(FakeModel(), seed=9)
    greedy = lm.decoding({"until": "Q:", "do_sample": False, "temperature": 0.7})
    assert (greedy.temperature, greedy.stop, greedy.max_tokens) == (0.0, ("Q:",), 256)
    sampled = lm.decoding({"until": ["a", "b"], "do_sample": True, "temperature": 0.7, "max_gen_toks": 5})
    assert (sampled.temperature, sampled.stop, sampled.max_tokens, sampled.seed) == (0.7, ("a", "b"), 5, 9)
    assert lm.decoding({"max_new_tokens": 7, "num_beams": 1, "top_k": 4}).max_tokens == 7
    for asked in ({"top_k": 4, "do_sample": True, "temperature": 1.0}, {"num_beams": 4}):
        with pytest.raises(ConfigError, match=f"'{next(iter(asked))}' is not passed on"):
            lm.decoding(asked)
    with pytest.raises(ConfigError, match="holds 2048 tokens"):
        lm.decoding({"max_gen_toks": 2048})


def test_blanks_move_to_the_continuation() -> None:
    assert move_blanks("<assistant>\n", "A") == ("<assistant>", "\nA")
    assert move_blanks("Answer:", " A") == ("Answer:", " A")
    assert move_blanks("", "A") == ("", "A")


def test_names_and_messages() -> None:
    heard: list[Message] = []

    class Listening(FakeModel):
        name = "org/model"

        def chat_text(self, messages, *, open_turn: bool = True) -> str:
            heard.extend(messages)
            return super().chat_text(messages, open_turn=open_turn)

    lm = HarnessModel(Listening())
    assert lm.tokenizer_name == "org__model"
    lm.apply_chat_template([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}])
    assert [message.role for message in heard] == ["system", "user"]
