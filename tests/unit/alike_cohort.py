"""A cohort that was drawn from known numbers, as the tables that a study reads, and the coarse numbers made of it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
from contrast_people import ask
from scipy.special import expit

from iop_outcomes.analyses import likeness
from iop_outcomes.analyses.performance import drawn_tables
from iop_outcomes.protocol import Adjustment, Contrast, Endpoint, Gate, Inference, Judged
from iop_outcomes.simulate.alike import draw
from iop_outcomes.simulate.alike.numbers import Covariate, Logit, Numbers

NUMBERS = Numbers(
    people=4_000,
    sites=25,
    uneven=0.5,
    covariates=[
        Covariate(name="severity", deciles=[-1.3, -0.8, -0.5, -0.2, 0.0, 0.2, 0.5, 0.8, 1.3]),
        Covariate(name="housing", levels=["yes", "no"], order=["no", "yes"], shares=[0.2, 0.8]),
        Covariate(
            name="severity=missing",
            levels=["known", "unknown"],
            order=["known", "unknown"],
            shares=[0.9, 0.1],
            flags="severity",
        ),
    ],
    dependence=[[1.0, -0.4, 0.0], [-0.4, 1.0, 0.0], [0.0, 0.0, 1.0]],
    placement=Logit(coefficient={"severity": {"": -0.8}, "housing": {"no": -1.0}}, spread=0.4),
    first_share=0.55,
)
OUTCOME = Logit(coefficient={"severity": {"": -0.8}, "housing": {"no": -0.4}}, spread=0.3)
ANSWER = Logit(coefficient={"severity": {"": -0.5}})
ADJUSTMENT = Adjustment(continuous=["severity"], categorical=["housing"], spline_knots=3)
CONTRAST = Contrast.model_validate(
    {
        "title": "",
        "column": "index_level",
        "first": {"name": "iop", "label": "IOP", "values": ["2.1"]},
        "second": {"name": "res", "label": "Residential care", "values": ["3.5"]},
    }
)
INFERENCE = Inference(cluster="person")
GATE = Gate(min_events=10)
ENDPOINTS = {"abstinent": Endpoint(outcome="abstinent", kind="interview", label="", definition="")}
ASKED = ask(
    step="abstinence", outcome="abstinent", horizon_days=180, method="overlap", missing_rule="observed_only",
    estimand="ATO", family="primary",
)  # fmt: skip
JUDGED = Judged(
    analysis=ASKED.analysis, contrast=ASKED.contrast, outcome="abstinent", horizon_days=180, measure="risk",
    of="difference", better="more", margin=-0.10, primary=["overlap"], asked=["overlap"],
)  # fmt: skip


def tables(people: int) -> dict[str, pd.DataFrame]:
    """Tables of a drawn cohort: abstinence 40 and 50 of 100 among those who could be in both arms, some without."""
    rng = np.random.default_rng(7)
    drawn = draw.people(NUMBERS, rng, people, 60)
    own = drawn_tables.cohort(drawn, NUMBERS.model_copy(update={"sites": 60}), ASKED.contrast, ADJUSTMENT)
    odds, weight = drawn.predictor(OUTCOME), draw.weight_of(drawn, "overlap")
    first, second = (draw.intercept(odds, weight, mean) for mean in (0.4, 0.5))
    happened = rng.random(people) < expit(odds + np.where(drawn.first, first, second))
    answered = rng.random(people) < expit(drawn.predictor(ANSWER) + np.where(drawn.first, 1.4, 0.8))
    scores = own.arms.drop(columns=["contrast"]).rename(columns={"stratum": "site_id"})
    return {
        "covariates": own.covariates,
        "scores": scores.assign(record_id=scores["person_id"]),
        "retention": pd.DataFrame(),
        "abstinence": drawn_tables.abstinence(ASKED, own, happened, answered),
        "estimates": estimates(0.4, 0.5),
    }


def estimates(first: float, second: float) -> pd.DataFrame:
    """What the question has as its estimates."""
    keys = ("analysis", "outcome", "horizon_days", "measure", "method", "missing_rule")
    same = {**{k: getattr(ASKED, k) for k in keys}, "group_by": "all", "from_day": np.nan, "delta_first": np.nan}
    return pd.DataFrame([{**same, "of": of, "estimate": value} for of, value in (("iop", first), ("res", second))])


def numbers_of(given: dict[str, pd.DataFrame], fewest: int = 11) -> Any:
    """The coarse numbers, as they are written down."""
    made = likeness.run(
        **given, rows=[ASKED], contrast=CONTRAST, endpoints=ENDPOINTS, inference=INFERENCE, fewest=fewest
    )
    return json.loads(made["likeness"])
