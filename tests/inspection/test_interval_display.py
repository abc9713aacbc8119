"""The picture of intervals: the band, who lies outside, and the coverage."""

from statistics import NormalDist

import numpy as np
import pytest
from sklearn.linear_model import BayesianRidge, Ridge

from regkit import (
    DropoutMLPRegressor,
    PredictionIntervalDisplay,
    make_house_prices,
)
from tests.inspection.figures import assert_no_text_overlaps, assert_texts_inside

Y = np.array([1.0, 5.0, 2.0, 9.0])
MEAN = np.array([1.5, 4.0, 2.5, 3.0])


def test_coverage_and_misses():
    display = PredictionIntervalDisplay.from_predictions(
        Y, MEAN, MEAN - 1, MEAN + 1, coverage=0.9
    )
    assert display.coverage_ == 0.75
    # Ranks of the predictions: 1, 4, 2, 3; the last row lies outside.
    np.testing.assert_array_equal(display.misses_.get_offsets(), [[3, 9]])
    np.testing.assert_array_equal(
        display.points_.get_offsets(), [[1, 1], [4, 5], [2, 2]]
    )
    np.testing.assert_array_equal(display.line_.get_ydata(), np.sort(MEAN))
    legend = [t.get_text() for t in display.ax_.get_legend().get_texts()]
    assert legend == [
        "prediction",
        "90% interval",
        "inside: 3 of 4 (75%)",
        "outside: 1",
    ]


def test_bars_stand_at_their_rows():
    x = np.array([3.0, 1.0, 2.0, 1.0])
    display = PredictionIntervalDisplay.from_predictions(
        Y, MEAN, MEAN - 1, MEAN + 2, x=x, kind="bars"
    )
    bars = {tuple(np.ravel(s)) for s in display.band_.get_segments()}
    assert bars == {(a, m - 1, a, m + 2) for a, m in zip(x, MEAN, strict=True)}


@pytest.fixture(scope="module")
def houses():
    return make_house_prices(400, as_frame=True, return_X_y=True)


def test_a_standard_deviation_becomes_a_normal_interval(houses):
    X, y = houses
    model = BayesianRidge().fit(X[:200], y[:200])
    display = PredictionIntervalDisplay.from_estimator(
        model, X[200:], y[200:], coverage=0.8
    )
    mean, std = model.predict(X[200:], return_std=True)
    reach = NormalDist().inv_cdf(0.9) * std
    np.testing.assert_allclose(display.upper, mean + reach)
    inside = np.abs(y[200:] - mean) <= reach
    assert display.coverage_ == inside.mean()
    assert display.ax_.get_ylabel() == "price"
    assert_no_text_overlaps(display.figure_)
    assert_texts_inside(display.figure_)


def test_along_one_of_several_columns_each_row_has_its_own_bar(houses):
    X, y = houses
    model = BayesianRidge().fit(X, y)
    display = PredictionIntervalDisplay.from_estimator(model, X, y, feature="area")
    assert display.kind == "bars"
    assert display.ax_.get_xlabel() == "area"
    np.testing.assert_array_equal(display.x, X["area"])


def test_regkits_own_network(houses):
    X, y = houses
    network = DropoutMLPRegressor((8,), max_iter=20, random_state=0).fit(X, y)
    display = PredictionIntervalDisplay.from_estimator(network, X, y, coverage=0.7)
    lower, upper = network.predict_interval(X, coverage=0.7)
    np.testing.assert_array_equal(display.lower, lower)
    np.testing.assert_array_equal(display.upper, upper)
    assert display.coverage_ == np.mean((lower <= y) & (y <= upper))


class WithInterval:
    """What a network of regkit offers."""

    def predict(self, X):
        return 2 * np.asarray(X)[:, 0]

    def predict_interval(self, X, coverage):
        mean = self.predict(X)
        return mean - 10 * coverage, mean + 10 * coverage


def test_a_single_column_gets_a_smooth_band_beyond_the_data():
    X = np.arange(10.0)[:, None]
    display = PredictionIntervalDisplay.from_estimator(
        WithInterval(), X, X[:, 0], coverage=0.5, grid_range=(-5, 15)
    )
    assert display.line_.get_xdata()[[0, -1]].tolist() == [-5, 15]
    np.testing.assert_array_equal(display.lower, 2 * X[:, 0] - 5)
    assert display.coverage_ == 0.6
    low = display.band_.get_paths()[0].vertices[:, 1].min()
    assert low == -15


def test_mistakes_are_named():
    X = np.arange(4.0)[:, None]
    with pytest.raises(TypeError, match="must have predict_interval"):
        PredictionIntervalDisplay.from_estimator(Ridge().fit(X, Y), X, Y)
    with pytest.raises(ValueError, match="coverage must lie strictly in"):
        PredictionIntervalDisplay.from_estimator(WithInterval(), X, Y, coverage=90)
    with pytest.raises(ValueError, match="lower must have the shape of y"):
        PredictionIntervalDisplay.from_predictions(Y, MEAN, [1.0], MEAN)
    with pytest.raises(ValueError, match="lower must not be above upper"):
        PredictionIntervalDisplay.from_predictions(Y, MEAN, MEAN + 1, MEAN)
    with pytest.raises(ValueError, match="kind must be 'band' or 'bars'"):
        PredictionIntervalDisplay.from_predictions(Y, MEAN, MEAN, MEAN, kind="box")


def test_a_single_row_is_a_bar():
    display = PredictionIntervalDisplay.from_predictions(
        [1.0], [1.1], [0.5], [1.5], coverage=0.9
    )
    assert display.line_.get_marker() == "_"
    (bar,) = display.band_.get_segments()
    np.testing.assert_array_equal(bar[:, 1], [0.5, 1.5])


def test_one_of_several_targets():
    class Model:
        def predict(self, X):
            return np.column_stack([X[:, 0], 10 * X[:, 0]])

        def predict_interval(self, X, coverage):
            return self.predict(X) - 1, self.predict(X) + 1

    X = np.linspace(0, 1, 20)[:, None]
    Y = np.column_stack([X[:, 0], 10 * X[:, 0] + np.where(X[:, 0] > 0.5, 2, 0)])
    display = PredictionIntervalDisplay.from_estimator(Model(), X, Y, target=1)
    np.testing.assert_array_equal(display.y, Y[:, 1])
    assert display.coverage_ == 0.5
    assert display.ax_.get_ylabel() == "y1"
    with pytest.raises(ValueError, match="target=2 is not a column of y, which has 2"):
        PredictionIntervalDisplay.from_estimator(Model(), X, Y, target=2)
