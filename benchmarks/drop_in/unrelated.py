"""Tests about what regkit lacks; "Coming from scikit-learn" says what is gone."""

from __future__ import annotations

import re

# Patterns of tests' names, parameters included, by what the tests are about.
_UNRELATED = {
    "several targets that share their columns (multi-task)": (
        r"test_1d_multioutput_.*multitask|test_sparse_dense_descent_paths\[.*-2-"
    ),
    "Gram matrices, checks and copies that the caller takes care of": (
        r".*(precompute|gram_matrix|check_input|copy_X|overwrite)"
    ),
    "what scikit-learn no longer takes": (
        r"test_path_function_deprecated|test_path_unknown_parameter"
    ),
    "sag, saga and lbfgs": (
        r"test_\w+\[.*\b(sag|saga|lbfgs)\b|test_(lbfgs|ridge_fit_intercept_sparse_sag)"
        r"|test_multioutput_regression|test_mlp_vs_poisson_glm"
    ),
    "the iterations of scikit-learn's solvers": r"test_n_iter$",
}


def is_unrelated(test: str) -> bool:
    """Whether a test is not about regkit's classes."""
    return any(re.match(pattern, test) for pattern in _UNRELATED.values())
