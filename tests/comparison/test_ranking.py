"""Standard errors against simulation, and the choice among equals."""

import numpy as np
import pytest

from regkit.comparison.ranking import Sampling, equal_to_best, mean_loss, simplest

ONE = Sampling(1 / 3, in_time=False)


def test_of_one_split_it_is_that_of_a_mean():
    losses = np.random.default_rng(0).exponential(size=500)
    mean, se = mean_loss([losses], ONE)
    assert mean == pytest.approx(losses.mean())
    assert se == pytest.approx(losses.std(ddof=1) / np.sqrt(500))


def test_rows_of_a_group_do_not_count_as_independent():
    """Against the spread of the mean over many draws of groups."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 10)
    means, errors = [], []
    for _ in range(2000):
        losses = rng.standard_normal(40)[groups] + 0.3 * rng.standard_normal(400)
        mean, se = mean_loss([losses], Sampling(1 / 3, False, [groups]))
        means.append(mean)
        errors.append(se)
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.05)


def test_repeated_splits_are_not_taken_for_new_rows():
    """Against the spread over fresh data of the mean over ten random splits."""
    rng = np.random.default_rng(1)
    means, errors = [], []
    for _ in range(600):
        y = rng.standard_normal(120)
        losses = []
        for _ in range(10):
            order = rng.permutation(120)
            train, test = order[:90], order[90:]
            losses.append((y[test] - y[train].mean()) ** 2)
        mean, se = mean_loss(losses, ONE)
        means.append(mean)
        errors.append(se)
    ratio = np.mean(errors) / np.std(means)
    assert 0.9 < ratio < 2.0  # conservative, never far too small


def test_splits_in_time_share_no_test_rows():
    losses = [np.full(10, value) for value in (1.0, 2.0, 3.0)]
    mean, se = mean_loss(losses, Sampling(1 / 3, in_time=True))
    assert mean == 2.0
    assert se == pytest.approx(1 / np.sqrt(3))


def test_equal_is_what_the_paired_difference_says():
    rng = np.random.default_rng(0)
    hard = rng.exponential(size=400)  # rows that are hard for all models
    best = hard
    close = hard + 0.01 + 0.5 * rng.standard_normal(400)
    worse = hard + 0.2 + 0.5 * rng.standard_normal(400)
    twin = hard * 1.001
    found = equal_to_best(
        [[best], [close], [worse], [twin]], 0, ONE, lambda loss: np.sqrt(loss)
    )
    assert found == [True, True, False, True]


def test_the_simplest_of_equals():
    assert simplest([True, True, True], [0, 0, 2], [30, 4, 9999]) == 1
    assert simplest([False, True, True], [0, 2, 1], [3, 1, 0]) == 2
    assert simplest([True, True], [0, 0], [5, 5]) == 0
