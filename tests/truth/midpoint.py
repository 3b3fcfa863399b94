"""How near to the truth are curves as they are released, and those of midpoint six?

What happens, in order: every run draws one arm (time to an event exponential with a mean of 120 days, censoring uniform
between day 30 and 365, whole days); the Kaplan-Meier curve of its people is the truth; it is released by the cells of
its life table, which the release protects, and by midpoint six as the Kaplan-Meier action of OpenSAFELY does it:
cumulative events and censorings each rounded to the middle of their six, people at risk those of the beginning less
both. Errors are the largest on any day on which both show a curve and a tenth of the people, and at least five, are at
risk.

Rules: `alone`, a table whose people no other table counts, at a threshold of 8 as midpoint six has it; `beside`, at the
same threshold, where other tables count them, so that numbers are rounded to the nearest five and told weekly; `cms`,
as `beside` at the threshold of 11. A curve is invalid where it rises, leaves 0 to 1, or counts more events than people
at risk. `make midpoint` writes `tests/truth/curves_against_midpoint6.csv`; `test_midpoint.py` holds it to the rules.

    python tests/truth/midpoint.py --runs 400 --processes 2
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from iop_outcomes import __version__
from iop_outcomes.estimators.base.arrays import Array
from iop_outcomes.release import days, drawn, life_tables
from iop_outcomes.release.life_tables import Leaving, Move
from iop_outcomes.release.policy import POLICIES, Policy
from iop_outcomes.release.suppression import protect
from iop_outcomes.release.system import System
from iop_outcomes.release.told import LifeTables
from iop_outcomes.vocabulary.causes import CENSORED

OUT = Path(__file__).with_name("curves_against_midpoint6.csv")
SEED, RUNS = 20261130, 400
ARMS = (12, 20, 30, 50, 100, 300)
LAST, MEAN, FIRST_CENSORED = 365, 120.0, 30
CMS = POLICIES["cms"]
AS_STRICT = replace(CMS, minimum_count=8)
# policy, and whether no other table counts the people
RULES: dict[str, tuple[Policy, bool]] = {
    "alone": (AS_STRICT, True), "beside": (AS_STRICT, False), "cms": (CMS, False),
}  # fmt: skip
KEY = ("a", "demo", "c", "arm", "left")
EVENT = "left"


@dataclass(frozen=True)
class Arm:
    """(LAST + 1,) each: events, censorings on each day, from day 0."""

    events: Array
    censored: Array

    @property
    def people(self) -> int:
        """At the beginning."""
        return int(self.events.sum() + self.censored.sum())

    @property
    def at_risk(self) -> Array:
        """(LAST + 1,) just before each day."""
        gone = np.cumsum(self.events + self.censored)
        return self.people - np.concatenate([[0], gone[:-1]])

    @property
    def shown(self) -> int:
        """The last day on which a tenth of the people, and at least five, are at risk."""
        return int(np.flatnonzero(self.at_risk >= max(5, self.people / 10)).max())


@dataclass(frozen=True)
class Shown:
    """A released curve: (k,) heights on the days from 0 to k - 1, and whether it is valid."""

    heights: Array
    valid: bool


def draw(people: int, rng: np.random.Generator) -> Arm:
    """One arm."""
    left, lost = rng.exponential(MEAN, people), rng.uniform(FIRST_CENSORED, LAST, people)
    day = np.ceil(np.minimum(left, lost)).astype(int)
    return Arm(*(np.bincount(day[own], minlength=LAST + 1) for own in (left <= lost, left > lost)))


def kaplan_meier(arm: Arm) -> Array:
    """(LAST + 1,) the curve of the people; events come before censorings."""
    return np.cumprod(1 - arm.events / np.maximum(arm.at_risk, 1))


def midpoint_six(arm: Arm) -> Shown:
    """The curve from cumulative events and censorings in midpoints of six."""
    events, censored = (_middle(np.cumsum(own)) for own in (arm.events, arm.censored))
    new = np.diff(events, prepend=0)
    before = [np.concatenate([[0], own[:-1]]) for own in (events, censored)]
    there = _middle(np.array([arm.people]))[0] - before[0] - before[1]
    wrong = (new > 0) & ((there <= 0) | (new > there))
    steps = np.where(new > 0, 1 - new / np.where(there == 0, np.inf, there), 1.0)
    return Shown(np.cumprod(steps), not wrong.any())


def _middle(counts: Array) -> Array:
    return np.ceil(counts / 6) * 6 - 3 * (counts > 0)


def ours(arm: Arm, policy: Policy, alone: bool) -> Shown | None:
    """The curve as it is released; None where none is."""
    moves = [Move(day, cause, int(n)) for cause, own in ((EVENT, arm.events), (CENSORED, arm.censored))
             for day, n in enumerate(own) if n]  # fmt: skip
    leaving = Leaving(arm.people, tuple(sorted(moves)))
    made = life_tables.tables({KEY: leaving}, policy, {}, {}, alone)
    cells = days.cells(made.values(), {}, 0, policy)
    told = protect(System(cells.people, cells.lines, cells.bases), policy, policy.rounding_base)
    numbers = zip(cells.cells, told.count, told.low, told.high, strict=True)
    life = LifeTables(policy, made, {c: _told(n, low, high) for c, n, low, high in numbers})
    seen = life.seen.get(KEY)
    points = None if seen is None else drawn.curve(seen, (), True, 0.95, policy)
    if seen is None or points is None:
        return None
    x, y = points["x"], points["estimate"]
    valid = bool((np.diff(y) <= 1e-12).all() and y.min() > -1e-12 and y.max() < 1 + 1e-12)
    there = [seen.people.number - sum(way.at(int(day))[0] for way in seen.ways) for day in x]
    return Shown(np.interp(np.arange(x[-1] + 1), x, y), valid and min(there) > -1e-9)


def _told(count: int | None, low: int | None, high: int | None) -> days.Told | None:
    return None if low is None or high is None else days.Told(count, low, high)


def run(people: int, seed: np.random.SeedSequence) -> dict[str, tuple[float, ...]]:
    """By rule: whether a curve is released and is valid, the largest errors of ours and of midpoint six, the last day
    of ours; missing without one. Under 'midpoint6' whether that is valid.
    """
    arm = draw(people, np.random.default_rng(seed))
    truth, theirs = kaplan_meier(arm), midpoint_six(arm)
    found: dict[str, tuple[float, ...]] = {"midpoint6": (1.0, float(theirs.valid))}
    for rule, (policy, alone) in RULES.items():
        curve = ours(arm, policy, alone)
        if curve is None:
            found[rule] = (0.0, 1.0, np.nan, np.nan, np.nan)
            continue
        days_of_both = np.arange(min(len(curve.heights) - 1, arm.shown) + 1)
        errors = [float(np.abs(s.heights[days_of_both] - truth[days_of_both]).max()) for s in (curve, theirs)]
        found[rule] = (1.0, float(curve.valid), *errors, float(len(curve.heights) - 1))
    return found


def _run(job: tuple[int, np.random.SeedSequence]) -> dict[str, tuple[float, ...]]:
    return run(*job)


def study(runs: int, seed: int = SEED, processes: int = 1) -> pd.DataFrame:
    """The table: one row for each size of an arm and each rule."""
    jobs = [(people, own) for people, own in product(ARMS, np.random.SeedSequence(seed).spawn(runs))]
    if processes == 1:
        found = [run(*job) for job in jobs]
    else:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            found = pool.map(_run, jobs, chunksize=20)
    rows = [row for at, people in enumerate(ARMS) for row in _rows(people, found[at * runs : (at + 1) * runs])]
    return pd.DataFrame(rows).assign(runs=runs, seed=seed, version=f"iop-outcomes {__version__}")


def _rows(people: int, found: list[dict[str, tuple[float, ...]]]) -> Iterator[dict[str, object]]:
    theirs = 1 - np.mean([own["midpoint6"][1] for own in found])
    for rule in RULES:
        own = np.array([one[rule] for one in found])
        both = own[own[:, 0] == 1]
        kinds = {"": both[:, 2], "_midpoint6": both[:, 3]}
        numbers = {
            f"{name}_error{of}": round(float(np.percentile(errors, share)), 4) if len(both) else np.nan
            for of, errors in kinds.items() for name, share in (("median", 50), ("p95", 95))
        }  # fmt: skip
        ends = {"median_last_day": float(np.median(both[:, 4])) if len(both) else np.nan}
        shares = {"released": round(len(both) / len(own), 4), "invalid": round(1 - own[:, 1].mean(), 4)}
        yield {"people": people, "rule": rule, **shares, "invalid_midpoint6": round(theirs, 4), **numbers, **ends}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    table = study(asked.runs, processes=asked.processes)
    table.to_csv(OUT, index=False, lineterminator="\n")
    print(table.to_string(index=False))
