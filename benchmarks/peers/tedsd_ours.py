"""TEDS-D: ours. `tedsd_ours.py WORK FILE...` does one piece of work and prints what it cost.

chain: CSV to typed, filtered and recoded table. parquet: the typed table from Parquet. gate, quarantine: what they add
to a typed table. frames: a year to canonical frames. years: that for a file in place of each of ten years, by years.
typed, lookups: files for the others, not timed by anyone.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas  # noqa: F401  (imports are not part of the work, on either side)
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from iop_outcomes.codebooks.tedsd import codes
from iop_outcomes.privacy import identifiers
from iop_outcomes.sources import tedsd
from iop_outcomes.sources.tedsd import formats, recode
from iop_outcomes.sources.tedsd.selection import SERVICES
from iop_outcomes.steps.runner import peak_mb

YEARS = 10


def chain(path: Path) -> list[pa.Table]:
    """All columns typed, the treatment services, and the canonical columns as dictionaries."""
    table = formats.typed(path)
    kept = table.filter(pa.array(np.isin(table["SERVICES"].to_numpy(), SERVICES)))
    del table
    return [kept, recode.recoded_table(recode.rows_of(kept))]


def checksum(tables: list[pa.Table]) -> float:
    """Rows, and the places of all words in their lists: the other side must have the same."""
    places = (c.combine_chunks().indices for c in tables[1].columns)
    return float(tables[0].num_rows + sum(np.nansum(p.to_numpy(zero_copy_only=False) + 1.0) for p in places))


def years(path: Path) -> float:
    """Stays of ten years, each read, recoded, made into frames and let go."""
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        for i in range(YEARS):
            link = Path(folder) / f"year_{i}.csv"
            link.symlink_to(path)
            for _, tables in tedsd.by_file({"path": str(link)}):
                found += len(tables["stays"])
    return float(found)


def quarantine(table: pa.Table) -> float:
    """Rows with a code that is not in the year's list."""
    rows = recode.rows_of(table)
    return float(sum((recode.unknown(rows, name)[1] >= 0).sum() for name in ("persons", "stays")))


def lookups(path: Path) -> None:
    """What each code becomes, for the other side: column, variable, code, word, place of the word from 1."""
    with path.open("w", newline="", encoding="utf-8") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["column", "variable", "code", "word", "place"])
        for column in codes.columns():
            words, listed = (
                codes.vocabulary(column),
                codes.code_list(codes.variables()[column.variable], codes.span(2019)),
            )
            for code, value in sorted(listed.values.items()):
                word = column.outcome(value)
                if word is not None:
                    table.writerow([column.name, column.variable, code, word, words.index(word) + 1])


def main(work: str, path: Path, *more: str) -> None:
    """Do one piece of work and print one JSON line."""
    if work == "lookups":
        return lookups(path)
    if work == "typed":
        return formats.write_parquet(formats.typed(path), Path(more[0]))
    table = formats.read_parquet(path) if work in ("gate", "quarantine") else None
    start = time.perf_counter()
    done: object = None
    if work == "chain":
        done = chain(path)
    elif work == "parquet":
        done = formats.read_parquet(path)
    elif work == "gate":
        done = identifiers.examine(table, path.name, {})
    elif work == "quarantine":
        done = quarantine(table)
    elif work == "frames":
        done = tedsd.read({"path": str(path)})
    else:
        done = years(path)
    seconds = time.perf_counter() - start
    mb = peak_mb()
    value = checksum(done) if work == "chain" else done if isinstance(done, float) else 0.0
    print(json.dumps({"seconds": seconds, "mb": mb, "value": value}))


main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
