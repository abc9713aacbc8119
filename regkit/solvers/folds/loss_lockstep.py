"""Folds of a loss side by side: one weighted Gram matrix and one product serve all.

All folds and the fit on all rows go down the alphas together, on one working set.
Their products with its columns are matrix products; the Gram matrix of a fold is that
of all rows, weighted by the curvatures of the fit on all rows, less the part of the
rows that are held out. Any positive weights make a model whose linearized residual is
dual feasible (`regkit.solvers.paths.newton_model`), so that the folds' gaps are
certified as they are alone.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from regkit._types import Floats, Indices
from regkit.designs import RowDesign
from regkit.designs.protocols import WeightedColumns
from regkit.kernels.linear import loss_model, loss_rounds
from regkit.kernels.linear.loss_policy import (
    WORST_CONTRACTION,
)
from regkit.solvers.folds.loss_member import Member
from regkit.solvers.losses import Loss, overflowing
from regkit.solvers.paths.newton import LARGEST_DROP
from regkit.solvers.paths.newton_walk import (
    few_blas_threads,
)
from regkit.solvers.paths.screening import Answer
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult

# Fewer entries than these are solved sooner one by one, by compiled walks.
_FEWEST_ENTRIES = 1 << 19
# With more columns than this, or than this share of the rows, the problems differ too
# much for one working set.
_MOST_COLUMNS = 1000
_WIDEST = 0.25


def can_share(design: RowDesign, loss: Loss, penalty: Penalty) -> bool:
    """Whether folds of this problem are solved side by side."""
    n, p = design.n_samples, design.n_features
    return (
        loss.is_smooth
        and not loss.is_quadratic
        and not design.is_sparse
        and n * p >= _FEWEST_ENTRIES
        and p <= min(_MOST_COLUMNS, _WIDEST * n)
        and penalty.l1_ratio > 0.0
        and not np.any(penalty.factor == 0.0)
    )


def solve_folds(
    designs: Sequence[RowDesign],
    loss: Loss,
    y: Floats,
    penalty: Penalty,
    alphas: Floats,
    *,
    offset: Floats | None,
    tol: float,
    max_iter: int,
) -> list[PathResult]:
    """Solve the path on each of ``designs``; the first is of all rows.

    The others are reweighted from it. See `solve_loss_path` for what is solved.
    """
    whole = designs[0]
    with few_blas_threads(whole):
        members = [
            Member(d, loss, y, penalty, offset=offset, tol=tol, max_iter=max_iter)
            for d in designs
        ]
        walk = _Lockstep(members, whole)
        for alpha in alphas.tolist():
            walk.solve(alpha)
        return [
            member.result(whole, penalty, alphas, offset=offset, tol=tol)
            for member in members
        ]


class _Lockstep:
    """The problems that still go together, and what they share."""

    def __init__(self, members: Sequence[Member], whole: RowDesign) -> None:
        self._members = [m for m in members if not m.is_alone]
        self._first, self._whole = members[0], whole
        self._store: WeightedColumns = whole.weighted_columns(False)
        self._columns = np.empty(0, dtype=np.int64)
        n = whole.n_samples
        share = whole.weights
        self._share = share
        # Of every problem: rows that it does not have, and what others' shares are
        # multiplied by to give its own.
        self._missing = [
            np.flatnonzero((m.rows.share == 0.0) & (share > 0.0)) for m in members
        ]
        self._place = {id(m): k for k, m in enumerate(members)}
        self._changes = np.zeros((len(members), n))
        # Shares of 2 in the cost of a Gram matrix: all rows, and the parts held out.
        self._price = 2.0 / len(members)
        self._formed_at = np.inf
        for k, member in enumerate(members):
            member.rows = member.rows._replace(change=self._changes[k])

    @property
    def _entries(self) -> Floats:
        entries = self._store.entries
        assert entries is not None
        return entries[: len(self._columns)]

    def solve(self, alpha: float) -> None:
        """Solve for the next alpha."""
        live = [m for m in self._members if not m.is_alone]
        for m in live:
            # (Too far to go at once.)
            m.is_alone = alpha < LARGEST_DROP * m.alpha
        todo = [m for m in live if not m.is_alone]
        is_new = True
        while todo:
            wanted = [m.wanted(alpha, is_new) for m in todo]
            columns = np.unique(np.concatenate(wanted))
            if not is_new:
                todo = [m for m, w in zip(todo, wanted, strict=True) if len(w)]
                if not todo:
                    break
            is_new = False
            if len(columns):
                self._admit(columns)
            moving = [m for m in todo if alpha < m.alpha and len(m.columns)]
            self._go(moving, alpha)
            todo = [m for m in todo if not m.is_alone]
            self._look(todo, alpha)
        for m in live:
            if not m.is_alone:
                m.settle(alpha)

    def _admit(self, columns: Indices) -> None:
        """Take columns into the working set of all."""
        old = len(self._columns)
        self._store.append(columns)
        self._columns = np.concatenate([self._columns, columns])
        live = [m for m in self._members if not m.is_alone]
        every = self._entries
        new = every[old:]
        n_new = len(columns)
        weights = np.array([m.rows.share * m.rows.weight for m in live])
        duals = np.array([m.rows.share * m.rows.dual for m in live])
        products = duals @ new.T
        weighted = (weights[:, None, :] * new).reshape(len(live) * n_new, -1)
        grams = (weighted @ every.T).reshape(len(live), n_new, len(every))
        sums = weights @ new.T
        for m, product, gram, own in zip(live, products, grams, sums, strict=True):
            total = m.figures[loss_model.TOTAL]
            ratio = self._ratio(m)
            if ratio is not None:
                product, own = ratio[old:] * product, ratio[old:] * own
                gram = ratio[old:, None] * gram * ratio
            if total > 0.0 and self._whole.fit_intercept:
                m.sums = np.concatenate([m.sums, own])
                gram = gram - np.outer(own / total, m.sums)
            else:
                m.sums = np.zeros(len(every))
            m.admit(columns, product, gram)

    def _ratio(self, member: Member) -> Floats | None:
        """Return a member's columns in units of the shared ones'."""
        whole = self._whole
        if member is self._first or not whole.standardize:
            return None
        found: Floats = whole.scale[self._columns] / member.design.scale[self._columns]
        return found

    def _go(self, members: Sequence[Member], alpha: float) -> None:
        """Minimize over the working set."""
        settings = {id(m): m.settings(self._price) for m in members}
        working = {id(m): m.working() for m in members}
        size = len(self._columns)
        steps = np.zeros((len(self._changes), size))
        before = np.zeros((len(self._changes), size))
        nothing = np.zeros(size)

        def proceed(m: Member, stage: int, products: Floats = nothing) -> int:
            at = self._place[id(m)]
            with overflowing():
                answer = loss_rounds.proceed(
                    m.rows,
                    working[id(m)],
                    size,
                    settings[id(m)],
                    alpha,
                    stage,
                    products,
                    before[at],
                    steps[at],
                )
            if answer == loss_rounds.FAILED:
                m.is_alone = True
            return int(answer)

        answers = [(m, proceed(m, loss_rounds.BEGUN)) for m in members]
        while answers:
            waiting = [m for m, a in answers if a in _WANTS_PRODUCTS]
            stuck = [m for m, a in answers if a == loss_rounds.NEEDS_GRAM]
            if stuck:
                self._form(alpha, stuck)
                # (Sums are made anew with a Gram matrix.)
                working = {id(m): m.working() for m in members}
            moving = [m for m, a in answers if a == loss_rounds.NEEDS_CHANGE]
            if waiting:
                products = self._correlated(waiting)
                for m, own in zip(waiting, products, strict=True):
                    if proceed(m, loss_rounds.CORRELATED, own) == _CHANGE:
                        moving.append(m)
            if moving:
                self._combine(moving, steps)
            answers = [(m, proceed(m, loss_rounds.MOVED)) for m in moving]

    def _correlated(self, members: Sequence[Member]) -> list[Floats]:
        """Return the columns' products with what the members ask for."""
        places = [self._place[id(m)] for m in members]
        found = self._changes[places] @ self._entries.T
        for row, m in zip(found, members, strict=True):
            ratio = self._ratio(m)
            if ratio is not None:
                row *= ratio
        return list(found)

    def _combine(self, members: Sequence[Member], steps: Floats) -> None:
        """Write the members' changes."""
        places = [self._place[id(m)] for m in members]
        scaled = steps[places]
        for row, m in zip(scaled, members, strict=True):
            ratio = self._ratio(m)
            if ratio is not None:
                row *= ratio
        used = np.flatnonzero(scaled.any(axis=0))
        entries = self._entries
        if 3 * len(used) < len(entries):
            scaled, entries = scaled[:, used], entries[used]
        if places == list(range(len(self._changes))):
            np.matmul(scaled, entries, out=self._changes)
        else:
            self._changes[places] = scaled @ entries

    def _form(self, alpha: float, stuck: Sequence[Member]) -> None:
        """Form a Gram matrix for all, or one for each member that it does not suit."""
        entries = self._entries
        if self._formed_at == alpha:
            for m in stuck:
                if not m.figures[loss_model.CONTRACTION] <= WORST_CONTRACTION:
                    self._give(m, m.rows.curvature.copy(), entries)
            return
        self._formed_at = alpha
        weight = self._first.extrapolated(alpha)
        scaled = entries * np.sqrt(self._share * weight)
        gram, sums = scaled @ scaled.T, entries @ (self._share * weight)
        for m in self._members:
            if m.is_alone:
                continue
            missing = self._missing[self._place[id(m)]]
            if m is self._first:
                self._first.take_gram(weight, gram, sums, float(self._share @ weight))
                continue
            if self._share[missing].sum() > 0.5:
                self._give(m, weight, entries)
                continue
            part = scaled[:, missing]
            rest = gram - part @ part.T
            factor = 1.0 / (1.0 - self._share[missing].sum())
            own = np.divide(
                factor * self._share * weight,
                m.rows.share,
                out=np.zeros_like(weight),
                where=m.rows.share > 0.0,
            )
            weights = m.rows.share * own
            self._scaled(m, own, factor * rest, entries @ weights, weights.sum())

    def _give(self, m: Member, weight: Floats, entries: Floats) -> None:
        """Form a Gram matrix of a member's rows alone."""
        weights = m.rows.share * weight
        scaled = entries * np.sqrt(weights)
        self._scaled(m, weight, scaled @ scaled.T, entries @ weights, weights.sum())

    def _scaled(
        self, m: Member, weight: Floats, gram: Floats, sums: Floats, total: Any
    ) -> None:
        ratio = self._ratio(m)
        if ratio is not None:
            gram, sums = ratio[:, None] * gram * ratio, ratio * sums
        m.take_gram(weight, gram, sums, float(total))

    def _look(self, members: Sequence[Member], alpha: float) -> None:
        """Bring correlations outside of the working set up to date."""
        asked = [(m, m.undecided(alpha)) for m in members]
        requests = [(m, request) for m, request in asked if request is not None]
        if not requests:
            return
        columns = np.unique(np.concatenate([r.columns for _, r in requests]))
        found = self._whole.correlate_together(
            [m.design for m, _ in requests],
            [r.residual for _, r in requests],
            columns,
        )
        for (m, request), row in zip(requests, found, strict=True):
            m.take(request, Answer(columns, row))


_CHANGE = loss_rounds.NEEDS_CHANGE
_WANTS_PRODUCTS = (loss_rounds.NEEDS_PRODUCTS, loss_rounds.NEEDS_GRAM)
