"""The rows of a comparison: a table that is encoded, or an array as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils import check_array, check_X_y, column_or_1d

from regkit.tables import TableEncoder, TableError, Target, TypedTable

_Floats = NDArray[np.float64]


class Part(NamedTuple):
    """Training and test rows as models take them."""

    X_train: Any
    X_test: Any
    names: list[str] | None
    encoder: TableEncoder | None
    """Fitted on the training rows; None for rows that are numbers already."""


@dataclass(frozen=True, eq=False)
class Rows:
    """What a comparison works on.

    Attributes
    ----------
    X : TypedTable, ndarray or CSR matrix
        The rows.
    y : ndarray of shape (n_rows,)
        The target.
    names : list of str or None
        Names of the columns of an array.
    encoder : TableEncoder or None
        How a table is encoded, not fitted.
    target : Target or None
        The column of the table, when that is where `y` is from.
    """

    X: Any
    y: _Floats
    names: list[str] | None = None
    encoder: TableEncoder | None = None
    target: Target | None = None

    def split(self, train: NDArray[Any], test: NDArray[Any]) -> Part:
        """Encode the two parts of a split by what the training rows show."""
        if self.encoder is None:
            return Part(self.X[train], self.X[test], self.names, None)
        encoder = clone(self.encoder).set_output(transform="default")
        X_train = encoder.fit_transform(self.X.take(train))
        names = [str(name) for name in encoder.get_feature_names_out()]
        return Part(X_train, encoder.transform(self.X.take(test)), names, encoder)


def load_rows(
    X: Any,
    y: ArrayLike | str | Target,
    encoder: TableEncoder | None = None,
    feature_names: Sequence[str] | None = None,
) -> Rows:
    """Check X and y, and read a table.

    Parameters
    ----------
    X : data frame, FileTable, TypedTable, array-like or sparse matrix
        Frames, and arrays that hold more than numbers, are read by `encoder`.
    y : array-like, str or Target
        The target, or the name of its column.
    encoder : TableEncoder or None
        None for one with its defaults.
    feature_names : sequence of str or None
        Names of the columns of an array.

    Raises
    ------
    TableError, ValueError
        With one sentence.
    """
    is_frame = hasattr(X, "columns") or hasattr(X, "raw_columns")
    if isinstance(y, str) and not is_frame:
        raise TableError(f"y is the name {y!r}, but X is no data frame with columns")
    if not is_frame and encoder is None and not _holds_objects(X):
        X, target = check_X_y(
            X, y, accept_sparse="csr", dtype=[np.float64, np.float32], y_numeric=True
        )
        names = None if feature_names is None else [str(n) for n in feature_names]
        if names is not None and len(names) != X.shape[1]:
            raise ValueError(
                f"feature_names must name the {X.shape[1]} columns of X, got "
                f"{len(names)}"
            )
        return Rows(X, target.astype(np.float64), names)
    if feature_names is not None:
        raise ValueError("feature_names are for arrays: a table has names of its own")
    encoder = TableEncoder() if encoder is None else encoder
    if isinstance(y, str):
        table, read = encoder.read_with_target(X, y)
    elif isinstance(y, Target):
        table, read = encoder.read(X), y
    else:
        table = encoder.read(X)
        values = check_array(column_or_1d(y), ensure_2d=False, dtype=np.float64)
        if values.size != table.n_rows:
            raise ValueError(
                "X and y must have the same number of rows: "
                f"X has {table.n_rows}, y has {values.size}."
            )
        return Rows(table, values, None, _as_read(encoder, table))
    if read.kind != "number":
        raise TableError(
            f"the target {read.name!r} must hold numbers, but says {read.labels[0]!r}"
        )
    return Rows(table, read.values, None, _as_read(encoder, table), read)


def _as_read(encoder: TableEncoder, table: TypedTable) -> TableEncoder:
    """Return an encoder that reads columns as they were read in the whole table."""
    fixed: TableEncoder = clone(encoder).set_params(readings=table.readings)
    return fixed


def _holds_objects(X: Any) -> bool:
    return isinstance(X, np.ndarray) and X.dtype.kind in "OUSb"
