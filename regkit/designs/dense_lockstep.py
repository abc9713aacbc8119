"""Columns of a dense X in F order for three paths, each on rows of its own weights."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from regkit.designs.base import SAFE_RATIO, Floats, Indices
from regkit.designs.threads import by_shares
from regkit.kernels import three_views as kernels
from regkit.kernels.three_views import ABREAST

if TYPE_CHECKING:
    from regkit.designs.dense import DenseDesign


def share_columns(
    whole: "DenseDesign", designs: Sequence["DenseDesign"]
) -> list[kernels.Columns] | None:
    """Show X to three designs each; see `Design.side_by_side`."""
    if not np.all(np.isfinite(whole.lengths)):
        return None
    _learn_moments(whole, designs)
    if not all(_is_near(whole, design) for design in designs):
        return None
    threes = [designs[i : i + ABREAST] for i in range(0, len(designs), ABREAST)]
    return [_columns(whole, three) for three in threes]


def _columns(whole: "DenseDesign", designs: Sequence["DenseDesign"]) -> kernels.Columns:
    """Show X as three designs see it; the last stands in for those missing."""
    three = [*designs, *[designs[-1]] * (ABREAST - len(designs))]
    weights = np.stack([d.weights for d in three])
    return kernels.Columns(
        whole.transposed,
        whole.offset,
        weights,
        np.sqrt(weights),
        np.stack([d.offset - whole.offset for d in three]),
        np.stack([1.0 / d.scale for d in three]),
    )


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
