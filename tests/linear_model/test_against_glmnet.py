"""With a penalty: the coefficients that glmnet 4.1-6 gives in R.

Its numbers are recorded, at thresh=1e-20 and without standardization, from the diabetes
data times 20: `glmnet(X, y, lambda=..., standardize=FALSE, thresh=1e-20)`, the last of
four decreasing lambda. Its weights sum to n, as here, and its penalty factors are
rescaled to sum to the number of columns, which those below do already.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from regkit import GeneralizedLinearRegressor, LogisticClassifier

X, Y = load_diabetes(return_X_y=True)
X = X * 20
WEIGHT = np.where(X[:, 1] > 0, 2.0, 1.0)
FACTOR = [0.0, 2.0] + [1.0] * 8
CLASSES = np.digitize(Y, [100, 180])
COUNTS = np.round(Y / 30)
# The estimator, its targets, weights and offset, and rows of (intercept, coefficients).
CASES: dict[str, tuple[Any, Any, Any, Any, list[list[float]]]] = {
    "binomial, weights and penalty factors": (
        LogisticClassifier(0.03, penalty_factor=FACTOR),
        Y > 140,
        WEIGHT,
        None,
        [
            [
                -0.08476625379,
                0.1052455002,
                0.0,
                0.6847656515,
                0.2797825712,
                0.0,
                -0.002990709089,
                -0.1637413542,
                0.0,
                0.6764999816,
                0.0,
            ]
        ],
    ),
    "binomial, elastic net": (
        LogisticClassifier(0.03, l1_ratio=0.5),
        Y > 140,
        None,
        None,
        [
            [
                0.01785597587,
                0.0,
                -0.2815760934,
                0.5632832596,
                0.4040107888,
                0.0,
                -0.03742258816,
                -0.4115503362,
                0.0,
                0.6378324938,
                0.0,
            ]
        ],
    ),
    "multinomial": (
        LogisticClassifier(0.03),
        CLASSES,
        None,
        None,
        [
            [
                -0.09524574674,
                0.0,
                0.0,
                -0.2161069989,
                -0.1238057842,
                0.0,
                0.0,
                0.2846137484,
                0.0,
                -0.4950442572,
                0.0,
            ],
            [0.1350590258, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [
                -0.03981327904,
                0.0,
                -0.01154573259,
                0.5956523302,
                0.304165605,
                0.0,
                0.0,
                0.0,
                0.0,
                0.4717763174,
                0.0,
            ],
        ],
    ),
    "multinomial, grouped": (
        LogisticClassifier(0.03, multinomial_penalty="grouped"),
        CLASSES,
        None,
        None,
        [
            [
                -0.1208391022,
                0.0,
                0.06068393509,
                -0.3897537927,
                -0.2378853281,
                0.0,
                0.0,
                0.2210160113,
                0.0,
                -0.5223014446,
                0.0,
            ],
            [
                0.1704651021,
                0.0,
                0.007660590089,
                -0.100835558,
                -0.04803730143,
                0.0,
                0.0,
                -0.08508789882,
                0.0,
                -0.0004510250925,
                0.0,
            ],
            [
                -0.04962599989,
                0.0,
                -0.06834452518,
                0.4905893506,
                0.2859226295,
                0.0,
                0.0,
                -0.1359281125,
                0.0,
                0.5227524697,
                0.0,
            ],
        ],
    ),
    "poisson, offset": (
        GeneralizedLinearRegressor(0.2),
        COUNTS,
        None,
        0.1 * X[:, 0],
        [
            [
                1.575409513,
                -0.02802238719,
                -0.003764625146,
                0.1645945057,
                0.04439702401,
                0.0,
                0.0,
                -0.04721547637,
                0.0,
                0.1264272849,
                0.0,
            ]
        ],
    ),
    "poisson, elastic net, weights and penalty factors": (
        GeneralizedLinearRegressor(0.2, l1_ratio=0.5, penalty_factor=FACTOR),
        COUNTS,
        WEIGHT,
        None,
        [
            [
                1.550920781,
                0.03491540397,
                -0.006598305157,
                0.1742995416,
                0.07803462503,
                0.0,
                0.0,
                -0.05377977515,
                0.0,
                0.1423594482,
                0.0,
            ]
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_glmnet(name):
    model, y, weight, offset, expected = CASES[name]
    model.fit(X, y, weight, offset)
    found = np.column_stack(
        [np.atleast_1d(model.intercept_), np.atleast_2d(model.coef_)]
    )
    np.testing.assert_array_equal(found == 0.0, np.array(expected) == 0.0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)
