"""What each part of the dropout networks' defaults is worth, alone.

python -m benchmarks.defaults DATA_FOLDER [--only NAME ...] [--splits N] [--jobs N]

Every variant changes one thing about the default constructor and is fitted to the same
rows with the same seed. Regressions are judged by the ratio of their test RMSE to that
of the defaults (geometric means over splits; above 1, the default is better),
classifications by what they add to the log loss of new rows, in nats a row. ``all`` has
the standard error over sets and splits. DATA_FOLDER holds the UCI sets of
`benchmarks.uci`; the others are scikit-learn's or seeded.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn import datasets
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from benchmarks.report import machine, markdown
from benchmarks.uci import REFERENCE, load_split, splits_parser

VARIANTS: dict[str, dict[str, Any]] = {
    "standardize=True": {"standardize": True},
    "embedding=None": {"embedding": None},
    "input_scaling=True": {"input_scaling": True},
    "hidden_layer_sizes=(64, 64)": {"hidden_layer_sizes": (64, 64)},
    'activation="relu"': {"activation": "relu"},
    "dropout=0": {"dropout": 0.0},
    'dropout_schedule="constant"': {"dropout_schedule": "constant"},
    "alpha=0": {"alpha": 0.0},
    'alpha_schedule="constant"': {"alpha_schedule": "constant"},
    'solver="adam"': {"solver": "adam"},
    "beta_2=0.999": {"beta_2": 0.999},
    'learning_rate="cosine"': {"learning_rate": "cosine"},
    'learning_rate="constant"': {
        "learning_rate": "constant",
        "n_iter_no_change": 10**9,
    },
    'layer_rates="equal", rate 0.001': {
        "layer_rates": "equal",
        "learning_rate_init": 1e-3,
    },
    "early_stopping=False": {"early_stopping": False},
}
OF_REGRESSORS = {"standardize_target=False": {"standardize_target": False}}
OF_CLASSIFIERS = {"label_smoothing=0.1": {"label_smoothing": 0.1}}


class Set(NamedTuple):
    """Rows to learn from and to judge by, of a split: X, X_test, y, y_test."""

    split: Callable[[Path, int], Any]
    classes: bool = False


def _published(name: str) -> Set:
    def split(folder: Path, number: int) -> Any:
        X, y, X_test, y_test = load_split(folder / name, number)
        return X, X_test, y, y_test

    return Set(split)


def _drawn(make: Callable[[int], Any], classes: bool = False) -> Set:
    def split(_: Path, number: int) -> Any:
        X, y = make(number)
        how = {"test_size": 0.25, "random_state": number}
        return train_test_split(X, y, stratify=y if classes else None, **how)

    return Set(split, classes)


def _wave(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (400, 2))
    return X, np.sin(4 * X[:, 0]) + 0.2 * rng.normal(size=400)


def _noisy_plane(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(500, 10))
    return X, X[:, 0] - X[:, 1] + 2 * rng.normal(size=500)


def _digits(_: int) -> tuple[Any, Any]:
    X, y = datasets.load_digits(return_X_y=True)
    return X[:900], y[:900]


SETS = {
    **{name: _published(name) for name in ("yacht", *sorted(REFERENCE)[:3])},
    "diabetes": _drawn(lambda _: datasets.load_diabetes(return_X_y=True, scaled=False)),
    "friedman1": _drawn(
        lambda seed: datasets.make_friedman1(600, noise=1.0, random_state=seed)
    ),
    "wave": _drawn(_wave),
    "noisy plane": _drawn(_noisy_plane),
    "iris": _drawn(lambda _: datasets.load_iris(return_X_y=True), True),
    "wine": _drawn(lambda _: datasets.load_wine(return_X_y=True), True),
    "breast cancer": _drawn(
        lambda _: datasets.load_breast_cancer(return_X_y=True), True
    ),
    "digits": _drawn(_digits, True),
    "moons": _drawn(
        lambda seed: datasets.make_moons(400, noise=0.3, random_state=seed), True
    ),
    "clusters": _drawn(
        lambda seed: datasets.make_classification(
            600, 10, n_informative=4, n_classes=3, flip_y=0.1, random_state=seed
        ),
        True,
    ),
}


def _variants(classes: bool) -> dict[str, dict[str, Any]]:
    return VARIANTS | (OF_CLASSIFIERS if classes else OF_REGRESSORS)


def run_split(folder: Path, name: str, number: int) -> dict[str, float]:
    """Return the error of every variant, and of the "default", on one split."""
    from regkit import DropoutMLPClassifier, DropoutMLPRegressor

    warnings.simplefilter("ignore")  # of constant rates that could go on
    chosen = SETS[name]
    X, X_test, y, y_test = chosen.split(folder, number)
    kind = DropoutMLPClassifier if chosen.classes else DropoutMLPRegressor
    errors = {}
    for variant, changes in {"default": {}, **_variants(chosen.classes)}.items():
        model = kind(random_state=number, **changes).fit(X, y)
        if chosen.classes:
            found = log_loss(y_test, model.predict_proba(X_test))
        else:
            found = np.sqrt(np.mean((model.predict(X_test) - y_test) ** 2))
        errors[variant] = float(found)
    return errors


def _table(classes: bool, found: dict[str, list[dict[str, float]]]) -> str:
    """One row a variant, a column of all sets, and one each."""
    names = [name for name in found if SETS[name].classes == classes]
    mean = [np.mean([each["default"] for each in found[name]]) for name in names]
    lines = [("default", "", *(f"{error:.3g}" for error in mean))]
    for variant in _variants(classes):
        effects = [
            [
                each[variant] - each["default"]
                if classes
                else np.log(each[variant] / each["default"])
                for each in found[name]
            ]
            for name in names
        ]
        flat = np.concatenate(effects)
        error = flat.std(ddof=1) / np.sqrt(len(flat)) if len(flat) > 1 else np.nan
        cells = [np.mean(each) for each in [flat, *effects]]
        shown = [f"{x:+.3f}" if classes else f"{np.exp(x):.2f}" for x in cells]
        shown[0] += f" ± {error:.3f}" if classes else f" ± {error:.2f}"
        lines.append((variant, *shown))
    return markdown(("log loss" if classes else "RMSE", "all", *names), lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run all variants and print both tables."""
    options = splits_parser("defaults", __doc__, SETS, 5).parse_args(argv)
    load, start = os.getloadavg()[0], time.perf_counter()
    with ProcessPoolExecutor(options.jobs) as pool:
        tasks = {
            name: [
                pool.submit(run_split, options.folder, name, number)
                for number in range(options.splits)
            ]
            for name in options.only
        }
        found = {name: [task.result() for task in each] for name, each in tasks.items()}
    print(f"{machine(load)}\n")
    for classes in (False, True):
        if any(SETS[name].classes == classes for name in found):
            print(f"{_table(classes, found)}\n")
    print(f"total: {(time.perf_counter() - start) / 60:.1f} min")
    return 0


if __name__ == "__main__":
    sys.exit(main())
