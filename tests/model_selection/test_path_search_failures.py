"""Candidates that fail, broken paths and wrong parameters, against `GridSearchCV`."""

import io
from contextlib import redirect_stdout

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from regkit import LassoRegressor, PathSearchCV, RidgeRegressor
from tests.model_selection.comparison import (
    ALPHAS,
    ToyRidge,
    assert_same_results,
    both,
    both_with_warnings,
)


@pytest.mark.parametrize("error_score", [np.nan, -7.0])
@pytest.mark.parametrize(
    ("estimator", "alphas"),
    [
        (ToyRidge(), [0.1, -1.0, 1.0, "fail", 3.0]),
        (LassoRegressor(), [0.1, -1.0, 1.0, "fail", 3.0]),
        (RidgeRegressor(), ["fail", 0.1, [1.0, 2.0], 1.0, 3.0]),
    ],
    ids=["toy", "lasso", "ridge"],
)
def test_only_candidates_that_fail_get_the_error_score(
    data, estimator, alphas, error_score
):
    (found, told), (expected, said) = both_with_warnings(
        make_pipeline(StandardScaler(), clone(estimator)),
        {f"{type(estimator).__name__.lower()}__alpha": alphas},
        *data,
        error_score=error_score,
    )
    assert_same_results(found, expected)
    assert told == said
    assert [kind for kind, message in told if "fits failed out of" in message] == [
        FitFailedWarning
    ]
    failed = [alphas.index(a) for a in alphas if not isinstance(a, float) or a < 0]
    assert_array_equal(found["split0_test_score"][failed], error_score)
    assert np.isfinite(np.delete(found["split0_test_score"], failed)).all()


def test_error_score_raise(data):
    search = PathSearchCV(ToyRidge(), {"alpha": [1.0, -2.0]}, error_score="raise")
    with pytest.raises(ValueError, match=r"alpha=-2\.0 will not do"):
        search.fit(*data)
    assert not hasattr(search, "cv_results_")


def test_all_candidates_fail(data):
    for kind in (PathSearchCV, GridSearchCV):
        with pytest.raises(ValueError, match="All the 10 fits failed"):
            kind(ToyRidge(), {"alpha": [-1.0, -2.0]}).fit(*data)


def test_a_transformer_that_fails_in_fitting_and_in_scoring(data):
    X, y = data

    def fails_for_some(rows):  # training rows of the first fold, test of the second
        if rows[0, 0] == X[12, 0]:
            raise ValueError("no")
        return rows

    (found, told), (expected, said) = both_with_warnings(
        make_pipeline(FunctionTransformer(fails_for_some), LassoRegressor()),
        {"lassoregressor__alpha": ALPHAS},
        X,
        y,
        error_score=-1.0,
    )
    assert_same_results(found, expected)
    assert told == said
    assert sum("Scoring failed" in message for _, message in told) == len(ALPHAS)
    for fold, failed in enumerate([True, True, False, False, False]):
        assert np.all((found[f"split{fold}_test_score"] == -1.0) == failed)


def test_fewer_models_than_values_is_an_error(data):
    with pytest.raises(TypeError, match=r"ToyRidge.fit_path gave 2 models for 3 val"):
        PathSearchCV(ToyRidge(short=True), {"alpha": [1.0, 2.0, 3.0]}).fit(*data)


class BrokenPath(ToyRidge):
    def fit_path(self, X, y, values):
        raise RuntimeError("not today")


def test_a_path_that_fails_where_fit_does_not_is_told(data):
    with pytest.warns(
        UserWarning, match=r"fit_path of BrokenPath failed where fit did"
    ):
        both(BrokenPath(), {"alpha": [1.0, 2.0, 3.0]}, *data)


@pytest.mark.filterwarnings("ignore")  # of the folds
def test_a_failed_refit_leaves_the_search(data):
    """`GridSearchCV` keeps an estimator that is not fitted."""
    X, y = data
    search = PathSearchCV(LassoRegressor(), {"alpha": ALPHAS}, error_score=0.0)
    before = vars(search.fit(X, y)).copy()
    bad = np.array(X)
    bad[0, 0] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        search.fit(bad, y)
    assert vars(search) == before
    search.predict(X)


def test_wrong_parameters(data):
    for kind in (PathSearchCV, GridSearchCV):
        with pytest.raises(ValueError, match="Invalid parameter 'lambda'"):
            kind(LassoRegressor(), {"alpha": [1, 2], "lambda": [1]}).fit(*data)


@pytest.mark.parametrize("verbose", [1, 2, 3, 10])
@pytest.mark.parametrize("scoring", [None, ["r2", "neg_median_absolute_error"]])
def test_messages(data, verbose, scoring):
    def lines(kind):
        text = io.StringIO()
        with redirect_stdout(text):
            kind(
                LassoRegressor(),
                {"alpha": [0.1, 1.0], "positive": [True, False]},
                verbose=verbose,
                scoring=scoring,
                refit=False,
                return_train_score=verbose > 3,
                cv=3,
            ).fit(*data)
        # Times differ, and with them the number of dots.
        plain = [line.split(" total time")[0] for line in text.getvalue().splitlines()]
        return sorted(line.replace("..", "") for line in plain)

    found, expected = lines(PathSearchCV), lines(GridSearchCV)
    strip = lambda line: line.replace(".", "")  # noqa: E731
    assert list(map(strip, found)) == list(map(strip, expected))
