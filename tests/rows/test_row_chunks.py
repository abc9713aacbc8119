"""`RowChunks`: what they are made of, read in full, held a few at a time."""

from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.model_selection import GridSearchCV

from regkit import LassoRegressor, RidgeRegressor, RowChunks
from regkit.parallel.threads import n_threads
from regkit.rows import inputs, row_chunks, streamed

N, P = 530, 9
RNG = np.random.default_rng(0)
X = RNG.standard_normal((N, P)) + 10.0
X[:, 4] *= RNG.random(N) < 0.2
Y = X @ [3.0, -2.0, 1.0, 0, 0, 0, 0.5, 0, 0] + RNG.standard_normal(N)
W = RNG.integers(0, 4, N).astype(float)


def memory_map(tmp_path, offset):
    path = tmp_path / f"X-{offset}"
    path.write_bytes(b"x" * offset + X.astype("f4").tobytes())
    return np.memmap(path, dtype="f4", mode="r", shape=(N, P), offset=offset)


def test_blocks_within_a_chunk(monkeypatch):
    """Chunks are cut for the threads: by any cut, the same answer."""
    monkeypatch.setattr(streamed, "_BLOCK_BYTES", 2000)
    for source in (X, sp.csr_array(X), [sp.csc_array(X)], np.asfortranarray(X)):
        found = LassoRegressor(0.1).fit(RowChunks(source), Y, W)
        whole = LassoRegressor(0.1).fit(X, Y, W)
        np.testing.assert_allclose(found.coef_, whole.coef_, rtol=1e-8, atol=1e-10)


def test_large_memory_maps_need_no_wrapper(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "_LARGE_MAP", 1000)
    monkeypatch.setattr(row_chunks, "_CHUNK_BYTES", 4096)
    passes = []
    original = RowChunks.__iter__
    monkeypatch.setattr(
        RowChunks, "__iter__", lambda self: passes.append(1) or original(self)
    )
    for offset in (0, 5000):
        mapped = memory_map(tmp_path, offset)
        whole = RidgeRegressor().fit(np.array(mapped), Y)
        found = RidgeRegressor().fit(mapped, Y)
        np.testing.assert_allclose(found.coef_, whole.coef_, rtol=1e-8)
        np.testing.assert_allclose(
            found.predict(mapped), whole.predict(np.array(mapped))
        )
        part = mapped[200:]
        whole = RidgeRegressor().fit(np.array(part), Y[200:])
        found = RidgeRegressor().fit(part, Y[200:])
        np.testing.assert_allclose(found.coef_, whole.coef_, rtol=1e-8)
    assert len(passes) == 6


def test_writable_maps_keep_what_was_written(tmp_path):
    """Memory that is handed back must not hold what no file does."""
    path = tmp_path / "X"
    path.write_bytes(np.zeros((4000, P)).tobytes())
    for mode in ("r+", "c"):
        mapped = np.memmap(path, dtype="f8", mode=mode, shape=(4000, P))
        mapped[:] = np.random.default_rng(1).standard_normal((4000, P))
        copy = np.array(mapped)
        RidgeRegressor().fit(RowChunks(mapped, chunk_rows=100), copy[:, 0])
        assert np.array_equal(mapped, copy)


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    frame = pd.DataFrame(X, columns=list("abcdefghi"))
    frame["price"], frame["w"] = Y, W
    table = pyarrow.Table.from_pandas(frame)
    parquet.write_table(table[:300], tmp_path / "1.parquet")
    parquet.write_table(table[300:], tmp_path / "2.parquet")
    rows = RowChunks.from_parquet(tmp_path, "price", sample_weight="w", chunk_rows=111)
    model = LassoRegressor(0.1).fit(rows, None)
    whole = LassoRegressor(0.1).fit(frame[list("abcdefghi")], Y, W)
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-8, atol=1e-10)
    assert list(model.feature_names_in_) == list("abcdefghi")
    alone = RowChunks.from_parquet(tmp_path, columns=list("abcdefghi"))
    np.testing.assert_allclose(
        model.predict(alone), whole.predict(frame[list("abcdefghi")])
    )
    batches = RowChunks(pyarrow.Table.from_pandas(frame[["a", "b"]]).to_batches(50))
    assert RidgeRegressor().fit(batches, Y).coef_.shape == (2,)


def test_bad_sources():
    for source in (iter([X]), 3, None, "file.parquet"):
        with pytest.raises((TypeError, ValueError), match=r"source|Chunk"):
            RidgeRegressor().fit(RowChunks(source), Y)
    with pytest.raises(ValueError, match="source must have two dimensions"):
        RowChunks(Y)
    with pytest.raises(ValueError, match="chunk_rows must be 1 or more, got 0"):
        RowChunks(X, chunk_rows=0)

    def broken():
        yield X[:100]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        RidgeRegressor().fit(RowChunks(broken), Y)


def test_few_chunks_are_held_at_a_time():
    alive, most = 0, 0
    lock = threading.Lock()

    class Tracked(np.ndarray):
        def __del__(self):
            nonlocal alive
            with lock:
                alive -= 1

    def read():
        nonlocal alive, most
        for start in range(0, 400, 10):
            chunk = X[start : start + 10].copy().view(Tracked)
            with lock:
                alive += 1
                most = max(most, alive)
            yield chunk

    RidgeRegressor().fit(RowChunks(read), Y[:400])
    # Two for each thread that works, one that was read ahead, one on its way.
    assert most <= 2 * n_threads() + 3


def test_chunks_print_what_they_come_from():
    def days():
        yield X, Y

    assert repr(RowChunks(X)) == f"RowChunks(array of shape {X.shape})"
    assert repr(RowChunks([(X, Y)])) == "RowChunks(1 chunk)"
    assert repr(RowChunks(days)) == "RowChunks(days)"
    assert repr(RowChunks(partial(days))) == "RowChunks(partial)"


def test_what_is_no_source_of_chunks_gets_one_sentence():
    with pytest.raises(TypeError, match="got str; an iterator or generator could"):
        RowChunks("rows.parquet")
    with pytest.raises(TypeError, match=r"source must return an iterator .* NoneType"):
        RidgeRegressor().fit(RowChunks(lambda: None), Y)
    with pytest.raises(TypeError, match="RowChunks are read by fit and predict"):
        GridSearchCV(RidgeRegressor(), {"alpha": [1.0]}).fit(RowChunks(X), Y)
    with pytest.raises(TypeError, match="RowChunks are read by fit and predict"):
        np.asarray(RowChunks(X))
    lists = [
        (X[at : at + 53].tolist(), Y[at : at + 53].tolist()) for at in range(0, N, 53)
    ]
    found = RidgeRegressor().fit(RowChunks(lists), None)
    np.testing.assert_allclose(found.coef_, RidgeRegressor().fit(X, Y).coef_)
