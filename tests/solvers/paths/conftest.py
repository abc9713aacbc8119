"""What tests of paths share."""

import pytest

from regkit.solvers.paths import newton_steps


@pytest.fixture
def working_sets_of_few_columns(monkeypatch):
    """Use working sets above 64 columns: plain Python is slow on the usual 500."""
    monkeypatch.setattr(newton_steps, "FEW_COLUMNS", 64)
