"""docs/agreement.csv names every comparison that the parity tests make, and none is beyond its tolerance."""

from __future__ import annotations

import csv
from pathlib import Path

from agreement import COLUMNS, quantities


def test_the_table_is_that_of_the_tests(project: Path) -> None:
    with (project / "docs/agreement.csv").open(encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    assert list(rows[0]) == COLUMNS
    listed = {(r["topic"], r["quantity"]) for r in rows}
    made = {
        (path.stem.removeprefix("test_parity_"), quantity)
        for path in sorted((project / "tests/parity").glob("test_parity_*.py"))
        for quantity in quantities(path).values()
    }
    assert made == listed, "run `make agreement`"
    assert all(float(r["difference"]) <= float(r["tolerance"]) for r in rows)
    assert sum(int(r["values"]) for r in rows) > 1000
