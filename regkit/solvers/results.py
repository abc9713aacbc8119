"""Solutions as every linear solver returns them, in the user's units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from regkit._types import Floats, Indices
from regkit.designs import ColumnUnits
from regkit.solvers.problem import Penalty

# So many columns have products that cost less than to put them in order.
_FEW = 128


@dataclass(frozen=True, slots=True)
class PathResult:
    """Solutions of problems that differ by penalty, by target or by both.

    The problems have a shape S: (K,) for the alphas of a path, (T,) for targets with
    one alpha each, (K, T) for the paths of several targets. Coefficients and intercepts
    are in the user's units.

    Attributes
    ----------
    alphas : ndarray S
        The penalties solved, on the solver's scale: fewer than asked for where
        ``max_nonzero`` ended a path.
    coefs : csc_array or ndarray (n_features, M)
        One column per problem, all M of them in C order of S.
    intercepts : ndarray S
    dual_gaps : ndarray S
        Certified bounds on how far each objective is from its optimum; infinite where
        sums of squares overflowed.
    null_objectives : ndarray S
        ``1/2 Σ p_i (y_i - mean)²``, or half the mean deviance of the model without
        features: the scale of ``tol``.
    losses : ndarray S
        The same of the solutions, without their penalties.
    n_iters : ndarray S of int
        Linear systems solved or sweeps made; 1 for direct routes.
    converged : ndarray S of bool
        Whether ``dual_gaps <= tol * null_objectives``.
    unique : bool
        False where an optimum is known not to be unique.
    solver : str
        What ran; several names are joined by "+".
    """

    alphas: Floats
    coefs: Any
    intercepts: Floats
    dual_gaps: Floats
    null_objectives: Floats
    losses: Floats
    n_iters: NDArray[np.int64]
    converged: NDArray[np.bool_]
    unique: bool
    solver: str

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape S of the problems."""
        return self.intercepts.shape

    def explained(self) -> Floats:
        """Return the share of the null objectives that the solutions take away.

        0 where there is nothing to explain.
        """
        null = self.null_objectives
        left = np.divide(self.losses, null, out=np.ones_like(null), where=null > 0.0)
        return np.clip(1.0 - left, 0.0, 1.0)

    def columns(self) -> Floats:
        """Return the coefficients as a dense array (n_features, M)."""
        if isinstance(self.coefs, np.ndarray):
            return self.coefs
        return _filled(self.coefs, slice(0, self.coefs.shape[1]))

    def dense(self) -> Floats:
        """Return the coefficients as a contiguous array (*S, n_features)."""
        columns = self.coefs
        if isinstance(columns, np.ndarray):
            found = np.ascontiguousarray(columns.T)
        else:
            found = columns.toarray(order="F").T
        return found.reshape(*self.alphas.shape, -1)

    def coef_path(self) -> Floats:
        """Return the coefficients (n_features, K); of several targets one such each."""
        coefs = np.moveaxis(self.dense(), 0, -1)
        return coefs[0] if self.intercepts.shape[1:] == (1,) else coefs

    def used(self) -> tuple[Indices, Floats]:
        """Return the columns of X that some problem uses, and their rows of `coefs`."""
        if isinstance(self.coefs, np.ndarray):
            used = np.flatnonzero(self.coefs.any(axis=1))
            return used, self.coefs[used]
        is_used = np.zeros(self.coefs.shape[0], dtype=np.bool_)
        is_used[self.coefs.indices] = True
        place = np.cumsum(is_used) - 1
        used = np.flatnonzero(is_used)
        filled = np.zeros((len(used), self.coefs.shape[1]))
        at = np.repeat(np.arange(filled.shape[1]), np.diff(self.coefs.indptr))
        filled[place[self.coefs.indices], at] = self.coefs.data
        return used, filled

    def used_in_order(self) -> tuple[Indices, Indices, Floats]:
        """Return the columns that some problem uses, those of the first ones first.

        With the first problem that uses each, ascending, and the coefficients,
        (M, columns): row m is zero from the first column on that m comes before. A few
        columns are not worth ordering: they are returned as if the first used all.
        """
        coefs = self.coefs
        p, m = coefs.shape
        if isinstance(coefs, np.ndarray):
            return np.arange(p), np.zeros(p, dtype=np.int64), coefs.T
        filled = coefs.toarray(order="F").T
        if p <= _FEW:
            return np.arange(p), np.zeros(p, dtype=np.int64), filled
        at = np.repeat(np.arange(m), np.diff(coefs.indptr))
        first = np.full(p, m)
        first[coefs.indices[::-1]] = at[::-1]  # the last one written stays
        order = np.argsort(first, kind="stable")
        columns = order[: np.count_nonzero(first < m)]
        return columns, first[columns], np.take(filled, columns, axis=1)

    def at(self, k: int) -> Self:
        """Return the solutions of all targets at the k-th alpha, (T,); dense `coefs`.

        Of a path (K,) that is one target, and the shape (1,).
        """
        per_alpha = self.coefs.shape[1] // len(self.intercepts)
        columns = slice(k * per_alpha, (k + 1) * per_alpha)
        return type(self)(
            self.alphas[k].reshape(-1),
            _filled(self.coefs, columns),
            self.intercepts[k].reshape(-1),
            self.dual_gaps[k].reshape(-1),
            self.null_objectives[k].reshape(-1),
            self.losses[k].reshape(-1),
            self.n_iters[k].reshape(-1),
            self.converged[k].reshape(-1),
            self.unique,
            self.solver,
        )

    def until(self, count: int) -> Self:
        """Return the solutions of the first ``count`` alphas of a path."""
        per_alpha = self.coefs.shape[1] // len(self.intercepts)
        coefs = self.coefs[:, : count * per_alpha]
        return self._with_arrays(coefs, lambda values: values[:count])

    def take(self, order: NDArray[np.intp]) -> Self:
        """Return the alphas in another order, each as often as it is named."""
        per_alpha = self.coefs.shape[1] // len(self.intercepts)
        columns = order[:, None] * per_alpha + np.arange(per_alpha)
        return self._with_arrays(
            self.coefs[:, columns.ravel()], lambda values: values[order]
        )

    def reshaped(self, *shape: int) -> Self:
        """Return the same problems in another shape."""
        return self._with_arrays(self.coefs, lambda values: values.reshape(shape))

    def with_gaps(self, dual_gaps: Floats, tol: float) -> Self:
        """Return the same solutions, certified by other gaps."""
        converged = dual_gaps <= tol * self.null_objectives
        return replace(self, dual_gaps=dual_gaps, converged=converged)

    def _with_arrays(self, coefs: Any, change: Any) -> Self:
        changed = {name: change(getattr(self, name)) for name in _ARRAYS}
        return replace(self, coefs=coefs, **changed)

    @classmethod
    def concat(cls, results: Sequence["PathResult"]) -> "PathResult":
        """Put results one after the other along their first axis.

        Several targets with one alpha each, or the parts of a path.
        """
        if len(results) == 1:
            return results[0]
        return _joined(
            results, _beside([result.coefs for result in results]), np.concatenate
        )

    @classmethod
    def stack(cls, results: Sequence["PathResult"]) -> "PathResult":
        """Put the paths (K,) of several targets side by side: shape (K, T)."""
        n_targets = len(results)
        if n_targets == 1:
            return results[0].reshaped(-1, 1)
        coefs = _beside([result.coefs for result in results])
        order = np.arange(coefs.shape[1]).reshape(n_targets, -1).T.ravel()
        return _joined(
            results, coefs[:, order], lambda values: np.stack(list(values), axis=1)
        )


