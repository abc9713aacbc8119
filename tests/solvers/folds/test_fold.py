"""Averages over folds and their standard errors."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from regkit.solvers.folds.fold import mean_and_se


def test_mean_and_se_by_hand():
    """Two folds of weights 1 and 3: mean (2 + 3 * 6) / 4, one degree of freedom."""
    mean, se = mean_and_se(np.array([[2.0, 6.0], [1.0, 1.0]]), np.array([1.0, 3.0]))
    np.testing.assert_allclose(mean, [5.0, 1.0])
    np.testing.assert_allclose(se, [np.sqrt((9.0 + 3 * 1.0) / 4), 0.0])


@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_equal_folds_give_the_standard_error_of_a_mean(n_folds, seed):
    errors = np.random.default_rng(seed).lognormal(size=(3, n_folds))
    mean, se = mean_and_se(errors, np.full(n_folds, 7.0))
    np.testing.assert_allclose(mean, errors.mean(axis=1))
    np.testing.assert_allclose(se, errors.std(axis=1, ddof=1) / np.sqrt(n_folds))


def test_folds_without_weight_do_not_count():
    errors = np.array([[2.0, np.nan, 6.0]])
    mean, se = mean_and_se(errors, np.array([1.0, 0.0, 1.0]))
    np.testing.assert_allclose([mean[0], se[0]], [4.0, 2.0])
