"""A study file: YAML -> strict pydantic models; every fault reported at once, with file and place."""

from __future__ import annotations

from sycoscope.config.distinct import subject_name
from sycoscope.config.reading import lay_over, parse_judge, parse_study, read_study
from sycoscope.config.schema import (
    CURATED,
    NOTHING_MEASURED,
    AdapterConfig,
    CapabilityConfig,
    DecodingConfig,
    FacetConfig,
    FacetsConfig,
    JudgeConfig,
    LoraConfig,
    PartitionConfig,
    StudyConfig,
    TrainingConfig,
)
from sycoscope.config.usable import HINT, Usable, served, usable

__all__ = [
    "CURATED",
    "HINT",
    "NOTHING_MEASURED",
    "AdapterConfig",
    "CapabilityConfig",
    "DecodingConfig",
    "FacetConfig",
    "FacetsConfig",
    "JudgeConfig",
    "LoraConfig",
    "PartitionConfig",
    "StudyConfig",
    "TrainingConfig",
    "Usable",
    "lay_over",
    "parse_judge",
    "parse_study",
    "read_study",
    "served",
    "subject_name",
    "usable",
]
