"""Time dropout networks: regkit, torch, skorch and scikit-learn on the same problem.

python -m benchmarks.networks [--only NAME ...] [--solvers NAME ...] [--quick]

The same network, batches, epochs and optimizer (Adam, rate 0.001) on a seeded table of
the California housing's shape, 20,640 × 8, standardized. scikit-learn has no dropout.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.report import machine, markdown


class Case(NamedTuple):
    """One network and how it is trained."""

    hidden: tuple[int, ...]
    batch_size: int
    dropout: float
    epochs: int
    versus_torch: float
    """How many times faster than torch regkit should be."""
    versus_sklearn: float
    seeds: int
    """Fits whose test errors are averaged: that of one is 5% off as often as not."""


CASES = {
    "50": Case((50,), 128, 0.05, 20, 20.0, 12.0, 20),
    "64-64": Case((64, 64), 128, 0.2, 20, 10.0, 6.0, 20),
    "256-256": Case((256, 256), 256, 0.2, 10, 2.8, 2.5, 10),
    "1024-1024": Case((1024, 1024), 512, 0.5, 4, 2.0, 1.7, 3),
}
# Test errors may differ from torch's by this share.
ERROR_LIMIT = 1.03


class Result(NamedTuple):
    """What one run took, and how good it was."""

    step: float
    """Microseconds a training step."""
    error: float
    """RMSE on test rows, the mean over seeds."""
    inference: float
    """Milliseconds for all test rows."""
    sampling: float
    """Seconds for 1,000 passes with dropout over 1,000 rows; nan without."""


class Table(NamedTuple):
    X: Any
    y: Any
    X_test: Any
    y_test: Any


def make_table(n: int = 20_640) -> Table:
    """A seeded table with interactions, a jump and noise, 80% to train on."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 8)).astype(np.float32)
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + (X[:, 3] > 0) + 0.5 * X[:, 4]
    y = y + 0.3 * rng.normal(size=n)
    y = ((y - y.mean()) / y.std()).astype(np.float32)
    cut = n * 4 // 5
    return Table(X[:cut], y[:cut], X[cut:], y[cut:])


def _rmse(y: Any, predicted: Any) -> float:
    return float(np.sqrt(np.mean((np.asarray(predicted).ravel() - y) ** 2)))


def _best(task: Callable[[], Any], repeats: int = 3) -> tuple[float, Any]:
    """Seconds of the fastest run, and what it returned."""
    best, result = np.inf, None
    for _ in range(repeats):
        start = time.perf_counter()
        result = task()
        best = min(best, time.perf_counter() - start)
    return best, result


