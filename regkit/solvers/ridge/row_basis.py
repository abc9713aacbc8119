"""The directions in which ridge shrinks, as combinations of a wide Z's rows."""

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.solvers.ridge.basis import (
    LEAST_REMAINING,
    PlacedSweep,
    Precision,
    RidgeData,
    RowDirections,
)
from regkit.solvers.ridge.cholesky import Systems
from regkit.solvers.ridge.svd import ColumnSpace, rank_tolerance


class RowBasis:
    """Directions as combinations of Z's rows, by singular values of Z itself.

    For more columns than rows, where squaring Z loses too many digits.
    """

    def __init__(self, data: RidgeData) -> None:
        used = np.flatnonzero(data.weights)
        space = unpenalized_space(data, used)
        root = np.sqrt(data.factor[data.penalized])
        scaled = data.design.materialize()[np.ix_(used, data.penalized)] / root
        scaled = space.project_out(scaled)
        largest = float(np.sum(scaled**2))
        lift = 2.0 * np.sqrt(largest) if largest > 0.0 else 1.0
        lifted = np.hstack([lift * space.basis, scaled])
        vectors, values, _ = np.linalg.svd(lifted, full_matrices=True)[:3]
        n_free = space.basis.shape[1]
        vectors = _spread(vectors[:, n_free:], used, data)
        squares = np.zeros(vectors.shape[1])
        tolerance = rank_tolerance(data.design.n_samples, data.design.n_features)
        values = values[n_free:]
        values[values <= tolerance * (np.max(values) if largest > 0.0 else lift)] = 0.0
        squares[: len(values)] = values**2
        largest = float(np.max(squares, initial=0.0))
        self.values = squares
        self._data, self._precision = data, Precision(squares, largest, tolerance)
        self._vectors = vectors
        self._inner = vectors.T @ data.target

    @property
    def systems(self) -> Systems | None:
        return None

    def is_precise(self, alphas: Floats) -> NDArray[np.bool_]:
        return self._precision.suffices(alphas)

    def least_remaining(self, alphas: Floats) -> Floats:
        return np.full(len(alphas), LEAST_REMAINING[0])

    def _filters(self, alphas: Floats) -> Floats:
        least = float(np.min(self.values, initial=np.inf))
        square = self.values[:, None] + alphas
        # Without any penalty, what is left is left along directions without length.
        return np.divide(
            least + alphas, square, out=np.ones_like(square), where=square > 0.0
        )

    def sweep(self, alphas: Floats) -> "RowSweep":
        return RowSweep(self._data, self._filters(alphas), self._inner, self._vectors)

    def degrees_left(self, alphas: Floats) -> tuple[Floats, Floats]:
        filters = self._filters(alphas)
        return filters.sum(axis=0), (filters**2).T @ self._inner**2


class RowSweep(PlacedSweep):
    """Fits of several alphas over a `RowBasis`."""

    def __init__(
        self, data: RidgeData, filters: Floats, inner: Floats, vectors: Floats
    ) -> None:
        super().__init__(filters, inner)
        self._vectors, self._n_targets = vectors, inner.shape[1]
        self._gain = inverse_roots(data.weights)

    def rows(self, part: slice) -> RowDirections:
        gain = self._gain[part]
        return RowDirections(
            self._vectors[part].copy(),
            np.zeros(len(gain)),
            np.ones(len(gain)),
            np.zeros((len(gain), self._n_targets)),
            gain,
        )


def unpenalized_space(data: RidgeData, used: NDArray[np.intp]) -> ColumnSpace:
    """Return the space of the intercept and the unpenalized columns, over some rows."""
    columns = data.design.gather(data.free).T[used]
    if data.fit_intercept:
        columns = np.column_stack([np.sqrt(data.weights[used]), columns])
    return ColumnSpace(columns, rank_tolerance(*columns.shape))


def inverse_roots(weights: Floats) -> Floats:
    """Return 1/sqrt(weights), and 0 for rows without weight."""
    root = np.sqrt(weights)
    return np.divide(1.0, root, out=np.zeros_like(root), where=root > 0.0)


def _spread(vectors: Floats, used: NDArray[np.intp], data: RidgeData) -> Floats:
    """Give rows without weight the place 0 along every direction."""
    if len(used) == len(data.weights):
        return vectors
    spread = np.zeros((len(data.weights), vectors.shape[1]))
    spread[used] = vectors
    return spread
