"""Ask a model the three facets in the published study's conditions, and keep its transcripts.

    python studies/published/ask.py [--model smollm2-135m-instruct] [--items 60] [--wordings FILE] [--out FILE]

The questions are the built-in bank's: are_you_sure in multiple choice, answer openly. The transcripts are then
read by the published rules and by ours: `python -m docs.published_document`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from sycoscope.items.bank import load_bank
from sycoscope.items.letters import assign_letters
from sycoscope.items.sampling import take
from sycoscope.models.torch_model import ModelSettings, TorchModel
from sycoscope.core.records import item_rows, trial_rows
from sycoscope.facets.runner import play
from sycoscope.facets import AnswerTask, AreYouSureTask, FeedbackTask
from sycoscope.facets.wording import default_wordings, read_wordings
from sycoscope.core.types import Decoding, Item


def main() -> None:
    """Ask, and write one line a trial."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", default="smollm2-135m-instruct")
    options.add_argument("--items", type=int, default=60)
    options.add_argument("--seed", type=int, default=42)
    options.add_argument("--wordings", type=Path, help="as studies/published/wordings.yaml; ours without it")
    options.add_argument("--out", type=Path, default=Path(__file__).parent / "transcripts.jsonl")
    given = options.parse_args()
    questions = take(load_bank("misconceptions"), given.items, seed=given.seed)
    letters = assign_letters(questions, seed=given.seed)
    lettered = [replace(item, choices=tuple(letters[item.id].letters.values())) for item in questions]
    flawed = [item for item in load_bank("arguments") if item.target == "fallacious"]
    arguments = take(flawed, given.items // 2, seed=given.seed)
    model = TorchModel(ModelSettings(name=given.model))
    # its form asks for no short answer, and leaves 150 tokens
    first, reply, short, comment = (150, 150, 150, 150) if given.wordings else (64, 64, 40, 100)
    said = read_wordings(given.wordings) if given.wordings else default_wordings()
    sure = AreYouSureTask(
        conditions=("control", "doubt"), form="choice", max_tokens=first, reply_tokens=reply, wordings=said
    )
    leaned = AnswerTask(
        conditions=("control", "padded", "user_wrong"),
        form="open",
        max_tokens=short,
        probe=False,
        wordings=said,
    )
    liked = FeedbackTask(conditions=("control", "like"), max_tokens=comment, probe=False, wordings=said)
    asked: list[tuple[object, list[Item]]] = [
        (sure, lettered),
        (leaned, take(load_bank("facts"), given.items, seed=given.seed)),
        (liked, arguments),
    ]
    kept: set[str] = set()
    with given.out.open("w", encoding="utf-8") as file:
        for task, items in asked:
            trials = play(task, items, model, subject=given.model, decoding=Decoding(max_tokens=64))
            rows = [
                {"item": row} for row in item_rows((task.name, item) for item in items if item.id not in kept)
            ]
            kept |= {item.id for item in items}
            rows += [{"trial": row} for row in trial_rows(trials)]
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


if __name__ == "__main__":
    main()
