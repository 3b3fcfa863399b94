"""How often people were to be tested, as it was known at time zero: covariates that the adjustment may name.

Tests that were scheduled are counted, and none after time zero: how often somebody is tested from then on follows from
the arm, from staying and from use, and adjusting for it would take a part of the effect away. Days of tests are read,
and nothing of their results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_outcomes.cohort.units import from_zero
from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Schedule
from iop_outcomes.vocabulary.testing import TESTS_BEFORE, TESTS_OF_SITE

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

BEFORE_DAYS = 28


def scheduled(people: pd.DataFrame, screens: pd.DataFrame, first: int, end: int) -> pd.Series:
    """(n,) tests a week that were due from day `first` of time zero to the day before `end`, one for each such day."""
    own = from_zero(screens, people)
    days = own[own["day"].between(first, end - 1)].drop_duplicates(["person_id", "day"])["person_id"].value_counts()
    return people["person_id"].map(days).fillna(0.0).astype("float64") * 7 / (end - first)


def columns(
    eligible: pd.DataFrame, screens: pd.DataFrame | None, schedule: Schedule, asked: Collection[str]
) -> dict[str, pd.Series]:
    """Tests a week (n,) of those covariates that are asked for.

    eligible: (n) person_id, record_id, site_id, index_start_day. screens: person_id and day. Raises StudyError where
    the records, or the study's schedule, cannot tell.
    """
    found: dict[str, pd.Series] = {}
    if TESTS_BEFORE in asked:
        if screens is not None:
            found[TESTS_BEFORE] = scheduled(eligible, screens, -BEFORE_DAYS, 0)
        if screens is None or not found[TESTS_BEFORE].any():
            raise StudyError(
                f"The adjustment set names '{TESTS_BEFORE}', and no test is on record in the {BEFORE_DAYS} days before "
                "anyone's time zero. Take it out of `adjustment.continuous` in the cohort's file, or supply the tests."
            )
    if TESTS_OF_SITE in asked:
        every = eligible["site_id"].map(schedule.sites).fillna(schedule.every_days)
        found[TESTS_OF_SITE] = 7 / every.astype("float64")
    return found
