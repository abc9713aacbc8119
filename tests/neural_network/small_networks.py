"""Networks that train in a moment, and what they answer."""

import pytest

from regkit import DropoutMLPClassifier, DropoutMLPRegressor

OF_SCIKIT_LEARN = {"activation": "relu", "embedding": None, "standardize": True}


def small(*, n_members, max_iter):
    """Parameters of one hidden layer of few units, seeded."""
    return {
        "n_members": n_members,
        "hidden_layer_sizes": (16,),
        "max_iter": max_iter,
        "random_state": 0,
    }


def each_kind(parameters, y, labels):
    """Run a test for a regressor of y and for a classifier of labels."""
    return pytest.mark.parametrize(
        ("estimator", "target"),
        [
            (DropoutMLPRegressor(**parameters), y),
            (DropoutMLPClassifier(**parameters), labels),
        ],
        ids=["regressor", "classifier"],
    )


def numbers_of(model, rows):
    """Return probabilities where there are classes, predictions elsewhere."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(rows)
    return model.predict(rows)
