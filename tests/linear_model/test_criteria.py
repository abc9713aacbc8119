"""Information criteria of the Lasso and the Elastic Net, and degrees of freedom."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import comb

from regkit import (
    ElasticNetRegressor,
    ElasticNetRegressorCV,
    LassoRegressorCV,
    make_correlated_regression,
)

# The grids here are short: many end before the best alpha.
pytestmark = pytest.mark.filterwarnings("ignore:.*xtend the grid:UserWarning")


@pytest.mark.parametrize("criterion", ["aic", "bic", "ebic"])
def test_information_criteria_of_the_lasso(criterion):
    X, y = make_correlated_regression(50, 30, random_state=0)
    counts = np.random.default_rng(0).integers(0, 3, 50)
    factor = np.r_[0.0, np.inf, np.ones(28)]
    model = LassoRegressorCV(
        alphas=20, eps=0.02, criterion=criterion, penalty_factor=factor
    )
    model.fit(X, y, sample_weight=counts)
    rows = np.repeat(np.arange(50), counts)  # whole weights are repeated rows
    n, expected = len(rows), []
    for i in range(20):
        coef, intercept = model.coef_path_[:, i], model.path_.intercepts[i]
        rss = np.sum((y[rows] - X[rows] @ coef - intercept) ** 2)
        k = np.count_nonzero(coef)
        value = n * np.log(rss / n) + k * (2 if criterion == "aic" else np.log(n))
        if criterion == "ebic":
            value += 2 * np.log(comb(28, np.count_nonzero(coef[1:])))
        expected.append(value)
    assert_allclose(model.criterion_, expected, rtol=1e-10)
    assert model.alpha_ == model.alphas_[np.argmin(expected)]
    assert not hasattr(model, "mse_path_")
    assert not hasattr(model, "alpha_1se_")


def test_degrees_of_freedom_of_the_elastic_net():
    """The divergence of the fit (Stein), by differences."""
    X, y = make_correlated_regression(40, 15, random_state=1)
    weight = np.linspace(0.5, 1.5, 40)
    options = {"l1_ratio": 0.4, "standardize": True, "tol": 1e-13}
    alphas = np.geomspace(1.0, 0.05, 4)
    aic, bic = (
        ElasticNetRegressorCV(alphas=alphas, criterion=name, **options)
        .fit(X, y, weight)
        .criterion_
        for name in ("aic", "bic")
    )
    df = (bic - aic) / (np.log(weight.sum()) - 2)
    step = 1e-5
    for alpha, found in zip(alphas, df, strict=True):
        single = ElasticNetRegressor(alpha, **options)
        divergence = 0.0
        for i in range(40):
            nudge = step * (np.arange(40) == i)
            above, below = (
                single.fit(X, y + sign * nudge, weight).predict(X)[i]
                for sign in (1, -1)
            )
            divergence += (above - below) / (2 * step)
        assert found == pytest.approx(divergence - 1, rel=1e-4)  # less the intercept


def test_criteria_leave_out_saturated_models():
    X, y = make_correlated_regression(20, 60, random_state=0)
    model = LassoRegressorCV(criterion="aic", eps=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.fit(X, y)
    n_nonzero = np.count_nonzero(model.coef_path_, axis=0)
    assert n_nonzero.max() == 19
    assert np.isinf(model.criterion_[n_nonzero >= 19]).all()
    assert np.isfinite(model.criterion_[n_nonzero < 19]).all()
