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
from regkit.kernels.linear import loss_model, loss_rounds, loss_together
from regkit.kernels.linear.loss_policy import (
    WORST_CONTRACTION,
)
from regkit.solvers.folds.loss_member import Member
from regkit.solvers.folds.loss_together import (
    put_together,
    rows_of,
    with_room,
    working_of,
)
from regkit.solvers.folds.shared_rows import SharedRows
from regkit.solvers.losses import LOGISTIC, SQUARED_HINGE, Loss, LossTask, overflowing
from regkit.solvers.paths import pivoting
from regkit.solvers.paths.newton import LARGEST_DROP
from regkit.solvers.paths.newton_walk import (
    few_blas_threads,
)
from regkit.solvers.paths.screening import Answer
from regkit.solvers.problem import Penalty
from regkit.solvers.results import PathResult

# Fewer entries than these are solved sooner one by one, by compiled walks.
_FEWEST_ENTRIES = 1 << 16
# With more columns than this, or than this share of the rows, the problems differ too
# much for one working set; a label tells less than a count or an amount.
_MOST_COLUMNS = 1000
_WIDEST = 0.25
_WIDEST_OF_LABELS = 0.125
# With this many at most all columns make the working set, and with more from where this
# share of them is in it: to tell which may stay outside would take longer than they do.
_FEW_COLUMNS = 128
_NEARLY_ALL = 0.5
# Beside the stages of `loss_rounds.descend`: all go on from where they are, with
# columns that were missing.
_ANEW = -1
# What a Gram matrix of few columns takes beside their products, as a multiple of those
# over the number of columns: they are weighted, and the compiled walk is left. (Of more
# columns the folds need a new one sooner than the fit on all rows tells.)
_WEIGHING = 12.0
_NOWHERE = np.empty((0, 0, 0))
# Of a problem that lacks so many rows that others' weights are multiplied by more than
# this, the Gram matrix is not had by subtracting the part of the missing ones.
_MOST_SHARED = 2.0


