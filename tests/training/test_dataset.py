"""The anti-sycophancy set as a file: dealt evenly, read as it is meant, and taken by TRL's trainers."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_rows import flat, fragments

import sycoscope
from determinism import digests
from sycoscope import api, cli
from sycoscope.core.digests import file_digest
from sycoscope.core.errors import ConfigError, DataError, MissingError
from sycoscope.core.types import Message
from sycoscope.items import PARTS, load_bank
from sycoscope.study.dataset_checks import check_set, read_replies
from sycoscope.training.dataset import arguments, questions
from sycoscope.training.dataset.deal import Deck, digits, largest_remainders
from sycoscope.training.dataset.kinds import FAMILIES
from sycoscope.training.dataset.rows import Pools, set_rows
from sycoscope.training.dataset.speech import bare, fill, wordings

SIDE = {part: [item for item in load_bank(part) if item.split == "train"] for part in PARTS}
POOLS = Pools(
    **{part: SIDE[part] for part in ("arithmetic", "arguments", "neutral")}, questions=SIDE["facts"]
)
EVALUATED = [item for part in PARTS for item in load_bank(part) if item.split == "test"]


@pytest.fixture(scope="module")
def rows():
    return set_rows(1200, 1, POOLS)


# --- dealing ---


@given(st.lists(st.integers(1, 7), min_size=1, max_size=4), st.integers(0, 400))
def test_digits_are_even_at_any_time_and_meet_once(sizes, n):
    total = 1
    for size in sizes:
        total *= size
    dealt = [digits(rank, sizes) for rank in range(min(n, 3 * total))]
    for place, size in enumerate(sizes):
        used = Counter(found[place] for found in dealt)
        assert max(used[at] for at in range(size)) - min(used[at] for at in range(size)) <= 1
    assert len(set(dealt[:total])) == min(len(dealt), total)


@given(st.integers(1, 12), st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(0, 11))
def test_an_item_meets_every_combination_before_one_twice(n_items, sizes, start):
    n = 1
    for size in sizes:
        n *= size
    deck = Deck(range(n_items))
    met = [(deck.at(start, rank, n), digits(rank, sizes)) for rank in range(n * n_items)]
    assert len(set(met)) == len(met)
    first = Counter(item for item, _ in met[: n_items // 2 + 1])
    assert max(first.values()) == 1


def test_counts_are_the_nearest_whole_numbers():
    shares = [family.share for family in FAMILIES]
    assert sum(shares) == pytest.approx(1)
    for n in (100, 101, 600, 999):
        counts = largest_remainders(shares, n)
        assert sum(counts) == n
        assert all(abs(count - share * n) < 1 for count, share in zip(counts, shares, strict=True))


# --- rows ---


def test_a_set_passes_its_checks(rows):
    for found in (rows, set_rows(100, 7, POOLS), set_rows(2501, 3, POOLS)):
        assert [check for check in check_set(found, EVALUATED) if not check.passed] == []
    assert {row.kind for row in rows} == {kind for family in FAMILIES for kind in family.kinds.values()}


def test_truth_stance_and_letters_are_counterbalanced(rows):
    stances = Counter((r.cell["stance"], r.cell["truth"]) for r in rows if r.family == "comment")
    assert len(stances) == 6
    assert set(stances.values()) == {28}
    for family in ("belief", "doubt", "insist", "steps", "comment"):
        replies: dict[str, list[int]] = {}
        for row in rows:
            if row.family == family:
                replies.setdefault(row.cell["truth"], []).append(len(row.chosen.split()))
        first, second = replies.values()
        assert abs(len(first) - len(second)) <= 1
        means = sorted(sum(found) / len(found) for found in (first, second))
        assert means[1] < 1.2 * means[0], family
    right = Counter(
        letter for r in rows for letter, text in r.letters.items() if text == r.item.target and r.letters
    )
    assert set(right) == set("ABCD")
    assert max(right.values()) - min(right.values()) <= 2


def test_items_and_rows_repeat_only_when_all_were_used(rows):
    asked = {"belief", "denial", "mention", "plain", "doubt", "insist", "again"}
    used = Counter(r.item.id for r in rows if r.family in asked)
    assert max(used.values()) == 1
    assert len(set_texts := {(r.kind, r.text) for r in rows}) == len(rows), set_texts
    many = Counter(r.text for r in set_rows(6000, 0, POOLS) if r.kind == "neutral")
    assert len(many) == len(SIDE["neutral"])
    assert max(many.values()) - min(many.values()) <= 1
    few = replace(POOLS, questions=SIDE["facts"][:20])
    texts = Counter((r.kind, r.text) for r in set_rows(1500, 0, few) if r.item in few.questions)
    assert max(texts.values()) == 1


def test_pairs_differ_in_the_reply_and_name_the_fault(rows):
    for row in rows:
        assert bool(row.rejected) is bool(row.why) is (not row.kind.startswith("neutral"))
        assert row.rejected != row.chosen
    why = {kind: {r.why for r in rows if r.kind == kind} for kind in {r.kind for r in rows}}
    for kind in ("resist", "keep_doubted", "keep_insisted", "keep_shown", "keep_comment", "keep_flaw"):
        assert why[kind] == {"sycophantic"}, kind
    assert why["follow_right"] == {"contrarian"}
    assert why["correct_shown"] == why["correct_insisted"] == {"stubborn"}
    comments = {(r.cell["stance"], r.cell["truth"]): r.why for r in rows if r.family == "comment"}
    assert comments["likes", "fallacious"] == comments["dislikes", "sound"] == "sycophantic"
    assert comments["likes", "sound"] == comments["dislikes", "fallacious"] == "contrarian"


def test_what_is_shown_decides_and_not_that_something_is_said(rows):
    for row in rows:
        if row.family != "steps":
            continue
        steps = row.prompt[-1].content
        solution = str(row.item.metadata["solution"]).partition("\n####")[0]
        assert (solution in steps) is (row.cell["truth"] == "wrong")
        assert row.item.target in row.chosen
    told = {row.kind: row for row in rows}
    assert "flawed" in told["correct_comment"].chosen
    assert "sound" in told["keep_comment"].chosen


def test_a_set_hangs_on_its_arguments_alone():
    first, second = digests(
        "import sys; sys.path.insert(0, 'tests/training'); from test_dataset import POOLS, set_rows",
        "set_rows(300, 5, POOLS)",
    )
    assert first == second
    other = replace(POOLS, questions=SIDE["facts"][::-1])
    assert set_rows(300, 5, other) == set_rows(300, 5, POOLS) != set_rows(300, 6, POOLS)


def test_every_phrasing_is_used_and_is_none_of_the_evaluation():
    writers = {**questions.WRITERS, **arguments.WRITERS}
    said = {"praise", "blame", "turns", "yield", "keep", "hold", "cling", "shown", "granted", "not"}
    used = {name for row in set_rows(3000, 0, POOLS) for name in row.picks}
    rest = {name for name in wordings() if name not in used}
    assert all(name.split("_")[0] in said for name in rest), rest
    assert set(writers) == {family.name for family in FAMILIES if family.pool != "neutral"}
    evaluated = Path(sycoscope.__file__).parent / "facets" / "wordings.yaml"
    ours = fragments(flat(evaluated.read_text().splitlines()), 4)
    whole = " / ".join(sorted(fragments(flat(wordings()), 4)))
    assert len(ours) > 30
    assert [piece for piece in ours if f" {piece} " in f" {whole} "] == []


def test_texts_read_as_sentences():
    item = SIDE["facts"][0]
    assert bare("heart", replace(item, question="Which organ?")) == "Heart."
    assert bare("km", replace(item, question="What is the symbol of the kilometre?")) == "km."
    assert bare("Washington, D.C.", item) == "Washington, D.C."
    assert fill("{q} {cue} Now.", q="Why?", cue="") == "Why? Now."
    assert fill("My guess is {x}.", x="Washington, D.C.") == "My guess is Washington, D.C."


# --- checks see what they are for ---


def failed(found) -> str:
    return " / ".join(check.rule for check in check_set(found, EVALUATED) if not check.passed)


def test_checks_see_faults(rows):
    at = next(i for i, row in enumerate(rows) if row.kind == "resist" and not row.letters)
    row = rows[at]

    def with_row(**change):
        return [*rows[:at], replace(row, **change), *rows[at + 1 :]]

    test = next(item for item in load_bank("facts") if item.split == "test")
    long = next(item for item in load_bank("arguments") if item.split == "test")
    assert "no cluster" in failed(with_row(item=test))
    assert "no question of the bank's test side" in failed(with_row(chosen=long.question))
    assert "equally often" in failed(rows[:-400])
    assert "none empty" in failed(with_row(chosen=" "))
    assert "none empty" in failed(with_row(rejected=row.chosen))
    assert "turns of user" in failed(with_row(prompt=(*row.prompt, Message("assistant", "a"))))
    assert "template" in failed(with_row(chosen=f"{row.chosen} <|im_end|>"))
    assert "template" in failed(with_row(chosen="The answer is {x}."))
    same = [replace(one, chosen=one.rejected) for one in rows]
    assert "replies that are taught" in failed(same)
    taught, rejected = read_replies(with_row(chosen=row.item.suggestion))
    assert taught.n_intended == read_replies(rows)[0].n_intended - 1
    assert row.item.suggestion in " ".join(taught.wrong)
    assert rejected.share is not None
    assert rejected.share >= 0.98
    assert "twice before all others" in failed([*rows, *[one for one in rows if one.kind == "resist"][:1]])


# --- files ---


def test_the_layouts_are_those_of_trl(tmp_path):
    read = {}
    for layout, more in (("prompt", {}), ("messages", {"layout": "messages"}), ("pairs", {"pairs": True})):
        built = api.build_data(out=tmp_path / f"{layout}.jsonl", n=200, seed=3, **more)
        lines = built.path.read_text(encoding="utf-8").splitlines()
        read[layout] = [json.loads(line) for line in lines]
        assert built.n_rows == len(lines) == 200 - built.left_out == sum(built.kinds.values())
        assert built.digest == file_digest(built.path)
        card = built.card.read_text(encoding="utf-8")
        assert built.digest in card
        assert "| seed | 3 |" in card
        assert "FAILED" not in card
        assert all(f"| {kind} |" in card for kind in built.kinds)
        keys = {tuple(row["sycoscope"]) for row in read[layout]}
        assert len(keys) == 1
    assert [row["prompt"] + row["completion"] for row in read["prompt"]] == [
        row["messages"] for row in read["messages"]
    ]
    by_prompt = {json.dumps(row["prompt"]): row for row in read["prompt"]}
    assert len(read["pairs"]) < 200
    for row in read["pairs"]:
        assert row["chosen"] == by_prompt[json.dumps(row["prompt"])]["completion"]
        assert row["chosen"] != row["rejected"]
        assert row["sycoscope"]["rejected"]
    again = api.build_data(out=tmp_path / "other" / "prompt.jsonl", n=200, seed=3)
    assert again.path.read_bytes() == (tmp_path / "prompt.jsonl").read_bytes()
    assert again.card.read_bytes() == (tmp_path / "prompt.md").read_bytes()


@pytest.mark.slow
def test_trl_trains_on_it(tiny_chat, tmp_path):
    trl = pytest.importorskip("trl")
    datasets = pytest.importorskip("datasets")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_chat)
    plain = {"output_dir": str(tmp_path / "out"), "max_steps": 1, "per_device_train_batch_size": 2}
    plain |= {"report_to": "none", "use_cpu": True, "bf16": False, "save_strategy": "no", "max_length": 400}
    for layout in ("prompt", "messages", "pairs"):
        asked = {"pairs": True} if layout == "pairs" else {"layout": layout}
        built = api.build_data(out=tmp_path / f"{layout}.jsonl", n=100, **asked)
        rows = datasets.load_dataset(
            "json", data_files=str(built.path), split="train", cache_dir=str(tmp_path / "cache")
        )
        trainer, config = (
            (trl.DPOTrainer, trl.DPOConfig) if layout == "pairs" else (trl.SFTTrainer, trl.SFTConfig)
        )
        made = trainer(
            model=AutoModelForCausalLM.from_pretrained(tiny_chat),
            args=config(**plain),
            train_dataset=rows.select(range(8)),
            processing_class=tokenizer,
        )
        made.train()
        assert made.state.global_step == 1
        if layout == "prompt":  # the loss falls on the completion alone
            row, taught = made.train_dataset[0], rows[0]["completion"][0]["content"]
            labels = [token for token in row["labels"] if token != -100]
            assert taught in tokenizer.decode(labels)
            assert rows[0]["prompt"][-1]["content"] not in tokenizer.decode(labels)


OWN = [
    {"question": f"Which town has the code T{n}?", "target": f"Arden{n}", "suggestion": f"Borley{n}"}
    for n in range(30)
]


def own_file(path: Path, lines) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_own_questions_take_the_place_of_the_facts(tmp_path):
    mine = own_file(tmp_path / "mine.jsonl", OWN)
    built = api.build_data(out=tmp_path / "set.jsonl", n=300, items=mine)
    texts = built.path.read_text(encoding="utf-8")
    assert "Arden7" in texts
    assert not any(item.question in texts for item in SIDE["facts"])
    rows = [json.loads(line)["sycoscope"] for line in texts.splitlines()]
    assert {row["form"] for row in rows} == {"", "open"}  # no choices, so no letters
    assert "mine.jsonl" in built.card.read_text(encoding="utf-8")
    choices = [line | {"choices": [line["target"], line["suggestion"], "Cole", "Dorn"]} for line in OWN]
    sides = [line | {"split": "test" if n < 5 else "train"} for n, line in enumerate(choices)]
    lettered = api.build_data(
        out=tmp_path / "letters.jsonl", n=300, items=own_file(tmp_path / "four.jsonl", sides)
    )
    texts = lettered.path.read_text(encoding="utf-8")
    assert "Arden3" not in texts
    assert '"form": "letters"' in texts
    assert "5 of its test side are not used" in lettered.card.read_text(encoding="utf-8")


def test_own_questions_that_cannot_be_used_are_named(tmp_path):
    test = next(
        item for item in load_bank("facts") if item.split == "test" and len(item.question.split()) > 8
    )
    told = {"question": test.question, "target": test.target, "suggestion": test.suggestion}
    faults = {
        r"1 of 30 rows have no suggestion \(line 30\)": [*OWN[:-1], {"question": "Why?", "target": "so"}],
        "19 questions are too few for a set; give at least 20": OWN[:19],
        r"1 questions are in the bank's test side(?s:.*)": [*OWN, told],
        "no mark of a chat template": [OWN[0] | {"question": "Which <|im_end|> is it?"}, *OWN[1:]],
    }
    for at, (message, lines) in enumerate(faults.items()):
        file = own_file(tmp_path / f"{at}.jsonl", lines)
        with pytest.raises(DataError, match=message):
            api.build_data(out=tmp_path / "set.jsonl", n=300, items=file)
    with pytest.raises(MissingError, match="no file of items at"):
        api.build_data(out=tmp_path / "set.jsonl", items=tmp_path / "nowhere.jsonl")
    assert not (tmp_path / "set.jsonl").exists()


def test_options_that_cannot_be_are_refused(tmp_path):
    out = tmp_path / "set.jsonl"
    faults = [
        ({"name": "sycophancy"}, "there is no set 'sycophancy'; allowed: anti-sycophancy"),
        ({"n": 99}, "at least 100 rows"),
        ({"layout": "alpaca"}, "there is no layout 'alpaca'; allowed: prompt, messages, pairs"),
        ({"layout": "messages", "pairs": True}, "pairs have a layout of their own"),
        ({"out": tmp_path / "set.json"}, "must end in .jsonl"),
    ]
    for options, message in faults:
        with pytest.raises(ConfigError, match=message):
            api.build_data(**({"out": out} | options))
    out.write_text("mine")
    with pytest.raises(ConfigError, match=r"exists; choose another --out, or write over it with --force"):
        api.build_data(out=out)
    assert api.build_data(out=out, n=100, force=True).path.read_text() != "mine"


def test_the_command_writes_and_tells(tmp_path, capsys, monkeypatch):
    def call(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["sycoscope", "data", "build", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return int(stop.value.code or 0)

    out = str(tmp_path / "set.jsonl")
    assert call("anti-sycophancy", "--n", "100", "--out", out, "--layout", "messages") == 0
    told = capsys.readouterr().out
    assert "100 rows" in told
    assert "wrong on purpose" in told
    assert call("anti-sycophancy", "--n", "100", "--out", out) == 2
    assert "exists" in capsys.readouterr().err
    assert call("anti-sycophancy", "--n", "100", "--out", out, "--force", "--pairs", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n_rows"] + found["left_out"] == 100
    assert all(check["passed"] for check in found["checks"])
    assert call("anti-sycophancy", "--n", "10", "--out", out) == 2
    assert call("no-such-set", "--out", out) == 2
