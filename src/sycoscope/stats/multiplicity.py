"""Adjusted p-values. A test that could not be made (None) stays None and does not count."""

from __future__ import annotations

import gc
from collections.abc import Sequence

from sycoscope.core.errors import DataError


def _adjust(p_values: Sequence[float | None], method: str) -> list[float | None]:
    from statsmodels.stats.multitest import multipletests

    known = [p for p in p_values if p is not None]
    bad = [p for p in known if not 0.0 <= p <= 1.0]
    if bad:
        raise DataError(f"p-value {bad[0]!r}; allowed are numbers in [0, 1], or None for a test not made")
    if not known:
        return list(p_values)
    gc.freeze()  # it looks through all objects of the process, which takes longer than its sums by far
    try:
        adjusted = iter(multipletests(known, method=method)[1].tolist())
    finally:
        gc.unfreeze()
    return [None if p is None else float(next(adjusted)) for p in p_values]


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjusted p-values (family-wise error), in the order given.

    Raises:
        DataError: A p-value outside [0, 1].

    Source: Holm 1979, Scand. J. Stat. 6, 65-70; computed by statsmodels.
    """
    return _adjust(p_values, "holm")


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Benjamini and Hochberg's step-up adjusted p-values (false discovery rate), in the order given.

    Raises:
        DataError: A p-value outside [0, 1].

    Source: Benjamini and Hochberg 1995, J. R. Stat. Soc. B 57, 289-300; computed by statsmodels.
    """
    return _adjust(p_values, "fdr_bh")
