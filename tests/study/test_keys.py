"""Every key: equal for equal inputs, in every process; another for each thing that can change what lies under it."""

from __future__ import annotations

import copy
import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from sycoscope.config import JudgeConfig, StudyConfig, TrainingConfig, parse_study
from sycoscope.core.types import Item, Message
from sycoscope.facets import default_wordings, scoring
from sycoscope.facets.letter_prior import LetterPriorTask
from sycoscope.items import load_bank
from sycoscope.judging import judge
from sycoscope.study import keys
from sycoscope.study.inputs import FacetMaterial, Materials
from sycoscope.training import trainer
from sycoscope.training.rows import Example, user
from tests.source import module_graph, sources

STUDY: dict[str, Any] = {
    "study": "keys",
    "model": {"name": "null:ideal"},
    "decoding": {"temperature": 0.7, "top_p": 0.9, "draws": 2},
    "facets": {
        "answer": {"limit": 5, "shard_items": 2},
        "are_you_sure": {"limit": 4, "max_tokens": 9, "reply_tokens": 8},
        "feedback": {"limit": 2},
    },
}
JUDGE: dict[str, Any] = {"model": {"name": "some/judge"}}
ROWS = [
    Example(prompt=user("What is 1 + 1?"), completion="2", kind="plain", item_id="a"),
    Example(prompt=user("Who wrote Emma?"), completion="Jane Austen", kind="plain", item_id="b"),
]
RECORD: dict[str, Any] = {
    "base_digest": "b" * 16,
    "template_hash": "t" * 16,
    "quantization": "none",
    "hardware": {"dtype": "bfloat16", "device": "cpu", "threads": 2, "memory_gib": 8},
}
BANK = functools.cache(load_bank)


@pytest.fixture(autouse=True)
def bank_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bank is read once for all keys."""
    monkeypatch.setattr("sycoscope.study.inputs.load_bank", BANK)


def study(**changes: Any) -> StudyConfig:
    """The study with dotted keys changed."""
    raw = copy.deepcopy(STUDY)
    for dotted, value in changes.items():
        *parents, last = dotted.split("__")
        place = raw
        for key in parents:
            place = place.setdefault(key, {})
        place[last] = value
    return parse_study(raw)


def shard_key(facet: str, digest: str = "m" * 16, **changes: Any) -> str:
    config = study(**changes)
    material = Materials(config).facets[facet]
    return keys.shard_key(material, next(keys.shards(material)), config, digest)


def material(facet: str, **changes: Any) -> FacetMaterial:
    """The facet's input with fields of its task changed."""
    found = Materials(study()).facets[facet]
    limits = {name: changes.pop(name) for name in found.task.limits if name in changes}
    task = replace(found.task, limits={**found.task.limits, **limits}, **changes)
    return replace(found, task=task)


def adapter_key(rows: list[Example] = ROWS, seed: int = 1, settings: Any = (), record: Any = ()) -> str:
    model = copy.deepcopy(RECORD)
    for key, value in dict(record).items():
        (model["hardware"] if key in model["hardware"] else model)[key] = value
    return keys.adapter_key(rows, TrainingConfig.model_validate(dict(settings)), seed, model)


def judge_key(shards: tuple[str, ...] = ("one", "two"), digest: str = "j", **changes: Any) -> str:
    return keys.judge_key(shards, JudgeConfig.model_validate(JUDGE | changes), digest)


def prior_key(digest: str = "m", form: str = "answer", items: int = 3, wordings: Any = None) -> str:
    found = Materials(study(facets__answer__form="open")).facets["answer"]
    task = LetterPriorTask(name=form, wordings=wordings or default_wordings())
    return keys.prior_key(task, found.items[:items], digest)


def every_key() -> dict[str, str]:
    """One key of each kind, as another process computes it too."""
    return {
        **{facet: shard_key(facet) for facet in STUDY["facets"]},
        "prior": prior_key(),
        "judge": judge_key(),
        "score": keys.score_key("some shard"),
        "adapter": adapter_key(),
    }


