"""Ridge errors of rows left out one at a time, exactly and without refitting.

Without row i, the fit misses y_i by ``e_i / (1 - h_i)``, where e_i is the residual and
h_i the leverage of the fit with all rows (PRESS: D. M. Allen, Technometrics 16, 1974).
Generalized cross-validation replaces each h_i by their mean (G. H. Golub, M. Heath and
G. Wahba, Technometrics 21, 1979).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS, Floats
from regkit.designs import RowDesign
from regkit.parallel.threads import map_in_threads, one_blas_thread
from regkit.solvers.alpha_scales import mean_scale
from regkit.solvers.ridge.basis import Basis, RidgeData, Sweep
from regkit.solvers.ridge.column_basis import ColumnBasis, DampedSweep
from regkit.solvers.ridge.route import FEW_ENTRIES, LARGEST_GRAM, solve_ridge
from regkit.solvers.ridge.row_basis import RowBasis
from regkit.solvers.ridge.tridiagonal_basis import TridiagonalBasis

# Rows that are refitted without, at most, where the shortcut has too few digits.
MOST_REFITS = 50
# Up to this many columns, one fit per alpha is affordable where nothing else is
# precise.
DAMPED = 500
DAMPED_REMAINING = 1e-6
# Entries for rows that are processed at a time, so that they stay in cache …
CHUNK = 1 << 18
# … and from how many on this pays on several threads.
_WORTHWHILE = 1 << 18


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Errors of rows when they are left out, for A alphas and T targets.

    Attributes
    ----------
    mean : ndarray (A, T) or (A, 1)
        Weighted means of the squared errors, of each target or of their average; NaN
        where they could not be found to many digits.
    se : ndarray of the same shape
        Standard errors of ``mean``.
    errors : ndarray (n, T, A) or None
        ``y`` minus what the fit without the row predicts.
    """

    mean: Floats
    se: Floats
    errors: Floats | None


class TooLarge(ValueError):
    """A sparse X has too many rows and columns for a dense decomposition."""


def decompose(data: RidgeData) -> Iterator[Basis]:
    """Give bases of ``data``, the next more precise and more expensive.

    Raises
    ------
    TooLarge
        When it would need a dense matrix too large for a sparse X.
    FloatingPointError
        When squares overflow.
    """
    design = data.design
    n, p = design.n_samples, design.n_features
    is_tall = n > 1.1 * p + 10
    size = p if is_tall else n
    if design.is_sparse and size > LARGEST_GRAM:
        raise TooLarge(
            f"Leaving out one row at a time would need a dense {size} x {size} matrix "
            "for this sparse X; use folds, for example cv=5."
        )
    by_gram = ColumnBasis.from_gram if is_tall else TridiagonalBasis.from_gram
    squared: Basis | None = by_gram(data)
    if not np.isfinite(design.lengths).all():
        raise FloatingPointError("Sums of squares of X overflow.")
    if squared is not None:
        yield squared
    if is_tall:
        yield ColumnBasis.from_singular_values(data)
    elif not design.is_sparse or n * p <= FEW_ENTRIES:
        yield RowBasis(data)


def generalized(data: RidgeData, alphas: Floats, bases: Iterable[Basis]) -> Floats:
    """Return ``|y - fit|² / (1 - tr(H)/n)²``, the squares weighted, shape (A, T).

    ``bases`` are those of `decompose`. NaN where rounding errors leave nothing of it.
    """
    n = data.n_rows
    values = np.full((len(alphas), data.raw.shape[1]), np.nan)
    todo = np.arange(len(alphas))
    for basis in bases:
        mine = todo[basis.is_precise(alphas[todo])]
        if len(mine):
            left, squares = basis.degrees_left(alphas[mine])
            with np.errstate(all="ignore"):
                found = squares / (left / n)[:, None] ** 2
            found[left <= 1e3 * EPS * n] = np.nan
            values[mine] = found
        todo = np.setdiff1d(todo, mine)
        if not len(todo):
            break
    return values


def leave_one_out(
    design: RowDesign,
    data: RidgeData,
    alphas: Floats,
    bases: Iterable[Basis],
    *,
    per_target: bool,
    keep_errors: bool,
    n_threads: int,
) -> LeftOut:
    """Return the errors of every row for every alpha.

    Parameters
    ----------
    design : RowDesign
        Whose rows are left out: that of ``data``.
    data : RidgeData
        With two rows of positive weight at least.
    alphas : ndarray (A,)
        For weights that sum to 1.
    bases : iterable of Basis
        Those of `decompose`.
    per_target : bool
        Whether targets have errors of their own; otherwise their average counts.
    keep_errors : bool
        Whether the errors are kept, n T A numbers.
    n_threads : int
        How many blocks of rows may be worked on at the same time.
    """
    ledger = _Ledger(design, data, alphas, per_target, keep_errors, n_threads)
    todo = np.arange(len(alphas))
    for basis in bases:
        mine = todo[basis.is_precise(alphas[todo])]
        if len(mine):
            least = basis.least_remaining(alphas[mine])
            ledger.enter(basis.sweep(alphas[mine]), mine, least)
        todo = todo[~ledger.is_complete[todo]]
        if not len(todo):
            break
    if data.design.n_features <= DAMPED:
        for k in todo[~ledger.is_entered[todo]]:
            sweep = DampedSweep(data, float(alphas[k]))
            ledger.enter(sweep, np.array([k]), np.full(1, DAMPED_REMAINING))
    return ledger.close()


