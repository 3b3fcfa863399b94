"""The people of the estimators' benchmarks, as both sides read them.

`discharges`: of a generated year of 1.5 million discharges (TEDS-D's layout), those from intensive outpatient and
residential care: arm, length of stay as one of SAMHSA's 37 classes, cause of leaving, fifteen covariates as codes and
a weight. `discharges_tenth`: every tenth of them; `_half`, `_quarter` and `_eighth` show how cost grows. `episodes`:
70,000 episodes with continuous times, their covariates drawn from the first. `weeks`: 20,000 people with 26 weekly
results, a quarter of them missing. Each is written as arrays for us (.npz)
and as text for R (.csv), in one folder that the benchmark throws away.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

ROWS, EPISODES, SEED = 1_500_000, 70_000, 20260101
PATTERNS, WEEKS = 20_000, 26
INTENSIVE, RESIDENTIAL = 6, (3, 4, 5)
COVARIATES = [
    "AGE", "GENDER", "RACE", "ETHNIC", "MARSTAT", "EDUC", "EMPLOY", "LIVARAG", "ARRESTS", "PSOURCE", "NOPRIOR", "SUB1",
    "ROUTE1", "FREQ1", "PSYPROB",
]  # fmt: skip
SHARES = {"": 1, "_half": 2, "_quarter": 4, "_eighth": 8, "_tenth": 10}
RARE = 0.0005  # codes of a smaller share are one code together
# REASON: 1 completed, 2 left, 3 ended by the facility, 4 transferred, 5 incarcerated, 6 died, 7 other
CAUSES = {1: 2, 2: 1, 3: 1, 4: 3, 5: 4, 6: 4, 7: 0}


def write(folder: Path) -> dict[str, int]:
    """Write the three files into a folder; returns their sizes."""
    from pyarrow import csv

    year = folder / "tedsd_puf_2019.csv"
    command = ["generate-tedsd", "--year", "2019", "--rows", str(ROWS), "--out", str(year)]
    if not year.exists():
        subprocess.run([sys.executable, "-m", "iop_outcomes.cli", *command], check=True)
    wanted = ["SERVICES", "REASON", "LOS", *COVARIATES]
    table = csv.read_csv(year, convert_options=csv.ConvertOptions(include_columns=wanted)).to_pandas()
    table = table[table["SERVICES"].isin([INTENSIVE, *RESIDENTIAL])].reset_index(drop=True)
    rng = np.random.default_rng(SEED)
    people = {
        "arm": (table["SERVICES"] == INTENSIVE).to_numpy(np.uint8),
        "time": table["LOS"].to_numpy(float),
        "cause": table["REASON"].map(CAUSES).to_numpy(np.int64),
        "weight": rng.uniform(0.5, 2.0, len(table)),
        "site": rng.integers(0, 50, len(table)),
        **{name: _codes(table[name].to_numpy()) for name in COVARIATES},
    }
    parts = {f"discharges{name}": {k: v[::step] for k, v in people.items()} for name, step in SHARES.items()}
    picked = rng.choice(len(table), EPISODES, replace=False)
    episodes = {k: v[picked] for k, v in people.items()} | _continuous(people["arm"][picked], rng)
    parts["episodes"] = episodes
    parts["weeks"] = _weeks(np.random.default_rng(SEED + 1))
    for name, part in parts.items():
        _save(folder / name, part)
    return {name: len(part["arm"]) for name, part in parts.items()}


def _continuous(arm: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    days = rng.exponential(np.where(arm == 1, 90.0, 60.0))
    end = rng.uniform(20, 365, len(arm))
    cause = np.where(days <= end, rng.choice([1, 2, 3, 4], len(arm), p=[0.45, 0.4, 0.1, 0.05]), 0)
    return {"time": np.minimum(days, end), "cause": cause.astype(np.int64)}


def _weeks(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Weekly results: 1 negative, 0 not, 2 missing, after leaving for good (sooner after a positive one) or once."""
    arm, age, severity = rng.integers(0, 2, PATTERNS), rng.integers(18, 75, PATTERNS), rng.normal(size=PATTERNS)
    here, before, found = np.ones(PATTERNS, dtype=bool), np.zeros(PATTERNS, dtype=bool), {}
    for week in range(1, WEEKS + 1):
        log_odds = -0.3 + 0.4 * arm - 0.5 * severity + 2 * (before - 0.5) + 0.01 * week
        negative = rng.random(PATTERNS) < 1 / (1 + np.exp(-log_odds))
        given = here & (rng.random(PATTERNS) < 0.92)
        found[f"week{week}"] = np.where(given, negative, 2).astype(np.uint8)
        here &= rng.random(PATTERNS) < 1 / (1 + np.exp(-4.0 - (given & negative) + 0.5 * severity))
        before = negative
    return {"arm": arm.astype(np.uint8), "age": age.astype(np.uint8), "severity": severity, **found}


def _codes(values: np.ndarray) -> np.ndarray:
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    rare = counts < RARE * len(values)
    place = np.where(rare, 0, np.cumsum(~rare) - (not rare.any()))
    return place[codes].astype(np.uint8)


def _save(path: Path, people: dict[str, np.ndarray]) -> None:
    from pyarrow import csv, table

    np.savez(path.with_suffix(".npz"), **people)
    csv.write_csv(table(people), path.with_suffix(".csv"))


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
