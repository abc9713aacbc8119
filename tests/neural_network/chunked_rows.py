"""Rows, targets and a small network for the tests of rows in chunks."""

import numpy as np

from regkit import RowChunks

SMALL = {"n_members": 1, "hidden_layer_sizes": (8,), "max_iter": 4, "random_state": 0}
_RNG = np.random.default_rng(0)
X = _RNG.normal(size=(300, 4)) * [1.0, 10.0, 0.1, 100.0] + [0.0, 5.0, 0.0, -300.0]
Z = (X - X.mean(0)) / X.std(0)
Y = 20.0 + 5.0 * Z[:, 0] + 3.0 * np.abs(Z[:, 1]) + 0.2 * _RNG.normal(size=300)
LABELS = np.array(["low", "mid", "top"])[np.digitize(Y, np.quantile(Y, [0.3, 0.7]))]
WEIGHTS = _RNG.integers(0, 3, 300).astype(float)


def chunks_of(rows, *others, size=40):
    """A sequence of chunks, with what is beside the rows."""
    cuts = range(0, rows.shape[0], size)
    return RowChunks(
        [tuple(part[cut : cut + size] for part in (rows, *others)) for cut in cuts]
    )
