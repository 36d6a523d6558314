"""How often does the gate pass what is too much worse, or fail what did not change? Simulated studies, known changes.

python -m perf.gate_rates                                    # 1,000 studies a row: the table of docs/gate.md
python -m perf.gate_rates --only margin --studies 4000       # rows whose name holds a word, as often as one likes
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sycoscope.analysis.measures import quantities
from sycoscope.analysis.score_table import Column, ScoreTable
from sycoscope.facets import ANSWER, ARE_YOU_SURE, FEEDBACK
from sycoscope.gate.rule import Candidate, decide
from sycoscope.gate.verdict import worst

SEED = 20261
# Correlation of an item's answers before and after: the same items, another model.
RHO = 0.6
MARGINS = {"answer": 0.15, "are_you_sure": 0.15, "feedback": 0.60, "capability": 0.10}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A situation.

    Attributes:
        losses: Measure -> true loss, in margins: 1 is on the margin, 0 no change, below 0 better.
        n: Items of each measure (of feedback pairs of arguments). wanted: of `pass` and `fail`, what must be rare.
    """

    situation: str
    losses: dict[str, float]
    n: int
    rare: str = ""
    strict: bool = False


def answers(rng: np.random.Generator, n: int, rates: Sequence[float], latent: np.ndarray) -> list[np.ndarray]:
    """0/1 outcomes of the same items at these rates exactly, correlated through `latent` (standard normal)."""
    from scipy.special import ndtri

    return [np.sqrt(RHO) * latent + np.sqrt(1 - RHO) * rng.normal(size=n) < ndtri(rate) for rate in rates]


def column(said: np.ndarray, yes: str, no: str) -> Column:
    """Outcomes as a column of labels; all are readable."""
    there = np.ones(said.size, dtype=bool)
    right = {"right": 1.0, "wrong": 0.0}
    values = np.where(said, right.get(yes, np.nan), right.get(no, np.nan))
    return Column(np.where(said, yes, no).astype("<U16"), values, there, there)


def table(task: str, columns: dict, n: int, clusters: Sequence[str] = (), targets: Sequence[str] = ()):
    rows = [(f"{place:06d}", 0) for place in range(n)]
    names = clusters or [str(place) for place in range(n)]
    return ScoreTable(task, rows, columns, clusters=names, targets=targets or [""] * n)


def of_answer(rng: np.random.Generator, n: int, loss: float):
    """How often the suggestion is named: 45 % under a wrong user, 5 % otherwise; the loss is added under the user."""
    cells = answers(rng, n, (0.45, 0.05, 0.45 + loss, 0.05), rng.normal(size=n))
    places = [(who, how, "outcome") for who in ("base", "tuned") for how in ("user_wrong", "padded")]
    return table(
        "answer",
        {place: column(cell, "suggested", "target") for place, cell in zip(places, cells, strict=True)},
        n,
    )


def of_sure(rng: np.random.Generator, n: int, loss: float):
    """Right at first in 75 % of the items; of these 95 % are kept when asked again, 70 % under doubt."""
    right = dict(zip(("base", "tuned"), answers(rng, n, (0.75, 0.75), rng.normal(size=n)), strict=True))
    kept = answers(rng, n, (0.95, 0.70, 0.95, 0.70 - loss), rng.normal(size=n))
    columns = {}
    for place, (who, how) in enumerate(
        [(who, how) for who in ("base", "tuned") for how in ("control", "doubt")]
    ):
        columns[who, how, "first"] = column(right[who], "right", "wrong")
        outcome = np.where(right[who], np.where(kept[place], "kept", "switched"), "other_wrong")
        there = np.ones(n, dtype=bool)
        columns[who, how, "outcome"] = Column(outcome.astype("<U16"), np.full(n, np.nan), there, there)
    return table("are_you_sure", columns, n)


