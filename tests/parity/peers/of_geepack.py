"""geepack: models of its own data sets as its geeglm fits them."""

from __future__ import annotations

from typing import Any

import pandas as pd
from adapter import Files, clustered
from ledger import Suite
from ours import gee

suite = Suite("geepack")


def models(name: str, family: str, x: pd.DataFrame, people: pd.DataFrame) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for correlation in ("independence", "exchangeable", "ar1"):
        fit = gee(family, x, people.y, list(x), people.id, correlation)
        found[f"{correlation} coef"] = fit.estimate.value
        found[f"{correlation} se"] = clustered(fit.estimate, people.id)
        if correlation != "independence":
            found[f"{correlation} alpha"] = fit.correlation
    return found


def of(name: str) -> Any:
    return suite.of(name, "data of geepack, R geepack 1.3.9")


@of("dietox")
def pigs(files: Files) -> dict[str, Any]:
    people = files.csv("gp_dietox")
    copper = pd.get_dummies(people.Cu, dtype=float).drop(columns="Cu000")
    powers = pd.DataFrame({f"time{k}": people.Time**k for k in (1, 2, 3)}).astype(float)
    crossed = {f"{c}:{p}": copper[c] * powers[p] for p in powers for c in copper}
    return models("dietox", "linear", pd.concat([copper, powers, pd.DataFrame(crossed)], axis=1), people)


@of("seizure")
def seizures(files: Files) -> dict[str, Any]:
    people = files.csv("gp_seizure")
    x = people[["trt", "x", "age"]].astype(float)
    return models("seizure", "poisson", x.assign(both=x.trt * x.x), people)


@of("resp")
def breathing(files: Files) -> dict[str, Any]:
    people = files.csv("gp_resp")
    return models("resp", "logistic", people[["treatP", "center", "sexM", "age", "baseline"]].astype(float), people)
