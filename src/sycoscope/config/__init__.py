"""A study file: YAML -> strict pydantic models; every fault reported at once, with file and place."""

from __future__ import annotations

from sycoscope.config.adapters import (
    CURATED,
    FILE,
    INOCULATED,
    PUBLISHED,
    STYLED,
    AdapterConfig,
    LoraConfig,
    Objective,
    TrainingConfig,
)
from sycoscope.config.margins import Margins
from sycoscope.config.narrowing import DECIDING, asked_under, narrowed
from sycoscope.config.points import Named, subjects_in
from sycoscope.config.reading import (
    lay_over,
    parse_judge,
    parse_margins,
    parse_study,
    read_margins,
    read_study,
)
from sycoscope.config.schema import (
    NOTHING_MEASURED,
    CapabilityConfig,
    DecodingConfig,
    FacetConfig,
    FacetsConfig,
    JudgeConfig,
    PartitionConfig,
    StudyConfig,
    at_levels,
)
from sycoscope.config.usable import HINT, Usable, served, usable
from sycoscope.config.values import AUTO, Level

__all__ = [
    "AUTO",
    "CURATED",
    "DECIDING",
    "FILE",
    "HINT",
    "INOCULATED",
    "NOTHING_MEASURED",
    "PUBLISHED",
    "STYLED",
    "AdapterConfig",
    "CapabilityConfig",
    "DecodingConfig",
    "FacetConfig",
    "FacetsConfig",
    "JudgeConfig",
    "Level",
    "LoraConfig",
    "Margins",
    "Named",
    "Objective",
    "PartitionConfig",
    "StudyConfig",
    "TrainingConfig",
    "Usable",
    "asked_under",
    "at_levels",
    "lay_over",
    "narrowed",
    "parse_judge",
    "parse_margins",
    "parse_study",
    "read_margins",
    "read_study",
    "served",
    "subjects_in",
    "usable",
]