# What has the shape of the problems.
_ARRAYS = tuple(
    field.name
    for field in fields(PathResult)
    if field.name not in ("coefs", "unique", "solver")
)


def join_names(names: Iterable[str]) -> str:
    """Join the names of what ran: each once, in the order of their first run."""
    return "+".join(dict.fromkeys(one for name in names for one in name.split("+")))


def _joined(results: Sequence[PathResult], coefs: Any, join: Any) -> PathResult:
    arrays = {
        name: join([getattr(result, name) for result in results]) for name in _ARRAYS
    }
    return PathResult(
        coefs=coefs,
        unique=all(result.unique for result in results),
        solver=join_names(result.solver for result in results),
        **arrays,
    )


def _filled(coefs: Any, columns: slice) -> Floats:
    """Return some columns of the coefficients as a dense array."""
    if isinstance(coefs, np.ndarray):
        return coefs[:, columns]
    indptr = coefs.indptr[columns.start : columns.stop + 1]
    stored = slice(indptr[0], indptr[-1])
    filled = np.zeros((coefs.shape[0], len(indptr) - 1))
    at: Any = 0  # the one column, or that of each stored entry
    if len(indptr) > 2:
        at = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    filled[coefs.indices[stored], at] = coefs.data[stored]
    return filled


def _beside(parts: Sequence[Any]) -> Any:
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts, axis=1)
    return sparse.csc_array(sparse.hstack([sparse.csc_array(p) for p in parts]))


class Solved(NamedTuple):
    """Solutions for some alphas: CSC columns in Z's units, and figures."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    values: Floats
    gaps: Floats
    residual_squares: Floats
    """|r|², of targets as the design weights them."""
    n_iters: NDArray[np.int64]
    is_unique: bool
    name: str


class CenteredTarget(Protocol):
    """What is known of a target."""

    @property
    def target_mean(self) -> float: ...
    @property
    def total(self) -> float: ...


def as_result(
    columns: ColumnUnits,
    penalty: Penalty,
    problem: CenteredTarget,
    alphas: Floats,
    solved: Solved,
    tol: float,
) -> PathResult:
    """Bring coefficients to the user's units and add the intercepts."""
    n_solved = len(solved.gaps)
    gaps, null_objective = solved.gaps, 0.5 * problem.total
    if not np.isfinite(columns.lengths).all():
        # Squares overflow: nothing is certified.
        gaps = np.full(n_solved, np.inf)
    at = solved.indices
    values = solved.values / columns.scale[at]
    if penalty.is_bounded:
        values = np.clip(values, penalty.lower[at], penalty.upper[at])
    coefs = sparse.csc_array(
        (values, solved.indices, solved.indptr), shape=(len(columns.scale), n_solved)
    )
    # Each solution's own sum; one of no nonzeros has none.
    means, some = np.zeros(n_solved), np.flatnonzero(np.diff(solved.indptr))
    if len(some):
        starts = solved.indptr[some]
        means[some] = np.add.reduceat(columns.offset[at] * values, starts)
    return PathResult(
        alphas=alphas[:n_solved],
        coefs=coefs,
        intercepts=problem.target_mean - means,
        dual_gaps=gaps,
        null_objectives=np.full(n_solved, null_objective),
        losses=0.5 * solved.residual_squares,
        n_iters=solved.n_iters,
        converged=gaps <= tol * null_objective,
        unique=solved.is_unique,
        solver=solved.name,
    )
