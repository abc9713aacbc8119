"""The sentence for every way in which a comparison can end."""

import numpy as np
import pytest

from regkit.inspection.comparison import ModelResult, RegularizerComparison


class Network:
    coefs_ = ()


def result(name, test_error, n_nonzero=10, alpha=1.0, noise=0.0):
    """Describe a model whose rows all have the same loss, but for noise."""
    rng = np.random.default_rng(0)
    losses = test_error**2 * (1 + noise * rng.standard_normal(200))
    return ModelResult(
        name=name,
        train_error=1.0,
        test_error=test_error,
        test_error_se=0.1,
        cv_error=1.0,
        n_nonzero=n_nonzero,
        alpha=alpha,
        l1_ratio=None,
        dropout=0.5 if "dropout" in name else None,
        seconds=0.1,
        estimator=Network() if "MLP" in name else object(),
        test_losses=losses,
    )


def sentence(*results, mean_error=20.0, n_features=10):
    return RegularizerComparison(
        results=results,
        metric="rmse",
        n_train=600,
        n_test=200,
        n_features=n_features,
        n_folds=5,
        mean_error=mean_error,
    ).summary()


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (
            [result("Least squares", 10), result("Ridge", 8), result("Lasso", 9, 4)],
            "Ridge keeps all 10 columns and predicts 20% better than least squares "
            "(RMSE 8 against 10).",
        ),
        (
            [result("Least squares", 10), result("Ridge", 8), result("Lasso", 8.2, 1)],
            "Ridge keeps all 10 columns and predicts 20% better than least squares "
            "(RMSE 8 against 10); Lasso comes within 2.5% of it with 1 column.",
        ),
        (
            [result("Least squares", 10), result("Lasso", 9.6, 4)],
            "Lasso keeps 4 of 10 columns and predicts 4.0% better than least squares "
            "(RMSE 9.6 against 10).",
        ),
        (
            [result("Least squares", 10), result("Lasso", 10, 10)],
            "Least squares predicts the test rows as well as any other model "
            "(RMSE 10): no penalty is needed on this table.",
        ),
        (
            [result("Least squares", 10), result("Lasso", 9.99, 3)],
            "Least squares predicts the test rows as well as any other model "
            "(RMSE 10): no penalty is needed on this table; Lasso does as well with 3 "
            "columns.",
        ),
        (
            [result("Least squares", 30), result("Lasso", 21, 3)],
            "No model predicts the test rows better than a constant does (RMSE 20): "
            "these columns say little about the target.",
        ),
        (
            [
                result("Least squares", 10),
                result("Lasso", 9, 4),
                result("MLP", 12, 999),
                result("MLP, dropout", 11, 999, None),
                result("MLP, dropout + L2", 11.5, 999),
            ],
            "Lasso keeps 4 of 10 columns and predicts 10% better than least squares "
            "(RMSE 9 against 10); dropout takes 8.3% off the error of the network, "
            "which stays 22% behind Lasso.",
        ),
        (
            [
                result("Least squares", 10),
                result("Lasso", 9, 4),
                result("MLP", 9.5, 999),
                result("MLP, dropout", 11, 999, None),
                result("MLP, dropout + L2", 9.6, 999),
            ],
            "Lasso keeps 4 of 10 columns and predicts 10% better than least squares "
            "(RMSE 9 against 10); dropout does not help the network here, which is "
            "5.6% behind Lasso.",
        ),
        (
            [
                result("Least squares", 10),
                result("Lasso", 9, 4),
                result("MLP", 8.5, 999),
                result("MLP, dropout", 8.2, 999, None),
                result("MLP, dropout + L2", 8, 999),
            ],
            "MLP, dropout + L2 predicts 20% better than least squares (RMSE 8 against "
            "10); the best linear model, Lasso, keeps 4 of 10 columns and is 12% "
            "behind it; dropout and L2 take 5.9% off the error of the network.",
        ),
        (
            [
                result("Least squares", 10),
                result("Lasso", 9, 4),
                result("MLP", 8, 999, None),
                result("MLP, dropout", 8.2, 999, None),
            ],
            "MLP predicts 20% better than least squares (RMSE 8 against 10); the best "
            "linear model, Lasso, keeps 4 of 10 columns and is 12% behind it; dropout "
            "does not help the network here.",
        ),
    ],
)
def test_outcomes(results, expected):
    assert sentence(*results) == expected


def test_a_network_far_behind():
    models = [result("Least squares", 10), result("Lasso", 4, 4)]
    networks = [result("MLP", 12, 999), result("MLP, dropout", 10, 999, None)]
    assert sentence(*models, *networks).endswith(
        "dropout takes 17% off the error of the network, which has 2.5 times the "
        "error of Lasso."
    )


def test_chance():
    def noisy(name, error, n_nonzero=10):
        return result(name, error, n_nonzero, noise=2.0 if name[0] != "L" else 0.0)

    linear = [result("Least squares", 10), noisy("Ridge", 9.7)]
    assert sentence(*linear).endswith(
        "; on 200 test rows a difference of this size to least squares can be chance."
    )
    network = [result("Least squares", 10), result("Lasso", 8.2, 4), noisy("MLP", 8)]
    assert sentence(*network).endswith(
        "; on 200 test rows a difference of this size to Lasso can be chance."
    )


def test_a_least_squares_fit_without_error():
    exact = [result("Least squares", 0.0), result("Lasso", 0.0)]
    assert sentence(*exact).startswith("Least squares predicts the test rows as well")
