"""What one decomposition of ridge's problem offers, good for all alphas.

With F = diag(f) over the penalized columns and P the projection that takes the
intercept and the unpenalized columns out, let λ_k be the eigenvalues of
``F^-½ ZᵀP Z F^-½``. Ridge with penalty a leaves the share a/(λ_k + a) of y along the
k-th direction and fits the rest. The share of a row's own y in its fit, the
leverage h_i, is a weighted sum of squares of its places along the directions.

A tall Z is described by its columns (`column_basis.py`): places are products of its
rows with a p x p matrix, and 1 - h_i is a difference. A wide Z is described by its rows
(`row_basis.py`): 1 - h_i is a sum of squares, without cancellation even where the fit
interpolates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from regkit._types import EPS, Floats, Indices
from regkit.designs import Design
from regkit.solvers.ridge.cholesky import Systems

# With fewer digits than this in squares, singular values are asked.
_PRECISE = 1e-9
# Differences 1 - h of fewer rounding errors than this are uncertain, within limits.
_ROOM = 1e7
LEAST_REMAINING = (1e-9, 1e-2)
# Fewer alphas than this are not interpolated, …
_FEW = 30
# … others at so many eigenvalues per decade, …
_A_DECADE = 40
_MOST_PLACES = 600
# Up to this many rows factors of D would be no thinner than D itself.
_A_SCORE = 20
# … to this relative error, with no error of what is interpolated enlarged beyond that.
_INTERPOLATED = 1e-11
_ENLARGED = 1e3


@dataclass(frozen=True, slots=True)
class RidgeData:
    """What is to be fitted."""

    design: Design
    """Of the rows; it may be standardized."""
    weights: Floats
    """(n,): Weights of the rows, with sum 1."""
    fit_intercept: bool
    target: Floats
    """(n, T): ``sqrt(weights) (y - mean)``."""
    raw: Floats
    """(n, T): ``y - mean``."""
    factor: Floats
    """(p,): f, 0 for an unpenalized column and inf for an excluded one."""
    n_rows: int
    """Rows of positive weight."""

    @property
    def rows(self) -> "SweptRows":
        """The rows that a sweep over them describes."""
        predictor = self.design.row_predictor
        return SweptRows(self.weights, self.raw, self.fit_intercept, predictor)

    @property
    def free(self) -> NDArray[np.intp]:
        """The unpenalized columns."""
        return np.flatnonzero(~self.design.constant & (self.factor == 0.0))

    @property
    def penalized(self) -> NDArray[np.intp]:
        """The columns with a penalty that are not excluded."""
        taking_part = np.isfinite(self.factor) & (self.factor > 0.0)
        return np.flatnonzero(~self.design.constant & taking_part)


class SweptRows(NamedTuple):
    """What a sweep asks of rows, in memory or of a chunk."""

    weights: Floats
    """(n,), of all rows' sum 1."""
    raw: Floats
    """``y - mean``, (n, T)."""
    fit_intercept: bool
    predictor: Callable[[Floats], Callable[[slice], Floats]]
    """As `Design.row_predictor`."""


class Sweep(Protocol):
    """The fits of several alphas."""

    width: int
    """How many numbers a row takes to describe."""

    def evaluate(self, part: slice) -> tuple[Floats, Floats]:
        """Return 1 - h (m, A) and y - fit (m, T, A) of some rows.

        Up to a common factor for each alpha, with which 1 - h is at most about 1.
        """


class Basis(Protocol):
    """A decomposition of a `RidgeData` that serves every alpha."""

    @property
    def values(self) -> Floats:
        """λ, (r,)."""

    def is_precise(self, alphas: Floats) -> NDArray[np.bool_]:
        """Return for which alphas rounding errors are negligible, shape (A,)."""

    def least_remaining(self, alphas: Floats) -> Floats:
        """Return the values of 1 - h below which too few digits are left, (A,)."""

    def sweep(self, alphas: Floats) -> Sweep:
        """Prepare the fits of these alphas."""

    def degrees_left(self, alphas: Floats) -> tuple[Floats, Floats]:
        """Return n - tr(H), (A,), and the sums of squared residuals, (A, T).

        Up to a factor, of which the latter have the square.
        """

    @property
    def systems(self) -> Systems | None:
        """What serves the fit to all rows too, or None."""


class Precision:
    """How precise a basis is, by what its values were found from."""

    def __init__(self, values: Floats, largest: float, noise: float | None) -> None:
        """Take the values; ``noise`` (0 found out) for those from singular values."""
        self._values, self._largest, self._noise = values, largest, noise

    def rounding(self, alphas: Floats) -> Floats:
        """Return the relative error of squares of places, by the condition number."""
        values = self._values
        if self._noise is not None:
            values = values[values > 0.0]
        least = np.min(values, initial=self._largest) + alphas
        condition = np.ones(len(alphas))
        np.divide(self._largest, least, out=condition, where=least > 0.0)
        condition[(least == 0.0) & (self._largest > 0.0)] = np.inf
        return 16.0 * EPS * (condition if self._noise is None else condition**0.5)

    def suffices(self, alphas: Floats) -> NDArray[np.bool_]:
        """Return for which alphas rounding errors are negligible."""
        if self._noise is None:
            return self.rounding(alphas) <= _PRECISE
        # What looks like noise beside a column in large units, and is not damped, may
        # be a column in small ones.
        is_lost = bool(np.any(self._values == 0.0))
        return ~(is_lost & (alphas <= self._noise * self._largest))

    def least_remaining(self, alphas: Floats) -> Floats:
        """Return the differences 1 - h below which too few digits are left, (A,)."""
        return np.clip(_ROOM * self.rounding(alphas), *LEAST_REMAINING)


