"""Cells that no model can take are named, in whatever X is."""

import datetime
from decimal import Decimal

import numpy as np
import pytest
import scipy.sparse as sp

from regkit import DropoutMLPRegressor, LassoRegressor, RidgeRegressorCV, RowChunks

pd = pytest.importorskip("pandas", reason="in the dev extra only")
pl = pytest.importorskip("polars", reason="in the dev extra only")
pa = pytest.importorskip(
    "pyarrow", reason="in the dev extra only", exc_type=ImportError
)

N = 6
X = np.arange(3.0 * N).reshape(N, 3) % 7
Y = X[:, 0]
NAMES = ["a", "fee", "c"]
FORMS = {
    "array": (np.asarray, "column 1"),
    "float32": (lambda X: np.asfortranarray(X, dtype=np.float32), "column 1"),
    "list": (np.ndarray.tolist, "column 1"),
    "csr": (sp.csr_array, "column 1"),
    "csc": (sp.csc_matrix, "column 1"),
    "coo": (sp.coo_array, "column 1"),
    "pandas": (lambda X: pd.DataFrame(X, columns=NAMES), "column 'fee'"),
    "Float64": (lambda X: pd.DataFrame(X, columns=NAMES).astype("Float64"), "'fee'"),
    "polars": (lambda X: pl.DataFrame(X, schema=NAMES), "column 'fee'"),
    "arrow": (lambda X: pa.table(list(X.T), names=NAMES), "column 'fee'"),
}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("form", FORMS)
def test_the_column_and_the_row_of_what_is_not_finite(form, value):
    convert, column = FORMS[form]
    rows = X.copy()
    rows[4, 1] = rows[5, 2] = value
    what = "NaN" if np.isnan(value) else "infinity or a value too large for .*"
    model = LassoRegressor().fit(convert(X), Y)
    for call in (
        RidgeRegressorCV().fit,
        LassoRegressor().fit,
        lambda X, _: model.predict(X),
    ):
        with pytest.raises(
            ValueError, match=rf"^Input X contains {what}: .*{column} in row 4"
        ):
            call(convert(rows), Y)


def test_in_chunks():
    rows = np.tile(X, (4, 1))
    rows[14, 2] = np.nan
    with pytest.raises(ValueError, match=r"Chunk 2: .* NaN: column 2 in row 2\.$"):
        LassoRegressor().fit(RowChunks(rows, chunk_rows=N), np.tile(Y, 4))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"x", "b'x'"),
        ([1, 2], r"\[1, 2\]"),
        ((1, 2), r"\(1, 2\)"),
        (datetime.date(2020, 1, 2), r"datetime.date\(2020, 1, 2\)"),
        (10**400, "an integer beyond float64"),
        ("many", "'many'"),
    ],
)
def test_cells_that_are_no_numbers(value, shown):
    cells = np.empty(N, dtype=object)
    cells[:] = 1.5
    cells[3] = value
    table = pd.DataFrame({"a": X[:, 0], "odd one": cells})
    with pytest.raises(
        ValueError, match=f"but column 'odd one' holds {shown} in row 3: encode it"
    ):
        LassoRegressor().fit(table, Y)
    with pytest.raises((ValueError, TypeError), match=r"must hold numbers.* in row 3"):
        LassoRegressor().fit(table.to_numpy(), Y)
    with pytest.raises((ValueError, TypeError), match=r"y must hold numbers.*row 3"):
        LassoRegressor().fit(X, cells)


class OfSeveralLines:
    """A value that is printed in lines, as series are."""

    def __repr__(self):
        return "shape: (2,)\n[\n    1\n    2\n]"


def test_cells_are_shown_in_one_line():
    cells = [1.5] * (N - 1) + [OfSeveralLines()]
    table = pd.DataFrame({"a": X[:, 0], "b": cells})
    with pytest.raises(
        ValueError, match=r"'b' holds shape: \(2,\) \[ 1 2 \] in row 5:"
    ):
        LassoRegressor().fit(table, Y)
    lists = pl.DataFrame({"a": [[1, 2]] * N})
    for model in (LassoRegressor(), DropoutMLPRegressor()):
        with pytest.raises(ValueError, match=r"must hold numbers.* 'a'") as caught:
            model.fit(lists, Y)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("model", [LassoRegressor(), DropoutMLPRegressor()])
def test_lists_among_the_numbers_of_a_list(model):
    with pytest.raises(ValueError, match=r"column 1 holds \[2\] in row 0"):
        model.fit([[1, [2]], [3, 4]], [1.0, 2.0])


@pytest.mark.parametrize("model", [LassoRegressor(), DropoutMLPRegressor()])
def test_sparse_frames_that_are_not_sparse_in_zeros(model):
    table = pd.DataFrame(X, columns=NAMES).astype(pd.SparseDtype(float, np.nan))
    with pytest.raises(ValueError, match=r"not 0: pass X\.sparse\.to_dense\(\)"):
        model.fit(table, Y)


def test_rows_of_different_lengths():
    with pytest.raises(ValueError, match="every row: row 1 has 1, row 0 has 2"):
        LassoRegressor().fit([[1.0, 2.0], [3.0]], [1.0, 2.0])


@pytest.mark.parametrize(
    "dtype", ["boolean", "Int64", "bool[pyarrow]", "int64[pyarrow]"]
)
def test_missing_values_of_types_that_have_them(dtype):
    column = pd.Series([True, False, True, None, True, False], dtype=dtype)
    table = pd.DataFrame({"a": X[:, 0], "flag": column})
    with pytest.raises(ValueError, match="contains NaN: column 'flag' in row 3"):
        LassoRegressor().fit(table, Y)


def test_decimals_are_numbers():
    cells = pd.Series([Decimal(int(v)) for v in X[:, 1]], dtype=object)
    table = pd.DataFrame({"a": X[:, 0], "price": cells})
    found = LassoRegressor().fit(table, Y)
    assert found.coef_.tolist() == LassoRegressor().fit(X[:, :2], Y).coef_.tolist()


def test_infinity_beside_gaps_stops_a_network():
    """A network fills gaps, and takes no infinity for one of them."""
    rows = np.tile(X, (10, 1))
    rows[3, 0] = np.nan
    y = np.tile(Y, 10)
    model = DropoutMLPRegressor((4,), n_members=2, max_iter=2, random_state=0)
    model.fit(rows, y)
    for value in (np.inf, -np.inf):
        bad = rows.copy()
        bad[7, 2] = value
        with pytest.raises(ValueError, match=r"contains infinity .* column 2 in row 7"):
            model.fit(bad, y)
        table = pd.DataFrame(bad, columns=NAMES)
        with pytest.raises(
            ValueError, match=r"contains infinity .* column 'c' in row 7"
        ):
            model.fit(table, y)
        with pytest.raises(ValueError, match=r"contains infinity .* column 2 in row 7"):
            model.predict(bad)
