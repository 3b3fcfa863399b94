"""From detoxification to treatment: who went no further is among those asked about where it is an index level."""

from __future__ import annotations

import pandas as pd
import pytest
from cohort_rows import admitted, persons, table
from parts import endpoint

from iop_outcomes.clean.episodes import link
from iop_outcomes.cohort import onward, retention
from iop_outcomes.protocol import Starting

TREATMENT = ["1", "2.1", "2.5", "3.1", "3.3", "3.5", "3.7"]
ASKED = Starting(
    title="", leaves=["detox"], starts=TREATMENT, left_as=["completed", "transferred", "unplanned"], at_least_days=1
)


@pytest.fixture
def care() -> pd.DataFrame:
    """In treatment on day 6, on day 20, never; and transferred to a bed on the day of leaving."""
    rows = [
        ("a", "detox", 0, 4, "completed"), ("a", "2.1", 6, 60, "completed"), ("b", "detox", 0, 4, "completed"),
        ("b", "3.5", 20, 40, "completed"), ("c", "detox", 0, 4, "unplanned"), ("d", "detox", 0, 4, "transferred"),
        ("d", "3.7", 4, 30, "completed"),
    ]  # fmt: skip
    named = [
        {"stay_id": f"s{i}", "person_id": n, "level_of_care": level, "start_day": first, "end_day": last,
         "discharge_reason": why, "site_id": "S1", "program_type": "substance_use"}
        for i, (n, level, first, last, why) in enumerate(rows)
    ]  # fmt: skip
    return table("stays", named)


def followed(care: pd.DataFrame, detoxification: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Who left and when they were in treatment, and the table retention of further treatment."""
    who = persons([{"person_id": n} for n in sorted(set(care["person_id"]))])
    episodes = link(care, who, 14, detoxification).episodes
    people = admitted(who, episodes, contrast=None)["people"]
    left = onward.run(people, who, care, {"q": ASKED})["onward"].set_index("person_id")
    further = endpoint("continued", "continued")
    tables = {"sessions": table("sessions", []), "persons": who, "stays": care}
    kept = retention.run(people, episodes, table("episodes_by_gap", []), endpoints=[further], **tables)["retention"]
    return left, kept[kept["follows"] == "continued"].set_index("person_id")


def test_everyone_who_left_detoxification_is_asked_about_and_who_went_on_in_time_is_told(care):
    left, further = followed(care, "as_index")
    started = left["started_after"].astype(object).where(left["started_after"].notna(), None)
    assert started.to_dict() == {"a": 2, "b": 16, "c": None, "d": 1}
    assert (left["left_day"] == 4).all()
    assert (left["started_after"] <= 14).fillna(False).sum() == 2  # b took longer
    # continuity of care by days from leaving, the same
    assert further.loc[["a", "b", "d"], "days"].to_dict() == {"a": 2, "b": 16, "d": 1}
    assert further.loc["c", "cause"] == "censored"


def test_where_it_comes_before_the_index_level_who_went_no_further_is_nowhere(care):
    """So that everyone seems to go on."""
    left, _ = followed(care, "before_index")
    assert "c" not in left.index
    assert left["started_after"].notna().all()
