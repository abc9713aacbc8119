"""Rates and decays over the epochs, and where runs may end."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from regkit.solvers.networks.schedules import (
    SCHEDULES,
    cycle_ends,
    factors,
    snapshot_epochs,
)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_factors(name):
    whole = factors(name, 0, 100, 100)
    assert whole.shape == (100,)
    assert np.all((whole >= 0) & (whole <= 1))
    assert whole.max() > 0.99
    pieces = [factors(name, start, 10, 100) for start in range(0, 100, 10)]
    assert_allclose(np.concatenate(pieces), whole)
    assert_array_equal(factors(name, 100, 5, 100), whole[-1])
    ends = {"cosine", "warm_up", "one_cycle", "cosine_cycles", "flat_cosine"}
    assert (whole[-1] < 0.01) == (name in ends)


def test_cycle_ends_are_where_the_rate_is_least():
    rates = factors("cosine_cycles", 0, 1500, 1500)
    for end in cycle_ends("cosine_cycles", 150):
        assert rates[10 * end - 5] < 0.03
        assert rates[10 * end + 5] < 0.03 < rates[10 * end + 50]
    assert cycle_ends("cosine", 150) == cycle_ends("cosine_cycles", 14) == ()


def test_snapshot_epochs():
    assert snapshot_epochs(150, 12)[:4] == (10, 15, 23, 30)
    assert set(cycle_ends("cosine_cycles", 150)) < set(snapshot_epochs(150, 12))
    for most in (1, 2, 5, 12, 100):
        found = snapshot_epochs(150, most)
        assert 1 <= len(found) <= most
        assert found[-1] == 150
    assert snapshot_epochs(1, 12) == (1,)
