"""What an estimator needs so that `PathSearchCV` can fit many candidates at once."""

from collections.abc import Iterable
from typing import Any, ClassVar, Protocol, runtime_checkable


@runtime_checkable
class PathEstimator(Protocol):
    """An estimator that fits a whole sequence of values of one parameter in one go.

    `PathSearchCV` uses both names wherever it finds them, on the estimator it is given
    or on the last step of its pipelines; no base class is needed. The rest is as for
    every scikit-learn estimator.

    Attributes
    ----------
    path_parameter : str
        Name of the constructor parameter that `fit_path` goes along.

    Examples
    --------
    Ridge regression, where one decomposition serves all alphas:

    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator, RegressorMixin, clone
    >>> from regkit.model_selection import PathEstimator, PathSearchCV
    >>> class SpectralRidge(RegressorMixin, BaseEstimator):
    ...     path_parameter = "alpha"
    ...
    ...     def __init__(self, alpha=1.0):
    ...         self.alpha = alpha
    ...
    ...     def fit(self, X, y):
    ...         (model,) = self.fit_path(X, y, [self.alpha])
    ...         self.coef_ = model.coef_
    ...         return self
    ...
    ...     def fit_path(self, X, y, values):
    ...         left, sizes, right = np.linalg.svd(X, full_matrices=False)
    ...         for alpha in values:
    ...             model = clone(self).set_params(alpha=alpha)
    ...             shrunken = sizes / (sizes**2 + alpha) * (left.T @ y)
    ...             model.coef_ = right.T @ shrunken
    ...             yield model
    ...
    ...     def predict(self, X):
    ...         return X @ self.coef_
    >>> isinstance(SpectralRidge(), PathEstimator)
    True
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(50, 4))
    >>> y = X @ [1.0, 2.0, 0.0, 0.0] + rng.normal(size=50)
    >>> search = PathSearchCV(SpectralRidge(), {"alpha": [0.1, 1, 10, 100]}).fit(X, y)
    >>> search.best_params_
    {'alpha': 1}
    """

    path_parameter: ClassVar[str]

    def fit_path(
        self, X: Any, y: Any, values: list[Any], **fit_params: Any
    ) -> Iterable[Any]:
        """Fit a copy of the estimator for each of `values`.

        Parameters
        ----------
        X, y : object
            Training rows, as `fit` takes them.
        values : list
            Values of `path_parameter`, in the order of the grid: any order, and a value
            may come twice.
        **fit_params : dict
            What `fit` takes besides, `sample_weight` for instance.

        Returns
        -------
        models : iterable of estimators
            Fitted, one for each value and in their order, each equal to what
            ``clone(self).set_params(**{path_parameter: value}).fit(X, y)`` gives. Best
            a generator, so that models need not be in memory all at once. Where a
            value cannot be fitted it raises in that model's turn; the search then fits
            this candidate alone, as scikit-learn would, and asks again for the rest.
        """
        ...
