"""The losses of classification and counts, from their formulas alone.

For one row with target ``y`` and linear predictor ``z`` (K numbers for the multinomial
loss, one otherwise) each loss gives ``f(z)``, its gradient and Hessian, and the
Fenchel-Young term

    FY(z, a) = f(z) + f*(a) - a z  >= 0,

which is zero exactly where ``a`` is a (sub)gradient of ``f`` at ``z``. Arrays have the
shape (n, K); ``y`` has what `encode` makes of it. Nothing here comes from the package
under test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_softmax, softmax

Array = npt.NDArray[Any]


def _x_log_x(t: Array) -> Array:
    """Of any precision, unlike SciPy's."""
    return np.where(t > 0, t * np.log(np.where(t > 0, t, 1)), 0)


class Loss:
    """A convex loss of one linear predictor per row."""

    n_outputs = 1

    def encode(self, y: Any) -> Array:
        """Targets of shape (n, K)."""
        return np.asarray(y)[:, None].astype(np.float64)

    def value(self, y: Array, z: Array) -> Array:
        raise NotImplementedError

    def gradient(self, y: Array, z: Array) -> Array:
        raise NotImplementedError

    def hessian(self, y: Array, z: Array) -> Array:
        """Of shape (n, K, K)."""
        raise NotImplementedError

    def fenchel_young(self, y: Array, z: Array, a: Array) -> Array:
        """Of shape (n,); infinite where ``a`` is outside the domain of f*."""
        raise NotImplementedError


class Logistic(Loss):
    """``log(1 + e^z) - y z``, 0 <= y <= 1."""

    def value(self, y, z):
        return (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z))[:, 0]

    def gradient(self, y, z):
        return (1 - y) * expit(z) - y * expit(-z)

    def hessian(self, y, z):
        return (expit(z) * expit(-z))[:, :, None]

    def fenchel_young(self, y, z, a):
        success, failure = y + a, (1 - y) - a
        log_p, log_q = -np.logaddexp(0, -z), -np.logaddexp(0, z)
        inside = (success >= 0) & (failure >= 0)
        t, s = np.where(inside, success, 0), np.where(inside, failure, 1)
        divergence = _x_log_x(t) - t * log_p + _x_log_x(s) - s * log_q
        return np.where(inside, np.maximum(divergence, 0), np.inf)[:, 0]


@dataclass
class Multinomial(Loss):
    """``logsumexp(z) - z_y``, y in 0 .. K - 1."""

    n_outputs: int

    def encode(self, y):
        return (np.asarray(y)[:, None] == np.arange(self.n_outputs)).astype(float)

    def value(self, y, z):
        return -(y * log_softmax(z, axis=1)).sum(axis=1)

    def gradient(self, y, z):
        return softmax(z, axis=1) - y

    def hessian(self, y, z):
        p = softmax(z, axis=1)
        return p[:, :, None] * (np.eye(self.n_outputs) - p[:, None, :])

    def fenchel_young(self, y, z, a):
        t = y + a
        inside = np.all(t >= 0, axis=1)
        t = np.where(inside[:, None], t, 0)
        divergence = (_x_log_x(t) - t * log_softmax(z, axis=1)).sum(axis=1)
        return np.where(inside, np.maximum(divergence, 0), np.inf)


class Poisson(Loss):
    """``e^z - y z``, y >= 0."""

    def value(self, y, z):
        return (np.exp(z) - y * z)[:, 0]

    def gradient(self, y, z):
        return np.exp(z) - y

    def hessian(self, y, z):
        return np.exp(z)[:, :, None]

    def fenchel_young(self, y, z, a):
        t = y + a
        inside = t >= 0
        t = np.where(inside, t, 0)
        divergence = _x_log_x(t) - t * z - t + np.exp(z)
        return np.where(inside, np.maximum(divergence, 0), np.inf)[:, 0]


class Gamma(Loss):
    """``z + y e^-z``, y > 0 (log link)."""

    def value(self, y, z):
        return (z + y * np.exp(-z))[:, 0]

    def gradient(self, y, z):
        return 1 - y * np.exp(-z)

    def hessian(self, y, z):
        return (y * np.exp(-z))[:, :, None]

    def fenchel_young(self, y, z, a):
        t = 1 - a
        inside = t > 0
        t = np.where(inside, t, 1)
        divergence = t * (np.log(t) - np.log(y) + z) - t + y * np.exp(-z)
        return np.where(inside, np.maximum(divergence, 0), np.inf)[:, 0]


