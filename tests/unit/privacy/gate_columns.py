"""Invented columns that the identifier gate must stop or let through: headers, names and contents in tables.

`tests/unit/data/identifiers` has the tables; nobody in them exists. The list `first` was written before the rules, and
they were written on every other line of it; the list `second` came when they were done, in two parts. At their first
runs 182 of its 188 headers were stopped (170 where ten or twelve names repeat) and 3 of its 121 ordinary columns; what
was missing was added then.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

TABLES = Path(__file__).parents[1] / "data/identifiers"
ROWS = 400


def table(name: str) -> list[dict[str, str]]:
    """The rows of a table, as text."""
    with open(TABLES / name, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def headers(which: str = "first") -> list[str]:
    """Names of columns in which names of people stand."""
    return [row["header"] for row in table("name_headers.tsv") if row["list"] == which]


def people(kind: str) -> list[tuple[str, str]]:
    """Given and family names of one set: common, uncommon, languages."""
    return [(row["given"], row["family"]) for row in table("names.tsv") if row["set"] == kind]


SETS = ("common", "uncommon", "languages")
# how a system writes names
FORMS = {
    "family": lambda given, family: family,
    "given": lambda given, family: given,
    "first last": lambda given, family: f"{given} {family}",
    "LAST, FIRST": lambda given, family: f"{family}, {given}".upper(),
}


def names(kind: str, form: str = "family", repeat: int = 1, most: int | None = None) -> list[str]:
    """A column of names, each so many times; most: of so many people."""
    return [FORMS[form](*person) for person in people(kind)[:most] for _ in range(repeat)]


def ordinary(which: str = "first") -> Iterator[tuple[str, list[str | None]]]:
    """Columns of treatment records in which nobody stands, with their contents."""
    for row in table("ordinary.tsv"):
        if row["list"] != which:
            continue
        drawn = random.Random(row["column"])  # the same in every run
        yield row["column"], [*contents(row["contents"], drawn), None]


def contents(made: str, drawn: random.Random) -> list[str]:
    """ROWS cells as the table says: cat a|b, int low high, dec low high places, run from, hex n, code X n."""
    kind, _, rest = made.partition(" ")
    if kind == "cat":
        return drawn.choices(rest.split("|"), k=ROWS)
    words = rest.split()
    if kind == "int":
        return [str(drawn.randint(int(words[0]), int(words[1]))) for _ in range(ROWS)]
    if kind == "dec":
        low, high, places = float(words[0]), float(words[1]), int(words[2])
        return [f"{drawn.uniform(low, high):.{places}f}" for _ in range(ROWS)]
    if kind == "run":
        return [str(int(words[0]) + i) for i in range(ROWS)]
    if kind == "hex":
        return ["".join(drawn.choices("0123456789abcdef", k=int(words[0]))) for _ in range(ROWS)]
    return [f"{words[0]}{drawn.randrange(int(words[1])):03d}" for _ in range(ROWS)]
