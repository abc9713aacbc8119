"""What sums up, scores or goes along a path visits rows where `fit` does."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, UndefinedMetricWarning

import regkit
from regkit.linear_model import _least_squares, _source_reducer
from regkit.rows import inputs, row_chunks

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

N, P = 240, 5
RNG = np.random.default_rng(3)
X = RNG.standard_normal((N, P)) @ RNG.standard_normal((P, P)) + 7.0
Y = X @ [2.0, -1.0, 0, 0, 0.5] + RNG.standard_normal(N)
W = RNG.integers(0, 3, N).astype(float)
LABELS = RNG.integers(-1, 3, N)
NAMES = list("abcde")
FRAME = pd.DataFrame(X, columns=NAMES)
TABLE = da.from_array(X, chunks=(70, P))
ALPHAS = [0.01, 0.3, 1.0]

MODELS = [
    regkit.LassoRegressor(0.1),
    regkit.ElasticNetRegressor(0.1),
    regkit.RidgeRegressor(3.0),
]


@pytest.fixture(autouse=True)
def nothing_of_x_is_gathered(monkeypatch):
    """Let nobody make one array of a Dask X."""

    def refused(self, *args, **options):
        assert self.ndim < 2, "X was gathered"
        return original(self, *args, **options)

    original = da.Array.__array__
    monkeypatch.setattr(da.Array, "__array__", refused)
    with dask.config.set(scheduler="threads"):
        yield


def forms():
    cuts = [slice(0, 1), slice(1, 90), slice(90, N)]
    yield "chunks", regkit.RowChunks(X, chunk_rows=37), Y, W
    yield "sparse", regkit.RowChunks(sp.csr_array(X), chunk_rows=50), Y, W
    yield "with y", regkit.RowChunks([(X[s], Y[s], W[s]) for s in cuts]), None, None
    yield "dask", TABLE, da.from_array(Y, chunks=50), W
    yield "columns cut", da.from_array(X, chunks=(60, 2)), Y, da.from_array(W)
    frame = dd.from_pandas(FRAME, npartitions=3)
    yield "unknown sizes", frame.to_dask_array(), Y, W


def assert_same(one, other):
    assert one.n_samples == other.n_samples
    assert one.folds == other.folds
    assert one.total_weight == pytest.approx(other.total_weight)
    for label in one.folds:
        assert one.fold(label).n_samples == other.fold(label).n_samples
    np.testing.assert_allclose(one.X_mean, other.X_mean, rtol=1e-13)
    np.testing.assert_allclose(one.X_cross, other.X_cross, rtol=1e-11, atol=1e-10)
    np.testing.assert_allclose(one.Xy_cross, other.Xy_cross, rtol=1e-11, atol=1e-10)
    assert one.y_cross == pytest.approx(other.y_cross, rel=1e-12)


@pytest.mark.parametrize("fold", [None, 2, LABELS], ids=["none", "one", "each"])
def test_statistics(fold):
    expected = regkit.SufficientStatistics().update(X, Y, W, fold)
    twice = regkit.SufficientStatistics().update(X, Y).update(X, Y, W, fold)
    for form, rows, y, weight in forms():
        found = regkit.SufficientStatistics().update(rows, y, weight, fold)
        assert_same(found, expected)
        after = regkit.SufficientStatistics().update(X, Y)
        assert_same(after.update(rows, y, weight, fold), twice), form


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=6),
    st.integers(0, 2**32 - 1),
    st.sampled_from([np.asarray, sp.csr_array, sp.csc_array]),
    st.booleans(),
    st.sampled_from(["none", "one", "each"]),
)
def test_statistics_of_any_chunks(sizes, seed, kind, brings_y, fold):
    """Any cut, with weights of zero and means far from it: as of all rows at once."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    rows = rng.integers(-9, 9, (n, 3)) + 1e5
    y = rng.standard_normal((n, 2))
    weight = rng.integers(0, 2, n) + (np.arange(n) == 0)
    labels = {"none": None, "one": 4, "each": rng.integers(0, 3, n)}[fold]
    cuts = np.split(np.arange(n), np.cumsum(sizes)[:-1])
    parts = [
        (kind(rows[at]), y[at], weight[at]) if brings_y else kind(rows[at])
        for at in cuts
    ]
    beside = (None, None) if brings_y else (y, weight)
    found = regkit.SufficientStatistics().update(
        regkit.RowChunks(parts), *beside, labels
    )
    expected = regkit.SufficientStatistics().update(rows, y, weight, labels)
    assert found.folds == expected.folds
    assert found.n_samples == expected.n_samples
    scale = n * 1e2
    np.testing.assert_allclose(found.X_cross, expected.X_cross, atol=1e-12 * scale)
    np.testing.assert_allclose(found.Xy_cross, expected.Xy_cross, atol=1e-12 * scale)
    np.testing.assert_allclose(found.y_cross, expected.y_cross, atol=1e-12 * scale)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_partial_fit(model):
    whole = clone(model).fit(np.r_[X, X], np.r_[Y, Y], np.r_[W, np.ones(N)])
    for _, rows, y, weight in forms():
        found = clone(model).partial_fit(rows, y, weight).partial_fit(TABLE, Y)
        np.testing.assert_allclose(found.coef_, whole.coef_, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("first", [FRAME, X], ids=["names", "none"])
def test_partial_fit_compares_names(first):
    model = regkit.RidgeRegressor().partial_fit(first, Y)
    before = pickle.dumps(model)
    frame = dd.from_pandas(FRAME, npartitions=2)
    if first is X:
        with pytest.warns(UserWarning, match="X has feature names, but Ridge"):
            model.partial_fit(frame, Y)
        return
    model.partial_fit(frame, Y)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.partial_fit(TABLE, Y)
    model = pickle.loads(before)
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=r"X has the columns \['e' .* fitted with"):
        model.partial_fit(regkit.RowChunks([FRAME[NAMES[::-1]]]), Y)
    with pytest.raises(ValueError, match="X has 4 features, but RidgeRegressor is e"):
        model.partial_fit(regkit.RowChunks([FRAME.to_numpy()[:, 1:]]), Y)
    assert pickle.dumps(model) == before


