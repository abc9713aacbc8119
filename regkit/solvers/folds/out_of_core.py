"""Lasso paths over rows that are not kept, where X has too many columns for ZᵀZ.

A working set of columns is small enough for its moments, which one pass over the rows
gives for every fold. On them the paths of all folds are solved as if there were no
other columns; one more pass computes the correlations of all columns with the residuals
of many alphas and all folds at once. It gives the duality gaps, and the columns that
the working set lacks. Alphas without any are done for good; for the others the columns
join, and the two passes are made again. What is kept is of the size of p times the
residuals of a pass, and the square of the working set: nothing of n.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from scipy import sparse

from regkit._types import Floats, Indices
from regkit.designs.centered_moments import CenteredMoments
from regkit.designs.reduced import ReducedDesign
from regkit.kernels.linear.terms import Point
from regkit.solvers.folds.from_moments import mean_squares
from regkit.solvers.folds.in_memory import FoldPaths, PathSettings, PathTask
from regkit.solvers.folds.out_of_core_passes import (
    ColumnMoments,
    ColumnsByMoments,
    Correlations,
    Residuals,
)
from regkit.solvers.paths.certificate import Certificate, Products, within
from regkit.solvers.problem import (
    Penalty,
    grid_below,
)
from regkit.solvers.results import PathResult
from regkit.solvers.solve import solve_path

# Columns that the working set begins with, and at least as many that join at a time.
_LEAST_BATCH = 300
# The moments of more are not kept: 0.8 GB for each fold.
MOST_COLUMNS = 10_000
# Entries of correlations that a pass computes: alphas, folds and columns (128 MB).
_ENTRIES = 1 << 24


class ColumnPasses(Protocol):
    """The passes over the rows that the solver asks for."""

    def measure(self) -> dict[int, ColumnMoments]:
        """Return every fold's columns; rows of no fold as fold -1."""

    def moments(self, columns: Indices) -> dict[int, CenteredMoments]:
        """Return every fold's moments of some columns and y."""

    def correlate(self, residuals: Residuals) -> Correlations:
        """Return the correlations of all columns."""


class WideRows:
    """The rows of a problem, its folds, and the paths over them; see `Folded`."""

    def __init__(
        self, passes: ColumnPasses, fit_intercept: bool, standardize: bool
    ) -> None:
        self.passes = passes
        self.how = fit_intercept, standardize
        measured = passes.measure()
        self._labels = sorted(label for label in measured if label >= 0)
        whole = ColumnMoments.of_parts(list(measured.values()))
        # The rows that a fold trains on, by the fold; -1 for all rows.
        self.thin = {-1: ColumnsByMoments(whole, *self.how)}
        for k in self._labels:
            training = [part for label, part in measured.items() if label != k]
            self.thin[k] = ColumnsByMoments(ColumnMoments.of_parts(training), *self.how)
        self._center = whole.mean[:-1]
        self.test_weights = np.array(
            [measured[label].total_weight for label in self._labels]
        )
        self.n_features = self.thin[-1].n_features

    def alpha_grid(self, penalty: Penalty, n_alphas: int, eps: float) -> Floats:
        """Return alphas from alpha_max of all rows down; see `solve.alpha_grid`."""
        thin = self.thin[-1]
        problem = thin.scaled(penalty)
        correlation = thin.products
        free = np.flatnonzero((penalty.factor == 0.0) & problem.penalty.is_open)
        if len(free):
            moments = self.passes.moments(free)
            fitted = _solve(
                moments,
                -1,
                self.how,
                _restricted(penalty, free),
                np.array([1.0]),
                PathSettings(),
            )
            correlation = self.correlations([(-1, fitted, 0)], free)[0][0]
        return grid_below(problem.penalty.largest_alpha(correlation), n_alphas, eps)

    def solve(self, task: PathTask) -> FoldPaths:
        """Solve the path on the training rows of every fold, and on all rows."""
        walk = _Walk(self, task)
        walk.run()
        paths = {k: walk.path(k) for k in walk.trainings}
        errors = np.array([walk.errors[k] for k in self._labels]).T
        whole = paths.get(-1)
        errors = errors.reshape(len(task.alphas), len(self._labels))
        return FoldPaths(whole, [paths[k] for k in self._labels], errors)

    def solve_whole(
        self,
        penalty: Penalty,
        alphas: Floats,
        settings: PathSettings,
        max_nonzero: int | None = None,
    ) -> PathResult:
        """Solve the path on all rows, of which no fold is left out.

        It ends before the first solution of more than ``max_nonzero`` coefficients.
        """
        limit = self.n_features if max_nonzero is None else max_nonzero
        walk = _Walk(self, PathTask(penalty, alphas, settings))
        walk.run(limit)
        path = walk.path(-1)
        too_many = np.flatnonzero(np.diff(path.coefs.indptr) > limit)
        return path.until(too_many[0]) if len(too_many) else path

    def correlations(
        self, models: Sequence[tuple[int, PathResult, int]], columns: Indices
    ) -> tuple[Floats, Floats]:
        """Return correlations (M, p) in Z's units and |r|² (M,) of some models.

        A model is a fold, a path on ``columns``, and which of its alphas.
        """
        folds = np.array([k for k, _, _ in models])
        coefs = np.stack([path.at(at).coefs[:, 0] for _, path, at in models], axis=1)
        levels = np.array([path.intercepts[at] for _, path, at in models])
        found = self.passes.correlate(
            Residuals(columns, coefs, levels, folds, self._center)
        )
        products = np.ascontiguousarray(found.products.T)
        for m, k in enumerate(folds.tolist()):
            thin = self.thin[k]
            # About the training rows' own means; without an intercept about zero.
            products[m] += (self._center - thin.offset) * found.sums[m]
            products[m] -= self._center * found.sparse_sums[m]
            products[m] /= thin.total_weight * thin.scale
        weights = np.array([self.thin[k].total_weight for k in folds.tolist()])
        return products, found.squares / weights


