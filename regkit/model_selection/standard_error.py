"""The one-standard-error rule for the searches of scikit-learn and of regkit."""

from __future__ import annotations

from functools import partial
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit.model_selection._values import value_key

# Penalties by name, and whether a larger value makes a simpler model.
_LARGER_IS_SIMPLER = {
    "alpha": True,
    "lambda": True,
    "lambda_": True,
    "reg_alpha": True,
    "reg_lambda": True,
    "l2_regularization": True,
    "weight_decay": True,
    "ccp_alpha": True,
    "shrink_threshold": True,
    "C": False,
}


def one_standard_error(
    cv_results: dict[str, Any] | None = None,
    /,
    *,
    parameter: str | None = None,
    larger_is_simpler: bool | None = None,
    scorer: str | None = None,
) -> Any:
    r"""Choose the simplest model whose score is within one standard error of the best.

    For the `refit` of `PathSearchCV`, `GridSearchCV` and `RandomizedSearchCV`: as it
    is, ``refit=one_standard_error``, or with arguments,
    ``refit=one_standard_error(parameter="C")``.

    Of the candidates that differ from the best one in `parameter` alone, it takes the
    simplest whose mean held-out score is at least

    .. math::

        \bar s - \frac{1}{\sqrt{K}} \sqrt{\frac{1}{K - 1} \sum_k (s_k - \bar s)^2},

    with :math:`s_1, \ldots, s_K` the best candidate's scores on the K folds and
    :math:`\bar s` their mean.

    Parameters
    ----------
    cv_results : dict of str to ndarray, default=None
        ``cv_results_`` of a search; searches pass it. Without it, the function itself
        is returned with the other arguments filled in.
    parameter : str, default=None
        The parameter that makes models simple, by its name in the grid or the part of
        it after the last ``"__"``. None takes the penalty of the grid, known by its
        name: `alpha`, `lambda`, `lambda_`, `reg_alpha`, `reg_lambda`, `weight_decay`,
        `l2_regularization`, `ccp_alpha`, `shrink_threshold` or `C`.
    larger_is_simpler : bool, default=None
        Whether a larger value makes a simpler model. None is True for the penalties
        above, False for `C`; it must be said for other parameters.
    scorer : str, default=None
        Which of several scorers decides.

    Returns
    -------
    index : int
        Of the chosen candidate; or a callable, without `cv_results`. The best candidate
        itself where it does not have the parameter, in a search of several grids.

    Raises
    ------
    ValueError
        When the parameter, its direction or the scorer is not clear, a value of the
        parameter is not a number, there are fewer than two folds or no scores.

    See Also
    --------
    PathSearchCV : A search for which a path of alphas costs little more than one.

    Notes
    -----
    ``std_test_score`` divides by K; the standard error here divides by K − 1, as R's
    glmnet does for ``lambda.1se``.

    The searches by successive halving take no notice of a function as `refit`, and
    choose the best candidate of the last iteration. Called with their ``cv_results_``,
    the rule looks at that iteration alone, whose models have seen all the rows.

    Comparing the candidates that share all other parameters with the best one keeps
    strengths comparable: `alpha` means something else at another `l1_ratio`. A
    `RandomizedSearchCV` over several continuous parameters hardly ever draws such
    candidates, and then the best one is taken.

    References
    ----------
    .. [1] L. Breiman, J. Friedman, R. Olshen and C. Stone, "Classification and
       Regression Trees", 1984, section 3.4.3.
    .. [2] T. Hastie, R. Tibshirani and J. Friedman, "The Elements of Statistical
       Learning", 2nd edition, 2009, section 7.10.

    Examples
    --------
    >>> import numpy as np
    >>> from regkit import LassoRegressor, PathSearchCV, load_diabetes_interactions
    >>> from regkit import one_standard_error
    >>> X, y = load_diabetes_interactions(return_X_y=True)
    >>> model = LassoRegressor(standardize=True)
    >>> grid = {"alpha": np.geomspace(0.1, 40, 30)}
    >>> best = PathSearchCV(model, grid).fit(X, y)
    >>> simple = PathSearchCV(model, grid, refit=one_standard_error).fit(X, y)
    >>> for search in (best, simple):
    ...     n_used = np.count_nonzero(search.best_estimator_.coef_)
    ...     print(search.best_params_["alpha"].round(2), n_used)
    2.73 15
    6.23 10

    The same in scikit-learn's searches, here with C, of which less is simpler:

    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.svm import LinearSVR
    >>> GridSearchCV(LinearSVR(), {"C": [0.1, 1, 10]}, refit=one_standard_error)
    GridSearchCV(estimator=LinearSVR(), ...)
    """
    if cv_results is None:
        return partial(
            one_standard_error,
            parameter=parameter,
            larger_is_simpler=larger_is_simpler,
            scorer=scorer,
        )
    scores = _scores(cv_results, scorer)
    name = _parameter(cv_results, parameter)
    if larger_is_simpler is None:
        larger_is_simpler = _direction(name)
    best = int(np.nanargmax(scores.mean))
    candidates = cv_results["params"]
    if name not in candidates[best]:
        return best
    rivals = [
        i
        for i, candidate in enumerate(candidates)
        if name in candidate
        and scores.mean[i] >= scores.mean[best] - scores.error[best]
        and _others(candidate, name) == _others(candidates[best], name)
    ]
    strengths = [_number(name, candidates[i][name]) for i in rivals]
    choose = np.argmax if larger_is_simpler else np.argmin
    return rivals[int(choose(strengths))]