@pytest.mark.parametrize("options", [{}, {"standardize": True}, {"alphas": ALPHAS}])
def test_paths(options):
    for path, more in ((regkit.lasso_path, {}), (regkit.enet_path, {"l1_ratio": 0.4})):
        whole = path(X, Y, sample_weight=W, **options, **more)
        for _, rows, y, weight in forms():
            found = path(rows, y, sample_weight=weight, **options, **more)
            np.testing.assert_allclose(found.alphas, whole.alphas, rtol=1e-10)
            np.testing.assert_allclose(found.coefs, whole.coefs, rtol=1e-8, atol=1e-10)
            assert np.all(found.dual_gaps <= 1e-8 * Y.var())
        for alpha in (None, whole.alphas[1], whole.alphas[:2]):
            expected = whole.predict(X, alpha)
            chunks = regkit.RowChunks(X, chunk_rows=100)
            np.testing.assert_allclose(whole.predict(chunks, alpha), expected)
            lazy = whole.predict(TABLE, alpha)
            assert dask.is_dask_collection(lazy)
            assert lazy.shape == expected.shape
            np.testing.assert_allclose(dask.compute(lazy)[0], expected)
    named = regkit.lasso_path(regkit.RowChunks([FRAME]), Y)
    assert list(named.feature_names_in_) == NAMES


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_fit_path(model):
    expected = list(model.fit_path(X, Y, ALPHAS, W))
    for _, rows, y, weight in forms():
        found = list(model.fit_path(rows, y, ALPHAS, weight))
        assert [each.alpha for each in found] == ALPHAS
        for mine, its in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine.coef_, its.coef_, rtol=1e-8, atol=1e-10)
            assert mine.intercept_ == pytest.approx(its.intercept_, rel=1e-8)


def test_searching_a_dask_array():
    expected = regkit.PathSearchCV(
        regkit.LassoRegressor(), {"alpha": ALPHAS}, cv=3
    ).fit(X, Y)
    found = regkit.PathSearchCV(regkit.LassoRegressor(), {"alpha": ALPHAS}, cv=3).fit(
        TABLE, Y
    )
    np.testing.assert_allclose(
        found.cv_results_["mean_test_score"],
        expected.cv_results_["mean_test_score"],
        rtol=1e-9,
    )
    assert found.score(TABLE, Y) == pytest.approx(expected.score(X, Y), rel=1e-10)
    frame = dd.from_pandas(FRAME.assign(y=Y), npartitions=2)
    for rows, y, name in (
        (frame[NAMES], Y, "X is a Dask DataFrame"),
        (TABLE, frame["y"], "y is a Dask Series"),
    ):
        with pytest.raises(TypeError, match=f"{name}, from which folds cannot be tak"):
            regkit.PathSearchCV(regkit.LassoRegressor(), {"alpha": ALPHAS}).fit(rows, y)
    array = frame[NAMES].to_dask_array(lengths=True)
    again = regkit.PathSearchCV(regkit.LassoRegressor(), {"alpha": ALPHAS}, cv=3).fit(
        array, Y
    )
    assert again.best_score_ == pytest.approx(expected.best_score_, rel=1e-9)


