"""Several classes at once: coefficients, groups, offsets and paths."""

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier

from regkit import LogisticClassifier, LogisticClassifierCV, logistic_path
from tests.loss_certificate import certify_loss

WEIGHT = np.random.default_rng(0).random(150)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_agrees_with_multinomial_regression(weight):
    data, y = load_iris(return_X_y=True)
    labels = np.array(["setosa", "versicolor", "virginica"])[y]
    total = 150 if weight is None else weight.sum()
    ours = LogisticClassifier(1 / total, l1_ratio=0.0, tol=1e-13)
    theirs = LogisticRegression(tol=1e-12, max_iter=10_000)
    ours.fit(data, labels, sample_weight=weight)
    theirs.fit(data, labels, sample_weight=weight)
    for name in ("coef_", "intercept_"):
        found, expected = getattr(ours, name), getattr(theirs, name)
        assert found.shape == expected.shape
        assert found == pytest.approx(expected, abs=1e-4)
    for name in ("predict_proba", "predict_log_proba", "decision_function"):
        expected = getattr(theirs, name)(data)
        assert getattr(ours, name)(data) == pytest.approx(expected, abs=1e-4)
    assert ours.coef_.sum(axis=0) == pytest.approx(0.0, abs=1e-5)
    assert np.ndim(ours.dual_gap_) == 0
    assert ours.to_sklearn().predict_proba(data) == pytest.approx(
        ours.predict_proba(data)
    )


def test_one_versus_rest_is_not_multinomial():
    """Celer and skglm call the one the other: the probabilities differ."""
    data, y = load_iris(return_X_y=True)
    model = LogisticClassifier(0.01, tol=1e-12).fit(data, y)
    found = certify_loss(
        "multinomial", data, y, model.coef_, model.intercept_, alpha=0.01
    )
    assert found.relative_gap <= 1e-11
    rest = OneVsRestClassifier(LogisticClassifier(0.01)).fit(data, y)
    assert np.abs(model.predict_proba(data) - rest.predict_proba(data)).max() > 0.01


GROUPED = {"multinomial_penalty": "grouped"}


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_a_column_for_all_classes_or_for_none(l1_ratio):
    """The objective is glmnet's with ``type.multinomial = "grouped"``."""
    data, y = load_iris(return_X_y=True)
    alpha = 0.35 / l1_ratio
    options = {"alpha": alpha, "l1_ratio": l1_ratio, "standardize": True}
    model = LogisticClassifier(**options, **GROUPED, tol=1e-12).fit(data, y)
    used = model.coef_.any(axis=0)
    assert 0 < used.sum() < 4
    assert model.coef_[:, used].all()
    found = certify_loss(
        "multinomial", data, y, model.coef_, model.intercept_, grouped=True, **options
    )
    assert found.relative_gap <= 1e-12
    spread = data.std(axis=0)
    norms = np.linalg.norm(model.coef_ * spread, axis=0)
    size = l1_ratio * norms + (1 - l1_ratio) / 2 * norms**2
    decision = model.decision_function(data)
    likelihood = log_softmax(decision, axis=1)[np.arange(150), y]
    assert found.primal == pytest.approx(-likelihood.mean() + alpha * size.sum())
    path = logistic_path(data, y, l1_ratio=l1_ratio, standardize=True, **GROUPED)
    assert path.coef_at(path.alphas[5]).any(axis=0).sum() < 4
    assert not path.coefs[..., 0].any()


def test_grouped_choice_of_alpha():
    data, y = load_iris(return_X_y=True)
    model = LogisticClassifierCV(alphas=8, eps=1e-5, cv=3, tol=1e-13, **GROUPED).fit(
        data, y
    )
    alone = LogisticClassifier(model.alpha_, tol=1e-13, **GROUPED).fit(data, y)
    assert model.coef_ == pytest.approx(alone.coef_, abs=1e-4)
    search = GridSearchCV(alone, {"alpha": model.alphas_}, cv=3, scoring="neg_log_loss")
    errors = -search.fit(data, y).cv_results_["mean_test_score"]
    assert model.cv_error_ == pytest.approx(errors, abs=1e-6)


def test_grouped_takes_no_bounds():
    data, y = load_iris(return_X_y=True)
    for limit in ({"positive": True}, {"bounds": (-1, 1)}):
        with pytest.raises(ValueError, match="no bounds with multinomial_penalty="):
            LogisticClassifier(**limit, **GROUPED).fit(data, y)
    # Two classes have one coefficient: there is nothing to group.
    two = data[y < 2], y[y < 2]
    grouped = LogisticClassifier(bounds=(-1, 1), **GROUPED).fit(*two)
    np.testing.assert_array_equal(
        grouped.coef_, LogisticClassifier(bounds=(-1, 1)).fit(*two).coef_
    )


def test_an_offset_for_each_class():
    data, y = load_iris(return_X_y=True)
    shift = np.random.default_rng(1).normal(size=(150, 3))
    model = LogisticClassifier(0.01, tol=1e-12).fit(data, y, offset=shift)
    found = certify_loss(
        "multinomial",
        data,
        y,
        model.coef_,
        model.intercept_,
        alpha=0.01,
        offset=shift,
    )
    assert found.relative_gap <= 1e-11
    assert model.decision_function(data, shift) == pytest.approx(
        model.decision_function(data) + shift
    )
    with pytest.raises(ValueError, match=r"per row of X and class \(3 classes\)"):
        model.fit(data, y, offset=shift[:, 0])


def test_a_multinomial_path():
    data, y = load_iris(return_X_y=True)
    path = logistic_path(data, y, n_alphas=8, eps=0.01, tol=1e-12)
    assert path.coefs.shape == (3, 4, 8)
    assert path.intercepts.shape == (8, 3)
    assert path.n_features_in_ == 4
    for k, model in enumerate(
        LogisticClassifier(tol=1e-12).fit_path(data, y, path.alphas)
    ):
        alpha = path.alphas[k]
        assert path.coef_at(alpha) == pytest.approx(model.coef_, abs=1e-5)
        assert path.intercept_at(alpha) == pytest.approx(model.intercept_, abs=1e-5)
        found = path.predict_proba(data, alpha)
        assert found == pytest.approx(model.predict_proba(data), abs=1e-5)
        assert np.array_equal(path.predict(data, alpha), model.predict(data))
    every = path.predict_proba(data)
    assert every.shape == (150, 8, 3)
    assert every[:, 3] == pytest.approx(path.predict_proba(data, path.alphas[3]))
    assert path.coef_at(path.alphas[:2]).shape == (3, 4, 2)
    assert path.predict(data).shape == (150, 8)
