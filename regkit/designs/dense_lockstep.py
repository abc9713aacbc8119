"""Columns of a dense X for three paths, each on rows of its own weights."""

from collections.abc import Sequence

import numpy as np

from regkit._types import Floats
from regkit.designs.base import SAFE_RATIO, read_only
from regkit.designs.protocols import SharesColumns
from regkit.kernels.linear import three_views as kernels
from regkit.kernels.linear.three_views import ABREAST
from regkit.parallel.threads import WORTHWHILE, map_in_threads, n_threads

# Bytes of an X in C order that may be copied, once for all designs: the copy takes 5 to
# 10 % of a path, and the walk on it a fifth of what paths on X as it is take. A larger
# one might be what memory has no room for twice.
MOST_COPIED = 1 << 31
# Columns that are copied and measured at a time: parts of rows that fill a few cache
# lines.
_STRIP = 256


def share_columns(
    whole: SharesColumns, designs: Sequence[SharesColumns]
) -> list[kernels.SharedColumns] | None:
    """Return X as every three of ``designs`` see it, or None.

    ``designs`` are those of ``whole``'s X with other weights; they learn their means
    and variances. None where X is too large to copy once into contiguous columns, or
    where the designs' means are too far apart. The last design takes the places of
    those missing in the last three.
    """
    present = whole.transposed
    is_copied = not present.flags.c_contiguous
    if is_copied and present.nbytes > MOST_COPIED:
        return None
    if not np.all(np.isfinite(whole.lengths)):
        return None
    last = len(designs) - 1
    n_places = (last // ABREAST + 1) * ABREAST
    weights = np.empty((n_places, whole.n_samples))
    for place in range(n_places):
        weights[place] = designs[min(place, last)].weights
    columns = np.empty(present.shape, present.dtype) if is_copied else present
    transposed = read_only(columns)
    center, every = whole.means, np.arange(whole.n_features)

    def measure(first: int) -> Floats:
        """Copy a strip of columns, and take its moments while it is in the cache."""
        strip = slice(first, first + _STRIP)
        if is_copied:
            columns[strip] = present[strip]
        found: Floats = kernels.moments(transposed, every[strip], center, weights)
        return found

    at_a_time = n_threads() if present.size >= WORTHWHILE else 1
    strips = range(0, len(columns), _STRIP)
    moments = np.concatenate(map_in_threads(measure, strips, at_a_time))
    roots = np.sqrt(weights)
    shifts, scales = np.empty((2, n_places, whole.n_features))
    for place in range(n_places):
        design = designs[min(place, last)]
        design.learn_moments(center, moments[:, place, 0], moments[:, place, 1])
        shifts[place] = design.offset - whole.offset
        scales[place] = 1.0 / design.scale
        # Products about ``whole``'s means must give those about the design's own.
        near = np.abs(shifts[place]) <= SAFE_RATIO * design.lengths * design.scale
        if not np.all(near | design.constant):
            return None
    threes = []
    for first in range(0, n_places, ABREAST):
        three = slice(first, first + ABREAST)
        views = weights[three], roots[three], shifts[three], scales[three]
        threes.append(kernels.SharedColumns(transposed, whole.offset, *views))
    return threes
