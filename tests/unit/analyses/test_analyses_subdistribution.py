"""Ratios of subdistribution hazards of a contrast: by another model, by known truth, and who cannot be asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import CONTRAST, INFERENCE, ask, people_of_a_contrast, run_retention, with_limits

from iop_outcomes.analyses.outcomes.competing import Competing
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.errors import NotPossible
from iop_outcomes.estimators.cox.cox import cox
from iop_outcomes.estimators.cox.fine_gray import fine_gray

RATIO = "subdistribution_hazard_ratio"
NAIVE = {"measure": RATIO, "method": "naive", "estimand": "as_observed"}


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    return people_of_a_contrast()


def of(cohort: dict[str, pd.DataFrame], **asked: object) -> pd.Series:
    found = run_retention(cohort, ask(**{"measure": RATIO, **asked}))
    assert found["diagnostics"].empty
    assert found["curves"].empty
    return found["estimates"].iloc[0]


def index(cohort: dict[str, pd.DataFrame]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arm, day and cause of leaving the index level."""
    left = cohort["retention"].query("follows == 'index'")
    return cohort["scores"]["arm"].to_numpy(), left["days"].to_numpy(float), left["cause"].to_numpy()


@pytest.mark.parametrize("method", ["naive", "overlap"])
def test_without_censoring_it_is_a_cox_model_in_which_others_stay_to_the_end(cohort, method: str) -> None:
    arm, day, cause = index(cohort)
    event = (cause == "unplanned") & (day <= 90)
    stays = np.where(event, day, 91)
    weight = None if method == "naive" else cohort["scores"]["overlap"].to_numpy()
    held = cox(arm[:, None].astype(float), stays, event, ["arm"], weight=weight, ties="breslow").estimate
    row = of(cohort, method=method, estimand="ATO" if weight is not None else "as_observed")
    assert (row["of"], row["status"]) == ("ratio", "ok")
    np.testing.assert_allclose(np.log(row["estimate"]), held.value[0], rtol=1e-8)
    if weight is None:
        np.testing.assert_allclose(row["std_error"], held.standard_error()[0], rtol=1e-6)
        reach = 1.959964 * row["std_error"] * np.array([-1, 1])
        np.testing.assert_allclose(np.log(row[["conf_low", "conf_high"]].astype(float)), held.value[0] + reach)


def test_it_differs_from_the_ratio_of_hazards_where_others_leave_sooner_in_one_arm(cohort) -> None:
    arm, _, _ = index(cohort)
    quick = cohort["retention"].copy()
    other = (quick["cause"] == "completed").to_numpy() & np.tile(arm == 1, 2)
    quick.loc[other, ["days", "days_latest"]] = 1
    found = run_retention({**cohort, "retention": quick}, ask(**NAIVE), ask(**{**NAIVE, "measure": "hazard_ratio"}))
    both = found["estimates"][found["estimates"]["from_day"].isna()].set_index("measure")["estimate"]
    assert both[RATIO] < both["hazard_ratio"] / 1.2


def test_the_truth_is_found_with_competing_events_and_censoring() -> None:
    """F(t) = 1 - (1 - p (1 - exp(-t / 20)))^(ratio in the first arm), as in section 5 of Fine and Gray."""
    rng = np.random.default_rng(4)
    n, ratio, p = 6000, 1.8, 0.4
    arm = rng.integers(0, 2, n)
    power = np.where(arm == 1, ratio, 1.0)
    ever = 1 - (1 - p) ** power
    own = rng.random(n) < ever
    share = 1 - (1 - rng.random(n) * ever) ** (1 / power)
    day = np.where(own, -20 * np.log(1 - np.minimum(share / p, 1 - 1e-12)), rng.exponential(25, n))
    end = rng.uniform(10, 120, n)
    cause = np.select([end < day, own], ["censored", "unplanned"], "completed").astype(object)
    day = np.minimum(day, end)
    scores = pd.DataFrame({"arm": arm, "site_id": "s", "record_id": np.arange(n)})
    sample = Sample.of(scores, CONTRAST, INFERENCE)
    outcome = Competing(day, day, cause, "unplanned")
    found = outcome.subdistribution_ratio(ask(**{**NAIVE, "horizon_days": 80}), sample)
    assert abs(found.value[0] - np.log(ratio)) < 3 * found.standard_error()[0] < 0.2
    code = np.select([day > 80, cause == "unplanned", cause == "completed"], [0, 1, 2], 0)
    held = fine_gray(arm[:, None], np.minimum(day, 80), code, 1, ["arm"], censoring_groups=arm).estimate
    np.testing.assert_allclose(found.value, held.value)


def test_lengths_of_stay_as_intervals_and_what_has_no_hazard_say_so(cohort) -> None:
    wide = cohort["retention"].assign(days_latest=cohort["retention"]["days"] + 5)
    row = of({**cohort, "retention": wide}, **NAIVE)
    assert (row["status"], row["reason"][:29]) == ("not_possible", "lengths of stay are known as ")
    row = of(cohort, **{**NAIVE, "outcome": "retained"})
    assert (row["status"], row["reason"][:28]) == ("not_possible", "being in care has no hazard:")


def test_too_few_events_gate_it(cohort) -> None:
    found = run_retention(cohort, ask(**NAIVE), gate=with_limits(min_events=5000))["estimates"].iloc[0]
    assert found["status"] == "gated"
    assert np.isnan(found["estimate"])


def test_other_outcomes_answer_in_words(cohort) -> None:
    from iop_outcomes.analyses.outcomes import at_a_day, to_an_event

    sample = Sample.of(cohort["scores"], CONTRAST, INFERENCE)
    days = to_an_event.read(cohort["first_use"], sample.scores, "return_to_use")
    with pytest.raises(NotPossible, match="no other event competes"):
        days.subdistribution_ratio(ask(**NAIVE), sample)
    with pytest.raises(NotPossible, match="no hazard"):
        at_a_day.AtADay(np.array(["using"])).subdistribution_ratio(ask(**NAIVE), sample)
