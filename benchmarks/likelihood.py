"""The default regressor's likelihood on four UCI sets, beside deep ensembles'.

python -m benchmarks.likelihood DATA_FOLDER [--only NAME ...] [--splits N] [--jobs N]

On the published splits of `benchmarks.uci`, columns and targets as they are, nothing
chosen. The negative log-likelihood of test rows, in nats, is that of normal
distributions with the mean and deviation that ``predict(X, return_std=True)`` returns;
what Lakshminarayanan, Pritzel & Blundell (2017, table 1) published of ensembles of five
networks, each with a variance, is computed in the same way.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from benchmarks.report import machine, markdown
from benchmarks.uci import load_split, splits_parser, summary

# Published RMSE and negative log-likelihood of deep ensembles.
DEEP_ENSEMBLES = {
    "concrete": (6.03, 3.06),
    "energy": (2.09, 1.38),
    "wine-quality-red": (0.64, 0.94),
    "yacht": (1.58, 1.18),
}


class Split(NamedTuple):
    """What one split showed."""

    rmse: float
    negative_log_likelihood: float
    coverage: float
    """Of 90% intervals."""
    seconds: float
    """CPU time of the fit."""


def run_split(folder: Path, split: int) -> Split:
    """Fit the default constructor, and judge it by the test rows."""
    from regkit import DropoutMLPRegressor

    X, y, X_test, y_test = load_split(folder, split)
    begun = time.process_time()
    model = DropoutMLPRegressor(random_state=split).fit(X, y)
    seconds = time.process_time() - begun
    mean, deviation = model.predict(X_test, return_std=True)
    lower, upper = model.predict_interval(X_test, coverage=0.9)
    return Split(
        float(np.sqrt(np.mean((mean - y_test) ** 2))),
        float(-norm.logpdf(y_test, mean, deviation).mean()),
        float(np.mean((lower <= y_test) & (y_test <= upper))),
        seconds,
    )


def _line(name: str, splits: Sequence[Split]) -> tuple[str, ...]:
    """Means over splits with their standard errors, and what was published."""
    rmse, likelihood, coverage, seconds = map(summary, zip(*splits, strict=True))
    published = DEEP_ENSEMBLES[name]
    met = "met" if likelihood[0] < published[1] else "MISSED"
    return (
        name,
        f"{likelihood[0]:.3f} ± {likelihood[1]:.3f}",
        f"{published[1]:.2f}",
        met,
        f"{rmse[0]:.3f} ± {rmse[1]:.3f}",
        f"{published[0]:.2f}",
        f"{coverage[0]:.3f}",
        f"{seconds[0]:.1f}",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run all splits and print the table."""
    parser = splits_parser("likelihood", __doc__, DEEP_ENSEMBLES, 20)
    options = parser.parse_args(argv)
    load = os.getloadavg()[0]
    lines = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for name in options.only:
            tasks = [
                pool.submit(run_split, options.folder / name, split)
                for split in range(options.splits)
            ]
            lines.append(_line(name, [task.result() for task in tasks]))
            print(*lines[-1], flush=True)
    header = (
        "set",
        "negative log-likelihood",
        "deep ensembles",
        "",
        "RMSE",
        "deep ensembles",
        "coverage of 90%",
        "CPU s a fit",
    )
    print(f"\n{machine(load)}\n\n{markdown(header, lines)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
