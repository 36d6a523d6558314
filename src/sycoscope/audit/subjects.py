"""Subjects that differ in nothing but the adapter: template, BOS, precision; an adapter that does something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sycoscope.audit.evidence import Evidence, dig, number
from sycoscope.audit.finding import Fault, Finding, missing, settle


def _recorded(evidence: Evidence, *keys: str) -> dict[str, Any]:
    """Subject -> a value of its model's record, where it is there (None may be a value)."""
    values = {}
    for subject, record in evidence.models.items():
        holder: Any = dig(record, *keys[:-1]) if keys[:-1] else record
        if isinstance(holder, Mapping) and keys[-1] in holder:
            values[subject] = holder[keys[-1]]
    return values


def _unknown(evidence: Evidence, known: Mapping[str, Any]) -> list[str]:
    return [name for name in evidence.subjects if name not in known]


def template(evidence: Evidence) -> list[Finding]:
    """One chat template for all subjects, in training and in evaluation."""
    known = _recorded(evidence, "template_hash")
    faults = _differing(evidence, known, "chat template", "evaluate all subjects with one template")
    unrecorded: list[str] = []
    for adapter in evidence.roles.adapters:
        trained = evidence.training_record(adapter).get("template_hash")
        beside = dig(evidence.models, adapter, "adapter", "template", "hash")
        if adapter not in known or (trained is None and beside is None):
            unrecorded.append(adapter)
        elif trained is not None and trained != known[adapter]:
            text = (
                f"{adapter}: trained in the template {trained}, evaluated in {known[adapter]}; allowed: the same. "
                "The change may be one of format: train again in the template that is evaluated"
            )
            faults.append(Fault(severity="invalid", text=text, subject=adapter, badness=1))
        elif trained is None and beside != known[adapter]:
            faults.append(_other_template(evidence, adapter, str(beside), str(known[adapter])))
    faults += _plain(evidence)
    unknown = _unknown(evidence, known)
    notes = []
    if unknown:
        notes.append(f"no template recorded for {', '.join(unknown)}")
    if lacking := [name for name in unrecorded if name not in unknown]:
        notes.append(f"no training template recorded for {', '.join(lacking)}")
    if not known and not faults:
        return missing("template", "; ".join(notes) or "no model record in the manifest")
    n_trained = len(evidence.roles.adapters) - len(unrecorded)
    ok = f"one chat template for {len(known)} subjects; {n_trained} adapters were trained in it"
    if why := dig(evidence.models, evidence.roles.base, "template", "system"):
        ok += f"; {why}, so a system text stands at the head of the first user turn"
    return settle("template", faults, ok=ok, not_run=notes)


def _other_template(evidence: Evidence, adapter: str, beside: str, evaluated: str) -> Fault:
    """The adapter's folder carries another template than the evaluation's: what it was trained in, as far as is known.

    Where somebody gave the template of the evaluation, that is what was asked for, and the numbers are shown.
    """
    given = dig(evidence.models, adapter, "template_given") is True
    origin = "the one that was given" if given else f"that of {evidence.roles.base}"
    text = (
        f"{adapter}: the chat template in its folder is {beside}, evaluated in {evaluated} ({origin}); expected: the "
        "same. The change may be one of format: evaluate both in the adapter's with --chat-template and its folder"
    )
    if not given:
        text += ", or give the base's so to measure in it all the same"
    return Fault(severity="warn" if given else "invalid", text=text, subject=adapter, badness=1)


def _plain(evidence: Evidence) -> list[Fault]:
    tasks = sorted({score.task for score in evidence.scores if score.condition == "plain"})
    return [
        Fault(
            severity="warn",
            text=f"{task}: asked as plain text, another format than the chat template of training; "
            "compare it only with other plain results",
            task=task,
        )
        for task in tasks
    ]


def _differing(evidence: Evidence, known: Mapping[str, Any], what: str, advice: str) -> list[Fault]:
    base = evidence.roles.base
    if base not in known:
        return []
    return [
        Fault(
            severity="invalid",
            text=f"{subject}: {what} is {value!r}, of {base} {known[base]!r}; allowed: equal. {advice}",
            subject=subject,
        )
        for subject, value in known.items()
        if value != known[base]
    ]


def bos(evidence: Evidence) -> list[Finding]:
    """Exactly one BOS token at the start of a prompt, where the model has one."""
    known = _recorded(evidence, "n_bos")
    faults = []
    for subject, value in known.items():
        count = number(value)
        if count is not None and count > 1:
            text = (
                f"{subject}: {count:.0f} BOS tokens at the start of each prompt; allowed: 1. "
                "Rendered text must be encoded without special tokens"
            )
            faults.append(Fault(severity="invalid", text=text, subject=subject, badness=count))
        elif count == 0:
            text = (
                f"{subject}: the template writes no BOS, and the tokenizer has one (1 is expected); "
                "compare with the model's card"
            )
            faults.append(Fault(severity="warn", text=text, subject=subject))
    if not any(fault.severity == "invalid" for fault in faults):
        faults += _differing(evidence, known, "number of BOS tokens", "use one tokenizer")
    unknown = _unknown(evidence, known)
    notes = [f"no BOS count recorded for {', '.join(unknown)}"] if unknown else []
    if not known:
        return missing("bos", notes[0] if notes else "no model record in the manifest")
    without = [subject for subject, value in known.items() if value is None]
    ok = f"exactly one BOS for {len(known) - len(without)} subjects"
    if without:
        ok += f"; {len(without)} have a model without BOS"
    return settle("bos", faults, ok=ok, not_run=notes)


