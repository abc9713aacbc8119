"""Files as people write them are read as they were meant, or doubts are said."""

import numpy as np
import pytest

from regkit.tables import TableEncoder, TableError, read_table
from tests.tables import habits_of_cells as cells
from tests.tables import habits_of_files as files
from tests.tables.houses import Habit, Maker

GROUPS = (
    cells.numbers,
    cells.targets,
    cells.missing,
    cells.flags,
    cells.dates,
    files.texts,
    files.dialects,
    files.columns,
    files.formats,
)
HABITS = [habit for k, group in enumerate(GROUPS) for habit in group(Maker(1000 * k))]


def read(path):
    """Read and encode a file; return X, y, and everything that is said."""
    file = read_table(path)
    encoder = TableEncoder()
    table, y = encoder.read_with_target(file, "price")
    X = encoder.fit_transform(table)
    said = [*file.notes, *encoder.notes("command"), *y.say_notes("command")]
    return X, y.values, said


def judge(habit: Habit, folder):
    """Say whether a file was read as "meant", "asked", or neither: what is wrong."""
    quirky, plain = folder / f"quirky{habit.suffix}", folder / "plain.csv"
    text = habit.text
    quirky.write_bytes(text.encode() if isinstance(text, str) else text)
    plain.write_text(habit.meant, encoding="utf-8")
    wanted_X, wanted_y, _ = read(plain)
    try:
        X, y, said = read(quirky)
    except TableError as error:
        asked = habit.open and repr(habit.open) in str(error)
        return "asked" if asked else f"refused: {error}"
    told = any(repr(habit.open) in sentence for sentence in said)
    if habit.open and not told:
        return f"said nothing of {habit.open}: {said}"
    # Levels stand in the order of their names, which is another in another spelling.
    X, wanted_X = X[:, np.lexsort(X)], wanted_X[:, np.lexsort(wanted_X)]
    same = X.shape == wanted_X.shape and np.allclose(X, wanted_X, rtol=1e-12)
    if same and np.allclose(y, wanted_y, rtol=1e-12):
        return "meant"
    return "asked" if habit.open else f"misread: {X.shape} {wanted_X.shape} {said}"


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
def test_files_are_read_as_they_were_meant(habit, tmp_path):
    assert judge(habit, tmp_path) in ("meant", "asked")
