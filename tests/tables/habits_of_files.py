"""Habits in text, dialects, further columns and formats; see `houses`."""

import gzip
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.tables.houses import NAMES, Habit, Maker, N, write


def texts(make: Maker) -> Iterator[Habit]:
    odd = {"north": "North", "south": " SOUTH", "east": "east  "}
    yield make("case and blanks", "town", lambda v: odd[v] if make.seed % 2 else v)
    count = iter(range(10**6))
    yield make(
        "case that varies", "town", lambda v: [v, v.upper(), v.title()][next(count) % 3]
    )
    yield make(
        "two blanks inside",
        "town",
        lambda v: f"new  {v}" if next(count) % 2 else f"new {v}",
        lambda v: f"new {v}",
    )
    yield make(
        "accents",
        "town",
        lambda v: {"north": "Zürich", "south": "Genève", "east": "Łódź"}[v],
    )
    yield make("quotes inside", "town", lambda v: f'the "{v}"', lambda v: f"the {v}")
    yield make("commas inside", "town", lambda v: f"{v}, old", lambda v: f"{v} old")
    yield make(
        "line breaks inside", "town", lambda v: f"{v}\nold", lambda v: f"{v} old"
    )
    yield make("codes 00501", "rooms", lambda v: f"{v:05d}", lambda v: f"c{v}")
    yield make("codes 12E4", "rooms", lambda v: f"12E{v}", lambda v: f"c{v}")
    yield make("codes 5001E400", "rooms", lambda v: f"500{v}E400", lambda v: f"c{v}")
    yield make(
        "house numbers 12a", "rooms", lambda v: f"{v}{'ab'[v % 2]}", lambda v: f"n{v}"
    )
    yield make(
        "3+ among numbers",
        "rooms",
        lambda v: f"{v}" if v < 4 else "4+",
        lambda v: f"n{v}" if v < 4 else "n4",
    )


def dialects(make: Maker) -> Iterator[Habit]:
    for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        make.renew()
        yield Habit(name, write(make.plain, mark), write(make.plain))
    make.renew()
    plain, meant = make.plain, write(make.plain)
    yield Habit("sep=;", "sep=;\n" + write(plain, ";"), meant)
    yield Habit("sep=, quoted", '"sep=,"\n' + meant, meant)
    yield Habit("UTF-8 with a mark", meant.encode("utf-8-sig"), meant)
    yield Habit("UTF-16", meant.encode("utf-16"), meant)
    yield Habit("CRLF", write(plain, end="\r\n"), meant)
    yield Habit("CR", write(plain, end="\r"), meant)
    yield Habit("blank lines", meant.replace("\n", "\n\n"), meant)
    yield Habit("a delimiter at the end", meant.replace("\n", ",\n"), meant)
    yield Habit(
        "rows that end in a delimiter",
        meant.replace("\n", ",\n").replace("price,", "price", 1),
        meant,
    )
    yield Habit("a title above", "Houses of 2024\n\n" + meant, meant)
    yield Habit("comments above", "# made by hand\n# twice\n" + meant, meant)
    yield Habit("empty rows below", meant + ",,,\n,,,\n", meant)
    yield Habit("a total below", meant + "Total,,,99999999\n", meant)
    everything_quoted = "".join(
        ",".join(f'"{c}"' for c in line.split(",")) + "\n"
        for line in meant.splitlines()
    )
    yield Habit("all quoted", everything_quoted, meant)
    yield Habit("apostrophes for quotes", everything_quoted.replace('"', "'"), meant)
    yield Habit("a blank after commas", meant.replace(",", ", "), meant)
    yield Habit("a blank before quotes", everything_quoted.replace(",", ", "), meant)
    yield Habit(
        "row names without a name, as R writes",
        "\n".join(
            [
                meant.splitlines()[0],
                *(f"{k},{line}" for k, line in enumerate(meant.splitlines()[1:], 1)),
            ]
        )
        + "\n",
        meant,
    )
    yield from _dialects_of_text(make)
    for names in (
        ("area, net", "rooms, total", "town", "price"),
        ("area; net", "rooms", "town", "price"),
        ("Living area\n(sq ft)", "rooms", "town", "price"),
    ):
        mark = "," if ";" in names[0] else ";"
        other = dict(zip(names, plain.values(), strict=True))
        yield Habit(f"header {names[0]!r}", write(other, mark), meant)


