"""What weekly hours and staying do, beside R: a marginal structural model and clone-censor-weight on person-weeks.

20,000 people over 52 weeks: hours of a week in six categories, use, craving, and an answer at the end; who leaves care
does so early or done. Both sides read the table before their clock starts, whole numbers as such, alternate, and have
one thread each. Seconds are of the processor, so that a machine at other work tells no other ratio; memory is the peak
of the process, with what the language, its libraries and the table take. Ours is the estimator with the estimation of
all weights counted in the error; R's is `glm` for every chance and for the weighted outcome, `data.table` for products
over weeks, and errors that take the weights as known, as is usual there. Both must come to the same mean to 1e-4 and to
the same error with weights known to 1e-3 (chances of ours are held by a weak prior). Further rows show how ours grows
to 100,000 people.

    python benchmarks/histories.py [repeats]
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from estimators import PEERS, Run, _median, _run, set_beside, write

PEOPLE, WEEKS, SEED = 20_000, 52, 20260101
GROWTH = (25_000, 50_000, 100_000)
# log odds of going beyond a category, among those not below it
BEYOND = (2.2, 1.6, 1.2, 0.6, -0.8)
WHOLE = {"person": np.int32} | dict.fromkeys(
    ("used", "last", "category", "dropped", "done", "y", "week", "there"), np.int8
)
WORKS = {
    "structural": ("marginal structural model, 6 categories, weights counted", "R glm, weights known"),
    "cloned": ("clone-censor-weight, two strategies, weights counted", "R glm + data.table, weights known"),
}
REACH, VALUE, ERROR = 10, 1e-4, 1e-3


def table(people: int) -> dict[str, np.ndarray]:
    """Weeks of people, person by person: what was known, hours by category, whether care ended, and the answer."""
    rng = np.random.default_rng(SEED)
    severity, age, site = rng.normal(size=people), rng.integers(18, 75, people) / 10, rng.normal(size=people)
    used, craving, last = np.ones(people), 0.3 * severity, np.zeros(people)
    total, early = np.zeros(people), np.zeros(people)
    parts: dict[str, list[np.ndarray]] = {k: [] for k in ("used", "craving", "last", "category", "dropped", "done")}
    for week in range(1, WEEKS + 1):
        craving = 0.8 * craving + 0.2 * (used - 0.3) - 0.05 * last + 0.35 * rng.normal(size=people)
        odds = -1.0 + 0.5 * severity + 0.7 * craving + 1.2 * used - 0.2 * last + 0.3 * site
        used = (rng.random(people) < 1 / (1 + np.exp(-odds))).astype(float)
        category = np.zeros(people)
        for beyond, at in enumerate(BEYOND):
            chance = 1 / (1 + np.exp(-(at - 0.8 * used - 0.2 * severity + 0.15 * last)))
            category += (category == beyond) & (rng.random(people) < chance)
        dropped = rng.random(people) < 1 / (1 + np.exp(4.2 - 0.8 * used - 0.5 * craving - 0.3 * severity))
        done = ~dropped & (week >= 8) & (rng.random(people) < 0.1)
        states = (used, craving, last, category, dropped, done)
        for name, values in zip(parts, states, strict=True):
            parts[name].append(values.astype(float))
        last, total, early = category, total + category, early + used
    y = rng.random(people) < 1 / (1 + np.exp(1.0 + 0.6 * severity + 0.05 * early - 0.012 * total))
    found = {name: np.column_stack(values).ravel() for name, values in parts.items()}
    person = np.repeat(np.arange(people), WEEKS)
    gone = found["dropped"] + found["done"]
    before = np.cumsum(gone.reshape(people, WEEKS), axis=1) - gone.reshape(people, WEEKS)
    known = {"severity": severity, "age": age, "site": site, "y": y.astype(float)}
    return found | {name: values[person] for name, values in known.items()} | {
        "person": person.astype(float), "week": np.tile(np.arange(1.0, WEEKS + 1), people),
        "there": (before.ravel() == 0).astype(float),
    }  # fmt: skip


def rows(repeats: int) -> list[dict[str, object]]:
    """A row for each of WORKS, and ours for more people."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _save(folder / "weeks", table(PEOPLE), for_r=True)
        found = [_row(work, folder / "weeks", repeats) for work in WORKS]
        for people in GROWTH:
            _save(folder / "more", table(people), for_r=False)
            for work, (title, _) in WORKS.items():
                ours = [_ours(work, folder / "more") for _ in range(repeats)]
                found.append(_told(f"{title}: growth", people, ours, repeats))
                print(json.dumps(found[-1]), flush=True)
    return found


def _save(path: Path, weeks: dict[str, np.ndarray], for_r: bool) -> None:
    from pyarrow import csv as text
    from pyarrow import table as arrow

    np.savez(path.with_suffix(".npz"), **{k: v.astype(WHOLE.get(k, v.dtype)) for k, v in weeks.items()})
    if for_r:
        text.write_csv(arrow(weeks), path.with_suffix(".csv"))


def _ours(work: str, path: Path) -> Run:
    return _run([sys.executable, str(PEERS / "histories_ours.py"), work, str(path)], ".npz")


def _told(title: str, people: int, ours: list[Run], repeats: int) -> dict[str, object]:
    row: dict[str, object] = {"work": title, "people": people, "repeats": repeats}
    return row | {f"ours_{k}": _median(ours, k) for k in ("seconds", "mb")}


def _row(work: str, path: Path, repeats: int) -> dict[str, object]:
    title, peer = WORKS[work]
    there = shutil.which("Rscript") is not None
    ours: list[Run] = []
    theirs: list[Run] = []
    for _ in range(repeats):
        ours.append(_ours(work, path))
        if there:
            theirs.append(_run(["Rscript", str(PEERS / "histories.R"), work, str(path)], ".csv"))
    row = _told(title, PEOPLE, ours, repeats) | {"peer": peer, "reach": REACH}
    return set_beside(row, ours, theirs, VALUE, ERROR)


if __name__ == "__main__":
    write(rows(int(sys.argv[1]) if len(sys.argv) > 1 else 5), "histories.csv")