def _steps(case: Case, table: Table) -> int:
    return case.epochs * -(-len(table.y) // case.batch_size)


def run_regkit(case: Case, table: Table) -> Result:
    from regkit import DropoutMLPRegressor

    def make(epochs: int, seed: int = 0) -> DropoutMLPRegressor:
        return DropoutMLPRegressor(
            hidden_layer_sizes=case.hidden,
            n_members=1,
            activation="relu",
            dropout=case.dropout,
            dropout_schedule="constant",
            alpha=0.0,
            solver="adam",
            learning_rate_init=1e-3,
            learning_rate="constant",
            layer_rates="equal",
            beta_2=0.999,
            batch_size=case.batch_size,
            max_iter=epochs,
            tol=0.0,
            n_iter_no_change=10**6,
            early_stopping=False,
            standardize=False,
            standardize_target=False,
            embedding=None,
            random_state=seed,
        )

    make(1).fit(table.X[:1000], table.y[:1000])  # compiles
    seconds, model = _best(lambda: make(case.epochs).fit(table.X, table.y), 2)
    inference, predicted = _best(lambda: model.predict(table.X_test))
    errors = [_rmse(table.y_test, predicted)]
    for seed in range(1, case.seeds):
        other = make(case.epochs, seed).fit(table.X, table.y)
        errors.append(_rmse(table.y_test, other.predict(table.X_test)))
    rows = table.X_test[:1000]
    sampling, _ = _best(lambda: model.sample_predictions(rows, 1000, 0), 1)
    return Result(
        seconds / _steps(case, table) * 1e6,
        float(np.mean(errors)),
        inference * 1e3,
        sampling,
    )


def _torch_network(case: Case, n_features: int, seed: int = 0) -> Any:
    import torch

    torch.manual_seed(seed)
    layers: list[Any] = []
    inputs = n_features
    for units in case.hidden:
        layers += [
            torch.nn.Linear(inputs, units),
            torch.nn.ReLU(),
            torch.nn.Dropout(case.dropout),
        ]
        inputs = units
    return torch.nn.Sequential(*layers, torch.nn.Linear(inputs, 1))


def run_torch(case: Case, table: Table) -> Result:
    import torch

    X, y = torch.tensor(table.X), torch.tensor(table.y)[:, None]

    def train(seed: int) -> Any:
        network = _torch_network(case, table.X.shape[1], seed)
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
        network.train()
        for _ in range(case.epochs):
            order = torch.randperm(len(y))
            for start in range(0, len(y), case.batch_size):
                rows = order[start : start + case.batch_size]
                optimizer.zero_grad()
                loss = torch.nn.functional.mse_loss(network(X[rows]), y[rows])
                loss.backward()
                optimizer.step()
        return network.eval()

    seconds, network = _best(lambda: train(0), 2)
    X_test = torch.tensor(table.X_test)
    with torch.no_grad():
        inference, predicted = _best(lambda: network(X_test).numpy())
        network.train()
        rows = X_test[:1000]
        sampling, _ = _best(lambda: [network(rows) for _ in range(1000)], 1)
    errors = [_rmse(table.y_test, predicted)]
    for seed in range(1, case.seeds):
        other = train(seed)
        with torch.no_grad():
            errors.append(_rmse(table.y_test, other(X_test).numpy()))
    return Result(
        seconds / _steps(case, table) * 1e6,
        float(np.mean(errors)),
        inference * 1e3,
        sampling,
    )


def run_skorch(case: Case, table: Table) -> Result:
    import torch
    from skorch import NeuralNetRegressor

    model = NeuralNetRegressor(
        _torch_network(case, table.X.shape[1]),
        max_epochs=case.epochs,
        lr=1e-3,
        batch_size=case.batch_size,
        optimizer=torch.optim.Adam,
        optimizer__fused=True,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    return _once(case, table, model, table.y[:, None])


def run_sklearn(case: Case, table: Table) -> Result:
    from sklearn.neural_network import MLPRegressor

    model = MLPRegressor(
        hidden_layer_sizes=case.hidden,
        alpha=0.0,
        batch_size=case.batch_size,
        max_iter=case.epochs,
        tol=0.0,
        n_iter_no_change=10**6,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _once(case, table, model, table.y)


def _once(case: Case, table: Table, model: Any, y: Any) -> Result:
    """Fit an estimator once, for its times and the error of this one fit."""
    seconds, _ = _best(lambda: model.fit(table.X, y), 1)
    inference, predicted = _best(lambda: model.predict(table.X_test))
    return Result(
        seconds / _steps(case, table) * 1e6,
        _rmse(table.y_test, predicted),
        inference * 1e3,
        float("nan"),
    )


SOLVERS: dict[str, tuple[str, Callable[[Case, Table], Result]]] = {
    "regkit": ("numba", run_regkit),
    "torch": ("torch", run_torch),
    "skorch": ("skorch", run_skorch),
    "scikit-learn": ("sklearn", run_sklearn),
}
HEADER = (
    "network; batch",
    "package",
    "µs/step",
    "ratio to regkit",
    "test RMSE",
    "predict, ms",
    "1,000 passes, s",
)


def _lines(name: str, case: Case, found: dict[str, Result]) -> list[tuple[str, ...]]:
    own = found.get("regkit")
    lines = []
    for solver, result in found.items():
        ratio = f"{result.step / own.step:.2f}" if own else ""
        lines.append(
            (
                f"{name}; {case.batch_size}",
                solver,
                f"{result.step:.1f}",
                ratio,
                f"{result.error:.4f}",
                f"{result.inference:.2f}",
                "" if np.isnan(result.sampling) else f"{result.sampling:.2f}",
            )
        )
    return lines


def _verdicts(name: str, case: Case, found: dict[str, Result]) -> list[tuple[str, ...]]:
    own = found.get("regkit")
    verdicts = []
    if own is None:
        return []
    wanted = {"torch": case.versus_torch, "scikit-learn": case.versus_sklearn}
    for peer, limit in wanted.items():
        if peer in found:
            ratio = found[peer].step / own.step
            met = "met" if ratio >= limit else "MISSED"
            verdicts.append(
                (
                    name,
                    f"times faster than {peer}",
                    f">= {limit:g}",
                    f"{ratio:.2f}",
                    met,
                )
            )
    if "torch" in found:
        ratio = own.error / found["torch"].error
        met = "met" if ratio <= ERROR_LIMIT else "MISSED"
        verdicts.append(
            (name, "test RMSE over torch's", f"<= {ERROR_LIMIT:g}", f"{ratio:.3f}", met)
        )
    return verdicts


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for and print both tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.networks", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--solvers", nargs="+", choices=SOLVERS, default=list(SOLVERS))
    parser.add_argument("--quick", action="store_true", help="two epochs of each")
    parser.add_argument("--output", type=Path, help="also write this file")
    options = parser.parse_args(argv)
    load = os.getloadavg()[0]
    table = make_table()
    lines: list[tuple[str, ...]] = []
    verdicts: list[tuple[str, ...]] = []
    for name in options.only:
        case = CASES[name]
        if options.quick:
            case = case._replace(epochs=2, seeds=1)
        found = {}
        for solver in options.solvers:
            module, run = SOLVERS[solver]
            if find_spec(module) is None:
                print(f"{solver} left out: not installed", flush=True)
                continue
            found[solver] = run(case, table)
            print(f"{name}: {solver} {found[solver]}", flush=True)
        lines += _lines(name, case, found)
        verdicts += _verdicts(name, case, found)
    tables = [machine(load), markdown(HEADER, lines)]
    if not options.quick:
        tables.append(
            markdown(("network", "measure", "required", "measured", ""), verdicts)
        )
    text = "\n\n".join(tables) + "\n"
    print(f"\n{text}")
    if options.output is not None:
        options.output.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
