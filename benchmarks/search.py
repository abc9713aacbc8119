"""Searches over alpha: `PathSearchCV` and `GridSearchCV`, with regkit and scikit-learn.

As in `single.py`, each measurement takes the solvers asked for and ``quick``, and
returns rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.gap import relative_gaps
from benchmarks.problems import make_problem
from benchmarks.report import Row
from benchmarks.single import medians, timed_fit
from regkit import LassoRegressor, PathSearchCV

_N_ALPHAS = 30


def path_search(solvers: Sequence[str], quick: bool) -> list[Row]:
    """30 alphas, 5 folds, `StandardScaler` and Lasso on 200 x 5,000, AR(0.6)."""
    problem = make_problem("wide", quick)
    X, y = np.ascontiguousarray(problem.X[:, :5_000]), problem.y
    Z = StandardScaler().fit_transform(X)
    top = np.abs(Z.T @ (y - y.mean())).max() / len(y)
    alphas = top * np.geomspace(1.0, 1e-3, _N_ALPHAS)

    def search(kind: Any, model: Any, n_jobs: int | None = None) -> Any:
        grid = {f"{type(model).__name__.lower()}__alpha": alphas}
        return kind(make_pipeline(StandardScaler(), model), grid, n_jobs=n_jobs)

    searches = {
        "regkit": search(PathSearchCV, LassoRegressor()),
        "regkit, n_jobs=2": search(PathSearchCV, LassoRegressor(), 2),
        "regkit in GridSearchCV": search(GridSearchCV, LassoRegressor()),
        "scikit-learn": search(GridSearchCV, Lasso()),
        "scikit-learn, n_jobs=2": search(GridSearchCV, Lasso(), 2),
    }
    return _rows("path_search", _chosen(searches, solvers), X, y, 1 if quick else 3)


def grid_search(solvers: Sequence[str], quick: bool) -> list[Row]:
    """30 alphas, 5 folds on scikit-learn's diabetes data: what a small fit costs."""
    X, y = load_diabetes(return_X_y=True)
    grid = {"alpha": np.geomspace(2.0, 2e-3, _N_ALPHAS)}
    searches = {
        "regkit": GridSearchCV(LassoRegressor(), grid),
        "regkit in PathSearchCV": PathSearchCV(LassoRegressor(), grid),
        "scikit-learn": GridSearchCV(Lasso(), grid),
    }
    return _rows("grid_search", _chosen(searches, solvers), X, y, 3 if quick else 25)


def _chosen(searches: dict[str, Any], solvers: Sequence[str]) -> dict[str, Any]:
    return {
        name: search
        for name, search in searches.items()
        if name.startswith(tuple(solvers))
    }


def _rows(
    problem: str, searches: dict[str, Any], X: Any, y: Any, n_repeats: int
) -> list[Row]:
    """Time searches in turn; judge the refitted model and what folds said."""
    with warnings.catch_warnings():
        # scikit-learn's Lasso does not always converge, which its gap shows.
        warnings.simplefilter("ignore", ConvergenceWarning)
        runs = {name: timed_fit(search, X, y) for name, search in searches.items()}
        seconds = medians(runs, n_repeats)
    first = next(iter(searches.values())).cv_results_["mean_test_score"]
    rows = []
    for name, search in searches.items():
        model, Z = search.best_estimator_, X
        if hasattr(model, "steps"):
            model, Z = model[-1], model[:-1].transform(X)
        coef = np.reshape(model.coef_, (-1, 1))
        intercept, alpha = np.array([model.intercept_]), np.array([model.alpha])
        gap = relative_gaps(Z, y, coef, intercept, alpha)[0]
        off = np.abs(search.cv_results_["mean_test_score"] - first).max()
        note = f"median of {n_repeats}; mean scores off by at most {off:.0e}"
        n_nonzero = int(np.count_nonzero(coef))
        rows.append(Row(problem, name, seconds[name], gap, n_nonzero, note))
    return rows


SEARCHES: dict[str, Callable[[Sequence[str], bool], list[Row]]] = {
    "path_search": path_search,
    "grid_search": grid_search,
}
