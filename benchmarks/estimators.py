"""Estimators beside R's packages, on the people of discharges.py.

Every side is a process of its own that reads the people before its clock starts; the sides of a row alternate, one
thread each. Both must come to the same estimate to 1e-6 and the same standard error to 1e-4 (imputation, which draws,
to the same shares within 0.05) before a time counts. The ratio is the median of peer over ours, its range beside it.
Without R or a package the row says so. Where a newer or another package is known to be faster than the one that is at
hand, its time, measured elsewhere on one thread, stands as the peer of a row of its own, multiplied by how much slower
the first row's peer was here than there.

    python benchmarks/estimators.py [repeats] [names of work to measure again; the rest stays as it was]
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import discharges

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers"
COLUMNS = [
    "work", "people", "ours_seconds", "ours_mb", "peer", "peer_seconds", "peer_mb", "ratio", "ratio_low", "ratio_high",
    "reach", "repeats",
]  # fmt: skip
ONE_THREAD = {n: "1" for n in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")}
Run = dict[str, float]


@dataclass(frozen=True)
class Work:
    """title, data: one of discharges.write. name: in the scripts of peers/. reach: the ratio aimed at.

    known: seconds of a peer measured elsewhere, which then stands in for the one here. drawn: results are random.
    Without a peer only ours is measured.
    """

    title: str
    data: str
    name: str
    peer: str
    reach: float
    known: float | None = None
    drawn: bool = False


# seconds of the first row's peer where the times of other packages were measured
FIRST_PEER_ELSEWHERE = 92.0
SCALED = ("peer_seconds", "ratio", "ratio_low", "ratio_high")
SURVIVAL = "R survival 3.5-3"
WORKS = [
    Work("Cox, 83 columns, weights, robust", "discharges_tenth", "cox_robust", f"{SURVIVAL} coxph(robust)", 200),
    Work("Cox, 83 columns, weights, robust", "discharges_tenth", "cox_robust", "R survival 3.8 coxph(robust)", 20, 6.2),
    Work("Cox, 83 columns, weights; ours robust", "discharges", "cox_model", f"{SURVIVAL} coxph, not robust", 10),
    Work("Cox, 83 columns, continuous times, robust", "episodes", "cox_robust", "R survival 3.8 coxph(robust)", 1, 6.0),
    Work("propensity logit, 82 columns, standard errors", "discharges", "score", "R glm", 8),
    Work("weighted Aalen-Johansen, robust", "discharges", "incidence", f"{SURVIVAL} survfit", 20),
    Work("weighted Aalen-Johansen, continuous times, robust", "episodes", "incidence", f"{SURVIVAL} survfit", 20),
    Work("weighted Kaplan-Meier, robust", "discharges", "survival", f"{SURVIVAL} survfit(robust)", 10),
    Work("weighted Kaplan-Meier, continuous times, robust", "episodes", "survival", f"{SURVIVAL} survfit(robust)", 10),
    Work("Fine-Gray, 83 columns, robust", "discharges_tenth", "fine_gray", f"{SURVIVAL} finegray + coxph", 100),
    Work("Fine-Gray, 83 columns, continuous times, robust", "episodes", "fine_gray", "fastcmprsk, no errors", 2, 12.5),
    Work("Table 1, weighted and not, 97 levels", "discharges", "table1", "R data.table", 3),
    Work("one bootstrap of score and weighted Cox", "discharges_tenth", "bootstrap", "R glm.fit + coxph.fit", 8),
    *(
        Work("Cox, 83 columns, weights, robust: growth", f"discharges{part}", "cox_robust", "", 0)
        for part in ("_eighth", "_quarter", "_half", "")
    ),
    *(
        Work("propensity logit, 82 columns: growth", f"discharges{part}", "score", "", 0)
        for part in ("_quarter", "_half", "")  # in an eighth a rare category has one arm only, which is refused
    ),
    Work("one imputation of a 6-level category", "discharges_tenth", "impute", "R mice polyreg", 5, drawn=True),
    Work("one imputation of 26 weeks, 5 passes", "weeks", "weeks", "R mice logreg, all weeks", 10, drawn=True),
]


def rows(repeats: int, names: Collection[str] = ()) -> list[dict[str, object]]:
    """A row for each of WORKS, or of those with these names."""
    works = [w for w in WORKS if not names or w.name in names]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(os.environ.get("IOP_OUTCOMES_BENCH", name))
        sizes = discharges.write(folder)
        return scaled([_row(work, folder, sizes[work.data], repeats) for work in works])


def scaled(found: list[dict[str, object]]) -> list[dict[str, object]]:
    """Times measured elsewhere as they would be here: by how much slower the first row's peer was here than there."""
    here = next((r.get("peer_seconds") for r in found if r["peer"] == WORKS[0].peer), None)
    slower = float(str(here)) / FIRST_PEER_ELSEWHERE if here else 1.0
    out = []
    for row in found:
        if "measured elsewhere" in str(row.get("peer", "")):
            row = (
                row
                | {k: round(float(str(row[k])) * slower, 1) for k in SCALED}
                | {"peer": str(row["peer"]).replace("measured elsewhere", "measured elsewhere, scaled to this machine")}
            )
        out.append(row)
    return out


