"""What protecting the counts of a cohort of 500,000 costs: 7,360 cells and some 2,000 lines, exact and rounded to five.

    python benchmarks/suppression.py [repeats]

Seconds are CPU seconds on one thread, of suppression alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cleaning
import national

SCRIPT = Path(__file__).resolve().parent / "peers/suppress_ours.py"
BASES = {1: "exact where it may be", 5: "rounded to five"}


def rows(repeats: int) -> list[national.Row]:
    """The rows of results.csv."""
    found = []
    for base, how in BASES.items():
        runs = [cleaning.run([sys.executable, str(SCRIPT), str(base)]) for _ in range(repeats)]
        size = "{cells} cells, {lines} lines".format_map(runs[0])
        found.append(national.row(f"suppression under cms, {how}", size, runs, "", None))
    return found


if __name__ == "__main__":
    print(json.dumps(rows(int(sys.argv[1]) if len(sys.argv) > 1 else 3), indent=1))
