"""Values that several parts of a study file have: their types and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sycoscope.config.distinct import no_repeats
from sycoscope.core.types import MAX_SEED
from sycoscope.items.benchmarks import BENCHMARKS


class Strict(BaseModel):
    """A mapping of a study file: no other keys, no infinite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Once = AfterValidator(no_repeats)
Level = Literal["easy", "medium", "hard"]
# In place of levels: those that the base can do, found out before anything is measured.
AUTO = "auto"
Difficulty = Literal[Level, "auto"]
Share = Annotated[float, Field(ge=0, le=1)]
Scale = Annotated[float, Field(ge=-10, le=10)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]
if TYPE_CHECKING:  # the names come from the record of the benchmarks, where type checkers cannot read them
    BenchmarkName = str
else:
    BenchmarkName = Literal[tuple(BENCHMARKS)]
