"""The command on runs of null models: every exit code, baselines without a text, and the pytest helper."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sycoscope import api
from sycoscope.core.errors import ConfigError, EndpointError, StoreError
from sycoscope.core.files import digest_of
from sycoscope.testing import assert_not_worse

SETTINGS = {"limit": 60, "facets": ["answer"], "benchmarks": [], "difficulty": ["easy"]}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`both` holds before and after; `before` and `after` lie below it; `base.json` is what the first did."""
    folder = tmp_path_factory.mktemp("gate")
    with pytest.MonkeyPatch.context() as patch:  # pages take longer than everything else
        patch.setattr("sycoscope.report.load.write_run_report", lambda run, *_: run.path / "report.html")
        api.compare("null:yield?p=0.3", "null:yield?p=0.7", out=folder / "both", **SETTINGS)
    api.write_baseline(folder / "both" / "before", folder / "base.json")
    return folder


def margins(folder: Path, text: str) -> str:
    file = folder / "gate.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        ("margins: {answer: 0.60}", 0, "pass"),
        ("margins: {answer: 0.10}", 1, "fail"),
        ("margins: {anwser: 0.10}", 2, "'anwser' is no facet or benchmark"),
        ("margins: {answer: 0.40}", 3, "inconclusive"),
        ("margins: {answer: 0.60}\nlimits: {items: 61}", 4, "not comparable"),
        ("margins: {answer: 0.60, mmlu: 0.10}", 4, "not comparable"),
    ],
)
def test_exit_codes(runs, tmp_path, call, capsys, text, code, word):
    assert call("gate", str(runs / "both"), "--margins", margins(tmp_path, text)) == code
    heard = capsys.readouterr()
    assert (heard.err if code == 2 else heard.out.partition(":")[0]).find(word) >= 0


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (RuntimeError("nobody expected this"), "the gate itself failed (RuntimeError)"),
        (MemoryError(), "the gate itself failed (MemoryError)"),
        (EndpointError("gives no answers any more"), "error: gives no answers any more"),
    ],
)
def test_what_nobody_expected_is_5(runs, tmp_path, call, capsys, monkeypatch, fault, told):
    def fails(*_, **__):
        raise fault

    monkeypatch.setattr(api, "gate", fails)
    assert call("gate", str(runs / "both"), "--margins", margins(tmp_path, "margins: {answer: 1}")) == 5
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["nowhere"],
        ["RUN", "--margins", "nowhere.yaml"],
        ["RUN", "--inconclusive", "maybe"],
        ["RUN", "--baseline", "nowhere.json"],
        ["RUN", "--subject", "nobody"],
        ["RUN/before"],  # one model, and nothing to compare it with
        ["RUN", "--no-such-option"],
        ["RUN", "--write-baseline", "x.json", "--baseline", "y.json"],
    ],
)
def test_bad_input_is_2(runs, tmp_path, call, capsys, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    margins(tmp_path, "margins: {answer: 0.1}")
    assert call("gate", *(one.replace("RUN", str(runs / "both")) for one in options)) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_run_that_is_not_finished_is_4(runs, tmp_path, call, capsys):
    import shutil

    shutil.copytree(runs / "both" / "before", tmp_path / "half")
    (tmp_path / "half" / "summary.json").unlink()
    assert call("gate", str(tmp_path / "half"), "--margins", margins(tmp_path, "margins: {answer: 0.1}")) == 4
    assert "was not finished" in capsys.readouterr().out


def test_who_stops_reading_does_not_change_the_code(runs, tmp_path, call, monkeypatch):
    from sycoscope.cli import gates, terminal

    def closed(*_, **__):
        raise terminal.OutputClosed

    monkeypatch.setattr(gates, "say", closed)
    monkeypatch.setattr(gates, "give_up_output", lambda: None)
    assert call("gate", str(runs / "both"), "--margins", margins(tmp_path, "margins: {answer: 0.1}")) == 1


def test_json_and_files_say_the_same(runs, tmp_path, call, capsys):
    files = ["--markdown", str(tmp_path / "gate.md"), "--junit", str(tmp_path / "gate.xml")]
    code = call(
        "gate", str(runs / "both"), "--margins", margins(tmp_path, "margins: {answer: 0.1}"), *files, "--json"
    )
    found = json.loads(capsys.readouterr().out)
    assert (code, found["verdict"], found["exit_code"]) == (1, "fail", 1)
    (line,) = found["lines"]
    assert (line["n"], line["coverage"], line["word"]) == (60, 1.0, "fail")
    assert (tmp_path / "gate.md").read_text(encoding="utf-8").startswith("## ❌ Sycophancy gate: fail")
    assert 'failures="1"' in (tmp_path / "gate.xml").read_text(encoding="utf-8")


# --- baselines ---


@pytest.mark.slow
def test_a_baseline_gives_the_numbers_of_the_comparison(runs):
    wanted = api.gate(runs / "both", {"margins": {"answer": 0.10}})
    for baseline in (runs / "base.json", runs / "both" / "before"):
        found = api.gate(runs / "both" / "after", {"margins": {"answer": 0.10}}, baseline=baseline)
        for one, other in zip(found.lines, wanted.lines, strict=True):
            for name in (
                "value",
                "low",
                "high",
                "n",
                "coverage",
                "before",
                "after",
                "flips",
                "items",
                "word",
            ):
                assert getattr(one, name) == getattr(other, name), name


def test_a_baseline_holds_no_text(runs):
    from sycoscope.run.store import RunDirectory

    told = (runs / "base.json").read_text(encoding="utf-8")
    run = RunDirectory(runs / "both" / "before")
    for _, item in run.items():
        assert item.question not in told
        for answer in (item.target, item.suggestion):
            assert f'"{answer}"' not in told
    for trial in run.trials():
        assert all(turn.content not in told for turn in trial.asked)


def test_the_same_run_gives_the_same_baseline(runs, tmp_path):
    api.write_baseline(runs / "both" / "before", tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (runs / "base.json").read_bytes()


def changed(runs: Path, tmp_path: Path, change) -> Path:
    """The baseline with something changed, and a digest that fits."""
    plain = json.loads((runs / "base.json").read_text(encoding="utf-8"))
    change(plain)
    format_, _ = plain.pop("sycoscope_baseline"), plain.pop("digest")
    plain = {"sycoscope_baseline": format_, "digest": digest_of(plain), **plain}
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(plain), encoding="utf-8")
    return file


def _other_prompt(plain):
    told = plain["tasks"]["answer"]["prompts"]["user_wrong"]
    told[3] = told[3].rpartition("=")[0] + "=000000000000"


def _other_scorer(plain):
    plain["tasks"]["answer"]["scorers"]["outcome"] = "open@1"


def _other_decoding(plain):
    plain["decoding"]["temperature"] = 1.0


def _other_items(plain):
    plain["tasks"]["answer"]["rows"] = [
        [f"f{at:011d}" if at < 9 else item, draw]
        for at, (item, draw) in enumerate(plain["tasks"]["answer"]["rows"])
    ]


def _unread(plain):
    column = plain["tasks"]["answer"]["scores"]["user_wrong/outcome"]
    column[:4] = ["!unparsed"] * 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_other_prompt, "1 items were asked in other words"),
        (_other_scorer, "'outcome' was read by open@1 before"),
        (_other_decoding, "temperature of decoding is 1.0 before and 0.0 after"),
        (_other_items, "18 items were asked of one side alone"),
        (_unread, "93% of the answers behind it are readable (limit 95%)"),
    ],
)
def test_what_is_not_the_same_is_not_compared(runs, tmp_path, change, told):
    file = changed(runs, tmp_path, change)
    margins = {"margins": {"answer": 0.2}, "limits": {"coverage": 0.95}}
    found = api.gate(runs / "both" / "before", margins, baseline=file)
    assert found.exit_code == 4
    assert told in found.lines[0].reason


