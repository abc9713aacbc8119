"""Several alphas at a time over a working set, and one look at the columns outside.

Where compiled steps take microseconds, calls from Python at every alpha take most of
the time. The columns that the next few alphas ought to need are admitted at once
(`Screen.coming`); solutions over those columns are found by one call; and the columns
outside are multiplied by all their dual points together. What is found is kept up to
the first alpha at which one of them exceeds its threshold: there the path goes on from
the solution before, with that column.
"""

from typing import Any

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs.protocols import RowDesign
from regkit.kernels.linear.screening import MANY
from regkit.solvers.paths.newton import NewtonPath
from regkit.solvers.paths.newton_compiled import Solved
from regkit.solvers.paths.screening import Answer

# So many alphas at a time, ...
_MOST = 6
# ... the last of them at least this share of where the path is.
_CLOSE = 0.75
# Up to so many entries of X all columns are looked at: bounds take as long.
_FEW_ENTRIES = 1 << 20


class AheadPath(NewtonPath):
    """`NewtonPath` that goes ahead of what it knows of the columns outside."""

    _design: RowDesign

    def run(self, alphas: Floats) -> Solved | None:
        """See `CompiledSteps.run`."""
        if self._model.size == len(self.coef) or not self._screen.outside.any():
            return super().run(alphas)
        alphas = alphas[:_MOST]
        alphas = alphas[alphas >= _CLOSE * self.alpha]
        if len(alphas) < 2 or not alphas[0] < self.alpha or not self._may_run():
            return None
        coming = self._screen.coming(float(alphas[-1]), self._model.n_active)
        if coming is None:
            return None
        self._admit(coming)
        self._prune(float(alphas[0]))
        return self._run_ahead(alphas) if self._may_run() else None

    def _run_ahead(self, alphas: Floats) -> Solved | None:
        """Solve over the working set, and keep what holds for all columns."""
        start = self.alpha, self.intercept, self._model.coef.copy()
        points = np.empty((len(alphas), 2, len(self.eta)))
        eta = self.eta
        solved = self._run(alphas, points)
        done = len(solved.found)
        if done == 0:
            return None
        duals = self._root * points[:done, 0]
        columns, products = self._look(duals, alphas)
        over = self._exceeding(columns, products, alphas[:done])
        good = int(np.argmax(over.any(axis=1))) if over.any() else done
        self._note(duals[:good], alphas, columns, products)
        self._n_settled += good
        if good < done:
            if good:
                coef = np.zeros(len(self.coef))
                coef[solved.columns] = solved.coefs[good - 1]
                at = float(alphas[good - 1]), float(solved.found[good - 1, 0])
                start = *at, coef[self._model.columns]
                eta = points[good - 1, 1].copy()
            self._go_back(eta, *start)
            self._admit(columns[over[good]])
        kept = Solved(solved.columns, solved.coefs[:good], solved.found[:good])
        return kept if good else None

    def _look(self, duals: Floats, alphas: Floats) -> tuple[Indices, Floats]:
        """Return the columns that may exceed their thresholds, and their products.

        Those are (duals, columns).
        """
        design, screen, every = self._design, self._screen, self._every
        if design.n_samples * len(every) <= _FEW_ENTRIES:
            return every, design.correlate(np.ascontiguousarray(duals.T)).T
        # Between two points of which all is known little is undecided.
        last = screen.foresee(duals[-1], float(alphas[len(duals) - 1]))
        if len(last) > MANY * len(every):
            screen.take(duals[-1], Answer(every, design.correlate(duals[-1])))
        undecided = [
            screen.foresee(dual, alpha)
            for dual, alpha in zip(duals, alphas.tolist(), strict=False)
        ]
        columns = np.unique(np.concatenate(undecided))
        designs = [design] * len(duals)
        return columns, design.correlate_together(designs, list(duals), columns)

    def _exceeding(self, columns: Indices, products: Floats, alphas: Floats) -> Any:
        """Return which columns outside exceed their thresholds, (alphas, columns)."""
        penalty = self.penalty
        threshold = np.multiply.outer(alphas, penalty.l1[columns])
        over = (products > threshold) & (penalty.upper[columns] > 0.0)
        over |= (products < -threshold) & (penalty.lower[columns] < 0.0)
        return over & self._screen.outside[columns]

    def _note(
        self, duals: Floats, alphas: Floats, columns: Indices, products: Floats
    ) -> None:
        """Have the screen see the last two solutions."""
        screen = self._screen
        for k in range(max(0, len(duals) - 2), len(duals)):
            alpha = float(alphas[k])
            if columns is self._every:
                screen.see_all(duals[k], products[k], alpha)
                continue
            screen.foresee(duals[k], alpha)
            screen.correlation[columns] = products[k]
            screen.settle(alpha)

    def _go_back(self, eta: Floats, alpha: float, intercept: Any, coef: Floats) -> None:
        """Go on from an earlier solution; the model is formed anew there."""
        model = self._model
        self.alpha, self.intercept, self.eta = alpha, intercept, eta
        model.restart(coef)
        self.coef[model.columns] = coef
        self._differentiate()
        self._dual = self._residual
        self._settled_curvature = self._curvature
        self._may_extrapolate = False
        self._weight = np.empty(0)
        self._products = None
