"""Initial parameters of networks."""

import numpy as np
from numpy.testing import assert_allclose

from regkit.solvers.networks.architecture import Architecture, Embedding


def test_waves_begin_slow_and_fast():
    shape = Architecture(4000, (2,), 1, ("relu",), False, Embedding(4, 1, 0.1, 0.8))
    params = shape.initial(np.random.default_rng(0), np.float64)
    found = shape.views(params)["frequencies"].std(axis=0)
    assert_allclose(found, [0.1, 0.2, 0.4, 0.8], rtol=0.05)
