"""MatchIt: propensity scores of the lalonde data, and balance before and after matching."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from adapter import Files
from ledger import Both, Suite
from ours import distance, fit_propensity, standardised_difference, variance_ratio

suite = Suite("MatchIt")


def covariates(people: pd.DataFrame) -> pd.DataFrame:
    races = pd.get_dummies(people.race, prefix="race", dtype=float)[["race_black", "race_hispan", "race_white"]]
    numbers = people[["age", "educ", "married", "nodegree", "re74", "re75"]].astype(float)
    return pd.concat([numbers[["age", "educ"]], races, numbers[["married", "nodegree", "re74", "re75"]]], axis=1)


@suite.of("lalonde", "matchit(distance='glm')")
def scores(files: Files) -> dict[str, Any]:
    people = files.csv("lalonde_m")
    x = covariates(people).drop(columns="race_white")
    return {"propensity scores, first 20": fit_propensity(x, people.treat, names=list(x)).score[:20]}


def balance(files: Files, weight: Any) -> dict[str, Any]:
    people = files.csv("lalonde_m")
    x, treated = covariates(people), people.treat == 1
    binary = ((x == 0) | (x == 1)).all()
    one, zero = (np.where(binary, h.mean() * (1 - h.mean()), h.var()) for h in (x[treated], x[~treated]))
    gap = standardised_difference(x, people.treat, weight)
    return {
        "variance ratio": variance_ratio(x, people.treat, weight)[~binary],
        "eCDF max (KS)": distance(x, people.treat, weight),
        "standardised mean difference (on the treated sd)": Both(gap, gap * np.sqrt((one + zero) / 2 / one)),
    }


@suite.of("lalonde all", "summary.matchit")
def before(files: Files) -> dict[str, Any]:
    return balance(files, None)


@suite.of("lalonde matched", "summary.matchit")
def after(files: Files) -> dict[str, Any]:
    return balance(files, files.json("gee_matchit")["matchit"]["weights"])
