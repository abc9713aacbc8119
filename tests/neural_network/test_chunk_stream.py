"""What is read of chunks: each row once an epoch, moments, and a uniform sample."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from regkit import DropoutMLPRegressor, RowChunks
from regkit.neural_network import _chunked
from regkit.neural_network._chunked import Chunks, Stream, TargetEncoding
from regkit.neural_network._sample import Sample, SomeRows, hashes
from regkit.neural_network._summaries import FirstTargets
from regkit.rows.open import as_source
from regkit.solvers.networks.scaling import Scaling, ScalingMoments
from tests.neural_network.chunked_rows import SMALL, WEIGHTS, X, Y


def stream_of(source, y, apart=(), moments=False):
    chunks = Chunks("test", as_source(source), y, None, DropoutMLPRegressor()._plain_y)
    chunks.survey(0, FirstTargets(), 1)
    encoding = TargetEncoding(lambda y: y.reshape(-1, 1), lambda y, weights: weights)
    return Stream(chunks, encoding, np.array(apart, dtype=int), moments, moments)


@pytest.mark.parametrize("ordered", [True, False], ids=["callable", "sequence"])
def test_an_epoch_visits_every_row_once(ordered):
    numbers = np.arange(103.0)
    pieces = [numbers[at : at + 10, None] for at in range(0, 103, 10)]
    source = RowChunks((lambda: iter(pieces)) if ordered else pieces)
    apart = [0, 55, 102, 7, *range(20, 30)]
    stream = stream_of(source, numbers, apart)
    none = Scaling.none(1)
    feed = stream.feed(none, none, np.float64, seed=3, buffer_chunks=4)
    orders = []
    for key in (0, 17):
        parts = [data.targets[:, 0] for data in feed.read(key)]
        assert [len(part) for part in parts] == feed.plan(key)
        assert len(parts) == 3
        assert max(len(np.unique(part // 10)) for part in parts) <= 4
        seen = np.concatenate(parts)
        assert_array_equal(np.sort(seen), np.setdiff1d(numbers, apart))
        orders.append(seen)
        assert_array_equal(
            np.concatenate([d.targets[:, 0] for d in feed.read(key)]), seen
        )
    assert np.array_equal(*orders) == ordered
    if ordered:
        assert_array_equal(orders[0], np.sort(orders[0]))


def test_moments_are_those_of_the_rows_to_learn_from():
    x = 1e8 + np.random.default_rng(0).normal(size=(1000, 4)) * [1.0, 1e-3, 0.0, 1.0]
    x[:, 3] -= 1e8
    apart = np.arange(0, 1000, 3)
    stream = stream_of(RowChunks(x, chunk_rows=64), x[:, 0], apart, True)
    rest = np.delete(x, apart, axis=0)
    expected = ScalingMoments.of(rest, np.ones(len(rest)))
    found = stream.totals.columns
    # What n additions may round, in any order: column 3 is not beside 1e8.
    rounding = len(rest) * np.finfo(np.float64).eps * np.abs(rest[:, 3]).mean()
    assert_allclose(found.center, expected.center, rtol=1e-15, atol=rounding)
    assert_allclose(found.scale, expected.scale, rtol=1e-4)  # 1e-3 beside 1e8
    assert_allclose(found.scale, rest.std(axis=0) + np.array([0, 0, 1, 0]), rtol=1e-4)
    sparse = ScalingMoments.of(sp.csr_array(rest), np.ones(len(rest)))
    assert_allclose(sparse.center, expected.center, rtol=1e-15, atol=rounding)
    assert_allclose(sparse.scale, expected.scale, rtol=1e-4)
    assert found.scale[2] == expected.scale[2] == sparse.scale[2] == 1.0
    assert stream.n_rows == len(rest)
    huge = ScalingMoments.of(x * 1e300, np.ones(1000))
    assert np.isfinite(
        huge.merge(ScalingMoments.of(-x * 1e300, np.ones(1000))).spread
    ).all()


def test_the_sample_is_uniform_and_knows_no_chunks():
    rows = np.arange(5000)

    def draw(seed, size):
        sample = Sample(seed)
        for at in range(0, 5000, size):
            part = rows[at : at + size]
            sample.add(SomeRows(part, part[:, None], part, np.ones(len(part))))
            sample.shrink(500)
        assert len(sample) == 500
        return sample.rows().numbers

    assert_array_equal(draw(0, 5000), draw(0, 37))
    assert len(np.intersect1d(draw(0, 37), draw(1, 37))) < 90
    counts = np.zeros(5000)
    for seed in range(200):
        counts[draw(seed, 1000)] += 1
    # Binomial(200, 0.1), 5000 times; neighbors are independent.
    assert abs(counts.var() / 18.0 - 1) < 0.1
    assert abs(np.corrcoef(counts[1:], counts[:-1])[0, 1]) < 0.06
    assert len(np.unique(hashes(3, np.arange(100_000)))) == 100_000


def test_large_data_are_sampled(monkeypatch):
    monkeypatch.setattr(_chunked, "_SAMPLE_ROWS", 100)
    estimator = DropoutMLPRegressor(**SMALL, calibration_fraction=0.1, buffer_chunks=2)
    model = estimator.fit(RowChunks(X, chunk_rows=30), Y, WEIGHTS)
    # 100 rows of weight: 10 to calibrate, 18 to validate.
    assert model._calibration.n_rows == 10
    assert model.t_ == 4 * (np.count_nonzero(WEIGHTS) - 28)
    again = clone(estimator).fit(RowChunks(X, chunk_rows=25), Y, WEIGHTS)
    assert again._calibration.n_rows == 10
    assert_array_equal(
        model._ensemble.first.inputs.center, again._ensemble.first.inputs.center
    )


def test_memory_stays_at_a_few_chunks():
    """40 chunks of 2 MB; about two buffers of 4 are held, in float32, and a sample."""
    rng = np.random.default_rng(0)
    seed = rng.normal(size=(5000, 50))

    def read():
        for number in range(40):
            rows = seed + number
            yield rows, rows[:, 0] - number

    model = DropoutMLPRegressor(
        hidden_layer_sizes=(4,), max_iter=2, embedding=None, random_state=0
    )
    one = seed.nbytes
    tracemalloc.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_chunked, "_SAMPLE_ROWS", 5000)
        model.fit(RowChunks(read), None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 14 * one
