"""Being back in care that was left, in a study: against the estimator, in a world of known truth, and what is read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import ENDPOINTS, N, ask, people_of_a_contrast, run_dose, with_limits
from parts import endpoint

from iop_outcomes.analyses.returning import Days
from iop_outcomes.estimators.causal.returning import returning_means
from iop_outcomes.tables import TABLES, check

SETTING = {"title": "", "leaves": ["3.5"], "starts": ["2.1"], "within_days": 14}
ASK = {"contrast": "down", "outcome": "back", "horizon_days": 90, "missing_rule": "none"}
BACK = {**ENDPOINTS, "back": endpoint("back", "back_in_care")}
NEVER = np.inf
SIDES = ["started", "not_started"]


def whole(days: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Days that may be missing."""
    return pd.array([None if np.isinf(d) else int(d) for d in days], dtype="Int64")


def cohort(seed: int = 3, after: float = 0.3) -> dict[str, pd.DataFrame]:
    """Everyone leaves on day 27. Women start later, and are sooner back; care multiplies the chance of being
    back on a day. Some die, and some could not be observed to day 90.
    """
    made, rng = people_of_a_contrast(), np.random.default_rng(seed)
    female = (made["covariates"]["sex"] == "female").to_numpy()
    start = rng.geometric(np.where(female, 0.03, 0.12)).astype(float)
    back = np.full(N, NEVER)
    for day in range(1, 91):
        chance = np.where(female, 0.02, 0.005) * np.where(start <= day, after, 1.0)
        back[np.isinf(back) & (rng.random(N) < chance)] = day
    death = np.where(rng.random(N) < 0.02, rng.integers(3, 80, N), NEVER)
    observed = np.where(rng.random(N) < 0.1, rng.integers(20, 89, N), 200).astype(float)
    known = np.minimum(death - 1, observed)
    start, back = np.where(start <= known, start, NEVER), np.where(back <= known, back, NEVER)
    rows = pd.DataFrame(
        {
            "person_id": made["people"]["person_id"], "asked": "down", "left_day": 27, "days_there": 28,
            "started_after": whole(start), "known_after": known.astype("int64"), "returned_after": whole(back),
            "observed_after": whole(np.where(death <= observed, NEVER, observed)),
        }
    )  # fmt: skip
    return {**made, "onward": check(TABLES["onward"], TABLES["onward"].cast(rows))}


@pytest.fixture(scope="module")
def people() -> dict[str, pd.DataFrame]:
    return cohort()


def run(made, *methods: str, gate=None, **more):
    asked = [ask(method=m, **{**ASK, **more}) for m in methods]
    given = {"gate": gate} if gate else {}
    return run_dose(made, *asked, starting={"down": SETTING}, endpoints=BACK, **given)


def test_the_estimate_is_that_of_the_estimator(people):
    days = Days.of(people["onward"])
    y, used = (days.back <= 90).astype(float), (days.observed >= 90).astype(float)
    covariates = people["covariates"]
    sites = people["people"]["site_id"].to_numpy()
    x = np.column_stack([covariates["age"], covariates["sex"] == "female", *(sites == f"S{i}" for i in range(3))])
    direct = returning_means(y, days.started, days.ended, x.astype(float), 14, weight=used)
    found = run(people, "clone_censor_weight")
    rows = found["estimates"].set_index("of")
    assert set(rows["status"]) == {"ok"}
    np.testing.assert_allclose(rows.loc[SIDES, "estimate"], direct.estimate.value, atol=1e-4)
    np.testing.assert_allclose(rows.loc[SIDES, "std_error"], direct.estimate.standard_error(), rtol=0.01)
    told = found["diagnostics"].set_index(["quantity", "arm"])["value"]
    assert told["mean_weight", "started"] == pytest.approx(1, abs=0.1)
    assert told["mean_weight", "not_started"] == pytest.approx(1, abs=0.1)


def test_early_returns_stand_under_both_strategies_and_crudely_among_those_who_did_not_start(people):
    days = Days.of(people["onward"])
    early = (days.back <= 14) & (days.started > days.back)
    assert early.sum() > 20
    counts = run(people, "crude")["counts"].set_index(["arm", "level"])["count"]
    soon = (days.started <= 14) & (days.started <= days.back)
    seen = days.observed >= 90
    assert counts["not_started", "event"] == int((~soon & seen & (days.back <= 90)).sum())
    assert counts["started", "event"] + counts["started", "no_event"] == int((soon & seen).sum())
    assert counts["started", "not_yet_observed"] + counts["not_started", "not_yet_observed"] == int((~seen).sum())
    # who died without having been back is known not to be
    died = people["onward"]["observed_after"].isna().to_numpy()
    assert (days.levels(90)[died & np.isinf(days.back)] == "no_event").all()


def test_care_that_keeps_nobody_from_coming_back_does_so_in_no_world_but_naively():
    """Women start later and are sooner back: of those who did, care seems to help."""
    gaps, naive = [], []
    for seed in range(10):
        made = cohort(seed, after=1.0)
        rows = run(made, "clone_censor_weight", gate=with_limits(min_events=1))["estimates"].set_index("of")
        gaps.append(rows.loc["difference", "estimate"] / rows.loc["difference", "std_error"])
        days = Days.of(made["onward"])
        soon = (days.started <= 14) & (days.started <= days.back)
        naive.append((days.back[soon] <= 90).mean() - (days.back[~soon] <= 90).mean())
    assert abs(np.mean(gaps)) < 3 / np.sqrt(10)
    assert np.std(gaps, ddof=1) < 1.7
    assert np.mean(naive) < -0.15
    helped = run(cohort(3), "clone_censor_weight")["estimates"].set_index("of").loc["difference"]
    assert helped["conf_high"] < -0.05


def test_what_stops_it_is_said(people):
    nobody = {**people, "onward": people["onward"].iloc[:0]}
    assert "no one is on record as having left" in run(nobody, "clone_censor_weight")["estimates"]["reason"].iloc[0]
    idle = {**people, "onward": people["onward"].assign(started_after=pd.array([None] * N, dtype="Int64"))}
    found = run(idle, "clone_censor_weight")
    assert "no one who left started further care" in found["estimates"]["reason"].iloc[0]
    assert found["counts"]["count"].sum() == N
    few = run(people, "clone_censor_weight", gate=with_limits(min_events=500))["estimates"]
    assert few["reason"].str.contains("fewer than 500 events").all()
