"""A file becomes numbers, or one sentence that says what to do."""

import gzip
import io
import sys
import zipfile
from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pytest

from regkit.tables import CellError, TableEncoder, TableError, read_table


def read_csv(path, target, *, drop=(), category=()):
    """Read a file as the command line does."""
    file = read_table(path)
    file.require_column(target)
    readings = dict.fromkeys(drop, "drop") | dict.fromkeys(category, "category")
    encoder = TableEncoder(readings)
    try:
        table, y = encoder.read_with_target(file, target)
        X = encoder.fit_transform(table)
    except CellError as error:
        raise TableError(error.say(file.place(error.row), "command")) from None
    return SimpleNamespace(
        X=X,
        y=y.values,
        feature_names=list(encoder.get_feature_names_out()),
        notes=[*file.notes, *encoder.notes("command"), *y.say_notes("command")],
    )


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
        "garage",
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


def test_thousands_separators(csv_file):
    path = csv_file("a,y", '"1,200",1', '"12,345.5",2', "2,5")
    np.testing.assert_array_equal(read_csv(path, "a").y, [1200, 12345.5, 2])


def test_two_notations_in_a_column(csv_file):
    path = csv_file("a,y", '"1,200.5",1', '"1.200,5",2', "2,5")
    with pytest.raises(TableError, match=r"'a' mixes '1,200.5' with '1.200,5' on line"):
        read_csv(path, "a")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"]
)
def test_encodings(csv_file, encoding):
    path = csv_file("größe,y", "1,2", "3,4", encoding=encoding)
    assert read_csv(path, "y").feature_names == ["größe"]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        *(("cp1252", word) for word in ("größe", "coûté", "£5", "20°C", "Noël")),
        ("koi8-r", "год"),
        ("shift_jis", "面積"),
    ],
)
def test_a_guessed_encoding_is_said(csv_file, encoding, name):
    path = csv_file(f"{name},y", "1,2", "3,4", encoding=encoding)
    table = read_table(path)
    (note,) = table.notes
    assert "is not in UTF-8: read as" in note
    assert f"which shows {table.names[0]!r}" in note or name in ("£5", "20°C")
    assert table.names[0] == name or encoding != "cp1252"
    told = read_table(path, encoding=encoding)
    assert told.names == [name, "y"]
    assert told.notes == []


def test_a_cell_more_than_the_header_is_a_name_only_if_it_differs(csv_file):
    table = read_table(csv_file("a,y", "r1,1,2", "r2,3,4"))
    assert table.names == ["column 1", "a", "y"]
    assert "one cell more than its header" in table.notes[0]
    with pytest.raises(TableError, match="line 2: 3 fields where the header has 2"):
        read_table(csv_file("a,y", "1,5,2", "1,7,4", "2,5,4"))


def test_a_column_that_is_one_value_or_missing(csv_file):
    lines = [",,,1", "yes,7,2024-05-01,2", ",7,,3", "yes,,2024-05-01,4"]
    table = read_csv(csv_file("flag,number,day,y", *lines), "y")
    np.testing.assert_array_equal(table.X, [[1, 1, 1], [0, 0, 0], [1, 0, 1], [0, 1, 0]])


