"""Information criteria for classes and counts, and degrees of freedom."""

from math import comb

import numpy as np
import pytest
from sklearn.metrics import mean_poisson_deviance

from regkit import (
    GeneralizedLinearRegressorCV,
    LinearSVMClassifierCV,
    LogisticClassifier,
    LogisticClassifierCV,
)
from tests.linear_model.classes_and_counts import (
    ALPHAS,
    CASES,
    COUNTS,
    TIGHT,
    WEIGHT,
    N,
    X,
    Y,
)

# Grids of three alphas, to compare with searches: the best one may be at an end.
pytestmark = pytest.mark.filterwarnings("ignore:.*at the edge of the grid")


def negative_log_likelihood(model, y, weight):
    if isinstance(model, LogisticClassifier):
        return np.sum(
            weight * -np.log(model.predict_proba(X)[np.arange(N), (y == "yes") * 1])
        )
    return (
        np.sum(weight)
        / 2
        * mean_poisson_deviance(y, model.predict(X), sample_weight=weight)
    )


@pytest.mark.parametrize("criterion", ["aic", "bic", "ebic"])
@pytest.mark.parametrize("name", ["logistic", "poisson"])
def test_information_criteria(name, criterion):
    kind, single, y, _ = CASES[name]
    model = kind(alphas=ALPHAS, criterion=criterion, **TIGHT).fit(X, y, WEIGHT)
    n = WEIGHT.sum()
    for i, alpha in enumerate(ALPHAS):
        alone = single(alpha, **TIGHT).fit(X, y, WEIGHT)
        d = np.count_nonzero(alone.coef_)
        k = d + 1
        value = 2 * negative_log_likelihood(alone, y, WEIGHT)
        value += k * (2 if criterion == "aic" else np.log(n))
        if criterion == "ebic":
            value += 2 * np.log(comb(8, d))
        assert model.criterion_[i] == pytest.approx(value, rel=1e-7)
    assert not hasattr(model, "cv_error_")


def test_degrees_of_freedom_with_an_l2_penalty():
    """The trace of the matrix that a working response is mapped to its fit with."""
    alpha, l1_ratio = 0.1, 0.5
    model = LogisticClassifierCV(
        alphas=[alpha], l1_ratio=l1_ratio, criterion="aic", **TIGHT
    ).fit(X, Y)
    single = LogisticClassifier(alpha, l1_ratio=l1_ratio, **TIGHT).fit(X, Y)
    probability = single.predict_proba(X)[:, 1]
    w = probability * (1 - probability) / N
    active = single.coef_[0] != 0
    Z = np.column_stack([X[:, active], np.ones(N)])
    hessian = (Z.T * w) @ Z
    penalty = np.diag([*[alpha * (1 - l1_ratio)] * active.sum(), 0.0])
    df = np.trace(np.linalg.solve(hessian + penalty, hessian))
    value = 2 * negative_log_likelihood(single, Y, np.ones(N)) + 2 * df
    assert model.criterion_[0] == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("criterion", ["aic", "ebic"])
def test_more_columns_than_rows_and_an_l2_penalty(criterion):
    """Solved in the space of the rows; all columns are in the model."""
    wide, counts, alpha = X[:6], COUNTS[:6], 3.0
    options = {"family": "poisson", "l1_ratio": 0.0, **TIGHT}
    model = GeneralizedLinearRegressorCV(alphas=[alpha], criterion=criterion, **options)
    model.fit(wide, counts)
    mean = model.predict(wide)
    Z = np.column_stack([wide, np.ones(6)])
    hessian = (Z.T * mean) @ Z / 6
    df = np.trace(np.linalg.solve(hessian + np.diag([*[alpha] * 8, 0.0]), hessian))
    value = 6 * mean_poisson_deviance(counts, mean) + 2 * df
    if criterion == "ebic":
        value += (np.log(6) - 2) * df
    assert model.criterion_[0] == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("criterion", ["aic", "bic", "ebic"])
def test_information_criteria_of_several_classes(criterion):
    labels = np.arange(N) % 3
    options = {"penalty_factor": np.array([0.0, *[1.0] * 7]), **TIGHT}
    model = LogisticClassifierCV(alphas=ALPHAS, criterion=criterion, **options)
    model.fit(X, labels, WEIGHT)
    n = WEIGHT.sum()
    for i, alpha in enumerate(ALPHAS):
        alone = LogisticClassifier(alpha, **options).fit(X, labels, WEIGHT)
        d = np.count_nonzero(alone.coef_[:, 1:])
        k = d + 2 + 2  # and of intercepts and unpenalized coefficients two of three
        likelihood = alone.predict_log_proba(X)[np.arange(N), labels]
        value = -2 * WEIGHT @ likelihood + k * (2 if criterion == "aic" else np.log(n))
        if criterion == "ebic":
            value += 2 * np.log(comb(21, d))
        assert model.criterion_[i] == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize("kind", ["separate", "grouped"])
@pytest.mark.parametrize("standardize", [True, False])
def test_degrees_of_freedom_of_several_classes(kind, standardize):
    """The trace of the matrix that a working response is mapped to its fit with."""
    alpha, l1_ratio, labels = 0.05, 0.7, np.argmax(X[:, :3] + X[:, 3:6], axis=1)
    options = {
        "l1_ratio": l1_ratio,
        "standardize": standardize,
        "multinomial_penalty": kind,
        **TIGHT,
    }
    model = LogisticClassifierCV(alphas=[alpha], criterion="aic", **options)
    model.fit(X, labels)
    single = LogisticClassifier(alpha, **options).fit(X, labels)
    spread = X.std(axis=0) if standardize else np.ones(8)
    classes, columns = np.nonzero(single.coef_)
    assert 0 < len(set(columns)) < 8
    P = single.predict_proba(X)
    # One column per coefficient and intercept, one block of rows per class.
    blocks = np.zeros((3, N, len(columns) + 3))
    for e, (k, j) in enumerate(zip(classes, columns, strict=True)):
        blocks[k, :, e] = X[:, j] / spread[j]
    for k in range(3):
        blocks[k, :, len(columns) + k] = 1.0
    mean = np.einsum("ik,kie->ie", P, blocks)
    centered = blocks - mean
    hessian = np.einsum("ik,kie,kif->ef", P, centered, centered) / N
    penalty = np.zeros_like(hessian)
    B = single.coef_ * spread
    for e, (k, j) in enumerate(zip(classes, columns, strict=True)):
        penalty[e, e] += alpha * (1 - l1_ratio)
        if kind == "grouped":
            norm = np.linalg.norm(B[:, j])
            penalty[e, e] += alpha * l1_ratio / norm
            for f in np.flatnonzero(columns == j):
                bend = B[k, j] * B[classes[f], j] / norm**3
                penalty[e, f] -= alpha * l1_ratio * bend
    df = np.trace(np.linalg.pinv(hessian + penalty, rcond=1e-12) @ hessian)
    likelihood = single.predict_log_proba(X)[np.arange(N), labels]
    value = -2 * likelihood.sum() + 2 * df
    assert model.criterion_[0] == pytest.approx(value, rel=1e-7)


@pytest.mark.parametrize(
    "model",
    [
        LinearSVMClassifierCV(criterion="aic"),
        GeneralizedLinearRegressorCV(criterion="bic", family="gamma"),
    ],
    ids=["svm", "gamma"],
)
def test_criteria_need_a_likelihood(model):
    y = COUNTS + 0.5 if isinstance(model, GeneralizedLinearRegressorCV) else Y
    with pytest.raises(ValueError, match="has no likelihood for criterion="):
        model.fit(X, y)
