"""Scikit-learn's models with the coefficients of ours."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import regkit

rng = np.random.default_rng(0)
X = rng.normal(size=(80, 4))
ETA = X @ [1.0, -0.5, 0.0, 0.0]
NUMBERS = ETA + rng.normal(size=80)
LABELS = np.array(["no", "yes"])[(NUMBERS > 0).astype(int)]
THREE = np.array(["a", "b", "c"])[np.digitize(NUMBERS, [-0.5, 0.5])]
COUNTS = rng.poisson(np.exp(ETA)) + 1.0
WEIGHT = rng.random(80)

MODELS = {
    "Lasso": (regkit.LassoRegressor(0.1), NUMBERS),
    "Lasso, two targets": (regkit.LassoRegressor(0.1), np.column_stack([NUMBERS, ETA])),
    "LassoCV": (regkit.LassoRegressorCV(alphas=10, rule="1se"), NUMBERS),
    "ElasticNet": (regkit.ElasticNetRegressor(0.1, standardize=True), NUMBERS),
    "ElasticNetCV": (
        regkit.ElasticNetRegressorCV(alphas=10, l1_ratio=[0.3, 0.8]),
        NUMBERS,
    ),
    "Ridge": (regkit.RidgeRegressor(), NUMBERS),
    "RidgeCV": (regkit.RidgeRegressorCV(), np.column_stack([NUMBERS, ETA + NUMBERS])),
    "Logistic": (regkit.LogisticClassifier(l1_ratio=0.0), LABELS),
    "Logistic, mixed": (regkit.LogisticClassifier(l1_ratio=0.5), LABELS),
    "LogisticCV": (regkit.LogisticClassifierCV(alphas=10), LABELS),
    "SVM": (regkit.LinearSVMClassifier(), LABELS),
    "SVM, three classes": (regkit.LinearSVMClassifier(), THREE),
    "SVMCV": (regkit.LinearSVMClassifierCV(alphas=10), LABELS),
    "Poisson": (regkit.GeneralizedLinearRegressor(l1_ratio=0.0), COUNTS),
    "Gamma": (regkit.GeneralizedLinearRegressor(family="gamma"), COUNTS),
    "Tweedie": (regkit.GeneralizedLinearRegressor(family="tweedie"), COUNTS),
    "PoissonCV": (regkit.GeneralizedLinearRegressorCV(alphas=10), COUNTS),
}
pytestmark = pytest.mark.filterwarnings("ignore:.*at the edge of the grid")
every_model = pytest.mark.parametrize("name", MODELS)


def fitted(name, data=X):
    model, y = MODELS[name]
    return clone(model).fit(data, y, sample_weight=WEIGHT), y


@every_model
def test_it_predicts_the_same(name):
    ours, y = fitted(name)
    theirs = ours.to_sklearn()
    assert type(theirs).__module__.startswith("sklearn.")
    for method in ("predict", "decision_function", "predict_proba"):
        if hasattr(ours, method):
            expected = getattr(ours, method)(X)
            found = getattr(theirs, method)(X)
            assert found.shape == expected.shape
            if expected.dtype.kind == "f":
                assert found == pytest.approx(expected, rel=1e-12)
            else:
                assert np.array_equal(found, expected)
    assert theirs.score(X, y, WEIGHT) == pytest.approx(ours.score(X, y, WEIGHT))
    theirs.coef_[:] = 0  # a copy
    assert np.any(ours.coef_)


@pytest.mark.parametrize(
    "name", ["Lasso", "ElasticNet", "Ridge", "Logistic", "Poisson", "RidgeCV"]
)
def test_fitted_anew_it_solves_the_same_problem(name):
    model, y = MODELS[name]
    options = {} if name.startswith("Ridge") else {"tol": 1e-13}
    if name == "ElasticNet":
        options["standardize"] = False
    ours = clone(model).set_params(**options).fit(X, y, sample_weight=WEIGHT)
    theirs = clone(ours.to_sklearn())
    if "tol" in theirs.get_params():
        theirs.set_params(tol=1e-10, max_iter=10_000)
    theirs.fit(X, y, sample_weight=WEIGHT)
    assert theirs.coef_ == pytest.approx(ours.coef_, abs=1e-4)


def test_names_and_labels_are_kept():
    frame = pd.DataFrame(X, columns=list("abcd"))
    ours, _ = fitted("Logistic", frame)
    theirs = ours.to_sklearn()
    assert theirs.feature_names_in_.tolist() == list("abcd")
    assert theirs.classes_.tolist() == ["no", "yes"]
    assert theirs.n_iter_.dtype == np.int32
    assert set(theirs.predict(frame)) == {"no", "yes"}


def test_not_before_fit():
    with pytest.raises(NotFittedError):
        regkit.LogisticClassifier().to_sklearn()
    with pytest.raises(NotFittedError):
        regkit.LassoRegressor().to_sklearn()


@every_model
def test_onnx(name):
    skl2onnx = pytest.importorskip("skl2onnx", reason="in the dev extra only")
    runtime = pytest.importorskip("onnxruntime", reason="in the dev extra only")
    ours, _ = fitted(name)
    rows = X.astype(np.float32)
    exported = skl2onnx.to_onnx(ours.to_sklearn(), rows[:1])
    session = runtime.InferenceSession(
        exported.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    found = session.run(None, {session.get_inputs()[0].name: rows})[0]
    expected = ours.predict(rows)
    if expected.dtype.kind == "f":
        assert found.reshape(expected.shape) == pytest.approx(expected, rel=1e-4)
    else:
        assert np.mean(found == expected) > 0.98  # float32 may decide otherwise


@pytest.mark.parametrize("name", MODELS)
def test_parameters_print_as_plain_numbers(name):
    model, target = MODELS[name]
    assert "np." not in repr(clone(model).fit(X, target).to_sklearn())
