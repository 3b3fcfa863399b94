"""lifelines: what its tests hold of R's survival, flexsurv, eha and interval packages, and of textbooks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from adapter import Files, steps
from ledger import Both, Suite
from ours import CoxFit, at_risk, cox, logrank, proportional_hazards_test, survival, survival_curve, turnbull

suite = Suite("lifelines")
TESTS = "lifelines/tests/test_statistics.py (R survdiff; Kleinbaum & Klein)"
INTERVALS = "lifelines/tests/test_npmle.py (R interval / icenReg)"
ZPH = "test_statistics.py (R cox.zph, old versions)"
# five rows of its tests
VAR1 = [0.209325, 0.693919, 0.443804, 0.065636, 0.386294]
SORTED = [5.269797, 6.601666, 7.335846, 11.684092, 12.678458]
WEIGHT = [1, 0.5, 2, 1, 1]


@suite.of("g3", TESTS)
def glioma(files: Files) -> dict[str, Any]:
    people = files.csv("ll_g3")
    return {"logrank p": logrank(people.time, people.event, people.group).p_value}


@suite.of("leukaemia", TESTS)
def leukaemia(files: Files) -> dict[str, Any]:
    group, time, event = np.loadtxt(files.path("ll_gehan.dat")).T
    plain = logrank(time, event, group)
    found: dict[str, Any] = {"logrank chisq": plain.statistic, "logrank p": plain.p_value}
    for name in ("gehan-breslow", "tarone-ware", "peto-peto"):
        found[name] = logrank(time, event, group, name).statistic
    found["peto-peto"] = Both(found["peto-peto"], peto(time, event == 1, group == 1))
    return found


def peto(time: Any, event: Any, first: Any) -> float:
    """Two groups, weighted by the product of 1 - d / (n + 1), the present time included."""
    at = np.unique(time[event])[:, None]
    n, d = (time >= at).sum(axis=1), ((time == at) & event).sum(axis=1)
    n1, d1 = ((time >= at) & first).sum(axis=1), ((time == at) & event & first).sum(axis=1)
    k = np.cumprod(1 - d / (n + 1))
    variance = d * (n - d) / np.maximum(n - 1, 1) * (n1 / n) * (1 - n1 / n)
    return float((k @ (d1 - d * n1 / n)) ** 2 / (k**2 @ variance))


@suite.of("inline", TESTS)
def six_people(files: Files) -> dict[str, Any]:
    tests = [logrank([10, 20, 30, 10, 20, 50], e, [1, 1, 1, 0, 0, 0]) for e in ([1] * 6, [1, 0, 1, 1, 0, 1])]
    return {"logrank p, chisq": [v for test in tests for v in (test.p_value, test.statistic)]}


@suite.of("lymphoma", TESTS)
def lymphoma(files: Files) -> dict[str, Any]:
    people = files.csv("ll_lymphoma")
    test = logrank(people.Time, people.Censor, people.Stage_group)
    return {"chisq, p": [test.statistic, test.p_value]}


@suite.of("dd", TESTS)
def governments(files: Files) -> dict[str, Any]:
    people = files.csv("ll_dd")
    return {"chisq": logrank(people.duration, people.observed, people.regime).statistic}


def proportionality(fit: CoxFit, transform: str) -> Both:
    """(p,) statistics: the score test, and what cox.zph had in its place before version 3.0.

    That is (sum of (g - mean g) r)^2 d V / sum of (g - mean g)^2 for d events, with r the Schoenfeld residuals without
    weights and V the variance of the coefficient.
    """
    test = proportional_hazards_test(fit, transform)
    events, residual = fit.at_events, fit.at_events.schoenfeld()
    time = events.rows.time[events.likelihood.sets.dead]
    everyone = survival_curve(events.rows.time, np.isin(events.rows.time, time))
    g = {
        "identity": time,
        "log": np.log(time),
        "rank": np.searchsorted(np.sort(time), time).astype(float),
        "km": 1 - steps(everyone.times, everyone.value, time - 1e-9, 1.0),
    }[transform]
    away, variance = g - g.mean(), np.linalg.inv(fit.information)
    theirs = len(time) * (away @ residual @ variance) ** 2 / np.diag(variance) / (away**2).sum()
    return Both(test.statistic[: len(theirs)], theirs)


@suite.of("regression", ZPH)
def old_regression(files: Files) -> dict[str, Any]:
    people = files.csv("ll_regression")
    fit = cox(people[["var1", "var2", "var3"]], people["T"], people.E, ["var1", "var2", "var3"])
    return {f"zph {transform}": proportionality(fit, transform) for transform in ("rank", "log")}


def old_rows(name: str, *transforms: str, event: Any = (1, 1, 1, 1, 1), weight: Any = None, strata: Any = None) -> None:
    @suite.of(name, ZPH)
    def compute(files: Files) -> dict[str, Any]:
        fit = cox(np.array([VAR1]).T, SORTED, event, ["var1"], weight, strata=strata)
        return {f"zph {transform}": proportionality(fit, transform) for transform in transforms}


CENSORED = (1, 1, 1, 0, 1)
old_rows("inline w", "rank", weight=WEIGHT)
old_rows("inline w s", "identity", "km", weight=WEIGHT, strata=[1, 1, 0, 0, 0])
old_rows("inline plain", "km")
old_rows("inline cens", "km", event=CENSORED)
old_rows("inline cens w", "km", event=CENSORED, weight=[1, 0.5, 5, 1, 1])

LEFT, RIGHT = np.array([1.0, 8, 8, 7, 7, 17, 37, 46, 46, 45]), [7, 8, 10, 16, 14, np.inf, 44, np.inf, np.inf, np.inf]


def shifted(left: Any, right: Any) -> Any:
    """Left ends that belong to the interval: a little earlier."""
    left, right = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    return np.where(left < right, np.maximum(left - 1e-6, 0.0), left)


@suite.of("inline", INTERVALS)
def masses(files: Files) -> dict[str, Any]:
    theirs = turnbull(shifted(LEFT, RIGHT), RIGHT).mass
    ours = turnbull(LEFT, RIGHT)
    at = [[7.0], [8.0], [10.0], [44.0]]
    between = -np.diff([1.0, *(ours.survival(t)[0][0] for t in at)])
    return {"masses": Both(between, theirs), "masses, left ends shifted": theirs}


@suite.of("inline weights", INTERVALS)
def weighted_masses(files: Files) -> dict[str, Any]:
    curve = turnbull(shifted(LEFT, RIGHT), RIGHT, weight=[2, 2, 2, 1, 1, 1, 1, 1, 1, 1])
    return {"masses, left ends shifted": curve.mass}


@suite.of("mice", INTERVALS)
def mice(files: Files) -> dict[str, Any]:
    people = files.csv("ll_mice")
    right = people.u.fillna(np.inf)
    curve = turnbull(shifted(people.l, right), right)
    return {"first and last mass": curve.mass[[0, -1]]}


@suite.of("inline", "test_estimation.py (R survfit)")
def interval_survival(files: Files) -> dict[str, Any]:
    left = np.array([0.0, *LEFT[1:]])
    curve = turnbull(shifted(left, RIGHT), RIGHT)
    return {"interval KM at 8, 10 (left ends shifted)": Both(*(curve.survival([8 - e, 10 - e])[0] for e in (0, 1e-3)))}


def cohort(files: Files) -> pd.DataFrame:
    return pd.read_csv(files.path("ll_multicenter_aids_cohort.tsv"), sep="\t")


@suite.of("multicenter aids", "test_estimation.py (Cole & Hudgens)")
def late_entry(files: Files) -> dict[str, Any]:
    people = cohort(files)
    return {
        "at risk": at_risk(people["T"], [0.269, 0.791, 4.688], entry=people.W)[0],
        "KM 0.791": survival(people["T"], people.D, [0.791], entry=people.W).value,
    }


@suite.of("g3", "test_estimation.py (R survfit log-log)")
def limits(files: Files) -> dict[str, Any]:
    people = files.csv("ll_g3")[lambda d: d.group != "RIT"]
    curve = survival_curve(people.time, people.event)
    both = [steps(curve.times, end, [9, 19, 32, 34], 1.0) for end in curve.limits("log-log")]
    return {"KM limits": np.concatenate(both)}


@suite.of("inline", "test_estimation.py")
def weighted_curve(files: Files) -> dict[str, Any]:
    return {"weighted KM": survival_curve([0.6, 0.4, 0.8, 0.9], [0, 1, 1, 0], weight=[1.5, 2, 0.8, 0.9]).value}
