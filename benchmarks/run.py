"""`make bench`: what each stage of the demo report costs, and how estimators compare with their peers.

Stages: the workflow runs in an empty folder with one core, so that no two steps share the machine; each step's own
process says at its end how long it lived, what CPU time it used and its peak memory. Byte code is on, threads are
pinned to one, medians over the repeats are written to benchmarks/stages.csv and, as rows without a peer, to
benchmarks/results.csv.

Peers: both sides of a comparison run in processes of their own, interleaved, over the same data and seed, after they
have been seen to agree; the ratio is the median of peer over ours. Later comparisons are rows of COMPARISONS.

    python benchmarks/run.py [repeats]
"""

from __future__ import annotations

import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import cleaning
import endpoints
import estimators
import histories
import national
import reading
import reports
import specifications
import suppression
import year

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
COLUMNS = [
    "work", "size", "ours_seconds", "ours_mb", "peer", "peer_seconds", "peer_mb", "ratio", "repeats", "ours_range",
    "peer_range",
]  # fmt: skip
STAGE_COLUMNS = ["step", "wall_seconds", "cpu_seconds", "peak_mb", "repeats"]
ONE_THREAD = {n: "1" for n in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
# work, size, script of ours, name of the peer, script of the peer: each prints {"seconds", "mb", "value", "error"}
COMPARISONS = [
    (
        "weighted Cox, robust variance",
        5000,
        "cox_ours.py",
        "lifelines 0.30.3 CoxPHFitter(robust=True)",
        "cox_lifelines.py",
    ),
]


def environment() -> dict[str, str]:
    """The surroundings of every run: byte code on, one thread."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | ONE_THREAD


def stages(repeats: int) -> list[dict[str, object]]:
    """Median cost of every step of the demo report."""
    seen: dict[str, list[dict[str, float]]] = defaultdict(list)
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as name:
            folder, measured = Path(name), Path(name) / "measured"
            measured.mkdir()
            for part in ("config", "data"):
                (folder / part).symlink_to(PROJECT / part)
            command = [
                sys.executable, "-m", "snakemake", "--cores", "1", "--quiet", "all",
                "--snakefile", str(PROJECT / "workflow/Snakefile"), "--directory", str(folder),
            ]  # fmt: skip
            subprocess.run(command, check=True, env=environment() | {"IOP_OUTCOMES_MEASURE": str(measured)}, cwd=folder)
            for file in sorted(measured.glob("*.json")):
                line = json.loads(file.read_text())
                seen[line.pop("step")].append(line)
    keys = ("wall_seconds", "cpu_seconds", "peak_mb")
    return [
        {"step": step, **{k: round(statistics.median(r[k] for r in runs), 2) for k in keys}, "repeats": repeats}
        for step, runs in seen.items()
    ]


def one(script: str, size: int) -> dict[str, float]:
    """One run of one side, in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(HERE / "peers" / script), str(size)],
        check=True, capture_output=True, text=True, env=environment(),
    )  # fmt: skip
    return dict(json.loads(done.stdout.splitlines()[-1]))


def comparison(work: str, size: int, ours: str, peer: str, theirs: str, repeats: int) -> dict[str, object]:
    """Both sides, interleaved; stops if they disagree beyond 1e-6 in the estimate or 1e-3 in the standard error."""
    runs = [(one(ours, size), one(theirs, size)) for _ in range(repeats)]
    mine, other = runs[0]
    if abs(mine["value"] - other["value"]) > 1e-6 or abs(mine["error"] / other["error"] - 1) > 1e-3:
        raise SystemExit(f"{work}: the two sides disagree, so their times say nothing.")
    median = {
        f"{side}_{key}": round(statistics.median(r[at][unit] for r in runs), 3)
        for at, side in enumerate(("ours", "peer"))
        for key, unit in (("seconds", "seconds"), ("mb", "mb"))
    }
    ratio = statistics.median(b["seconds"] / a["seconds"] for a, b in runs)
    return {"work": work, "size": size, **median, "peer": peer, "ratio": round(ratio, 1), "repeats": repeats}


def write(path: Path, columns: list[str], rows: list[dict[str, object]]) -> None:
    """A table as CSV."""
    with path.open("w", newline="", encoding="utf-8") as out:
        table = csv.DictWriter(out, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    print(path.relative_to(PROJECT))


def main() -> None:
    """Run everything and write the two tables."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    costs = stages(repeats)
    rows: list[dict[str, object]] = [
        {
            "work": f"stage {c['step']}", "size": "demo", "ours_seconds": c["wall_seconds"], "ours_mb": c["peak_mb"],
            "repeats": repeats,
        }
        for c in costs
    ]  # fmt: skip
    rows += [comparison(*c, repeats) for c in COMPARISONS]
    rows += national.rows(repeats)
    rows += cleaning.rows(repeats)
    rows += reading.rows(repeats)
    rows += reports.rows(repeats)
    rows += suppression.rows(repeats)
    rows += endpoints.rows(repeats)
    rows += year.rows(repeats)
    estimators.write(estimators.rows(repeats))
    estimators.write(histories.rows(repeats), "histories.csv")
    estimators.write(specifications.rows(repeats), "specifications.csv")
    write(HERE / "stages.csv", STAGE_COLUMNS, costs)
    write(HERE / "results.csv", COLUMNS, rows)


if __name__ == "__main__":
    main()
