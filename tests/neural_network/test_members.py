"""Several networks in one estimator, each validated on rows that others learn from."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score

from regkit import DropoutMLPClassifier, DropoutMLPRegressor, RowChunks
from regkit.neural_network import _members
from regkit.neural_network._folds import (
    NEVER,
    assign_folds,
    cautious_weights,
    hold_out,
)
from tests.neural_network import small_networks

SMALL = small_networks.small(n_members=5, max_iter=30)
PLAIN = {**SMALL, **small_networks.OF_SCIKIT_LEARN}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = np.sin(2 * X[:, 0]) + X[:, 1] + 0.3 * RNG.normal(size=300)
LABELS = np.array(["low", "mid", "top"])[np.digitize(Y, [-0.7, 0.7])]
NEW = RNG.normal(size=(200, 3))

EACH = small_networks.each_kind(SMALL, Y, LABELS)


def probe(model, rows=NEW):
    return small_networks.numbers_of(model, rows)


@EACH
def test_predictions_are_the_mean_of_the_members(estimator, target):
    model = clone(estimator).fit(X, target)
    assert len(model.estimators_) == 5
    each = [probe(member) for member in model.estimators_]
    assert_allclose(probe(model), np.mean(each, axis=0))
    assert not np.array_equal(each[0], each[1])
    assert_array_equal(probe(pickle.loads(pickle.dumps(model))), probe(model))
    assert not hasattr(model, "coefs_")
    numbers = (model.loss_, model.best_loss_, model.oof_score_)
    assert {type(number) for number in numbers} == {np.float64}
    assert len(model.estimators_[0].coefs_) == 2
    assert not hasattr(clone(estimator).set_params(n_members=1), "estimators_")


@EACH
def test_threads_change_nothing(estimator, target, monkeypatch):
    found = []
    for threads in (1, 3):
        monkeypatch.setattr(_members, "n_threads", lambda count=threads: count)
        found.append(probe(clone(estimator).fit(X, target)))
    assert_array_equal(*found)


@pytest.mark.parametrize("n_members", [2, 5, 7])
def test_every_row_is_predicted_by_those_that_did_not_learn_it(n_members):
    """The members of its fold: had the row another target, they would be the same."""
    model = DropoutMLPRegressor(
        **{**SMALL, "n_members": n_members}, early_stopping=False
    )
    model.fit(X, Y)
    n_folds = min(5, n_members)
    assert_array_equal(np.unique(model.folds_), np.arange(n_folds))
    changed = Y.copy()
    changed[17] += 3.0
    again = clone(model).fit(X, changed)
    own = model.folds_[17]
    for number, (one, other) in enumerate(
        zip(model.estimators_, again.estimators_, strict=True)
    ):
        same = np.array_equal(one.predict(NEW), other.predict(NEW))
        assert same == (number % n_folds == own)
    assert model.oof_prediction_[17] == again.oof_prediction_[17]
    members = model.estimators_[own::n_folds]
    expected = np.mean([member.predict(X) for member in members], axis=0)
    rows = model.folds_ == own
    assert_allclose(model.oof_prediction_[rows], expected[rows])
    assert model.oof_score_ == pytest.approx(r2_score(Y, model.oof_prediction_))


def test_scores_of_classes_are_out_of_fold():
    model = DropoutMLPClassifier(**SMALL).fit(X, LABELS)
    assert model.oof_prediction_.shape == (300, 3)
    assert_allclose(model.oof_prediction_.sum(1), 1.0)
    predicted = model.classes_[model.oof_prediction_.argmax(1)]
    assert model.oof_score_ == pytest.approx(accuracy_score(LABELS, predicted))


def test_a_permuted_target_is_not_predicted():
    """Nothing of a row reaches those that predict it: epochs and scaling included."""
    scores = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        rows, y = rng.normal(size=(150, 4)), rng.normal(size=150)
        model = DropoutMLPRegressor(**{**SMALL, "random_state": seed}).fit(rows, y)
        scores.append(np.corrcoef(model.oof_prediction_, y)[0, 1])
        labels = DropoutMLPClassifier(**SMALL).fit(rows, y > 0)
        chance = np.log(2)
        own = np.where(y > 0, *labels.oof_prediction_.T[::-1])
        assert -np.log(own).mean() > chance - 0.02
    # Correlations of 150 rows vary by 0.08, of six fits by 0.033.
    assert np.mean(scores) < 3 * 0.033


def test_every_other_member_begins_with_slow_waves():
    rng = np.random.default_rng(0)
    rows, y = rng.normal(size=(50, 40)), rng.normal(size=50)
    options = {"n_members": 3, "hidden_layer_sizes": 4, "max_iter": 1}
    model = DropoutMLPRegressor(random_state=0, **options).fit(rows, y)
    spread = [
        each.architecture.views(each.parameters.params)["frequencies"].std(axis=0)
        for each in model._ensemble.members
    ]
    for slow in (spread[0], spread[2]):
        assert spread[1][-1] > 4 * slow.mean()
        assert spread[1][0] < slow.mean()


def test_weightless_rows_have_no_fold():
    weights = np.ones(300)
    weights[::7] = 0.0
    model = DropoutMLPRegressor(**SMALL).fit(X, Y, sample_weight=weights)
    assert_array_equal(np.isnan(model.oof_prediction_), weights == 0)
    assert_array_equal(model.folds_ == NEVER, weights == 0)


def test_own_validation_rows_serve_all_members():
    model = DropoutMLPRegressor(**{**SMALL, "n_members": 3})
    model.fit(X, Y, X_val=NEW, y_val=np.sin(2 * NEW[:, 0]) + NEW[:, 1])
    assert model.t_ == sum(each.n_iter_ for each in model.estimators_) * 300
    assert not hasattr(model, "oof_prediction_")
    model.predict_interval(NEW)
    weights = np.zeros(200)
    weights[:50] = 2.0
    some = clone(model).fit(X, Y, None, NEW, NEW[:, 1], sample_weight_val=weights)
    same = clone(model).fit(X, Y, None, NEW[:50], NEW[:50, 1])
    assert_array_equal(some.predict(NEW), same.predict(NEW))
    with pytest.raises(ValueError, match=r"sample_weight_val: .*must not be negative"):
        clone(model).fit(X, Y, None, NEW, NEW[:, 1], sample_weight_val=-weights)
    with pytest.raises(ValueError, match="sample_weight_val needs X_val and y_val"):
        clone(model).fit(X, Y, sample_weight_val=weights)


@EACH
def test_all_members_go_on(estimator, target):
    """With the folds of the first fit, or what was learned would validate."""
    model = clone(estimator).set_params(warm_start=True).fit(X, target)
    first, folds = probe(model), model.folds_
    model.set_params(random_state=1).fit(X, target)
    assert_array_equal(model.folds_, folds)
    assert not np.array_equal(probe(model), first)
    with pytest.raises(ValueError, match="n_members=2 cannot go on from 5 networks"):
        model.set_params(n_members=2).fit(X, target)
    model = clone(estimator)
    for _ in range(3):
        model.partial_fit(X, target)
    assert len(model.estimators_) == 5
    assert model.n_iter_ == 3
    assert model.t_ == 3 * 5 * 300
    assert not hasattr(model, "oof_score_")


def test_rows_in_chunks_have_one_member_unless_more_are_wanted():
    source = RowChunks(X, chunk_rows=50)
    options = {**SMALL, "n_members": "auto", "buffer_chunks": 2}
    model = DropoutMLPRegressor(**options).fit(source, Y)
    assert hasattr(model, "coefs_")
    model.set_params(n_members=2).fit(source, Y)
    assert len(model.estimators_) == 2
    assert model.t_ == sum(each.n_iter_ for each in model.estimators_) * 150
    model.predict_interval(NEW)


def test_auto_members():
    options = {"hidden_layer_sizes": 2, "max_iter": 1, "random_state": 0}
    model = DropoutMLPRegressor(**options).fit(X, Y)
    assert len(model.estimators_) == 10
    assert_array_equal(np.unique(model.folds_), np.arange(5))
    three = DropoutMLPRegressor(**options).fit(X[:3], Y[:3])
    assert_array_equal(np.unique(three.folds_), np.arange(3))
    with pytest.raises(ValueError, match="needs at least 2 rows, got n_samples=1"):
        DropoutMLPRegressor(**options).fit(X[:1], Y[:1])
    many = np.zeros((20_001, 1))
    model = DropoutMLPRegressor(**options, embedding=None).fit(many, many[:, 0])
    assert len(model.estimators_) == 5


def test_to_sklearn_votes():
    regressor = DropoutMLPRegressor(**PLAIN).fit(X, Y)
    assert_allclose(regressor.to_sklearn().predict(NEW), regressor.predict(NEW), 1e-4)
    counts = DropoutMLPRegressor(**PLAIN, loss="poisson").fit(X, np.exp(Y))
    if hasattr(counts.estimators_[0].to_sklearn(), "loss"):
        assert_allclose(counts.to_sklearn().predict(NEW), counts.predict(NEW), 1e-3)
    for target in (LABELS, LABELS == "mid"):
        model = DropoutMLPClassifier(**PLAIN).fit(X, target)
        other = model.to_sklearn()
        assert_allclose(probe(other), probe(model), rtol=1e-3, atol=1e-5)
        assert_array_equal(other.predict(NEW), model.predict(NEW))
    with pytest.raises(ValueError, match="VotingRegressor has one target"):
        DropoutMLPRegressor(**PLAIN).fit(X, np.c_[Y, Y]).to_sklearn()


def test_an_interrupt_ends_all_members(monkeypatch):
    calls = []
    run = _members.run

    def interrupted(*args):
        calls.append(1)
        result = run(*args)
        if len(calls) == 2:
            object.__setattr__(result, "outcome", "interrupted")
        return result

    monkeypatch.setattr(_members, "run", interrupted)
    monkeypatch.setattr(_members, "n_threads", lambda: 1)
    with pytest.warns(UserWarning, match="interrupted"):
        model = DropoutMLPRegressor(**SMALL).fit(X, Y)
    assert len(calls) == len(model.estimators_) == 2
    assert np.isfinite(model.predict(NEW)).all()


def one_row_breaks(**options):
    """Return a model, and rows of which one makes all that learn from it diverge."""
    rows = X[:40].copy()
    rows[7, 0] = 1e14
    model = DropoutMLPRegressor(
        **SMALL
        | {"max_iter": 3, "hidden_layer_sizes": (4,), "standardize": False}
        | {"embedding": None, "activation": "identity", "solver": "sgd"}
        | {"learning_rate_init": 0.02, "batch_size": 1}
        | {"early_stopping": False, **options}
    )
    return model, rows


def test_networks_that_never_learned_are_missed_by_name():
    model, rows = one_row_breaks(n_members=5)
    with pytest.warns(
        ConvergenceWarning, match="4 of 5 networks diverged in the first"
    ):
        model.fit(rows, Y[:40])
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("n_members", [2, "auto"])
def test_a_warm_start_without_some_networks_keeps_the_folds(monkeypatch, n_members):
    learned = []
    train = _members.Members.train

    def recorded(self, *args):
        learned.append([each.learn.numbers for each in self.parts])
        return train(self, *args)

    monkeypatch.setattr(_members.Members, "train", recorded)
    model, rows = one_row_breaks(n_members=n_members, warm_start=True)
    with pytest.warns(ConvergenceWarning, match="diverged in the first epoch"):
        model.fit(rows, Y[:40])
    model.fit(rows, Y[:40]).fit(rows, Y[:40])
    without = [each for each in learned[0] if 7 not in each]
    assert len(without) == {2: 1, "auto": 2}[n_members]
    assert_array_equal(learned[1:], [without, without])


@pytest.mark.parametrize("n_members", [1, 2])
def test_training_further_loses_no_network(n_members):
    model, rows = one_row_breaks(n_members=n_members, warm_start=True)
    model.fit(X[:40], Y[:40])
    before = probe(model)
    for go_on in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match="not finite in the first epoch"):
            go_on(rows, Y[:40])
        assert_array_equal(probe(model), before)


# Which rows validate.


@pytest.mark.parametrize("n_folds", [2, 5])
def test_folds_have_their_share_of_each_class(n_folds):
    labels = np.repeat([0, 1, 2, 3], [100, 23, 2, 1])
    labels = np.random.default_rng(0).permutation(labels)
    folds = assign_folds(126, labels, n_folds, seed=0)
    for label, count in ((0, 100), (1, 23), (2, 2)):
        each = np.bincount(folds[labels == label], minlength=n_folds)
        assert each.sum() == count
        assert each.max() - each.min() <= 1
    assert folds[labels == 3] == NEVER
    assert not np.array_equal(folds, assign_folds(126, labels, n_folds, seed=1))
    plain = np.bincount(assign_folds(127, None, n_folds, seed=0))
    assert plain.max() - plain.min() <= 1


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_no_class_validates_that_is_not_learned(fraction):
    labels = np.repeat(np.arange(30), [1] * 10 + [2] * 10 + [20] * 10)
    for seed in range(10):
        held = hold_out(len(labels), labels, fraction, seed)
        assert set(labels[held]) <= set(labels[~held])
        assert held.any()


def test_no_rare_class_decides_alone():
    labels = np.repeat([0, 1, 2], [40, 40, 1])
    weights = np.repeat([0.7, 0.7, 27.0], [40, 40, 1])
    found = cautious_weights(labels, weights)
    assert found[-1] / found.sum() < 0.07 < weights[-1] / weights.sum()
    assert_array_equal(found[:-1], weights[:-1])
    assert_array_equal(cautious_weights(labels[:-1], weights[:-1]), weights[:-1])


def test_classes_of_one_row_are_told():
    labels = LABELS.astype(object)
    labels[[3, 50]] = ["odd", "queer"]
    model = DropoutMLPClassifier(**SMALL, class_weight="balanced")
    with pytest.warns(UserWarning, match=r"a single row of each of.*'odd', 'queer'"):
        model.fit(X, labels)
    assert_array_equal(np.flatnonzero(model.folds_ == NEVER), [3, 50])
    labels[50] = "odd"
    labels[51] = "queer"
    with pytest.warns(UserWarning, match="a single row of the class 'queer'"):
        model.fit(X, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(class_weight=None).fit(X, LABELS)


@pytest.mark.parametrize("n_members", [1, 2, 3, "auto"])
@pytest.mark.parametrize("labels", ["ab", "aab", "aabbc", "abcdefgh"])
def test_folds_may_have_no_row_to_validate(labels, n_members):
    """Most rows are the only one of their class, and some folds stay empty."""
    n = len(labels)
    model = DropoutMLPClassifier((4,), n_members=n_members, max_iter=3, random_state=0)
    with pytest.warns(UserWarning, match="a single row of (each of )?the class"):
        model.fit(X[:n], list(labels))
    shares = model.predict_proba(X[:n])
    assert shares.shape == (n, len(set(labels)))
    assert_allclose(shares.sum(axis=1), 1.0)
    # Nothing was to validate: nothing is said.
    model.set_params(n_members=1, early_stopping=False).fit(X[:n], list(labels))
    model.partial_fit(X[:n], list(labels))


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        (None, "y must not hold missing labels: .* at row 3"),
        (np.nan, "y must not hold missing labels: .* at row 3"),
        (7, "y mixes labels of different kinds, int and str"),
    ],
)
def test_labels_that_are_none(label, sentence):
    labels = np.array(list("ab") * (len(X) // 2), dtype=object)
    labels[3] = label
    with pytest.raises(ValueError, match=sentence):
        DropoutMLPClassifier(**SMALL).fit(X, labels)
    with pytest.raises(ValueError, match="has only one class: 'a'"):
        DropoutMLPClassifier(**SMALL).fit(X, ["a"] * len(X))
