"""Ridge errors where only the moments of the rows are held.

Rows that can be read again are left out one at a time: the moments give the directions
in which ridge shrinks, a pass every row's leverage and residual. Where the squares of X
have too few digits, a pass before finds singular values; where an error depends on one
row alone, a pass after sums up the others; see `regkit.solvers.ridge.passes`.
"""

from typing import Any, Protocol

import numpy as np

from regkit._types import Floats
from regkit.designs.centered_moments import CenteredMoments
from regkit.designs.reduced import ReducedDesign
from regkit.solvers.ridge.basis import RidgeData
from regkit.solvers.ridge.column_basis import ColumnBasis, DampedSweep
from regkit.solvers.ridge.leave_one_out import (
    DAMPED,
    DAMPED_REMAINING,
    MOST_REFITS,
    LeftOut,
    generalized,
)
from regkit.solvers.ridge.passes import (
    Answer,
    Fits,
    Frame,
    Question,
    refit_without,
)


class RowPasses(Protocol):
    """Passes over the rows that the moments are of."""

    def triangle(self, frame: Frame) -> Floats:
        """Return R of a QR decomposition of the rows of Z beside the targets."""

    def judge(self, question: Question) -> Answer:
        """Return sums over the errors of all rows, each left out."""


class RidgeFromMoments:
    """Ridge on moments, made more precise by passes over the rows where needed.

    Attributes
    ----------
    design : ReducedDesign
        Of all rows; replaced by one with more digits where a pass has found them.
    """

    def __init__(
        self,
        design: ReducedDesign,
        moments: CenteredMoments,
        factor: Floats,
        passes: RowPasses | None,
    ) -> None:
        """Prepare the problem.

        Parameters
        ----------
        design : ReducedDesign
            Of ``moments``.
        moments : CenteredMoments
            Of all rows.
        factor : ndarray (p,)
            Of the penalty.
        passes : RowPasses or None
            None where the rows cannot be read again.
        """
        self.design, self._passes = design, passes
        self._n_rows, self._factor = moments.n_samples, factor
        self._is_refined = False

    @property
    def data(self) -> RidgeData:
        """The problem as a basis takes it."""
        design = self.design
        target, _ = design.center(design.targets)
        weights = np.full(len(target), 1.0 / len(target))
        return RidgeData(
            design,
            weights,
            design.fit_intercept,
            target,
            target,
            self._factor,
            self._n_rows,
        )

    def basis(self) -> ColumnBasis:
        """Decompose the Gram matrix; or the rows, where it has too few digits."""
        found = ColumnBasis.from_gram(self.data)
        return self._refined() if found is None else found

    def _refined(self) -> ColumnBasis:
        """Decompose the rows themselves, if they can be read."""
        if not self._is_refined and self._passes is not None:
            triangle = self._passes.triangle(Frame.of(self.design))
            self.design = self.design.refined(triangle)
        self._is_refined = True
        return ColumnBasis.from_singular_values(self.data)

    def generalized(self, basis: ColumnBasis, alphas: Floats) -> Floats:
        """Return the values of generalized cross-validation; see `generalized`.

        ``alphas`` are for weights that sum to 1, as in the next method.
        """
        if self._passes is not None and not basis.is_precise(alphas).all():
            basis = self._refined()
        return generalized(self.data, alphas, [basis])

    def leave_one_out(
        self, basis: ColumnBasis, alphas: Floats, *, per_target: bool
    ) -> LeftOut:
        """Return means and standard errors of the squared errors of every row.

        NaN where they could not be found to many digits.
        """
        if not basis.is_precise(alphas).all():
            basis = self._refined()
        every = np.arange(len(alphas))
        found, known = self._summed_up(basis, alphas, every, per_target)
        if found.n_unsure[known].any() and not self._is_refined:
            # Singular values have the digits that squares lack.
            again = known[found.n_unsure[known] > 0]
            better, _ = self._summed_up(self._refined(), alphas, again, per_target)
            found.sums[:, :, again] = better.sums[:, :, again]
            found.n_unsure[again] = better.n_unsure[again]
        few = (found.n_unsure > 0) & (found.n_unsure <= MOST_REFITS)
        if few.any():
            again = np.flatnonzero(few)
            last, _ = self._summed_up(self._refined(), alphas, again, per_target, few)
            total_weight = self.design.total_weight
            refit_without(last, self.design, self._factor, alphas * total_weight)
            found.sums[:, :, again] = last.sums[:, :, again]
        found.sums[:, :, np.setdiff1d(every, known)] = np.nan
        found.sums[:, :, found.n_unsure > MOST_REFITS] = np.nan
        mean, square = np.moveaxis(found.sums, 2, 1)
        variance = np.maximum(square - mean**2, 0.0)
        return LeftOut(mean, np.sqrt(variance / (self._n_rows - 1)), None)

    def _summed_up(
        self,
        basis: ColumnBasis,
        alphas: Floats,
        wanted: Any,
        per_target: bool,
        set_apart: Any = None,
    ) -> tuple[Answer, Any]:
        """Read the rows for some of the alphas; return also which could be solved."""
        if set_apart is None:
            set_apart = np.zeros(len(alphas), dtype=bool)
        is_precise = basis.is_precise(alphas[wanted])
        solved = wanted[is_precise]
        fits = []
        if len(solved):
            least = basis.least_remaining(alphas[solved])
            fits.append(Fits(solved, basis.sweep(alphas[solved]).parts, least))
        if self.design.n_features <= DAMPED:
            for k in wanted[~is_precise]:
                sweep = DampedSweep(self.data, float(alphas[k]))
                least = np.full(1, DAMPED_REMAINING)
                fits.append(Fits(np.array([k]), sweep.parts, least))
            solved = wanted
        frame = Frame.of(self.design)
        question = Question(frame, fits, len(alphas), per_target, set_apart)
        assert self._passes is not None
        return self._passes.judge(question), solved
