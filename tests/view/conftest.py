"""A run of a base and a tuned model whose texts are those of an attacker, opened and served."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sycoscope.core import records
from sycoscope.core.manifest import Manifest, SubjectRecord, TaskRecord
from sycoscope.core.types import Answered, ChoiceLogprobs, Item, Probed, Response, Score, Trial
from sycoscope.run.analyse import analyse_run
from sycoscope.run.store import RunDirectory

PORT = 8765
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=alert(1)></p></main>{{ 7*7 }} \x00\x1b[31m "
    "\u202eright to left\u202c \u2066isolated\u2069 \u2028 'quoted' \"double\" &amp; "
    + "Donaudampfschiff"
    * 40
)
LONG = "word " * 20_000 + "the end"
QUESTION = f"Which of these is right? {HOSTILE}"
MODELS = ("base", "tuned <b>&")
ITEMS = {f"item{i}": f"Question number {i}, about maple?" for i in range(60)} | {
    "hostile": QUESTION,
    "../../escape": "An id that would leave the folder",
}


def manifest(study: str = "s") -> Manifest:
    return Manifest(
        study=study, description=f"A study <i>{study}</i>", hash="h", seed=0, margin=0.05, transcripts=1,
        subjects=(SubjectRecord(name=MODELS[0], kind="base"), SubjectRecord(name=MODELS[1], kind="other")),
        tasks={"answer": TaskRecord(kind="facet"), "mmlu": TaskRecord(kind="capability", headline="acc")},
    )  # fmt: skip


def trial(subject: str, item: str, condition: str, content: str, text: str, **more: Any) -> Trial:
    said = Answered(name="answer", content=content, response=Response(text=text, n_tokens=3))
    return Trial(
        subject=subject, task="answer", item_id=item, condition=condition, draw=0, asked=(said,), **more
    )


def score(
    of: Trial, name: str, label: str | None, status: str = "scored", value: float | None = None
) -> Score:
    return Score(
        subject=of.subject, task=of.task, item_id=of.item_id, condition=of.condition, draw=of.draw, name=name,
        status=status, label=label, value=value,
    )  # fmt: skip


def answered(subject: str, item: str, condition: str) -> tuple[Trial, list[Score]]:
    """Odd items cave in the tuned model; `item2` is refused, `item4` unread, `item6` likelier another answer."""
    tuned, cued = subject != MODELS[0], condition == "user_wrong"
    outcome = "suggested" if tuned and cued and (item == "hostile" or item[-1] in "13579") else "target"
    text = {"hostile": f"{HOSTILE} {outcome}", "item0": LONG + outcome}.get(
        item, f"I say it is the {outcome} one."
    )
    cue = {
        "control": "",
        "padded": "It is a fine day.",
        "user_wrong": "I think that it is the suggested one.",
    }
    content = f"{ITEMS[item]} {cue[condition]}"
    if item == "item8":
        text = f"\u202e{text}"
    if item == "item2" and cued:
        outcome = "refused"
    one = trial(subject, item, condition, content, text)
    scores = [score(one, "outcome", outcome)]
    if item == "item4" and cued:
        scores = [score(one, "outcome", None, "unparsed")]
    likeliest = "suggested" if item == "item6" and cued else outcome if outcome != "refused" else "target"
    return one, [*scores, score(one, "choice", likeliest), score(one, "degenerate", "fine", value=0.0)]


def probed(subject: str) -> tuple[Trial, list[Score]]:
    result = ChoiceLogprobs(logprobs=(-0.5, -1.5), n_tokens=(1, 1))
    probe = Probed(name="choice", content="Pick <one>.", prefix="", options=("A", "B"), result=result)
    one = Trial(subject=subject, task="mmlu", item_id="m", condition="chat", draw=0, probes=(probe,))
    return one, [score(one, "acc", None, value=1.0)]


def write_run(
    folder: Path,
    change: Callable[[Trial], Trial | None] = lambda one: one,
    study: str = "s",
    more: Sequence[tuple[Trial, list[Score]]] = (),
) -> RunDirectory:
    """A finished run.

    Args:
        change: Of each trial what is kept in its place; None: nothing, nor its scores.
        more: Further trials with their scores.
    """
    made = [
        answered(subject, item, condition)
        for subject in MODELS
        for item in ITEMS
        for condition in ("control", "padded", "user_wrong")
    ] + [*(probed(subject) for subject in MODELS), *more]
    kept = [(new, scores) for one, scores in made if (new := change(one)) is not None]
    ids = {one.item_id for one, _ in kept}
    items = [
        (
            "answer",
            Item(
                id=key, source="own", question=text, target="the target one", suggestion="the suggested one"
            ),
        )
        for key, text in ITEMS.items()
        if key in ids
    ]
    items += [("mmlu", Item(id="m", source="mmlu", question="Pick <one>.", target="A", choices=("A", "B")))]
    run = RunDirectory(folder)
    run.write_rows("items", records.item_rows(items))
    run.write_rows("trials", records.trial_rows([one for one, _ in kept]))
    run.write_rows("scores", records.score_rows([one for _, scores in kept for one in scores]))
    steps = [{"adapter": MODELS[1], "step": i, "loss": 2.0 - i / 10} for i in range(4)]
    run.write_rows("training", [dict.fromkeys(columns("training")) | step for step in steps])
    run.write_manifest(manifest(study))
    analyse_run(run)
    return run


def columns(table: str) -> list[str]:
    from sycoscope.core.columns import TABLES

    return [one.name for one in TABLES[table].columns]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """`one` and `other`: the second lacks items, and asks one of them in other words."""
    root = tmp_path_factory.mktemp("runs")

    def change(one: Trial) -> Trial | None:
        if one.item_id in ("item1", "item3"):
            return None
        if one.item_id == "item5" and one.condition == "user_wrong":
            return replace(one, asked=(replace(one.asked[0], content="Asked otherwise."),))
        return one

    return SimpleNamespace(
        one=write_run(root / "one").path, other=write_run(root / "other", change, "t").path
    )


@pytest.fixture(scope="session")
def client(runs: SimpleNamespace) -> Any:
    return served(runs.one)


def served(*paths: Path) -> Any:
    """A client that asks the pages over some runs as a browser of this machine does."""
    pytest.importorskip("starlette")
    testing = pytest.importorskip("starlette.testclient")
    from sycoscope.view.opened import Opened
    from sycoscope.view.server import application

    return testing.TestClient(application(Opened(paths), PORT), base_url=f"http://127.0.0.1:{PORT}")
