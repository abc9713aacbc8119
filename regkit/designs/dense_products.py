"""Products with a dense X and of it with itself, in shares side by side.

BLAS could split them among threads of its own. But it splits so flat products worse;
and its threads, once awake, spin for some 30 ms, in the way of whatever comes next on
threads other than theirs: regkit's kernels, or another library's BLAS.
"""

from collections.abc import Callable
from contextlib import nullcontext
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas

from regkit._types import Floats, Indices
from regkit.parallel.threads import (
    UNNOTICED,
    WORTHWHILE,
    map_in_threads,
    n_threads,
    one_blas_thread,
)

_Found = TypeVar("_Found")

# Bytes of X that are centered at a time on the way to a Gram matrix.
_CHUNK_BYTES = 1 << 22
# Bytes that are multiplied at a time, so that the three products with the same rows
# read memory once.
_CACHED_BYTES = 5 << 19
# So many shares of the rows, however many threads: the last digits depend on them.
_SHARES = 4
# The products of the shares together hold at most this part of X's entries.
_ROOM = 8


def times(X: NDArray[Any], right: Floats) -> Floats:
    """Return ``X @ right``."""
    columns = right.size // max(1, len(right))
    return np.concatenate(by_row_shares(lambda share: X[share] @ right, X, columns))


def transposed_times(X: NDArray[Any], left: NDArray[Any]) -> NDArray[Any]:
    """Return ``left @ X``."""
    found = by_row_shares(lambda share: left[..., share] @ X[share], X)
    return np.asarray(sum(found[1:], found[0]))


def moments_by_rows(
    X: NDArray[Any], center: Floats, weight: Floats
) -> tuple[Floats, Floats]:
    """Return Σ p d and Σ p d² for d = x - center, X in C order."""
    # Loaded here: BLAS makes all other products.
    from regkit.kernels.linear import dense as kernels

    def multiply(share: slice) -> tuple[Floats, Floats]:
        return kernels.moments_rows(X[share], center, weight[share])

    shifts, squares = zip(*by_row_shares(multiply, X), strict=True)
    return sum(shifts[1:], shifts[0]), sum(squares[1:], squares[0])