def test_keys_are_the_same_in_every_process() -> None:
    script = f"import json, {__name__} as t; print(json.dumps(t.every_key()))"
    here = every_key()
    # this process draws its own hash seed
    env = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    other = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
    )
    assert json.loads(other.stdout) == here
    assert len(set(here.values())) == len(here)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 43},
        {"decoding__temperature": 0.8},
        {"decoding__top_p": 0.8},
        {"decoding__draws": 3},
        {"facets__are_you_sure__max_tokens": 10},
        {"facets__are_you_sure__reply_tokens": 9},
        {"facets__are_you_sure__conditions": ["control", "doubt"]},
        {"facets__are_you_sure__form": "choice"},
        {"facets__are_you_sure__limit": 3},
        {"digest": "n" * 16},
    ],
    ids=str,
)
def test_what_can_change_an_answer_changes_the_key_of_its_shard(changes: dict[str, Any]) -> None:
    assert shard_key("are_you_sure", **changes) != shard_key("are_you_sure")


@pytest.mark.parametrize("facet", STUDY["facets"])
def test_every_parameter_that_a_task_declares_is_part_of_the_key(facet: str) -> None:
    def key_of(facet_input: FacetMaterial) -> str:
        return keys.shard_key(facet_input, facet_input.items[:1], study(), "m")

    plain = material(facet)
    for name, value in plain.task.parameters().items():
        changed = not value if isinstance(value, bool) else value + 1  # type: ignore[operator]
        assert key_of(material(facet, **{name: changed})) != key_of(plain), name


def test_a_limit_that_only_a_new_task_knows_is_part_of_the_key() -> None:
    class WithPatience:
        """A task with a limit of its own."""

        def __init__(self, patience: int) -> None:
            self.patience = patience

        def __getattr__(self, name: str) -> Any:
            return getattr(plain.task, name)

        def parameters(self) -> dict[str, Any]:
            return {**plain.task.parameters(), "patience": self.patience}

    plain = material("answer")
    found = [
        keys.shard_key(replace(plain, task=WithPatience(n)), plain.items[:1], study(), "m") for n in (1, 2)
    ]
    assert found[0] != found[1]


def test_an_item_s_text_and_the_wordings_are_part_of_the_key() -> None:
    plain = material("answer")
    item = plain.items[0]

    def key_of(*items: Item, task: Any = plain.task) -> str:
        return keys.shard_key(replace(plain, task=task), items, study(), "m")

    others = [
        key_of(replace(item, question=item.question + "?")),
        key_of(replace(item, suggestion="something else")),
        key_of(replace(item, choices=("a", "b"))),
        key_of(item, plain.items[1]),
        key_of(plain.items[1], item),
    ]
    assert len({key_of(item), *others}) == 1 + len(others)
    words = default_wordings()
    other = words.model_copy(update={"answer": words.answer.model_copy(update={"ask_open": "{question}!"})})
    assert key_of(item, task=other.task("answer")) != key_of(item, task=words.task("answer"))


def test_what_cannot_change_an_answer_leaves_the_key() -> None:
    plain = shard_key("answer")
    assert (
        shard_key("answer", study="another", description="x", margin=0.1, workers=2, transcripts=3) == plain
    )
    assert shard_key("answer", facets__feedback__max_tokens=3) == plain
    assert (
        shard_key("answer", facets__answer__limit=4) == plain
    )  # the first shard of a longer list is the same


def test_shards_cover_the_items_once_in_order() -> None:
    facet = material("answer")
    parts = list(keys.shards(facet))
    assert [len(part) for part in parts] == [2, 2, 1]
    assert tuple(item for part in parts for item in part) == facet.items


