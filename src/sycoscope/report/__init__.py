"""Estimates in; tables, figures and one HTML file out. Nothing here computes a result."""

from sycoscope.report.data import Health, ReportData, Subject, TaskInfo, TrainingRow
from sycoscope.report.write import write_report

__all__ = [
    "Health",
    "ReportData",
    "Subject",
    "TaskInfo",
    "TrainingRow",
    "write_report",
]
