"""Bounds, readings and deltas of missing answers against R's closed forms; weights of loss on the NHEFS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from iop_outcomes.analyses.outcomes.at_a_day import AtADay
from iop_outcomes.estimators.base.estimate import difference
from iop_outcomes.estimators.causal.effects import mean_by_arm
from iop_outcomes.estimators.missing.in_time import impute_in_time
from iop_outcomes.protocol import Analysis

RULES = {
    "observed_only": "observed_rd", "missing_is_using": "missing_is_using", "worst_case": "lower",
    "best_case": "upper",
}  # fmt: skip


def people() -> tuple[np.ndarray, np.ndarray]:
    """Arm and level: 60 of 100 and 20 missing against 55 of 110 and 25 missing."""
    levels = np.repeat(["abstinent", "using", "missing"] * 2, [60, 40, 20, 55, 55, 25]).astype(object)
    return np.repeat([1, 0], [120, 135]), levels


def asked(rule: str) -> Analysis:
    return Analysis.model_validate(
        {
            "cohort": "k", "analysis": "a", "step": "abstinence", "contrast": "c", "outcome": "o", "horizon_days": 180,
            "measure": "risk", "estimand": "ATE", "method": "iptw", "missing_rule": rule,
        }
    )  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_readings_and_bounds(rule: str, oracle: Any, agree: Any) -> None:
    reference = oracle("MISSING_BOUNDS")
    arm, levels = people()
    outcome = AtADay(levels, first=arm == 1)
    used, state = outcome.used(asked(rule)), outcome.state(asked(rule))
    found = difference(mean_by_arm(state, arm, used.astype(float)), "arm1", "arm0")
    agree(found.value, reference["values"][RULES[rule]], reference["tolerance"])


def test_deltas_are_those_of_the_pattern_mixture(oracle: Any) -> None:
    """Many imputations without covariates come to the closed form, with the same delta in both arms."""
    wanted = oracle("MISSING_BOUNDS")["values"]["delta_logodds_pattern_mixture"]
    arm, levels = people()
    states = np.select([levels == "abstinent", levels == "using"], [1.0, 0.0], np.nan)[:, None]
    done = list(impute_in_time(states, arm[:, None].astype(float), 4_000, seed=1))
    for delta, value in wanted.items():
        gaps = [d.last(float(delta)) for d in done]
        found = np.mean([y[arm == 1].mean() - y[arm == 0].mean() for y in gaps])
        # coefficients are drawn around the estimate, which moves a mean of log odds by next to nothing
        assert found == pytest.approx(value, abs=0.002)
