"""Ridge: the cheapest exact route for the shape of the problem, with a guard."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS, Floats
from regkit.designs import Design
from regkit.solvers.results import PathResult, join_names
from regkit.solvers.ridge import cholesky, conjugate_gradient, svd

# The largest Gram matrix formed of a sparse X, where products with X are cheap.
SPARSE_GRAM = 2000
# A sparse X of so few entries, zeros included, may pass through a dense array.
FEW_ENTRIES = 1 << 20
# Beyond this a Gram matrix of a sparse X is refused even on request.
LARGEST_GRAM = 20_000


class _Problems(NamedTuple):
    """Least squares with penalties, in the units of Z."""

    design: Design
    target: Floats
    columns: NDArray[np.intp]
    """(T,), the column of ``target`` that each problem is about."""
    a: Floats
    """(T,)"""
    factor: Floats
    goals: Floats
    """(T,), gaps that are small enough."""

    def chosen(self, mine: NDArray[np.intp]) -> "_Problems":
        """Give some of the problems, each with a column of its own."""
        return self._replace(
            target=self.target[:, self.columns[mine]],
            columns=np.arange(len(mine)),
            a=self.a[mine],
            goals=self.goals[mine],
        )


class _Answers:
    """Solutions in the units of Z, filled in by one route after the other."""

    def __init__(self, n_features: int, n_targets: int) -> None:
        self.coef = np.zeros((n_features, n_targets))
        self.gaps = np.full(n_targets, np.nan)
        self.n_iters = np.ones(n_targets, dtype=np.int64)
        self.unique = True
        self.routes: list[str] = []

    def take(
        self, route: str, mine: NDArray[np.intp], coef: Floats, gaps: Floats
    ) -> None:
        self.coef[:, mine] = coef
        self.gaps[mine] = gaps
        if not np.isnan(gaps).all():
            self.routes.append(route)

    @property
    def missing(self) -> NDArray[np.intp]:
        return np.flatnonzero(np.isnan(self.gaps))


def solve_ridge(
    design: Design,
    Y: Floats,
    alphas: Floats,
    factor: Floats,
    *,
    columns: NDArray[np.intp] | None = None,
    solver: str = "auto",
    tol: float = 1e-8,
    max_iter: int | None = None,
    known: cholesky.Systems | None = None,
) -> PathResult:
    """Minimize ``Σ p_i (y_i - x_iᵀb - b0)² + alpha Σ f_j b_j²`` for every problem.

    Parameters
    ----------
    design : Design
    Y : ndarray (n, U)
    alphas : ndarray (T,)
        Non-negative, one per problem, beside the mean of squares: p are the weights
        divided by their sum (see `regkit.solvers.alpha_scales`). 0 gives least
        squares, of minimum norm where the answer is not unique.
    factor : ndarray (p,)
        f: 0 leaves a column unpenalized, inf excludes it.
    columns : ndarray (T,), optional
        The column of Y of each problem; by default, one problem per column.
    solver : {"auto", "cholesky", "svd", "conjugate_gradient"}
    tol : float
        Share of the null objective that a gap may be.
    max_iter : int, optional
        Iterations of conjugate gradients; by default 10 times the smaller dimension.
    known : Systems, optional
        ``Z F⁻¹ Zᵀ + a I`` for any a, where they have been factored before.

    Returns
    -------
    result : PathResult
        Of shape (T,), in no particular order of alphas. `solver` names what ran:
        "cholesky", "dual_cholesky", "svd", "conjugate_gradient", or "least_squares"
        when every alpha is 0. An answer that is not unique is the shortest. Gaps and
        null objectives are those of half the objective; losses are not computed.

    Raises
    ------
    ValueError
        When ``solver`` would need a dense copy of a sparse X.
    """
    target, mean = design.center(Y)
    if columns is None:
        columns = np.arange(Y.shape[1])
    with np.errstate(all="ignore"):
        total = np.einsum("ij,ij->j", target, target)
        constant = np.sqrt(total) <= 8.0 * EPS * np.abs(mean)
        if constant.any():
            # A constant y: what is left of it is its mean's rounding error.
            target[:, constant] = 0.0
            total[constant] = 0.0
        mean, total = mean[columns], total[columns]
        answers = _Answers(design.n_features, len(columns))
        if np.isfinite(total).all():
            if max_iter is None:
                max_iter = 10 * min(Y.shape[0], design.n_features) + 100
            goals = 0.5 * tol * total
            problems = _Problems(design, target, columns, alphas, factor, goals)
            _run(problems, solver, max_iter, answers, known)
        gaps = np.where(np.isfinite(answers.gaps), answers.gaps, np.inf)
        coefs = answers.coef / design.scale[:, None]
        intercepts = mean - design.offset @ coefs
    everywhere_zero = not alphas.any()
    return PathResult(
        alphas=alphas,
        coefs=coefs,
        intercepts=intercepts,
        dual_gaps=gaps,
        null_objectives=0.5 * total,
        losses=np.full(len(total), np.nan),
        n_iters=answers.n_iters,
        converged=gaps <= 0.5 * tol * total,
        unique=answers.unique,
        solver="least_squares" if everywhere_zero else join_names(answers.routes),
    )


def _run(
    problems: _Problems,
    solver: str,
    max_iter: int,
    answers: _Answers,
    known: cholesky.Systems | None,
) -> None:
    """Try the routes in the order of their cost until every target has its answer."""
    design, a = problems.design, problems.a
    n, p = design.n_samples, design.n_features
    size = min(n, p)
    if design.is_sparse and solver == "svd":
        raise ValueError(
            "solver='svd' would need a dense copy of a sparse X; use 'auto', "
            "'cholesky' or 'conjugate_gradient'."
        )
    if design.is_sparse and solver == "cholesky" and size > LARGEST_GRAM:
        raise ValueError(
            f"solver='cholesky' would need a dense {size} x {size} matrix for this "
            "sparse X; use 'auto' or 'conjugate_gradient'."
        )
    everything = np.arange(len(a))
    small = not design.is_sparse or size <= SPARSE_GRAM
    if solver == "cholesky" or (solver == "auto" and small):
        if n >= p:
            found = cholesky.by_columns(*problems)
            answers.take("cholesky", everything, *found)
        elif a.any():
            mine = np.flatnonzero(a > 0.0)
            some = problems.chosen(mine)
            coef, gaps, unique = cholesky.by_rows(
                design, some.target, some.a, some.factor, some.goals, known
            )
            answers.take("dual_cholesky", mine, coef, gaps)
            answers.unique &= unique
    mine = answers.missing
    if not len(mine):
        return
    is_affordable = not design.is_sparse or (small and n >= p) or n * p <= FEW_ENTRIES
    if solver != "conjugate_gradient" and is_affordable:
        _by_svd(problems.chosen(mine), mine, answers)
    for t in answers.missing:
        _by_iteration(problems, t, max_iter, answers)


def _by_svd(problems: _Problems, mine: NDArray[np.intp], answers: _Answers) -> None:
    design, target, _, a, factor, _ = problems
    n, p = design.n_samples, design.n_features
    kept = np.flatnonzero(~(design.constant | np.isinf(factor)))
    M, t = svd.reduce_rows(design, target, kept)
    coef = np.zeros((p, len(a)))
    gaps = np.full(len(a), np.inf)
    if np.isfinite(np.einsum("ij,ij->", M, M)):
        tolerance = svd.rank_tolerance(n, p)
        zero, positive = np.flatnonzero(a == 0.0), np.flatnonzero(a > 0.0)
        if len(zero):
            found, gaps[zero], unique = svd.least_squares(M, t[:, zero], tolerance)
            coef[kept[:, None], zero] = found
            answers.unique &= unique
        if len(positive):
            found, gaps[positive], unique = svd.ridge(
                M, t[:, positive], a[positive], factor[kept], tolerance
            )
            coef[kept[:, None], positive] = found
            answers.unique &= unique
    answers.take("svd", mine, coef, gaps)


def _by_iteration(
    problems: _Problems, t: int, max_iter: int, answers: _Answers
) -> None:
    design, factor = problems.design, problems.factor
    kept = ~(design.constant | np.isinf(factor))
    penalty = np.where(kept, problems.a[t] * np.where(kept, factor, 0.0), 0.0)
    coef, gap, n_iter = conjugate_gradient.minimize(
        design,
        problems.target[:, problems.columns[t]],
        penalty,
        kept,
        problems.goals[t],
        max_iter,
    )
    answers.coef[:, t] = coef
    answers.gaps[t] = gap
    answers.n_iters[t] = n_iter
    answers.routes.append("conjugate_gradient")
    n_unpenalized = int(np.sum(kept & (penalty == 0.0)))
    if n_unpenalized > design.n_samples:
        answers.unique = False
