"""Normal scores of columns."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtri

from regkit.solvers.networks.ranks import Ranks, many_valued, normal_scores
from regkit.solvers.networks.scaling import Scaling


def test_scores_are_normal_quantiles_of_ranks():
    rng = np.random.default_rng(0)
    values = rng.permutation(np.exp(3 * rng.normal(size=999)))
    knots, scores = normal_scores(values, np.full(999, 1 / 999))
    assert_array_equal(knots, np.sort(values))
    assert_allclose(scores, ndtri((np.arange(999) + 0.5) / 999), atol=1e-12)


def test_scores_between_knots_too_near_for_slopes():
    knots = np.array([-1e308, -1e-320, 0.0, 1e-320, 1e-3, 1e308])
    ranks = Ranks.of([0], [(knots, np.arange(6.0))])
    values = np.array([-1.7e308, *knots, -5e307, 5e-321, 5e307, 1.7e308])
    expected = [0, *range(6), 0.5, 2.5, 4.5, 5]
    assert_allclose(ranks.score(0, values), expected, rtol=1e-12)


def test_ties_and_weights_count_as_rows():
    values, counts = np.array([5.0, 0.0, 1.0]), np.array([1.0, 6.0, 3.0])
    knots, scores = normal_scores(values, counts / 10)
    assert_array_equal(knots, [0.0, 1.0, 5.0])
    assert_allclose(scores, ndtri([0.3, 0.75, 0.95]))
    again = normal_scores(np.repeat(values, counts.astype(int)), np.full(10, 0.1))
    assert_allclose(again, (knots, scores))


def test_many_rows_have_few_knots():
    values = np.random.default_rng(0).exponential(size=50_000)
    knots, scores = normal_scores(values, np.full(50_000, 1 / 50_000))
    assert 900 < len(knots) <= 1000
    z = np.interp(values, knots, scores)
    assert abs(z.mean()) < 0.01
    assert abs(z.std() - 1) < 0.01


@pytest.mark.parametrize("convert", [np.asarray, sp.csr_array, sp.csc_array])
def test_columns_of_more_than_two_values(convert):
    X = np.zeros((20, 7))
    X[::2, 1] = 1.0  # two values
    X[:, 2] = np.arange(20)
    X[0, 3], X[1, 3] = -1.0, 1.0  # and zero
    X[:, 4] = 7.0
    X[:, 5] = np.where(np.arange(20) % 2, 3.0, 4.0)  # nothing is zero
    X[0, 6] = 2.0
    found = many_valued(convert(X))
    assert_array_equal(found, [False, False, True, True, False, False, False])


def test_robust_scaling_is_the_mean_with_the_score():
    rng = np.random.default_rng(0)
    X = np.c_[rng.exponential(size=400) ** 3, rng.random(400) < 0.2]
    scaling = Scaling.robust(X, np.ones(400), 3.0)
    Z = scaling.apply(X)
    low, center, high = np.quantile(X[:, 0], [0.25, 0.5, 0.75], method="inverted_cdf")
    bounded = (X[:, 0] - center) / (high - low)
    bounded /= np.sqrt(1 + (bounded / 3) ** 2)
    rank = np.argsort(np.argsort(X[:, 0]))
    assert_allclose(Z[:, 0], 0.5 * (bounded + ndtri((rank + 0.5) / 400)))
    assert len(np.unique(Z[:, 1])) == 2
    assert_allclose(Z[:, 1].mean(), 0.0, atol=0.02)  # but for the smooth bound
    outside = scaling.apply(np.array([[1e300, 0.0], [-1e300, 1.0]]))
    assert np.abs(outside).max() <= 3.3
    far = (X - 1.0) * [1e308 / X.max(), 1.0]
    assert np.isfinite(Scaling.robust(far, np.ones(400), 3.0).apply(far)).all()


def test_levels_of_few_rows_are_smaller_than_those_of_many():
    X = np.zeros((1000, 4))
    for j, count in enumerate((500, 160, 40, 2)):
        X[:count, j] = 7.0
    unbounded = Scaling.robust(X, np.ones(1000), np.inf).apply(X)
    sizes = np.ptp(unbounded, axis=0)
    assert_allclose(sizes, 2 * np.sqrt([0.25, 0.16, 0.04, 0.002]))
    assert_allclose(unbounded.mean(axis=0), 0.0, atol=1e-12)
    half = np.r_[np.full(500, 3.0), np.full(500, 1.0)]
    repeated = Scaling.robust(np.r_[X, X[:500], X[:500]], np.ones(2000), np.inf)
    weighted = Scaling.robust(X, half, np.inf)
    assert_allclose(weighted.apply(X), repeated.apply(X))
