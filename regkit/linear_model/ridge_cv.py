"""Ridge with its alpha chosen from the data."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.model_selection import check_cv

from regkit._sklearn import Interval, StrOptions, validate_parameters
from regkit.designs import Design, make_design
from regkit.designs.threads import calm_blas
from regkit.linear_model._base import LinearModel
from regkit.linear_model._compute_path import check_alphas
from regkit.linear_model._inputs import FitData, check_fit_data
from regkit.linear_model._limits import Limits, check_limits
from regkit.linear_model._parameters import COMMON, RIDGE_SOLVERS
from regkit.linear_model._ridge_errors import ErrorTable, RidgeErrors, Scoring
from regkit.linear_model._selection import Choice, choose
from regkit.linear_model._splits import make_folds, make_router, route
from regkit.linear_model._warnings import (
    raise_if_overflowed,
    warn_at_grid_edge,
    warn_not_converged,
    warn_not_judged,
)
from regkit.linear_model.ridge import RidgeRegressor
from regkit.solvers.ridge import RidgeResult


class RidgeRegressorCV(LinearModel):
    r"""Ridge with alpha chosen by cross-validation.

    By default each row in turn is left out: exactly, for all alphas from one
    decomposition of X, without refitting. With folds, the decomposition of each fold
    follows from sums over its rows. The model at the chosen alpha is that of
    `RidgeRegressor`.

    Parameters
    ----------
    alphas : int or array-like of shape (n_alphas,), default=100
        How many alphas to try, or which, on the scale of `RidgeRegressor`. A number
        gives a logarithmic grid by the spectrum of X: from 100 times the largest
        eigenvalue of the centred and weighted :math:`X^\top X`, where even the best
        supported coefficients are shrunk to 1 % of least squares, to a hundredth of the
        smallest eigenvalue (of those above 1e-10 of the largest), where even the
        others keep 99 % of it.
    cv : None, "gcv", int, splitter or iterable, default=None
        None leaves out one row at a time. "gcv" is generalised cross-validation, which
        gives all rows the same leverage. An int is the number of folds of
        `sklearn.model_selection.KFold`; splitters and iterables of (train, test) are
        taken as in scikit-learn.
    selection : {"min", "1se"} or callable, default="min"
        The alpha of least mean error; or the largest within one standard error of it;
        or a function of an object with the arrays `alphas`, `mean`, `se` and
        `fold_errors` that returns an index into them. Of equal errors the larger alpha
        counts as the least.
    scoring : str or callable, default=None
        Judge by this scorer of scikit-learn instead of by the mean squared error. It is
        shown predictions only. Without folds it is given those of all rows at once, so
        that there is no standard error. "gcv" takes none.
    alpha_per_target : bool, default=False
        Whether each column of a two-dimensional y gets an alpha of its own; otherwise
        their average error counts.
    store_cv_results : bool, default=False
        Whether to keep `cv_results_`; only with ``cv=None``.
    fit_intercept : bool, default=True
        Whether to fit an intercept, which is never penalised.
    standardize : bool, default=False
        Whether the penalty acts on the coefficients of the columns scaled to unit
        weighted standard deviation. Each fold scales by its training rows; without
        folds, the scales of all rows are used for each row left out.
    positive : bool, default=False
        Whether coefficients must be non-negative; only with folds.
    bounds : tuple of (lower, upper), default=None
        Limits of the coefficients as for `RidgeRegressor`; only with folds.
    penalty_factor : array-like of shape (n_features,), default=None
        Multiplies the penalty of each coefficient; None means 1 for all. 0 leaves a
        coefficient unpenalised, inf excludes its column. Never rescaled.
    solver : {"auto", "cholesky", "svd", "conjugate_gradient", "active_set", \
            "coordinate_descent"}, default="auto"
        How to fit the folds and the final model, as for `RidgeRegressor`.
    tol : float, default=1e-8
        Tolerance of iterative solvers, as for `RidgeRegressor`.
    max_iter : int, default=1000
        Iterations allowed to iterative solvers.

    Attributes
    ----------
    alpha_ : float or ndarray of shape (n_targets,)
        The chosen alpha; an array with ``alpha_per_target=True`` and a two-dimensional
        y. So are the next two, `best_score_` and `at_grid_edge_`.
    alpha_min_ : float or ndarray of shape (n_targets,)
        The alpha of least mean error.
    alpha_1se_ : float or ndarray of shape (n_targets,)
        The largest alpha whose mean error is within one standard error of the least.
        Only where there are standard errors: not with ``cv="gcv"``, nor with `scoring`
        and ``cv=None``.
    alphas_ : ndarray of shape (n_alphas,)
        The alphas tried, decreasing.
    cv_error_ : ndarray of shape (n_alphas,) or (n_alphas, n_targets)
        Mean held-out error of each alpha: squared, or minus the score with `scoring`; a
        column a target with ``alpha_per_target=True``. NaN where it could not be
        computed.
    cv_error_se_ : ndarray of the same shape
        Standard errors of `cv_error_`, where there are.
    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_alphas, n_folds, n_targets)
        Mean squared error on each fold's held-out rows; only with folds.
    best_score_ : float or ndarray of shape (n_targets,)
        Score at `alpha_`: minus `cv_error_` there.
    at_grid_edge_ : bool or ndarray of shape (n_targets,)
        Whether the choice is at an end of the grid, so that alphas beyond it may be
        better. The automatic grid has nothing of interest beyond its largest alpha.
    cv_results_ : ndarray of shape (n_samples, n_alphas) or \
            (n_samples, n_targets, n_alphas)
        Squared errors of the rows when left out, or with `scoring` the predictions for
        them; only with ``store_cv_results=True``.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients at `alpha_`, fitted to all rows.
    sparse_coef_ : sparse matrix of shape (1, n_features) or (n_targets, n_features)
        `coef_` as a CSR matrix.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercept; 0 with ``fit_intercept=False``.
    n_iter_ : int or ndarray of shape (n_targets,)
        Iterations of the final fit; 1 for direct solvers.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap of the final fit, as for `RidgeRegressor`.
    solver_ : str
        What ran in the final fit.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns seen in `fit`; only when X has string column names.

    See Also
    --------
    RidgeRegressor : Ridge for one alpha.
    ElasticNetRegressorCV : With an L1 penalty as well.

    Notes
    -----
    Left out, row i is missed by :math:`(y_i - \hat y_i) / (1 - h_i)`, with its residual
    and leverage in the fit with all rows [1]_. Its whole weight leaves with it. Mean
    and standard error weigh rows by `sample_weight`. Where rounding errors would show,
    singular values of X take the place of eigenvalues of its Gram matrix, and rows that
    alone decide about a coefficient are refitted without.

    GCV is :math:`\frac1n \sum_i w_i (y_i - \hat y_i)^2 / (1 - \operatorname{tr} H /
    n)^2`, with weights rescaled to sum to n, the number of rows with a positive weight,
    and H the matrix that turns y into :math:`\hat y`, intercept included [2]_.

    With folds, mean and standard error of their errors are glmnet's:
    :math:`\bar e = \sum_k v_k e_k / \sum_k v_k` and
    :math:`\sqrt{\sum_k v_k (e_k - \bar e)^2 / \sum_k v_k / (K - 1)}` for fold weights
    :math:`v_k`, the sum of the held-out rows' weights.

    References
    ----------
    .. [1] D. M. Allen, "The relationship between variable selection and data
       augmentation and a method for prediction", Technometrics 16, 1974.
    .. [2] G. H. Golub, M. Heath and G. Wahba, "Generalized cross-validation as a method
       for choosing a good ridge parameter", Technometrics 21, 1979.

    Examples
    --------
    >>> from regkit import RidgeRegressorCV, make_correlated_regression
    >>> X, y = make_correlated_regression(100, 20, random_state=0)
    >>> model = RidgeRegressorCV().fit(X, y)
    >>> bool(model.alpha_ == model.alpha_min_ < model.alpha_1se_)
    True
    >>> RidgeRegressorCV(alphas=[0.1, 1.0, 10.0], cv=5).fit(X, y).mse_path_.shape
    (3, 5)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alphas": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "cv": [StrOptions({"gcv"}), "cv_object"],
        "selection": [StrOptions({"min", "1se"}), callable],
        "scoring": [None, StrOptions(set(get_scorer_names())), callable],
        "alpha_per_target": ["boolean"],
        "store_cv_results": ["boolean"],
        **COMMON,
        "solver": [StrOptions(set(RIDGE_SOLVERS))],
    }

    def __init__(
        self,
        *,
        alphas: Any = 100,
        cv: Any = None,
        selection: Any = "min",
        scoring: Any = None,
        alpha_per_target: bool = False,
        store_cv_results: bool = False,
        fit_intercept: bool = True,
        standardize: bool = False,
        positive: bool = False,
        bounds: Any = None,
        penalty_factor: Any = None,
        solver: str = "auto",
        tol: float = 1e-8,
        max_iter: int = 1000,
    ) -> None:
        self.alphas = alphas
        self.cv = cv
        self.selection = selection
        self.scoring = scoring
        self.alpha_per_target = alpha_per_target
        self.store_cv_results = store_cv_results
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.positive = positive
        self.bounds = bounds
        self.penalty_factor = penalty_factor
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Choose alpha and fit the model at it.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Training rows, taken as by `RidgeRegressor`: never written, and no copy is
            made for a fold.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, non-negative and not all zero: in training and in the
            held-out errors.
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
            When an iterative solver stopped above `tol`.
        UserWarning
            When the least error is at an end of the grid and still falling, when alphas
            could not be judged, or when unpenalised columns are linearly dependent.
        """
        validate_parameters(self)
        split_params, score_params = route(self, params, sample_weight)
        data = check_fit_data(self, X, y, sample_weight)
        limits = check_limits(
            data.X.shape[1], self.positive, self.bounds, self.penalty_factor
        )
        self._check_combination(data, limits, split_params)
        with (
            np.errstate(over="ignore", invalid="ignore"),  # told in `_judge`
            calm_blas(min(data.X.shape)),
        ):
            design = make_design(
                data.X,
                data.sample_weight,
                bool(self.fit_intercept),
                bool(self.standardize),
            )
            table = self._errors(design, data, limits, split_params, score_params)
            is_automatic = isinstance(self.alphas, Integral)
            choices = [
                choose(curve, self.selection, null_at_largest=is_automatic)
                for curve in table.curves
            ]
            fitted = self._curves(
                table, choices, bool(self.alpha_per_target) and data.y.ndim == 2
            )
            if table.results is not None:
                results = table.results
                fitted["cv_results_"] = results if data.y.ndim == 2 else results[:, 0]
            single = self._single(fitted["alpha_"])
            solution = single._solve(design, data.y, limits, table.known)
        self._judge(solution, limits, fitted["alpha_"])
        at_edge = [t for t, c in enumerate(choices) if c.is_worth_a_warning]
        if at_edge:
            advice = choices[at_edge[0]].edge
            if len(choices) > 1:
                advice = f"for target {at_edge[0]}, {advice}"
            if len(at_edge) > 1:
                others = ", ".join(str(t) for t in at_edge[1:])
                advice += f" So it is for the targets {others}."
            warn_at_grid_edge(type(self).__name__, advice, stacklevel=2)
        for name in ("mse_path_", "cv_error_se_", "alpha_1se_", "cv_results_"):
            self.__dict__.pop(name, None)
        self._keep(solution, data.y.ndim, data.X.shape[1], data.feature_names)
        self.__dict__.update(fitted)
        return self

    def get_metadata_routing(self) -> Any:
        """Say where `fit` passes its arguments on to: the splitter and the scorer.

        Returns
        -------
        routing : MetadataRouter
            The routes.
        """
        return make_router(self, has_folds=self._has_folds())

    def _has_folds(self) -> bool:
        return self.cv is not None and not isinstance(self.cv, str)

    def _single(self, alpha: Any) -> RidgeRegressor:
        """Return the unfitted estimator for chosen alphas."""
        return RidgeRegressor(
            alpha,
            fit_intercept=self.fit_intercept,
            standardize=self.standardize,
            positive=self.positive,
            bounds=self.bounds,
            penalty_factor=self.penalty_factor,
            solver=self.solver,
            tol=self.tol,
            max_iter=self.max_iter,
        )

    def _check_combination(
        self, data: FitData, limits: Limits, split_params: dict[str, Any]
    ) -> None:
        """Refuse what one way of cross-validation cannot do."""
        if self.store_cv_results and self.cv is not None:
            raise ValueError(
                "store_cv_results=True keeps the errors of rows left out one at a "
                f"time: it needs cv=None, got cv={self.cv!r}."
            )
        if limits.bounded:
            self._single(0.0)._check_bounded_solver()
        if self._has_folds():
            return
        if limits.bounded:
            raise ValueError(
                f"cv={self.cv!r} cannot be combined with bounds or positive=True, for "
                "which its formula does not hold; use folds, for example cv=5."
            )
        if split_params:
            raise ValueError(
                f"{', '.join(split_params)} was passed to fit, but cv={self.cv!r} "
                "makes no folds; set cv to a splitter that uses it."
            )
        if self.cv == "gcv" and self.scoring is not None:
            raise ValueError(
                "scoring needs held-out predictions, which cv='gcv' does not make; use "
                "cv=None or folds."
            )
        n = len(data.y)
        if data.sample_weight is not None:
            n = int(np.count_nonzero(data.sample_weight))
        if n < 2:
            raise ValueError(
                f"cv={self.cv!r} needs at least two rows of positive weight, got "
                f"n_samples = {n}."
            )

    def _errors(
        self,
        design: Design,
        data: FitData,
        limits: Limits,
        split_params: dict[str, Any],
        score_params: dict[str, Any],
    ) -> ErrorTable:
        if isinstance(self.alphas, Integral):
            alphas: Any = int(self.alphas)
        else:
            alphas = check_alphas(self.alphas)
        scoring = None
        if self.scoring is not None:
            scorer = check_scoring(self, scoring=self.scoring)
            scoring = Scoring(scorer, score_params)
        errors = RidgeErrors(
            design,
            data,
            limits,
            bool(self.fit_intercept),
            bool(self.alpha_per_target),
            scoring,
        )
        name = type(self).__name__
        raise_if_overflowed(name, errors.size)
        try:
            if self._has_folds():
                table = self._fold_errors(errors, alphas, data, split_params)
            elif self.cv is None:
                table = errors.leave_one_out(alphas, bool(self.store_cv_results))
            else:
                table = errors.generalised(alphas)
        except FloatingPointError:
            raise_if_overflowed(name, np.array([np.inf]))
            raise
        lacking = np.isnan(table.curves[0].mean)
        if not self._has_folds() and lacking.any():
            warn_not_judged(name, self.cv, table.alphas[lacking], stacklevel=3)
        return table

    def _fold_errors(
        self,
        errors: RidgeErrors,
        alphas: Any,
        data: FitData,
        split_params: dict[str, Any],
    ) -> ErrorTable:
        folds = make_folds(
            check_cv(self.cv), data.X, data.y, data.sample_weight, split_params
        )

        def judge(k: int, result: RidgeResult) -> None:
            where = f"{type(self).__name__}, in fold {k} of {len(folds)},"
            self._judge_fold(where, result)

        settings = {"solver": self.solver, "tol": self.tol, "max_iter": self.max_iter}
        return errors.folds(alphas, folds, judge, **settings)

    def _judge_fold(self, where: str, result: RidgeResult) -> None:
        raise_if_overflowed(type(self).__name__, result.dual_gaps, result.intercepts)
        if not result.converged.all():
            warn_not_converged(
                where,
                result.dual_gaps,
                result.null_objectives,
                result.converged,
                ("problem", np.arange(len(result.dual_gaps))),
                tol=self.tol,
                max_iter=self.max_iter,
                stacklevel=7,
            )

    def _curves(
        self, table: ErrorTable, choices: list[Choice], is_per_target: bool
    ) -> dict[str, Any]:
        """Give what is known of every alpha, and the choices."""

        def joined(values: Sequence[Any]) -> Any:
            return np.stack(values, axis=-1) if is_per_target else values[0]

        alphas, curves = table.alphas, table.curves
        pairs = list(zip(curves, choices, strict=True))
        fitted: dict[str, Any] = {
            "alphas_": alphas,
            "alpha_": joined([float(alphas[c.index]) for c in choices]),
            "alpha_min_": joined([float(alphas[c.index_min]) for c in choices]),
            "cv_error_": joined([curve.mean for curve in curves]),
            "best_score_": joined([-float(curve.mean[c.index]) for curve, c in pairs]),
            "at_grid_edge_": joined([bool(c.edge) for c in choices]),
        }
        if all(curve.se is not None for curve in curves):
            fitted["cv_error_se_"] = joined([curve.se for curve in curves])
        places = [c.index_1se for c in choices if c.index_1se is not None]
        if len(places) == len(choices):
            fitted["alpha_1se_"] = joined([float(alphas[i]) for i in places])
        if table.mse is not None:
            fitted["mse_path_"] = table.mse if is_per_target else table.mse[:, :, 0]
        return fitted
