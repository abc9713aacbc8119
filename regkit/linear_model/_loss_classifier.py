"""Linear classifiers: labels in, decisions and labels out."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from regkit._bases import ClassifierMixin
from regkit._describe import described_as
from regkit._sklearn import check_same_names
from regkit.linear_model._base import LinearRegressor
from regkit.linear_model._fit_parameters import ClassParameters
from regkit.linear_model._labels import (
    class_totals,
    class_weighted,
    encode_labels,
    refuse_empty_classes,
    refuse_far_weights,
)
from regkit.linear_model._loss_base import LossEstimator, state_problem
from regkit.linear_model._loss_chunks import ChunkData, Kind, look_up, open_classes
from regkit.linear_model._loss_problem import LossProblem
from regkit.linear_model._loss_scores import accuracy_in_chunks
from regkit.linear_model._problem import FitRows, Setup
from regkit.rows.inputs import check_fit_data, missing_y
from regkit.rows.sources import RowSource
from regkit.solvers.loss_terms import LossTerm


class LinearClassifier(ClassifierMixin, LossEstimator, ClassParameters):
    """Base of the linear classifiers; subclasses name their loss.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients, in float64.
    sparse_coef_ : sparse matrix of the same shape
        `coef_` as a CSR matrix.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts; 0 with ``fit_intercept=False``.
    classes_ : ndarray of shape (n_classes,)
        The labels seen in `fit`, sorted.
    """

    @described_as(LossEstimator._linear_predictor)
    def predict(self, X: Any, offset: Any = None) -> Any:
        """Predict the class of each row.

        Returns
        -------
        y_pred : ndarray of shape (n_samples,)
            Labels, as in `classes_`; a Dask array or series, not yet computed, for a
            Dask array or data frame.
        """
        source = self._predicted_source(X, offset)
        if source is not None:
            return source.predict(self.predict)
        decision = self.decision_function(X, offset)
        if decision.ndim == 1:
            chosen = (decision > 0.0).astype(np.intp)
        else:
            chosen = np.argmax(decision, axis=1)
        labels: NDArray[Any] = self.classes_[chosen]
        return labels

    @described_as(LossEstimator._linear_predictor)
    def decision_function(self, X: Any, offset: Any = None) -> Any:
        """Compute the linear predictor of each row.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes one number, positive where ``classes_[1]`` is predicted;
            for more, one per class, the largest of which is predicted.
        """
        source = self._predicted_source(X, offset)
        if source is not None:
            return source.predict(self.decision_function)
        decision = self._linear_predictor(X, offset)
        return decision[:, 0] if decision.shape[1] == 1 else decision

    @described_as(LinearRegressor.score)
    def score(
        self, X: Any, y: Any = None, sample_weight: Any = None, offset: Any = None
    ) -> float:
        """Return the accuracy, the share of rows whose class is predicted.

        Parameters
        ----------
        y : array-like of shape (n_samples,), default=None
            True labels. None where `RowChunks` bring them.
        offset : array-like of shape (n_samples,), default=None
            Offsets of the rows, as in `predict`.

        Returns
        -------
        score : float
            1 at best.
        """
        source = self._predicted_source(X, offset)
        if source is None:
            if y is None:
                raise missing_y(self)
            predicted = self.predict(X, offset)
            return float(accuracy_score(y, predicted, sample_weight=sample_weight))
        predict = self._without_names().predict
        names, score = accuracy_in_chunks(
            source, y, sample_weight, predict, self.classes_
        )
        check_same_names(self, names)
        return score

    def sparsify(self) -> Self:
        """Convert `coef_` to a CSR matrix, which saves memory where most are zero.

        Returns
        -------
        self : estimator
        """
        check_is_fitted(self, "coef_")
        self.coef_ = sp.csr_matrix(self.coef_)
        return self

    @described_as(sparsify)
    def densify(self) -> Self:
        """Convert `coef_` back to an array."""
        check_is_fitted(self, "coef_")
        is_sparse: bool = sp.issparse(self.coef_)
        if is_sparse:
            self.coef_ = self.coef_.toarray()
        return self

    def _term(self, codes: NDArray[np.int64], n_classes: int, offset: Any) -> LossTerm:
        """Return the loss of rows of these classes; the offset is to be checked."""
        raise NotImplementedError

    def _open(self, setup: Setup, given: FitRows) -> LossProblem:
        X, y, sample_weight, offset, caller = given
        labels = encode_labels(setup.name, y)
        codes = labels.codes.astype(np.float64)
        data = check_fit_data(caller or self, X, codes, sample_weight)
        fits = f": {setup.name} cannot fit it"
        refuse_empty_classes(labels, data.sample_weight, fits)
        weight = class_weighted(self.class_weight, labels, data.sample_weight)
        refuse_empty_classes(labels, weight, " after class_weight")
        refuse_far_weights(labels.classes, class_totals(labels, weight))
        term = self._term(labels.codes, len(labels.classes), offset)
        return state_problem(setup, data, term, weight, labels)

    def _given(
        self, name: str, source: RowSource, given: FitRows
    ) -> tuple[ChunkData, Kind]:
        classes, y, encode = open_classes(name, source, given.y)
        # What the loss makes of each class.
        term = self._term(np.arange(len(classes)), len(classes), None)
        kind = Kind(
            term.loss, partial(look_up, term.targets), classes, self.class_weight
        )
        data = ChunkData(source, y, given.sample_weight, given.offset, encode)
        return data, kind


def indicators(codes: NDArray[np.int64], n_classes: int) -> NDArray[np.bool_]:
    """Return which rows are of each class; of two classes, of the second alone."""
    classes = np.arange(n_classes)[1 if n_classes == 2 else 0 :]
    found: NDArray[np.bool_] = codes == classes[:, None]
    return found
