"""Conformal intervals and sets against their definitions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr, ndtri

from regkit.solvers.networks.conformal import (
    ClassSets,
    interval,
    interval_score,
    rank_of,
)
from regkit.solvers.networks.temperature import (
    HeldOutGroup,
    fit_temperature,
    log_likelihood,
    log_probabilities_of,
    probabilities_of,
)


@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_intervals_of_one_group_are_split_conformal(coverage):
    rng = np.random.default_rng(0)
    scores = np.sort(rng.exponential(size=40))
    center, spread = rng.normal(size=(2, 1, 6))
    spread = np.exp(spread)
    lower, upper = interval(center, spread, scores, coverage)
    q = scores[int(np.ceil(41 * coverage)) - 1]
    assert_allclose(lower, (center - q * spread)[0])
    assert_allclose(upper, (center + q * spread)[0])


def test_intervals_are_narrower_by_the_root_of_a_share():
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(5, 30))
    scores = np.sort(rng.exponential(size=40))
    lower, upper = interval(centers, np.ones((5, 30)), scores, 0.9, 0.25)
    assert_allclose(lower + upper, 2 * centers.mean(axis=0))
    assert_allclose(upper - lower, scores[36])


def test_interval_score_is_least_for_the_right_quantiles():
    rng = np.random.default_rng(0)
    truth = np.sort(rng.normal(size=4000))
    right = np.quantile(truth, [0.05, 0.95])

    def score(low, high):
        ends = np.full(4000, low), np.full(4000, high)
        return interval_score(*ends, truth, 0.9)

    width = right[1] - right[0]
    for factor in (0.9, 1.1):
        assert score(*right) < score(*(factor * right))
    assert score(-9, 9) == pytest.approx(18)
    assert score(*right) == pytest.approx(
        width
        + 20 * np.maximum(right[0] - truth, 0).mean()
        + 20 * np.maximum(truth - right[1], 0).mean()
    )


def test_intervals_by_folds_cover_although_there_is_nothing_to_learn():
    """The mean of the folds' least squares of noise errs as the rows held out say."""
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        x, y = rng.normal(size=(2, 41))
        folds = np.arange(40) % 5
        slopes = [
            np.sum((x[:40] * y[:40])[folds != k]) / np.sum(x[:40][folds != k] ** 2)
            for k in range(5)
        ]
        scores = np.sort(np.abs(y[:40] - np.array(slopes)[folds] * x[:40]))
        centers = np.array([[slope * x[40]] for slope in slopes])
        lower, upper = interval(centers, np.ones((5, 1)), scores, 0.8)
        shares.append(lower[0] <= y[40] <= upper[0])
    assert abs(np.mean(shares) - 0.8) < 3 * 0.028


@pytest.mark.parametrize("coverage", [0.3, 0.7, 0.9])
def test_sets_of_one_group_are_split_conformal(coverage):
    rng = np.random.default_rng(0)
    scores = np.sort(rng.random(21))
    each = [rng.dirichlet(np.ones(3), size=50) for _ in range(2)]
    found = ClassSets(scores, ((0, 1),)).of(each, coverage)
    smaller = (scores < 1 - np.mean(each, axis=0)[:, :, None]).sum(axis=2)
    assert_array_equal(found, smaller < 22 * coverage)


@pytest.mark.parametrize(("apart", "least"), [(0.3, 0.0), (0.5, 0.9)])
@pytest.mark.parametrize("coverage", [0.3, 0.9])
def test_sets_of_several_groups_cover_new_rows(coverage, apart, least):
    """Scores are normal: a row's own, and what a group's networks are off."""
    rng = np.random.default_rng(0)
    n_groups, n = 5, 20_000
    row = rng.normal(size=(3, n))  # held out, and new: of the right class and another
    off = row + apart * rng.normal(size=(n_groups, 3, n))
    shares = 1.0 - ndtr(off)
    held = np.arange(n) % n_groups
    scores = np.sort(1.0 - shares[held, 0, np.arange(n)])
    sets = ClassSets(scores, tuple((k,) for k in range(n_groups)))
    new = list(shares[:, 1:].swapaxes(1, 2))
    # The mean of five ranks varies less than one.
    mean = (1 + apart**2 / 5) / (1 + apart**2)
    alike = ndtr(ndtri(coverage) / np.sqrt(mean))
    assert sets.of(new, coverage)[:, 0].mean() == pytest.approx(alike, abs=0.008)
    expected = ndtr(ndtri(coverage) * np.sqrt(max(least, mean) / mean))
    found = sets.comparing(list(shares[:, 0])).of(new, coverage)
    assert found[:, 0].mean() == pytest.approx(expected, abs=0.008)


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
    group = HeldOutGroup(z[None], targets, np.full(4000, 7.0))
    found = fit_temperature([group], independent, 1, 1)
    assert found == pytest.approx(1.7, rel=0.12)
    parts = [
        HeldOutGroup(z[None, a:b], targets[a:b], np.ones(b - a))
        for a, b in ((0, 900), (900, 4000))
    ]
    assert fit_temperature(parts, independent, 1, 1) == pytest.approx(found, rel=1e-3)
    few = HeldOutGroup(z[None, :3], targets[:3], np.ones(3))
    assert fit_temperature([few], independent, 1, 1) < 2.5
    P = probabilities_of(z, independent)
    assert_allclose(np.exp(log_probabilities_of(z, independent)), P)
    logs = log_likelihood(P, targets, independent)
    assert logs.shape == (4000,)
    if not independent:
        own = P[np.arange(4000), targets[:, 0].astype(int)]
        assert_allclose(np.exp(logs), own)
    assert_array_equal(np.isfinite(log_probabilities_of(z * 1e4, independent)), True)


def test_temperature_is_that_of_as_many_networks_as_predict():
    """The mean of ten needs less shrinking than that of two, and that than one."""
    rng = np.random.default_rng(1)
    n = 8000
    true = 2 * rng.normal(size=(n, 1))
    targets = (rng.random((n, 1)) < probabilities_of(true, True)).astype(float)
    # Two networks on each of five folds, as far apart by fold as by seed.
    z = true + 0.7 * np.repeat(rng.normal(size=(5, n, 1)), 2, axis=0)
    z += 0.7 * rng.normal(size=(10, n, 1))
    weights = np.ones(n)
    of_all = fit_temperature([HeldOutGroup(z, targets, weights)], False, 10, 1)
    pair = HeldOutGroup(z[:2], targets, weights)
    of_two = fit_temperature([pair], False, 2, 1)
    found = fit_temperature([pair], False, 10, 5)
    assert of_all < found < of_two
    assert found / of_all < 0.5 + 0.5 * of_two / of_all
    # A network for each fold: nothing shows the difference, most is taken for granted.
    single = HeldOutGroup(z[:1], targets, weights)
    of_one = fit_temperature([single], False, 1, 1)
    of_five = fit_temperature([HeldOutGroup(z[::2], targets, weights)], False, 5, 1)
    found = fit_temperature([single], False, 5, 5)
    assert of_five < found < of_five * (of_one / of_five) ** 0.4
    assert fit_temperature([pair, single], False, 5, 5) < of_one
    # Never further than to 1, and of networks that say too little not at all.
    timid = HeldOutGroup(z[:1] / 3, targets, weights)
    alone = fit_temperature([timid], False, 1, 1)
    assert alone == fit_temperature([timid], False, 5, 5) < 1
