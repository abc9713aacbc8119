"""The comparison tunes inside the training part and reports what it measured."""

from dataclasses import replace
from pathlib import Path

import numpy as np
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
from regkit.inspection._networks import make_network, n_network_folds


@pytest.fixture(scope="module")
def diabetes():
    return compare_regularizers(*load_diabetes_interactions(return_X_y=True))


@pytest.fixture(scope="module")
def wide():
    return make_correlated_regression(60, 90, n_informative=4, signal_to_noise=5.0)


def test_one_result_a_model_in_order(diabetes):
    names = [result.name.split(" (")[0] for result in diabetes.results]
    linear = ["Least squares", "Ridge", "Lasso", "Elastic Net"]
    assert names == [*linear, "MLP", "MLP, dropout", "MLP, dropout + L2"]
    assert (diabetes.n_train, diabetes.n_test, diabetes.n_features) == (331, 111, 64)


def test_errors_are_those_of_the_fitted_estimators(diabetes):
    X, y = load_diabetes_interactions(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.25, random_state=0
    )
    for result in diabetes.results:
        for error, X_part, y_part in (
            (result.train_error, X_train, y_train),
            (result.test_error, X_test, y_test),
        ):
            residual = y_part - result.estimator.predict(X_part)
            assert error == pytest.approx(np.sqrt(np.mean(residual**2)))
        assert result.gap == result.test_error - result.train_error
        weights = getattr(
            result.estimator, "coefs_", [getattr(result.estimator, "coef_", 0)]
        )
        assert result.n_nonzero == sum(np.count_nonzero(w) for w in weights)


def test_least_squares_fits_the_training_rows_best(diabetes):
    plain = diabetes["Least squares"]
    assert plain.alpha is None
    assert plain.cv_error is None
    X, y = load_diabetes_interactions(return_X_y=True)
    X_train, _, y_train, _ = train_test_split(X, y, test_size=0.25, random_state=0)
    A = np.column_stack([np.ones(len(y_train)), X_train])
    residual = y_train - A @ np.linalg.lstsq(A, y_train, rcond=None)[0]
    assert plain.train_error == pytest.approx(np.sqrt(np.mean(residual**2)), rel=1e-6)
    linear = diabetes.results[:4]
    assert all(plain.train_error <= result.train_error for result in linear)


def test_an_unregularized_network_overfits_and_dropout_with_l2_helps(diabetes):
    plain, both = diabetes["MLP"], diabetes["MLP, dropout + L2"]
    assert plain.train_error < diabetes["Least squares"].train_error
    assert both.gap < plain.gap
    assert both.test_error < plain.test_error
    assert (plain.dropout, plain.alpha) == (None, None)
    assert both.dropout > 0
    assert both.alpha > 0


def test_penalties_help_on_the_diabetes_data(diabetes):
    plain, lasso = diabetes["Least squares"], diabetes["Lasso"]
    assert lasso.test_error < plain.test_error
    assert lasso.gap < plain.gap
    assert 0 < lasso.n_nonzero < 40


def test_the_cross_validated_error_is_reproducible_fold_by_fold(diabetes):
    """Scaling within each fold: the public estimator on each fold says the same."""
    X, y = load_diabetes_interactions(return_X_y=True)
    X_train, _, y_train, _ = train_test_split(X, y, test_size=0.25, random_state=0)
    lasso = diabetes["Lasso"]
    squares = []
    for fit, held in KFold(5, shuffle=True, random_state=0).split(X_train):
        model = LassoRegressor(alpha=lasso.alpha, standardize=True)
        model.fit(X_train[fit], y_train[fit])
        squares.append((y_train[held] - model.predict(X_train[held])) ** 2)
    expected = np.sqrt(np.mean(np.concatenate(squares)))
    assert lasso.cv_error == pytest.approx(expected, rel=1e-6)


def test_elastic_net_covers_the_mixes_of_the_list(wide):
    X, y = wide
    several = compare_regularizers(
        X, y, networks=False, l1_ratios=(0.2, 0.8), n_folds=3
    )
    singles = [
        compare_regularizers(X, y, networks=False, l1_ratios=(ratio,), n_folds=3)[
            "Elastic Net"
        ]
        for ratio in (0.2, 0.8)
    ]
    best = min(singles, key=lambda single: single.cv_error)
    assert several["Elastic Net"].cv_error == best.cv_error
    assert several["Elastic Net"].name == best.name
    assert several["Elastic Net"].l1_ratio == best.l1_ratio


