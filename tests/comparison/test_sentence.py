"""What is said in words, for every way in which a comparison can end."""

from types import SimpleNamespace

import pytest

from regkit.comparison.numbers import percent
from regkit.comparison.sentence import summarize
from regkit.comparison.tasks import METRICS


def result(name, test_error, n_nonzero=10, equal=False, kind=0):
    kinds = {"Boosting": 1, "Network": 2}
    kind = kinds.get(name, kind)
    return SimpleNamespace(
        name=name,
        kind=kind,
        is_linear=kind == 0,
        test_error=test_error,
        test_error_se=0.5,
        equal_to_best=equal,
        n_nonzero=n_nonzero,
    )


def said(*results, recommended, mean_error=20.0, constant_equal=False):
    chosen = next(r for r in results if r.name == recommended)
    return summarize(
        SimpleNamespace(
            results=results,
            recommended_=chosen,
            best_=min(results, key=lambda r: r.test_error),
            metric=METRICS["rmse"],
            mean_error=mean_error,
            constant_equal=constant_equal,
            n_features=10,
        )
    )


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.0, "0.0%"),
        (0.0004, "less than 0.1%"),
        (0.0006, "0.1%"),
        (0.042, "4.2%"),
        (0.12, "12%"),
        (0.994, "99%"),
        (0.9958, "99.6%"),
        (0.9996, "over 99.9%"),
        (1 - 1e-15, "100%"),
        (1.0, "100%"),
        (-0.02, "-2.0%"),
    ],
)
def test_a_share_is_rounded_to_nothing_and_to_all_only_where_it_is(share, shown):
    assert percent(share) == shown


def test_the_best_alone():
    models = [result("Least squares", 10), result("Lasso", 8, 4, equal=True)]
    assert said(*models, recommended="Lasso") == (
        "Take Lasso: 4 of 10 columns, RMSE 8.000 (standard error 0.500), 60% less than "
        "predicting the mean. No other model equals it. Least squares is 25% behind."
    )


def test_equals_and_the_smallest_error_are_named():
    models = [
        result("Least squares", 8.2, equal=True),
        result("Ridge", 8.0, equal=True),
        result("Lasso", 8.1, 3, equal=True),
    ]
    text = said(*models, recommended="Lasso")
    assert "Least squares and Ridge equal it within one standard error" in text
    assert "(Ridge with the smallest error, 8.000)" in text
    assert "behind" not in text


def test_boosting_and_the_network_are_told_where_they_lose():
    models = [
        result("Least squares", 8, equal=True),
        result("Boosting", 9),
        result("Network", 20),
    ]
    assert said(*models, recommended="Least squares").endswith(
        "Boosting is 12% behind and the network has 2.5 times the error."
    )


@pytest.mark.parametrize("name", ["Boosting", "Network"])
def test_a_linear_model_that_misses_something(name):
    models = [result("Least squares", 12), result("Lasso", 11, 4)]
    text = said(*models, result(name, 8, equal=True), recommended=name)
    called = {"Boosting": "boosting", "Network": "the network"}[name]
    assert text.startswith(f"Take {called}: RMSE 8.000")
    assert "Lasso, the best linear model, is 38% behind: the effects bend" in text


def test_nothing_was_found():
    worse = [result("Least squares", 30), result("Lasso", 21, 3)]
    text = said(*worse, recommended="Lasso", constant_equal=True)
    assert text == (
        "No model predicts the test rows better than the mean (RMSE 20.00): these "
        "columns say little about the target."
    )
    close = [result("Least squares", 30), result("Lasso", 19.5, 3)]
    text = said(*close, recommended="Lasso", constant_equal=True)
    assert text.startswith("No model is better than the mean by more than one standard")
    assert text.endswith("what was found can be chance.")