@pytest.mark.slow
def test_templates_and_rungs_are_held_against_each_other(runs, tmp_path):
    """A null model records neither: put into the run's manifest too, with other values."""
    import shutil
    from dataclasses import replace

    from sycoscope.run.analyse import analyse_run
    from sycoscope.run.store import RunDirectory

    shutil.copytree(runs / "both" / "before", tmp_path / "run")
    run = RunDirectory(tmp_path / "run")
    manifest = run.manifest()
    (base,) = manifest.subjects
    model = {**base.model, "template_hash": "one", "scoring": "sequence"}
    run.write_manifest(replace(manifest, subjects=(replace(base, model=model),)))
    analyse_run(run)

    def change(plain):
        plain["model"] |= {"template_hash": "another", "scoring": "first token"}

    found = api.gate(run.path, {"margins": {"answer": 0.2}}, baseline=changed(runs, tmp_path, change))
    assert found.exit_code == 4
    assert "chat template is 'one'" in found.lines[0].reason
    assert "log-probabilities were read by 'first token' before and 'sequence' after" in found.lines[0].reason


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda text: text.replace('"target"', '"suggested"', 1), "is not as it was written"),
        (lambda text: text[:-40], "is no baseline file"),
        (lambda text: "[]", "is no baseline file that this version reads"),
        (lambda text: text.replace('"sycoscope_baseline":1', '"sycoscope_baseline":2'), "needed: 1"),
    ],
)
def test_a_spoilt_baseline_is_refused(runs, tmp_path, spoil, told):
    file = tmp_path / "spoilt.json"
    file.write_text(spoil((runs / "base.json").read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(StoreError, match=told):
        api.gate(runs / "both" / "after", {"margins": {"answer": 0.1}}, baseline=file)


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: plain["tasks"]["answer"]["rows"].pop(),
        lambda plain: plain["tasks"]["answer"]["scores"]["user_wrong/outcome"].__setitem__(0, "!lost"),
        lambda plain: plain.pop("tasks"),
        lambda plain: plain["tasks"]["answer"]["rows"].__setitem__(0, plain["tasks"]["answer"]["rows"][1]),
    ],
)
def test_a_baseline_that_does_not_fit_together_is_refused(runs, tmp_path, change):
    with pytest.raises(StoreError, match="is damaged"):
        api.gate(
            runs / "both" / "after", {"margins": {"answer": 0.1}}, baseline=changed(runs, tmp_path, change)
        )


