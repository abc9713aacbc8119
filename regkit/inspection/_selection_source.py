"""Where a cross-validated error curve comes from: an estimator or a search."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from regkit._types import Floats
from regkit.inspection._path_source import chosen_mix

_MSE = "mean squared error"


class SelectionSource(NamedTuple):
    """Held-out errors along alpha."""

    alphas: Floats
    """(n_alphas,), decreasing."""
    errors: Floats
    """(n_alphas,)"""
    standard_errors: Floats | None
    """(n_alphas,)"""
    alpha: float
    alpha_min: float | None
    alpha_1se: float | None
    n_nonzero: NDArray[Any] | None
    """(n_alphas,)"""
    metric: str
    greater_is_better: bool
    l1_ratio: float | None = None
    """Where there is a choice of it."""


def selection_of_estimator(estimator: Any, target: int) -> SelectionSource:
    """Read what a fitted cross-validated estimator recorded.

    `target` counts where each target has an alpha of its own.
    """
    if isinstance(estimator, Pipeline):
        estimator = estimator[-1]
    k = chosen_mix(estimator)
    errors, standard_errors, metric, greater_is_better = _recorded(estimator, k)
    n_choices = np.size(getattr(estimator, "alpha_", 0.0))
    if not 0 <= target < n_choices:
        raise ValueError(
            f"target={target} is not one of those with an alpha of their own, of "
            f"which {type(estimator).__name__} has {n_choices}."
        )
    if np.ndim(getattr(estimator, "alpha_", 0.0)) == 1:
        errors = np.asarray(estimator.cv_error_)[:, target]
        if standard_errors is not None:
            standard_errors = np.asarray(estimator.cv_error_se_)[:, target]
    alphas = _row(getattr(estimator, "alphas_", getattr(estimator, "alphas", None)), k)
    source = _sorted(
        alphas,
        errors,
        standard_errors,
        float(np.atleast_1d(estimator.alpha_)[target]),
        _counts(estimator, k, alphas.size),
        metric,
        greater_is_better,
    )
    known: dict[str, Any] = {
        name: float(np.atleast_1d(getattr(estimator, f"{name}_"))[target])
        for name in ("alpha_min", "alpha_1se")
        if hasattr(estimator, f"{name}_")
    }
    mix = getattr(estimator, "l1_ratio_", None)
    if mix is not None and np.ndim(mix) == 0 and 0 < mix < 1:
        known["l1_ratio"] = float(mix)
    return source._replace(**known)


def _recorded(estimator: Any, k: int) -> tuple[Floats, Floats | None, str, bool]:
    """Give errors, their standard errors, what they are, and whether they are scores.

    `k` is the row to read where there are several l1_ratio.
    """
    scoring = getattr(estimator, "scoring", None)
    default = f"held-out {getattr(estimator, '_error_name', _MSE)}"
    by_row: Any = getattr(estimator, "cv_results_", None)
    if hasattr(estimator, "criterion_"):
        return _row(estimator.criterion_, k), None, estimator.criterion.upper(), False
    if hasattr(estimator, "cv_error_"):
        errors = _row(estimator.cv_error_, k)
        stored = getattr(estimator, "cv_error_se_", None)
        standard_errors = None if stored is None else _row(stored, k)
        if scoring is None:
            return errors, standard_errors, default, False
        metric, is_error = _describe(scoring)
        return errors if is_error else -errors, standard_errors, metric, not is_error
    if hasattr(estimator, "mse_path_"):
        folds = np.asarray(estimator.mse_path_)
        folds = folds[k] if folds.ndim == 3 else folds
    elif by_row is not None and np.ndim(by_row) == 2 and scoring is None:
        # RidgeCV(store_cv_results=True): one squared error a row, left out in turn.
        folds = np.asarray(by_row).T
    else:
        raise TypeError(
            "estimator must be a fitted cross-validated Lasso, Elastic Net or Ridge "
            "(scikit-learn's RidgeCV with store_cv_results=True); "
            f"got {estimator!r}."
        )
    return folds.mean(axis=1), _standard_errors(folds), default, False


def _describe(scoring: Any) -> tuple[str, bool]:
    """Put a scorer's name in words; tell whether it is an error with a minus."""
    name = scoring if isinstance(scoring, str) else "score"
    words = name.removeprefix("neg_").replace("_", " ")
    return f"held-out {words}", name.startswith("neg_")


