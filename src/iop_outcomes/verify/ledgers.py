"""The ledger of a release against its counts: it says of each cell what the counts say, and bears its own seal."""

from __future__ import annotations

from collections.abc import Iterator

from iop_outcomes.presentation import numbers
from iop_outcomes.release import ledger
from iop_outcomes.verify.findings import Finding
from iop_outcomes.verify.released import Release

NAME = "ledger.csv"


def check(release: Release) -> Iterator[Finding]:
    """Where the ledger, if there is one, is not what the released counts give. Raises TableError."""
    from iop_outcomes.steps import store

    path = release.folder / NAME
    if not path.is_file():
        return
    rows, counts = store.read("ledger", [path]), release.tables["counts"]
    if len(rows) and set(rows["seal"]) != {ledger.seal(rows)}:
        yield Finding(NAME, "column seal", "the rows do not bear their seal: some were changed, added or taken away.")
    said = {row["cell"]: (at, row) for at, row in enumerate(rows.to_dict("records"), 2)}
    cells = zip(ledger.keys_of(counts), counts.to_dict("records"), strict=True)
    for line, (cell, told) in enumerate(cells, 2):
        at, row = said.get(cell, (0, {}))
        if not row:
            yield Finding(NAME, "", f"has no row for line {line} of counts.csv, the cell {cell}.")
        for column in ledger.RANGE if row else ():
            one, other = (numbers.number(found[column]) for found in (row, told))
            if one != other:
                says = f"{_shown(one)} stands there; line {line} of counts.csv says {_shown(other)}."
                yield Finding(NAME, f"line {at} (cell {cell}), column {column}", says)


def _shown(value: float | None) -> str:
    return "nothing" if value is None else f"{value:g}"
