"""Every path says how much of the deviance its models explain: by formulas alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from regkit import (
    ElasticNetRegressorCV,
    GeneralizedLinearRegressorCV,
    LassoRegressorCV,
    LinearSVMClassifierCV,
    LogisticClassifierCV,
    RowChunks,
    enet_path,
    glm_path,
    logistic_path,
)
from tests.loss_formulas import make_loss

FORMS = {
    "dense": lambda X: X,
    "sparse": sparse.csr_array,
    "chunks": lambda X: RowChunks(X, chunk_rows=7),
}
KINDS = ("squares", "logistic", "multinomial", "poisson", "gamma", "tweedie")


def target_of(kind, eta, rng):
    """A target that the loss takes, and that has every class."""
    if kind == "squares":
        return eta + rng.normal(size=len(eta))
    if kind == "logistic":
        return (eta + rng.logistic(size=len(eta)) > np.median(eta)).astype(float)
    if kind == "multinomial":
        return np.argsort(np.argsort(eta + rng.normal(size=len(eta)))) % 3
    if kind == "gamma":
        return rng.gamma(2.0, np.exp(0.3 * eta)) + 1e-3
    return rng.poisson(np.exp(0.3 * eta)).astype(float) + (np.arange(len(eta)) == 0)


def mean_loss(kind, y, eta, weight):
    """The weighted mean loss above the least there is, by its formula."""
    weight = weight / weight.sum()
    if kind == "squares":
        return weight @ (y[:, None] - eta) ** 2
    loss = make_loss(kind, n_classes=3)
    target = loss.encode(y)
    least = 0.0
    if kind in ("poisson", "gamma", "tweedie"):
        with np.errstate(divide="ignore"):  # a count of zero has no finite predictor
            best = loss.value(target, np.maximum(np.log(target), -700.0))
        least = weight @ best
    return weight @ loss.value(target, eta) - least


def null_predictor(kind, y, weight):
    """The intercept of the model without features."""
    mean = np.average(y, weights=weight)
    if kind == "squares":
        return np.array([[mean]])
    if kind == "logistic":
        return np.log([[mean / (1.0 - mean)]])
    if kind == "multinomial":
        return np.log([[np.average(y == k, weights=weight) for k in range(3)]])
    return np.log([[mean]])


@given(data=st.data())
def test_the_share_is_that_of_the_formulas(data):
    kind = data.draw(st.sampled_from(KINDS))
    form = data.draw(st.sampled_from(sorted(FORMS)))
    n, p = data.draw(st.sampled_from([(30, 3), (40, 12), (20, 30)]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**16)))
    X = rng.normal(size=(n, p)) + data.draw(st.sampled_from([0.0, 3.0]))
    y = target_of(kind, X[:, :3] @ [1.0, -1.0, 0.5], rng)
    weight = rng.uniform(0.2, 2.0, n) if data.draw(st.booleans()) else np.ones(n)
    has_intercept = data.draw(st.booleans())
    options = {
        "n_alphas": 6,
        "eps": data.draw(st.sampled_from([1e-1, 1e-2])),
        "l1_ratio": data.draw(st.sampled_from([1.0, 0.5])),
        "standardize": data.draw(st.booleans()),
        "bounds": data.draw(st.sampled_from([None, (-0.1, 0.2)])),
        "fit_intercept": has_intercept,
        "sample_weight": None if np.all(weight == 1.0) else weight,
        "tol": 1e-10,
    }
    if kind == "squares":
        solve = enet_path
        if data.draw(st.booleans()):
            options["solver"] = "coordinate_descent"
            options["max_iter"] = 10**5
    elif kind in ("logistic", "multinomial"):
        solve = logistic_path
        may_group = form != "chunks" and options["bounds"] is None
        if kind == "multinomial" and may_group and data.draw(st.booleans()):
            options["multinomial_penalty"] = "grouped"
    else:
        solve = glm_path
        options |= {"family": kind, "power": 1.5}
    path = solve(FORMS[form](X), y, **options)
    shares = []
    null = null_predictor(kind, y, weight) if has_intercept else np.zeros((1, 1))
    outputs = 3 if kind == "multinomial" else 1
    null = mean_loss(kind, y, np.zeros((n, outputs)) + null, weight)
    for k in range(len(path.alphas)):
        coef = np.atleast_2d(path.coefs[..., k])
        eta = X @ coef.T + path.intercepts[k]
        shares.append(1.0 - mean_loss(kind, y, eta, weight) / null)
    expected = np.ravel(shares)
    assert path.explained_deviance == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert np.all(np.diff(path.explained_deviance) > -1e-9)


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("shape", [(40, 3), (60, 600)])
def test_so_it_is_where_alpha_is_chosen(form, shape):
    rng = np.random.default_rng(0)
    X = rng.normal(size=shape)
    eta = X[:, :3] @ [1.0, -1.0, 0.5]
    y = target_of("squares", eta, rng)
    labels, counts = y > 0.0, target_of("poisson", eta, rng)
    given = FORMS[form](X)
    options = {"alphas": 8, "eps": 1e-3, "cv": 3, "standardize": True}
    models = [
        (LassoRegressorCV(relaxed=0.5, **options), y),
        (ElasticNetRegressorCV(**options), y),
        (LogisticClassifierCV(**options), labels),
        (GeneralizedLinearRegressorCV(**options), counts),
    ]
    for model, target in models:
        path = model.fit(given, target).path_
        eta = X @ path.coefs + path.intercepts
        kind = {"f": "squares", "b": "logistic"}[target.dtype.kind]
        kind = "poisson" if target is counts else kind
        y, ones = target.astype(float), np.ones(len(target))
        null = null_predictor(kind, y, ones)
        if kind == "squares":
            left = mean_loss(kind, y, eta, ones)
        else:
            left = [mean_loss(kind, y, column[:, None], ones) for column in eta.T]
        expected = 1.0 - np.ravel(left) / mean_loss(
            kind, y, null + 0 * eta[:, :1], ones
        )
        assert path.explained_deviance == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("loss", ["squared_hinge", "hinge"])
def test_support_vector_machines_explain_a_share_of_their_loss(loss):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    y = np.where(X[:, 0] + rng.normal(size=60) > 0.0, 1.0, -1.0)
    path = LinearSVMClassifierCV(loss=loss, alphas=8, cv=3).fit(X, y).path_
    formula, level = make_loss(loss), np.linspace(-1.0, 1.0, 4001)
    target = formula.encode(y)
    null = min(formula.value(target, np.full((60, 1), z)).mean() for z in level)
    eta = X @ path.coefs + path.intercepts
    left = [formula.value(target, column[:, None]).mean() for column in eta.T]
    expected = 1.0 - np.array(left) / null
    assert path.explained_deviance == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("shape", [(30, 4), (30, 600), (700, 600)])
@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_smooth_penalties_explain_as_much(shape, form):
    rng = np.random.default_rng(0)
    X = rng.normal(size=shape) * (rng.uniform(size=shape) < 0.3)
    y = X[:, 0] + rng.normal(size=shape[0])
    least = 0.0 if shape[0] > shape[1] else 1e-6  # or the answer is not unique
    alphas = [1.0, 0.1, 1e-3, least]
    path = enet_path(FORMS[form](X), y, l1_ratio=0.0, alphas=alphas)
    left = (y[:, None] - X @ path.coefs - path.intercepts) ** 2
    expected = 1.0 - left.sum(axis=0) / np.sum((y - y.mean()) ** 2)
    assert path.explained_deviance == pytest.approx(expected, abs=1e-8)


def test_a_constant_target_has_nothing_to_explain():
    path = enet_path(np.eye(4), np.full(4, 0.3), alphas=[1.0, 0.5])
    np.testing.assert_array_equal(path.explained_deviance, 0.0)
