"""The picture of fits: the data, a curve for each model, a y axis that stays put."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures

from regkit import FitComparisonDisplay, LassoRegressor, RidgeRegressor
from tests.inspection.figures import assert_no_text_overlaps, assert_texts_inside

RNG = np.random.default_rng(0)
X = np.sort(RNG.uniform(-1, 1, 20))[:, None]
Y = np.sin(3 * X[:, 0]) + 0.2 * RNG.standard_normal(20)


def polynomial(model):
    return make_pipeline(PolynomialFeatures(8, include_bias=False), model)


MODELS = {
    "least squares": polynomial(RidgeRegressor(0)),
    "L1": polynomial(LassoRegressor(0.01)),
    "L2": polynomial(RidgeRegressor(0.1)),
}


def test_one_curve_a_model_at_its_predictions():
    display = FitComparisonDisplay.from_estimators(
        MODELS, X, Y, truth=lambda x: np.sin(3 * x)
    )
    assert list(display.lines_) == list(MODELS)
    fitted = polynomial(RidgeRegressor(0.1)).fit(X, Y)
    line = display.lines_["L2"]
    np.testing.assert_allclose(
        line.get_ydata(), fitted.predict(np.asarray(line.get_xdata())[:, None])
    )
    np.testing.assert_array_equal(
        display.points_.get_offsets(), np.column_stack([X[:, 0], Y])
    )
    np.testing.assert_allclose(display.truth_.get_ydata(), np.sin(3 * display.grid))
    legend = [t.get_text() for t in display.ax_.get_legend().get_texts()]
    assert legend == ["data", "truth", *MODELS]
    assert_no_text_overlaps(display.figure_)
    assert_texts_inside(display.figure_)


def test_the_given_models_stay_unfitted():
    FitComparisonDisplay.from_estimators(MODELS, X, Y)
    assert not hasattr(MODELS["L2"][-1], "coef_")


def test_fitted_models_are_not_fitted_again():
    model = RidgeRegressor().fit(X, 2 * Y)
    display = FitComparisonDisplay.from_estimators(model, X, Y)
    expected = model.predict(display.grid[:, None])
    np.testing.assert_allclose(display.curves["RidgeRegressor"], expected)


def test_a_wild_curve_does_not_flatten_the_data():
    class Wild(RegressorMixin, BaseEstimator):
        def fit(self, X, y):
            self.is_fitted_ = True
            return self

        def predict(self, X):
            return 1e6 * X[:, 0] ** 3

    display = FitComparisonDisplay.from_estimators(
        [Wild(), Wild()], X, Y, grid_range=(-2, 2)
    )
    low, high = display.ax_.get_ylim()
    assert high - low < 1.5 * np.ptp(Y)
    assert list(display.curves) == ["Wild", "Wild (2)"]
    assert (display.grid[0], display.grid[-1]) == (-2, 2)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_other_columns_of_a_frame_are_held(frame):
    data = {
        "size": np.arange(12.0),
        "age": np.arange(12.0) ** 2 % 7,
        "town": ["a", "b", "b"] * 4,
    }
    y = data["size"] * 2 + data["age"] + (np.array(data["town"]) == "a")
    rows = frame(data)
    encoder = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["town"]), remainder="passthrough"
    )
    model = make_pipeline(encoder, RidgeRegressor(1e-8)).fit(rows, y)
    display = FitComparisonDisplay.from_estimators(
        {"ridge": model}, rows, pd.Series(y, name="price"), feature="size"
    )
    at_b = display.grid * 2 + data["age"].mean()
    np.testing.assert_allclose(display.curves["ridge"], at_b, atol=1e-5)
    assert display.ax_.get_xlabel() == "size"
    assert display.ax_.get_ylabel() == "price"


def test_mistakes_are_named():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 0.0]})
    model = RidgeRegressor().fit(frame, [1.0, 2.0])
    with pytest.raises(ValueError, match="is not a column of X, which has a, b"):
        FitComparisonDisplay.from_estimators(model, frame, [1.0, 2.0], feature="c")
    with pytest.raises(ValueError, match="feature=2 is not a column of X, which has 2"):
        FitComparisonDisplay.from_estimators(model, frame, [1.0, 2.0], feature=2)
    with pytest.raises(TypeError, match="X must be dense"):
        FitComparisonDisplay.from_estimators(model, sp.csr_array(frame), [1.0, 2.0])
    with pytest.raises(ValueError, match="must be a 2D array"):
        FitComparisonDisplay.from_estimators(model, [1.0, 2.0], [1.0, 2.0])


def test_one_of_several_targets():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"size $": rng.uniform(size=30)})
    Y = pd.DataFrame({"rent": 2 * X["size $"], "noise": 1 - X["size $"]})
    display = FitComparisonDisplay.from_estimators(RidgeRegressor(0.1), X, Y, target=1)
    np.testing.assert_array_equal(display.y, Y["noise"])
    alone = RidgeRegressor(0.1).fit(X, Y["noise"])
    grid = pd.DataFrame({"size $": display.grid})
    np.testing.assert_allclose(display.curves["RidgeRegressor"], alone.predict(grid))
    assert display.ax_.get_ylabel() == "noise"
    assert not display.ax_.xaxis.label.get_parse_math()
    with pytest.raises(ValueError, match="target=2 is not a column of y, which has 2"):
        FitComparisonDisplay.from_estimators(RidgeRegressor(), X, Y, target=2)


@pytest.mark.parametrize("name", ["y", "truth", "curves"])
def test_arrays_that_do_not_fit_are_named(name):
    arrays = {"y": np.zeros(3), "truth": np.zeros(5), "curves": np.zeros(5)}
    arrays[name] = np.zeros(4)
    arrays["curves"] = {"L1": arrays["curves"]}
    with pytest.raises(ValueError, match=rf"{name}.* must have the shape of "):
        FitComparisonDisplay(x=np.zeros(3), grid=np.zeros(5), **arrays)
