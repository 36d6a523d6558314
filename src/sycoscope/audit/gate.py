"""From findings to what may be shown."""

from __future__ import annotations

from collections.abc import Sequence

from sycoscope.analysis import Roles
from sycoscope.audit.finding import Finding


class Withheld:
    """(subject, task, name) -> the reason for which a number may not be shown as a headline, or "".

    A number of an adapter is a change against `reference` (the base unless told otherwise), so what is invalid of
    the reference is invalid of the change. Levels have no reference: pass `reference=""`.
    """

    def __init__(self, findings: Sequence[Finding], roles: Roles) -> None:
        self._invalid = [finding for finding in findings if finding.severity == "invalid"]
        self._base = roles.base

    def __call__(self, subject: str, task: str, name: str, reference: str | None = None) -> str:
        """The reasons, each once, in the order of the audit."""
        concerned = {"", subject, self._base if reference is None else reference}
        reasons = [
            f"{finding.message} [{finding.check}]"
            for finding in self._invalid
            if finding.subject in concerned and finding.task in ("", task) and finding.name in ("", name)
        ]
        return "; ".join(dict.fromkeys(reasons))


def withheld(findings: Sequence[Finding], roles: Roles | None = None) -> Withheld:
    """The gate of a run.

    Args:
        roles: Names the base, where it is not called `base`.
    """
    return Withheld(findings, roles or Roles())
