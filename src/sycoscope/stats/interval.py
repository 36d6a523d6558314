"""The result types, and the checks that every function of this package applies to its arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sycoscope.core.errors import DataError

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
Labels: TypeAlias = Sequence[Any] | NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A number with its interval.

    Attributes:
        value: Point estimate; None where it is not computable (`note` says why).
        low: Lower limit; None where no interval can be given. high: upper limit.
        level: Confidence level in (0, 1).
        method: Name of the interval's method; empty where there is none.
        n: Observations (rows, or pairs) that entered.
        n_clusters: Independent clusters among them.
        note: What a reader must know; empty where nothing.
    """

    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    n: int
    n_clusters: int
    note: str = ""

    @property
    def width(self) -> float | None:
        """high - low; None without limits."""
        return None if self.low is None or self.high is None else self.high - self.low

    def excludes(self, point: float) -> bool | None:
        """Whether `point` lies outside the limits; None without limits."""
        return None if self.low is None or self.high is None else not self.low <= point <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Significance:
    """A test's result. `p_value` is two-sided and None where there is nothing to test (`note` says why).

    Attributes:
        statistic: The observed value of the tested statistic.
        n: Units that entered (pairs, or clusters that can be flipped).
    """

    p_value: float | None
    statistic: float | None
    n: int
    method: str
    note: str = ""


def not_computable(note: str, *, level: float, n: int = 0, n_clusters: int = 0) -> Interval:
    """An interval without value or limits, and the reason."""
    return Interval(
        value=None, low=None, high=None, level=level, method="", n=n, n_clusters=n_clusters, note=note
    )


def check_level(level: float) -> float:
    """Return `level`; raise DataError unless it lies strictly between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise DataError(
            f"level is {level!r}; it must lie strictly between 0 and 1, as 0.95 for a 95 % interval"
        )
    return float(level)


def as_vector(name: str, values: ArrayLike, *, low: float = -math.inf, high: float = math.inf) -> FloatArray:
    """A one-dimensional float array of finite values in [low, high].

    Raises:
        DataError: Another number of dimensions, a NaN or infinite entry, or one out of range. Missing
            values are dropped by the caller (and counted there), never passed in.
    """
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise DataError(f"{name} has shape {vector.shape}; a one-dimensional array is needed")
    bad = ~np.isfinite(vector) | (vector < low) | (vector > high)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"{name}[{first}] is {vector[first]!r} ({int(bad.sum())} such of {vector.size}); allowed are "
            f"finite values in [{low}, {high}]; leave missing observations out, they are not a value"
        )
    return vector


def same_length(**arrays: FloatArray) -> None:
    """Raise DataError unless all arrays have one length."""
    sizes = {name: array.size for name, array in arrays.items()}
    if len(set(sizes.values())) > 1:
        shown = ", ".join(f"{name}: {size}" for name, size in sizes.items())
        raise DataError(f"arrays differ in length ({shown}); row i of each must be the same item")


def cluster_codes(clusters: Labels | None, n: int) -> tuple[IntArray, int]:
    """Clusters as codes 0 ... n_clusters - 1, one per row; every row its own where `clusters` is None.

    Raises:
        DataError: `clusters` has another length than the data, or an entry that equals nothing (NaN).
    """
    if clusters is None:
        return np.arange(n, dtype=np.int64), n
    labels = np.asarray(clusters)
    if labels.shape != (n,):
        raise DataError(f"clusters has shape {labels.shape}; one label for each of the {n} rows is needed")
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise DataError("clusters holds NaN; each row needs a label of its cluster (or clusters=None)")
    found, codes = np.unique(labels, return_inverse=True)
    return codes.astype(np.int64), int(found.size)


def z_of(level: float) -> float:
    """Two-sided standard normal quantile of a confidence level, as 1.96 for 0.95."""
    from scipy.special import ndtri

    return float(-ndtri((1.0 - check_level(level)) / 2.0))


def t_of(level: float, df: float) -> float:
    """Two-sided Student quantile of a confidence level; the normal one for infinite `df`."""
    from scipy.special import stdtrit

    if math.isinf(df):
        return z_of(level)
    return float(-stdtrit(df, (1.0 - check_level(level)) / 2.0))
