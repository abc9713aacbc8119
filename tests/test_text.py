"""Names that are cut for want of room can still be told apart."""

from hypothesis import given
from hypothesis import strategies as st

from regkit._text import shorten, shorten_all


def test_names_keep_where_they_differ():
    ends = ["a_description_that_is_too_long_" + end for end in "ab"]
    assert shorten_all(ends, 12) == ["a_desc…ong_a", "a_desc…ong_b"]
    classes = [f"class number {k} of a table of many" for k in range(12)]
    assert shorten_all(classes, 16)[1] == "…umber 1 of a …"
    assert shorten_all([*classes, "x"], 16)[12] == "x"


@given(
    st.text("ab", max_size=9),
    st.text("ab", max_size=9),
    st.sets(st.text("abc", max_size=4), min_size=1, max_size=5),
)
def test_cut_names_differ_and_fit(head, tail, middles):
    names = [head + middle + tail for middle in sorted(middles)]
    for cut in (shorten_all(names, 8), shorten_all(names[::-1], 8)[::-1]):
        assert max(map(len, cut)) <= 8
        assert len(set(cut)) == len(names)
    assert shorten_all(names[:1], 8) == [shorten(names[0], 8)]
