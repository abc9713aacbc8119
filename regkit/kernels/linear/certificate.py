"""The duality gap, and which columns a solution still needs.

With residual r and correlations c = Zᵀr, the point kappa·r is dual feasible for the
largest kappa <= 1 that keeps every conjugate h*_j(kappa·c_j) finite, where
h_j(b) = alpha (l1_j |b| + l2_j b²/2) on [lower_j, upper_j]. The gap

    P(b) - D(kappa r) = (1 - kappa)²/2 |r|²
                        + Σ_j [h_j(b_j) + h*_j(kappa c_j) - kappa c_j b_j]

is a sum of non-negative terms (Fenchel & Young), so it suffers no cancellation.
"""

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS, Floats, Indices
from regkit.kernels._jit import (
    kernel,
    uncounted_kernel,
    uncounted_part,
    uncounted_summing_kernel,
    uncounted_summing_part,
)
from regkit.kernels.linear.screening import ENLARGED, EXCESS
from regkit.kernels.linear.terms import Point, Terms

# A correlation below this share of its column's length and of y's is rounding error.
ROUNDED = 1e-13
# Coefficients this many times the size of y leave a Gram matrix too few digits.
HUGE = 1e3
# Columns whose correlation may exceed this share of the threshold are kept in view.
NEAR = 0.7


@uncounted_part
def _fenchel_young(
    value: float, slope: float, l1: float, l2: float, low: float, high: float
) -> float:
    """Return h(value) + h*(slope) - slope * value.

    Where nothing else keeps the conjugate finite, the dual point was scaled to slopes
    of at most ``l1``: what exceeds it is the last digit of that scaling.
    """
    # (No branch, nor is there one below: rounding alone decides which it takes.)
    slope = l1 if (l2 == 0.0) & (high == np.inf) & (slope > l1) else slope
    slope = -l1 if (l2 == 0.0) & (low == -np.inf) & (slope < -l1) else slope
    best = 0.0
    if slope > l1:
        best = high
        if l2 > 0.0 and (slope - l1) / l2 < high:
            best = (slope - l1) / l2
    elif slope < -l1:
        best = low
        if l2 > 0.0 and (slope + l1) / l2 > low:
            best = (slope + l1) / l2
    conjugate = 0.0
    if best != 0.0:
        conjugate = slope * best - l1 * abs(best) - 0.5 * l2 * best * best
    gap = conjugate
    if value != 0.0:
        own = l1 * abs(value) + 0.5 * l2 * value * value
        gap = own + conjugate - slope * value
    return gap if gap > 0.0 else 0.0


@uncounted_summing_part
def penalty_of(at: Point, terms: Terms) -> float:
    """Return Σ_j l1_j |b_j| + l2_j b_j² / 2."""
    penalty = 0.0
    for j in at.columns:
        value = at.coef[j]
        penalty += terms.l1[j] * abs(value) + 0.5 * terms.l2[j] * value * value
    return penalty


@uncounted_kernel
def penalty_gap(
    at: Point, terms: Terms, alpha: float, shrunk: float, size: float
) -> float:
    """Return Σ_j [h_j(b_j) + h*_j(shrunk c_j) - shrunk c_j b_j].

    ``size`` is the objective, the scale of rounding errors.
    """
    coef, lower, upper, square = at.coef, terms.lower, terms.upper, terms.square
    found = 0.0
    for j in at.columns:
        threshold = alpha * terms.l1[j]
        slope = shrunk * at.slope[j]
        if coef[j] == 0.0 and abs(slope) <= threshold:
            continue
        ridge = alpha * terms.l2[j]
        rest = slope - ridge * coef[j]
        if threshold == 0.0 and rest != 0.0:
            room = upper[j] - coef[j] if rest > 0.0 else coef[j] - lower[j]
            if rest * rest <= 2.0 * ROUNDED * ROUNDED * square[j] * size:
                if square[j] > 0.0:
                    found += 0.5 * rest * rest / (square[j] + ridge)
                continue
            if room == np.inf and ridge == 0.0:
                found = np.inf if square[j] > 0.0 else found
                continue
        found += _fenchel_young(coef[j], slope, threshold, ridge, lower[j], upper[j])
    return found


@uncounted_kernel
def shrinkages(at: Point, terms: Terms, alpha: float) -> tuple[float, float, float]:
    """Return three shares of the residual that may be good dual points, decreasing.

    The first is the largest that makes every conjugate finite. Next to a tiny l2, or a
    bound far beyond the coefficients, the conjugate blows up an excess of rounding
    errors: there a point that keeps within threshold and ridge, or within every
    threshold, is better.
    """
    kappa = closest = within = 1.0
    for j in at.columns:
        threshold, ridge = alpha * terms.l1[j], alpha * terms.l2[j]
        slope = at.slope[j]
        size = abs(slope)
        # (No branch on what rounding alone decides: it would be mispredicted.)
        is_above = size > threshold
        share = (threshold if is_above else 1.0) / (size if is_above else 1.0)
        if share < kappa or (ridge > 0.0 and share < closest):
            within = share if threshold > 0.0 and share < within else within
            unbounded = terms.upper[j] if slope > 0.0 else -terms.lower[j]
            if unbounded == np.inf:
                if ridge > 0.0:
                    value = at.coef[j]
                    own = ridge * value if slope > 0.0 else -ridge * value
                    if own < 0.0:
                        own = 0.0
                    if (threshold + own) / size < closest:
                        closest = (threshold + own) / size
                elif threshold > 0.0:
                    kappa = share
    return kappa, closest if closest < kappa else kappa, within