@pytest.mark.parametrize("rows", [regkit.RowChunks(X), TABLE], ids=["chunks", "dask"])
def test_paths_over_too_many_columns_for_their_moments(rows, monkeypatch):
    whole = regkit.lasso_path(X, Y)
    model = regkit.ElasticNetRegressor(l1_ratio=0.5)
    models = list(model.fit_path(X, Y, [0.1, 1.0, 0.01]))
    monkeypatch.setattr(_source_reducer, "MOST_SUMMED_UP", 4)
    found = regkit.lasso_path(rows, Y)
    np.testing.assert_allclose(found.alphas, whole.alphas, rtol=1e-10)
    np.testing.assert_allclose(found.coefs, whole.coefs, rtol=1e-7, atol=1e-9)
    for one, other in zip(
        model.fit_path(rows, Y, [0.1, 1.0, 0.01]), models, strict=True
    ):
        np.testing.assert_allclose(one.coef_, other.coef_, rtol=1e-7, atol=1e-9)
    short, expected = (
        regkit.lasso_path(given, Y, max_nonzero=2) for given in (rows, X)
    )
    np.testing.assert_allclose(short.alphas, expected.alphas, rtol=1e-10)
    with pytest.raises(ValueError, match="max_nonzero=1 leaves no solution"):
        regkit.lasso_path(rows, Y, alphas=[1e-6], max_nonzero=1)


@pytest.mark.parametrize("rows", [regkit.RowChunks(X), TABLE], ids=["chunks", "dask"])
def test_ridge_refuses_too_many_columns_in_chunks(rows, monkeypatch):
    monkeypatch.setattr(_source_reducer, "MOST_SUMMED_UP", 3)
    monkeypatch.setattr(_least_squares, "MOST_COLUMNS", 4)
    for call in (
        lambda: regkit.RidgeRegressor().fit(rows, Y),
        lambda: regkit.RidgeRegressor().fit_path(rows, Y, [1.0]),
    ):
        with pytest.raises(ValueError, match="RidgeRegressor without") as caught:
            call()
        assert str(caught.value) == (
            "RidgeRegressor without an L1 penalty needs all 5 columns at once: more "
            "than 4 are too many for rows that are read in chunks."
        )


def test_large_memory_maps(tmp_path, monkeypatch):
    """They are read in chunks, whatever is asked of them."""
    monkeypatch.setattr(inputs, "_LARGE_MAP", 1000)
    monkeypatch.setattr(row_chunks, "_CHUNK_BYTES", 2000)
    (tmp_path / "X").write_bytes(X.tobytes())
    mapped = np.memmap(tmp_path / "X", dtype="f8", mode="r", shape=(N, P))
    passes = []
    original = regkit.RowChunks.__iter__
    monkeypatch.setattr(
        regkit.RowChunks, "__iter__", lambda self: passes.append(1) or original(self)
    )
    found = regkit.SufficientStatistics().update(mapped, Y, W, LABELS)
    assert_same(found, regkit.SufficientStatistics().update(X, Y, W, LABELS))
    model = regkit.LassoRegressor(0.1).partial_fit(mapped, Y)
    assert model.score(mapped, Y) == pytest.approx(model.score(X, Y), rel=1e-12)
    assert len(passes) == 3
    expected = regkit.lasso_path(X, Y).coefs
    found = regkit.lasso_path(mapped, Y).coefs
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-10)
    assert len(passes) == 4