# --- the same model twice ---


@pytest.mark.slow
def test_the_floor_is_printed_and_another_model_is_refused(runs):
    before = runs / "both" / "before"
    found = api.gate(before, {"margins": {"answer": 0.2}}, baseline=runs / "base.json", again=before)
    assert (found.word, found.lines[0].floor.differing, found.lines[0].floor.n) == ("pass", 0, 60)
    assert "differs from itself in 0 of 60 outcomes" in " ".join(" ".join(api.gate_text(found)).split())
    with pytest.raises(ConfigError, match="another model"):
        api.gate(
            before, {"margins": {"answer": 0.2}}, baseline=runs / "base.json", again=runs / "both" / "after"
        )


# --- the helper ---


def test_assert_not_worse(runs):
    assert assert_not_worse(None, runs / "both", {"answer": 0.60}).word == "pass"
    with pytest.raises(AssertionError, match="fail: a measure is shown to be worse"):
        assert_not_worse(None, runs / "both", {"answer": 0.10})
    with pytest.raises(AssertionError, match="inconclusive"):
        assert_not_worse(None, runs / "both", {"answer": 0.40})
    assert assert_not_worse(None, runs / "both", {"answer": 0.40}, inconclusive="pass").word == "inconclusive"
    with pytest.raises(AssertionError, match="not comparable"):
        assert_not_worse(
            None, runs / "both", {"margins": {"answer": 0.6}, "limits": {"items": 61}}, inconclusive="pass"
        )
