"""The picture of a choice of alpha: the curve, its band, and the marks."""

import numpy as np
import pytest
from sklearn.linear_model import ElasticNetCV, Lasso, LassoCV, RidgeCV
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from regkit import (
    AlphaSelectionDisplay,
    ElasticNetRegressorCV,
    LassoRegressor,
    LassoRegressorCV,
    RidgeRegressorCV,
    lasso_path,
    make_house_prices,
)
from tests.inspection.figures import assert_no_text_overlaps, assert_texts_inside


@pytest.fixture(scope="module")
def houses():
    return make_house_prices(120, n_irrelevant=12, return_X_y=True)


class Stored:
    """What a fitted cross-validated estimator of regkit looks like."""

    def __init__(self, **attributes):
        vars(self).update(attributes)


def one_standard_error_rule(alphas, mean, se):
    """The textbook's, written as a loop."""
    lowest = min(range(len(mean)), key=lambda i: (mean[i], -alphas[i]))
    allowed = [
        a for a, m in zip(alphas, mean, strict=True) if m <= mean[lowest] + se[lowest]
    ]
    return alphas[lowest], max(allowed)


def test_curve_band_and_marks_of_lasso_cv(houses):
    model = LassoCV(cv=4).fit(*houses)
    display = AlphaSelectionDisplay.from_estimator(model)
    mean = model.mse_path_.mean(axis=1)
    se = model.mse_path_.std(axis=1, ddof=1) / 2
    np.testing.assert_allclose(display.line_.get_ydata(), mean)
    np.testing.assert_array_equal(display.line_.get_xdata(), model.alphas_)
    corners = display.band_.get_paths()[0].vertices
    assert corners[:, 1].min() == pytest.approx((mean - se).min())
    assert corners[:, 1].max() == pytest.approx((mean + se).max())
    at_min, at_1se = one_standard_error_rule(model.alphas_, mean, se)
    assert display.marks_["minimum"].get_xdata()[0] == at_min == model.alpha_
    assert display.marks_["1-SE"].get_xdata()[0] == at_1se > at_min
    assert display.threshold_.get_ydata()[0] == pytest.approx(
        (mean + se)[mean.argmin()]
    )
    assert display.top_axis_ is None
    assert "mean squared error" in display.ax_.get_ylabel()
    assert_no_text_overlaps(display.figure_)
    assert_texts_inside(display.figure_)


def test_of_several_l1_ratios_the_chosen_one_is_drawn(houses):
    model = ElasticNetCV(l1_ratio=[0.2, 0.9], cv=3).fit(*houses)
    k = [0.2, 0.9].index(model.l1_ratio_)
    display = AlphaSelectionDisplay.from_estimator(model)
    np.testing.assert_allclose(display.errors, model.mse_path_[k].mean(axis=1))
    np.testing.assert_array_equal(display.alphas, model.alphas_[k])
    assert display.alpha_min == model.alpha_


def test_ridge_cv_with_its_left_out_rows(houses):
    alphas = np.logspace(-2, 3, 20)
    model = RidgeCV(alphas, store_cv_results=True).fit(*houses)
    display = AlphaSelectionDisplay.from_estimator(model)
    assert display.alpha_min == display.alpha == model.alpha_
    np.testing.assert_array_equal(display.alphas, alphas[::-1])
    n = len(houses[1])
    expected = model.cv_results_.std(axis=0, ddof=1)[::-1] / np.sqrt(n)
    np.testing.assert_allclose(display.standard_errors, expected)


@pytest.mark.parametrize("stacked", [False, True])
def test_a_regkit_estimator_with_counts_on_top(houses, stacked):
    X, y = houses
    path = lasso_path(X, y, n_alphas=30)
    error = (np.log(path.alphas) - 1.0) ** 2 + 5
    attributes = {
        "alphas_": path.alphas,
        "cv_error_": error,
        "cv_error_se_": np.full(30, 0.4),
        "coef_path_": path.coefs,
        "alpha_": 2.5,
        "alpha_min_": path.alphas[error.argmin()],
        "alpha_1se_": 6.0,
    }
    if stacked:  # two l1_ratio, the second chosen
        attributes |= {"l1_ratio": [0.1, 0.7], "l1_ratio_": 0.7}
        for name in ("alphas_", "cv_error_", "cv_error_se_"):
            attributes[name] = np.stack([attributes[name] * 3, attributes[name]])
    display = AlphaSelectionDisplay.from_estimator(Stored(**attributes))
    np.testing.assert_array_equal(display.errors, error)
    np.testing.assert_array_equal(display.n_nonzero, path.n_nonzero)
    assert display.marks_["chosen"].get_xdata()[0] == 2.5
    assert display.marks_["1-SE"].get_xdata()[0] == 6.0  # as stored, not worked out
    display.figure_.canvas.draw()
    top = display.top_axis_
    for at, label in zip(top.get_xticks(), top.get_xticklabels(), strict=True):
        assert int(label.get_text()) == path.n_nonzero[path.alphas == at][0]
    assert_no_text_overlaps(display.figure_)


