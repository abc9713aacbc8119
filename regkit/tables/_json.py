"""JSON that holds a table, in the forms that programs write, into columns."""

import json
from collections.abc import Mapping
from typing import Any

from regkit.tables._sentences import TableError


def json_columns(text: str, source: str) -> dict[str, list[Any]]:
    """Read JSON lines, records, columns, or one of these in an object around it.

    Objects within records become columns ``outer.inner``.

    Parameters
    ----------
    text, source : str
        The whole file, and its name for messages.

    Raises
    ------
    TableError
        When it is not JSON, or no table.
    """
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        found = _lines(text, source)
        if not found:
            raise TableError(f"{source} is no JSON table: {error}") from None
    columns = _columns(found, source)
    if len({len(values) for values in columns.values()}) != 1:
        raise TableError(f"{source} is no JSON table: its columns differ in length")
    return columns


def _lines(text: str, source: str) -> list[Any]:
    """Read JSON lines; none where the first line is not JSON of its own."""
    found: list[Any] = []
    # Strings may hold other ends of lines, which `str.splitlines` would follow.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError as error:
            if not found:
                break
            raise TableError(
                f"{source}, line {number}: no JSON: {error.msg} at character "
                f"{error.pos + 1}"
            ) from None
    return found


def _columns(found: Any, source: str) -> dict[str, list[Any]]:
    if isinstance(found, dict):
        values = list(found.values())
        if isinstance(found.get("columns"), list) and isinstance(
            found.get("data"), list
        ):
            found = [found["columns"], *found["data"]]  # pandas' orient="split"
        elif values and all(isinstance(v, dict) for v in values):
            rows = list(dict.fromkeys(row for column in values for row in column))
            found = {n: [v.get(row) for row in rows] for n, v in found.items()}
        if tables := [v for v in values if _are_records(v)]:
            found = max(tables, key=len)  # beside whatever tells of them
    if isinstance(found, dict) and all(isinstance(v, list) for v in found.values()):
        return {str(name): values for name, values in found.items()}
    if isinstance(found, list) and len(found) > 1 and _are_lists(found):
        names, rows = found[0], found[1:]
        return {n: list(v) for n, v in zip(names, zip(*rows, strict=True), strict=True)}
    records = [found] if isinstance(found, dict) else found
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise TableError(f"{source} is no JSON table: it must hold records")
    flat = [_flatten(record) for record in records]
    names = dict.fromkeys(name for record in flat for name in record)
    return {name: [record.get(name) for record in flat] for name in names}


def _are_records(found: Any) -> bool:
    return (
        isinstance(found, list)
        and bool(found)
        and all(isinstance(record, dict) for record in found)
    )


def _are_lists(found: list[Any]) -> bool:
    """Whether rows are lists of one length below one of distinct names."""
    return (
        all(isinstance(row, list) and len(row) == len(found[0]) for row in found)
        and len(found[0]) > 0
        and all(isinstance(name, str) for name in found[0])
        and len(set(found[0])) == len(found[0])
    )


def _flatten(record: Mapping[str, Any], outer: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict) and value:
            flat |= _flatten(value, f"{outer}{name}.")
        else:
            flat[outer + name] = value
    return flat
