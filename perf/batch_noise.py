"""What the shape of a batch alone changes: cells whose outcome differs when other conditions are asked beside them.

The same items are asked greedily, in shards as a study asks them, once under all conditions of a list and once under
some of them; compared are the trials of the conditions that both have.

Run: make perf ONLY=noise
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from perf.asked import MODEL, SEED

N_ITEMS, SHARD_ITEMS = 80, 80
# facet -> the longer list of conditions, and those of it that are asked again without the others
LISTS = {
    "answer": (
        ("control", "padded", "anchor_wrong", "third_wrong", "user_wrong", "user_right"),
        ("control", "padded", "user_wrong", "user_right"),
    ),
    "are_you_sure": (("control", "doubt", "agree", "counter"), ("control", "doubt")),
}


def main() -> None:
    from sycoscope.models.load import load_model
    from sycoscope.models.settings import TorchSettings

    print(
        f"{'precision':<10}{'facet':<14}{'cells':>6}{'texts differ':>14}{'outcomes differ':>17}{'share':>8}"
    )
    for dtype in sys.argv[1:] or ("bfloat16", "float32"):
        model = load_model(TorchSettings(name=MODEL, dtype=dtype))  # type: ignore[arg-type]
        for facet in LISTS:
            n, texts, outcomes = differing(model, facet)
            print(f"{dtype:<10}{facet:<14}{n:>6}{texts:>14}{outcomes:>17}{outcomes / n:>8.3f}", flush=True)


def differing(model: Any, facet: str) -> tuple[int, int, int]:
    """Cells that both lists have; of them those with another text in any turn, and those with another outcome."""
    from sycoscope.items import load_bank, take

    items = take([item for item in load_bank("facts") if item.split == "test"], N_ITEMS, seed=SEED)
    more, fewer = (_asked(model, facet, conditions, items) for conditions in LISTS[facet])
    texts = sum(more[cell][0] != texts for cell, (texts, _) in fewer.items())
    outcomes = sum(more[cell][1] != outcome for cell, (_, outcome) in fewer.items())
    return len(fewer), texts, outcomes


def _asked(
    model: Any, facet: str, conditions: Sequence[str], items: Sequence[Any]
) -> dict[tuple[str, str], tuple[list[str], str | None]]:
    """(item, condition) -> the texts of its turns, and its outcome (the status where there is none)."""
    from sycoscope.core.types import Decoding
    from sycoscope.facets import task_of
    from sycoscope.facets.runner import play
    from sycoscope.facets.scoring import score_trials

    task, trials = task_of(facet, conditions=conditions, probe=False), []
    for start in range(0, len(items), SHARD_ITEMS):
        shard = items[start : start + SHARD_ITEMS]
        trials += play(task, shard, model, subject="base", decoding=Decoding(max_tokens=1, seed=SEED))
    scores = score_trials(trials, {item.id: item for item in items})
    outcomes = {(s.item_id, s.condition): s.label or s.status for s in scores if s.name == "outcome"}
    return {
        (trial.item_id, trial.condition): (
            [turn.response.text for turn in trial.answered],
            outcomes[trial.item_id, trial.condition],
        )
        for trial in trials
    }


if __name__ == "__main__":
    main()
