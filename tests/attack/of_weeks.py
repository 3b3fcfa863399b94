"""Questions by weeks of care, as a cohort may be asked: strategies of how long to stay, a threshold of weeks, further
care after leaving, and doses; the tables that they stand on, and the classes of people that their cells count.

Two strategies differ in whether who leaves earlier than week 4 counts: the cells of one hold people of the other. Who
left residential care and could have gone on is some of those who started there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator

from iop_outcomes.protocol import Doses, InCare, OfDose, Starting, Strategies, Threshold
from iop_outcomes.tables import TABLES
from iop_outcomes.vocabulary.arms import NOT_STARTED, STARTED

ARM, LEAVERS = "iop", "residential"  # whose weeks are asked about, and who is asked about going on
LONG, SHORT, BEND, ONWARD, GRID = "leave_in", "leave_by", "bend", "onward", "grid"
STAY, IN, BY = "stay_13", "leave_in_4", "leave_by_4"
STAYED_WEEKS, LEFT_FROM, LEFT_BY = 84, 21, 28  # days of the care life table at which strategies part people
WITHIN, HORIZON, WEEKS = 14, 180, 25
# who followed what, by when they left and whether they were lost (died, or not observed any longer)
STAYING, LATE, MIDDLE, FOURTH, EARLY = "stays", "week 13", "weeks 5 to 12", "week 4", "weeks 1 to 3"
LOST_FOURTH, LOST_EARLY = "lost in week 4", "lost in weeks 1 to 3"
PARTS = {
    ("stayed", "in"): (STAYING,), ("left_earlier", "in"): (MIDDLE, LATE), ("untold", "in"): (MIDDLE, LATE),
    ("left_earlier", "out"): (EARLY, FOURTH, LOST_EARLY, LOST_FOURTH), ("untold", "out"): (LOST_EARLY, LOST_FOURTH),
}  # fmt: skip
FOLLOWED = {STAY: (STAYING, LATE), IN: (FOURTH,), BY: (FOURTH, EARLY)}
# what became of who left residential care in time to be asked, and who was not asked
ASKED = (STARTED, NOT_STARTED, "gone")
WENT = (*ASKED, "not asked")
ONE = ("",)
BY_WEEKS = (LONG, SHORT, BEND, ONWARD, GRID)


def _strategies(name: str, second: str, stay: str) -> Strategies:
    sides = {
        "first": {"name": STAY, "label": "Long", "stay": "at_least", "weeks": 13},
        "second": {"name": second, "label": "Short", "stay": stay, "weeks": 4},
    }
    return Strategies.model_validate({"title": name, "contrast": "c", "arm": ARM, **sides})


def compared(weeks: bool, onward: bool, grid: bool) -> OfDose:
    """What is asked beside durations and hours a week."""
    bend = {"title": "", "contrast": "c", "arm": ARM, "weeks": [1, 2, 4, 6, 8], "at": 4, "step": 2, "fewest": 11}
    further = {"title": "", "leaves": ["3.5"], "starts": ["1"], "within_days": WITHIN}
    doses = {"title": "", "contrast": "c", "hours": [8, 12], "weeks": [4, 8], "fewest_near": 20}
    strategies = {LONG: _strategies(LONG, IN, "exactly"), SHORT: _strategies(SHORT, BY, "at_most")}
    return OfDose(
        strategies=strategies if weeks else {},
        thresholds={BEND: Threshold.model_validate(bend)} if weeks else {},
        starting={ONWARD: Starting.model_validate(further)} if onward else {},
        doses={GRID: Doses.model_validate(doses)} if grid else {},
    )


def questions(weeks: bool, onward: bool, grid: bool) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Name of the comparison, methods and measure of each question."""
    for name in (LONG, SHORT) if weeks else ():
        yield name, ("crude", "clone_censor_weight"), "risk"
    for measure in ("rise_per_week", "gain") if weeks else ():
        yield BEND, ("naive", "clone_censor_weight"), measure
    if onward:
        yield ONWARD, ("crude", "clone_censor_weight"), "risk"
    if grid:
        yield GRID, ("naive",), "risk"


