"""The picture of a path: which lines, which names, which marks, and no overlap."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import Ridge

from regkit import (
    LassoRegressor,
    RegularizationPathDisplay,
    RidgeRegressor,
    RidgeRegressorCV,
    lasso_path,
    make_correlated_regression,
)
from regkit.inspection._labels import place_names, write_names
from tests.inspection.figures import (
    assert_no_text_overlaps,
    assert_texts_inside,
    overlapping,
    text_boxes,
)


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


def test_the_last_count_is_on_top_where_it_is_reached_at_once(diabetes):
    path = lasso_path(diabetes.data[["bmi"]], diabetes.target)
    top = RegularizationPathDisplay.from_path(path).top_axis_
    assert [label.get_text() for label in top.get_xticklabels()] == ["0", "1"]


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
    assert all("…" in name for name, _ in boxes)
    assert len({name for name, _ in boxes}) == len(boxes)


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
