"""Down a path of alphas, of several problems at once, by few passes over the rows.

A *cell* is one problem at one alpha. Each pass evaluates a point for every open cell:
where its quadratic model is least. The dual point that comes with it is feasible
whatever the model's second derivatives are, so that the same pass shows how near the
optimum the point is, gives the gradient for a next step, and the held-out rows' loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from regkit._types import EPS, Floats, Indices
from regkit.solvers.folds.loss_model import Minimum, SummedModel, Units
from regkit.solvers.folds.loss_passes import (
    Curvatures,
    Curved,
    LossRequest,
    LossSums,
    Training,
    Trial,
)
from regkit.solvers.problem import ScaledPenalty

# Alphas opened by the first pass, and at most by one.
_FIRST_AHEAD, _MOST_AHEAD = 4, 32
# A step whose model leaves more than this of the gap is compared by the objective.
_WORST_CONTRACTION = 0.3
# Second derivatives that leave more than this are formed anew for the alphas to come;
# with less than the other, more alphas are opened by a pass.
_FORMED_ANEW, _CLOSE = 1e-3, 0.03
# Alphas to come start from a solution of at most this gap, in null deviances.
_ROUGH = 1e-2
# Rises of the objective up to this share of the null deviance are rounding errors.
_RISE = 1e-12
# Lengths of a step that one pass tries where the whole step does not help.
_LENGTHS = tuple(0.5**k for k in range(13))
# Second derivatives that are kept.
_KEPT = 3
# Second derivatives that a pass forms for solutions whose steps do not help.
_FORMED_AT_ONCE = 2
# Their entries, where each solution has its own (128 MB).
_OWN_ENTRIES = 1 << 24
# Steps in a row that may leave more than this of a gap.
_PATIENCE, _PROGRESS = 8, 0.9
# A dual point's sum below this share of its absolute entries' sum is rounding error.
_BALANCED = 1e-11


class WalkProblem(NamedTuple):
    """One of the problems of a walk."""

    training: Training
    penalty: ScaledPenalty
    """Of all classes' columns, class after class."""
    scale: Floats
    """(p,), the units of its columns."""
    null_deviance: float


@dataclass(frozen=True, eq=False, slots=True)
class Base:
    """A point that a pass has evaluated."""

    coef: Floats
    """(width * p,), in the units of the problem's columns."""
    intercept: Floats
    """(width,)"""
    deviance: float
    products: Floats
    """(width * p,), of the columns, in their units, with the residuals."""
    imbalance: Floats
    """(width,), the residuals' sums."""
    is_met: bool = False
    """Whether nothing is left of the targets."""


@dataclass(frozen=True, eq=False, slots=True)
class Formed:
    """Second derivatives that a pass has formed."""

    place: float
    """The logarithm of the alpha that they are for."""
    weigher: int
    """The problem whose weights of classes they have."""
    point: tuple[Floats, Floats]
    """User's units, of that problem."""
    by_fold: Curvatures


@dataclass(eq=False, slots=True)
class Cell:
    """One problem at one alpha.

    Attributes
    ----------
    base : Base
        The best point known.
    gap, held_out : float
        There.
    is_new : bool
        Whether no point was found yet, beside where its model starts.
    own : Formed or None
        Second derivatives at ``base``, of this problem's rows alone.
    is_waiting : bool
        Whether the last step did not help, so that those are to be formed.
    tries_lengths : bool
        Whether the next step may be as short as it has to.
    """

    base: Base
    gap: float = inf
    held_out: float = np.nan
    contraction: float = inf
    n_iter: int = 0
    is_new: bool = True
    is_done: bool = False
    own: Formed | None = None
    is_waiting: bool = False
    tries_lengths: bool = False
    patience: int = _PATIENCE
    refused: NDArray[np.bool_] | None = None


class _Proposal(NamedTuple):
    """A point to evaluate for a cell."""

    problem: int
    place: int
    found: Minimum
    formed: Formed
    length: float


