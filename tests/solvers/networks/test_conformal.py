"""Conformal intervals and sets against their definitions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from regkit.solvers.networks.conformal import class_sets, interval, rank_of
from regkit.solvers.networks.temperature import (
    fit_temperature,
    log_likelihood,
    log_probabilities_of,
    probabilities_of,
)


@pytest.mark.parametrize("sizes", [(40,), (15, 16, 14), (20, 0, 3)])
@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_intervals_are_order_statistics(sizes, coverage):
    rng = np.random.default_rng(0)
    scores = [np.sort(rng.exponential(size=n)) for n in sizes]
    centers, spreads = rng.normal(size=(2, len(sizes), 6))
    spreads = np.exp(spreads)
    lower, upper = interval(centers, spreads, scores, coverage)
    rank = rank_of(coverage, sum(sizes)) - 1
    for j in range(6):
        parts = list(zip(centers[:, j], spreads[:, j], scores, strict=True))
        above = np.sort(np.concatenate([c + s * each for c, s, each in parts]))
        below = np.sort(np.concatenate([c - s * each for c, s, each in parts]))
        ends = sorted([above[rank], below[::-1][rank]])
        assert_allclose([lower[j], upper[j]], ends, atol=1e-9)


def test_cv_plus_keeps_its_promise_for_a_bad_model():
    """Least squares by a hundredth of the rows: half is covered, and nearly what is
    wanted, whatever the model is worth."""
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        x, y = rng.normal(size=(2, 41))
        folds = np.arange(40) % 5
        slopes = [
            np.sum((x[:40] * y[:40])[folds != k]) / np.sum(x[:40][folds != k] ** 2)
            for k in range(5)
        ]
        scores = [np.sort(np.abs(y[:40] - slopes[k] * x[:40])[folds == k])
                  for k in range(5)]  # fmt: skip
        centers = np.array([[slope * x[40]] for slope in slopes])
        lower, upper = interval(centers, np.ones((5, 1)), scores, 0.8)
        shares.append(lower[0] <= y[40] <= upper[0])
    assert np.mean(shares) > 0.8 - 3 * 0.028


def test_sets_count_smaller_scores():
    rng = np.random.default_rng(0)
    scores = [np.sort(rng.random(n)) for n in (12, 9)]
    probabilities = rng.dirichlet(np.ones(3), (2, 7))
    found = class_sets(probabilities, scores, 0.7)
    for j in range(7):
        for k in range(3):
            smaller = sum(
                int(np.sum(each < 1 - probabilities[g, j, k]))
                for g, each in enumerate(scores)
            )
            assert found[j, k] == (smaller < 22 * 0.7)


def test_too_few_rows():
    with pytest.raises(ValueError, match="needs at least 9 held-out rows, there are 8"):
        rank_of(0.9, 8)
    assert rank_of(0.9, 9) == 9


@pytest.mark.parametrize("independent", [False, True])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_temperature_is_found(independent, n_outputs):
    rng = np.random.default_rng(0)
    z = 2 * rng.normal(size=(4000, n_outputs))
    true = probabilities_of(z / 1.7, independent)
    if independent:
        targets = (rng.random(true.shape) < true).astype(float)
    else:
        draws = rng.random((4000, 1))
        targets = (np.cumsum(true, axis=1) < draws).sum(axis=1)[:, None].astype(float)
    found = fit_temperature([z], targets, np.ones(4000), independent)
    assert found == pytest.approx(1.7, rel=0.12)
    assert fit_temperature([z[:3]], targets[:3], np.ones(3), independent) < 2.5
    P = probabilities_of(z, independent)
    assert_allclose(np.exp(log_probabilities_of(z, independent)), P)
    logs = log_likelihood(P, targets, independent)
    assert logs.shape == (4000,)
    if not independent:
        own = P[np.arange(4000), targets[:, 0].astype(int)]
        assert_allclose(np.exp(logs), own)
    assert_array_equal(np.isfinite(log_probabilities_of(z * 1e4, independent)), True)
