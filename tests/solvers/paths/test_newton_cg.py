"""L2 penalties on many rows and columns, by products: judged from outside."""

import numpy as np
import pytest
import scipy.sparse as sp

from regkit.designs import make_design
from regkit.solvers.losses import GAMMA, LOGISTIC, POISSON, SQUARED_HINGE
from regkit.solvers.paths import newton_cg
from regkit.solvers.problem import Penalty
from regkit.solvers.solve_loss import solve_loss_path
from regkit.solvers.solve_multinomial import solve_multinomial_path
from tests.loss_certificate import certify_loss

FORMS = {"C": np.ascontiguousarray, "F": np.asfortranarray, "sparse": sp.csc_array}
LOSSES = {"logistic": LOGISTIC, "poisson": POISSON, "gamma": GAMMA, "multinomial": None}
ALPHAS = np.array([1.0, 0.1, 1e-3])


@pytest.fixture
def few_are_many(monkeypatch):
    monkeypatch.setattr(newton_cg, "_FEW", 0)
    monkeypatch.setattr(newton_cg, "_FEW_SPARSE", 0)
    monkeypatch.setattr(newton_cg, "_MOST", 0)


def table(shape, name, scale=1.0):
    rng = np.random.default_rng(0)
    X = scale * rng.normal(size=shape) * (rng.random(shape) < 0.6)
    X[:, 3] = 0.0
    n = shape[0]
    targets = {
        "logistic": rng.integers(0, 2, n),
        "multinomial": np.arange(n) % 3,
        "poisson": rng.poisson(1.0, n),
        "gamma": rng.gamma(2.0, 1.0, n),
    }
    return X, targets[name]


@pytest.mark.usefixtures("few_are_many")
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_solutions_are_certified(name, form, scale):
    is_wide = scale > 1.0
    X, y = table((20, 50) if is_wide else (60, 10), name, scale)
    n, p = X.shape
    rng = np.random.default_rng(1)
    options = {"fit_intercept": True, "standardize": not is_wide}
    weight = np.ones(n)
    offset, factor = None, np.ones(p)
    if not is_wide:
        weight = np.r_[0.0, rng.uniform(0.5, 2.0, n - 1)]
        factor = rng.choice([0.5, 1.0, np.inf], p)
        offset = 0.3 * rng.normal(size=(n, 3) if name == "multinomial" else n)
    options["fit_intercept"] = form != "F"
    design = make_design(FORMS[form](X), weight, **options)
    penalty, alphas = Penalty.build(p, 0.0, factor), scale * ALPHAS
    if name == "multinomial":
        found = solve_multinomial_path(
            design, y, 3, penalty, alphas, offset=offset, tol=1e-12
        )
    else:
        found = solve_loss_path(
            design, LOSSES[name], 1.0 * y, penalty, alphas, offset=offset, tol=1e-12
        )
    assert found.solver == "newton+conjugate_gradient"
    assert np.all(found.converged)
    for k, alpha in enumerate(alphas):
        certificate = certify_loss(
            name,
            X,
            y,
            found.dense()[k],
            found.intercepts[k],
            alpha=alpha,
            l1_ratio=0.0,
            sample_weight=weight,
            offset=offset,
            penalty_factor=factor,
            **options,
        )
        noise = 1e-14 * (certificate.null_deviance + abs(certificate.primal))
        own = np.ravel(found.dual_gaps[k])[0]
        assert certificate.gap <= 1.01 * own + noise
        assert own <= 1e-12 * certificate.null_deviance


def text(n, p):
    rng = np.random.default_rng(0)
    words = (p * rng.random((n, 20)) ** 3).astype(int)
    X = sp.csr_array(
        (rng.random(20 * n), words.ravel(), 20 * np.arange(n + 1)), shape=(n, p)
    )
    X.sum_duplicates()
    scores = X @ rng.normal(size=p) + 0.3 * rng.normal(size=n)
    return X, (scores > np.median(scores)).astype(float)


def test_thousands_of_rows_and_columns_need_no_gram_matrix():
    """One of 7,000 rows would take 0.4 GB, its eigenvectors a quarter of an hour."""
    X, y = text(7000, 9000)
    design, penalty = make_design(X), Penalty.build(9000, 0.0)
    for loss, labels in ((LOGISTIC, y), (SQUARED_HINGE, 2.0 * y - 1.0)):
        found = solve_loss_path(design, loss, labels, penalty, np.array([1e-3]))
        assert found.solver == "newton+conjugate_gradient"
        assert found.converged[0]


def test_gram_matrices_stay_where_products_are_dearer_or_no_way():
    X, y = text(40, 30)
    penalty = Penalty.build(30, 0.0)
    found = solve_loss_path(make_design(X), LOGISTIC, y, penalty, np.array([1e-3]))
    assert found.solver == "newton"


@pytest.mark.usefixtures("few_are_many")
def test_what_products_cannot_solve_goes_the_other_way(monkeypatch):
    monkeypatch.setattr(newton_cg, "_MOST", 100)
    monkeypatch.setattr(newton_cg, "_MOST_PRODUCTS", 1)
    X, y = table((60, 10), "logistic", 100.0)
    penalty, alphas = Penalty.build(10, 0.0), np.array([1e-3])
    found = solve_loss_path(
        make_design(X), LOGISTIC, 1.0 * y, penalty, alphas, max_iter=2
    )
    assert found.solver == "newton"


@pytest.mark.usefixtures("few_are_many")
def test_nothing_to_explain_is_explained():
    X, _ = table((60, 10), "logistic")
    found = solve_loss_path(
        make_design(X), POISSON, np.full(60, 2.0), Penalty.build(10, 0.0), ALPHAS
    )
    assert not found.columns().any()
    assert np.all(found.converged)
