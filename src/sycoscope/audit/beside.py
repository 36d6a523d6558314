"""What the audit says of an adapter beside a base before anything was asked, from what both are alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sycoscope.analysis import Roles
from sycoscope.audit.evidence import Evidence
from sycoscope.audit.finding import Finding
from sycoscope.audit.subjects import adapter_active, adapter_base, precision, template
from sycoscope.core.manifest import Manifest, SubjectRecord

CHECKS = (adapter_base, template, precision, adapter_active)
BASE = "base"


def adapter_findings(base: Mapping[str, Any], adapter: Mapping[str, Any]) -> list[Finding]:
    """What speaks against measuring an adapter beside a base: another base, template or precision than its own.

    Args:
        base, adapter: Records of the model without and with the adapter (`Recorded.record`).

    Returns:
        Findings of severity `warn` and `invalid`.
    """
    name = str(adapter["adapter"]["name"])
    subjects = (
        SubjectRecord(name=BASE, kind="base", model=base),
        SubjectRecord(name=name, kind="other", model=adapter),
    )
    manifest = Manifest(study="", hash="", seed=0, margin=0.0, transcripts=0, subjects=subjects)
    evidence = Evidence(manifest, {}, (), (), (), Roles(base=BASE, adapters=(name,)))
    findings = [finding for check in CHECKS for finding in check(evidence)]
    return [finding for finding in findings if finding.severity in ("warn", "invalid")]
