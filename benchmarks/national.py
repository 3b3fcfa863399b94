"""What a year of the national file costs, beside data.table's fread and the same recoding on two threads.

A year of 1.5 million discharges in 76 columns is generated into a folder that is thrown away. All sides are processes
of their own, interleaved; ours and fread must come to the same rows and words. Without R or data.table, its row
says so. The other rows compare ours with ours: the second run, the gate and the quarantine with the first run.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

PEERS = Path(__file__).resolve().parent / "peers"
ROWS, THREADS = 1_500_000, 2
FREAD = "data.table fread, 2 threads"
Run = dict[str, float]
Row = dict[str, object]


def rows(repeats: int) -> list[Row]:
    """The rows of results.csv."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        year, typed, lookups = folder / "tedsd_puf_2019.csv", folder / "typed.parquet", folder / "lookups.csv"
        command = ["generate-tedsd", "--year", "2019", "--rows", str(ROWS), "--out", str(year)]
        subprocess.run([sys.executable, "-m", "iop_outcomes.cli", *command], check=True, env=environment())
        _ours("typed", year, typed, silent=True)
        _ours("lookups", lookups, silent=True)
        works: dict[str, Callable[[], Run]] = {
            "chain": lambda: _ours("chain", year),
            "parquet": lambda: _ours("parquet", typed),
            "gate": lambda: _ours("gate", typed),
            "quarantine": lambda: _ours("quarantine", typed),
            "frames": lambda: _ours("frames", year),
        }
        if there := _has_data_table():
            works["fread"] = lambda: _run(["Rscript", str(PEERS / "tedsd_fread.R"), str(year), str(lookups)])
        seen: dict[str, list[Run]] = {work: [] for work in works}
        for _ in range(repeats):
            for work, run in works.items():
                seen[work].append(run())
        decade = _ours("years", year)
    if there and any(a["value"] != b["value"] for a, b in zip(seen["chain"], seen["fread"], strict=True)):
        raise SystemExit("TEDS-D: ours and fread disagree, so their times say nothing.")
    size = f"{ROWS} x 76"
    return [
        row("TEDS-D: CSV to typed, filtered, recoded", size, seen["chain"], FREAD, seen.get("fread")),
        row("TEDS-D: typed table from Parquet", size, seen["parquet"], "ours from CSV", seen["chain"]),
        row("TEDS-D: identifier gate", size, seen["gate"], "ours from CSV", seen["chain"]),
        row("TEDS-D: unknown codes", size, seen["quarantine"], "ours from CSV", seen["chain"]),
        row("TEDS-D: CSV to canonical tables", size, seen["frames"], "", None),
        row("TEDS-D: ten years to canonical tables, by years", f"{10 * ROWS} x 76", [decade], "", None),
    ]


def row(work: str, size: str, ours: list[Run], peer: str, theirs: list[Run] | None) -> Row:
    """Medians, and the median of peer over ours."""
    row: Row = {"work": work, "size": size, "repeats": len(ours)}
    row |= {f"ours_{k}": round(statistics.median(r[k] for r in ours), 3) for k in ("seconds", "mb")}
    if not peer:
        return row
    if theirs is None:
        return row | {"peer": f"{peer} (not installed here)"}
    row |= {f"peer_{k}": round(statistics.median(r[k] for r in theirs), 3) for k in ("seconds", "mb")}
    ratio = statistics.median(b["seconds"] / a["seconds"] for a, b in zip(ours, theirs, strict=True))
    return row | {"peer": peer, "ratio": round(ratio, 2)}


def environment() -> dict[str, str]:
    """Byte code on, two threads for either side."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "R_DATATABLE_NUM_THREADS"), str(THREADS))
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | threads


def _ours(work: str, *files: Path, silent: bool = False) -> Run:
    command = [sys.executable, str(PEERS / "tedsd_ours.py"), work, *map(str, files)]
    if silent:
        subprocess.run(command, check=True, env=environment())
        return {}
    return _run(command)


def _run(command: list[str]) -> Run:
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment())
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _has_data_table() -> bool:
    if not shutil.which("Rscript"):
        return False
    asked = ["Rscript", "-e", 'quit(status = !requireNamespace("data.table", quietly = TRUE))']
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    print(json.dumps(rows(int(sys.argv[1]) if len(sys.argv) > 1 else 3), indent=1))
