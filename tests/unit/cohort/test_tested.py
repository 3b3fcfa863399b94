"""How often people were to be tested, as known at time zero."""

from __future__ import annotations

import pytest
from cohort_rows import admitted, episodes, people, persons, table

from iop_outcomes.cohort import population, tested
from iop_outcomes.errors import StudyError
from iop_outcomes.protocol import Adjustment, Schedule

REGULAR = Schedule(kind="regular", every_days=7, sites={"S2": 14})


def screens(days: dict[str, list[int]]):
    rows = [{"person_id": name, "day": day} for name, own in days.items() for day in own]
    return table("screens", rows, substance="any", result="negative").drop(columns=["result", "substance"])


def test_tests_before_time_zero_count_and_none_from_it_on() -> None:
    """28 days: on two of them a test was due, of two substances on one; day 0 and later, and day -29, are none."""
    who = people("a", "b", index_start_day=40, clock_start_day=40)
    seen = screens({"a": [11, 12, 12, 39, 40, 50], "b": [40, 60]})
    found = tested.columns(who, seen, Schedule(), ["age", "tests_before"])
    assert found["tests_before"].tolist() == [2 / 4, 0]
    assert set(found) == {"tests_before"}


def test_the_schedule_of_a_site_is_the_studys() -> None:
    who = people("a", "b").assign(site_id=["S1", "S2"])
    assert tested.columns(who, None, REGULAR, ["tests_of_site"])["tests_of_site"].tolist() == [1, 0.5]
    assert tested.columns(who, None, REGULAR, ["age"]) == {}


def test_they_stand_among_the_covariates_and_their_lack_is_told() -> None:
    who = persons([{"person_id": n} for n in "ab"])
    care = episodes([{"person_id": n, "index_level": level} for n, level in (("a", "2.1"), ("b", "3.5"))])
    asked = {"adjustment": Adjustment(continuous=["tests_before"], categorical=["sex"]), "contrast": None}
    with pytest.raises(StudyError, match="no test is on record in the 28 days before"):
        admitted(who, care, **asked)
    with pytest.raises(StudyError, match="'tests_before' is a number"):
        admitted(who, care, adjustment=Adjustment(categorical=["tests_before"]), contrast=None)
    assert population.reads(asked["adjustment"])["screens"].columns == ("person_id", "day")
    assert not population.reads(Adjustment(continuous=["age"]))["screens"].where["person_id"]
