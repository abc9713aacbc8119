"""Room for problems side by side, as `regkit.kernels.linear.loss_rounds` takes them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from regkit._types import Floats
from regkit.kernels.linear import loss_model
from regkit.kernels.linear.active_set_state import State, WorkingProblem
from regkit.kernels.linear.cholesky import BLOCK
from regkit.kernels.linear.loss_steps import LossRows
from regkit.kernels.linear.loss_together import Together
from regkit.solvers.paths import pivoting

_NO_COLUMNS = np.empty((0, 0))


def put_together(
    rows: Sequence[LossRows], goal: Floats, null_deviance: Floats
) -> Together:
    """Return room for problems of these rows, without a column yet."""
    n_problems, n = len(rows), len(rows[0].y)
    _, _, *stacked = (np.array(values) for values in zip(*rows, strict=True))
    together = LossRows(rows[0].code, rows[0].power, *stacked)
    nothing = np.zeros((n_problems, 0))
    square = np.zeros((n_problems, 0, 0))
    working = loss_model.Working(
        columns=_NO_COLUMNS,
        scaled=_NO_COLUMNS,
        problem=WorkingProblem(square, *(nothing for _ in range(6))),
        state=State(
            coef=nothing,
            correlation=nothing,
            free=nothing.astype(np.bool_),
            side=nothing,
            active=nothing.astype(np.int64),
            factor=square,
            size=np.zeros((n_problems, 1), dtype=np.int64),
        ),
        square=nothing,
        sums=nothing,
        since=np.zeros((n_problems, n)),
        settled=together.curvature.copy(),
        figures=np.zeros((n_problems, loss_model.N_FIGURES)),
    )
    return Together(
        rows=together,
        working=working,
        ratio=nothing,
        before=nothing,
        step=nothing,
        products=nothing,
        goal=goal,
        null_deviance=null_deviance,
        last_eta=together.eta[0].copy(),
        last_residual=together.residual[0].copy(),
    )


def with_room(together: Together, capacity: int, rank: int) -> Together:
    """Return them with room for ``capacity`` columns, ``rank`` of them free at most."""
    working = together.working
    gram, *vectors = working.problem
    state = working.state

    def grown(array: Any, *shape: int) -> Any:
        return pivoting.grown(array, (len(array), *shape))

    support = min(capacity, rank) + 2 * BLOCK
    working = working._replace(
        problem=WorkingProblem(
            grown(gram, capacity, capacity), *(grown(v, capacity) for v in vectors)
        ),
        state=State(
            grown(state.coef, capacity),
            grown(state.correlation, capacity),
            grown(state.free, capacity),
            grown(state.side, capacity),
            grown(state.active, support),
            grown(state.factor, support, support),
            state.size,
        ),
        square=grown(working.square, capacity),
        sums=grown(working.sums, capacity),
    )
    return together._replace(
        working=working,
        ratio=grown(together.ratio, capacity),
        before=grown(together.before, capacity),
        step=grown(together.step, capacity),
        products=grown(together.products, capacity),
    )


def rows_of(together: Together, k: int) -> LossRows:
    """Return the rows of problem k."""
    code, power, *stacked = together.rows
    return LossRows(code, power, *(array[k] for array in stacked))


def working_of(together: Together, k: int) -> loss_model.Working:
    """Return the model of problem k."""
    working = together.working
    return loss_model.Working(
        working.columns,
        working.scaled,
        WorkingProblem(*(array[k] for array in working.problem)),
        State(*(array[k] for array in working.state)),
        *(array[k] for array in working[4:]),
    )
