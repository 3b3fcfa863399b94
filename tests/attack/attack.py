"""Does a release give anyone away? A thousand small cohorts under every policy, through the real release, attacked.

What happens, in order: every cohort has a seed of its own, spawned from one SeedSequence, so that results do not depend
on how cohorts are shared out; its people go through the real analyses once and through the real release under each
policy; an intruder reads the released tables and looks for numbers of people that are too small to be shown: of cells,
of differences between cells that nest, of parts of cells, of events by sex behind adjusted risks, of categories behind
diagnostics; and of those who came between two releases. `make attack` writes `tests/attack/attacks.csv` and ends in an
error if anything is recovered.

A number is recovered where fewer values remain than half of those that a small number can have, or it is told. The
intruder knows every size, which cells are small, and how the tables hang together (`world`, `laws`); he shares no code
with the release. A difference of nobody is no cell, whatever a policy says of zeros, and is not looked for. Doors that
hide small cells only, or round each count by itself, are attacked as well: there he must find something. So he must in
the release as it was before (commit 87ad687), whose lines are kept.

    python tests/attack/attack.py --cohorts 1000 --processes 2

What is found of each cohort is kept beside the table as it is found: a run that was stopped writes the table of what
it has, and the next one goes on from there.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cohorts
import numpy as np
import pandas as pd
import scipy
from doors import NAIVE
from intruder import KINDS, Found, one_release, two_releases
from private_tables import Private, private
from rules import RULES

from iop_outcomes import __version__
from iop_outcomes.files import csv_text
from iop_outcomes.release import run

OUT = Path(__file__).with_name("attacks.csv")
SEED, COHORTS = 20261130, 1_000
ADDED = 3
REAL, BEFORE = "release", "before"
KEY = ["policy", "door", "attack"]
COUNTED = ["releases", "hidden", "recovered", "untrue"]
# of a cohort in so many, a second release after a quarter, and the naive doors, which cost as much as eight others
SOME = 50


def seeds(seed: int, number: int) -> list[np.random.SeedSequence]:
    """One per cohort; the first k are the same whatever the number."""
    return np.random.SeedSequence(seed).spawn(number)


def attacked(
    at: int,
    seed: np.random.SeedSequence,
    policies: Sequence[str] = tuple(RULES),
    size: int | None = None,
    some: int = SOME,
) -> Iterator[tuple[str, str, Found]]:
    """Policy, door and what was found of one cohort, the at-th. size: of how many people; else at random. some: of a
    cohort in so many a second release, and the naive doors; 0 of none.
    """
    first = cohorts.cohort(np.random.default_rng(seed), size)
    later = cohorts.cohort(np.random.default_rng(seed), size, ADDED) if some and at % some == 0 else None
    people = first.known if first.asked.simple else first.known.iloc[:0]
    # policies whose gates ask for as many events stand on the same results
    made = {events: private(first, events) for events in {RULES[policy].events for policy in policies}}
    grown = {events: private(later, events) for events in made} if later else {}
    for policy in policies:
        rules = RULES[policy]
        tables = made[rules.events]
        released = run(**tables.asked(policy))
        yield policy, REAL, one_release(released, tables.tables, tables.told, rules, people)
        if later is None:
            continue
        more = grown[rules.events]
        both = (released, tables.tables), (_later(more, policy, released), more.tables)
        yield policy, REAL, two_releases(*both, tables.told, rules)
        for name, door in NAIVE.items():
            yield policy, name, one_release(door(tables, policy), tables.tables, tables.told, rules, people.iloc[:0])


def _later(grown: Private, policy: str, before: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The release a quarter later, held against the ledger of the one before where it left one."""
    if "ledger" not in before:
        return run(**grown.asked(policy))
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder, "ledger.csv")
        csv_text.write(before["ledger"], ledger)
        return run(**grown.asked(policy), earlier=str(ledger))


def lines(at: int, seed: np.random.SeedSequence, policies: Sequence[str]) -> list[dict[str, object]]:
    """What was found of one cohort, a line for each policy, door and attack that had anything to look for."""
    found = []
    for policy, door, result in attacked(at, seed, policies):
        for kind in KINDS:
            hidden = result.hidden(kind)
            untrue = len(result.false) if kind == "cell" else 0
            if hidden or untrue:
                found.append(
                    {
                        "policy": policy, "door": door, "attack": kind, "releases": 1, "hidden": len(hidden),
                        "recovered": len(result.recovered(kind)), "untrue": untrue,
                    }
                )  # fmt: skip
    return found


Task = tuple[list[str], int, np.random.SeedSequence]


def _task(given: Task) -> list[dict[str, object]]:
    policies, at, seed = given
    found = lines(at, seed, policies)
    return [{"policy": p, "cohort": at, "lines": [line for line in found if line["policy"] == p]} for p in policies]


def study(asked: Study, policies: Sequence[str], processes: int = 1) -> None:
    """Attacks the cohorts that are not yet in the parts, one after another under every policy, and adds each to the
    parts as it is done.
    """
    done = {(part["policy"], part["cohort"]) for part in asked.parts()}
    every = enumerate(seeds(asked.seed, asked.cohorts))
    open_: list[Task] = [([p for p in policies if (p, at) not in done], at, seed) for at, seed in every]
    left = [task for task in open_ if task[0]]
    if processes == 1:
        asked.keep(map(_task, left))
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        asked.keep(pool.imap(_task, left))


