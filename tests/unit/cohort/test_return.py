"""The day of return to the community: who is on the way from one residence to the next has not returned."""

from __future__ import annotations

import pandas as pd
import parts
import pytest
from cohort_rows import people, table
from use_rows import run, screens, stay

from iop_outcomes.clean import episodes
from iop_outcomes.cohort import clocks, outcomes, use
from iop_outcomes.patterns.pattern import to_strings
from iop_outcomes.protocol import Use
from iop_outcomes.tables import TABLES

WHO = ("a", "b")


def returned(care: pd.DataFrame, gap_days: int) -> list[int | None]:
    """The day of return of a and b, who are observed for 100 days."""
    who = people(*WHO, observed_days=100).assign(death_day=pd.array([None, None], dtype="Int64"))
    moved, there = clocks.from_community(who, care, Use(), gap_days)
    return [int(day) if there_is else None for day, there_is in zip(moved["index_start_day"], there, strict=True)]


@pytest.mark.parametrize(
    ("gap_days", "later", "day"),
    [
        # a day at home between detoxification and residence; further stays no further apart than the rule allows
        (14, [("3.5", 7, 35)], 36), (14, [("3.5", 7, 35), ("3.1", 49, 60)], 61), (2, [("3.5", 7, 35)], 36),
        # beyond it; and by a rule that links no stays with a day between them
        (14, [("3.5", 7, 35), ("3.1", 50, 60)], 36), (14, [("3.5", 20, 35)], 6), (1, [("3.5", 7, 35)], 6),
        (0, [("3.5", 6, 35)], 36),
        # who goes on in outpatient care is at home, whatever comes after it; who had it all along is not thereby
        (14, [("2.1", 6, 9), ("3.5", 12, 35)], 6), (14, [("2.1", 5, 9), ("3.5", 12, 35)], 6),
        (14, [("1", -30, 90), ("3.5", 7, 35)], 36), (14, [("3.5", 7, 35), ("2.1", 36, 60)], 36),
        # still there at the end of observation
        (14, [("3.5", 7, None)], None),
    ],
)  # fmt: skip
def test_days_between_two_residences_are_no_return(gap_days: int, later: list[tuple], day: int | None) -> None:
    care = pd.concat([stay("3.7", 0, 5), *(stay(*one) for one in later)], ignore_index=True)
    # another person's stays are no matter
    other = pd.concat([stay("2.1", 0, 9, "b"), stay("3.5", 6, 90, "b")], ignore_index=True)
    assert returned(care, gap_days) == [day, 0]
    assert returned(pd.concat([other, care], ignore_index=True), gap_days)[0] == day
    assert returned(care.iloc[::-1].reset_index(drop=True), gap_days)[0] == day


def test_time_zero_may_lie_on_the_way() -> None:
    care = pd.concat(
        [
            stay("3.5", -20, -3), stay("2.1", 0, 9), stay("3.5", 9, 30),
            stay("3.7", -20, -1, "b"), stay("3.5", 4, 30, "b"),
        ],
        ignore_index=True,
    )  # fmt: skip
    # a begins at home, in outpatient care; b waits for a bed
    assert returned(care, 14) == [0, 31]
    assert returned(care, 1) == [0, 0]


def test_days_on_the_way_are_no_days_in_residence() -> None:
    care = pd.concat([stay("3.7", 0, 5), stay("3.5", 9, 12)], ignore_index=True)
    found = run(screens((3, "negative")), Use(begins=0), stays=care, days=20)
    assert found["residential_days"].tolist() == [6, 4, 0]


@pytest.mark.parametrize(("gap_days", "day"), [(14, 36), (1, 6)])
def test_all_outcomes_count_from_the_same_return(gap_days: int, day: int) -> None:
    """Tests, interviews and what was recorded before an answer: each from the day that the study's rule says."""
    who = people("a", observed_days=100)
    care = pd.concat([stay("3.5", 0, 5), stay("3.5", 7, 35)], ignore_index=True)
    tests = screens(*((at, "negative") for at in range(3, 67, 7)), (72, "positive"))
    told = table("followups", [{"person_id": "a", "target_day": 90, "day": 90, "days_used": 3.0, "first_use_day": 70}],
                 lookback_days=28)  # fmt: skip
    persons = table("persons", [{"person_id": "a"}], observed_to_day=100, sex="unknown")
    empty = {name: TABLES[name].empty() for name in ("medications", "sessions")}
    linked = episodes.under_gaps(care, persons, [gap_days])[gap_days].episodes
    share = "statistic = share | counts = negative"
    asked = [
        parts.endpoint("first", "first_use", substance="any", clock="community"),
        parts.endpoint("share", "pattern_share", substance="opioid", clock="community", pattern=share),
        parts.endpoint("screen", "screen", substance="opioid", clock="community", tolerance_days=7),
    ]
    made = use.run(who, persons, care, tests, told, empty["medications"], Use(), [asked[1].tests], gap_days)
    found = outcomes.run(
        who, persons, linked, TABLES["episodes_by_gap"].empty(), empty["sessions"], tests, told, empty["medications"],
        care, made["use_patterns"], Use(), [], asked, {"first": [28], "share": [28], "screen": [28]}, [],
        ["index", "care"], {"screen": [28]}, gap_days=gap_days,
    )  # fmt: skip
    assert found["first_use"]["days"].tolist() == [70 - day]
    # the weeks after the return, of which that of day 72 is the sixth or the tenth
    patterns = to_strings(use.matrix(made["use_patterns"], ["a"], asked[1].tests, Use()).window(1, 99))
    assert patterns == ["-----+___" if day == 36 else "---------+___"]
    assert found["amounts"]["as_use"].tolist() == [1.0]
    (before,) = found["history"].itertuples()
    # the last screen up to day 21 from the return: of day 52, or of day 24
    assert (before.screens_due, before.days_since_screen) == (3, 28 - (52 - 36 if day == 36 else 24 - 6))
