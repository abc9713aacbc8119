"""The path on a working set: screen, solve, certify, one alpha after the other.

The sequential strong rule (Tibshirani et al. 2012) admits the columns that the next
solution is likely to need; the inner solver minimizes over them; correlations with the
new residual give the duality gap, the columns that the rule missed (they are admitted
and the solve repeated) and the next alpha's screen. They are computed anew only for
columns whose correlation may have grown beyond alpha since it was last computed.
"""

from collections.abc import Generator
from typing import Protocol, Self, TypeVar

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs import Design
from regkit.kernels.linear.terms import Point
from regkit.solvers.paths.certificate import Certificate
from regkit.solvers.paths.descent import Descent
from regkit.solvers.paths.orthogonal import MOST_ENTRIES, Orthogonal
from regkit.solvers.paths.pivoting import REFINEMENTS
from regkit.solvers.paths.screening import Answer, Request, Screen
from regkit.solvers.paths.working_set import ActiveSet, DualPoint, Inner
from regkit.solvers.problem import (
    Penalty,
    ScaledProblem,
    next_alpha,
    scale_problem,
    sum_of_squares,
)
from regkit.solvers.results import Solved, join_names

# What a stored entry of a working-set column costs an alpha in coordinate descent,
# in units of a multiplication inside the factor: about 15 sweeps, random access.
_SWEEPING = 120.0
# A Gram matrix of more columns than this is not formed (3.2 GB).
_MOST_COLUMNS = 20_000


_Method = type[ActiveSet] | type[Orthogonal] | type[Descent]
_Found = TypeVar("_Found")
# A computation that stops wherever it needs correlations: several, each on a design of
# its own, can be served by one read of X.
Asking = Generator[Request, Answer, _Found]


class Correlates(Protocol):
    """What answers a path: a design, or one with a column per class."""

    def correlate_columns(self, residual: Floats, columns: Indices) -> Floats:
        """Return ``Z[:, columns]ᵀ residual``."""


def answered(asking: Asking[_Found], design: Correlates) -> _Found:
    """Run a computation to its end, answering from its own design."""
    try:
        request = next(asking)
        while True:
            found = design.correlate_columns(request.residual, request.columns)
            request = asking.send(Answer(request.columns, found))
    except StopIteration as end:
        result: _Found = end.value
        return result