@dataclass
class Tweedie(Loss):
    """``e^{(2-r) z}/(2-r) + y e^{-(r-1) z}/(r-1)``, 1 < r < 2, y >= 0 (log link)."""

    power: float

    def value(self, y, z):
        r = self.power
        return (np.exp((2 - r) * z) / (2 - r) + y * np.exp((1 - r) * z) / (r - 1))[:, 0]

    def gradient(self, y, z):
        r = self.power
        return np.exp((2 - r) * z) - y * np.exp((1 - r) * z)

    def hessian(self, y, z):
        r = self.power
        curvature = (2 - r) * np.exp((2 - r) * z) + (r - 1) * y * np.exp((1 - r) * z)
        return curvature[:, :, None]

    def fenchel_young(self, y, z, a):
        inside = (y > 0) | (a >= 0)
        at_infinity = (y == 0) & (a == 0)  # f(-inf) = 0 is the least of f
        usual = inside & ~at_infinity
        near = self._inverse_gradient(y, np.where(usual, a, 1.0), z)
        distance = self.value(y, z) - self.value(y, near) - (a * (z - near))[:, 0]
        distance = np.where(at_infinity[:, 0], self.value(y, z), distance)
        return np.where(inside[:, 0], np.maximum(distance, 0), np.inf)

    def _inverse_gradient(self, y: Array, a: Array, start: Array) -> Array:
        """``zeta`` with ``f'(zeta) = a``, by bisection and Newton steps."""
        low, high = start - 1, start + 1
        for _ in range(60):
            low = np.where(self.gradient(y, low) > a, low - (high - low), low)
            high = np.where(self.gradient(y, high) < a, high + (high - low), high)
        for _ in range(60):
            middle = (low + high) / 2
            above = self.gradient(y, middle) > a
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        zeta = (low + high) / 2
        for _ in range(2):
            curvature = np.maximum(self.hessian(y, zeta)[:, :, 0], 1e-300)
            zeta = zeta - (self.gradient(y, zeta) - a) / curvature
        return zeta


class _Margin(Loss):
    """A loss of the margin ``y z``, y in {-1, 1}."""

    def encode(self, y):
        return np.where(np.asarray(y) > 0, 1.0, -1.0)[:, None]


class SquaredHinge(_Margin):
    """``max(0, 1 - y z)^2``, y in {-1, 1} (or {0, 1})."""

    def value(self, y, z):
        return (np.maximum(1 - y * z, 0) ** 2)[:, 0]

    def gradient(self, y, z):
        return -2 * y * np.maximum(1 - y * z, 0)

    def hessian(self, y, z):
        return np.where(y * z < 1, 2.0, 0.0)[:, :, None]

    def fenchel_young(self, y, z, a):
        b, short = -a * y, 1 - y * z
        inside = b >= 0
        divergence = (np.maximum(short, 0) - b / 2) ** 2 + b * np.maximum(-short, 0)
        return np.where(inside, divergence, np.inf)[:, 0]


@dataclass
class Hinge(_Margin):
    """``max(0, 1 - y z)``, y in {-1, 1} (or {0, 1}); not differentiable at margin 1.

    With a ``width`` h, a margin short of 1 by m <= h costs ``m^2 / (2 h)`` and one
    short by more ``m - h/2``.
    """

    width: float = 0.0

    def value(self, y, z):
        short = np.maximum(1 - y * z, 0)
        if self.width == 0:
            return short[:, 0]
        bent = np.minimum(short, self.width)
        return (bent**2 / (2 * self.width) + short - bent)[:, 0]

    def gradient(self, y, z):
        if self.width == 0:
            return np.where(y * z < 1, -y, 0.0)
        return -y * np.clip((1 - y * z) / self.width, 0, 1)

    def hessian(self, y, z):
        short = 1 - y * z
        is_bent = (short > 0) & (short < self.width)
        return np.where(is_bent, 1 / max(self.width, 1e-300), 0)[:, :, None]

    def fenchel_young(self, y, z, a):
        b = -a * y
        inside = (b >= 0) & (b <= 1)
        conjugate = -b + self.width * b**2 / 2
        distance = self.value(y, z)[:, None] + conjugate + b * y * z
        return np.where(inside, np.maximum(distance, 0), np.inf)[:, 0]


class Squares(Loss):
    """``(y - z)^2 / 2``."""

    def value(self, y, z):
        return ((y - z) ** 2 / 2)[:, 0]

    def gradient(self, y, z):
        return z - y

    def hessian(self, y, z):
        return np.ones(z.shape)[:, :, None]

    def fenchel_young(self, y, z, a):
        return ((z - y - a) ** 2 / 2)[:, 0]


def make_loss(name: str, *, power: float = 1.5, n_classes: int = 2) -> Loss:
    """A loss by its name."""
    if name == "multinomial":
        return Multinomial(n_classes)
    if name == "tweedie":
        return Tweedie(power)
    simple = {
        "squares": Squares,
        "logistic": Logistic,
        "poisson": Poisson,
        "gamma": Gamma,
        "squared_hinge": SquaredHinge,
        "hinge": Hinge,
    }
    return simple[name]()
