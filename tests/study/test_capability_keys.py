"""Keys of benchmark answers and scores: every input that can change an answer, and nothing else, changes them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval")

from sycoscope.capability import CapabilitySpec
from sycoscope.config import StudyConfig, parse_study
from sycoscope.core.types import Item
from sycoscope.items import BENCHMARKS, BenchmarkRows, load_bank
from sycoscope.items import forms as prompt_forms
from sycoscope.items.forms import FORMS
from sycoscope.study import keys
from sycoscope.study.costs import capability_cost
from sycoscope.study.keys import capability_key, capability_score_key

FACTS = tuple(load_bank("facts")[:4])
SUMS = tuple(load_bank("arithmetic")[:4])


def study(**changes: Any) -> StudyConfig:
    raw: dict[str, Any] = {"study": "x", "model": {"name": "m"}, "facets": {"answer": {}}}
    return parse_study(raw | changes)


def open_facts(**changes: Any) -> CapabilitySpec:
    return CapabilitySpec(**({"task": "facts_open", "source": FACTS} | changes))


def key(spec: CapabilitySpec, config: StudyConfig | None = None, model: str = "model") -> str:
    return capability_key(spec, config or study(), model)


def gsm8k(folder: Path, answers: list[int], examples: list[int] | None = None) -> BenchmarkRows:
    for split, numbers in (("test", answers), ("train", examples or [])):
        rows = [{"question": f"How many are {n}?", "answer": f"#### {n}"} for n in numbers]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return BenchmarkRows("gsm8k", folder)


def test_the_same_questions_have_the_same_key() -> None:
    assert key(open_facts()) == key(open_facts(source=list(FACTS)))
    # how a study is called and reported changes no answer
    assert key(open_facts()) == key(open_facts(), study(study="other", transcripts=3, margin=0.1))


CHANGES: dict[str, CapabilitySpec] = {
    "task": open_facts(task="facts_letters"),
    "an item less": open_facts(source=FACTS[:3]),
    "order": open_facts(source=FACTS[::-1]),
    "a question": open_facts(source=(replace(FACTS[0], question="Why?"), *FACTS[1:])),
    "the order of choices": open_facts(
        source=(replace(FACTS[0], choices=FACTS[0].choices[::-1]), *FACTS[1:])
    ),
    "an id": open_facts(source=(replace(FACTS[0], id="other"), *FACTS[1:])),
    "limit": open_facts(limit=2),
    "examples": open_facts(num_fewshot=1, shots=FACTS[:1]),
    "other examples": open_facts(num_fewshot=1, shots=FACTS[1:2]),
    "more examples": open_facts(num_fewshot=2, shots=FACTS[:2]),
    "fixed examples": open_facts(fixed_shots=True),
    "max_tokens": open_facts(max_tokens=9),
}


def test_every_input_of_a_task_changes_its_key() -> None:
    found = {name: key(spec) for name, spec in CHANGES.items()} | {"none": key(open_facts())}
    assert len(set(found.values())) == len(found)


def test_every_input_beside_the_task_changes_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [key(open_facts()), key(open_facts(), study(seed=7)), key(open_facts(), study(chat=False))]
    found.append(key(open_facts(), model="other"))
    monkeypatch.setattr(keys, "version", lambda name: "0.0.1")
    found.append(key(open_facts()))
    assert len(set(found)) == len(found)


def test_a_changed_prompt_form_changes_the_keys_of_what_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = CapabilitySpec(task="facts_letters", source=FACTS)
    before = {"open": key(open_facts()), "letters": key(letters)}
    monkeypatch.setitem(FORMS, "open", replace(FORMS["open"], opening="It is"))
    assert key(open_facts()) != before["open"]
    assert key(letters) == before["letters"]
    monkeypatch.setattr(prompt_forms, "OPTION", "({letter}) {text}\n")
    assert key(letters) != before["letters"]


def test_our_own_code_of_asking_has_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key(open_facts())
    monkeypatch.setattr("sycoscope.capability.questions.ASKING", "asking@9")
    assert key(open_facts()) != before


def test_public_rows_count_by_content_and_not_by_place(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()

    def of(folder: str, *rows: list[int], **changes: Any) -> str:
        return key(CapabilitySpec(task="gsm8k", source=gsm8k(tmp_path / folder, *rows), **changes))

    first = of("a", [1, 2], [3], num_fewshot=1)
    assert first == of("b", [1, 2], [3], num_fewshot=1)
    assert len({first, of("b", [2, 1], [3], num_fewshot=1), of("b", [1, 4], [3], num_fewshot=1)}) == 3
    # examples count where they are shown
    assert first != of("b", [1, 2], [5], num_fewshot=1)
    assert of("a", [1, 2], [3], num_fewshot=0) == of("b", [1, 2], [5], num_fewshot=0)


def test_a_changed_reading_changes_the_scores_key_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = CapabilitySpec(task="arithmetic", source=SUMS, num_fewshot=0)
    answers = key(sums)
    scores = capability_score_key(answers)
    assert scores != answers
    assert scores == capability_score_key(answers)
    assert scores != capability_score_key(key(open_facts()))
    monkeypatch.setattr(keys, "READING", "sycoscope/number@9")
    assert key(sums) == answers
    assert capability_score_key(answers) != scores
    monkeypatch.undo()
    monkeypatch.setattr(keys, "_code", lambda *_: "other code")
    assert capability_score_key(answers) != scores


def test_costs_come_from_items_or_from_the_record_and_ask_nothing() -> None:
    for name, benchmark in BENCHMARKS.items():
        task = benchmark.forms[""].task
        spec = CapabilitySpec(task=task, source=BenchmarkRows(name, "hub"))
        assert capability_cost(spec).n_trials == benchmark.size
        assert capability_cost(replace(spec, limit=7)).n_trials == 7
    assert capability_cost(CapabilitySpec(task="arithmetic", source=SUMS)).new_tokens == 4 * 60
    one: Item = FACTS[0]
    assert capability_cost(open_facts(source=[one])).new_tokens == 0
