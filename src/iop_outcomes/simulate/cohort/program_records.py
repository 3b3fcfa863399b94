"""From the weekly course to the records that programs would keep: stays and persons.

What happens, in order:

1. everybody gets a pseudonym in random order, a last day of observation (364; sooner for about 3 in 100),
   and, at the end of the list, a reason for being ineligible (`INELIGIBLE`);
2. stays of the course become rows; about a quarter also have a detoxification stay that ends the day before
   day 0;
3. ineligible people are altered: too young, in another kind of program, detoxified only, or in treatment
   until 16 to 50 days before day 0 (closer stays would be linked to the index stay, and the person be
   eligible after all);
4. records end on the last day of observation: later stays are dropped, stays that go on are left open;
5. persons get what the model knows, covariates that matter for nothing, and some unknown values.

Rows keep to the loosened tables (`raw_stays`, `raw_persons`). Nothing is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from iop_outcomes.simulate.cohort.labels import LEVEL_CODES
from iop_outcomes.simulate.cohort.model import Course
from iop_outcomes.simulate.cohort.population import DRUGS, Flags, Wholes
from iop_outcomes.simulate.cohort.stays import Stays
from iop_outcomes.vocabulary import causes
from iop_outcomes.vocabulary.levels import DETOX, UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

Texts = NDArray[np.object_]

REASONS = np.array([None, causes.UNPLANNED, causes.COMPLETED, causes.TRANSFERRED, causes.DIED], dtype=object)
INELIGIBLE = ("under_18", "other_program", "detox_only", "recent_treatment")
OTHER_PROGRAMS = ("mental_health", "eating_disorder")
PSEUDONYM_LETTERS = np.array(list("ABCDEFGHJKLMNPQRSTUVWXYZ23456789"))
LAST_DAY = 364
# the day on which the records were drawn; people came in so many days before that they could be observed until then
EXTRACT = date(2025, 12, 31)
ENTRY_DAYS = 730  # those observed for the whole year came in over two years, one after the other
EARLY_END_SHARE, EARLY_END_DAYS = 0.03, (240, 363)
DETOX_SHARE, DETOX_DAYS = 0.25, (3, 7)
# days from the end of the earlier treatment to day 0, and its length
EARLIER_END, EARLIER_LENGTH = (16, 50), (14, 90)

# covariates that nothing depends on: values and shares
NOISE = {
    "race": (("white", "black", "other"), (0.62, 0.22, 0.16)),
    "education": (("less_than_high_school", "high_school", "more_than_high_school"), (0.24, 0.46, 0.30)),
    "employment": (("employed", "unemployed", "not_in_labor_force"), (0.35, 0.40, 0.25)),
}
UNKNOWN_SHARES = {
    "stable_housing": 0.01,
    "cooccurring_disorder": 0.01,
    "race": 0.02,
    "education": 0.02,
    "employment": 0.02,
}


@dataclass(frozen=True)
class Roll:
    """Who the people are in the records; every array is (n,). `death_day` is -1 where no death was recorded.

    ineligible: -1, or a position in INELIGIBLE.
    """

    person_id: Texts
    site_id: Texts
    observed_to: Wholes
    death_day: Wholes
    ineligible: Wholes

    def is_ineligible(self, name: str) -> Flags:
        """(n,) ineligible for that reason."""
        return np.asarray(self.ineligible == INELIGIBLE.index(name))

    @property
    def last_day(self) -> Wholes:
        """(n,) last day with records: death or the end of observation."""
        return np.where(self.death_day >= 0, self.death_day, self.observed_to)


def enrol(course: Course, eligible: int, rng: np.random.Generator) -> Roll:
    """Pseudonyms, sites and observation; people from position `eligible` on get a reason to be ineligible."""
    n = len(course.baseline)
    early = rng.random(n) < EARLY_END_SHARE
    observed_to = np.where(early, _between(rng, EARLY_END_DAYS, n), LAST_DAY)
    death_day = np.where(course.death_week >= 0, 7 * course.death_week + 6, -1)
    site = course.baseline.site
    width = max(2, len(str(int(site.max()) + 1)))
    position = np.arange(n)
    return Roll(
        person_id=pseudonyms(n, rng),
        site_id=np.array([f"S{s + 1:0{width}d}" for s in site], dtype=object),
        observed_to=observed_to,
        death_day=np.where(death_day <= observed_to, death_day, -1),
        ineligible=np.where(position < eligible, -1, (position - eligible) % len(INELIGIBLE)),
    )


def pseudonyms(n: int, rng: np.random.Generator) -> Texts:
    """(n,) different codes: P and six letters or digits, in random order."""
    numbers = rng.choice(2**30, n, replace=False)
    digits = (numbers[:, None] >> (5 * np.arange(6))) & 31
    return np.array(["P" + "".join(row) for row in PSEUDONYM_LETTERS[digits]], dtype=object)


def stay_rows(stays: Stays, words: Texts, roll: Roll, rng: np.random.Generator) -> pd.DataFrame:
    """The `raw_stays` table without mess, sorted by person as drawn and time. words: (stays,) for their levels."""
    import pandas as pd

    n = len(roll.person_id)
    keep = ~roll.is_ineligible("detox_only")[stays.person]
    treatment = pd.DataFrame(
        {
            "person": stays.person[keep],
            "level_of_care": words[keep],
            "start_day": stays.start_day[keep],
            "end_day": np.where(stays.cause[keep] > 0, stays.end_day[keep], LAST_DAY + 1),
            "discharge_reason": REASONS[stays.cause[keep]],
            "planned_days": 7.0 * stays.planned_weeks[keep],
            "scheduled_hours_per_week": np.round(stays.planned_hours[keep], 1),
        }
    )
    frame = pd.concat([treatment, _detox(n, roll, rng), _earlier(roll, rng)], ignore_index=True)
    frame = frame.sort_values(["person", "start_day"], kind="stable", ignore_index=True)
    person = frame.pop("person").to_numpy()
    other = np.array(OTHER_PROGRAMS, dtype=object)[person // len(INELIGIBLE) % len(OTHER_PROGRAMS)]
    frame["program_type"] = np.where(roll.is_ineligible("other_program")[person], other, "substance_use")
    frame["person_id"] = roll.person_id[person]
    frame["site_id"] = roll.site_id[person]
    last = roll.observed_to[person]
    going_on = (frame["end_day"] > last).to_numpy()
    frame["end_day"] = frame["end_day"].astype("Int64").mask(going_on)
    frame["discharge_reason"] = frame["discharge_reason"].mask(going_on, None)
    frame = frame[(frame["start_day"] <= last).to_numpy()].reset_index(drop=True)
    frame["stay_id"] = stay_ids(len(frame), rng)
    return loosen("stays", frame)


def stay_ids(n: int, rng: np.random.Generator) -> Texts:
    """(n,) different record numbers in random order."""
    return np.array([f"R{number:08d}" for number in rng.choice(10**8, n, replace=False)], dtype=object)


def _detox(n: int, roll: Roll, rng: np.random.Generator) -> pd.DataFrame:
    """Detoxification up to the day before day 0; from day 0 for those who had nothing else."""
    import pandas as pd

    alone = roll.is_ineligible("detox_only")
    has = alone | ((rng.random(n) < DETOX_SHARE) & ~roll.is_ineligible("recent_treatment"))
    days = _between(rng, DETOX_DAYS, n)
    person = np.flatnonzero(has)
    start = np.where(alone, 0, -days)[person]
    return pd.DataFrame(
        {
            "person": person,
            "level_of_care": DETOX,
            "start_day": start,
            "end_day": start + days[person] - 1,
            "discharge_reason": causes.COMPLETED,
            "planned_days": 5.0,
            "scheduled_hours_per_week": np.nan,
        }
    )


def _earlier(roll: Roll, rng: np.random.Generator) -> pd.DataFrame:
    """Treatment that ended shortly before, for those ineligible because of it."""
    import pandas as pd

    person = np.flatnonzero(roll.is_ineligible("recent_treatment"))
    n = len(person)
    level = rng.integers(1, 4, n)
    end = -_between(rng, EARLIER_END, n)
    return pd.DataFrame(
        {
            "person": person,
            "level_of_care": LEVEL_CODES[level],
            "start_day": end - _between(rng, EARLIER_LENGTH, n) + 1,
            "end_day": end,
            "discharge_reason": np.where(rng.random(n) < 0.6, causes.COMPLETED, causes.UNPLANNED),
            "planned_days": 84.0,
            "scheduled_hours_per_week": np.array([np.nan, 2.0, 10.0, 27.0])[level],
        }
    )


def person_rows(course: Course, roll: Roll, rng: np.random.Generator) -> pd.DataFrame:
    """The `raw_persons` table without mess, in the order of the course."""
    import pandas as pd

    b, n = course.baseline, len(roll.person_id)
    columns: dict[str, Any] = {
        "person_id": roll.person_id,
        "observed_to_day": roll.observed_to,
        "entry_period": entry_periods(roll.observed_to),
        "death_day": pd.array(roll.death_day, dtype="Int64"),
        "age": np.where(roll.is_ineligible("under_18"), rng.integers(14, 18, n), b.age),
        "sex": np.where(b.male, "male", "female"),
        "stable_housing": np.where(b.unstable_housing, "no", "yes"),
        "legal_mandate": np.where(b.mandated, "yes", "no"),
        "cooccurring_disorder": np.where(b.cooccurring, "yes", "no"),
        "primary_drug": np.array(DRUGS, dtype=object)[b.drug],
        "severity": b.severity,
        "prior_treatments": rng.poisson(1.2, n).astype(float),
    }
    for name, (values, shares) in NOISE.items():
        columns[name] = rng.choice(np.array(values, dtype=object), n, p=shares)
    for name, share in UNKNOWN_SHARES.items():
        columns[name] = np.where(rng.random(n) < share, UNKNOWN, columns[name].astype(object))
    frame = pd.DataFrame(columns)
    frame["death_day"] = frame["death_day"].mask(frame["death_day"] < 0)
    return loosen("persons", frame)


def entry_periods(observed_to: Wholes) -> Texts:
    """(n,) calendar quarter of day 0: as long ago as people were observed, for a whole year or less."""
    n = len(observed_to)
    earlier = np.where(observed_to >= LAST_DAY, np.arange(n) * ENTRY_DAYS // max(n, 1), 0)
    days = [EXTRACT - timedelta(days=int(d)) for d in observed_to + earlier]
    return np.array([f"{d.year}Q{(d.month + 2) // 3}" for d in days], dtype=object)


def loosen(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The declared columns that the frame has, in their order and in the types of the table `raw_<name>`."""
    from iop_outcomes.tables import TABLES

    declared = TABLES[f"raw_{name}"].columns
    present = [c for c in declared if c in frame]
    typed = frame[present].astype({c: declared[c].dtype for c in present})
    for c in present:
        if declared[c].kind == "text":
            typed[c] = typed[c].astype(object).map(lambda value: value if isinstance(value, str) else None)
    return typed


def _between(rng: np.random.Generator, limits: tuple[int, int], n: int) -> Wholes:
    """(n,) whole numbers, both limits included."""
    return rng.integers(limits[0], limits[1] + 1, n)
