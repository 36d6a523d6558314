"""The gate on a finished run, or on a run held against a baseline."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sycoscope.analysis import score_tables
from sycoscope.config import Margins
from sycoscope.core.errors import ConfigError
from sycoscope.core.files import digest_of, user_path
from sycoscope.core.manifest import Manifest
from sycoscope.core.texts import in_a_sentence
from sycoscope.core.types import Estimate
from sycoscope.gate.baseline import Baseline, read_baseline
from sycoscope.gate.lines import Measured, floors_of, label_of, lines_of
from sycoscope.gate.sides import Side, baseline_of, chosen, put_together, side_of, side_of_baseline
from sycoscope.gate.verdict import Floor, GateVerdict, Inconclusive, Line
from sycoscope.run.analyse import estimated
from sycoscope.run.record import roles_of
from sycoscope.run.store import RunDirectory


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is looked at.

    Attributes:
        run: A run. baseline: a baseline file or a run, that the run's model is held against; None: the run itself
            holds before and after. again: a run of the model before, asked once more.
        subjects: Tuned models of the run; empty: all, or beside a baseline the one that there is.
    """

    run: RunDirectory
    baseline: Path | None = None
    again: RunDirectory | None = None
    subjects: tuple[str, ...] = ()


def judge(asked: Asked, margins: Margins, *, inconclusive: Inconclusive = "code") -> GateVerdict:
    """The verdict.

    Raises:
        ConfigError: nothing to compare, a subject that is not there, a margin that cannot be used. MissingError: no
        run, no file. StoreError: one of them cannot be read. DataError: two sides without a common item.
    """
    manifest = asked.run.manifest()
    if not asked.run.summary_path.is_file():
        return _unfinished(asked.run, manifest, margins, inconclusive)
    asked.run.check()
    with tempfile.TemporaryDirectory(prefix="sycoscope-gate-") as scratch:
        if asked.baseline is None:
            found, subjects, notes = _within(asked, manifest, Path(scratch))
            against = in_a_sentence(list(dict.fromkeys(found.roles.before(one) for one in subjects)))
            run = f"{in_a_sentence(list(subjects))} ({asked.run.path.name})"
        else:
            found, names, notes = _against(asked, manifest, Path(scratch))
            subjects, run, against = (found.roles.adapters[0],), names[1], names[0]
        lines = tuple(lines_of(found, margins, subjects))
    floored = [line.floor for line in lines if line.floor is not None]
    if not floored:
        notes = (*notes, NO_FLOOR)
    return GateVerdict(
        run=run, against=against, lines=lines, strict=margins.strict, inconclusive=inconclusive, notes=notes,
        details=_details(asked, manifest, margins),
    )  # fmt: skip


NO_FLOOR = (
    "what the same model differs by from itself was not looked at (--again RUN); greedy answers of one machine are the "
    "same each time, drawn or served ones are not"
)


def make_baseline(asked: Asked) -> Baseline:
    """One model of a finished run as a baseline: the base, or the subject that is named.

    Raises:
        ConfigError: no such subject, or another model was asked again. StoreError: the run cannot be read, or is not
        finished.
    """
    asked.run.check()
    manifest = asked.run.manifest()
    with tempfile.TemporaryDirectory(prefix="sycoscope-gate-") as scratch:
        record = chosen(manifest, _one(asked.subjects), of=str(asked.run.path), tuned=False)
        side = side_of(asked.run, record, Path(scratch) / "before")
        if asked.again is not None:
            floors = _floors(side, asked.again, Path(scratch))
        else:
            again = [one.name for one in manifest.subjects if one.kind == "again" and record.kind == "base"]
            floors = floors_of(_measured(asked.run, asked.run.estimates()), again[0]) if again else {}
        return baseline_of(side, manifest, floors)


def _one(subjects: Sequence[str]) -> str | None:
    if len(subjects) > 1:
        raise ConfigError(f"one model is held against a baseline; name one --subject, not {len(subjects)}")
    return subjects[0] if subjects else None


# --- a run that holds before and after ---


