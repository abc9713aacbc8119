"""Rows that are read chunk by chunk: the same answers, and sentences for bad chunks."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit

import regkit
from regkit.linear_model import _source_reducer
from tests.linear_model.rows_in_pieces import (
    SLICES,
    N,
    chunked_forms,
    draw_rows,
    frame_of,
)

P = 9
X, RNG = draw_rows(P)
Y = X @ [3.0, -2.0, 1.0, 0, 0, 0, 0.5, 0, 0] + RNG.standard_normal(N)
W = RNG.integers(0, 4, N).astype(float)


def memory_map(tmp_path, dtype="f8", order="C", offset=0):
    path = tmp_path / f"X-{dtype}-{order}-{offset}"
    with path.open("wb") as file:
        file.write(b"x" * offset)
        file.write(X.astype(dtype).tobytes(order))
    return np.memmap(
        path, dtype=dtype, mode="r", shape=(N, P), order=order, offset=offset
    )


def forms(tmp_path):
    yield from chunked_forms(X, Y, W)
    yield "list", regkit.RowChunks([X[s] for s in SLICES]), Y, W
    yield "pairs", regkit.RowChunks([(X[s], Y[s]) for s in SLICES]), None, W
    for order in "CF":
        yield f"map {order}", regkit.RowChunks(memory_map(tmp_path, order=order)), Y, W
    yield "small reads", regkit.RowChunks(memory_map(tmp_path), chunk_rows=3), Y, W


MODELS = [
    regkit.LassoRegressor(0.1, standardize=True),
    regkit.ElasticNetRegressor(0.1, bounds=(-1, 2), penalty_factor=np.arange(P)),
    regkit.RidgeRegressor(3.0),
    regkit.LassoRegressorCV(alphas=20, eps=1e-5),
    regkit.ElasticNetRegressorCV(alphas=10, eps=1e-6, l1_ratio=[0.3, 0.8], cv=3),
    regkit.RidgeRegressorCV(),
    regkit.RidgeRegressorCV(cv="gcv", standardize=True),
    regkit.RidgeRegressorCV(cv=4, penalty_factor=np.arange(P)),
]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_same_answer_however_the_rows_come(model, tmp_path):
    whole = clone(model).fit(X, Y, W)
    for form, chunks, y, weight in forms(tmp_path):
        found = clone(model).fit(chunks, y, weight)
        np.testing.assert_allclose(
            found.coef_, whole.coef_, rtol=1e-8, atol=1e-9, err_msg=form
        )
        assert found.intercept_ == pytest.approx(whole.intercept_, rel=1e-8)
        assert found.dual_gap_ <= 1e-8 * Y.var()
        assert hasattr(found, "feature_names_in_") == (form == "frames")
        if hasattr(whole, "alpha_"):
            assert found.alpha_ == pytest.approx(whole.alpha_, rel=1e-10)
            np.testing.assert_allclose(found.cv_error_, whole.cv_error_, rtol=1e-8)
        if y is not None and form != "frames":
            np.testing.assert_allclose(found.predict(chunks), whole.predict(X))
        score = found.score(chunks, y, weight)
        assert score == pytest.approx(whole.score(X, Y, W), rel=1e-10)


def test_folds_of_chunks():
    groups = np.arange(N) // 50
    model = regkit.LassoRegressorCV(cv=GroupKFold(4), alphas=15)
    whole = clone(model).fit(X, Y, W, groups=groups)
    found = clone(model).fit(regkit.RowChunks(X, chunk_rows=60), Y, W, groups=groups)
    np.testing.assert_allclose(found.mse_path_, whole.mse_path_, rtol=1e-8)
    assert found.alpha_1se_ == pytest.approx(whole.alpha_1se_, rel=1e-10)
    shuffled = regkit.LassoRegressorCV(
        cv=KFold(3, shuffle=True, random_state=1), alphas=9
    )
    whole = clone(shuffled).fit(X, Y)
    found = clone(shuffled).fit(regkit.RowChunks(sp.csr_array(X), chunk_rows=60), Y)
    np.testing.assert_allclose(found.mse_path_, whole.mse_path_, rtol=1e-8)
    np.testing.assert_allclose(found.coef_path_, whole.coef_path_, rtol=1e-7, atol=1e-9)
    with pytest.raises(ValueError, match="cv must hold every row out at most once"):
        regkit.LassoRegressorCV(cv=ShuffleSplit(3)).fit(regkit.RowChunks(X), Y)
    with pytest.raises(
        ValueError, match="needs the rows in memory for scoring='neg_me"
    ):
        regkit.LassoRegressorCV(scoring="neg_mean_absolute_error").fit(
            regkit.RowChunks(X), Y
        )


@pytest.mark.parametrize(
    "options",
    [
        {"criterion": "aic"},
        {"criterion": "ebic", "standardize": True},
        {"scoring": "r2"},
        {"scoring": "neg_root_mean_squared_error", "rule": "1se"},
        {"scoring": "neg_mean_squared_error", "relaxed": 0.5},
    ],
    ids=repr,
)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
def test_judged_by_moments(options, l1_ratio):
    """Criteria and scores need no predictions; with a criterion, one pass will do."""
    model = regkit.ElasticNetRegressorCV(
        l1_ratio=l1_ratio, alphas=25, eps=1e-4, **options
    )
    whole = clone(model).fit(X, Y, W)
    parts = [regkit.SufficientStatistics().update(X, Y, W, np.arange(N) * 5 // N)]
    passes = []

    def read():
        passes.append(1)
        yield from ((X[s], Y[s], W[s]) for s in SLICES)

    for found in (
        clone(model).fit(regkit.RowChunks(sp.csr_array(X), chunk_rows=100), Y, W),
        clone(model).fit(regkit.RowChunks(read), None),
        clone(model).fit_statistics(sum(parts)),
    ):
        assert set(vars(found)) == set(vars(whole))
        curve = "criterion_" if "criterion" in options else "cv_error_"
        np.testing.assert_allclose(
            getattr(found, curve), getattr(whole, curve), rtol=1e-8
        )
        assert found.alpha_ == pytest.approx(whole.alpha_, rel=1e-10)
        np.testing.assert_allclose(found.coef_, whole.coef_, rtol=1e-7, atol=1e-9)
    # One to count the columns; with folds one for y.
    assert len(passes) == 2 + ("criterion" not in options)


def changed(row, column, value):
    made = X.copy()
    made[row, column] = value
    return made


def chunked(number, chunk):
    """Good chunks, and this one in place of one of them."""
    return regkit.RowChunks(
        [chunk if k == number else X[s] for k, s in enumerate(SLICES)]
    )


FRAME = frame_of(X)
BAD = {
    "width": (chunked(2, X[90:400, :5]), Y, "Chunk 2: X has 5 features, but the chu"),
    "nan": (
        chunked(3, changed(450, 2, np.nan)[400:]),
        Y,
        "Chunk 3: Input X contains N",
    ),
    "inf": (
        chunked(1, changed(5, 2, np.inf)[1:90]),
        Y,
        "Chunk 1: Input X contains inf",
    ),
    "sparse nan": (
        chunked(1, sp.csr_array(changed(5, 2, np.nan)[1:90])),
        Y,
        "Chunk 1: Input X contains NaN",
    ),
    "huge": (
        chunked(2, changed(99, 2, 1e200)[90:400]),
        Y,
        "Chunk 2: Sums of squares o",
    ),
    "empty": (chunked(1, X[:0]), Y, "Chunk 1: Found array with 0 sample(s)"),
    "dtype": (
        chunked(2, X[90:400].astype("f4")),
        Y,
        "Chunk 2: X is of type float32, b",
    ),
    "text": (chunked(2, np.full((310, P), "a")), Y, "Chunk 2: "),
    "one row": (chunked(2, X[90]), Y, "Chunk 2: Expected 2D array, got 1D array inst"),
    "complex": (
        chunked(2, 1j * X[90:400]),
        Y,
        "Chunk 2: Complex data not supported: X holds complex numbers (complex128).",
    ),
    "no rows": (chunked(2, None), Y, "Chunk 2: X must hold rows, got NoneType."),
    "dates": (chunked(2, X[90:400].astype("M8[s]")), Y, "Chunk 2: X holds dates or d"),
    "y width": (
        regkit.RowChunks([(X[:200], Y[:200]), (X[200:], np.c_[Y, Y][200:])]),
        None,
        "Chunk 1: y has rows of shape (2,), but in the chunks before they are ().",
    ),
    "weights once": (
        regkit.RowChunks([(X[:200], Y[:200], W[:200]), (X[200:], Y[200:])]),
        None,
        "Chunk 1: sample_weight does not come with the chunk, unlike those before.",
    ),
    "no weight": (
        regkit.RowChunks([(X, Y, 0 * W)]),
        None,
        "sample_weight must not be all ze",
    ),
    "names": (
        regkit.RowChunks([FRAME[:200], FRAME[200:].iloc[:, ::-1]]),
        Y,
        "Chunk 1: X has the columns ['i'",
    ),
    "no names": (regkit.RowChunks([FRAME[:200], X[200:]]), Y, "Chunk 1: "),
    "rows": (
        regkit.RowChunks(X, chunk_rows=100),
        Y[:-1],
        "Chunk 5: X goes to row 530, but y",
    ),
    "more y": (
        regkit.RowChunks(X, chunk_rows=100),
        np.append(Y, 1.0),
        "X and y must have the same number of rows: the chunks of X have 530, y has 5",
    ),
    "no y": (
        regkit.RowChunks(X),
        None,
        "Chunk 0: y is neither passed nor comes with the chu",
    ),
    "two y": (
        regkit.RowChunks([(X, Y)]),
        Y,
        "Chunk 0: y comes with the chunk and is passed",
    ),
    "y nan": (
        regkit.RowChunks(
            [(X[:200], Y[:200]), (X[200:], changed(300, 0, np.nan)[200:, 0])]
        ),
        None,
        "Chunk 1: Input y contains NaN: row 100.",
    ),
    "y length": (
        regkit.RowChunks([(X, Y[:-1])]),
        None,
        "Chunk 0: X and y must have the same",
    ),
    "weight": (
        regkit.RowChunks([(X, Y, -W)]),
        None,
        "Chunk 0: sample_weight must not be neg",
    ),
    "tuple": (
        regkit.RowChunks([(X, Y, W, W)]),
        None,
        "Chunk 0 must be X, (X, y) or (X, y, s",
    ),
    "more weights": (
        regkit.RowChunks([(X, Y)]),
        None,
        "sample_weight must have one entry per row of X: the chunks of X have 530 ro",
        np.ones(N + 10),
    ),
    "nothing": (regkit.RowChunks([]), Y, "X has no chunks: its source is empty."),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize(
    "model",
    [
        regkit.RidgeRegressor(),
        regkit.LassoRegressorCV(cv=3, alphas=5),
        regkit.RidgeRegressorCV(),
    ],
    ids=repr,
)
def test_bad_chunks_get_one_sentence_and_change_nothing(what, model):
    chunks, y, message, *weights = BAD[what]
    model = clone(model).fit(X[:, :4], RNG.standard_normal(N))
    before = pickle.dumps(model)
    threads = threading.active_count()
    with pytest.raises((ValueError, TypeError), match=r"^.*") as caught:
        model.fit(chunks, y, *weights)
    said = str(caught.value)
    assert said.startswith(message)
    assert "\n" not in said
    assert pickle.dumps(model) == before
    assert threading.active_count() <= threads + 1


def changing(change):
    """A source whose second full reading is another one's."""
    calls = []

    def read():
        calls.append(1)
        others = np.random.default_rng(len(calls)).permutation(N)
        for number, rows in enumerate(SLICES):
            is_late, is_last = len(calls) > 2, number == len(SLICES) - 1
            if is_late and change == "fewer chunks" and is_last:
                return
            if is_late and change == "fewer rows" and is_last:
                rows = slice(400, N - 20)
            if change == "unseeded":
                rows = others[rows]
            yield X[rows], Y[rows]
        if is_late and change == "more chunks":
            yield X[:20], Y[:20]

    return regkit.RowChunks(read)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("fewer chunks", "X has 3 chunks, and had 4 when it was read first"),
        ("fewer rows", r"Chunk 3: [Xy] is not what it was when it was read first"),
        ("more chunks", r"Chunk 4: [Xy] is not what it was when it was read first"),
        ("unseeded", r"Chunk [01]: [Xy] is not what it was when it was read first"),
    ],
)
@pytest.mark.parametrize(
    ("model", "limit"),
    [
        (regkit.LassoRegressor(0.1), 5),
        (regkit.LassoRegressorCV(alphas=5), 5),
        (regkit.LassoRegressorCV(alphas=5), 500),
        (regkit.RidgeRegressorCV(), 500),
        (regkit.RidgeRegressorCV(cv=3), 500),
    ],
    ids=repr,
)
def test_sources_that_change_are_refused(change, message, model, limit, monkeypatch):
    monkeypatch.setattr(_source_reducer, "MOST_SUMMED_UP", limit)
    model = clone(model).fit(X[:, :4], RNG.standard_normal(N))
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=message) as caught:
        model.fit(changing(change), None)
    assert str(caught.value).endswith("a source must give the same rows in every pass.")
    assert pickle.dumps(model) == before


def test_predicting_names_the_chunk():
    model = regkit.RidgeRegressor().fit(X, Y)
    with pytest.raises(ValueError, match="Chunk 1: X has 5 features, but RidgeRegress"):
        model.predict(regkit.RowChunks([X, X[:, :5]]))
    with pytest.raises(ValueError, match="Chunk 0: Input X contains NaN"):
        model.predict(regkit.RowChunks(changed(3, 3, np.nan)))
