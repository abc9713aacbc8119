"""Columns of a dense X for three paths, each on rows of its own weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.designs.base import SAFE_RATIO, read_only
from regkit.designs.protocols import SharesColumns
from regkit.kernels.linear import three_views as kernels
from regkit.kernels.linear.three_views import ABREAST
from regkit.parallel.threads import by_shares, map_in_threads, n_threads

# Bytes of an X in C order that may be copied, once for all designs: the copy takes 5 to
# 10 % of a path, and the walk on it a fifth of what paths on X as it is take. A larger
# one might be what memory has no room for twice.
MOST_COPIED = 1 << 31
# Columns that are copied at a time: parts of rows that fill a few cache lines.
_STRIP = 256


def share_columns(
    whole: SharesColumns, designs: Sequence[SharesColumns]
) -> list[kernels.SharedColumns] | None:
    """Return X as every three of ``designs`` see it, or None.

    ``designs`` are those of ``whole``'s X with other weights. None where X is too large
    to copy once into contiguous columns, or where the designs' means are too far apart.
    """
    if not np.all(np.isfinite(whole.lengths)):
        return None
    transposed = _contiguous_columns(whole)
    if transposed is None:
        return None
    _learn_moments(whole, transposed, designs)
    for design in designs:
        # Products about ``whole``'s means must give those about the design's own.
        shift = np.abs(design.offset - whole.offset)
        near = shift <= SAFE_RATIO * design.lengths * design.scale
        if not np.all(near | design.constant):
            return None
    threes = [designs[i : i + ABREAST] for i in range(0, len(designs), ABREAST)]
    return [_columns(whole, transposed, three) for three in threes]


def _contiguous_columns(whole: SharesColumns) -> NDArray[Any] | None:
    """Return X's columns as contiguous rows, a copy if need be and size permits."""
    present = whole.transposed
    if present.flags.c_contiguous:
        return present
    if present.nbytes > MOST_COPIED:
        return None

    columns = np.empty(present.shape, present.dtype)

    def copy(first: int) -> None:
        strip = slice(first, first + _STRIP)
        columns[strip] = present[strip]

    map_in_threads(copy, range(0, len(columns), _STRIP), n_threads())
    return read_only(columns)


def _columns(
    whole: SharesColumns, transposed: NDArray[Any], designs: Sequence[SharesColumns]
) -> kernels.SharedColumns:
    """Show X as three designs see it; the last takes the places of those missing."""
    three = [*designs, *[designs[-1]] * (ABREAST - len(designs))]
    weights = np.stack([d.weights for d in three])
    return kernels.SharedColumns(
        transposed,
        whole.offset,
        weights,
        np.sqrt(weights),
        np.stack([d.offset - whole.offset for d in three]),
        np.stack([1.0 / d.scale for d in three]),
    )


def _learn_moments(
    whole: SharesColumns, transposed: NDArray[Any], designs: Sequence[SharesColumns]
) -> None:
    """Give each design its means and variances, from one read of X."""
    others = [design for design in designs if design is not whole]
    count = len(others)
    weights = np.zeros((-(-count // 3) * 3, whole.n_samples))
    weights[:count] = [d.weights for d in others]

    def measure(share: Indices) -> Floats:
        found: Floats = kernels.moments(transposed, share, whole.means, weights)
        return found

    costs = np.full(whole.n_features, whole.n_samples * len(weights) // 3)
    found = by_shares(measure, np.arange(whole.n_features), costs)
    for k, design in enumerate(others):
        design.learn_moments(whole.means, found[:, k, 0], found[:, k, 1])
