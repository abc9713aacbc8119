"""Training and test error of each model, drawn."""

import numpy as np
import pytest

from regkit import compare_regularizers, make_correlated_regression
from regkit.comparison import RegularizerComparisonDisplay

pytest.importorskip("matplotlib")

import matplotlib.pyplot as plt

from tests.inspection.figures import assert_no_text_overlaps, assert_texts_inside

NAMES = ["Least squares", "Ridge", "MLP, dropout + L2"]


@pytest.fixture(scope="module")
def comparison():
    X, y = make_correlated_regression(60, 90, n_informative=4, signal_to_noise=5.0)
    return compare_regularizers(X, y, n_folds=3, networks=False)


def display(
    test=(12.0, 9.0, 10.0),
    train=(1.0, 8.0, 6.0),
    mean_error=13.0,
    ax=None,
    **options,
):
    return RegularizerComparisonDisplay(
        **options,
        names=NAMES,
        train_errors=train,
        test_errors=test,
        standard_errors=(0.5, 0.4, 0.3),
        mean_error=mean_error,
    ).plot(ax)


def test_a_comparison_plots_its_errors(comparison):
    drawn = comparison.plot()
    assert drawn.figure_ is drawn.ax_.figure
    results = comparison.results
    np.testing.assert_allclose(
        drawn.train_points_.get_offsets()[:, 0], [r.train_error for r in results]
    )
    right = drawn.ax_.get_xlim()[1]
    inside = [r for r in results if r.test_error <= right]
    assert len(inside) + len(drawn.arrows_) == len(results)
    np.testing.assert_allclose(
        drawn.test_points_.get_offsets()[:, 0], [r.test_error for r in inside]
    )
    bars = np.array([bar[:, 0] for bar in drawn.spread_.get_segments()])
    np.testing.assert_allclose(
        np.ptp(bars, axis=1), [2 * r.test_error_se for r in inside]
    )
    names = [label.get_text() for label in drawn.ax_.get_yticklabels()]
    assert names == [r.name for r in results]
    assert drawn.ax_.get_xlabel() == "root mean squared error"
    assert drawn.ax_.yaxis_inverted()  # the first model on top


def test_gaps_join_training_to_test_error():
    gaps = [line[:, 0].tolist() for line in display().gap_lines_.get_segments()]
    assert gaps == [[1.0, 12.0], [8.0, 9.0], [6.0, 10.0]]


def test_marks_at_the_best_and_at_a_constant():
    drawn = display()
    assert list(drawn.best_line_.get_xdata()) == [9.0, 9.0]
    assert list(drawn.mean_line_.get_xdata()) == [13.0, 13.0]
    legend = [text.get_text() for text in drawn.ax_.get_legend().get_texts()]
    assert legend == [
        *("training rows", "test rows", "gap", "± 1 standard error"),
        "predicting the mean",
    ]
    weights = [label.get_fontweight() for label in drawn.ax_.get_yticklabels()]
    assert weights == ["normal", "bold", "normal"]


def test_a_constant_far_away_does_not_push_the_models_together():
    drawn = display(mean_error=100.0)
    assert drawn.mean_line_ is None
    assert drawn.ax_.get_xlim()[1] < 14


def test_an_error_far_away_is_cut_off_and_written_out():
    drawn = display(test=(4321.0, 9.0, 10.0))
    right = drawn.ax_.get_xlim()[1]
    assert right < 20
    assert [arrow.get_xdata()[0] for arrow in drawn.arrows_] == [right]
    assert len(drawn.test_points_.get_offsets()) == 2
    figures = [label.get_text() for label in drawn.right_axis_.get_yticklabels()]
    assert figures == ["4321.00", "9.00", "10.00"]


@pytest.mark.parametrize("size", [(7.4, 4.3), (4.0, 4.2)])
@pytest.mark.parametrize("scale", [1.0, 1e5, 1e-7])
def test_texts_fit(size, scale):
    _, ax = plt.subplots(figsize=size, layout="constrained")
    drawn = display(
        test=scale * np.array([12.0, 9.0, 10.0]),
        train=scale * np.array([1.0, 8.0, 6.0]),
        mean_error=13.0 * scale,
        ax=ax,
    )
    assert drawn.ax_ is ax
    assert_no_text_overlaps(drawn.figure_)
    assert_texts_inside(drawn.figure_)


@pytest.mark.parametrize("metric", ["log_loss", "error_rate"])
def test_a_constant_with_a_long_name_fits(metric):
    _, ax = plt.subplots(figsize=(4.0, 4.2), layout="constrained")
    drawn = display(metric=metric, ax=ax)
    assert drawn.mean_line_ is not None
    assert_texts_inside(drawn.figure_)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="test_errors must have one value for each"):
        display(test=(1.0, 2.0))
    with pytest.raises(ValueError, match="metric must be one of rmse, mae, log_loss"):
        RegularizerComparisonDisplay(
            names=["Lasso"], train_errors=[1.0], test_errors=[2.0], metric="r2"
        )


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_figures_are_saved(comparison, tmp_path, ending):
    path = tmp_path / f"figure.{ending}"
    comparison.save_figure(path)
    magic = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending]
    assert path.read_bytes().startswith(magic)
    assert not plt.get_fignums()


def test_the_recommended_row_is_the_one_in_bold():
    drawn = display(recommended="Least squares", target_name="price in $")
    weights = [label.get_fontweight() for label in drawn.ax_.get_yticklabels()]
    assert weights == ["bold", "normal", "normal"]
    assert list(drawn.best_line_.get_xdata()) == [12.0, 12.0]
    assert drawn.ax_.get_xlabel() == "root mean squared error of price in $"
    with pytest.raises(ValueError, match="recommended must be one of names, got 'x'"):
        display(recommended="x")
