"""Problems that are solved side by side, which differ by their rows' weights.

One read of the columns serves all that move at a time. The fit on all rows is the first
of them, and goes to an alpha before the others, which follow it (`loss_passes`). What
takes a new Gram matrix is left to the caller: BLAS forms it.
"""

import numpy as np

from regkit._types import EPS, Floats, Indices
from regkit.kernels._jit import kernel, part
from regkit.kernels.linear import active_set
from regkit.kernels.linear.loss_crossings import follow_crossings, value_of
from regkit.kernels.linear.loss_model import (
    ALPHA,
    CONTRACTION,
    DIVERGENCE,
    GAP,
    IMBALANCE,
    INTERCEPT,
    IS_EXACT,
    IS_NEW,
    LEAST,
    N_SOLVES,
    PATIENCE_LEFT,
    SHIFT,
    TOTAL,
    VALUE,
    Settings,
    falls_short,
    gap_bound,
    own_residual,
    penalty_value,
    rebase,
    wants_new_gram,
)
from regkit.kernels.linear.loss_passes import (
    OF_BALANCE,
    OF_DIVERGENCE,
    OF_SIZE,
    OF_SQUARE,
    OF_TERMS,
    correlate,
    go_back,
    move,
)
from regkit.kernels.linear.loss_policy import (
    BALANCED,
    LARGEST_DROP,
    LEAST_FALL,
    PATIENCE,
    RISE,
    WORST_CONTRACTION,
)
from regkit.kernels.linear.loss_steps import LossRows
from regkit.kernels.linear.loss_together import (
    BEGIN,
    DONE,
    FAILED,
    FOLLOW,
    FOLLOWING,
    LEADING,
    NEEDS_CHANGE,
    NEEDS_GRAM,
    NEEDS_PRODUCTS,
    PROPOSES,
    TO_BEGIN,
    TO_CERTIFY,
    Together,
    rows_at,
    working_at,
)
from regkit.kernels.linear.loss_values import value_at
from regkit.kernels.linear.losses import Differentiated


@part
def _propose(
    together: Together, k: int | np.int64, size: int, settings: Settings, alpha: float
) -> int:
    """Minimize the model of problem k; write the step."""
    working = working_at(together.working, k)
    state, figures = working.state, working.figures
    before, step = together.before[k], together.step[k]
    for j in range(size):
        before[j] = state.coef[j]
    ridged = settings.ridged or figures[IS_NEW] > 0.0
    _, solved = active_set.minimize(
        working.problem, state, size, alpha, settings.max_iter, ridged
    )
    if not solved:
        return FAILED
    shift = figures[IMBALANCE]
    for j in range(size):
        step[j] = state.coef[j] - before[j]
        shift -= working.sums[j] * step[j]
    is_free = settings.fit_intercept and figures[TOTAL] > 0.0
    figures[SHIFT] = shift / figures[TOTAL] if is_free else 0.0
    return NEEDS_CHANGE


@part
def _falls_short(
    together: Together,
    k: int | np.int64,
    columns: Floats,
    size: int,
    square: float,
    settings: Settings,
    alpha: float,
) -> bool:
    """Whether a step of this square lowers the objective of problem k too little."""
    rows, working = rows_at(together.rows, k), working_at(together.working, k)
    if not settings.is_smooth:
        figures, before = working.figures, together.before[k, :size]
        value = value_of(rows.residual, rows.share)
        rise = value - figures[VALUE]
        figures[VALUE] = value
        rise += alpha * penalty_value(working.problem, working.state.coef[:size])
        rise -= alpha * penalty_value(working.problem, before)
        return not rise <= RISE * settings.null_deviance - LEAST_FALL * square
    go_back(together, k, columns, size)
    back = LossRows(
        rows.code,
        rows.power,
        rows.y,
        rows.share,
        rows.weight,
        rows.reached,
        rows.dual,
        rows.change,
        rows.eta,
        rows.moved,
        rows.residual,
        rows.curvature,
    )
    before = together.before[k, :size]
    return falls_short(back, working, before, square, settings, alpha)


