"""Default constructors on ordinary tables: networks against gradient boosting.

OMP_NUM_THREADS=1 python -m benchmarks.tables DATA_FOLDER [--only NAME ...] [--rows N]

Each table is ``NAME.csv.gz`` with a column ``target``; ``NAME.json`` says the task
("reg", "bin", "multi") and which columns are categories. Rows are shuffled with the
seed, a quarter is held out (at most 6,000), and at most ``--rows`` of the rest are
learned. Errors are RMSE in deviations of y, or log loss; seconds are CPU seconds of the
fit. CatBoost takes part where it is installed. Of regressions the 90% intervals are
judged too: coverage, and the interval score (Winkler) in deviations of y, over that of
two HistGradientBoosting quantiles conformalized by five folds (cross-fitted CQR). Of
classifications the sets that hold the right class with 90%, and the expected
calibration error (15 bins of the largest probability).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold

from benchmarks.report import machine, markdown

_MOST_TEST_ROWS = 6_000


class Split(NamedTuple):
    """One table, cut in two."""

    task: str
    X: Any
    y: Any
    X_test: Any
    y_test: Any


def load(folder: Path, name: str, seed: int, most: int) -> Split:
    """Read a table, its categories as such."""
    import pandas as pd

    about = json.loads((folder / f"{name}.json").read_text())
    table = pd.read_csv(folder / f"{name}.csv.gz")
    y = table.pop("target").to_numpy()
    for column in about["cat"]:
        given = table[column]
        table[column] = given.astype(str).where(given.notna()).astype("category")
    order = np.random.default_rng(seed).permutation(len(y))
    held = min(len(y) // 4, _MOST_TEST_ROWS)
    test, train = order[:held], order[held:][:most]
    return Split(about["task"], table.iloc[train], y[train], table.iloc[test], y[test])


def _networks(task: str, **changes: Any) -> Any:
    from regkit import DropoutMLPClassifier, DropoutMLPRegressor

    kind = DropoutMLPRegressor if task == "reg" else DropoutMLPClassifier
    return kind(random_state=0, **changes)


def _hist_boosting(task: str) -> Any:
    from sklearn.ensemble import (
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )

    kinds = HistGradientBoostingRegressor, HistGradientBoostingClassifier
    return kinds[task != "reg"](random_state=0)


def _catboost(task: str) -> Any:
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostRegressor if task == "reg" else CatBoostClassifier
    return kind(random_seed=0, verbose=False, thread_count=1, allow_writing_files=False)


class BoostedQuantiles:
    """Intervals of two boosted quantiles, moved to cover held-out rows by folds."""

    def fit(self, X: Any, y: Any) -> BoostedQuantiles:
        """Fit two models on each of five folds."""
        self.pairs, scores = [], []
        for rows, held in KFold(5, shuffle=True, random_state=0).split(X):
            pair = [
                HistGradientBoostingRegressor(
                    loss="quantile", quantile=level, random_state=0
                ).fit(X.iloc[rows], y[rows])
                for level in (0.05, 0.95)
            ]
            self.pairs.append(pair)
            low, high = (model.predict(X.iloc[held]) for model in pair)
            scores.append(np.maximum(low - y[held], y[held] - high))
        rank = int(np.ceil((len(y) + 1) * 0.9)) - 1
        self.margin = float(np.sort(np.concatenate(scores))[rank])
        return self

    def predict_interval(self, X: Any) -> tuple[Any, Any]:
        """Return the means of the folds' quantiles, moved."""
        each = np.array([[model.predict(X) for model in pair] for pair in self.pairs])
        low, high = each.mean(axis=0)
        return low - self.margin, high + self.margin


def _interval_score(low: Any, high: Any, y: Any) -> float:
    outside = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    return float(np.mean(high - low + 20 * outside))


def _calibration_error(shares: Any, hit: Any) -> float:
    """Return the mean distance between what is said and what comes, over bins."""
    largest = shares.max(axis=1)
    bins = np.minimum((largest * 15).astype(int), 14)
    off = np.bincount(bins, largest - hit, minlength=15)
    return float(np.abs(off).sum() / len(hit))


MODELS: dict[str, Callable[[str], Any]] = {
    "regkit": _networks,
    "regkit, one member": lambda task: _networks(task, n_members=1),
    "HistGradientBoosting": _hist_boosting,
    "CatBoost": _catboost,
}


