"""Data that is drawn."""

import pytest

from regkit import lasso_path, load_diabetes_interactions, make_house_prices


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes_interactions(as_frame=True)


@pytest.fixture(scope="module")
def houses():
    return make_house_prices(150, n_irrelevant=30, as_frame=True, return_X_y=True)


@pytest.fixture(scope="module")
def path(diabetes):
    return lasso_path(diabetes.data, diabetes.target, standardize=True)
