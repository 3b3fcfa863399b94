"""What has only so many solutions in whole numbers: risks of a score of one covariate, and balance of a category.

A score on sex alone puts everyone of a sex and arm at one weight, so that an adjusted risk is a sum of two shares with
weights that the sizes tell. A standardised difference is a function of two numbers of people. All pairs are tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import truth as true_of
from numpy.typing import NDArray
from puzzle import Target
from rules import Rules
from statements import EVENTS, RATHER
from world import Cell, World

Mask = NDArray[np.bool_]
# how long people stayed, by the rule of the question itself and by that of its companion
STAYED = {"retained": "care", "retained_gap_7": "gap"}
SEXES = ("female", "male")


def adjusted_risks(world: World, released: Mapping[str, pd.DataFrame], known: pd.DataFrame) -> Iterator[Target]:
    """Events by sex behind adjusted risks of a score on sex alone, and those between two horizons.

    known: the people, of whom the sizes by arm and sex are taken, and the truth. Only where no one is censored.
    """
    estimates = released["estimates"]
    own = estimates[estimates["method"].isin(["overlap", "iptw"]) & (estimates["measure"] == "risk")]
    own = own[(own["contrast"] == "c") & own["outcome"].isin([*EVENTS, *STAYED]) & (own["status"] == "ok")]
    found: dict[tuple[str, str], BySex] = {}
    for (outcome, arm), rows in own[own["of"].isin(["iop", "residential"])].groupby(["outcome", "of"]):
        sides = {sex: known[(known["level"] == arm) & (known["sex"] == sex)] for sex in SEXES}
        other = known[known["level"].isin({"iop", "residential"} - {arm})]
        others = {sex: int((other["sex"] == sex).sum()) for sex in sides}
        name = STAYED.get(str(outcome), "index")
        if (known[f"{name}_cause"] == "censored").any() or min(map(len, sides.values())) == 0:
            continue
        found[str(outcome), str(arm)] = _by_sex(world, str(outcome), str(arm), rows, sides, others, name)
    for (outcome, arm), by_sex in found.items():
        yield from _steps(world.rules, f"{outcome} {arm}", by_sex)
        if outcome == "retained_gap_7" and ("retained", arm) in found:
            yield from _companions(world.rules, arm, by_sex, found["retained", arm])


@dataclass(frozen=True)
class BySex:
    """By day the pairs of events of women and men that are possible, and the true ones."""

    possible: Mapping[int, NDArray[np.intp]]
    true: Mapping[int, tuple[int, ...]]


def _by_sex(
    world: World, outcome: str, arm: str, rows: pd.DataFrame, sides: Mapping[str, pd.DataFrame],
    others: Mapping[str, int], name: str,
) -> BySex:  # fmt: skip
    sizes = [len(s) for s in sides.values()]
    female, male = np.arange(sizes[0] + 1.0)[:, None], np.arange(sizes[1] + 1.0)[None, :]
    possible: dict[int, Mask] = {}
    true: dict[int, tuple[int, ...]] = {}
    for row in rows.itertuples():
        day = true_of.day(row.horizon_days)
        true[day] = tuple(int(_happened(s, outcome, name, day).sum()) for s in sides.values())
        weights = [_weight(str(row.method), n, others[sex]) for n, sex in zip(sizes, sides, strict=True)]
        risk = (weights[0] * female + weights[1] * male) / (weights[0] * sizes[0] + weights[1] * sizes[1])
        fits = np.abs(risk - float(row.estimate)) <= _printed(row)
        if not fits[true[day]]:
            world.false.append(f"adjusted: {outcome} {arm} {day} {row.method}")
            continue
        low, high = _events(world, outcome, arm, day)
        total = female + male
        possible[day] = possible.get(day, (total >= low) & (total <= high)) & fits
    return BySex({day: np.argwhere(fits) for day, fits in sorted(possible.items())}, true)


def _steps(rules: Rules, of: str, found: BySex) -> Iterator[Target]:
    """Events of each sex by each day, and between two days."""
    for day, pairs in found.possible.items():
        for at, sex in enumerate(SEXES):
            yield from _target(rules, f"{of} {sex} {day}", pairs[:, at], found.true[day][at])
    for before, day in pairwise(found.possible):
        for at, sex in enumerate(SEXES):
            truth = abs(found.true[day][at] - found.true[before][at])
            yield from _apart(rules, f"{of} {sex} steps to {day}", found, found, (before, day), at, truth)


def _companions(rules: Rules, arm: str, one: BySex, other: BySex) -> Iterator[Target]:
    """People whom one rule of gaps counts as staying and the other does not."""
    for day in one.possible.keys() & other.possible.keys():
        for at, sex in enumerate(SEXES):
            truth = abs(one.true[day][at] - other.true[day][at])
            yield from _apart(rules, f"{arm} {sex} by rule of gaps {day}", other, one, (day, day), at, truth)


def _apart(
    rules: Rules, name: str, one: BySex, other: BySex, days: tuple[int, int], at: int, truth: int
) -> Iterator[Target]:
    """How far two numbers of a sex are apart, where that is few people but not nobody."""
    first, second = (np.unique(found.possible[day][:, at]) for found, day in zip((one, other), days, strict=True))
    if truth and len(first) and len(second):
        yield from _target(rules, name, np.abs(np.subtract.outer(second, first)).ravel(), truth)


def _happened(people: pd.DataFrame, outcome: str, name: str, day: int) -> pd.Series:
    if outcome in STAYED:
        return people[f"{name}_days"] >= day
    return (people[f"{name}_days"] <= day) & people[f"{name}_cause"].isin(EVENTS[outcome])


def _weight(method: str, own: int, other: int) -> float:
    """Of a person of an arm, in a stratum with so many people of the arm and of the other."""
    share = own / (own + other)
    return 1 - share if method == "overlap" else 1 / share


def _printed(row: Any) -> float:
    """What the number may be away from what it was: as is told, or by its digits."""
    told = 0.0 if pd.isna(row.rounding_error) else float(row.rounding_error)
    return max(told, 1e-7) + RATHER


def _events(world: World, outcome: str, arm: str, day: int) -> tuple[float, float]:
    """Between what numbers the events of an arm lie, by the released counts."""
    level = EVENTS[outcome][0] if outcome in EVENTS else true_of.STILL
    own = [
        c for c in world.cells.values()
        if c.row.outcome == outcome and c.row.arm == arm and c.row.contrast == "c" and c.key[-2] == level
        and c.key[5] == day
    ]  # fmt: skip
    return max((c.low for c in own), default=0.0), min((c.high for c in own), default=np.inf)


def _target(rules: Rules, name: str, values: NDArray[np.intp], truth: int) -> Iterator[Target]:
    """A small number, with how many values it may have: those that are told apart."""
    if rules.small(truth):
        different = np.unique(values)
        target = Target("adjusted risk", name, {}, truth)
        target.low, target.high = float(different.min()), float(different.min()) + len(different) - 1
        yield target


def balance(world: World, released: Mapping[str, pd.DataFrame]) -> Iterator[Target]:
    """People of a category in each arm, from standardised differences and shares that are unweighted."""
    found = released["diagnostics"]
    own = found[(found["analysis"] == "design") & (found["method"] == "unweighted") & found["value"].notna()]
    cells: dict[tuple[str, str, str], dict[str, Cell]] = {}
    sizes: dict[tuple[str, str, str], int] = {}
    for c in world.cells.values():
        if c.row.outcome == "covariate":
            key = (str(c.row.contrast), str(c.row.variable))
            cells.setdefault((*key, str(c.row.level)), {})[str(c.row.arm)] = c
            sizes[*key, str(c.row.arm)] = sizes.get((*key, str(c.row.arm)), 0) + c.truth
    for (contrast, variable, level), arms in cells.items():
        names = world.study["arms"][contrast]
        hidden = [a for a in names if a in arms and not arms[a].exact and world.rules.small(arms[a].truth)]
        if not hidden or set(arms) != set(names):
            continue
        said = own[(own["contrast"] == contrast) & (own["variable"] == variable) & (own["level"] == level)]
        n1, n0 = (sizes[contrast, variable, a] for a in names)
        pairs = _pairs(world, said, arms[names[0]], arms[names[1]], n1, n0)
        for at, arm in enumerate(names):
            if arm in hidden:
                different = np.unique(pairs[:, at])
                target = Target("balance", f"{contrast} {arm} {variable} {level}", {}, arms[arm].truth)
                target.low, target.high = float(different.min()), float(different.min()) + len(different) - 1
                yield target


def _pairs(world: World, said: pd.DataFrame, one: Cell, other: Cell, n1: int, n0: int) -> NDArray[np.intp]:
    """(k, 2) numbers of people of the two arms that all that is said allows."""
    x, y = np.arange(n1 + 1)[:, None], np.arange(n0 + 1)[None, :]
    fits = (x >= one.low) & (x <= one.high) & (y >= other.low) & (y <= other.high)
    p, q = x / n1, y / n0
    spread = np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        known = {
            "standardised_difference": (p - q) / spread, "share_in_first_arm": x / (x + y),
            "variance_ratio": p * (1 - p) / (q * (1 - q)),
        }  # fmt: skip
    for row in said.itertuples():
        if row.quantity not in known:
            continue
        off = 0.6 * 10.0**-world.rules.digits
        near = np.abs(known[row.quantity] - float(row.value)) <= off
        if near[one.truth, other.truth]:
            fits &= near
        else:
            world.false.append(f"{row.quantity}: {one.key}")
    return np.argwhere(fits)
