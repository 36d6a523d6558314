"""The Python interface: what the commands do, as functions.

import sycoscope
run = sycoscope.evaluate("smollm2-135m-instruct", limit=40)
run = sycoscope.compare("my/model", adapter="my-adapter")
print(run.report)
print([(estimate.name, estimate.value) for estimate in run.estimates() if estimate.shown])
"""

from __future__ import annotations

from sycoscope.api.instruments import (
    calibrate,
    check_scorers,
    doctor,
    lm_eval,
    published,
    register_lm_eval,
)
from sycoscope.api.options import read_template
from sycoscope.api.questions import check_items, list_items, show_items
from sycoscope.api.runs import (
    RUNS,
    Run,
    audit,
    budget,
    compare,
    compare_runs,
    evaluate,
    forecast,
    hub_faults,
    plan,
    report,
    run_study,
    train,
)
from sycoscope.audit import Finding
from sycoscope.core.types import Estimate
from sycoscope.report.advice import Advice
from sycoscope.report.overview import Cell, Level, Overview, Tuned
from sycoscope.study.forecast import Forecast
from sycoscope.study.plan import Planned

__all__ = [
    "RUNS",
    "Advice",
    "Cell",
    "Estimate",
    "Finding",
    "Forecast",
    "Level",
    "Overview",
    "Planned",
    "Run",
    "Tuned",
    "audit",
    "budget",
    "calibrate",
    "check_items",
    "check_scorers",
    "compare",
    "compare_runs",
    "doctor",
    "evaluate",
    "forecast",
    "hub_faults",
    "list_items",
    "lm_eval",
    "plan",
    "published",
    "read_template",
    "register_lm_eval",
    "report",
    "run_study",
    "show_items",
    "train",
]
