from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_outcomes.cohort import hours
from iop_outcomes.tables import TABLES

COLUMNS = ["stay_id", "person_id", "level_of_care", "start_day", "end_day", "scheduled_hours_per_week"]


def stays(*rows: tuple[object, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype({"start_day": "int64", "end_day": "Int64", "scheduled_hours_per_week": "float64"})


def sessions(*rows: tuple[object, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["person_id", "day", "minutes", "level_of_care"])
    return frame.astype({"day": "int64", "minutes": "float64"})


def persons(observed: int = 100, death: int | None = None) -> pd.DataFrame:
    frame = pd.DataFrame({"person_id": ["a", "b"], "observed_to_day": observed, "death_day": [death, None]})
    return frame.astype({"death_day": "Int64"})


# two weeks of intensive outpatient care, nine hours scheduled: three sessions of three hours, then one
TWO_WEEKS = stays(("s1", "a", "2.1", 0, 13, 9), ("s2", "b", "2.1", 0, 13, None))
FOUR = sessions(*(("a", day, 180, "2.1") for day in (0, 2, 4, 8)))


def test_two_weeks_by_hand() -> None:
    found = hours.attended(TWO_WEEKS, FOUR, persons())
    first, second = found.iloc[0], found.iloc[1]
    assert (first["days"], first["weeks"], first["hours"], first["sessions"]) == (14, 2, 12, 4)
    assert (first["hours_per_week"], first["sessions_per_week"], first["hours_per_session"]) == (6, 2, 3)
    assert first["delivered_share"] == pytest.approx(6 / 9)
    # nobody came: no hours, and no length of a session
    assert (second["hours_per_week"], second["sessions_per_week"]) == (0, 0)
    assert pd.isna(second["hours_per_session"])
    assert pd.isna(second["delivered_share"])


def test_by_week_of_the_stay() -> None:
    weeks = hours.by_week(TWO_WEEKS.assign(end_day=[9, 9]).astype({"end_day": "Int64"}), FOUR, persons())
    assert weeks.to_dict("list") == {
        "stay_id": ["s1", "s1", "s2", "s2"],
        "week": [1, 2, 1, 2],
        "days": [7, 3, 7, 3],
        "hours": [9, 3, 0, 0],
    }


def test_without_a_sessions_table_nothing_is_known() -> None:
    none = TABLES["sessions"].empty()
    assert hours.delivered(TWO_WEEKS, none, persons()).isna().all()
    assert hours.by_week(TWO_WEEKS, none, persons()).empty


@pytest.mark.parametrize(("last", "expected"), [(0, 3), (6, 3), (7, 3 * 7 / 8), (13, 1.5)])
def test_a_stay_under_a_week_counts_as_one_week(last: int, expected: float) -> None:
    one = stays(("s1", "a", "2.1", 0, last, 9))
    assert hours.delivered(one, sessions(("a", 0, 180, "2.1")), persons()).item() == pytest.approx(expected)


def test_an_open_stay_runs_to_the_end_of_observation_and_none_beyond_a_death() -> None:
    is_open = stays(("s1", "a", "2.1", 0, None, 9))
    given_ = sessions(("a", 0, 180, "2.1"), ("a", 20, 180, "2.1"), ("a", 40, 180, "2.1"))
    assert hours.attended(is_open, given_, persons(27))[["days", "hours"]].iloc[0].tolist() == [28, 6]
    assert hours.attended(is_open, given_, persons(27, death=13))[["days", "hours"]].iloc[0].tolist() == [14, 3]


def test_an_open_stay_of_nobody_has_no_length() -> None:
    unknown = stays(("s1", "c", "2.1", 0, None, 9))
    assert hours.attended(unknown, FOUR, persons()).loc[0, ["days", "hours", "hours_per_week"]].isna().all()


def test_a_session_goes_to_the_stay_at_its_level_else_to_the_highest() -> None:
    three = stays(("low", "a", "1", 0, 13, None), ("mid", "a", "2.1", 0, 13, None), ("high", "a", "3.5", 7, 13, None))
    given_ = sessions(
        ("a", 1, 60, "1"),  # outpatient session beside intensive care: the outpatient stay
        ("a", 8, 120, "2.1"),  # at its level, though residential care covers the day
        ("a", 2, 240, "2.5"),  # at no stay's level: the highest that covers the day
        ("a", 9, 480, "2.5"),
        ("a", 30, 60, "1"),  # outside every stay
    )
    found = hours.attended(three, given_, persons()).set_axis(three["stay_id"])["hours"]
    assert found.to_dict() == {"low": 1, "mid": 2 + 4, "high": 8}


def test_of_two_stays_at_one_level_the_later_one_gets_the_session() -> None:
    two = stays(("x", "a", "2.1", 0, 13, None), ("y", "a", "2.1", 7, 20, None))
    found = hours.assigned(two, sessions(("a", 8, 60, "2.1")), persons())
    assert found.to_dict("list") == {"stay_id": ["y"], "since": [1], "minutes": [60]}


LEVELS = st.sampled_from(["1", "2.1", "3.5", "detox"])
DAYS = st.integers(-10, 40)


@settings(max_examples=40, deadline=None)
@given(
    spells=st.lists(st.tuples(st.sampled_from("ab"), LEVELS, DAYS, st.integers(0, 30)), min_size=1, max_size=6),
    met=st.lists(st.tuples(st.sampled_from("ab"), DAYS, st.integers(1, 300), LEVELS), min_size=1, max_size=12),
    seed=st.randoms(use_true_random=False),
)
def test_minutes_are_conserved_and_row_order_does_not_matter(spells, met, seed) -> None:  # type: ignore[no-untyped-def]
    frame = stays(*((f"s{i}", who, level, day, day + n, None) for i, (who, level, day, n) in enumerate(spells)))
    given_ = sessions(*met)
    covered = [
        minutes
        for who, day, minutes, _ in met
        if any(who == w and start <= day <= start + n for w, _, start, n in spells)
    ]
    found = hours.attended(frame, given_, persons())
    assert found["hours"].sum() * 60 == pytest.approx(sum(covered))
    assert hours.by_week(frame, given_, persons())["hours"].sum() * 60 == pytest.approx(sum(covered))
    order = list(range(len(frame)))
    seed.shuffle(order)
    shuffled = hours.attended(frame.iloc[order], given_.iloc[::-1], persons())
    pd.testing.assert_frame_equal(shuffled.sort_index(), found)