def told(weeks: bool, onward: bool, grid: bool) -> tuple[dict[str, list[str]], dict[str, InCare]]:
    """Arms of each comparison, and how those by weeks divide people, as the workflow passes them."""
    asked = compared(weeks, onward, grid)
    arms = {name: [side.name for side in one.sides] for name, one in {**asked.strategies, **asked.starting}.items()}
    in_care = {
        name: InCare(day=one.all_left_by, of="c", arm=ARM, staying=STAY, sides=one.days)
        for name, one in asked.strategies.items()
    }
    return arms | {name: [ARM, LEAVERS] for name in asked.doses}, in_care


def tables(known: pd.DataFrame, rng: Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables doses and onward of people. known: as `cohorts` makes them."""
    levels = known["level"].map({"iop": "2.1", "residential": "3.5", "partial": "2.5"})
    last = np.minimum(known["care_days"].to_numpy() // 7, known["seen"].to_numpy() // 7)
    person, week = np.nonzero(np.arange(WEEKS) <= last[:, None])
    hours = np.maximum(known["weekly"].to_numpy()[person] + rng.normal(0, 2, len(person)), 0).round(1)
    seen = pd.array(rng.choice(["positive", "negative", "missing"], len(person)), dtype="object")
    days = np.minimum(known["care_days"].to_numpy()[person] - 7 * week + 1, 7)
    doses = TABLES["doses"].empty().reindex(range(len(person))).assign(
        person_id=known["person_id"].to_numpy()[person], week=week + 1, level_of_care=levels.to_numpy()[person],
        days_in_care=days, days_so_far=7 * week + days, hours_attended=hours, hours_scheduled=12.0,
        hours_so_far=10.0 * (week + 1), source="sessions", reported=True, test=seen,
    )  # fmt: skip
    left = known[(known["level"] == LEAVERS) & known["index_cause"].isin(["completed", "transferred"])]
    after = rng.integers(1, 40, len(left))
    went = (rng.random(len(left)) < 0.6) & (left["index_days"] + after <= left["seen"])
    onward = TABLES["onward"].empty().reindex(range(len(left))).assign(
        person_id=left["person_id"].to_numpy(), asked=ONWARD, left_day=left["index_days"].to_numpy(),
        days_there=left["index_days"].to_numpy() + 1, started_after=pd.array(after, dtype="Int64"),
        known_after=np.maximum((left["seen"] - left["index_days"]).to_numpy(), 0),
    )  # fmt: skip
    onward["started_after"] = onward["started_after"].where(went.to_numpy())
    return TABLES["doses"].cast(doses), TABLES["onward"].cast(onward)


def parts(arm: str, fate: str, there: str) -> tuple[str, ...]:
    """Classes of people of an arm, by what else is asked of it: when they left, or whether they went on."""
    if arm.endswith(ARM):
        return PARTS[fate, there]
    return WENT if arm.endswith(LEAVERS) else ONE


def counted(contrast: str, arm: str) -> tuple[str, tuple[str, ...] | None]:
    """The arm of which a cell counts people, and which classes of it; None where all."""
    if contrast in (LONG, SHORT):
        return ARM, FOLLOWED[arm]
    if contrast == ONWARD:
        return LEAVERS, (arm,)
    return arm, None


# cells of one level that hold people of another: the greater, what is taken from it, and what is left
HOLDS: Mapping[str, tuple[tuple[str, str], tuple[tuple[str, str], ...]]] = {
    "left in weeks 1 to 3": ((SHORT, BY), ((LONG, IN),)),
    "neither stayed nor left by week 4": (("c", ARM), ((SHORT, STAY), (SHORT, BY))),
    "did not stay": (("c", ARM), ((LONG, STAY),)),
    "in care on day 28, but left": (("hours", ARM), ((LONG, STAY),)),
    "not asked about going on, or gone": (("c", LEAVERS), ((ONWARD, STARTED), (ONWARD, NOT_STARTED))),
    "did not start": (("c", LEAVERS), ((ONWARD, STARTED),)),
    "did not go without": (("c", LEAVERS), ((ONWARD, NOT_STARTED),)),
}


def held(by: Mapping[tuple[str, str], Any]) -> Iterator[tuple[str, Any, list[Any]]]:
    """Of cells of one level by contrast and arm, those that hold others: a name, the greater, and the others."""
    for name, (more, less) in HOLDS.items():
        if more in by and all(one in by for one in less):
            yield name, by[more], [by[one] for one in less]
