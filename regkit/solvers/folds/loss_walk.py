"""Down a path of alphas, of several problems at once, by few passes over the rows.

A *cell* is one problem at one alpha. Each pass evaluates a point for every open cell:
where its quadratic model is least. The dual point that comes with it is feasible
whatever the model's second derivatives are, so that the same pass shows how near the
optimum the point is, gives the gradient for a next step, and the held-out rows' loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np

from regkit._types import Floats, Indices
from regkit.kernels.linear.loss_policy import LEAST_FALL, RISE
from regkit.solvers.folds.loss_cells import (
    PATIENCE,
    Base,
    Cell,
    Formed,
    Points,
    Proposal,
    Use,
    WalkProblem,
    Wanted,
    gap_at,
    is_balanced,
    nearest,
    place_of,
)
from regkit.solvers.folds.loss_model import SummedModel, Units
from regkit.solvers.folds.loss_passes import Curved, LossRequest, LossSums, Trial

# Alphas opened by the first pass, and at most by one.
_FIRST_AHEAD, _MOST_AHEAD = 4, 32
# A step whose model leaves more than this of the gap is compared by the objective.
_WORST_CONTRACTION = 0.3
# Second derivatives that leave more than this are formed anew for the alphas to come;
# with less than the other, more alphas are opened by a pass.
_FORMED_ANEW, _CLOSE = 1e-3, 0.03
# Alphas to come start from a solution of at most this gap, in null deviances.
_ROUGH = 1e-2
# Lengths of a step that one pass tries where the whole step does not help.
_LENGTHS = tuple(0.5**k for k in range(13))
# Second derivatives that are kept.
_KEPT = 3
# Second derivatives that a pass forms for solutions whose steps do not help.
_FORMED_AT_ONCE = 2
# Their entries, where each solution has its own (128 MB).
_OWN_ENTRIES = 1 << 24
# A larger fall of the objective than this, in null deviances, is a step's worth.
_FALL = 1e-9
# A step makes progress where it leaves no more than this of a gap.
_PROGRESS = 0.9


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

    def _propose(self) -> tuple[list[Proposal], list[tuple[int, int]]]:
        """Return the points to evaluate, and cells that need derivatives first."""
        stuck = [
            (q, i)
            for q, cells in enumerate(self.cells)
            for i, cell in enumerate(cells)
            if cell.is_waiting and not cell.is_done
        ][:_FORMED_AT_ONCE]
        proposals: list[Proposal] = []
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
        unfinished = [cell for cell in self._fronts if not cell.is_done]
        if any(cell.is_waiting or cell.tries_lengths for cell in unfinished):
            return 0
        most = left
        if not self._is_shared:
            most = min(left, max(1, self._most_own // len(self.problems)))
        return min(self._ahead, most)

    @property
    def _most_own(self) -> int:
        """How many solutions may have second derivatives of their own at a time."""
        size = max(1, self.request.width * len(self.units.columns))
        return max(1, _OWN_ENTRIES // size**2)

    def _steps_of(self, q: int, opened: int) -> list[Proposal]:
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
                formed = (own if i >= reach else cell.own) or nearest(options, alpha)
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
                proposals += [Proposal(q, i, found, formed, s) for s in lengths]
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

    def _take(self, proposals: list[Proposal], stuck: list[tuple[int, int]]) -> None:
        points = Points(self.request.width, self.request.coefs.shape[1])
        trials = []
        moved = []
        for proposal in proposals:
            base = self.cells[proposal.problem][proposal.place].base
            coef, intercept = proposal.applied(base, self._places)
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
                    Curved(one.problem, one.point, one.use != Use.SHARED)
                    for one in wanted
                ),
                columns=self.units.columns,
            )
        )
        taken = self._judge_all(proposals, moved, found)
        for one, by_fold in zip(wanted, found.curvatures, strict=True):
            alpha = float(self.alphas[one.place])
            formed = Formed(place_of(alpha), one.problem, points.at(one.point), by_fold)
            is_there = taken.get((one.problem, one.place)) == 1.0
            if one.use == Use.WAITING:
                cell = self.cells[one.problem][one.place]
                cell.own, cell.tries_lengths, cell.is_waiting = formed, True, False
            elif is_there and one.use == Use.OWN:
                if one.place < self._reach:
                    self.cells[one.problem][one.place].own = formed
            elif is_there:
                kept = self._formed[self._target(one.problem)]
                kept.append(formed)
                del kept[:-_KEPT]

    def _wanted_derivatives(
        self,
        proposals: list[Proposal],
        stuck: list[tuple[int, int]],
        trials: list[Trial],
        points: Points,
    ) -> list[Wanted]:
        """Choose where this pass forms second derivatives."""
        wanted = []
        for q, i in stuck:
            at = points.add_once(self.cells[q][i].base, self.problems[q].scale)
            wanted.append(Wanted(q, i, at, Use.WAITING))
        whole = [
            Wanted(p.problem, p.place, trial.point, Use.OWN)
            for p, trial in zip(proposals, trials, strict=True)
            if p.length == 1.0
        ]
        if not self._is_shared:
            return wanted + whole
        slow = [one for one in whole if self.cells[one.problem][one.place].is_slow]
        wanted += slow[: self._most_own]
        for target in range(len(self._formed)):
            candidates = [
                (number, p)
                for number, p in enumerate(proposals)
                if self._target(p.problem) == target and p.length == 1.0
            ]
            chosen = self._most_in_need(candidates)
            if chosen is not None:
                number, p = chosen
                point = trials[number].point
                wanted.append(Wanted(p.problem, p.place, point, Use.SHARED))
        return wanted

    def _most_in_need(
        self, candidates: list[tuple[int, Proposal]]
    ) -> tuple[int, Proposal] | None:
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

    def _cell(self, proposal: Proposal) -> Cell:
        return self.cells[proposal.problem][proposal.place]

    def _relative_gap(self, proposal: Proposal) -> float:
        null = self.problems[proposal.problem].null_deviance
        return self._cell(proposal).gap / null if null > 0.0 else 0.0

    def _target(self, q: int) -> int:
        return self.problems[q].training.target

    def _judge_all(
        self,
        proposals: list[Proposal],
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
        proposals: list[Proposal],
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
        if not is_balanced(found, whole, self.units.fit_intercept):
            divergence = inf
        square = float(found.squares[whole])
        contraction = 2.0 * divergence / square if square > 0.0 else inf
        if divergence == 0.0 or not np.isfinite(contraction):
            contraction = 0.0 if divergence == 0.0 else inf
        start = value(cell.base.deviance, cell.base.coef)
        limit = start + RISE * problem.null_deviance - LEAST_FALL * square
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
            float(found.held_out[at]),
        )
        cell.is_new, cell.own, cell.tries_lengths = False, None, False
        gap = values[best]
        cell.contraction = inf
        if best == 0:
            cell.contraction = contraction
            slope = np.zeros_like(coef)
            slope[self._places] = proposals[at].found.correlation
            gap = min(
                gap,
                gap_at(
                    problem, coef, slope, alpha, divergence, float(found.deviances[at])
                ),
            )
        cell.is_slow |= not contraction <= _WORST_CONTRACTION
        helps = gap <= _PROGRESS * cell.gap
        helps |= start - values[best] > _FALL * problem.null_deviance
        cell.patience = PATIENCE if helps else cell.patience - 1
        cell.gap = gap
        most = cell.n_iter >= self.units.max_iter or cell.patience <= 0
        cell.is_done = gap <= goal or most
        return at
