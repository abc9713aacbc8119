"""The one-standard-error rule, against its definition and in three searches."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import stats
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
)
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import LinearSVR

from regkit import (
    ElasticNetRegressor,
    LassoRegressor,
    PathSearchCV,
    load_diabetes_interactions,
    one_standard_error,
)

ALPHAS = np.geomspace(0.05, 30, 20)


@pytest.fixture(scope="module")
def data():
    return load_diabetes_interactions(return_X_y=True)


def results_of(scores, values, name="alpha", **others):
    """Make ``cv_results_`` of scores, (n_candidates, n_folds)."""
    scores = np.array(scores, dtype=float)
    params = [
        {name: value, **{key: column[i] for key, column in others.items()}}
        for i, value in enumerate(values)
    ]
    results = {f"param_{key}": [p[key] for p in params] for key in params[0]}
    for k in range(scores.shape[1]):
        results[f"split{k}_test_score"] = scores[:, k]
    return results | {
        "params": params,
        "mean_test_score": scores.mean(axis=1),
        "std_test_score": scores.std(axis=1),
    }


@pytest.mark.parametrize("seed", range(20))
def test_the_definition(seed):
    rng = np.random.default_rng(seed)
    alphas = rng.permutation(np.geomspace(0.01, 10, 15))
    scores = -((np.log(alphas)[:, None] + 1) ** 2) / 4 + rng.normal(size=(15, 5))
    best = scores.mean(axis=1).argmax()
    # glmnet's cvsd: the sample's standard error, with ddof=1 and √n_folds.
    good = scores.mean(axis=1) >= scores[best].mean() - stats.sem(scores[best])
    expected = alphas[good].max()
    chosen = one_standard_error(results_of(scores, alphas))
    assert alphas[chosen] == expected
    weaker = one_standard_error(results_of(scores, alphas, "model__C"))
    assert alphas[weaker] == alphas[good].min()


def test_the_square_root_of_the_folds_and_one_degree_of_freedom():
    # Scores 1 ± 0.2: deviation 0.2 with ddof=0 of 4 folds, standard error 0.2/√3.
    best = [0.8, 1.2, 0.8, 1.2]
    just_inside = [1 - 0.2 / np.sqrt(3) + 1e-9] * 4
    just_outside = [1 - 0.2 / np.sqrt(3) - 1e-9] * 4
    scores = [best, just_inside, just_outside]
    assert one_standard_error(results_of(scores, [1, 2, 3])) == 1


def test_ties_choose_the_stronger_penalty():
    scores = [[1.0, 1.0]] * 3
    assert one_standard_error(results_of(scores, [1, 3, 2])) == 1
    assert one_standard_error(results_of(scores, [2, 3, 1], "C")) == 2


def test_other_parameters_stay_those_of_the_best():
    scores = [[0.9, 1.1], [0.9, 1.05], [0.9, 1.0]]
    results = results_of(scores, [1, 2, 3], l1_ratio=[0.5, 0.5, 0.9])
    assert one_standard_error(results) == 1


def test_candidates_that_failed_take_no_part():
    scores = [[0.9, 1.1], [0.9, 1.0], [np.nan, 1.0], [-np.inf, 1.0]]
    with np.errstate(invalid="ignore"):
        results = results_of(scores, [1, 2, 3, 4])
    assert one_standard_error(results) == 1


@pytest.mark.parametrize(
    "search",
    [
        PathSearchCV(LassoRegressor(standardize=True), {"alpha": ALPHAS}),
        GridSearchCV(LassoRegressor(standardize=True), {"alpha": ALPHAS}),
        RandomizedSearchCV(
            LassoRegressor(standardize=True),
            {"alpha": stats.loguniform(0.05, 30)},
            n_iter=20,
            random_state=0,
        ),
    ],
    ids=lambda search: type(search).__name__,
)
def test_in_searches(data, search):
    best = clone(search).fit(*data)
    simple = clone(search).set_params(refit=one_standard_error).fit(*data)
    assert simple.best_params_["alpha"] > best.best_params_["alpha"]
    i, j = best.best_index_, simple.best_index_
    means = best.cv_results_["mean_test_score"]
    folds = [best.cv_results_[f"split{k}_test_score"][i] for k in range(5)]
    assert means[i] >= means[j] >= means[i] - stats.sem(folds)
    assert np.count_nonzero(simple.best_estimator_.coef_) < np.count_nonzero(
        best.best_estimator_.coef_
    )


def test_within_a_pipeline_with_other_parameters(data):
    model = make_pipeline(PolynomialFeatures(), StandardScaler(), ElasticNetRegressor())
    grid = {
        "elasticnetregressor__alpha": ALPHAS,
        "elasticnetregressor__l1_ratio": [0.5, 1.0],
        "polynomialfeatures__degree": [1],
    }
    best = PathSearchCV(model, grid).fit(*data).best_params_
    chosen = PathSearchCV(model, grid, refit=one_standard_error).fit(*data).best_params_
    assert chosen.pop("elasticnetregressor__alpha") > best.pop(
        "elasticnetregressor__alpha"
    )
    assert chosen == best


def test_several_scorers(data):
    rule = one_standard_error(scorer="mae")
    scoring = {"r2": "r2", "mae": "neg_mean_absolute_error"}
    search = PathSearchCV(
        LassoRegressor(), {"alpha": ALPHAS}, scoring=scoring, refit=rule
    ).fit(*data)
    results = {
        key.replace("_mae", "_score"): value
        for key, value in search.cv_results_.items()
        if not key.endswith("_r2")
    }
    assert search.best_index_ == one_standard_error(results)


def test_a_smaller_value_may_be_simpler(data):
    X, y = data
    grid = {"C": [0.01, 0.1, 1.0, 10.0]}
    search = GridSearchCV(
        LinearSVR(random_state=0, max_iter=100_000, tol=1e-2),
        grid,
        refit=one_standard_error,
    ).fit(X / np.abs(X).max(axis=0), y)
    best = grid["C"][search.cv_results_["mean_test_score"].argmax()]
    assert search.best_params_["C"] <= best
    rule = one_standard_error(parameter="n_neighbors", larger_is_simpler=True)
    neighbors = {"n_neighbors": [1, 5, 10, 20, 40]}
    search = GridSearchCV(KNeighborsRegressor(), neighbors, refit=rule).fit(X, y)
    assert search.best_params_["n_neighbors"] >= 10


def test_of_successive_halving_the_last_iteration_counts(data):
    scores = [[3.0, 3.0], [0.9, 1.1], [0.9, 1.05], [0.5, 0.6]]
    results = results_of(scores, [9, 1, 2, 3]) | {"iter": np.array([0, 1, 1, 1])}
    assert one_standard_error(results) == 2
    search = HalvingGridSearchCV(
        LassoRegressor(standardize=True),
        {"alpha": np.geomspace(0.05, 30, 9)},
        random_state=0,
        refit=False,
        aggressive_elimination=True,
    ).fit(*data)
    results = search.cv_results_
    chosen = one_standard_error(results)
    assert results["iter"][chosen] == results["iter"].max()


def test_with_arguments_it_can_be_copied_and_pickled():
    rule = one_standard_error(parameter="C", larger_is_simpler=False)
    search = PathSearchCV(LassoRegressor(), {"alpha": ALPHAS}, refit=rule)
    for again in (clone(search).refit, pickle.loads(pickle.dumps(search)).refit):
        results = results_of([[1.0, 1.0]] * 2, [1, 2], "C")
        assert again(results) == rule(results) == 0
    assert "parameter='C'" in repr(search)


def test_the_best_one_may_lack_the_parameter():
    results = results_of([[0.9, 1.1], [0.9, 1.0]], [1, 2])
    del results["params"][0]["alpha"]
    assert one_standard_error(results) == 0


def many(**others):
    return results_of([[0.9, 1.1], [0.9, 1.0]], [1, 2], **others)


@pytest.mark.parametrize(
    ("results", "options", "message"),
    [
        (
            results_of([[1, 2]], [1], "depth"),
            {},
            r"No parameter of the search \(depth\) is known as a penalty by its name: "
            r"say which one counts, as in one_standard_error\(parameter='depth', ",
        ),
        (
            many(C=[1, 2]),
            {},
            r"Several parameters of the search \(alpha, C\) are known as a penalty",
        ),
        (many(), {"parameter": "beta"}, r"\(alpha\) is called 'beta'"),
        (
            many(depth=[1, 2]),
            {"parameter": "depth"},
            "does not know whether a larger depth makes a simpler model: say so, as in",
        ),
        (
            results_of([[0.9, 1.1]] * 2, [1, None]),
            {},
            "compares numbers, but a candidate has alpha=None",
        ),
        (results_of([[1], [2]], [1, 2]), {}, "at least two folds .* the search has 1"),
        (results_of([[np.nan] * 2], [1]), {}, "all candidates failed"),
        (many(), {"scorer": "mae"}, "scorer='mae' is not a scorer of the search"),
        (
            many() | {"mean_test_r2": np.ones(2)},
            {},
            "several scorers, score, r2: say which one decides, as in",
        ),
        (
            {"params": [{}], "mean_test_score": np.ones(1)}
            | {f"split{k}_test_score": np.ones(1) for k in range(2)}
            | {"std_test_score": np.zeros(1)},
            {},
            "needs a parameter to compare, but the search has none",
        ),
    ],
)
def test_what_it_cannot_know_it_says(results, options, message):
    with pytest.raises(ValueError, match=message):
        one_standard_error(results, **options)


def test_the_full_name_or_its_last_part():
    results = many(a__depth=[5, 5], b__depth=[7, 7])
    rule = {"larger_is_simpler": True}
    with pytest.raises(ValueError, match="Several parameters"):
        one_standard_error(results, parameter="depth", **rule)
    assert one_standard_error(results, parameter="a__depth", **rule) == 0
    assert_array_equal(one_standard_error(results, parameter="alpha"), 1)
