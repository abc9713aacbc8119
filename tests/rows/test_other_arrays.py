"""Arrays of other packages are read as NumPy's, whatever scikit-learn is set to do."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn import config_context

from regkit import (
    DropoutMLPClassifier,
    LassoRegressor,
    LogisticClassifier,
    RidgeRegressorCV,
)


class Array:
    """One that NumPy can read, of a package whose functions nobody may call."""

    def __init__(self, values, device="cpu"):
        self.values, self.device = values, device
        self.shape, self.ndim, self.size = values.shape, values.ndim, values.size
        self.dtype = SimpleNamespace()

    def __array_namespace__(self, api_version=None):
        return SimpleNamespace(__name__="another_package")

    def __dlpack__(self, **options):
        raise BufferError

    def __len__(self):
        return self.shape[0]

    def __array__(self, dtype=None, copy=None):
        if self.device != "cpu":
            raise TypeError(f"copy it from {self.device} to the CPU first.")
        return np.array(self.values, dtype=dtype)


@pytest.fixture(params=[False, True], ids=["", "dispatch"])
def dispatch(request, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    try:
        context = config_context(array_api_dispatch=request.param)
        context.__enter__()
    except ImportError:
        pytest.skip("scikit-learn needs another package, or a newer SciPy, to dispatch")
    yield
    context.__exit__(None, None, None)


@pytest.mark.parametrize(
    "model",
    [
        LassoRegressor(0.1),
        RidgeRegressorCV(),
        LogisticClassifier(0.1),
        DropoutMLPClassifier(max_iter=1, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
@pytest.mark.usefixtures("dispatch")
def test_they_give_the_same_model(model):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 3))
    y = (X[:, 0] > 0).astype(float)
    weights = rng.uniform(1, 2, 30)
    expected = model.fit(X, y, weights).predict(X)
    model.fit(Array(X), Array(y), Array(weights))
    found = model.predict(Array(X))
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, expected)


def test_one_that_numpy_cannot_read_is_named():
    y = np.arange(4.0)
    X = Array(y[:, None], "a graphics card")
    package = __name__.partition(".")[0]
    with pytest.raises(TypeError) as error:
        LassoRegressor().fit(X, y)
    assert str(error.value) == (
        f"X is an array of {package} that NumPy cannot read: "
        "copy it from a graphics card to the CPU first."
    )
