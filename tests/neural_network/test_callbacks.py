"""Scikit-learn's callbacks, where this scikit-learn has them."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from regkit import DropoutMLPClassifier, DropoutMLPRegressor, RowChunks

callback = pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X[:, 0]
SMALL = {"n_members": 1, "hidden_layer_sizes": (8,), "max_iter": 6, "random_state": 0}


class Recorder:
    def __init__(self, stop_at=None):
        self.calls, self.stop_at, self.scores = [], stop_at, []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.calls.append(f"end {context.task_name}")
        self.scores.append(fitted_estimator.score(X, y))
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_at


def test_every_epoch_is_a_task():
    recorder = Recorder()
    model = DropoutMLPRegressor(**SMALL).set_callbacks(recorder).fit(X, Y)
    expected = ["setup", "begin fit", *["begin epoch", "end epoch"] * 6]
    assert recorder.calls == [*expected, "end fit", "teardown"]
    assert recorder.scores[-1] == model.score(X, Y)
    assert len(set(recorder.scores[:-1])) == 6
    silent = DropoutMLPRegressor(**SMALL).fit(X, Y)
    assert_array_equal(model.predict(X), silent.predict(X))


def test_a_request_to_stop_is_obeyed():
    recorder = Recorder(stop_at=2)
    model = DropoutMLPClassifier(**SMALL).set_callbacks(recorder).fit(X, Y > 0)
    assert model.n_iter_ == 2
    assert recorder.calls.count("end epoch") == 2
    assert recorder.calls[-1] == "teardown"
    assert np.isfinite(model.predict_proba(X)).all()


def test_rows_in_chunks_have_tasks_too():
    recorder = Recorder(stop_at=3)
    model = DropoutMLPRegressor(**SMALL, buffer_chunks=1).set_callbacks(recorder)
    model.fit(RowChunks(X, chunk_rows=20), Y)
    assert model.n_iter_ == 3
    assert len(set(recorder.scores[:-1])) == 3
    assert recorder.calls[-1] == "teardown"


def test_progress_bars_and_monitors_run(capsys):
    monitor = callback.ScoringMonitor(scoring="r2")
    model = DropoutMLPRegressor(**SMALL).set_callbacks(monitor)
    model.fit(X, Y)
    assert model.n_iter_ == 6


def test_callbacks_are_torn_down_after_an_error():
    recorder = Recorder()
    model = DropoutMLPRegressor(**SMALL).set_callbacks(recorder)
    recorder.on_fit_task_end = None
    with pytest.raises(TypeError):
        model.fit(X, Y)
    assert recorder.calls[-1] == "teardown"
