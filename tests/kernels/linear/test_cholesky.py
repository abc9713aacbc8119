"""The factor that grows and shrinks, against NumPy's."""

import numpy as np
import pytest
from numba import njit
from numpy.testing import assert_allclose

from regkit.kernels.linear import cholesky

BLOCK = cholesky.BLOCK


# Only kernels can call these three.
@njit
def append(*arguments):
    return cholesky.append(*arguments)


@njit
def remove(*arguments):
    return cholesky.remove(*arguments)


@njit
def go_on_below(*arguments):
    return cholesky.go_on_below(*arguments)


class Growing:
    """A Gram matrix and the factor of the columns taken so far."""

    def __init__(self, p, rank=None, ridge=0.0, seed=0):
        rng = np.random.default_rng(seed)
        Z = rng.normal(size=(2 * p, rank or p)) @ rng.normal(size=(rank or p, p))
        self.gram = Z.T @ Z
        self.ridge = np.full(p, ridge)
        self.factor = np.zeros((p + 2 * BLOCK, p + 2 * BLOCK))
        self.active = np.zeros(p + 2 * BLOCK, dtype=np.int64)
        self.k = 0

    def append(self, columns):
        columns = np.array(columns, dtype=np.int64)
        self.k = append(
            self.factor,
            self.active,
            self.k,
            self.gram,
            self.ridge,
            1.0,
            columns,
            len(columns),
        )

    def remove(self, columns):
        leaving = np.zeros(len(self.gram), dtype=np.bool_)
        leaving[columns] = True
        queue = np.empty(len(self.gram), dtype=np.int64)
        self.k, n_queue = remove(self.factor, self.active, self.k, leaving, queue)
        return queue[:n_queue]

    def check(self, expected):
        active = self.active[: self.k]
        assert sorted(active) == sorted(expected)
        lower = np.tril(self.factor[: self.k, : self.k])
        part = self.gram[np.ix_(active, active)] + np.diag(self.ridge[active])
        assert_allclose(lower @ lower.T, part, rtol=1e-9, atol=1e-9 * self.gram.max())


@pytest.mark.parametrize("p", [1, 3, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
@pytest.mark.parametrize("ridge", [0.0, 2.0])
def test_columns_enter_in_any_number(p, ridge):
    growing = Growing(p, ridge=ridge)
    first = p // 3
    growing.append(range(first))
    growing.check(range(first))
    growing.append(range(p - 1, first - 1, -1))
    growing.check(range(p))


@pytest.mark.parametrize("leaving", [[0], [39], [3, 17, 20], range(0, 40, 2)])
def test_columns_leave(leaving):
    growing = Growing(40)
    growing.append(range(40))
    queue = growing.remove(list(leaving))
    growing.append(queue)
    growing.check(set(range(40)) - set(leaving))


def test_a_dependent_column_stays_out():
    growing = Growing(12, rank=5)
    growing.append(range(12))
    growing.check(range(5))
    assert growing.k == 5


@pytest.mark.parametrize("p", [1, 2, 3, 4, 5, 7, 8, 37])
def test_solves(p):
    growing = Growing(p)
    growing.append(range(p))
    right = np.random.default_rng(1).normal(size=p)
    solution = right.copy()
    cholesky.solve_lower(growing.factor, p, solution)
    whole = solution.copy()
    cholesky.solve_upper(growing.factor, p, solution)
    assert_allclose(growing.gram @ solution, right, atol=1e-8)
    for first in range(p + 1):  # solved above it
        rest = np.concatenate([whole[:first], right[first:]])
        go_on_below(growing.factor, first, p, rest)
        assert_allclose(rest, whole, rtol=1e-9, atol=1e-12)
