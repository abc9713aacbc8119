"""What one pass over rows computes for fits by a loss beyond squares.

A pass looks at many points (coefficients and intercepts) at once: for each it sums up
the loss, its gradient and, where they are asked for, second derivatives. Nothing of a
row is kept between passes: the linear predictors of the points that a step came from
are computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from regkit._types import Floats, Indices
from regkit.designs.centered_moments import CenteredMoments
from regkit.solvers.losses import Loss, is_met, overflowing
from regkit.solvers.multinomial import Multinomial

# The label of rows that no fold holds out.
NO_FOLD = -1
# Linear predictors that are held at a time, 8 MB.
_ENTRIES = 1 << 20


class Training(NamedTuple):
    """The rows that a problem is fitted to, and their weights."""

    fold: int
    """Held out; -1 for none."""
    target: int
    """Which of the targets, each of which is a problem of its own."""
    total: float
    """The sum of the weights."""
    factors: Floats | None
    """(n_classes,): multiply the weights of each class; None for 1."""


class Trial(NamedTuple):
    """A point that a step leads to."""

    training: int
    point: int
    base: int = -1
    """The point that the step came from; -1 for none."""
    weigher: int = -1
    """The point whose curvatures the step's quadratic model has, ..."""
    weigher_training: int = -1
    """... and the problem whose weights."""


class Curved(NamedTuple):
    """Where second derivatives are asked for."""

    training: int
    point: int
    is_own: bool = False
    """Whether of the rows of this training alone, not fold by fold for all."""


class LossRequest(NamedTuple):
    """What a pass is to compute."""

    loss: Loss | Multinomial
    targets: Callable[[Floats], Floats]
    """Turns y into targets, (n_targets, n); of the multinomial loss, the indicators of
    its classes."""
    trainings: tuple[Training, ...]
    center: Floats
    """(p,), subtracted from X."""
    coefs: Floats
    """(points * width, p), user's units: of each point a row, or one per class."""
    intercepts: Floats
    """(points * width,), beside the centered columns."""
    trials: tuple[Trial, ...]
    curved: tuple[Curved, ...]
    columns: Indices
    """Those of the second derivatives."""

    @property
    def width(self) -> int:
        """Linear predictors of a row: one, or one per class of the multinomial loss."""
        return self.loss.width


# Of each fold, moments weighted by second derivatives: one, or those of each pair of
# classes, in the order of `pairs`.
Curvatures = dict[int, list[CenteredMoments]]


@dataclass(slots=True)
class LossSums:
    """Sums over rows; N trials, rows weighted by the shares of each trial's training.

    Attributes
    ----------
    deviances : ndarray (N,)
        Of the loss, above the least that any predictor reaches.
    held_out : ndarray (N,)
        The same of the rows that the training holds out, by their own weights.
    divergences : ndarray (N,)
        What the rows add to the gap at the dual point that the linearized residual is;
        infinite outside of the conjugate's domain.
    squares : ndarray (N,)
        Of the step, under the quadratic model.
    gradients : ndarray (N, width * p)
        Products of the centered columns with the residuals, class after class.
    sums : ndarray (N, width)
        Of the residuals.
    dual_sums, dual_sizes : ndarray (N, width)
        Of the linearized residuals, and of their absolute values.
    spreads : ndarray (N,)
        Of the squared residuals.
    unmet : ndarray (N,)
        Rows whose targets are not met up to rounding errors.
    curvatures : list of dict
        For each `Curved`.
    """

    deviances: Floats
    held_out: Floats
    divergences: Floats
    squares: Floats
    gradients: Floats
    sums: Floats
    dual_sums: Floats
    dual_sizes: Floats
    spreads: Floats
    unmet: Floats
    curvatures: list[Curvatures]

    @classmethod
    def zeros(cls, request: LossRequest) -> LossSums:
        """Return the sums over no rows."""
        n, width = len(request.trials), request.width
        p = request.coefs.shape[1]
        return cls(
            deviances=np.zeros(n),
            held_out=np.zeros(n),
            divergences=np.zeros(n),
            squares=np.zeros(n),
            gradients=np.zeros((n, width * p)),
            sums=np.zeros((n, width)),
            dual_sums=np.zeros((n, width)),
            dual_sizes=np.zeros((n, width)),
            spreads=np.zeros(n),
            unmet=np.zeros(n),
            curvatures=[{} for _ in request.curved],
        )

    @classmethod
    def joined(cls, parts: Iterable[LossSums]) -> LossSums:
        """Return the sums over the rows of all parts, which are not changed."""
        remaining = iter(parts)
        total = next(remaining)._copy()
        for part in remaining:
            total._add(part)
        return total

    def _copy(self) -> LossSums:
        arrays: dict[str, Any] = {
            field.name: getattr(self, field.name).copy() for field in fields(self)[:-1]
        }
        own: list[Curvatures] = [
            {k: [m.copy() for m in pair] for k, pair in found.items()}
            for found in self.curvatures
        ]
        return LossSums(**arrays, curvatures=own)

    def _add(self, other: LossSums) -> None:
        for field in fields(self)[:-1]:
            getattr(self, field.name)[...] += getattr(other, field.name)
        for mine, theirs in zip(self.curvatures, other.curvatures, strict=True):
            for label, several in theirs.items():
                if label not in mine:
                    mine[label] = [moments.copy() for moments in several]
                    continue
                for old, new in zip(mine[label], several, strict=True):
                    old.merge(new)