def by_row_shares(
    task: Callable[[slice], _Found], X: NDArray[Any], columns: int = 1
) -> list[_Found]:
    """Return what ``task`` finds in shares of the rows of X, or in all at once."""
    n = len(X)
    if X.size * columns < WORTHWHILE:
        with nullcontext() if X.size * columns < UNNOTICED else one_blas_thread():
            return [task(slice(0, n))]
    count = min(n, _SHARES)
    edges = (np.arange(count + 1) * n // count).tolist()
    with one_blas_thread():
        return map_in_threads(task, list(map(slice, edges, edges[1:])), n_threads())


def row_products(X: NDArray[Any]) -> Floats:
    """Return the upper triangle of ``X Xᵀ``, C order.

    By SciPy's BLAS, as is what is made of them: see `regkit.solvers.ridge.tridiagonal`.
    """
    if X.flags.c_contiguous:
        found: Floats = blas.dsyrk(1.0, X.T, trans=True, lower=True)
    else:
        found = blas.dsyrk(1.0, X, lower=True)
    return found.T


def centered_products(
    X: NDArray[Any],
    target: Floats,
    center: Floats,
    root: Floats | float,
    rows: Indices | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Return Σ p d dᵀ, Σ sqrt(p) target d and Σ p d for d = x - center.

    Over all rows, or over some, in whose order ``target`` and ``root`` (sqrt(p)) are as
    well. Rows pass through a buffer that stays in cache; no second X is formed. What
    needs neither conversion, center nor weights is not even copied there.
    """
    n_rows, p = len(target), X.shape[1]
    first = None if rows is None else _start_of_run(rows)
    passage = _Passage(X, target, center, root, rows, first)
    count = min(_SHARES, n_rows // max(1, _ROOM * p))
    in_cache = passage.is_raw and (rows is None or first is not None)
    step = max(16, p // 4, _CHUNK_BYTES // (8 * p))
    if count <= 1 or n_rows * p < WORTHWHILE:
        step = max(1, n_rows if in_cache else min(step, n_rows))
        gram, products, shift = passage.multiply((0, n_rows, step))
    else:
        if in_cache:
            step = max(p, _CACHED_BYTES // (8 * p))
        edges = [n_rows * k // count for k in range(count + 1)]
        spans = [(a, b, step) for a, b in pairwise(edges)]
        with one_blas_thread():
            task = passage.multiply if passage.is_raw else passage.multiply_at_once
            found = map_in_threads(task, spans, n_threads())
        gram, products, shift = found[0]
        for other in found[1:]:
            gram += other[0]
            products += other[1]
            shift += other[2]
    if not isinstance(root, np.ndarray):
        gram *= root**2
        products *= root
        shift *= root**2
    return gram, products.T, shift


class _Passage(NamedTuple):
    """What passes in the products of `centered_products`, a span of rows at a time.

    A span is where it begins and ends, and how many rows are multiplied at a time. The
    products are those of d times its weight, without a ``root`` that is one number.
    """

    X: NDArray[Any]
    target: Floats
    center: Floats
    root: Floats | float
    rows: Indices | None
    first: int | None
    """Where ``rows`` begin, if they follow each other."""

    @property
    def is_raw(self) -> bool:
        """Whether rows are multiplied as they are stored."""
        is_weighted = isinstance(self.root, np.ndarray)
        return not is_weighted and self.X.dtype == np.float64 and not self.center.any()

    def part(self, start: int, stop: int) -> NDArray[Any]:
        """Return some rows as they are stored."""
        if self.rows is None:
            return self.X[start:stop]
        if self.first is not None:
            return self.X[self.first + start : self.first + stop]
        return self.X[self.rows[start:stop]]

    def multiply(self, span: tuple[int, int, int]) -> tuple[Floats, Floats, Floats]:
        """Return the three products of a span."""
        begin, end, step = span
        p, is_raw, root = self.X.shape[1], self.is_raw, self.root
        gram, square = np.empty((p, p)), None
        products = np.zeros((*self.target.shape[1:], p))
        shift = np.zeros(p)
        buffer = np.empty((0 if is_raw else step, p))
        ones = np.ones(step)
        for start in range(begin, end, step):
            stop = min(start + step, end)
            part = self.part(start, stop)
            if not is_raw:
                part = np.subtract(part, self.center, out=buffer[: stop - start])
            weight = ones[: stop - start]
            if isinstance(root, np.ndarray):
                weight = root[start:stop]
                part *= weight[:, None]
            shift += weight @ part
            if square is None:
                np.matmul(part.T, part, out=gram)
                square = np.empty((p, p)) if stop < end else gram
            else:
                gram += np.matmul(part.T, part, out=square)
            products += self.target[start:stop].T @ part
        if square is None:  # no rows
            gram[:] = 0.0
        return gram, products, shift

    def multiply_at_once(
        self, span: tuple[int, int, int]
    ) -> tuple[Floats, Floats, Floats]:
        """As `multiply`, targets and weights beside the rows in one product.

        (By NumPy, which lets other threads run meanwhile; SciPy's BLAS does not.)
        """
        begin, end, step = span
        p, root = self.X.shape[1], self.root
        has_center = bool(self.center.any())
        targets = self.target.reshape(len(self.target), -1)
        buffer = np.empty((step, p + 1 + targets.shape[1]))
        summed = np.zeros((buffer.shape[1], buffer.shape[1]))
        square = np.empty_like(summed)
        for start in range(begin, end, step):
            stop = min(start + step, end)
            held = buffer[: stop - start]
            part, weight = held[:, :p], held[:, p]
            part[:] = self.part(start, stop)
            if has_center:
                part -= self.center
            weight[:] = 1.0
            if isinstance(root, np.ndarray):
                weight[:] = root[start:stop]
                part *= weight[:, None]
            held[:, p + 1 :] = targets[start:stop]
            summed += np.matmul(held.T, held, out=square)
        products = summed[p + 1 :, :p].reshape(*self.target.shape[1:], p)
        return summed[:p, :p].copy(), products, summed[p, :p]


def _start_of_run(rows: Indices) -> int | None:
    """Return where rows that follow each other start; None for any others."""
    run = bool(np.all(np.diff(rows) == 1))
    return int(rows[0]) if run and len(rows) else None
