"""Tables that several files of tests share."""

import pytest

from tests.linear_model.ridge_tables import make_table


@pytest.fixture(params=[(60, 8), (30, 90), (40, 40)], ids=["tall", "wide", "square"])
def ridge_table(request):
    return make_table(*request.param)
