"""Rows and penalty of the problem that `tests.certificate` judges, in its notation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Array = npt.NDArray[Any]

# Below this many entries the arithmetic is np.longdouble, dense.
_EXTENDED_SIZE = 50_000


@dataclass(frozen=True)
class Data:
    """Rows of positive weight, columns centered (exactly zero where constant)."""

    matrix: Array | sp.csc_array
    center: Array
    row_weight: Array
    y: Array
    y_mean: Any
    norm: Array
    scale: Array
    largest: Array

    def correlate(self, t: Array) -> Array:
        weighted = self.row_weight * t
        if isinstance(self.matrix, np.ndarray):
            return np.asarray(self.matrix.T @ weighted)
        return np.asarray(self.matrix.T @ weighted - self.center * weighted.sum())

    def predict(self, coef: Array) -> Array:
        if isinstance(self.matrix, np.ndarray):
            return np.asarray(self.matrix @ coef)
        return np.asarray(self.matrix @ coef - self.center @ coef)

    def columns(self, index: Array) -> Array:
        if isinstance(self.matrix, np.ndarray):
            return self.matrix[:, index]
        return np.asarray(self.matrix[:, index].toarray() - self.center[index])

    def dot(self, left: Array, right: Array) -> Any:
        return (self.row_weight * left) @ right


def prepare(
    X: Any, y: Any, sample_weight: Any, standardize: bool, fit_intercept: bool
) -> Data:
    n_samples, n_features = X.shape
    weight = np.ones(n_samples) if sample_weight is None else np.asarray(sample_weight)
    kept = np.flatnonzero(weight > 0)
    is_sparse: bool = sp.issparse(X)
    if not is_sparse or n_samples * n_features <= _EXTENDED_SIZE:
        dense = X.toarray() if is_sparse else np.asarray(X)
        small = dense.size <= _EXTENDED_SIZE
        matrix = dense[kept].astype(np.longdouble if small else np.float64)
        constant = np.all(matrix == matrix[:1], axis=0)
    else:
        matrix = sp.csc_array(sp.csr_array(X)[kept], dtype=np.float64)
        constant = _flat(matrix.min(axis=0)) == _flat(matrix.max(axis=0))
    p = weight[kept].astype(matrix.dtype)
    p = p / p.sum()
    mean = np.asarray(p @ matrix)
    mean = np.where(constant, _first_row(matrix), mean)
    # Two passes in one precision: the second moment of what was centered.
    if isinstance(matrix, np.ndarray):
        spread = np.sqrt(p @ (matrix - mean) ** 2)
        matrix = matrix - mean if fit_intercept else matrix
        norm = np.sqrt(p @ matrix**2)
        largest = np.abs(matrix).max(axis=0) + np.abs(mean)
    else:
        spread = np.sqrt(_sparse_variance(matrix, p, mean))
        second = np.asarray(p @ matrix.multiply(matrix))
        norm = spread if fit_intercept else np.sqrt(second)
        largest = _flat(abs(matrix).max(axis=0))
    spread = np.where(constant, 0.0, spread)
    target = np.asarray(y)[kept].astype(matrix.dtype)
    same = bool(np.all(target == target[0]))
    y_mean = (target[0] if same else p @ target) if fit_intercept else target[0] * 0
    return Data(
        matrix=matrix,
        center=mean if fit_intercept else np.zeros_like(mean),
        row_weight=p,
        y=target - y_mean,
        y_mean=y_mean,
        norm=norm,
        scale=np.where(spread > 0, spread, 1.0) if standardize else np.ones_like(mean),
        largest=largest,
    )


def _sparse_variance(matrix: Any, p: Array, mean: Array) -> Array:
    """The weighted mean square about the mean, entries centered before the square."""
    centered, stored = matrix.copy(), matrix.copy()
    counts = np.diff(matrix.indptr)
    centered.data = centered.data - np.repeat(mean, counts)
    stored.data = np.ones_like(stored.data)
    # Exactly no weight is unstored where every row is stored.
    unstored = np.where(counts < len(p), 1.0 - p @ stored, 0.0)
    return np.asarray(p @ centered.multiply(centered) + unstored * mean**2)


def _flat(row: Any) -> Array:
    return np.asarray(row.toarray()).ravel()


def _first_row(matrix: Any) -> Array:
    return (
        np.asarray(matrix[0]) if isinstance(matrix, np.ndarray) else _flat(matrix[[0]])
    )


@dataclass(frozen=True)
class PenaltyTerms:
    """a, q and the box of the module's docstring, one entry a column."""

    a: Array
    q: Array
    lower: Array
    upper: Array

    @classmethod
    def build(
        cls, data: Data, alpha: float, l1_ratio: float, factor: Any, bounds: Any
    ) -> PenaltyTerms:
        shape = data.norm.shape
        f = np.ones(shape) if factor is None else np.asarray(factor, dtype=np.float64)
        lower, upper = (-np.inf, np.inf) if bounds is None else bounds
        excluded = np.isinf(f)
        weight = alpha * np.where(excluded, 0.0, f).astype(data.norm.dtype)
        return cls(
            a=weight * l1_ratio * data.scale,
            q=weight * (1.0 - l1_ratio) * data.scale**2,
            lower=np.where(excluded, 0.0, np.broadcast_to(lower, shape)),
            upper=np.where(excluded, 0.0, np.broadcast_to(upper, shape)),
        )

    def value(self, beta: Array) -> Any:
        """The penalty; inf outside the box."""
        if not np.all((self.lower <= beta) & (beta <= self.upper)):
            return np.inf
        return self.a @ np.abs(beta) + self.q @ beta**2 / 2

    def conjugate(self, c: Array, box: Array) -> Any:
        """sum_j g_j*(c_j), with bounds cut to +-box."""
        side = np.minimum(np.where(c > 0, self.upper, -self.lower), box)
        excess = np.maximum(np.abs(c) - self.a, 0)
        on = (excess > 0) & (side > 0)
        e, q, z = excess[on], self.q[on], side[on]
        with np.errstate(divide="ignore", over="ignore"):
            z = np.minimum(e / q, z)
        slope = np.zeros_like(e)
        slope[q > 0] = q[q > 0] * z[q > 0]  # z may be inf where q is 0
        return (z * (e - slope / 2)).sum()

    def shrinkage(self, c: Array) -> Any:
        """The largest t <= 1 that makes D(t .) finite."""
        side = np.where(c > 0, self.upper, -self.lower)
        bad = (self.q == 0) & np.isinf(side) & (np.abs(c) > self.a)
        factor = np.min(self.a[bad] / np.abs(c[bad]), initial=1)
        return factor * (1 - 8 * np.finfo(c.dtype).eps) if bad.any() else factor

    def subdifferential(self, beta: Array) -> tuple[Array, Array]:
        """The ends of the subdifferential of a_j |.| + box at beta_j."""
        low = np.where(beta > 0, self.a, -self.a)
        high = np.where(beta < 0, -self.a, self.a)
        low = np.where(beta <= self.lower, -np.inf, low)
        high = np.where(beta >= self.upper, np.inf, high)
        return low, high

    def distance(self, h: Array, beta: Array) -> Array:
        """How far h_j is from the subdifferential of a_j |.| + box at beta_j."""
        low, high = self.subdifferential(beta)
        return np.asarray(np.maximum(np.maximum(low - h, h - high), 0))
