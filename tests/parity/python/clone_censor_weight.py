"""Leaving by the third month against staying longer, by clone-censor-weight 0.1.0, on the uis data.

In an environment of its own, as the package is no part of this one:
  python -m venv ENV; ENV/bin/pip install clone-censor-weight==0.1.0
  ENV/bin/python tests/parity/python/clone_censor_weight.py > tests/parity/references/clone_censor_weight.json
What it calls treatment is leaving care; months count from 0. It fits one model for each month, as ours do in the test,
so that both estimate the same.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from ccw import CCW, DataSpec, InitiateBy, NoInitiationThrough

COVARIATES = ["AGE", "BECK", "NDT", "RACE"]
# the last month that is decided, that of the outcome, and its day
DECIDED, LAST, BY_DAY = 2, 6, 360


def weeks() -> pd.DataFrame:
    """A row for each person and month, up to the one of the outcome."""
    uis = pd.read_csv(Path(__file__).parents[3] / "data" / "uis" / "uis.csv")
    month = np.ceil(uis["LEN.T"].clip(lower=1) / 30).astype(int) - 1
    used = ((uis["CENSOR"] == 1) & (uis["TIME"] <= BY_DAY)).astype(int)
    told = uis[COVARIATES].assign(person=range(len(uis)), month=month, used=used)
    told[COVARIATES] = (told[COVARIATES] - told[COVARIATES].mean()) / told[COVARIATES].std(ddof=0)
    rows = told.loc[told.index.repeat(LAST + 1)].assign(month_now=np.tile(np.arange(LAST + 1), len(told)))
    rows["left"] = (rows["month"] == rows["month_now"]).astype(int)
    rows["outcome"] = ((rows["month_now"] == LAST) & (rows["used"] == 1)).astype(int)
    return rows.reset_index(drop=True)[["person", "month_now", "left", "outcome", *COVARIATES]]


def fitted() -> dict[str, object]:
    """Risks and their standard errors, and the version of the package."""
    spec = DataSpec("person", "month_now", "left", "outcome", baseline=tuple(COVARIATES))
    by_month = " + ".join(["C(tstart)", *(f"C(tstart):{name}" for name in COVARIATES)])
    analysis = CCW(
        spec=spec,
        strategies={"leave": InitiateBy(DECIDED), "stay": NoInitiationThrough(DECIDED)},
        weight_models={"leave": " + ".join(COVARIATES), "stay": by_month},
        followup_end=LAST,
        estimate_at=LAST,
    )
    found = analysis.fit(weeks()).estimates
    of = {arm: [found[f"outcome_rate_{arm}"], found[f"outcome_rate_{arm}_std"]] for arm in analysis.strategies}
    told = {arm: {"risk": float(risk), "se": float(error)} for arm, (risk, error) in of.items()}
    return {"package": f"clone-censor-weight {version('clone-censor-weight')}", **told}


if __name__ == "__main__":
    print(json.dumps(fitted(), indent=1))
