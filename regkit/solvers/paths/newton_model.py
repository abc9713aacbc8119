"""The quadratic model of a loss on a working set, minimized exactly.

Around coefficients b with residuals r_i = -f'(eta_i) and weights w_i > 0, which need
not be the second derivatives at b, the model of the objective is

    -cᵀ(b' - b) + 1/2 (b' - b)ᵀ G (b' - b) + alpha Σ_j (l1_j |b'_j| + l2_j/2 b'_j²)
    G = Xᵀ diag(p w) X - h hᵀ / S,   h = Xᵀ(p w),   S = Σ p w
    c = Xᵀ(p r) - h (Σ p r) / S

with the intercept eliminated: its own step is ``(Σ p r - hᵀ(b' - b)) / S``. The rows'
*linearized residual* ``u = r - w (change of eta)`` then sums to zero and has the
correlations ``c - G (b' - b)`` whatever the weights are: they keep within alpha l1 on
all of the working set, so u is a dual point that needs no scaling.
"""

from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from regkit._types import Floats, Indices
from regkit.designs.class_weights import class_inverse
from regkit.designs.protocols import WeightedColumns, is_few
from regkit.kernels.linear import loss_model
from regkit.kernels.linear.cholesky import BLOCK
from regkit.kernels.linear.loss_model import Working
from regkit.kernels.linear.loss_policy import FAINT, HORIZON, MOST_WORN
from regkit.solvers.losses import overflowing
from regkit.solvers.paths import pivoting
from regkit.solvers.problem import ScaledPenalty

# More in the working set are refused.
MOST_COLUMNS = 30_000


