"""All published endpoints of urine screens of 100,000 people over 52 weeks, beside R's loop over people.

    python benchmarks/endpoints.py [repeats]

Seconds are CPU seconds on one thread, files being read before. R computes three of the endpoints of 3,560 people, row
by row (`peers/endpoints.R`; Debian's `r-cran-dplyr` and `r-cran-stringr`), and both must have the same means; its time
is then multiplied to all endpoints and people, as the row says. Without R the row says so.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import cleaning
import national
import numpy as np

PEERS = Path(__file__).resolve().parent / "peers"
PEOPLE, FEW, WEEKS, THREE = 100_000, 3_560, 52, 3
SYMBOLS, SHARES = np.array(list("-+o*")), (0.3, 0.2, 0.46, 0.04)


def rows(repeats: int) -> list[national.Row]:
    """The row of results.csv."""
    with tempfile.TemporaryDirectory() as name:
        many, few = (_write(Path(name) / f"{people}.txt", people) for people in (PEOPLE, FEW))
        mine = [sys.executable, str(PEERS / "endpoints_ours.py")]
        ours = [cleaning.run([*mine, str(many)]) for _ in range(repeats)]
        endpoints = int(ours[0]["endpoints"])
        size = f"{PEOPLE} people x {WEEKS} weeks x {endpoints} endpoints"
        peer = f"R, row by row: {THREE} endpoints of {FEW} people, times {endpoints}/{THREE} and {PEOPLE}/{FEW}"
        if shutil.which("Rscript") is None:
            return [national.row("endpoints of use patterns", size, ours, peer, None)]
        theirs = [cleaning.run(["Rscript", str(PEERS / "endpoints.R"), str(few)]) for _ in range(repeats)]
        same = cleaning.run([*mine, str(few), "three"])
        if not np.allclose(same["values"], theirs[0]["values"], rtol=0, atol=1e-9):
            raise SystemExit("endpoints of use patterns: the two sides disagree, so their times say nothing.")
        factor = endpoints / THREE * PEOPLE / FEW
        scaled = [run | {"seconds": run["seconds"] * factor} for run in theirs]
        return [national.row("endpoints of use patterns", size, ours, peer, scaled)]


def _write(path: Path, people: int) -> Path:
    """Patterns by chance in which weeks are like the one before them more often than not; seed fixed."""
    rng = np.random.default_rng(20260113)
    drawn = rng.choice(len(SYMBOLS), (people, WEEKS), p=SHARES)
    same = rng.random((people, WEEKS)) < 0.7
    for week in range(1, WEEKS):
        drawn[:, week] = np.where(same[:, week], drawn[:, week - 1], drawn[:, week])
    path.write_text("\n".join("".join(row) for row in SYMBOLS[drawn]) + "\n", encoding="ascii")
    return path


if __name__ == "__main__":
    print(json.dumps(rows(int(sys.argv[1]) if len(sys.argv) > 1 else 3), indent=1))
