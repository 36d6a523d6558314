"""Sycoscope: did a fine-tune make the model a yes-man, how much, and how far can the number be trusted?"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sycoscope.api import (
        Advice,
        BuiltSet,
        Cell,
        Estimate,
        FacetUse,
        Finding,
        Forecast,
        GateVerdict,
        Inconclusive,
        LabelReport,
        Level,
        LogResult,
        LogRun,
        Overview,
        Planned,
        Run,
        TaskOverlap,
        Tuned,
        are_logs,
        budget,
        build_data,
        check_items,
        check_scorers,
        compare,
        compare_logs,
        compare_runs,
        doctor,
        draw_labels,
        evaluate,
        export_labels,
        export_view,
        forecast,
        gate_text,
        hub_faults,
        label,
        list_items,
        list_runs,
        narrowed,
        overlap,
        plan,
        read_labels,
        read_template,
        register_lm_eval,
        run_study,
        show_items,
        train,
        usable_items,
        write_baseline,
    )

__all__ = [
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
    "__version__",
    "are_logs",
    "budget",
    "build_data",
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
    "gate_text",
    "hub_faults",
    "label",
    "list_items",
    "list_runs",
    "narrowed",
    "overlap",
    "plan",
    "probe",
    "read_labels",
    "read_template",
    "register_lm_eval",
    "run_study",
    "show_items",
    "train",
    "usable_items",
    "write_baseline",
]

try:
    __version__ = version("sycoscope")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"


def __getattr__(name: str) -> Any:
    """Load the interface when it is asked for: the command line must start fast.

    Functions with the name of a subpackage (`audit`, `report`, `calibrate`, `published`, `view`, `gate`) are in
    `sycoscope.api`.
    """
    if name in __all__:
        from sycoscope import api

        return getattr(api, name)
    raise AttributeError(f"module 'sycoscope' has no attribute '{name}'")
