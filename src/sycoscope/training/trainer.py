"""One adapter: rows -> token ids -> TRL's SFTTrainer (`sft.py`) -> a PEFT folder with its record.

The chat template is the evaluation's; the loss falls on the answer and its end of turn and on nothing else.
A run that was killed goes on from its last whole checkpoint (`kept.py`) and ends with the same weights.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sycoscope.config import TrainingConfig
from sycoscope.core.errors import DataError, DialogueError, require
from sycoscope.core.files import disk_errors
from sycoscope.core.responses import rows_in
from sycoscope.models.adapter_files import CONFIG, RECORD, WEIGHTS
from sycoscope.training.kept import adapter_state, last_checkpoint, seal_adapter, step_folder
from sycoscope.training.layers import tuned_layers
from sycoscope.training.rows import Example
from sycoscope.training.sft import IGNORED, Row, Trainable, TrainingRun, fine_tune
from sycoscope.training.steps import KeptSteps

# Raise when a change of code changes the weights that the same rows and settings give.
VERSION = "trainer@3"


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows as token ids. `dropped` counts rows longer than the limit: they are left out, never cut."""

    rows: list[Row]
    n_supervised: int
    dropped: int


def encode(model: Trainable, examples: Sequence[Example], max_length: int) -> Encoded:
    """Token ids and labels of the rows.

    Raises:
        DataError: no row fits in `max_length`, or a row has nothing to learn or cannot be written as it is.
    """
    end = model.template.end
    rows, supervised, dropped = [], 0, 0
    for example in examples:
        prompt = _prompt(model, example)
        head, answer = _split(model, prompt, example.completion + (end.text if example.ends else ""))
        answer = answer + ([end.token] if end.token is not None and example.ends else [])
        if len(head) + len(answer) > max_length:
            dropped += 1
            continue
        supervised += len(answer)
        rows.append({"input_ids": head + answer, "labels": [IGNORED] * len(head) + answer})
    if not rows:
        raise DataError(
            f"all {len(examples)} training rows are longer than max_length {max_length} tokens; raise it"
        )
    return Encoded(rows, supervised, dropped)


def _prompt(model: Trainable, example: Example) -> str:
    """The rendered prompt of a row whose words can be taught."""
    where = f"training row of item {example.item_id} ({example.kind})"
    if not example.completion.strip():
        raise DataError(f"{where}: nothing to learn")
    if token := model.template.control_in(example.completion):
        raise DataError(f"{where}: the answer holds {token!r}, a special token of the model; take it out")
    try:
        return model.chat_text(example.prompt)
    except DialogueError as fault:
        raise DataError(f"{where}: {fault}; change the row, or leave it out") from fault


def _split(model: Trainable, prompt: str, completion: str) -> tuple[list[int], list[int]]:
    """Ids of the prompt as the model is given it when it is asked, and of the completion after it."""
    head: list[int] = model.template.encode(prompt)
    whole: list[int] = model.template.encode(prompt + completion)
    if whole[: len(head)] == head:
        return head, whole[len(head) :]
    # a token that spans both is never generated: the prompt's own tokens stand before the answer's
    return head, list(model.tokenizer(completion, add_special_tokens=False).input_ids)