class _Walk:
    """One penalty's paths, on a working set that grows."""

    def __init__(self, rows: WideRows, task: PathTask) -> None:
        penalty, alphas, settings, with_whole = task
        self._rows, self._penalty, self._settings = rows, penalty, settings
        self._alphas = alphas
        self.trainings = [k for k in rows.thin if k >= 0 or with_whole]
        self._problems = {k: rows.thin[k].scaled(penalty) for k in self.trainings}
        self._done = 0
        self._found: dict[int, list[PathResult]] = {k: [] for k in self.trainings}
        self.errors: dict[int, list[float]] = {k: [] for k in self.trainings}
        problem = self._problems[self.trainings[0]]
        products = rows.thin[self.trainings[0]].products
        open_, free = problem.penalty.is_open, problem.penalty.is_unpenalized
        with np.errstate(divide="ignore", invalid="ignore"):
            pull = np.where(open_, np.abs(products) / problem.penalty.l1, -1.0)
        pull[free] = np.inf
        first = min(max(_LEAST_BATCH, int(free.sum())), int(open_.sum()))
        self._columns: Indices = np.argsort(-pull, kind="stable")[:first]

    def run(self, limit: int | None = None) -> None:
        """Go down the alphas; each round of two passes ends some of them.

        Stop at a solution of more than ``limit`` nonzero coefficients.
        """
        while self._done < len(self._alphas):
            last = self._found[self.trainings[-1]][-1:]
            if limit is not None and last and last[0].coefs.nnz > limit:
                break
            if len(self._columns) > MOST_COLUMNS:
                raise ValueError(
                    f"At alpha={self._alphas[self._done]:g} more than "
                    f"{MOST_COLUMNS:,} columns are needed, too many for rows that are "
                    "read in chunks; stop at a larger alpha."
                )
            moments = self._rows.passes.moments(self._columns)
            inner = _restricted(self._penalty, self._columns)
            rest = self._alphas[self._done :]
            paths = {
                k: _solve(moments, k, self._rows.how, inner, rest, self._settings)
                for k in self.trainings
            }
            missing = self._certify(moments, paths)
            self._columns = np.concatenate([self._columns, missing])

    def _certify(
        self, moments: dict[int, CenteredMoments], paths: dict[int, PathResult]
    ) -> Indices:
        """Finish alphas until one lacks columns; return those, the most wanted."""
        n_features, start = self._rows.n_features, self._done
        per_pass = max(1, _ENTRIES // (n_features * len(paths)))
        pulls = np.zeros(n_features)
        while self._done < len(self._alphas) and not pulls.any():
            batch = range(self._done, min(self._done + per_pass, len(self._alphas)))
            models = [(k, path, i - start) for i in batch for k, path in paths.items()]
            products, squares = self._rows.correlations(models, self._columns)
            slopes = products.reshape(len(batch), len(paths), n_features)
            left = squares.reshape(len(batch), len(paths))
            for at, i in enumerate(batch):
                for slope, k in zip(slopes[at], paths, strict=True):
                    self._look_at(k, slope, float(self._alphas[i]), pulls)
                if pulls.any():
                    continue  # those after it may show what else is wanted
                for m, (k, path) in enumerate(paths.items()):
                    self._keep(moments, k, path, i - start, slopes[at, m], left[at, m])
                self._done += 1
        most = min(max(_LEAST_BATCH, len(self._columns)), np.count_nonzero(pulls))
        return np.argsort(-pulls, kind="stable")[:most]

    def _look_at(self, k: int, slope: Floats, alpha: float, pulls: Floats) -> None:
        """Note how far columns outside exceed a model's thresholds."""
        penalty = self._problems[k].penalty
        outside = penalty.is_open
        outside[self._columns] = False
        found = penalty.violations(np.flatnonzero(outside), slope, outside, alpha)
        threshold = np.maximum(alpha * penalty.l1[found], penalty.noise[found])
        pulls[found] = np.maximum(pulls[found], np.abs(slope[found]) / threshold)

    def _keep(
        self,
        moments: dict[int, CenteredMoments],
        k: int,
        path: PathResult,
        at: int,
        slope: Floats,
        residual_square: float,
    ) -> None:
        """Take a solution that no column can improve, with its gap."""
        problem, thin = self._problems[k], self._rows.thin[k]
        coef = np.zeros(len(slope))
        coef[self._columns] = path.at(at).coefs[:, 0]

        def gathered(chosen: Indices) -> Products:
            design = ReducedDesign(_training(moments, k), *self._rows.how)
            gram, _ = design.gram(np.zeros(design.n_samples))
            return within(gram)(chosen)

        certificate = Certificate(
            problem.penalty, problem.total, self._columns, gathered
        )
        gap = certificate.gap(
            Point(np.arange(len(slope)), coef * thin.scale, slope),
            float(path.alphas[at]),
            float(residual_square),
            self._settings.tol * 0.5 * problem.total,
        )
        one = slice(at, at + 1)
        found = PathResult(
            alphas=path.alphas[one],
            coefs=sparse.csc_array(coef[:, None]),
            intercepts=path.intercepts[one],
            dual_gaps=path.dual_gaps[one],
            null_objectives=np.array([0.5 * problem.total]),
            losses=np.array([0.5 * residual_square]),
            n_iters=path.n_iters[one],
            converged=path.converged[one],
            unique=path.unique,
            solver=path.solver,
        )
        self._found[k].append(found.with_gaps(np.array([gap]), self._settings.tol))
        if k >= 0:
            errors = mean_squares(
                moments[k], 0, path.at(at).coefs, path.intercepts[one]
            )
            self.errors[k].append(float(errors[0]))

    def path(self, k: int) -> PathResult:
        """Put a training set's solutions together."""
        return PathResult.concat(self._found[k])


def _restricted(penalty: Penalty, columns: Indices) -> Penalty:
    return replace(
        penalty,
        factor=penalty.factor[columns],
        lower=penalty.lower[columns],
        upper=penalty.upper[columns],
    )


def _training(moments: dict[int, CenteredMoments], k: int) -> CenteredMoments:
    """Return the moments of the rows that fold k trains on, all where k is -1."""
    parts = [part for label, part in moments.items() if label != k or k < 0]
    training = parts[0].copy()
    for part in parts[1:]:
        training.merge(part)
    return training


def _solve(
    moments: dict[int, CenteredMoments],
    k: int,
    how: tuple[bool, bool],
    penalty: Penalty,
    alphas: Floats,
    settings: PathSettings,
) -> PathResult:
    """Solve on the working set for the rows that fold k trains on."""
    design = ReducedDesign(_training(moments, k), *how)
    y = np.ascontiguousarray(design.targets[:, 0])
    return solve_path(design, y, penalty, alphas, **settings._asdict())
