"""Fitting by a loss of classes or counts, for one alpha or for many at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from regkit._describe import described_as
from regkit._sklearn import validate_parameters
from regkit.linear_model._loss_base import LossEstimator
from regkit.linear_model._problem import FitRows, Setup
from regkit.linear_model._single_alpha import LeastSquaresModel, SingleAlphaModel
from regkit.solvers.folds.in_memory import PathSettings


class LossModel(SingleAlphaModel, LossEstimator):
    """Base of the estimators for one alpha, which can be fitted for many in one go."""

    @described_as(LeastSquaresModel.fit)
    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, offset: Any = None
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Training rows. Float32 and float64, C or F ordered arrays and CSR or CSC
            matrices are used in place and never written; everything else is converted
            to float64, other sparse formats to CSC. `RowChunks`, and memory maps of
            256 MB and more, are read chunk by chunk, once for each Newton step; Dask
            arrays and data frames are summed up where their partitions are. At most
            3,000 coefficients then, of all classes together, and no hinge loss.
        y : array-like of shape (n_samples,), default=None
            Targets. None where `RowChunks` bring them.
        offset : array-like of shape (n_samples,), default=None
            Added to the linear predictor of each row, with no coefficient of its own.

        Raises
        ------
        ValueError, TypeError
            When a parameter or the data is not usable, or when there is no finite
            optimum; the message names the parameter, the class or the columns. The
            estimator is then as it was.
        """
        validate_parameters(self)
        given = FitRows(X, y, sample_weight, offset)
        return self._fit(self._open_anywhere(Setup.of(self), given))

    @described_as(LeastSquaresModel.fit_path)
    def fit_path(
        self,
        X: Any,
        y: Any,
        values: Any,
        sample_weight: Any = None,
        offset: Any = None,
    ) -> Iterator[Self]:
        """Fit one model for each of several alphas, all in one go.

        Each is what ``clone(self).set_params(alpha=value).fit(X, y)`` gives, up to
        `tol`; the estimator itself stays as it is. `PathSearchCV` searches this way.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Targets. None where `RowChunks` bring them.
        offset : array-like of shape (n_samples,), default=None
            Offsets of the rows, as in `fit`.
        """
        unfitted = self._for_path()
        given = FitRows(X, y, sample_weight, offset)
        problem = unfitted._open_anywhere(Setup.of(unfitted), given)
        return unfitted._fit_values(problem, values)

    def _l1_ratio(self) -> float:
        return float(self.l1_ratio)

    def _settings(self) -> PathSettings:
        return PathSettings(float(self.tol), self.max_iter)
