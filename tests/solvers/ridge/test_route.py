"""Ridge routes against closed forms in extended precision, and against each other."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from regkit.designs import make_design
from regkit.solvers.alpha_scales import mean_scale
from regkit.solvers.results import PathResult
from regkit.solvers.ridge.route import solve_ridge

SHAPES = [(1, 1), (2, 5), (30, 4), (6, 6), (12, 40), (200, 9), (3000, 12)]


def fit(
    X: Any,
    y: Any,
    alpha: Any = 1.0,
    *,
    weight: Any = None,
    factor: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    **options: Any,
) -> PathResult:
    Y = np.asarray(y, dtype=float).reshape(len(y), -1)
    factor = np.ones(X.shape[1]) if factor is None else np.asarray(factor, dtype=float)
    alphas = np.zeros(Y.shape[1]) + alpha
    design = make_design(X, weight, fit_intercept, standardize)
    alphas = mean_scale(alphas, design.total_weight)
    return solve_ridge(design, Y, alphas, factor, **options)


def _solve(A: Any, b: Any) -> Any:
    """Gauss-Jordan with pivoting in extended precision."""
    A, b = A.copy(), b.copy()
    for k in range(len(A)):
        pivot = k + int(np.argmax(np.abs(A[k:, k])))
        A[[k, pivot]], b[[k, pivot]] = A[[pivot, k]], b[[pivot, k]]
        b[k] /= A[k, k]
        A[k] /= A[k, k]
        others = np.arange(len(A)) != k
        b[others] -= A[others, k] * b[k]
        A[others] -= np.outer(A[others, k], A[k])
    return b


def expected(
    X: Any,
    y: Any,
    alpha: float,
    weight: Any = None,
    factor: Any = None,
    fit_intercept: bool = True,
    standardize: bool = False,
) -> tuple[Any, Any]:
    """Solve the normal equations in extended precision, constant columns left out."""
    X = (X.toarray() if sp.issparse(X) else X).astype(np.longdouble)
    y = np.asarray(y, dtype=np.longdouble)
    n, p = X.shape
    w = np.ones(n) if weight is None else weight
    w = w.astype(np.longdouble) / np.sum(w, dtype=np.longdouble)
    total = n if weight is None else weight.sum()
    means = w @ X
    deviation = np.sqrt(w @ (X - means) ** 2)
    tiny = 1e-15 * np.abs(means)
    scale = np.where(standardize & (deviation > tiny), deviation, 1.0)
    center = means if fit_intercept else np.zeros(p)
    y_mean = w @ y if fit_intercept else 0.0
    Z = (X - center) / scale
    factor = np.ones(p) if factor is None else np.asarray(factor, dtype=float)
    kept = np.isfinite(factor) & (np.sqrt(w @ Z**2) > tiny / scale)
    G = Z[:, kept].T @ (w[:, None] * Z[:, kept])
    G += np.diag(alpha / total * factor[kept])
    coef = np.zeros(p, dtype=np.longdouble)
    coef[kept] = _solve(G, Z[:, kept].T @ (w * (y - y_mean)))
    coef /= scale
    return coef, y_mean - center @ coef


def problem(rng: Any, n: int, p: int, sparse: bool = False) -> tuple[Any, Any]:
    X = rng.standard_normal((n, p))
    if sparse:
        X *= rng.random((n, p)) < 0.4
    y = X @ rng.standard_normal(p) + rng.standard_normal(n) + 3.0
    return X, y


def close(result: PathResult, coef: Any, intercept: Any, rtol: float = 1e-9) -> None:
    size = np.max(np.abs(coef), initial=1e-300)
    np.testing.assert_allclose(
        result.dense()[0], coef.astype(float), rtol=0, atol=rtol * float(size)
    )
    np.testing.assert_allclose(
        result.intercepts[0], float(intercept), rtol=rtol, atol=rtol
    )
    assert result.converged.all()
    assert np.all(result.dual_gaps >= 0.0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("solver", ["auto", "cholesky", "svd", "conjugate_gradient"])
@pytest.mark.parametrize("seed", range(4))
def test_closed_form(shape: tuple[int, int], solver: str, seed: int) -> None:
    rng = np.random.default_rng([seed, *shape])
    X, y = problem(rng, *shape)
    weight = rng.random(shape[0]) * (rng.random(shape[0]) < 0.8) if seed % 2 else None
    if weight is not None:
        weight[0] = 1.0
    options = {"fit_intercept": seed != 2, "standardize": seed == 3, "weight": weight}
    X = np.asfortranarray(X) if seed == 1 else X
    result = fit(X, y, 0.3, solver=solver, tol=1e-15, **options)
    rtol = 1e-6 if solver == "conjugate_gradient" else 1e-9
    close(result, *expected(X, y, 0.3, **options), rtol)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("solver", ["auto", "cholesky", "conjugate_gradient"])
@pytest.mark.parametrize("order", ["csc", "csr"])
def test_sparse_equals_dense(shape: tuple[int, int], solver: str, order: str) -> None:
    rng = np.random.default_rng(shape)
    X, y = problem(rng, *shape, sparse=True)
    weight = rng.integers(0, 3, shape[0]).astype(float)
    weight[0] = 1.0
    stored = sp.csc_matrix(X) if order == "csc" else sp.csr_matrix(X)
    for standardize in (False, True):
        options = {"weight": weight, "standardize": standardize, "tol": 1e-15}
        dense = fit(X, y, 0.3, **options)
        sparse = fit(stored, y, 0.3, solver=solver, **options)
        close(sparse, dense.dense()[0], dense.intercepts[0], 1e-6)


@pytest.mark.parametrize("shape", [(40, 6), (8, 30)])
@pytest.mark.parametrize("solver", ["auto", "svd", "conjugate_gradient"])
def test_penalty_factors(shape: tuple[int, int], solver: str) -> None:
    """Zero, infinite, and a constant column."""
    rng = np.random.default_rng(0)
    X, y = problem(rng, *shape)
    X[:, 3] = 0.1
    factor = rng.random(shape[1]) + 0.5
    factor[[0, 2]], factor[1] = 0.0, np.inf
    result = fit(X, y, 0.2, factor=factor, solver=solver, tol=1e-14)
    close(result, *expected(X, y, 0.2, factor=factor), 1e-6)
    assert result.dense()[0, 1] == result.dense()[0, 3] == 0.0
    assert result.unique


@pytest.mark.parametrize("mean", [0.0, 1.0, 1e3, 1e6, 1e8])
@pytest.mark.parametrize("shape", [(500, 300), (2000, 80), (20, 50)])
def test_large_means(mean: float, shape: tuple[int, int]) -> None:
    """Exact whether or not the sampled rows show how far from zero the columns are."""
    rng = np.random.default_rng(1)
    X, y = problem(rng, *shape)
    X += mean * (1.0 + rng.random(shape[1]))
    reference = fit(X - X.mean(axis=0), y, 1.0)
    result = fit(X, y, 1.0)
    size = np.abs(reference.dense()).max()
    noise = 1e-11 + 1e-15 * mean
    np.testing.assert_allclose(
        result.dense(), reference.dense(), rtol=0.0, atol=noise * size
    )


def test_sampled_rows_mislead() -> None:
    """Every sampled row looks harmless, the others are far away: read again."""
    rng = np.random.default_rng(2)
    n, p = 2560, 80
    X, y = problem(rng, n, p)
    X[np.arange(n) % (n // 128) != 0, :] += 1e7
    X[np.arange(n) % (n // 128) == 0, 0] += 1e7
    X[:, 0] += 1e7
    result = fit(X, y, 1.0)
    reference = fit(X - X.mean(axis=0), y, 1.0, solver="svd")
    np.testing.assert_allclose(result.dense(), reference.dense(), atol=1e-6)


@pytest.mark.parametrize("alpha", [1e-4, 1e-8, 1e-12, 1e-16, 1e-22])
@pytest.mark.parametrize("shape", [(60, 5), (6, 20), (5000, 20)])
@pytest.mark.parametrize("units", [1.0, 1e-8, 1e8])
def test_small_alphas(alpha: float, shape: tuple[int, int], units: float) -> None:
    rng = np.random.default_rng(3)
    X, y = problem(rng, *shape)
    X = X * units
    strength = alpha * units**2
    result = fit(X, y, strength, tol=1e-12)
    if alpha >= 1e-12 and shape[0] > shape[1]:
        close(result, *expected(X, y, strength))
    centered = X - X.mean(axis=0)
    least = np.linalg.lstsq(centered, y - y.mean(), rcond=None)[0]
    np.testing.assert_allclose(result.dense()[0], least, rtol=1e-3)
    assert result.converged.all()


@pytest.mark.parametrize("alpha", [1e-3, 1e-9, 1e-13, 1e-20, 0.0])
@pytest.mark.parametrize("shape", [(50, 8), (5, 16), (4000, 8)])
def test_collinear(alpha: float, shape: tuple[int, int]) -> None:
    """Copies of a column share its coefficient, down to alpha = 0."""
    rng = np.random.default_rng(4)
    half, y = problem(rng, shape[0], shape[1] // 2)
    X = np.hstack([half, half])
    result = fit(X, y, alpha, tol=1e-12)
    single = fit(half, y, alpha / 2.0, tol=1e-12)
    both = np.tile(single.dense()[0] / 2.0, 2)
    np.testing.assert_allclose(result.dense()[0], both, rtol=1e-6)
    assert result.converged.all()
    assert result.unique == (alpha > 0.0)


@pytest.mark.parametrize("shape", [(50, 8), (8, 20), (5000, 8)])
@pytest.mark.parametrize("sparse", [False, True])
def test_least_squares(shape: tuple[int, int], sparse: bool) -> None:
    rng = np.random.default_rng(5)
    X, y = problem(rng, *shape, sparse=True)
    result = fit(sp.csc_matrix(X) if sparse else X, y, 0.0, tol=1e-13)
    least = np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=1e-10)[0]
    np.testing.assert_allclose(result.dense()[0], least, atol=1e-6)
    assert result.solver == "least_squares"
    assert result.converged.all()
    if shape[0] > shape[1] or not sparse:
        assert result.unique == (shape[0] > shape[1])


def test_units_do_not_hide_rank() -> None:
    """Columns of very different scale are all fitted at alpha = 0."""
    rng = np.random.default_rng(6)
    X, y = problem(rng, 40, 5)
    scale = np.array([1e-9, 1.0, 1e9, 1e-4, 1e4])
    plain = fit(X, y, 0.0, solver="svd")
    result = fit(X * scale, y, 0.0, solver="svd")
    assert result.unique
    np.testing.assert_allclose(result.dense() * scale, plain.dense(), rtol=1e-9)
    np.testing.assert_allclose(
        fit(X * scale, y, 0.0).dense() * scale, plain.dense(), rtol=1e-9
    )


def test_dependent_unpenalized_columns() -> None:
    rng = np.random.default_rng(7)
    for n, p in [(40, 6), (10, 30)]:
        X, y = problem(rng, n, p)
        X[:, 1] = 2.0 * X[:, 0]
        factor = np.ones(p)
        factor[:2] = 0.0
        result = fit(X, y, 0.5, factor=factor)
        assert not result.unique
        without = np.delete(X, 1, axis=1)
        other = fit(without, y, 0.5, factor=np.delete(factor, 1))
        np.testing.assert_allclose(
            result.dense()[0, 2:], other.dense()[0, 1:], atol=1e-9
        )
        shortest = other.dense()[0, 0] * np.array([1.0, 2.0]) / 5.0
        np.testing.assert_allclose(result.dense()[0, :2], shortest, atol=1e-9)


@pytest.mark.parametrize("shape", [(50, 8), (8, 20)])
@pytest.mark.parametrize("n_targets", [3, 30])
@pytest.mark.parametrize("sparse", [False, True])
def test_many_targets(shape: tuple[int, int], n_targets: int, sparse: bool) -> None:
    """One fit of many targets and penalties is many fits of one."""
    rng = np.random.default_rng(8)
    X, _ = problem(rng, *shape, sparse=True)
    Y = rng.standard_normal((shape[0], n_targets))
    alphas = np.geomspace(1e-9, 1e3, n_targets)
    X = sp.csr_matrix(X) if sparse else X
    together = fit(X, Y, alphas, tol=1e-12)
    assert together.converged.all()
    for t in range(n_targets):
        alone = fit(X, Y[:, t], alphas[t], tol=1e-12)
        np.testing.assert_allclose(together.dense()[t], alone.dense()[0], atol=1e-6)
        np.testing.assert_allclose(together.intercepts[t], alone.intercepts[0])


def test_mixed_zero_and_positive_alphas() -> None:
    rng = np.random.default_rng(9)
    for shape in [(50, 8), (8, 20)]:
        X, _ = problem(rng, *shape)
        Y = rng.standard_normal((shape[0], 2))
        result = fit(X, Y, np.array([0.0, 2.0]))
        for t, alpha in enumerate([0.0, 2.0]):
            np.testing.assert_allclose(
                result.dense()[t], fit(X, Y[:, t], alpha).dense()[0], atol=1e-10
            )


@pytest.mark.parametrize("shape", [(50, 8), (8, 20), (5000, 60)])
def test_float32_is_solved_in_float64(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(10)
    X, y = problem(rng, *shape)
    X = X.astype(np.float32)
    for order in ("C", "F"):
        single = fit(np.asarray(X, order=order), y, 0.1)
        double = fit(X.astype(np.float64), y, 0.1)
        np.testing.assert_allclose(
            single.dense(), double.dense(), rtol=1e-10, atol=1e-12
        )


def test_constant_target() -> None:
    rng = np.random.default_rng(11)
    X, _ = problem(rng, 20, 3)
    result = fit(X, np.full(20, 0.1), 1.0)
    assert not result.dense().any()
    assert result.converged.all()
    np.testing.assert_allclose(result.intercepts, 0.1)


def test_all_columns_constant_or_excluded() -> None:
    X = np.ones((6, 2))
    y = np.arange(6.0)
    for stored in (X, sp.csc_matrix(X), X[:1], X[:1].repeat(3, axis=1)):
        for solver in ("auto", "conjugate_gradient"):
            target = y[: stored.shape[0]]
            result = fit(stored, target, 1.0, solver=solver)
            assert not result.dense().any()
            assert result.converged.all()


def test_overflow_is_no_answer() -> None:
    X = np.array([[1e200, 1.0], [-1e200, 2.0], [3.0, 4.0]])
    for stored in (X, X.T.copy()):
        result = fit(stored, np.arange(len(stored)), 1.0)
        assert not np.isfinite(result.dual_gaps).all()
        assert not result.converged.all()


def test_solver_names() -> None:
    rng = np.random.default_rng(12)
    X, y = problem(rng, 30, 4)
    assert fit(X, y).solver == "cholesky"
    assert fit(X[:3], y[:3]).solver == "dual_cholesky"
    assert fit(X, y, solver="svd").solver == "svd"
    assert fit(X, y, solver="conjugate_gradient").solver == "conjugate_gradient"
    assert fit(np.hstack([X, X]), y, 1e-20).solver == "svd"


def test_sparse_stays_sparse() -> None:
    X = sp.random(50, 10, density=0.3, format="csc", random_state=0)
    with pytest.raises(ValueError, match="dense copy of a sparse X"):
        fit(X, np.arange(50.0), solver="svd")


def test_large_sparse_iterates() -> None:
    rng = np.random.default_rng(13)
    X = sp.random(2500, 3000, density=0.002, format="csr", random_state=rng)
    y = rng.standard_normal(2500)
    result = fit(X, y, 1.0, tol=1e-12)
    assert result.solver == "conjugate_gradient"
    assert result.converged.all()
    factor = np.ones(3000)
    factor[:5] = 0.0
    assert fit(X, y, 1.0, factor=factor).converged.all()
    stopped = fit(X, y, 1e-3, tol=1e-14, max_iter=2)
    assert stopped.n_iters[0] == 2
    assert not stopped.converged.any()


@pytest.mark.parametrize("condition", [1e2, 1e3, 1e5])
@pytest.mark.parametrize("alpha", [1e-9, 1e-3, 1.0, 100.0])
def test_iterated_coefficients(condition: float, alpha: float) -> None:
    """At the default `tol` they are exact to six digits, on dependent columns too."""
    rng = np.random.default_rng(0)
    left = np.linalg.qr(rng.standard_normal((300, 40)))[0]
    right = np.linalg.qr(rng.standard_normal((40, 40)))[0]
    X = (left * np.geomspace(17.0, 17.0 / condition, 40)) @ right
    y = X @ rng.standard_normal(40) + 0.5 * rng.standard_normal(300)
    exact = fit(X, y, alpha, solver="cholesky", tol=1e-8).dense()[0]
    result = fit(X, y, alpha, solver="conjugate_gradient", tol=1e-8, max_iter=1000)
    error = np.linalg.norm(result.dense()[0] - exact)
    assert error <= 1e-6 * np.linalg.norm(exact)
    assert result.converged.all()


def test_iteration_stops_at_rounding_errors() -> None:
    """Where no step improves the answer, more of them would ruin it."""
    rng = np.random.default_rng(0)
    X = np.linalg.qr(rng.standard_normal((300, 40)))[0]
    y = X @ rng.standard_normal(40) + 0.5 * rng.standard_normal(300)
    exact = fit(X, y, 1e-9, solver="svd", tol=1e-8).dense()[0]
    result = fit(X, y, 1e-9, solver="conjugate_gradient", tol=1e-8, max_iter=1000)
    np.testing.assert_allclose(result.dense()[0], exact, rtol=1e-9)
    assert result.n_iters[0] < 50
