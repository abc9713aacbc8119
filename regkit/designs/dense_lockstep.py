"""Columns of a dense X in F order for three paths, each on rows of its own weights."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from regkit.designs.base import SAFE_RATIO, Floats, Indices
from regkit.designs.threads import by_shares
from regkit.kernels import lockstep as kernels

if TYPE_CHECKING:
    from regkit.designs.dense import DenseDesign

# Paths that share a store of columns.
ABREAST = 3


class LockstepColumns:
    """X's columns where they stand, for up to three designs."""

    def __init__(self, whole: "DenseDesign", designs: Sequence["DenseDesign"]) -> None:
        """Take up to three designs of ``whole``'s X."""
        self._X = whole.transposed
        self._offset = whole.offset
        self._weights = np.stack([d.weights for d in designs])
        self._roots = np.sqrt(self._weights)
        self._shift = np.stack([d.offset - whole.offset for d in designs])
        self._inverse = np.stack([1.0 / d.scale for d in designs])

    def grow(
        self, gram: Floats, working: Indices, before: Indices, sizes: Indices
    ) -> None:
        kernels.products(
            self._X,
            working,
            before,
            sizes,
            self._offset,
            self._weights,
            self._shift,
            self._inverse,
            gram,
        )

    def residuals(
        self, targets: Floats, working: Indices, sizes: Indices, coefs: Floats
    ) -> Floats:
        found: Floats = kernels.residuals(
            self._X,
            working,
            sizes,
            coefs,
            self._offset,
            self._roots,
            self._shift,
            self._inverse,
            targets,
        )
        return found

    def correlate(self, residuals: Floats, columns: Indices, out: Floats) -> None:
        kernels.correlate(
            self._X,
            columns,
            self._offset,
            self._roots * residuals,
            self._shift,
            self._inverse,
            out,
        )


def share_columns(
    whole: "DenseDesign", designs: Sequence["DenseDesign"]
) -> list[LockstepColumns] | None:
    """Return stores for three designs each; see `Design.side_by_side`."""
    if not np.all(np.isfinite(whole.lengths)):
        return None
    _learn_moments(whole, designs)
    if not all(_is_near(whole, design) for design in designs):
        return None
    threes = [designs[i : i + ABREAST] for i in range(0, len(designs), ABREAST)]
    return [LockstepColumns(whole, _three(three)) for three in threes]


def _three(designs: Sequence["DenseDesign"]) -> list["DenseDesign"]:
    """Let the last stand in for those that are missing."""
    return [*designs, *[designs[-1]] * (ABREAST - len(designs))]


def _learn_moments(whole: "DenseDesign", designs: Sequence["DenseDesign"]) -> None:
    """Tell each design its means and variances, from one read of X."""
    others = [design for design in designs if design is not whole]
    count = len(others)
    weights = np.zeros((-(-count // 3) * 3, whole.n_samples))
    weights[:count] = [d.weights for d in others]

    def visit(share: Indices) -> Floats:
        found: Floats = kernels.moments(whole.transposed, share, whole.means, weights)
        return found

    costs = np.full(whole.n_features, whole.n_samples * len(weights) // 3)
    found = by_shares(visit, np.arange(whole.n_features), costs)
    for k, design in enumerate(others):
        design.learn_moments(whole.means, found[:, k, 0], found[:, k, 1])


def _is_near(whole: "DenseDesign", design: "DenseDesign") -> bool:
    """Whether products about ``whole``'s means tell those about the design's own."""
    shift = np.abs(design.offset - whole.offset)
    near = shift <= SAFE_RATIO * design.lengths * design.scale
    return bool(np.all(near | design.constant))