@uncounted_kernel
def duality_gap(at: Point, terms: Terms, alpha: float, residual_square: float) -> float:
    """Return the duality gap at a point.

    A slope toward an infinite bound of an unpenalized column has no scaling that
    makes it feasible. Where the slope, or what the ridge leaves of it, is rounding
    error, one Newton step of that column alone, c²/(2|z_j|²), is counted for it
    (``square`` holds |z_j|²): the conjugate would multiply it by the distance of the
    bound, or divide its square by however small a ridge. A larger one is not certified
    here but in `regkit.solvers.paths.certificate`, for columns together.
    """
    primal = 0.5 * residual_square + alpha * penalty_of(at, terms)
    # No gap exceeds the objective: zero is dual feasible, of value zero.
    gap = primal
    last = 2.0
    for shrunk in shrinkages(at, terms, alpha):
        if shrunk >= last:
            continue
        last = shrunk
        found = 0.5 * (1.0 - shrunk) * (1.0 - shrunk) * residual_square
        found += penalty_gap(at, terms, alpha, shrunk, primal)
        # (NaN has to come out as NaN.)
        gap = found if not found >= gap else gap
    return gap


@uncounted_summing_kernel
def doubt(coef: Floats, square: Floats, total: float) -> float:
    """Return what rounding can hide where correlations come from a Gram matrix.

    They are off by ``eps |z_j| (|y| + Σ |z_k b_k|)``: by nothing that matters until
    large coefficients of nearly dependent columns cancel. ``total`` is |y|².
    """
    size = 0.0
    for j in range(coef.shape[0]):
        size += abs(coef[j]) * np.sqrt(square[j]) if coef[j] != 0.0 else 0.0
    if size <= HUGE * np.sqrt(total):
        return 0.0
    return EPS * size * size


@kernel
def wanted(
    columns: Indices,
    correlation: Floats,
    l1: Floats,
    lower: Floats,
    upper: Floats,
    outside: NDArray[np.bool_],
    alpha: float,
    noise: Floats,
) -> Indices:
    """Return those of ``columns`` outside whose correlation exceeds ``alpha * l1``."""
    found = np.empty(columns.shape[0], dtype=np.int64)
    count = 0
    for j in columns:
        slope = correlation[j]
        if abs(slope) > alpha * l1[j] * (1.0 + EXCESS) + noise[j] and outside[j]:
            room = upper[j] if slope > 0.0 else -lower[j]
            if room > 0.0:
                found[count] = j
                count += 1
    return found[:count]


@kernel
def foresee(
    past: Floats,
    shares: Floats,
    sizes: Floats,
    move: Floats,
    l1: Floats,
    outside: NDArray[np.bool_],
    alpha: float,
    correlation: Floats,
) -> tuple[Indices, Indices]:
    """Write the outside columns' correlations as far as known; return the undecided.

    Where the residual is ``shares_0 r_0 + shares_1 r_1 + d`` and ``past[e]`` holds the
    correlations with r_e, those with the residual are the same combination of them,
    give or take ``sizes[k, j]`` times |d|; that is ``move[k]`` in the k-th of two
    norms (see `Design.sizes`). Undecided are columns that may exceed ``alpha * l1``.
    Also returns the columns that may exceed `NEAR` times that.
    """
    p = correlation.shape[0]
    first, second = past[0], past[1]
    this, other = sizes[0], sizes[1]
    share, other_share = shares[0], shares[1]
    norm, other_norm = ENLARGED * move[0], ENLARGED * move[1]
    most = np.empty(p)
    for j in range(p):  # (no branch: compiled to vector instructions)
        expected = share * first[j] + other_share * second[j]
        correlation[j] = expected if outside[j] else correlation[j]
        drift = min(this[j] * norm, other[j] * other_norm)
        most[j] = abs(expected) + drift if outside[j] else -1.0
    undecided = np.empty(p, dtype=np.int64)
    near = np.empty(p, dtype=np.int64)
    n_undecided = n_near = 0
    for j in range(p):
        # Counted or not without a branch, which cannot be predicted.
        near[n_near] = j
        n_near += most[j] > NEAR * alpha * l1[j]
    for j in near[:n_near]:
        undecided[n_undecided] = j
        n_undecided += most[j] > alpha * l1[j]
    return undecided[:n_undecided], near[:n_near]


@kernel
def in_span(past: Floats, residual: Floats) -> tuple[Floats, Floats]:
    """Return the shares of two past residuals in this one, and what they leave of it.

    By Gram and Schmidt; a past residual that hardly differs from the other has none.
    """
    shares = np.zeros(2)
    first, second = past[0], past[1]
    square = between = whole = own = other = 0.0
    for i in range(residual.shape[0]):
        square += first[i] * first[i]
        between += first[i] * second[i]
        whole += second[i] * second[i]
        own += first[i] * residual[i]
        other += second[i] * residual[i]
    if square > 0.0:
        slope = between / square
        left = whole - slope * between
        if left > 1e-10 * whole:
            shares[1] = (other - slope * own) / left
        shares[0] = own / square - shares[1] * slope
    one, two = shares[0], shares[1]
    move = np.empty(residual.shape[0])
    for i in range(residual.shape[0]):
        move[i] = residual[i] - one * first[i] - two * second[i]
    return shares, move
