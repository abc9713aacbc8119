"""The dropout networks' reference protocol on four UCI regression sets.

python -m benchmarks.uci DATA_FOLDER [--only NAME ...] [--splits N] [--passes N]

Gal & Ghahramani (2016), "100 times the epochs, one hidden layer": for every published
split and every (dropout rate, τ) of the grid, train on the first 80% of the training
rows, take the pair of the best validation log-likelihood, refit on all training rows,
and average many passes with dropout over the test rows. Each set's folder holds
``data.csv``, ``train_index.txt`` and ``grid.json``. Intervals that should cover 90%
come from a second fit of the chosen network that sets a fifth of its rows apart.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp

from benchmarks.report import machine, markdown

# Published Monte Carlo RMSE and test log-likelihood, each with its standard error.
REFERENCE = {
    "concrete": (4.826, 0.161, -2.937, 0.025),
    "energy": (0.539, 0.014, -1.212, 0.005),
    "wine-quality-red": (0.622, 0.008, -0.928, 0.013),
    "yacht": (0.666, 0.049, -1.250, 0.015),
}
_LENGTH_SCALE = 1e-2
_EPOCHS_FACTOR = 100


class Split(NamedTuple):
    """What one split showed."""

    rmse: float
    """Of the deterministic pass."""
    mc_rmse: float
    log_likelihood: float
    coverage: float


def load_split(folder: Path, split: int) -> tuple[Any, Any, Any, Any]:
    data = np.loadtxt(folder / "data.csv", delimiter=",")
    line = (folder / "train_index.txt").read_text().splitlines()[split]
    train = np.array(line.split(), dtype=int)
    test = np.setdiff1d(np.arange(len(data)), train)
    return data[train, :-1], data[train, -1], data[test, :-1], data[test, -1]


def _model(grid: dict[str, Any], rate: float, tau: float, n: int, seed: int) -> Any:
    from regkit import DropoutMLPRegressor

    return DropoutMLPRegressor(
        hidden_layer_sizes=grid["n_hidden"],
        activation="relu",
        dropout=rate,
        input_dropout=rate,
        dropout_schedule="constant",
        # Mean squared error + λ ‖W‖² there; half of both here.
        alpha=_LENGTH_SCALE**2 * (1 - rate) / (2 * n * tau),
        alpha_schedule="constant",
        solver="adam",
        learning_rate="constant",
        learning_rate_init=1e-3,
        layer_rates="equal",
        beta_2=0.999,
        batch_size=128,
        max_iter=grid["n_epochs"] * _EPOCHS_FACTOR,
        tol=0.0,
        n_iter_no_change=10**9,
        n_members=1,
        early_stopping=False,
        standardize=True,
        embedding=None,
        tau=tau,
        random_state=seed,
    )


def _judge(model: Any, X: Any, y: Any, tau: float, passes: int) -> tuple[float, float]:
    """Monte Carlo RMSE and mean log-likelihood."""
    samples = model.sample_predictions(X, passes, random_state=0)
    error = float(np.sqrt(np.mean((samples.mean(0) - y) ** 2)))
    log_likelihood = (
        logsumexp(-0.5 * tau * (y - samples) ** 2, axis=0)
        - np.log(passes)
        - 0.5 * np.log(2 * np.pi)
        + 0.5 * np.log(tau)
    )
    return error, float(log_likelihood.mean())


def run_split(folder: Path, split: int, passes: int) -> Split:
    """Choose, refit and judge on one split."""
    grid = json.loads((folder / "grid.json").read_text())
    X, y, X_test, y_test = load_split(folder, split)
    cut = int(0.8 * len(y))
    best = (-np.inf, 0.0, 0.0)
    for rate in grid["dropout"]:
        for tau in grid["tau"]:
            model = _model(grid, rate, tau, cut, split).fit(X[:cut], y[:cut])
            found = _judge(model, X[cut:], y[cut:], tau, min(passes, 1000))[1]
            best = max(best, (found, rate, tau))
    _, rate, tau = best
    model = _model(grid, rate, tau, len(y), split).fit(X, y)
    rmse = float(np.sqrt(np.mean((model.predict(X_test) - y_test) ** 2)))
    mc_rmse, log_likelihood = _judge(model, X_test, y_test, tau, passes)
    cautious = _model(grid, rate, tau, len(y), split)
    cautious.set_params(calibration_fraction=0.2, tau=None).fit(X, y)
    lower, upper = cautious.predict_interval(X_test, coverage=0.9)
    coverage = float(np.mean((lower <= y_test) & (y_test <= upper)))
    return Split(rmse, mc_rmse, log_likelihood, coverage)


def summary(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and its standard error."""
    return float(np.mean(values)), float(np.std(values) / np.sqrt(len(values)))


def _lines(name: str, splits: Sequence[Split]) -> list[tuple[str, ...]]:
    lines = []
    rmse, rmse_error, likelihood, likelihood_error = REFERENCE[name]
    rows = [
        ("RMSE, no dropout", [s.rmse for s in splits], None),
        ("MC RMSE", [s.mc_rmse for s in splits], (rmse, rmse_error, 1)),
        (
            "log-likelihood",
            [s.log_likelihood for s in splits],
            (likelihood, likelihood_error, -1),
        ),
    ]
    for label, values, reference in rows:
        mean, error = summary(values)
        published = verdict = ""
        if reference is not None:
            published = f"{reference[0]:.3f} ± {reference[1]:.3f}"
            met = reference[2] * (mean - reference[0]) <= reference[1]
            verdict = "met" if met else "MISSED"
        lines.append((name, label, f"{mean:.3f} ± {error:.3f}", published, verdict))
    coverage = float(np.mean([s.coverage for s in splits]))
    lines.append((name, "coverage of 90%", f"{coverage:.3f}", "", ""))
    return lines


def splits_parser(
    module: str, doc: str, sets: Collection[str], splits: int
) -> argparse.ArgumentParser:
    """Return a parser of what benchmarks on splits of sets in a folder take."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{module}", description=doc.splitlines()[0]
    )
    parser.add_argument("folder", type=Path, metavar="DATA_FOLDER")
    parser.add_argument("--only", nargs="+", choices=sets, default=list(sets))
    parser.add_argument("--splits", type=int, default=splits)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the protocol and print the table."""
    parser = splits_parser("uci", __doc__, REFERENCE, 20)
    parser.add_argument("--passes", type=int, default=10_000)
    options = parser.parse_args(argv)
    load = os.getloadavg()[0]
    start = time.perf_counter()
    lines: list[tuple[str, ...]] = []
    coverages: list[float] = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for name in options.only:
            begun = time.perf_counter()
            folder = options.folder / name
            tasks = [
                pool.submit(run_split, folder, split, options.passes)
                for split in range(options.splits)
            ]
            splits = [task.result() for task in tasks]
            lines += _lines(name, splits)
            coverages += [split.coverage for split in splits]
            minutes = (time.perf_counter() - begun) / 60
            print(f"{name}: {options.splits} splits in {minutes:.1f} min", flush=True)
    header = ("set", "measure", "regkit", "published", "")
    print(f"\n{machine(load)}\n\n{markdown(header, lines)}\n")
    print(f"mean coverage of 90% intervals: {np.mean(coverages):.3f}")
    print(f"total: {(time.perf_counter() - start) / 60:.1f} min")
    return 0


if __name__ == "__main__":
    sys.exit(main())
