"""What users are told when an answer is not all they asked for, or none."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from regkit._warn import warn


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


def warn_not_converged(
    name: str,
    gaps: NDArray[np.float64],
    scales: NDArray[np.float64],
    converged: NDArray[np.bool_],
    labels: tuple[str, NDArray[Any]],
    *,
    tol: float,
    max_iter: int,
) -> None:
    """Warn that some problems stopped short of `tol`, showing the worst of them.

    Parameters
    ----------
    name : str
        Estimator or function.
    gaps : ndarray of shape (n_problems,)
        Duality gaps reached.
    scales : ndarray of shape (n_problems,)
        What `tol` is relative to.
    converged : ndarray of shape (n_problems,)
        Which gaps are small enough.
    labels : tuple of (str, ndarray of shape (n_problems,))
        What tells the problems apart: ("target", [0, 1, …]) or ("alpha", [2.5, …]).
    tol : float
        Tolerance asked for.
    max_iter : int
        Iterations allowed.
    """
    failed = np.flatnonzero(~converged)
    allowed = tol * scales
    with np.errstate(all="ignore"):
        excess = gaps[failed] / np.where(allowed[failed] > 0, allowed[failed], 1e-300)
    worst = int(failed[np.argmax(excess)])
    where = ""
    if len(gaps) > 1:
        kind, values = labels
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


def warn_not_unique(name: str, cause: str, solver: str, standardize: bool) -> None:
    """Warn that unpenalized columns depend on each other, so answers are many.

    Parameters
    ----------
    name : str
        Estimator or function.
    cause : str
        Why columns are unpenalized.
    solver : str
        What ran: all but the two path solvers return the shortest solution.
    standardize : bool
        Whether lengths are measured in the units of standardized columns.
    """
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


def warn_not_judged(name: str, cv: Any, alphas: NDArray[np.float64]) -> None:
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
        f"{name} with cv={cv!r} could not judge {len(alphas)} of the alphas, "
        f"{alphas.max():.4g} and below: the fit passes through too many rows, so that "
        "their errors when left out are lost to rounding. These alphas take no part in "
        "the choice; try larger ones, or folds, for example cv=5.",
    )


def unpenalized_cause(alpha: Any, factor: NDArray[np.float64] | None) -> str:
    """Say why columns are unpenalized, in half a sentence; empty when none is."""
    if not np.all(alpha):
        return "alpha=0 leaves the columns unpenalized"
    if factor is not None and not np.all(factor):
        return "penalty_factor=0 leaves columns unpenalized"
    return ""
