"""The picture of a path: which lines, which names, which marks, and no overlap."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
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
    load_diabetes_interactions,
    make_correlated_regression,
    make_house_prices,
)
from regkit.inspection._labels import place_names, write_names
from tests.inspection.figures import (
    assert_no_text_overlaps,
    assert_texts_inside,
    overlapping,
    text_boxes,
)


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes_interactions(as_frame=True)


@pytest.fixture(scope="module")
def houses():
    return make_house_prices(150, n_irrelevant=30, as_frame=True, return_X_y=True)


@pytest.fixture(scope="module")
def path(diabetes):
    return lasso_path(diabetes.data, diabetes.target, standardize=True)


def test_lines_are_the_coefficients_and_the_rest_is_gray(path, diabetes):
    display = RegularizationPathDisplay.from_path(path, alpha=2.0)
    names = np.array(diabetes.feature_names)
    ever = np.flatnonzero(path.coefs.any(axis=1))
    assert len(display.lines_) == 10
    assert len(display.other_lines_.get_segments()) == ever.size - 10
    for line in display.lines_:
        j = np.flatnonzero(names == line.get_label()[1:])[0]
        np.testing.assert_array_equal(line.get_xdata(), path.alphas)
        np.testing.assert_array_equal(line.get_ydata(), path.coefs[j])
    at_chosen = np.abs(path.coefs[:, np.abs(path.alphas - 2.0).argmin()])
    largest = names[np.argsort(-at_chosen)[:10]]
    assert [line.get_label()[1:] for line in display.lines_] == largest.tolist()
    assert [text.get_text() for text in display.labels_] == largest.tolist()


def test_lines_differ_in_color_and_dashes(path):
    display = RegularizationPathDisplay.from_path(path, n_labels=20)
    styles = {(line.get_color(), line.get_linestyle()) for line in display.lines_}
    dashes = {str(line._dash_pattern) for line in display.lines_}
    assert len({s for s, _ in styles}) >= 6
    assert len(dashes) >= 5


def test_colors_belong_to_columns(path):
    few, many = (
        {line.get_label(): (line.get_color(), line.get_linestyle()) for line in lines}
        for lines in (
            RegularizationPathDisplay.from_path(path, n_labels=n).lines_ for n in (3, 8)
        )
    )
    assert few.items() <= many.items()


def test_marks_stand_at_their_alphas_and_equal_ones_share_a_line(path):
    display = RegularizationPathDisplay(
        alphas=path.alphas, coefs=path.coefs, alpha=8.0, alpha_min=2.0, alpha_1se=8.0
    ).plot()
    assert display.marks_["chosen"] is display.marks_["1-SE"]
    assert display.marks_["chosen"].get_xdata() == [8.0, 8.0]
    assert display.marks_["minimum"].get_xdata() == [2.0, 2.0]
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == ["chosen, 1-SE: alpha = 8", "minimum: alpha = 2"]


def test_alpha_falls_from_left_to_right_and_counts_are_on_top(path):
    display = RegularizationPathDisplay.from_path(path)
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.xaxis_inverted()
    display.figure_.canvas.draw()
    top = display.top_axis_
    for at, label in zip(top.get_xticks(), top.get_xticklabels(), strict=True):
        assert int(label.get_text()) == path.n_nonzero[path.alphas == at][0]


def test_l1_norm_axis(path, diabetes):
    display = RegularizationPathDisplay.from_path(
        path, X=diabetes.data, alpha=2.0, x_axis="l1_norm"
    )
    scale = diabetes.data.to_numpy().std(axis=0)[:, None]
    norms = np.abs(path.coefs * scale).sum(axis=0)
    np.testing.assert_allclose(display.lines_[0].get_xdata(), norms)
    expected = np.interp(2.0, path.alphas[::-1], norms[::-1])
    assert display.marks_["chosen"].get_xdata()[0] == pytest.approx(expected)
    assert "standard deviation" in display.ax_.get_ylabel()


@pytest.mark.parametrize("n_features", [1, 5, 64, 5000])
@pytest.mark.parametrize("x_axis", ["alpha", "l1_norm"])
def test_texts_never_overlap(n_features, x_axis):
    X, y = make_correlated_regression(80, n_features, n_informative=min(5, n_features))
    path = lasso_path(X, y, eps=0.01, n_alphas=50)
    display = RegularizationPathDisplay.from_path(
        path, x_axis=x_axis, alpha=path.alphas[25], n_labels=15
    )
    assert_no_text_overlaps(display.figure_)
    assert_texts_inside(display.figure_)


def test_no_overlap_in_a_small_panel_with_long_names(diabetes):
    data = diabetes.data.rename(columns=lambda c: f"neighborhood_and_{c}_of_house")
    path = lasso_path(data, diabetes.target, standardize=True)
    figure, axes = plt.subplots(2, 2, figsize=(8, 6), layout="constrained")
    display = RegularizationPathDisplay.from_path(path, ax=axes[0, 1], n_labels=30)
    assert display.ax_ is axes[0, 1]
    assert display.figure_ is figure
    assert 1 <= len(display.labels_) < 30
    boxes = [(t.get_text(), t.get_window_extent()) for t in display.labels_]
    assert not overlapping(boxes)
    room = axes[0, 1].get_window_extent()
    assert all(box.y1 <= room.y1 + 1 and box.y0 >= room.y0 - 1 for _, box in boxes)
    assert all("…" in name and name.endswith("_of_house") for name, _ in boxes)


@given(
    heights=st.lists(
        st.integers(-100, 100).map(lambda k: k / 100), min_size=1, max_size=14
    ),
    ties=st.integers(0, 5),
)
@settings(max_examples=15)
def test_labels_of_any_line_ends_stand_apart(heights, ties):
    heights = [*heights, *heights[:1] * ties]
    figure, ax = plt.subplots(figsize=(6, 4))
    ax.plot([0, 1], [-1, 1], alpha=0)
    names = [f"name {k}" for k in range(len(heights))]
    texts = write_names(ax, 1.0, names, ["C0"] * len(heights))
    place_names(ax, texts, 1.0, heights)
    figure.canvas.draw()
    boxes = [(t.get_text(), t.get_window_extent()) for t in texts]
    plt.close(figure)
    assert not overlapping(boxes)
    # Labels keep the order of the line ends.
    shown = heights[: len(texts)]
    by_label = [h for _, h in sorted(zip([b.y0 for _, b in boxes], shown, strict=True))]
    assert by_label == sorted(shown)


# ------------------------------------------------------------- where paths come from


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


# ------------------------------------------------------------------------- mistakes


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


@pytest.mark.parametrize("x_axis", ["alpha", "l1_norm"])
def test_a_path_of_zeros_says_so(x_axis):
    path = lasso_path([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0], alphas=[100.0, 50.0])
    display = RegularizationPathDisplay.from_path(path, alpha=60.0, x_axis=x_axis)
    assert display.lines_ == []
    assert display.labels_ == []
    assert display.top_axis_ is None
    assert [t.get_text() for t in display.ax_.texts] == ["all coefficients are zero"]
    assert_no_text_overlaps(display.figure_)


@pytest.mark.parametrize("x_axis", ["alpha", "l1_norm"])
def test_a_single_alpha_is_drawn_as_dots(x_axis):
    rng = np.random.default_rng(0)
    coefs = np.arange(1.0, 13.0)[:, None]
    path = RegularizationPathDisplay(alphas=[0.1], coefs=coefs, alpha=0.1)
    display = path.plot(x_axis=x_axis, n_labels=rng.integers(3, 6))
    assert all(line.get_marker() == "o" for line in display.lines_)
    assert len(display.other_lines_.get_paths()) == 12 - len(display.lines_)
    assert all(len(path.vertices) == 2 for path in display.other_lines_.get_paths())
    assert_no_text_overlaps(display.figure_)
    assert_texts_inside(display.figure_)


def test_a_dollar_in_a_name_is_a_dollar():
    display = RegularizationPathDisplay(
        alphas=[2, 1], coefs=[[0, 1], [0, 2]], feature_names=["$price$", r"a$\x"]
    ).plot()
    display.figure_.canvas.draw()
    assert not any(text.get_parse_math() for text in display.labels_)
    assert {t.get_text() for t in display.labels_} == {"$price$", r"a$\x"}


@pytest.mark.parametrize("size", [(7, 4.5), (4, 4)])
def test_the_legend_hides_nothing(size):
    X, y = make_correlated_regression(150, 40, n_informative=5)
    path = lasso_path(X, y)
    _, ax = plt.subplots(figsize=size, layout="constrained")
    display = RegularizationPathDisplay.from_path(
        path, alpha=path.alphas[60], alpha_1se=path.alphas[30], ax=ax
    )
    display.figure_.canvas.draw()
    frame = ax.get_legend().get_window_extent()
    assert frame.y1 <= ax.get_window_extent().y0
    assert_no_text_overlaps(display.figure_)
    assert_texts_inside(display.figure_)


def test_one_of_several_targets(houses):
    X, y = houses
    Y = np.column_stack([y, X["age"] + 0.01 * y])
    for model in (
        LassoRegressor(2.0),
        RidgeRegressor([2.0, 5.0]),
        RidgeRegressorCV(alpha_per_target=True),
        Ridge(2.0),
    ):
        fitted = clone(model).fit(X, Y)
        both = [
            RegularizationPathDisplay.from_estimator(fitted, X, Y, target=k)
            for k in (0, 1)
        ]
        scale = X.to_numpy().std(axis=0)
        for k, display in enumerate(both):
            at = np.argmin(np.abs(np.log(display.alphas / display.alpha)))
            alone = clone(model)
            if isinstance(model, RidgeRegressorCV):
                assert display.alpha == fitted.alpha_[k]
                alone = RidgeRegressor()
            np.testing.assert_allclose(
                display.coefs[:, at],
                alone.set_params(alpha=display.alphas[at]).fit(X, Y[:, k]).coef_
                * scale,
                rtol=1e-4,
                atol=1e-6 * np.abs(display.coefs).max(),
            )
    with pytest.raises(ValueError, match="target=2 is not a column of y, which has 2"):
        RegularizationPathDisplay.from_estimator(LassoRegressor(2.0), X, Y, target=2)


def test_alphas_that_have_no_logarithm():
    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})
    free = lasso_path(frame, [0.0, 1.0, 2.0], alphas=[0.0])
    with pytest.raises(ValueError, match=r"needs an alpha above 0, got alphas=\[0.0\]"):
        RegularizationPathDisplay.from_path(free)
    display = RegularizationPathDisplay.from_path(free, x_axis="l1_norm")
    assert display.lines_[0].get_xdata().size == 1
    zero = lasso_path(frame, [0.0, 1.0, 2.0], alphas=[0.5, 0.1, 0.0])
    display = RegularizationPathDisplay.from_path(zero)  # 0 has no logarithm
    assert display.lines_[0].get_xdata().tolist() == [0.5, 0.1]


def test_the_tests_see_an_overlap():
    figure, ax = plt.subplots()
    ax.text(0.5, 0.5, "one")
    ax.text(0.51, 0.5, "two")
    assert ("one", "two") in overlapping(text_boxes(figure))