class NewtonModel:
    """G, c and the factor of the active columns.

    Attributes
    ----------
    columns : ndarray of int
        The working set, in order of arrival.
    weight : ndarray (n,)
        p w.
    n_grams : int
        How many weighted Gram matrices were formed.
    """

    _drops = True  # columns that are zero

    def __init__(
        self,
        store: WeightedColumns,
        penalty: ScaledPenalty,
        rank: int,
        fit_intercept: bool,
        max_iter: int,
    ) -> None:
        self.columns: Indices = np.empty(0, dtype=np.int64)
        self.n_grams = 0
        self._store = store
        self._penalty = penalty
        self._rank = rank
        self._fit_intercept = fit_intercept
        self._max_iter = max_iter
        self._ridged = penalty.is_ridged
        self._is_new = True  # whether the factor has to be made anew
        self._problem = pivoting.empty_problem(0)
        self._state = pivoting.empty_state(0, 0)
        # One column, row and entry per intercept, of which classes have several.
        self._sums = np.empty((0, 1))  # h
        self._inverse = np.ones((1, 1))  # 1 / S
        self._imbalance = np.zeros(1)  # Σ p r
        self.weight = np.empty(0)
        # By how much rows that have left G since it was formed lessen its diagonal.
        self._worn = 1.0
        self._room = np.empty((0, 0))  # as large as the gathered columns

    @property
    def size(self) -> int:
        return len(self.columns)

    @property
    def entries(self) -> Floats | None:
        """The columns' entries as rows, with room for more; None if not gathered."""
        return self._store.entries

    @property
    def n_active(self) -> int:
        return int(self._state.size[0])

    @property
    def coef(self) -> Floats:
        """The coefficients of the working set, in its order."""
        return self._state.coef[: self.size]

    @property
    def correlation(self) -> Floats:
        """The working set's correlations with the linearized residual."""
        return self._state.correlation[: self.size]

    @property
    def square(self) -> Floats:
        """The diagonal of G."""
        return self._problem.gram.diagonal()[: self.size]

    def combine(self, coef: Floats) -> Floats:
        """Return the rows' sums of the working set's columns."""
        return self._store.combine(coef)

    def costs(self) -> tuple[float, float]:
        """Return what a chord step's products and a Gram matrix take."""
        return self._store.costs()

    @property
    def sweep_cost(self) -> float:
        """What a sweep over the working set takes, in the units of `costs`."""
        reading, _ = self.costs()
        # Of dense columns BLAS is faster by itself.
        return reading if self._store.entries is None else 2.0 * reading

    def is_gram_cheaper(self, n_steps: int) -> bool:
        """Return whether a new Gram matrix costs less than ``n_steps`` chord steps."""
        reading, forming = self.costs()
        chord = reading + 4.0 * self.n_active**2
        return n_steps * chord * HORIZON > forming + self.n_active**3 / 3.0

    def is_settled(self, alpha: float) -> bool:
        """Whether the subgradient conditions hold on the working set."""
        size, problem = self.size, self._problem
        coef, threshold = self.coef, alpha * problem.l1[:size]
        pull = np.abs(self.correlation - alpha * problem.l2[:size] * coef)
        is_open = (problem.lower[:size] < coef) & (coef < problem.upper[:size])
        slack = 1e-9 * threshold + 1e3 * problem.noise[:size]
        return bool(np.all(~is_open | (pull <= threshold + slack)))

    def n_refused(self, columns: Indices) -> int:
        """Count those of ``columns`` that depend on others and stay fixed."""
        held = np.isin(self.columns, columns)
        return int(np.count_nonzero(held & self.is_refused))

    @property
    def is_refused(self) -> NDArray[np.bool_]:
        """Which columns of the working set depend on others and stay fixed."""
        stays = pivoting.stays_inside(self._problem, self._state)
        return np.asarray((self.coef == 0.0) & stays[: self.size])

    def _make_room(self, size: int) -> None:
        capacity = len(self._problem.target)
        if size <= capacity:
            return
        if size > MOST_COLUMNS:
            raise ValueError(self._refusal())
        problem, state = self._problem, self._state
        capacity = min(max(2 * capacity, size, 32), MOST_COLUMNS)
        rank = capacity if self._ridged else self._rank
        self._problem, self._state = pivoting.with_room(problem, state, capacity, rank)

    def _refusal(self) -> str:
        """Say that there are too many columns, and what helps."""
        most, size = f"{MOST_COLUMNS:,}", f"{8e-9 * MOST_COLUMNS**2:.1f} GB"
        n_free = int(np.count_nonzero(self._penalty.is_unpenalized))
        if n_free > MOST_COLUMNS:
            return (
                f"{n_free:,} coefficients (of all classes together) have no penalty, "
                f"and at most {most} may: a matrix of their products would take more "
                f"than {size}. Use a penalty_factor above 0 for most columns, and an "
                "alpha above 0."
            )
        return (
            f"More than {most} coefficients (of all classes together) may be nonzero "
            f"at this alpha, and a matrix of their products would take {size}. Use a "
            "larger alpha, or an l1_ratio nearer to 1, so that fewer are nonzero. "
            "Several classes in one problem, loss='hinge' and columns of "
            "penalty_factor=0 have this limit; l1_ratio=0 has none for several classes "
            "without bounds."
        )

    def add(self, columns: Indices, products: Floats) -> None:
        """Take columns in at zero, whose products Xᵀ(p u) these are.

        Their part of G is formed with the present weights.
        """
        old, new = self.size, self.size + len(columns)
        self._store.append(columns)
        self._take_in(columns, products)
        state = self._state
        if not len(self.weight):
            return
        rows, sums = self._store.gram(self.weight, old)
        if self._fit_intercept:
            sums = sums.reshape(len(sums), -1)
            self._sums = np.concatenate([self._sums, sums])
            eliminated = sums @ self._inverse
            squares = np.diagonal(rows, old).copy()
            rows -= eliminated @ self._sums.T
            if not self.weight.all():
                rows = pivoting.without_rounding(rows, squares)
            products = products - eliminated @ self._imbalance
        gram = self._problem.gram
        gram[old:new, :new] = rows
        gram[:old, old:new] = rows[:, :old].T
        state.correlation[old:new] = products
        self._problem.target[old:new] = products + rows @ state.coef[:new]

    def _take_in(self, columns: Indices, products: Floats) -> None:
        """Append columns that are stored already."""
        old, new = self.size, self.size + len(columns)
        self._make_room(new)
        self.columns = np.concatenate([self.columns, columns])
        for mine, all_ in zip(self._problem[2:], self._penalty.by_column, strict=True):
            mine[old:new] = all_[columns]
        state = self._state
        state.coef[old:new] = 0.0
        state.correlation[old:new] = products
        state.free[old:new] = False

    def form(
        self,
        weight: Floats,
        share_residual: Floats,
        products: Floats | None,
        bound: float,
    ) -> None:
        """Form the model anew, with weights p w, around the present coefficients.

        ``share_residual`` and ``products`` are as `rebase` takes them. Columns that are
        zero and whose correlation is below ``bound * l1`` are dropped.
        """
        if bound > 0.0 and self._drops:
            size = self.size
            strong = np.abs(self.correlation) >= bound * self._problem.l1[:size]
            free = self._state.free[:size]
            places = np.flatnonzero((self.coef != 0.0) | free | strong)
            if len(places) < size:
                self._keep(places, self._changes_little(weight))
        self._weigh(weight)
        self.weight = weight
        self.rebase(share_residual, products)

    def _weigh(self, weight: Floats) -> None:
        """Form G."""
        size = self.size
        gram, sums = self._reweighed(weight) or self._store.gram(weight, 0)
        if self._fit_intercept:
            self._inverse = inverse_of(np.atleast_2d(self._store.total(weight)))
            self._sums = sums.reshape(size, len(self._inverse))
            squares = np.diagonal(gram).copy()
            gram -= (self._sums @ self._inverse) @ self._sums.T
            if not weight.all():
                gram = pivoting.without_rounding(gram, squares)
        self._problem.gram[:size, :size] = gram
        self.n_grams += 1
        self._is_new = True

    def _reweighed(self, weight: Floats) -> tuple[Floats, Floats] | None:
        """Return what `WeightedColumns.gram` does, from G, where few weights change.

        As those of a loss do whose second derivative is constant but for kinks. None
        where G is to be formed anew: not so cheap, or free of the rounding errors of
        rows that have left it.
        """
        if not self._changes_little(weight):
            self._worn = 1.0
            return None
        size = self.size
        before = self._problem.gram[:size, :size]
        gram, sums = self._store.gram(weight - self.weight, 0)
        if self._fit_intercept:
            before = before + (self._sums @ self._inverse) @ self._sums.T
            sums = sums + self._sums[:, 0]
        gram += before
        left = gram.diagonal()
        self._worn *= largest_fall(before.diagonal(), left)
        rest = left - sums**2 / weight.sum() if self._fit_intercept else left
        if self._worn <= MOST_WORN and np.all((rest > FAINT * left) | (left == 0.0)):
            return gram, sums
        self._worn = 1.0
        return None

    def _changes_little(self, weight: Floats) -> bool:
        """Whether few rows have other weights, so that G may be brought up to date."""
        if not self._store.is_additive or len(self.weight) != len(weight):
            return False
        return is_few(weight - self.weight) and not is_few(weight)

    def _keep(self, places: Indices, is_reused: bool) -> None:
        """Drop all columns but those at ``places``; G is kept if it is of use."""
        kept = len(places)
        gram = self._problem.gram
        if is_reused and gram.size:
            gram[:kept, :kept] = gram[np.ix_(places, places)]
            self._sums = self._sums[places] if len(self._sums) else self._sums
        self._store.keep(places)
        self.columns = self.columns[places]
        state = self._state
        order = np.full(len(state.coef), -1)
        order[places] = np.arange(kept)
        for vectors in (self._problem[2:], (state.coef, state.correlation)):
            for vector in vectors:
                vector[:kept] = vector[places]
        state.side[:kept] = state.side[places]
        state.free[:kept] = state.free[places]
        state.free[kept:] = False
        active = order[state.active[: state.size[0]]]
        state.active[: len(active)] = active

    def rebase(self, share_residual: Floats, products: Floats | None) -> None:
        """Go on from the present coefficients with their own residual.

        ``share_residual`` is p r; ``products``, Xᵀ(p r), are computed here where they
        are not known.
        """
        if products is None:
            products = self._store.correlate(share_residual)
        size = self.size
        if self._fit_intercept:
            by_class = share_residual.reshape(len(self._inverse), -1)
            self._imbalance = by_class.sum(axis=1)
            products = products - self._sums @ (self._inverse @ self._imbalance)
        correlation = self._state.correlation
        if self._is_new:
            fit = self._problem.gram[:size, :size] @ self.coef
            self._problem.target[:size] = products + fit
        else:
            self._problem.target[:size] += products - correlation[:size]
        correlation[:size] = products

    def working(self, figures: Floats, since: Floats, settled: Floats) -> Working:
        """Return it as `regkit.kernels.linear.loss_model` takes it; see `resume`."""
        columns = self._store.entries
        assert columns is not None
        if self._room.shape != columns.shape:
            self._room = np.empty_like(columns)
        sums = np.zeros(self.size)
        if self._fit_intercept:
            sums[: len(self._sums)] = self._sums[:, 0]
        figures[loss_model.TOTAL] = self.weight.sum()
        figures[loss_model.IMBALANCE] = self._imbalance[0]
        figures[loss_model.IS_NEW] = self._is_new
        figures[loss_model.N_GRAMS] = self.n_grams
        square = self._penalty.square[self.columns]
        return Working(
            columns,
            self._room,
            self._problem,
            self._state,
            square,
            sums,
            since,
            settled,
            figures,
        )

    def resume(self, working: Working, weight: Floats) -> None:
        """Go on from where the kernel has left off; ``weight`` is p w."""
        figures = working.figures
        self.weight = weight
        if self._fit_intercept:
            self._sums = working.sums[:, None]
        self._inverse = inverse_of(figures[loss_model.TOTAL].reshape(1, 1))
        self._imbalance = figures[loss_model.IMBALANCE].reshape(1)
        self._is_new = bool(figures[loss_model.IS_NEW])
        self.n_grams = int(figures[loss_model.N_GRAMS])

    def restart(self, coef: Floats) -> None:
        """Take these coefficients; the model has to be formed anew."""
        state = self._state
        size = self.size
        problem = self._problem
        state.coef[:size] = coef
        inside = (problem.lower[:size] < coef) & (coef < problem.upper[:size])
        active = np.flatnonzero((coef != 0.0) & inside)
        room = len(state.active) - 2 * BLOCK
        active = active[: max(0, room)]
        state.free[:size] = False
        state.free[active] = True
        state.side[:size] = np.where(problem.l1[:size] > 0.0, np.sign(coef), 0.0)
        state.active[: len(active)] = active
        state.size[0] = len(active)
        self._is_new = True

    def minimize(self, alpha: float) -> tuple[Floats, Floats]:
        """Minimize the model; return the change of coefficients and intercepts."""
        before = self.coef.copy()
        # (Of a column that no row gives a curvature: it stays.)
        with overflowing():
            self._minimize(alpha)
        self._is_new = False
        step = self.coef - before
        shift = np.zeros(len(self._inverse))
        if self._fit_intercept:
            shift = self._inverse @ (self._imbalance - step @ self._sums)
        self._imbalance = np.zeros(len(self._inverse))
        return step, shift

    def _minimize(self, alpha: float) -> None:
        ridged = self._ridged or self._is_new
        pivoting.minimize(
            self._problem, self._state, self.size, alpha, ridged, self._max_iter
        )

    def advance(
        self, step: Floats, shift: Floats, rows: Any
    ) -> tuple[float, Floats | None]:
        """Take the rows along; see `WeightedColumns.advance`."""
        return self._store.advance(step, shift, rows)


def largest_fall(before: Floats, after: Floats) -> float:
    """Return the largest ratio of sums of squares before and after rows have left."""
    ratio = np.divide(before, after, out=np.ones_like(after), where=after > 0.0)
    return inf if np.any((after <= 0.0) & (before > 0.0)) else float(np.max(ratio))


def inverse_of(total: Floats) -> Floats:
    """Return S⁻¹, of classes a generalized inverse: intercepts may move together."""
    if len(total) > 1:
        return class_inverse(total)
    # (Where no row has a curvature, the intercept stays.)
    return np.divide(1.0, total, out=np.zeros_like(total), where=total > 0.0)