def train_adapter(
    model: Trainable,
    examples: Sequence[Example],
    settings: TrainingConfig,
    *,
    seed: int,
    folder: Path,
    record: dict[str, Any],
    progress: Callable[[int, int], None] | None = None,
    callbacks: Sequence[Any] = (),
    at_steps: Sequence[int] = (),
    start: Path | None = None,
) -> list[dict[str, Any]]:
    """Tune one adapter and write it to `folder` (all of it or nothing).

    Args:
        examples: In training order; the last `validation_share` are held out.
        record: What the adapter's record keeps beside the trainer's own facts.
        progress: Called with (steps done, steps in all).
        callbacks: As for `sft.fine_tune`; where one logs what the model answers (`core.responses`), the record has it.
        at_steps: Steps whose adapters are written too, into `step_folder`.
        start: Adapter whose weights it starts from.

    Returns:
        The loss curve: one dict per logged step (step, epoch, loss, eval_loss, learning_rate, grad_norm).
    """
    require("trl", "training")
    encoded = encode(model, examples, settings.max_length)
    n_train = len(encoded.rows) - int(len(encoded.rows) * settings.validation_share)
    work = folder.with_name(folder.name + ".part")
    run = TrainingRun(model, encoded.rows[:n_train], encoded.rows[n_train:], settings, seed, work, start)
    kept = KeptSteps(work, at_steps)
    last = last_checkpoint(work)
    if last is not None and not kept.are_there(int(last.state["global_step"])):
        shutil.rmtree(work, ignore_errors=True)
        last = None
    # a checkpoint of the last step is not trained on: transformers would take one step more
    if last is None or not last.is_final:
        with disk_errors(work):  # the trainer writes its checkpoints there
            fine_tune(
                run,
                resume_from=last.path if last else None,
                progress=progress,
                callbacks=(*callbacks, *kept.callbacks()),
            )
        last = last_checkpoint(work)
        assert last is not None, "transformers writes a checkpoint after the last step"
    kept.check(int(last.state["global_step"]))
    facts = _facts(run, encoded)
    curve = _curve(last.state["log_history"])
    history: dict[str, Any] = {"curve": curve}
    if responses := rows_in(last.state["log_history"]):
        history["responses"] = responses
    with disk_errors(folder):
        for step in kept.steps:
            _write(step_folder(folder, step), kept.folder(step), facts | {"steps": step} | record)
        whole = facts | {"steps": last.state["global_step"]} | history | record
        _write(folder, last.path if last.best is None else work / last.best.name, whole)
    shutil.rmtree(work, ignore_errors=True)
    return curve


def _facts(run: TrainingRun, encoded: Encoded) -> dict[str, Any]:
    """What the record of an adapter says of its training, whichever of its steps it is."""
    model = run.model
    return {
        "base_digest": model.base_digest,
        "template_hash": model.template.hash,
        "dtype": model.hardware.dtype,
        "seed": run.seed,
        "settings": run.settings.model_dump(mode="json"),
        "layers": tuned_layers(run.settings.lora, model.network),
        "n_rows": len(run.train),
        "n_validation": len(run.held),
        "n_dropped": encoded.dropped,
        "n_supervised_tokens": encoded.n_supervised,
    }


def _write(folder: Path, checkpoint: Path, record: dict[str, Any]) -> None:
    """The adapter of a checkpoint as a folder, all of it or nothing; the same weights are not written again."""
    if adapter_state(folder)[0] and (folder / WEIGHTS).read_bytes() == (checkpoint / WEIGHTS).read_bytes():
        return
    scratch = checkpoint.parent / "adapter"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    shutil.copyfile(checkpoint / WEIGHTS, scratch / WEIGHTS)
    (scratch / CONFIG).write_text(_ordered((checkpoint / CONFIG).read_text()))
    (scratch / RECORD).write_text(json.dumps(record, indent=1))
    seal_adapter(scratch, name=folder.name)
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)


def _ordered(config: str) -> str:
    """PEFT's config with its lists in order: it writes sets, so equal adapters would have unequal bytes."""
    fields = json.loads(config)
    ordered = {key: sorted(value) if isinstance(value, list) else value for key, value in fields.items()}
    return json.dumps(ordered, indent=2, sort_keys=True)


def _curve(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Training and validation losses, one entry per step."""
    steps: dict[int, dict[str, Any]] = {}
    for entry in history:
        row = steps.setdefault(int(entry["step"]), {"step": int(entry["step"])})
        for key in ("epoch", "loss", "eval_loss", "learning_rate", "grad_norm"):
            if key in entry:
                row[key] = float(entry[key])
    return [row for _, row in sorted(steps.items()) if "loss" in row or "eval_loss" in row]