def can_share(design: RowDesign, loss: Loss, penalty: Penalty) -> bool:
    """Whether folds of this problem are solved side by side."""
    n, p = design.n_samples, design.n_features
    widest = _WIDEST_OF_LABELS if loss in (LOGISTIC, SQUARED_HINGE) else _WIDEST
    return (
        (loss.is_smooth or loss == SQUARED_HINGE)
        and not loss.is_quadratic
        and not design.is_sparse
        and n * p >= _FEWEST_ENTRIES
        and p <= min(_MOST_COLUMNS, widest * n)
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

    The others are reweighted from it; their ``losses`` may be NaN, for they are judged
    by rows that are held out. See `solve_loss_path` for what is solved.
    """
    whole = designs[0]
    with few_blas_threads(whole):
        task = LossTask(loss, y, offset, tol, max_iter)
        members = [Member(design, task, penalty) for design in designs]
        walk = _Lockstep(members, whole)
        walk.run(alphas)
        return [member.result(whole, penalty, alphas) for member in members]


class _Lockstep:
    """The problems that still go together, and what they share."""

    def __init__(self, members: Sequence[Member], whole: RowDesign) -> None:
        self._members = [m for m in members if not m.is_alone]
        self._first, self._whole, self._all = members[0], whole, members
        self._first.is_first = True
        self._store: WeightedColumns = whole.weighted_columns(False)
        self._columns = np.empty(0, dtype=np.int64)
        self._rows = SharedRows(whole.weights, [m.rows.share for m in members])
        if self._rows.order is not None:
            for member in members:
                member.sort_rows(self._rows.order)
        self._place = {id(m): k for k, m in enumerate(members)}
        self._together = put_together(
            [m.rows for m in members],
            np.array([m.goal for m in members]),
            np.array([m.null_deviance for m in members]),
        )
        ranks = [m.rank for m in members]
        self._rank = None if None in ranks else max(r for r in ranks if r is not None)
        self._seat(members)
        # Those with a Gram matrix of their own; that of the others is weighted by this.
        self._apart: set[int] = set()
        self._weight = np.zeros(whole.n_samples)
        self._settings = members[0].settings(np.inf)
        self._formed_at = np.inf
        self._open = np.flatnonzero(self._first.penalty.is_open)

    def _seat(self, members: Sequence[Member]) -> None:
        """Hand the problems their parts of the common room."""
        together = self._together
        for k, member in enumerate(members):
            member.take_place(rows_of(together, k), working_of(together, k))

    @property
    def _entries(self) -> Floats:
        entries = self._store.entries
        assert entries is not None
        return entries[: len(self._columns)]

    def run(self, alphas: Floats) -> None:
        """Solve for all alphas, decreasing."""
        n_done = 0
        while n_done < len(alphas):
            self._take_all()
            n_found, stage, answers = self._descend(alphas[n_done:])
            n_done += n_found
            if n_done < len(alphas):
                self.solve(float(alphas[n_done]), stage, answers)
                n_done += 1

    def _take_all(self) -> None:
        """Take all columns in, where they are few or most are in already."""
        size, count = len(self._columns), len(self._open)
        is_worthwhile = count <= _FEW_COLUMNS or size >= _NEARLY_ALL * count
        if size < count and is_worthwhile and not all(m.is_alone for m in self._all):
            self._admit(np.setdiff1d(self._open, self._columns))

    def _descend(self, alphas: Floats) -> tuple[int, int, Indices]:
        """Solve for alphas at which all columns are in, and none has to be halted at.

        Returns their number and, as `loss_rounds.descend` does, where the next one is.
        """
        live = [m for m in self._members if not m.is_alone]
        answers = np.full(len(self._all), loss_together.FAILED)
        answers[[self._place[id(m)] for m in live]] = loss_together.DONE
        size = len(self._columns)
        if not live or size < len(self._open):
            return 0, 0, answers
        coefs = np.empty((len(self._all), len(alphas), size))
        found = np.empty((len(self._all), len(alphas), 4))
        n_done, stage = 0, loss_together.TO_BEGIN
        with overflowing():
            while True:
                n_done, stage = loss_rounds.descend(
                    self._together,
                    self._entries,
                    size,
                    self._settings,
                    alphas,
                    answers,
                    coefs,
                    found,
                    n_done,
                    stage,
                )
                stuck = answers == loss_together.NEEDS_GRAM
                has_failed = any(
                    answers[self._place[id(m)]] == loss_together.FAILED for m in live
                )
                if has_failed or not stuck.any() or n_done == len(alphas):
                    break
                self._form_for(float(alphas[n_done]), stuck, answers)
        for m in live if n_done else ():
            at = self._place[id(m)]
            m.take_solutions(coefs[at, :n_done], found[at, :n_done])
        return n_done, stage, answers

    def solve(self, alpha: float, stage: int, answers: Indices) -> None:
        """Solve for the next alpha, from the stage that `_descend` left it at."""
        live = [m for m in self._members if not m.is_alone]
        for m in live:
            # (Too far to go at once.)
            m.is_alone = alpha < LARGEST_DROP * m.alpha
            if m.is_alone:
                answers[self._place[id(m)]] = loss_together.DONE
        todo = [m for m in live if not m.is_alone]
        is_new = True
        while todo:
            wanted = [m.wanted(alpha, is_new) for m in todo]
            columns = np.unique(np.concatenate(wanted))
            if not is_new:
                todo = [m for m, w in zip(todo, wanted, strict=True) if len(w)]
                if not todo:
                    break
            if len(columns):
                self._admit(columns)
            moving = [m for m in todo if alpha < m.alpha and len(m.columns)]
            with overflowing():
                self._go(moving, alpha, stage if is_new else _ANEW, answers)
            is_new = False
            todo = [m for m in todo if not m.is_alone]
            self._look(todo, alpha)
        for m in live:
            if not m.is_alone:
                m.settle(alpha)
        self._together.last_eta[:] = self._first.rows.eta
        self._together.last_residual[:] = self._first.rows.residual

    def _admit(self, columns: Indices) -> None:
        """Take columns into the working set of all."""
        old = len(self._columns)
        self._store.append(columns)
        self._columns = np.concatenate([self._columns, columns])
        live = [m for m in self._members if not m.is_alone]
        self._make_room(len(self._columns))
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
                m.sums[old : old + len(own)] = own
                squares = np.diagonal(gram, old)
                gram = gram - np.outer(own / total, m.sums[: old + len(own)])
                if not self._settings.is_smooth:
                    gram = pivoting.without_rounding(gram, squares)
            m.admit(columns, product, gram)

    def _make_room(self, size: int) -> None:
        price = self._rows.n_reads / len(self._all)
        if size <= _FEW_COLUMNS:
            price += _WEIGHING / size
        self._settings = self._settings._replace(price=price)
        capacity = self._together.ratio.shape[1]
        if size > capacity:
            capacity = max(2 * capacity, size, 64)
            rank = capacity if self._rank is None else self._rank
            self._together = with_room(self._together, capacity, rank)
            self._together.ratio[:] = 1.0
            self._seat(self._all)
        for m in self._members:
            ratio = self._ratio(m)
            if ratio is not None:
                self._together.ratio[self._place[id(m)], :size] = ratio

    def _new_grams(
        self, members: Sequence[Member], first: int
    ) -> list[tuple[Floats, Floats]]:
        """Return the members' Gram rows, and sums, of the columns from ``first`` on."""
        every = self._entries
        new = every[first:]
        if not self._weight.any() and not self._apart:
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

    def _go(
        self, members: Sequence[Member], alpha: float, stage: int, answers: Indices
    ) -> None:
        """Minimize over the working set: first of all that of all rows."""
        first, start = self._first, loss_together.BEGIN
        if stage == loss_together.TO_BEGIN and members[:1] == [first]:
            answers[:] = loss_together.DONE
            answers[0] = loss_together.BEGIN
            stage = loss_together.LEADING
        if stage == loss_together.LEADING:
            self._proceed([first], alpha, answers)
            members = [m for m in members if m is not first]
            stage = loss_together.TO_BEGIN
            start = loss_together.BEGIN if first.is_alone else loss_together.FOLLOW
        if stage in (loss_together.TO_BEGIN, _ANEW):
            answers[:] = loss_together.DONE
            answers[[self._place[id(m)] for m in members]] = start
        if stage != loss_together.TO_CERTIFY:
            self._proceed(members, alpha, answers)

    def _proceed(
        self, members: Sequence[Member], alpha: float, answers: Indices
    ) -> None:
        """Go on until all are there, or are sent on alone."""
        by_place = {self._place[id(m)]: m for m in members}
        while True:
            stuck = answers == loss_together.NEEDS_GRAM
            if stuck.any():
                self._form_for(alpha, stuck, answers)
            elif np.all(answers >= loss_together.DONE):
                break
            loss_rounds.descend(
                self._together,
                self._entries,
                len(self._columns),
                self._settings,
                np.array([alpha]),
                answers,
                _NOWHERE,
                _NOWHERE,
                0,
                loss_together.TO_BEGIN,
            )
        for k, m in by_place.items():
            m.is_alone |= bool(answers[k] == loss_together.FAILED)

    def _form_for(self, alpha: float, stuck: Any, answers: Indices) -> None:
        """Form what some need, and have them go on."""
        self._form(alpha, [self._all[k] for k in np.flatnonzero(stuck).tolist()])
        answers[stuck] = loss_together.NEEDS_PRODUCTS

    def _form(self, alpha: float, stuck: Sequence[Member]) -> None:
        """Form a Gram matrix for all, or one for each member that it does not suit."""
        entries = self._entries
        if not self._settings.is_smooth:
            # Of each by its own: which rows are beyond the kink differs.
            for m in stuck:
                self._give(m, m.rows.curvature.copy(), entries)
            return
        if self._formed_at == alpha:
            for m in stuck:
                if not m.figures[loss_model.CONTRACTION] <= WORST_CONTRACTION:
                    self._give(m, m.rows.curvature.copy(), entries)
            return
        self._formed_at = alpha
        self._apart.clear()
        self._weight = weight = self._first.extrapolated(alpha)
        size, weights = len(entries), self._rows.share * weight
        # The last row's products are the sums.
        scaled = np.empty((size + 1, len(weights)))
        np.sqrt(weights, out=scaled[size])
        np.multiply(entries, scaled[size], out=scaled[:size])

        def products(rows: Any) -> Floats:
            part = scaled[:, rows]
            return np.asarray(part @ part.T)

        grams = self._rows.sums(products)
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
            gram, sums = grams[at][:size, :size], grams[at][:size, size]
            self._scaled(m, own, gram, sums, float(share @ own))

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
