"""Leaving by a month against staying longer, against clone-censor-weight, the package that has such strategies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from iop_outcomes.estimators.causal.strategies import Strategy, Way, strategy_means

COVARIATES = ["AGE", "BECK", "NDT", "RACE"]
MONTHS, BY_DAY = 3, 360


def test_leaving_by_the_third_month_or_staying_longer(uis: pd.DataFrame, agree: Any) -> None:
    """What they call starting treatment by a day is leaving by a month; models are of each month by itself."""
    told = json.loads((Path(__file__).parent / "references" / "clone_censor_weight.json").read_text())
    x = uis[COVARIATES].to_numpy(float)
    left_in = np.ceil(uis["LEN.T"].clip(lower=1) / 30).to_numpy(int)
    used = ((uis["CENSOR"] == 1) & (uis["TIME"] <= BY_DAY)).to_numpy(float)
    there = np.minimum(left_in, MONTHS)
    person = np.repeat(np.arange(len(uis)), there)
    month = np.concatenate([np.arange(1, last + 1) for last in there])
    own = [(month == k)[:, None] * np.column_stack([np.ones(len(month)), x[person]]) for k in range(1, MONTHS + 1)]
    asked = {"leave": Strategy.at_most(MONTHS), "stay": Strategy.at_least(MONTHS + 1)}
    found = strategy_means(used, person, month, [Way(left_in[person] == month, np.column_stack(own)[:, 1:])], asked)
    # the weak prior moves them by some millionths
    agree(found.estimate.value, [told[arm]["risk"] for arm in asked], 1e-5)
    agree(found.estimate.standard_error(), [told[arm]["se"] for arm in asked], 1e-4)
