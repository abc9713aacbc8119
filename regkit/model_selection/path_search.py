"""`PathSearchCV`: scikit-learn's grid search, with whole paths fitted at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from sklearn.model_selection import GridSearchCV
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from regkit._sklearn import take_over_tasks
from regkit.model_selection._tasks import run_tasks

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class PathSearchCV(GridSearchCV):
    """Grid search that fits all alphas of a fold as one path.

    A drop-in for scikit-learn's `GridSearchCV`, with the same results in
    ``cv_results_``: where the grid holds a parameter that the estimator, or the last
    step of its pipeline, can go along as a path, a fold fits its transformers once and
    the whole sequence in one go, instead of everything anew for each candidate.

    A path is fitted where

    - `estimator` is a `PathEstimator` (`LassoRegressor`, `ElasticNetRegressor` and
      `RidgeRegressor` with their `alpha`, or one of your own), alone or as the last
      step of `Pipeline` and the regressor of `TransformedTargetRegressor`, nested in
      any way;
    - the grid holds that parameter, with whatever others: candidates that differ in
      the parameters of the last step share the transformers of a fold, and those that
      differ in the path's parameter alone share a path.

    All other estimators and parameters are searched as `GridSearchCV` does.

    Parameters
    ----------
    estimator : estimator
        What is tuned; needs a `score` unless `scoring` is given.
    param_grid : dict or list of dict
        Values to try for each parameter, by name; of several grids, all are tried.
    scoring : str, callable, list, tuple or dict, default=None
        How held-out rows are scored; several scorers make several columns of
        ``cv_results_``. None is the estimator's `score`.
    n_jobs : int, default=None
        Folds, and whatever else is independent, to run at a time; -1 is all cores.
    refit : bool, str or callable, default=True
        Whether to refit the best candidate on all rows; with several scorers the name
        of the one that decides; or a function from ``cv_results_`` to the index of
        the candidate, such as `one_standard_error`.
    cv : int, splitter or iterable, default=None
        Folds; None is 5.
    verbose : int, default=0
        What is printed, as by `GridSearchCV`: from 1 on how many candidates, folds and
        fits there are, from 2 on each fit with its time, from 3 on its scores, from 10
        on its start.
    pre_dispatch : int or str, default="2*n_jobs"
        Jobs handed to workers ahead of time.
    error_score : "raise" or number, default=nan
        Score of candidates that fail.
    return_train_score : bool, default=False
        Whether to score the training rows too.

    Attributes
    ----------
    cv_results_ : dict of str to ndarray
        As `GridSearchCV` gives, candidates in the order of the grid. The time that
        candidates share is divided equally between them: ``mean_fit_time`` is a
        candidate's part of the transformers and of its path, ``mean_score_time``
        includes its part of transforming the held-out rows; both add up to what was
        spent.
    best_estimator_ : estimator
        Fitted on all rows; only with `refit`.
    best_score_ : float
        Mean held-out score of the best candidate; not where `refit` is callable.
    best_params_ : dict
        Of the best candidate.
    best_index_ : int
        Its place in ``cv_results_``.
    scorer_ : callable or dict
        What scored.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds of the last fit.
    multimetric_ : bool
        Whether there are several scores.
    classes_ : ndarray of shape (n_classes,)
        Of a classifier.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X has them.

    See Also
    --------
    PathEstimator : What an estimator needs to take part.
    one_standard_error : The strongest penalty that is about as good as the best.

    Notes
    -----
    A candidate that fails gets `error_score`, and the others of its path theirs.
    Warnings of a path come once per fold, not once per candidate.

    Where a scorer is a plain function, which may look at the estimator, it gets the
    complete fitted one, and held-out rows are transformed for each candidate.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from regkit import LassoRegressor, PathSearchCV, load_diabetes_interactions
    >>> X, y = load_diabetes_interactions(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), LassoRegressor())
    >>> grid = {"lassoregressor__alpha": [10.0, 5.0, 3.0, 2.0, 1.0, 0.5]}
    >>> search = PathSearchCV(model, grid).fit(X, y)
    >>> search.best_params_
    {'lassoregressor__alpha': 3.0}
    >>> search.predict(X).shape
    (442,)
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        several = get_tags(self.estimator).target_tags.multi_output
        tags.target_tags.multi_output = several
        return tags

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Search the grid, and refit the best candidate.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Training rows. Of a Dask array with known lengths the linear models sum up
            each fold where it is.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets.
        **params : dict
            As for `GridSearchCV.fit`: `groups`, `sample_weight` and the like.

        Returns
        -------
        self : PathSearchCV
            The fitted search.

        Raises
        ------
        TypeError
            When X or y is a Dask data frame or series, of which no rows can be taken.
        ValueError, TypeError
            As `GridSearchCV.fit` does.
        """
        for name, values in (("X", X), ("y", y)):
            # Of the class: a Delayed claims to have whatever it is asked for.
            if hasattr(type(values), "to_dask_array"):
                raise TypeError(
                    f"{name} is a Dask {type(values).__name__}, from which folds "
                    f"cannot be taken: pass {name}.to_dask_array(lengths=True), or "
                    "fit LassoRegressorCV, ElasticNetRegressorCV or RidgeRegressorCV."
                )
        fitted = self.__dict__.copy()
        try:
            super().fit(X, y, **params)
        except BaseException:
            # The refit comes last, and its estimator is set before it is fitted.
            self.__dict__.clear()
            self.__dict__.update(fitted)
            raise
        return self

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Any:
        """Draw the scores along the strength of the penalty.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.
        **kwargs
            Passed on to `AlphaSelectionDisplay.from_search`: `parameter` names the one
            to draw along, where it is not an alpha.

        Returns
        -------
        display : AlphaSelectionDisplay
            Drawn.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            When it is not clear which parameter is meant.
        """
        check_is_fitted(self)
        # By name: pictures need matplotlib, and are loaded when one is drawn.
        display = import_module("regkit.inspection").AlphaSelectionDisplay
        return display.from_search(self, ax=ax, **kwargs)

    def _run_search(
        self, evaluate_candidates: Callable[..., Any], *, callback_ctx: Any = None
    ) -> None:
        """Search the grid, with tasks that share a path run together."""
        context = {} if callback_ctx is None else {"callback_ctx": callback_ctx}
        run = partial(run_tasks, estimator=self.estimator)
        super()._run_search(take_over_tasks(evaluate_candidates, run), **context)
