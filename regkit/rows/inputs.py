"""Checking and converting the data users pass: X, y and the weights of rows.

Data that is already in the form the solvers want (plain, contiguous, float arrays)
takes a short way: one look at its flags and one sum, which is finite exactly when
every entry is, overflow aside. Whatever else it is goes to scikit-learn's
``check_array``, which converts it or says what is wrong.
"""

import re
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.validation import check_array

from regkit._sklearn import feature_names, get_config, repeated_name
from regkit._types import Floats
from regkit.parallel.threads import map_in_threads, n_threads
from regkit.rows.bad_values import (
    first_no_number,
    is_frame,
    not_finite,
    uneven_rows,
)
from regkit.rows.row_chunks import RowChunks
from regkit.rows.sparse_arrays import canonical_sparse, native_sparse

_FLOAT64 = np.dtype(np.float64)
_FLOAT32 = np.dtype(np.float32)
# Entries from which a pass over them is worth several threads.
_LARGE = 1 << 20
# Numbers below have lost digits, or their products with others do.
_LEAST_WEIGHT = float(np.finfo(np.float64).tiny / np.finfo(np.float64).eps)
# A memory map smaller than this (256 MB) is an array like any other.
_LARGE_MAP = 1 << 28


class FitData(NamedTuple):
    """The training data in the one form that solvers take."""

    X: Any
    """(n_samples, n_features) contiguous ndarray, CSR or CSC; float32 or float64."""
    y: Floats
    """(n_samples,) or (n_samples, n_targets)."""
    sample_weight: Floats | None
    """(n_samples,), non-negative with a positive sum; None for equal weights."""
    feature_names: NDArray[Any] | None
    """(n_features,) column names of a dataframe."""


def is_in_memory(X: Any) -> bool:
    """Whether rows are used where they are; others are read in chunks."""
    if type(X) is np.ndarray:
        return True
    if isinstance(X, np.memmap) and X.ndim == 2 and X.nbytes >= _LARGE_MAP:
        return False
    return not isinstance(X, RowChunks) and not is_dask(X)


def is_dask(values: Any) -> bool:
    """Whether values are a Dask collection."""
    return type(values).__module__.partition(".")[0].startswith("dask")


def check_fit_data(
    caller: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    *,
    allow_zero_weights: bool = False,
) -> FitData:
    """Check and convert the training data; nothing is written to `caller`.

    Parameters
    ----------
    caller : estimator or str
        Named in messages.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Columns.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Targets.
    sample_weight : None, number or array-like of shape (n_samples,)
        Weights of the rows.
    allow_zero_weights : bool
        Whether all weights may be zero.

    Returns
    -------
    data : FitData
        All checked, converted and of matching lengths.

    Raises
    ------
    ValueError, TypeError
        With one sentence that names the argument and what is wrong with it.
    """
    if y is None:
        raise missing_y(caller)
    names = None
    if not _is_plain(X, 2):
        given = X
        X = _convert_X(caller, X)
        names = feature_names(given)
    y = check_y(caller, y)
    n_samples = X.shape[0]
    if y.shape[0] != n_samples:
        raise ValueError(
            "X and y must have the same number of rows: "
            f"X has {n_samples}, y has {y.shape[0]}."
        )
    if sample_weight is not None:
        sample_weight = check_sample_weight(
            sample_weight, n_samples, allow_zero=allow_zero_weights
        )
    return FitData(X, y, sample_weight, names)


def missing_y(caller: Any) -> ValueError:
    """Return what refuses a y of None, by the name of who needs it."""
    name = caller if isinstance(caller, str) else type(caller).__name__
    return ValueError(f"{name} requires y to be passed, but the target y is None.")


def check_y(caller: Any, y: Any, name: str = "y") -> Floats:
    """Check and convert targets alone, called ``name``; see `check_fit_data`."""
    if _is_plain(y, 1) and y.dtype == _FLOAT64:
        plain: Floats = y
        return plain
    return _convert_y(caller, y, name)


def check_predict_X(caller: Any, X: Any, n_features: int) -> Any:
    """Check and convert the rows to predict for.

    Column names are compared elsewhere: `regkit._sklearn.check_same_features`.

    Parameters
    ----------
    caller : object
        Named in messages.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Columns.
    n_features : int
        Number of columns seen at fit time.

    Returns
    -------
    X : ndarray, CSR or CSC, of float32 or float64
        The rows, checked.

    Raises
    ------
    ValueError
        When X holds NaN or inf, is empty, or has another number of columns.
    """
    if not _is_plain(X, 2):
        X = _convert_X(caller, X)
    if X.shape[1] != n_features:
        raise ValueError(
            f"X has {X.shape[1]} features, but {type(caller).__name__} is expecting "
            f"{n_features} features as input."
        )
    return X


