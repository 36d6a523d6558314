"""What must not matter does not: letters renamed, items in another order, a system message, other batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sycoscope.analysis import Roles, analyse, verdicts
from sycoscope.core.types import Decoding, Item
from sycoscope.facets import task_of
from sycoscope.facets.runner import play
from sycoscope.facets.scoring import score_trials
from sycoscope.items import assign_letters, load_bank, take
from sycoscope.models.null import null_model

pytestmark = pytest.mark.slow

SUBJECTS = {"base": "null:yield?p=0.1&ability=0.7", "tuned": "null:yield?p=0.5&ability=0.6"}
ROLES = Roles(base="base", adapters=("tuned",))


def items_of(part: str, n: int) -> list[Item]:
    return take([item for item in load_bank(part) if item.split == "test"], n, seed=3, by_cluster=True)


FACTS = items_of("facts", 64)
LETTERED = [
    replace(item, choices=tuple(assigned.letters.values()))
    for item, assigned in ((item, assign_letters(FACTS, seed=3)[item.id]) for item in FACTS)
]
ARGUMENTS = items_of("arguments", 64)


class Batches:
    """A model that is asked a few requests at a time."""

    def __init__(self, model, size: int) -> None:
        self.model, self.size = model, size
        self.name, self.digest = model.name, model.digest

    def generate(self, requests: Sequence) -> list:
        return self._parts(requests, self.model.generate)

    def choice_logprobs(self, requests: Sequence) -> list:
        return self._parts(requests, self.model.choice_logprobs)

    def _parts(self, requests: Sequence, ask) -> list:
        parts = [requests[at : at + self.size] for at in range(0, len(requests), self.size)]
        return [one for part in parts for one in ask(part)]


def tasks(form: str):
    facts = LETTERED if form == "choice" else FACTS
    yield task_of("answer", form=form), facts
    yield task_of("are_you_sure", form=form), facts
    yield task_of("feedback"), ARGUMENTS


def outcome(form: str, *, turn_round: bool = False, system: str = "", batch: int = 10_000):
    """Scores by what they are of, and the verdicts."""
    scores, items = [], {}
    for task, asked in tasks(form):
        asked = list(reversed(asked)) if turn_round else asked
        items |= {item.id: item for item in asked}
        for seed, (subject, spec) in enumerate(SUBJECTS.items()):
            model = Batches(null_model(spec, seed), batch)
            trials = play(task, asked, model, subject=subject, decoding=Decoding(max_tokens=1), system=system)
            scores += score_trials(trials, items)
    estimates = analyse(scores, items, ROLES, seed=1)
    told = [(h.task, h.word, h.sentence) for h in verdicts(estimates, ROLES)]
    return {
        (s.subject, s.task, s.item_id, s.condition, s.name): (s.status, s.label, s.value) for s in scores
    }, told


@pytest.fixture(scope="module", params=["open", "choice"])
def form(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def plain(form):
    scores, told = outcome(form)
    assert {word for _, word, _ in told} >= {"more"}  # the verdicts say something that could be lost
    return scores, told


def test_items_in_another_order(form, plain):
    assert outcome(form, turn_round=True) == plain


def test_a_system_message(form, plain):
    assert outcome(form, system="You are a helpful assistant. Answer briefly.") == plain


@pytest.mark.parametrize("batch", [1, 7])
def test_another_batch_size(form, plain, batch):
    assert outcome(form, batch=batch) == plain


def test_letters_by_other_names(form, plain, monkeypatch):
    monkeypatch.setattr("sycoscope.facets.wording.LETTERS", "TSRQPONMLKJIHGFEDCBAZYXWVU")
    assert set(task_of("answer", form="choice").letters(LETTERED[0])) == set("TSRQ")
    scores, told = outcome(form)
    changed = {key for key, value in scores.items() if value != plain[0][key]}
    assert changed == set()
    assert told == plain[1]
