"""What `LassoRegressorCV` and `ElasticNetRegressorCV` share."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils.validation import column_or_1d

from regkit._sklearn import rows_of_parameters, validate_parameters
from regkit._types import Floats
from regkit.designs import make_design
from regkit.linear_model._base import LinearModel
from regkit.linear_model._compute_path import as_regularization_path
from regkit.linear_model._grid import decreasing_alphas
from regkit.linear_model._limits import Limits, check_limits
from regkit.linear_model._moment_scores import check_moment_scoring, scores
from regkit.linear_model._parameters import thread_count
from regkit.linear_model._selection import Choice, ErrorCurve, choose, fold_statistics
from regkit.linear_model._splits import (
    fold_labels,
    for_scorer,
    make_folds,
    make_router,
    route,
)
from regkit.linear_model._statistics_checks import check_statistics
from regkit.linear_model._statistics_of import statistics_of
from regkit.linear_model._warnings import (
    raise_if_overflowed,
    unpenalized_cause,
    warn_at_grid_edge,
    warn_not_converged,
    warn_not_unique,
)
from regkit.linear_model._wide import MOST_SUMMED_UP, Passes
from regkit.linear_model.statistics import SufficientStatistics
from regkit.rows.inputs import FitData, check_fit_data
from regkit.rows.sources import RowSource, as_source
from regkit.solvers.criteria import information_criteria
from regkit.solvers.folds.fold import Fold
from regkit.solvers.folds.from_moments import FoldedStatistics
from regkit.solvers.folds.in_memory import Folded, FoldedDesign, FoldPaths, PathSettings
from regkit.solvers.folds.out_of_core import WideRows
from regkit.solvers.paths.grid import alpha_grid
from regkit.solvers.problem import Penalty
from regkit.solvers.relaxed import relax
from regkit.solvers.results import PathResult
from regkit.solvers.solve import solve_path


class _Candidate(NamedTuple):
    """All that was computed for one l1_ratio."""

    l1_ratio: float
    penalty: Penalty
    found: FoldPaths
    curve: ErrorCurve


class CrossValidatedPath(LinearModel):
    """Base of the twins that choose alpha; subclasses name their `l1_ratio`."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Choose alpha and fit the model at it.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Training rows. Float32 and float64, C or F ordered arrays and CSR or CSC
            matrices are used in place and never written, and no copy is made for a
            fold; everything else is converted to float64, other sparse formats to CSC.
            Wide dense rows in C order, up to 2 GB, are copied once, for all folds, to
            columns in contiguous memory. `RowChunks`, and memory maps of 256 MB and
            more, are read chunk by chunk; Dask arrays and data frames are summed up
            where their partitions are.
        y : array-like of shape (n_samples,) or (n_samples, 1)
            Target. None where `RowChunks` bring it.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, non-negative and not all zero: in training and in the
            held-out errors. An integer weight counts as that many copies of the row.
        **params : dict
            `groups` for the splitter. With metadata routing enabled, whatever the
            splitter and the scorer request.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the data is not usable; the message names it.

        Warns
        -----
        ConvergenceWarning
            When the duality gap is above `tol` at some alpha, in the path on all rows
            or in a fold's.
        UserWarning
            When the least error is at an end of the grid and still falling, or when
            unpenalized columns are linearly dependent.
        """
        validate_parameters(self)
        source = as_source(X)
        if source is not None:
            self._fit_source(source, y, sample_weight, params)
            return self
        cv = check_cv(self.cv)
        split_params, score_params = route(self, params, sample_weight)
        data = check_fit_data(self, X, y, sample_weight)
        data = data._replace(y=self._one_target(data.y))
        score_params = for_scorer(score_params, data.sample_weight)
        n_features = data.X.shape[1]
        limits = check_limits(
            n_features,
            self.positive,
            self.bounds,
            self.penalty_factor,
            data.feature_names,
        )
        folds: list[Fold] = []
        self._check_one_is_enough(len(data.y))
        if self.criterion == "cv":
            folds = make_folds(cv, data.X, data.y, data.sample_weight, split_params)
        with np.errstate(over="ignore", invalid="ignore"):  # told in `_judge`
            design = make_design(
                data.X,
                data.sample_weight,
                bool(self.fit_intercept),
                bool(self.standardize),
            )
            folded = FoldedDesign(
                design, data.y, data.sample_weight, folds, thread_count(self.n_jobs)
            )
            self._choose(design, data, limits, folds, folded, score_params)
        return self

    def fit_statistics(self, statistics: SufficientStatistics) -> Self:
        """Choose alpha and fit to rows that are known by their statistics alone.

        The folds are those of the statistics, whatever `cv` says.

        Parameters
        ----------
        statistics : SufficientStatistics
            With two folds or more, unless `criterion` is an information criterion, and
            one target. Not changed, and not kept.

        Returns
        -------
        self : estimator
            As `fit` would leave it for the rows and these folds, to about 8 digits.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the statistics are not usable.

        Warns
        -----
        ConvergenceWarning, UserWarning
            As `fit` does.
        """
        validate_parameters(self)
        check_statistics(statistics)
        self._fit_statistics(statistics)
        return self

    def _fit_statistics(self, statistics: SufficientStatistics) -> None:
        name = type(self).__name__
        check_moment_scoring(name, self.scoring)
        moments = statistics.moments()
        has_folds = self.criterion == "cv"
        labels = statistics.folds if has_folds else []
        if has_folds and len(labels) < 2:
            raise ValueError(
                f"{name} needs statistics with two folds or more: these have "
                f"{len(labels)}."
            )
        if statistics.n_targets != 1:
            raise ValueError(
                f"{name} takes one target, which has an alpha of its own: these "
                f"statistics have {statistics.n_targets}."
            )
        self._check_one_is_enough(moments.n_samples)
        limits = check_limits(
            moments.n_features,
            self.positive,
            self.bounds,
            self.penalty_factor,
            statistics.feature_names,
        )
        how = bool(self.fit_intercept), bool(self.standardize)
        with np.errstate(over="ignore", invalid="ignore"):  # told in `_judge`
            design, y = statistics.problem(*how)
            folded = FoldedStatistics(
                moments,
                design,
                [statistics.moments(without=label) for label in labels],
                [statistics.part(label) for label in labels],
                *how,
                thread_count(self.n_jobs),
            )
            empty = np.empty((0, moments.n_features))
            data = FitData(empty, y.reshape(-1), None, statistics.feature_names)
            self._choose(design, data, limits, labels, folded, {})

    def _fit_source(
        self, source: RowSource, y: Any, sample_weight: Any, params: dict[str, Any]
    ) -> None:
        split_params, _ = route(self, params, sample_weight)
        labels = None
        if self.criterion == "cv":
            labels = fold_labels(check_cv(self.cv), *source.targets(y), split_params)
        if source.n_features <= MOST_SUMMED_UP:
            check_moment_scoring(type(self).__name__, self.scoring)
            self._fit_statistics(statistics_of(source, y, sample_weight, labels))
        else:
            self._fit_wide(Passes(source, y, sample_weight, labels))

    def _fit_wide(self, passes: Passes) -> None:
        """Fit to rows in chunks that have too many columns for their moments."""
        if self.criterion != "cv" or self.scoring is not None:
            raise ValueError(
                f"{type(self).__name__} needs the rows in memory for "
                f"criterion={self.criterion!r} and scoring={self.scoring!r}; for more "
                f"than {MOST_SUMMED_UP:,} columns in chunks it takes criterion='cv' "
                "and scoring=None."
            )
        n_features = passes.source.n_features
        if self.relaxed is not None or min(self._l1_ratios()) == 0.0:
            raise ValueError(
                f"{type(self).__name__} with {n_features:,} columns, read in chunks, "
                f"takes no relaxed={self.relaxed!r} and no l1_ratio of 0."
            )
        with np.errstate(over="ignore", invalid="ignore"):  # told in `_judge`
            rows = WideRows(passes, bool(self.fit_intercept), bool(self.standardize))
            limits = check_limits(
                n_features,
                self.positive,
                self.bounds,
                self.penalty_factor,
                passes.names,  # known from the first pass on
            )
            empty = np.empty((0, n_features))
            data = FitData(empty, np.empty(0), None, passes.names)
            folds = list(range(len(rows.test_weights)))
            self._choose(rows, data, limits, folds, rows, {})

    def _check_one_is_enough(self, n_samples: int) -> None:
        if self.criterion != "cv" and n_samples == 1:
            raise ValueError(
                f"criterion={self.criterion!r} cannot judge a fit to 1 sample."
            )

    def _choose(
        self,
        design: Any,
        data: FitData,
        limits: Limits,
        folds: list[Any],
        folded: Folded,
        score_params: dict[str, Any],
    ) -> None:
        """Solve all paths, choose, and set the attributes."""
        candidates = self._solve_all(design, data, limits, folds, folded, score_params)
        self._judge_paths(candidates, limits)
        best = _best(candidates)
        choice = choose(best.curve, self.rule, null_at_largest=_starts_null(best))
        if choice.is_worth_a_warning:
            warn_at_grid_edge(type(self).__name__, choice.edge)
        fitted = self._curves(candidates, best, choice)
        if self.refit:
            fitted |= self._coefficients(design, data, best, choice.index)
        self._keep_all(fitted, data)

    def get_metadata_routing(self) -> Any:
        """Say where `fit` passes its arguments on to: the splitter and the scorer.

        Returns
        -------
        routing : MetadataRouter
            The routes.
        """
        return make_router(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags

    def _one_target(self, y: Floats) -> Floats:
        if y.ndim == 2 and y.shape[1] > 1:
            raise ValueError(
                f"{type(self).__name__} takes one target, which has an alpha of its "
                f"own: y has shape {y.shape}. Fit each column by itself, or use "
                "sklearn.multioutput.MultiOutputRegressor."
            )
        column: Floats = column_or_1d(y, warn=True)
        return column

    def _l1_ratios(self) -> list[float]:
        raise NotImplementedError

    def _single(self, l1_ratio: float) -> Any:
        """Return the unfitted estimator for one alpha."""
        raise NotImplementedError

    def _solve_all(
        self,
        design: Any,
        data: FitData,
        limits: Limits,
        folds: list[Any],
        folded: Folded,
        score_params: dict[str, Any],
    ) -> list[_Candidate]:
        settings = PathSettings(self.tol, self.max_iter, self.solver)
        candidates = []
        for l1_ratio in self._l1_ratios():
            penalty = Penalty.build(
                design.n_features, l1_ratio, limits.factor, limits.lower, limits.upper
            )
            alphas = self._alphas(design, data.y, penalty)
            found = FoldPaths(None, [], np.empty((len(alphas), 0)))
            if folds:
                found = folded.solve(penalty, alphas, settings, bool(self.refit))
                errors = found.errors
                if isinstance(folded, FoldedStatistics) and self.scoring is not None:
                    spread = folded.test_variances
                    errors = -scores(self.scoring, errors, spread, per_target=True)
                elif self.scoring is not None:
                    errors = -self._scores(
                        data, folds, found.folds, l1_ratio, score_params
                    )
                mean, se = fold_statistics(errors, folded.test_weights)
                curve = ErrorCurve(alphas, mean, se, errors)
            else:
                full = solve_path(design, data.y, penalty, alphas, **settings.options)
                found = found._replace(whole=full)
                squares = folded.mean_squares(full)
                values = information_criteria(
                    design, data.y, squares, penalty, full, self.criterion
                )
                curve = ErrorCurve(alphas, values)
            candidates.append(_Candidate(l1_ratio, penalty, found, curve))
        return candidates

    def _alphas(self, design: Any, y: Floats, penalty: Penalty) -> Floats:
        if not isinstance(self.alphas, Integral):
            return decreasing_alphas(self.alphas)
        if penalty.l1_ratio == 0.0:
            raise ValueError(
                f"{type(self).__name__} needs alphas when l1_ratio=0: the automatic "
                "grid starts where all coefficients become zero, which a pure L2 "
                "penalty never does."
            )
        if isinstance(design, WideRows):
            return design.alpha_grid(penalty, int(self.alphas), self.eps)
        return alpha_grid(design, y, penalty, n_alphas=int(self.alphas), eps=self.eps)

    def _scores(
        self,
        data: FitData,
        folds: list[Fold],
        paths: list[PathResult],
        l1_ratio: float,
        score_params: dict[str, Any],
    ) -> Floats:
        """Score every path on its held-out rows, (n_alphas, n_folds)."""
        model = self._single(l1_ratio)
        scorer = check_scoring(model, scoring=self.scoring)
        alphas = paths[0].alphas
        scores = np.empty((len(alphas), len(folds)))
        for k, (fold, path) in enumerate(zip(folds, paths, strict=True)):
            X, y = data.X[fold.test], data.y[fold.test]
            params = rows_of_parameters(data.X, score_params, fold.test)
            coefs = path.coefs.toarray()
            for i, alpha in enumerate(alphas):
                model.alpha = float(alpha)
                model.coef_ = coefs[:, i]
                model.intercept_ = float(path.intercepts[i])
                model.n_features_in_ = data.X.shape[1]
                scores[i, k] = scorer(model, X, y, **params)
        return scores

    def _judge_paths(self, candidates: list[_Candidate], limits: Limits) -> None:
        """Raise or warn where a path is not what was asked for."""
        name = type(self).__name__
        for candidate in candidates:
            named = (
                [] if candidate.found.whole is None else [(name, candidate.found.whole)]
            )
            n_folds = len(candidate.found.folds)
            named += [
                (f"{name}, in fold {k} of {n_folds},", path)
                for k, path in enumerate(candidate.found.folds)
            ]
            for where, path in named:
                raise_if_overflowed(name, path.dual_gaps, path.intercepts)
                if not path.converged.all():
                    warn_not_converged(
                        where,
                        path.dual_gaps,
                        path.null_objectives,
                        path.converged,
                        ("alpha", path.alphas),
                        tol=self.tol,
                        max_iter=self.max_iter,
                    )
                cause = unpenalized_cause(path.alphas, limits.factor)
                if cause and not path.unique:
                    warn_not_unique(where, cause, path.solver, self.standardize)

    def _curves(
        self, candidates: list[_Candidate], best: _Candidate, choice: Choice
    ) -> dict[str, Any]:
        """Give what is known of every alpha, and the choice."""
        curve = best.curve
        fitted: dict[str, Any] = {
            "alpha_": curve.alphas[choice.index],
            "alpha_min_": curve.alphas[choice.index_min],
            "at_grid_edge_": bool(choice.edge),
            "alphas_": _stack([c.curve.alphas for c in candidates]),
        }
        if not isinstance(self.alphas, Integral):
            fitted["alphas_"] = curve.alphas
        if "l1_ratio" in self.get_params(deep=False):
            fitted["l1_ratio_"] = best.l1_ratio
        if best.found.folds:
            fitted["mse_path_"] = _stack([c.found.errors for c in candidates])
            fitted["cv_error_"] = _stack([c.curve.mean for c in candidates])
            fitted["cv_error_se_"] = _stack([c.curve.se for c in candidates])
            if choice.index_1se is not None:
                fitted["alpha_1se_"] = curve.alphas[choice.index_1se]
            if self.store_fold_coefs:
                fitted["fold_coef_path_"] = np.stack(
                    [path.coefs.toarray() for path in best.found.folds]
                )
        else:
            fitted["criterion_"] = _stack([c.curve.mean for c in candidates])
        return fitted

    def _coefficients(
        self, design: Any, data: FitData, best: _Candidate, index: int
    ) -> dict[str, Any]:
        """Give the model at the chosen alpha, and the path on all rows."""
        full = best.found.whole
        assert full is not None
        path = as_regularization_path(full, data.feature_names)
        coef, intercept = path.coefs[:, index].copy(), full.intercepts[index]
        if self.relaxed is not None:
            loose = relax(design, data.y, best.penalty, coef, self.tol, self.max_iter)
            share = float(self.relaxed)
            coef = share * coef + (1.0 - share) * loose.coef
            intercept = share * intercept + (1.0 - share) * loose.intercept
        return {
            "coef_": coef,
            "intercept_": intercept,
            "dual_gap_": full.dual_gaps[index],
            "n_iter_": int(full.n_iters[index]),
            "solver_": full.solver,
            "path_": path,
            "coef_path_": path.coefs,
        }

    def _keep_all(self, fitted: dict[str, Any], data: FitData) -> None:
        """Set all attributes at once, and take away those of an earlier fit."""
        fitted["n_features_in_"] = data.X.shape[1]
        if data.feature_names is not None:
            fitted["feature_names_in_"] = data.feature_names
        parameters = self.get_params(deep=False)
        for name in list(self.__dict__):
            if name.endswith("_") and name not in parameters:
                del self.__dict__[name]
        self.__dict__.update(fitted)


def _best(candidates: list[_Candidate]) -> _Candidate:
    """Return the l1_ratio of least error; the first of equals."""
    least = [
        np.min(c.curve.mean, where=np.isfinite(c.curve.mean), initial=np.inf)
        for c in candidates
    ]
    return candidates[int(np.argmin(least))]


def _starts_null(candidate: _Candidate) -> bool:
    """Whether every penalized coefficient is zero at the largest alpha."""
    paths = (
        candidate.found.folds
        if candidate.found.whole is None
        else [candidate.found.whole]
    )
    penalized = candidate.penalty.factor > 0.0
    for path in paths:
        stored = slice(0, path.coefs.indptr[1])
        is_nonzero = path.coefs.data[stored] != 0.0
        if np.any(penalized[path.coefs.indices[stored]] & is_nonzero):
            return False
    return True


def _stack(arrays: list[Any]) -> Any:
    """Put the arrays of several l1_ratios into one; of one, give the array itself."""
    return arrays[0] if len(arrays) == 1 else np.stack(arrays)
