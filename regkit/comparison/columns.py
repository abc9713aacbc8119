"""The columns of X as they were given, and as numbers for a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_array

from regkit.comparison.splits import Rows
from regkit.designs import make_design
from regkit.linear_model._underflow import refuse_underflow
from regkit.tables import TableEncoder, TypedTable
from regkit.tables._sentences import Style


class Prepared(NamedTuple):
    """Numbers of the training and of the test rows, encoded from the training rows."""

    X_train: Any
    X_test: Any
    names: list[str] | None
    encoder: TableEncoder | None
    """Fitted on the training rows; None where X was numbers."""
    sources: list[str]
    """The column that each number comes from."""


class TableColumns:
    """X, and how models take it.

    How the columns of a table are read is a matter of form, found from all rows; what
    depends on values (medians, rare levels) is learned from the training rows.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_rows, n_columns)
        Numbers.
    names : sequence of str, default=None
        Names of its columns.
    """

    def __init__(self, X: Any, names: Sequence[str] | None = None) -> None:
        self.X = check_array(
            X, accept_sparse="csr", dtype=[np.float64, np.float32], input_name="X"
        )
        self.names = None if names is None else [str(name) for name in names]
        self.encoder: TableEncoder | None = None
        self.n_rows, self.n_columns = self.X.shape
        self._whole: TableEncoder | None = None
        if self.names is not None and len(self.names) != self.n_columns:
            raise ValueError(
                f"feature_names must name the {self.n_columns} columns of X, got "
                f"{len(self.names)}"
            )

    @classmethod
    def of(cls, table: TypedTable, encoder: TableEncoder) -> TableColumns:
        """Take a table that has been read."""
        columns = cls.__new__(cls)
        columns.X, columns.names = table, table.names
        columns.encoder = clone(encoder).set_output(transform="default")
        columns.n_rows, columns.n_columns = table.n_rows, len(table.columns)
        # Readings that name the target are no longer of use.
        columns.encoder.set_params(readings=table.readings)
        columns._whole = clone(columns.encoder).fit(table)
        return columns

    def take(self, rows: Any) -> TableColumns:
        """Keep some rows."""
        if self.encoder is not None:
            return TableColumns.of(self.X.take(rows), self.encoder)
        return TableColumns(self.X[rows], self.names)

    def notes(self, style: Style) -> list[str]:
        """Say what a person should know about the columns of a table."""
        return [] if self._whole is None else self._whole.notes(style)

    def summaries(self) -> list[tuple[str, str]]:
        """Give the name of each column of a table, and how it was read."""
        found = [] if self._whole is None else self._whole.columns_
        return [(str(column.name), column.summary) for column in found]

    def sorted_dates(self) -> list[str]:
        """Name the columns of dates whose values never go back, from row to row."""
        if self.encoder is None:
            return []
        return [
            column.name
            for column in self.X.columns
            if column.reading.kind == "date"
            and not np.isnat(column.values).any()
            and np.all(np.diff(column.values) >= np.timedelta64(0))
        ]

    def prepare(self, train: Rows, test: Rows) -> Prepared:
        """Make numbers of both parts."""
        if self.encoder is None:
            X_train, X_test = self.X[train], self.X[test]
            sources = self.names or [f"x{j}" for j in range(self.n_columns)]
            _refuse_lost_squares(X_train, sources)
            return Prepared(X_train, X_test, self.names, None, sources)
        encoder = clone(self.encoder)
        X_train = np.asarray(encoder.fit_transform(self.X.take(train)))
        X_test = np.asarray(encoder.transform(self.X.take(test)))
        names = [str(name) for name in encoder.get_feature_names_out()]
        sources = [
            str(column.name) for column in encoder.columns_ for _ in column.features
        ]
        _refuse_lost_squares(X_train, sources)
        return Prepared(X_train, X_test, names, encoder, sources)


def _refuse_lost_squares(X: Any, sources: list[str]) -> None:
    """Raise where float64 cannot hold the squares of a column, with its name.

    Models are fitted to numbers without names, and could not tell it.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        design = make_design(X, None, fit_intercept=True, standardize=False)
        refuse_underflow(
            "The comparison", design, X, None, None, np.array(sources, dtype=object)
        )


def dense(X: Any, most: int = 50_000_000) -> NDArray[np.float64] | None:
    """Give X as a dense array; None where it would not fit."""
    if not hasattr(X, "toarray"):
        return np.asarray(X)
    if X.shape[0] * X.shape[1] > most:
        return None
    return np.asarray(X.toarray())