class ScreenedPath:
    """Walks down the alphas; holds what one alpha hands to the next.

    Attributes
    ----------
    coef : ndarray (n_features,)
        The solution at ``alpha``, in Z's units.
    gap : float
        Its duality gap.
    residual_square : float
        Its residual's.
    top : float
        The smallest alpha at which the null model is optimal.
    """

    def __init__(
        self,
        design: Design,
        problem: ScaledProblem,
        products: Floats,
        *,
        tol: float,
        max_iter: int,
        solver: str,
    ) -> None:
        """Take ``products``, Zᵀ times the problem's target; then run `start`."""
        self._design = design
        self.problem = problem
        self._goal = tol * 0.5 * problem.total
        self._max_iter = max_iter
        self._is_free = solver == "auto"
        self._may_sweep = self._is_free
        self._penalty = problem.penalty
        self._screen = Screen(design, problem.penalty, problem.target, products)
        self._looked_at = np.arange(design.n_features)
        self._products = products
        method = Descent if solver == "coordinate_descent" else ActiveSet
        self._inner: Inner = self._make(method)
        self._names = [self._inner.name]
        self._unpenalized = np.flatnonzero(self._penalty.is_unpenalized)
        self.coef = np.zeros(design.n_features)
        self.gap = 0.0
        self.residual_square = problem.total
        self.top = self.alpha = np.inf

    @classmethod
    def begin(
        cls,
        design: Design,
        y: Floats,
        penalty: Penalty,
        *,
        tol: float = 1.0,
        max_iter: int = 1000,
        solver: str = "auto",
    ) -> Self:
        """Return the walk of one design, at the null model."""
        problem = scale_problem(design, y, penalty)
        products = design.correlate(problem.target)
        walk = cls(design, problem, products, tol=tol, max_iter=max_iter, solver=solver)
        answered(walk.start(), design)
        return walk

    def start(self) -> Asking[None]:
        """Fit the unpenalized columns, which gives ``top``."""
        if len(self._unpenalized):
            yield from self._fit_unpenalized()
        self.top = self.alpha = self._penalty.largest_alpha(self._screen.correlation)

    def _fit_unpenalized(self) -> Asking[None]:
        """Go to the null model: unpenalized columns alone, refined by the residual.

        alpha_max is what that leaves to the other columns, and a Gram matrix squares
        the condition of columns far from zero.
        """
        self._admit(self._unpenalized)
        columns = self._inner.columns
        for _ in range(REFINEMENTS if len(columns) > 1 else 0):
            self._inner.minimize(0.0, 0.9 * self._goal)
            found, correlations = yield Request(self._inner.residual(), columns)
            self._screen.correlation[found] = correlations
            self._inner.refresh(self._screen.correlation)
        if self._inner.is_doubtful and self._is_free and self._is_factorable:
            self._change_method(Orthogonal)
        # At alpha 0 every correlation is computed.
        yield from self._solve(0.0)

    @property
    def is_unique(self) -> bool:
        """False when the unpenalized columns are known to depend on each other."""
        return self._inner.n_refused(self._unpenalized) == 0

    @property
    def support(self) -> Indices:
        """The columns of nonzero coefficients, ascending."""
        return np.sort(self._inner.columns[self._inner.coef() != 0.0])

    def start_from(self, coef: Floats) -> Asking[None]:
        """Take ``coef`` for the solution at some unknown alpha."""
        support = np.flatnonzero((coef != 0.0) & self._screen.outside)
        self._admit(support)
        columns = self._inner.columns
        self._inner.restart(
            np.clip(
                coef[columns],
                self._penalty.lower[columns],
                self._penalty.upper[columns],
            )
        )
        residual = self._inner.residual()
        if not sum_of_squares(residual) <= self.problem.total:
            # Farther from y than zero is, maybe by orders of magnitude.
            self._inner.restart(np.zeros(len(columns)))
        yield from self._certify(1.0)
        self.alpha = np.inf

    def down(self, alphas: Floats, limit: int) -> Asking[Solved]:
        """Step from alpha to alpha; stop at more than ``limit`` nonzeros."""
        supports, values, gaps, squares, n_iters = [], [], [], [], []
        for alpha in alphas:
            n_iter = yield from self.step(float(alpha))
            support = self.support
            if len(support) > limit:
                break
            supports.append(support)
            values.append(self.coef[support])
            gaps.append(self.gap)
            squares.append(self.residual_square)
            n_iters.append(n_iter)
        return Solved(
            np.cumsum([0, *map(len, supports)]),
            np.concatenate([np.empty(0, dtype=np.int64), *supports]),
            np.concatenate([np.empty(0), *values]),
            np.array(gaps),
            np.array(squares),
            np.array(n_iters, dtype=np.int64),
            self.is_unique,
            join_names(self._names),
        )

    def step(self, alpha: float) -> Asking[int]:
        """Solve for ``alpha``, below all before; return the iterations made."""
        if alpha >= self.alpha:
            # The null model, whose gap was found at another alpha.
            yield from self._certify(alpha)
            return 1
        n_iter = 0
        while self.alpha > alpha:
            n_iter += yield from self._settle(next_alpha(self.alpha, alpha, self.top))
        return n_iter

    def _settle(self, alpha: float) -> Asking[int]:
        threshold = alpha
        if np.isfinite(self.alpha):
            threshold = max(2.0 * alpha - self.alpha, 0.8 * alpha)
        missed = self._screen.wanted(threshold, len(self._inner.columns))
        n_iter = 0
        best: tuple[float, Floats] | None = None
        tried: set[str] = set()
        refined = np.inf
        while True:
            self._admit(missed)
            self._choose_method()
            n_iter += yield from self._solve(alpha)
            missed = self._screen.wanted(alpha, len(self._inner.columns))
            if len(missed):
                continue
            if self.gap <= self._goal:
                break
            if self._inner.name == ActiveSet.name and self.gap < 0.5 * refined:
                # The system is solved again for what the residual itself leaves over.
                refined = self.gap
                continue
            if best is None or self.gap < best[0]:
                best = self.gap, self._inner.coef().copy()
            tried.add(self._inner.name)
            if not self._fall_back(tried):
                break
        if best is not None and not self.gap <= best[0]:
            yield from self._return_to(best[1], alpha)
        if len(tried) > 1 and self._inner.name == Descent.name:
            # Sweeping was for this alpha only.
            self._change_method(ActiveSet)
        self.alpha = alpha
        return n_iter

    def _admit(self, columns: Indices) -> None:
        if len(columns):
            self._screen.outside[columns] = False
            self._inner.add(columns)

    def _choose_method(self) -> None:
        """Leave the factor once sweeping over the working set is cheaper."""
        if self._inner.name == Orthogonal.name and not self._is_factorable:
            self._change_method(ActiveSet)
        if not self._may_sweep or self._inner.name == Descent.name:
            return
        columns = self._inner.columns
        support = float(np.count_nonzero(self._inner.coef()))
        factoring = support * (3.0 * len(columns) + 20.0 * support)
        sweeping = _SWEEPING * self._design.n_stored(columns)
        if len(columns) > _MOST_COLUMNS or (support > 200 and factoring > sweeping):
            self._change_method(Descent)

    def _fall_back(self, tried: set[str]) -> bool:
        """Go over to another method where the first did not come close enough."""
        if not self._is_free or len(self._inner.columns) > _MOST_COLUMNS:
            return False
        if self._inner.name == Descent.name:
            # Sweeping was cheaper, but does not get there.
            self._may_sweep = False
            following: tuple[_Method, ...] = (ActiveSet, Orthogonal)
        else:
            following = (Orthogonal, Descent)
        for method in following:
            if method.name not in tried and (
                method is not Orthogonal or self._is_factorable
            ):
                self._change_method(method)
                return True
        return False

    @property
    def _is_factorable(self) -> bool:
        """Whether the working set's own columns may be factored at each step."""
        n_entries = len(self._inner.columns) * self._design.n_samples
        return n_entries <= MOST_ENTRIES

    def _return_to(self, coef: Floats, alpha: float) -> Asking[None]:
        """Take back what was reached with the first columns of the working set."""
        n_more = len(self._inner.columns) - len(coef)
        self._inner.restart(np.concatenate([coef, np.zeros(n_more)]))
        yield from self._certify(alpha)

    def _make(self, method: _Method) -> Inner:
        return method(self._design, self.problem, self._products, self._max_iter)

    def _change_method(self, method: _Method) -> None:
        before = self._inner
        self._inner = self._make(method)
        self._inner.add(before.columns)
        self._inner.restart(before.coef())
        self._names.append(method.name)

    def _solve(self, alpha: float) -> Asking[int]:
        n_iter = self._inner.minimize(alpha, 0.9 * self._goal)
        yield from self._certify(alpha)
        return n_iter

    def _certify(self, alpha: float) -> Asking[None]:
        """Bring correlations up to date where they matter, and compute the gap."""
        residual = self._inner.residual()
        undecided = self._screen.foresee(residual, alpha)
        columns = self._inner.columns
        self._looked_at = np.concatenate([columns, undecided])
        own = self._inner.correlate(residual)
        others = columns if own is None else columns[:0]
        answer = yield self._screen.request(residual, undecided, others)
        self._screen.take(residual, answer)
        if own is not None:
            self._screen.correlation[columns] = own
        self._inner.refresh(self._screen.correlation)
        self.coef[columns] = self._inner.coef()
        self.residual_square = sum_of_squares(residual)
        certificate = Certificate(
            self._penalty, self.problem.total, columns, self._inner.gathered
        )
        self.gap = certificate.gap(
            Point(self._looked_at, self.coef, self._screen.correlation),
            alpha,
            self.residual_square,
            self._goal,
        )
        if self.gap > self._goal:
            dual = self._inner.dual_point(alpha)
            if dual is not None:
                yield from self._bound_by(dual, alpha)

    def _bound_by(self, dual: DualPoint, alpha: float) -> Asking[None]:
        """Bound the gap by a dual point with the slopes that free columns need.

        The bound of `Certificate`, without an estimate of how far slopes move.
        """
        every, columns = np.arange(len(self.coef)), self._inner.columns
        found, correlations = yield Request(dual.residual, every)
        slope = self._screen.correlation.copy()
        slope[found] = correlations
        known = ~np.isnan(dual.slopes)
        slope[columns[known]] = dual.slopes[known]
        at = Point(every, self.coef, slope)
        gap = self._penalty.gap(at, alpha, 2.0 * self.residual_square)
        self.gap = min(self.gap, gap + dual.move_square)