def test_the_units_of_y_change_no_choice(wide):
    """Prices in dollars or in millions: the same models, the errors scaled."""
    X, y = wide
    small = compare_regularizers(X, y, networks=False, n_folds=3)
    large = compare_regularizers(X, 1e6 * y, networks=False, n_folds=3)
    for a, b in zip(small.results, large.results, strict=True):
        assert a.name == b.name
        assert b.test_error == pytest.approx(1e6 * a.test_error, rel=1e-4)


def test_alpha_and_l1_ratio_reproduce_the_estimator(wide):
    X, y = wide
    y = 1000 * y
    X_train, X_test, y_train, _ = train_test_split(X, y, test_size=0.25, random_state=0)
    result = compare_regularizers(X, y, networks=False, n_folds=3)["Elastic Net"]
    again = ElasticNetRegressor(
        alpha=result.alpha, l1_ratio=result.l1_ratio, standardize=True
    ).fit(X_train, y_train)
    np.testing.assert_allclose(again.predict(X_test), result.estimator.predict(X_test))


def test_sparse_input_gives_the_same_comparison(wide):
    X, y = wide
    X = np.where(np.abs(X) > 1, X, 0)
    dense = compare_regularizers(X, y, networks=False, n_folds=3)
    sparse = compare_regularizers(sp.csr_array(X), y, networks=False, n_folds=3)
    for a, b in zip(dense.results, sparse.results, strict=True):
        assert a.test_error == pytest.approx(b.test_error, rel=1e-4)


def test_mean_absolute_error(wide):
    X, y = wide
    comparison = compare_regularizers(X, y, networks=False, metric="mae", n_folds=3)
    result = comparison.best_
    _, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0)
    error = np.mean(np.abs(y_test - result.estimator.predict(X_test)))
    assert result.test_error == pytest.approx(error)
    expected = np.mean(np.abs(y_test - np.median(y_train)))
    assert comparison.mean_error == pytest.approx(expected)
    assert "mean absolute error" in repr(comparison)


def test_the_table_is_aligned_ascii_of_80_columns(diabetes):
    lines = repr(diabetes).splitlines()
    assert max(map(len, lines)) <= 80
    assert repr(diabetes).isascii()
    header, *rows = lines[3:11]
    assert " ".join(header.split()) == "model train test gap nonzero chosen time"
    assert len({len(row) for row in (header, *rows)}) == 1
    assert lines[11] == ""
    explained = {line.split("  ")[0].rstrip() for line in lines[12:]}
    assert explained == {"train, test", "gap", "nonzero", "chosen", "alpha", "rate"}


def test_the_table_admits_to_fewer_folds_for_networks(diabetes):
    table = repr(replace(diabetes, n_train=50_000_000, n_test=10_000_000))
    assert "5-fold cross-validation on the training rows (MLP: 3 folds)" in table
    assert max(map(len, table.splitlines())) <= 80


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e3, 1e7, 1e12])
def test_the_table_stays_narrow_at_any_scale(wide, scale):
    X, y = wide
    comparison = compare_regularizers(
        X, scale * y, networks=False, n_folds=3, l1_ratios=(0.5,)
    )
    table = repr(comparison)
    assert max(map(len, table.splitlines())) <= 80
    assert ("in units of" in table) == (scale not in (1.0, 1e3))