def _within(
    asked: Asked, manifest: Manifest, scratch: Path
) -> tuple[Measured, tuple[str, ...], tuple[str, ...]]:
    roles = roles_of(manifest)
    subjects = asked.subjects or roles.real
    if strange := [name for name in subjects if name not in roles.adapters]:
        raise ConfigError(
            f"'{asked.run.path}' has no tuned model '{strange[0]}'; it has {', '.join(roles.adapters) or 'none'}"
        )
    if not subjects:
        raise ConfigError(
            f"'{asked.run.path}' holds one model and nothing to compare it with; give --baseline FILE (another run, or "
            "what --write-baseline wrote), or a run that `sycoscope compare` made"
        )
    compared = manifest.compared
    only = {}
    for task, items in (compared.items if compared else {}).items():
        n_only = len(items.only_before) + len(items.only_after)
        only[task] = (n_only, n_only / max(items.paired + n_only, 1))
    found = replace(_measured(asked.run, asked.run.estimates()), only=only)
    again = [one.name for one in manifest.subjects if one.kind == "again"]
    if asked.again is not None:
        before = {roles.before(subject) for subject in subjects}
        if len(before) > 1:
            raise ConfigError(
                "--again is of one model, and these are compared with several; name one --subject"
            )
        record = chosen(manifest, before.pop(), of=str(asked.run.path), tuned=False)
        found = replace(
            found, floors=_floors(side_of(asked.run, record, scratch / "first"), asked.again, scratch)
        )
    elif again:
        found = replace(found, floors=floors_of(found, again[0]))
    return found, tuple(subjects), _judge_note(manifest)


def _judge_note(manifest: Manifest) -> tuple[str, ...]:
    left_out = manifest.compared.judge_left_out if manifest.compared else ""
    return (f"judged rates gate nothing, and are left out: {left_out}",) if left_out else ()


def _measured(run: RunDirectory, estimates: Sequence[Estimate]) -> Measured:
    manifest, scores = run.manifest(), run.scores()
    items = {item.id: item for _, item in run.items()}
    return Measured(
        manifest=manifest, roles=roles_of(manifest), tables=score_tables(scores, items), scores=scores,
        estimates=estimates,
    )  # fmt: skip


# --- a run against a baseline ---


def _against(
    asked: Asked, manifest: Manifest, scratch: Path
) -> tuple[Measured, tuple[str, str], tuple[str, ...]]:
    assert asked.baseline is not None, "a baseline is asked for"
    # what can be refused is looked at before anything is computed
    record = chosen(manifest, _one(asked.subjects), of=str(asked.run.path), tuned=True)
    stored = None if asked.baseline.is_dir() else read_baseline(asked.baseline)
    run = RunDirectory(asked.baseline)
    if stored is None:
        run.check()
    after = side_of(asked.run, record, scratch / "after")
    floors: Mapping[str, Floor] = {}
    if stored is None:
        before = side_of(
            run, chosen(run.manifest(), None, of=str(asked.baseline), tuned=False), scratch / "before"
        )
    else:
        before = side_of_baseline(stored, after, scratch / "before")
        floors = stored.again
    if asked.again is not None:
        floors = _floors(before, asked.again, scratch)
    pair = put_together(before, after, scratch / "both")
    estimates, _ = estimated(pair.run)
    found = replace(_measured(pair.run, estimates), only=pair.only, faults=pair.faults, floors=floors)
    return found, (before.name, after.name), ()


def _floors(before: Side, again: RunDirectory, scratch: Path) -> dict[str, Floor]:
    """What a model differs by from itself, by a run in which it was asked once more."""
    again.check()
    record = chosen(again.manifest(), None, of=str(again.path), tuned=False)
    second = side_of(again, record, scratch / "again")
    if before.digest and second.digest and before.digest != second.digest:
        raise ConfigError(
            f"--again is a run of {second.name}, which is another model than {before.name}; give a run of the same one"
        )
    pair = put_together(before, second, scratch / "twice")
    if any(pair.faults.values()):
        why = next(iter(pair.faults.values()))[0]
        raise ConfigError(
            f"--again cannot be compared with {before.name}: {why}; ask the same model the same again"
        )
    estimates, _ = estimated(pair.run)
    return floors_of(_measured(pair.run, estimates), pair.after)


# --- what goes with it ---


def _unfinished(
    run: RunDirectory, manifest: Manifest, margins: Margins, inconclusive: Inconclusive
) -> GateVerdict:
    lines = tuple(
        Line(
            subject="", reference="", task=task, label=label_of(task, manifest), margin=margin.margin,
            reason="the run was not finished: run it again to go on",
        )
        for task, margin in margins.margins.items()
    )  # fmt: skip
    return GateVerdict(
        run=str(user_path(run.path).name),
        against="",
        lines=lines,
        strict=margins.strict,
        inconclusive=inconclusive,
    )


def _details(asked: Asked, manifest: Manifest, margins: Margins) -> dict[str, str]:
    """Versions and digests: what the verdict rests on."""
    details = {
        "run": f"{asked.run.path.name}, study {manifest.hash}",
        "measured with": ", ".join(f"{name} {version}" for name, version in manifest.versions.items()),
        "margins": digest_of(margins.model_dump(mode="json"))[:12],
    }
    for one in manifest.subjects:
        if digest := one.model.get("digest"):
            details[f"model {one.name}"] = str(digest)
    if asked.baseline is not None:
        details["baseline"] = asked.baseline.name
    return details
