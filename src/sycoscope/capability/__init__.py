"""Capability: benchmarks as lm-evaluation-harness defines them, played on our own model.

The harness's definitions are read from the installed package; nothing of them is kept here. Item
results are kept, so that two subjects can be compared in pairs. See docs/capability.md.

Nothing heavy is imported here: `run_capability` loads lm_eval when it is called.
"""

from sycoscope.capability.results import CapabilityRecord, CapabilityResult, HarnessAggregate
from sycoscope.capability.run import run_capability
from sycoscope.capability.spec import BENCHMARKS, Benchmark, CapabilitySpec
from sycoscope.capability.tasks import HarnessTask, capability_tasks

__all__ = [
    "BENCHMARKS",
    "Benchmark",
    "CapabilityRecord",
    "CapabilityResult",
    "CapabilitySpec",
    "HarnessAggregate",
    "HarnessTask",
    "capability_tasks",
    "run_capability",
]
