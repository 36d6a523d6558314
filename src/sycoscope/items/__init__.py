"""Items: the built-in bank, people's own questions, and readers of the public sets (docs/items.md)."""

from sycoscope.items.bank import LEVELLED, PARTS, load_bank
from sycoscope.items.benchmark_rows import BenchmarkRows
from sycoscope.items.benchmarks import BENCHMARKS, LAYOUTS, TASK_LABELS, Benchmark
from sycoscope.items.checks import check_items, is_argument
from sycoscope.items.dialogues import DialogueFile, read_dialogues
from sycoscope.items.findings import Finding
from sycoscope.items.identity import make_id, partition, stem_cluster
from sycoscope.items.leakage import Overlap, overlap
from sycoscope.items.letters import Lettered, assign_letters, right_first
from sycoscope.items.loading import load, pinned
from sycoscope.items.own import OwnFile, is_own_file, read_items, read_own_file
from sycoscope.items.readers import read_benchmark, read_folder
from sycoscope.items.sampling import take

__all__ = [
    "BENCHMARKS",
    "LAYOUTS",
    "LEVELLED",
    "PARTS",
    "TASK_LABELS",
    "Benchmark",
    "BenchmarkRows",
    "DialogueFile",
    "Finding",
    "Lettered",
    "Overlap",
    "OwnFile",
    "assign_letters",
    "check_items",
    "is_argument",
    "is_own_file",
    "load",
    "load_bank",
    "make_id",
    "overlap",
    "partition",
    "pinned",
    "read_benchmark",
    "read_dialogues",
    "read_folder",
    "read_items",
    "read_own_file",
    "right_first",
    "stem_cluster",
    "take",
]
