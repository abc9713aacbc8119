"""Losses by their derivatives are those by their formulas."""

import numpy as np
import pytest

from regkit.solvers.losses import (
    GAMMA,
    HINGE,
    LOGISTIC,
    POISSON,
    SQUARED_HINGE,
    tweedie,
)

TARGETS = {
    "logistic": (LOGISTIC, lambda u: (u < 0.5) * 1.0),
    "shares": (LOGISTIC, lambda u: u),
    "poisson": (POISSON, lambda u: np.floor(5.0 * u)),
    "gamma": (GAMMA, lambda u: 0.1 + u),
    "tweedie": (tweedie(1.4), lambda u: np.maximum(0.0, u - 0.5)),
    "squared_hinge": (SQUARED_HINGE, lambda u: np.where(u < 0.5, -1.0, 1.0)),
    "hinge": (HINGE, lambda u: np.where(u < 0.5, -1.0, 1.0)),
}


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("size", [0.1, 3.0, 20.0])
def test_the_value_needs_no_exponentials(name, size):
    loss, target = TARGETS[name]
    rng = np.random.default_rng(0)
    for n in (1, 300):
        y, eta = target(rng.uniform(size=n)), size * np.tanh(rng.normal(size=n))
        share = rng.uniform(size=n)
        share[1::7] = 0.0
        share /= share.sum()
        residual, curvature = np.empty(n), np.empty(n)
        loss.differentiate(y, share, eta, residual, curvature)
        found = loss.value_at(y, share, eta, residual, curvature)
        terms = share @ (1.0 + curvature + np.abs(eta) * (1.0 + np.abs(y)))
        expected = loss.objective(y, share, eta)
        assert found == pytest.approx(expected, abs=1e-12 * terms)
