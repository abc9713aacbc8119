"""The losses that a linear predictor is fitted by, as solvers see them."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from regkit._types import EPS, Floats
from regkit.kernels.linear import losses as kernels
from regkit.kernels.linear.deviance import deviance
from regkit.kernels.linear.log_link_deviance import log_link_deviance
from regkit.kernels.linear.loss_steps import LossRows
from regkit.kernels.linear.loss_values import value_at


class PathLoss(Protocol):
    """What a path asks of a loss: `Loss`, or one whose rows have several predictors."""

    @property
    def elementwise(self) -> "Loss | None":
        """See `Loss`."""

    @property
    def curvature_bound(self) -> float:
        """See `Loss`."""

    @property
    def is_smooth(self) -> bool:
        """See `Loss`."""

    @property
    def longest_step(self) -> float:
        """See `Loss`."""

    def objective(self, y: Floats, share: Floats, eta: Floats) -> float:
        """See `Loss`."""

    def value_at(
        self, y: Floats, share: Floats, eta: Floats, residual: Floats, curvature: Floats
    ) -> float:
        """See `Loss`."""

    def differentiate(
        self, y: Floats, share: Floats, eta: Floats, residual: Floats, curvature: Floats
    ) -> None:
        """See `Loss`."""

    def divergence(
        self, y: Floats, share: Floats, eta: Floats, dual: Floats, shrunk: float = 1.0
    ) -> float:
        """See `Loss`."""

    def deviance(self, y: Floats, share: Floats, eta: Floats) -> float:
        """See `Loss`."""

    def room(self, y: Floats, share: Floats, dual: Floats) -> float:
        """See `Loss`."""

    def rows(
        self, y: Floats, share: Floats, eta: Floats, dual: Floats, weight: Floats
    ) -> Any:
        """See `Loss`."""

    def best_shift(self, y: Floats, share: Floats, eta: Floats, start: Any) -> Any:
        """See `Loss`."""

    def spread(self, intercept: Any, n: int) -> Any:
        """See `Loss`."""

    def joined(self, shift: Floats) -> Any:
        """See `Loss`."""

    def mean_predictor(self, share: Floats, eta: Floats) -> Any:
        """See `Loss`."""

    def model_square(self, share: Floats, weight: Floats, change: Floats) -> float:
        """See `Loss`."""

    def bend(self, weight: Floats, change: Floats) -> Floats:
        """See `Loss`."""

    def first_intercept(self, y: Floats, share: Floats) -> Any:
        """See `Loss`."""


@dataclass(frozen=True)
class LossTask:
    """What is fitted, whatever the columns are; of several classes, one after another.

    See `regkit.solvers.solve_loss.solve_loss_path`.
    """

    loss: PathLoss
    y: Floats
    offset: Floats | None = None
    tol: float = 1e-8
    max_iter: int = 1000


# Of these some direction may lower the loss forever.
_ENDLESS = (kernels.LOGISTIC, kernels.POISSON, kernels.TWEEDIE)
# Of these the mean is the exponential of the predictor.
_LOG_LINKS = (kernels.POISSON, kernels.GAMMA, kernels.TWEEDIE)
# Of these the mean of y is a null model's intercept, or close to it.
_MEANS = (kernels.SQUARES, kernels.SQUARED_HINGE, kernels.HINGE)


def overflowing() -> AbstractContextManager[None]:
    """Let exponentials overflow: an infinite loss ends a step that went too far."""
    return np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore")


def null_intercept(loss: PathLoss, y: Floats, share: Floats, offset: Floats) -> Any:
    """Return the intercept of the null model beside ``offset``, zeros for none.

    Raises
    ------
    ValueError
        Where it is infinite: one class only, or nothing but zeros.
    """
    start = loss.first_intercept(y, share)
    if offset.any():
        start = start - loss.mean_predictor(share, offset)
    return loss.best_shift(y, share, offset, start)


def is_met(y: Floats, share: Floats, eta: Floats, residual: Floats) -> bool:
    """Return whether nothing but rounding errors is left of y at ``eta``."""
    sizes = np.abs(y) + np.abs(y - residual)
    noise = 16.0 * EPS * (1.0 + np.abs(eta)) * sizes
    return bool(np.all((np.abs(residual) <= noise) | (share == 0.0)))


@dataclass(frozen=True, slots=True)
class Loss:
    """A convex loss of one label and one linear predictor per row.

    The formulas are in `regkit.kernels.linear.losses`.

    Attributes
    ----------
    name : str
    code : int
        The loss's number in kernels.
    power : float
        The variance power of a Tweedie loss, unused by others.
    curvature_bound : float
        The largest second derivative, infinite where there is none.
    is_smooth : bool
        Whether the second derivative is continuous.
    """

    name: str
    code: int
    power: float = 0.0
    curvature_bound: float = np.inf
    is_smooth: bool = True

    @property
    def width(self) -> int:
        """How many linear predictors a row has."""
        return 1

    @property
    def elementwise(self) -> "Loss | None":
        """The loss as one of a single linear predictor per row, or None."""
        return self

    @property
    def is_quadratic(self) -> bool:
        """Whether its model is itself: Gram matrices, ridge and statistics apply."""
        return self.code == kernels.SQUARES

    @property
    def may_fall_forever(self) -> bool:
        """Whether some data have no finite optimum without a penalty."""
        return self.code in _ENDLESS

    def objective(self, y: Floats, share: Floats, eta: Floats) -> float:
        """Return the mean loss; ``share`` are weights that sum to 1."""
        with overflowing():
            return float(kernels.objective(self.code, self.power, y, share, eta))

    def value_at(
        self, y: Floats, share: Floats, eta: Floats, residual: Floats, curvature: Floats
    ) -> float:
        """Return the mean loss where the derivatives are known."""
        rows = kernels.Differentiated(y, share, eta, residual, curvature)
        return float(value_at(self.code, self.power, rows))

    def differentiate(
        self, y: Floats, share: Floats, eta: Floats, residual: Floats, curvature: Floats
    ) -> None:
        """Write the rows' negative first and their second derivatives."""
        rows = kernels.Differentiated(y, share, eta, residual, curvature)
        with overflowing():
            kernels.differentiate(self.code, self.power, rows)

    def divergence(
        self, y: Floats, share: Floats, eta: Floats, dual: Floats, shrunk: float = 1.0
    ) -> float:
        """Return what the rows add to the gap at the dual point ``shrunk * dual``.

        Infinite where that is outside of the conjugate's domain.
        """
        with overflowing():
            found = kernels.divergence(
                self.code, self.power, y, share, eta, dual, shrunk
            )
            return float(found)

    def rows(
        self, y: Floats, share: Floats, eta: Floats, dual: Floats, weight: Floats
    ) -> LossRows:
        """Return the rows, and room for what a step of them leads to."""
        room = (np.empty(len(y)) for _ in range(5))
        return LossRows(self.code, self.power, y, share, weight, eta, dual, *room)

    def deviance(self, y: Floats, share: Floats, eta: Floats) -> float:
        """Return the mean loss above the least that any predictor could reach."""
        of_rows = log_link_deviance if self.code in _LOG_LINKS else deviance
        with overflowing():
            return float(of_rows(self.code, self.power, y, share, eta))

    def room(self, y: Floats, share: Floats, dual: Floats) -> float:
        """Return the largest share of ``dual`` inside the conjugate's domain."""
        return float(kernels.room(self.code, y, share, dual))

    def best_shift(
        self, y: Floats, share: Floats, eta: Floats, start: float = 0.0
    ) -> float:
        """Return the number that, added to ``eta``, makes the mean loss least."""
        with overflowing():
            found = kernels.best_shift(self.code, self.power, y, share, eta, start)
            return float(found)

    def spread(self, intercept: Any, n: int) -> Any:
        """Return what to add to ``n`` linear predictors for an intercept."""
        return intercept

    def joined(self, shift: Floats) -> Any:
        """Return intercepts as this loss has them: one is a number."""
        return float(shift[0])

    def mean_predictor(self, share: Floats, eta: Floats) -> Any:
        """Return the mean of the linear predictors."""
        return float(share @ eta)

    @property
    def longest_step(self) -> float:
        """How far a predictor may go at once where the model does not hold."""
        return np.inf

    def model_square(self, share: Floats, weight: Floats, change: Floats) -> float:
        """Return the square of a change of eta under the quadratic model."""
        return float(share @ (weight * change**2))

    def bend(self, weight: Floats, change: Floats) -> Floats:
        """Return what the quadratic model's residuals fall by with a change of eta."""
        return weight * change

    def first_intercept(self, y: Floats, share: Floats) -> float:
        """Return the intercept of the null model without an offset.

        Raises
        ------
        ValueError
            Where it is infinite: one class only, or nothing but zeros.
        """
        mean = float(share @ y)
        if self.code == kernels.LOGISTIC:
            least = min(mean, float(share @ (1.0 - y)))
        elif self.code in _MEANS:
            return mean
        else:
            least = mean
        if not least > 0.0:
            raise ValueError(
                f"y is {float(y[share > 0.0][0]):g} in every row of positive weight: "
                f"no finite intercept minimizes the {self.name} loss."
            )
        if self.code == kernels.LOGISTIC:
            return float(np.log(mean) - np.log(share @ (1.0 - y)))
        return float(np.log(mean))


