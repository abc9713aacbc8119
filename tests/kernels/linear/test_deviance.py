"""Deviances of many rows against formulas, and against those of one at a time."""

import numpy as np
import pytest

from regkit.kernels.linear import losses
from regkit.kernels.linear.deviance import deviance
from regkit.solvers.losses import overflowing

CODES = {
    "logistic": losses.LOGISTIC,
    "Poisson": losses.POISSON,
    "Gamma": losses.GAMMA,
    "Tweedie": losses.TWEEDIE,
    "squared hinge": losses.SQUARED_HINGE,
}
FAR = [-2e3, -699.0, -40.0, -1e-9, 0.0, 1e-9, 40.0, 699.0, 2e3]


def rows(n, seed=0):
    """Return weights, some of them 0, and linear predictors."""
    rng = np.random.default_rng(seed)
    return rng.random(n) * (rng.random(n) < 0.8), 4.0 * rng.normal(size=n)


@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("n", [1, 9, 700])
def test_labels_by_formula(label, n):
    share, eta = rows(n)
    eta[: len(FAR)] = FAR[:n]
    sign = 2.0 * label - 1.0
    found = deviance(losses.LOGISTIC, 0.0, np.full(n, label), share, eta)
    expected = share @ np.logaddexp(0.0, -sign * eta)
    assert found == pytest.approx(expected, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("z", [1e-3, 3.0, 30.0, 200.0, 600.0])
def test_rows_that_are_nearly_met_keep_their_digits(z):
    for label, sign in ((0.0, -1.0), (1.0, 1.0)):
        one = np.array([label]), np.ones(1), np.array([sign * z])
        found = deviance(losses.LOGISTIC, 0.0, *one)
        assert found == pytest.approx(np.log1p(np.exp(-z)), rel=1e-14, abs=0.0)


@pytest.mark.parametrize("name", CODES)
def test_the_divergence_from_zero(name):
    share, eta = rows(300)
    y = np.ones(300)
    if name == "logistic":
        y[::2] = 0.3
    found = deviance(CODES[name], 1.5, y, share, eta)
    one_by_one = losses.divergence(
        CODES[name], 1.5, y, share, eta, np.zeros_like(y), 1.0
    )
    assert found == pytest.approx(one_by_one, rel=1e-13)


@pytest.mark.parametrize("label", [0.0, 0.5, 1.0])
def test_no_number_where_a_predictor_is_none(label):
    one = np.array([label]), np.ones(1), np.array([np.nan])
    with overflowing():
        assert np.isnan(deviance(losses.LOGISTIC, 0.0, *one))
