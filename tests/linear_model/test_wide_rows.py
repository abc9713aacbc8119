"""More columns than a Gram matrix may have, in rows that are read in chunks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.model_selection import KFold

import regkit
from regkit.linear_model import _least_squares, _source_reducer
from regkit.solvers.folds import out_of_core
from tests.certificate import certify

N, P = 150, 400
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N, P)) * (RNG.random((N, P)) < 0.4)
X[:, 7] = 1.5
X[:, 9] = X[:, 8]
Y = X[:, :12] @ RNG.standard_normal(12) + RNG.standard_normal(N) + 5.0
W = RNG.integers(0, 3, N).astype(float)
FACTOR = RNG.choice([0.5, 1.0, 2.0, np.inf], P)
FACTOR[3] = 0.0

MODELS = [
    regkit.LassoRegressor(0.05),
    regkit.LassoRegressor(0.02, standardize=True, penalty_factor=FACTOR),
    regkit.ElasticNetRegressor(0.1, bounds=(-0.3, 0.5), fit_intercept=False),
    regkit.ElasticNetRegressor(0.05, l1_ratio=0.9, positive=True),
]


@pytest.fixture(autouse=True)
def small_limits(monkeypatch):
    """Few columns are many, and a working set begins with very few."""
    monkeypatch.setattr(_source_reducer, "MOST_SUMMED_UP", 100)
    monkeypatch.setattr(out_of_core, "_LEAST_BATCH", 10)
    monkeypatch.setattr(out_of_core, "_ENTRIES", 1000)


def sources():
    yield regkit.RowChunks(X, chunk_rows=40)
    yield regkit.RowChunks(sp.csr_array(X), chunk_rows=70)
    yield regkit.RowChunks([X[:20], sp.csc_array(X[20:])])


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_same_answer_and_certified(model):
    whole = clone(model).fit(X, Y, W)
    for chunks in sources():
        found = clone(model).fit(chunks, Y, W)
        np.testing.assert_allclose(found.predict(X), whole.predict(X), rtol=1e-7)
        lower, upper = (-np.inf, np.inf) if model.bounds is None else model.bounds
        if model.positive:
            lower = 0.0
        judged = certify(
            X,
            Y,
            found.coef_,
            found.intercept_,
            alpha=model.alpha,
            l1_ratio=getattr(model, "l1_ratio", 1.0),
            sample_weight=W,
            penalty_factor=model.penalty_factor,
            bounds=(lower, upper),
            standardize=model.standardize,
            fit_intercept=model.fit_intercept,
        )
        assert judged.problems(1e-9) == []
        assert found.dual_gap_ <= 1e-9 * judged.null_objective


@pytest.mark.parametrize(
    "model",
    [
        regkit.LassoRegressorCV(alphas=12, eps=1e-2, cv=4),
        regkit.LassoRegressorCV(
            alphas=6,
            eps=0.05,
            cv=KFold(3, shuffle=True, random_state=0),
            standardize=True,
            penalty_factor=FACTOR,
        ),
        regkit.ElasticNetRegressorCV(alphas=8, eps=0.05, l1_ratio=[0.5, 0.9], cv=3),
    ],
    ids=repr,
)
def test_cross_validation(model):
    whole = clone(model).fit(X, Y, W)
    for chunks in sources():
        found = clone(model).fit(chunks, Y, W)
        np.testing.assert_allclose(found.alphas_, whole.alphas_, rtol=1e-10)
        np.testing.assert_allclose(found.mse_path_, whole.mse_path_, rtol=1e-6)
        assert found.alpha_ == pytest.approx(whole.alpha_, rel=1e-10)
        np.testing.assert_allclose(found.predict(X), whole.predict(X), rtol=1e-6)


def test_passes_are_few(monkeypatch):
    passes = 0

    def read():
        nonlocal passes
        passes += 1
        yield X[:70], Y[:70]
        yield X[70:], Y[70:]

    monkeypatch.setattr(out_of_core, "_ENTRIES", 1 << 25)
    monkeypatch.setattr(out_of_core, "_LEAST_BATCH", 300)
    regkit.LassoRegressorCV(alphas=50, eps=1e-2, cv=5).fit(regkit.RowChunks(read), None)
    # The columns, y for the splitter, one to measure; then two for each round.
    assert passes <= 10


def test_frames_keep_their_names():
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(P)])
    model = regkit.LassoRegressor(0.1).fit(
        regkit.RowChunks([frame[:60], frame[60:]]), Y
    )
    assert list(model.feature_names_in_) == list(frame.columns)


def test_ridge_sums_up_more_columns():
    whole = regkit.RidgeRegressor(3.0).fit(X, Y)
    found = regkit.RidgeRegressor(3.0).fit(regkit.RowChunks(X, chunk_rows=40), Y)
    np.testing.assert_allclose(found.coef_, whole.coef_, rtol=1e-8, atol=1e-10)


def test_what_cannot_be_done_gets_one_sentence(monkeypatch):
    chunks = regkit.RowChunks(X, chunk_rows=40)
    with pytest.raises(ValueError, match="y must have one column where X has more"):
        regkit.LassoRegressor().fit(chunks, np.stack([Y, Y], axis=1))
    holed = X.copy()
    holed[100, 7] = np.nan
    with pytest.raises(ValueError, match="Chunk 2: Input X contains NaN"):
        regkit.LassoRegressor().fit(regkit.RowChunks(holed, chunk_rows=40), Y)
    with pytest.raises(ValueError, match=r"takes no relaxed=0\.5 and no l1_ratio of 0"):
        regkit.LassoRegressorCV(relaxed=0.5).fit(chunks, Y)
    with pytest.raises(ValueError, match="needs the rows in memory for criterion='bi"):
        regkit.LassoRegressorCV(criterion="bic").fit(chunks, Y)
    monkeypatch.setattr(out_of_core, "MOST_COLUMNS", 50)
    monkeypatch.setattr(_least_squares, "MOST_COLUMNS", 50)
    with pytest.raises(ValueError, match="more than 50 columns are needed"):
        regkit.LassoRegressor(1e-5).fit(chunks, Y)
    with pytest.raises(ValueError, match="without an L1 penalty needs all 400 columns"):
        regkit.RidgeRegressor().fit(chunks, Y)


def test_dask():
    da = pytest.importorskip("dask.array")
    whole = regkit.LassoRegressorCV(alphas=8, eps=0.01, cv=3).fit(X, Y, W)
    for scheduler in ("threads", "synchronous"):
        with pytest.importorskip("dask").config.set(scheduler=scheduler):
            table = da.from_array(X, chunks=(40, P))
            found = regkit.LassoRegressorCV(alphas=8, eps=0.01, cv=3).fit(table, Y, W)
        np.testing.assert_allclose(found.mse_path_, whole.mse_path_, rtol=1e-6)
        np.testing.assert_allclose(found.predict(X), whole.predict(X), rtol=1e-6)
