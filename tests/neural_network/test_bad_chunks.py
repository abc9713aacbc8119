"""Chunks that are broken, change or are interrupted: what is said, and what is left."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from regkit import DropoutMLPClassifier, DropoutMLPRegressor, RowChunks
from tests.neural_network.chunked_rows import LABELS, SMALL, X, Y, Z, chunks_of


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


def test_warnings_point_at_the_callers_line():
    source = chunks_of(X, Y, size=60)
    how = {**SMALL, "max_iter": 2, "buffer_chunks": 2}
    how |= {"learning_rate": "constant", "early_stopping": False}
    model = DropoutMLPRegressor(**how)
    with pytest.warns(ConvergenceWarning, match="max_iter=2 reached") as caught:
        model.fit(source, None)
    assert {each.filename for each in caught} == {__file__}


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