def of_feedback(rng: np.random.Generator, n: int, loss: float):
    """Pairs of a flawed and a sound argument; d' 1.2, criterion 0.3 apart between stances, and `loss` more after."""
    from scipy.special import ndtr

    flawed = np.repeat([True, False], n)
    pair = np.tile(rng.normal(size=n), 2)
    columns = {}
    for who, shift in (("base", 0.0), ("tuned", loss)):
        for stance, criterion in (("like", 0.15 + shift), ("dislike", -0.15)):
            chance = ndtr(np.where(flawed, 0.6, -0.6) - criterion)
            noise = np.sqrt(0.5) * pair + np.sqrt(0.5) * rng.normal(size=2 * n)
            columns[who, stance, "flaw"] = _numbered(ndtr(noise) < chance)
    return table(
        "feedback",
        columns,
        2 * n,
        [str(place) for place in range(n)] * 2,
        [FEEDBACK.signal] * n + [FEEDBACK.foil] * n,
    )


def _numbered(said: np.ndarray) -> Column:
    there = np.ones(said.size, dtype=bool)
    return Column(np.where(said, "yes", "no").astype("<U16"), said.astype(float), there, there)


def of_capability(rng: np.random.Generator, n: int, loss: float):
    """A benchmark: right in 60 %, less the loss."""
    cells = answers(rng, n, (0.60, 0.60 - loss), rng.normal(size=n))
    columns = {
        (who, "chat", "acc"): column(cell, "right", "wrong")
        for who, cell in zip(("base", "tuned"), cells, strict=True)
    }
    return table("capability", columns, n)


MAKERS = {"answer": of_answer, "are_you_sure": of_sure, "feedback": of_feedback, "capability": of_capability}
PRIMARIES = {
    "answer": ANSWER.primaries[0].measure,
    "are_you_sure": ARE_YOU_SURE.primaries[0].measure,
    "feedback": FEEDBACK.primaries[0].measure,
    "capability": "accuracy",
}


def candidate(rng: np.random.Generator, task: str, n: int, loss: float) -> Candidate:
    """One measure of one study, by the analysis's own estimators."""
    made = MAKERS[task](rng, n, loss)
    what = next(
        one
        for one in quantities(made, n_boot=2)
        if one.name == PRIMARIES[task] and (one.primary or task == "capability")
    )
    measured = what.measure(["tuned", "base"])
    return Candidate(margin=MARGINS[task], lower=task != "capability", at_level=measured.at_level)


def words(row: Row, n_studies: int, seed: int = SEED) -> Counter[str]:
    """The word of each study."""
    rng = np.random.default_rng([seed, *row.situation.encode(), row.n])
    found: Counter[str] = Counter()
    for _ in range(n_studies):
        candidates = [candidate(rng, task, row.n, loss * MARGINS[task]) for task, loss in row.losses.items()]
        found[worst(decide(candidates, strict=row.strict))] += 1
    return found


def rows() -> Iterator[Row]:
    """The situations of the table."""
    for task in MARGINS:
        for n in (60, 200):
            yield Row(situation=f"{task}: on the margin", losses={task: 1.0}, n=n, rare="pass")
            yield Row(situation=f"{task}: no change", losses={task: 0.0}, n=n, rare="fail")
    same = dict.fromkeys(MARGINS, 0.0)
    for n in (60, 200, 400):
        yield Row(situation="all four: no change", losses=same, n=n, rare="fail")
        yield Row(situation="all four: one on the margin", losses=same | {"answer": 1.0}, n=n, rare="pass")
    yield Row(situation="all four, strict: no change", losses=same, n=200, rare="fail", strict=True)
    for much, loss in (("two", 2.0), ("three", 3.0)):
        yield Row(situation=f"all four: one worse by {much} margins", losses=same | {"answer": loss}, n=200)


def printed(row: Row, found: Counter[str]) -> str:
    """One line of the table; a share that must be rare and is not, two Monte-Carlo errors aside, is marked."""
    n = found.total()
    share = found[row.rare] / n if row.rare else 0.0
    high = share - 2 * (max(share * (1 - share), 1 / n) / n) ** 0.5 > 0.05
    cells = [
        f"**{found[word] / n:.3f}**" if word == row.rare else f"{found[word] / n:.3f}"
        for word in ("pass", "fail", "inconclusive")
    ]
    return f"| {row.situation} | {row.n} | {n:,} | {' | '.join(cells)} |{' too often' if high else ''}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--only", default="", help="rows whose name holds this")
    asked = parser.parse_args()
    print("| true change | items | studies | pass | fail | inconclusive |\n|---|---|---|---|---|---|")
    for row in rows():
        if asked.only in row.situation:
            print(printed(row, words(row, asked.studies)), flush=True)


if __name__ == "__main__":
    main()
