"""Which reader gives the cells of odd files as the person meant?

    python -m benchmarks.table_readers

The files are the dialects of ``tests/tables/habits_of_files.py``: delimiters,
quotes, titles, encodings, each beside the same table in plain CSV. A reader is asked
for text without conversion; it may refuse a file, which is better than to misread it.
Readers that are not installed are left out.
"""

import argparse
import csv
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from regkit.tables import read_table
from tests.tables.habits_of_files import dialects
from tests.tables.houses import Maker

Cells = list[list[str]]


def by_regkit(path: Path) -> Cells:
    table = read_table(path)
    rows = zip(*(column.values for column in table.raw_columns), strict=True)
    return [table.names, *map(list, rows)]


def by_pandas(path: Path) -> Cells:
    import pandas as pd

    frame = pd.read_csv(
        path, sep=None, engine="python", dtype=str, keep_default_na=False
    )
    return [list(frame.columns), *frame.to_numpy().tolist()]


def by_polars(path: Path) -> Cells:
    import polars as pl

    frame = pl.read_csv(path, infer_schema=False)
    return [frame.columns, *map(list, frame.rows())]


def by_duckdb(path: Path) -> Cells:
    import duckdb

    found = duckdb.connect().execute(
        f"select * from read_csv('{path}', all_varchar=true, header=true)"
    )
    names = [column[0] for column in found.description]
    return [names, *map(list, found.fetchall())]


def by_csv(path: Path) -> Cells:
    text = path.read_bytes().decode("utf-8-sig")
    dialect = csv.Sniffer().sniff(text[:20_000])
    return [row for row in csv.reader(io.StringIO(text, newline=""), dialect) if row]


def by_clevercsv(path: Path) -> Cells:
    import clevercsv

    text = path.read_bytes().decode("utf-8-sig")
    dialect = clevercsv.Sniffer().sniff(text, verbose=False)
    found = clevercsv.reader(io.StringIO(text, newline=""), dialect)
    return [row for row in found if row]


READERS: dict[str, Callable[[Path], Cells]] = {
    "regkit (CleverCSV's dialect, csv)": by_regkit,
    "CleverCSV alone": by_clevercsv,
    "DuckDB": by_duckdb,
    "csv.Sniffer": by_csv,
    "pandas, sep=None": by_pandas,
    "polars": by_polars,
}


def same(found: Cells, meant: Cells) -> bool:
    def plain(rows: Cells) -> Cells:
        return [[" ".join(str(c or "").split()) for c in row] for row in rows]

    names, *rows = plain(found)
    _, *wanted = plain(meant)
    return len(names) == len(meant[0]) and rows == wanted


def main() -> None:
    parser = argparse.ArgumentParser(description="Which reader reads odd files right?")
    parser.add_argument("--verbose", action="store_true", help="name misread files")
    verbose = parser.parse_args().verbose
    habits = list(dialects(Maker(0)))
    print(f"{len(habits)} files: as meant, refused, misread")
    for name, reader in READERS.items():
        meant = refused = misread = 0
        for habit in habits:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, f"file{habit.suffix}")
                text = habit.text
                path.write_bytes(text.encode() if isinstance(text, str) else text)
                wanted = list(csv.reader(io.StringIO(habit.meant)))
                try:
                    right = same(reader(path), wanted)
                except ImportError:
                    print(f"{name}: not installed")
                    break
                except Exception:
                    refused += 1
                else:
                    if not right and verbose:
                        print(f"    {name} misreads: {habit.name}")
                    meant, misread = meant + right, misread + (not right)
        else:
            print(f"{name:34}{meant:4}{refused:4}{misread:4}")


if __name__ == "__main__":
    main()
