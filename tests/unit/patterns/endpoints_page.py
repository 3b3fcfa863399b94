"""The table of docs/endpoints.md, from the tables under data/reference. Run as a script it writes the page anew."""

from __future__ import annotations

import sys
from pathlib import Path

from iop_outcomes.tables import reference

BEGIN, END = "<!-- endpoints: begin -->\n", "<!-- endpoints: end -->\n"
HEAD = "| endpoint | from | as published | where CTNote departs from it |\n|---|---|---|---|\n"


def table() -> str:
    """One row per endpoint."""
    rows = reference.rows("endpoints_sources.csv")
    cells = ([f"`{r['name']}`", f"[{r['reference']}]({r['doi']})", r["definition"], r["departure"]] for r in rows)
    return HEAD + "".join(f"| {' | '.join(cell or '-' for cell in row)} |\n" for row in cells)


def page(text: str) -> str:
    """The page with the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.write_text(page(place.read_text(encoding="utf-8")), encoding="utf-8")
