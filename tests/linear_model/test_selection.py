"""Choosing an alpha: definitions, ties, edges, and what a callable may return."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes

from regkit import LassoRegressorCV, LogisticClassifierCV, RidgeRegressorCV
from regkit.linear_model._selection import ErrorCurve, choose

ALPHAS = np.array([4.0, 3.0, 2.0, 1.0, 0.5])


def curve(mean, se=None, alphas=None):
    alphas = ALPHAS[: len(mean)] if alphas is None else np.array(alphas, float)
    se = None if se is None else np.zeros(len(mean)) + se
    return ErrorCurve(alphas, np.array(mean, float), se)


def of_folds(errors, weights):
    errors = np.array(errors)
    return ErrorCurve.of_folds(ALPHAS[: len(errors)], errors, np.array(weights))


def test_mean_and_se_by_hand():
    """Two folds of weights 1 and 3: mean (2 + 3 * 6) / 4, one degree of freedom."""
    found = of_folds([[2.0, 6.0], [1.0, 1.0]], [1.0, 3.0])
    np.testing.assert_allclose(found.mean, [5.0, 1.0])
    np.testing.assert_allclose(found.se, [np.sqrt((9.0 + 3 * 1.0) / 4), 0.0])


@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_equal_folds_give_the_standard_error_of_a_mean(n_folds, seed):
    errors = np.random.default_rng(seed).lognormal(size=(3, n_folds))
    found = of_folds(errors, np.full(n_folds, 7.0))
    np.testing.assert_allclose(found.mean, errors.mean(axis=1))
    np.testing.assert_allclose(found.se, errors.std(axis=1, ddof=1) / np.sqrt(n_folds))


def test_folds_without_weight_do_not_count():
    found = of_folds([[2.0, np.nan, 6.0]], [1.0, 0.0, 1.0])
    np.testing.assert_allclose([found.mean[0], found.se[0]], [4.0, 2.0])


def test_one_fold_has_no_standard_error():
    found = of_folds([[2.0], [3.0]], [5.0])
    np.testing.assert_array_equal(found.mean, [2.0, 3.0])
    assert np.isnan(found.se).all()
    assert choose(found, "min").index_1se is None


@pytest.mark.parametrize(
    ("mean", "alphas", "expected"),
    [
        ([5, 2, 1, 2, 5], None, 2),
        ([5, 1, 1, 1, 5], None, 1),
        ([5, 1, 1, 1, 5], [1, 2, 3, 4, 5], 3),
        ([5, 1 + 1e-15, 1, 2, 5], None, 1),
        ([np.nan, 3, 2, np.inf, 5], None, 2),
        ([-1, -3, -3, -2, -2], None, 1),
        ([0, 0, 0, 0, 0], None, 0),
    ],
)
def test_index_min(mean, alphas, expected):
    assert curve(mean, alphas=alphas).index_min == expected


@pytest.mark.parametrize(
    ("mean", "se", "alphas", "expected"),
    [
        ([9, 4, 3, 2, 3], 1.0, None, 2),
        ([9, 4, 3, 2, 3], 1.5, None, 2),
        ([9, 4, 3, 2, 3], 2.0, None, 1),  # at most one standard error, exactly
        ([9, 4, 3, 2, 3], [9, 9, 9, 0, 9], None, 3),  # the one at the minimum counts
        ([9, 2.5, 4, 2, 3], 1.0, None, 1),  # the largest, though not in one run
        ([3, 2, 3, 4, 9], 1.0, [1, 2, 3, 4, 5], 2),
        ([np.nan, 2, 1, 2, 3], 1.0, None, 1),
    ],
)
def test_index_1se(mean, se, alphas, expected):
    assert curve(mean, se, alphas).index_1se == expected
    assert choose(curve(mean, se, alphas), "1se").index == expected


def test_a_callable_sees_the_curve_and_its_index_is_taken():
    seen = []

    def second_best(given_curve):
        seen.append(given_curve)
        return np.argsort(given_curve.mean)[1]

    given_curve = curve([5, 2, 1, 3, 5])
    choice = choose(given_curve, second_best)
    assert seen == [given_curve]
    assert (choice.index, choice.index_min, choice.index_1se) == (1, 2, None)


@pytest.mark.parametrize("wrong", [5, -1, 2.0, None, True, "min", np.array([1, 2])])
def test_a_callable_that_returns_no_index(wrong):
    with pytest.raises(ValueError, match="must return an index from 0 to 4, got"):
        choose(curve([5, 2, 1, 3, 5]), lambda _: wrong)


def test_nothing_to_choose_from():
    with pytest.raises(ValueError, match="NaN or infinite for all 2 alphas"):
        choose(curve([np.nan, np.inf]), "min")


def test_one_standard_error_without_any():
    with pytest.raises(ValueError, match="rule='1se' needs standard errors"):
        choose(curve([1, 2]), "1se")


@pytest.mark.parametrize(
    ("mean", "se", "alphas", "rule", "null", "expected"),
    [
        ([5, 2, 1, 2, 3], 0.1, None, "min", False, ""),
        ([5, 4, 3, 2, 1], 0.1, None, "min", False, "smaller alphas"),
        ([1, 2, 3, 4, 5], 0.1, [1, 2, 3, 4, 5], "min", False, "smaller alphas"),
        ([1, 2, 3, 4, 5], 0.1, None, "min", False, "larger alphas"),
        # Nothing changes beyond the alpha at which all coefficients are zero.
        ([1, 2, 3, 4, 5], 0.1, None, "min", True, ""),
        # No penalty is smaller than none.
        ([5, 4, 3, 2, 1], 0.1, [4, 3, 2, 1, 0], "min", False, ""),
        # One alpha was not a search.
        ([5], 0.1, [4], "min", False, ""),
        # The rule rests on a least error that is at the edge.
        ([5, 4, 3, 2, 1], 1.0, None, "1se", False, "smaller alphas"),
        ([3, 2, 1, 2, 3], 5.0, None, "1se", False, "larger alphas"),
        ([5, 4, 3, 2, 1], 0.1, None, lambda _: 2, False, ""),
        ([1, 4, 3, 2, 5], 0.1, None, lambda _: 4, False, "smaller alphas"),
    ],
)
def test_edges(mean, se, alphas, rule, null, expected):
    choice = choose(curve(mean, se, alphas), rule, lambda: null)
    assert choice.edge.endswith(f"with {expected}." if expected else "")
    assert bool(choice.edge) == bool(expected)
    assert choice.is_worth_a_warning == bool(expected)


def test_edge_names_the_alpha_that_is_there():
    choice = choose(curve([5, 4, 3, 2, 1], 1.0), "1se")
    assert "the least error is at the edge of the grid: 0.5 is" in choice.edge
    choice = choose(curve([5, 4, 3, 2, 1], 0.1), "min")
    assert "the chosen alpha is at the edge of the grid: 0.5 is" in choice.edge


@pytest.mark.parametrize(
    ("se", "last", "expected"),
    [(1.0, 1.0001, False), (1.0, 1.1, True), (None, 1.0001, False), (None, 1.1, True)],
)
def test_no_warning_where_the_curve_is_flat(se, last, expected):
    choice = choose(curve([5, 4, 3, last, 1.0], se), "min")
    assert choice.edge
    assert choice.is_worth_a_warning == expected


@pytest.mark.parametrize(
    "kind", [LassoRegressorCV, RidgeRegressorCV, LogisticClassifierCV]
)
@pytest.mark.parametrize("found", [None, "0.5", 1j, [1.0, 2.0], np.ones(2)])
def test_scores_are_numbers(kind, found):
    X, y = load_diabetes(return_X_y=True)
    model = kind(alphas=2, cv=3, scoring=lambda *_: found)
    with pytest.raises(ValueError, match=r"^scoring must return a number, got"):
        model.fit(X, y > 150.0)
    for number in (1, True, np.float32(0.5), np.array(0.5)):
        model.set_params(scoring=lambda *_, number=number: number).fit(X, y > 150.0)
