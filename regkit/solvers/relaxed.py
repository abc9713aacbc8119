"""The least-squares fit on the columns that a penalized fit has chosen."""

from typing import NamedTuple

import numpy as np

from regkit._types import Floats
from regkit.designs import Design
from regkit.solvers.problem import Penalty
from regkit.solvers.solve import solve_path


class Relaxed(NamedTuple):
    """A fit without a penalty, in the user's units."""

    coef: Floats
    intercept: float


def relax(
    design: Design, y: Floats, penalty: Penalty, coef: Floats, tol: float, max_iter: int
) -> Relaxed:
    """Fit the nonzero coefficients of ``coef`` and the unpenalized ones anew.

    Without L1 and L2 penalty, within the same bounds; the shortest of several answers
    (N. Meinshausen, "Relaxed Lasso", Computational Statistics & Data Analysis 52,
    2007).
    """
    taken = (coef != 0.0) | (penalty.factor == 0.0)
    factor = np.where(taken, 0.0, np.inf)
    free = Penalty(1.0, factor, penalty.lower, penalty.upper)
    result = solve_path(design, y, free, np.zeros(1), tol=tol, max_iter=max_iter)
    return Relaxed(result.coefs.toarray()[:, 0], float(result.intercepts[0]))