def pairs(width: int) -> list[tuple[int, int]]:
    """Return the pairs of classes, each once."""
    return [(k, m) for k in range(width) for m in range(k, width)]


class BlockRows(NamedTuple):
    """Some rows in memory."""

    X: Any
    y: Floats
    offset: Floats | None
    weight: Floats
    labels: Indices
    """The fold of each."""

    def part(self, rows: slice) -> BlockRows:
        """Return some of them."""
        offset = None if self.offset is None else self.offset[rows]
        return BlockRows(
            self.X[rows], self.y[rows], offset, self.weight[rows], self.labels[rows]
        )


def sum_rows(rows: BlockRows, request: LossRequest) -> LossSums:
    """Compute what is asked for of some rows in memory."""
    n = len(rows.y)
    is_sparse: bool = sparse.issparse(rows.X)
    if is_sparse:
        rows = rows._replace(X=rows.X.tocsr())
    found = LossSums.zeros(request)
    step = max(64, _ENTRIES // max(1, len(request.coefs)))
    with overflowing():
        for start in range(0, n, step):
            _Part(rows.part(slice(start, start + step)), request).add_to(found)
        for curved, own in zip(request.curved, found.curvatures, strict=True):
            _add_curvatures(rows, request, curved, own)
    return found


class _Part:
    """So many rows that their linear predictors at all points can be held."""

    def __init__(self, rows: BlockRows, request: LossRequest) -> None:
        self._rows, self._request = rows, request
        self._width = request.width
        X, self._sparse = rows.X, sparse.issparse(rows.X)
        if not self._sparse:
            X = X - request.center
        self._X = X
        eta = np.asarray((X @ request.coefs.T).T)
        level = request.intercepts
        if self._sparse:
            level = level - request.coefs @ request.center
        eta = eta + level[:, None]
        if rows.offset is not None:
            shift = rows.offset.reshape(len(rows.y), -1).T
            eta = eta + np.tile(shift, (len(eta) // len(shift), 1))
        shape = len(eta) // self._width, self._width * len(rows.y)
        self._eta = np.ascontiguousarray(eta).reshape(shape)
        self._targets = request.targets(rows.y)
        self._known: dict[tuple[int, int], tuple[Floats, Floats]] = {}
        self._ones = np.ones(self._width * len(rows.y))

    def _target(self, number: int) -> Floats:
        if self._width > 1:
            return self._targets.reshape(-1)
        # Kernels are compiled for arrays that could be written.
        return np.require(self._targets[number], requirements=["C", "W"])

    def derivatives(self, target: int, point: int) -> tuple[Floats, Floats]:
        """Return the residuals and the second derivatives at a point."""
        key = target, point
        if key not in self._known:
            residual, curvature = np.empty((2, len(self._ones)))
            self._request.loss.differentiate(
                self._target(target), self._ones, self._eta[point], residual, curvature
            )
            self._known[key] = residual, curvature
        return self._known[key]

    def add_to(self, found: LossSums) -> None:
        """Add these rows' part of the sums over rows."""
        request, width = self._request, self._width
        weighted = np.empty((len(request.trials), len(self._ones)))
        for i, trial in enumerate(request.trials):
            training = request.trainings[trial.training]
            share = np.tile(self._weights(training) / training.total, width)
            y, eta = self._target(training.target), self._eta[trial.point]
            residual, _ = self.derivatives(training.target, trial.point)
            found.deviances[i] += request.loss.deviance(y, share, eta)
            weighted[i] = np.where(share > 0.0, share * residual, 0.0)
            if training.fold >= 0:
                is_out = self._rows.labels == training.fold
                test = np.tile(np.where(is_out, self._rows.weight, 0.0), width)
                found.held_out[i] += request.loss.deviance(y, test, eta)
            if trial.base >= 0:
                self._add_dual(found, i, trial, training, share)
            else:
                found.spreads[i] += float(weighted[i] @ residual)
                found.unmet[i] += not is_met(y, share, eta, residual)
        by_class = weighted.reshape(len(weighted) * width, len(self._rows.y))
        sums = by_class.sum(axis=1)
        products = np.asarray((self._X.T @ by_class.T).T)
        if self._sparse:
            products = products - np.outer(sums, request.center)
        found.gradients += products.reshape(found.gradients.shape)
        found.sums += sums.reshape(-1, width)

    def _add_dual(
        self,
        found: LossSums,
        i: int,
        trial: Trial,
        training: Training,
        share: Floats,
    ) -> None:
        loss, width, y = self._request.loss, self._width, self._target(training.target)
        residual, _ = self.derivatives(training.target, trial.base)
        _, curvature = self.derivatives(training.target, trial.weigher)
        eta = self._eta[trial.point]
        change = eta - self._eta[trial.base]
        ratio = self._ratio(training, self._request.trainings[trial.weigher_training])
        slope = change
        if width > 1:
            by_class = (curvature * change).reshape(width, -1)
            slope = change - np.tile(by_class.sum(axis=0), width)
        dual = residual - ratio * curvature * slope
        found.divergences[i] += loss.divergence(y, share, eta, dual)
        found.squares[i] += loss.model_square(share * ratio, curvature, change)
        by_class = np.where(share > 0.0, share * dual, 0.0).reshape(width, -1)
        found.dual_sums[i] += by_class.sum(axis=1)
        found.dual_sizes[i] += np.abs(by_class).sum(axis=1)

    def _weights(self, training: Training) -> Floats:
        weight = _class_weighted(self._rows, training.factors)
        if training.fold < 0:
            return weight
        return np.where(self._rows.labels == training.fold, 0.0, weight)

    def _ratio(self, training: Training, weigher: Training) -> Any:
        """Return by what the model's weights of rows differ from the training's."""
        if training.factors is None or weigher.factors is None:
            return 1.0
        own = training.factors
        factors = np.divide(
            weigher.factors, own, out=np.zeros_like(own), where=own > 0.0
        )
        return np.tile(factors[self._rows.y.astype(np.intp)], self._width)


def _class_weighted(rows: BlockRows, factors: Floats | None) -> Floats:
    if factors is None:
        return rows.weight
    return rows.weight * factors[rows.y.astype(np.intp)]


def _add_curvatures(
    rows: BlockRows, request: LossRequest, curved: Curved, found: Curvatures
) -> None:
    """Add, fold by fold, moments weighted by the second derivatives at a point."""
    width, training = request.width, request.trainings[curved.training]
    point = slice(curved.point * width, (curved.point + 1) * width)
    alone = request._replace(
        coefs=request.coefs[point], intercepts=request.intercepts[point]
    )
    _, flat = _Part(rows, alone).derivatives(training.target, 0)
    curvature = flat.reshape(width, -1)
    X = rows.X
    if len(request.columns) < X.shape[1]:
        X = X[:, request.columns]
    weight = _class_weighted(rows, training.factors)
    if curved.is_own:
        is_out = (rows.labels == training.fold) & (training.fold >= 0)
        weight = np.where(is_out | ~curvature.any(axis=0), 0.0, weight)
        chosen: Any = np.flatnonzero(weight)
        found[NO_FOLD] = [
            _moments(X[chosen], weight[chosen] * _second(curvature[:, chosen], k, m))
            for k, m in pairs(width)
        ]
        return
    present = np.unique(rows.labels).tolist()
    for label in present:
        chosen = slice(None)
        if len(present) > 1:
            chosen = np.flatnonzero(rows.labels == label)
        part, own = X[chosen], curvature[:, chosen]
        found[label] = [
            _moments(part, weight[chosen] * _second(own, k, m)) for k, m in pairs(width)
        ]


def _second(curvature: Floats, k: int, m: int) -> Floats:
    """Return the size of a second derivative by the predictors of two classes."""
    if len(curvature) == 1:
        return np.asarray(curvature[0])
    if k != m:
        return np.asarray(curvature[k] * curvature[m])
    others = np.delete(curvature, k, axis=0).sum(axis=0)
    return np.asarray(curvature[k] * others)


def _moments(X: Any, weight: Floats) -> CenteredMoments:
    found = CenteredMoments.empty(X.shape[1], 1)
    if not weight.any():
        return found
    if not X.shape[1]:
        found.total_weight = float(weight.sum())
        return found
    return CenteredMoments.of_rows(X, np.zeros((X.shape[0], 1)), weight)