def test_the_letter_probe_s_key() -> None:
    words = default_wordings()
    other = words.model_copy(update={"answer": words.answer.model_copy(update={"probe_choice": "It is"})})
    changed = [prior_key("n"), prior_key(form="are_you_sure"), prior_key(items=2), prior_key(wordings=other)]
    assert len({prior_key(), *changed}) == 1 + len(changed)


def test_the_judge_s_key(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = [
        judge_key(("one",)),
        judge_key(("two", "one")),
        judge_key(digest="k"),
        judge_key(max_tokens=17),
        judge_key(kinds=["open"]),
    ]
    plain = judge_key()
    monkeypatch.setattr(judge, "VERSION", "judge@next")
    changed.append(judge_key())
    assert len({plain, *changed}) == 1 + len(changed)
    monkeypatch.undo()
    assert judge_key(labelled="elsewhere.jsonl") == plain  # cases say whether it counts, not what it says


@pytest.fixture
def read_anew() -> Iterator[Callable[[], None]]:
    """Forgets what source and which libraries were found; also when the test is over."""

    def forget() -> None:
        keys._code.cache_clear()
        keys._versions.cache_clear()

    yield forget
    forget()


def test_a_score_s_key_follows_the_shard_and_the_scorers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, read_anew: Callable[[], None]
) -> None:
    plain = keys.score_key("shard"), keys.capability_score_key("answers")
    assert keys.score_key("another") != plain[0]
    with monkeypatch.context() as patch:
        patch.setattr(scoring, "VERSION", "scoring@next")
        assert keys.score_key("shard") != plain[0]
    for package, both in (("facets", False), ("scorers", True), ("core", True)):
        source = Path(scoring.__file__).parents[1] / package
        copy_of = shutil.copytree(source, tmp_path / package)
        changed = next(copy_of.glob("*.py"))
        changed.write_text(changed.read_text(encoding="utf-8") + "# another rule\n", encoding="utf-8")
        read_anew()
        with monkeypatch.context() as patch:
            there = resources.files
            patch.setattr(
                keys,
                "files",
                lambda name, there=there, own=package, to=copy_of: to if name.endswith(own) else there(name),
            )
            assert keys.score_key("shard") != plain[0], package
            assert (keys.capability_score_key("answers") != plain[1]) is both, package
    for library in keys.READING_LIBRARIES:
        read_anew()
        with monkeypatch.context() as patch:
            patch.setattr(keys, "version", lambda name, new=library: "next" if name == new else version(name))
            assert keys.score_key("shard") != plain[0], library
    read_anew()
    assert (keys.score_key("shard"), keys.capability_score_key("answers")) == plain


@pytest.mark.parametrize("parts", [keys.SCORING_CODE, keys.READING_CODE], ids=["scoring", "reading"])
def test_no_code_that_reads_answers_is_missing_from_the_keys_of_scores(parts: tuple[str, ...]) -> None:
    """What the parts import, and what that imports, lies in the parts; of other packages, in the libraries."""
    named = {f"sycoscope.{part.removesuffix('.py').replace('/', '.')}" for part in parts}

    def is_named(module: str) -> bool:
        return module in named or module.rpartition(".")[0] in named

    graph = module_graph(sources())
    # a package's own page imports what else it offers, which reads nothing
    inside = {name for name in graph if is_named(name)}
    missing = {(one, other) for one in inside for other in graph[one] if not is_named(other)}
    assert not missing
    read_with = {
        one.name.partition(".")[0]
        for name in inside
        if ".scorers." in name
        for one in sources()[name].imports
    }
    assert read_with - sys.stdlib_module_names - {"sycoscope"} == set(keys.READING_LIBRARIES)


def other_prompt(rows: list[Example]) -> list[Example]:
    return [replace(rows[0], prompt=(Message("system", "Hi"), *rows[0].prompt)), *rows[1:]]


