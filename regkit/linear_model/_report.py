"""Reports of answers that are not all that was asked for, and of none at all."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from regkit._warn import warn
from regkit.solvers.results import PathResult


def report(
    name: str,
    result: PathResult,
    *,
    factor: NDArray[np.float64] | None,
    standardize: bool,
    tol: float,
    max_iter: int | None,
    kind: str = "alpha",
) -> None:
    """Raise or warn where solutions are not what was asked for.

    Parameters
    ----------
    name : str
        Estimator or function, and which of its fits.
    result : PathResult
        With alphas on the user's scale.
    factor : ndarray of shape (n_features,) or None
        The penalty factors.
    standardize : bool
    tol : float
        Tolerance asked for.
    max_iter : int or None
        Iterations allowed; None where a solver chose them.
    kind : str, default="alpha"
        What distinguishes the problems: their alphas; any other name, such as
        "target", is followed by their numbers.

    Raises
    ------
    ValueError
        When squares of the data overflow float64.

    Warns
    -----
    ConvergenceWarning
        When a duality gap is above `tol`.
    UserWarning
        When coefficients are not unique.
    """
    raise_if_overflowed(name, result.dual_gaps, result.intercepts)
    if not result.converged.all():
        values = result.alphas if kind == "alpha" else np.arange(result.alphas.size)
        _warn_not_converged(name, result, kind, values.ravel(), tol, max_iter)
    if not result.unique:
        cause = _unpenalized_cause(result.alphas, factor)
        if cause:
            _warn_not_unique(name, cause, result.solver, standardize)


def raise_if_overflowed(name: str, *results: NDArray[np.float64]) -> None:
    """Raise where squares of the data do not fit into float64.

    Parameters
    ----------
    name : str
        Estimator or function.
    *results : ndarrays
        Numbers that overflow turns into inf or NaN.

    Raises
    ------
    ValueError
        With the remedy.
    """
    for numbers in results:
        if not np.isfinite(numbers).all():
            raise ValueError(
                f"{name} cannot solve this problem in float64: sums of squares of X or "
                "y overflow; rescale them."
            )


def _warn_not_converged(
    name: str,
    result: PathResult,
    kind: str,
    values: NDArray[Any],
    tol: float,
    max_iter: int | None,
) -> None:
    """Warn that some problems stopped short of `tol`, showing the worst of them."""
    gaps, scales = result.dual_gaps.ravel(), result.null_objectives.ravel()
    failed = np.flatnonzero(~result.converged.ravel())
    allowed = tol * scales
    with np.errstate(all="ignore"):
        excess = gaps[failed] / np.where(allowed[failed] > 0, allowed[failed], 1e-300)
    worst = int(failed[np.argmax(excess)])
    where = ""
    if len(gaps) > 1:
        where = (
            f" for {len(failed)} of {len(gaps)} {kind}s"
            f" (shown: {kind} {values[worst]:.6g})"
        )
    warn(
        f"{name} did not converge{where}: the duality gap is {gaps[worst]:.3g}, but "
        f"tol={tol:g} asks for {allowed[worst]:.3g}, that is tol times "
        f"{scales[worst]:.3g}, the objective of the model without features. Increase "
        f"max_iter (now {max_iter}), or increase tol to accept this answer.",
        ConvergenceWarning,
    )


def _warn_not_unique(name: str, cause: str, solver: str, standardize: bool) -> None:
    """Warn that unpenalized columns are linearly dependent: solutions are many."""
    # All but the two path solvers return the shortest solution.
    if "active_set" in solver or "coordinate_descent" in solver:
        which = "one of them"
    else:
        units = ", of the standardized coefficients," if standardize else ""
        which = f"the one of smallest Euclidean norm{units}"
    warn(
        f"The coefficients of {name} are not unique: {cause}, and those columns of X "
        f"are linearly dependent. Among the solutions, which all predict the training "
        f"rows equally, {which} is returned; a positive penalty makes it unique.",
    )


def warn_at_grid_edge(name: str, advice: str) -> None:
    """Warn that the best alpha may lie outside of the grid.

    Parameters
    ----------
    name : str
        Estimator.
    advice : str
        Which way to extend the grid.
    """
    warn(f"{name}: {advice}")


def warn_not_estimated(name: str, cv: Any, alphas: NDArray[np.float64]) -> None:
    """Warn that some alphas are so small that errors drown in rounding errors.

    Parameters
    ----------
    name : str
        Estimator.
    cv : None or "gcv"
        How errors were to be found.
    alphas : ndarray
        Those without errors.
    """
    warn(
        f"{name} with cv={cv!r} could not estimate the error of {len(alphas)} of the "
        f"alphas, {alphas.max():.4g} and below: the fit passes through too many rows, "
        "so that their errors when left out are lost to rounding. These alphas take no "
        "part in the choice; try larger ones, or folds, for example cv=5.",
    )


def _unpenalized_cause(alpha: Any, factor: NDArray[np.float64] | None) -> str:
    """State why columns are unpenalized, in half a sentence; empty when none is."""
    if not np.all(alpha):
        return "alpha=0 leaves the columns unpenalized"
    if factor is not None and not np.all(factor):
        return "penalty_factor=0 leaves columns unpenalized"
    return ""
