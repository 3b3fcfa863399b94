"""The interval of a difference with few sites as clusters: whose it is, and that it holds the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from contrast_people import CONTRAST, ENDPOINTS, GATE, INFERENCE, ask, people_of_a_contrast

from iop_outcomes.analyses.answer import answer
from iop_outcomes.analyses.outcomes import follow
from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.estimators.regression.few_clusters import cr2
from iop_outcomes.tables.results import FEW_SITES_DEGREES, FEW_SITES_HIGH, FEW_SITES_LOW

BY_SITE = INFERENCE.model_copy(update={"cluster": "site"})
FEW = [FEW_SITES_LOW, FEW_SITES_HIGH, FEW_SITES_DEGREES]
ASK = ask(step="abstinence", outcome="abstinent", missing_rule="observed_only", horizon_days=180)


@dataclass(frozen=True)
class Case:
    """People of 800, 4 of them each of 200 sites unless said otherwise, with their cohort."""

    cohort: Mapping[str, pd.DataFrame]

    def sample(self, sites: int, inference: Any = BY_SITE) -> Sample:
        scores = self.cohort["scores"]
        return Sample.of(scores.assign(site_id=np.arange(len(scores)) % sites), CONTRAST, inference)

    def followed(self, outcome: str) -> Any:
        return follow(self.cohort["retention"], self.cohort["scores"], ENDPOINTS[outcome])


@pytest.fixture(scope="module")
def case() -> Case:
    return Case(people_of_a_contrast())


def told(asked: Any, sample: Sample, outcome: Any) -> dict[str, float]:
    rows = answer(asked, sample, outcome, GATE).diagnostics
    return {str(r["quantity"]): float(str(r["value"])) for r in rows if r["quantity"] in FEW}


@pytest.mark.parametrize(("outcome", "sign"), [("unplanned_discharge", 1), ("retained", -1)])
def test_it_is_that_of_the_weighted_regression_on_the_arm(case: Case, outcome: str, sign: int) -> None:
    sample, own = case.sample(12), case.followed(outcome)
    asked = ask(outcome=outcome)
    found = told(asked, sample, own)
    state = own.happened(asked) if sign > 0 else ~own.happened(asked)
    arm, weight = sample.arm[:, None].astype(float), sample.weight("overlap")
    held = cr2(arm, state.astype(float), ["arm"], sample.scores["site_id"].to_numpy(), weight).take("arm")
    low, high = held.interval(0.95)
    assert list(found) == FEW
    np.testing.assert_allclose(list(found.values()), [low[0], high[0], held.degrees[0]])
    assert 5 < found[FEW_SITES_DEGREES] <= 11


def test_it_is_told_of_few_sites_as_clusters_and_of_those_alone(case: Case) -> None:
    own = case.followed("unplanned_discharge")
    assert list(told(ask(), case.sample(39), own)) == FEW
    assert told(ask(), case.sample(40), own) == {}
    assert told(ask(), case.sample(1), own) == {}
    assert told(ask(), case.sample(12, INFERENCE), own) == {}
    for other in ({"method": "aipw", "estimand": "ATE"}, {"outcome": "time_in_care", "measure": "mean_days"}):
        asked = ask(**other)
        assert told(asked, case.sample(12), case.followed(asked.outcome)) == {}


def test_it_is_not_told_where_someone_was_last_seen_before_the_day(case: Case) -> None:
    own = case.followed("unplanned_discharge")
    early = own.cause.copy()
    early[np.flatnonzero(own.days < 90)[:3]] = "censored"
    assert told(ask(), case.sample(12), replace(own, cause=early)) == {}


def test_an_arm_of_one_site_has_an_estimate_and_no_such_interval(case: Case) -> None:
    sample = case.sample(12)
    apart = sample.everyone.assign(site_id=np.where(sample.arm == 1, 0, 1 + np.arange(len(sample.arm)) % 5))
    answered = answer(ask(), replace(sample, everyone=apart), case.followed("unplanned_discharge"), GATE)
    assert answered.status == "ok"
    assert not [r for r in answered.diagnostics if r["quantity"] in FEW]


def test_with_effects_that_differ_between_ten_sites_it_holds_the_truth_and_independence_does_not() -> None:
    """Weights are estimated in each of 150 samples, of ten sites whose effects scatter around 0.1."""
    rng = np.random.default_rng(12)
    held = {"sites": 0, "people": 0}
    samples, n = 150, 600
    for _ in range(samples):
        site = np.arange(n) % 10
        x = rng.normal(size=n)
        arm = (rng.random(n) < 1 / (1 + np.exp(-0.8 * x))).astype("int64")
        effect = 0.1 + rng.normal(0, 0.12, 10)[site]
        state = rng.random(n) < np.clip(0.45 + 0.05 * x + effect * arm, 0, 1)
        frame = pd.DataFrame({"arm": arm, "site_id": site, "record_id": np.arange(n)})
        sample = Sample.of(_scored(frame, x), CONTRAST, BY_SITE)
        levels = np.where(state, "abstinent", "using").astype(object)
        answered = answer(ASK, sample, AtADay(levels), GATE)
        rows = {r["quantity"]: float(str(r["value"])) for r in answered.diagnostics}
        held["sites"] += rows[FEW_SITES_LOW] <= 0.1 <= rows[FEW_SITES_HIGH]
        gap = answered.estimates[2]
        held["people"] += float(str(gap["conf_low"])) <= 0.1 <= float(str(gap["conf_high"]))
    # exact binomial limits of 99.9 % around 95 % of 150
    assert held["sites"] >= 132
    assert held["people"] < 132


def _scored(frame: pd.DataFrame, x: np.ndarray) -> pd.DataFrame:
    """The table scores of a logistic score of one covariate."""
    from iop_outcomes import design
    from iop_outcomes.protocol import Adjustment

    n = len(frame)
    ids = [f"p{i:04d}" for i in range(n)]
    people = pd.DataFrame({"person_id": ids, "record_id": ids, "site_id": frame["site_id"].astype(str)})
    covariates = pd.DataFrame({"person_id": ids, "x": x})
    arms = pd.DataFrame({"contrast": "c", "person_id": ids, "arm": frame["arm"], "stratum": people["site_id"]})
    asked = Adjustment(continuous=["x"], categorical=[], spline_knots=3)
    return design.run(people, covariates, arms, "k", "c", CONTRAST, asked, GATE)["scores"]
