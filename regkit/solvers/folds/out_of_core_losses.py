"""Paths of a loss beyond squares over rows that are not kept, for all folds at once.

Each pass over the rows sums up the loss and its gradient at many points: the solutions
that quadratic models predict for some alphas to come, of every fold, and one more step
for those before that are not certified yet. A model's second derivatives are p² sums
that one pass forms fold by fold, at the solution for all rows: they serve several
alphas, and the training rows of every fold, since a step may be taken with any positive
weights and is certified all the same (`regkit.solvers.paths.newton_model`). So a path
takes a few passes in all, not a few per alpha.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from regkit._types import Floats, Indices
from regkit.solvers.folds.loss_cells import Base, Formed, NullModels, WalkProblem
from regkit.solvers.folds.loss_model import Units
from regkit.solvers.folds.loss_passes import (
    Curved,
    LossRequest,
    LossSums,
    Training,
    Trial,
    pairs,
)
from regkit.solvers.folds.loss_results import PathAssembly, beside
from regkit.solvers.folds.loss_setup import (
    FoldLosses,
    LossPasses,
    LossSetup,
    times,
)
from regkit.solvers.folds.loss_walk import LossWalk
from regkit.solvers.folds.out_of_core_passes import ColumnMoments, ColumnsByMoments
from regkit.solvers.losses import null_intercept
from regkit.solvers.problem import Penalty, ScaledPenalty, grid_below, require_l1
from regkit.solvers.results import PathResult

# The null model is solved to this share of its deviance: alpha_max is what it leaves.
_NULL_TOL, _NULL_STEPS = 1e-14, 1000


class RowsInPasses:
    """The rows of a problem, its folds, and the paths over them.

    Attributes
    ----------
    n_passes : int
        Passes made so far.
    n_features : int
    test_weights : ndarray (K,)
        Sums of the held-out rows' weights.
    """

    def __init__(self, passes: LossPasses, setup: LossSetup, n_folds: int = 0) -> None:
        self._passes, self.setup = passes, setup
        self.n_passes = 1
        groups = passes.measure()
        labels = list(range(n_folds))
        self._groups = groups
        whole = ColumnMoments.of_parts(list(groups.columns.values()))
        p = self.n_features = len(whole.products)
        self.test_weights = np.array([groups.held_out_weight(k) for k in labels])
        self._n_targets = 1
        if setup.n_classes and setup.loss.width == 1:
            classes = np.arange(float(setup.n_classes))
            self._n_targets = len(setup.targets(classes))
        self.center = whole.mean[:p] if setup.fit_intercept else np.zeros(p)
        self._labels = labels
        self._units: dict[int, ColumnsByMoments] = {}
        self._trainings: list[Training] = []
        self._shares: dict[int, Floats] = {}
        for fold in [-1, *labels]:
            total, factors, parts = self._parts(fold)
            self._units[fold] = ColumnsByMoments(
                ColumnMoments.of_parts(parts), setup.fit_intercept, setup.standardize
            )
            self._trainings += [
                Training(fold, t, total, factors) for t in range(self._n_targets)
            ]
        self._nulls: dict[bytes, NullModels] = {}
        # Of each problem, the mean curvature and the residuals' size.
        self._sizes = [(1.0, 1.0)] * len(self._trainings)

    @property
    def n_outputs(self) -> int:
        """Rows of coefficients: targets, or classes of the multinomial loss."""
        return self._n_targets * self.setup.loss.width

    @property
    def column_sizes(self) -> Floats:
        """The larger of |mean| and the deviation of each column."""
        return self._units[-1].magnitudes[: self.n_features]

    @property
    def mean_target(self) -> float:
        """The mean of y."""
        groups = list(self._groups.columns.values())
        return float(ColumnMoments.of_parts(groups).mean[-1])

    def class_totals(self, fold: int) -> Floats:
        """Return the sums of the rows' weights by class, where a fold is held out."""
        totals = np.zeros(max(1, self.setup.n_classes))
        for c, moments in self._groups.trained_on(fold):
            totals[c] += moments.total_weight
        return totals

    def class_weights(self, fold: int) -> Floats:
        """Return the same with the classes' own weights."""
        return self._shares[fold]

    def _parts(self, fold: int) -> tuple[float, Floats | None, list[ColumnMoments]]:
        """Return the weights and the columns of the rows that a fold trains on."""
        chosen = self._groups.trained_on(fold)
        totals = self.class_totals(fold)
        factors = None
        if self.setup.factors is not None:
            factors = self.setup.factors(totals)
            chosen = [(c, times(m, factors[c])) for c, m in chosen if factors[c] > 0.0]
            totals = totals * factors
        self._shares[fold] = totals
        return float(totals.sum()), factors, [m for _, m in chosen]

    # The null model

    def alpha_grid(self, penalty: Penalty, n_alphas: int, eps: float) -> Floats:
        """Return alphas from alpha_max of all rows down; see `loss_alpha_grid`."""
        require_l1(penalty)
        null = self._null(penalty)
        tops = [
            self._scaled(q, penalty).largest_alpha(null.bases[q].products)
            for q, training in enumerate(self._trainings)
            if training.fold < 0
        ]
        return grid_below(max(tops), n_alphas, eps)

    def _null(self, penalty: Penalty) -> NullModels:
        """Fit the intercepts and the unpenalized columns."""
        key = (penalty.factor == 0.0).tobytes() + np.isinf(penalty.factor).tobytes()
        if key not in self._nulls:
            self._nulls[key] = self._fit_null(penalty)
        return self._nulls[key]

    def _fit_null(self, penalty: Penalty) -> NullModels:
        p, width = self.n_features, self.setup.loss.width
        points = [(np.zeros((width, p)), self._level(q)) for q in range(self._count)]
        free = np.flatnonzero(penalty.factor == 0.0)
        has_offset = bool(self._groups.offsets)
        is_exact = not len(free) and not has_offset
        used = np.flatnonzero(~np.isinf(penalty.factor))
        found = self._look(points, used if is_exact else free)
        self._sizes = [
            self._sizes_of(found, q, training)
            for q, training in enumerate(self._trainings)
        ]
        bases = [self._base(found, q, *points[q]) for q in range(self._count)]
        if not is_exact:
            scales = [0.0 if base.is_met else base.deviance for base in bases]
            closed = replace(
                penalty,
                factor=np.where(penalty.factor == 0.0, 0.0, np.inf),
            )
            every = list(range(self._count))
            walk = self._walk(
                closed, np.ones(1), free, _NULL_TOL, _NULL_STEPS, every, scales
            )
            walk.tops = [1.0] * self._count
            walk.run(bases, self._formed(found, points, 0.0))
            points = [
                (
                    cells[0].base.coef.reshape(width, p) / self._scale(q),
                    cells[0].base.intercept,
                )
                for q, cells in enumerate(walk.cells)
            ]
            found = self._look(points, used)
            bases = [self._base(found, q, *points[q]) for q in range(self._count)]
        nulls = [0.0 if base.is_met else base.deviance for base in bases]
        return NullModels(bases, nulls, self._formed(found, points, 0.0), used)

    def _sizes_of(
        self, found: LossSums, q: int, training: Training
    ) -> tuple[float, float]:
        """Return a problem's mean curvature, that of all rows, and residuals' size."""
        several = found.curvatures[training.target].values()
        weight = sum(
            part[pairs(self.setup.loss.width).index((k, k))].total_weight
            for part in several
            for k in range(self.setup.loss.width)
        )
        whole = self._trainings[training.target].total
        return weight / whole, float(np.sqrt(found.spreads[q]))

    @property
    def _count(self) -> int:
        return len(self._trainings)

    def _scale(self, q: int) -> Floats:
        return self._units[self._trainings[q].fold].scale

    def _level(self, q: int) -> Floats:
        """Return the null model's intercepts where there is no offset."""
        loss, training = self.setup.loss, self._trainings[q]
        width = loss.width
        if not self.setup.fit_intercept:
            return np.zeros(width)
        shares = self._shares[training.fold] / training.total
        if self.setup.n_classes:
            classes = np.arange(float(len(shares)))
            targets = self.setup.targets(classes)
            y = targets.reshape(-1) if width > 1 else targets[training.target]
        else:
            moments = self._units[training.fold]
            y = np.array([moments.target_mean])
        level = null_intercept(
            loss,
            np.ascontiguousarray(y),
            np.tile(shares, width),
            np.zeros(len(y)),
        )
        return np.atleast_1d(level - self._groups.mean_offset(training.fold))

    def _look(self, points: list[tuple[Floats, Floats]], columns: Indices) -> LossSums:
        """Evaluate a point per problem; form derivatives at those of all rows."""
        first = [q for q, training in enumerate(self._trainings) if training.fold < 0]
        return self._run(
            self._request()._replace(
                coefs=np.concatenate([coef for coef, _ in points]),
                intercepts=np.concatenate([level for _, level in points]),
                trials=tuple(Trial(q, q) for q in range(len(points))),
                curved=tuple(Curved(q, q) for q in first),
                columns=columns,
            )
        )

    def _formed(
        self, found: LossSums, points: list[tuple[Floats, Floats]], place: float
    ) -> list[Formed]:
        return [
            Formed(place, q, points[q], found.curvatures[q])
            for q in range(self._n_targets)
        ]

    def _base(self, found: LossSums, q: int, coef: Floats, level: Floats) -> Base:
        scale = self._scale(q)
        return Base(
            (coef * scale).reshape(-1),
            level,
            float(found.deviances[q]),
            found.gradients[q] / np.tile(scale, len(coef)),
            found.sums[q],
            float(found.held_out[q]),
            is_met=not found.unmet[q],
        )

    def _run(self, request: LossRequest) -> LossSums:
        self.n_passes += 1
        return self._passes.evaluate(request)

    def _request(self) -> LossRequest:
        setup = self.setup
        return LossRequest(
            setup.loss,
            setup.targets,
            tuple(self._trainings),
            self.center,
            np.empty((0, self.n_features)),
            np.empty(0),
            (),
            (),
            np.empty(0, dtype=np.int64),
        )

    def _scaled(self, q: int, penalty: Penalty) -> ScaledPenalty:
        """Express the penalty in a problem's units, for the columns of all classes."""
        units = self._units[self._trainings[q].fold]
        curvature, size = self._sizes[q]
        scaled = ScaledPenalty.of(penalty, units, size + curvature)
        scaled = scaled._replace(square=scaled.square * curvature)
        width = self.setup.loss.width
        return ScaledPenalty(*(np.tile(values, width) for values in scaled))

    # Paths

    def solve(
        self,
        penalty: Penalty,
        alphas: Floats,
        tol: float,
        max_iter: int = 1000,
        *,
        with_whole: bool = True,
    ) -> FoldLosses:
        """Solve for decreasing alphas on the training rows of all folds.

        Parameters
        ----------
        penalty : Penalty
        alphas : ndarray (A,)
        tol : float
            Of the null deviance.
        max_iter : int
            Steps allowed at each alpha.
        with_whole : bool
            Whether to solve on all rows too.
        """
        # The problems of all rows come first.
        first = 0 if with_whole else self._n_targets
        chosen = list(range(first, self._count))
        walk = self._solved(penalty, alphas, tol, max_iter, chosen)
        assembly = self._assembly(penalty, alphas, tol)
        paths: dict[int, list[PathResult]] = {}
        for q, problem, cells in zip(chosen, walk.problems, walk.cells, strict=True):
            found = assembly.path(problem, cells)
            paths.setdefault(self._trainings[q].fold, []).append(found)
        joined = {fold: beside(several) for fold, several in paths.items()}
        held_out = np.zeros((len(alphas), len(self._labels)))
        for q, cells in zip(chosen, walk.cells, strict=True):
            fold = self._trainings[q].fold
            if fold >= 0:
                losses = np.array([cell.base.held_out for cell in cells])
                held_out[:, fold] += losses / self._n_targets
        return FoldLosses(
            joined.get(-1),
            [joined[fold] for fold in self._labels],
            held_out / np.where(self.test_weights > 0.0, self.test_weights, np.nan),
        )

    def solve_whole(
        self,
        penalty: Penalty,
        alphas: Floats,
        tol: float,
        max_iter: int = 1000,
        start: tuple[Floats, Floats] | None = None,
    ) -> PathResult:
        """Solve for decreasing alphas on all rows: shape (A, outputs).

        ``start`` are coefficients (outputs, p) and intercepts (outputs,) to start from,
        in the user's units.
        """
        chosen = list(range(self._n_targets))
        walk = self._solved(penalty, alphas, tol, max_iter, chosen, start)
        path = self._assembly(penalty, alphas, tol).path
        return beside(list(map(path, walk.problems, walk.cells)))

    def _assembly(self, penalty: Penalty, alphas: Floats, tol: float) -> PathAssembly:
        return PathAssembly(
            self.setup.loss.width,
            self.center,
            self.setup.fit_intercept,
            self._null(penalty).columns,
            penalty,
            alphas,
            tol,
        )

    def _solved(
        self,
        penalty: Penalty,
        alphas: Floats,
        tol: float,
        max_iter: int,
        chosen: list[int],
        start: tuple[Floats, Floats] | None = None,
    ) -> LossWalk:
        """Walk down the alphas for some of the problems."""
        null = self._null(penalty)
        bases, formed, is_null = null.bases, null.formed, True
        if start is not None:
            bases, formed, is_null = self._from_start(null, penalty, *start)
        walk = self._walk(
            penalty, alphas, null.columns, tol, max_iter, chosen, null.deviances
        )
        first = chosen[0]
        for q, problem in zip(chosen, walk.problems, strict=True):
            top = problem.penalty.largest_alpha(null.bases[q].products)
            walk.tops.append(top if is_null else np.inf)
        top = max((top for top in walk.tops if 0.0 < top < np.inf), default=1.0)
        weighers = [(one.weigher - first) % self._count for one in formed]
        formed = [
            replace(one, place=float(np.log(top)), weigher=weigher)
            for one, weigher in zip(formed, weighers, strict=True)
        ]
        walk.run([bases[q] for q in chosen], formed)
        return walk

    def _walk(
        self,
        penalty: Penalty,
        alphas: Floats,
        columns: Indices,
        tol: float,
        max_iter: int,
        chosen: list[int],
        scales: list[float],
    ) -> LossWalk:
        problems = [
            WalkProblem(
                self._trainings[q], self._scaled(q, penalty), self._scale(q), scales[q]
            )
            for q in chosen
        ]
        units = Units(
            columns,
            self.center[columns],
            np.ones(len(columns)),
            self.setup.fit_intercept,
            max_iter,
        )
        # Whatever is left out comes last: second derivatives may have its weights.
        order = chosen + [q for q in range(self._count) if q not in chosen]
        request = self._request()._replace(
            trainings=tuple(self._trainings[q] for q in order)
        )
        return LossWalk(self._run, request, problems, units, alphas, [], tol)

    def _from_start(
        self, null: NullModels, penalty: Penalty, coefs: Floats, intercepts: Floats
    ) -> tuple[list[Base], list[Formed], bool]:
        """Look at points to start from; keep the null model where it is nearer."""
        width = self.setup.loss.width
        coefs = np.clip(coefs, penalty.lower, penalty.upper)
        coefs = np.where(np.isinf(penalty.factor), 0.0, coefs)
        levels = intercepts + coefs @ self.center
        if not self.setup.fit_intercept:
            levels = np.zeros_like(levels)
        points = []
        for training in self._trainings:
            rows = slice(training.target * width, (training.target + 1) * width)
            points.append((coefs[rows], levels[rows]))
        found = self._look(points, null.columns)
        bases = [self._base(found, q, *points[q]) for q in range(self._count)]
        nearer = [
            base.deviance <= old.deviance
            for base, old in zip(bases, null.bases, strict=True)
        ]
        if not all(nearer):
            return null.bases, null.formed, True
        return bases, self._formed(found, points, 0.0), False