class _Ledger:
    """Collects errors, some alphas and some rows at a time."""

    def __init__(
        self,
        design: RowDesign,
        data: RidgeData,
        alphas: Floats,
        per_target: bool,
        keep_errors: bool,
        n_threads: int,
    ) -> None:
        self._design, self._n_threads = design, n_threads
        n, n_targets = data.raw.shape
        self._data, self._alphas = data, alphas
        self._errors = np.zeros((n, n_targets, len(alphas))) if keep_errors else None
        n_means = n_targets if per_target else 1
        self._moments = np.full((2, n_means, len(alphas)), np.nan)
        self._unsure = np.zeros((n, len(alphas)), dtype=np.bool_)
        self._n_unsure = np.zeros(len(alphas), dtype=np.int64)

    @property
    def is_entered(self) -> NDArray[np.bool_]:
        """Which alphas have errors, shape (A,)."""
        entered: NDArray[np.bool_] = ~np.isnan(self._moments[0, 0])
        return entered

    @property
    def is_complete(self) -> NDArray[np.bool_]:
        """Which alphas have all their errors, shape (A,)."""
        complete: NDArray[np.bool_] = self.is_entered & (self._n_unsure == 0)
        return complete

    def enter(self, sweep: Sweep, mine: NDArray[np.intp], least: Floats) -> None:
        """Take down what ``sweep`` says of its alphas, where 1 - h is not too small."""
        data, n_targets = self._data, self._data.raw.shape[1]
        if self._n_unsure[mine].any():
            self._unsure[:, mine] = False
            self._n_unsure[mine] = 0

        def enter_part(part: slice) -> tuple[Floats, NDArray[np.int64] | int]:
            remaining, errors = sweep.evaluate(part)
            moments, unsure = self._divide(data.weights[part], errors, remaining, least)
            if unsure is not None:
                self._unsure[part, mine] = unsure
            if self._errors is not None:
                self._errors[part, :, mine] = errors
            return moments, 0 if unsure is None else unsure.sum(axis=0)

        n = len(data.weights)
        step = max(16, CHUNK // (sweep.width + n_targets * len(mine)))
        parts = [slice(i, min(i + step, n)) for i in range(0, n, step)]
        if n * sweep.width < _WORTHWHILE:
            found = [enter_part(part) for part in parts]
        else:
            with one_blas_thread():
                found = map_in_threads(enter_part, parts, self._n_threads)
        self._moments[:, :, mine] = sum(moments for moments, _ in found)
        self._n_unsure[mine] += sum(count for _, count in found)

    def _divide(
        self, weights: Floats, errors: Floats, remaining: Floats, least: Floats
    ) -> tuple[Floats, NDArray[np.bool_] | None]:
        """Turn residuals into errors, in place; return their moments and the unsure."""
        # Loaded here: only rows left out need it.
        from regkit.kernels.linear import left_out as kernels

        moments = np.zeros((2, self._moments.shape[1], len(least)))
        unsure = np.zeros(remaining.shape, dtype=np.bool_)
        is_unsure = kernels.left_out_errors(
            errors, remaining, least, weights, moments, unsure
        )
        return moments, unsure if is_unsure else None

    def close(self) -> LeftOut:
        """Refit where that is needed and feasible, and sum up."""
        data = self._data
        self._moments[:, :, self._n_unsure > MOST_REFITS] = np.nan
        known = self.is_entered
        unsure = np.empty(0, dtype=np.intp)
        if self._n_unsure[known].any():
            unsure = np.flatnonzero(self._unsure[:, known].any(axis=1))
        for i in unsure:
            mine = np.flatnonzero(self._unsure[i] & known)
            errors = _refit_without(
                self._design, data, np.array([i]), self._alphas[mine]
            )
            whole = np.ones((1, len(mine)))
            self._moments[:, :, mine] += self._divide(
                data.weights[[i]], errors, whole, np.zeros(len(mine))
            )[0]
            if self._errors is not None:
                self._errors[i, :, mine] = errors[0].T
        absent = np.flatnonzero(data.weights == 0.0)
        if self._errors is not None and len(absent):
            self._errors[absent] = _refit_without(
                self._design, data, absent, self._alphas
            )
        mean, square = np.moveaxis(self._moments, 2, 1)
        variance = np.maximum(square - mean**2, 0.0)
        return LeftOut(mean, np.sqrt(variance / (data.n_rows - 1)), self._errors)


def _refit_without(
    design: RowDesign, data: RidgeData, rows: NDArray[np.intp], alphas: Floats
) -> Floats:
    """Return the errors (m, T, A) of rows by fitting again without all of them.

    The penalty stays what it was, in the units of the columns' scales over all rows.
    """
    n_targets = data.raw.shape[1]
    weights = data.weights.copy()
    weights[rows] = 0.0
    others = design.reweighted(weights)
    result = solve_ridge(
        others,
        data.raw,
        np.tile(mean_scale(alphas, others.total_weight), n_targets),
        data.factor * (design.scale / others.scale) ** 2,
        columns=np.repeat(np.arange(n_targets), len(alphas)),
    )
    coefs = result.coefs
    fitted = others.fitted(rows, np.arange(design.n_features), coefs)
    fitted += others.offset @ coefs + result.intercepts
    errors = data.raw[rows][:, :, None] - fitted.reshape(len(rows), n_targets, -1)
    return np.ascontiguousarray(errors)
