"""zEpid: weights and weighted risks (SAS), balance, doubly robust risks, a risk ratio."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from adapter import Files, with_limits
from ledger import Both, Suite
from ours import (
    aipw,
    difference,
    fit_outcome,
    fit_propensity,
    mean_by_arm,
    risk_contrast,
    standardised_difference,
    standardised_means,
    weights,
)

suite = Suite("zEpid")
NAMES = ["id", "enter", "out", "male", "age0", "cd40", "dvl0", "cd4", "dvl", "art", "drop", "dead"]


def cohort(files: Files) -> pd.DataFrame:
    """One row a person: covariates and treatment of the first visit, death by week 45, missing where lost by then.

    age and cd4 come with quadratic splines, equal above the last of three knots.
    """
    visits = pd.read_csv(files.path("ze_data.dat"), sep=r"\s+", header=None).iloc[:, : len(NAMES)]
    visits.columns = NAMES
    visits = visits.sort_values(["id", "enter"], kind="stable")
    people, end = visits.groupby("id").first(), visits.groupby("id").last()
    dead = ((end.dead == 1) & (end.out <= 45)).astype(float)
    people["dead"] = dead.mask((end["drop"] == 1) & (end.out <= 45))
    people = people[visits[visits.out <= 45].groupby("id").size().reindex(people.index, fill_value=0) > 0]
    for name in ("age0", "cd40"):
        first, second, third = (np.maximum(people[name] - k, 0) ** 2 for k in np.percentile(people[name], [5, 50, 95]))
        people[f"{name}1"], people[f"{name}2"] = first - third, (second - third).where(second > 0, 0)
    return people


SCORE = ["male", "age0", "age01", "age02", "cd40", "cd401", "cd402", "dvl0"]


@suite.of("sample data", "tests/test_ipw.py (SAS)")
def weighted(files: Files) -> dict[str, Any]:
    people = cohort(files)
    score = fit_propensity(people[SCORE].astype(float), people.art, names=SCORE).score
    kinds = {"unstabilised": "iptw_unstabilised", "stabilised": "iptw", "SMR exposed": "att", "SMR unexposed": "atc"}
    found: dict[str, Any] = {}
    for name, kind in kinds.items():
        weight = weights(kind, people.art, score)
        gap = difference(mean_by_arm(people.dead, people.art, weight, observed=people.dead.notna()), "arm1", "arm0")
        value, _, low, high = with_limits(gap)
        found |= {f"{name} sum of weights": weight.sum(), f"{name} risk difference": value}
        found[f"{name} robust limits, weights known"] = [low, high]
    return found


@suite.of("sample data", "tests/test_ipw.py (SMD)")
def balance(files: Files) -> dict[str, Any]:
    people = cohort(files)
    x = people[["male", "age0", "cd40", "dvl0"]].astype(float)
    treated = people.art == 1
    weight = weights("iptw", people.art, fit_propensity(x, people.art, names=list(x)).score)
    ours = standardised_difference(x, people.art, weight)

    def variance(of: Any) -> Any:
        mean = np.average(x[of], axis=0, weights=weight[of])
        spread = weight[of] @ (x[of] - mean) ** 2 / (weight[of].sum() - 1)
        return np.where(x.isin([0, 1]).all(), mean * (1 - mean), spread)

    gap = [np.average(x[of], axis=0, weights=weight[of]) for of in (treated, ~treated)]
    theirs = (gap[0] - gap[1]) / np.sqrt((variance(treated) + variance(~treated)) / 2)
    return {"SMD unweighted": standardised_difference(x, people.art), "SMD weighted": Both(ours, theirs)}


def robust(x: pd.DataFrame, arm: Any, y: Any, score: Any, both: Any = None) -> Any:
    """Doubly robust risks; x (n, p) of the outcome with the arm last, score (n, q) of the arm's model."""
    model = fit_outcome("logistic", x, y, list(x))
    one, zero = (x.assign(arm=float(a)) if both is None else both(float(a)) for a in (1, 0))
    return aipw(model, arm, one, zero, fit_propensity(score, arm, names=[f"s{k}" for k in range(score.shape[1])]))


@suite.of("sample data", "tests/test_doublyrobust.py (AIPTW)")
def doubly_robust(files: Files) -> dict[str, Any]:
    people = cohort(files).dropna(subset=["dead"])
    x = people[SCORE].astype(float)
    risk = robust(x.assign(arm=people.art.astype(float)), people.art, people.dead, x.to_numpy()).value
    return {"AIPTW risk difference, ratio": [risk[0] - risk[1], risk[0] / risk[1]]}


@suite.of("sample data", "tests/test_gformula.py")
def standardised(files: Files) -> dict[str, Any]:
    """Ten thousand people drawn as its test draws them."""
    rng, n = np.random.RandomState(1011), 10_000

    def drawn(predictor: Any) -> Any:
        return rng.binomial(1, size=n, p=1 / (1 + np.exp(-predictor)))

    first = rng.normal(size=n)
    second, third = drawn(first), rng.normal(size=n)
    arm = drawn(-1 + 2 * first**2)
    common = -0.5 + 2 * first**2 + 0.5 * second + 1.1 * third
    treated, untreated = drawn(common - 0.5), drawn(common)
    x = pd.DataFrame({"square": first**2, "second": second, "third": third, "arm": arm}, dtype=float)
    model = fit_outcome("logistic", x, np.where(arm == 1, treated, untreated), list(x))
    both = standardised_means(model, x.assign(arm=1.0), x.assign(arm=0.0))
    return {"g-formula risk difference": difference(both, "arm1", "arm0").value}


@suite.of("25/50 v 25/50", "tests/test_calculator.py (SAS)")
def ratio(files: Files) -> dict[str, Any]:
    found = risk_contrast(25, 50, 25, 50).ratio
    assert found is not None
    return {"risk ratio limits": [found.low, found.high]}


@suite.of("made there", "tests/test_doublyrobust.py double robustness")
def either(files: Files) -> dict[str, Any]:
    """People by one covariate, arm and outcome: either model may lack what the other has."""
    low = np.repeat([1, 0], [10000, 40000]).astype(float)
    arm = np.repeat([1, 0, 1, 0], [2000, 8000, 30000, 10000]).astype(float)
    y = np.repeat([1, 0, 1, 0, 1, 0, 1, 0], [500, 1500, 4000, 4000, 10000, 20000, 4000, 6000])

    def full(a: Any) -> pd.DataFrame:
        return pd.DataFrame({"low": low, "arm": np.broadcast_to(a, low.shape), "both": low * a})

    plain = pd.DataFrame({"low": low, "arm": arm})
    with_low, without = low[:, None], np.empty((len(low), 0))
    found = {
        "both right": robust(full(arm), arm, y, with_low, full),
        "outcome wrong": robust(plain, arm, y, with_low),
        "propensity wrong": robust(full(arm), arm, y, without, full),
    }
    return {name: risk.value[0] - risk.value[1] for name, risk in found.items()}
