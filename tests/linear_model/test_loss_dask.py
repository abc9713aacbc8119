"""Classes and counts of Dask arrays and data frames, summed up on the workers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import regkit
from tests.linear_model.rows_in_pieces import BLOCKS, frame_of, sparse_dask_array
from tests.linear_model.test_loss_chunks import (
    BINARY,
    COUNTS,
    OFFSET,
    THREE,
    N,
    P,
    W,
    X,
    assert_close,
    named,
)

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

FRAME = frame_of(X)
MODELS = [
    (regkit.LogisticClassifier(0.01, class_weight="balanced", tol=1e-11), BINARY),
    (regkit.LogisticClassifier(0.01, tol=1e-11), THREE),
    (regkit.LinearSVMClassifier(0.02, standardize=True), BINARY),
    (regkit.LogisticClassifierCV(alphas=8, cv=3, tol=1e-11), BINARY),
    (regkit.GeneralizedLinearRegressorCV(alphas=8, cv=3, tol=1e-11), COUNTS),
]


def forms(y: Any) -> Any:
    array = da.from_array(X, chunks=(BLOCKS, P))
    yield "array", array, da.from_array(y, chunks=100), da.from_array(W, chunks=90)
    yield "sparse", sparse_dask_array(X), y, W
    frame = dd.from_pandas(FRAME, npartitions=4)
    labels = dd.from_pandas(pd.Series(y), npartitions=4)
    yield "frame", frame, labels, W
    yield "unknown sizes", frame.to_dask_array(), y, W


@pytest.mark.parametrize(("model", "y"), MODELS, ids=named)
def test_same_answer_on_threads(model, y):
    whole = clone(model).fit(X, y, W)
    with dask.config.set(scheduler="threads"):
        for form, table, targets, weight in forms(y):
            found = clone(model).fit(table, targets, weight)
            assert_close(found, whole, form)
            if hasattr(whole, "cv_error_"):
                np.testing.assert_allclose(
                    found.cv_error_, whole.cv_error_, rtol=1e-5, err_msg=form
                )
            predicted = found.predict(table)
            assert dask.is_dask_collection(predicted)
            rows: Any = FRAME if form == "frame" else X
            plain = found.predict(rows)
            if plain.dtype.kind == "f":
                np.testing.assert_allclose(np.asarray(predicted), plain)
            else:
                np.testing.assert_array_equal(np.asarray(predicted), plain)
            score = found.score(table, targets, weight)
            assert score == pytest.approx(found.score(rows, y, W), rel=1e-10)


def test_probabilities_offsets_and_paths():
    table = da.from_array(X, chunks=(100, P))
    found = regkit.LogisticClassifier(0.01).fit(table, da.from_array(THREE, chunks=100))
    for name in ("decision_function", "predict_proba", "predict_log_proba"):
        lazy = getattr(found, name)(table)
        assert dask.is_dask_collection(lazy)
        np.testing.assert_allclose(lazy.compute(), getattr(found, name)(X))
    frame = dd.from_pandas(FRAME, npartitions=3)
    probability = (
        regkit.LogisticClassifier(0.01).fit(frame, BINARY).predict_proba(frame)
    )
    assert probability.compute().shape == (N, 2)
    model = regkit.GeneralizedLinearRegressor(0.01, tol=1e-11)
    whole = clone(model).fit(X, COUNTS, offset=OFFSET)
    for offset in (OFFSET, da.from_array(OFFSET, chunks=70)):
        assert_close(clone(model).fit(table, COUNTS, offset=offset), whole)
    path = regkit.logistic_path(table, BINARY, n_alphas=5)
    assert path.dual_gaps.max() <= 1e-8 * path.null_objective


def test_bad_partitions_are_named():
    table = da.from_array(X, chunks=(100, P))
    negative = da.from_array(np.where(np.arange(N) == 250, -1.0, COUNTS), chunks=100)
    with pytest.raises(ValueError, match="Chunk 2: y must be non-negative"):
        regkit.GeneralizedLinearRegressor().fit(table, negative)
    with pytest.raises(ValueError, match="all of its rows have one class, 'a'"):
        regkit.LogisticClassifier().fit(
            table, da.from_array(np.full(N, "a"), chunks=100)
        )
    with pytest.raises(ValueError, match="y must be passed beside a Dask X"):
        regkit.LogisticClassifier().fit(table, None)


@pytest.mark.slow
def test_processes():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster),
    ):
        for model, y in MODELS:
            whole = clone(model).fit(X, y, W)
            _, table, targets, weight = next(forms(y))
            found = clone(model).fit(table, targets, weight)
            assert_close(found, whole)
            assert found.score(table, targets) == pytest.approx(found.score(X, y))