CHANGED_ROWS: dict[str, Callable[[list[Example]], list[Example]]] = {
    "order": lambda rows: rows[::-1],
    "number": lambda rows: rows[:1],
    "completion": lambda rows: [replace(rows[0], completion="two"), *rows[1:]],
    "prompt": other_prompt,
    "cut": lambda rows: [replace(rows[0], ends=False), *rows[1:]],
    "rejected": lambda rows: [replace(rows[0], rejected="3"), *rows[1:]],
    "another rejected": lambda rows: [replace(rows[0], rejected="4"), *rows[1:]],
}


@pytest.mark.parametrize("what", CHANGED_ROWS)
def test_an_adapter_s_key_follows_its_rows(what: str) -> None:
    assert adapter_key(CHANGED_ROWS[what](ROWS)) != adapter_key()


def test_an_adapter_s_key_follows_seed_settings_trainer_and_base(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = adapter_key()
    settings = (
        {"steps": 3}, {"epochs": 2.0}, {"batch_rows": 4}, {"accumulation": 2}, {"learning_rate": 1e-3},
        {"schedule": "linear"}, {"warmup_steps": 1}, {"weight_decay": 0.1}, {"max_length": 64},
        {"validation_share": 0.2}, {"checkpoint_steps": 5}, {"load_best": True}, {"lora": {"r": 4}},
        {"lora": {"alpha": 4}}, {"lora": {"dropout": 0.0}}, {"lora": {"target_modules": ["q_proj"]}},
        {"lora": {"target_modules": "all-linear"}}, {"lora": {"dora": True}}, {"lora": {"rslora": True}},
        {"objective": "dpo"}, {"objective": "dpo", "beta": 0.2},
    )  # fmt: skip
    named = {name for change in settings for name in change}
    assert named | {*keys.IN_ROWS, *keys.WITHOUT_EFFECT} == set(TrainingConfig.model_fields)
    changed = [adapter_key(seed=2), *(adapter_key(settings=change) for change in settings)]
    for name, value in (
        ("base_digest", "c"),
        ("template_hash", "u"),
        ("quantization", "nf4"),
        ("dtype", "float32"),
        ("device", "cuda:0"),
        ("threads", 1),
    ):
        changed.append(adapter_key(record={name: value}))
    monkeypatch.setattr(trainer, "VERSION", "trainer@next")
    changed.append(adapter_key())
    assert len({plain, *changed}) == 1 + len(changed)


def test_what_cannot_change_an_adapter_leaves_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = adapter_key()
    assert adapter_key([replace(row, kind="other", item_id="z") for row in ROWS]) == adapter_key()
    assert adapter_key(record={"memory_gib": 16}) == adapter_key()
    # what only decides which rows there are
    assert (
        adapter_key(settings={"answer_tokens": 9, "answer_temperature": 1.0, "replay": 0.4}) == adapter_key()
    )
    # it is of pairs
    assert adapter_key(settings={"beta": 0.2}) == adapter_key()
    # what is asked meanwhile changes no weight
    assert adapter_key(settings={"monitor": 20}) == adapter_key()
    # what a base does with its logits was no part of the loss once; most do nothing
    model = copy.deepcopy(RECORD)
    found = [
        keys.adapter_key(ROWS, TrainingConfig(), 1, model, shape)
        for shape in ({}, {"cap": 30.0}, {"scale": 0.5})
    ]
    assert found[0] == alone
    assert len(set(found)) == 3
    # of a launch each process takes rows of its own
    for name, value in (("WORLD_SIZE", "2"), ("RANK", "1"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    assert adapter_key() != alone
    # threads are the processor's: on an accelerator their number changes nothing
    on_gpu = [
        adapter_key(record={"device": device, "threads": n}) for device, n in (("cuda:0", 1), ("cuda:1", 8))
    ]
    assert on_gpu[0] == on_gpu[1]


def test_an_adapter_that_was_tuned_before_is_found_again() -> None:
    """The key of given rows and settings: a change here throws away every adapter that was ever tuned."""
    assert adapter_key() == "57e08b5ab63fbc6bf8501ae3"
