"""Gram matrices of all training sets from one pass over X.

The sums over the rows that a fold leaves out are taken from those over all rows. They
are all that its path needs, and where it is tested on the rows that it left out, its
errors follow from the same sums: nothing as long as the rows is made for a fold.
"""

from collections.abc import Sequence

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs import GramTerms, Moments, RowDesign
from regkit.parallel.threads import map_in_threads, n_threads, one_blas_thread
from regkit.solvers.folds.fold import Fold
from regkit.solvers.results import PathResult

# Entries of the folds' Gram matrices that are kept, each row being read once (128 MB);
# half as many as X has where that is more.
_KEPT = 1 << 24
# Numbers (16 MB) of an array that tells glibc how much to keep when it is freed: see
# mallopt(3) on M_MMAP_THRESHOLD. New pages took up to two fifths of a small fit.
_FREED = 1 << 21


class FoldMoments:
    """The sums over all rows, and over those that each fold leaves out."""

    def __init__(
        self, design: RowDesign, y: Floats, weight: Floats | None, folds: Sequence[Fold]
    ) -> None:
        """Read every row, once where the folds partition them.

        ``design``, of all rows, is given its Gram matrix.
        """
        # Freed at once, and never touched: from then on glibc keeps up to twice as much
        # of what is freed, and need not ask for it again, page by page, in every fold.
        np.empty(_FREED)
        self._design = design
        self._level = float(design.center(y)[1])
        self._y = y
        self._sample_weight = weight
        self._folds = folds
        self._left_out = [fold.left_out(design.n_samples) for fold in folds]
        self._center = design.guessed_center()
        self._kept: list[Moments] = []
        self._total = self._sum_all()
        if design.fit_intercept and self._total.is_far(self._center):
            self._center = self._center + self._total.shift / self._total.weight
            self._total = self._sum_all()
        if self._keeps_digits(self._total, self._total, design.fit_intercept):
            design.adopt(self._total, self._center, y)

    def _sum_all(self) -> Moments:
        n, p = self._design.n_samples, self._design.n_features
        rows = [found for found in self._left_out if found is not None]
        counts = np.zeros(n, dtype=np.int64)
        for found in rows:
            counts[found] += 1
        is_partition = bool(np.all(counts == 1))
        room = max(_KEPT, n * p // 2)
        if is_partition and len(rows) == len(self._folds) <= room // p**2:
            with one_blas_thread():
                self._kept = map_in_threads(self._sums, rows, n_threads())
            total = self._kept[0]
            for part in self._kept[1:]:
                total = total + part
            return total
        return self._sums(np.arange(n))

    def _sums(self, rows: Indices) -> Moments:
        weight = None if self._sample_weight is None else self._sample_weight[rows]
        return self._design.moments(rows, weight, self._y - self._level, self._center)

    def _moments_left_out(self, k: int) -> Moments | None:
        """Return the sums over the rows that fold k leaves out, if it is worth it."""
        rows = self._left_out[k]
        if rows is None or 2 * len(rows) > self._design.n_samples:
            return None
        return self._kept[k] if self._kept else self._sums(rows)

    def gram_terms(self, k: int) -> GramTerms | None:
        """Return the problem of the rows that fold k trains on.

        None where digits would be lost, or where the sums are not to be had from those
        over all rows.
        """
        left_out, design = self._moments_left_out(k), self._design
        if left_out is None:
            return None
        sums = self._total - left_out
        is_centered = design.fit_intercept or design.standardize
        if not self._keeps_digits(sums, self._total, is_centered):
            return None
        return sums.gram_terms(
            self._center, self._level, design.fit_intercept, design.standardize
        )

    def training_design(self, k: int) -> RowDesign:
        """Return the design of the rows that fold k trains on, its Gram matrix known.

        Where digits would be lost it is not known, and formed when it is asked for.
        """
        fold, n = self._folds[k], self._design.n_samples
        training = fold.training_weight(self._sample_weight, n)
        design = self._design.reweighted(training)
        left_out = self._moments_left_out(k)
        if left_out is not None:
            sums, whole = self._total - left_out, self._total
        else:
            rows = np.flatnonzero(training)
            sums = whole = self._design.moments(
                rows, training[rows], self._y - self._level, self._center
            )
        if self._keeps_digits(sums, whole, design.fit_intercept):
            design.adopt(sums, self._center, self._y)
        return design

    def _keeps_digits(self, sums: Moments, whole: Moments, is_centered: bool) -> bool:
        """Whether ``sums``, left of ``whole``, have digits enough."""
        return sums.keeps_digits(
            whole, self._center, is_centered
        ) and sums.keeps_target(whole, self._design.fit_intercept)

    def held_out_errors(self, k: int, path: PathResult) -> Floats | None:
        """Return the mean squared errors of fold k, (K,), if they are known.

        NaN where rounding leaves too few digits of one.
        """
        rows = self._left_out[k]
        if rows is None or not self._kept:
            return None
        if not np.array_equal(np.sort(self._folds[k].test), rows):
            return None
        columns, first, coefs = path.used_in_order()
        levels = path.intercepts + coefs @ self._center[columns] - self._level
        errors, are_exact = self._kept[k].mean_squares(columns, first, coefs, levels)
        return np.where(are_exact, errors, np.nan)
