"""SufficientStatistics, fit_statistics and partial_fit as users meet them."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from regkit import (
    ElasticNetRegressor,
    LassoRegressor,
    RidgeRegressor,
    SufficientStatistics,
)

N, P = 240, 7
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N, P)) @ RNG.standard_normal((P, P))
Y = X @ [3.0, -2.0, 1.0, 0, 0, 0, 0.5] + RNG.standard_normal(N)
W = RNG.integers(0, 4, N).astype(float)
MODELS = [
    LassoRegressor(0.1),
    LassoRegressor(0.01, standardize=True, penalty_factor=[0, 1, 1, 2, 1, np.inf, 1]),
    ElasticNetRegressor(0.2, bounds=(-0.5, 1.5)),
    ElasticNetRegressor(0.2, fit_intercept=False, solver="coordinate_descent"),
    RidgeRegressor(2.0),
    RidgeRegressor(0.0),
    RidgeRegressor(2.0, positive=True, standardize=True),
]


def whole() -> SufficientStatistics:
    return SufficientStatistics().update(X, Y, W)


def pieces(size=50, **options):
    for start in range(0, N, size):
        rows = slice(start, start + size)
        yield SufficientStatistics().update(X[rows], Y[rows], W[rows], **options)


def assert_same(one, other, tol=1e-12):
    assert one.n_samples == other.n_samples
    assert one.folds == other.folds
    assert one.total_weight == pytest.approx(other.total_weight, rel=tol)
    spread = np.sqrt(np.append(one.X_cross.diagonal(), one.y_cross))
    scale = np.outer(spread, spread)
    np.testing.assert_allclose(one.X_mean, other.X_mean, rtol=tol, atol=tol)
    gap = np.abs(one.X_cross - other.X_cross)
    assert np.all(gap <= tol * scale[:-1, :-1])
    assert np.all(np.abs(one.Xy_cross - other.Xy_cross) <= tol * scale[:-1, -1])
    assert one.y_cross == pytest.approx(other.y_cross, rel=tol)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_fits_as_from_rows(model):
    from_rows = clone(model).fit(X, Y, W)
    model = clone(model).fit_statistics(sum(pieces()))
    np.testing.assert_allclose(model.coef_, from_rows.coef_, rtol=1e-8, atol=1e-10)
    assert model.intercept_ == pytest.approx(from_rows.intercept_, rel=1e-8)
    assert model.dual_gap_ <= 1e-8 * np.average(Y**2, weights=W)
    np.testing.assert_allclose(model.predict(X), from_rows.predict(X), rtol=1e-8)
    assert not hasattr(model, "statistics_")


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_partial_fit_is_fit_to_all_rows(model):
    model = clone(model)
    for start in range(0, N, 50):
        rows = slice(start, start + 50)
        chunk = X[rows] if start % 100 else sp.csc_array(X[rows])
        assert model.partial_fit(chunk, Y[rows], W[rows]) is model
    assert model.statistics_.n_samples == np.count_nonzero(W)
    again = pickle.loads(pickle.dumps(model))
    from_rows = clone(model).fit(X, Y, W)
    np.testing.assert_allclose(again.coef_, from_rows.coef_, rtol=1e-8, atol=1e-10)
    # A fit starts anew.
    again.fit(X, Y)
    assert not hasattr(again, "statistics_")


def test_several_targets():
    targets = np.stack([Y, -3 * Y + X[:, 0], np.full(N, 2.0)], axis=1)
    statistics = SufficientStatistics()
    for start in range(0, N, 70):
        statistics.update(X[start : start + 70], targets[start : start + 70])
    assert statistics.n_targets == 3
    assert "n_targets=3" in repr(statistics)
    for model in (LassoRegressor(0.1), RidgeRegressor([1.0, 2.0, 3.0])):
        from_rows = clone(model).fit(X, targets)
        model.fit_statistics(statistics)
        np.testing.assert_allclose(model.coef_, from_rows.coef_, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(model.intercept_, from_rows.intercept_, rtol=1e-8)


def test_means_a_million_times_the_spread():
    """Every number is exact in float64, so moved rows have the same moments."""
    rng = np.random.default_rng(1)
    small = rng.integers(-500, 500, (3000, 6)) / 64.0
    y = small @ [1.0, 0, 2, 0, -3, 0] + rng.integers(-64, 64, 3000) / 64.0
    X = small + 2.0**23 * np.arange(-3, 3)
    moved, there = SufficientStatistics(), SufficientStatistics()
    for start in range(0, 3000, 37):
        rows = slice(start, start + 37)
        moved.update(X[rows], y[rows] + 2.0**24)
        there.update(small[rows], y[rows])
    for name in ("X_cross", "Xy_cross", "y_cross"):
        a, b = getattr(moved, name), getattr(there, name)
        assert np.abs(a - b).max() <= 1e-13 * np.abs(b).max()
    # Raw products would have none of these digits.
    raw = X.T @ X - 3000 * np.outer(X.mean(axis=0), X.mean(axis=0))
    assert np.abs(raw - there.X_cross).max() > 1e-5 * np.abs(there.X_cross).max()
    a = LassoRegressor(0.1).fit_statistics(moved)
    b = LassoRegressor(0.1).fit(small, y)
    np.testing.assert_allclose(a.coef_, b.coef_, rtol=1e-9, atol=1e-10)


def test_any_order_gives_the_same():
    expected = whole()
    parts = list(pieces(23))
    assert_same(sum(parts), expected)
    assert_same(sum(parts[::-1]), expected)
    while len(parts) > 1:
        parts = [
            sum(parts[i : i + 2], SufficientStatistics())
            for i in range(0, len(parts), 2)
        ]
    assert_same(parts[0], expected)
    assert_same(expected + SufficientStatistics(), expected)
    assert_same(SufficientStatistics() + expected, expected)


def test_sums_leave_their_parts_alone():
    one, other = list(pieces(120))
    before = one.X_cross, other.X_cross
    total = one + other
    total += one
    total.update(X, Y)
    assert np.array_equal(one.X_cross, before[0])
    assert np.array_equal(other.X_cross, before[1])
    total.X_cross[:] = 0.0
    assert total.X_cross.any()


def test_folds():
    labels = RNG.integers(-1, 3, N)
    statistics = SufficientStatistics()
    for start in range(0, N, 50):
        rows = slice(start, start + 50)
        statistics.update(sp.csr_array(X[rows]), Y[rows], W[rows], labels[rows])
    assert statistics.folds == [0, 1, 2]
    assert "n_folds=3" in repr(statistics)
    for k in range(3):
        one = SufficientStatistics().update(
            X[labels == k], Y[labels == k], W[labels == k], fold=k
        )
        assert_same(statistics.fold(k), one)
        rest = statistics.without_fold(k)
        assert k not in rest.folds
        model = LassoRegressor(0.1).fit_statistics(rest)
        kept = labels != k
        from_rows = LassoRegressor(0.1).fit(X[kept], Y[kept], W[kept])
        np.testing.assert_allclose(model.coef_, from_rows.coef_, rtol=1e-8, atol=1e-10)


def test_save_and_load(tmp_path):
    frame = pd.DataFrame(X, columns=[f"größe {j}" for j in range(P)])
    statistics = SufficientStatistics().update(frame, Y, W, np.arange(N) % 3)
    statistics.save(tmp_path / "monday.stats")
    loaded = SufficientStatistics.load(str(tmp_path / "monday.stats"))
    assert_same(loaded, statistics, tol=0.0)
    assert list(loaded.feature_names) == list(frame.columns)
    model = LassoRegressor(0.1).fit_statistics(loaded)
    assert list(model.feature_names_in_) == list(frame.columns)
    SufficientStatistics().save(tmp_path / "empty")
    assert SufficientStatistics.load(tmp_path / "empty").n_samples == 0
    np.savez(tmp_path / "other.npz", a=np.arange(3))
    with pytest.raises(ValueError, match="holds no statistics that this version"):
        SufficientStatistics.load(tmp_path / "other.npz")
    np.savez(tmp_path / "pickled.npz", format=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="holds no statistics that this version"):
        SufficientStatistics.load(tmp_path / "pickled.npz")
    with pytest.raises(FileNotFoundError):
        SufficientStatistics.load(tmp_path / "nowhere")


def test_from_moments():
    found = whole()
    names = list("abcdefg")
    made = SufficientStatistics.from_moments(
        found.n_samples,
        found.total_weight,
        found.X_mean.tolist(),
        found.y_mean,
        pd.DataFrame(found.X_cross),
        found.Xy_cross,
        found.y_cross,
        feature_names=names,
        fold=2,
    )
    assert made.folds == [2]
    model = LassoRegressor(0.1).fit_statistics(made)
    assert list(model.feature_names_in_) == names
    from_rows = LassoRegressor(0.1).fit(X, Y, W)
    np.testing.assert_allclose(model.coef_, from_rows.coef_, rtol=1e-9, atol=1e-11)


def moments(**changes):
    found = whole()
    taken = {
        "n_samples": 5,
        "total_weight": 5.0,
        "X_mean": found.X_mean,
        "y_mean": found.y_mean,
        "X_cross": found.X_cross,
        "Xy_cross": found.Xy_cross,
        "y_cross": found.y_cross,
    }
    return lambda: SufficientStatistics.from_moments(**{**taken, **changes})


def updated(X=X, y=Y, sample_weight=None, fold=None):
    return lambda: whole().update(X, y, sample_weight, fold)


def holed(value):
    changed = X.copy()
    changed[7, 2] = value
    return changed


def named(*names):
    return pd.DataFrame(X, columns=list(names or "abcdefg"))


BAD = {
    "width": (updated(X[:, :3]), ValueError, "X has 3 features, but SufficientStat"),
    "nan": (updated(holed(np.nan)), ValueError, "Input X contains NaN"),
    "inf": (updated(holed(np.inf)), ValueError, "Input X contains infinity"),
    "huge": (updated(holed(1e200)), ValueError, "Sums of squares of X or y overflow"),
    "empty": (updated(X[:0], Y[:0]), ValueError, "0 sample"),
    "rows": (updated(X, Y[:-1]), ValueError, "X has 240, y has 239"),
    "targets": (updated(y=Y[:, None]), ValueError, "y must have shape (n_samples,) as"),
    "weight": (updated(sample_weight=-W - 1), ValueError, "must not be negative"),
    "names": (updated(named()), ValueError, "X has column names, unlike the rows"),
    "fold": (updated(fold=1.5), ValueError, "fold must be an integer or 240 of them"),
    "folds": (updated(fold=[1, 2]), ValueError, "fold must be an integer or 240 of"),
    "label": (updated(fold=-2), ValueError, "fold must hold labels of 0 and more"),
    "merge": (lambda: whole().merge(3), TypeError, "other must be SufficientStatist"),
    "add": (lambda: whole() + 3, TypeError, "unsupported operand"),
    "which": (lambda: whole().fold(2), ValueError, "There is no fold 2 in these"),
    "none": (
        lambda: LassoRegressor().fit_statistics(SufficientStatistics()),
        ValueError,
        "These statistics hold no rows of positive weight.",
    ),
    "zero weights": (
        lambda: LassoRegressor().partial_fit(X, Y, 0 * W),
        ValueError,
        "These statistics hold no rows of positive weight.",
    ),
    "rows for statistics": (
        lambda: LassoRegressor().fit_statistics(X),
        TypeError,
        "statistics must be SufficientStatistics, got ndarray.",
    ),
    "shape": (moments(Xy_cross=[1.0]), ValueError, "Xy_cross must have shape (7,)"),
    "means": (moments(X_mean=3.0), ValueError, "X_mean must have shape (n_features,)"),
    "negative": (moments(y_cross=-1.0), ValueError, "sum of squares cannot be negat"),
    "not centered": (
        moments(Xy_cross=np.full(P, 1e6)),
        ValueError,
        "Cross-products must be symmetric",
    ),
    "NaN": (moments(y_mean=np.nan), ValueError, "must be finite"),
    "count": (moments(n_samples=-1), ValueError, "must be finite and not negative"),
    "labels": (moments(feature_names="ab"), ValueError, "must be 7 strings"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_sentence(what):
    call, kind, message = BAD[what]
    with pytest.raises(kind) as caught:
        call()
    assert message in str(caught.value).splitlines()[0]


@pytest.mark.parametrize("bad", [X[:, :3], holed(np.nan), holed(1e200)])
def test_bad_rows_change_nothing(bad):
    statistics = whole()
    model = RidgeRegressor().partial_fit(X, Y)
    before = pickle.dumps((statistics, model))
    with pytest.raises(ValueError, match=r"X|Sums"):
        statistics.update(bad, Y)
    with pytest.raises(ValueError, match=r"X|Sums"):
        model.partial_fit(bad, Y)
    assert pickle.dumps((statistics, model)) == before


def test_names_are_compared():
    statistics = SufficientStatistics().update(named(), Y)
    with pytest.raises(ValueError, match="Column 1 of X is 'c', but 'b' in the rows"):
        statistics.update(named(*"acbdefg"), Y)
    with pytest.raises(ValueError, match="X has no column names, unlike the rows"):
        statistics.update(X, Y)
    model = LassoRegressor().partial_fit(named(), Y)
    with pytest.raises(ValueError, match="feature names should match"):
        model.partial_fit(named(*"acbdefg"), Y)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.partial_fit(X, Y)
    assert model.statistics_.n_samples == 2 * N


def test_rows_of_weight_zero_count_for_nothing():
    statistics = whole().update(X, Y, 0 * W)
    assert_same(statistics, whole(), tol=0.0)


def test_a_column_constant_in_every_part():
    table = X.copy()
    table[:, 3] = 0.1
    statistics = SufficientStatistics()
    for start in range(0, N, 7):
        statistics.update(table[start : start + 7], Y[start : start + 7])
    model = LassoRegressor(0.01, standardize=True).fit_statistics(statistics)
    assert model.coef_[3] == 0.0
    from_rows = LassoRegressor(0.01, standardize=True).fit(table, Y)
    np.testing.assert_allclose(model.coef_, from_rows.coef_, rtol=1e-8)


def test_many_features_and_few_rows():
    """More columns than any Gram matrix would be formed of, were it not there."""
    rng = np.random.default_rng(3)
    wide = rng.standard_normal((60, 600))
    y = wide[:, :4] @ [4.0, 3.0, -2.0, 1.0] + 0.1 * rng.standard_normal(60)
    statistics = SufficientStatistics().update(wide[:25], y[:25])
    statistics.update(sp.csr_array(wide[25:]), y[25:])
    for model in (LassoRegressor(0.05), RidgeRegressor(1.0)):
        from_rows = clone(model).fit(wide, y)
        model.fit_statistics(statistics)
        np.testing.assert_allclose(model.coef_, from_rows.coef_, rtol=1e-7, atol=1e-9)
