"""An independent certificate of fits of classes and counts.

The duality gap is that of `tests.loss_problem`, which shares no code with any solver
and is valid for every dual point. The better of two is taken: the gradient at the fit
itself, as any user could take it, whose gap is about the root of the suboptimality;
and the gradient at a solution that regkit has carried on to ``_TIGHT``, which makes
the gap the suboptimality itself, whoever's fit is judged.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from benchmarks.loss_problems import LossProblem
from tests.loss_problem import state

# A dual point is off by the root of its gap, to first order.
_TIGHT = 1e-30


def _arranged(coefs: Any, at: int, n_outputs: int) -> Any:
    """Return one alpha's coefficients, (n_outputs, n_features)."""
    column = coefs[:, [at]]
    column = column.toarray() if hasattr(column, "toarray") else np.asarray(column)
    return column.reshape(n_outputs, -1)


class Judge:
    """The gaps of solutions at some alphas of a path, relative to the null deviance."""

    def __init__(
        self,
        problem: LossProblem,
        places: Sequence[int],
        *,
        l1_ratio: float = 1.0,
        fit_intercept: bool = True,
    ) -> None:
        """Solve the problem tightly, once for all that are judged."""
        from regkit import glm_path, logistic_path

        compute = glm_path if problem.loss == "poisson" else logistic_path
        self._n_outputs = problem.n_outputs
        self._alphas, self._places = problem.alphas, places
        with warnings.catch_warnings():
            # Rounding errors may leave more.
            warnings.simplefilter("ignore", ConvergenceWarning)
            tight = compute(
                problem.X,
                problem.y,
                offset=problem.offset,
                alphas=problem.alphas,
                l1_ratio=l1_ratio,
                fit_intercept=fit_intercept,
                tol=_TIGHT,
            )
        # (Penalties are proportional to alpha.)
        self._unit = state(
            problem.loss,
            problem.X,
            problem.y,
            alpha=1.0,
            l1_ratio=l1_ratio,
            offset=problem.offset,
            fit_intercept=fit_intercept,
        )
        self._null_deviance = self._unit.null_deviance()
        self._best = [
            self._predictor(tight.sparse_coefs, tight.intercepts, k) for k in places
        ]

    def _predictor(self, coefs: Any, intercepts: Any, at: int) -> Any:
        coef = _arranged(coefs, at, self._n_outputs)
        return self._unit.predictor(coef, np.atleast_1d(intercepts[at]))

    def largest_gap(self, coefs: Any, intercepts: Any) -> float:
        """Judge a path; its arrays are those of `benchmarks.loss_peers.Solved`."""
        gaps = []
        for k, best in zip(self._places, self._best, strict=True):
            alpha = self._alphas[k]
            unit = self._unit
            problem = replace(unit, l1=alpha * unit.l1, l2=alpha * unit.l2)
            z = self._predictor(coefs, intercepts, k)
            coef = _arranged(coefs, k, self._n_outputs)
            gaps += [min(problem.gap(coef, z, z), problem.gap(coef, z, best))]
        return max(gaps) / self._null_deviance