# ------------------------------------------------------------------------- scores


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
    st.integers(0, 2**32 - 1),
    st.sampled_from([(), (1,), (3,)]),
    st.booleans(),
)
def test_scores_of_any_chunks(sizes, seed, width, is_weighted):
    rng = np.random.default_rng(seed)
    n = sum(sizes) + 2
    rows = rng.standard_normal((n, 3)) + 100.0
    y = rng.standard_normal((n, *width)) + rows[:, :1].reshape((n,) + (1,) * len(width))
    weight = rng.random(n) if is_weighted else None
    model = regkit.RidgeRegressor().fit(rows, y + rng.standard_normal(y.shape), weight)
    cuts = np.split(np.arange(n), np.cumsum(sizes))
    parts = [
        (rows[at], y[at]) if weight is None else (rows[at], y[at], weight[at])
        for at in cuts
    ]
    found = model.score(regkit.RowChunks(parts), None)
    assert found == pytest.approx(model.score(rows, y, weight), rel=1e-10, abs=1e-11)


def test_scores_at_the_edges():
    model = regkit.RidgeRegressor().fit(FRAME, Y)
    constant = np.full(N, 2.0)
    chunks = regkit.RowChunks(X, chunk_rows=100)
    exact = clone(model).fit(X, constant)
    assert exact.score(chunks, constant) == exact.score(X, constant) == 1.0
    assert clone(model).fit(X, Y).score(chunks, constant) == 0.0
    with pytest.warns(UndefinedMetricWarning, match="less than two samples"):
        assert np.isnan(exact.score(regkit.RowChunks(X[:1]), Y[:1]))
    chosen = regkit.LassoRegressorCV(alphas=5, eps=1e-6).fit(X, Y)
    pairs = regkit.RowChunks([(X[:50], Y[:50]), (X[50:], Y[50:])])
    assert chosen.score(pairs, None) == pytest.approx(chosen.score(X, Y), rel=1e-12)
    with pytest.raises(NotFittedError):
        regkit.RidgeRegressor().score(pairs, None)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.score(pairs, None)
    with pytest.raises(ValueError, match=r"X has the columns \['e' .* fitted with"):
        model.score(regkit.RowChunks([FRAME[NAMES[::-1]]]), Y)


def holed(value):
    changed = X.copy()
    changed[150, 3] = value
    return changed


@pytest.mark.parametrize(
    ("rows", "y", "message"),
    [
        (
            regkit.RowChunks(X),
            None,
            "Chunk 0: y is neither passed nor comes with the chunk",
        ),
        (TABLE, None, "y must be passed beside a Dask X, got None."),
        (
            regkit.RowChunks(holed(np.nan), chunk_rows=70),
            Y,
            "Chunk 2: Input X contains NaN: column 3",
        ),
        (da.from_array(holed(np.inf), chunks=(70, P)), Y, "Chunk 2: Input X contains"),
        (
            regkit.RowChunks([X[:, :3]]),
            Y,
            "Chunk 0: X has 3 features, but RidgeRegressor is",
        ),
        (
            regkit.RowChunks(X),
            Y[:-1],
            "Chunk 0: X goes to row 240, but y has 239 rows.",
        ),
        (
            regkit.RowChunks(X),
            np.c_[Y, Y],
            "Chunk 0: y has rows of shape (2,), predictions",
        ),
        (regkit.RowChunks(X), Y * 1e200, "Chunk 0: Squares of errors or of y overflow"),
    ],
)
def test_bad_chunks_are_named_when_scored(rows, y, message):
    model = regkit.RidgeRegressor().fit(X, Y)
    with pytest.raises(ValueError, match=r"^.*") as caught:
        model.score(rows, y)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [holed(np.nan), holed(1e200)], ids=["nan", "huge"])
def test_bad_chunks_change_nothing(bad):
    statistics = regkit.SufficientStatistics().update(X, Y)
    model = regkit.RidgeRegressor().partial_fit(X, Y)
    before = pickle.dumps((statistics, model))
    for rows in (
        regkit.RowChunks(bad, chunk_rows=70),
        da.from_array(bad, chunks=(70, P)),
    ):
        for call in (
            lambda: statistics.update(rows, Y, fold=LABELS),  # noqa: B023
            lambda: model.partial_fit(rows, Y),  # noqa: B023
            lambda: regkit.lasso_path(rows, Y),  # noqa: B023
        ):
            with pytest.raises(ValueError, match=r"Chunk 2: (Input X|Sums of squ)"):
                call()
    with pytest.raises(ValueError, match="fold must be an integer or 240 of them"):
        statistics.update(regkit.RowChunks(X), Y, fold=LABELS[:-1])
    assert pickle.dumps((statistics, model)) == before