SQUARED = Loss("squared", kernels.SQUARES, curvature_bound=1.0)
LOGISTIC = Loss("logistic", kernels.LOGISTIC, curvature_bound=0.25)
POISSON = Loss("Poisson", kernels.POISSON)
GAMMA = Loss("Gamma", kernels.GAMMA)
SQUARED_HINGE = Loss("squared hinge", kernels.SQUARED_HINGE, 0.0, 2.0, False)
HINGE = Loss("hinge", kernels.HINGE, 0.0, np.inf, False)
"""The hinge itself; solvers minimize it smoothed, see `smoothed_hinge`."""


def smoothed_hinge(width: float) -> Loss:
    """Return the hinge with its kink at margin 1 rounded over ``width``.

    It is at most ``width / 2`` below the hinge, and its dual points are the hinge's.
    """
    return Loss("hinge", kernels.HINGE, width, 1.0 / width, False)


def tweedie(power: float) -> Loss:
    """Return the loss of a Tweedie distribution with log link, 1 <= power <= 2.

    Raises
    ------
    ValueError
        For other powers, whose losses are not convex in the predictor.
    """
    if power == 1.0:
        return POISSON
    if power == 2.0:
        return GAMMA
    if not 1.0 < power < 2.0:
        raise ValueError(f"power must be between 1 and 2, got {power!r}.")
    return Loss("Tweedie", kernels.TWEEDIE, float(power))
