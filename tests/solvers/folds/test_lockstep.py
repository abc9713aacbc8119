"""Folds whose paths go in lockstep: as their own fits, whatever stops the walk."""

from typing import Any
from unittest import mock

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, RepeatedKFold, ShuffleSplit

from regkit import ElasticNetRegressorCV, enet_path, make_correlated_regression
from regkit.designs import make_design
from regkit.kernels.linear import lockstep as kernels
from regkit.solvers.folds import in_memory as folds_module
from regkit.solvers.folds import lockstep

N, P = 30, 80


def problem(seed: int = 0, dtype: type = np.float64) -> tuple[Any, Any]:
    """A table in F order whose columns are correlated, and far from zero."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, P)) + rng.normal(size=(N, 1)) + 50.0
    y = X[:, :12] @ rng.normal(size=12) + rng.normal(size=N)
    return np.asfortranarray(X, dtype=dtype), y


def fit(X: Any, y: Any, sample_weight: Any = None, **parameters: Any) -> Any:
    defaults = {"alphas": 12, "eps": 1e-2, "tol": 1e-10, "cv": KFold(4)}
    parameters = {**defaults, "rule": lambda curve: 1, **parameters}
    model = ElasticNetRegressorCV(**parameters, store_fold_coefs=True)
    with (
        # So few columns would be left to their Gram matrix.
        mock.patch.object(folds_module, "is_small", return_value=False),
        # None is solved by itself from the start.
        mock.patch.object(
            folds_module.FoldedDesign, "_solve_apart", side_effect=AssertionError
        ),
    ):
        return model.fit(X, y, sample_weight)


def assert_as_fitted_apart(
    model: Any, X: Any, y: Any, sample_weight: Any = None, **how: Any
) -> None:
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    for k, (train, test) in enumerate(model.cv.split(X)):
        path = enet_path(
            X[train],
            y[train],
            sample_weight=weight[train],
            alphas=model.alphas_,
            l1_ratio=model.l1_ratio_,
            tol=1e-12,
            **how,
        )
        assert_allclose(model.fold_coef_path_[k], path.coefs, rtol=1e-6, atol=1e-9)
        residuals = y[test, None] - X[test] @ path.coefs - path.intercepts
        errors = np.average(residuals**2, axis=0, weights=weight[test])
        assert_allclose(model.mse_path_[:, k], errors, rtol=1e-6)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"standardize": True},
        {"fit_intercept": False},
        {"positive": True},
        {"bounds": (-0.1, 0.2)},
        {"penalty_factor": np.where(np.arange(P) % 3 == 0, np.inf, 1 + np.arange(P))},
    ],
    ids=lambda how: "-".join(how) or "plain",
)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_as_fitted_apart(how: dict[str, Any], l1_ratio: float) -> None:
    X, y = problem()
    weight = np.random.default_rng(1).integers(0, 4, N).astype(float)
    model = fit(X, y, weight, l1_ratio=l1_ratio, **how)
    assert model.solver_ == "active_set"
    assert_as_fitted_apart(model, X, y, weight, **how)


@pytest.mark.parametrize(
    "cv",
    [
        KFold(2),
        KFold(7, shuffle=True, random_state=0),
        ShuffleSplit(3, test_size=0.6, random_state=0),
        RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
    ],
    ids=lambda cv: type(cv).__name__,
)
def test_any_number_and_kind_of_folds(cv: Any) -> None:
    X, y = problem(1)
    assert_as_fitted_apart(fit(X, y, cv=cv), X, y)


@pytest.mark.parametrize("order", ["F", "C"])
def test_float32_is_certified_in_float64(order: Any) -> None:
    X, y = problem(2, np.float32)
    model = fit(np.asarray(X, order=order), y)
    assert_as_fitted_apart(model, X.astype(np.float64), y)


@pytest.mark.parametrize("how", [{}, {"standardize": True}, {"l1_ratio": [0.3, 1.0]}])
def test_order_of_storage_does_not_matter(how: dict[str, Any]) -> None:
    X, y = problem(10)
    weight = np.random.default_rng(2).integers(0, 3, N).astype(float)
    by_columns, by_rows = (
        fit(np.asarray(X, order=order), y, weight, **how) for order in ("F", "C")
    )
    assert by_rows.solver_ == "active_set"
    for name in ("alphas_", "mse_path_", "fold_coef_path_", "coef_"):
        assert_allclose(
            getattr(by_rows, name), getattr(by_columns, name), rtol=1e-9, atol=1e-12
        )


def test_rows_are_copied_into_columns_once_and_never_written() -> None:
    X, y = problem(11)
    X = np.ascontiguousarray(X)
    X.flags.writeable = False
    share = lockstep.share_columns
    with (
        mock.patch.object(lockstep, "_STRIP", 7),
        mock.patch.object(folds_module, "share_columns", side_effect=share) as copied,
    ):
        model = fit(X, y, cv=KFold(7))  # three times three paths
    assert copied.call_count == 1
    assert_as_fitted_apart(model, X, y)


@pytest.mark.parametrize("order", ["F", "C"])
def test_means_too_far_apart_to_share_products(order: Any) -> None:
    X = np.random.default_rng(0).normal(size=(N, 5))
    weight = np.where(np.arange(N) < 20, 1 / 20, 0.0)
    for spread, is_shared in [(1.0, True), (1e-3, False)]:
        X[:20, 2] *= spread
        X[20:, 2] += 10
        table = np.asarray(X, order=order)
        whole, fold = make_design(table), make_design(table, weight)
        shared = lockstep.share_columns([fold, whole], np.arange(float(N)))
        assert (shared is not None) == is_shared


def test_rows_too_many_to_be_copied() -> None:
    X, y = problem(12)
    X = np.ascontiguousarray(X)
    with (
        mock.patch.object(lockstep, "MOST_COPIED", X.nbytes - 1),
        mock.patch.object(folds_module, "_STAYS_IN_CACHE", 0),
    ):
        assert_as_fitted_apart(fit(X, y), X, y)
    with mock.patch.object(lockstep, "MOST_COPIED", 0):
        assert_as_fitted_apart(fit(np.asfortranarray(X), y), X, y)


def test_same_numbers_for_any_number_of_threads() -> None:
    X, y = problem(3)
    one, two = fit(X, y, n_jobs=1), fit(X, y, n_jobs=2)
    assert_array_equal(one.fold_coef_path_, two.fold_coef_path_)
    assert_array_equal(one.mse_path_, two.mse_path_)


def test_large_steps_and_many_columns_at_once() -> None:
    X, y = problem(4)
    top = np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / N
    alphas = top * np.array([2.0, 1.0, 0.5, 1e-3])
    with (
        mock.patch.object(lockstep, "BATCH", 5),
        mock.patch.object(lockstep, "_ROOM", 3),
    ):
        assert_as_fitted_apart(fit(X, y, alphas=alphas), X, y)


@pytest.mark.parametrize("most", [0, 5, 15])
def test_paths_go_on_alone_when_they_hold_too_many_columns(most: int) -> None:
    X, y = problem(5)
    with (
        mock.patch.object(lockstep, "_ALWAYS_HELD", most),
        mock.patch.object(lockstep, "_SHARE_OF_X", 0.0),
        mock.patch.object(lockstep, "go_on", wraps=lockstep.go_on) as went_on,
    ):
        model = fit(X, y)
    solved = [len(call.args[4].dual_gaps) for call in went_on.call_args_list]
    assert min(solved) < len(model.alphas_)
    assert (max(solved) > 0) == (most > 0)
    assert_as_fitted_apart(model, X, y)


def test_block_pivoting_that_does_not_settle() -> None:
    X, y = make_correlated_regression(N, P, correlation=0.95)
    minimize_from = kernels.minimize_from
    with mock.patch.object(kernels, "minimize_from", wraps=minimize_from) as otherwise:
        model = fit(X, y, l1_ratio=1.0)
    # Compiled kernels do not look the name up.
    assert otherwise.called or not numba.config.DISABLE_JIT
    assert_as_fitted_apart(model, X, y)


def test_too_few_iterations_are_told() -> None:
    X, y = problem(7)
    with pytest.warns(ConvergenceWarning, match="duality gap"):
        fit(X, y, max_iter=1)


def test_constant_target() -> None:
    X, _ = problem(8)
    model = fit(X, np.full(N, 3.0))
    assert not model.fold_coef_path_.any()
    assert model.dual_gap_ == 0.0


def test_columns_that_only_held_out_rows_vary_in() -> None:
    X, y = problem(9)
    X[:, 5] = 7.0
    X[:8, 5] += y[:8]  # constant wherever the first fold trains
    X[:, 6] = 0.0
    model = fit(X, y)
    assert not model.fold_coef_path_[0, 5:7].any()
    assert_as_fitted_apart(model, X, y)