@dataclass(slots=True)
class LossWalk:
    """The walk; ``cells`` are its result, by problem and alpha."""

    run_pass: Callable[[LossRequest], LossSums]
    request: LossRequest
    """What all passes have in common."""
    problems: Sequence[WalkProblem]
    units: Units
    alphas: Floats
    tops: list[float]
    tol: float
    cells: list[list[Cell]] = field(default_factory=list)
    _formed: list[list[Formed]] = field(default_factory=list)  # by target
    _ahead: int = _FIRST_AHEAD
    _last_contraction: float = inf
    _starts: Sequence[Base] = ()

    def run(self, starts: Sequence[Base], formed: list[Formed]) -> None:
        """Solve for all alphas from points at larger ones, or unknown ones."""
        n_targets = 1 + max(p.training.target for p in self.problems)
        self._starts = starts
        self.cells = [[] for _ in self.problems]
        self._formed = [[] for _ in range(n_targets)]
        for one in formed:
            target = self.request.trainings[one.weigher].target
            self._formed[target].append(one)
        while self._is_open:
            proposals, stuck = self._propose()
            self._take(proposals, stuck)

    @property
    def _reach(self) -> int:
        return len(self.cells[0])

    @property
    def _is_open(self) -> bool:
        unfinished = any(not cell.is_done for cells in self.cells for cell in cells)
        return unfinished or self._reach < len(self.alphas)

    # What to evaluate

    def _propose(self) -> tuple[list[_Proposal], list[tuple[int, int]]]:
        """Return the points to evaluate, and cells that need derivatives first."""
        stuck = [
            (q, i)
            for q, cells in enumerate(self.cells)
            for i, cell in enumerate(cells)
            if cell.is_waiting and not cell.is_done
        ][:_FORMED_AT_ONCE]
        proposals: list[_Proposal] = []
        opened = self._n_to_open()
        for q in range(len(self.problems)):
            proposals += self._steps_of(q, opened)
        return proposals, stuck

    @property
    def _is_shared(self) -> bool:
        """Whether second derivatives are near those of other alphas and other rows.

        Of a squared hinge they are not: a row's is 0 or 2, and must be its own before
        the dual point is one.
        """
        return self.request.width > 1 or self.request.loss.is_smooth

    @property
    def _fronts(self) -> list[Cell]:
        return [cells[-1] for cells in self.cells if cells]

    def _n_to_open(self) -> int:
        reach, left = self._reach, len(self.alphas) - self._reach
        if reach and self._is_shared:
            for problem, last in zip(self.problems, self._fronts, strict=True):
                rough = _ROUGH * problem.null_deviance
                if not last.is_done and not last.gap <= rough:
                    return 0
        most = left
        if any(cell.is_waiting or cell.tries_lengths for cell in self._fronts):
            return 0
        if not self._is_shared:
            entries = len(self.problems) * max(1, len(self.units.columns)) ** 2
            most = min(left, max(1, _OWN_ENTRIES // entries))
        return min(self._ahead, most)

    def _steps_of(self, q: int, opened: int) -> list[_Proposal]:
        """Minimize the models of a problem's cells, and open new ones."""
        cells = self.cells[q]
        reach = len(cells)
        own = cells[-1].own if cells else None
        for cell in cells:
            cell.own = None if cell.is_done else cell.own
        front = cells[reach - 1].base if reach else self._starts[q]
        reached = float(self.alphas[reach - 1]) if reach else self.tops[q]
        is_met = self.problems[q].null_deviance == 0.0
        cells.extend(Cell(front) for _ in range(opened))
        if is_met:
            for cell in cells[reach:]:
                cell.gap, cell.is_done, cell.is_new = 0.0, True, False
            return []
        wanted: dict[Formed, list[int]] = {}
        options = self._formed[self.problems[q].training.target]
        for i, cell in enumerate(cells):
            if not cell.is_done and not cell.is_waiting:
                alpha = float(self.alphas[reach - 1 if i >= reach > 0 else i])
                formed = (own if i >= reach else cell.own) or _nearest(options, alpha)
                wanted.setdefault(formed, []).append(i)
        proposals = []
        for formed, places in wanted.items():
            model = self._model(q, formed)
            last: Base | None = None
            near = reached
            for i in places:
                cell, alpha = cells[i], float(self.alphas[i])
                if cell.base is not last:
                    last = cell.base
                    model.center_on(
                        self._used(last.coef), self._used(last.products), last.imbalance
                    )
                    near = reached if cell.is_new else alpha
                found = model.minimize(alpha, near, self.tops[q])
                near = alpha
                cell.refused = model.is_refused
                lengths = _LENGTHS if cell.tries_lengths else _LENGTHS[:1]
                proposals += [_Proposal(q, i, found, formed, s) for s in lengths]
        return proposals

    def _model(self, q: int, formed: Formed) -> SummedModel:
        problem = self.problems[q]
        training = problem.training
        parts = [m for k, m in formed.by_fold.items() if k != training.fold]
        parts = parts or list(formed.by_fold.values())
        moments = [pair.copy() for pair in parts[0]]
        for part in parts[1:]:
            for mine, theirs in zip(moments, part, strict=True):
                mine.merge(theirs)
        penalty = problem.penalty.restricted(self._places)
        units = self.units._replace(scale=problem.scale[self.units.columns])
        return SummedModel(moments, training.total, penalty, units)

    @property
    def _places(self) -> Indices:
        """The used columns' places among those of all classes."""
        p, columns = self.request.coefs.shape[1], self.units.columns
        width = self.request.width
        return np.concatenate([k * p + columns for k in range(width)])

    def _used(self, values: Floats) -> Floats:
        return values[self._places]

    # What was found

    def _take(self, proposals: list[_Proposal], stuck: list[tuple[int, int]]) -> None:
        points = _Points(self.request.width, self.request.coefs.shape[1])
        trials = []
        moved = []
        for proposal in proposals:
            base = self.cells[proposal.problem][proposal.place].base
            coef, intercept = self._moved(base, proposal)
            moved.append((coef, intercept))
            scale = self.problems[proposal.problem].scale
            formed = proposal.formed
            trials.append(
                Trial(
                    proposal.problem,
                    points.add(coef, intercept, scale),
                    points.add_once(base, scale),
                    points.add_formed(formed),
                    formed.weigher,
                )
            )
        wanted = self._wanted_derivatives(proposals, stuck, trials, points)
        coefs, intercepts = points.arrays()
        found = self.run_pass(
            self.request._replace(
                coefs=coefs,
                intercepts=intercepts,
                trials=tuple(trials),
                curved=tuple(
                    Curved(
                        one.problem,
                        one.point,
                        one.is_for_waiting or not self._is_shared,
                    )
                    for one in wanted
                ),
                columns=self.units.columns,
            )
        )
        taken = self._judge_all(proposals, moved, found)
        for one, by_fold in zip(wanted, found.curvatures, strict=True):
            alpha = float(self.alphas[one.place])
            formed = Formed(_place(alpha), one.problem, points.at(one.point), by_fold)
            is_there = taken.get((one.problem, one.place)) == 1.0
            if one.is_for_waiting:
                cell = self.cells[one.problem][one.place]
                cell.own, cell.tries_lengths, cell.is_waiting = formed, True, False
            elif is_there and not self._is_shared:
                if one.place < self._reach:
                    self.cells[one.problem][one.place].own = formed
            elif is_there:
                kept = self._formed[self._target(one.problem)]
                kept.append(formed)
                del kept[:-_KEPT]

    def _moved(self, base: Base, proposal: _Proposal) -> tuple[Floats, Floats]:
        places = self._places
        coef = base.coef.copy()
        if proposal.length == 1.0:
            coef[places] = proposal.found.coef
        else:
            own = coef[places]
            coef[places] = own + proposal.length * (proposal.found.coef - own)
        return coef, base.intercept + proposal.length * proposal.found.shift

    def _wanted_derivatives(
        self,
        proposals: list[_Proposal],
        stuck: list[tuple[int, int]],
        trials: list[Trial],
        points: _Points,
    ) -> list[_Wanted]:
        """Choose where this pass forms second derivatives."""
        wanted = []
        for q, i in stuck:
            at = points.add_once(self.cells[q][i].base, self.problems[q].scale)
            wanted.append(_Wanted(q, i, at, True))
        if not self._is_shared:
            return wanted + [
                _Wanted(p.problem, p.place, trial.point, False)
                for p, trial in zip(proposals, trials, strict=True)
                if p.length == 1.0
            ]
        for target in range(len(self._formed)):
            candidates = [
                (number, p)
                for number, p in enumerate(proposals)
                if self._target(p.problem) == target and p.length == 1.0
            ]
            chosen = self._most_in_need(candidates)
            if chosen is not None:
                number, p = chosen
                wanted.append(_Wanted(p.problem, p.place, trials[number].point, False))
        return wanted

    def _most_in_need(
        self, candidates: list[tuple[int, _Proposal]]
    ) -> tuple[int, _Proposal] | None:
        """Return the proposal at which second derivatives serve most, if any do."""
        first = min((p.problem for _, p in candidates), default=0)
        leading = [c for c in candidates if c[1].problem == first]
        new = [c for c in leading if self._cell(c[1]).is_new]
        if new and self._last_contraction > _FORMED_ANEW:
            return new[-1]
        slow = [c for c in candidates if self._is_slow(self._cell(c[1]), c[1].problem)]
        if not slow:
            return None
        worst = max(slow, key=lambda c: self._relative_gap(c[1]))
        same = [c for c in leading if c[1].place == worst[1].place]
        return same[0] if same else worst

    def _is_slow(self, cell: Cell, q: int) -> bool:
        """Whether the step now made by the same derivatives will not be the last."""
        goal = self.tol * self.problems[q].null_deviance
        return not cell.is_new and cell.contraction * cell.gap > goal

    def _cell(self, proposal: _Proposal) -> Cell:
        return self.cells[proposal.problem][proposal.place]

    def _relative_gap(self, proposal: _Proposal) -> float:
        null = self.problems[proposal.problem].null_deviance
        return self._cell(proposal).gap / null if null > 0.0 else 0.0

    def _target(self, q: int) -> int:
        return self.problems[q].training.target

    def _judge_all(
        self,
        proposals: list[_Proposal],
        moved: list[tuple[Floats, Floats]],
        found: LossSums,
    ) -> dict[tuple[int, int], float]:
        """Take what helps, and close alphas whose models do not reach so far.

        Returns the cells that were moved, and by what lengths of their steps.
        """
        by_cell: dict[tuple[int, int], list[int]] = {}
        for number, p in enumerate(proposals):
            by_cell.setdefault((p.problem, p.place), []).append(number)
        rejected: list[int] = []
        contractions: list[float] = []
        lengths = {}
        first_new = self._reach
        for (q, i), numbers in by_cell.items():
            cell = self.cells[q][i]
            was_new = cell.is_new
            if was_new:
                first_new = min(first_new, i)
            taken = self._judge(cell, proposals, numbers, moved, found)
            if taken is not None:
                lengths[q, i] = proposals[taken].length
                contractions += [cell.contraction] if was_new else []
            elif was_new:
                rejected.append(i)
        if rejected:
            last = max(min(rejected), first_new + 1)
            for cells in self.cells:
                del cells[last:]
            self._ahead = max(1, min(rejected) - first_new)
            self._last_contraction = inf
        elif contractions:
            self._last_contraction = max(contractions) if self._is_shared else 0.0
            if self._last_contraction <= _CLOSE:
                self._ahead = min(2 * self._ahead, _MOST_AHEAD)
            elif self._last_contraction > _WORST_CONTRACTION:
                self._ahead = max(1, self._ahead // 2)
        return lengths

    def _judge(
        self,
        cell: Cell,
        proposals: list[_Proposal],
        numbers: list[int],
        moved: list[tuple[Floats, Floats]],
        found: LossSums,
    ) -> int | None:
        """Move a cell to the best of the points tried for it, if one is better.

        Returns which one.
        """
        q, i = proposals[numbers[0]].problem, proposals[numbers[0]].place
        problem, alpha = self.problems[q], float(self.alphas[i])
        cell.n_iter += 1
        goal = self.tol * problem.null_deviance

        def value(deviance: float, coef: Floats) -> float:
            every = np.arange(len(coef))
            return float(deviance + alpha * problem.penalty.value(every, coef))

        whole = numbers[0]
        divergence = float(found.divergences[whole])
        if not _is_balanced(found, whole, self.units.fit_intercept):
            divergence = inf
        square = float(found.squares[whole])
        contraction = 2.0 * divergence / square if square > 0.0 else inf
        if divergence == 0.0 or not np.isfinite(contraction):
            contraction = 0.0 if divergence == 0.0 else inf
        start = value(cell.base.deviance, cell.base.coef)
        limit = start + _RISE * problem.null_deviance
        values = [value(float(found.deviances[m]), moved[m][0]) for m in numbers]
        is_sure = contraction <= _WORST_CONTRACTION or divergence <= goal
        best = 0
        if not (is_sure or values[0] <= limit):
            finite = np.where(np.isfinite(values), values, inf)
            best = int(np.argmin(finite))
            if not finite[best] <= (start if best else limit):
                # No length of a step by its own model helps: that is all.
                cell.is_done = cell.tries_lengths
                cell.is_waiting = not cell.is_done
                cell.gap = min(cell.gap, start)
                return None
        at = numbers[best]
        coef, intercept = moved[at]
        scale = np.tile(problem.scale, self.request.width)
        cell.base = Base(
            coef,
            intercept,
            float(found.deviances[at]),
            found.gradients[at] / scale,
            found.sums[at].copy(),
        )
        cell.is_new, cell.own, cell.tries_lengths = False, None, False
        cell.held_out = float(found.held_out[at])
        gap = values[best]
        cell.contraction = inf
        if best == 0:
            cell.contraction = contraction
            slope = np.zeros_like(coef)
            slope[self._places] = proposals[at].found.correlation
            gap = min(
                gap,
                _gap(
                    problem,
                    coef,
                    slope,
                    alpha,
                    divergence,
                    float(found.deviances[at]),
                ),
            )
        helps = gap <= _PROGRESS * cell.gap
        cell.patience = _PATIENCE if helps else cell.patience - 1
        cell.gap = gap
        most = cell.n_iter >= self.units.max_iter or cell.patience <= 0
        cell.is_done = gap <= goal or most
        return at


class _Wanted(NamedTuple):
    """Where a pass forms second derivatives."""

    problem: int
    place: int
    point: int
    is_for_waiting: bool


class _Points:
    """The points of a pass, each once."""

    def __init__(self, width: int, p: int) -> None:
        self._width, self._p = width, p
        self._coefs: list[Floats] = []
        self._intercepts: list[Floats] = []
        self._known: dict[int, int] = {}

    def add(self, coef: Floats, intercept: Floats, scale: Floats) -> int:
        by_class = coef.reshape(self._width, self._p) / scale
        return self._add(by_class, intercept)

    def _add(self, by_class: Floats, intercept: Floats) -> int:
        self._coefs.append(by_class)
        self._intercepts.append(intercept)
        return len(self._coefs) - 1

    def add_once(self, base: Base, scale: Floats) -> int:
        if id(base) not in self._known:
            self._known[id(base)] = self.add(base.coef, base.intercept, scale)
        return self._known[id(base)]

    def add_formed(self, formed: Formed) -> int:
        if id(formed) not in self._known:
            self._known[id(formed)] = self._add(*formed.point)
        return self._known[id(formed)]

    def at(self, number: int) -> tuple[Floats, Floats]:
        return self._coefs[number], self._intercepts[number]

    def arrays(self) -> tuple[Floats, Floats]:
        if not self._coefs:
            return np.empty((0, self._p)), np.empty(0)
        return np.concatenate(self._coefs), np.concatenate(self._intercepts)


def _nearest(options: list[Formed], alpha: float) -> Formed:
    """Return the second derivatives for the nearest alpha, the newest of equals."""
    place = _place(alpha)
    return min(
        reversed(options),
        key=lambda one: 0.0 if one.place == place else abs(one.place - place),
    )


def _place(alpha: float) -> float:
    return log(alpha) if alpha > 0.0 else -inf


def _is_balanced(found: LossSums, number: int, fit_intercept: bool) -> bool:
    """Return whether a dual point is orthogonal to the intercepts."""
    if not fit_intercept:
        return True
    size = float(found.dual_sizes[number].sum())
    limit = _BALANCED * size + 64.0 * EPS
    return bool(np.all(np.abs(found.dual_sums[number]) <= limit))


def _gap(
    problem: WalkProblem,
    coef: Floats,
    slope: Floats,
    alpha: float,
    divergence: float,
    deviance: float,
) -> float:
    """Return the duality gap at a point with a dual point of these slopes."""
    penalty, every = problem.penalty, np.arange(len(coef))
    gap, scale = inf, problem.null_deviance
    if not np.isfinite(divergence):
        return gap
    tried = 2.0
    for share in penalty.shrinkages(every, coef, slope, alpha):
        if share >= tried:  # the first is the largest that is feasible
            continue
        tried = share
        # The rows' part is convex in the dual point; at zero it is their deviance.
        part = share * divergence + (1.0 - share) * deviance
        part += penalty.shrunk_gap(every, coef, slope, alpha, share, scale)
        gap = min(gap, part)
    return gap
