"""Terms of the duality gap."""

import numpy as np
import pytest

from regkit.kernels.linear.certificate import penalty_gap, shrinkages
from regkit.kernels.linear.terms import Point, Terms


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_scaled_slope_may_exceed_its_threshold_by_its_last_digit(sign):
    """A coefficient that pulls the other way costs twice its penalty even so."""
    rng = np.random.default_rng(0)
    one, far = np.ones(1), np.full(1, np.inf)
    terms = Terms(one, np.zeros(1), -far, far, one)
    n_exceeding = 0
    for slope in 1.0 + rng.exponential(size=200):
        alpha = rng.uniform(0.1, 1.0)
        for value in (0.0, 0.5, -0.5):
            at = Point(
                np.zeros(1, np.int64),
                np.array([sign * value]),
                np.array([sign * slope]),
            )
            share = shrinkages(at, terms, alpha)[0]
            found = penalty_gap(at, terms, alpha, share, 1.0)
            expected = alpha * abs(value) - alpha * value
            assert found == pytest.approx(expected, rel=1e-14, abs=1e-15)
            n_exceeding += share * slope > alpha
    assert n_exceeding > 30  # three each: the case is met


@pytest.mark.parametrize("l1_ratio", [1.0, 0.99, 0.5])
def test_every_share_makes_every_conjugate_finite(l1_ratio):
    """Columns without a ridge or a bound take no slope above their threshold."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        p = 6
        has_ridge = rng.random(p) < 0.5
        l2 = np.where(has_ridge, 1.0 - l1_ratio, 0.0)
        l1 = rng.uniform(0.5, 1.0, p)
        upper = np.where(rng.random(p) < 0.3, 1.0, np.inf)
        coef, slope = rng.normal(size=(2, p)).clip(-1.0, 1.0) * [[1.0], [2.0]]
        terms = Terms(l1, l2, -upper, upper, np.ones(p))
        shares = shrinkages(Point(np.arange(p), coef, slope), terms, 1.0)
        assert list(shares) == sorted(shares, reverse=True)
        strict = (l2 == 0.0) & (upper == np.inf)
        for share in shares:
            assert np.all(share * np.abs(slope[strict]) <= l1[strict] * (1 + 1e-15))
