"""Models behind an endpoint: an adapter that is passed over in silence gives plausible numbers of the base."""

from __future__ import annotations

from sycoscope.audit.evidence import Evidence, dig
from sycoscope.audit.finding import Fault, Finding, missing, settle


def served_adapter(evidence: Evidence) -> list[Finding]:
    """A served adapter answers otherwise than its base does, by more than the base otherwise than itself."""
    faults, proved, untold = [], [], []
    for adapter in evidence.roles.adapters:
        if not dig(evidence.models, adapter, "adapter", "served"):
            continue
        proof = dig(evidence.models, adapter, "proof")
        if not isinstance(proof, dict):
            untold.append(adapter)
        elif proof.get("fault"):
            text = f"{adapter}: {proof['fault']}; look at how the server loads it"
            faults.append(Fault(severity="invalid", text=text, subject=adapter))
        else:
            weights = dig(proof, "agreement", "weights")
            as_here = f", as with its weights on '{weights}' here" if weights else ""
            proved.append(
                f"{adapter} {proof['differing']} of {proof['n']} (the base {proof['differing_again']}{as_here})"
            )
    untold = [name for name in untold if name not in evidence.roles.more_controls]
    notes = [f"no proof recorded for {', '.join(untold)}"] if untold else []
    if not faults and not proved:
        return missing("served_adapter", notes[0] if notes else "the run holds no served adapter")
    return settle(
        "served_adapter",
        faults,
        ok=f"served adapters answer for themselves, prompts answered otherwise: {', '.join(proved)}",
        not_run=notes,
    )
