"""Which epoch networks of classes keep: the one that is best for their mean."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.metrics import log_loss

from regkit import DropoutMLPClassifier, DropoutMLPRegressor
from regkit.neural_network import _choice
from regkit.neural_network._choice import EpochChoice
from regkit.solvers.networks.temperature import probabilities_of

SMALL = {
    "n_members": 10,
    "hidden_layer_sizes": (16,),
    "max_iter": 60,
    "random_state": 0,
}


def rings(n, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    noise = 0.3 * rng.normal(size=n)
    return X, (np.hypot(*X.T) + noise > 1.2).astype(int)


X, Y = rings(300, 0)


def test_networks_of_a_fold_keep_the_epoch_that_is_best_for_their_mean(monkeypatch):
    seen = []
    keep = EpochChoice.keep

    def spy(self, trained):
        seen.append(trained)
        return keep(self, trained)

    monkeypatch.setattr(EpochChoice, "keep", spy)
    model = DropoutMLPClassifier(**SMALL).fit(X, Y)
    best = [member.best_iter_ for member in model.estimators_]
    assert best[:5] == best[5:]
    # The first fold ran to the end; others not far beyond what was best for it.
    epochs = [member.n_iter_ for member in model.estimators_]
    assert epochs[0] == epochs[5] == 60
    assert max(epochs[1:5] + epochs[6:]) <= max(3 * best[0] + 8, 60)
    (trained,) = seen
    one, other = trained[1], trained[6]
    table = one.parts.validate
    losses = {}
    for epoch in one.result.snapshots:
        raw = [
            each.network.with_params(each.result.snapshots[epoch]).outputs(table.X)
            for each in (one, other)
        ]
        for temperature in _choice._TEMPERATURES:
            mean = np.mean([probabilities_of(z / temperature, False) for z in raw], 0)
            losses[epoch, temperature] = log_loss(table.targets[:, 0], mean)
    assert best[1] == min(losses, key=losses.get)[0]


@pytest.mark.parametrize(
    "changes",
    [{"n_members": 4}, {"early_stopping": False}, {"n_members": 1}],
    ids=["a fold each", "all epochs", "one"],
)
def test_otherwise_each_keeps_its_own(changes):
    model = DropoutMLPClassifier(**{**SMALL, **changes}).fit(X, Y)
    for member in getattr(model, "estimators_", [model]):
        curve = member.validation_loss_curve_ or member.loss_curve_
        assert member.best_iter_ == np.argmin(curve) + 1


def test_regressors_keep_their_own():
    model = DropoutMLPRegressor(**SMALL).fit(X, np.hypot(*X.T))
    for member in model.estimators_:
        assert member.best_iter_ == np.argmin(member.validation_loss_curve_) + 1


def test_own_validation_rows_choose_one_epoch_for_all():
    model = DropoutMLPClassifier(**{**SMALL, "n_members": 3})
    model.fit(X, Y, X_val=X[::3], y_val=Y[::3])
    assert len({member.best_iter_ for member in model.estimators_}) == 1


def test_watching_changes_nothing(capsys):
    quiet = DropoutMLPClassifier(**SMALL).fit(X, Y)
    told = DropoutMLPClassifier(**SMALL, verbose=True).fit(X, Y)
    assert_array_equal(told.predict_proba(X), quiet.predict_proba(X))
    assert "member 10 of 10" in capsys.readouterr().out
