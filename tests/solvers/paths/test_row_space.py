"""Wide ridge problems in the space of rows."""

import numpy as np
import pytest

from regkit.designs import make_design
from regkit.solvers.losses import HINGE, LOGISTIC, SQUARED_HINGE
from regkit.solvers.paths import row_space
from regkit.solvers.problem import Penalty
from regkit.solvers.solve_loss import solve_loss_path
from regkit.solvers.solve_multinomial import solve_multinomial_path
from tests.loss_certificate import certify_loss
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


def nearly_equal_rows(scale, distance, n_classes=2):
    """Return X whose first rows differ by so little, and their classes, which do."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6, 30))
    X[1] = X[0] + distance * rng.normal(size=30)
    return scale * X, np.arange(6) % n_classes


# What tells the rows apart is below the rounding errors of the eigenvalues.
NEARLY_EQUAL = [(1.0, 1e-9, 1e-6), (1e3, 1e-9, 1e-3), (1e4, 1e-9, 1e-2)]


@pytest.mark.parametrize("loss", [LOGISTIC, SQUARED_HINGE], ids=lambda loss: loss.name)
@pytest.mark.parametrize(("scale", "distance", "alpha"), NEARLY_EQUAL)
@pytest.mark.parametrize("is_narrow", [True, False])
def test_gaps_are_those_of_x(loss, scale, distance, alpha, is_narrow, monkeypatch):
    if not is_narrow:
        monkeypatch.setattr(row_space, "_MOST", 0)
    X, y = nearly_equal_rows(scale, distance)
    name, labels = "logistic", y.astype(float)
    if loss == SQUARED_HINGE:
        name, labels = "squared_hinge", 2.0 * y - 1.0
    found = solve_loss_path(
        make_design(X), loss, labels, Penalty.build(30, 0.0), np.array([alpha])
    )
    certificate = certify_loss(
        name,
        X,
        y,
        found.columns()[:, 0],
        found.intercepts[0],
        alpha=alpha,
        l1_ratio=0.0,
    )
    noise = 1e-14 * certificate.null_deviance
    assert certificate.gap <= found.dual_gaps[0] * 1.01 + noise
    most = 1e-8 * certificate.null_deviance
    assert found.converged[0] == (found.dual_gaps[0] <= most)
    # Where X is not too wide, it is what is gone to.
    if is_narrow:
        assert found.converged[0]


def test_gaps_of_several_classes_are_those_of_x():
    X, y = nearly_equal_rows(1e4, 1e-9, 3)
    check(X, y, Penalty.build(30, 0.0), np.array([1.0, 1e-2]), tol=1e-8)


def test_gaps_of_the_hinge_are_those_of_x(monkeypatch):
    X, y = nearly_equal_rows(1e6, 1e-6)
    labels, alphas = 2.0 * y - 1.0, np.array([1e3, 1.0])

    def solve(is_narrow):
        monkeypatch.setattr(row_space, "_MOST", 4096 if is_narrow else 0)
        found = solve_loss_path(
            make_design(X), HINGE, labels, Penalty.build(30, 0.0), alphas
        )
        coefs = found.columns()
        margins = labels[:, None] * (X @ coefs + found.intercepts)
        losses = np.maximum(0.0, 1.0 - margins).mean(axis=0)
        return found, losses + 0.5 * alphas * (coefs**2).sum(axis=0)

    (narrow, best), (wide, other) = solve(True), solve(False)
    assert np.all(best - narrow.dual_gaps <= other + 1e-12)
    assert np.all(other - wide.dual_gaps <= best + 1e-12)
