"""Rows that belong together are held out together."""

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.model_selection import cross_validate

from regkit import DropoutMLPClassifier, DropoutMLPRegressor, RowChunks
from regkit.neural_network._folds import NEVER, assign_groups, hold_out_groups
from tests.neural_network.small_networks import small

SMALL = small(n_members=5, max_iter=40)
RNG = np.random.default_rng(0)
GROUPS = np.repeat(np.arange(40), 10)[RNG.permutation(400)]
OWN = RNG.normal(size=(40, 2))
# Columns tell the group, and what it has of its own is all that y has.
X = OWN[GROUPS] + 0.01 * RNG.normal(size=(400, 2))
Y = RNG.normal(size=40)[GROUPS]
NAMES = np.array([f"patient {k}" for k in GROUPS])


def test_what_is_told_is_of_new_groups():
    alone = DropoutMLPRegressor(**SMALL).fit(X, Y)
    together = DropoutMLPRegressor(**SMALL).fit(X, Y, groups=NAMES)
    assert alone.oof_score_ > 0.3
    assert together.oof_score_ < 0.1
    for group in range(40):
        assert len(np.unique(together.folds_[group == GROUPS])) == 1
    sizes = np.bincount(together.folds_)
    assert_array_equal(sizes, 80)
    width = np.subtract(*together.predict_interval(X)[::-1]).mean()
    assert width > np.subtract(*alone.predict_interval(X)[::-1]).mean()


def test_a_single_network_holds_groups_out_too():
    options = {**SMALL, "n_members": 1, "calibration_fraction": 0.25}
    model = DropoutMLPRegressor(**options).fit(X, Y, groups=NAMES)
    assert model.t_ == model.n_iter_ * 240  # 3/4 of 4/5, in whole groups


def test_folds_of_groups_have_their_share_of_each_class():
    labels = (GROUPS % 4 == 0).astype(int)
    labels[GROUPS == 7] = 2
    folds = assign_groups(GROUPS, labels, 5)
    assert_array_equal(folds[GROUPS == 7], NEVER)  # nobody else would have learned it
    for label, count in ((0, 58), (1, 20)):
        each = np.bincount(folds[(labels == label) & (folds >= 0)], minlength=5)
        assert abs(each - count).max() <= 10
    for fraction in (0.2, 0.5, 0.8):
        held = hold_out_groups(GROUPS, None, fraction)
        assert held.mean() == pytest.approx(fraction)
        assert not set(GROUPS[held]) & set(GROUPS[~held])


@pytest.mark.parametrize("n_groups", [2, 4, 5])
def test_each_fold_has_networks_that_begin_with_other_waves(n_groups):
    model = DropoutMLPRegressor((2,), n_members=10, max_iter=1, random_state=0)
    networks = model.fit(X, Y, groups=GROUPS % n_groups)._ensemble.members
    fastest = [network.architecture.embedding.fastest for network in networks]
    assert all(len(set(fastest[fold::n_groups])) == 2 for fold in range(n_groups))


def test_fewer_groups_than_folds():
    model = DropoutMLPClassifier(**SMALL).fit(X, Y > 0, groups=GROUPS % 3)
    assert_array_equal(np.unique(model.folds_), np.arange(3))


def test_groups_are_routed():
    with sklearn.config_context(enable_metadata_routing=True):
        model = DropoutMLPRegressor(**{**SMALL, "max_iter": 2})
        found = cross_validate(
            model.set_fit_request(groups=True),
            X,
            Y,
            cv=2,
            params={"groups": NAMES},
            return_estimator=True,
        )
    folds = found["estimator"][0].folds_
    first = NAMES[200:]
    assert all(len(np.unique(folds[first == name])) == 1 for name in set(first))


@pytest.mark.parametrize(
    ("rows", "groups", "error", "message"),
    [
        (X, NAMES[:-1], ValueError, r"one entry a row: X has 400 rows.*\(399,\)"),
        (X, np.zeros(400), ValueError, "at least two groups, got one"),
        (X, [None, *NAMES[1:]], ValueError, "groups must not be missing, as in row 0"),
        (X, [*NAMES[1:].tolist(), 7.5], TypeError, "groups must be of one kind"),
        (RowChunks(X, chunk_rows=9), NAMES, TypeError, "groups needs rows in memory"),
    ],
    ids=["length", "one", "missing", "mixed", "chunks"],
)
def test_groups_that_cannot_be(rows, groups, error, message):
    groups = np.array(groups, dtype=object if isinstance(groups, list) else None)
    with pytest.raises(error, match=message):
        DropoutMLPRegressor(**SMALL).fit(rows, Y, groups=groups)


def test_groups_beside_own_validation_rows():
    with pytest.raises(ValueError, match="groups has no use where X_val is given"):
        DropoutMLPRegressor(**SMALL).fit(X, Y, X_val=X, y_val=Y, groups=NAMES)