def selection_of_search(search: Any, parameter: str | None) -> SelectionSource:
    """Read `cv_results_` of a search along one parameter, the others at their best."""
    results = search.cv_results_
    columns = {name[6:]: results[name] for name in results if name.startswith("param_")}
    if parameter is None:
        found = [n for n in columns if n == "alpha" or n.endswith("__alpha")]
        if len(found) != 1:
            raise ValueError(
                "parameter must be named: the search went over "
                f"{', '.join(columns) or 'nothing'}."
            )
        (parameter,) = found
    elif parameter not in columns:
        raise ValueError(
            f"parameter={parameter!r} was not searched; there are: "
            f"{', '.join(columns)}."
        )
    best = results["params"][search.best_index_]
    rows = [
        i
        for i, candidate in enumerate(results["params"])
        if parameter in candidate
        and all(candidate.get(n) == best.get(n) for n in columns if n != parameter)
    ]
    name = search.refit if isinstance(search.refit, str) else "score"
    if f"mean_test_{name}" not in results:
        raise ValueError(
            "the search has several scores: fit it with refit='name of a score'."
        )
    scores = results[f"mean_test_{name}"][rows]
    n_folds = int(search.n_splits_)
    spread = results[f"std_test_{name}"][rows] / np.sqrt(max(n_folds - 1, 1))
    scoring = search.scoring if name == "score" else name
    metric, is_error = _describe(scoring)
    return _sorted(
        np.array([results["params"][i][parameter] for i in rows], dtype=np.float64),
        -scores if is_error else scores,
        spread if n_folds > 1 else None,
        float(best[parameter]),
        None,
        metric,
        greater_is_better=not is_error,
    )


def _sorted(
    alphas: Floats,
    errors: Floats,
    standard_errors: Floats | None,
    alpha: float,
    n_nonzero: NDArray[Any] | None,
    metric: str,
    greater_is_better: bool,
) -> SelectionSource:
    """Sort by decreasing alpha and apply the minimum and 1-SE rules."""
    order = np.argsort(-alphas, kind="stable")
    alphas, errors = alphas[order], errors[order]
    loss = -errors if greater_is_better else errors
    # Of equal errors the first, which has the stronger penalty.
    lowest = int(np.nanargmin(loss))
    one_se = None
    if standard_errors is not None:
        standard_errors = standard_errors[order]
        within = loss <= loss[lowest] + standard_errors[lowest]
        one_se = float(alphas[np.argmax(within)])
    return SelectionSource(
        alphas,
        errors,
        standard_errors,
        alpha,
        float(alphas[lowest]),
        one_se,
        None if n_nonzero is None else n_nonzero[order],
        metric,
        greater_is_better,
    )


def _standard_errors(folds: Floats) -> Floats | None:
    """Estimate the standard error of the mean over the last axis."""
    n_folds = folds.shape[1]
    if n_folds < 2:
        return None
    return np.asarray(folds.std(axis=1, ddof=1) / np.sqrt(n_folds), dtype=np.float64)


def _row(values: Any, k: int) -> Floats:
    rows: Floats = np.asarray(values, dtype=np.float64)
    return np.asarray(rows[k]) if rows.ndim == 2 else rows


def _counts(estimator: Any, k: int, n_alphas: int) -> NDArray[Any] | None:
    """Count nonzero coefficients along a stored path."""
    if hasattr(estimator, "path_"):
        return np.asarray(estimator.path_.n_nonzero)
    coefs = getattr(estimator, "coef_path_", None)
    if coefs is None:
        return None
    coefs = np.asarray(coefs)
    if coefs.ndim == 3 and hasattr(estimator, "classes_"):
        # A column counts once, for whichever classes it matters.
        return np.asarray(np.count_nonzero(coefs.any(axis=0), axis=0))
    coefs = coefs[k] if coefs.ndim == 3 else coefs
    features = 0 if coefs.shape[1] == n_alphas else 1
    return np.asarray(np.count_nonzero(coefs, axis=features))