def test_the_readme_shows_this_table(diabetes):
    """The linear rows: networks may differ in the last digit between machines."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    for line in repr(diabetes).splitlines()[:8]:
        assert line.rpartition("  ")[0] in readme


def test_the_sentence_names_the_best_model(diabetes):
    sentence = diabetes.summary()
    assert sentence.startswith(diabetes.best_.name)
    assert sentence.count(".\n") == 0
    assert sentence.endswith(".")
    best = min(diabetes.results, key=lambda result: result.test_error)
    assert diabetes.best_ is best
    rows = repr(diabetes).splitlines()[4:11]
    assert [row[:17].rstrip() for row in rows] == [
        result.name.split(" (")[0] for result in diabetes.results
    ]


def test_the_sentence_admits_that_nothing_was_found():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((80, 30)), rng.standard_normal(80)
    comparison = compare_regularizers(X, y, networks=False, n_folds=3)
    if comparison.best_.test_error >= comparison.mean_error:
        assert "say little about the target" in comparison.summary()
    else:
        assert "chance" in comparison.summary()


def test_the_sentence_when_no_penalty_is_needed():
    X, y = make_correlated_regression(
        400, 3, n_informative=3, signal_to_noise=np.inf, correlation=0.0
    )
    assert (
        "no penalty is needed" in compare_regularizers(X, y, networks=False).summary()
    )


def test_to_frame_holds_the_table(diabetes):
    pytest.importorskip("pandas")
    frame = diabetes.to_frame()
    assert list(frame.index) == [result.name for result in diabetes.results]
    assert frame.loc["Lasso", "test_error"] == diabetes["Lasso"].test_error
    assert frame.loc["Least squares", "alpha"] is None or np.isnan(
        frame.loc["Least squares", "alpha"]
    )


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
    X_train, _, _, _ = train_test_split(X, y, test_size=0.25, random_state=0)
    for name in ("Lasso", "Elastic Net"):
        result = diabetes[name]
        k = np.abs(result.path.alphas - result.alpha).argmin()
        assert result.path.alphas[k] == pytest.approx(result.alpha)
        kept = result.estimator.coef_ * X_train.std(axis=0)
        coefs = result.path.coefs[:, k]
        drawn = dict(zip(result.path.feature_names, coefs, strict=True))
        np.testing.assert_allclose(
            [drawn.get(f"x{j}", 0.0) for j in range(64)], kept, rtol=1e-5, atol=1e-4
        )
        assert result.selection.alpha_min == pytest.approx(result.alpha)
        assert np.sqrt(result.selection.errors.min()) == pytest.approx(result.cv_error)
    assert diabetes["Ridge"].selection.alpha_min == diabetes["Ridge"].alpha
    assert diabetes["Ridge"].path is None
    assert diabetes["MLP"].selection is None


def test_names_of_columns_reach_the_path(wide):
    pd = pytest.importorskip("pandas")
    X, y = wide
    names = [f"gene {j}" for j in range(X.shape[1])]
    options = {"networks": False, "n_folds": 3}
    given = compare_regularizers(X, y, feature_names=names, **options)
    framed = compare_regularizers(pd.DataFrame(X, columns=names), y, **options)
    for comparison in (given, framed):
        assert set(comparison["Lasso"].path.feature_names) <= set(names)
    with pytest.raises(ValueError, match="feature_names must name the 90 columns of X"):
        compare_regularizers(X, y, feature_names=names[:5], **options)


def test_progress_counts_the_models(wide):
    steps = []
    compare_regularizers(*wide, networks=False, n_folds=3, progress=steps.append)
    assert steps[0] == "compiling"
    assert steps[1] == "Least squares (1 of 4)"
    assert steps[-1] == "Elastic Net (4 of 4)"


def test_networks_of_many_rows_cost_no_more_than_those_of_few():
    few, many = make_network((500, 50), 0), make_network((50_000, 50), 0)
    wide = make_network((50_000, 500), 0)
    assert few.max_iter == 200
    assert many.max_iter * 50_000 <= 400_000
    assert 5 <= wide.max_iter < many.max_iter
    assert [n_network_folds(n, 5) for n in (4_999, 5_000)] == [5, 3]
    assert n_network_folds(10_000, 2) == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"test_size": 1.5}, r"test_size must lie strictly in \(0, 1\), got 1.5"),
        ({"n_folds": 1}, "n_folds must be at least 2, got 1"),
        ({"n_folds": 40}, "60 rows are too few for 40 folds"),
        ({"test_size": 0.001}, "60 rows are too few"),
        ({"metric": "r2"}, "metric must be one of rmse, mae, got 'r2'"),
        ({"l1_ratios": ()}, r"l1_ratios must hold numbers in \(0, 1\]"),
        ({"l1_ratios": (0.0, 0.5)}, r"l1_ratios must hold numbers in \(0, 1\]"),
        ({"random_state": -1}, "random_state must not be negative, got -1"),
    ],
)
def test_bad_options_are_named(wide, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        compare_regularizers(*wide, **options)


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
        compare_regularizers(X, y)
