"""A uniform sample of rows that come chunk by chunk."""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Keys = NDArray[np.uint64]


class SomeRows(NamedTuple):
    """Rows with what belongs to them, as they came."""

    numbers: NDArray[np.int64]
    """In the whole of the data."""
    X: Any
    y: NDArray[Any]
    weights: NDArray[np.float64]

    def take(self, chosen: NDArray[np.bool_]) -> "SomeRows":
        """Return some of the rows."""
        X = self.X if isinstance(self.X, np.ndarray) else self.X.tocsr()
        return SomeRows(
            self.numbers[chosen], X[chosen], self.y[chosen], self.weights[chosen]
        )


class Sample:
    """The rows whose numbers have the smallest hashes.

    Which rows these are depends on the seed and on how many there are, not on how they
    are cut into chunks.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._limit: Keys = np.array(np.iinfo(np.uint64).max, dtype=np.uint64)
        self._pieces: list[tuple[Keys, SomeRows]] = []
        self.is_complete = True

    def add(self, rows: SomeRows) -> None:
        """Choose among more rows."""
        keys = hashes(self._seed, rows.numbers)
        self._keep(keys, rows)

    def _keep(self, keys: Keys, rows: SomeRows) -> None:
        chosen = keys <= self._limit
        self._pieces.append((keys[chosen], rows.take(chosen)))

    def shrink(self, n_rows: int) -> None:
        """Keep at most ``n_rows``."""
        keys = np.concatenate([keys for keys, _ in self._pieces])
        if len(keys) <= n_rows:
            return
        self.is_complete = False
        self._limit = np.partition(keys, n_rows - 1)[n_rows - 1]
        pieces, self._pieces = self._pieces, []
        for piece in pieces:
            self._keep(*piece)

    def __len__(self) -> int:
        return sum(len(keys) for keys, _ in self._pieces)

    def rows(self) -> SomeRows:
        """Return the sample, in the order in which it came."""
        pieces = [rows for _, rows in self._pieces]
        return SomeRows(
            np.concatenate([rows.numbers for rows in pieces]),
            stack([rows.X for rows in pieces]),
            np.concatenate([rows.y for rows in pieces]),
            np.concatenate([rows.weights for rows in pieces]),
        )


def stack(parts: list[Any]) -> Any:
    """Put the rows of matrices of one kind on top of each other."""
    if len(parts) == 1:
        return parts[0]
    if sp.issparse(parts[0]):
        return sp.vstack(parts, format="csr")
    return np.concatenate(parts)


def hashes(seed: int, numbers: NDArray[np.int64]) -> Keys:
    """Return a random number for each row number (splitmix64, Steele et al. 2014).

    Different numbers have different hashes.
    """
    with np.errstate(over="ignore"):
        z = numbers.astype(np.uint64) + np.uint64(seed) * np.uint64(0xD1B54A32D192ED03)
        z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
