"""Terms of the duality gap."""

import numpy as np
import pytest

from regkit.kernels.linear.certificate import penalty_gap, shrinkages


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_scaled_slope_may_exceed_its_threshold_by_its_last_digit(sign):
    """A coefficient that pulls the other way costs twice its penalty even so."""
    rng = np.random.default_rng(0)
    one, no, far = np.ones(1), np.zeros(1), np.full(1, np.inf)
    n_exceeding = 0
    for slope in 1.0 + rng.exponential(size=200):
        alpha = rng.uniform(0.1, 1.0)
        for value in (0.0, 0.5, -0.5):
            told = (
                np.zeros(1, np.int64),
                np.array([sign * value]),
                np.array([sign * slope]),
            )
            share = shrinkages(*told, one, no, -far, far, alpha)[0]
            found = penalty_gap(*told, one, no, -far, far, one, alpha, share, 1.0)
            expected = alpha * abs(value) - alpha * value
            assert found == pytest.approx(expected, rel=1e-14, abs=1e-15)
            n_exceeding += share * slope > alpha
    assert n_exceeding > 30  # three each: the case is met