@pytest.mark.parametrize("target", [0, 1])
def test_an_alpha_for_each_target(houses, target):
    X, y = houses
    targets = np.column_stack([y, np.random.default_rng(0).standard_normal(len(y))])
    model = RidgeRegressorCV(alpha_per_target=True).fit(X, targets)
    display = AlphaSelectionDisplay.from_estimator(model, target=target)
    np.testing.assert_array_equal(display.errors, model.cv_error_[:, target])
    assert display.alpha == model.alpha_[target]
    assert display.alpha_1se == model.alpha_1se_[target]


@pytest.mark.parametrize(
    "model",
    [
        LassoRegressorCV(cv=4, rule="1se"),
        ElasticNetRegressorCV(l1_ratio=[0.2, 0.9], eps=1e-6, cv=4),
        ElasticNetRegressorCV(l1_ratio=[0.2, 0.9], eps=1e-6, cv=4, scoring="r2"),
        LassoRegressorCV(criterion="bic"),
        RidgeRegressorCV(),
        RidgeRegressorCV(cv="gcv"),
        RidgeRegressorCV(cv=5, rule="1se"),
    ],
    ids=repr,
)
def test_regkits_own_estimators(houses, model):
    display = AlphaSelectionDisplay.from_estimator(model.fit(*houses))
    assert display.alpha == model.alpha_
    assert display.alpha_min == model.alpha_min_
    assert display.alpha_1se == getattr(model, "alpha_1se_", None)
    # The rules that the display applies by itself agree with the estimator's.
    if display.standard_errors is not None:
        loss = -display.errors if display.greater_is_better else display.errors
        assert one_standard_error_rule(
            display.alphas, loss, display.standard_errors
        ) == (model.alpha_min_, model.alpha_1se_)
    if not isinstance(model, RidgeRegressorCV):
        np.testing.assert_array_equal(display.n_nonzero, model.path_.n_nonzero)
    assert_no_text_overlaps(display.figure_)


def test_an_information_criterion_has_no_band():
    model = Stored(
        alphas_=np.array([4.0, 2.0, 1.0]),
        criterion_=np.array([30.0, 10.0, 20.0]),
        criterion="bic",
        alpha_=2.0,
        alpha_min_=2.0,
    )
    display = AlphaSelectionDisplay.from_estimator(model)
    assert display.band_ is None
    assert display.threshold_ is None
    assert display.ax_.get_ylabel() == "BIC"
    assert set(display.marks_) == {"chosen", "minimum"}


@pytest.mark.parametrize(
    ("scoring", "label"),
    [
        ("r2", "held-out r2"),
        ("neg_mean_absolute_error", "held-out mean absolute error"),
    ],
)
def test_scores_go_up_and_errors_go_down(houses, scoring, label):
    X, y = houses
    alphas = np.geomspace(50, 0.5, 8)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LassoRegressor()),
        {"lassoregressor__alpha": alphas},
        scoring=scoring,
        cv=4,
    ).fit(X, y)
    display = AlphaSelectionDisplay.from_search(search)
    scores = np.array(
        [
            cross_val_score(
                search.estimator.set_params(lassoregressor__alpha=a),
                X,
                y,
                scoring=scoring,
                cv=4,
            )
            for a in alphas
        ]
    )
    sign = 1 if scoring == "r2" else -1
    np.testing.assert_allclose(display.errors, sign * scores.mean(axis=1))
    se = scores.std(axis=1, ddof=1) / 2
    np.testing.assert_allclose(display.standard_errors, se)
    expected = one_standard_error_rule(alphas, -scores.mean(axis=1), se)
    assert (display.alpha_min, display.alpha_1se) == expected
    assert display.ax_.get_ylabel() == label
    assert ("maximum" if scoring == "r2" else "minimum") in display.marks_
    # What regkit's estimators keep under `scoring` is minus the score.
    stored = Stored(
        alphas_=alphas, cv_error_=-scores.mean(axis=1), cv_error_se_=se, scoring=scoring
    )
    stored.alpha_ = display.alpha
    again = AlphaSelectionDisplay.from_estimator(stored)
    np.testing.assert_allclose(again.errors, display.errors)
    assert again.ax_.get_ylabel() == label


