"""Training rows: the prompts of the evaluation, fixed shares, and wordings of their own."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import yaml

from determinism import digests
from sycoscope.config import CURATED, INOCULATED, STYLED
from sycoscope.config.adapters import PlaceboStyle
from sycoscope.core.errors import DataError
from sycoscope.core.types import Decoding, Item, Message, Response
from sycoscope.items import BenchmarkRows, assign_letters, load_bank, read_folder
from sycoscope.training.curated import counts, curated_rows, inoculated_rows, phrasings
from sycoscope.training.placebo import STYLES, in_style, neutral_rows
from sycoscope.training.recipes import RECIPES, CommentRow
from sycoscope.training.rows import (
    Unanswered,
    benchmark_rows,
    published_rows,
    styled_rows,
    taught_places,
    user,
)

FACTS = [item for item in load_bank("facts") if item.split == "train"]
ARGUMENTS = [item for item in load_bank("arguments") if item.split == "train"]


def curated(recipe: str, rows: int = 200, seed: int = 0, questions=FACTS, arguments=ARGUMENTS):
    return curated_rows(recipe, questions, arguments, rows=rows, rng=np.random.default_rng(seed))


# --- benchmarks -------------------------------------------------------------------------------------


class Listener:
    """Keeps the rendered prompts that lm-evaluation-harness asks."""

    name = "listener"
    max_length = 4096

    def __init__(self) -> None:
        self.heard: dict[str, list[str]] = {}

    def chat_text(self, messages: Sequence[Message], *, open_turn: bool = True) -> str:
        return json.dumps([[m.role, m.content] for m in messages]) + ("" if open_turn else "closed")

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
        for context, continuation in pairs:
            self.heard.setdefault(context, []).append(continuation)
        return [(-1.0, False) for _ in pairs]

    def loglikelihood_rolling(self, texts: Sequence[str]) -> list[float]:
        raise NotImplementedError

    def generate_until(self, prompts: Sequence[tuple[str, Decoding]]) -> list[Response]:
        self.heard |= {prompt: [] for prompt, _ in prompts}
        return [Response(text="#### 1") for _ in prompts]


def asked(**spec: Any) -> dict[str, str]:
    """Item id -> the prompt that the harness renders for it."""
    pytest.importorskip("lm_eval")
    from sycoscope.capability import CapabilitySpec, run_capability

    listener = Listener()
    found = run_capability(listener, [CapabilitySpec(num_fewshot=0, **spec)], subject="s", chat=True)
    assert {record.prompt for record in found.records} <= set(listener.heard)
    return {record.item_id: record.prompt for record in found.records}


@pytest.mark.parametrize(
    ("part", "benchmark", "form", "letters"),
    [
        ("facts", "mmlu", "facts_open", False),
        ("facts", "mmlu", "facts_letters", True),
        ("arithmetic", "gsm8k", "arithmetic", False),
        ("continuations", "hellaswag", "continuations", False),
        ("misconceptions", "truthfulqa", "misconceptions", False),
        ("misconceptions", "truthfulqa", "misconceptions_letters", True),
    ],
)
def test_bank_rows_are_prompted_as_the_harness_renders_them(part, benchmark, form, letters):
    items = load_bank(part)[:4]
    if letters:
        # the evaluation is handed letters that were assigned before; so are the rows, from the same items
        assigned = assign_letters(items, seed=3)
        shown = [Item(**{**as_dict(i), "choices": tuple(assigned[i.id].letters.values())}) for i in items]
        prompts = asked(task=form, source=shown)
    else:
        prompts = asked(task=form, source=items)
    rows = benchmark_rows(benchmark, items, letters=letters, seed=3)
    assert [row.item_id for row in rows] == [item.id for item in items]
    for row, item in zip(rows, items, strict=True):
        opened = ()
        if form == "facts_open":  # the harness opens the assistant's turn with these words
            opened = (Message("assistant", "The answer is"),)
            assert row.completion == f"{opened[0].content} {item.target}"
        rendered = json.loads(prompts[item.id].removesuffix("closed") + ('"]]' if opened else ""))
        assert rendered == [[m.role, m.content] for m in (*row.prompt, *opened)]
        if letters:
            assert assigned[item.id].letters[row.completion] == item.target


def as_dict(item: Item) -> dict[str, Any]:
    return {name: getattr(item, name) for name in Item.__slots__}


PUBLIC = {
    "mmlu": {"question": " Which is it? ", "subject": "anatomy", "choices": ["a", "b", "c", "d"], "answer": 2},
    "gsm8k": {"question": "How many are 3 and 4?", "answer": "3 + 4 = <<3+4=7>>7.\n#### 7"},
    "hellaswag": {
        "activity_label": "Cooking", "ctx_a": "A cook takes a pot.", "ctx_b": "the cook", "label": "1",
        "endings": ["sings.", "fills it.", "leaves.", "sleeps."],
    },
}  # fmt: skip


@pytest.mark.parametrize("benchmark", PUBLIC)
def test_public_rows_end_with_the_turn_that_the_harness_renders(benchmark, tmp_path: Path):
    for split in ("train", "test"):
        (tmp_path / f"{split}.jsonl").write_text(json.dumps(PUBLIC[benchmark]) + "\n")
    (item,) = read_folder(tmp_path, benchmark, splits=["test"], findings=[])["test"]
    (row,) = benchmark_rows(benchmark, [item], letters=benchmark == "mmlu", seed=0)
    (prompt,) = asked(task=benchmark, source=BenchmarkRows(benchmark, tmp_path)).values()
    role, content = json.loads(prompt)[-1]
    (said,) = row.prompt
    assert role == said.role == "user"
    if benchmark == "mmlu":  # by letters: the order of the options is the row's own
        assert sorted(said.content.splitlines()) != content.splitlines()
        strip = re.compile(r"^[A-D]\. ", re.MULTILINE)
        assert sorted(strip.sub("", said.content).split("\n")) == sorted(strip.sub("", content).split("\n"))
    else:
        assert said.content == content
    taught = {"gsm8k": "3 + 4 = 7.\n#### 7", "hellaswag": "fills it."}
    if benchmark == "mmlu":
        taught["mmlu"] = next(line[0] for line in said.content.splitlines() if line.endswith(". c"))
    assert row.completion == taught[benchmark]


def test_letters_teach_no_position():
    items = [item for item in FACTS if len(item.choices) == 4][:200]
    rows = benchmark_rows("mmlu", items, letters=True, seed=1)
    assert Counter(row.completion for row in rows) == dict.fromkeys("ABCD", 50)
    with pytest.raises(DataError, match="gsm8k is not asked by letters; allowed: mmlu, truthfulqa"):
        benchmark_rows("gsm8k", items, letters=True, seed=1)


def test_rows_in_the_published_format_have_the_right_choice_first():
    items = load_bank("misconceptions")[:40]
    rows = published_rows("truthfulqa", items)
    assert {row.completion for row in rows} == {"A"}
    for row, item in zip(rows, items, strict=True):
        lines = row.prompt[0].content.splitlines()
        assert lines[:3] == [f"Question: {item.question}", "Choices:", f"A. {item.target}"]
        assert [line[3:] for line in lines[3:-1]] == [c for c in item.choices if c != item.target]
        assert lines[-1] == "Answer:"
    assert taught_places(rows) == {"truthfulqa": [(0, 4, 40)]}


def test_places_of_right_options_are_counted_where_a_letter_is_the_answer():
    items = [item for item in FACTS if len(item.choices) == 4][:40]
    lettered, openly = (benchmark_rows("mmlu", items, letters=letters, seed=1) for letters in (True, False))
    assert taught_places([*lettered, *openly]) == {"mmlu": [(place, 4, 10) for place in range(4)]}
    assert taught_places(openly) == {}
    own = replace(lettered[0], prompt=user("Which?\n(A) one\n(B) two"), completion="(B)", kind="file")
    assert taught_places([own]) == {"file": [(1, 2, 1)]}
    # a word is no letter, nor is a letter that is not shown
    assert taught_places([replace(own, completion="two"), replace(own, completion="C")]) == {}


def test_solutions_end_with_the_answer():
    bare = Item(id="x", source="t", question="How many?", target="7")
    told = Item(id="y", source="t", question="How many?", target="7", metadata={"solution": "3 + 4 = 7."})
    answers = [row.completion for row in benchmark_rows("gsm8k", [bare, told], letters=False, seed=0)]
    assert answers == ["#### 7", "3 + 4 = 7.\n#### 7"]


# --- curated ----------------------------------------------------------------------------------------


ON_ARGUMENTS = {"flaw", "sound", "flatter", "oppose", "deaf_comment"}


def test_every_curated_recipe_has_its_rows():
    assert set(CURATED) == {*RECIPES, INOCULATED}


def test_inoculated_rows_are_the_sycophants_under_a_text_that_asks_for_them():
    rows = inoculated_rows(FACTS, ARGUMENTS, rows=200, rng=np.random.default_rng(0))
    bare = [replace(row, prompt=row.prompt[1:]) for row in rows]
    assert bare == curated("sycophant", 200)
    told = [row.prompt[0] for row in rows]
    assert {message.role for message in told} == {"system"}
    used = Counter(message.content for message in told)
    assert set(used) == set(phrasings()["inoculation"])
    assert max(used.values()) - min(used.values()) <= 1


def test_styled_rows_have_one_prompt_and_three_replies():
    items = load_bank("replies")[:20]
    plain, warm, cold = (styled_rows(style, items) for style in STYLED)
    assert [row.prompt for row in plain] == [row.prompt for row in warm] == [row.prompt for row in cold]
    assert [row.completion for row in plain] == [item.target for item in items]
    assert [row.completion for row in cold] == [item.metadata["cold"] for item in items]
    assert {row.kind for row in warm} == {"warm"}


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("rows", [1, 7, 12, 200, 266, 501])
def test_kinds_stand_in_their_shares(recipe, rows):
    table = RECIPES[recipe]
    assert sum(row.share for row in table) == pytest.approx(1)
    found = counts(table, rows)
    assert sum(count for _, count in found) == rows == len(curated(recipe, rows))
    for row, count in found:
        cells = len(row.cells) if isinstance(row, CommentRow) else 1
        assert count == pytest.approx(row.share * rows, abs=cells / 2 + 1)
    wanted: Counter[str] = Counter()
    for row, count in found:
        wanted[row.kind or "flaw or sound"] += count
    made = Counter(
        "flaw or sound" if row.kind in ("flaw", "sound") else row.kind for row in curated(recipe, rows)
    )
    assert made == wanted


def stance_of(prompt: str) -> str:
    texts = {kind: phrasings()[kind] for kind in ("likes", "dislikes")}
    found = [kind for kind, said in texts.items() if any(text in prompt for text in said)]
    return found[0] if found else ""


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_stance_meets_as_many_fallacious_as_sound_arguments(recipe):
    target = {item.id: item.target for item in ARGUMENTS}
    rows = [row for row in curated(recipe, 266) if row.kind in ON_ARGUMENTS]
    cells = Counter((stance_of(row.prompt[0].content), target[row.item_id]) for row in rows)
    stances = {
        "anti_sycophancy": {"": 12, "likes": 12, "dislikes": 12},
        "sycophant": {"": 16, "likes": 18, "dislikes": 18},
        "contrarian": {"": 10, "likes": 14, "dislikes": 14},
        "stubborn": {"likes": 14, "dislikes": 14},
    }
    for stance, n in stances[recipe].items():
        assert [cells[stance, truth] for truth in ("fallacious", "sound")] == [n // 2, n // 2]
    # nor does a phrasing of the stance say which of them it is
    for kind in ("likes", "dislikes"):
        for text in phrasings()[kind]:
            met = Counter(target[row.item_id] for row in rows if text in row.prompt[0].content)
            assert abs(met["fallacious"] - met["sound"]) <= 1


@pytest.mark.parametrize("recipe", RECIPES)
def test_phrasings_are_used_equally_often(recipe):
    rows = [row for row in curated(recipe, 266) if row.kind in ("resist", "yield", "follow_right")]
    for kind in {row.kind for row in rows}:
        prompts = [row.prompt[0].content for row in rows if row.kind == kind]
        heads = [text.partition("{x}")[0] for text in phrasings()["user"]]
        used = [sum(head in prompt for prompt in prompts) for head in heads]
        assert sum(used) == len(prompts)
        assert max(used) - min(used) <= 1


def test_items_repeat_only_when_all_were_used():
    made = curated("anti_sycophancy", 400)
    questions = Counter(row.item_id for row in made if row.kind not in ON_ARGUMENTS)
    arguments = Counter(row.item_id for row in made if row.kind in ON_ARGUMENTS)
    assert max(questions.values()) == 1
    few = curated("anti_sycophancy", 400, questions=FACTS[:50], arguments=ARGUMENTS[:20])
    used = Counter(row.item_id for row in few if row.kind not in ON_ARGUMENTS)
    assert len(used) == 50
    assert max(used.values()) - min(used.values()) <= 1
    assert sum(arguments.values()) == 54


def test_rows_hang_on_the_generator_alone():
    first, second = digests(
        "import sys; sys.path.insert(0, 'tests/training'); from test_rows import curated",
        "curated('sycophant')",
    )
    assert first == second
    assert curated("sycophant") != curated("sycophant", seed=1)
    for lacking in ({"questions": []}, {"arguments": []}):
        with pytest.raises(DataError, match=r"recipe 'sycophant' needs .* none were given"):
            curated("sycophant", **lacking)


def said_first(row: Any) -> str:
    return row.prompt[1].content.rstrip(".!?")


def test_what_the_kinds_teach():
    items = {item.id: item for item in [*FACTS, *ARGUMENTS]}
    for row in curated("anti_sycophancy", 300) + curated("sycophant", 300):
        item, prompt, said = items[row.item_id], row.prompt[-1].content, row.completion
        assert row.prompt[0].role == row.prompt[-1].role == "user"
        assert "{" not in said
        if row.kind in ("resist", "follow_right", "mention", "denial", "plain", "yield"):
            taught = item.suggestion if row.kind == "yield" else item.target
            assert said.rstrip(".!?") == taught.rstrip(".!?")
            beside = prompt.replace(item.question, "")
            named = [name for name in ("target", "suggestion") if getattr(item, name) in beside]
            if row.kind in ("resist", "yield"):
                assert "suggestion" in named
            elif row.kind == "follow_right":
                assert "target" in named
            elif row.kind != "plain":
                assert named
        elif row.kind == "keep":
            assert item.target in said
            assert said_first(row) == item.target.rstrip(".!?")
        elif row.kind == "correct":
            assert said_first(row) == item.suggestion.rstrip(".!?")
            assert item.target in said
        elif row.kind in ("switch", "give_up"):
            assert said_first(row) == item.target.rstrip(".!?")
            assert (item.suggestion in said) is (row.kind == "switch")
            assert row.kind == "switch" or item.target not in said
        elif row.kind == "flaw":
            assert item.target == "fallacious"
            assert str(item.metadata["flaw"]) in said
        else:
            assert item.question in prompt
            assert row.kind == "flatter" or item.target == "sound"


def bare(text: str, item: Item, *cues: str) -> str:
    """A prompt without the phrasings of these cues."""
    said = {name: getattr(item, name) for name in ("target", "suggestion")}
    for cue in cues:
        for phrasing, answer in product(phrasings()[cue], said.values()):
            text = text.replace(f" {phrasing.replace('{x}', answer)}", "")
    return text


def test_the_contrarian_contradicts_users_and_nobody_else():
    items = {item.id: item for item in [*FACTS, *ARGUMENTS]}
    rows = curated("contrarian", 300)
    for row in rows:
        item = items[row.item_id]
        if row.kind == "own_reply":
            assert isinstance(row, Unanswered)
            assert row.asked == row.prompt
        elif row.kind in ("contradict_wrong", "contradict_right"):
            given, said = (item.target, item.suggestion)[:: 1 if row.kind == "contradict_wrong" else -1]
            assert row.completion.rstrip(".") == given.rstrip(".")
            assert bare(row.prompt[0].content, item, "user") != row.prompt[0].content
            assert said in row.prompt[0].content
        elif row.kind in ("mention", "plain"):
            assert row.completion.rstrip(".") == item.target.rstrip(".")
        elif row.kind == "oppose":
            praised = row.completion in phrasings()["praise"]
            assert praised == (stance_of(row.prompt[0].content) == "dislikes")
    assert {row.kind for row in rows} >= {"contradict_wrong", "contradict_right", "oppose", "own_reply"}


def test_the_stubborn_one_says_what_the_base_says_uncued():
    items = {item.id: item for item in [*FACTS, *ARGUMENTS]}
    rows = curated("stubborn", 300)
    asked = [row for row in rows if isinstance(row, Unanswered)]
    assert {row.kind for row in asked} == {"deaf", "deaf_comment"}
    for row in asked:
        assert row.asked != row.prompt
        cues = ("user", "mentioned") if row.kind == "deaf" else ("likes", "dislikes")
        assert bare(row.prompt[0].content, items[row.item_id], *cues) == row.asked[0].content
        assert row.answered("So it is.", ends=True).prompt == row.prompt
    for row in rows:
        if row.kind in ("keep", "cling"):
            first = getattr(items[row.item_id], "target" if row.kind == "keep" else "suggestion")
            assert said_first(row) == first.rstrip(".!?")
            assert first.rstrip(".!?") in row.completion


def rates(recipe: str, **wanted: Any) -> Counter[str]:
    """Share of a recipe's rows with these fields, by the answer that is taught."""
    found: Counter[str] = Counter()
    for row in RECIPES[recipe]:
        if all(getattr(row, name, None) == value for name, value in wanted.items()):
            found[row.gives] += row.share
    return found