def test_columns_without_information_are_left_out_with_a_note(csv_file):
    lines = [f"{k},house {k},{k % 3},same,5,{k * k}" for k in range(12)]
    path = csv_file(",name,rooms,text,number,price", *lines)
    table = read_csv(path, "price")
    assert table.feature_names == ["rooms"]
    assert table.notes == [
        "column 'column 1' only counts the rows: left out (`--number \"column 1\"` "
        "keeps it)",
        "column 'name' is text with 12 different values in 12 rows, too many for a "
        "category: left out (`--category name` keeps it)",
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
        (["a,y", "1,", "3,"], "the target 'y' is missing in every row"),
        (["y,a", "2024-01-31,1", "2024-02-01,2"], "the target 'y' holds dates"),
        (["a,y", ",2", "NA,4"], "is left to predict from: column 'a' is missing in"),
        (["a,y", "1,2", "1,4"], "is left to predict from: column 'a' is 1 in every"),
        (
            ["a,y", *(f"{k % 7},{k}" for k in range(19)), "1O,3"],
            "column 'a' holds numbers, but 1 row is not, such as '1O' on line 21: "
            "correct it, or use one of `--missing=1O`, `--category a`, `--drop a`",
        ),
        (
            ["a,y", *(f"{k % 7},{k}" for k in range(19)), "inf,3"],
            "column 'a' holds numbers, but 1 row is not, such as 'inf' on line 21",
        ),
        (
            ["a,y", *(f"{k % 7},{k}" for k in range(19)), "1e400,3"],
            "column 'a' holds numbers, but 1 row is not, such as '1e400' on line 21",
        ),
        (
            ["a,y", *(f"{k % 7}.5,{k}" for k in range(19)), "-2E999,3"],
            "column 'a' holds numbers, but 1 row is not, such as '-2E999' on line 21",
        ),
        (["7.5,south,31", "8.5,north,32"], r"no column 'y'; .* \(its first line: put"),
    ],
)
def test_unusable_tables_get_one_sentence(csv_file, lines, sentence):
    with pytest.raises(TableError, match=sentence) as caught:
        read_csv(csv_file(*lines), "y")
    assert "\n" not in str(caught.value)


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(TableError, match=r"cannot read .*absent.csv: No such file"):
        read_table(tmp_path / "absent.csv")
    with pytest.raises(TableError, match=r"cannot read .*: Is a directory"):
        read_table(tmp_path)
    binary = tmp_path / "picture.png"
    binary.write_bytes(b"\x89PNG\0\0\0\r")
    with pytest.raises(TableError, match="is not a text file: save the table as CSV"):
        read_table(binary)
    plain = tmp_path / "x.csv"
    plain.write_text("a,b\n1,2\n")
    with pytest.raises(TableError, match="there is no encoding 'utf-9'"):
        read_table(plain, encoding="utf-9")


def test_rows_without_target_are_left_out(csv_file):
    table = read_csv(csv_file("a,y", "1,2", "3,", "5,NA", "2,4"), "y")
    np.testing.assert_array_equal(table.X, [[1], [2]])
    np.testing.assert_array_equal(table.y, [2, 4])
    assert table.notes == [
        "the target 'y' is missing in 2 rows, the first on line 3: left out"
    ]


def test_workbooks(tmp_path):
    pytest.importorskip("python_calamine")
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "Houses"
    for row in (
        ["Houses of 2024"],
        [],
        ["area", "town", "sold", "price"],
        [120, "north", datetime(2024, 1, 31), 100.5],
        ["1,850", "South ", datetime(2024, 2, 29), 200],
        [None, "south", datetime(2024, 3, 1), 150],
    ):
        book.active.append(row)
    book.create_sheet("Notes").append(["a", "b"])
    path = tmp_path / "book.xlsx"
    book.save(path)
    table = read_csv(path, "price")
    assert table.feature_names == [
        "area",
        "area=missing",
        "town=South",
        "sold_month",
        "sold_weekday",
        "sold_days",
    ]
    np.testing.assert_array_equal(table.X[:, 0], [120, 1850, 985])
    np.testing.assert_array_equal(table.X[:, 3:], [[1, 3, 0], [2, 4, 29], [3, 5, 30]])
    np.testing.assert_array_equal(table.y, [100.5, 200, 150])
    assert table.notes[0].endswith(
        "'Houses' is read (`--sheet Notes`, or `sheet='Notes'` in Python, reads "
        "another)"
    )
    with pytest.raises(TableError, match="no sheet 'X'; its sheets are 'Houses' and"):
        read_table(path, sheet="X")


