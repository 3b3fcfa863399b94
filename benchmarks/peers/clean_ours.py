"""`clean` on raw tables: `clean_ours.py SOURCE RAW OUT` runs the step of the package under SOURCE, and prints its cost.

SOURCE: the folder `src` of this checkout or of an older one. RAW: a folder with the raw tables as Parquet; `sources` in
place of OUT makes them from a TEDS-D file named after it. CPU seconds of the whole step, with reading, checks of all
tables and writing; the value is a checksum of what was written.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, sys.argv[1])

import pandas as pd

from iop_outcomes.steps import runner

RAW = ("stays", "persons", "sessions", "screens", "followups", "medications", "periods")
BESIDE = ("quarantine", "arrivals")
MADE = (*RAW, "episodes", "episodes_by_gap", "quarantine", "intake")
CARE = {"gap_days": 14, "gap_sensitivity_days": [7, 30, 60], "max_quarantined_share": 0.05}


def files(folder: Path) -> dict[str, str]:
    """The raw tables of a folder, by the names of the step."""
    return {f"raw_{n}": str(folder / f"{n}.parquet") for n in RAW} | {n: str(folder / f"{n}.parquet") for n in BESIDE}


def prepare(folder: Path, year: str) -> None:
    """The raw tables of a TEDS-D file, all its treatment services."""
    source = {"kind": "tedsd", "path": year}
    runner.run("sources", {}, files(folder) | {"notes": str(folder / "notes.txt")}, {"source": source, "privacy": {}})


def checksum(folder: Path) -> float:
    """Rows of every table, and the sum over its numbers."""
    found = 0.0
    for name in MADE:
        table = pd.read_parquet(folder / f"{name}.parquet")
        found += len(table) + float(table.select_dtypes("number").astype("float64").sum().sum())
    return found


def main() -> None:
    """Prepare, or run and measure."""
    raw, out = Path(sys.argv[2]), sys.argv[3]
    if out == "sources":
        prepare(raw, sys.argv[4])
        return
    begun = time.process_time()
    runner.run("clean", files(raw), {n: f"{out}/{n}.parquet" for n in MADE}, CARE)
    seconds, mb = time.process_time() - begun, runner.peak_mb()
    print(json.dumps({"seconds": seconds, "mb": mb, "value": checksum(Path(out))}))


if __name__ == "__main__":
    main()
