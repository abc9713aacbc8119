"""Networks from rows in chunks: the same network, or one that learns the same."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score

from regkit import DropoutMLPClassifier, DropoutMLPRegressor, RowChunks
from regkit.neural_network import _chunked
from regkit.neural_network._chunked import Chunks, Stream, TargetEncoding
from regkit.neural_network._sample import Sample, SomeRows, hashes
from regkit.neural_network._summaries import FirstTargets
from regkit.rows.open import as_source
from regkit.solvers.networks.scaling import Scaling, ScalingMoments

SMALL = {"n_members": 1, "hidden_layer_sizes": (8,), "max_iter": 4, "random_state": 0}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4)) * [1.0, 10.0, 0.1, 100.0] + [0.0, 5.0, 0.0, -300.0]
Z = (X - X.mean(0)) / X.std(0)
Y = 20.0 + 5.0 * Z[:, 0] + 3.0 * np.abs(Z[:, 1]) + 0.2 * RNG.normal(size=300)
LABELS = np.array(["low", "mid", "top"])[np.digitize(Y, np.quantile(Y, [0.3, 0.7]))]
WEIGHTS = RNG.integers(0, 3, 300).astype(float)
SEVERAL = np.column_stack([Y > 20, Y > 25]).astype(int)

CASES = {
    "regressor": (DropoutMLPRegressor(**SMALL), Y),
    "two targets": (DropoutMLPRegressor(**SMALL, standardize=True), np.c_[Y, -Y]),
    "variance head": (DropoutMLPRegressor(**SMALL, loss="gaussian_nll"), Y),
    "calibrated": (DropoutMLPRegressor(**SMALL, calibration_fraction=0.2), Y),
    "classifier": (DropoutMLPClassifier(**SMALL), LABELS),
    "balanced": (DropoutMLPClassifier(**SMALL, class_weight="balanced"), LABELS),
    "weighted": (DropoutMLPClassifier(**SMALL, class_weight={"top": 3.0}), LABELS),
    "labels": (DropoutMLPClassifier(**SMALL, class_weight="balanced"), SEVERAL),
}
EACH = pytest.mark.parametrize("case", CASES)


def probe(model, rows=X):
    if hasattr(model, "predict_proba"):
        return model.predict_proba(rows)
    return model.predict(rows)


def chunks_of(rows, *others, size=40):
    """A sequence of chunks, with what is beside the rows."""
    cuts = range(0, rows.shape[0], size)
    return RowChunks(
        [tuple(part[cut : cut + size] for part in (rows, *others)) for cut in cuts]
    )


@EACH
def test_few_chunks_are_an_array(case):
    """Bit for bit, whether in one chunk or as many as the buffer holds."""
    estimator, target = CASES[case]
    expected = clone(estimator).fit(X, target, WEIGHTS)
    for source in (
        chunks_of(X, target, WEIGHTS, size=300),
        chunks_of(X, target, WEIGHTS, size=80),
    ):
        model = clone(estimator).fit(source, None)
        assert_array_equal(probe(model), probe(expected))
        assert_array_equal(model.loss_curve_, expected.loss_curve_)
        assert_array_equal(
            model.validation_loss_curve_, expected.validation_loss_curve_
        )
    beside = clone(estimator).fit(chunks_of(X), target, WEIGHTS)
    held = clone(estimator).set_params(buffer_chunks=8)
    held.fit(chunks_of(X), target, WEIGHTS)
    assert_array_equal(probe(held), probe(expected))
    assert beside.t_ == expected.t_


@EACH
@pytest.mark.parametrize("early_stopping", [True, False])
def test_rows_in_their_order_are_an_array(case, early_stopping):
    """Part by part, without shuffling, the steps are those of all rows at once."""
    estimator, target = CASES[case]
    estimator = clone(estimator).set_params(
        shuffle=False, dtype="float64", batch_size=1, early_stopping=early_stopping
    )
    expected = clone(estimator).fit(X, target, WEIGHTS)
    streamed = clone(estimator).set_params(buffer_chunks=2)
    streamed.fit(chunks_of(X, size=60), target, WEIGHTS)
    assert_allclose(probe(streamed), probe(expected), rtol=1e-7)
    assert_allclose(streamed.loss_curve_, expected.loss_curve_, rtol=1e-7)
    assert_allclose(streamed.best_loss_, expected.best_loss_, rtol=1e-7)
    assert streamed.best_iter_ == expected.best_iter_
    assert streamed.t_ == expected.t_
    if hasattr(expected, "noise_std_"):
        assert_allclose(streamed.noise_std_, expected.noise_std_, rtol=1e-6)


@pytest.mark.parametrize("form", ["csr", "csc", "frame", "float32", "callable", "map"])
def test_forms_of_chunks(form, tmp_path):
    y = LABELS
    estimator = DropoutMLPClassifier(
        **SMALL, shuffle=False, batch_size=1, dtype="float64"
    )
    rows, expected_rows = X, X
    if form in ("csr", "csc"):
        rows = sp.csr_array(np.where(Z > 0, Z, 0.0))
        expected_rows = rows
    if form == "float32":
        rows = expected_rows = X.astype(np.float32)
    if form == "frame":
        rows = pd.DataFrame(X, columns=list("abcd"))
        source = RowChunks([rows.iloc[at : at + 60] for at in range(0, 300, 60)])
    elif form == "callable":
        source = RowChunks(lambda: (X[at : at + 60] for at in range(0, 300, 60)))
    elif form == "csc":
        source = RowChunks([rows[at : at + 60].tocsc() for at in range(0, 300, 60)])
    else:
        if form == "map":
            rows = np.memmap(tmp_path / "X", dtype=np.float64, shape=X.shape, mode="w+")
            rows[:] = X
        source = RowChunks(rows, chunk_rows=60)
    model = clone(estimator).set_params(buffer_chunks=2).fit(source, y)
    expected = clone(estimator).fit(expected_rows, y)
    found = probe(model, rows if form == "frame" else expected_rows)
    assert_allclose(found, probe(expected, expected_rows), rtol=1e-6)
    if form == "frame":
        assert_array_equal(model.feature_names_in_, list("abcd"))
    assert_array_equal(model.predict_proba(source), found)
    assert_array_equal(model.predict(source), model.predict(rows))
    assert_allclose(np.exp(model.predict_log_proba(source)), found)


def test_shuffled_chunks_learn_what_rows_at_random_do():
    rng = np.random.default_rng(1)
    x = rng.uniform(-2, 2, (4000, 2))
    y = np.sin(2 * x[:, 0]) + 0.1 * rng.normal(size=4000)
    order = np.argsort(x[:, 0])  # as hard as it gets: sorted
    x, y = x[order], y[order]
    estimator = DropoutMLPRegressor(
        hidden_layer_sizes=(32,), max_iter=40, random_state=0, buffer_chunks=4
    )
    model = estimator.fit(RowChunks(x, chunk_rows=100), y)
    assert r2_score(y, model.predict(x)) > 0.95
    again = clone(estimator).fit(RowChunks(x, chunk_rows=100), y)
    assert_array_equal(again.predict(x), model.predict(x))
    other = clone(estimator).set_params(random_state=1)
    assert not np.array_equal(
        other.fit(RowChunks(x, chunk_rows=100), y).predict(x), model.predict(x)
    )


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


@EACH
def test_partial_fit_is_an_epoch(case):
    estimator, target = CASES[case]
    options = {
        "learning_rate": "constant",
        "dropout_schedule": "constant",
        "alpha_schedule": "constant",
        "early_stopping": False,
        "tol": 0.0,
        "n_iter_no_change": 1000,
        "max_iter": 3,
        "buffer_chunks": 2,
    }
    if "calibration_fraction" in estimator.get_params():
        options["calibration_fraction"] = 0.0
    source = chunks_of(X, size=60)
    whole = clone(estimator).set_params(**options).fit(source, target, WEIGHTS)
    parts = clone(estimator).set_params(**options)
    for _ in range(3):
        parts.partial_fit(source, target, sample_weight=WEIGHTS)
    assert_array_equal(probe(parts), probe(whole))
    assert parts.n_iter_ == 3
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.t_ == whole.t_


def test_the_users_validation_rows():
    source = chunks_of(X, Y, size=60)
    model = DropoutMLPRegressor(**SMALL, buffer_chunks=2)
    model.fit(source, None, X_val=X[:50], y_val=Y[:50])
    assert model.t_ == 4 * 300
    best = model.best_iter_ - 1
    assert_allclose(
        model.validation_scores_[best], r2_score(Y[:50], model.predict(X[:50]))
    )


def test_warm_start_goes_on():
    source = chunks_of(X, Y, size=60)
    model = DropoutMLPRegressor(**SMALL, buffer_chunks=2, warm_start=True)
    first = model.fit(source, None).loss_curve_[-1]
    assert model.fit(source, None).loss_curve_[-1] < first


def test_warnings_point_at_the_callers_line():
    source = chunks_of(X, Y, size=60)
    how = {**SMALL, "max_iter": 2, "buffer_chunks": 2}
    how |= {"learning_rate": "constant", "early_stopping": False}
    model = DropoutMLPRegressor(**how)
    with pytest.warns(ConvergenceWarning, match="max_iter=2 reached") as caught:
        model.fit(source, None)
    assert {each.filename for each in caught} == {__file__}


def test_predictions_stream():
    model = DropoutMLPRegressor(**SMALL).fit(X, Y)
    source = RowChunks(X, chunk_rows=70)
    assert_allclose(model.predict(source), model.predict(X))
    mean, std = model.predict(source, return_std=True)
    assert_allclose(mean, model.predict(X))
    assert_allclose(std, model.predict(X, return_std=True)[1], rtol=0.5)
    found = model.predict_uncertainty(source, n_samples=20)
    assert_allclose(found.total, np.hypot(found.epistemic, found.noise))
    for end, expected in zip(
        model.predict_interval(source), model.predict_interval(X), strict=True
    ):
        assert_allclose(end, expected, atol=4.0)
    samples = model.sample_predictions(source, 3, 1)
    assert samples.shape == (3, 300)
    assert_array_equal(samples, model.sample_predictions(source, 3, random_state=1))
    # Chunks have masks of their own.
    same = RowChunks(np.tile(X[:10], (2, 1)), chunk_rows=10)
    twice = model.sample_predictions(same, 3, 1)
    assert not np.array_equal(twice[:, :10], twice[:, 10:])
    classifier = DropoutMLPClassifier(**SMALL).fit(X, LABELS)
    averaged = classifier.predict_proba(source, n_samples=50, random_state=0)
    assert_allclose(averaged.sum(1), 1.0)
    assert_array_equal(classifier.predict(source), classifier.predict(X))
    assert classifier.predict_uncertainty(source).entropy.shape == (300,)


def broken(how):
    parts = [(X[at : at + 60], Y[at : at + 60]) for at in range(0, 300, 60)]
    rows, y = parts[3]
    if how == "nan":
        rows = rows.copy()
        rows[5, 1] = np.nan
    if how == "width":
        rows = rows[:, :3]
    if how == "empty":
        rows, y = rows[:0], y[:0]
    if how == "dtype":
        rows = rows.astype(np.float32)
    if how == "short":
        y = y[:-1]
    if how == "weights":
        parts[3] = (rows, y, -np.ones(60))
        return parts
    if how == "weights once":
        parts[3] = (rows, y, np.ones(60))
        return parts
    if how == "generator":
        rows = (row for row in rows)
    if how == "targets":
        y = np.c_[y, y]
    if how == "y":
        y = np.where(np.arange(60) == 3, np.inf, y)
    parts[3] = (rows, y)
    return parts


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("nan", "Input X contains NaN"),
        ("width", "X has 3 features, but the chunks before have 4."),
        ("empty", "Found array with 0 sample"),
        ("dtype", "X is of type float32, but the chunks before are float64"),
        ("short", "X has 60, y has 59"),
        ("weights", "sample_weight must not be negative"),
        ("targets", r"y is of shape \(60, 2\), but in the chunks before"),
        ("y", "Input y contains infinity"),
        ("weights once", "sample_weight comes with the chunk, unlike those before"),
        ("generator", "X must hold rows, got generator"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_bad_chunks_are_named_and_change_nothing(how, reason, method):
    model = DropoutMLPRegressor(**SMALL, buffer_chunks=2).fit(X, Y)
    before = dict(model.__dict__)
    wrong = TypeError if how == "generator" else ValueError
    with pytest.raises(wrong, match=f"^Chunk 3: .*{reason}") as caught:
        getattr(model, method)(RowChunks(broken(how)), None)
    assert "\n" not in str(caught.value)
    assert before.keys() == model.__dict__.keys()
    assert all(before[name] is model.__dict__[name] for name in before)


def test_sources_that_change_are_refused():
    calls = []

    def read():
        calls.append(1)
        size = 60 if len(calls) < 4 else 50
        for at in range(0, 300, 60):
            yield X[at : at + size], Y[at : at + size]

    model = DropoutMLPRegressor(**SMALL, buffer_chunks=2)
    with pytest.raises(ValueError, match=r"^Chunk 0: X has 50 rows, and had 60"):
        model.fit(RowChunks(read), None)
    assert not hasattr(model, "coefs_")

    def fewer():
        calls.append(1)
        for at in range(0, 300 if len(calls) < 3 else 120, 60):
            yield X[at : at + 60], Y[at : at + 60]

    calls.clear()
    with pytest.raises(ValueError, match="was read"):
        model.fit(RowChunks(fewer), None)


def test_what_is_missing_is_said():
    model = DropoutMLPRegressor(**SMALL)
    with pytest.raises(ValueError, match="Chunk 0: y is neither passed nor comes"):
        model.fit(RowChunks(X), None)
    with pytest.raises(ValueError, match="its source is empty"):
        model.fit(RowChunks([]), None)
    with pytest.raises(ValueError, match="the chunks of X have 300, y has 301"):
        model.fit(chunks_of(X), np.append(Y, 0.0))
    with pytest.raises(ValueError, match="must not be all zero"):
        model.fit(chunks_of(X), Y, np.zeros(300))
    with pytest.raises(ValueError, match="only one class"):
        DropoutMLPClassifier(**SMALL).fit(chunks_of(X), np.ones(300))
    with pytest.raises(ValueError, match="are not in class_weight"):
        DropoutMLPClassifier(**SMALL, class_weight={"no": 2.0}).fit(
            chunks_of(X), LABELS
        )
    with pytest.raises(TypeError, match="X_val must be in memory, got RowChunks"):
        model.fit(X, Y, X_val=chunks_of(X), y_val=Y)
    fitted = DropoutMLPClassifier(**SMALL).fit(X, LABELS)
    with pytest.raises(ValueError, match="Chunk 0: X has 3 features, but"):
        fitted.predict(RowChunks(X[:, :3]))


def test_an_interrupt_leaves_whole_epochs(monkeypatch):
    reads = []

    def read():
        reads.append(1)
        for at in range(0, 300, 60):
            if len(reads) == 5 and at == 240:
                raise KeyboardInterrupt
            yield X[at : at + 60], Y[at : at + 60]

    model = DropoutMLPRegressor(**SMALL, buffer_chunks=2, early_stopping=False)
    two = clone(model).set_params(max_iter=4)
    seen = []
    two.set_params(verbose=True)
    monkeypatch.setattr(
        "regkit.neural_network._progress.TrainingProgress.end",
        lambda self, epoch: seen.append(epoch) or epoch.number == 2,
    )
    two.fit(RowChunks(lambda: iter(broken("not"))), None)
    with pytest.warns(UserWarning, match="interrupted after 2 epochs"):
        model.fit(RowChunks(read), None)
    assert model.n_iter_ == two.n_iter_ == 2
    assert_array_equal(model.predict(X), two.predict(X))


def test_divergence_keeps_the_last_finite_weights():
    model = DropoutMLPRegressor(
        hidden_layer_sizes=(8,),
        solver="sgd",
        layer_rates="equal",
        activation="identity",
        learning_rate="constant",
        learning_rate_init=2.0,
        max_iter=200,
        embedding=None,
        early_stopping=False,
        random_state=0,
        buffer_chunks=2,
    )
    with pytest.warns(ConvergenceWarning, match="diverged in epoch"):
        model.fit(chunks_of(Z, Y, size=60), None)
    assert all(np.isfinite(coef).all() for coef in model.coefs_)
    assert np.isfinite(model.predict(Z)).all()


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


@pytest.mark.parametrize("kind", ["array", "frame"])
def test_dask(kind):
    dask = pytest.importorskip("dask.array", reason="in the dask extra only")
    rows = dask.from_array(X, chunks=(60, -1))
    target = dask.from_array(LABELS, chunks=60)
    beside = dask.from_array(WEIGHTS, chunks=60)
    if kind == "frame":
        rows = rows.to_dask_dataframe(columns=list("abcd"))
        target = target.to_dask_dataframe()
        beside = beside.to_dask_dataframe()
    estimator = DropoutMLPClassifier(**SMALL, buffer_chunks=2)
    expected = clone(estimator).fit(RowChunks(X, chunk_rows=60), LABELS, WEIGHTS)
    model = clone(estimator).fit(rows, target, beside)
    frame = pd.DataFrame(X, columns=list("abcd")) if kind == "frame" else X
    assert_array_equal(model.predict_proba(frame), expected.predict_proba(X))
    given = clone(estimator).fit(rows, LABELS, WEIGHTS)
    assert_array_equal(given.predict_proba(frame), expected.predict_proba(X))
    assert_array_equal(model.predict(rows).compute(), expected.predict(X))
    if kind == "array":  # partitions may be empty, as filters leave them
        none = dask.zeros((0, 4))
        gappy = dask.concatenate([none, rows[:180], none, rows[180:]])
        labels = dask.concatenate([target[:0], target[:180], target[:0], target[180:]])
        filtered = clone(estimator).fit(gappy, labels, WEIGHTS)
        assert_array_equal(filtered.predict_proba(X), expected.predict_proba(X))
        assert_array_equal(filtered.predict(gappy).compute(), expected.predict(X))
        assert_allclose(filtered.predict_uncertainty(gappy).probabilities.sum(1), 1.0)
    entropy = model.predict_uncertainty(rows).entropy
    assert entropy.shape == (300,)
    with pytest.raises(ValueError, match="y must be passed beside a Dask X"):
        model.fit(rows, None)