def _dialects_of_text(make: Maker) -> Iterator[Habit]:
    """Give files whose cells hold the characters that dialects are made of."""
    make.renew()
    texts = {"north": "one, two; three", "south": "it's o'clock", "east": 'a "b" c'}
    with_text = {**make.plain, "town": [texts[t] for t in make.plain["town"]]}
    meant = write(with_text)
    yield Habit("commas, apostrophes and quotes", meant, meant)
    yield Habit("the same between tabs", write(with_text, "\t"), meant)
    escaped = "\n".join(line.replace('""', '\\"') for line in meant.splitlines())
    yield Habit("quotes behind backslashes", escaped + "\n", meant)
    height = [f"{2 + a % 90 / 100:.2f}" for a in make.plain["area"]]
    commas = {**make.plain, "height": [h.replace(".", ",") for h in height]}
    yield Habit("decimal commas", write(commas, ";"), write(commas))
    links = {
        **make.plain,
        "town": [f"http://a.b/{t}?c=1;2" for t in make.plain["town"]],
    }
    yield Habit("links between bars", write(links, "|"), write(links))


def columns(make: Maker) -> Iterator[Habit]:
    def add(name: str, first: dict[str, list[Any]], open_: str = "") -> Habit:
        make.renew()
        return Habit(
            name, write({**first, **make.plain}), write(make.plain), open=open_
        )

    rng = np.random.default_rng(7)
    order = rng.permutation(N)
    yield add("numbers from 0", {"": list(range(N))}, "column 1")
    yield add("Unnamed: 0 shuffled", {"Unnamed: 0": list(order)}, "Unnamed: 0")
    yield add("id from 1001", {"id": list(range(1001, 1001 + N))}, "id")
    yield add("order_id shuffled", {"order_id": list(7_000_000 + order)}, "order_id")
    yield add(
        "customerID with gaps",
        {"customerID": list(rng.permutation(10**6)[:N])},
        "customerID",
    )
    yield add("names of rows", {"name": [f"house {k}" for k in order]}, "name")
    yield add(
        "UUIDs", {"key": [f"{k:08x}-{k * 7919:04x}" for k in order + 4096]}, "key"
    )
    yield add("a constant", {"year": [2024] * N}, "year")
    yield add("a constant text", {"currency": ["EUR"] * N}, "currency")
    yield add("an empty column", {"note": [""] * N}, "note")
    yield add(
        "free text", {"note": [f"text {k} of {k % 7} words" for k in order]}, "note"
    )
    make.renew()
    twice = {**make.plain, "area again": make.plain["area"]}
    yield Habit("a column twice", write(twice), write(make.plain), open="area again")
    holes = {
        "area": [v if v % 4 else "" for v in make.plain["area"]],
        "area=missing": [v % 5 for v in make.plain["area"]],
    }
    yield Habit(
        "a name that regkit makes",
        write({**make.plain, **holes}),
        write({**make.plain, "area": holes["area"], "other": holes["area=missing"]}),
    )
    rare = [f"rare {k}" if k % 6 == 0 else ("oak", "pine")[k % 2] for k in range(N)]
    lumped = ["rare" if k % 6 == 0 else ("oak", "pine")[k % 2] for k in range(N)]
    yield Habit(
        "rare levels",
        write({**make.plain, "wood": rare}),
        write({**make.plain, "wood": lumped}),
    )
    zips = [int(v) for v in rng.choice(rng.integers(10000, 99999, 11), N)]
    yield (
        add("zip codes kept as numbers", {})
        if not zips
        else Habit(
            "zip codes",
            write({**make.plain, "zip": zips}),
            write({**make.plain, "zip": zips}),
            open="zip",
        )
    )


def formats(make: Maker) -> Iterator[Habit]:
    make.renew()
    meant = write(make.plain)
    yield Habit("gzip", gzip.compress(meant.encode()), meant, ".csv.gz")
    lines = [json.dumps(dict(zip(NAMES, row, strict=True))) for row in make.rows]
    yield Habit("JSON lines", "\n".join(lines) + "\n", meant, ".jsonl")
    yield Habit("JSON records", "[" + ",".join(lines) + "]", meant, ".json")
    for name, ending in (("parquet", ".parquet"), ("feather", ".feather")):
        try:
            import pandas as pd

            buffer = io.BytesIO()
            getattr(pd.DataFrame(make.plain), f"to_{name}")(buffer)
        except ImportError:
            continue
        yield Habit(name, buffer.getvalue(), meant, ending)
