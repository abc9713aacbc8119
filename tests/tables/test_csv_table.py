"""A CSV file becomes numbers, or one sentence that says what to do."""

import numpy as np
import pytest

from regkit.tables.csv_table import TableError, read_csv


@pytest.fixture
def csv_file(tmp_path):
    """Write a file from lines of text and return its path."""

    def write(*lines, name="data.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding=encoding)
        return path

    return write


def test_numbers_and_categories(csv_file):
    path = csv_file(
        "area,color,garage,price",
        "10,red,yes,1",
        "20.5,green,no,2",
        "-3e1,blue,yes,4",
        '7,"red",no,8',
    )
    table = read_csv(path, "price")
    assert table.feature_names == [
        "area",
        "color=blue",
        "color=green",
        "color=red",
        "garage=yes",  # two levels are one column
    ]
    np.testing.assert_array_equal(
        table.X,
        [[10, 0, 0, 1, 1], [20.5, 0, 1, 0, 0], [-30, 1, 0, 0, 1], [7, 0, 0, 1, 0]],
    )
    np.testing.assert_array_equal(table.y, [1, 2, 4, 8])
    assert table.notes == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_recognized(csv_file, delimiter):
    lines = ["a b,with blank,y", "1,2,3", "4,5,7", "", "9,6,8"]
    path = csv_file(*(line.replace(",", delimiter) for line in lines))
    table = read_csv(path, "y")
    assert table.feature_names == ["a b", "with blank"]
    np.testing.assert_array_equal(table.X, [[1, 2], [4, 5], [9, 6]])


def test_decimal_commas_between_semicolons(csv_file):
    table = read_csv(csv_file("a;b;y", "1,5;x;2,5", "-2;z;3", "7,25;x;4"), "y")
    np.testing.assert_array_equal(table.X[:, 0], [1.5, -2, 7.25])
    np.testing.assert_array_equal(table.y, [2.5, 3, 4])


def test_decimal_commas_beside_missing_values(csv_file):
    table = read_csv(csv_file("a;y", "1,5;1", "NA;2", "2,5;3"), "y")
    np.testing.assert_array_equal(table.X, [[1.5, 0], [2, 1], [2.5, 0]])


def test_thousands_separators_are_not_decimal_commas(csv_file):
    path = csv_file("a,y", '"1,200",1', "1,2", "2,3")
    with pytest.raises(TableError, match=r"the target 'a' .* line 2 says '1,200'"):
        read_csv(path, "a")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(csv_file, encoding):
    path = csv_file("größe,y", "1,2", "3,4", encoding=encoding)
    assert read_csv(path, "y").feature_names == ["größe"]


def test_columns_without_information_are_left_out_with_a_note(csv_file):
    lines = [f"{k},house {k},{k % 3},same,5,{k * k}" for k in range(12)]
    path = csv_file(",name,rooms,text,number,price", *lines)
    table = read_csv(path, "price")
    assert table.feature_names == ["rooms"]
    assert table.notes == [
        "column 'column 1' only counts the rows: left out",
        "column 'name' is text with 12 different values in 12 rows, too many for a "
        "category: left out",
        "column 'text' is 'same' in every row: left out",
        "column 'number' is 5 in every row: left out",
    ]


def test_drop_and_category(csv_file):
    path = csv_file("zip,hole,x,y", "10,,1,1", "20,NA,2,2", "30,5,2,4", "10,5,3,5")
    table = read_csv(path, "y", drop=["hole"], category=["zip"])
    assert table.feature_names == ["zip=10", "zip=20", "zip=30", "x"]


def test_years_in_order_are_kept(csv_file):
    lines = [f"{1950 + k},{k % 4}" for k in range(20)]
    assert read_csv(csv_file("year,y", *lines), "y").feature_names == ["year"]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([""], "is empty"),
        (["a,y"], "has no rows below its header line"),
        (["a", "1", "2"], "has a single column, 'a': separate columns by commas"),
        (["1,2", "3,4"], "the first line of .* holds numbers: put a line"),
        (["a,a,y", "1,2,3", "4,5,6"], "more than one column named 'a': rename one"),
        (["a,y", "1,2", "3"], "line 3: 1 fields where the header has 2"),
        (["a,z", "1,2", "3,4"], "has no column 'y'; its columns are 'a' and 'z'"),
        (["a,Y", "1,2", "3,4"], "has no column 'y'; did you mean 'Y'?"),
        (["a,y", "1,low", "3,4"], "the target 'y' must hold numbers, but line 2 says"),
        (["a,y", "1,2", "3,2"], "the target 'y' is 2 in every row"),
        (
            ["a,y", "1,2", "3,"],
            r"missing values in the target 'y' \(1 row, line 3\): fill them in",
        ),
        (["a,y", "1,NA", "2,3", "3,"], r"the target 'y' \(2 rows, first on line 2\)"),
        (["a,y", ",2", "NA,4"], "no column of .* is left to predict 'y' from"),
        (["a,y", "inf,2", "3,1"], "column 'a' is inf on line 2: only finite numbers"),
        (["a,y", "1,1e999", "3,1"], "the target 'y' is inf on line 2"),
        (["a,y", "1,2", "1,4"], "no column of .* is left to predict 'y' from"),
        (
            ["a,y", *(f"{k % 7},{k}" for k in range(19)), "1O,3"],
            "column 'a' holds numbers but for 1 of 20 rows, such as '1O' on line 21",
        ),
    ],
)
def test_unusable_tables_get_one_sentence(csv_file, lines, sentence):
    with pytest.raises(TableError, match=sentence) as caught:
        read_csv(csv_file(*lines), "y")
    assert "\n" not in str(caught.value)


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(TableError, match=r"cannot read .*absent.csv: No such file"):
        read_csv(tmp_path / "absent.csv", "y")
    with pytest.raises(TableError, match=r"cannot read .*: Is a directory"):
        read_csv(tmp_path, "y")
    workbook = tmp_path / "book.xlsx"
    workbook.write_bytes(b"PK\x03\x04\x00\x00\x08")
    with pytest.raises(TableError, match="is not a text file: save the table as CSV"):
        read_csv(workbook, "y")


