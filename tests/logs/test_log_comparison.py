"""Logs of lm-evaluation-harness, read, paired and compared; the statistics are those of a run."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from sycoscope.core.errors import ConfigError, DataError, MissingError, StoreError
from sycoscope.logs import store
from sycoscope.logs.changes import _scaled
from sycoscope.logs.comparison import Comparison, compared
from sycoscope.logs.found import format_at, logs_at
from sycoscope.logs.pairs import COLUMNS, Pair, frame, read_pairs
from sycoscope.stats import holm, paired_mean

from .written import DATE, folder, row, rows

RNG = np.random.default_rng(7)
BEFORE = RNG.integers(0, 2, 60).tolist()
AFTER = [1 if RNG.random() < 0.6 else value for value in BEFORE]


def both(tmp_path: Path, before: list, after: list, **more) -> Comparison:
    sides = [
        folder(tmp_path / side, {"sums": found}, model=side)
        for side, found in (("base", before), ("tuned", after))
    ]
    return compared(*map(logs_at, sides), **more)


def verdicts(found: Comparison) -> dict[tuple[str, str, str], str]:
    return {(e.task, e.name, e.condition): one.verdict.word for one in found.results for e in [one.change]}


def messages(found: Comparison, check: str) -> list[str]:
    return [
        one.message for one in found.findings if one.check == check and one.severity in ("warn", "invalid")
    ]


# --- the statistics ---


def test_a_change_is_the_paired_mean_of_the_documents(tmp_path) -> None:
    found = both(tmp_path, rows(BEFORE), rows(AFTER))
    (one,) = found.results
    differences = np.array(AFTER) - np.array(BEFORE)
    tested = paired_mean(differences, [str(i) for i in range(60)], bounds=(-1, 1))
    interval = tested.interval(0.95)
    assert (one.change.value, one.change.low, one.change.high) == (
        interval.value,
        interval.low,
        interval.high,
    )
    assert one.change.p_value == one.change.p_adjusted == tested.p_value
    assert one.change.method == "sign flips of clusters"
    assert (one.change.n, one.change.n_clusters, one.change.coverage) == (60, 60, 1.0)
    assert one.verdict.word == "more"
    assert one.verdict.before.value == pytest.approx(np.mean(BEFORE))
    assert one.verdict.after.value == pytest.approx(np.mean(AFTER))
    assert one.moved[0, 1] - one.moved[1, 0] == differences.sum()
    assert sum(one.moved.values()) == 60


def test_the_order_of_a_file_changes_nothing(tmp_path) -> None:
    plain = both(tmp_path / "a", rows(BEFORE), rows(AFTER))
    turned = both(tmp_path / "b", rows(BEFORE)[::-1], rows(AFTER))
    assert plain.results[0].change == turned.results[0].change


def test_groups_of_documents_are_clusters(tmp_path) -> None:
    groups = [
        [row(i, value, cluster=f"text {i // 6}", page=i // 6) for i, value in enumerate(side)]
        for side in (BEFORE, AFTER)
    ]
    found = both(tmp_path / "a", *groups)
    assert (found.results[0].change.n, found.results[0].change.n_clusters) == (60, 10)
    assert found.grouped == {"sums": "by the group that the log names"}
    by_page = both(tmp_path / "b", *groups, cluster="page")
    assert by_page.results[0].change == found.results[0].change
    assert by_page.grouped == {"sums": "by the field “page”"}
    with pytest.raises(DataError, match=r"no field 'chapter' .*there are: question, answer, cluster, page"):
        both(tmp_path / "c", *groups, cluster="chapter")


def test_numbers_are_tested_by_students_t(tmp_path) -> None:
    scores = [RNG.normal(3, 1, 40).tolist() for _ in range(2)]
    (one,) = both(tmp_path, *(rows(side, metric="judge") for side in scores)).results
    tested = paired_mean(np.array(scores[1]) - np.array(scores[0]), [str(i) for i in range(40)], whole=False)
    assert one.change.unit == "score"
    assert one.change.p_value == pytest.approx(tested.p_value)
    assert one.change.low == pytest.approx(tested.interval(0.95).low)
    assert one.moved == {}


def test_p_values_are_adjusted_over_what_is_asked(tmp_path) -> None:
    sides = [[*rows(side), *rows(side[::-1], metric="other", filter_="strict")] for side in (BEFORE, AFTER)]
    found = both(tmp_path / "a", *sides)
    raw = [one.change.p_value for one in found.results]
    assert [one.change.p_adjusted for one in found.results] == holm(raw)
    assert [(one.change.name, one.change.condition) for one in found.results] == [
        ("acc", ""),
        ("other", "strict"),
    ]
    alone = both(tmp_path / "b", *sides, metrics=["acc"])
    assert [one.change.p_adjusted for one in alone.results] == raw[:1]
    with pytest.raises(ConfigError, match="no metric 'f1' in the logs; there are: acc, other"):
        both(tmp_path / "c", *sides, metrics=["f1"])


def test_a_scaled_test_is_that_of_the_numbers_themselves() -> None:
    values = RNG.integers(-1, 2, 40) / 4
    plain, counted = paired_mean(values, whole=True), _scaled(paired_mean(values * 4), 4)
    assert counted.p_value == pytest.approx(plain.p_value, rel=0.05)  # exact beside the saddlepoint
    assert counted.interval(0.95).low == pytest.approx(plain.interval(0.95).low, abs=0.01)
    assert counted.interval(0.95).value == pytest.approx(plain.interval(0.95).value)


# --- what is missing ---


def test_a_missing_score_is_a_status_and_never_0(tmp_path) -> None:
    after: list = [*AFTER]
    after[0], after[1] = None, math.nan
    found = both(tmp_path, rows(BEFORE), rows(after))
    lost = [pair for pair in found.pairs if not pair.complete]
    assert [(pair.document, pair.status_after, pair.after) for pair in lost] == [
        ("0", "error", None),
        ("1", "error", None),
    ]
    change = found.results[0].change
    assert (change.n, change.coverage) == (58, pytest.approx(58 / 60))
    assert change.value == pytest.approx(np.mean(np.array(AFTER)[2:] - np.array(BEFORE)[2:]))


def test_a_low_coverage_withholds_the_number(tmp_path) -> None:
    after: list = [None if i < 30 else value for i, value in enumerate(AFTER)]
    found = both(tmp_path, rows(BEFORE), rows(after))
    (one,) = found.results
    assert (one.verdict.word, one.change.state, one.change.p_adjusted) == ("cannot tell", "withheld", None)
    assert "0.50 scored after" in one.verdict.sentence
    assert messages(found, "coverage_differs")


def test_missing_scores_that_could_turn_the_sign_leave_it_open(tmp_path) -> None:
    # eight up and none down; eight that were right may all be wrong now
    before, after = [0] * 92 + [1] * 8, [1] * 8 + [0] * 84 + [None] * 8
    found = both(tmp_path, rows(before), rows(after))
    assert found.results[0].change.p_value < 0.05
    assert found.results[0].verdict.word == "cannot tell"
    assert "sign not fixed: 8 of 100 documents lack a score" in found.results[0].verdict.sentence


def test_documents_of_one_side_are_told_and_not_compared(tmp_path) -> None:
    found = both(tmp_path, rows(BEFORE), rows(AFTER[:40]))
    assert found.results[0].change.n == 40
    assert found.results[0].change.coverage == 1.0
    assert {pair.status_after for pair in found.pairs if not pair.common} == {"absent"}
    (text,) = messages(found, "one_side")
    assert "20 of 60 documents are in the log before alone" in text


def test_what_the_harness_could_not_read_is_told(tmp_path) -> None:
    unread = rows(AFTER)
    for one in unread[:3]:
        one["filtered_resps"] = ["[invalid]"]
    (text,) = messages(both(tmp_path, rows(BEFORE), unread), "counted")
    assert text.startswith("sums: 0 before and 3 after: answers could not be read")


def test_few_pairs_are_warned_of(tmp_path) -> None:
    found = both(tmp_path, rows([0, 1, 0]), rows([1, 1, 0]))
    assert messages(found, "at_risk") == ["sums, acc: 3 pairs (limit 30); compare more"]
    assert found.results[0].change.state == "warned"


# --- what is refused ---


def test_other_prompts_are_refused_with_the_ids(tmp_path) -> None:
    after = rows(AFTER)
    after[4]["arguments"]["gen_args_0"]["arg_0"] = "Please tell: what is 4 + 1?"
    with pytest.raises(DataError, match=r"1 of 60 documents were asked with other prompts.* They are: 4$"):
        both(tmp_path, rows(BEFORE), after)


def test_other_arguments_of_a_generation_are_settings_and_no_other_prompt(tmp_path) -> None:
    after = rows(AFTER)
    for one in after:
        one["arguments"]["gen_args_0"]["arg_1"] = {"until": ["\n"], "temperature": 1.0}
    assert both(tmp_path, rows(BEFORE), after).results[0].change.n == 60


def test_other_questions_under_the_same_ids_are_refused(tmp_path) -> None:
    moved = [row(i, value, question=f"What is {i + 1} + 1?") for i, value in enumerate(AFTER)]
    with pytest.raises(DataError, match="60 of 60 documents hold other questions or targets"):
        both(tmp_path, rows(BEFORE), moved)


def test_nothing_in_common_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match=r"no document in common.*before: 0, 1, .*after: 100, 101, "):
        both(tmp_path, rows(BEFORE), rows({100 + i: value for i, value in enumerate(AFTER)}))
    other = folder(tmp_path / "other", {"facts": rows(AFTER)})
    with pytest.raises(DataError, match=r"share no task \(before: sums; after: facts\)"):
        compared(logs_at(tmp_path / "base"), logs_at(other))


def test_a_document_that_stands_twice_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="document 0 stands twice"):
        both(tmp_path, [*rows(BEFORE), row(0, 1)], rows(AFTER))


def test_identical_questions_under_two_ids_are_one_cluster(tmp_path) -> None:
    sides = [
        [row(i, value, question=f"Q{i // 2}", answer=0) for i, value in enumerate(side)]
        for side in (BEFORE, AFTER)
    ]
    found = both(tmp_path, *sides)
    assert (found.results[0].change.n, found.results[0].change.n_clusters) == (60, 30)
    assert messages(found, "repeated") == [
        "sums: 30 questions stand under several ids (60 documents); each counts as one cluster"
    ]


def test_parts_of_a_number_over_the_corpus_are_left_out(tmp_path) -> None:
    sides = [[*rows(side), *rows([[1, 2]] * 60, metric="bleu", filter_="x")] for side in (BEFORE, AFTER)]
    assert list(verdicts(both(tmp_path, *sides))) == [("sums", "acc", "")]
    with pytest.raises(DataError, match="no score that is a number"):
        both(tmp_path / "alone", sides[0][60:], sides[1][60:])


# --- settings ---


def test_settings_that_differ_are_told(tmp_path) -> None:
    sides = [
        folder(tmp_path / name, {"sums": rows(side)}, **{"n-shot": {"sums": shots}})
        for name, side, shots in (("a", BEFORE, 0), ("b", AFTER, 5))
    ]
    (text,) = messages(compared(*map(logs_at, sides)), "settings")
    assert text.startswith("sums: the logs were not made alike: examples in the prompt 0 before, 5 after")


def test_a_file_without_its_results_says_so(tmp_path) -> None:
    folder(tmp_path / "a", {"sums": rows(BEFORE)})
    path = tmp_path / "a" / "model" / f"samples_sums_{DATE}.jsonl"
    log = logs_at(path)["sums"]
    assert (log.model, log.made, log.tool) == (
        "model",
        "2026-11-30T12:00:00.000001",
        "lm-evaluation-harness 0.4.13",
    )
    path.with_name(f"results_{DATE}.json").unlink()
    assert "no results file" in logs_at(path)["sums"].notes[0]


# --- what lies at a path ---


def test_logs_are_known_by_what_they_hold(tmp_path) -> None:
    found = folder(tmp_path / "a", {"sums": rows(BEFORE)})
    assert format_at(found) == format_at(found / "model") == "lm_eval"
    assert format_at("null:yield?p=0.3") is None
    assert format_at(tmp_path / "nowhere") is None
    other = tmp_path / "b" / "samples_x.jsonl"
    other.parent.mkdir()
    other.write_text('{"question": "no log"}\n')
    assert format_at(other) is None
    (found / "config.json").write_text("{}")
    assert format_at(found) is None  # a model's folder


def test_two_logs_of_one_task_are_refused(tmp_path) -> None:
    found = folder(tmp_path / "a", {"sums": rows(BEFORE)})
    folder(found, {"sums": rows(AFTER)}, model="other")
    with pytest.raises(DataError, match=r"holds 2 logs of the task 'sums'.*name one of the files"):
        logs_at(found)


def test_a_damaged_line_is_named(tmp_path) -> None:
    sides = [folder(tmp_path / name, {"sums": rows(side)}) for name, side in (("a", BEFORE), ("b", AFTER))]
    path = sides[1] / "model" / f"samples_sums_{DATE}.jsonl"
    lines = path.read_text().splitlines()
    for line, fault in (
        (lines[5][:40], r"no JSON that can be read"),
        ("{}", "no doc_id, doc, arguments, metrics"),
    ):
        path.write_text("\n".join([*lines[:5], line, *lines[6:]]))
        with pytest.raises(DataError, match=rf"samples_sums_.*:6: .*{fault}"):
            compared(*map(logs_at, sides))


# --- the table of pairs ---


def test_pairs_are_kept_and_read_again(tmp_path) -> None:
    found = both(tmp_path, rows(BEFORE), rows([None, *AFTER[1:]]))
    frame(found.pairs).write_parquet(tmp_path / "pairs.parquet")
    assert tuple(read_pairs(tmp_path / "pairs.parquet")) == found.pairs
    assert [column.name for column in COLUMNS] == list(Pair.__slots__)
    with pytest.raises(MissingError, match="no table of pairs"):
        read_pairs(tmp_path / "none.parquet")
    (tmp_path / "none.parquet").write_bytes(b"no table")
    with pytest.raises(StoreError, match="cannot be read"):
        read_pairs(tmp_path / "none.parquet")


def test_a_record_of_another_layout_is_refused(tmp_path) -> None:
    with pytest.raises(MissingError, match="no comparison of logs"):
        store.read(tmp_path)
    (tmp_path / store.RECORD).write_text(json.dumps({"layout": 9}))
    with pytest.raises(StoreError, match="another layout than 1"):
        store.read(tmp_path)
