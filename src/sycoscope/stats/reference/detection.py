"""d' and criterion of one condition: `detection_contrast` with a single weight."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sycoscope.core.errors import DataError
from sycoscope.stats.detection import Detection, detection_contrast
from sycoscope.stats.interval import Labels


def detection(
    says_signal: ArrayLike,
    is_signal: ArrayLike,
    clusters: Labels | None = None,
    *,
    level: float = 0.95,
) -> Detection:
    """d' and criterion of one condition.

    Args:
        says_signal: (n,) 0/1, the verdict "flawed". is_signal: (n,) 0/1, truly flawed.
        clusters: (n,) labels, as the argument pair; or None.

    Raises:
        DataError: Not 0/1, or lengths that differ.

    Source: as `detection_contrast`.
    """
    column = np.asarray(says_signal, dtype=np.float64)
    if column.ndim != 1:
        raise DataError(
            f"says_signal has shape {column.shape}; (n,) is needed (conditions: detection_contrast)"
        )
    return detection_contrast(column[:, None], is_signal, (1.0,), clusters, level=level)
