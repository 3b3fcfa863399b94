"""What is left to read: how many crude rows of a small program are exact, or rounded by less than a point.

The demo is drawn with 900 people, once for each seed, and goes through the workflow up to its release under `cms`.
Of the crude risks and mean days of every arm and difference, at all horizons of outcomes that a primary question asks
about (`wide`) and at its own horizon (`narrow`), counted are those that are told exactly, or with a stated error under
one point (of mean days: one hundredth of the horizon). `make utility` writes `tests/attack/utility.csv`; a row is kept
for the release as it was (`--before`, run in a checkout of it).

    python tests/attack/utility.py --seeds 20 --cores 2
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

PROJECT = Path(__file__).resolve().parents[2]
OUT = Path(__file__).with_name("utility.csv")
PEOPLE, SEEDS, FIRST = 900, 20, 20261201
POINT, LEAST = 0.01, 0.5
COHORT = "config/cohorts/demo.yaml"


def estimates(code: Path, seed: int, cores: int) -> pd.DataFrame:
    """The released estimates of the demo drawn with PEOPLE people and a seed, by the workflow in a checkout."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").symlink_to(code / "data")
        shutil.copytree(code / "config", folder / "config")
        study = (folder / COHORT).read_text(encoding="utf-8")
        drawn = study.replace("people: 4000", f"people: {PEOPLE}").replace("seed: 20260101", f"seed: {seed}")
        if drawn == study:
            raise RuntimeError(f"{COHORT} does not say how many people are drawn as it did: 'people: 4000'.")
        (folder / COHORT).write_text(drawn, encoding="utf-8")
        target = "results/demo/release/estimates.csv"
        command = [
            sys.executable, "-m", "snakemake", target, "--cores", str(cores), "--quiet", "all", "--snakefile",
            str(code / "workflow/Snakefile"), "--directory", str(folder),
        ]  # fmt: skip
        surroundings = {**os.environ, "PYTHONPATH": str(code / "src"), "OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, cwd=folder, env=surroundings)
        return pd.read_csv(folder / target, keep_default_na=False, na_values=[""])


def primary(code: Path) -> pd.DataFrame:
    """Contrast, outcome and horizon of the primary questions of the demo."""
    sheet = pd.read_csv(code / "config/analyses.tsv", sep="\t", dtype=str)
    own = sheet[(sheet["cohort"] == "demo") & (sheet["family"] == "primary")]
    days = own.assign(horizon_days=own["horizon_days"].str.split(", ")).explode("horizon_days")
    return days[["contrast", "outcome", "horizon_days"]].astype({"horizon_days": int}).drop_duplicates()


def kept(found: pd.DataFrame, asked: pd.DataFrame) -> dict[str, int]:
    """How many crude rows there are, how many are exact, and how many are rounded by less than a point."""
    crude = found[
        (found["method"] == "crude") & (found["of"] != "ratio") & found["measure"].isin(["risk", "mean_days"])
    ]
    outcomes = crude.merge(asked[["contrast", "outcome"]].drop_duplicates(), on=["contrast", "outcome"])
    told = {}
    for name, rows in (("wide", outcomes), ("narrow", crude.merge(asked, on=["contrast", "outcome", "horizon_days"]))):
        limit = rows["horizon_days"].where(rows["measure"] == "mean_days", 1) * POINT
        error = rows["rounding_error"] if "rounding_error" in rows else pd.Series(0.0, index=rows.index)
        ok = rows["status"] == "ok"
        exact = ok & (error == 0)
        near = ok & (error > 0) & (error < limit)
        told |= {f"{name}_rows": len(rows), f"{name}_exact": int(exact.sum()), f"{name}_near": int(near.sum())}
    return told


def study(code: Path, seeds: Sequence[int], cores: int, door: str) -> pd.DataFrame:
    """A line for each seed."""
    asked = primary(code)
    said = ["git", "-C", str(code), "describe", "--always", "--dirty", "--exclude=*"]
    version = subprocess.run(said, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    lines = [{"door": door, "seed": s, "people": PEOPLE, **kept(estimates(code, s, cores), asked)} for s in seeds]
    return pd.DataFrame(lines).assign(code=version)


def share(table: pd.DataFrame, door: str) -> float:
    """The share of the wide rows that are exact or near, over all seeds."""
    own = table[table["door"] == door]
    return float((own["wide_exact"] + own["wide_near"]).sum() / own["wide_rows"].sum())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study and write its table; end in an error if less than half is kept."""
    parser = argparse.ArgumentParser(description="What a release of a small program still tells.")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--code", type=Path, default=PROJECT, help="checkout of the project whose workflow is run")
    parser.add_argument("--before", action="store_true", help="its rows are those of the release as it was")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args(arguments)
    door = "before" if asked.before else "release"
    found = study(asked.code.resolve(), range(FIRST, FIRST + asked.seeds), asked.cores, door)
    old = pd.read_csv(asked.out) if asked.out.exists() else found.iloc[:0]
    parts = [p for p in (old[old["door"] != door], found) if len(p)]
    table = pd.concat(parts, ignore_index=True).sort_values(["door", "seed"], ignore_index=True)
    table.to_csv(asked.out, index=False)
    sys.stdout.write(f"{door}: {share(table, door):.2f} of the crude rows are exact or nearly so\n")
    sys.exit(0 if asked.before or share(table, door) >= LEAST else 1)


if __name__ == "__main__":
    main()
