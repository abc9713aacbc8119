"""The columns of X as they were given, and as numbers for a model."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_array

from regkit.comparison.splits import Rows


class Prepared(NamedTuple):
    """Numbers of the training and of the test rows, encoded from the training rows."""

    X_train: Any
    X_test: Any
    names: list[str] | None
    encoder: Any
    """Fitted on the training rows; None where X was numbers."""
    sources: list[str]
    """The column that each number comes from."""


class Columns:
    """X, and how models take it.

    Parameters
    ----------
    X : array-like, sparse matrix or DataFrame of shape (n_rows, n_columns)
        Numbers; a frame may hold anything that the encoder reads.
    names : sequence of str, default=None
        Names of the columns of an array.
    encoder : transformer, default=None
        Makes numbers of a frame.
    """

    def __init__(self, X: Any, names: Any, encoder: Any) -> None:
        self.encoder = encoder
        if encoder is None:
            self.X = check_array(
                X, accept_sparse="csr", dtype=[np.float64, np.float32], input_name="X"
            )
        else:
            # How columns are read is a matter of form, found from all rows; what
            # depends on values is learned from the training rows.
            self.X, self.table = X, encoder.read(X)
        given = getattr(X, "columns", None) if names is None else names
        self.names = None if given is None else [str(name) for name in given]
        self.n_rows, self.n_columns = self.X.shape
        if self.names is not None and len(self.names) != self.n_columns:
            raise ValueError(
                f"feature_names must name the {self.n_columns} columns of X, got "
                f"{len(self.names)}"
            )

    def sorted_dates(self) -> list[str]:
        """Name the columns of dates whose values never go back, from row to row."""
        if self.encoder is None:
            return []
        return [
            column.name
            for column in self.table.columns
            if getattr(column.values, "dtype", np.dtype(float)).kind == "M"
            and not np.isnat(column.values).any()
            and np.all(np.diff(column.values) >= np.timedelta64(0))
        ]

    def prepare(self, train: Rows, test: Rows) -> Prepared:
        """Make numbers of both parts."""
        if self.encoder is None:
            X_train, X_test = self.X[train], self.X[test]
            sources = self.names or [f"x{j}" for j in range(self.n_columns)]
            return Prepared(X_train, X_test, self.names, None, sources)
        encoder = clone(self.encoder)
        X_train = np.asarray(encoder.fit_transform(self.table.take(train)))
        X_test = np.asarray(encoder.transform(self.table.take(test)))
        names = [str(name) for name in encoder.get_feature_names_out()]
        sources = [
            str(column.name) for column in encoder.columns_ for _ in column.features
        ]
        return Prepared(X_train, X_test, names, encoder, sources)


def take_rows(X: Any, rows: Rows) -> Any:
    """Take rows of an array or of a frame, pandas' or polars'."""
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def dense(X: Any, most: int = 50_000_000) -> NDArray[np.float64] | None:
    """Give X as a dense array; None where it would not fit."""
    if not hasattr(X, "toarray"):
        return np.asarray(X)
    if X.shape[0] * X.shape[1] > most:
        return None
    return np.asarray(X.toarray())
