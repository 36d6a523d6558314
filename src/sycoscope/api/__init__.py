"""The Python interface: what the commands do, as functions.

import sycoscope
run = sycoscope.evaluate("smollm2-135m-instruct", limit=40)
run = sycoscope.compare("my/model", adapter="my-adapter")
print(run.report)
print([(estimate.name, estimate.value) for estimate in run.estimates() if estimate.shown])
"""

from __future__ import annotations

from sycoscope.api.comparing import compare, compare_runs
from sycoscope.api.data_sets import build_data
from sycoscope.api.finished import audit, list_runs, report
from sycoscope.api.gates import gate, write_baseline
from sycoscope.api.instruments import (
    calibrate,
    check_scorers,
    doctor,
    lm_eval,
    probe,
    published,
    register_lm_eval,
)
from sycoscope.api.labels import LabelReport, draw_labels, export_labels, label, read_labels
from sycoscope.api.log_comparison import LogRun, are_logs, compare_logs
from sycoscope.api.options import read_template
from sycoscope.api.plans import budget, forecast, hub_faults, plan
from sycoscope.api.questions import FacetUse, check_items, list_items, overlap, show_items, usable_items
from sycoscope.api.run import Run
from sycoscope.api.runs import RUNS, evaluate, run_study
from sycoscope.api.tuning import train
from sycoscope.api.viewing import export_view, view
from sycoscope.audit import Finding
from sycoscope.config import narrowed
from sycoscope.core.types import Estimate
from sycoscope.gate.text import text as gate_text
from sycoscope.gate.verdict import GateVerdict, Inconclusive
from sycoscope.logs.comparison import Result as LogResult
from sycoscope.report.advice import Advice
from sycoscope.report.overview import Cell, Level, Overview, Tuned
from sycoscope.study.dataset import BuiltSet
from sycoscope.study.file_overlap import TaskOverlap
from sycoscope.study.forecast import Forecast
from sycoscope.study.plan import Planned

__all__ = [
    "RUNS",
    "Advice",
    "BuiltSet",
    "Cell",
    "Estimate",
    "FacetUse",
    "Finding",
    "Forecast",
    "GateVerdict",
    "Inconclusive",
    "LabelReport",
    "Level",
    "LogResult",
    "LogRun",
    "Overview",
    "Planned",
    "Run",
    "TaskOverlap",
    "Tuned",
    "are_logs",
    "audit",
    "budget",
    "build_data",
    "calibrate",
    "check_items",
    "check_scorers",
    "compare",
    "compare_logs",
    "compare_runs",
    "doctor",
    "draw_labels",
    "evaluate",
    "export_labels",
    "export_view",
    "forecast",
    "gate",
    "gate_text",
    "hub_faults",
    "label",
    "list_items",
    "list_runs",
    "lm_eval",
    "narrowed",
    "overlap",
    "plan",
    "probe",
    "published",
    "read_labels",
    "read_template",
    "register_lm_eval",
    "report",
    "run_study",
    "show_items",
    "train",
    "usable_items",
    "view",
    "write_baseline",
]