def test_the_target_stays_a_target(csv_file):
    path = csv_file("a,y", "1,2", "3,4")
    with pytest.raises(TableError, match="cannot be dropped or be a category"):
        read_csv(path, "y", drop=["y"])
    with pytest.raises(TableError, match="has no column 'b'"):
        read_csv(path, "y", drop=["b"])


def test_missing_values_are_filled_and_told(csv_file):
    path = csv_file(
        "size,lift,town,view,flag,same,gone,y",
        "1,,Oslo,sea,yes,7,,1",
        "NA,2,,sea,,7,?,2",
        "3,5,Rome,,no,,,3",
        "10,9,Oslo,sea,no,7,nan,5",
    )
    table = read_csv(path, "y")
    columns = dict(zip(table.feature_names, table.X.T.tolist(), strict=True))
    assert columns == {
        "size": [1, 3, 3, 10],  # the median of 1, 3 and 10
        "lift": [5, 2, 5, 9],
        "town=Oslo": [1, 0, 0, 1],
        "town=Rome": [0, 0, 1, 0],
        "town=missing": [0, 1, 0, 0],
        "view=sea": [1, 1, 0, 1],
        "flag=missing": [0, 1, 0, 0],
        "flag=no": [0, 0, 1, 1],
        "flag=yes": [1, 0, 0, 0],
        "size=missing": [0, 1, 0, 0],
        "lift=missing": [1, 0, 0, 0],
        "same=missing": [0, 0, 1, 0],
    }
    assert table.notes == [
        "column 'gone' is missing in every row: left out",
        "missing numbers in 'size' (1 row), 'lift' (1 row), 'same' (1 row): filled "
        "with the column's median, and 0/1 columns say where",
        "missing text in 'town' (1 row), 'view' (1 row), 'flag' (1 row): a category of "
        "its own",
    ]


def test_columns_that_miss_the_same_rows_share_a_column(csv_file):
    lines = ["a,b,zip,y", "1,2,7,3", ",,,4", "5,9,7,8", "6,1,8,1"]
    table = read_csv(csv_file(*lines), "y", category=["zip"])
    assert table.feature_names == [
        *("a", "b", "zip=7", "zip=8", "zip=missing", "a=missing"),
    ]
    assert "'a' (1 row), 'b' (1 row)" in table.notes[0]


def test_many_columns_with_missing_values_take_one_note(csv_file):
    names = [f"c{k}" for k in range(7)]
    rows = [
        ",".join("" if k == r else str(k * r % 5) for k in range(7)) for r in range(9)
    ]
    path = csv_file(
        ",".join([*names, "y"]), *(f"{row},{r}" for r, row in enumerate(rows))
    )
    (note,) = read_csv(path, "y").notes
    assert "'c3' (1 row) and 3 more columns: filled" in note
