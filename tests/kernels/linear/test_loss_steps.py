"""Steps of all rows in one pass, against the rows one by one."""

import numpy as np
import pytest

from regkit.kernels.linear import losses
from regkit.kernels.linear.loss_steps import LossRows, advance
from regkit.solvers.losses import overflowing

CODES = {"logistic": losses.LOGISTIC, "Poisson": losses.POISSON, "Gamma": losses.GAMMA}


def rows_of(name, far):
    """Rows at the dual point of a quadratic model, and on to ``far`` from there."""
    rng = np.random.default_rng(3)
    n = 700
    eta = rng.normal(scale=3.0, size=n)
    eta[:8] = [-650.0, -40.0, 30.0, 0.0, -1e-9, 20.0, -300.0, 5.0]
    y = rng.integers(0, 2, size=n).astype(float)
    if name == "Poisson":
        y = rng.poisson(2.0, size=n).astype(float)
    elif name == "Gamma":
        y = rng.uniform(0.1, 3.0, size=n)
    share = rng.uniform(size=n)
    share[::9] = 0.0
    residual, curvature = np.empty(n), np.empty(n)
    there = losses.Differentiated(y, share, eta, residual, curvature)
    losses.differentiate(CODES[name], 0.0, there)
    change = far * rng.uniform(-1.0, 1.0, size=n)
    room = (np.empty(n) for _ in range(4))
    return LossRows(CODES[name], 0.0, y, share, curvature, eta, residual, change, *room)


@pytest.mark.parametrize("far", [1e-8, 1e-3, 0.05, 0.9])
@pytest.mark.parametrize("name", CODES)
def test_all_rows_as_one_by_one(name, far):
    rows = rows_of(name, far)
    with overflowing():
        found = advance(rows)
    kept = rows.share > 0.0
    residual, curvature = np.zeros_like(rows.y), np.zeros_like(rows.y)
    there = losses.Differentiated(rows.y, rows.share, rows.reached, residual, curvature)
    losses.differentiate(CODES[name], 0.0, there)
    np.testing.assert_array_equal(rows.reached, rows.eta + rows.change)
    np.testing.assert_allclose(
        rows.moved[kept], (rows.dual - rows.weight * rows.change)[kept], rtol=1e-12
    )
    np.testing.assert_allclose(rows.curvature, curvature, rtol=1e-13, atol=1e-300)
    scale = np.abs(rows.y) + np.abs(residual - rows.y)
    assert np.all(np.abs(rows.residual - residual) <= 1e-14 * scale)
    gap = losses.divergence(
        CODES[name], 0.0, rows.y, rows.share, rows.reached, rows.moved, 1.0
    )
    # Of rows that hardly move, the gap is a square of differences of rounded numbers.
    assert found == pytest.approx(gap, rel=1e-6, abs=1e-22)


def test_exponentials_beyond_the_largest_number():
    rows = rows_of("Poisson", 0.0)
    rows.change[1:3] = [1500.0, -900.0]
    with overflowing():
        found = advance(rows)
    assert np.isinf(rows.curvature[1])
    assert rows.curvature[2] == 0.0
    assert not np.isfinite(found)
