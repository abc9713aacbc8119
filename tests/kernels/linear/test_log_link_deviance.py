"""Deviances of counts and amounts against those of one row at a time."""

import numpy as np
import pytest

from regkit.kernels.linear import losses
from regkit.kernels.linear.log_link_deviance import log_link_deviance
from regkit.solvers.losses import overflowing

CASES = {
    "Poisson": (losses.POISSON, 0.0),
    "Gamma": (losses.GAMMA, 0.0),
    "Tweedie": (losses.TWEEDIE, 1.5),
    "Tweedie near Poisson": (losses.TWEEDIE, 1.01),
    "Tweedie near Gamma": (losses.TWEEDIE, 1.99),
}
# Some beyond what vector instructions are for; of infinite losses no number is left.
FAR = [-2e3, -720.0, -699.0, -40.0, -1e-9, 0.0, 1e-9, 40.0, 300.0]


def labels(name, eta, seed):
    """Return labels of the means e^eta, and a few extreme ones."""
    rng = np.random.default_rng(seed)
    y = rng.gamma(2.0, 0.5 * np.exp(np.clip(eta, -9.0, 9.0)))
    y[:: len(FAR) + 1] = 1e-305
    if name == "Poisson":
        y = np.round(y)
    if name != "Gamma":
        y[rng.random(len(y)) < 0.3] = 0.0
    return y


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("n", [1, len(FAR), 700])
def test_the_divergence_from_zero(name, n):
    rng = np.random.default_rng(n)
    share, eta = rng.random(n) * (rng.random(n) < 0.8), 2.0 * rng.normal(size=n)
    eta[: len(FAR)] = FAR[:n]
    y = labels(name, eta, n)
    if n == len(FAR):
        share[:] = 1.0
    with overflowing():
        for rows in (slice(None), *(slice(i, i + 1) for i in range(n))):
            found = log_link_deviance(*CASES[name], y[rows], share[rows], eta[rows])
            expected = losses.divergence(
                *CASES[name],
                y[rows],
                share[rows],
                eta[rows],
                np.zeros_like(y)[rows],
                1.0,
            )
            # Both lose what rounding takes from predictors, times a slope.
            lost = 1e-14 * expected**0.5
            assert found == pytest.approx(expected, rel=1e-10, abs=lost, nan_ok=True)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("miss", [1e-3, 0.2, 0.3])
def test_rows_that_are_nearly_met_keep_their_digits(name, miss):
    code, power = CASES[name]
    power = {losses.POISSON: 1.0, losses.GAMMA: 2.0}.get(code, power)
    y = np.full(3, 8.0)
    eta = np.log(8.0) + np.array([miss, -miss, 0.0])
    h = eta - np.log(8.0)
    terms = np.arange(2, 30)[:, None]
    factorials = np.cumprod(np.arange(1.0, 30.0))[1:, None]
    # Of the deviance by powers of h.
    slopes = (2.0 - power) ** (terms - 1.0) - (1.0 - power) ** (terms - 1.0)
    expected = 8.0 ** (2.0 - power) * (slopes * h**terms / factorials).sum(axis=0)
    for i in range(3):
        one = np.ones(1), eta[i : i + 1]
        found = log_link_deviance(*CASES[name], y[:1], *one)
        assert found == pytest.approx(expected[i], rel=1e-12, abs=0.0)


@pytest.mark.parametrize("name", CASES)
def test_no_number_where_a_predictor_is_none(name):
    with overflowing():
        assert np.isnan(
            log_link_deviance(*CASES[name], np.ones(1), np.ones(1), np.array([np.nan]))
        )
