"""Support vector machines with the hinge loss itself."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.preprocessing import scale
from sklearn.svm import SVC

from regkit import LinearSVMClassifier, LinearSVMClassifierCV


def test_hinge_is_scikit_learns_support_vector_machine():
    X, y = load_breast_cancer(return_X_y=True)
    X, alpha = scale(X), 0.01
    mine = LinearSVMClassifier(alpha, loss="hinge").fit(X, y)
    theirs = SVC(kernel="linear", C=1 / (alpha * len(y)), tol=1e-8).fit(X, y)
    np.testing.assert_allclose(mine.coef_, theirs.coef_, atol=1e-3)
    np.testing.assert_array_equal(mine.predict(X), theirs.predict(X))


def test_several_classes_and_columns_left_out():
    X, y = load_iris(return_X_y=True)
    model = LinearSVMClassifier(0.01, loss="hinge", l1_ratio=1.0).fit(X, y)
    assert model.coef_.shape == (3, 4)
    assert np.any(model.coef_ == 0.0)
    assert model.score(X, y) > 0.9


def test_cross_validation_by_held_out_hinge():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)[::3]
    model = LinearSVMClassifierCV(
        loss="hinge", alphas=[0.3, 0.1, 0.03, 0.003, 1e-4], cv=3
    )
    model.fit(X, y[::3])
    assert 1e-4 < model.alpha_ < 0.3
    assert model.score(X, y[::3]) > 0.9


def test_unknown_loss_is_refused():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="'loss' parameter of LinearSVMClassifier"):
        LinearSVMClassifier(loss="huber").fit(X, y)
