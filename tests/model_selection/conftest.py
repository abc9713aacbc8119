"""Data, and counters from zero, for all tests of searches."""

import numpy as np
import pytest

from tests.model_selection.comparison import CountedScaler, ToyRidge


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 6))
    return X, X @ [2.0, -1.0, 0.5, 0.0, 0.0, 0.0] + rng.normal(size=60)


@pytest.fixture
def calls():
    """Counts of the counting estimators, from zero."""
    for counts in (CountedScaler.calls, ToyRidge.calls):
        counts.update(dict.fromkeys(counts, 0))
    return {"scaler": CountedScaler.calls, "ridge": ToyRidge.calls}
