"""Wide ridge problems of several classes in the space of rows."""

import numpy as np

from regkit.designs import make_design
from regkit.solvers.problem import Penalty
from regkit.solvers.solve_multinomial import solve_multinomial_path
from tests.solvers.paths.test_multinomial import check, table


def test_wide_multinomial_ridge():
    X, y = table((30, 90), seed=6)
    factor = np.random.default_rng(7).choice([0.5, 1.0, np.inf], 90)
    for fit_intercept in (True, False):
        found = check(
            X,
            y,
            Penalty.build(90, 0.0, factor),
            np.array([0.3, 0.03]),
            fit_intercept=fit_intercept,
            standardize=True,
        )
        coefs = found.dense()
        assert coefs.shape == (2, 3, 90)
        assert np.all(coefs[..., np.isinf(factor)] == 0.0)
        np.testing.assert_allclose(coefs.sum(axis=1), 0.0, atol=1e-10)
        np.testing.assert_allclose(found.intercepts.sum(axis=1), 0.0, atol=1e-12)


def test_row_space_of_thousands_of_columns_is_quick():
    """A Gram matrix of the columns would take 6 GB."""
    X, y = table((60, 20_000), seed=8)
    design = make_design(X)

    found = solve_multinomial_path(
        design, y, 3, Penalty.build(20_000, 0.0), np.array([10.0, 1.0])
    )
    assert np.all(found.converged)