def _fit(name: str, model: Any, split: Split) -> Any:
    """Fit; CatBoost wants its categories as strings and named."""
    if name != "CatBoost":
        return model.fit(split.X, split.y)
    categories = list(split.X.select_dtypes("category"))
    return model.fit(_strings(split.X), split.y, cat_features=categories)


def _strings(X: Any) -> Any:
    categories = X.select_dtypes("category").columns
    return X.assign(
        **{
            each: X[each].astype(object).fillna("none").astype(str)
            for each in categories
        }
    )


def judge(name: str, split: Split) -> dict[str, float]:
    """Return error, CPU seconds, and of intervals coverage and score."""
    model = MODELS[name](split.task)
    begun = time.process_time()
    model = _fit(name, model, split)
    found = {"seconds": time.process_time() - begun}
    X = _strings(split.X_test) if name == "CatBoost" else split.X_test
    if split.task != "reg":
        shares = model.predict_proba(X)
        found["error"] = log_loss(split.y_test, shares, labels=model.classes_)
        own = np.searchsorted(model.classes_, split.y_test)
        found["off"] = _calibration_error(shares, shares.argmax(axis=1) == own)
        if hasattr(model, "predict_set"):
            sets = model.predict_set(X, coverage=0.9)
            found["coverage"] = float(sets[np.arange(len(own)), own].mean())
            found["size"] = float(sets.sum(axis=1).mean())
        return found
    y, deviation = split.y_test, split.y_test.std()
    found["error"] = float(np.sqrt(np.mean((model.predict(X) - y) ** 2)) / deviation)
    if hasattr(model, "predict_interval"):
        low, high = model.predict_interval(X, coverage=0.9)
        found["coverage"] = float(np.mean((low <= y) & (y <= high)))
        found["score"] = _interval_score(low, high, y) / deviation
        if name == "regkit":
            boosted = BoostedQuantiles().fit(split.X, split.y)
            found["boosted"] = (
                _interval_score(*boosted.predict_interval(split.X_test), y) / deviation
            )
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run all models on all tables and print errors, ratios and seconds."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tables", description=__doc__.splitlines()[0]
    )
    parser.add_argument("folder", type=Path, metavar="DATA_FOLDER")
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args(argv)
    names = options.only or sorted(f.stem for f in options.folder.glob("*.json"))
    models = [m for m in MODELS if m != "CatBoost" or find_spec("catboost")]
    for model in models[:1]:  # compiled before anything is timed
        judge(model, load(options.folder, names[0], 0, 200))
    busy, lines, errors, seconds = os.getloadavg()[0], [], [], []
    scores: list[float] = []
    for name in names:
        runs = [
            [judge(m, load(options.folder, name, seed, options.rows)) for m in models]
            for seed in range(options.seeds)
        ]
        mean = [
            {key: float(np.mean([run[k][key] for run in runs])) for key in runs[0][k]}
            for k in range(len(models))
        ]
        errors.append([each["error"] for each in mean])
        seconds.append([each["seconds"] for each in mean])
        cells = [f"{each['error']:.4f} ({each['seconds']:.1f} s)" for each in mean]
        own = mean[0]
        interval = ""
        if "score" in own:
            scores.append(own["score"] / own["boosted"])
            interval = f"{own['coverage']:.3f}, {own['score']:.3f} ({scores[-1]:.2f})"
        else:
            off = "/".join(f"{each['off']:.3f}" for each in mean)
            interval = f"{own['coverage']:.3f}, {own['size']:.2f}; {off}"
        lines.append((name, *cells, interval))
        print(*lines[-1], flush=True)
    ratio = np.exp(np.mean(np.log(errors) - np.log(errors)[:, :1], axis=0))
    ratios = [f"{each:.3f}" for each in ratio]
    over = ""
    if scores:
        over = f"score over boosting's: {np.exp(np.mean(np.log(scores))):.3f}"
    lines.append(("error over regkit's", *ratios, over))
    times = np.exp(np.mean(np.log(seconds), axis=0))
    lines.append(("seconds", *(f"{each:.2f}" for each in times), ""))
    last = "90%: coverage, score (over boosting's) or size of sets; calibration errors"
    header = ("table", *models, last)
    print(f"\n{machine(busy)}\n\n{markdown(header, lines)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
