"""sandwich: clustered covariances, one way and two ways, of linear and logistic models (Stata's among them)."""

from __future__ import annotations

from typing import Any

import numpy as np
from adapter import Files
from ledger import Both, Suite
from ours import Estimate, cr2, linear, logistic

suite = Suite("sandwich")
WHERE = "tests/Examples/sandwich-Ex.Rout.save; tests/vcovCL.Rout.save"
UPPER = ([0, 0, 1], [0, 1, 1])


def covariance(estimate: Estimate, *clusters: Any) -> Any:
    return estimate.clustered(*(c.tolist() for c in clusters)).covariance()


@suite.of("PetersenCL", WHERE)
def panel(files: Files) -> dict[str, Any]:
    """HC1 has (n - 1) / (n - 2) besides the factor of clusters."""
    people = files.csv("PetersenCL")
    fit, n = linear(people[["x"]], people.y, ["x"]), len(people)
    one, two = covariance(fit, people.firm), covariance(fit, people.firm, people.year)
    factor = (n - 1) / (n - 2)
    return {
        "one-way HC1 covariance (times (n-1)/(n-k))": Both(one[UPPER], factor * one[UPPER]),
        "two-way HC1": Both(two[UPPER], factor * two[UPPER]),
        "se": Both(*(np.sqrt(k * np.diag(one)) for k in (1, factor))),
    }


@suite.of("PetersenCL y>0", f"{WHERE} (Stata brl)")
def binary(files: Files) -> dict[str, Any]:
    people = files.csv("PetersenCL")
    return {"logit clustered": covariance(logistic(people[["x"]], people.y > 0, ["x"]), people.firm)[UPPER]}


@suite.of("PetersenCL", f"{WHERE} (BMlmSE, Imbens & Kolesar)")
def reduced(files: Files) -> dict[str, Any]:
    people = files.csv("PetersenCL")
    return {"CR2": cr2(people[["x"]], people.y, ["x"], people.firm.tolist()).covariance[UPPER]}


@suite.of("InstInnovation", WHERE)
def citations(files: Files) -> dict[str, Any]:
    cited = files.csv("InstInnovation")[lambda d: d.cites > 0]
    fit = linear(cited[["institutions"]] / 100, np.log(cited.cites), ["institutions"])
    return {"two-way HC0 cadjust": covariance(fit, cited.company, cited.year)[UPPER]}