def _is_plain(array: Any, n_dims: int) -> bool:
    """Whether an array can be used as it is: no copy, no conversion, finite."""
    if type(array) is not np.ndarray or array.ndim != n_dims or not array.size:
        return False
    flags = array.flags
    is_usable = array.dtype == _FLOAT64 or array.dtype == _FLOAT32
    is_usable = is_usable and (flags.c_contiguous or flags.f_contiguous)
    if not is_usable or not flags.aligned:
        return False
    if get_config()["assume_finite"]:
        return True
    # inf - inf and sums that overflow also come out as not finite; the slow way then
    # looks at every entry.
    with np.errstate(all="ignore"):
        if array.size < _LARGE:
            return bool(np.isfinite(np.add.reduce(array, axis=None)))
        # In threads, but not in those of BLAS: they would go on spinning for a tenth of
        # a second, in the way of the solver's.
        count = n_threads()
        parts = np.array_split(array.ravel(order="K"), count)
        return bool(np.isfinite(map_in_threads(np.add.reduce, parts, count)).all())


def _convert_X(caller: Any, X: Any) -> Any:
    if isinstance(X, RowChunks):
        name = caller if isinstance(caller, str) else type(caller).__name__
        raise TypeError(
            f"X comes in chunks, which {name} does not take here: pass an array, or "
            "fit LassoRegressor, ElasticNetRegressor, RidgeRegressor, their CV twins, "
            "DropoutMLPRegressor or DropoutMLPClassifier."
        )
    is_sparse: bool = sp.issparse(X)
    if is_sparse and X.ndim != 2:
        raise ValueError(f"X must be a 2D array, got one of shape {X.shape}.")
    checked = _convert(
        "X",
        native_sparse(X) if is_sparse else X,
        accept_sparse=("csc", "csr"),
        dtype=[np.float64, np.float32],
        estimator=caller,
    )
    if sp.issparse(checked):
        return canonical_sparse(checked)
    if checked.ndim > 2:
        raise ValueError(f"X must be a 2D array, got one of shape {checked.shape}.")
    return _contiguous(checked)


def _convert_y(caller: Any, y: Any, name: str) -> Floats:
    if sp.issparse(y):
        raise TypeError(
            f"{name} must be dense, got a sparse matrix; pass {name}.toarray()."
        )
    checked = _convert(
        name,
        y,
        ensure_2d=False,
        ensure_min_samples=0,
        ensure_min_features=0,
        dtype=np.float64,
        estimator=caller,
    )
    if checked.ndim not in (1, 2) or checked.shape[1:] == (0,):
        raise ValueError(
            f"{name} should be a 1d array of shape (n_samples,) or a 2d array of shape "
            f"(n_samples, n_targets), got an array of shape {checked.shape}."
        )
    contiguous: Floats = np.require(checked, requirements=("C", "A"))
    return contiguous


def _convert(name: str, array: Any, **how: Any) -> Any:
    """Apply `check_array`; its messages are made to name the array and the cell."""
    array = in_numpy(name, array)
    _refuse_what_is_not_numbers(name, array)
    try:
        with np.errstate(invalid="ignore"):  # inf - inf, in its sum of all entries
            return check_array(array, allow_nd=True, input_name=name, **how)
    except (ValueError, TypeError, OverflowError) as error:
        explained = _explained(name, array, error)
        if explained is None:
            raise
        raise explained from None


def in_numpy(name: str, array: Any) -> Any:
    """Return an array of another package as NumPy's, and anything else as it is.

    Under ``array_api_dispatch`` scikit-learn would compute in the other package.

    Raises
    ------
    TypeError
        When NumPy cannot read it, for example from another device.
    """
    kind = type(array)
    if not hasattr(kind, "__dlpack__") or isinstance(array, np.ndarray):
        return array
    try:
        return np.asarray(array)
    except (TypeError, RuntimeError, ValueError) as error:
        package = kind.__module__.partition(".")[0]
        raise TypeError(
            f"{name} is an array of {package} that NumPy cannot read: {error}"
        ) from None


