"""What is asked of each solver (its tolerance) and of regkit (its targets)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# Each solver's own tolerance when TOLERANCES does not say otherwise.
DEFAULT_TOLERANCES = {
    "regkit": 1e-10,
    "scikit-learn": 1e-6,
    "celer": 1e-6,
    "skglm": 1e-5,
    "adelie": 1e-10,
    "glmnet": 1e-10,
}

# adelie's and glmnet's tolerances do not bound the gap: these were found by trial, so
# that the largest relative gap on the path is about 1e-4 (2e-4 on text).
TOLERANCES = {
    ("sparse_large", "regkit"): 1e-7,
    ("wide", "adelie"): 1.5e-10,
    ("correlated", "adelie"): 2e-11,
    ("square", "adelie"): 1.5e-11,
    ("tall", "adelie"): 1e-7,
    ("housing", "adelie"): 1e-9,
    ("text", "adelie"): 2e-10,
    ("sparse_large", "adelie"): 2e-11,
    ("wide", "glmnet"): 2e-10,
    ("correlated", "glmnet"): 3e-11,
    ("square", "glmnet"): 1.2e-11,
    ("tall", "glmnet"): 1e-9,
    ("housing", "glmnet"): 1e-10,
    ("text", "glmnet"): 1e-10,
    ("sparse_large", "glmnet"): 1e-11,
}


def tolerance(problem: str, solver: str) -> float:
    """The tolerance at which ``solver`` runs on ``problem``."""
    return TOLERANCES.get((problem, solver), DEFAULT_TOLERANCES[solver])


@dataclass(frozen=True)
class Target:
    """A claim about regkit on one problem.

    ``kind`` says what ``limit`` bounds: "ratio", the peer's value over regkit's, from
    below; "excess", regkit's value less the peer's, and "value", regkit's own, both
    from above. ``gap`` bounds regkit's relative duality gap.
    """

    problem: str
    peer: str
    limit: float
    kind: Literal["ratio", "excess", "value"] = "ratio"
    gap: float | None = 1e-10


TARGETS = [
    Target("wide", "scikit-learn", 20.0),
    Target("wide", "adelie", 1.0),
    Target("correlated", "scikit-learn", 25.0),
    Target("correlated", "adelie", 2.0),
    Target("square", "scikit-learn", 12.0),
    Target("square", "adelie", 1.0),
    Target("tall", "scikit-learn", 1.0),
    Target("tall", "adelie", 1.0),
    Target("housing", "scikit-learn", 1.0),
    Target("housing", "adelie", 1.0),
    Target("text", "scikit-learn", 100.0),
    Target("text", "adelie", 4.0),
    Target("sparse_large", "adelie", 1.0, gap=1e-7),
    Target("lasso_fit", "scikit-learn", 1.0),
    Target("path_search", "scikit-learn", 10.0),
    Target("grid_search", "scikit-learn", 1.0),
    Target("ridge_fit", "scikit-learn", 1.5),
    # Extra memory of the fit in multiples of X: no second n x p array.
    Target("ridge_memory", "", 0.5, "value", gap=None),
    # At most 15% more.
    Target("import", "scikit-learn", 1 / 1.15, gap=None),
    Target("first_fit", "scikit-learn", 0.5, "excess", gap=None),
    Target("first_fit_ever", "", 6.0, "value", gap=None),
]

# Of ``python -m benchmarks.cross_validation``. "path" is one `lasso_path`: half of its
# time over the cross-validation's means that the folds cost at most as much again.
CV_TARGETS = [
    Target("lasso_cv_wide", "path", 0.5),
    Target("lasso_cv_wide", "scikit-learn", 15.0),
    Target("lasso_cv_correlated", "path", 0.5),
    Target("lasso_cv_correlated", "scikit-learn", 15.0),
    Target("lasso_cv_tall", "path", 0.5),
    Target("lasso_cv_tall", "scikit-learn", 15.0),
    Target("lasso_cv_wide_c_order", "path", 0.5),
    Target("lasso_cv_correlated_c_order", "path", 0.5),
    Target("lasso_cv_tall_c_order", "path", 0.5),
    # Five training sets would be four more X.
    Target("lasso_cv_tall_memory", "", 0.5, "value", gap=None),
    Target("ridge_loo_tall", "scikit-learn", 80.0, gap=None),
    Target("ridge_loo_wide", "scikit-learn", 3.0, gap=None),
    Target("ridge_folds", "scikit-learn", 80.0, gap=None),
]
