"""Loss to follow-up weighted as a method: against the estimator, without loss, and where it cannot be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import (
    CONTRAST,
    ENDPOINTS,
    GATE,
    INFERENCE,
    N,
    ask,
    by_measure,
    people_of_a_contrast,
    run_retention,
)

from iop_outcomes.analyses import retention
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.estimators.causal.loss import still_followed


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    made = people_of_a_contrast()
    own = made["gates"][made["gates"]["method"] == "iptw"].assign(method="iptw_loss")
    return {**made, "gates": pd.concat([made["gates"], own], ignore_index=True)}


def lost(cohort: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The cohort with people lost to follow-up, the older more often."""
    rng, own = np.random.default_rng(4), cohort["retention"].copy()
    age = cohort["covariates"].set_index("person_id")["age"].loc[own["person_id"]].to_numpy()
    gone = np.tile(rng.integers(1, 200, N), 2)
    early = (gone < own["days"].to_numpy()) & (age > 42)
    own.loc[early, "cause"] = "censored"
    for column in ("days", "days_latest"):
        own.loc[early, column] = gone[early]
    return {**cohort, "retention": own}


def test_without_loss_it_is_inverse_weighting(cohort):
    for outcome in ("unplanned_discharge", "retained", "retained_or_completed"):
        one, other = (by_measure(run_retention(cohort, ask(outcome=outcome, method=m, estimand="ATE")))
                      for m in ("iptw", "iptw_loss"))  # fmt: skip
        for of in ("iop", "residential", "difference"):
            assert other["risk", of] == pytest.approx(one["risk", of], abs=1e-4)


def test_with_loss_it_is_the_weighted_share_of_those_whose_state_is_known(cohort):
    gone = lost(cohort)
    found = run_retention(gone, ask(method="iptw_loss", estimand="ATE"))
    sample = Sample.of(gone["scores"], CONTRAST, INFERENCE)
    left = gone["retention"].query("follows == 'index'").set_index("person_id").loc[sample.scores["person_id"]]
    days, cause = left["days"].to_numpy(dtype=float), left["cause"].to_numpy()
    terms = sample.propensity.matrix.dense()[:, 1:]
    chance = still_followed(days, cause == "censored", 90, sample.arm, terms)
    weight = np.where(chance.known, sample.weight("iptw") / chance.value, 0.0)
    here = sample.arm == 1
    event = (cause == "unplanned") & (days <= 90)
    assert by_measure(found)["risk", "iop"] == pytest.approx(np.average(event[here], weights=weight[here]))
    assert by_measure(found, "std_error")["risk", "iop"] > 0
    assert (chance.value[~chance.known] <= 1).all()
    assert set(found["estimates"]["status"]) == {"ok"}


def test_the_record_of_each_month_has_a_part_in_the_chance(cohort):
    """Against the estimator, with columns as read: positive, negative, missed, hours a week."""
    rng, gone = np.random.default_rng(7), lost(cohort)
    ids = gone["people"]["person_id"]
    state = rng.choice(["yes", "no", "never"], (3, N))
    course = pd.DataFrame(
        {
            "person_id": np.tile(ids, 3), "day": np.repeat([0, 30, 60], N),
            "last_screen_positive": pd.array([{"yes": True, "no": False}.get(s) for s in state.ravel()], "boolean"),
            "last_screen_missed": rng.random(3 * N) < 0.3, "recent_hours": rng.uniform(0, 40, 3 * N),
        }
    )  # fmt: skip
    mixed = course.sample(frac=1, random_state=1, ignore_index=True)
    rows = ask(method="iptw_loss", estimand="ATE")
    given = (gone["retention"], gone["scores"], gone["gates"], [rows], CONTRAST, ENDPOINTS, GATE, INFERENCE)
    found = by_measure(retention.run(*given, course=mixed))
    sample = Sample.of(gone["scores"], CONTRAST, INFERENCE)
    left = gone["retention"].query("follows == 'index'").set_index("person_id").loc[sample.scores["person_id"]]
    own = course.set_index(["person_id", "day"])
    moving = np.stack(
        [
            np.column_stack(
                [
                    m["last_screen_positive"].fillna(False), ~m["last_screen_positive"].fillna(True),
                    m["last_screen_missed"], m["recent_hours"] / 4,
                ]
            ).astype(float)
            for m in (own.xs(day, level="day").loc[sample.scores["person_id"]] for day in (0, 30, 60))
        ],
        axis=1,
    )  # fmt: skip
    days, cause = left["days"].to_numpy(dtype=float), left["cause"].to_numpy()
    terms = sample.propensity.matrix.dense()[:, 1:]
    chance = still_followed(days, cause == "censored", 90, sample.arm, terms, 30, moving)
    weight = np.where(chance.known, sample.weight("iptw") / chance.value, 0.0)
    here, event = sample.arm == 1, (cause == "unplanned") & (days <= 90)
    assert found["risk", "iop"] == pytest.approx(np.average(event[here], weights=weight[here]))
    assert found["risk", "iop"] != pytest.approx(by_measure(run_retention(gone, rows))["risk", "iop"], abs=1e-5)
