"""Results of several problems: joined, taken apart, and put in another order."""

from dataclasses import fields

import numpy as np
import pytest
from scipy import sparse

from regkit.solvers import results
from regkit.solvers.results import PathResult, join_names

P, K = 5, 4


def make(seed: int, n_alphas: int = K, is_sparse: bool = True, solver: str = "a"):
    rng = np.random.default_rng(seed)
    coefs = rng.standard_normal((P, n_alphas)) * (rng.uniform(size=(P, n_alphas)) < 0.6)
    coefs[seed % P] = 0.0
    return PathResult(
        alphas=np.geomspace(1.0, 0.1, n_alphas),
        coefs=sparse.csc_array(coefs) if is_sparse else coefs,
        intercepts=rng.standard_normal(n_alphas),
        dual_gaps=rng.uniform(size=n_alphas),
        null_objectives=np.full(n_alphas, 1.0 + seed),
        losses=rng.uniform(size=n_alphas),
        n_iters=rng.integers(1, 9, n_alphas),
        converged=rng.uniform(size=n_alphas) < 0.5,
        unique=seed % 2 == 0,
        solver=solver,
    )


def arrays(result: PathResult) -> dict[str, np.ndarray]:
    found = {field.name: getattr(result, field.name) for field in fields(result)}
    return found | {"coefs": result.dense()}


@pytest.mark.parametrize("is_sparse", [True, False])
def test_stacked_paths_give_each_target_at_each_alpha(is_sparse: bool) -> None:
    paths = [make(seed, is_sparse=is_sparse) for seed in range(3)]
    stacked = PathResult.stack(paths)
    assert stacked.shape == (K, 3)
    assert stacked.dense().shape == (K, 3, P)
    for k in range(K):
        found = stacked.at(k)
        assert found.shape == (3,)
        for t, path in enumerate(paths):
            np.testing.assert_array_equal(found.dense()[t], path.dense()[k])
            for name in ("alphas", "intercepts", "dual_gaps", "n_iters", "converged"):
                assert getattr(found, name)[t] == getattr(path, name)[k]
    assert not stacked.unique


@pytest.mark.parametrize("is_sparse", [True, False])
def test_parts_of_a_path_join_to_the_path(is_sparse: bool) -> None:
    whole = make(2, is_sparse=is_sparse)
    parts = [whole.until(1), whole.take(np.arange(1, K))]
    for name, value in arrays(PathResult.concat(parts)).items():
        np.testing.assert_array_equal(value, arrays(whole)[name])


def test_dense_and_sparse_parts_join() -> None:
    both = [make(0), make(1, is_sparse=False)]
    expected = np.concatenate([part.dense() for part in both])
    np.testing.assert_array_equal(PathResult.concat(both).dense(), expected)


def test_solutions_are_taken_in_any_order_and_again() -> None:
    path = make(3)
    order = np.array([2, 0, 2])
    np.testing.assert_array_equal(path.take(order).dense(), path.dense()[order])
    np.testing.assert_array_equal(path.take(order).alphas, path.alphas[order])


@pytest.mark.parametrize("is_sparse", [True, False])
def test_used_columns_are_those_of_some_coefficient(is_sparse: bool) -> None:
    path = make(1, is_sparse=is_sparse)
    used, coefs = path.used()
    np.testing.assert_array_equal(used, np.flatnonzero(path.columns().any(axis=1)))
    np.testing.assert_array_equal(coefs, path.columns()[used])


def test_other_gaps_say_what_has_converged() -> None:
    found = make(0).with_gaps(np.array([0.0, 0.2, 0.05, np.nan]), tol=0.1)
    np.testing.assert_array_equal(found.converged, [True, False, True, False])


def test_names_of_solvers_are_joined_once_each() -> None:
    assert join_names(["svd", "cholesky+svd", "cholesky"]) == "svd+cholesky"
    joined = PathResult.concat([make(0, solver="b"), make(2, solver="a+b")])
    assert joined.solver == "b+a"


@pytest.mark.parametrize("is_sparse", [True, False])
@pytest.mark.parametrize("few", [0, P])
def test_used_columns_come_in_the_order_of_their_first_use(
    is_sparse: bool, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "_FEW", few)
    path = make(1, is_sparse=is_sparse)
    columns, first, coefs = path.used_in_order()
    assert np.all(np.diff(first) >= 0)
    np.testing.assert_array_equal(coefs, path.dense()[:, columns])
    unused = np.setdiff1d(np.arange(P), columns)
    assert not path.dense()[:, unused].any()
    for place, since in enumerate(first):
        assert not coefs[:since, place].any()