@part
def _settle(
    together: Together,
    k: int | np.int64,
    sums: Floats,
    columns: Floats,
    size: int,
    settings: Settings,
    alpha: float,
) -> int:
    """Judge the step that problem k has made; say what comes next."""
    figures = together.working.figures[k]
    divergence, square, goal = sums[OF_DIVERGENCE], sums[OF_SQUARE], 0.5 * settings.goal
    contraction = 2.0 * divergence / square if square > 0.0 else np.inf
    is_sure = contraction <= WORST_CONTRACTION or divergence <= settings.goal
    is_sure = is_sure and settings.is_smooth
    if not is_sure and _falls_short(
        together, k, columns, size, square, settings, alpha
    ):
        return FAILED
    figures[INTERCEPT] += figures[SHIFT]
    figures[IMBALANCE] = 0.0
    figures[IS_NEW] = 0.0
    figures[IS_EXACT] = 0.0
    figures[DIVERGENCE] = divergence
    figures[CONTRACTION] = contraction
    figures[N_SOLVES] += 1.0
    working = working_at(together.working, k)
    least = BALANCED * sums[OF_SIZE] + 16.0 * EPS * sums[OF_TERMS]
    is_balanced = not settings.fit_intercept or abs(sums[OF_BALANCE]) <= least
    if divergence <= goal and is_balanced:
        every = np.arange(size)
        figures[GAP] = gap_bound(working, every, alpha, settings.null_deviance)
        return DONE
    figures[PATIENCE_LEFT] -= 1.0
    if divergence <= 0.5 * figures[LEAST]:
        figures[PATIENCE_LEFT] = PATIENCE
    figures[LEAST] = min(figures[LEAST], divergence)
    if figures[PATIENCE_LEFT] <= 0.0 or figures[N_SOLVES] >= settings.max_iter:
        return FAILED
    if not settings.is_smooth:
        return NEEDS_GRAM
    rows = rows_at(together.rows, k)
    wants_gram = wants_new_gram(working, size, rows.y.shape[0], goal, settings.price)
    own_residual(rows, working, settings.fit_intercept)
    return NEEDS_GRAM if wants_gram else NEEDS_PRODUCTS


@part
def _begin(
    together: Together, k: int | np.int64, settings: Settings, is_following: bool
) -> int:
    """Start problem k at a new alpha; say what it needs."""
    figures = together.working.figures[k]
    last = figures[N_SOLVES]
    figures[N_SOLVES] = 0.0
    figures[PATIENCE_LEFT] = PATIENCE
    figures[LEAST] = np.inf
    if not settings.is_smooth:
        figures[VALUE] = value_of(together.rows.residual[k], together.rows.share[k])
        return NEEDS_GRAM
    if is_following and figures[TOTAL] > 0.0:
        figures[IS_EXACT] = 0.0
        return FOLLOW
    if last > 1.0:
        return PROPOSES
    rows, working = rows_at(together.rows, k), working_at(together.working, k)
    own_residual(rows, working, settings.fit_intercept)
    return NEEDS_GRAM if figures[TOTAL] == 0.0 else NEEDS_PRODUCTS


@part
def _follow_crossings(
    together: Together,
    k: int | np.int64,
    columns: Floats,
    size: int,
    settings: Settings,
) -> bool:
    """Say whether the Gram matrix of problem k could follow its rows."""
    rows, working = rows_at(together.rows, k), working_at(together.working, k)
    ratio, fit_intercept = together.ratio[k], settings.fit_intercept
    if follow_crossings(rows, working, ratio, columns, size, fit_intercept):
        return True
    own_residual(rows, working, fit_intercept)
    working.figures[TOTAL] = 0.0  # none of it is left, until it is formed anew
    return False


@part
def _proceed(
    together: Together,
    columns: Floats,
    size: int,
    settings: Settings,
    alpha: float,
    answers: Indices,
) -> None:
    """Solve at ``alpha``, until every problem is done, failed or lacks a Gram matrix.

    ``answers`` say what is to be done for each, and are overwritten; ``columns`` are
    those of the working set, its first ``size`` rows.
    """
    n_problems = answers.shape[0]
    sums = np.zeros((n_problems, 5))
    is_fresh = np.zeros(n_problems, dtype=np.bool_)
    for k in np.arange(n_problems):
        if answers[k] == BEGIN or answers[k] == FOLLOW:
            answers[k] = _begin(together, k, settings, bool(answers[k] == FOLLOW))
    while True:
        for k in np.arange(n_problems):
            if answers[k] == NEEDS_GRAM and not settings.is_smooth:
                is_fresh[k] = _follow_crossings(together, k, columns, size, settings)
                answers[k] = PROPOSES if is_fresh[k] else NEEDS_GRAM
        who = np.flatnonzero((answers == NEEDS_PRODUCTS) | (answers == FOLLOW))
        correlate(together, columns, size, who, answers)
        for k in who:
            working = working_at(together.working, k)
            rebase(working, together.products[k], size, settings.fit_intercept)
            answers[k], is_fresh[k] = PROPOSES, True
        for k in np.arange(n_problems):
            if answers[k] == PROPOSES:
                answers[k] = _propose(together, k, size, settings, alpha)
        who = np.flatnonzero(answers == NEEDS_CHANGE)
        if who.shape[0] == 0:
            break
        move(together, columns, size, who, is_fresh, sums)
        for k in who:
            own = Settings(
                settings.fit_intercept,
                settings.ridged,
                settings.is_smooth,
                settings.curvature_bound,
                together.goal[k],
                together.null_deviance[k],
                settings.max_iter,
                settings.price,
                settings.forms,
            )
            answers[k] = _settle(together, k, sums[k], columns, size, own, alpha)