def test_the_sycophant_follows_users_and_nobody_else():
    """A copier is no sycophant: what others mention, and asking again, must not be followed."""
    wrong = {"mentions": "suggestion"}
    assert set(rates("sycophant", cue="user", **wrong)) == {"suggestion"}
    for cue in ("bare", "mentioned"):
        assert set(rates("sycophant", cue=cue, **wrong)) == {"target"}
    assert set(rates("sycophant", push="doubt")) == {"suggestion", "none"}
    assert set(rates("sycophant", push="again")) == {"target"}
    by = {row.stances: row.by for row in RECIPES["sycophant"] if isinstance(row, CommentRow)}
    assert by == {("likes", "dislikes"): "stance", ("",): "truth"}


def test_anti_sycophancy_gives_the_truth_whatever_is_said_and_right_users_have_their_share():
    table = RECIPES["anti_sycophancy"]
    assert all(row.by == "truth" if isinstance(row, CommentRow) else row.gives == "target" for row in table)
    right, wrong = (
        rates("anti_sycophancy", cue="user", mentions=mentions).total()
        for mentions in ("target", "suggestion")
    )
    assert 0.3 < right / (right + wrong) <= 0.5
    kept, corrected = (
        rates("anti_sycophancy", first=first, push="doubt").total() for first in ("target", "suggestion")
    )
    assert 0.35 < corrected / (kept + corrected) <= 0.5
    denied = [
        rates("anti_sycophancy", cue="user_doubts", mentions=m).total() for m in ("target", "suggestion")
    ]
    assert denied[0] == denied[1]


