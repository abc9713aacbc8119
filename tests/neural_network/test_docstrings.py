"""Parameters of both networks mean the same and read alike."""

import inspect

import pytest
from numpydoc.docscrape import ClassDoc

from regkit import DropoutMLPClassifier, DropoutMLPRegressor

BOTH = (DropoutMLPRegressor, DropoutMLPClassifier)
# What differs in what it says, not in what it means.
OWN = {"early_stopping", "learning_rate_init", "n_iter_no_change", "warm_start"}


def described(estimator):
    found = {}
    for entry in ClassDoc(estimator)["Parameters"]:
        for name in entry.name.split(", "):
            found[name] = (entry.type, entry.desc)
    return found


def test_shared_parameters_read_alike():
    regressor, classifier = map(described, BOTH)
    shared = [name for name in regressor if name in classifier]
    assert len(shared) > 30
    assert [name for name in classifier if name in regressor] == shared
    for name in set(shared) - OWN:
        assert regressor[name] == classifier[name], name


@pytest.mark.parametrize("estimator", BOTH)
def test_parameters_stand_in_the_order_of_the_signature(estimator):
    names = list(inspect.signature(estimator).parameters)
    assert list(described(estimator)) == names
    assert names[:2] == ["hidden_layer_sizes", "n_members"]
