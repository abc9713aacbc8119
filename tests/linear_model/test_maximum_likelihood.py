"""Without a penalty: the maximum likelihood estimates that statsmodels 0.15.0 gives.

Its numbers are recorded: `Logit`, `MNLogit` and `GLM` with log links, Newton's method
or IRLS to the last digits, five columns of the diabetes data times 20.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from regkit import GeneralizedLinearRegressor, LogisticClassifier, RowChunks

X, Y = load_diabetes(return_X_y=True)
X = X[:, :5] * 20
CLASSES = np.digitize(Y, [100, 180])
CASES: list[tuple[Any, Any, Any, list[float]]] = [
    (
        LogisticClassifier(0),
        Y > 140,
        None,
        [
            0.0471756842545,
            0.0595911759629,
            -0.239027712245,
            1.05873383455,
            0.651956548557,
            -0.0154380713025,
        ],
    ),
    (
        LogisticClassifier(0),
        CLASSES,
        None,
        [
            0.283200470283,
            0.0103031500943,
            -0.0256980806936,
            0.671744184418,
            0.375116229463,
            0.0246741050058,
            0.056222290855,
            -0.0111840188788,
            -0.171425553118,
            1.52129491152,
            0.9428789705,
            0.233172929276,
        ],
    ),
    (
        GeneralizedLinearRegressor(0),
        np.round(Y / 30),
        0.1 * X[:, 0],
        [
            1.5725206653,
            -0.0764078357676,
            -0.0307040475159,
            0.242784596086,
            0.125728201534,
            0.0300660119019,
        ],
    ),
    (
        GeneralizedLinearRegressor(0, family="gamma"),
        Y,
        None,
        [
            4.97519179927,
            0.0118922654616,
            -0.0440383013474,
            0.245332594541,
            0.133360416,
            0.023445062972,
        ],
    ),
    (
        GeneralizedLinearRegressor(0, family="tweedie"),
        Y,
        None,
        [
            4.97536724608,
            0.0170705657688,
            -0.0375160274419,
            0.241249746047,
            0.131103622962,
            0.0264348405297,
        ],
    ),
]


@pytest.mark.parametrize(
    "rows", [X, RowChunks(X, chunk_rows=100)], ids=["array", "chunks"]
)
@pytest.mark.parametrize(
    ("model", "y", "offset", "expected"),
    CASES,
    ids=["binary", "three classes", "poisson", "gamma", "tweedie"],
)
def test_statsmodels(model, y, offset, expected, rows):
    model.fit(rows, y, offset=offset)
    table = np.column_stack(
        [np.atleast_1d(model.intercept_), np.atleast_2d(model.coef_)]
    )
    if len(table) > 1:  # the first class is the reference there
        table = table[1:] - table[0]
    np.testing.assert_allclose(table.ravel(), expected, rtol=1e-6, atol=1e-7)
