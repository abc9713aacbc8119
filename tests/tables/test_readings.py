"""Cells and files, each with what they mean: a table of cases that were once misread.

`test_habits` compares odd files with plain ones; here the values are written down.
"""

import gzip
import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from regkit.tables import TableEncoder, TableError, read_table
from regkit.tables.reading import Levels

VALUES = [1850, 950, 2100, 1400, 1725, 880, 12345, 3310, 640, 7025, 15800, 410]
SIZES = [3.5, 4.25, 9.75, 1.5, 2.25, 8.5, 7.75, 6.25, 5.5, 2.75, 3.25, 4.75]
TOWNS = ["north", "south", "east"] * 4
DAYS = [np.datetime64("2021-01-01") + 37 * k * k % 900 for k in range(12)]


def comma(value):
    return f"{value:,}"


def dotted(value):
    return comma(value).replace(",", ".")


def read(cells):
    frame = pd.DataFrame({"x": [str(cell) for cell in cells], "size": SIZES})
    encoder = TableEncoder().fit(frame)
    column = encoder.read(frame).columns[0]
    return column, [note for note in encoder.notes() if "'x'" in note]


@pytest.mark.parametrize(
    ("write", "scale"),
    [
        (lambda v: f"Rs. {comma(v)}/-", 1),
        (lambda v: f"{v}:-", 1),
        (lambda v: f"{v}/=", 1),
        (lambda v: f"${comma(v)}.00 USD", 1),
        (lambda v: f"$ {comma(v)} MXN", 1),
        (lambda v: f"MX${comma(v)}", 1),
        (lambda v: f"S/. {comma(v)}", 1),
        (lambda v: f"R {v}.00", 1),
        (lambda v: f"{comma(v)}원", 1),
        (lambda v: f"${comma(v)}/month", 1),
        (lambda v: f"${comma(v)} per month", 1),
        (lambda v: f"{dotted(v)} €/m²", 1),
        (lambda v: f"£{v}m", 1e6),
        (lambda v: f"{v} lakh" if v % 3 else f"{v / 100} crore", 1e5),
        (lambda v: f"{v}万", 1e4),
        (lambda v: f"{v / 1000:.4f}D+03", 1),
        (lambda v: "".join(chr(0x966 + int(digit)) for digit in str(v)), 1),
        (lambda v: f"{v // 60}:{v % 60:02d}", 1 / 60),
    ],
    ids=lambda case: case(1850) if callable(case) else "",
)
def test_numbers(write, scale):
    column, _ = read([write(v) for v in VALUES])
    assert column.reading.kind == "number"
    np.testing.assert_allclose(column.values, np.array(VALUES) * scale, rtol=1e-12)


MONTHS = {
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября "
    "декабря",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września "
    "października listopada grudnia",
    "cz": "ledna února března dubna května června července srpna září října listopadu "
    "prosince",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre "
    "noviembre diciembre",
}


@pytest.mark.parametrize(
    "form",
    [
        "%Y年%m月%d日",
        "%Y. %m. %d.",
        "%d. %m. %Y",
        "%y/%m/%d",
        "00:00 %d/%m/%Y",
        "%a %b %d 00:00:00 %Y",
        "%d/%b/%Y:00:00:00 +0000",
        "%Y%m%dT000000Z",
        "%Y-%m-%d 00:00:00 CET",
        "%Y-%m-%dT00:00:00+01:00[Europe/Berlin]",
        *(f"%d {month}%Y" for month in MONTHS),
        "1er",
        "de",
    ],
)
def test_dates(form):
    def write(day):
        words = next((MONTHS[m].split() for m in MONTHS if f" {m}%" in form), None)
        if form == "1er":
            words, shown = MONTHS["fr"].split(), "%der MONTH %Y"
        elif form == "de":
            words, shown = MONTHS["es"].split(), "%d de MONTH de %Y"
        else:
            shown = form[:3] + "MONTH " + form[-2:] if words else form
        text = day.item().strftime(shown)
        return text.replace("MONTH", words[day.item().month - 1]) if words else text

    column, _ = read([write(day) for day in DAYS])
    assert column.reading.kind == "date"
    np.testing.assert_array_equal(column.values.astype("datetime64[D]"), DAYS)


