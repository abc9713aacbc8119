"""`TableEncoder`: any table into numbers that a model can learn from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from regkit._describe import described_as
from regkit._sklearn import StrOptions, check_feature_names_in, validate_parameters
from regkit.tables._applying import apply_reading, spelled_flags
from regkit.tables._deciding import read_table_columns
from regkit.tables._encodings import Encoding, Learned, learn_encoding
from regkit.tables._frames import RawColumn, raw_columns
from regkit.tables._sentences import Style, TableError, unknown_column
from regkit.tables.reading import (
    ColumnReading,
    Levels,
    ReadingSettings,
    TypedColumn,
    TypedTable,
)
from regkit.tables.report import missing_notes, nothing_left, report_column
from regkit.tables.target import Target, make_target

_KINDS = ("number", "boolean", "date", "category", "drop")


class TableEncoder(TransformerMixin, BaseEstimator):
    """Turn a table as people have it into columns of numbers.

    Columns of text are read first: numbers as people write them (``1,234.50``,
    ``1.234,50 €``, ``(12)`` for -12, ``−3 %``), booleans in many spellings, dates, and
    categories, whose spellings that differ by case or blanks only are one level. Cells
    such as ``n.a.``, ``-`` and ``#DIV/0!`` are missing values. Columns that the frame
    itself calls numbers, dates or categories are taken at its word.

    Then each becomes numbers, by what the training rows show:

    - a **number** stays one; a missing value becomes the median, and a 0/1 column
      ``name=missing`` marks where.
    - a **boolean** is 0 or 1, treated in the same way.
    - a **date** becomes ``name_year``, ``name_month``, ``name_weekday`` (1 for Monday),
      ``name_hour`` where there are times, and ``name_days`` since the first training
      date; parts that never change are left out.
    - a **category** becomes one 0/1 column ``name=level`` a level. No level is the
      reference, so that a penalty treats all alike; of two levels, one column is
      enough. Levels with fewer than 1% of the rows (at least 2 and at most 5 rows) are
      ``name=other`` together, missing values ``name=missing``. A level that was never
      seen counts as ``other``, or as none.

    Left out, with a note: constants, columns that repeat another, columns that only
    number or name the rows, and text with too many different values.

    Parameters
    ----------
    readings : dict of str to str, default=None
        How to read columns, by name, where the encoder should not decide: "number",
        "boolean", "date", "category" or "drop". The `readings_` of a fitted encoder
        are accepted too.
    decimal : {".", ","}, default=None
        Decimal mark of columns that leave it open, such as one of ``1.234`` in every
        row. By default what other columns of the table show, then ``.``, with a note.
    date_order : {"dmy", "mdy"}, default=None
        Order of day and month in columns that leave it open, such as ``03/04/2024``. By
        default what other columns show, then "mdy", with a note.
    missing : sequence of str or number, default=()
        Further cells that stand for missing values, such as -999.
    indicators : bool, default=True
        Whether 0/1 columns mark where numbers and dates were missing.

    Attributes
    ----------
    columns_ : list of ColumnReport
        What became of each column, in the order of the table.
    readings_ : dict of str to ColumnReading
        How each column is read.
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, of a data frame.

    See Also
    --------
    read_table : Read a file into a frame.
    compare_regularizers : Compare models on a table; it encodes with this class.

    Notes
    -----
    How columns are read is a matter of the table's form, and best found from all rows:
    fit one encoder on the whole table, and pass its `readings_` to the one in the
    pipeline. What depends on values (medians, rare levels, the first date) is learned
    in `fit` from the rows given there.

    Examples
    --------
    >>> import pandas as pd
    >>> from regkit import TableEncoder
    >>> table = pd.DataFrame(
    ...     {
    ...         "area": ["1,850", "950", "n.a.", "2,100"],
    ...         "town": ["North", "north ", "south", "east"],
    ...         "pool": ["yes", "no", "no", "yes"],
    ...     }
    ... )
    >>> encoder = TableEncoder().set_output(transform="pandas").fit(table)
    >>> encoder.transform(table).iloc[:, :2]
         area  area=missing
    0  1850.0           0.0
    1   950.0           0.0
    2  1850.0           1.0
    3  2100.0           0.0
    >>> for column in encoder.columns_:
    ...     print(column.name, "-", column.summary)
    area - number written as 1,234.5; 1 missing, filled with the median, 1850
    town - category of 3 levels
    pool - boolean
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        "readings": [dict, Mapping, None],
        "decimal": [StrOptions({".", ","}), None],
        "date_order": [StrOptions({"dmy", "mdy"}), None],
        "missing": ["array-like", str],
        "indicators": ["boolean"],
    }

    def __init__(
        self,
        readings: Mapping[str, Any] | None = None,
        *,
        decimal: str | None = None,
        date_order: str | None = None,
        missing: Sequence[Any] = (),
        indicators: bool = True,
    ) -> None:
        self.readings = readings
        self.decimal = decimal
        self.date_order = date_order
        self.missing = missing
        self.indicators = indicators

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find out how the columns are read, and learn what fills and levels need.

        Parameters
        ----------
        X : data frame, array-like or TypedTable of shape (n_rows, n_columns)
            The training rows.
        y : None
            Ignored.

        Returns
        -------
        self : TableEncoder
            Fitted.

        Raises
        ------
        TableError
            For a cell that does not fit its column, which the message names, an
            unknown column in `readings`, and a table of which nothing is left.
        """
        self.fit_transform(X, y)
        return self

    @described_as(fit)
    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Fit, and return the encoded training rows.

        Returns
        -------
        encoded : ndarray of shape (n_rows, n_features_out)
            Numbers, none of them missing.
        """
        table = self.read(X)
        if table.n_rows < 2:
            raise TableError("n_samples=1: at least 2 rows are needed")
        known: dict[Any, str] = {}
        fitted = [self._learn(column, known) for column in table.columns]
        if not any(learned.encoding for learned in fitted):
            raise TableError(nothing_left(table, fitted))
        self.n_features_in_ = len(table.columns)
        if table.named:
            self.feature_names_in_ = np.array(table.names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.readings_ = table.readings
        self._encodings = [learned.encoding for learned in fitted]
        names = _output_names(table.names, self._encodings)
        self.columns_ = [
            report_column(column, learned, features)
            for column, learned, features in zip(
                table.columns, fitted, names, strict=True
            )
        ]
        return self._encode(table)

    def transform(self, X: Any) -> Any:
        """Encode rows as the training rows were.

        Parameters
        ----------
        X : data frame, array-like or TypedTable of shape (n_rows, n_columns)
            Rows with the columns of the training table, of a frame in any order.

        Returns
        -------
        encoded : ndarray of shape (n_rows, n_features_out)
            Numbers, none of them missing.

        Raises
        ------
        CellError
            For a cell that cannot be read as its column was.
        ValueError
            When a column is absent.
        """
        check_is_fitted(self)
        if isinstance(X, TypedTable):
            return self._encode(X)
        columns, named = raw_columns(X)
        if named and hasattr(self, "feature_names_in_"):
            by_name = {column.name: column for column in columns}
            absent = [name for name in self.feature_names_in_ if name not in by_name]
            if absent:
                raise ValueError(unknown_column(absent[0], list(by_name), "the table"))
            columns = [by_name[name] for name in self.feature_names_in_]
        elif len(columns) != self.n_features_in_:
            raise ValueError(
                f"X has {len(columns)} features, but {type(self).__name__} is "
                f"expecting {self.n_features_in_} features as input."
            )
        missing = _as_tuple(self.missing)
        read = (
            apply_reading(replace(column, name=name), reading, missing)
            for column, (name, reading) in zip(
                columns, self.readings_.items(), strict=True
            )
        )
        return self._encode(TypedTable(tuple(read), named))

    def read(self, X: Any) -> TypedTable:
        """Read the columns of a table without learning from them.

        Parameters
        ----------
        X : data frame, array-like or TypedTable of shape (n_rows, n_columns)
            A whole table.

        Returns
        -------
        table : TypedTable
            What `fit` and `transform` take in place of a frame, and split by
            ``table.take(rows)``, without reading the cells again.

        Raises
        ------
        TableError
            As `fit`.
        """
        if isinstance(X, TypedTable):
            return X
        columns, named = raw_columns(X)
        return TypedTable(tuple(self._read(columns, None)), named)

    def read_with_target(self, X: Any, target: str) -> tuple[TypedTable, Target]:
        """Read a table and its target, without the rows in which that is missing.

        Parameters
        ----------
        X : data frame or FileTable of shape (n_rows, n_columns)
            A whole table.
        target : str
            Name of the column to predict.

        Returns
        -------
        table : TypedTable
            The other columns.
        target : Target
            Numbers or classes, and notes.

        Raises
        ------
        TableError
            As `fit`; also for a target that holds dates or is missing in every row.
        """
        columns, named = raw_columns(X)
        chosen = [column for column in columns if column.name == target]
        if not chosen:
            names = [column.name for column in columns]
            raise TableError(unknown_column(target, names, "the table"))
        read = list(self._read(columns, target))
        place = getattr(X, "place", _in_row)
        own = next(column for column in read if column.name == target)
        made = make_target(own, spelled_flags(chosen[0]), place)
        table = TypedTable(tuple(c for c in read if c.name != target), named)
        if not table.columns:
            raise TableError(f"there is no column beside the target {target!r}")
        return (table if made.kept.all() else table.take(made.kept)), made

    def _read(
        self, columns: Sequence[RawColumn], target: str | None
    ) -> list[TypedColumn]:
        validate_parameters(self)
        readings = dict(self.readings or {})
        names = [column.name for column in columns]
        repeated = [name for name, count in Counter(names).items() if count > 1]
        if repeated:
            raise TableError(
                f"more than one column is named {repeated[0]!r}: rename one"
            )
        for name, given in readings.items():
            if name not in names:
                raise TableError(unknown_column(name, names, "the table"))
            if given not in _KINDS and not isinstance(given, ColumnReading):
                raise TableError(
                    f"readings: {name!r} must be one of {', '.join(_KINDS)}, got "
                    f"{given!r}"
                )
        order: Any = self.date_order
        settings = ReadingSettings(
            readings, self.decimal, order, _as_tuple(self.missing)
        )
        return read_table_columns(columns, settings, target)

    def notes(self, style: Style = "python") -> list[str]:
        """Return what a person should know about the table, a sentence each.

        Parameters
        ----------
        style : {"python", "command"}, default="python"
            Whose options the sentences name.

        Returns
        -------
        notes : list of str
            Columns left out, doubtful readings, missing values.
        """
        check_is_fitted(self)
        sentences = [note.say(style) for c in self.columns_ for note in c.notes]
        return sentences + missing_notes(self.columns_, self.indicators)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Return the names of the columns of numbers.

        Parameters
        ----------
        input_features : array-like of str of shape (n_features_in_,), default=None
            Names of the columns of a table that had none.

        Returns
        -------
        names : ndarray of str of shape (n_features_out,)
            Such as ``area``, ``area=missing``, ``town=north``, ``sold_year``.
        """
        check_is_fitted(self)
        own = check_feature_names_in(self, input_features)
        names = _output_names([str(name) for name in own], self._encodings)
        return np.array([name for group in names for name in group], dtype=object)

    def __sklearn_tags__(self) -> Any:
        """Report to scikit-learn that text and missing values are welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        return tags

    def _learn(self, column: TypedColumn, known: dict[Any, str]) -> Learned:
        """Learn a column, unless it says what an earlier one does."""
        if column.reading.kind == "drop":
            return Learned(None)
        values, gone = column.values, None
        if isinstance(values, Levels):
            values = values.codes
        else:
            gone = np.isnan(values) if values.dtype.kind == "f" else np.isnat(values)
        wanted = self.indicators and (
            gone is None or known.setdefault(_digest(gone), column.name) == column.name
        )
        learned = learn_encoding(column, wanted)
        if learned.encoding is None:
            return learned
        twin = known.setdefault(_digest(values), column.name)
        if twin != column.name:
            return Learned(None, f"says the same as column {twin!r}")
        return learned

    def _encode(self, table: TypedTable) -> NDArray[np.float64]:
        blocks = [
            encoding.encode(column)
            for encoding, column in zip(self._encodings, table.columns, strict=True)
            if encoding is not None
        ]
        return np.column_stack(blocks)


def _as_tuple(missing: Any) -> tuple[Any, ...]:
    return (missing,) if isinstance(missing, str) else tuple(missing)


def _digest(values: NDArray[Any]) -> tuple[str, bytes]:
    return values.dtype.kind, hashlib.blake2b(values.tobytes()).digest()


def _in_row(row: int) -> str:
    return f"in row {row}"


def _output_names(
    names: Sequence[str], encodings: Sequence[Encoding | None]
) -> list[tuple[str, ...]]:
    """Name the columns of numbers of each column; no name is given twice."""
    taken = set(names)
    groups = []
    for name, encoding in zip(names, encodings, strict=True):
        group = []
        for suffix in () if encoding is None else encoding.suffixes:
            made = name + suffix
            k = 2
            while suffix and made in taken:
                made, k = f"{name}{suffix} ({k})", k + 1
            taken.add(made)
            group.append(made)
        groups.append(tuple(group))
    return groups
