"""What designs say of themselves: weights, shared columns, products."""

import numpy as np
import pytest
from scipy import sparse

from regkit.designs import make_design
from regkit.designs.centered_moments import CenteredMoments
from regkit.designs.reduced import ReducedDesign
from regkit.designs.weighted_rows import WeightedRows

N, P = 12, 4


@pytest.fixture
def X() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.asfortranarray(rng.standard_normal((N, P)) + 2.0)


def test_weights_are_brought_to_a_sum_of_one() -> None:
    given = np.array([2.0, 0.0, 6.0])
    rows = WeightedRows(given, 3, fit_intercept=True)
    np.testing.assert_allclose(rows.weights, [0.25, 0.0, 0.75])
    assert (rows.total_weight, rows.max_rank) == (8.0, 1)
    centered, mean = rows.center(np.array([4.0, 0.0, 8.0]))
    np.testing.assert_allclose(mean, 7.0)
    np.testing.assert_allclose(centered, np.sqrt(rows.weights) * [-3.0, -7.0, 1.0])


def test_equal_weights_sum_to_one() -> None:
    rows = WeightedRows(None, 4, fit_intercept=False)
    assert (rows.total_weight, rows.max_rank) == (4.0, 4)
    np.testing.assert_array_equal(rows.weights, np.full(4, 0.25))
    np.testing.assert_array_equal(rows.center(np.arange(4.0))[0], np.arange(4.0) / 2)


@pytest.mark.parametrize("convert", [np.array, sparse.csc_array, sparse.csr_array])
@pytest.mark.parametrize("standardize", [False, True])
def test_reweighted_designs_are_those_of_their_weights(
    X: np.ndarray, convert: object, standardize: bool
) -> None:
    weight = np.arange(N, dtype=np.float64)
    found = make_design(convert(X), None, True, standardize).reweighted(weight)
    expected = make_design(convert(X), weight, True, standardize)
    np.testing.assert_array_equal(found.weights, weight / weight.sum())
    np.testing.assert_array_equal(found.materialize(), expected.materialize())
    np.testing.assert_array_equal(found.lengths, expected.lengths)


def test_only_dense_columns_are_shared_by_paths(X: np.ndarray) -> None:
    dense, from_sparse = make_design(X), make_design(sparse.csc_array(X))
    assert dense.shared_columns is dense
    assert from_sparse.shared_columns is None


@pytest.mark.parametrize("convert", [np.array, sparse.csc_array])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_all_designs_of_the_same_rows_have_the_same_products(
    X: np.ndarray, convert: object, fit_intercept: bool
) -> None:
    y = X @ np.arange(P) + 1.0
    design = make_design(convert(X), None, fit_intercept)
    target, _ = design.center(y)
    moments = CenteredMoments.of_rows(X, y[:, None], None)
    reduced = ReducedDesign(moments, fit_intercept, False)
    summed, _ = reduced.center(reduced.targets[:, 0])
    rows = design.materialize()
    for one, its in ((design, target), (reduced, summed)):
        gram, products = one.gram(its)
        np.testing.assert_allclose(gram, rows.T @ rows, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(products, rows.T @ target, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(one.correlate(its), products, atol=1e-12)
