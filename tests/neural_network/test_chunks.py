"""Networks from rows in chunks: the same network, or one that learns the same."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import r2_score

from regkit import DropoutMLPClassifier, DropoutMLPRegressor, RowChunks
from tests.neural_network.chunked_rows import LABELS, SMALL, WEIGHTS, X, Y, Z, chunks_of

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
