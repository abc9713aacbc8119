"""Dask arrays and data frames, on threads and on processes of their own."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import regkit
from regkit.linear_model import _source_reducer
from tests.linear_model import rows_in_pieces as pieces

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

P = 9
X, RNG = pieces.draw_rows(P)
Y = X @ [3.0, -2.0, 1.0, 0, 0, 0, 0.5, 0, 0] + RNG.standard_normal(pieces.N)
W = RNG.integers(0, 4, pieces.N).astype(float)
FRAME = pieces.frame_of(X)

MODELS = [
    regkit.LassoRegressor(0.1, standardize=True),
    regkit.ElasticNetRegressor(0.1, bounds=(-1, 2), penalty_factor=np.arange(P)),
    regkit.RidgeRegressor(3.0),
    regkit.LassoRegressorCV(alphas=20, eps=1e-5),
    regkit.RidgeRegressorCV(alphas=[0.0, 1.0, 100.0]),
    regkit.RidgeRegressorCV(cv=4, standardize=True),
]


def forms():
    array = da.from_array(X, chunks=(pieces.BLOCKS, P))
    yield "array", array, da.from_array(Y, chunks=100), da.from_array(W, chunks=90)
    yield "columns", da.from_array(X, chunks=(100, 2)), Y, W
    yield "sparse", pieces.sparse_dask_array(X), Y, W
    frame = dd.from_pandas(FRAME, npartitions=4)
    y = dd.from_pandas(pd.Series(Y), npartitions=4)
    yield "frame", frame, y, W
    yield "unknown sizes", frame.to_dask_array(), y.to_dask_array(), W
    yield "unknown, in memory", frame.to_dask_array(), Y, W


@contextmanager
def two_workers():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def client():
    with two_workers() as client:
        yield client


@pytest.fixture
def expendable():
    """A client whose workers no other test needs."""
    with two_workers() as client:
        yield client


def assert_all_forms_agree(model):
    whole = clone(model).fit(X, Y, W)
    for form, table, y, weight in forms():
        found = clone(model).fit(table, y, weight)
        np.testing.assert_allclose(
            found.coef_, whole.coef_, rtol=1e-8, atol=1e-9, err_msg=form
        )
        assert found.intercept_ == pytest.approx(whole.intercept_, rel=1e-8)
        assert hasattr(found, "feature_names_in_") == (form == "frame")
        if hasattr(whole, "alpha_"):
            assert found.alpha_ == pytest.approx(whole.alpha_, rel=1e-10)
            np.testing.assert_allclose(found.cv_error_, whole.cv_error_, rtol=1e-8)
        predicted = found.predict(table)
        assert dask.is_dask_collection(predicted)
        np.testing.assert_allclose(np.asarray(predicted.compute()), whole.predict(X))
        score = found.score(table, y, weight)
        assert score == pytest.approx(whole.score(X, Y, W), rel=1e-10)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_threads(model):
    with dask.config.set(scheduler="threads"):
        assert_all_forms_agree(model)


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_processes(model, client):
    assert_all_forms_agree(model)


def test_several_targets():
    targets = np.stack([Y, -Y + X[:, 0]], axis=1)
    table = da.from_array(X, chunks=(100, P))
    whole = regkit.RidgeRegressor([1.0, 2.0]).fit(X, targets)
    found = regkit.RidgeRegressor([1.0, 2.0]).fit(
        table, da.from_array(targets, chunks=(70, 1))
    )
    np.testing.assert_allclose(found.coef_, whole.coef_, rtol=1e-8)
    np.testing.assert_allclose(found.predict(table).compute(), whole.predict(X))


def test_frames_are_predicted_lazily_and_checked_at_once():
    model = regkit.LassoRegressor(0.1).fit(FRAME, Y)
    frame = dd.from_pandas(FRAME, npartitions=3)
    predicted = model.predict(frame)
    assert dask.is_dask_collection(predicted)
    np.testing.assert_allclose(predicted.compute().to_numpy(), model.predict(FRAME))
    with pytest.raises(ValueError, match="The feature names should match"):
        model.predict(frame.rename(columns={"a": "z"}))


def test_what_is_neither_array_nor_frame():
    for wrong in (dask.delayed(X), dd.from_pandas(FRAME["a"], npartitions=2)):
        with pytest.raises(TypeError, match="X must be a Dask array or data frame, go"):
            regkit.RidgeRegressor().fit(wrong, Y)


def holed(value):
    changed = X.copy()
    changed[250, 3] = value
    return da.from_array(changed, chunks=(100, P))


TABLE = da.from_array(X, chunks=(100, P))
BAD = {
    "nan": (holed(np.nan), Y, None, "Chunk 2: Input X contains NaN: column 3"),
    "inf": (holed(np.inf), Y, None, "Chunk 2: Input X contains infinity: column 3"),
    "huge": (holed(1e200), Y, None, "Chunk 2: Sums of squares of X or y overflow"),
    "no y": (TABLE, None, None, "y must be passed beside a Dask X, got None."),
    "short y": (
        TABLE,
        Y[:-1],
        None,
        "X and y must have the same number of rows: X has",
    ),
    "dask y": (TABLE, da.from_array(Y[:-1]), None, "X and y must have the same number"),
    "y nan": (
        TABLE,
        da.from_array(np.where(Y[5] == Y, np.nan, Y)),
        None,
        "Chunk 0: Input y conta",
    ),
    "weights": (TABLE, Y, -W, "sample_weight must not be negative"),
    "dask weights": (
        TABLE,
        Y,
        da.from_array(np.where(Y[5] == Y, -1.0, W)),
        "Chunk 0: sample_weight must no",
    ),
    "partitions": (
        dd.from_pandas(FRAME, npartitions=4),
        dd.from_pandas(pd.Series(Y), npartitions=3),
        None,
        "X and y must have the same partitions: X has 4, y has 3.",
    ),
    "dimensions": (da.from_array(Y), Y, None, "X must be a 2D array, got one of shape"),
    "width": (
        da.concatenate(
            [TABLE, da.from_delayed(dask.delayed(X[:50, :3]), (50, P), float)]
        ),
        np.append(Y, Y[:50]),
        None,
        "Chunk 6: X has 3 features, but the Dask collection says 9.",
    ),
    "no rows": (TABLE[:0], Y[:0], None, "X has no rows: all of its partitions are"),
    "text": (
        dd.from_pandas(FRAME.assign(a="x"), npartitions=1),
        Y,
        None,
        "Chunk 0: X must hold numbers, but column 'a' holds 'x' in row 0",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_partitions_get_one_sentence_and_change_nothing(what):
    table, y, weight, message = BAD[what]
    model = regkit.RidgeRegressor().fit(X[:, :4], Y)
    before = dict(model.__dict__)
    with pytest.raises(ValueError, match=r"^.*") as caught:
        model.fit(table, y, weight)
    assert str(caught.value).startswith(message)
    assert model.__dict__ == before


def some_rows(number, wait=0.0):
    time.sleep(wait)
    rng = np.random.default_rng(number)
    return rng.standard_normal((200, 5)) + number


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "limit", "after"),
    [
        (regkit.RidgeRegressorCV(cv=4, alphas=[0.0, 1.0, 100.0]), 3000, 1.0),
        (regkit.RidgeRegressorCV(), 3000, 2.4),
        (regkit.LassoRegressorCV(cv=4, alphas=20, eps=1e-6), 4, 2.4),
    ],
    ids=["ridge folds", "ridge rows", "wide lasso"],
)
def test_losing_a_worker_does_not_lose_the_fit(
    model, limit, after, expendable, monkeypatch
):
    """A pass takes 1.6 seconds: a worker dies in the first of them, or in a later."""
    monkeypatch.setattr(_source_reducer, "MOST_SUMMED_UP", limit)
    whole = np.concatenate([some_rows(number) for number in range(16)])
    y = whole @ [1.0, 2.0, 0.0, 0.0, -1.0]
    y += np.random.default_rng(99).standard_normal(len(y))
    table = da.concatenate(
        [
            da.from_delayed(dask.delayed(some_rows)(number, 0.2), (200, 5), float)
            for number in range(16)
        ]
    )
    expendable.wait_for_workers(2, timeout=60)
    victim = min(expendable.run(os.getpid).values())
    killer = threading.Timer(after, os.kill, (victim, signal.SIGKILL))
    killer.start()
    found = clone(model).fit(table, y)
    killer.join()
    # It was killed while there was work; Dask may or may not have replaced it yet.
    assert victim not in expendable.run(os.getpid).values()
    expected = clone(model).fit(whole, y)
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=1e-8, atol=1e-10)
    if hasattr(expected, "alpha_"):
        assert found.alpha_ == pytest.approx(expected.alpha_, rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("search", [GridSearchCV, regkit.PathSearchCV])
def test_searches_on_a_cluster(search, client):
    grid = {"alpha": np.geomspace(1.0, 1e-3, 6)}
    here = search(regkit.LassoRegressor(), grid, cv=3).fit(X, Y)
    with joblib.parallel_backend("dask"):
        there = search(regkit.LassoRegressor(), grid, cv=3).fit(X, Y)
    np.testing.assert_allclose(
        there.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"]
    )
    mine, theirs = here.best_estimator_, there.best_estimator_
    np.testing.assert_allclose(theirs.coef_, mine.coef_, rtol=1e-12)
