"""Capability: benchmarks as lm-evaluation-harness defines them, played on our own model.

The harness's definitions are read from the installed package; nothing of them is kept here. Item
results are kept, so that two subjects can be compared in pairs. See docs/capability.md.

Nothing heavy is imported here: `ask_capability` loads lm_eval when it is called.
"""

from sycoscope.capability.questions import fingerprint
from sycoscope.capability.results import CapabilityRecord, CapabilityResult, read_records, record_table
from sycoscope.capability.run import ask_capability, run_capability
from sycoscope.capability.scoring import READING, score_records
from sycoscope.capability.spec import CAPABILITY_TASKS, MAX_TOKENS, CapabilitySpec, TaskForm
from sycoscope.capability.tasks import HarnessTask, capability_tasks

__all__ = [
    "CAPABILITY_TASKS",
    "MAX_TOKENS",
    "READING",
    "CapabilityRecord",
    "CapabilityResult",
    "CapabilitySpec",
    "HarnessTask",
    "TaskForm",
    "ask_capability",
    "capability_tasks",
    "fingerprint",
    "read_records",
    "record_table",
    "run_capability",
    "score_records",
]
