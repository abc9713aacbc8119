"""Displays print what they show, and are a small table in a notebook."""

import numpy as np
import pytest

import regkit
from regkit.inspection import (
    AlphaSelectionDisplay,
    FitComparisonDisplay,
    LossCurveDisplay,
    PenaltyGeometryDisplay,
    PredictedActualDisplay,
    PredictionIntervalDisplay,
    RegularizationPathDisplay,
)


@pytest.fixture(scope="module")
def houses():
    pytest.importorskip("pandas")
    return regkit.make_house_prices(60, n_irrelevant=2, return_X_y=True, as_frame=True)


def text_of(display):
    """What is printed, which HTML says too."""
    text, page = repr(display), display._repr_html_()
    name, _, facts = text.removesuffix(")").partition("(")
    assert name == type(display).__name__
    assert f"<caption>{name}</caption>" in page
    for fact in facts.split("; "):
        title, _, value = fact.partition(": ")
        assert f"<tr><th>{title}</th><td>{value}</td></tr>" in page
    return facts


def test_displays_of_linear_models(houses):
    X, y = houses
    model = regkit.LassoRegressorCV(standardize=True, cv=3).fit(X, y)
    at = np.flatnonzero(model.alphas_ == model.alpha_)[0]
    text = text_of(AlphaSelectionDisplay.from_estimator(model))
    assert "error: held-out mean squared error" in text
    assert f"chosen alpha: {model.alpha_:.4g}" in text
    assert f"error at chosen alpha: {model.cv_error_[at]:.4g}" in text
    assert f"standard error: {model.cv_error_se_[at]:.4g}" in text
    text = text_of(RegularizationPathDisplay.from_estimator(model))
    ends = model.path_.alphas[[0, -1]]
    assert f"alphas: 100, {ends[0]:.4g} to {ends[1]:.4g}" in text
    assert f"nonzero: 0 to {model.path_.n_nonzero[-1]}" in text
    text = text_of(PredictedActualDisplay.from_estimator(model, X, y))
    assert text == f"target: price; rows: 60; R2: {model.score(X, y):.3f}"
    text = text_of(PenaltyGeometryDisplay.from_data(X[["area", "lot"]], y))
    assert text.startswith("coefficients of: area and lot; least squares: ")
    models = [regkit.LassoRegressor(alpha) for alpha in (1.0, 9.0)]
    text = text_of(FitComparisonDisplay.from_estimators(models, X, y, feature="area"))
    assert text.startswith("column: area; target: price; rows: 60; models: ")


def test_displays_of_networks(houses):
    X, y = houses
    network = regkit.DropoutMLPRegressor(max_iter=3, random_state=0).fit(X, y)
    text = text_of(LossCurveDisplay.from_estimator(network))
    assert f"epochs: {network.n_iter_}" in text
    assert "validation loss at best epoch: " in text
    text = text_of(PredictionIntervalDisplay.from_estimator(network, X, y))
    assert text.startswith("target: price; rows: 60; interval: 90%; inside: ")


def test_the_display_of_a_comparison():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    found = regkit.compare_regularizers(
        X, X[:, 0] + rng.normal(size=60), n_folds=3, networks=False, baseline=False
    )
    text = text_of(found.plot())
    assert text.startswith("error: root mean squared error; Least squares: ")
    assert text.endswith(f"recommended: {found.recommended}")