@pytest.mark.parametrize(
    "mark",
    [
        "\\N",
        "#N/A N/A",
        "[null]",
        "#DIV/0",
        "#ЗНАЧ!",
        "1.#QNAN",
        "н/д",
        "未知",
        "pending",
    ],
)
def test_missing_values(mark):
    column, _ = read([mark if k in (3, 7) else v for k, v in enumerate(VALUES)])
    wanted = [np.nan if k in (3, 7) else v for k, v in enumerate(VALUES)]
    np.testing.assert_array_equal(column.values, wanted)


@pytest.mark.parametrize(
    ("cell", "place", "sentence"),
    [
        ("950 CR", "1", "'950 CR' and '1850' are read in the same unit"),
        ("-1", "37", "is -1 in 3 rows"),
        ("-999.25", "37", "is -999.25 in 3 rows"),
        ("1e30", "37", "is 1e+30 in 3 rows"),
        ("9007199254740993", "0", "of 16 digits, which are rounded"),
        ("½", "37", "numbers and text such as '½'"),
        ("9999-12-31", "dates", "is '9999-12-31' in 3 rows"),
        ("0000-00-00", "date", "such as '0000-00-00'"),
        ("1E5", "all", "'1E5' is read as 100000"),
    ],
)
def test_doubts_are_said(cell, place, sentence):
    plain = DAYS if "date" in place else VALUES
    at = {"date": (3,), "dates": (3, 7, 9), "37": (3, 7, 9), "all": range(12)}.get(
        place, (int(place[0]) if place.isdigit() else 0,)
    )
    cells = [cell if k in at else v for k, v in enumerate(plain)]
    if place == "all":
        cells[0] = "2E5"
        cells = cells[::-1]
    try:
        _, said = read(cells)
    except TableError as error:
        said = [str(error)]
    assert any(sentence in note for note in said), said


def test_a_small_raised_two_is_no_digit():
    with pytest.raises(TableError, match=r"column 'x' .* such as '1850²'"):
        read(["1850²" if k == 3 else v for k, v in enumerate(VALUES)])


@pytest.mark.parametrize(
    "cells",
    [
        ["café", "cafe\u0301", "bar"],
        ["north", "\u200bnorth", "bar"],
        ["new york", "new\u00a0york", "bar"],
    ],
)
def test_levels_that_look_alike_are_one(cells):
    column, _ = read(cells * 4)
    assert isinstance(column.values, Levels)
    assert len(column.values.names) == 2


# ------------------------------------------------------------------------------ files


def table(delimiter=",", header="x,size,town"):
    rows = [header.replace(",", delimiter)] if header else []
    rows += [
        delimiter.join(map(str, row)) for row in zip(VALUES, SIZES, TOWNS, strict=True)
    ]
    return "\n".join(rows) + "\n"


