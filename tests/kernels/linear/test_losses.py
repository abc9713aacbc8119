"""Losses row by row: derivatives by differences, gaps by the formulas as they stand."""

import numpy as np
import pytest

from regkit.solvers.losses import (
    GAMMA,
    LOGISTIC,
    POISSON,
    SQUARED,
    SQUARED_HINGE,
    smoothed_hinge,
    tweedie,
)
from tests.loss_formulas import (
    Gamma,
    Hinge,
    Logistic,
    Poisson,
    SquaredHinge,
    Squares,
    Tweedie,
)

FORMULAS = {
    LOGISTIC: Logistic(),
    POISSON: Poisson(),
    GAMMA: Gamma(),
    tweedie(1.3): Tweedie(1.3),
    tweedie(1.8): Tweedie(1.8),
    SQUARED_HINGE: SquaredHinge(),
    SQUARED: Squares(),
    smoothed_hinge(0.5): Hinge(0.5),
}
LOSSES = list(FORMULAS)
ROW = np.ones(1)


def labels(loss):
    if loss is LOGISTIC:
        return 0.0, 1.0, 0.3
    if "hinge" in loss.name:
        return -1.0, 1.0
    if loss is SQUARED:
        return -2.0, 0.5
    return (0.5, 3.0) if loss is GAMMA else (0.0, 1.0, 7.0)


def derivatives(loss, y, z):
    residual, curvature = np.empty(1), np.empty(1)
    loss.differentiate(np.array([y]), ROW, np.array([z]), residual, curvature)
    return residual[0], curvature[0]


CASES = [
    pytest.param(loss, y, z, id=f"{loss.name}{loss.power} {y} {z}")
    for loss in LOSSES
    for y in labels(loss)
    for z in (-3.1, -0.4, 0.2, 1.7)
]


@pytest.mark.parametrize(("loss", "y", "z"), CASES)
def test_derivatives(loss, y, z):
    step = 1e-5
    residual, curvature = derivatives(loss, y, z)
    rise = [
        loss.objective(np.array([y]), ROW, np.array([z + s])) for s in (-step, step)
    ]
    assert residual == pytest.approx((rise[0] - rise[1]) / (2 * step), abs=1e-8)
    slopes = [derivatives(loss, y, z + s)[0] for s in (-step, step)]
    assert curvature == pytest.approx((slopes[0] - slopes[1]) / (2 * step), abs=1e-8)


@pytest.mark.parametrize(("loss", "y", "z"), CASES)
def test_gap_is_fenchel_and_youngs(loss, y, z):
    """Against f(z) + f*(-u) + u z where it cancels little, its square where it does."""
    own = FORMULAS[loss]
    residual, curvature = derivatives(loss, y, z)
    one = np.array([y]), ROW, np.array([z])
    assert loss.divergence(*one, np.array([residual])) == 0.0
    for share in (0.0, 0.3, 0.9):
        dual = share * residual
        expected = own.fenchel_young(*(np.array([[v]]) for v in (y, z, -dual)))
        found = loss.divergence(*one, np.array([dual]))
        assert found == pytest.approx(expected[0], abs=1e-12)
        assert loss.divergence(*one, np.array([residual]), share) == found
    if curvature > 0.0:
        near = 1e-7 * curvature * np.sign(-residual)
        found = loss.divergence(*one, np.array([residual + near]))
        assert found == pytest.approx(near**2 / (2 * curvature), rel=1e-6)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: f"{loss.name}{loss.power}")
def test_domain_of_the_conjugate(loss):
    y = np.array(labels(loss))
    share = np.full(len(y), 1.0 / len(y))
    for dual in (np.full(len(y), -5.0), np.full(len(y), 9.0)):
        room = loss.room(y, share, dual)
        assert 0.0 <= room <= 1.0
        eta = np.full(len(y), 0.1)
        assert np.isfinite(loss.divergence(y, share, eta, room * dual))
        if room < 1.0:
            assert loss.divergence(y, share, eta, 1.01 * room * dual + 1e-9 * dual) == (
                np.inf
            )


def test_rows_of_no_weight_count_for_nothing():
    y, eta = np.array([0.0, 1.0]), np.array([0.3, np.nan])
    share, dual = np.array([1.0, 0.0]), np.array([-0.2, 55.0])
    residual, curvature = np.empty(2), np.empty(2)
    LOGISTIC.differentiate(y, share, eta, residual, curvature)
    assert residual[1] == curvature[1] == 0.0
    assert np.isfinite(LOGISTIC.objective(y, share, eta))
    assert np.isfinite(LOGISTIC.divergence(y, share, eta, dual))
    assert LOGISTIC.room(y, share, dual) == 1.0


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: f"{loss.name}{loss.power}")
def test_best_shift(loss):
    rng = np.random.default_rng(0)
    y = rng.choice(labels(loss), 50)
    share = np.full(50, 0.02)
    eta = rng.normal(size=50)
    for start in (0.0, 8.0, -20.0):
        shift = loss.best_shift(y, share, eta, start)
        residual, curvature = np.empty(50), np.empty(50)
        loss.differentiate(y, share, eta + shift, residual, curvature)
        assert abs(share @ residual) <= 1e-14
    null = loss.best_shift(y, share, np.zeros(50), loss.first_intercept(y, share))
    if "hinge" not in loss.name:
        assert null == pytest.approx(loss.first_intercept(y, share), abs=1e-12)


def test_saturated_rows_keep_their_digits():
    residual, curvature = derivatives(LOGISTIC, 1.0, 60.0)
    assert residual == pytest.approx(np.exp(-60.0), rel=1e-14)
    assert curvature == pytest.approx(np.exp(-60.0), rel=1e-14)


def test_powers():
    assert tweedie(1.0) is POISSON
    assert tweedie(2.0) is GAMMA
    with pytest.raises(ValueError, match=r"power must be between 1 and 2, got 0\.5"):
        tweedie(0.5)
