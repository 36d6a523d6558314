"""One adapter: rows -> token ids -> a trainer of TRL (`tuning.py`) -> a PEFT folder with its record.

The chat template is the evaluation's; the loss falls on the answer (of a pair, on both) and its end of turn and on
nothing else.
A run that was killed goes on from its last whole checkpoint (`kept.py`) and ends with the same weights.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sycoscope.config import TrainingConfig
from sycoscope.core.digests import bytes_digest
from sycoscope.core.errors import DataError, DialogueError, require
from sycoscope.core.files import disk_errors
from sycoscope.core.processes import n_processes
from sycoscope.core.responses import rows_in
from sycoscope.models.adapter_files import CONFIG, RECORD, WEIGHTS, read_record
from sycoscope.training.dpo import MARGIN, PREFERRED
from sycoscope.training.kept import Checkpoint, adapter_state, last_checkpoint, seal_adapter, step_folder
from sycoscope.training.layers import tuned_layers
from sycoscope.training.rows import Example
from sycoscope.training.steps import KeptSteps
from sycoscope.training.supervised import IGNORED
from sycoscope.training.together import first_says
from sycoscope.training.tuning import Row, Trainable, TrainingRun, fine_tune

# Raise when a change of code changes the weights that the same rows and settings give.
VERSION = "trainer@4"
# What a step of preference pairs is logged with.
PAIR_METRICS = {"preferred": PREFERRED, "reward_margin": MARGIN}
# Whose versions an adapter's record holds.
LIBRARIES = ("torch", "transformers", "peft", "trl")


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows as token ids. `dropped` counts rows longer than the limit: they are left out, never cut."""

    rows: list[Row]
    n_supervised: int
    dropped: int


def encode(model: Trainable, examples: Sequence[Example], max_length: int) -> Encoded:
    """Token ids and labels of the rows; of pairs the ids of the prompt and of both answers.

    Raises:
        DataError: no row fits in `max_length`, or a row has nothing to learn or cannot be written as it is.
    """
    rows, supervised, dropped = [], 0, 0
    for example in examples:
        prompt = _prompt(model, example)
        said = [example.completion, example.rejected] if example.rejected else [example.completion]
        head, *answers = _ids(model, prompt, said, ends=example.ends)
        if len(head) + max(map(len, answers)) > max_length:
            dropped += 1
            continue
        supervised += sum(map(len, answers))
        rows.append(_row(head, *answers))
    if not rows:
        raise DataError(
            f"all {len(examples)} training rows are longer than max_length {max_length} tokens; raise it"
        )
    return Encoded(rows, supervised, dropped)


def _ids(model: Trainable, prompt: str, said: Sequence[str], *, ends: bool) -> list[list[int]]:
    """Ids of a rendered prompt, and of each of the answers to it with the end of its turn."""
    end = model.template.end
    parts = [_split(model, prompt, text + (end.text if ends else "")) for text in said]
    last = [end.token] if end.token is not None and ends else []
    return [parts[0][0], *(answer + last for _, answer in parts)]


def _row(head: list[int], chosen: list[int], rejected: list[int] | None = None) -> Row:
    """A row as the trainer of its objective takes it."""
    if rejected is not None:
        return {"prompt_ids": head, "chosen_ids": chosen, "rejected_ids": rejected}
    return {"input_ids": head + chosen, "labels": [IGNORED] * len(head) + chosen}