def archive(**files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, text in files.items():
            file.writestr(name, text)
    return stream.getvalue()


def in_words(words):
    text = PLAIN
    for town, word in zip(TOWNS, words.split(), strict=False):
        text = text.replace(town, word)
    return text


PLAIN = table()
BODY = table(header="")
RECORDS = [
    {"x": x, "size": size, "town": town}
    for x, size, town in zip(VALUES, SIZES, TOWNS, strict=True)
]
FILES = {
    "UTF-16 without a mark": (PLAIN.encode("utf-16-be"), ""),
    "Cyrillic": (in_words("Москва Тверь Омск").encode("cp1251"), "'Москва'"),
    "Japanese": (in_words("東京 大阪 京都").encode("shift-jis"), "'東京'"),
    "euros": (PLAIN.replace("north", "5 €").encode("cp1252"), "Windows-1252"),
    "Markdown": (
        "\n".join(
            f"| {line.replace(',', ' | ')} |"
            for line in (*PLAIN.splitlines()[:1], "---,---,---", *BODY.splitlines())
        ),
        "",
    ),
    "psql": (PLAIN.replace(",", " | ").replace("\n", "\n---+---+---\n", 1), ""),
    "units": ("x,size,town\n(kg),(m),(-)\n" + BODY, "read as units"),
    "merged header": ("House,,Place\nx,size,town\n" + BODY, "'House Place'"),
    "titles": ("Report\nDate: 2024-01-31\nAuthor: A, B\n\n" + PLAIN, "3 lines above"),
    "title of two cells": ("Report;Houses\nDate;2024-01-31\n" + table(";"), "2 lines"),
    "comments inside": (PLAIN.replace("\n", "\n# checked\n", 3), "'# checked'"),
    "a source below": (PLAIN + "\nSource: the town hall\n", "'Source: the town hall'"),
    "a count below": (PLAIN + "(12 rows affected)\n", "'(12 rows affected)'"),
    "remarks below": (PLAIN + "* estimated,,\n** final,,\n", "the last 2 lines"),
    "a total at the right": (PLAIN + f"{sum(VALUES)},{sum(SIZES)},Total\n", "Total"),
    "a total without a name": (PLAIN + f"{sum(VALUES)},{sum(SIZES)},\n", "last line"),
    "the header again": (PLAIN + PLAIN, "line 14"),
    "the end of a DOS file": (PLAIN + "\x1a", ""),
    "gzip of zip": (gzip.compress(archive(table=PLAIN)), ""),
    "JSON in an object": (json.dumps({"n": 12, "data": RECORDS}), ""),
    "JSON of columns": (
        json.dumps(
            {n: {str(k): r[n] for k, r in enumerate(RECORDS)} for n in RECORDS[0]}
        ),
        "",
    ),
    "JSON of lists": (
        json.dumps([list(RECORDS[0]), *(list(r.values()) for r in RECORDS)]),
        "",
    ),
    "JSON split": (
        json.dumps(
            {"columns": list(RECORDS[0]), "data": [list(r.values()) for r in RECORDS]}
        ),
        "",
    ),
}
NEEDS = {  # a package of the extra `tables`
    "Cyrillic": "chardet",
    "Japanese": "chardet",
    "psql": "clevercsv",
    "title of two cells": "clevercsv",
}


@pytest.mark.parametrize("name", FILES)
def test_files(name, tmp_path):
    content, said = FILES[name]
    path = tmp_path / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    if needed := NEEDS.get(name):
        pytest.importorskip(needed)
    file = read_table(path)
    found = TableEncoder().read(file)
    assert found.names == ["x", "size", "town"]
    repeats = 2 if name == "the header again" else 1
    np.testing.assert_array_equal(found.columns[0].values, VALUES * repeats)
    np.testing.assert_array_equal(found.columns[1].values, SIZES * repeats)
    assert found.columns[2].values.codes[:3].tolist() != [0, 0, 0]
    assert said in " ".join(file.notes)
    assert bool(file.notes) == bool(said)


def test_records_within_records(tmp_path):
    path = tmp_path / "nested.jsonl"
    rows = ({"x": r["x"], "place": {"town": r["town"]}} for r in RECORDS)
    path.write_text("\n".join(map(json.dumps, rows)))
    assert TableEncoder().read(read_table(path)).names == ["x", "place.town"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (PLAIN.replace("north", '"north', 1), "line 2: a quotation mark is opened"),
        ("x\n1850,5\n950,5\n410,5\n", "single column"),
        (PLAIN + "410,3.5\n", "line 14: 2 fields"),
        (PLAIN + "410\n", "line 14: 1 fields"),
    ],
)
def test_files_that_are_cut_or_torn(text, sentence, tmp_path):
    path = tmp_path / "file.csv"
    path.write_text(text)
    with pytest.raises(TableError, match=sentence):
        read_table(path)


def test_rows_of_one_cell_stay_where_there_are_others(tmp_path):
    path = tmp_path / "file.csv"
    rows = [("yes,,", "no,x,", "yes,x,x", "no,,")[k % 4] for k in range(20)]
    path.write_text("\n".join(["sold,pool,garden", *rows]) + "\n")
    file = read_table(path)
    assert file.n_rows == 20
    assert file.notes == []


def test_two_header_lines_of_which_the_second_repeats_itself(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("place,2019,,2020,\n,mean,sd,mean,sd\n" + "a,1,2,3,4\n" * 5)
    assert read_table(path).names[:3] == ["place", "2019 mean", "2019 sd"]
    path.write_text("2019,,2020,\nmean,sd,mean,sd\n" + "1,2,3,4\n" * 5)
    assert read_table(path).names == ["2019 mean", "2019 sd", "2020 mean", "2020 sd"]


def test_unnamed_columns_and_dates_with_blanks(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("x,,\n" + BODY)
    assert read_table(path).names == ["x", "column 2", "column 3"]
    path.write_text(PLAIN.replace("north", "Fri Jan 01 00:00:00 2021"))
    assert read_table(path).names == ["x", "size", "town"]