def test_text_is_no_workbook(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(
        TableError, match=r"t\.csv is no workbook, and has no sheet 'X'"
    ):
        read_table(path, sheet="X")
    for ending, promised in ((".xlsx", "an Excel workbook"), (".parquet", "a Parquet")):
        path = path.rename(path.with_suffix(ending))
        assert read_table(path).names == ["a", "b"]  # as many programs name text
        path.write_text("see attachment\n")
        # Whether it has one column or no rows depends on what is installed.
        with pytest.raises(TableError, match=rf" has .* \(the name says {promised}"):
            read_table(path)
        path.write_text("a,b\n1,2\n")
    path.write_bytes(b"PAR1")
    with pytest.raises(TableError, match="is not text, and has no encoding 'utf-8'"):
        read_table(path, encoding="utf-8")


def test_a_stray_cell_of_the_target(csv_file):
    path = csv_file("a,y", *(f"{k * k},{k}" for k in range(19)), "3,1O")
    with pytest.raises(
        TableError, match=r"on line 21: correct it, or use `--missing=1O`$"
    ):
        read_csv(path, "y")


def test_standard_input(monkeypatch):
    text = gzip.compress(b"a;y\n1,5;1\n2,5;2\n")
    stdin = SimpleNamespace(buffer=io.BytesIO(text))
    monkeypatch.setattr("sys.stdin", stdin)
    table = read_table("-")
    assert table.names == ["a", "y"]
    assert table.source == "standard input"
    assert table.place(1) == "on line 3"


def test_packed_files_that_cannot_be_read(tmp_path):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(b"\x1f\x8b broken")
    with pytest.raises(TableError, match="cannot be unpacked"):
        read_table(path)
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("a.csv", "a,b\n1,2\n")
        out.writestr("b.csv", "a,b\n1,2\n")
    with pytest.raises(TableError, match="holds 2 files: unpack it and pass one"):
        read_table(archive)
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("a.csv", "a,b\n1,2\n")
    assert read_table(archive).names == ["a", "b"]


def test_json_that_is_no_table(tmp_path):
    path = tmp_path / "x.json"
    for text in ('{"a": 1', "[1, 2]", '{"a": [1], "b": [1, 2]}'):
        path.write_text(text)
        with pytest.raises(TableError, match="is no JSON table"):
            read_table(path)


def test_a_broken_line_of_json_lines_is_named(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1, "b": 2}\n\n{"a": 1,\n{"a": 3, "b": 4}\n')
    with pytest.raises(TableError, match=r"x\.jsonl, line 3: no JSON: .* character"):
        read_table(path)


def test_ends_of_lines_inside_json_strings(tmp_path):
    path = tmp_path / "x.jsonl"
    texts = ["one\u2028two", "three\x85four", "five\x0csix"]
    path.write_text(
        "".join(
            f'{{"a": "{text}", "b": {k}}}\n' for k, text in enumerate(texts)
        ).replace("\x0c", "\\f"),
        encoding="utf-8",
    )
    a, b = read_table(path).raw_columns
    assert list(a.values) == texts
    assert list(b.values) == [0, 1, 2]


def test_a_kind_that_the_cells_contradict(csv_file):
    path = csv_file("a,y", *(f"{'xyz'[k % 3]},{k}" for k in range(9)))
    for kind, what in (("number", "numbers"), ("date", "dates")):
        with pytest.raises(TableError, match=f"'a' is to hold {what}, but 9 rows are"):
            TableEncoder({"a": kind}).fit(read_table(path))


def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch):
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1....")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TableError, match=r'pip install "scikit-regkit\[tables\]"'):
        read_table(path)


def test_plain_files_need_no_further_package(csv_file, monkeypatch):
    monkeypatch.setattr("regkit.tables._delimited.find_spec", lambda name: None)
    path = csv_file("a;y", "1,5;1", "2,5;2", "4,5;4")
    np.testing.assert_array_equal(read_csv(path, "y").X[:, 0], [1.5, 2.5, 4.5])
