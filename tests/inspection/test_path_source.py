"""Paths of any estimator: where they come from, and what is refused."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import ElasticNet, ElasticNetCV, Lasso, LassoCV, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from regkit import (
    ElasticNetRegressor,
    ElasticNetRegressorCV,
    LassoRegressor,
    LassoRegressorCV,
    RegularizationPathDisplay,
    RidgeRegressor,
    RidgeRegressorCV,
    enet_path,
    lasso_path,
    make_correlated_regression,
    make_house_prices,
)
from tests.inspection.figures import assert_no_text_overlaps


def test_a_single_lasso_is_drawn_on_its_whole_path(diabetes):
    lasso = LassoRegressor(2.0, standardize=True)
    display = RegularizationPathDisplay.from_estimator(
        lasso, diabetes.data, diabetes.target
    )
    assert display.alpha == 2.0
    scale = diabetes.data.to_numpy().std(axis=0)
    expected = lasso_path(diabetes.data, diabetes.target, standardize=True)
    np.testing.assert_allclose(display.coefs, expected.coefs * scale[:, None])
    assert display.feature_names.tolist() == diabetes.feature_names


def test_an_alpha_beyond_the_automatic_grid_extends_it(diabetes):
    X, y = diabetes.data, diabetes.target
    for alpha in (1e-6, 1e4):
        display = RegularizationPathDisplay.from_estimator(LassoRegressor(alpha), X, y)
        assert display.marks_["chosen"].get_xdata()[0] == alpha
        low, high = sorted(display.ax_.get_xlim())
        assert low < alpha < high


@pytest.mark.parametrize(
    "estimator",
    [
        ElasticNetRegressor(0.5, l1_ratio=0.3, positive=True),
        ElasticNetRegressor(0.5, l1_ratio=0.0),
        Lasso(0.5),
        ElasticNet(0.5, l1_ratio=0.3),
        RidgeRegressor(3.0, standardize=True),
        Ridge(3.0),
    ],
    ids=repr,
)
def test_every_family_passes_through_its_own_fit(estimator):
    X, y = make_house_prices(100, n_irrelevant=3, return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = (y - y.mean()) / y.std()
    display = RegularizationPathDisplay.from_estimator(estimator, X, y)
    alphas = display.alphas
    k = 60
    # The path at one of its alphas is a fit at that alpha.
    other = type(estimator)(**{**estimator.get_params(), "alpha": alphas[k]})
    if hasattr(other, "tol") and "Regressor" not in type(other).__name__:
        other.set_params(tol=1e-12)
    np.testing.assert_allclose(
        display.coefs[:, k], other.fit(X, y).coef_ * X.std(axis=0), atol=1e-6
    )
    assert min(alphas) <= estimator.alpha <= max(alphas)


def test_sample_weight_changes_the_path(diabetes):
    X, y = diabetes.data.to_numpy(), diabetes.target.to_numpy()
    weight = np.random.default_rng(0).integers(1, 4, len(y))
    display = RegularizationPathDisplay.from_estimator(
        LassoRegressor(0.2), X, y, sample_weight=weight
    )
    expected = enet_path(X, y, l1_ratio=1.0, sample_weight=weight).coefs
    np.testing.assert_allclose(display.coefs, expected * X.std(axis=0)[:, None])


def test_sparse_columns():
    X, y = make_correlated_regression(60, 30)
    X[np.abs(X) < 1] = 0
    dense = RegularizationPathDisplay.from_estimator(LassoRegressor(0.2), X, y)
    sparse = RegularizationPathDisplay.from_estimator(
        LassoRegressor(0.2), sp.csr_array(X), y
    )
    np.testing.assert_allclose(sparse.coefs, dense.coefs, atol=1e-9)


@pytest.mark.parametrize("fitted", [False, True])
def test_a_pipeline_is_drawn_in_the_columns_its_last_step_sees(diabetes, fitted):
    X, y = diabetes.data, diabetes.target
    pipeline = make_pipeline(StandardScaler(), LassoRegressor(2.0))
    if fitted:
        pipeline.fit(X, y)
    display = RegularizationPathDisplay.from_estimator(pipeline, X, y)
    assert display.feature_names.tolist() == diabetes.feature_names
    expected = lasso_path(StandardScaler().fit_transform(X), y)
    np.testing.assert_allclose(display.coefs, expected.coefs, atol=1e-9)


def test_a_search_is_drawn_at_its_best_alpha(diabetes):
    search = GridSearchCV(LassoRegressor(), {"alpha": [0.1, 1.0]}).fit(
        diabetes.data, diabetes.target
    )
    display = RegularizationPathDisplay.from_estimator(
        search, diabetes.data, diabetes.target
    )
    assert display.alpha == search.best_params_["alpha"]


@pytest.mark.parametrize("estimator", [LassoCV(), ElasticNetCV(l1_ratio=[0.3, 0.9])])
@pytest.mark.parametrize("fitted", [False, True])
def test_scikit_learns_cross_validated_models(diabetes, estimator, fitted):
    X, y = diabetes.data, diabetes.target
    model = estimator.fit(X, y)
    display = RegularizationPathDisplay.from_estimator(
        model if fitted else type(estimator)(**estimator.get_params()), X, y
    )
    assert display.alpha == model.alpha_
    k = np.abs(display.alphas - model.alpha_).argmin()
    exact = enet_path(
        X, y, l1_ratio=getattr(model, "l1_ratio_", 1.0), alphas=[model.alpha_]
    )
    scale = X.to_numpy().std(axis=0)
    np.testing.assert_allclose(
        display.coefs[:, k], exact.coefs[:, 0] * scale, atol=1e-6
    )


class StoredPath(RegressorMixin, BaseEstimator):
    """What a fitted cross-validated estimator of regkit looks like."""

    def __init__(self, l1_ratio=1.0):
        self.l1_ratio = l1_ratio


def test_a_stored_path_needs_no_data(path):
    model = StoredPath()
    model.alphas_, model.coef_path_ = path.alphas, path.coefs
    model.alpha_ = model.alpha_1se_ = path.alphas[30]
    model.alpha_min_ = path.alphas[60]
    display = RegularizationPathDisplay.from_estimator(model)
    np.testing.assert_array_equal(display.coefs, path.coefs)
    assert display.marks_["minimum"].get_xdata()[0] == path.alphas[60]
    assert display.ax_.get_ylabel() == "coefficient"
    assert_no_text_overlaps(display.figure_)


@pytest.mark.parametrize(
    "model",
    [
        LassoRegressorCV(rule="1se"),
        ElasticNetRegressorCV(l1_ratio=[0.3, 0.9], eps=1e-6),
        RidgeRegressorCV(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("fitted", [False, True])
def test_regkits_own_cross_validated_models(houses, model, fitted):
    X, y = houses
    expected = clone(model).fit(X, y)
    display = RegularizationPathDisplay.from_estimator(
        expected if fitted else model, X, y
    )
    assert display.alpha == expected.alpha_
    assert display.alpha_1se == expected.alpha_1se_
    k = np.flatnonzero(display.alphas == expected.alpha_)[0]
    np.testing.assert_allclose(
        display.coefs[:, k], expected.coef_ * X.to_numpy().std(axis=0), rtol=1e-6
    )
    assert_no_text_overlaps(display.figure_)


def test_of_several_l1_ratios_the_chosen_one_is_drawn(diabetes):
    paths = [enet_path(diabetes.data, diabetes.target, l1_ratio=r) for r in (0.2, 0.8)]
    model = StoredPath(l1_ratio=[0.2, 0.8])
    model.alphas_ = np.stack([p.alphas for p in paths])
    model.coef_path_ = np.stack([p.coefs for p in paths])
    model.l1_ratio_, model.alpha_ = 0.8, paths[1].alphas[10]
    display = RegularizationPathDisplay.from_estimator(model)
    np.testing.assert_array_equal(display.coefs, paths[1].coefs)


def test_an_estimator_without_a_path_is_refused(diabetes):
    with pytest.raises(TypeError, match="must be a Lasso, Elastic Net or Ridge"):
        RegularizationPathDisplay.from_estimator(
            StandardScaler(), diabetes.data, diabetes.target
        )


def test_data_is_asked_for_where_it_is_needed():
    with pytest.raises(ValueError, match="X and y are needed to compute the path of L"):
        RegularizationPathDisplay.from_estimator(LassoRegressor())


def test_other_columns_are_refused(path):
    with pytest.raises(ValueError, match="X has 3 columns, but the path has 64"):
        RegularizationPathDisplay.from_path(path, X=np.ones((5, 3)))


def test_malformed_arrays_are_refused():
    with pytest.raises(ValueError, match=r"coefs must have shape .* \(2, 3\)"):
        RegularizationPathDisplay(alphas=[3, 2, 1], coefs=np.ones((2, 4)))
    display = RegularizationPathDisplay(alphas=[2, 1], coefs=np.ones((1, 2)))
    with pytest.raises(ValueError, match="x_axis must be 'alpha' or 'l1_norm'"):
        display.plot(x_axis="lambda")
