"""From the weekly course to what was seen of people: sessions, screens, interviews, medications.

What happens. Sessions: the attended hours of a week, in whole minutes, are spread over days of the stay in
that week: every day in residence, days of about three hours in the intensive outpatient program, one day in
outpatient care; at the first of them craving is told. Screens: one per week in care on a random day. A
week that lies wholly within the gap of a step-down leaves neither. Follow-ups: one per due interview of
those alive and observed then; answers are true. Medications: spells that act on nothing. Everything ends
on the last day with records, and people who were only detoxified have none of it but medications. Rows keep
to the loosened tables; nothing is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from iop_outcomes.simulate.cohort.model import INTERVIEW_DAYS, IOP, RESIDENCE, Course
from iop_outcomes.simulate.cohort.population import DRUGS, Wholes
from iop_outcomes.simulate.cohort.program_records import Roll, Texts, loosen
from iop_outcomes.simulate.cohort.stays import Stays

if TYPE_CHECKING:
    import pandas as pd

VIRTUAL_SHARE = 0.15
LOOKBACK_DAYS = 28
# points on a scale from 0 to 100: of no more craving than others have, and of one more on the scale of the model
CRAVING_MIDDLE, CRAVING_POINTS = 50.0, 15.0
FURTHER_USE = 0.35  # chance of use on each later day of a week with use

# drug -> share of people with a spell, medications and their shares
MEDICATIONS = {
    "opioid": (0.5, ("buprenorphine", "naltrexone"), (0.75, 0.25)),
    "alcohol": (0.1, ("naltrexone",), (1.0,)),
}
MEDICATION_STARTS, MEDICATION_MEAN_DAYS = 21, 120.0


@dataclass(frozen=True)
class CareWeeks:
    """One row per person and week in care with at least one day of the stay in it; every array is (rows,).

    word: the program's for the level. missing_days: days of the week before the stay began, 0 to 6.
    """

    person: Wholes
    week: Wholes
    level: Wholes
    word: Texts
    missing_days: Wholes


def care_weeks(stays: Stays, words: Texts, roll: Roll) -> CareWeeks:
    """The weeks in which care leaves records. words: (stays,) for their levels."""
    lengths = stays.last_week - stays.first_week + 1
    stay = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(stay)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    week = stays.first_week[stay] + within
    missing = np.maximum(stays.start_day[stay] - 7 * week, 0)
    person = stays.person[stay]
    keep = (missing < 7) & ~roll.is_ineligible("detox_only")[person]
    stay = stay[keep]
    return CareWeeks(person[keep], week[keep], stays.level[stay].astype(np.int64), words[stay], missing[keep])


def session_rows(course: Course, weeks: CareWeeks, roll: Roll, rng: np.random.Generator) -> pd.DataFrame:
    """The `raw_sessions` table without mess."""
    import pandas as pd

    hours = course.hours[weeks.person, weeks.week]
    virtual = rng.random(len(roll.person_id)) < VIRTUAL_SHARE
    minutes = _spread(np.rint(60 * hours).astype(np.int64), _days_wanted(weeks.level, hours), weeks, rng)
    row, day = np.nonzero(minutes)
    person, level = weeks.person[row], weeks.level[row]
    frame = pd.DataFrame(
        {
            "person_id": roll.person_id[person],
            "day": 7 * weeks.week[row] + day,
            "minutes": minutes[row, day].astype(float),
            "level_of_care": weeks.word[row],
            "modality": np.where(virtual[person] & (level == IOP), "virtual", "in_person"),
            "craving": _told_craving(course, weeks, row),
        }
    )
    return loosen("sessions", frame[(frame["day"] <= roll.last_day[person]).to_numpy()].reset_index(drop=True))


def _told_craving(course: Course, weeks: CareWeeks, row: Wholes) -> np.ndarray:
    """(sessions,) points from 0 to 100, told at the first session of each week; NaN at the others. row: its week."""
    points = np.rint(np.clip(CRAVING_MIDDLE + CRAVING_POINTS * course.craving[weeks.person, weeks.week], 0, 100))
    return np.where(np.diff(row, prepend=-1) > 0, points[row], np.nan)


def _days_wanted(level: Wholes, hours: np.ndarray) -> Wholes:
    """Days of the week with sessions, were the whole week in the stay."""
    of_three_hours = np.clip(np.rint(hours / 3), 1, 5).astype(np.int64)
    return np.select([level == RESIDENCE, level == IOP], [7, of_three_hours], 1)


def _spread(total: Wholes, wanted: Wholes, weeks: CareWeeks, rng: np.random.Generator) -> Wholes:
    """(rows, 7) whole minutes by day of the week, with sum `total`, on random days of the stay."""
    n = len(total)
    order = rng.random((n, 7))
    order[np.arange(7) < weeks.missing_days[:, None]] = 2.0
    rank = order.argsort(axis=1).argsort(axis=1)
    chosen = rank < np.minimum(wanted, 7 - weeks.missing_days)[:, None]
    share = chosen * rng.uniform(0.8, 1.2, (n, 7))
    minutes = np.floor(total[:, None] * share / share.sum(axis=1, keepdims=True)).astype(np.int64)
    minutes[np.arange(n), chosen.argmax(axis=1)] += total - minutes.sum(axis=1)
    return minutes


def screen_rows(course: Course, weeks: CareWeeks, roll: Roll, rng: np.random.Generator) -> pd.DataFrame:
    """The `raw_screens` table without mess."""
    import pandas as pd

    at = (weeks.person, weeks.week)
    days_left = 7 - weeks.missing_days
    day = 7 * weeks.week + weeks.missing_days + np.floor(rng.random(len(days_left)) * days_left).astype(np.int64)
    result = np.where(course.used[at], "positive", "negative")
    frame = pd.DataFrame(
        {
            "person_id": roll.person_id[weeks.person],
            "day": day,
            "substance": "any",
            "result": np.where(course.screen_missed[at], "missing", result),
        }
    )
    return loosen("screens", frame[day <= roll.last_day[weeks.person]].reset_index(drop=True))


def followup_rows(course: Course, roll: Roll, rng: np.random.Generator) -> pd.DataFrame:
    """The `raw_followups` table. The day of first use is the same in every interview of a person."""
    import pandas as pd

    n = len(roll.person_id)
    first_week = course.used.argmax(axis=1)
    first_day = rng.integers(0, 7, n)
    possible = np.full(course.used.shape, 6)
    possible[np.arange(n), first_week] -= first_day
    days_used = course.used * (1 + rng.binomial(possible, FURTHER_USE))
    frames = []
    for column, target in enumerate(INTERVIEW_DAYS):
        week = target // 7
        due = (roll.observed_to >= target) & ((roll.death_day < 0) | (roll.death_day >= target))
        due &= ~roll.is_ineligible("detox_only")
        held = course.interviewed[:, column]
        use = course.used[:, :week].any(axis=1)
        first = 7 * first_week + first_day
        frame = pd.DataFrame(
            {
                "person_id": roll.person_id,
                "target_day": target,
                "day": pd.Series(target, index=range(n), dtype="Int64").where(held),
                "lookback_days": LOOKBACK_DAYS,
                "days_used": np.where(held, days_used[:, week - LOOKBACK_DAYS // 7 : week].sum(axis=1), np.nan),
                "first_use_day": pd.Series(first, dtype="Int64").where(held & use),
                "no_use_through_day": pd.Series(np.where(use, first, target) - 1, dtype="Int64").where(held),
            }
        )
        frames.append(frame[due])
    return loosen("followups", pd.concat(frames, ignore_index=True))


def medication_rows(course: Course, roll: Roll, rng: np.random.Generator) -> pd.DataFrame:
    """The `raw_medications` table: at most one spell per person."""
    import pandas as pd

    frames = []
    for drug, (share, names, shares) in MEDICATIONS.items():
        taking = rng.random(len(roll.person_id)) < share
        person = np.flatnonzero(taking & (course.baseline.drug == DRUGS.index(drug)))
        start = rng.integers(0, MEDICATION_STARTS, len(person))
        end = start + rng.exponential(MEDICATION_MEAN_DAYS, len(person)).astype(np.int64)
        died = roll.death_day[person] >= 0
        end = np.where(died, np.minimum(end, roll.last_day[person]), end)
        frame = pd.DataFrame(
            {
                "person_id": roll.person_id[person],
                "medication": rng.choice(np.array(names, dtype=object), len(person), p=shares),
                "start_day": start,
                "end_day": pd.Series(end, dtype="Int64").where(end <= roll.last_day[person]),
            }
        )
        frames.append(frame[start <= roll.last_day[person]])
    return loosen("medications", pd.concat(frames, ignore_index=True))