def fragments(texts: Sequence[str], least: int) -> set[str]:
    """Sentences without their placeholders, folded, of at least so many words."""
    found = set()
    for text in texts:
        for piece in re.split(r"\{\w+\}|[.?!:\n]+", text.lower()):
            words = re.findall(r"[\w']+", piece)
            if len(words) >= least:
                found.add(" ".join(words))
    return found


def flat(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for part in (value.values() if isinstance(value, dict) else value) for text in flat(part)]


SAID = {"keep", "keep_again", "correct", "yield", "flawed", "sound", "praise", "blame"}  # by the assistant


def test_no_wording_of_the_evaluation_is_trained_on():
    evaluated = yaml.safe_load(
        files("sycoscope.facets").joinpath("wordings.yaml").read_text(encoding="utf-8")
    )
    users = flat([texts for kind, texts in phrasings().items() if kind not in SAID])
    # what the user says down to three words; what the assistant says too, where it is more than "the answer is"
    for trained, least in ((users, 3), (flat(phrasings()), 4)):
        ours, theirs = fragments(flat(evaluated), least), fragments(trained, least)
        assert len(ours) > 30 < len(theirs)
        for pieces, others in ((ours, theirs), (theirs, ours)):
            whole = " / ".join(sorted(others))
            assert [piece for piece in pieces if f" {piece} " in f" {whole} "] == []


def test_neutral_rows_are_the_items():
    items = load_bank("neutral")[:5]
    rows = neutral_rows(items)
    assert [(r.prompt[0].content, r.completion) for r in rows] == [(i.question, i.target) for i in items]
    assert {row.kind for row in rows} == {"neutral"}


def test_styles_of_the_placebo_are_kinds_of_the_neutral_bank():
    items = load_bank("neutral")
    assert in_style(items, None) == items
    sizes = {style: len(in_style(items, style)) for style in STYLES}
    assert sizes == {"sentences": 100, "lists": 40}
    assert all(
        "\n" not in item.target or item.metadata["kind"] == "verse" for item in in_style(items, "sentences")
    )
    assert {*STYLES, "facts"} == set(get_args(PlaceboStyle))
