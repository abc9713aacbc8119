"""Fixed preprocessing: columns of X and targets to numbers around one."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS, Floats
from regkit.kernels.networks.passes import InputRows
from regkit.solvers.networks.expansion import Expansion
from regkit.solvers.networks.ranks import Ranks, many_valued, normal_scores

# Rows scaled at a time, so that no float64 copy of X is made.
_BLOCK = 1 << 20
# Beyond this, float32 products of a prediction would overflow.
FARTHEST = 1e15


@dataclass(frozen=True, slots=True)
class Scaling:
    """z = (x - center) / scale, column by column."""

    center: Floats
    scale: Floats
    """(p,): The scale of a constant column is 1."""
    clip: float = np.inf
    """Where finite, z is followed by z / √(1 + (z / clip)²), which is smooth and within
    ± clip (Holzmüller, Grinsztajn & Steinwart 2024).
    """
    ranks: Ranks | None = None
    """Normal scores of which those columns get the mean with z."""
    expansion: Expansion | None = None
    """What comes before: categories and gaps as columns of numbers."""

    @classmethod
    def none(cls, n_columns: int) -> "Scaling":
        """Leave columns as they are."""
        return cls(np.zeros(n_columns), np.ones(n_columns))

    @classmethod
    def standard(cls, moments: "ScalingMoments") -> "Scaling":
        """Center by means, scale by standard deviations."""
        return cls(moments.center, moments.scale)

    @classmethod
    def robust(cls, X: Any, weights: Floats, clip: float) -> "Scaling":
        """Center by weighted medians, scale by interquartile ranges.

        Where that is 0, by half of the range. Columns of more than two values become
        the mean of this and of their normal scores. Those of two values are centered by
        means, and their values are apart by twice the root of the share of the rarer
        one, at most 1: steps of an adaptive optimizer do not tell a level of few rows
        from one of many, and would learn the noise of the few as fast.
        """
        share = weights / weights.sum()
        ranked = np.flatnonzero(many_valued(X)).tolist()
        center, scale = np.zeros(X.shape[1]), np.ones(X.shape[1])
        scored, is_ranked = [], np.isin(np.arange(X.shape[1]), ranked)
        for j in range(X.shape[1]):
            column = _column(X, j, share)
            if not is_ranked[j]:
                center[j], scale[j] = _two_values(*column)
                continue
            low, center[j], high, least, most = _quartiles(*column)
            scale[j] = high - low if high > low else most / 2 - least / 2
            scored.append(normal_scores(*column))
        ranks = Ranks.of(ranked, scored)
        return cls(center, np.where(scale > 0, scale, 1.0), clip, ranks)

    @property
    def is_none(self) -> bool:
        """Whether columns are left as they are."""
        return not (np.any(self.center) or np.any(self.scale != 1.0)) and np.isinf(
            self.clip
        )

    def apply(self, X: NDArray[Any]) -> Floats:
        """Scale rows of a dense X, in float64."""
        with np.errstate(over="ignore"):
            Z = (np.asarray(X, dtype=np.float64) - self.center) / self.scale
        np.clip(Z, -FARTHEST, FARTHEST, out=Z)
        if np.isfinite(self.clip):
            Z /= np.sqrt(1.0 + np.square(Z / self.clip))
        if self.ranks is not None:
            for number, j in enumerate(self.ranks.columns):
                Z[:, j] += self.ranks.score(number, X[:, j])
                Z[:, j] *= 0.5
        return Z

    def first_far(self, X: Any) -> "FarNumber | None":
        """Find a number of X that `apply` would clip, as if it were a nearer one.

        None where there is none, or where all that is far becomes ``clip`` anyway.
        """
        if np.isfinite(self.clip) or not X.shape[0] or self._shows_none_far(X):
            return None
        p = X.shape[1]
        columns = np.arange(p) if self.expansion is None else self.expansion.numeric
        low, high = (each[columns] for each in _extremes(X))
        center, scale = self.center[: len(columns)], self.scale[: len(columns)]
        with np.errstate(over="ignore", invalid="ignore"):  # all of a column is missing
            distance = np.maximum(center - low, high - center) / scale
            far = np.flatnonzero(distance > FARTHEST)
        if not len(far):
            return None
        k = int(far[0])
        is_low = center[k] - low[k] > high[k] - center[k]
        value = low[k] if is_low else high[k]
        return FarNumber(
            int(columns[k]), float(value), float(center[k]), float(scale[k])
        )

    def _shows_none_far(self, X: Any) -> bool:
        """Tell whether the extremes of a dense X as a whole are near to all columns.

        They are found many times faster than those of each column.
        """
        if not isinstance(X, np.ndarray):
            return False
        with np.errstate(over="ignore"):
            reach = FARTHEST * self.scale.min() - np.abs(self.center).max()
        return bool(-reach <= X.min() and X.max() <= reach)

    def _stored(self, X: Any) -> Any:
        """Scale the stored entries of a sparse X, by columns where they have ranks."""
        by_column = self.ranks is not None and len(self.ranks.columns) > 0
        X = X.tocsc() if by_column else X.tocsr()
        columns = X.indices
        if by_column:
            columns = np.repeat(np.arange(X.shape[1]), np.diff(X.indptr))
        own = Scaling(self.center[columns], self.scale[columns], self.clip)
        data = own.apply(X.data)
        if by_column and self.ranks is not None:
            for number, j in enumerate(self.ranks.columns):
                part = slice(X.indptr[j], X.indptr[j + 1])
                data[part] += self.ranks.score(number, X.data[part])
                data[part] *= 0.5
        return type(X)((data, X.indices, X.indptr), shape=X.shape)

    def undo(self, Z: NDArray[Any]) -> Floats:
        """Return to the units of X; there must be no clipping."""
        return np.asarray(Z, dtype=np.float64) * self.scale + self.center

    def rows(self, X: Any, dtype: Any) -> InputRows:
        """Scale X, a C- or F-ordered array or a sparse matrix, for the kernels."""
        if self.expansion is not None:
            X = self.expansion.expand(X)
        p = X.shape[1]
        none = np.empty(0, dtype=dtype)
        if not isinstance(X, np.ndarray):
            X = self._stored(X).tocsr()
            return InputRows(
                dense=np.empty((0, p), dtype=dtype),
                data=X.data.astype(dtype),
                indices=X.indices.astype(np.int32),
                indptr=X.indptr.astype(np.int64),
                absent=self.apply(np.zeros((1, p)))[0].astype(dtype),
            )
        dense = np.empty(X.shape, dtype=dtype)
        step = max(1, _BLOCK // max(1, p))
        plain = self.is_none
        for start in range(0, len(X), step):
            source, target = X[start : start + step], dense[start : start + step]
            if plain:
                np.clip(source, -FARTHEST, FARTHEST, out=target, casting="unsafe")
            else:
                target[:] = self.apply(source)
        return InputRows(
            dense=dense,
            data=none,
            indices=np.empty(0, dtype=np.int32),
            indptr=np.empty(0, dtype=np.int64),
            absent=np.zeros(p, dtype=dtype),
        )


class FarNumber(NamedTuple):
    """A number that is too far, and what its column is scaled by."""

    column: int
    value: float
    center: float
    scale: float


def _extremes(X: Any) -> tuple[Floats, Floats]:
    """Return the least and the largest numbers of the columns of X, which has rows."""
    if isinstance(X, np.ndarray):  # missing values are NaN
        least, most = np.fmin.reduce(X, axis=0), np.fmax.reduce(X, axis=0)
    else:
        least, most = (
            np.ravel(each.toarray()) for each in (X.min(axis=0), X.max(axis=0))
        )
    return least.astype(np.float64), most.astype(np.float64)


def weighted_sum(weights: Floats, rows: Floats) -> Floats:
    """Return ``weights @ rows`` without BLAS.

    Of vectors that long BLAS uses several threads, which then wait for more to do
    without sleeping for a tenth of a second: on the cores that training needs.
    """
    total: Floats = np.einsum("i,ij->j", weights, rows)
    return total


class ScalingMoments(NamedTuple):
    """Means and standard deviations of columns, to be merged with those of more rows.

    Attributes
    ----------
    weight : float
        Sum of the rows' weights.
    center, spread : ndarray (p,)
    size : ndarray (p,)
        Largest absolute values, that tell rounding from spread.
    """

    weight: float
    center: Floats
    spread: Floats
    size: Floats

    @classmethod
    def of(cls, X: Any, weights: Floats) -> "ScalingMoments":
        """Sum up an ndarray or sparse matrix (n, p) with weights (n,), not all 0."""
        total = float(weights.sum())
        share = weights / total
        found = (_dense_moments if isinstance(X, np.ndarray) else _sparse_moments)(
            X, share
        )
        return cls(total, *found)

    def merge(self, other: "ScalingMoments") -> "ScalingMoments":
        """Return the moments of both sets of rows (Chan, Golub & LeVeque 1983)."""
        total = self.weight + other.weight
        a, b = self.weight / total, other.weight / total
        distance = other.center / 2 - self.center / 2  # the difference may overflow
        # By roots, whose squares neither overflow nor vanish.
        spread = np.hypot(
            np.hypot(np.sqrt(a) * self.spread, np.sqrt(b) * other.spread),
            2 * np.sqrt(a * b) * np.abs(distance),
        )
        center = self.center + 2 * b * distance
        return ScalingMoments(total, center, spread, np.maximum(self.size, other.size))

    @property
    def scale(self) -> Floats:
        """What to divide by: the standard deviations, 1 for a constant column."""
        varies = self.spread > 10 * EPS * self.size
        return np.where(varies, self.spread, 1.0)


def _dense_moments(X: NDArray[Any], share: Floats) -> tuple[Floats, Floats, Floats]:
    center, spread, size = np.zeros((3, X.shape[1]))
    step = max(1, _BLOCK // max(1, len(X)))
    for start in range(0, X.shape[1], step):
        part = slice(start, start + step)
        block = X[:, part].astype(np.float64)
        # Squares of numbers up to 1 do not overflow.
        size[part] = np.max(np.abs(block), axis=0)
        unit = np.where(size[part] == 0.0, 1.0, size[part])
        block /= unit
        # From the first row: a constant column has no spread, not even of rounding.
        first = block[0].copy()
        block -= first
        mean = weighted_sum(share, block)
        center[part] = (first + mean) * unit
        spread[part] = np.sqrt(weighted_sum(share, np.square(block - mean))) * unit
    return center, spread, size


def _sparse_moments(X: Any, share: Floats) -> tuple[Floats, Floats, Floats]:
    X = X.tocsc()
    center, spread, size = np.zeros((3, X.shape[1]))
    for j in range(X.shape[1]):
        part = slice(X.indptr[j], X.indptr[j + 1])
        values = X.data[part].astype(np.float64)
        if not len(values):
            continue
        mass = share[X.indices[part]]
        size[j] = np.max(np.abs(values))
        unit = size[j] or 1.0
        values = values / unit
        full = len(values) == X.shape[0]
        first = values[0] if full else 0.0
        values -= first
        mean = mass @ values
        absent = 0.0 if full else max(0.0, 1.0 - float(mass.sum()))
        variance = mass @ np.square(values - mean) + absent * mean**2
        center[j] = (first + mean) * unit
        spread[j] = np.sqrt(variance) * unit
    return center, spread, size


def _column(X: Any, j: int, share: Floats) -> tuple[Floats, Floats]:
    """Give the values of a column and their shares; absent ones are one zero."""
    if isinstance(X, np.ndarray):
        return np.asarray(X[:, j], dtype=np.float64), share
    column = X[:, [j]].tocsc()
    mass = share[column.indices]
    if len(mass) == X.shape[0]:
        return column.data.astype(np.float64), mass
    values = np.append(column.data.astype(np.float64), 0.0)
    return values, np.append(mass, max(0.0, 1.0 - float(mass.sum())))


# What multiplies the root of the share of rows that have a level, for its indicator.
_OF_INDICATORS = 2.0
_SMALLEST_SIZE = 1e-3


def _two_values(values: Floats, share: Floats) -> tuple[float, float]:
    """Return center and scale of a column of two values, or of one."""
    least, most = float(values.min()), float(values.max())
    upper = float(share[values == most].sum())
    if most == least:
        return least, 1.0
    size = min(1.0, _OF_INDICATORS * np.sqrt(min(upper, 1.0 - upper)))
    # By halves, whose difference does not overflow.
    half = most / 2 - least / 2
    return least + 2 * upper * half, 2 * (half / max(size, _SMALLEST_SIZE))


def _quartiles(
    values: Floats, share: Floats
) -> tuple[float, float, float, float, float]:
    """Return the quartiles and the range of values that carry weight.

    The q-quantile is the least value that at least a share q does not exceed, so that
    a weight counts as that many rows.
    """
    carried = share > 0
    if not carried.all():
        values, share = values[carried], share[carried]
    if share[0] == share[-1] and np.all(share == share[0]):
        # Without sorting: a tenth of the time.
        n = len(values)
        wanted = np.ceil(np.array([0.25, 0.5, 0.75]) * n * (1 - 1e-12)).astype(int) - 1
        values = np.partition(values, wanted)
        low, center, high = values[wanted]
        return (
            float(low),
            float(center),
            float(high),
            float(values.min()),
            float(values.max()),
        )
    order = np.argsort(values)
    values, reached = values[order], np.cumsum(share[order])
    reached *= 1.0 + 1e-12
    places = np.searchsorted(reached, [0.25, 0.5, 0.75])
    low, center, high = values[np.minimum(places, len(values) - 1)]
    return float(low), float(center), float(high), float(values[0]), float(values[-1])
