"""Entropy balancing as a method of a study: designed, gated by itself, and the same by cells as by people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import ask
from parts import contrast

from iop_outcomes import design
from iop_outcomes.analyses.answer import answer, decided
from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.protocol import Adjustment, Gate, Inference

METHODS = ("overlap", "entropy_balancing")
GATE = Gate(min_events=10)
CONTRAST = contrast("iop", "res")
ROW = ask(
    step="abstinence", outcome="abstinent", horizon_days=180, method="entropy_balancing", estimand="ATE",
    missing_rule="observed_only",
)  # fmt: skip


def designed(sites: int = 25, apart: bool = False) -> tuple[dict[str, pd.DataFrame], np.ndarray]:
    """The design of 1 000 people; apart: everyone in the second arm is younger than people are on average."""
    rng = np.random.default_rng(3)
    n = 1_000
    names = np.array([f"p{i:04d}" for i in range(n)], dtype=object)
    site = np.array([f"S{i % sites:02d}" for i in range(n)], dtype=object)
    age, rare = rng.normal(40, 10, n), np.arange(n) < 30
    arm = (rng.random(n) < 1 / (1 + np.exp(-(age - 40) / 15))).astype("int64")
    if apart:
        arm = (rng.random(n) < 0.7).astype("int64")
        age = np.where(arm == 1, rng.uniform(38, 80, n), rng.uniform(20, 45, n))
    kind = pd.Categorical(np.where(rare, "rare", "usual"), ["usual", "rare"])
    people = pd.DataFrame({"person_id": names, "record_id": names, "site_id": site, "kind": kind})
    arms = pd.DataFrame({"contrast": "c", "person_id": names, "arm": arm, "stratum": site})
    covariates = pd.DataFrame({"person_id": names, "age": age, "kind": kind})
    adjustment = Adjustment(continuous=["age"], categorical=["kind"], spline_knots=3)
    found = design.run(people, covariates, arms, "k", "c", CONTRAST, adjustment, GATE, METHODS)
    state = np.where(rng.random(n) < 1 / (1 + np.exp((age - 40) / 20 - 0.3 * arm)), "abstinent", "using")
    return {k: v for k, v in found.items() if not isinstance(v, str)}, state


def test_every_term_of_the_score_has_the_mean_of_everyone_in_both_arms() -> None:
    found, _ = designed()
    scores = found["scores"]
    terms = scores[[c for c in scores if c.startswith("t_")]].to_numpy()
    for arm in (0, 1):
        own = (scores["arm"] == arm).to_numpy()
        weight = scores["entropy_balancing"].to_numpy()[own]
        np.testing.assert_allclose(weight @ terms[own] / weight.sum(), terms.mean(axis=0), atol=1e-6)
    assert dict(zip(found["gates"]["method"], found["gates"]["status"], strict=True))["entropy_balancing"] == "ok"


@pytest.mark.parametrize("cluster", ["site", "person"])
def test_it_is_the_same_by_cells_of_people_as_by_people(cluster: str) -> None:
    found, state = designed()
    one = Sample.of(found["scores"], CONTRAST, Inference(cluster=cluster))
    two = Sample.of(found["scores"], CONTRAST, Inference(cluster=cluster))
    object.__setattr__(two, "_cells", lambda *_: None)
    rows = [answer(ROW, s, AtADay(state), GATE, decided(found["gates"])[ROW.method]).estimates for s in (one, two)]
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        assert [r[name] for r in rows[0]] == pytest.approx([r[name] for r in rows[1]], rel=1e-8)


def test_where_an_arm_cannot_be_balanced_that_method_is_gated_and_no_other() -> None:
    told = designed(apart=True)[0]["gates"].set_index("method")
    assert told.loc["entropy_balancing", "status"] == "gated"
    reason = str(told.loc["entropy_balancing", "reason"])
    assert "its people do not surround them in age" in reason
    assert "everyone" not in told.loc["overlap", "reason"]
    assert told.loc["crude", "status"] == "ok"