def _explained(name: str, array: Any, error: Exception) -> Exception | None:
    """Return an error that says more than one of `check_array`, where there is more."""
    reason = str(error).partition("\n")[0].rstrip(".:")
    if is_frame(array) and (twice := repeated_name(array)):
        return ValueError(f"{name} has more than one column named {twice!r}.")
    if reason.startswith(f"Input {name} contains") or "NAType" in reason:
        return not_finite(name, array, reason)
    if reason.startswith("fill value must be 0"):
        return ValueError(
            f"{name} is a sparse data frame whose entries that are not stored are not "
            f"0: pass {name}.sparse.to_dense()."
        )
    if uneven := uneven_rows(array):
        return ValueError(f"{name} must have as many entries in every row: {uneven}.")
    found = None if sp.issparse(array) else first_no_number(array)
    if found is not None and (is_frame(array) or "a sequence" in reason):
        holder = f"{found.column} holds" if found.column else "it holds"
        hint = ""
        if name == "X" and is_frame(array):
            hint = ": encode it, for example by make_pipeline(TableEncoder(), model)"
        return ValueError(
            f"{name} must hold numbers, but {holder} {found.shown} in row {found.row}"
            f"{hint}."
        )
    said = ("could not convert", "float() argument")
    if reason.startswith(said) or isinstance(error, OverflowError):
        reason = re.sub(r"np\.str_\((.*)\)", r"\1", reason)
        where = f" ({found.place})" if found is not None else ""
        kind = TypeError if isinstance(error, TypeError) else ValueError
        return kind(f"{name} must hold numbers: {reason}{where}.")
    return None


def _refuse_what_is_not_numbers(name: str, array: Any) -> None:
    """Refuse what NumPy would turn into other numbers, or refuse less clearly."""
    kind = type(array)
    if hasattr(kind, "collect") and not hasattr(kind, "__array__"):
        raise TypeError(f"{name} is a {kind.__name__}: pass {name}.collect().")
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise ValueError(
            f"{name} is a masked array with {np.ma.getmaskarray(array).sum()} masked "
            "entries; fill them or drop their rows."
        )
    # An Arrow table has columns too; its types are seen once it is an array.
    if is_frame(array):
        columns = [f"column {str(c)!r} of {name}" for c in array.columns]
        dtypes = list(array.dtypes)
    else:
        columns, dtypes = [name], [getattr(array, "dtype", None)]
    for column, dtype in zip(columns, dtypes, strict=True):
        is_temporal = getattr(dtype, "is_temporal", None)  # polars
        if getattr(dtype, "kind", "") in ("m", "M") or (is_temporal and is_temporal()):
            raise ValueError(
                f"{column} holds dates or durations ({dtype}); convert them to numbers."
            )
        if getattr(dtype, "kind", "") == "c":
            raise ValueError(
                f"Complex data not supported: {column} holds complex numbers ({dtype})."
            )


def _contiguous(X: NDArray[Any]) -> NDArray[Any]:
    flags = X.flags
    if (flags.c_contiguous or flags.f_contiguous) and flags.aligned:
        return X
    return np.require(X, requirements=("C", "A"))


def check_sample_weight(
    sample_weight: Any, n_samples: int, *, allow_zero: bool = True
) -> Floats:
    """Check and convert weights alone; see `check_fit_data`."""
    if isinstance(sample_weight, int | float | np.number):
        if not np.isfinite(sample_weight):
            raise ValueError(f"sample_weight must be finite, got {sample_weight}.")
        sample_weight = np.full(n_samples, float(sample_weight))
    if not _is_plain(sample_weight, 1) or sample_weight.dtype != _FLOAT64:
        sample_weight = _convert(
            "sample_weight",
            sample_weight,
            ensure_2d=False,
            ensure_min_samples=0,
            dtype=np.float64,
        )
    if sample_weight.shape != (n_samples,):
        raise ValueError(
            "Sample weights must be 1D array or scalar, with one entry per row of X: X "
            f"has {n_samples} rows, sample_weight has shape {sample_weight.shape}."
        )
    smallest = int(np.argmin(sample_weight))
    if sample_weight[smallest] < 0:
        raise ValueError(
            "sample_weight must not be negative: "
            f"sample_weight[{smallest}] is {sample_weight[smallest]:g}."
        )
    with np.errstate(over="ignore"):
        total = float(np.sum(sample_weight))
    if not np.isfinite(total):
        raise ValueError("sample_weight is too large: its sum overflows to infinity.")
    if not allow_zero:
        check_total_weight(total)
    contiguous: Floats = np.ascontiguousarray(sample_weight)
    return contiguous


def check_total_weight(total: float) -> None:
    """Refuse a sum of all rows' weights that is zero, or has lost its digits."""
    if total == 0.0:
        raise ValueError("sample_weight must not be all zero.")
    if total < _LEAST_WEIGHT:
        raise ValueError(
            f"sample_weight is too small: it sums to {total:.2g}, where float64 has "
            "few digits left. Multiply all of it by the same number."
        )
