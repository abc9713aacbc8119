"""Steps of all classes' predictors, against the formulas in longer numbers."""

import numpy as np
import pytest

from regkit.solvers.multinomial import Multinomial

K, N = 3, 300  # more rows than are gone through at a time


def rows_at(spread, length, seed=0):
    """Return rows at predictors of this spread, and a step of this length."""
    rng = np.random.default_rng(seed)
    loss = Multinomial(K)
    y = np.eye(K)[rng.integers(0, K, N)].T.ravel()
    share = rng.uniform(size=N)
    share[::7] = 0.0
    share = np.tile(share / share.sum(), K)
    eta = spread * rng.normal(size=K * N)
    residual, chances = np.empty(K * N), np.empty(K * N)
    loss.differentiate(y, share, eta, residual, chances)
    rows = loss.rows(y, share, eta, residual, chances)
    rows.change[:] = length * rng.normal(size=(K, N))
    return loss, rows


@pytest.mark.parametrize("length", [1e-6, 1e-2, 1.0])
@pytest.mark.parametrize("spread", [1.0, 10.0, 400.0])
def test_steps_are_those_of_the_formulas(spread, length):
    from regkit.kernels.linear import multinomial

    _, rows = rows_at(spread, length)
    gap = multinomial.advance(rows)
    used = rows.share > 0.0
    exact = [np.asarray(a, dtype=np.longdouble)[..., used] for a in rows[:6]]
    y, share, weight, eta, dual, change = exact
    reached = eta + change
    P = np.exp(reached - reached.max(axis=0))
    P /= P.sum(axis=0)
    R = np.where(y == 1.0, 0.0, -P)
    R = np.where(y == 1.0, -R.sum(axis=0), R)
    moved = dual - weight * (change - (weight * change).sum(axis=0))
    assert rows.reached[:, used] == pytest.approx(np.array(reached, float), rel=1e-15)
    assert rows.curvature[:, used] == pytest.approx(
        np.array(P, float), rel=1e-12, abs=1e-300
    )
    assert rows.residual[:, used] == pytest.approx(
        np.array(R, float), rel=1e-12, abs=1e-300
    )
    assert not rows.residual[:, ~used].any()
    assert not rows.curvature[:, ~used].any()
    assert rows.moved[:, used] == pytest.approx(np.array(moved, float), abs=1e-14)
    # Of differences of residuals and duals, which are rounded as those are.
    p, R, moved = (
        np.asarray(a, dtype=np.longdouble)[:, used]
        for a in (rows.curvature, rows.residual, rows.moved)
    )
    x = (R - moved) / p
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = np.where(x < -1.0, np.inf, (1.0 + x) * np.log1p(x) - x)
    entropy[x == -1.0] = 1.0
    entropy = np.where(np.abs(x) < 1e-4, x**2 / 2 - x**3 / 6 + x**4 / 12, entropy)
    assert gap == pytest.approx(float(share @ (p * entropy).sum(axis=0)), rel=1e-11)


def test_predictors_that_are_no_numbers_leave_no_gap():
    from regkit.kernels.linear import multinomial

    _, rows = rows_at(1.0, 0.1)
    rows.change[1, 5] = np.nan
    assert np.isnan(multinomial.advance(rows))
