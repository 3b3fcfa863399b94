"""Two hundred specifications of one question, beside R: two definitions of the arms, five weightings, ten outcomes, and
missing answers read in two ways.

4,000 people with ten covariates. Ours fits a score for each definition of the arms and weighs by it, as the workflow
does; R makes each specification by itself, as its functions are written (`glm` for the score, weighted means, and the
influence of the score's estimation by hand), and in a further row with the score of each definition fitted once. Both
read the table before their clock starts, alternate, have one thread, and must agree to 1e-6 in the mean of the
differences and to 1e-4 in that of the standard errors. Seconds are of the processor.

    python benchmarks/specifications.py [repeats]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from estimators import PEERS, Run, _median, _run, set_beside, write

PEOPLE, COVARIATES, ARMS, OUTCOMES, SEED = 4_000, 10, 2, 10, 20260101
TITLE = "specification curve, 200 estimates, score counted"
THEIRS = {"each": "R glm, each anew", "shared": "R glm, scores shared"}
REACH, VALUE, ERROR = 10, 1e-6, 1e-4


def table() -> dict[str, np.ndarray]:
    """Covariates x1 to x10, arms a1 and a2 that mostly agree, outcomes y1 to y10 of which a sixth is missing (-1)."""
    rng = np.random.default_rng(SEED)
    x = rng.normal(size=(PEOPLE, COVARIATES))
    odds = x @ np.linspace(0.5, 0.05, COVARIATES)
    first = rng.random(PEOPLE) < 1 / (1 + np.exp(-odds))
    other = np.where(rng.random(PEOPLE) < 0.1, ~first, first)
    found = {f"x{j + 1}": x[:, j] for j in range(COVARIATES)} | {"a1": first * 1.0, "a2": other * 1.0}
    for j in range(OUTCOMES):
        y = rng.random(PEOPLE) < 1 / (1 + np.exp(0.4 + 0.05 * j + 0.3 * first - 0.4 * x[:, 0] - 0.2 * x[:, j]))
        found[f"y{j + 1}"] = np.where(rng.random(PEOPLE) < 1 / 6, -1.0, y)
    return found


def rows(repeats: int) -> list[dict[str, object]]:
    """Ours beside R that makes each by itself, and beside R that shares scores."""
    from pyarrow import csv as text
    from pyarrow import table as arrow

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "people"
        people = table()
        np.savez(path.with_suffix(".npz"), **people)
        text.write_csv(arrow(people), path.with_suffix(".csv"))
        return [_row(kind, path, repeats) for kind in THEIRS]


def _row(kind: str, path: Path, repeats: int) -> dict[str, object]:
    ours: list[Run] = []
    theirs: list[Run] = []
    for _ in range(repeats):
        ours.append(_run([sys.executable, str(PEERS / "specifications_ours.py"), str(path)], ".npz"))
        if shutil.which("Rscript") is not None:
            theirs.append(_run(["Rscript", str(PEERS / "specifications.R"), kind, str(path)], ".csv"))
    row: dict[str, object] = {"work": TITLE, "people": PEOPLE, "repeats": repeats, "reach": REACH, "peer": THEIRS[kind]}
    row |= {f"ours_{k}": _median(ours, k) for k in ("seconds", "mb")}
    return set_beside(row, ours, theirs, VALUE, ERROR)


if __name__ == "__main__":
    write(rows(int(sys.argv[1]) if len(sys.argv) > 1 else 5), "specifications.csv")
