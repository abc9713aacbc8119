"""Fits without a finite optimum: refused, with the columns that are to blame."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from regkit import GeneralizedLinearRegressor, LogisticClassifier, logistic_path

rng = np.random.default_rng(0)
N = 40
noise = rng.normal(size=(N, 2))
Y = rng.integers(0, 2, size=N)
SEPARATING = np.where(Y == 1, 1.0, -1.0) * rng.uniform(0.5, 1.5, size=N)
# Zero in most rows, and of one class where it is not: quasi-complete separation.
QUASI = np.where((Y == 1) & (np.arange(N) % 4 == 0), 1.0, 0.0)


@pytest.mark.parametrize("column", [SEPARATING, QUASI], ids=["complete", "quasi"])
@pytest.mark.parametrize("store", [np.asarray, sp.csc_matrix])
def test_separated_classes_are_refused_without_a_penalty(column, store):
    X = store(np.column_stack([noise, column]))
    with pytest.raises(ValueError, match=r"no finite optimum with alpha=0.*column 2"):
        LogisticClassifier(alpha=0.0).fit(X, Y)


def test_columns_are_named():
    X = pd.DataFrame({"age": noise[:, 0], "size": noise[:, 1], "leak": QUASI})
    with pytest.raises(ValueError, match=r"unpenalized column 'leak' the classes are"):
        LogisticClassifier(alpha=0.0).fit(X, Y)


def test_an_unpenalized_column_alone_separates():
    X = np.column_stack([noise, SEPARATING])
    model = LogisticClassifier(alpha=0.1, penalty_factor=[1.0, 1.0, 0.0])
    with pytest.raises(ValueError, match=r"penalty_factor=0.*column 2"):
        model.fit(X, Y)
    model.set_params(penalty_factor=[0.0, 1.0, 1.0]).fit(X, Y)  # another one does not


def test_a_bound_makes_the_optimum_finite():
    X = np.column_stack([noise, SEPARATING])
    model = LogisticClassifier(alpha=0.0, bounds=([-9, -9, 0], [9, 9, 5.0])).fit(X, Y)
    assert model.coef_[0, 2] == 5.0


def test_a_penalty_makes_the_optimum_finite():
    X = np.column_stack([noise, SEPARATING])
    for alpha in (1e-2, 1e-4, 1e-6):
        model = LogisticClassifier(alpha=alpha).fit(X, Y)
        assert model.score(X, Y) == 1.0
        assert np.isfinite(model.predict_log_proba(X)).all()


def test_paths_are_refused_at_their_end():
    X = np.column_stack([noise, SEPARATING])
    logistic_path(X, Y, alphas=[0.1, 0.01])
    with pytest.raises(ValueError, match=r"logistic_path has no finite optimum"):
        logistic_path(X, Y, alphas=[0.1, 0.0])


def test_overlapping_classes_have_an_optimum():
    y = (noise[:, 0] + rng.logistic(size=N) > 0).astype(int)
    model = LogisticClassifier(alpha=0.0, tol=1e-12).fit(noise, y)
    slope = noise.T @ (y - model.predict_proba(noise)[:, 1])
    assert np.abs(slope).max() <= 1e-5


def test_rows_of_weight_zero_do_not_count():
    weight = np.ones(N)
    flipped = Y.copy()
    flipped[0] = 1 - Y[0]
    X = np.column_stack([noise, SEPARATING])
    LogisticClassifier(alpha=0.0).fit(X[:, :2], flipped)
    weight[0] = 0.0
    with pytest.raises(ValueError, match="column 2"):
        LogisticClassifier(alpha=0.0).fit(X, flipped, weight)


def test_several_classes_separate_too():
    three = rng.integers(0, 3, size=N)
    X = np.column_stack([noise, three == 2])
    with pytest.raises(ValueError, match="column 2 the classes are separated"):
        LogisticClassifier(alpha=0.0).fit(X, three)
    LogisticClassifier(alpha=0.0).fit(noise, three)
    LogisticClassifier(alpha=1e-5).fit(X, three)


def test_zero_counts_separate_too():
    """Statsmodels #1512: a column that is nonzero only where y is 0."""
    y = rng.poisson(2.0, size=N)
    y[:5] = 0
    only_zeros = np.zeros(N)
    only_zeros[:5] = 1.0
    X = np.column_stack([noise, only_zeros])
    for family in ("poisson", "tweedie"):
        model = GeneralizedLinearRegressor(alpha=0.0, family=family)
        with pytest.raises(ValueError, match=r"column 2 the expected values of rows"):
            model.fit(X, y)
        model.fit(X[:, :2], y)


def test_a_refused_fit_leaves_the_estimator():
    X = np.column_stack([noise, SEPARATING])
    model = LogisticClassifier(alpha=0.1).fit(X, Y)
    before = dict(model.__dict__, alpha=0.0)
    with pytest.raises(ValueError, match="no finite optimum"):
        model.set_params(alpha=0.0).fit(X, Y)
    assert model.__dict__ == before