def test_other_parameters_of_a_search_stay_at_their_best(houses):
    search = GridSearchCV(
        LassoRegressor(),
        {"alpha": [0.1, 1.0, 10.0], "standardize": [False, True]},
        cv=3,
    ).fit(*houses)
    display = AlphaSelectionDisplay.from_search(search)
    assert display.alphas.tolist() == [10.0, 1.0, 0.1]
    rows = [
        i
        for i, p in enumerate(search.cv_results_["params"])
        if p["standardize"] == search.best_params_["standardize"]
    ]
    expected = search.cv_results_["mean_test_score"][rows][::-1]
    np.testing.assert_array_equal(display.errors, expected)


def test_a_pipeline_and_the_users_axes(houses):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2)
    model = make_pipeline(StandardScaler(), LassoCV(cv=3)).fit(*houses)
    display = AlphaSelectionDisplay.from_estimator(model, ax=axes[1], name="5 folds")
    assert display.ax_ is axes[1]
    assert display.figure_ is figure
    assert not axes[0].lines
    assert "5 folds" in [t.get_text() for t in axes[1].get_legend().get_texts()]


def test_mistakes_are_named(houses):
    with pytest.raises(TypeError, match="must be a fitted cross-validated Lasso"):
        AlphaSelectionDisplay.from_estimator(Lasso().fit(*houses))
    with pytest.raises(TypeError, match="must be a fitted cross-validated Lasso"):
        AlphaSelectionDisplay.from_estimator(LassoCV())
    search = GridSearchCV(LassoRegressor(), {"alpha": [1.0, 2.0]}, cv=2).fit(*houses)
    with pytest.raises(ValueError, match="parameter='gamma' was not searched"):
        AlphaSelectionDisplay.from_search(search, parameter="gamma")
    search = GridSearchCV(Lasso(), {"positive": [True, False]}, cv=2).fit(*houses)
    with pytest.raises(
        ValueError, match="must be named: the search went over positive"
    ):
        AlphaSelectionDisplay.from_search(search)
    with pytest.raises(ValueError, match="errors must have the shape of alphas"):
        AlphaSelectionDisplay(alphas=[2, 1], errors=[1, 2, 3])


def test_a_single_alpha_is_a_dot_with_a_bar():
    display = AlphaSelectionDisplay(
        alphas=[0.1], errors=[2.0], standard_errors=[0.5], alpha=0.1
    ).plot()
    assert display.line_.get_marker() == "o"
    assert display.band_.get_linewidth()[0] > 1
    assert display.threshold_.get_ydata()[0] == 2.5
    assert_no_text_overlaps(display.figure_)
    with pytest.raises(ValueError, match=r"an alpha above 0, got alphas=\[0.0\]"):
        AlphaSelectionDisplay(alphas=[0.0], errors=[2.0]).plot()


@pytest.mark.parametrize("greater_is_better", [False, True])
def test_the_legend_names_all_lines_and_hides_no_data(greater_is_better):
    alphas = np.geomspace(10, 0.01, 50)
    bend = (np.log(alphas) - 0.3) ** 2
    display = AlphaSelectionDisplay(
        alphas=alphas,
        errors=10 - bend if greater_is_better else bend,
        standard_errors=np.full(50, 0.7),
        alpha_1se=alphas[10],
        greater_is_better=greater_is_better,
    ).plot()
    legend = display.ax_.get_legend()
    best = "maximum − " if greater_is_better else "minimum + "
    assert best + "1 standard error" in [t.get_text() for t in legend.get_texts()]
    display.figure_.canvas.draw()
    edge = display.ax_.transData.transform(display.band_.get_paths()[0].vertices)
    assert not legend.get_window_extent().count_contains(edge)


def test_a_criterion_is_named_and_an_absent_target_refused(houses):
    model = LassoRegressorCV(criterion="bic").fit(*houses)
    display = AlphaSelectionDisplay.from_estimator(model)
    assert display.ax_.get_legend().get_texts()[0].get_text() == "BIC"
    with pytest.raises(ValueError, match="target=1 is not one of those"):
        AlphaSelectionDisplay.from_estimator(model, target=1)
