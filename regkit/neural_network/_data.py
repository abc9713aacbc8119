"""Rows set apart for validation and calibration, and the kernels' form of data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from regkit._types import Floats
from regkit.kernels.networks.training import Data
from regkit.solvers.networks.scaling import Scaling


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with their targets, in the user's units, and their weights."""

    X: Any
    """(n, p) ndarray or sparse matrix."""
    targets: Floats
    """(n, n_targets)"""
    weights: Floats
    """(n,)"""
    numbers: NDArray[np.int64] | None = None
    """(n,), where these rows are a sample: their numbers, ascending."""

    def take(self, index: NDArray[Any]) -> "Table":
        """Return some of the rows."""
        X = self.X.tocsr() if not isinstance(self.X, np.ndarray) else self.X
        numbers = None if self.numbers is None else self.numbers[index]
        return Table(X[index], self.targets[index], self.weights[index], numbers)

    def in_halves(self) -> "Table":
        """Put every other row first: halves that are alike, whatever the order."""
        n = len(self.weights)
        return self.take(np.r_[0:n:2, 1:n:2])

    def at_most(self, n_rows: int) -> "Table":
        """Return this many rows, evenly spaced, or all where there are no more."""
        n = len(self.weights)
        if n <= n_rows:
            return self
        return self.take(np.linspace(0, n - 1, n_rows).astype(np.int64))

    def without_weightless(self) -> "Table":
        """Drop rows of weight zero: they must not even fill a batch."""
        if self.weights.all():
            return self
        return self.take(np.flatnonzero(self.weights))

    def split(
        self, fraction: float, seed: int, stratify: bool, name: str
    ) -> tuple["Table", "Table"]:
        """Set a share of the rows apart, every class in proportion where possible."""
        n = len(self.weights)
        labels = None
        if stratify and self.targets.shape[1] == 1:
            labels = self.targets[:, 0]
            counts = np.unique(labels, return_counts=True)[1]
            apart = int(np.ceil(fraction * n))
            if counts.min() < 2 or min(apart, n - apart) < len(counts):
                labels = None
        if n < 2:
            raise ValueError(f"{name} needs at least 2 rows, got n_samples={n}.")
        try:
            kept, apart_rows = train_test_split(
                np.arange(n), test_size=fraction, random_state=seed, stratify=labels
            )
        except ValueError as error:
            raise ValueError(
                f"{name}={fraction!r} leaves no rows to learn from: there are {n}."
            ) from error
        return self.take(np.sort(kept)), self.take(np.sort(apart_rows))

    def data(
        self,
        inputs: Scaling,
        targets: Scaling,
        dtype: Any,
        mean_weight: float | None = None,
    ) -> Data:
        """Scale for the kernels; weights get mean 1, or are divided by the mean."""
        weights = self.weights
        if len(weights):
            weights = weights / (mean_weight or weights.mean())
        scaled = np.ascontiguousarray(targets.apply(self.targets), dtype=dtype)
        return Data(
            inputs.rows(self.X, dtype),
            scaled,
            weights.astype(dtype),
            float(weights.sum()),
        )


def no_rows(like: Table) -> Table:
    """Return a table of the same columns without rows."""
    X = np.empty((0, like.X.shape[1]))
    return Table(X, like.targets[:0], like.weights[:0], np.empty(0, dtype=np.int64))
