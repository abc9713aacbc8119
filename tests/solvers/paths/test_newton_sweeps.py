"""Losses on working sets too large for a factor, by coordinate descent."""

import numpy as np
import pytest
import scipy.sparse as sp

from regkit.designs import make_design
from regkit.solvers.losses import LOGISTIC, POISSON, SQUARED_HINGE
from regkit.solvers.paths import newton_model, newton_sweeps
from regkit.solvers.paths.newton_sweeps import SweptSteps
from regkit.solvers.paths.swept_model import SweptModel
from regkit.solvers.problem import Penalty
from regkit.solvers.solve_loss import loss_alpha_grid, solve_loss_path
from tests.loss_certificate import certify_loss

LOSSES = {"logistic": LOGISTIC, "poisson": POISSON, "squared_hinge": SQUARED_HINGE}
SWEPT = "newton+coordinate_descent"

pytestmark = pytest.mark.usefixtures("working_sets_of_few_columns")


def problem(name="logistic", n=50, p=120, dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)) * (rng.random((n, p)) < 0.2)
    eta = X @ (rng.normal(size=p) * (rng.random(p) < 0.1))
    y = 1.0 * (eta + rng.logistic(size=n) > 0)
    if name == "poisson":
        y = rng.poisson(np.exp(np.clip(eta, -2, 2))).astype(float)
    return X.astype(dtype), y


def solve(X, y, name="logistic", share=0.01, tol=1e-10, l1_ratio=0.9, **penalty):
    design, loss = make_design(X), LOSSES[name]
    labels = 2.0 * y - 1.0 if name == "squared_hinge" else y
    terms = Penalty.build(X.shape[1], l1_ratio, **penalty)
    alpha = share * loss_alpha_grid(design, loss, labels, terms, 1)
    return alpha[0], solve_loss_path(design, loss, labels, terms, alpha, tol=tol)


def gap(X, y, name, alpha, found, l1_ratio=0.9, **options):
    coef, intercept = found.dense()[0], found.intercepts[0]
    dense = X.toarray() if sp.issparse(X) else X
    options = {"alpha": alpha, "l1_ratio": l1_ratio, **options}
    judged = certify_loss(name, dense, y, coef, intercept, **options)
    assert judged.gap <= 1.01 * found.dual_gaps[0] + 1e-14 * judged.null_deviance
    return judged.gap / judged.null_deviance


@pytest.fixture
def swept_from_the_start(monkeypatch):
    monkeypatch.setattr(newton_sweeps, "_FEWEST", 0)
    monkeypatch.setattr(SweptSteps, "_tried_from", 0.0)


@pytest.mark.usefixtures("swept_from_the_start")
@pytest.mark.parametrize(
    "form", [np.asfortranarray, np.ascontiguousarray, sp.csc_array]
)
@pytest.mark.parametrize("name", LOSSES)
def test_sweeps_are_certified(name, form):
    X, y = problem(name)
    alpha, found = solve(form(X), y, name)
    assert found.solver == SWEPT
    assert gap(X, y, name, alpha, found) <= 1e-10


@pytest.mark.usefixtures("swept_from_the_start")
@pytest.mark.parametrize("form", [np.asfortranarray, sp.csc_array])
def test_boxes_and_columns_without_a_penalty(form):
    X, y = problem(dtype=np.float32)
    factor = np.ones(X.shape[1])
    factor[:3] = 0.0
    factor[3:6] = np.inf
    box = {"lower": -0.05, "upper": 0.1}
    alpha, found = solve(form(X), y, factor=factor, **box)
    assert found.solver == SWEPT
    bounds = (box["lower"], box["upper"])
    options = {"penalty_factor": factor, "bounds": bounds}
    assert gap(X, y, "logistic", alpha, found, **options) <= 1e-10
    coef = found.dense()[0]
    assert coef.min() == -0.05
    assert coef.max() == 0.1


def test_large_working_sets_are_swept_by_themselves():
    """Gram matrices and factors would take ten times as long."""
    rng = np.random.default_rng(0)
    n, p = 500, 1000
    columns = rng.integers(0, p, (n, 5))
    X = sp.csr_array(
        (np.ones(5 * n), columns.ravel(), 5 * np.arange(n + 1)), shape=(n, p)
    ).tocsc()
    y = 1.0 * (X @ rng.normal(size=p) > 0)
    alpha, found = solve(X, y, share=1e-3, l1_ratio=0.05, tol=1e-20)
    assert found.solver == SWEPT
    assert np.count_nonzero(found.dense()) > 800
    judged = certify_loss(
        "logistic",
        X,
        y,
        found.dense()[0],
        found.intercepts[0],
        alpha=alpha,
        l1_ratio=0.05,
        goal=1e-7,
    )
    assert judged.relative_gap <= 1e-7
    assert found.dual_gaps[0] <= 1e-13 * judged.null_deviance


def test_more_columns_than_memory_is_for_are_swept(monkeypatch):
    monkeypatch.setattr(newton_model, "MOST_COLUMNS", 32)
    monkeypatch.setattr(newton_sweeps, "MOST_COLUMNS", 32)
    X, y = problem()
    alpha, found = solve(sp.csc_array(X), y)
    assert found.solver == SWEPT
    assert np.count_nonzero(found.dense()) > 32
    assert gap(X, y, "logistic", alpha, found) <= 1e-10


@pytest.mark.usefixtures("swept_from_the_start")
def test_sweeps_that_cost_too_much_hand_back(monkeypatch):
    monkeypatch.setattr(newton_sweeps, "_BUDGET", 0.0)
    monkeypatch.setattr(newton_sweeps, "_TRIAL", 1)
    before = []
    leave = SweptSteps._leave_sweeps
    monkeypatch.setattr(
        SweptSteps, "_leave_sweeps", lambda self: before.append(1) or leave(self)
    )
    X, y = problem()
    alpha, found = solve(sp.csc_array(X), y)
    assert before
    assert gap(X, y, "logistic", alpha, found) <= 1e-10


@pytest.mark.usefixtures("swept_from_the_start")
def test_columns_are_dropped_once_an_alpha(monkeypatch):
    """Rough solutions would drop and admit the same few again and again."""
    drops, form = [], SweptModel.form

    def counted(self, *rest):
        before = self.size
        form(self, *rest)
        drops.append(before - self.size)

    monkeypatch.setattr(SweptModel, "form", counted)
    X, y = problem()
    design, penalty = make_design(sp.csc_array(X)), Penalty.build(X.shape[1], 0.9)
    alphas = loss_alpha_grid(design, LOGISTIC, y, penalty, 8, 0.01)
    found = solve_loss_path(design, LOGISTIC, y, penalty, alphas)
    assert found.solver == SWEPT
    assert np.all(found.converged)
    # Far steps are made in two.
    assert 0 < np.count_nonzero(drops) <= 2 * len(alphas)
