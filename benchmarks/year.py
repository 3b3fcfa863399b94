"""What a whole report costs on a year of the national file, beside an older checkout and beside R's `coxph`.

A year of 1.5 million discharges is generated once. Each side makes its report of it with its own checkout, environment
and study: all discharges (`sample` is taken out), contrasts of two and of three levels of care, two cores, byte code
on, in an empty folder. Steps compute on one thread; what a workflow gives them beyond that is its own: today's reads
files on both cores where no other job can run, and draws figures on both. The sides and R alternate. Seconds are those
of the clock from the start of Snakemake to its end, and CPU seconds of all its processes; megabytes are the largest
peak of any step, which each says at its end. R fits one Cox model with robust errors to those of the same year in
intensive outpatient and residential care, with 82 columns of covariates; `discharges` are all of them, a tenth
`discharges_tenth` (the default, as all of them take R an hour or more). Without R or an older checkout there is no such
row.

    python benchmarks/year.py [repeats] [older checkout] [discharges_tenth, discharges or none]
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import discharges
import national
from cleaning import commit

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
ONE_THREAD = {n: "1" for n in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
CORES, PEOPLE = 2, "discharges_tenth"
Row = dict[str, object]
Cost = dict[str, float]


def rows(repeats: int, older: Path | None = None, people: str = PEOPLE) -> list[Row]:
    """The rows of results.csv: the whole report by the clock, by CPU and by peak memory, and its dearest steps."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = discharges.write(folder) if people != "none" else {}
        year = folder / "tedsd_puf_2019.csv"
        if not year.exists():
            command = ["generate-tedsd", "--year", "2019", "--rows", str(national.ROWS), "--out", str(year)]
            subprocess.run([sys.executable, "-m", "iop_outcomes.cli", *command], check=True)
        sides = {"ours": PROJECT} | ({"older": older.resolve()} if older else {})
        seen: dict[str, list[Cost]] = defaultdict(list)
        steps: dict[str, dict[str, list[float]]] = {side: defaultdict(list) for side in sides}
        for _ in range(repeats):
            for side, checkout in sides.items():
                seen[side].append(report(checkout, year, folder / side, steps[side]))
                print(side, json.dumps(seen[side][-1]), flush=True)
            if people != "none" and shutil.which("Rscript"):
                seen["R"].append(coxph(folder / people))
                print("R", json.dumps(seen["R"][-1]), flush=True)
    size, peer = f"{national.ROWS} discharges", f"ours, commit {commit(older)}" if older else ""
    work = "TEDS-D: whole report of a year, three levels of care"
    found = [row(f"{work}: {kind}", size, kind, seen["ours"], peer, seen["older"]) for kind in ("wall", "CPU", "mb")]
    if seen["R"]:
        named = f"R survival coxph(robust), one model, {sizes[people]} of the people"
        found.append(row(f"{work}: wall", size, "wall", seen["ours"], named, seen["R"]))
    for step in sorted(steps["ours"]):
        costs = [[{"CPU": v} for v in steps[side].get(step, [])] for side in sides]
        found.append(row(f"{work}: CPU of {step}", size, "CPU", costs[0], peer, costs[-1] if older else []))
    return found


def report(checkout: Path, year: Path, folder: Path, steps: dict[str, list[float]]) -> Cost:
    """One report from nothing; CPU seconds of the steps of each kind together go to `steps`."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(checkout / "config", folder / "config")
    (folder / "data").symlink_to(checkout / "data")
    cohort = folder / "config/cohorts/tedsd.yaml"
    cohort.write_text(re.sub(r"(?m)^  sample:.*\n", "", cohort.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "measured").mkdir()
    command = [
        checkout / ".venv/bin/python", "-m", "snakemake", "--cores", str(CORES), "--quiet", "all", "--snakefile",
        checkout / "workflow/Snakefile", "--directory", folder, "--config", "cohort=tedsd", f"data={year}",
    ]  # fmt: skip
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        list(map(str, command)), cwd=folder, check=True, capture_output=True,
        env=kept | ONE_THREAD | {"IOP_OUTCOMES_MEASURE": str(folder / "measured")},
    )  # fmt: skip
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    told = [json.loads(file.read_text(encoding="utf-8")) for file in sorted((folder / "measured").glob("*.json"))]
    together: dict[str, float] = defaultdict(float)
    for one in told:
        together[one["step"]] += one["cpu_seconds"]
    for step, seconds in together.items():
        steps[step].append(seconds)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "CPU": cpu, "mb": max(one["peak_mb"] for one in told)}


def coxph(people: Path) -> Cost:
    """One Cox model with robust errors by R, reading the people not counted."""
    command = ["Rscript", str(HERE / "peers/estimators.R"), "cox_robust", str(people.with_suffix(".csv"))]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | ONE_THREAD)
    said = json.loads(done.stdout.splitlines()[-1])
    return {"wall": said["seconds"], "mb": said["mb"]}


def row(work: str, size: str, kind: str, ours: list[Cost], peer: str, theirs: list[Cost]) -> Row:
    """Medians with their ranges, and the median of peer over ours; megabytes stand where seconds of others do."""
    said: Row = {"work": work, "size": size, "repeats": len(ours), **_told("ours", kind, ours)}
    if not peer or not theirs:
        return said
    ratio = statistics.median(b[kind] / a[kind] for a, b in zip(ours, theirs, strict=True))
    return said | _told("peer", kind, theirs) | {"peer": peer, "ratio": round(ratio, 2)}


def _told(side: str, kind: str, costs: list[Cost]) -> Row:
    values, unit = [c[kind] for c in costs], "mb" if kind == "mb" else "seconds"
    return {
        f"{side}_{unit}": round(statistics.median(values), 1),
        f"{side}_range": f"{min(values):.1f} to {max(values):.1f}",
    }


if __name__ == "__main__":
    several = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    beside = Path(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2] != "none" else None
    print(json.dumps(rows(several, beside, sys.argv[3] if len(sys.argv) > 3 else PEOPLE), indent=1))
