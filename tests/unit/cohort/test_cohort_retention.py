"""Staying in care, on people small enough to check by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import parts
import pytest
from cohort_rows import EMPTY, LIVING, episodes, people, persons, table

from iop_outcomes.cohort import abstinence, retention
from iop_outcomes.tables import TABLES, check


def left(who: pd.DataFrame, care: pd.DataFrame, by_gap: pd.DataFrame | None = None, *more: str) -> dict[str, Any]:
    """Days, latest days and cause by person and thing followed."""
    found = retention.run(who, care, TABLES["episodes_by_gap"].empty() if by_gap is None else by_gap)["retention"]
    check(TABLES["retention"], found)
    wanted = found[found["follows"].isin(["index", "care", *more])]
    return {
        str(p): {r.follows: (r.days, r.days_latest, r.cause) for r in own.itertuples()}
        for p, own in wanted.groupby("person_id")
    }


def test_retention_counts_days_and_censors_open_stays_and_what_was_not_observable():
    care = episodes(
        [
            {"person_id": "done", "index_end_day": 27, "index_reason": "completed", "episode_end_day": 111,
             "episode_reason": "unplanned"},
            {"person_id": "late", "index_start_day": 3, "index_end_day": 13, "index_reason": "unplanned",
             "episode_end_day": 13, "episode_reason": "unplanned"},
            {"person_id": "open"},
        ]
    )  # fmt: skip
    who = people("done", "late", "open")
    who["observed_days"] = [100, 365, 50]
    who.loc[who["person_id"] == "late", "index_start_day"] = 3
    found = left(who, care)
    assert found["done"] == {"index": (27, 27, "completed"), "care": (100, 100, "censored")}
    assert found["late"] == {"index": (10, 10, "unplanned"), "care": (10, 10, "unplanned")}
    assert found["open"] == {"index": (50, 50, "censored"), "care": (50, 50, "censored")}


@pytest.mark.parametrize(("tolerance", "completed"), [(0, "e"), (7, "ce"), (14, "bce")])
def test_leaving_unplanned_shortly_before_the_planned_end_completes_under_a_tolerance(tolerance, completed):
    """Planned for 90 days: a left on day 75, b on 76, c on 83; d transferred on 89, e stayed 90; f has no plan."""
    ends = {"a": 75, "b": 76, "c": 83, "d": 89, "e": 90, "f": 80}
    care = episodes(
        [
            {"person_id": p, "index_end_day": end, "index_reason": "transferred" if p == "d" else "unplanned",
             "episode_end_day": end, "episode_reason": "unplanned", "planned_days": None if p == "f" else 90.0}
            for p, end in ends.items()
        ]
    )  # fmt: skip
    name = f"index_plan_{tolerance}"
    by_gap = TABLES["episodes_by_gap"].empty()
    found = retention.run(people(*ends), care, by_gap, follows=["index", name])["retention"]
    check(TABLES["retention"], found)
    own = found[found["follows"] == name].set_index("person_id")
    assert "".join(own.index[own["cause"] == "completed"]) == completed
    assert own.loc["d", "cause"] == "transferred"
    recorded = found[found["follows"] == "index"].set_index("person_id")
    assert list(own["days"]) == list(recorded["days"]) == list(ends.values())
    assert set(recorded["cause"]) == {"unplanned", "transferred"}


def test_a_tolerance_of_plans_is_for_completing_and_leaving_unplanned():
    assert parts.endpoint("o", "left_index", cause="unplanned", plan_tolerance_days=7).followed == "index_plan_7"
    assert parts.endpoint("o", "left_index", cause="unplanned", plan_tolerance_days=7).companion
    with pytest.raises(ValueError, match="tells the two apart"):
        parts.endpoint("o", "left_index", cause="died", plan_tolerance_days=7)
    with pytest.raises(ValueError, match="tells the two apart"):
        parts.endpoint("o", "in_care", plan_tolerance_days=7)


def test_the_continuum_begins_with_detoxification_and_other_gap_rules_move_its_end():
    care = episodes(
        [
            {"person_id": "a", "episode_start_day": -5, "index_end_day": 27, "index_reason": "completed",
             "episode_end_day": 84, "episode_reason": "unplanned"},
        ]
    )  # fmt: skip
    by_gap = table(
        "episodes_by_gap",
        [
            {"gap_days": 7, "episode": 1, "episode_start_day": -5, "episode_end_day": 27,
             "episode_reason": "completed"},
            {"gap_days": 7, "episode": 2, "episode_start_day": 40, "episode_end_day": 84,
             "episode_reason": "unplanned"},
            {"gap_days": 30, "episode": 1, "episode_start_day": -60, "episode_end_day": 84,
             "episode_reason": "unplanned"},
        ],
        person_id="a", index_start_day=0,
    )  # fmt: skip
    found = left(people("a", clock_start_day=-5), care, by_gap, "continuum", "care_gap_7", "care_gap_30")["a"]
    assert found["care"] == (84, 84, "unplanned")
    assert found["continuum"] == (89, 89, "unplanned")
    assert found["care_gap_7"] == (27, 27, "completed")
    assert found["care_gap_30"] == (84, 84, "unplanned")


def test_an_end_known_as_an_interval_keeps_both_of_its_days():
    ends = {"index_end_day": 31, "index_end_latest": 45, "episode_end_day": 31, "episode_end_latest": 45}
    care = episodes([{"person_id": "a", "index_reason": "unplanned", "episode_reason": "unplanned", **ends}])
    assert left(people("a"), care)["a"]["index"] == (31, 45, "unplanned")
    # observation ends before the interval begins: last seen in care
    assert left(people("a", observed_days=20), care)["a"]["index"] == (20, 20, "censored")


def test_use_before_discharge_is_asked_of_those_who_have_left():
    care = episodes(
        [
            {"person_id": p, "index_end_day": end, "index_reason": "completed", "use_at_discharge": use}
            for p, end, use in (("a", 40, "none"), ("b", 40, "some"), ("c", 40, "unknown"), ("d", 200, "none"))
        ]
    )
    who = people("a", "b", "c", "d")
    stays = retention.run(who, care, TABLES["episodes_by_gap"].empty())["retention"]
    endpoint = parts.endpoint("o", "at_discharge")
    found = abstinence.run(
        who, EMPTY["followups"], EMPTY["screens"], LIVING, care, stays, [endpoint], {"o": [90]}
    )["abstinence"].set_index("person_id")  # fmt: skip
    check(TABLES["abstinence"], found.reset_index())
    assert found.loc[["a", "b"], "abstinent"].tolist() == [True, False]
    assert found["abstinent"].isna().tolist() == [False, False, True, True]
    assert found["mature"].tolist() == [True, True, True, False]


def test_leaving_unplanned_is_known_to_a_day_of_the_person():
    """Dropout takes four missed weeks to be known: of 105 days the first 77. Without a day it is known at once."""
    care = episodes([{"person_id": p, "index_end_day": 105, "index_reason": "completed"} for p in ("late", "once")])
    who = people("late", "once", observed_days=105)
    known = persons([{"person_id": "late", "dropout_known_to_day": 77}, {"person_id": "once"}])
    none = TABLES["episodes_by_gap"].empty()
    found = retention.run(who, care, none, EMPTY["sessions"], known)["retention"]
    check(TABLES["retention"], found)
    own = retention.of(found, "index", who["person_id"])
    assert own[["days", "known_days"]].to_numpy().tolist() == [[105, 77], [105, 105]]
