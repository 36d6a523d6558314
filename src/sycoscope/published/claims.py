"""What a study claims, in a form that can be checked against its result table."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sycoscope.core.errors import DataError, fault_list
from sycoscope.core.texts import shortened
from sycoscope.core.yaml_files import parse_yaml, read_yaml


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Claim(_Strict):
    """`says` is the claim in words; `decimals` the places at which a stated number must agree."""

    id: str = Field(min_length=1)
    says: str = Field(min_length=1)
    decimals: int = Field(default=3, ge=0, le=6)


class MeanChangeClaim(_Claim):
    """An adapter's mean change over all measures of one kind is `value`."""

    asks: Literal["mean_change"]
    subject: str
    kind: Literal["facet", "benchmark"]
    value: float = Field(ge=-1, le=1)


class LevelsClaim(_Claim):
    """A rate goes from `before` (the base) to `after` (the adapter)."""

    asks: Literal["levels"]
    subject: str
    measure: str
    before: float = Field(ge=0, le=1)
    after: float = Field(ge=0, le=1)


class RelativeChangeClaim(_Claim):
    """A rate changes by the share `value` of the base's rate."""

    asks: Literal["relative_change"]
    subject: str
    measure: str
    value: float = Field(ge=-1)


class RelativeRangeClaim(_Claim):
    """For every adapter a rate changes by a share of the base's between `low` and `high`."""

    asks: Literal["relative_range"]
    measure: str
    low: float = Field(ge=-1)
    high: float = Field(ge=-1)


class AllFacetsClaim(_Claim):
    """All facets of an adapter go one way."""

    asks: Literal["all_facets"]
    subject: str
    direction: Literal["up", "down"]


class OnlyAdapterClaim(_Claim):
    """An adapter is the only one whose mean facet change goes one way."""

    asks: Literal["only_adapter"]
    subject: str
    direction: Literal["up", "down"]


class CorrelationClaim(_Claim):
    """A benchmark and a facet correlate across subjects at `value`."""

    asks: Literal["correlation"]
    benchmark: str
    facet: str
    value: float = Field(ge=-1, le=1)


class NoCorrelationClaim(_Claim):
    """A benchmark is unrelated to every facet: |r| under `margin`."""

    asks: Literal["no_correlation"]
    benchmark: str
    margin: float = Field(gt=0, le=1)


Claim = Annotated[
    MeanChangeClaim
    | LevelsClaim
    | RelativeChangeClaim
    | RelativeRangeClaim
    | AllFacetsClaim
    | OnlyAdapterClaim
    | CorrelationClaim
    | NoCorrelationClaim,
    Field(discriminator="asks"),
]


class Claims(_Strict):
    """A study's claims.

    Attributes:
        limits: Measure -> a known fault, because of which no claim on it is supported.
        remarks: Measure -> what a reader should know beside.
        general: What holds for every change of the study.
    """

    study: str
    source: str
    limits: dict[str, str] = {}
    remarks: dict[str, str] = {}
    general: tuple[str, ...] = ()
    claims: tuple[Claim, ...]


def published_claims() -> Claims:
    """The published study's claims, as they ship with the package."""
    text = files("sycoscope.published").joinpath("claims.yaml").read_text(encoding="utf-8")
    return parse_claims(text, "sycoscope/published/claims.yaml")


def read_claims(path: str | Path) -> Claims:
    """A study's claims from a file.

    Raises:
        MissingError: No such file. DataError: Not in the layout; all faults at once.
    """
    raw = read_yaml(path, "claims file", "give the path of a YAML file (docs/published.md)", DataError)
    return _checked(raw, str(path))


def parse_claims(text: str, where: str) -> Claims:
    """A study's claims from text; `where` names it in errors.

    Raises:
        DataError: See `read_claims`.
    """
    return _checked(parse_yaml(text, where, DataError), where)


def _checked(raw: Any, where: str) -> Claims:
    try:
        claims = Claims.model_validate(raw)
    except ValidationError as fault:
        lines = [f"  {_place(raw, e['loc'])}: {e['msg']}" for e in fault.errors()]
        head = f"{where}: {len(lines)} fault(s) in the claims (layout: docs/published.md):"
        raise DataError(fault_list(head, lines)) from fault
    ids = [claim.id for claim in claims.claims]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise DataError(f"{where}: claims named twice: {', '.join(twice)}; each needs its own id")
    return claims


def _place(raw: Any, loc: tuple[int | str, ...]) -> str:
    """Where a fault is: a claim by its number and id."""
    parts = [shortened(str(part)) for part in loc]
    if len(loc) > 1 and loc[0] == "claims" and isinstance(loc[1], int):
        one = raw["claims"][loc[1]]
        name = f" ({one['id']})" if isinstance(one, dict) and "id" in one else ""
        parts = [f"claim {loc[1] + 1}{name}", *parts[2:]]
    return ".".join(parts)
