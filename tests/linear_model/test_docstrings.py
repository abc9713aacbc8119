"""Parameters that linear models share mean the same and read alike.

Most are described once, where they are declared; here it is seen that what is described
elsewhere too agrees.
"""

import inspect
import re

import pytest
from numpydoc.docscrape import ClassDoc, FunctionDoc

import regkit

FAMILIES = ("LassoRegressor", "ElasticNetRegressor", "RidgeRegressor")
FAMILIES += ("LogisticClassifier", "LinearSVMClassifier", "GeneralizedLinearRegressor")
# Ridge has other grids, folds and solvers: its text is its own.
GROUPS = {
    "one alpha": [name for name in FAMILIES if name != "RidgeRegressor"],
    "choosing alpha": [f"{name}CV" for name in FAMILIES if name != "RidgeRegressor"],
    "paths": ["lasso_path", "enet_path", "logistic_path", "glm_path"],
    "whatever fits": [*FAMILIES, "lasso_path", "enet_path", "logistic_path"],
}
# What a loss or a group says of these in its own words.
OWN = {
    "alpha",
    "alphas",
    "class_weight",
    "criterion",
    "cv",
    "l1_ratio",
    "loss",
    "max_iter",
    "n_alphas",
    "offset",
    "scoring",
    "solver",
    "tol",
    "verbose",
    "warm_start",
}
EVERY = [*FAMILIES, *(f"{name}CV" for name in FAMILIES), *GROUPS["paths"]]


def described(name):
    found = getattr(regkit, name)
    document = ClassDoc(found) if inspect.isclass(found) else FunctionDoc(found)
    return {entry.name: entry for entry in document["Parameters"]}


def text(entry):
    # The number of a reference is the docstring's own.
    return re.sub(r"\[\d+\]_", "[]_", " ".join(" ".join(entry.desc).split()))


@pytest.mark.parametrize("group", GROUPS)
def test_shared_parameters_read_alike(group):
    documents = [described(name) for name in GROUPS[group]]
    shared = {}
    for document in documents:
        for name, entry in document.items():
            shared.setdefault(name, []).append(text(entry))
    compared = [name for name, texts in shared.items() if len(texts) > 1]
    assert len(compared) > 8
    for name in set(compared) - OWN - {"X", "y"}:
        assert len(set(shared[name])) == 1, (name, set(shared[name]))


@pytest.mark.parametrize("name", EVERY)
def test_parameters_are_in_the_order_of_the_signature(name):
    assert list(described(name)) == list(
        inspect.signature(getattr(regkit, name)).parameters
    )
