"""Several problems under a loss, which differ by their rows' weights: their arrays."""

from typing import NamedTuple

import numpy as np

from regkit._types import Floats
from regkit.kernels._jit import part
from regkit.kernels.linear.active_set_state import problem_at, state_at
from regkit.kernels.linear.loss_model import Working
from regkit.kernels.linear.loss_steps import LossRows

# What a problem is to do next; the last three end a call.
BEGIN = 0  # at a new alpha
FOLLOW = 1  # likewise, where the first problem has gone before
NEEDS_PRODUCTS = 2
PROPOSES = 3
NEEDS_CHANGE = 4
NEEDS_GRAM = 5  # and then the products
DONE = 6
FAILED = 7  # and cannot go on

# Where all problems are at an alpha.
TO_BEGIN = 0
LEADING = 1  # the first is on its way
FOLLOWING = 2  # the others are, by their answers
TO_CERTIFY = 3  # all are there, with gaps above their goals


class Together(NamedTuple):
    """All problems: the arrays of each group have one more dimension, the first."""

    rows: LossRows
    working: Working  # but for ``columns`` and ``scaled``, which are common
    ratio: Floats  # what their columns are of those that are read
    before: Floats  # room for coefficients, ...
    step: Floats  # ... their changes ...
    products: Floats  # ... and the columns' products with ``change``
    goal: Floats
    null_deviance: Floats
    last_eta: Floats  # of the first at the last alpha
    last_residual: Floats


@part
def rows_at(rows: LossRows, k: int | np.int64) -> LossRows:
    """Return those of problem k."""
    return LossRows(
        rows.code,
        rows.power,
        rows.y[k],
        rows.share[k],
        rows.weight[k],
        rows.eta[k],
        rows.dual[k],
        rows.change[k],
        rows.reached[k],
        rows.moved[k],
        rows.residual[k],
        rows.curvature[k],
    )


@part
def working_at(working: Working, k: int | np.int64) -> Working:
    """Return that of problem k."""
    return Working(
        working.columns,
        working.scaled,
        problem_at(working.problem, k),
        state_at(working.state, k),
        working.square[k],
        working.sums[k],
        working.since[k],
        working.settled[k],
        working.figures[k],
    )
