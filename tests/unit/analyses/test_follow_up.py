"""Follow-up that is not there: what lies beyond it is not possible by any method."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import N, ask, people_of_a_contrast, run_abstinence, run_retention


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    return people_of_a_contrast()


def followed_to(cohort, last: int, arm: int = 1, cause: str | None = None, told: bool = True):
    """The cohort with one arm observed to a day at most, by when everyone was seen to leave, or not (cause None)."""
    own = (cohort["scores"].set_index("person_id")["arm"] == arm).reindex(cohort["people"]["person_id"]).to_numpy()
    left = cohort["retention"]
    own = np.tile(own, len(left) // N)
    late = own & (left["days"] > last).to_numpy()
    cut = left.assign(
        days=left["days"].mask(late, last), days_latest=left["days_latest"].mask(late, last),
        cause=left["cause"].mask(late, cause or "censored"), observable_days=np.where(own, last, 365),
    )  # fmt: skip
    return {**cohort, "retention": cut if told else cut.drop(columns="observable_days")}


FOLLOWED = [
    ask(method=method, measure=measure, outcome=outcome, horizon_days=180)
    for method in ("crude", "overlap", "iptw", "aipw")
    for measure, outcome in (
        ("risk", "unplanned_discharge"), ("risk", "retained"), ("risk", "retained_or_completed"),
        ("mean_days", "time_in_care"), ("hazard_ratio", "unplanned_discharge"),
    )
    if (measure, method) not in (("hazard_ratio", "crude"), ("hazard_ratio", "aipw"))
]  # fmt: skip


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(("arm", "name"), [(1, "iop"), (0, "residential")])
def test_what_lies_beyond_the_follow_up_of_an_arm_is_not_possible_by_any_method(cohort, arm, name, told):
    found = run_retention(followed_to(cohort, 121, arm, told=told), *FOLLOWED)
    rows = found["estimates"]
    assert set(rows["status"]) == {"not_possible"}
    assert rows["estimate"].isna().all()
    said = f"people of the arm '{name}' can be followed to about day 120 at most, and it speaks of day 180"
    assert set(rows["reason"]) == {said}
    # nor is a curve drawn to a day that no estimate reaches
    assert found["curves"].empty
    near = run_retention(
        followed_to(cohort, 121, arm, told=told), *(f.model_copy(update={"horizon_days": 120}) for f in FOLLOWED)
    )
    assert set(near["estimates"]["status"]) == {"ok"}


def test_an_arm_in_which_everyone_was_seen_to_leave_is_known_beyond_its_follow_up(cohort):
    found = run_retention(followed_to(cohort, 121, cause="completed"), *FOLLOWED)["estimates"]
    assert not found["status"].eq("not_possible").any()
    known = found["outcome"].isin(["unplanned_discharge", "time_in_care"])
    assert set(found.loc[known, "status"]) == {"ok"}


def test_times_to_an_event_and_answers_beyond_the_observation_of_an_arm_are_not_possible(cohort):
    iop = cohort["scores"].set_index("person_id")["arm"].reindex(cohort["first_use"]["person_id"]).to_numpy() == 1
    use = cohort["first_use"]
    late = iop & (use["days"] > 100).to_numpy()
    short = use.assign(days=use["days"].mask(late, 100), event=use["event"] & ~late)
    timed = ask(step="abstinence", outcome="return_to_use", measure="hazard_ratio", horizon_days=180)
    found = run_abstinence({**cohort, "first_use": short}, timed)["estimates"].iloc[0]
    assert (found["status"], pd.isna(found["estimate"])) == ("not_possible", True)
    assert "'iop' can be followed to about day 90" in found["reason"]
    own = cohort["abstinence"]
    unseen = own.assign(abstinent=own["abstinent"].mask(iop), mature=own["mature"] & ~iop)
    asked = [
        ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule=rule, method=method)
        for rule in ("missing_is_using", "observed_only") for method in ("crude", "overlap", "aipw")
    ]  # fmt: skip
    found = run_abstinence({**cohort, "abstinence": unseen}, *asked)["estimates"]
    assert set(found["status"]) == {"not_possible"}
    assert set(found["reason"]) == {
        "no one in the arm 'iop' is observed to the horizon; `iop-outcomes check` names the longest day that can be "
        "asked about"
    }
