"""What the outputs of a regression network mean, for each loss."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from regkit._types import Floats
from regkit.kernels.networks.losses import (
    LOG_MEAN_LIMIT,
    LOG_VARIANCE_LIMIT,
)
from regkit.solvers.networks.scaling import Scaling, ScalingMoments

# The least spread, in deviations of y: what scores can still be divided by.
_LEAST = 1e-6
# Quantiles that show how far y may be off, where none are asked for.
_ENDS = (0.05, 0.95)


class Heads(NamedTuple):
    """Outputs of a network in their order: those of the loss, then two quantiles.

    The two are for intervals. With "gaussian_nll" the second output is a log-variance
    instead; several quantiles of the quantile loss serve themselves.

    Attributes
    ----------
    loss : str
        As the estimator's.
    n_targets : int
    quantiles_wanted : tuple of float
        Of the quantile loss, ascending.
    with_ends : bool
        Whether the two quantiles are learned: only held-out rows can say how much they
        are worth.
    """

    loss: str
    n_targets: int
    quantiles_wanted: tuple[float, ...] = (0.5,)
    with_ends: bool = True

    @property
    def levels(self) -> tuple[float, ...]:
        """All quantiles that are learned."""
        ends = _ENDS if self.with_ends else ()
        if self.loss != "quantile":
            return ends
        if len(self.quantiles_wanted) > 1:
            return self.quantiles_wanted
        return (*self.quantiles_wanted, *ends)

    @property
    def n_wanted(self) -> int:
        """Outputs a target that the loss itself has."""
        if self.loss == "gaussian_nll":
            return 2
        return len(self.quantiles_wanted) if self.loss == "quantile" else 1

    @property
    def n_outputs(self) -> int:
        """Outputs of the last layer."""
        if self.loss == "gaussian_nll":
            return 2 * self.n_targets
        own = 0 if self.loss == "quantile" else 1
        return (own + len(self.levels)) * self.n_targets

    @property
    def n_beside(self) -> int:
        """Outputs that serve intervals alone."""
        return self.n_outputs - self.n_wanted * self.n_targets

    def start(self, weights: NDArray[Any], biases: NDArray[Any]) -> None:
        """Begin the quantiles beside the loss as those of a normal distribution.

        ``weights`` (n_outputs, n_inputs) and ``biases`` are those of the last layer.
        """
        if self.n_beside:
            weights[-self.n_beside :] = 0.0
            biases[-self.n_beside :] = np.repeat(ndtri(_ENDS), self.n_targets)

    @property
    def activation(self) -> str:
        """What scikit-learn calls the function of the last layer."""
        return "exp" if self.loss == "poisson" else "identity"

    def scaling(self, moments: ScalingMoments, standardize: bool) -> Scaling:
        """Return how y is scaled; counts are divided by their mean only."""
        if not standardize:
            return Scaling.none(self.n_targets)
        if self.loss == "poisson":
            mean = np.where(moments.center > 0, moments.center, 1.0)
            return Scaling(np.zeros(self.n_targets), mean)
        return Scaling.standard(moments)

    def _levels(self, outputs: Floats, first: int, count: int) -> Floats:
        """Take outputs (..., n_targets, count) that belong to levels."""
        part = outputs[..., first * self.n_targets : (first + count) * self.n_targets]
        apart = part.reshape(*outputs.shape[:-1], count, self.n_targets)
        return np.moveaxis(apart, -2, -1)

    def quantiles(self, outputs: Floats, targets: Scaling) -> Floats:
        """Return those wanted (..., n_targets, n_wanted) in y's units, ascending."""
        raw = self._levels(outputs, 0, self.n_wanted)
        return np.sort(raw * targets.scale[:, None] + targets.center[:, None], axis=-1)

    def means(self, outputs: Floats, targets: Scaling) -> Floats:
        """Return predictions (..., n_targets): of several quantiles the middle one."""
        if self.loss == "quantile" and self.n_wanted > 1:
            return self.quantiles(outputs, targets)[..., self.n_wanted // 2]
        values = outputs[..., : self.n_targets]
        if self.loss == "poisson":
            limit = LOG_MEAN_LIMIT
            return np.asarray(np.exp(np.clip(values, -limit, limit)) * targets.scale)
        return targets.undo(values)

    def center_and_spread(
        self, outputs: Floats, targets: Scaling
    ) -> tuple[Floats, Floats]:
        """Return what intervals are around, and what they are multiples of.

        The middle of the outermost two quantiles and half of their distance, so that
        intervals are these quantiles moved outward or inward (CQR-r of Sesia & Candès
        2020); with "gaussian_nll" the mean and the standard deviation. Without either,
        the prediction and y's deviation for all rows.
        """
        least = _LEAST * targets.scale
        if self.loss == "gaussian_nll":
            limit = LOG_VARIANCE_LIMIT
            logs = np.clip(outputs[..., self.n_targets :], -limit, limit)
            spread = np.exp(0.5 * logs) * targets.scale
            return self.means(outputs, targets), np.maximum(spread, least)
        if self.n_beside:
            ends = self._levels(outputs, self.n_wanted, 2)
        elif self.n_wanted > 1:
            ends = self._levels(outputs, 0, self.n_wanted)
        else:
            means = self.means(outputs, targets)
            return means, np.broadcast_to(targets.scale, means.shape)
        low, high = ends.min(axis=-1), ends.max(axis=-1)
        spread = 0.5 * (high - low) * targets.scale
        return targets.undo(0.5 * (low + high)), np.maximum(spread, least)
