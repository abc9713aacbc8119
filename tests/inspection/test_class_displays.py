"""Pictures of classifiers and of regressions of counts."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import regkit
from tests.inspection.figures import assert_no_text_overlaps, assert_texts_inside

pytestmark = pytest.mark.filterwarnings("ignore:.*at the edge of the grid")
rng = np.random.default_rng(0)
X = pd.DataFrame(rng.normal(size=(80, 3)), columns=["age", "size", "noise"])
ETA = X["age"] - X["size"]
Y = np.where(ETA + rng.logistic(size=80) > 0, "yes", "no")
COUNTS = rng.poisson(np.exp(ETA / 2))


def test_the_path_of_a_classifier():
    data = load_breast_cancer(as_frame=True)
    path = regkit.logistic_path(data.data, data.target, n_alphas=30, standardize=True)
    display = regkit.RegularizationPathDisplay.from_path(path, X=data.data)
    assert display.coefs.shape[1] == 30
    assert_no_text_overlaps(display.figure_)
    assert_texts_inside(display.figure_)


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (regkit.LogisticClassifier(0.05), Y),
        (regkit.LogisticClassifier(0.05, l1_ratio=0.0), Y),
        (regkit.LinearSVMClassifier(0.05, l1_ratio=1.0), Y),
        (regkit.GeneralizedLinearRegressor(0.05), COUNTS),
    ],
    ids=["logistic", "l2", "svm", "counts"],
)
def test_the_path_that_an_estimator_lies_on(model, y):
    display = regkit.RegularizationPathDisplay.from_estimator(model, X, y, n_alphas=20)
    assert display.alpha == 0.05
    assert set(display.feature_names) <= {"age", "size", "noise"}
    k = int(np.argmin(np.abs(display.alphas - 0.05)))
    alone = model.set_params(alpha=display.alphas[k]).fit(X, y)
    scaled = np.abs(alone.coef_.ravel() * X.std(ddof=0).to_numpy())
    assert np.abs(display.coefs[:, k]).max() == pytest.approx(scaled.max(), rel=1e-3)


def test_a_pipeline_and_a_twin():
    piped = make_pipeline(StandardScaler(), regkit.LogisticClassifierCV(alphas=10)).fit(
        X, Y
    )
    display = regkit.RegularizationPathDisplay.from_estimator(piped)
    assert display.alpha == piped[-1].alpha_
    assert display.coefs.shape == (3, 10)


def test_each_of_several_classes_has_a_path():
    data, y = load_iris(return_X_y=True)
    model = regkit.LinearSVMClassifierCV(alphas=10).fit(data, y)
    for k in range(3):
        display = regkit.RegularizationPathDisplay.from_estimator(model, target=k)
        assert np.array_equal(display.coefs, model.coef_path_[k])
    with pytest.raises(ValueError, match="target=3 is not the number of a class"):
        regkit.RegularizationPathDisplay.from_estimator(model, target=3)
    joint = regkit.LogisticClassifierCV(alphas=5).fit(data, y)
    display = regkit.RegularizationPathDisplay.from_estimator(joint, target=1)
    assert np.array_equal(display.coefs, joint.coef_path_[1])
    display = regkit.RegularizationPathDisplay.from_estimator(
        regkit.LogisticClassifier(0.01), data, y, n_alphas=5, target=2
    )
    assert display.coefs.shape == (4, 5)
    path = joint.path_
    display = path.plot(target=1)
    used = joint.coef_path_[1].any(axis=1)
    assert np.array_equal(display.coefs, joint.coef_path_[1][used])
    assert display.ax_.get_ylabel().startswith("1:\n")
    with pytest.raises(ValueError, match="target=3 is not the number of a class"):
        path.plot(target=3)
    frame = path.to_frame()
    assert np.array_equal(frame["intercept[1]"], path.intercepts[:, 1])
    for name in frame.columns[5:]:
        row = joint.coef_path_[int(name[3]), int(name[1])]
        assert np.array_equal(frame[name], row)
    single = regkit.LinearSVMClassifier(l1_ratio=1.0)
    display = regkit.RegularizationPathDisplay.from_estimator(single, data, y, target=2)
    assert display.coefs.shape == (4, 100)
    with pytest.raises(ValueError, match="target=5 is not one of the 3 problems"):
        regkit.RegularizationPathDisplay.from_estimator(single, data, y, target=5)


def test_a_class_or_a_target_is_named():
    data, y = load_iris(return_X_y=True)
    y = np.array(["setosa", "versicolor", "virginica"])[y]
    draw = regkit.RegularizationPathDisplay.from_estimator
    fitted = regkit.LogisticClassifierCV(alphas=5).fit(data, y)
    for display in (
        draw(fitted, target="virginica"),
        draw(fitted.set_params(alphas=5), data, y, target="virginica"),
        fitted.path_.plot(target="virginica"),
        draw(regkit.LinearSVMClassifier(l1_ratio=1.0), data, y, target="virginica"),
    ):
        assert display.class_name == "virginica"
    assert np.array_equal(draw(fitted, target="virginica").coefs, fitted.coef_path_[2])
    with pytest.raises(ValueError, match="'virginca' is not one of the"):
        fitted.path_.plot(target="virginca")
    both = pd.DataFrame({"low": ETA, "high": 2 * ETA})
    ridge = regkit.RidgeRegressor()
    by_name, by_number = (draw(ridge, X, both, target=k) for k in ("high", 1))
    assert np.array_equal(by_name.coefs, by_number.coefs)
    curve = regkit.FitComparisonDisplay.from_estimators(ridge, X, both, target="high")
    assert curve.y_name == "high"
    with pytest.raises(ValueError, match="no names here: pass a number"):
        draw(ridge, X, both.to_numpy(), target="high")


@pytest.mark.parametrize(
    ("model", "y", "words"),
    [
        (regkit.LogisticClassifierCV(alphas=10), Y, "held-out log-loss"),
        (
            regkit.LogisticClassifierCV(alphas=10, scoring="accuracy"),
            Y,
            "held-out accuracy",
        ),
        (
            regkit.LinearSVMClassifierCV(alphas=10),
            Y,
            "held-out mean squared hinge loss",
        ),
        (
            regkit.GeneralizedLinearRegressorCV(alphas=10),
            COUNTS,
            "held-out mean deviance",
        ),
        (regkit.LogisticClassifierCV(alphas=10, criterion="bic"), Y, "BIC"),
    ],
    ids=["log-loss", "accuracy", "hinge", "deviance", "bic"],
)
def test_the_choice_of_alpha(model, y, words):
    display = regkit.AlphaSelectionDisplay.from_estimator(model.fit(X, y))
    assert display.ax_.get_ylabel() == words
    assert display.alpha == model.alpha_
    assert_no_text_overlaps(display.figure_)


def test_the_choice_for_several_classes():
    data, y = load_iris(return_X_y=True)
    model = regkit.LinearSVMClassifierCV(alphas=10).fit(data, y)
    display = regkit.AlphaSelectionDisplay.from_estimator(model)
    assert display.n_nonzero.max() <= 4


@pytest.mark.parametrize("method", ["decision_function", "predict_proba", "predict"])
def test_boundaries_between_classes(method):
    model = regkit.LogisticClassifier().fit(X[["age", "size"]], Y)
    display = DecisionBoundaryDisplay.from_estimator(
        model, X[["age", "size"]], response_method=method, grid_resolution=5
    )
    assert display.response.shape == (5, 5)
