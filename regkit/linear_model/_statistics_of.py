"""The statistics of rows that are visited chunk by chunk."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit.linear_model.statistics import SufficientStatistics, of_rows
from regkit.rows.sources import Block, RowSource, refuse


def statistics_of(
    source: RowSource,
    y: Any,
    sample_weight: Any,
    labels: NDArray[np.int64] | None = None,
) -> SufficientStatistics:
    """Sum up all rows in one pass.

    Raises
    ------
    ValueError, TypeError
        When a chunk is not usable; the message says which.
    """
    found = source.reduce(sum_up, merged, y, sample_weight, labels)
    if not found.total_weight > 0.0:
        raise ValueError("sample_weight must not be all zero.")
    return found


def sum_up(block: Block) -> SufficientStatistics:
    """Return the statistics of a block."""
    try:
        return of_rows(block.data, block.labels)
    except ValueError as error:
        refuse(block, str(error))


def merged(parts: Iterable[SufficientStatistics]) -> SufficientStatistics:
    """Return the statistics of all rows; the parts stay as they are."""
    total = SufficientStatistics()
    for part in parts:
        total.merge(part)
    return total
