"""Tests as an endpoint asks about them: of its substances alone, one a day, each with what it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from iop_outcomes.cohort.units import from_zero
from iop_outcomes.cohort.use import schedule, tests
from iop_outcomes.patterns.symbols import EXCUSED, MISSED, MIXED, NEGATIVE, POSITIVE
from iop_outcomes.protocol import AskedTests, Care, Use
from iop_outcomes.vocabulary import testing
from iop_outcomes.vocabulary.answers import MISSING

if TYPE_CHECKING:
    import pandas as pd

# how tests are read, and stays linked, where a study says nothing
USUAL, USUAL_GAP_DAYS = Use(), Care().gap_days
# of `conflicts` and of `deaths` in the study
POSITIVE_STANDS, APART = "any_positive", "apart"
RESULTS = {
    NEGATIVE.code: testing.NEGATIVE, POSITIVE.code: testing.POSITIVE, MIXED.code: testing.INCONCLUSIVE,
    MISSED.code: MISSING,
}  # fmt: skip


class Asked(NamedTuple):
    """Tests that an endpoint reads, and those that are excused: person_id, day, substance, result, and `tells_days`, of
    how many days together the tests of the day can tell.
    """

    screens: pd.DataFrame
    excused: pd.DataFrame


def read(people: pd.DataFrame, screens: pd.DataFrame, medications: pd.DataFrame | None, use: Use) -> pd.DataFrame:
    """Tests of units from their time zero, as `tests.read` gives them. screens, medications: canonical.

    people: with `death_day` from time zero where deaths are to be known. A test of a day after it is none, but where
    the study reads what comes after a death as missed.
    """
    from iop_outcomes.tables import TABLES

    spells = TABLES["medications"].empty() if medications is None else medications
    own = from_zero(screens, people)
    if "death_day" in people and use.deaths == APART:
        died = own["person_id"].map(people.set_index("person_id")["death_day"]).astype("Int64")
        own = own[~(own["day"] > died).fillna(False).astype(bool)]
    return tests.read(own, from_zero(spells, people), use)


def of(found: pd.DataFrame, view: AskedTests, use: Use) -> Asked:
    """The tests of a view, one a day. found: as `read` gives them, from where the view's clock starts.

    An answer is yes or no: a positive stands against a negative of its day, which is mixed in a pattern alone.
    """
    days = tests.by_day(found, view.substance, POSITIVE_STANDS)
    days = schedule.thinned(days, view.one_in_days, use.begins)
    days = days.assign(
        substance=view.substance, result=days["code"].map(RESULTS).astype(object), tells_days=_tells(days, use)
    )
    excused = days["code"] == EXCUSED.code
    columns = ["person_id", "day", "substance", "result", "tells_days"]
    return Asked(days.loc[~excused, columns], days.loc[excused, columns])


def of_any_substance(
    people: pd.DataFrame, screens: pd.DataFrame, medications: pd.DataFrame | None, use: Use
) -> pd.DataFrame:
    """The tests of units from their time zero, one a day, whatever their substance, as a record of people."""
    return of(read(people, screens, medications, use), AskedTests(), use).screens


def _tells(days: pd.DataFrame, use: Use) -> pd.Series:
    """(n,) of how many days together the tests of a day can tell: of no more than leave the time in which their
    substance is found the share that a pattern asks of an interval (`use.least_covered`); 0 without a result.

    days: as `tests.by_day` gives them, so that it is said of positives as of negatives.
    """
    covers = days["covers"]
    return covers / use.least_covered if use.least_covered else covers.mask(covers > 0, np.inf)
