"""riskRegression: standardised risks of a Cox model and doubly robust ones of logistic models, with their limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from adapter import Files, with_limits
from ledger import Suite
from ours import Estimate, aipw, difference, fit_cause_models, fit_outcome, fit_propensity, standardised_survival

suite = Suite("riskRegression")
TIMES = (1, 5, 10)


def ratio(estimate: Estimate, first: str, second: str) -> Estimate:
    """first / second on its own scale, as ate has it; ours are logarithms."""
    a, b = estimate.take(first, second).value
    return estimate.take(first, second).transform(
        ("ratio",), lambda v: np.array([v[0] / v[1]]), np.array([[1 / b, -a / b**2]])
    )


@suite.of("sampleData(50) seed 10", "slowtests/test-ate.R")
def survival(files: Files) -> dict[str, Any]:
    people = files.csv("rr_ate1")
    x = pd.DataFrame({"T1": people.X1 == "T1", "T2": people.X1 == "T2", "X2": people.X2.astype(int)}, dtype=float)
    models = fit_cause_models(x, people.time, people.event.astype(int), list(x))
    settings = {arm: (models, x.assign(T1=float(arm == "T1"), T2=float(arm == "T2"))) for arm in ("T0", "T1")}
    alive = standardised_survival(settings, TIMES, form="exponential")
    risk = alive.transform(alive.names, lambda v: 1 - v, -np.eye(len(alive.names)))
    control = np.array([with_limits(risk.take(f"T0:{t}")) for t in TIMES])
    found: dict[str, Any] = {
        "ATE T0 risk at 1, 5, 10": control[:, 0],
        "ATE T0 lower 5, 10": control[1:, 2],
        "ATE T0 upper": control[:, 3],
    }
    for t in TIMES:
        gap, times = difference(risk, f"T1:{t}", f"T0:{t}"), ratio(risk, f"T1:{t}", f"T0:{t}")
        for name, one in (
            (f"risk difference T1-T0 at {t} with limits", gap),
            (f"risk ratio at {t}, plain limits", times),
        ):
            value, _, low, high = with_limits(one)
            found[name] = [value, low, high]
    return found


def doubly_robust(files: Files) -> Estimate:
    people = files.csv("rr_bin")
    arm, x = people.X1.astype(float), people[["X2"]].astype(float)
    model = fit_outcome("logistic", x.assign(arm=arm), people.Y, ["X2", "arm"])
    propensity = fit_propensity(x, arm, names=["X2"])
    return aipw(model, arm, x.assign(arm=1.0), x.assign(arm=0.0), propensity, stacked=True)


@suite.of("sampleData binary", "slowtests/test-ate.R (AIPTW, commented values)")
def risks(files: Files) -> dict[str, Any]:
    return {"AIPTW risk 0, 1": doubly_robust(files).take("arm0", "arm1").value}


@suite.of("sampleData binary", "slowtests/test-ate.R")
def contrasts(files: Files) -> dict[str, Any]:
    both = doubly_robust(files)
    times = ratio(both, "arm1", "arm0")
    return {
        "AIPTW se 0, 1": both.take("arm0", "arm1").standard_error(),
        "AIPTW difference, se, limits": with_limits(difference(both, "arm1", "arm0")),
        "AIPTW ratio, se": [times.value[0], times.standard_error()[0]],
    }
