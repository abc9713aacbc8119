"""What all estimators fitted by a loss of classes or counts share."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from regkit._describe import described_as
from regkit._sklearn import check_same_features
from regkit._types import Floats
from regkit.designs import make_design
from regkit.linear_model._base import LinearModel, LinearRegressor, linear_predictor
from regkit.linear_model._fit_parameters import LossParameters
from regkit.linear_model._labels import Labels
from regkit.linear_model._loss_chunks import (
    ChunkData,
    ChunkedLossProblem,
    Kind,
    chunk_source,
    open_chunks,
)
from regkit.linear_model._loss_problem import LossProblem
from regkit.linear_model._problem import FitRows, Setup
from regkit.linear_model._underflow import refuse_overflow
from regkit.rows.inputs import FitData, check_predict_X, check_y
from regkit.rows.open import as_source
from regkit.rows.sources import RowSource
from regkit.solvers.loss_terms import LossTerm


class LossEstimator(LinearModel, LossParameters):
    """Base of the estimators fitted by such a loss; subclasses state the problem.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients, in float64.
    sparse_coef_ : sparse matrix of shape (1, n_features)
        `coef_` as a CSR matrix.
    intercept_ : float
        Intercept; 0 with ``fit_intercept=False``.
    n_iter_ : int
        Newton steps taken.
    dual_gap_ : float
        Duality gap reached, in the units of the objective: how far above the optimum
        the objective can be at most.
    solver_ : str
        What ran.
    """

    coef_: Any
    intercept_: Any
    n_features_in_: int
    _total_weight: float

    def _inverse(self, alpha: float) -> float:
        """Turn a penalty beside the mean loss into a weight of the summed loss."""
        return 1.0 / (alpha * self._total_weight) if alpha > 0.0 else np.inf

    def _open(self, setup: Setup, given: FitRows) -> LossProblem:
        """Check rows in memory and state the problem."""
        raise NotImplementedError

    def _given(
        self, name: str, source: RowSource, given: FitRows
    ) -> tuple[ChunkData, Kind]:
        """State what rows that are read in chunks are given; messages are by `name`."""
        raise NotImplementedError

    def _open_anywhere(
        self, setup: Setup, given: FitRows
    ) -> LossProblem | ChunkedLossProblem:
        """State the problem, wherever the rows are."""
        source = chunk_source(given.X, setup.name, self._needs_rows())
        if source is None:
            return self._open(setup, given)
        return open_chunks(setup, *self._given(setup.name, source, given))

    def _needs_rows(self) -> str | None:
        """Return what was asked for that rows in chunks cannot give, if anything."""
        return None

    def _offset(self, offset: Any, n_samples: int, n_outputs: int = 1) -> Floats | None:
        """Check the offset, if there is one."""
        if offset is None:
            return None
        return check_offset(self, offset, n_samples, n_outputs)

    def _predicted_source(self, X: Any, offset: Any) -> RowSource | None:
        """Return rows to predict for that are read in chunks, None for others."""
        source = as_source(X)
        if source is None or offset is None:
            if source is not None:
                check_is_fitted(self, "coef_")
            return source
        if isinstance(X, np.ndarray):  # a memory map is used in place
            return None
        raise ValueError(
            "offset must be None where X comes in chunks: predict each chunk with its "
            "own offset."
        )

    def _without_names(self) -> Self:
        """Return a copy that predicts for arrays: the columns' names were compared."""
        found = copy.copy(self)
        found.__dict__.pop("feature_names_in_", None)
        return found

    @described_as(LinearRegressor.predict)
    def _linear_predictor(self, X: Any, offset: Any = None) -> Floats:
        """Compute ``X @ coef_.T + intercept_ + offset`` for rows in memory.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, RowChunks} of shape \
                (n_samples, n_features)
            Rows to predict for; those in chunks without an offset.
        offset : array-like of shape (n_samples,), default=None
            Added to the linear predictor of each row, as in `fit`.
        """
        check_is_fitted(self, "coef_")
        check_same_features(self, X)
        X = check_predict_X(self, X, np.shape(self.coef_)[-1])
        coef: Any = self.coef_
        is_sparse: bool = sp.issparse(coef)
        if is_sparse:  # after `sparsify`
            found = np.asarray((X @ coef.T).toarray() if sp.issparse(X) else X @ coef.T)
            found = found + self.intercept_
        else:
            found = linear_predictor(X, coef, self.intercept_)
        if offset is not None:
            several = 1 if found.ndim == 1 else found.shape[1]
            shift = check_offset(self, offset, X.shape[0], several)
            found = found + (shift if found.ndim == shift.ndim else shift[:, None])
        return found


def state_problem(
    setup: Setup,
    data: FitData,
    term: LossTerm,
    weight: Floats | None,
    labels: Labels | None = None,
) -> LossProblem:
    """Make a problem of checked rows, weighted by `weight`."""
    n_features, names = data.X.shape[1], data.feature_names
    limits = setup.limits(n_features, names)
    with np.errstate(over="ignore", invalid="ignore"):
        design = make_design(data.X, weight, setup.fit_intercept, setup.standardize)
        refuse_overflow(setup.name, design, names)
    return LossProblem(
        setup, limits, names, n_features, term, design, data, weight, labels
    )


def check_offset(caller: Any, offset: Any, n_samples: int, n_outputs: int) -> Floats:
    """Check what is added to the linear predictors of each row.

    Raises
    ------
    ValueError
        When it is not one finite number per row, or per row and class of several.
    """
    checked = check_y(caller, offset, "offset")
    wanted: tuple[int, ...] = (n_samples,)
    per = "per row of X"
    if n_outputs > 1:
        wanted = (n_samples, n_outputs)
        per = f"per row of X and class ({n_outputs} classes)"
    if checked.shape != wanted:
        raise ValueError(
            f"offset must have one entry {per}: X has {n_samples} rows, offset has "
            f"shape {checked.shape}."
        )
    return np.ascontiguousarray(checked, dtype=np.float64)