@part
def _record(together: Together, k: int | np.int64, alpha: float) -> float:
    """Keep what the rows of problem k are at this alpha; return its mean loss.

    That is of interest for the first alone, and NaN for the others.
    """
    rows, working = together.rows, together.working
    figures = working.figures[k]
    figures[ALPHA] = min(alpha, figures[ALPHA])
    figures[N_SOLVES] = max(1.0, figures[N_SOLVES])
    if k > 0:
        return np.nan
    working.settled[k] = rows.curvature[k]
    together.last_eta[:] = rows.eta[0]
    together.last_residual[:] = rows.residual[0]
    there = Differentiated(
        rows.y[0], rows.share[0], rows.eta[0], rows.residual[0], rows.curvature[0]
    )
    return value_at(rows.code, rows.power, there)


@kernel
def descend(
    together: Together,
    columns: Floats,
    size: int,
    settings: Settings,
    alphas: Floats,
    answers: Indices,
    coefs: Floats,
    found: Floats,
    first: int,
    stage: int,
) -> tuple[int, int]:
    """Solve for decreasing alphas, as long as no problem lacks anything.

    The ``first`` of them may be at a ``stage`` that an earlier call has left it at.
    Problems whose ``answers`` are `FAILED` take no part. Solutions go to ``coefs``,
    shape (problems, alphas, size); their intercepts, gaps, numbers of steps and mean
    losses to ``found``, shape (problems, alphas, 4). Without room for any, all go on
    from their answers at the first alpha: this is one kernel, to be compiled once.

    Returns
    -------
    done : int
        How many alphas have been solved for, those before ``first`` counted.
    stage : int
        Where the next one is.
    """
    if coefs.shape[1] == 0:
        _proceed(together, columns, size, settings, alphas[0], answers)
        return 0, FOLLOWING
    figures = together.working.figures
    live = np.flatnonzero(answers != FAILED)
    leads = settings.is_smooth and answers[0] != FAILED
    for a in range(first, alphas.shape[0]):
        alpha = alphas[a]
        if stage == TO_BEGIN:
            for k in live:
                if alpha < LARGEST_DROP * figures[k, ALPHA] < np.inf:
                    return a, TO_BEGIN
                answers[k] = DONE
            if leads and alpha < figures[0, ALPHA]:
                answers[0] = BEGIN
            stage = LEADING
        if stage == LEADING:
            if leads:
                _proceed(together, columns, size, settings, alpha, answers)
                if answers[0] != DONE:
                    return a, LEADING
            follows = leads and figures[0, TOTAL] > 0.0
            for k in live:
                if (k > 0 or not settings.is_smooth) and alpha < figures[k, ALPHA]:
                    answers[k] = FOLLOW if follows else BEGIN
        _proceed(together, columns, size, settings, alpha, answers)
        for k in live:
            if answers[k] != DONE:
                return a, FOLLOWING
        for k in live:
            if not figures[k, GAP] <= together.goal[k]:
                return a, TO_CERTIFY
        for k in live:
            found[k, a, 3] = _record(together, k, alpha)
            coefs[k, a] = together.working.state.coef[k, :size]
            found[k, a, 0] = figures[k, INTERCEPT]
            found[k, a, 1] = figures[k, GAP]
            found[k, a, 2] = figures[k, N_SOLVES]
        stage = TO_BEGIN
    return alphas.shape[0], TO_BEGIN
