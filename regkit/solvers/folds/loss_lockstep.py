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
from regkit.solvers.folds.shared_rows import SharedRows
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
# With this many at most all columns make the working set: to tell which may
# stay outside would take longer than they do.
_FEW_COLUMNS = 64
# Rows of which products are made at a time.
_STRIP = 2048
# Of a problem that lacks so many rows that others' weights are multiplied by more than
# this, the Gram matrix is not had by subtracting the part of the missing ones.
_MOST_SHARED = 2.0


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
        self._rows = SharedRows(whole.weights, [m.rows.share for m in members])
        if self._rows.order is not None:
            for member in members:
                member.sort_rows(self._rows.order)
        self._place = {id(m): k for k, m in enumerate(members)}
        # Those with a Gram matrix of their own; that of the others is weighted by this.
        self._apart: set[int] = set()
        self._weight = np.zeros(n)
        self._changes = np.zeros((len(members), n))
        self._price = self._rows.n_reads / len(members)
        self._formed_at = np.inf
        for k, member in enumerate(members):
            member.rows = member.rows._replace(change=self._changes[k])
        if whole.n_features <= _FEW_COLUMNS and self._members:
            self._admit(np.flatnonzero(self._first.penalty.is_open))

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
            with overflowing():
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
        new = self._entries[old:]
        if self._rows.order is not None:
            for row in new:
                row[:] = row[self._rows.order]
        products = np.array([m.rows.share * m.rows.dual for m in live]) @ new.T
        grams = self._new_grams(live, old)
        for m, product, (gram, own) in zip(live, products, grams, strict=True):
            total = m.figures[loss_model.TOTAL]
            ratio = self._ratio(m)
            if ratio is not None:
                product, own = ratio[old:] * product, ratio[old:] * own
                gram = ratio[old:, None] * gram * ratio
            if total > 0.0 and self._whole.fit_intercept:
                m.sums = np.concatenate([m.sums, own])
                gram = gram - np.outer(own / total, m.sums)
            else:
                m.sums = np.zeros(len(self._columns))
            m.admit(columns, product, gram)

    def _new_grams(
        self, members: Sequence[Member], first: int
    ) -> list[tuple[Floats, Floats]]:
        """Return the members' Gram rows, and sums, of the columns from ``first`` on."""
        every = self._entries
        new = every[first:]
        if not self._weight.any():
            nothing = np.zeros((len(new), len(every))), np.zeros(len(new))
            return [nothing] * len(members)
        weighted = new * (self._rows.share * self._weight)
        grams = self._rows.sums(lambda rows: weighted[:, rows] @ every[:, rows].T)
        sums = self._rows.sums(lambda rows: weighted[:, rows].sum(axis=1))
        found = []
        for m in members:
            if id(m) in self._apart:
                own = new * (m.rows.share * m.rows.weight)
                found.append((own @ every.T, own.sum(axis=1)))
            else:
                at = self._place[id(m)]
                found.append((grams[at], sums[at]))
        return found

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
        found = self._products(places)
        for row, m in zip(found, members, strict=True):
            ratio = self._ratio(m)
            if ratio is not None:
                row *= ratio
        return list(found)

    def _products(self, places: Sequence[int]) -> Floats:
        """Return the columns' products with some problems' rows."""
        entries, changes = self._entries, self._changes[places]
        found = np.zeros((len(places), len(entries)))
        # BLAS copies all that it is given at once, out of cache and back.
        for start in range(0, changes.shape[1], _STRIP):
            rows = slice(start, start + _STRIP)
            found += changes[:, rows] @ entries[:, rows].T
        return found

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
        self._apart.clear()
        self._weight = weight = self._first.extrapolated(alpha)
        weights = self._rows.share * weight
        scaled = entries * np.sqrt(weights)

        def products(rows: Any) -> Floats:
            part = scaled[:, rows]
            return np.asarray(part @ part.T)

        grams = self._rows.sums(products)
        sums = self._rows.sums(lambda rows: entries[:, rows] @ weights[rows])
        for m in self._members:
            if m.is_alone:
                continue
            at = self._place[id(m)]
            factor, share = self._rows.factors[at], m.rows.share
            if factor > _MOST_SHARED:
                self._give(m, weight, entries)
                continue
            own = np.divide(
                factor * weights, share, out=np.zeros(len(share)), where=share > 0.0
            )
            self._scaled(m, own, grams[at], sums[at], float(share @ own))

    def _give(self, m: Member, weight: Floats, entries: Floats) -> None:
        """Form a Gram matrix of a member's rows alone."""
        self._apart.add(id(m))
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