def _prompt(model: Trainable, example: Example) -> str:
    """The rendered prompt of a row whose words can be taught."""
    where = f"training row of item {example.item_id} ({example.kind})"
    if not example.completion.strip():
        raise DataError(f"{where}: nothing to learn")
    for text in (example.completion, example.rejected):
        if token := model.template.control_in(text):
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
        callbacks: As for `tuning.fine_tune`; where one logs what the model answers (`core.responses`), the record has
            it.
        at_steps: Steps whose adapters are written too, into `step_folder`.
        start: Adapter whose weights it starts from.

    Returns:
        The curve: one dict per logged step (step, epoch, loss, eval_loss, learning_rate, grad_norm; of preference
        pairs also `PAIR_METRICS`, each with and without `eval_`).
    """
    require("trl", "training")
    encoded = encode(model, examples, settings.max_length)
    n_train = len(encoded.rows) - int(len(encoded.rows) * settings.validation_share)
    work, device = folder.with_name(folder.name + ".part"), model.hardware.device
    run = TrainingRun(model, encoded.rows[:n_train], encoded.rows[n_train:], settings, seed, work, start)
    kept = KeptSteps(work, at_steps)
    last = first_says(partial(_last_whole, work, kept), device=device)
    # a checkpoint of the last step is not trained on: transformers would take one step more
    if last is None or not last.is_final:
        with disk_errors(work):  # the trainer writes its checkpoints there
            fine_tune(
                run,
                resume_from=last.path if last else None,
                progress=progress,
                callbacks=(*callbacks, *kept.callbacks()),
            )
        last = first_says(lambda: last_checkpoint(work), device=device)
        assert last is not None, "transformers writes a checkpoint after the last step"
    kept.check(int(last.state["global_step"]))
    facts = _facts(run, encoded)
    curve = _curve(last.state["log_history"])
    history: dict[str, Any] = {"curve": curve}
    if responses := rows_in(last.state["log_history"]):
        history["responses"] = responses
    first_says(partial(_finish, folder, last, kept, facts, history, record), device=device)
    return curve


def _facts(run: TrainingRun, encoded: Encoded) -> dict[str, Any]:
    """What the record of an adapter says of its training, whichever of its steps it is."""
    model = run.model
    return {
        "base_digest": model.base_digest,
        "template_hash": model.template.hash,
        "dtype": model.hardware.dtype,
        "seed": run.seed,
        **({"processes": n_processes()} if n_processes() > 1 else {}),
        "settings": run.settings.model_dump(mode="json"),
        "layers": tuned_layers(run.settings.lora, model.network),
        "data_sha256": _digest(encoded.rows),
        "versions": {name: version(name) for name in LIBRARIES},
        "n_rows": len(run.train),
        "n_validation": len(run.held),
        "n_dropped": encoded.dropped,
        "n_supervised_tokens": encoded.n_supervised,
    }


def _last_whole(work: Path, kept: KeptSteps) -> Checkpoint | None:
    """The newest whole checkpoint of a folder of work that has the steps before it that are to be kept."""
    last = last_checkpoint(work)
    if last is not None and not kept.are_there(int(last.state["global_step"])):
        shutil.rmtree(work, ignore_errors=True)
        return None
    return last


def _finish(
    folder: Path,
    last: Checkpoint,
    kept: KeptSteps,
    facts: dict[str, Any],
    history: dict[str, Any],
    record: dict[str, Any],
) -> None:
    """Write the adapters of the steps that are kept and of the last checkpoint, or of the best one."""
    work = last.path.parent
    with disk_errors(folder):
        for step in kept.steps:
            _write(step_folder(folder, step), kept.folder(step), facts | {"steps": step} | record)
        whole = facts | {"steps": last.state["global_step"]} | history | record
        _write(folder, last.path if last.best is None else work / last.best.name, whole)
    shutil.rmtree(work, ignore_errors=True)


def _digest(rows: Sequence[Row]) -> str:
    """SHA-256 of the rows as they are trained on, those held out among them."""
    return bytes_digest(json.dumps(rows).encode())


def _write(folder: Path, checkpoint: Path, record: dict[str, Any]) -> None:
    """The adapter of a checkpoint as a folder, all of it or nothing; one that is there just so is not written again."""
    same = adapter_state(folder)[0] and (folder / WEIGHTS).read_bytes() == (checkpoint / WEIGHTS).read_bytes()
    if same and read_record(folder) == record:
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
    """Training and validation losses, one entry per step; of preference pairs, what they come from."""
    pairs = {
        f"{part}{key}": f"{part}{theirs}" for part in ("", "eval_") for key, theirs in PAIR_METRICS.items()
    }
    known = {key: key for key in ("epoch", "loss", "eval_loss", "learning_rate", "grad_norm")} | pairs
    steps: dict[int, dict[str, Any]] = {}
    for entry in history:
        row = steps.setdefault(int(entry["step"]), {"step": int(entry["step"])})
        row |= {key: float(entry[theirs]) for key, theirs in known.items() if theirs in entry}
    return [row for _, row in sorted(steps.items()) if "loss" in row or "eval_loss" in row]
