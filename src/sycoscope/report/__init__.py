"""Estimates in; tables, figures and one HTML file out. Nothing here computes a result."""

from sycoscope.report.data import (
    Claim,
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
    "Flip",
    "Health",
    "ReportData",
    "Subject",
    "TaskInfo",
    "TrainingRow",
    "Verdict",
    "write_report",
]
