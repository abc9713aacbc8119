"""Choosing one alpha of a grid from held-out errors or from a criterion."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any, Self

import numpy as np

from regkit._types import EPS, Floats

# Values that differ by this share are equal up to rounding errors.
_TIE = 16.0 * EPS
# Where the last step of the grid changes the error by less than this share of its
# standard error (of its value where there is none), going on would gain nothing.
_FLAT = 0.01
_FLAT_CRITERION = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class ErrorCurve:
    """What is known of each alpha; a callable `rule` receives this object.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
        The grid, in the order of `alphas_`; all other arrays have the same order.
    mean : ndarray of shape (n_alphas,)
        Mean held-out error, minus the mean score with `scoring`, or an information
        criterion: lower is better. NaN where it could not be computed.
    se : ndarray of shape (n_alphas,) or None
        Standard error of `mean`; None where there is none to estimate.
    fold_errors : ndarray of shape (n_alphas, n_folds) or None
        The errors that `mean` averages, where they were kept.
    """

    alphas: Floats
    mean: Floats
    se: Floats | None = None
    fold_errors: Floats | None = None

    @classmethod
    def of_folds(cls, alphas: Floats, errors: Floats, fold_weights: Floats) -> Self:
        """Average errors over folds, with standard errors as glmnet defines them.

        ``mean = Σ v_k e_k / Σ v_k`` and ``se² = Σ v_k (e_k - mean)² / Σ v_k / (K - 1)``
        with v the fold weights and K the number of positive ones (J. Friedman, T.
        Hastie and R. Tibshirani, Journal of Statistical Software 33, 2010).

        Parameters
        ----------
        alphas : ndarray of shape (n_alphas,)
        errors : ndarray of shape (n_alphas, n_folds)
            Mean held-out errors. An alpha with a NaN cannot be compared with the
            others: its mean is NaN. Folds of weight 0 do not count, whatever their
            errors.
        fold_weights : ndarray of shape (n_folds,)
            Sums of the held-out rows' weights; counts of rows when these are equal.

        Returns
        -------
        curve : ErrorCurve
            With standard errors of NaN where fewer than two folds have a weight.
        """
        used = fold_weights > 0.0
        found, share = errors[:, used], fold_weights[used] / fold_weights[used].sum()
        mean = found @ share
        with np.errstate(invalid="ignore"):  # inf - inf
            spread = (found - mean[:, None]) ** 2 @ share
        n_folds = int(used.sum())
        se = np.full(mean.shape, np.nan)
        if n_folds > 1:
            se = np.sqrt(spread / (n_folds - 1))
        return cls(alphas, mean, se, errors)

    @property
    def index_min(self) -> int:
        """Where the mean error is least; of equals, the largest alpha.

        Raises
        ------
        ValueError
            When no alpha has a finite error.
        """
        finite = np.isfinite(self.mean)
        if not finite.any():
            raise ValueError(
                "No alpha can be chosen: the held-out errors, or the criterion, are "
                f"NaN or infinite for all {len(self.mean)} alphas."
            )
        lowest = float(self.mean[finite].min())
        chosen = self.mean <= lowest + _TIE * abs(lowest)
        return int(np.argmax(np.where(chosen, self.alphas, -np.inf)))

    @property
    def index_1se(self) -> int | None:
        """Where alpha is largest among errors within one `se` of the least.

        None without standard errors.
        """
        least = self.index_min
        if self.se is None or not np.isfinite(self.se[least]):
            return None
        chosen = self.mean <= self.mean[least] + self.se[least]
        return int(np.argmax(np.where(chosen, self.alphas, -np.inf)))

    def is_flat(self, first: int, second: int) -> bool:
        """Whether the errors of two alphas differ by too little to matter."""
        change = abs(float(self.mean[first] - self.mean[second]))
        if self.se is not None and np.isfinite(self.se[first]):
            return change <= _FLAT * float(self.se[first])
        return change <= _FLAT_CRITERION * abs(float(self.mean[first]))


@dataclass(frozen=True, slots=True)
class Choice:
    """The alpha that a rule chose.

    Attributes
    ----------
    index : int
        Its place in the curve's alphas.
    index_min : int
        The place of the least mean error.
    index_1se : int or None
        The place of the largest alpha within one standard error of it, where there are
        standard errors.
    edge : str
        What to do where the grid ended too early, in half a sentence; empty elsewhere.
    is_worth_a_warning : bool
        Whether the error still falls at that end.
    """

    index: int
    index_min: int
    index_1se: int | None
    edge: str
    is_worth_a_warning: bool


Rule = str | Callable[[ErrorCurve], Any]


def choose(
    curve: ErrorCurve, rule: Rule, is_null_at_largest: Callable[[], bool] = bool
) -> Choice:
    """Choose an alpha.

    Parameters
    ----------
    curve : ErrorCurve
    rule : {"min", "1se"} or callable
        A callable takes the curve and returns an index into its alphas.
    is_null_at_largest : callable
        Whether all penalized coefficients are 0 at the largest alpha, so that larger
        ones would change nothing; asked where that one is chosen. By default, no.

    Returns
    -------
    choice : Choice

    Raises
    ------
    ValueError
        When no error is finite, when "1se" lacks standard errors, or when the callable
        returns no index.
    """
    least, within = curve.index_min, curve.index_1se
    lowest = least
    if callable(rule):
        index = lowest = _called(rule, curve)
    elif rule == "min":
        index = least
    elif within is None:
        raise ValueError(
            "rule='1se' needs standard errors, that is held-out errors of at "
            "least two folds; use rule='min'."
        )
    else:
        index = within
    edge, is_promising = _look_at_edges(curve, index, lowest, is_null_at_largest)
    return Choice(index, least, within, edge, is_promising)


def _look_at_edges(
    curve: ErrorCurve,
    index: int,
    lowest: int,
    is_null_at_largest: Callable[[], bool],
) -> tuple[str, bool]:
    """Return what is wrong with an end of the grid, and whether it matters.

    At the small end the place of the least error counts, since "1se" depends on it.
    """
    alphas = curve.alphas
    smallest, largest = int(np.argmin(alphas)), int(np.argmax(alphas))
    if alphas[smallest] == alphas[largest]:
        return "", False
    if lowest == smallest and alphas[smallest] > 0.0:
        what, end, direction, at = "least error", "smallest", "smaller", smallest
        beside = np.where(alphas > alphas[at], alphas, np.inf).argmin()
    elif index == largest and not is_null_at_largest():
        what, end, direction, at = "chosen alpha", "largest", "larger", largest
        beside = np.where(alphas < alphas[at], alphas, -np.inf).argmax()
    else:
        return "", False
    if lowest == index:
        what = "chosen alpha"
    advice = (
        f"the {what} is at the edge of the grid: {alphas[at]:.4g} is the {end} of the "
        f"alphas tried, and {direction} ones may do better. Extend the grid with "
        f"{direction} alphas."
    )
    return advice, not curve.is_flat(at, int(beside))


def _called(rule: Callable[[ErrorCurve], Any], curve: ErrorCurve) -> int:
    index = rule(curve)
    n_alphas = len(curve.alphas)
    is_index = isinstance(index, int | np.integer) and not isinstance(index, bool)
    if not is_index or not 0 <= index < n_alphas:
        raise ValueError(
            f"rule must return an index from 0 to {n_alphas - 1}, got {index!r}."
        )
    return int(index)


def score_of(
    scoring: Any, scorer: Callable[..., Any], model: Any, X: Any, y: Any, params: Any
) -> float:
    """Return the score of a model, which must be a real number or NaN.

    NaN where all rows have weight 0: a fold of such rows does not count.

    Raises
    ------
    ValueError
        When it is anything else, or when the scorer of the parameter ``scoring`` does
        not apply: it needs probabilities of a regressor, or refuses y.
    """
    weight = params.get("sample_weight")
    if weight is not None and not np.any(weight):
        return np.nan
    try:
        found = scorer(model, X, y, **params)
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"scoring={scoring!r} cannot score these predictions: {error}"
        ) from error
    value = found.item() if np.ndim(found) == 0 and hasattr(found, "item") else found
    if not isinstance(value, Real):
        raise ValueError(
            f"scoring must return a number, got {found!r} ({type(found).__name__})."
        )
    return float(value)
