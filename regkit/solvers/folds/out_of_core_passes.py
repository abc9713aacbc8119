"""What one pass over rows computes where X has too many columns for ZᵀZ."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from regkit._types import EPS, Floats, Indices
from regkit.designs import make_design
from regkit.solvers.problem import Penalty, ScaledPenalty, ScaledProblem


@dataclass(slots=True)
class ColumnMoments:
    """Weighted mean, squares and products with y of each column: no pairs of them.

    Attributes
    ----------
    total_weight : float
    mean : ndarray (p + 1,)
        The last entry is y's.
    square : ndarray (p + 1,)
        Σ w (z - mean)².
    products : ndarray (p,)
        Σ w (x - mean)(y - mean).
    """

    total_weight: float
    mean: Floats
    square: Floats
    products: Floats

    @classmethod
    def of_rows(cls, X: Any, y: Floats, weight: Floats | None) -> "ColumnMoments":
        """Return the moments of rows in memory; ``weight`` has a positive sum."""
        design = make_design(X, weight)
        target, mean = design.center(y)
        total = design.total_weight
        return cls(
            total,
            np.append(design.offset, mean),
            total * np.append(design.lengths**2, target @ target),
            total * design.correlate(target),
        )

    @classmethod
    def of_parts(cls, parts: Sequence["ColumnMoments"]) -> "ColumnMoments":
        """Return the moments of the rows of all parts."""
        return reduce(cls.merged, parts)

    def merged(self, other: "ColumnMoments") -> "ColumnMoments":
        """Return the moments of both parts' rows (Chan, Golub and LeVeque 1979)."""
        total = self.total_weight + other.total_weight
        share = other.total_weight / total
        distance = other.mean - self.mean
        between = self.total_weight * share
        return ColumnMoments(
            total,
            self.mean + share * distance,
            self.square + other.square + between * distance**2,
            self.products + other.products + between * distance[:-1] * distance[-1],
        )


class ColumnsByMoments:
    """X's columns in the units of Z, as far as their own moments determine them."""

    def __init__(
        self, moments: ColumnMoments, fit_intercept: bool, standardize: bool
    ) -> None:
        p = self.n_features = len(moments.products)
        self.total_weight = moments.total_weight
        self.fit_intercept = fit_intercept
        variance = moments.square / moments.total_weight
        products = moments.products / moments.total_weight
        # The larger of |mean| and the deviation, of X beside y.
        self.magnitudes: Floats = np.maximum(np.sqrt(variance), np.abs(moments.mean))
        deviation = np.sqrt(variance[:p])
        is_constant = deviation <= 16.0 * EPS * np.abs(moments.mean[:p])
        variance[:p][is_constant] = 0.0
        self.scale = np.ones(p)
        if standardize:
            self.scale = np.where(is_constant, 1.0, deviation)
        self.offset, self.target_mean = np.zeros(p), 0.0
        if fit_intercept:
            self.offset, self.target_mean = moments.mean[:p], float(moments.mean[p])
        else:
            variance = variance + moments.mean**2
            products = products + moments.mean[:p] * moments.mean[p]
        self.lengths: Floats = np.sqrt(variance[:p]) / self.scale
        self.constant: NDArray[np.bool_] = self.lengths == 0.0
        self.products: Floats = products / self.scale  # Zᵀy
        self.total = float(variance[p])  # |y|²

    def scaled(self, penalty: Penalty) -> ScaledProblem:
        """Express the problem in these units; its target is not known, only |y|²."""
        scaled = ScaledPenalty.of(penalty, self, self.total**0.5)
        return ScaledProblem(np.empty(0), self.target_mean, self.total, scaled)


class Residuals(NamedTuple):
    """Whose correlations a pass computes: M models on the columns of a working set."""

    columns: Indices
    coefs: Floats
    """(columns, M), user's units."""
    intercepts: Floats
    """(M,)"""
    folds: Indices
    """(M,): the fold that each was not trained on, -1 for none."""
    center: Floats
    """(p,), subtracted from X before products."""


class Correlations(NamedTuple):
    """What a pass computes for M residuals r of models."""

    products: Floats
    """(p, M): Σ w (x - center) r over dense rows, Σ w x r over sparse ones."""
    sums: Floats
    """(M,): Σ w r."""
    sparse_sums: Floats
    """(M,): Σ w r over sparse rows, whose products are not centered yet."""
    squares: Floats
    """(M,): Σ w r²."""

    def copy(self) -> "Correlations":
        return Correlations(*(array.copy() for array in self))

    def add(self, other: "Correlations") -> None:
        """Add other rows' correlations, in place: they are too large for more."""
        for mine, theirs in zip(self, other, strict=True):
            mine += theirs


def correlate_rows(
    X: Any,
    y: Floats,
    weight: Floats | None,
    labels: Indices,
    residuals: Residuals,
) -> Correlations:
    """Return the correlations of some rows in memory."""
    columns, center = residuals.columns, residuals.center
    inner = X[:, columns]
    is_sparse = sparse.issparse(X)
    if is_sparse:
        fitted = inner @ residuals.coefs
    else:
        fitted = np.asarray(inner, dtype=np.float64) @ residuals.coefs
    left = y[:, None] - residuals.intercepts - fitted
    # Labels are one for each row, or one for all.
    held_out = (labels[:, None] == residuals.folds) & (residuals.folds >= 0)
    left[np.broadcast_to(held_out, left.shape)] = 0.0
    weighted = left if weight is None else left * weight[:, None]
    sums = weighted.sum(axis=0)
    squares = np.einsum("im,im->m", weighted, left)
    products = X.transpose() @ weighted if is_sparse else (X - center).T @ weighted
    of_sparse = sums if is_sparse else np.zeros_like(sums)
    return Correlations(np.asarray(products), sums, of_sparse, squares)
