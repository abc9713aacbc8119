"""The result of a path: solutions along alpha, and everything between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from regkit._describe import described_as
from regkit._sklearn import check_same_features
from regkit._types import Floats
from regkit.linear_model._base import linear_predictor
from regkit.linear_model._views import PathViews
from regkit.rows.inputs import check_predict_X
from regkit.rows.open import as_source

# An alpha this close to an end of the path, relatively, is that end.
_SLACK = 1e-12


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class RegularizationPath(PathViews):
    r"""Solutions of a penalized regression for a decreasing sequence of alphas.

    Returned by `lasso_path` and `enet_path`. Unpacks into scikit-learn's three arrays:
    ``alphas, coefs, dual_gaps = lasso_path(X, y)``, and ``path[1]`` is the second.

    Between two neighboring alphas coefficients and intercept are interpolated
    linearly,

    .. math::

        \beta(\alpha) = t \, \beta(\alpha_k) + (1 - t) \, \beta(\alpha_{k+1}),
        \qquad t = \frac{\alpha - \alpha_{k+1}}{\alpha_k - \alpha_{k+1}},

    which is exact for the Lasso as long as no coefficient enters or leaves in between,
    because its path is piecewise linear [1]_, and close otherwise.

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,)
        Strictly decreasing.
    sparse_coefs : csc_array of shape (n_features, n_alphas)
        Coefficients, one column per alpha.
    intercepts : ndarray of shape (n_alphas,)
        Intercepts; 0 without one.
    dual_gaps : ndarray of shape (n_alphas,)
        Duality gaps reached, in the units of the objective.
    n_nonzero : ndarray of shape (n_alphas,)
        Number of nonzero coefficients.
    n_iters : ndarray of shape (n_alphas,)
        Iterations run.
    solver : str
        What ran.
    null_objective : float
        Objective of the model without features, which `tol` is relative to.
    explained_deviance : ndarray of shape (n_alphas,)
        Share, from 0 to 1, of the deviance of the model without features that each
        model explains on the training rows, weighted as in the fit: the coefficient of
        determination for squared errors, glmnet's ``dev.ratio``. 0 where y is constant.
    feature_names_in_ : ndarray of shape (n_features,), default=None
        Names of X's columns, where it was a dataframe that has them.

    Attributes
    ----------
    coefs : ndarray of shape (n_features, n_alphas)
        `sparse_coefs` as a dense array, made at its first use.
    n_features_in_ : int
        Number of columns of X.

    See Also
    --------
    lasso_path, enet_path : Compute a path.

    References
    ----------
    .. [1] M. R. Osborne, B. Presnell and B. A. Turlach, "A new approach to variable
       selection in least squares problems", IMA Journal of Numerical Analysis 20,
       2000.

    Examples
    --------
    >>> from regkit.linear_model import lasso_path
    >>> X = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [3.0, 1.0]]
    >>> y = [0.0, 2.0, 4.0, 5.0]
    >>> path = lasso_path(X, y, alphas=[1.0, 0.2])
    >>> path.coefs.round(4)
    array([[0.9 , 1.54],
           [0.  , 0.  ]])
    >>> path.coef_at(0.6).round(4)
    array([1.22, 0.  ])
    >>> path.predict([[1.0, 0.0]], alpha=0.6).round(4)
    array([2.14])
    """

    alphas: Floats
    sparse_coefs: sp.csc_array
    intercepts: Floats
    dual_gaps: Floats
    n_nonzero: NDArray[np.integer[Any]]
    n_iters: NDArray[np.integer[Any]]
    solver: str
    null_objective: float
    explained_deviance: Floats
    feature_names_in_: NDArray[Any] | None = None
    _dense: Floats | None = field(default=None, init=False)

    @property
    def coefs(self) -> Floats:
        """Coefficients, dense, of shape (n_features, n_alphas)."""
        dense = self._dense
        if dense is None:
            dense = self.sparse_coefs.toarray()
            object.__setattr__(self, "_dense", dense)
        return dense

    @property
    def n_features_in_(self) -> int:
        """Number of columns of X."""
        return int(self.sparse_coefs.shape[0])

    def coef_at(self, alpha: Any) -> Floats:
        """Return the coefficients at any alpha within the path.

        Parameters
        ----------
        alpha : float or array-like of shape (n_queries,)
            Between the smallest and the largest of `alphas`.

        Returns
        -------
        coef : ndarray of shape (n_features,) or (n_features, n_queries)
            Interpolated coefficients.

        Raises
        ------
        ValueError
            When an alpha is outside the path.
        """
        left, right, share = self._locate(alpha)
        coef: Floats = self._columns(left) * share + self._columns(right) * (1 - share)
        return coef[:, 0] if np.ndim(alpha) == 0 else coef

    @described_as(coef_at)
    def intercept_at(self, alpha: Any) -> Any:
        """Return the intercept at any alpha within the path.

        Returns
        -------
        intercept : float or ndarray of shape (n_queries,)
            Interpolated intercepts.
        """
        left, right, share = self._locate(alpha)
        intercept = self.intercepts[left] * share + self.intercepts[right] * (1 - share)
        return intercept[0] if np.ndim(alpha) == 0 else intercept

    def predict(self, X: Any, alpha: Any = None) -> Any:
        """Predict at every alpha of the path, or at those given.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows to predict for.
        alpha : float or array-like of shape (n_queries,), default=None
            Where to predict; None for all `alphas`.

        Returns
        -------
        y_pred : ndarray of shape (n_samples, n_alphas), (n_samples,) or \
                (n_samples, n_queries)
            Predictions, in float64; one-dimensional when `alpha` is one number. A
            Dask array, series or data frame, not yet computed, for a Dask X.

        Raises
        ------
        ValueError
            When X holds NaN or inf, its columns are not those of the path, or an
            alpha is outside the path.
        """
        source = as_source(X)
        if source is not None:
            return source.predict(partial(self.predict, alpha=alpha))
        check_same_features(self, X)
        X = check_predict_X(self, X, self.n_features_in_)
        if alpha is not None:
            coef = self.coef_at(alpha)
            return linear_predictor(X, coef.T, self.intercept_at(alpha))
        # Only the columns that some model uses take part.
        used = np.unique(self.sparse_coefs.indices)
        if 2 * len(used) > self.n_features_in_:
            return linear_predictor(X, self.coefs.T, self.intercepts)
        coefs = sp.csr_array(self.sparse_coefs)[used].toarray()
        return linear_predictor(X[:, used], coefs.T, self.intercepts)

    def _explained(
        self, X: Any, y: NDArray[Any], alphas: Floats
    ) -> tuple[str, list[float]]:
        """Give the explained share of the deviance at each alpha, and its name."""
        predicted = self.predict(X, alpha=alphas)
        return "explained", [float(r2_score(y, column)) for column in predicted.T]

    def _columns(self, index: NDArray[np.intp]) -> Floats:
        """Return some columns of the coefficients as a dense array."""
        coefs = self.sparse_coefs
        columns = np.zeros((coefs.shape[0], len(index)))
        for k, i in enumerate(index):
            stored = slice(coefs.indptr[i], coefs.indptr[i + 1])
            columns[coefs.indices[stored], k] = coefs.data[stored]
        return columns

    def _locate(self, alpha: Any) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
        """Find the neighbors of each alpha and the share of the left (larger) one."""
        try:
            wanted = np.atleast_1d(np.asarray(alpha, dtype=np.float64))
        except (TypeError, ValueError):
            raise ValueError(f"alpha must hold numbers, got {alpha!r}.") from None
        if wanted.ndim != 1:
            raise ValueError(
                "alpha must be a number or a one-dimensional array, got an array of "
                f"shape {wanted.shape}."
            )
        alphas = self.alphas
        low, high = alphas[-1] * (1 - _SLACK), alphas[0] * (1 + _SLACK)
        outside = np.flatnonzero(~((wanted >= low) & (wanted <= high)))
        if outside.size:
            raise ValueError(
                f"alpha={wanted[outside[0]]:g} is outside the path, which goes from "
                f"{alphas[0]:g} down to {alphas[-1]:g}."
            )
        wanted = np.clip(wanted, alphas[-1], alphas[0])
        if len(alphas) == 1:
            left = np.zeros(len(wanted), dtype=np.intp)
            return left, left, np.ones(len(wanted))
        # The last knot not below each alpha, but never the last of the path.
        left = np.searchsorted(-alphas, -wanted, side="right") - 1
        left = np.minimum(left, len(alphas) - 2)
        right = left + 1
        share = (wanted - alphas[right]) / (alphas[left] - alphas[right])
        return left, right, share

    def __iter__(self) -> Iterator[Floats]:
        return iter((self.alphas, self.coefs, self.dual_gaps))

    def __len__(self) -> int:
        return 3

    def __getitem__(self, key: int) -> Floats:
        return (self.alphas, self.coefs, self.dual_gaps)[key]

    def __repr__(self) -> str:
        return (
            f"RegularizationPath(n_features={self.n_features_in_}, "
            f"n_alphas={len(self.alphas)}, "
            f"alpha={self.alphas[0]:.4g} to {self.alphas[-1]:.4g}, "
            f"n_nonzero={self.n_nonzero[0]} to {self.n_nonzero[-1]}, "
            f"explained_deviance={self.explained_deviance[0]:.3g} to "
            f"{self.explained_deviance[-1]:.3g}, "
            f"solver={self.solver!r})"
        )
