"""Several alphas at a time over a working set, and one look at the columns outside.

Where steps take microseconds, calls from Python at every alpha take most of the time,
and where X is large, its products with every dual point do. The columns that the next
few alphas ought to need are admitted at once (`Screen.coming`); solutions over those
columns are found by one call; and the columns outside are multiplied by all their dual
points together. What is found is kept up to the first alpha at which one of them
exceeds its threshold: the path goes back there with that column.
"""

from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.designs.protocols import RowDesign
from regkit.kernels.linear.screening import MANY
from regkit.solvers.paths.newton import NewtonPath
from regkit.solvers.paths.newton_compiled import Solved
from regkit.solvers.paths.screening import Request, Sight
from regkit.solvers.paths.walk import Asking

# So many alphas at a time, fewer where the working set is large, ...
_MOST, _MOST_LARGE = 6, 4
# ... the last of them at least this share of where the path is.
_CLOSE = 0.75
# Into large working sets, for which a miss costs more, columns are admitted that come
# so near to their threshold at the last alpha.
_NEARLY = 0.99
# Up to so many entries of X all columns are looked at: bounds take as long.
_FEW_ENTRIES = 1 << 20


class Ahead(NamedTuple):
    """Solutions over a working set."""

    solved: Solved
    duals: Floats
    """(K, n), in the design's units."""
    outside: NDArray[np.bool_]
    """(K, p), the columns that each was found without."""


class AheadPath(NewtonPath):
    """`NewtonPath` that goes ahead of what has been read of the columns outside."""

    _design: RowDesign

    def run(self, alphas: Floats) -> Asking[Solved | None]:
        """See `CompiledSteps.run`."""
        if self._model.size == len(self.coef) or not self._screen.outside.any():
            return (yield from super().run(alphas))
        is_small = self._has_few_products(self._model.size)
        alphas = alphas[: _MOST if is_small else _MOST_LARGE]
        alphas = alphas[alphas >= _CLOSE * self.alpha]
        if len(alphas) < 2 or not alphas[0] < self.alpha or not self._may_run():
            return None
        share = 1.0 if is_small else _NEARLY
        coming = self._screen.coming(float(alphas[-1]), self._model.n_active, share)
        if coming is None:
            return None
        self._admit(coming)
        self._prune(float(alphas[0]))
        return (yield from self._run_ahead(alphas)) if self._may_run() else None

    def _run_ahead(self, alphas: Floats) -> Asking[Solved | None]:
        """Solve over the working set, and keep what holds for all columns."""
        start, before = self.alpha, self._screen.present
        solved, duals, outside = self._solve_ahead(alphas)
        done = len(solved.found)
        if done == 0:
            return None
        columns, products, sights = yield from self._look(duals, alphas)
        over = self._exceeding(columns, products, alphas[:done])
        over &= outside if columns is self._every else outside[:, columns]
        good = int(np.argmax(over.any(axis=1))) if over.any() else done
        self._note(duals[:good], alphas, columns, products, [before, *sights])
        self._n_settled += good
        if good < done:
            # Back to larger alphas, from the last solution: it is no further away.
            self.alpha = float(alphas[good - 1]) if good else start
            self._settled_curvature = self._curvature
            self._may_extrapolate = False
            self._n_solves = 0
            self._admit(columns[over[good] & self._screen.outside[columns]])
        kept = Solved(solved.columns, solved.coefs[:good], solved.found[:good])
        return kept if good else None

    def _solve_ahead(self, alphas: Floats) -> Ahead:
        """Solve over the working set, for as many alphas as the kernel does."""
        columns, n_alphas = np.sort(self._model.columns), len(alphas)
        coefs, found = np.zeros((n_alphas, len(columns))), np.empty((n_alphas, 4))
        duals = np.empty((n_alphas, len(self.eta)))
        outside = np.empty((n_alphas, len(self.coef)), dtype=np.bool_)
        done, self._least_alpha = 0, float(alphas[-1])
        while done < n_alphas:
            part = self._run(alphas[done:], duals[done:])
            end = done + len(part.found)
            coefs[done:end, np.searchsorted(columns, part.columns)] = part.coefs
            found[done:end], outside[done:end] = part.found, self._screen.outside
            done = end
            if not self._wants_gram:
                break
            # (Which drops columns.)
            self._form(float(alphas[done]))
        self._least_alpha = inf
        solved = Solved(columns, coefs[:done], found[:done])
        return Ahead(solved, self._root * duals[:done], outside[:done])

    def _look(
        self, duals: Floats, alphas: Floats
    ) -> Asking[tuple[Indices, Floats, list[Sight]]]:
        """Return the columns that may exceed their thresholds, and their products.

        Those are (duals, columns). Where not all columns are looked at, what is known
        of the others comes third.
        """
        design, screen, every = self._design, self._screen, self._every
        if design.n_samples * len(every) <= _FEW_ENTRIES:
            return every, design.correlate(np.ascontiguousarray(duals.T)).T, []
        # Between two points of which all is known little is undecided.
        end = float(alphas[len(duals) - 1])
        last = screen.sight(duals[-1], end)
        if len(last.undecided) > MANY * len(every):
            answer = yield Request(duals[-1], every)
            screen.take(duals[-1], answer)
            last = screen.sight(duals[-1], end)
        earlier = zip(duals[:-1], alphas.tolist(), strict=False)
        sights = [*(screen.sight(dual, alpha) for dual, alpha in earlier), last]
        is_undecided = np.zeros(len(every), dtype=np.bool_)
        for sight in sights:
            is_undecided[sight.undecided] = True
        columns = np.flatnonzero(is_undecided)
        designs = [design] * len(duals)
        products = design.correlate_together(designs, list(duals), columns)
        return columns, products, sights

    def _exceeding(self, columns: Indices, products: Floats, alphas: Floats) -> Any:
        """Return which columns exceed their thresholds, (alphas, columns)."""
        penalty = self.penalty
        threshold = np.multiply.outer(alphas, penalty.l1[columns])
        over = (products > threshold) & (penalty.upper[columns] > 0.0)
        over |= (products < -threshold) & (penalty.lower[columns] < 0.0)
        return over

    def _note(
        self,
        duals: Floats,
        alphas: Floats,
        columns: Indices,
        products: Floats,
        sights: list[Sight],
    ) -> None:
        """Have the screen see the last two solutions.

        The first of ``sights`` is that before them.
        """
        screen = self._screen
        if len(duals) == 0:
            screen.present = sights[0]
        for k in range(max(0, len(duals) - 2), len(duals)):
            if columns is self._every:
                screen.see_all(products[k], float(alphas[k]))
                continue
            screen.present = sights[1 + k]
            screen.correlation[columns] = products[k]
            screen.settle(float(alphas[k]))
