"""Leaving unplanned that is known later than it happens: whatever is followed of care is on the clock of knowing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import ENDPOINTS, N, ask, people_of_a_contrast, run_retention

from iop_outcomes.analyses.outcomes import follow
from iop_outcomes.estimators.cox.cox import cox

# days in which nobody came are what tells of a dropout
LATE = 28


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    return people_of_a_contrast()


def left(ids: list[str], days: list[int], cause: list[str], observed: list[int], known: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person_id": ids, "follows": "index", "days": days, "days_latest": days, "cause": cause,
            "observable_days": observed, "known_days": known,
        }
    )  # fmt: skip


def test_by_hand() -> None:
    """Seven of one arm, of whom four were seen to the end, day 30, with dropouts known to day 20.

    a drops out on day 5 of 7 at risk, b on day 10 of 6, and c completes on day 15 of 5. d completes on day 25 and the
    rest stay to day 30: of all of them it is known to day 20 alone that they had not dropped out. The incidence of
    dropout is 2/7 on day 20, and nothing is known of day 25.
    """
    ids = list("abcdefg")
    people = pd.DataFrame({"person_id": ids})
    causes = ["unplanned", "unplanned", "completed", "completed", *["censored"] * 3]
    table = left(ids, [5, 10, 15, 25, 30, 30, 30], causes, [30] * 7, [20] * 7)
    own = follow(table, people, ENDPOINTS["unplanned_discharge"])
    assert own is not None
    assert own.days.tolist() == [5, 10, 15, 20, 20, 20, 20]
    assert own.cause.tolist() == ["unplanned", "unplanned", "completed", *["censored"] * 4]
    estimator, arguments = own.risk("unplanned")
    assert estimator(own.days, times=[20], **arguments).value[0] == pytest.approx(2 / 7)
    # being there has the same people on the same clock, a day later
    there = follow(table.assign(follows="care"), people, ENDPOINTS["retained"])
    assert there is not None
    assert there.days.tolist() == [6, 11, 16, 21, 21, 21, 21]
    assert there.reach is not None
    assert there.reach.tolist() == [20] * 7


def test_hazards_are_of_the_days_in_which_a_dropout_could_be_known(cohort) -> None:
    """And not those of the days in care, in which nothing can happen at the end."""
    rng = np.random.default_rng(4)
    arm = cohort["scores"].set_index("person_id")["arm"].reindex(cohort["people"]["person_id"]).to_numpy()
    known = np.where(arm == 1, 60, 120)
    days = rng.integers(1, 150, N)
    dropped = (rng.random(N) < 0.6) & (days <= known)
    cause = np.where(dropped, "unplanned", "completed").astype(object)
    one = left(list(cohort["people"]["person_id"]), days, cause, [150] * N, known)
    own = {**cohort, "retention": pd.concat([one, one.assign(follows="care")], ignore_index=True)}
    asked = ask(measure="hazard_ratio", method="naive", horizon_days=60)
    found = run_retention(own, asked)["estimates"].iloc[0]
    at_risk = np.minimum(np.minimum(days, known), 60)
    expected = cox(arm[:, None], at_risk, dropped & (days <= 60))
    assert found["estimate"] == pytest.approx(float(np.exp(expected.estimate.value[0])))


def test_the_incidence_of_dropout_is_the_true_one_and_that_to_the_end_of_observation_is_not(cohort) -> None:
    """Entries are spread over time. A dropout is on record where 28 days without a visit follow it; of who dropped out
    less than 28 days before the end nothing says so. Truth: 1 - exp(-60 x .01) of each arm by day 60.
    """
    rng = np.random.default_rng(7)
    truth, found = 1 - np.exp(-0.6), []
    ids = list(cohort["people"]["person_id"])
    for _ in range(12):
        day, observed = np.ceil(rng.exponential(100, N)).astype(int), rng.integers(62, 120, N)
        seen = day + LATE <= observed
        days = np.where(seen, day, observed)
        cause = np.where(seen, "unplanned", "censored").astype(object)
        risks = []
        for known in (observed - LATE, observed):
            one = left(ids, days, cause, observed, known)
            own = {**cohort, "retention": pd.concat([one, one.assign(follows="care")], ignore_index=True)}
            asked = ask(method="naive", horizon_days=60), ask(outcome="retained", method="naive", horizon_days=60)
            rows = run_retention(own, *asked)["estimates"].set_index(["outcome", "of"])["estimate"]
            risks.append([rows["unplanned_discharge", "iop"], 1 - rows["retained", "iop"]])
        found.append(risks)
    right, wrong = np.mean(found, axis=0)
    # 12 samples of some 400 people: the standard error of their mean is .008
    assert right == pytest.approx([truth, truth], abs=0.024)
    assert (wrong < truth - 0.04).all()


def test_counts_and_curves_stand_on_the_same_clock_and_no_question_goes_beyond_it(cohort) -> None:
    retention = cohort["retention"].assign(observable_days=365, known_days=100)
    found = run_retention(
        {**cohort, "retention": retention}, ask(horizon_days=90), ask(outcome="retained", horizon_days=90),
        ask(horizon_days=180),
    )  # fmt: skip
    tables = found["life_tables"]
    assert tables["day"].max() == 101
    assert set(tables.loc[tables["cause"] == "censored", "day"]) == {100, 101}
    late = tables.groupby(["outcome", "arm"])["count"].sum()
    assert late.groupby("outcome").sum().tolist() == [N, N]
    assert found["curves"]["x"].max() == 90
    beyond = found["estimates"][found["estimates"]["horizon_days"] == 180]
    assert set(beyond["status"]) == {"not_possible"}
    assert beyond["reason"].str.contains("can be followed to about day 90 at most").all()
