"""Ridge errors where rows are summed up, not held: leave-one-out and its average.

The moments of all rows give the directions in which ridge shrinks (`column_basis`), a
second pass over the rows every row's leverage and residual, and thereby its error when
it is left out (`leave_one_out`). Where squares of X have too few digits for the
directions, a pass between the two finds the triangle of a QR decomposition; where some
rows alone determine a coefficient, a last pass sums up the others without them.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats
from regkit.designs.reduced import ReducedDesign
from regkit.solvers.alpha_scales import sum_scale
from regkit.solvers.ridge.basis import RidgeData
from regkit.solvers.ridge.column_basis import ColumnBasis, DampedSweep
from regkit.solvers.ridge.leave_one_out import (
    DAMPED,
    DAMPED_REMAINING,
    MOST_REFITS,
    LeftOut,
    generalized,
)
from regkit.solvers.ridge.row_passes import (
    Fits,
    LeverageQuery,
    LeverageSums,
    RowTransform,
    join_sums,
    join_triangles,
    leverage_sums,
    refit_without,
    triangle_of,
)

Places = NDArray[np.intp]
_Sums = TypeVar("_Sums")


class RowReducer(Protocol):
    """Passes over the rows of a problem."""

    def reduce(
        self,
        task: Callable[[Any, Floats, Floats | None], _Sums],
        combine: Callable[[Iterable[_Sums]], _Sums],
    ) -> _Sums:
        """Combine what ``task(X, Y, sample_weight)`` returns for every chunk of rows.

        Y is (rows, T). Both functions may be sent to other processes.
        """


class SummedRidge:
    """A ridge problem of rows that are known by their moments.

    Attributes
    ----------
    design : ReducedDesign
        Of all rows; better known once `refine` has read them.
    """

    def __init__(
        self,
        design: ReducedDesign,
        factor: Floats,
        n_rows: int,
        rows: RowReducer | None,
    ) -> None:
        """Take the design, the penalty factors, and how to read the rows again.

        ``n_rows`` have a positive weight. ``rows`` is None where they are gone:
        leave-one-out needs them, and `generalized` does without their digits.
        """
        self.design = design
        self._factor, self._n_rows, self._rows = factor, n_rows, rows
        self._is_refined = False

    @property
    def data(self) -> RidgeData:
        """The problem as decompositions take it."""
        design = self.design
        target, _ = design.center(design.targets)
        weights = np.full(len(target), 1.0 / len(target))
        is_centered = design.fit_intercept
        return RidgeData(
            design, weights, is_centered, target, target, self._factor, self._n_rows
        )

    def basis(self) -> ColumnBasis:
        """Decompose the Gram matrix; or the rows, where it has too few digits."""
        found = ColumnBasis.from_gram(self.data)
        return self.refine() if found is None else found

    def refine(self) -> ColumnBasis:
        """Decompose the rows themselves, if they can be read again."""
        if not self._is_refined and self._rows is not None:
            task = partial(triangle_of, RowTransform.of(self.design))
            self.design = self.design.refined(self._rows.reduce(task, join_triangles))
        self._is_refined = True
        return ColumnBasis.from_singular_values(self.data)

    def generalized(self, alphas: Floats, basis: ColumnBasis) -> Floats:
        """Return the values of `leave_one_out.generalized`, (A, T)."""
        if self._rows is not None and not basis.is_precise(alphas).all():
            basis = self.refine()
        return generalized(self.data, alphas, [basis])

    def leave_one_out(
        self, alphas: Floats, basis: ColumnBasis, per_target: bool
    ) -> LeftOut:
        """Return the errors of every row for every alpha; see `leave_one_out`.

        Parameters
        ----------
        alphas : ndarray (A,)
            For weights that sum to 1.
        basis : ColumnBasis
            From `basis`.
        per_target : bool
            Whether targets have errors of their own; otherwise their average counts.
        """
        if not basis.is_precise(alphas).all():
            basis = self.refine()
        every = np.arange(len(alphas))
        none = np.zeros(len(alphas), dtype=np.bool_)
        found, known = self._left_out(basis, alphas, every, per_target, none)
        if found.n_unsure[known].any() and not self._is_refined:
            # Singular values may have the digits that squares lack.
            again = known[found.n_unsure[known] > 0]
            better, _ = self._left_out(self.refine(), alphas, again, per_target, none)
            found.sums[:, :, again] = better.sums[:, :, again]
            found.n_unsure[again] = better.n_unsure[again]
        few = (found.n_unsure > 0) & (found.n_unsure <= MOST_REFITS)
        if few.any():
            again = np.flatnonzero(few)
            last, _ = self._left_out(self.refine(), alphas, again, per_target, few)
            beside_sum = sum_scale(alphas, self.design.total_weight)
            refit_without(last, self.design, self._factor, beside_sum)
            found.sums[:, :, again] = last.sums[:, :, again]
        found.sums[:, :, np.setdiff1d(every, known)] = np.nan
        found.sums[:, :, found.n_unsure > MOST_REFITS] = np.nan
        mean, square = np.moveaxis(found.sums, 2, 1)
        variance = np.maximum(square - mean**2, 0.0)
        return LeftOut(mean, np.sqrt(variance / (self._n_rows - 1)), None)

    def _left_out(
        self,
        basis: ColumnBasis,
        alphas: Floats,
        wanted: Places,
        per_target: bool,
        set_apart: NDArray[np.bool_],
    ) -> tuple[LeverageSums, Places]:
        """Pass over the rows for some alphas; return also those with precise fits."""
        is_precise = basis.is_precise(alphas[wanted])
        known = wanted[is_precise]
        fits = []
        if len(known):
            least = basis.least_remaining(alphas[known])
            fits.append(Fits(known, basis.sweep(alphas[known]).parts, least))
        if self.design.n_features <= DAMPED:
            for k in wanted[~is_precise]:
                sweep = DampedSweep(self.data, float(alphas[k]))
                least = np.full(1, DAMPED_REMAINING)
                fits.append(Fits(np.array([k]), sweep.parts, least))
            known = wanted
        transform = RowTransform.of(self.design)
        query = LeverageQuery(transform, fits, len(alphas), per_target, set_apart)
        if self._rows is None:
            raise ValueError("leaving out rows needs rows that can be read again.")
        return self._rows.reduce(partial(leverage_sums, query), join_sums), known