class _Scores(NamedTuple):
    mean: NDArray[np.float64]
    """(n_candidates,), NaN for candidates that failed."""
    error: NDArray[np.float64]
    """(n_candidates,), standard errors of the means."""


def _scores(results: dict[str, Any], scorer: str | None) -> _Scores:
    prefix = "mean_test_"
    names = [name.removeprefix(prefix) for name in results if name.startswith(prefix)]
    if scorer is None and len(names) > 1:
        raise ValueError(
            f"The search has several scorers, {', '.join(names)}: say which one "
            f"decides, as in one_standard_error(scorer={names[0]!r})."
        )
    if scorer is None:
        scorer = names[0]
    if scorer not in names:
        raise ValueError(
            f"scorer={scorer!r} is not a scorer of the search, which has "
            f"{', '.join(names)}."
        )
    mean = np.array(results[f"mean_test_{scorer}"], dtype=np.float64)
    mean[~np.isfinite(mean)] = np.nan
    if "iter" in results:  # of successive halving: earlier ones saw fewer rows
        iteration = np.asarray(results["iter"])
        mean[iteration < iteration.max()] = np.nan
    if np.isnan(mean).all():
        raise ValueError("one_standard_error needs scores, but all candidates failed.")
    n_splits = sum(
        name.startswith("split") and name.endswith(f"_test_{scorer}")
        for name in results
    )
    if n_splits < 2:
        raise ValueError(
            "one_standard_error needs at least two folds to estimate how much scores "
            f"vary, but the search has {n_splits}."
        )
    return _Scores(mean, results[f"std_test_{scorer}"] / np.sqrt(n_splits - 1))


def _parameter(results: dict[str, Any], parameter: str | None) -> str:
    """Return the full name of the parameter that makes models simple."""
    prefix = "param_"
    names = [name.removeprefix(prefix) for name in results if name.startswith(prefix)]
    if not names:
        raise ValueError(
            "one_standard_error needs a parameter to compare, but the search has none."
        )
    if parameter is None:
        found = [name for name in names if _last(name) in _LARGER_IS_SIMPLER]
        wanted = "known as a penalty by its name"
    else:
        found = [name for name in names if name == parameter]
        found = found or [name for name in names if _last(name) == parameter]
        wanted = f"called {parameter!r}"
    if len(found) == 1:
        return found[0]
    example = f"one_standard_error(parameter={names[0]!r}, larger_is_simpler=True)"
    raise ValueError(
        f"{'Several parameters' if found else 'No parameter'} of the search "
        f"({', '.join(found or names)}) {'are' if found else 'is'} {wanted}: say which "
        f"one counts, as in {example}."
    )


def _direction(name: str) -> bool:
    known = _LARGER_IS_SIMPLER.get(_last(name))
    if known is None:
        raise ValueError(
            f"one_standard_error does not know whether a larger {_last(name)} makes a "
            f"simpler model: say so, as in one_standard_error(parameter={name!r}, "
            "larger_is_simpler=True)."
        )
    return known


def _last(name: str) -> str:
    return name.rpartition("__")[2]


def _others(candidate: dict[str, Any], name: str) -> frozenset[Any]:
    return frozenset(
        (other, value_key(value)) for other, value in candidate.items() if other != name
    )


def _number(name: str, value: Any) -> float:
    if not isinstance(value, Real) or np.isnan(float(value)):
        raise ValueError(
            "one_standard_error compares numbers, but a candidate has "
            f"{name}={value!r}."
        )
    return float(value)