def precision(evidence: Evidence) -> list[Finding]:
    """One precision and quantization for all subjects; adapters are evaluated in the one that they were trained in."""
    faults: list[Fault] = []
    notes: list[str] = []
    in_use: list[str] = []
    for what, keys, trained_keys in (
        ("dtype", ("hardware", "dtype"), ("dtype",)),
        ("quantization", ("quantization",), ("quantization",)),
    ):
        known = _recorded(evidence, *keys)
        faults += _differing(evidence, known, what, "evaluate all subjects in one precision")
        in_use += sorted({f"{what} {value}" for value in known.values()})
        if unknown := _unknown(evidence, known):
            notes.append(f"no {what} recorded for {', '.join(unknown)}")
        for adapter in evidence.roles.adapters:
            trained = dig(evidence.training_record(adapter), *trained_keys)
            if trained is not None and adapter in known and trained != known[adapter]:
                text = (
                    f"{adapter}: trained beside a base in {what} {trained}, evaluated in {known[adapter]}; "
                    "evaluate as it was trained"
                )
                faults.append(Fault(severity="warn", text=text, subject=adapter))
    if not in_use:
        return missing("precision", "; ".join(notes) or "no model record in the manifest")
    return settle("precision", faults, ok=f"all subjects in {', '.join(in_use)}", not_run=notes)


def engine(evidence: Evidence) -> list[Finding]:
    """One engine for all subjects: two give the same numbers within a tolerance, and near-ties may fall otherwise."""
    known = _recorded(evidence, "engine")
    base = evidence.roles.base
    faults = [
        Fault(
            severity="warn",
            text=f"{subject}: answered by the engine {value}, {base} by {known[base]}; expected: one. Near-ties may "
            "fall otherwise, so evaluate all subjects with one (model.engine: plain)",
            subject=subject,
        )
        for subject, value in known.items()
        if base in known and value != known[base]
    ]
    unknown = _unknown(evidence, known)
    notes = [f"no engine recorded for {', '.join(unknown)}"] if unknown else []
    if not known:
        return missing("engine", notes[0] if notes else "no model record in the manifest")
    ok = f"all {len(known)} subjects were answered by {', '.join(sorted({str(value) for value in known.values()}))}"
    return settle("engine", faults, ok=ok, not_run=notes)


def adapter_base(evidence: Evidence) -> list[Finding]:
    """An adapter is evaluated beside the base that it names."""
    faults: list[Fault] = []
    untold: list[str] = []
    agreed = 0
    for adapter in evidence.roles.adapters:
        base = dig(evidence.models, adapter, "adapter", "base")
        named, given, agrees = (dig(base, key) for key in ("named", "given", "agrees"))
        if evidence.training_record(adapter).get("base_digest") is not None or agrees is True:
            agreed += 1  # one of ours is refused beside weights of another digest
        elif agrees is False:
            text = (
                f"{adapter}: it names the base {named!r}, evaluated beside {given!r}; expected: the same. If these are "
                "other weights, the change is not that of its tuning: give the base that it names"
            )
            faults.append(Fault(severity="warn", text=text, subject=adapter))
        else:
            untold.append(f"{adapter} names {f'{named!r}, which' if named else 'no base, which'}")
    notes = [f"{', '.join(untold)} cannot be compared with the base that was given"] if untold else []
    if not faults and not agreed:
        return missing("adapter_base", notes[0] if notes else "the run holds no adapter")
    return settle("adapter_base", faults, ok=f"{agreed} adapters name the base that was given", not_run=notes)


def adapter_active(evidence: Evidence) -> list[Finding]:
    """An adapter that changes no logit was not applied."""
    faults: list[Fault] = []
    untold: list[str] = []
    smallest = None
    for adapter in evidence.roles.adapters:
        delta = number(dig(evidence.models, adapter, "adapter", "max_logit_delta"))
        if delta is None:
            untold.append(adapter)
        elif dig(evidence.models, adapter, "adapter", "scale") == 0:
            if delta > 0:
                text = (
                    f"{adapter}: at scale 0 the adapter changes a logit by {delta:g}; needed: 0, it is the base. "
                    "Something of it is not scaled: leave its scales out"
                )
                faults.append(Fault(severity="invalid", text=text, subject=adapter))
        elif not delta > 0:
            text = (
                f"{adapter}: adapter inactive, the largest change of a logit is {delta:g}; needed: above 0. "
                "Its keys may not match the base, or its weights are zero: train it again, or check the file"
            )
            faults.append(Fault(severity="invalid", text=text, subject=adapter))
        else:
            smallest = delta if smallest is None else min(smallest, delta)
    notes = [f"no logit change recorded for {', '.join(untold)}"] if untold else []
    if not faults and smallest is None:
        return missing("adapter_active", notes[0] if notes else "the run holds no adapter")
    ok = f"every adapter changes logits (the smallest largest change: {smallest or 0:.3g})"
    return settle("adapter_active", faults, ok=ok, not_run=notes)


def adapter_off(evidence: Evidence) -> list[Finding]:
    """With every adapter taken off, the base answers bit for bit as before."""
    equal = dig(evidence.models, evidence.roles.base, "base_bit_equal")
    if not isinstance(equal, bool):
        return missing("adapter_off", "whether the base answers as before its adapters was not recorded")
    text = (
        "the base's logits after the adapters differ from those before: something of an adapter stayed behind, so no "
        "subject is what it is called; evaluate each in a process of its own"
    )
    faults = [] if equal else [Fault(severity="invalid", text=text)]
    return settle(
        "adapter_off", faults, ok="with the adapters off, the base's logits are bit for bit as before"
    )
