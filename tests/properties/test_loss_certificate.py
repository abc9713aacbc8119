"""The judge of classification and counts is itself judged, without the package."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn.linear_model import (
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    TweedieRegressor,
)

from tests.loss_certificate import certify_loss
from tests.loss_formulas import make_loss
from tests.loss_optimum import reference_optimum
from tests.loss_problem import state

LOSSES = ["logistic", "multinomial", "poisson", "gamma", "tweedie", "squared_hinge"]
OPTIONS = {
    "plain": {},
    "weights and offset": {"l1_ratio": 0.5, "sample_weight": True, "offset": True},
    "factors and bounds": {
        "penalty_factor": [1.0, 0.0, np.inf, 2.0],
        "bounds": (-0.3, 0.4),
        "standardize": True,
    },
    "no intercept": {"l1_ratio": 0.0, "fit_intercept": False},
}


def problem(loss, seed=0, n_samples=40):
    """X and a y that the loss takes."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, 4))
    eta = X @ [1.0, -1.0, 0.5, 0.0]
    targets = {
        "logistic": lambda: (eta + rng.logistic(size=n_samples) > 0).astype(int),
        "squared_hinge": lambda: (eta + rng.normal(size=n_samples) > 0).astype(int),
        "multinomial": lambda: np.argmax(
            X[:, :3] + rng.gumbel(size=(n_samples, 3)), axis=1
        ),
        "poisson": lambda: rng.poisson(np.exp(eta)),
        "gamma": lambda: rng.gamma(2.0, np.exp(eta)),
        "tweedie": lambda: np.maximum(rng.gamma(0.5, np.exp(eta)) - 0.2, 0.0),
    }
    return X, targets[loss]()


def completed(options, n_samples=40):
    """The options with weights, some zero, and offsets filled in."""
    rng = np.random.default_rng(1)
    options = {"alpha": 0.05, **options}
    if options.get("sample_weight"):
        options["sample_weight"] = rng.integers(0, 3, size=n_samples).astype(float)
        options["offset"] = rng.normal(scale=0.3, size=n_samples)
    return options


@pytest.mark.parametrize("name", [*LOSSES, "hinge"])
def test_formulas_against_finite_differences_and_conjugates(name):
    loss = make_loss(name, n_classes=3)
    rng = np.random.default_rng(0)
    y = loss.encode(problem(name if name != "hinge" else "squared_hinge")[1][:8])
    z = rng.normal(size=y.shape)
    gradient, step = loss.gradient(y, z), 1e-6
    assert loss.fenchel_young(y, z, gradient) == pytest.approx(0.0, abs=1e-14)
    for k in range(y.shape[1]):
        move = np.zeros_like(z)
        move[:, k] = step
        slope = (loss.value(y, z + move) - loss.value(y, z - move)) / (2 * step)
        assert slope == pytest.approx(gradient[:, k], abs=1e-8)
        bend = (loss.gradient(y, z + move) - loss.gradient(y, z - move)) / (2 * step)
        assert bend == pytest.approx(loss.hessian(y, z)[:, :, k], abs=1e-8)
    if y.shape[1] > 1:
        return
    for row in range(len(y)):
        target, inner = y[row : row + 1], 0.5 * gradient[row : row + 1]

        def below(t, target=target, inner=inner):
            return float(loss.value(target, np.array([[t]]))[0] - inner[0, 0] * t)

        conjugate = -minimize_scalar(
            below, bounds=(-60, 60), method="bounded", options={"xatol": 1e-10}
        ).fun
        at = float(loss.value(target, z[row : row + 1])[0] - inner[0, 0] * z[row, 0])
        found = loss.fenchel_young(target, z[row : row + 1], inner)[0]
        assert found == pytest.approx(at + conjugate, abs=1e-7)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_gap_bounds_suboptimality_and_vanishes_at_the_optimum(loss, options):
    X, y = problem(loss)
    options = completed(options)
    coef, intercept = reference_optimum(loss, X, y, **options)
    optimum = certify_loss(loss, X, y, coef, intercept, **options)
    assert optimum.relative_gap <= 1e-12
    rng = np.random.default_rng(2)
    stated = state(loss, X, y, **options)
    for size in (1e-6, 1e-3, 0.1):
        moved = coef + size * rng.normal(size=coef.shape) * (coef != 0)
        moved = np.clip(moved, stated.lower, stated.upper)
        level = intercept + size * rng.normal() * stated.fit_intercept
        found = certify_loss(loss, X, y, moved, level, **options)
        worse = found.primal - optimum.primal
        assert worse - 1e-14 <= found.gap
        assert found.gap <= (1 + 1e-9) * worse + 1e-13


def test_grouped_penalty():
    X, y = problem("multinomial")
    options = {"alpha": 0.05, "l1_ratio": 0.9, "grouped": True}
    coef, intercept = reference_optimum("multinomial", X, y, **options)
    found = certify_loss("multinomial", X, y, coef, intercept, **options)
    assert found.relative_gap <= 1e-12
    moved = certify_loss("multinomial", X, y, coef * 1.01, intercept, **options)
    worse = moved.primal - found.primal
    assert worse - 1e-14 <= moved.gap <= (1 + 1e-9) * worse + 1e-13


@pytest.mark.parametrize(
    ("loss", "peer"),
    [
        ("poisson", PoissonRegressor(solver="newton-cholesky", tol=1e-12)),
        ("gamma", GammaRegressor(solver="newton-cholesky", tol=1e-12)),
        ("tweedie", TweedieRegressor(power=1.5, link="log", tol=1e-12)),
    ],
)
def test_agrees_with_scikit_learn_on_counts(loss, peer):
    X, y = problem(loss)
    weight = np.random.default_rng(3).random(len(y))
    peer.set_params(alpha=0.1, max_iter=10_000).fit(X, y, weight)
    found = certify_loss(
        loss,
        X,
        y,
        peer.coef_,
        peer.intercept_,
        alpha=0.1,
        l1_ratio=0.0,
        sample_weight=weight,
    )
    assert found.relative_gap <= 1e-8


@pytest.mark.parametrize("loss", ["logistic", "multinomial"])
def test_agrees_with_scikit_learn_on_classes(loss):
    X, y = problem(loss)
    peer = LogisticRegression(C=2.0, tol=1e-12, max_iter=10_000).fit(X, y)
    options = {"alpha": 1 / (2.0 * len(y)), "l1_ratio": 0.0}
    found = certify_loss(loss, X, y, peer.coef_, peer.intercept_, **options)
    assert found.relative_gap <= 1e-10
