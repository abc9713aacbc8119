"""Numbers and dates in any notation are read back as they were written."""

import math
from datetime import date

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from regkit.tables._dates import read_dates, to_date
from regkit.tables._numbers import MixedNotationError, read_numbers, to_number

NUMBERS = st.lists(
    st.decimals(-(10**9), 10**9, places=2, allow_nan=False, allow_infinity=False),
    min_size=1,
    max_size=12,
)
NOTATIONS = st.sampled_from(
    [(".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "\u202f")]
)
SIGNS = st.sampled_from(["-{}", "\u2212{}", "({})", "{}-", "- {}"])
UNITS = st.sampled_from(["{}", "${}", "€ {}", "{} €", "{} kg", "{}%", "CHF {}"])


@given(NUMBERS, NOTATIONS, SIGNS, UNITS, st.randoms())
def test_written_numbers_are_read_back(values, notation, sign, unit, random):
    decimal, thousands = notation
    to_marks = str.maketrans({".": decimal, ",": thousands})
    cells = {}
    for value in values:
        text = f"{abs(value):,.2f}".translate(to_marks)
        text = unit.format(text)
        cells[sign.format(text) if value < 0 else text] = float(value)
    read = read_numbers(cells)
    assert not read.strays
    assert read.values == cells
    order = list(cells)
    random.shuffle(order)
    assert read_numbers(order).values == cells


@given(st.lists(st.text("0123456789.,-+e% '$€()k", max_size=9), max_size=6))
def test_anything_is_a_number_a_stray_or_refused(cells):
    assume(cells)
    try:
        read = read_numbers(dict.fromkeys(cells))
    except MixedNotationError as error:
        named = set(error.cells)
    else:
        named = set()
    assert named <= set(cells)
    if named:
        return
    assert set(read.values) | set(read.strays) == set(cells)
    if not read.codes:
        assert all(map(math.isfinite, read.values.values()))
        for cell, value in read.values.items():
            assert to_number(cell, read.notation) == value


@given(
    st.lists(st.dates(min_value=date(1000, 1, 1)), min_size=1, max_size=12),
    st.sampled_from(["%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d %B %Y"]),
)
def test_written_dates_are_read_back(dates, form):
    cells = {date.strftime(form): np.datetime64(date, "s") for date in dates}
    given_order = "mdy" if form.startswith("%m") else "dmy"
    read = read_dates(cells, given_order)
    assert read is not None
    if not read.doubtful and (form[:2] != "%m" or read.order == "mdy"):
        assert read.values == cells


@given(st.text(max_size=14))
def test_no_text_makes_the_readers_fail(text):
    for order in ("dmy", "mdy", "ymd"):
        to_date(text, order)
    assert len(read_numbers([text]).values) <= 1
