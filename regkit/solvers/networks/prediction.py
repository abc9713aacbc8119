"""Outputs of a trained network, with noise or without."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit.kernels.networks.passes import Dropout, InputRows, Network
from regkit.kernels.networks.sampling import sample
from regkit.parallel.threads import map_in_threads, n_threads
from regkit.solvers.networks.architecture import make_work

_ROWS = 256
# Multiplications from which several threads are faster than one.
_WORTHWHILE = 1 << 25
# Outputs of many passes are reduced this many at a time.
_CHUNK = 1 << 22


def n_rows(rows: InputRows) -> int:
    """Return how many rows there are."""
    return max(len(rows.dense), len(rows.indptr) - 1)


def passes(
    net: Network,
    dropout: Dropout,
    params: NDArray[Any],
    rows: InputRows,
    n_passes: int,
    seed: int,
    *,
    first_pass: int = 0,
    noisy: bool = True,
) -> NDArray[Any]:
    """Return outputs of shape (n_passes, n, n_outputs).

    The noise of a pass depends on ``seed``, its number and the number of the row. Where
    float32 overflows, float64 takes over: inf - inf would be NaN further on.
    """
    n = n_rows(rows)
    if not params.flags.writeable:  # from a memory map: kernels know one kind of array
        params = params.copy()
    out = np.empty((n_passes, n, int(net.sizes[-1])), dtype=params.dtype)
    size = max(1, min(_ROWS, n))
    order = np.arange(n)

    def fill(share: tuple[int, int]) -> None:
        work = make_work(net, 1, size, params.dtype)
        with np.errstate(all="ignore"):
            sample(
                net,
                dropout,
                rows,
                order,
                params,
                work,
                size,
                *share,
                1.0 if noisy else 0.0,
                seed,
                first_pass,
                out,
            )

    products = int(net.sizes[1:] @ net.sizes[:-1]) * n * n_passes
    count = n_threads() if products > _WORTHWHILE else 1
    bounds = [n * i // count for i in range(count + 1)]
    map_in_threads(fill, list(pairwise(bounds)), count)
    if out.dtype == np.float32 and not np.isfinite(out).all():
        return passes(
            net,
            dropout,
            params.astype(np.float64),
            _in_float64(rows),
            n_passes,
            seed,
            first_pass=first_pass,
            noisy=noisy,
        )
    return out


def _in_float64(rows: InputRows) -> InputRows:
    return rows._replace(
        dense=rows.dense.astype(np.float64),
        data=rows.data.astype(np.float64),
        absent=rows.absent.astype(np.float64),
    )


def outputs(
    net: Network, dropout: Dropout, params: NDArray[Any], rows: InputRows
) -> NDArray[Any]:
    """Return the outputs (n, n_outputs) without noise."""
    found: NDArray[Any] = passes(net, dropout, params, rows, 1, 0, noisy=False)[0]
    return found


def chunks(net: Network, rows: InputRows, n_passes: int) -> list[tuple[int, int]]:
    """Cut passes into [first, count] pieces whose outputs take little memory."""
    each = max(1, n_rows(rows) * int(net.sizes[-1]))
    step = max(1, _CHUNK // each)
    return [(t, min(step, n_passes - t)) for t in range(0, n_passes, step)]