def _row(work: Work, folder: Path, people: int, repeats: int) -> dict[str, object]:
    ours: list[Run] = []
    theirs: list[Run] = []
    there = bool(work.peer) and work.known is None and shutil.which("Rscript") is not None
    for _ in range(repeats):
        ours.append(
            _run([sys.executable, str(PEERS / "estimators_ours.py"), work.name, str(folder / work.data)], ".npz")
        )
        if there:
            theirs.append(_run(["Rscript", str(PEERS / "estimators.R"), work.name, str(folder / work.data)], ".csv"))
    if theirs:
        _agree(work, ours[0], theirs[0])
    row: dict[str, object] = {"work": work.title, "people": people, "peer": work.peer, "reach": work.reach}
    row |= {"repeats": repeats} | {f"ours_{k}": _median(ours, k) for k in ("seconds", "mb")}
    if work.known is not None:
        theirs = [{"seconds": work.known, "mb": float("nan")}] * repeats
        row["peer"] = f"{work.peer} (measured elsewhere)"
    if not work.peer:
        row["reach"] = ""
        print(json.dumps(row), flush=True)
        return row
    if not theirs:
        return row | {"peer": f"{work.peer} (not installed here)"}
    ratios = [b["seconds"] / a["seconds"] for a, b in zip(ours, theirs, strict=True)]
    row |= {"peer_seconds": _median(theirs, "seconds")}
    row |= {} if work.known is not None else {"peer_mb": _median(theirs, "mb")}
    numbers = (statistics.median(ratios), min(ratios), max(ratios))
    row |= dict(zip(("ratio", "ratio_low", "ratio_high"), (round(r, 1) for r in numbers), strict=True))
    print(json.dumps(row), flush=True)
    return row


def _agree(work: Work, mine: Run, other: Run) -> None:
    gaps = (abs(mine["value"] - other["value"]), abs(mine["error"] - other["error"]))
    limits = (0.05, 0.05) if work.drawn else (1e-6, 1e-4 * abs(other["error"]))
    if any(gap > limit for gap, limit in zip(gaps, limits, strict=True)):
        raise SystemExit(f"{work.title}, {work.peer}: the two sides disagree, so their times say nothing.")


def _run(command: list[str], suffix: str) -> Run:
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | ONE_THREAD
    done = subprocess.run([*command[:-1], command[-1] + suffix], check=True, capture_output=True, text=True, env=kept)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _median(runs: list[Run], key: str) -> float:
    return round(statistics.median(r[key] for r in runs), 3)


def set_beside(
    row: dict[str, object], ours: list[Run], theirs: list[Run], value: float, error: float
) -> dict[str, object]:
    """The row with the peer's numbers and the ratios, printed; without runs of the peer it says so.

    value, error: how far estimates may lie apart, and standard errors by their ratio. Stops where they do.
    """
    if not theirs:
        return row | {"peer": f"{row['peer']} (not installed here)"}
    mine, other = ours[0], theirs[0]
    if abs(mine["value"] - other["value"]) > value or abs(mine["error"] / other["error"] - 1) > error:
        raise SystemExit(f"{row['work']}: the two sides disagree, so their times say nothing.")
    ratios = [b["seconds"] / a["seconds"] for a, b in zip(ours, theirs, strict=True)]
    numbers = (statistics.median(ratios), min(ratios), max(ratios))
    row |= {f"peer_{k}": _median(theirs, k) for k in ("seconds", "mb")}
    row |= dict(zip(("ratio", "ratio_low", "ratio_high"), (round(r, 1) for r in numbers), strict=True))
    print(json.dumps(row), flush=True)
    return row


def write(found: list[dict[str, object]], name: str = "estimators.csv") -> None:
    """A table of benchmarks in these columns."""
    with (HERE / name).open("w", newline="", encoding="utf-8") as out:
        table = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(found)


def again(repeats: int, names: Collection[str]) -> list[dict[str, object]]:
    """The table with the rows of some works measured again."""
    measured = {(r["work"], r["people"], r["peer"]): r for r in rows(repeats, names)}
    with (HERE / "estimators.csv").open(encoding="utf-8") as source:
        before: list[dict[str, object]] = list(csv.DictReader(source))  # type: ignore[arg-type]
    return [measured.get((r["work"], int(str(r["people"])), r["peer"]), r) for r in before]


if __name__ == "__main__":
    runs, asked = int(sys.argv[1]) if len(sys.argv) > 1 else 5, sys.argv[2:]
    write(again(runs, asked) if asked else rows(runs))