class RowDirections(NamedTuple):
    """What each of a few rows has along the directions.

    For filters D (r, A) and inner products c (r, T) of the same sweep, up to a common
    factor for each alpha, ``1 - h = start + square_gain * places² @ D``, and
    ``y - fit = base + gain * places @ (D * c)``, one column per alpha.
    """

    places: Floats
    """(m, r), the caller's to overwrite."""
    start: Floats
    """(m,)"""
    square_gain: Floats
    """(m,)"""
    base: Floats
    """(m, T)"""
    gain: Floats
    """(m,)"""


class PlacedSweep:
    """Fits of several alphas by the places of rows along directions."""

    def __init__(self, filters: Floats, inner: Floats) -> None:
        """Take D (r, A), no entry above 1, and c (r, T)."""
        few, combine = compress(filters)
        self.width = len(filters) + combine.shape[1]
        self._few, self._inner = few, inner
        # What is the same for all alphas takes part in the product.
        self._combine = np.vstack([combine, np.ones(combine.shape[1])])

    def rows(self, part: slice) -> RowDirections:
        """Describe some rows."""
        raise NotImplementedError

    def evaluate(self, part: slice) -> tuple[Floats, Floats]:
        rows = self.rows(part)
        n_targets, rank = self._inner.shape[1], self._few.shape[1]
        thin = np.empty((len(rows.gain), rank + 1))
        residual = np.empty((len(rows.gain), n_targets, self._combine.shape[1]))
        for t in range(n_targets):
            inner = rows.places @ (self._few * self._inner[:, [t]])
            np.multiply(inner, rows.gain[:, None], out=thin[:, :rank])
            thin[:, rank] = rows.base[:, t]
            np.matmul(thin, self._combine, out=residual[:, t])
        squares = np.square(rows.places, out=rows.places) @ self._few
        np.multiply(squares, rows.square_gain[:, None], out=thin[:, :rank])
        thin[:, rank] = rows.start
        return thin @ self._combine, residual


def compress(filters: Floats) -> tuple[Floats, Floats]:
    """Return two thin factors of D.

    1/(λ + a) is so smooth in a that a score of columns give all others to rounding.
    """
    if len(filters) <= _A_SCORE:
        return np.eye(len(filters)), filters
    basis, _ = _orthonormal_columns(filters)
    return basis.T, basis @ filters


def _orthonormal_columns(filters: Floats) -> tuple[Floats, Indices]:
    """Return a basis (k, r) of the columns of D, and those of which it was made.

    Gram and Schmidt's procedure, the longest column first.
    """
    rest = filters.copy()
    basis = np.empty((min(filters.shape), len(filters)))
    chosen = np.empty(len(basis), dtype=np.intp)
    smallest = 32.0 * EPS * np.sqrt(np.max(np.sum(filters**2, axis=0), initial=0.0))
    for rank in range(len(basis)):
        lengths = np.einsum("ij,ij->j", rest, rest)
        longest = int(np.argmax(lengths))
        if lengths[longest] <= smallest**2:
            return basis[:rank], chosen[:rank]
        direction = rest[:, longest] / np.sqrt(lengths[longest])
        direction -= basis[:rank].T @ (basis[:rank] @ direction)
        direction /= np.sqrt(direction @ direction)
        basis[rank], chosen[rank] = direction, longest
        rest -= np.outer(direction, direction @ rest)
    return basis, chosen


def interpolate(alphas: Floats, least: float, largest: float) -> tuple[Indices, Floats]:
    """Return a few places k in ``alphas``, and C (k, A) that gives all others by them.

    ``D(λ, a) = (least + a) / (λ + a)`` is, for any λ from ``least`` to ``largest``,
    ``D(λ, alphas[k]) @ C`` to rounding; so is whatever is linear in D. A function so
    smooth in log(λ + a) is known by its values at a few places in each decade, where
    C is checked; where it does not pass, every alpha is computed by itself.
    """
    every = np.arange(len(alphas)), np.eye(len(alphas))
    floor = least + float(alphas.min())
    if len(alphas) < _FEW or not 0.0 < floor < np.inf or largest <= least:
        return every
    ratio = (largest + float(alphas.min())) / floor
    n_places = int(np.clip(_A_DECADE * np.log10(ratio), _A_DECADE, _MOST_PLACES))
    above = floor * (np.geomspace(1.0, ratio, n_places) - 1.0)
    filters = (least + alphas) / (above[:, None] + (least + alphas))
    basis, nodes = _orthonormal_columns(filters)
    inner = basis @ filters
    combine = solve_triangular(inner[:, nodes], inner)
    error = np.abs(filters[:, nodes] @ combine - filters) / filters
    enlarged = filters[:, nodes] @ np.abs(combine) / filters
    is_good = error.max() <= _INTERPOLATED and enlarged.max() <= _ENLARGED
    return (nodes, combine) if is_good else every
