"""Rows, settings and runs of small networks."""

import math
from dataclasses import replace

import numpy as np

from regkit.kernels.networks.training import Data
from regkit.solvers.networks.architecture import Architecture
from regkit.solvers.networks.scaling import Scaling
from regkit.solvers.networks.trainer import Parameters, TrainingSettings, run

SETTINGS = TrainingSettings(
    loss="squared_error",
    loss_parameter=0.0,
    dropout=(0.0, 0.0),
    dropout_kind="bernoulli",
    solver="adam",
    momentum=0.9,
    beta_2=0.999,
    epsilon=1e-8,
    nesterov=True,
    alpha=0.0,
    l1=0.0,
    max_norm=math.inf,
    learning_rate_init=0.05,
    learning_rate="constant",
    dropout_schedule="constant",
    alpha_schedule="constant",
    rates={},
    batch_size=4,
    max_iter=3,
    tol=0.0,
    patience=10**9,
    shuffle=True,
    seed=5,
)


SHAPE = Architecture(3, (5,), 1, ("tanh",))


def make_data(n=12, p=3, dtype=np.float64, weights=None, seed=0, X=None, y=None):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) if X is None else X
    y = np.sin(X.sum(1)) if y is None else y
    weights = np.ones(len(y)) if weights is None else np.asarray(weights, float)
    weights = weights / weights.mean() if len(weights) else weights
    rows = Scaling.none(X.shape[1]).rows(X, dtype)
    targets = np.ascontiguousarray(y.reshape(len(y), 1), dtype=dtype)
    return Data(rows, targets, weights.astype(dtype), float(weights.sum()))


def train(data, shape=SHAPE, held_out=None, observer=None, dtype=np.float64, **changes):
    settings = replace(SETTINGS, **changes)
    params = shape.initial(np.random.default_rng(1), dtype)
    parameters = Parameters.start(params)
    if held_out is None:
        held_out = make_data(0, shape.n_features, dtype)
    result = run(shape, settings, data, held_out, parameters, observer)
    return parameters, result


class Watcher:
    def __init__(self, stop_at=None, error_at=None):
        self.begun, self.epochs = 0, []
        self.stop_at, self.error_at = stop_at, error_at

    def begin(self):
        self.begun += 1

    def end(self, epoch):
        self.epochs.append(epoch)
        if epoch.number == self.error_at:
            raise KeyboardInterrupt
        return epoch.number == self.stop_at
