"""Further care after leaving in a study: against the estimator, in a world whose truth is known, and what stops it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import N, ask, people_of_a_contrast, run_dose, with_limits

from iop_outcomes.analyses.starting import who_started
from iop_outcomes.estimators.causal.starting import starting_means
from iop_outcomes.tables import TABLES, check
from iop_outcomes.tables.results import EFFECTIVE_SHARE, LARGEST_DIFFERENCE, LARGEST_WEIGHT, MEAN_WEIGHT

SETTING = {"title": "", "leaves": ["3.5"], "starts": ["2.1"], "within_days": 14}
ASK = {"contrast": "down", "outcome": "abstinent", "horizon_days": 180, "missing_rule": "observed_only"}


def cohort(seed: int = 3) -> dict[str, pd.DataFrame]:
    """Everyone leaves on day 27; who used in the week before starts less often, and is less often abstinent; starting
    adds 20 points. The week of leaving itself is recorded, too, and so is the one after.
    """
    made, rng = people_of_a_contrast(), np.random.default_rng(seed)
    ids = made["people"]["person_id"].to_numpy()
    used = rng.random((N, 5)) < 0.4
    last = used[:, 3]
    soon = rng.random(N) < np.where(last, 0.2, 0.6)
    died = ~soon & (rng.random(N) < 0.03)
    onward = check(
        TABLES["onward"],
        TABLES["onward"].cast(
            pd.DataFrame(
                {
                    "person_id": ids, "asked": "down", "left_day": 27, "days_there": 28,
                    "started_after": pd.array(np.where(soon, rng.integers(1, 15, N), 40), dtype="Int64"),
                    "known_after": np.where(died, 5, 330), "returned_after": pd.array([None] * N, dtype="Int64"),
                    "observed_after": 330,
                }
            ).assign(started_after=lambda d: d["started_after"].mask(died))
        ),
    )  # fmt: skip
    person, at = np.nonzero(np.ones((N, 5)))
    doses = TABLES["doses"].empty().reindex(range(5 * N)).assign(
        person_id=ids[person], week=at + 1, level_of_care=np.where(at < 4, "3.5", "2.1"), days_in_care=7,
        days_so_far=7 * (at + 1), planned_days_left=pd.array(7 * (3 - at), dtype="Int64"), hours_attended=9.0,
        hours_scheduled=9.0, hours_so_far=9.0 * (at + 1), source="sessions", reported=True,
        test=np.where(used[person, at], "positive", "negative").astype(object), craving=50.0,
    )  # fmt: skip
    abstinent = rng.random(N) < 0.5 - 0.3 * last + 0.2 * soon
    return {
        **made, "onward": onward, "doses": check(TABLES["doses"], TABLES["doses"].cast(doses)),
        "abstinence": made["abstinence"].assign(abstinent=pd.array(abstinent, dtype="boolean"), mature=True),
        "used": pd.DataFrame({"last": last}),
    }  # fmt: skip


@pytest.fixture(scope="module")
def people() -> dict[str, pd.DataFrame]:
    return cohort()


def run(made, *methods: str, gate=None, setting=SETTING, **more):
    asked = [ask(method=m, **{**ASK, **more}) for m in methods]
    return run_dose(made, *asked, starting={"down": setting}, **({"gate": gate} if gate else {}))


def weighted(made, **more) -> pd.DataFrame:
    return run(made, "clone_censor_weight", **more)["estimates"].set_index("of")


def test_the_estimate_is_that_of_the_estimator_on_what_was_known_before_leaving(people):
    found = run(people, "clone_censor_weight")
    onward, y = people["onward"], people["abstinence"]["abstinent"].to_numpy(dtype=float)
    arm = who_started(onward, 14)
    covariates = people["covariates"]
    test = people["doses"].query("week == 4")["test"].to_numpy() == "positive"
    sites = people["people"]["site_id"].to_numpy()
    known = np.column_stack(
        [covariates["age"], covariates["sex"] == "female", test, *(sites == f"S{i}" for i in range(3))]
    ).astype(float)
    direct = starting_means(y, arm == 1, arm == 2, known, 14, known[:, 2:3])
    rows = found["estimates"].set_index("of")
    assert set(rows["status"]) == {"ok"}
    # a rare end has fewer columns there, which moves its few weights
    np.testing.assert_allclose(rows.loc[["started", "not_started"], "estimate"], direct.estimate.value, atol=4e-3)
    error = direct.estimate.standard_error()
    np.testing.assert_allclose(rows.loc[["started", "not_started"], "std_error"], error, rtol=0.05)
    assert rows.loc["started", "n_effective"] == pytest.approx(direct.effective.sum(), rel=0.02)
    told = found["diagnostics"].set_index(["quantity", "arm"])["value"]
    for at, name in enumerate(("started", "not_started")):
        assert told[EFFECTIVE_SHARE, name] == pytest.approx((direct.effective / direct.people)[at], abs=0.02)
        assert told[LARGEST_WEIGHT, name] == pytest.approx((direct.largest * direct.people)[at], rel=0.1)
        assert told[MEAN_WEIGHT, name] == pytest.approx(1, abs=0.1)
        assert 0 <= told[LARGEST_DIFFERENCE, name] < 0.3


def test_starting_is_worth_what_the_world_says_and_the_naive_comparison_says_more():
    """Twenty points, in each of several worlds; naively use before leaving is read as what comes of not starting."""
    gaps, naive = [], []
    for seed in range(12):
        made = cohort(seed)
        rows = weighted(made)
        gaps.append((rows.loc["difference", "estimate"] - 0.2) / rows.loc["difference", "std_error"])
        arm = who_started(made["onward"], 14)
        y = made["abstinence"]["abstinent"].to_numpy(dtype=float)
        naive.append(y[arm == 1].mean() - y[arm == 0].mean())
    assert abs(np.mean(gaps)) < 3 / np.sqrt(12)
    assert 0.5 < np.std(gaps, ddof=1) < 1.6
    assert np.mean(naive) > 0.26


def test_what_was_recorded_after_the_last_whole_week_changes_nothing(people):
    late = people["doses"]["week"] > 4
    doses = people["doses"]
    other = doses.assign(test=doses["test"].mask(late, "missing"), hours_attended=doses["hours_attended"].mask(late, 0))
    pd.testing.assert_frame_equal(weighted(people), weighted({**people, "doses": other}))
    # who left a day earlier had three whole weeks
    earlier = people["onward"].assign(left_day=26, days_there=27)
    within = doses.assign(test=doses["test"].mask(doses["week"] == 4, "missing"))
    one, same = ({**people, "onward": earlier, "doses": d} for d in (doses, within))
    pd.testing.assert_frame_equal(weighted(one), weighted(same))
    assert weighted(one).loc["started", "estimate"] != weighted(people).loc["started", "estimate"]


def test_cells_are_of_those_who_started_and_those_who_did_not(people):
    found = run(people, "crude", "clone_censor_weight")
    arm = who_started(people["onward"], 14)
    cells = found["counts"].query("contrast == 'down'").groupby("arm")["count"].sum()
    assert cells.to_dict() == {"started": (arm == 1).sum(), "not_started": (arm == 0).sum()}
    assert (arm == 2).sum() > 5
    crude = found["estimates"].query("method == 'crude'")
    assert set(crude["status"]) == {"ok"}
    assert crude["estimate"].isna().all()


def test_the_order_of_rows_changes_nothing(people):
    shuffled = {n: people[n].sample(frac=1, random_state=1).reset_index(drop=True) for n in ("onward", "doses")}
    pd.testing.assert_frame_equal(weighted(people), weighted({**people, **shuffled}), rtol=1e-9)


def test_people_without_a_whole_week_in_the_records_are_compared_too(people):
    none = people["doses"]["person_id"].isin(people["people"]["person_id"][:300])
    found = weighted({**people, "doses": people["doses"][~none]})
    assert set(found["status"]) == {"ok"}
    alone = weighted({**people, "doses": TABLES["doses"].empty()})
    assert set(alone["status"]) == {"ok"}
    # nothing tells of use then, and the estimate errs as the naive one does
    assert alone.loc["difference", "estimate"] > found.loc["difference", "estimate"] > 0.15


def test_detoxification_that_ended_before_time_zero_is_answered_from_what_was_known_at_the_start(people):
    onward = people["onward"].assign(left_day=-2, days_there=5)
    found = weighted({**people, "onward": onward})
    assert set(found["status"]) == {"ok"}
    without = weighted({**people, "onward": onward, "doses": TABLES["doses"].empty()})
    pd.testing.assert_frame_equal(found, without)


def test_who_left_too_late_for_the_outcome_is_not_asked_about(people):
    late = people["onward"]["person_id"].isin(people["people"]["person_id"][:400])
    onward = people["onward"].assign(left_day=people["onward"]["left_day"].mask(late, 170))
    cells = run({**people, "onward": onward}, "crude")["counts"].query("contrast == 'down'")
    assert cells["count"].sum() <= N - 400


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"asked": "other"}, "no one is on record as having left"),
        ({"started_after": 20}, "no one who left started further care within 14 days"),
        ({"started_after": 3}, "no one who left went without further care within 14 days"),
    ],
)
def test_what_nobody_did_cannot_be_answered(people, changed, said):
    onward = TABLES["onward"].cast(people["onward"].assign(known_after=330, **changed))
    rows = run({**people, "onward": onward}, "crude", "clone_censor_weight")["estimates"]
    assert set(rows["status"]) == {"not_possible"}
    assert rows["reason"].str.startswith(said).all()


def test_weights_that_explode_are_gated_and_told(people):
    for gate, said in ((with_limits(max_weight=1.5), "weighs"), (with_limits(min_effective_share=0.99), "effective")):
        found = run(people, "clone_censor_weight", gate=gate)
        assert set(found["estimates"]["status"]) == {"gated"}
        assert found["estimates"]["reason"].str.contains(said).all()
        assert {EFFECTIVE_SHARE, LARGEST_WEIGHT} <= set(found["diagnostics"]["quantity"])
    # cut off at their middle they are far from their mean as well
    gate = with_limits(max_weight=1.5, max_mean_weight_gap=0.5)
    cut = run(people, "clone_censor_weight", setting={**SETTING, "truncated": 0.5}, gate=gate)
    assert set(cut["estimates"]["status"]) == {"ok"}


def test_too_few_events_are_gated(people):
    rows = weighted(people, gate=with_limits(min_events=400))
    assert set(rows["status"]) == {"gated"}
    assert rows["reason"].str.startswith("fewer than 400").all()
