"""The comparison tunes inside the training part and reports what it measured."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.model_selection import KFold, train_test_split

from regkit import (
    ElasticNetRegressor,
    LassoRegressor,
    compare_regularizers,
    load_diabetes_interactions,
    make_correlated_regression,
)

LINEAR = {"networks": False, "baseline": False}
QUICK = {**LINEAR, "n_folds": 3}


@pytest.fixture(scope="module")
def diabetes():
    return compare_regularizers(*load_diabetes_interactions(return_X_y=True))


@pytest.fixture(scope="module")
def wide():
    return make_correlated_regression(60, 90, n_informative=4, signal_to_noise=5.0)


def split(X, y, seed=0):
    return train_test_split(X, y, test_size=0.25, random_state=seed)


def test_one_result_a_model_in_order(diabetes):
    names = [result.name for result in diabetes.results]
    linear = ["Least squares", "Ridge", "Lasso", "Elastic Net"]
    assert names == [*linear, "Boosting", "Network"]
    assert (diabetes.n_train, diabetes.n_test, diabetes.n_features) == (331, 111, 64)
    assert diabetes.target.task == "regression"


def test_errors_are_those_of_the_fitted_estimators(diabetes):
    X, y = load_diabetes_interactions(return_X_y=True)
    X_train, X_test, y_train, y_test = split(X, y)
    for result in diabetes.results:
        for error, X_part, y_part in (
            (result.train_error, X_train, y_train),
            (result.test_error, X_test, y_test),
        ):
            residual = y_part - result.model.predict(X_part)
            assert error == pytest.approx(np.sqrt(np.mean(residual**2)))
        spread = np.mean((y_test - y_test.mean()) ** 2)
        assert result.scores["r2"] == pytest.approx(1 - result.test_error**2 / spread)
        assert result.gap == result.test_error - result.train_error
        members = getattr(result.model, "estimators_", [])
        weights = [w for member in members for w in member.coefs_]
        weights = weights or [getattr(result.model, "coef_", 0)]
        assert result.n_nonzero == sum(np.count_nonzero(w) for w in weights)


def test_the_network_and_the_trees_are_those_of_the_defaults(diabetes):
    from sklearn.ensemble import HistGradientBoostingRegressor

    from regkit import DropoutMLPRegressor

    network, trees = diabetes["Network"].model, diabetes["Boosting"].model
    assert network.get_params() == DropoutMLPRegressor(random_state=0).get_params()
    expected = HistGradientBoostingRegressor(random_state=0)
    assert trees.get_params() == expected.get_params()


def test_least_squares_fits_the_training_rows_best(diabetes):
    plain = diabetes["Least squares"]
    assert plain.alpha is None
    assert plain.cv_error is None
    X_train, _, y_train, _ = split(*load_diabetes_interactions(return_X_y=True))
    A = np.column_stack([np.ones(len(y_train)), X_train])
    residual = y_train - A @ np.linalg.lstsq(A, y_train, rcond=None)[0]
    assert plain.train_error == pytest.approx(np.sqrt(np.mean(residual**2)), rel=1e-6)
    linear = diabetes.results[:4]
    assert all(plain.train_error <= result.train_error for result in linear)


def test_the_cross_validated_error_is_reproducible_fold_by_fold(diabetes):
    """Scaling within each fold: the public estimator on each fold says the same."""
    X_train, _, y_train, _ = split(*load_diabetes_interactions(return_X_y=True))
    lasso = diabetes["Lasso"]
    squares, means = [], []
    for fit, held in KFold(5, shuffle=True, random_state=0).split(X_train):
        model = LassoRegressor(alpha=lasso.alpha, standardize=True)
        model.fit(X_train[fit], y_train[fit])
        squares.append((y_train[held] - model.predict(X_train[held])) ** 2)
        means.append(squares[-1].mean())
    expected = np.sqrt(np.mean(np.concatenate(squares)))
    assert lasso.cv_error == pytest.approx(expected, rel=1e-6)
    se = np.std(means, ddof=1) / np.sqrt(5) / (2 * expected)
    assert lasso.cv_error_se == pytest.approx(se, rel=1e-2)


def test_elastic_net_covers_the_mixes_of_the_list(wide):
    several = compare_regularizers(*wide, l1_ratios=(0.2, 0.8), **QUICK)
    singles = [
        compare_regularizers(*wide, l1_ratios=(ratio,), **QUICK)["Elastic Net"]
        for ratio in (0.2, 0.8)
    ]
    best = min(singles, key=lambda single: single.cv_error)
    assert several["Elastic Net"].cv_error == best.cv_error
    assert several["Elastic Net"].l1_ratio == best.l1_ratio


def test_the_units_of_y_change_no_choice(wide):
    """Prices in dollars or in millions: the same models, the errors scaled."""
    X, y = wide
    small = compare_regularizers(X, y, **QUICK)
    large = compare_regularizers(X, 1e6 * y, **QUICK)
    assert small.recommended == large.recommended
    for a, b in zip(small.results, large.results, strict=True):
        assert a.name == b.name
        assert b.test_error == pytest.approx(1e6 * a.test_error, rel=1e-4)


def test_alpha_and_l1_ratio_reproduce_the_estimator(wide):
    X, y = wide
    y = 1000 * y
    X_train, X_test, y_train, _ = split(X, y)
    result = compare_regularizers(X, y, **QUICK)["Elastic Net"]
    again = ElasticNetRegressor(
        alpha=result.alpha, l1_ratio=result.l1_ratio, standardize=True
    ).fit(X_train, y_train)
    np.testing.assert_array_equal(again.predict(X_test), result.model.predict(X_test))


def test_sparse_input_gives_the_same_comparison(wide):
    X, y = wide
    X = np.where(np.abs(X) > 1, X, 0)
    dense = compare_regularizers(X, y, **QUICK)
    sparse = compare_regularizers(sp.csr_array(X), y, **QUICK)
    for a, b in zip(dense.results, sparse.results, strict=True):
        assert a.test_error == pytest.approx(b.test_error, rel=1e-4)


def test_mean_absolute_error(wide):
    X, y = wide
    comparison = compare_regularizers(X, y, metric="mae", **QUICK)
    result = comparison.best_
    _, X_test, y_train, y_test = split(X, y)
    error = np.mean(np.abs(y_test - result.model.predict(X_test)))
    assert result.test_error == pytest.approx(error)
    expected = np.mean(np.abs(y_test - np.median(y_train)))
    assert comparison.mean_error == pytest.approx(expected)
    assert "mean absolute error" in repr(comparison)


def test_repeated_splits_average_splits_of_their_own(wide):
    X, y = wide
    comparison = compare_regularizers(X, y, n_repeats=3, **QUICK)
    ridge = comparison["Ridge"]
    losses = []
    for k in range(3):
        single = compare_regularizers(X, y, random_state=k, **QUICK)["Ridge"]
        losses.append(single.test_error**2)
        assert single.model.alpha == ridge.models[k].alpha
    assert ridge.test_error == pytest.approx(np.sqrt(np.mean(losses)), rel=1e-12)
    assert "3 times" in repr(comparison)


def test_the_table_is_aligned_ascii_below_80_columns(diabetes):
    lines = repr(diabetes).splitlines()
    assert max(map(len, lines)) < 80
    assert repr(diabetes).isascii()
    header, *rows = lines[3:10]
    assert header.split() == [
        *("model", "train", "test", "se", "nonzero", "R2", "chosen")
    ]
    assert [row[:13].strip() for row in rows] == [r.name for r in diabetes.results]
    marks = [row[header.index("chosen") - 2] for row in rows]
    assert marks.count("*") == 1
    assert rows[marks.index("*")].startswith(diabetes.recommended)
    for mark, result in zip(marks, diabetes.results, strict=True):
        assert (mark != " ") == result.equal_to_best
    assert lines[10] == ""
    assert lines[0].endswith("; 64 columns")
    # A linear model's row, as scripts read it: name, three errors, columns kept.
    number = r" +[-+.0-9e]+"
    row = re.compile(rf"(Least squares|Ridge|Lasso|Elastic Net){number * 3} +(\d+) ")
    kept = {m[1]: int(m[2]) for m in map(row.match, rows) if m}
    assert kept == {r.name: r.n_nonzero for r in diabetes.results if r.is_linear}


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e3, 1e7, 1e12])
def test_the_table_stays_narrow_at_any_scale(wide, scale):
    X, y = wide
    comparison = compare_regularizers(X, scale * y, l1_ratios=(0.5,), **QUICK)
    table = repr(comparison)
    assert max(map(len, table.splitlines())) < 80
    assert ("in units of" in table) == (scale not in (1.0, 1e3))


def test_to_frame_holds_the_table(diabetes):
    pytest.importorskip("pandas")
    frame = diabetes.to_frame()
    assert list(frame.index) == [result.name for result in diabetes.results]
    assert frame.loc["Lasso", "test_error"] == diabetes["Lasso"].test_error
    assert np.isnan(frame.loc["Least squares", "alpha"])
    assert frame.loc["Ridge", "r2"] == diabetes["Ridge"].scores["r2"]


def test_an_unknown_model_is_named(diabetes):
    with pytest.raises(KeyError, match="no model 'Dropout'; there are: Least squares"):
        diabetes["Dropout"]


def test_the_standard_error_is_that_of_the_test_error(diabetes):
    """Against resampled test rows."""
    rng = np.random.default_rng(0)
    lasso = diabetes["Lasso"]
    rows = rng.integers(0, diabetes.n_test, (4000, diabetes.n_test))
    resampled = np.sqrt(lasso.test_losses[rows].mean(axis=1))
    assert lasso.test_error_se == pytest.approx(resampled.std(), rel=0.05)


def test_selection_and_path_are_those_of_the_final_fit(diabetes):
    """In the units of y and of alpha that the estimator takes."""
    X, y = load_diabetes_interactions(return_X_y=True)
    X_train, _, _, _ = split(X, y)
    for name in ("Lasso", "Elastic Net"):
        result = diabetes[name]
        k = np.abs(result.path.alphas - result.alpha).argmin()
        assert result.path.alphas[k] == pytest.approx(result.alpha)
        kept = result.model.coef_ * X_train.std(axis=0)
        coefs = result.path.coefs[:, k]
        drawn = dict(zip(result.path.feature_names, coefs, strict=True))
        np.testing.assert_allclose(
            [drawn.get(f"x{j}", 0.0) for j in range(64)], kept, rtol=1e-5, atol=1e-4
        )
        assert result.selection.alpha_min == pytest.approx(result.alpha)
        assert result.selection.errors.min() == pytest.approx(result.cv_error)
    assert diabetes["Ridge"].selection.alpha_min == diabetes["Ridge"].alpha
    assert diabetes["Ridge"].path is None
    assert diabetes["Network"].selection is None


def test_coefficients_are_named_and_in_units(diabetes):
    pytest.importorskip("pandas")
    lasso = diabetes["Lasso"].model
    frame = diabetes.coef_frame("Lasso")
    assert len(frame) == np.count_nonzero(lasso.coef_)
    X_train, _, _, _ = split(*load_diabetes_interactions(return_X_y=True))
    for name, row in frame.iterrows():
        j = int(name[1:])
        assert row["coefficient"] == lasso.coef_[j]
        expected = lasso.coef_[j] * X_train[:, j].std()
        assert row["standardized"] == pytest.approx(expected)
    assert list(frame["standardized"].abs()) == sorted(
        frame["standardized"].abs(), reverse=True
    )
    assert frame.attrs["intercept"] == [lasso.intercept_]
    with pytest.raises(ValueError, match="Boosting has no coefficients"):
        diabetes.coef_frame("Boosting")


def test_names_of_columns_reach_the_path(wide):
    X, y = wide
    names = [f"gene {j}" for j in range(X.shape[1])]
    given = compare_regularizers(X, y, feature_names=names, **QUICK)
    assert set(given["Lasso"].path.feature_names) <= set(names)
    with pytest.raises(ValueError, match="feature_names must name the 90 columns of X"):
        compare_regularizers(X, y, feature_names=names[:5], **QUICK)


def test_progress_counts_the_models(wide):
    steps = []
    compare_regularizers(*wide, **QUICK, progress=steps.append)
    assert steps[1] == "Least squares (1 of 4)"
    assert steps[-2] == "Elastic Net (4 of 4)"


def test_networks_that_show_overfitting_are_added_on_request(wide):
    X, y = wide
    shown = compare_regularizers(X, y, show_overfitting=True, baseline=False, n_folds=3)
    names = [result.name for result in shown.results][4:]
    assert names == ["Network", "MLP", "MLP, dropout", "MLP, dropout + L2"]
    plain, both = shown["MLP"], shown["MLP, dropout + L2"]
    assert plain.train_error < 0.1 * plain.test_error
    assert (plain.dropout, plain.alpha) == (None, None)
    assert both.dropout > 0
    assert both.alpha > 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"test_size": 1.5}, r"test_size must lie strictly in \(0, 1\), got 1.5"),
        ({"n_folds": 1}, "n_folds must be at least 2, got 1"),
        ({"n_folds": 40}, "60 rows are too few for 40 folds"),
        ({"n_repeats": 0}, "n_repeats must be at least 1, got 0"),
        ({"metric": "r2"}, "metric must be one of rmse, mae for regression, got 'r2'"),
        ({"task": "ranking"}, "task must be one of auto, regression, classif"),
        ({"l1_ratios": ()}, r"l1_ratios must hold numbers in \(0, 1\]"),
        ({"l1_ratios": (0.0, 0.5)}, r"l1_ratios must hold numbers in \(0, 1\]"),
        ({"random_state": -1}, "random_state must not be negative, got -1"),
        (
            {"random_state": 2**32 - 1, "n_repeats": 2},
            "random_state must be at most 4294967294, got 4294967295",
        ),
        ({"groups": [1, 2]}, r"groups must have one value for each of the 60 rows"),
        ({"groups": [0, 1] * 30}, "groups has 2 different values: at least 4"),
        ({"groups": [0] * 60}, "groups has 1 different value: at least 4"),
        ({"test_size": 0.001}, "5 folds and a test part of 0.1%: at least 2"),
        ({"test_size": 0.9999}, "5 folds and a test part of over 99.9%: at least 2"),
        ({"time": "day"}, "time='day' names a column, but X is not a data frame"),
        ({"time": range(60), "groups": range(60)}, "groups and time cannot be used"),
        ({"time": [None, *range(59)]}, "time is missing in row 0"),
    ],
)
def test_bad_options_are_named(wide, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        compare_regularizers(*wide, **options)


@pytest.mark.parametrize(
    ("scale", "effect"), [(1e-160, "underflow"), (1e160, "overflow")]
)
def test_columns_whose_squares_are_lost_are_named(wide, scale, effect):
    X, y = wide
    X = X[:, :3] * [1.0, 1.0, scale]
    for table, name in ((X, "x2"), (pd.DataFrame(X, columns=["a", "b", "tax"]), "tax")):
        with pytest.raises(ValueError, match=f"column '{name}' of X {effect}; rescale"):
            compare_regularizers(table, y)


def test_a_constant_target_is_refused(wide):
    X, y = wide
    with pytest.raises(ValueError, match="y is 3 in every row"):
        compare_regularizers(X, np.full(y.shape, 3.0))


def test_a_target_constant_in_the_training_part_is_refused(wide):
    X, y = wide
    y = np.zeros(y.shape)
    _, test = train_test_split(np.arange(y.size), test_size=0.25, random_state=0)
    y[test] = 1.0
    with pytest.raises(ValueError, match="y is 0 in every training row"):
        compare_regularizers(X, y, task="regression")


def test_rows_without_a_target_are_left_out(wide):
    X, y = wide
    holes = y.copy()
    holes[[3, 17, 30, 31]] = np.nan
    kept = ~np.isnan(holes)
    comparison = compare_regularizers(X, holes, **QUICK)
    expected = compare_regularizers(X[kept], y[kept], **QUICK)
    assert comparison.notes[0] == "4 rows without a value of 'y': left out"
    for a, b in zip(comparison.results, expected.results, strict=True):
        assert a.test_error == b.test_error
