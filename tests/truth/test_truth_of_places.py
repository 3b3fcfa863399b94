"""Where people are, from simulated stays as they were placed, recovers where all would have been in either arm; as they
compare unweighted it does not, and days of care beyond the end of observation are stood for by others.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import iop_outcomes as iop
from iop_outcomes.analyses import places
from iop_outcomes.simulate.cohort.labels import LEVEL_CODES
from iop_outcomes.simulate.cohort.model import Course, follow, simulate
from iop_outcomes.simulate.cohort.program_records import REASONS
from iop_outcomes.simulate.cohort.stays import stays_of

pytestmark = pytest.mark.truth

PEOPLE, SEED, DAY = 12_000, 5, 180
YEAR = 363
OUT, DONE, IOP, RES = "out_otherwise", "out_completed", "at_intensive_outpatient", "at_residential"


def made(course: Course, observed: np.ndarray) -> pd.DataFrame:
    """The stretches of simulated people up to the day asked about."""
    stays, ids = stays_of(course), np.array([f"p{i:05d}" for i in range(PEOPLE)], dtype=object)
    ended = stays.cause > 0
    care = pd.DataFrame(
        {
            "stay_id": [f"s{i:06d}" for i in range(len(ended))], "person_id": ids[stays.person],
            "level_of_care": LEVEL_CODES[stays.level], "start_day": stays.start_day,
            "end_day": pd.array(np.where(ended, stays.end_day, 0), dtype="Int64"),
            "discharge_reason": REASONS[stays.cause],
        }
    )  # fmt: skip
    care["end_day"] = care["end_day"].mask(~ended)
    people = pd.DataFrame({"person_id": ids, "record_id": ids, "index_start_day": 0, "observed_days": observed})
    death = pd.Series(7 * course.death_week + 6, dtype="Int64").mask(course.death_week < 0)
    return places.run(people, pd.DataFrame({"person_id": ids, "death_day": death}), care, DAY)["places"]


def told(rows: pd.DataFrame, what: str, weight: np.ndarray | None = None) -> pd.DataFrame:
    """The library's rows by place. weight: of people."""
    weights = {} if weight is None else {"weight": "weight"}
    if weight is not None:
        rows = rows.assign(weight=weight[rows["person_id"].str[1:].astype(int)])
    columns = ("person_id", "entered", "left", "place", "moved_to")
    return iop.states_over_time(rows, *columns, [DAY], told=what, **weights).set_index("state")


@pytest.fixture(scope="module")
def natural() -> Course:
    return simulate(PEOPLE, 40, np.random.default_rng(SEED))


@pytest.mark.parametrize("what", ["share", "days"])
def test_weighted_by_the_true_placement_they_are_those_of_everyone_in_the_arm(natural: Course, what: str) -> None:
    """A third is lost to observation by chance."""
    rng = np.random.default_rng(SEED + 1)
    seen = np.where(rng.random(PEOPLE) < 0.33, rng.integers(20, YEAR, PEOPLE), YEAR)
    as_placed = made(natural, seen)
    arm = natural.arm[as_placed["person_id"].str[1:].astype(int)]
    e, off = natural.baseline.placement, 0
    for one in (1, 0):
        forced = follow(natural.baseline, np.random.default_rng(SEED + 2), "base", one)
        true = told(made(forced, np.full(PEOPLE, YEAR)), what)
        weight = 1 / np.where(one == 1, e, 1 - e)
        own = as_placed[arm == one]
        weighted, naive = told(own, what, weight), told(own, what)
        for place in (OUT, DONE, IOP if what == "days" else "at_outpatient"):
            error = np.hypot(weighted.loc[place, "std_error"], true.loc[place, "std_error"])
            assert abs(weighted.loc[place, "estimate"] - true.loc[place, "estimate"]) < 3.5 * error, (one, place)
            error = np.hypot(naive.loc[place, "std_error"], true.loc[place, "std_error"])
            off += abs(naive.loc[place, "estimate"] - true.loc[place, "estimate"]) > 4 * error
    assert off >= 3


def test_days_counted_as_observed_are_too_few_where_some_are_lost(natural: Course) -> None:
    rng = np.random.default_rng(SEED + 3)
    seen = np.where(rng.random(PEOPLE) < 0.5, rng.integers(20, 150, PEOPLE), YEAR)
    whole, lost = (told(made(natural, observed), "days") for observed in (np.full(PEOPLE, YEAR), seen))
    np.testing.assert_allclose(lost["estimate"].sum(), DAY)
    rows = made(natural, seen)
    plain = (rows["left"] - rows["entered"])[rows["place"] == OUT].sum() / PEOPLE
    assert abs(lost.loc[OUT, "estimate"] - whole.loc[OUT, "estimate"]) < 3.5 * lost.loc[OUT, "std_error"]
    assert plain < whole.loc[OUT, "estimate"] - 10 * lost.loc[OUT, "std_error"]
