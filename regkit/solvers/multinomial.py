"""The multinomial loss, as the path solver sees it: all classes' rows in one vector."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from regkit._types import EPS, Floats
from regkit.designs.class_weights import class_inverse, class_total
from regkit.kernels.linear import multinomial as kernels
from regkit.solvers.losses import Loss, overflowing

_MOST_STEPS = 100


@dataclass(frozen=True, slots=True)
class Multinomial:
    """``log Σ_k e^z_k - z_y`` of K classes; see `regkit.solvers.losses.Loss`.

    Vectors hold class after class, n rows each; ``y`` are the classes' indicators and
    ``share`` the rows' weights, repeated for each class.
    """

    n_classes: int
    name: str = "multinomial"
    curvature_bound: float = 1.0
    is_smooth: bool = False  # probabilities are not extrapolated one by one
    may_fall_forever: bool = True
    # Beyond, probabilities round to 0 and 1 and leave no curvature to come back by.
    longest_step: float = 10.0

    @property
    def width(self) -> int:
        """How many linear predictors a row has: one for each class."""
        return self.n_classes

    @property
    def elementwise(self) -> Loss | None:
        """As `Loss.elementwise`."""
        return None

    def _split(self, *vectors: Floats) -> list[Floats]:
        return [vector.reshape(self.n_classes, -1) for vector in vectors]

    def objective(self, y: Floats, share: Floats, eta: Floats) -> float:
        """Return the mean loss."""
        y, share, eta = self._split(y, share, eta)
        with overflowing():
            return float(kernels.objective(y, share[0], eta))

    def value_at(
        self, y: Floats, share: Floats, eta: Floats, residual: Floats, curvature: Floats
    ) -> float:
        """Return the mean loss where the derivatives are known."""
        Y, p, P = self._split(y, share, curvature)
        chance = np.einsum("ki,ki->i", Y, P)
        chance[p[0] == 0.0] = 1.0
        if not np.min(chance) > 1e-300:
            return self.objective(y, share, eta)
        return -float(p[0] @ np.log(chance))

    def differentiate(
        self, y: Floats, share: Floats, eta: Floats, residual: Floats, curvature: Floats
    ) -> None:
        """Write ``Y - P`` and P."""
        y, share, eta, residual, curvature = self._split(
            y, share, eta, residual, curvature
        )
        with overflowing():
            kernels.differentiate(y, share[0], eta, residual, curvature)

    def divergence(
        self, y: Floats, share: Floats, eta: Floats, dual: Floats, shrunk: float = 1.0
    ) -> float:
        """Return what the rows add to the gap at the dual point ``shrunk * dual``."""
        y, share, eta, dual = self._split(y, share, eta, dual)
        with overflowing():
            return float(kernels.divergence(y, share[0], eta, dual, shrunk))

    def deviance(self, y: Floats, share: Floats, eta: Floats) -> float:
        """Return the mean loss: some predictor comes as near to zero as one likes."""
        return self.divergence(y, share, eta, np.zeros_like(y))

    def room(self, y: Floats, share: Floats, dual: Floats) -> float:
        """Return the largest share of ``dual`` that leaves probabilities."""
        over = (share > 0.0) & (dual > y)
        if not over.any():
            return 1.0
        return float(np.min(y[over] / dual[over]))

    def rows(
        self, y: Floats, share: Floats, eta: Floats, dual: Floats, weight: Floats
    ) -> kernels.ClassRows:
        """Return the rows, and room for what a step of them leads to."""
        y, share, eta, dual, weight = self._split(y, share, eta, dual, weight)
        room = (np.empty(y.shape) for _ in range(5))
        return kernels.ClassRows(y, share[0], weight, eta, dual, *room)

    def best_shift(self, y: Floats, share: Floats, eta: Floats, start: Any) -> Floats:
        """Return what to add to each class's predictors for the least mean loss."""
        n_classes = self.n_classes
        residual, curvature = np.empty_like(eta), np.empty_like(eta)
        n = len(eta) // n_classes
        root = np.sqrt(share[:n])
        root[root == 0.0] = 1.0
        shift = np.zeros(n_classes) + start
        value = self.objective(y, share, eta + self.spread(shift, n_classes * n))
        # Where rounding hides whether the loss falls, slopes that halve still show it.
        best, least, is_flat = shift, np.inf, False
        for _ in range(_MOST_STEPS):
            moved = eta + self.spread(shift, n_classes * n)
            self.differentiate(y, share, moved, residual, curvature)
            weighted = (share * residual).reshape(n_classes, -1)
            slope = weighted.sum(axis=1)
            size = float(np.abs(slope).sum())
            if is_flat and not size < 0.5 * least:
                break
            if size < least:
                best, least = shift, size
            if np.all(np.abs(slope) <= 1e-16 * np.abs(weighted).sum(axis=1)):
                break
            p, P = self._split(share, curvature)
            step = class_inverse(class_total(p * P, root)) @ slope
            noise = 4.0 * EPS * (1.0 + abs(value))
            length = 1.0
            while length > 1e-9:
                tried = shift + length * step
                found = self.objective(y, share, eta + self.spread(tried, len(eta)))
                if found <= value + noise:
                    break
                length *= 0.5
            else:
                break
            is_flat = not found < value - noise
            shift, value = tried, min(found, value)
        return np.asarray(best)

    def spread(self, intercept: Any, n: int) -> Floats:
        """Return what to add to ``n`` predictors for an intercept per class."""
        return np.repeat(np.zeros(self.n_classes) + intercept, n // self.n_classes)

    def joined(self, shift: Floats) -> Floats:
        """Return intercepts as this loss has them: a vector."""
        return shift

    def mean_predictor(self, share: Floats, eta: Floats) -> Floats:
        """Return the mean of each class's predictors."""
        found: Floats = (share * eta).reshape(self.n_classes, -1).sum(axis=1)
        return found

    def model_square(self, share: Floats, weight: Floats, change: Floats) -> float:
        """Return the square of a change of eta under the quadratic model."""
        p, P, d = self._split(share, weight, change)
        mean = (P * d).sum(axis=0)
        return float(np.sum(p * P * (d - mean) ** 2))

    def bend(self, weight: Floats, change: Floats) -> Floats:
        """Return what the quadratic model's residuals fall by with a change of eta."""
        P, d = self._split(weight, change)
        fall: Floats = P * (d - (P * d).sum(axis=0))
        return fall.reshape(-1)

    def first_intercept(self, y: Floats, share: Floats) -> Floats:
        """Return the intercepts of the null model without an offset.

        Raises
        ------
        ValueError
            Where a class has no row of positive weight: its intercept is infinite.
        """
        frequency = (share * y).reshape(self.n_classes, -1).sum(axis=1)
        if not np.all(frequency > 0.0):
            k = int(np.argmin(frequency))
            raise ValueError(
                f"class {k} has no row of positive weight: no finite intercept "
                "minimizes the multinomial loss."
            )
        first = np.log(frequency)
        return np.asarray(first - first.mean())
