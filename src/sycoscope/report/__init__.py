"""Estimates in; tables, figures and one HTML file out. Nothing here computes a result."""

from sycoscope.report.data import (
    Claim,
    Finding,
    Flip,
    Health,
    ReportData,
    Subject,
    TaskInfo,
    TrainingRow,
    Verdict,
)
from sycoscope.report.write import write_report

__all__ = [
    "Claim",
    "Finding",
    "Flip",
    "Health",
    "ReportData",
    "Subject",
    "TaskInfo",
    "TrainingRow",
    "Verdict",
    "write_report",
]
