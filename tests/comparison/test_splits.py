"""No row of a test part, of its group or of its time, is learned from."""

import numpy as np
import pytest

from regkit.comparison.splits import Plan, make_splits
from regkit.comparison.tasks import read_target

RNG = np.random.default_rng(0)
NUMBERS = read_target(RNG.standard_normal(120), "auto", "y")


def test_groups_stay_together():
    groups = RNG.integers(0, 12, 120)
    for split in make_splits(NUMBERS, Plan(0.25, 3, 4, 0, groups=groups)):
        assert not set(groups[split.train]) & set(groups[split.test])
        own = groups[split.train]
        for fit, held in split.folds:
            assert not set(own[fit]) & set(own[held])


@pytest.mark.parametrize("n_repeats", [1, 3])
def test_the_future_is_not_learned_from(n_repeats):
    time = RNG.permutation(120)
    splits = make_splits(NUMBERS, Plan(0.25, 3, n_repeats, 0, time=time))
    assert len(splits) == n_repeats
    tested = np.concatenate([split.test for split in splits])
    assert sorted(time[tested]) == list(range(90, 120))  # the last quarter, once each
    for split in splits:
        assert time[split.train].max() < time[split.test].min()
        own = time[split.train]
        for fit, held in split.folds:
            assert own[fit].max() < own[held].min()


def test_classes_keep_their_shares():
    labels = np.array(["a"] * 90 + ["b"] * 30)
    target = read_target(labels, "auto", "y")
    for split in make_splits(target, Plan(0.25, 3, 2, 0)):
        assert np.mean(labels[split.test] == "b") == pytest.approx(0.25, abs=0.02)
        for _, held in split.folds:
            assert (labels[split.train][held] == "b").any()


def test_a_class_that_comes_later_only_is_told():
    labels = np.array(["a"] * 90 + ["b"] * 30)
    target = read_target(labels, "auto", "y")
    with pytest.raises(ValueError, match="class 'b' is not among the training rows"):
        make_splits(target, Plan(0.25, 3, 1, 0, time=np.arange(120)))


def test_splits_at_random_differ_and_repeat():
    first, second = make_splits(NUMBERS, Plan(0.25, 3, 2, 7))
    assert set(first.test) != set(second.test)
    (again,) = make_splits(NUMBERS, Plan(0.25, 3, 1, 8))
    np.testing.assert_array_equal(again.test, second.test)