@dataclass(frozen=True)
class Study:
    """How many cohorts, of which seed, and where what is found is kept: a line of JSON for each cohort and policy.

    Lines of another seed or another state of the code do not count.
    """

    cohorts: int
    seed: int
    path: Path

    def parts(self) -> list[dict[str, Any]]:
        """What is kept so far, by policy and cohort."""
        kept = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        known = [json.loads(line) for line in kept]
        own = [p for p in known if (p["seed"], p["versions"]) == (self.seed, versions())]
        return sorted(own, key=lambda p: (p["policy"], p["cohort"]))

    def keep(self, found: Iterable[list[dict[str, object]]]) -> None:
        """Adds what was found of each cohort."""
        of = {"seed": self.seed, "versions": versions()}
        with self.path.open("a", encoding="utf-8") as file:
            for parts in found:
                file.writelines(json.dumps(of | part) + "\n" for part in parts)
                file.flush()

    def table(self) -> pd.DataFrame:
        """The table: a line for each policy, door and attack, with how many cohorts were attacked under the policy."""
        parts = self.parts()
        number = Counter(str(p["policy"]) for p in parts)
        found = pd.DataFrame([line for p in parts for line in p["lines"]], columns=[*KEY, *COUNTED])
        summed = found.groupby(KEY, sort=False)[COUNTED].sum().reset_index()
        every = summed["policy"].map(number).astype("int64")
        return ordered(summed.assign(cohorts=every, seed=self.seed, versions=versions()))


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    """The lines by policy, door and attack."""
    order = [list(RULES), [REAL, BEFORE, *NAIVE], list(KINDS)]
    places = {name: table[name].map(known.index) for name, known in zip(KEY, order, strict=True)}
    return table.loc[pd.DataFrame(places).sort_values(KEY).index].reset_index(drop=True)


@cache
def versions() -> str:
    """What was attacked, and by what."""
    told = ["git", "-C", str(OUT.parent), "describe", "--always", "--dirty", "--exclude=*"]
    code = subprocess.run(told, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    return (
        f"iop-outcomes {__version__} at {code}, Python {platform.python_version()}, numpy {np.__version__}, "
        f"scipy {scipy.__version__}"
    )


def wrong(table: pd.DataFrame) -> list[str]:
    """What is not as it must be: the release gives something away or says what is not true, or a door that lets too
    much out seems to give nothing away.
    """
    real = table[table["door"] == REAL]
    found = [
        f"{r.recovered} of {r.hidden} recovered under {r.policy}: {r.attack}" for r in real.itertuples() if r.recovered
    ]
    found += [f"{r.untrue} statements are not true under {r.policy}" for r in real.itertuples() if r.untrue]
    bitten = table[table["door"] != REAL].groupby(["policy", "door"])["recovered"].sum()
    return found + [f"nothing is recovered from {door} under {policy}" for (policy, door), n in bitten.items() if not n]


def show(at: int, seed: int, policies: Sequence[str]) -> None:
    """What is recovered of one cohort, for whoever mends the release: its people are invented."""
    for policy, door, found in attacked(at, seeds(seed, at + 1)[at], policies):
        for kind in KINDS if door == REAL else ():
            for t in found.recovered(kind):
                sys.stdout.write(f"{policy}, {kind}: {t.name}: {t.truth}, from {t.low:g} to {t.high:g}\n")
        for said in found.false if door == REAL else ():
            sys.stdout.write(f"{policy}, not true: {said}\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study and write its table, or show what is recovered of one cohort."""
    parser = argparse.ArgumentParser(description="An intruder with the whole release.")
    parser.add_argument("--cohorts", type=int, default=COHORTS)
    parser.add_argument("--policy", choices=list(RULES), action="append", help="give it again for more; else all")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--show", type=int, help="number of the cohort, from 0, of which everything recovered is told")
    parser.add_argument("--before", action="store_true", help="write the lines of the release as those of an older one")
    asked = parser.parse_args(arguments)
    policies = asked.policy or list(RULES)
    if asked.show is not None:
        show(asked.show, asked.seed, policies)
        return
    known = Study(asked.cohorts, asked.seed, asked.out.with_suffix(".parts.jsonl"))
    try:
        study(known, policies, asked.processes)
    finally:  # whoever stops it keeps what is there
        table = known.table()
        _write(table, asked.out, asked.before)
    problems = wrong(table)
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    sys.exit(1 if problems else 0)


def _write(table: pd.DataFrame, out: Path, before: bool) -> None:
    """The table with the lines of the other release that are there, and of policies that were not attacked now."""
    if before:
        table = table[table["door"] == REAL].assign(door=BEFORE)
    old = pd.read_csv(out) if out.exists() else table.iloc[:0]
    kept = old[((old["door"] == BEFORE) != before) | ~old["policy"].isin(table["policy"])]
    parts = [part for part in (table, kept) if len(part)]
    if parts:
        ordered(pd.concat(parts, ignore_index=True)).to_csv(out, index=False)


if __name__ == "__main__":
    main()
